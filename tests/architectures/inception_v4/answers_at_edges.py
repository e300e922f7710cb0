"""Wrong answers to chapter 8's exercise that are right but at the edges of what the text allows."""

from torch import nn

from cnncourse.architectures.inception_v4.exercise.mended_reduction import WIDE, Mended
from cnncourse.architectures.inception_v4.exercise.units import Reduction, Trunk
from tests.architectures.bank import Wrong


class GreyNeedsNoMixing(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        steps = super().three(i, k, l, m)
        return steps if i > 1 or k > 1 else steps[1:]


class FourModulesARowAtMost(Trunk):
    def row(self, repeats, reduce, filters):
        super().row(min(repeats, 4), reduce, filters)


class EqualModulesAreOne(Trunk):
    """What looks like a module that is there already is that module again."""

    def take(self, layer):
        shapes = [each.shape for each in layer.parameters()]
        known = [each for each in self if [every.shape for every in each.parameters()] == shapes]
        super().take(known[0] if known and len(self) > 4 else layer)


class FiveRowsAtMost(Trunk):
    def __init__(self, in_channels, table):
        super().__init__(in_channels, table[:5])


class OneMapSeesARow(Mended):
    def second(self, i, b, c):
        steps = super().second(i, b, c)
        return steps if b > 1 else nn.Sequential(*steps[:2], self.unit(b, c, WIDE[0], padding=WIDE[1]), steps[3])


WRONG = [
    Wrong("ReductionA", GreyNeedsNoMixing, "the number of trainable parameters is wrong"),
    Wrong("make_trunk", FourModulesARowAtMost, "the number of trainable parameters is wrong"),
    Wrong("make_trunk", EqualModulesAreOne, "the number of trainable parameters is wrong"),
    Wrong("make_trunk", FiveRowsAtMost, "the output has the wrong shape"),
    Wrong("MendedReduction", OneMapSeesARow, "MendedReduction(1, 1, 1, 1)"),
]
