"""How large the stream becomes behind block after block, before any training.

The stream is what runs along the shortcuts: each block adds its residual to it. Batch normalisation in the branches
makes residuals of one size, whatever the size of the stream. With weights drawn as for ReLU that size is 1: the maps
that the last convolution takes in have a mean square of ½ behind batch normalisation and ReLU, and He et al. 2015
(equation 10) draw weights of variance 2 / fan-in. So, if residuals are independent of the stream, each adds scale² to
its mean square, which is ½ behind the first layer.

Everything is computed in double precision, so that what is printed is the same on every processor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import mean

import torch
from torch import Tensor, nn

from cnncourse.architectures.inception_resnet_v2.experiment import BRANCHES
from cnncourse.architectures.inception_resnet_v2.model import ResidualInceptionBlock
from cnncourse.architectures.inception_v3.model import Branch
from cnncourse.architectures.initialisation import initialise_for_relu
from cnncourse.data import small_digits
from cnncourse.drawing import Picture
from cnncourse.training import one_thread, seeded

IMAGES, CHANNELS = 16, 32
MOST_BLOCKS = 40
SCALES = (1.0, 0.3, 0.2, 0.17, 0.1)  # the paper's range is 0.1 to 0.3; the released network has 0.2, 0.17 and 0.1
SEEDS = (0, 1)
FIRST_MEAN_SQUARE = 0.5


@dataclass(frozen=True)
class Stream:
    """How large things are along a row of blocks.

    Attributes:
        sizes: root of the stream's mean square behind the first layer and behind each block.
        spreads: standard deviation of the stream there.
        steps: for each block, how large what it adds is, compared with what it is added to.

    """

    sizes: tuple[float, ...]
    spreads: tuple[float, ...]
    steps: tuple[float, ...]


@cache
def stream(scale: float, *, blocks: int = 20, relu: bool = True, seed: int = 0) -> Stream:
    """Send digits through a new network and measure the stream behind each block.

    Args:
        scale: factor on the residuals.
        blocks: how many.
        relu: whether a ReLU follows each addition.
        seed: of the first weights.

    """
    with seeded(seed), one_thread(), torch.no_grad():
        network = nn.Sequential(Branch(1, (CHANNELS, 3), stride=2))
        network.extend(ResidualInceptionBlock(CHANNELS, BRANCHES, scale=scale, activation=relu) for _ in range(blocks))
        initialise_for_relu(network)
        network.double().train()
        maps = network[0](small_digits()[0][:IMAGES].double())
        sizes, spreads, steps = [_size(maps)], [maps.std().item()], []
        for block in network[1:]:
            steps.append(scale * _size(block.up(block.branches(maps))) / _size(maps))
            maps = block(maps)
            sizes.append(_size(maps))
            spreads.append(maps.std().item())
    return Stream(tuple(sizes), tuple(spreads), tuple(steps))


def _size(maps: Tensor) -> float:
    return maps.square().mean().sqrt().item()


def expected_sizes(scale: float, blocks: int) -> list[float]:
    """Return the sizes that independent residuals give, without ReLU."""
    return [(FIRST_MEAN_SQUARE + number * scale**2) ** 0.5 for number in range(blocks + 1)]


def expected_growth(scale: float, blocks: int = 20) -> float:
    """Return how many times larger the stream becomes by independent residuals, without ReLU."""
    sizes = expected_sizes(scale, blocks)
    return sizes[-1] / sizes[0]


def growth(scale: float, *, relu: bool = True, blocks: int = 20, spread: bool = False) -> float:
    """Return how many times larger the stream becomes, mean of several seeds.

    Args:
        scale: factor on the residuals.
        relu: whether a ReLU follows each addition.
        blocks: how many.
        spread: whether its standard deviation is meant, in place of the root of its mean square.

    """
    found = [stream(scale, blocks=blocks, relu=relu, seed=seed) for seed in SEEDS]
    values = [each.spreads if spread else each.sizes for each in found]
    return mean(each[-1] / each[0] for each in values)


def plot_growth(scales: Sequence[float] = (1.0, 0.3, 0.1), blocks: int = 20) -> Picture:
    """Draw the stream's size behind each block, measured with and without ReLU, and what is expected."""
    import matplotlib.pyplot as plt

    colours = ("#d55e00", "#009e73", "#0072b2", "#cc79a7", "#e69f00")
    figure, axes = plt.subplots(figsize=(8.6, 3.8), layout="constrained")
    for scale, colour in zip(scales, colours, strict=False):
        for relu, style in ((True, "-"), (False, "--")):
            found = [stream(scale, blocks=blocks, relu=relu, seed=seed).sizes for seed in SEEDS]
            line = [mean(values) for values in zip(*found, strict=True)]
            axes.plot(line, style, color=colour, label=f"scale {scale:g}" if relu else None)
        axes.plot(expected_sizes(scale, blocks), ":", color="black", linewidth=1.2)
    axes.plot([], [], "--", color="#666666", label="without ReLU")
    axes.plot([], [], ":", color="black", label="expected without ReLU")
    axes.set(xlabel="blocks behind the first layer", ylabel="size of the stream", xlim=(0, blocks), ylim=(0, None))
    axes.set_xticks(range(0, blocks + 1, 5))
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    words = ", ".join(f"{growth(scale, blocks=blocks):.1f} for scale {scale:g}" for scale in scales)
    return Picture(
        figure,
        f"Size of the stream over {blocks} blocks before training. At the end, as a multiple of the first: {words}.",
    )
