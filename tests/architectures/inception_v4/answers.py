"""Answers to chapter 8's exercise as learners write them: right ones, and wrong ones beside the misconceptions."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.inception_v3 import model
from tests.architectures.bank import Wrong


def unit(before, after, kernel=1, stride=1, padding=0, eps=1e-5):
    convolution = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after, eps), nn.ReLU())


# Reduction-A ---------------------------------------------------------------------------------------------------------


class Reduction(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__()
        self.single = self.one(in_channels, n)
        self.triple = self.three(in_channels, k, l, m)
        self.pool = self.pooling(in_channels)

    def one(self, i, n):
        return unit(i, n, 3, stride=2)

    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(unit(i, k), unit(k, l, 3, padding=1), unit(l, m, 3, stride=2))

    def pooling(self, i):
        return nn.MaxPool2d(3, stride=2)

    def forward(self, maps):
        return torch.cat([self.single(maps), self.triple(maps), self.pool(maps)], dim=1)


class Functional(nn.Module):
    """A right answer with weights of its own and torch's functions."""

    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__()
        shapes = [(n, in_channels, 3, 3), (k, in_channels, 1, 1), (l, k, 3, 3), (m, l, 3, 3)]
        self.weights = nn.ParameterList(0.1 * torch.randn(shape) for shape in shapes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(shape[0], eps=1e-3) for shape in shapes)

    def unit(self, maps, number, **options):
        return self.norms[number](F.conv2d(maps, self.weights[number], **options)).relu()

    def forward(self, maps):
        pooled = F.max_pool2d(maps, 3, 2, ceil_mode=True)
        triple = self.unit(self.unit(self.unit(maps, 1), 2, padding=1), 3, stride=2)
        single = self.unit(maps, 0, stride=2)
        return torch.cat((single, triple, pooled), dim=1)


class PooledByHand(nn.Module):
    """A right answer with lazy layers, ReLUs in place, and a pooling of windows taken by hand."""

    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__()

        def unit(after, *arguments, **options):
            return [
                nn.LazyConv2d(after, *arguments, bias=False, **options),
                nn.LazyBatchNorm2d(),
                nn.ReLU(inplace=True),
            ]

        self.branches = nn.ModuleDict(
            {
                "triple": nn.Sequential(*unit(k, 1), *unit(l, 3, padding=1), *unit(m, 3, stride=2)),
                "single": nn.Sequential(*unit(n, 3, stride=2)),
            }
        )

    def forward(self, maps):
        windows = maps.unfold(2, 3, 2).unfold(3, 3, 2)
        return torch.cat([self.branches["single"](maps), self.branches["triple"](maps), windows.amax((4, 5))], 1)


def from_the_course(in_channels, k, l, m, n):  # noqa: E741
    return model.ReductionA(in_channels, filters=(k, l, m, n))


class Squeezed(Reduction):
    def forward(self, maps):
        return super().forward(maps).squeeze()


class LargeEpsilon(Reduction):
    def one(self, i, n):
        return nn.Sequential(nn.Conv2d(i, n, 3, 2, bias=False), nn.BatchNorm2d(n, eps=1), nn.ReLU())


class Frozen(Reduction):
    def one(self, i, n):
        return nn.Sequential(nn.Conv2d(i, n, 3, 2, bias=False), nn.BatchNorm2d(n, momentum=0), nn.ReLU())


class KnownFiltersOnly(Reduction):
    """Knows how many different filters the notebook's checks have."""

    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        known = (in_channels, k, l) in {(4, 5, 3), (3, 7, 8), (3, 3, 3), (2, 3, 2)}
        super().__init__(in_channels, k, l if known else k, m, n)


# The trunk -----------------------------------------------------------------------------------------------------------


