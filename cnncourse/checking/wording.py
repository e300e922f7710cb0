"""How judges write shapes and numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as "2×16×10×10"."""
    return "×".join(map(str, shape))


def values_text(tensor: Tensor) -> str:
    """Return the first values of a tensor, enough to compare by eye."""
    shown = ", ".join(f"{value:.3g}" for value in tensor.flatten()[:3].tolist())
    return f"{shown}, …" if tensor.numel() > 3 else shown


def differing_text(expected: Tensor, got: Tensor) -> tuple[str, str]:
    """Return the values of two tensors of one shape from the first place on in which they differ."""
    differs = ~torch.isclose(got, expected, rtol=1e-3, atol=1e-4).flatten()
    first = int(differs.nonzero()[0]) if differs.any() else 0
    lead = "…, " if first else ""
    return lead + values_text(expected.flatten()[first:]), lead + values_text(got.flatten()[first:])
