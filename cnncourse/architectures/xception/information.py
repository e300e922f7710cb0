"""How much a linear layer can recover of what went through ReLU: the paper's conjecture, without training.

F. Chollet, "Xception" (CVPR 2017), section 4.7, supposes that a non-linearity is harmful between the two steps because
the space that it works on is one channel deep: information is lost. Here linear decoders measure how much is lost in
two spaces of nearly as many dimensions: the nine pixels that a depthwise kernel sees, and eight channels at a place.
"""

from collections.abc import Mapping
from math import pi

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.data import small_digits
from cnncourse.drawing import Picture

CHANNELS = 8
WINDOW = 3
WINDOW_MAPS = (1, 2, 4, 6, 9, 18, 36, 72)  # from the nine pixels of a window
MIXTURES = (1, 2, 4, 6, 8, 16, 32, 64)  # from the eight channels of a place
PLACES = 8_000  # half of them to fit a decoder, half to test it
SEED = 7

# A normal variable x and y = max(x, 0): covariance 1/2, variance of y 1/2 − 1/(2π). What a line in y tells of x is the
# squared covariance over both variances.
THEORY = (1 / 4) / (1 / 2 - 1 / (2 * pi))


def recovered(features: Tensor, wanted: Tensor) -> float:
    """Return how much of the variance of some numbers a linear layer recovers: R², on places that it was not fitted to.

    Args:
        features: shape (places, features).
        wanted: shape (places, numbers).

    """
    half = len(features) // 2
    with_bias = torch.cat([features, torch.ones(len(features), 1, dtype=features.dtype)], dim=1)
    weights = torch.linalg.lstsq(with_bias[:half], wanted[:half], driver="gelsd").solution
    wrong = wanted[half:] - with_bias[half:] @ weights
    return 1 - (wrong.square().mean() / wanted[half:].var(dim=0).mean()).item()


def of_normal_numbers() -> float:
    """Return how much of a normal variable a line through its rectified values recovers."""
    numbers = torch.randn(200_000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(SEED))
    return recovered(numbers.relu(), numbers)


def of_a_window(*, relu: bool = True) -> dict[float, float]:
    """Measure a depthwise step: one channel becomes so many maps; the nine pixels of a window are to be recovered.

    Args:
        relu: whether the maps go through ReLU.

    Returns:
        R² by number of maps for each of the nine dimensions.

    """
    generator = torch.Generator().manual_seed(SEED)
    windows = F.unfold(_channels(generator)[:, :1], WINDOW, padding=1).view(-1, WINDOW**2, 8, 8)
    return _recovered_from(_chosen(windows), WINDOW_MAPS, generator, relu=relu)


def of_the_channels(*, relu: bool = True) -> dict[float, float]:
    """Measure a 1×1 step: the channels become so many mixtures; the eight channels of a place are to be recovered.

    Args:
        relu: whether the mixtures go through ReLU.

    Returns:
        R² by number of mixtures for each of the eight dimensions; below one the step reduces.

    """
    generator = torch.Generator().manual_seed(SEED)
    return _recovered_from(_chosen(_channels(generator)), MIXTURES, generator, relu=relu)


def _recovered_from(
    wanted: Tensor, counts: tuple[int, ...], generator: torch.Generator, *, relu: bool
) -> dict[float, float]:
    dimensions = wanted.shape[1]
    kernels = torch.randn(dimensions, max(counts), dtype=wanted.dtype, generator=generator)
    maps = (wanted @ kernels).relu() if relu else wanted @ kernels
    return {count / dimensions: recovered(maps[:, :count], wanted) for count in counts}


def plot_recovered(measured: Mapping[str, tuple[Mapping[float, float], Mapping[float, float]]]) -> Picture:
    """Draw how much is recovered over the number of maps for each dimension, with ReLU and without.

    Args:
        measured: for each space, what is recovered with ReLU, and without.

    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    words = []
    for (name, (with_relu, without)), (colour, marker) in zip(
        measured.items(), (("#d55e00", "o"), ("#0072b2", "s")), strict=True
    ):
        for values, style, suffix in ((with_relu, "-", "ReLU"), (without, ":", "no ReLU")):
            axes.plot(list(values), [100 * value for value in values.values()], style, color=colour, marker=marker,
                      label=f"{name}, {suffix}")  # fmt: skip
        words += [f"{name}, {depth:.2g}: {with_relu[depth]:.0%} and {without[depth]:.0%}" for depth in with_relu]
    axes.set(xscale="log", xlabel="maps for each dimension that is to be recovered", ylabel="variance recovered (%)")
    axes.axvline(1, color="#666666", linewidth=0.8, linestyle="--")
    axes.set_xticks((0.125, 0.25, 0.5, 1, 2, 4, 8), ("1/8", "1/4", "1/2", "1", "2", "4", "8"))
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=9)
    return Picture(figure, f"Variance recovered by maps for each dimension, with ReLU and without. {'; '.join(words)}.")


def _channels(generator: torch.Generator) -> Tensor:
    """Return channels of digits, made by random 3×3 kernels: shape (N, CHANNELS, 8, 8)."""
    kernels = torch.randn(CHANNELS, 1, 3, 3, dtype=torch.float64, generator=generator)
    return F.conv2d(small_digits()[0].double(), kernels, padding=1)


def _chosen(maps: Tensor) -> Tensor:
    """Return the values of some places, always the same, standardised: (places, channels)."""
    values = maps.movedim(1, -1).flatten(0, -2)
    values = values[torch.randperm(len(values), generator=torch.Generator().manual_seed(SEED))[:PLACES]]
    return (values - values.mean(dim=0)) / values.std(dim=0)
