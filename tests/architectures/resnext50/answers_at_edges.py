"""Wrong answers to chapter 10's exercise that are right but at the edges of what the text allows."""

from torch import nn

from cnncourse.architectures.resnext50.exercise.block import Block
from cnncourse.architectures.resnext50.exercise.conversion import joined
from cnncourse.architectures.resnext50.exercise.mended_block import Mended
from tests.architectures.bank import Wrong


class EightPathsAtMost(Block):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, min(cardinality, 8), width, form)


class OnePathNeedsNoFirst(Block):
    """A single path of form c is taken for a plain residual block of two convolutions."""

    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, cardinality, width, form)
        if form == "c" and cardinality == 1 and in_channels == width:
            self.narrow = self.narrow[2:]


class NoWiderThanTheMaps(Block):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, cardinality, min(width, 2 * in_channels), form)


def ten_paths_at_most(paths):
    return joined(paths[:10])


class MendedEightPathsAtMost(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, min(cardinality, 8), width)


class WidthOfOneNeedsNoNorm(Mended):
    def path(self, channels, width):
        layers = super().path(channels, width)
        if width == 1:
            layers[4] = nn.Identity()
        return layers


WRONG = [
    Wrong("AggregatedBlock", EightPathsAtMost, "AggregatedBlock(2, 32, 1"),
    Wrong("AggregatedBlock", OnePathNeedsNoFirst, "AggregatedBlock(1, 1, 1"),
    Wrong("AggregatedBlock", NoWiderThanTheMaps, "AggregatedBlock(2, 2, 5"),
    Wrong("convert", ten_paths_at_most, "the result is wrong"),
    Wrong("MendedBlock", MendedEightPathsAtMost, "MendedBlock(2, 32, 1)"),
    Wrong("MendedBlock", WidthOfOneNeedsNoNorm, "MendedBlock(1, 1, 1)"),
]
