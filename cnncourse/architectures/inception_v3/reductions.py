"""Three ways to halve 35×35 maps and double their number (section 5, figures 9 and 10), and what each costs."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnncourse import measure
from cnncourse.architectures.inception_v3.model import FilterConcatenation

SHAPE = (320, 35, 35)  # figure 9's maps


def pool_first(channels: int) -> nn.Module:
    """Pool, then make twice as many maps of what is left: cheap, and through a bottleneck."""
    return nn.Sequential(nn.MaxPool2d(kernel_size=3, stride=2), nn.Conv2d(channels, 2 * channels, 3, padding=1))


def pool_last(channels: int) -> nn.Module:
    """Make twice as many maps while they are large, then pool: no bottleneck, and dear."""
    return nn.Sequential(nn.Conv2d(channels, 2 * channels, 3, padding=1), nn.MaxPool2d(kernel_size=3, stride=2))


def side_by_side(channels: int) -> nn.Module:
    """Let a convolution of stride 2 and a pooling look at the same maps, and stack what they give."""
    return FilterConcatenation(
        channels,
        {"convolution": nn.Conv2d(channels, channels, 3, stride=2), "pool": nn.MaxPool2d(kernel_size=3, stride=2)},
    )


LAYOUTS = {"pool first": pool_first, "pool last": pool_last, "side by side": side_by_side}


@dataclass(frozen=True)
class Cost:
    """What a layout costs.

    Attributes:
        output: shape of what comes out.
        multiply_adds: for one picture.
        narrowest: the fewest values that all information must pass through.

    """

    output: tuple[int, ...]
    multiply_adds: int
    narrowest: int


def cost_of(layout: str, shape: tuple[int, int, int] = SHAPE) -> Cost:
    """Measure one of the layouts.

    Args:
        layout: a name of ``LAYOUTS``.
        shape: of the maps that come in: channels, height, width.

    """
    with torch.device("meta"):
        module = LAYOUTS[layout](shape[0])
        maps: Tensor = torch.zeros(1, *shape)
    stages = list(module) if isinstance(module, nn.Sequential) else [module]
    sizes = []
    for stage in stages:
        maps = stage(maps)
        sizes.append(maps.numel())
    return Cost(tuple(maps.shape[1:]), measure.multiply_adds(module, shape), min(sizes))
