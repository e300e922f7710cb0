"""How judges write shapes and numbers."""

from collections.abc import Sequence

from torch import Tensor


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as "2×16×10×10"."""
    return "×".join(map(str, shape))


def values_text(tensor: Tensor) -> str:
    """Return the first values of a tensor, enough to compare by eye."""
    shown = ", ".join(f"{value:.3g}" for value in tensor.flatten()[:3].tolist())
    return f"{shown}, …" if tensor.numel() > 3 else shown
