"""How judges write shapes and numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor

LONGEST, LEAD = 120, 30  # characters shown of a text, and of what is alike before a difference


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as "2×16×10×10"."""
    return "×".join(map(str, shape))


def values_text(tensor: Tensor, digits: int = 3) -> str:
    """Return the first values of a tensor, with so many digits."""
    shown = ", ".join(f"{value or 0.0:.{digits}g}" for value in tensor.flatten()[:3].tolist())  # no −0
    return f"{shown}, …" if tensor.numel() > 3 else shown


def differing_text(expected: Tensor, got: Tensor) -> tuple[str, str]:
    """Return the values of two tensors of one shape from the first place on in which they differ."""
    differs = next(
        (
            each
            for each in (~torch.isclose(got.double(), expected.double(), rtol=rtol).flatten() for rtol in (1e-3, 1e-6))
            if each.any()
        ),
        torch.ones(1),
    )
    first = int(differs.nonzero()[0])
    lead = "…, " if first else ""
    for digits in (3, 6, 9):
        texts = [lead + values_text(each.flatten()[first:], digits) for each in (expected, got)]
        if texts[0] != texts[1]:
            break
    return texts[0], texts[1]


def differing_parts(one: str, other: str) -> tuple[str, str]:
    """Return two texts, cut so that the first difference between them is to be seen."""
    pairs = enumerate(zip(one, other, strict=False))
    before = next((place for place, (its, others) in pairs if its != others), min(len(one), len(other)))
    start = before - LEAD if before + LEAD > LONGEST and before > LEAD else 0
    return tuple(_cut(text[start:] if start == 0 else f"…{text[start:]}") for text in (one, other))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}…"
