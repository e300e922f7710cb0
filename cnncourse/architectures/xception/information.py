"""How much of a channel a linear layer can recover from what ReLU leaves: the paper's conjecture, without training.

F. Chollet, "Xception" (CVPR 2017), section 4.7, supposes that a non-linearity is harmful between the two steps because
the space that it works on is one channel deep: information is lost. Here linear decoders measure it.
"""

from collections.abc import Mapping, Sequence
from math import pi

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.data import small_digits
from cnncourse.drawing import Picture

CHANNELS = 8
MAPS_PER_CHANNEL = (1, 2, 4, 8, 16)
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


def one_channel_deep() -> dict[int, float]:
    """Measure ReLU after a depthwise step: each channel alone, as so many maps; one of them is to be recovered.

    Returns:
        R² by number of maps a channel, averaged over the channels.

    """
    generator = torch.Generator().manual_seed(SEED)
    channels = _channels(generator)
    measured: dict[int, list[float]] = {count: [] for count in MAPS_PER_CHANNEL}
    for channel in channels.split(1, dim=1):
        kernels = torch.randn(max(MAPS_PER_CHANNEL), 1, 3, 3, dtype=torch.float64, generator=generator)
        maps = _chosen(F.conv2d(channel, kernels, padding=1))
        for count in MAPS_PER_CHANNEL:
            measured[count].append(recovered(maps[:, :count].relu(), maps[:, :1]))
    return {count: sum(each) / len(each) for count, each in measured.items()}


def many_channels_deep() -> dict[int, float]:
    """Measure ReLU after a 1×1 step: so many mixtures for each channel, all of which are to be recovered."""
    generator = torch.Generator().manual_seed(SEED)
    channels = _chosen(_channels(generator))
    measured = {}
    for count in MAPS_PER_CHANNEL:
        mix = torch.randn(CHANNELS, count * CHANNELS, dtype=torch.float64, generator=generator)
        measured[count] = recovered((channels @ mix).relu(), channels)
    return measured


def plot_recovered(measured: Mapping[str, Mapping[int, float]]) -> Picture:
    """Draw how much is recovered over the number of maps a channel, with the theory's value as a line."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    looks: Sequence[tuple[str, str, str]] = (("#d55e00", "--", "o"), ("#0072b2", "-", "s"))
    for (name, values), (colour, style, marker) in zip(measured.items(), looks, strict=True):
        axes.plot(list(values), [100 * value for value in values.values()], style, color=colour, marker=marker,
                  label=name)  # fmt: skip
    axes.axhline(100 * THEORY, color="#666666", linewidth=1, linestyle=":", label="theory: a normal variable alone")
    axes.set(xscale="log", xlabel="maps that go through ReLU, for each channel", ylabel="variance recovered (%)")
    axes.set_xticks(MAPS_PER_CHANNEL, map(str, MAPS_PER_CHANNEL))
    axes.minorticks_off()
    axes.set_ylim(50, 102)  # room for the legend below the lines
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    words = "; ".join(
        f"{name}: " + ", ".join(f"{value:.0%} with {count}" for count, value in values.items())
        for name, values in measured.items()
    )
    return Picture(figure, f"How much of the variance is recovered, by maps for each channel. {words}.")


def _channels(generator: torch.Generator) -> Tensor:
    """Return channels of digits, made by random 3×3 kernels: shape (N, CHANNELS, 8, 8)."""
    kernels = torch.randn(CHANNELS, 1, 3, 3, dtype=torch.float64, generator=generator)
    return F.conv2d(small_digits()[0].double(), kernels, padding=1)


def _chosen(maps: Tensor) -> Tensor:
    """Return the values of some places, always the same, standardised: (places, channels)."""
    values = maps.movedim(1, -1).flatten(0, -2)
    values = values[torch.randperm(len(values), generator=torch.Generator().manual_seed(SEED))[:PLACES]]
    return (values - values.mean(dim=0)) / values.std(dim=0)