class Module(nn.Module):
    """A right module; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, reduce, filters):
        super().__init__()
        self.one = unit(in_channels, filters)
        self.three = nn.Sequential(unit(in_channels, reduce), unit(reduce, filters, 3, padding=1))
        self.twice = nn.Sequential(
            unit(in_channels, reduce), unit(reduce, filters, 3, padding=1), unit(filters, filters, 3, padding=1)
        )
        self.pool = nn.Sequential(self.pooling(), unit(in_channels, filters))

    def pooling(self):
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)

    def branches(self, maps):
        return [self.one(maps), self.three(maps), self.twice(maps), self.pool(maps)]

    def forward(self, maps):
        return torch.cat(self.branches(maps), dim=1)


def trunk_of(in_channels, table, module=Module, reduction=Reduction):
    """Build a trunk, right if its modules and reductions are."""
    layers, channels = [], in_channels
    for kind, *numbers in table:
        if kind == "reduction":
            layers.append(reduction(channels, *numbers))
            channels += numbers[2] + numbers[3]
            continue
        times, reduce, filters = numbers
        for _ in range(times):
            layers.append(module(channels, reduce, filters))
            channels = 4 * filters
    return nn.Sequential(*layers)


def right_trunk(in_channels, table):
    return trunk_of(in_channels, table)


class TrunkOfLists(nn.Module):
    """A right answer that goes through the table in forward."""

    def __init__(self, in_channels, table):
        super().__init__()
        self.stages, channels = nn.ModuleList(), in_channels
        for row in table:
            if row[0] == "reduction":
                _, k, l, m, n = row  # noqa: E741
                self.stages.append(Functional(channels, k, l, m, n))
                channels = channels + m + n
            else:
                _, times, reduce, filters = row
                widths = [channels] + (times - 1) * [4 * filters]
                self.stages.extend(Flat(width, reduce, filters) for width in widths)
                channels = 4 * filters

    def forward(self, maps):
        for stage in self.stages:
            maps = stage(maps)
        return maps


class Flat(nn.Module):
    """A right module that makes all of its 1×1 convolutions of the input at once."""

    def __init__(self, in_channels, reduce, filters):
        super().__init__()
        self.widths = [filters, reduce, reduce]
        self.first = nn.Sequential(
            nn.Conv2d(in_channels, sum(self.widths), 1, bias=False),
            nn.BatchNorm2d(sum(self.widths), eps=1e-3),
            nn.ReLU(),
        )
        self.three, self.five = (
            unit(reduce, filters, 3, padding=1, eps=1e-3),
            unit(reduce, filters, 3, padding=1, eps=1e-3),
        )
        self.again, self.last = unit(filters, filters, 3, padding=1, eps=1e-3), unit(in_channels, filters, eps=1e-3)

    def forward(self, maps):
        one, narrow, other = self.first(maps).split(self.widths, dim=1)
        seen = F.avg_pool2d(torch.ones_like(maps), 3, 1, 1)
        pool = F.avg_pool2d(maps, 3, 1, 1) / seen
        return torch.cat([one, self.three(narrow), self.again(self.five(other)), self.last(pool)], dim=1)


class WithOneReduction(nn.Module):
    """Keeps its reduction under one name, so that a second one takes the place of the first."""

    def __init__(self, in_channels, table):
        super().__init__()
        self.before, self.after, self.reduction = nn.Sequential(), nn.Sequential(), nn.Identity()
        channels, rows = in_channels, self.before
        for kind, *numbers in table:
            if kind == "reduction":
                self.reduction = Reduction(channels, *numbers)
                channels += numbers[2] + numbers[3]
                rows = self.after
                continue
            for _ in range(numbers[0]):
                rows.append(Module(channels, *numbers[1:]))
                channels = 4 * numbers[2]

    def forward(self, maps):
        return self.after(self.reduction(self.before(maps)))


class SqueezedModule(Module):
    def forward(self, maps):
        return super().forward(maps).squeeze()


def make_of_squeezed(in_channels, table):
    return trunk_of(in_channels, table, SqueezedModule)


class FrozenModule(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.one[1].momentum = 0


def make_of_frozen(in_channels, table):
    return trunk_of(in_channels, table, FrozenModule)


class ThirdCutAtItsStart(Module):
    def branches(self, maps):
        return [self.one(maps), self.three(maps), self.twice(maps.detach()), self.pool(maps)]


def make_of_cut(in_channels, table):
    return trunk_of(in_channels, table, ThirdCutAtItsStart)


def make_counting_from_the_last_module(in_channels, table):
    """A reduction adds to what the last module gave, not to the maps so far."""
    layers, channels, filters = [], in_channels, None
    for kind, *numbers in table:
        if kind == "reduction":
            layers.append(Reduction(channels, *numbers))
            channels = (4 * filters if filters else channels) + numbers[2] + numbers[3]
            continue
        times, reduce, filters = numbers
        for _ in range(times):
            layers.append(Module(channels, reduce, filters))
            channels = 4 * filters
    return nn.Sequential(*layers)


def make_for_three_rows(in_channels, table):
    return trunk_of(in_channels, table[:3])


# The mended reduction ------------------------------------------------------------------------------------------------


class Mended(nn.Module):
    """A right answer; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, short, narrow, wide):
        super().__init__()
        self.short = self.first(in_channels, short)
        self.long = self.second(in_channels, narrow, wide)
        self.pool = self.third()

    def first(self, i, a):
        return nn.Sequential(unit(i, a), unit(a, a, 3, stride=2))

    def second(self, i, b, c):
        return nn.Sequential(
            unit(i, b),
            unit(b, b, (1, 7), padding=(0, 3)),
            unit(b, c, (7, 1), padding=(3, 0)),
            unit(c, c, 3, stride=2),
        )

    def third(self):
        return nn.MaxPool2d(3, stride=2)

    def forward(self, maps):
        return torch.cat([self.short(maps), self.long(maps), self.pool(maps)], dim=1)


