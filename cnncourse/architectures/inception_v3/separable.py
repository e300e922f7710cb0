"""What a 1×n and an n×1 convolution can do in the place of one n×n: kernels, and their best separable likenesses."""

from collections.abc import Callable, Mapping
from math import cos, pi, radians, sin

import torch
from torch import Tensor

from cnncourse.drawing import Picture, image_grid

ITERATIONS = 400  # of the power method; enough for angles a degree away from 45°


def edge(n: int, degrees: float) -> Tensor:
    """Return a kernel that answers to an edge: minus on one side of a line, plus on the other.

    Args:
        n: height and width, odd.
        degrees: by which a vertical edge is turned.

    Returns:
        Shape (n, n), double precision, of length 1.

    """
    across, _, window = _grid(n, degrees)
    return _unit(across * window)


def stripes(n: int, degrees: float) -> Tensor:
    """Return a kernel that answers to parallel stripes: a cosine across the line, in a round window."""
    across, _, window = _grid(n, degrees)
    return _unit(torch.cos(across * 4 * pi / n) * window)


def noise(n: int, _degrees: float) -> Tensor:
    """Return a kernel of random numbers, always the same: as a convolution begins its training."""
    return _unit(torch.randn(n, n, generator=torch.Generator().manual_seed(5)).double())


KINDS: Mapping[str, Callable[[int, float], Tensor]] = {"edge": edge, "stripes": stripes, "noise": noise}


def best_factors(kernel: Tensor) -> tuple[Tensor, Tensor]:
    """Return the column (n,) and the row (n,) whose product comes nearest to a kernel.

    They are the first singular vectors, found by the power method from a fixed start: where two are equally good, as
    for an edge at 45°, a library's choice might differ from machine to machine.
    """
    row = 1 + 1e-3 * torch.arange(len(kernel), dtype=torch.float64)
    for _ in range(ITERATIONS):
        row = kernel.T @ (kernel @ row)
        row = row / row.norm()
    return kernel @ row, row


def kept(kernel: Tensor) -> float:
    """Return the share of a kernel's squares that its best separable likeness keeps, 0 to 1."""
    values = torch.linalg.svdvals(kernel).square()
    return (values[0] / values.sum()).item()


def weights(n: int, in_channels: int, mid_channels: int, out_channels: int) -> tuple[int, int]:
    """Return the number of weights of an n×n convolution, and of a 1×n and an n×1 in its place."""
    return n * n * in_channels * out_channels, n * mid_channels * (in_channels + out_channels)


def plot_likenesses(kernels: Mapping[str, Tensor]) -> Picture:
    """Draw kernels, each with its best separable likeness and what is left.

    Args:
        kernels: by name, all of one size.

    """
    images, titles = [], []
    for name, kernel in kernels.items():
        column, row = best_factors(kernel)
        likeness = torch.outer(column, row)
        images += [kernel, likeness, kernel - likeness]
        titles += [name, f"keeps {kept(kernel):.0%}", "what is left"]
    words = ", ".join(f"{name} keeps {kept(kernel):.0%}" for name, kernel in kernels.items())
    return image_grid(
        torch.stack(images).float(),
        titles,
        f"Kernels, their best separable likenesses, and what is left. Share of the squares: {words}.",
        columns=6,
        signed=True,
    )


def _grid(n: int, degrees: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return how far each place lies across and along a turned line, and a round window, each (n, n)."""
    places = torch.arange(n, dtype=torch.float64) - n // 2
    down, right = places.view(-1, 1), places.view(1, -1)
    angle = radians(degrees)
    across, along = right * cos(angle) + down * sin(angle), down * cos(angle) - right * sin(angle)
    return across, along, torch.exp(-(right.square() + down.square()) / (2 * (n / 4) ** 2))


def _unit(kernel: Tensor) -> Tensor:
    return kernel / kernel.norm()
