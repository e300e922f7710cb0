"""How large the signal is behind each convolution of VGG-16, before any training, for several first weights."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.vgg16.model import CONFIGURATIONS, WIDTHS
from cnncourse.drawing import Picture

SIDE = 96  # pixels of a picture of noise: less work than 224, and maps of 6×6 are left in the last stage
RULES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "variance 0.01": partial(nn.init.normal_, std=0.1),
    "He 2015": nn.init.kaiming_normal_,
    "Glorot 2010": nn.init.xavier_normal_,
    "standard deviation 0.01": partial(nn.init.normal_, std=0.01),
}
LOOKS = (("#d55e00", "^"), ("#009e73", "o"), ("#0072b2", "s"), ("#555555", "v"))


@torch.no_grad()
def signal_sizes(rule: str, configuration: str = "D", seed: int = 0) -> list[float]:
    """Send noise through a configuration's convolutions with new weights; return the signal's size behind each.

    The size is the root of the mean square, 1 in the noise; it is taken behind each ReLU.

    Args:
        rule: name of a rule in ``RULES``.
        configuration: column of the paper's Table 1.
        seed: of noise and weights.

    """
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(1, 3, SIDE, SIDE, generator=generator)
    sizes = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for kernels, width in zip(CONFIGURATIONS[configuration], WIDTHS, strict=True):
            for kernel in kernels:
                weight = RULES[rule](torch.empty(width, maps.shape[1], kernel, kernel))
                maps = F.conv2d(maps, weight, padding=kernel // 2).relu()
                sizes.append(maps.square().mean().sqrt().item())
            maps = F.max_pool2d(maps, 2)
    return sizes


def plot_signals(sizes: Mapping[str, Sequence[float]]) -> Picture:
    """Draw the size of the signal behind each convolution, a line a rule."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    for (rule, values), (colour, marker) in zip(sizes.items(), LOOKS, strict=True):
        axes.semilogy(range(1, len(values) + 1), values, color=colour, marker=marker, label=rule)
    axes.axhline(1, color="#666666", linewidth=0.8, linestyle=":")
    axes.set(xlabel="convolution", ylabel="size of the signal", xticks=range(1, 14))
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ends = "; ".join(f"{rule}: {values[-1]:.2g}" for rule, values in sizes.items())
    return Picture(figure, f"The signal's size behind each of thirteen convolutions. Behind the last: {ends}.")