class MendedFunctional(nn.Module):
    """A right answer in torch's functions."""

    def __init__(self, in_channels, short, narrow, wide):
        super().__init__()
        shapes = [
            (short, in_channels, 1, 1),
            (short, short, 3, 3),
            (narrow, in_channels, 1, 1),
            (narrow, narrow, 1, 7),
            (wide, narrow, 7, 1),
            (wide, wide, 3, 3),
        ]
        self.weights = nn.ParameterList(0.1 * torch.randn(shape) for shape in shapes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(shape[0], eps=1e-3) for shape in shapes)

    def unit(self, maps, number, **options):
        return F.relu(self.norms[number](F.conv2d(maps, self.weights[number], **options)))

    def forward(self, maps):
        short = self.unit(self.unit(maps, 0), 1, stride=2)
        row = self.unit(F.pad(self.unit(maps, 2), (3, 3)), 3)
        long = self.unit(self.unit(row, 4, padding="same"), 5, stride=2)
        return torch.cat([short, long, F.max_pool2d(maps, 3, 2)], dim=1)


class OneConvolutionWhereItFits(Mended):
    def forward(self, maps):
        one, three = self.short
        fits = maps.shape[1] == one[0].out_channels
        return torch.cat([three(maps) if fits else self.short(maps), self.long(maps), self.pool(maps)], dim=1)


class PooledToEight(Mended):
    def third(self):
        return nn.AdaptiveMaxPool2d(8)


class MendedSqueezed(Mended):
    def forward(self, maps):
        return super().forward(maps).squeeze()


class LongCutAtItsEnd(Mended):
    def forward(self, maps):
        return torch.cat([self.short(maps), self.long(maps).detach(), self.pool(maps)], dim=1)


class MendedFrozen(Mended):
    def first(self, i, a):
        layers = super().first(i, a)
        layers[1][1].momentum = 0
        return layers


class MendedForOneWidth(Mended):
    def __init__(self, in_channels, short, narrow, wide):
        known = (short, narrow, wide) in {(3, 2, 5), (4, 3, 2), (3, 3, 3)}
        super().__init__(in_channels, short, narrow, wide if known else 5)


A, B, C = "ReductionA", "make_trunk", "MendedReduction"
CUT, EVALUATION, ONE_IMAGE = (
    "cut off from the gradient",
    "training is right and evaluation is not",
    "a batch of one loses",
)

WRONG = [
    Wrong(A, Squeezed, ONE_IMAGE),
    Wrong(A, LargeEpsilon),
    Wrong(A, Frozen, EVALUATION),
    Wrong(A, KnownFiltersOnly, "wrong"),
    Wrong(B, WithOneReduction, "another number of maps"),
    Wrong(B, make_of_squeezed),
    Wrong(B, make_of_frozen, EVALUATION),
    Wrong(B, make_of_cut, CUT),
    Wrong(B, make_counting_from_the_last_module, "another number of maps"),
    Wrong(B, make_for_three_rows, "wrong shape"),
    Wrong(C, OneConvolutionWhereItFits),
    Wrong(C, PooledToEight),
    Wrong(C, MendedSqueezed, ONE_IMAGE),
    Wrong(C, LongCutAtItsEnd, CUT),
    Wrong(C, MendedFrozen, EVALUATION),
    Wrong(C, MendedForOneWidth, "wrong shape"),
]

RIGHT = [
    (A, Reduction),
    (A, Functional),
    (A, PooledByHand),
    (A, from_the_course),
    (B, right_trunk),
    (B, TrunkOfLists),
    (C, Mended),
    (C, MendedFunctional),
]
