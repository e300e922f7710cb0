"""Answers to chapter 8's exercise as learners write them: wrong ones, one a misconception, and right ones."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Wrong:
    """A wrong answer and what the learner must be told."""

    part: str
    answer: object
    check: str
    said: str  # part of the message or of the misconception's name


def unit(before, after, kernel=1, stride=1, padding=0, bias=False):
    return nn.Sequential(nn.Conv2d(before, after, kernel, stride, padding, bias=bias), nn.BatchNorm2d(after), nn.ReLU())


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


class StackedAlongPictures(Reduction):
    def forward(self, maps):
        return torch.cat([self.single(maps), self.triple(maps), self.pool(maps)])


class NormWithoutMemory(Reduction):
    def one(self, i, n):
        convolution = nn.Conv2d(i, n, 3, stride=2, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(n, track_running_stats=False), nn.ReLU())


class PaddedEverywhere(Reduction):
    def one(self, i, n):
        return unit(i, n, 3, stride=2, padding=1)

    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(unit(i, k), unit(k, l, 3, padding=1), unit(l, m, 3, stride=2, padding=1))

    def pooling(self, i):
        return nn.MaxPool2d(3, stride=2, padding=1)


class PaddedInOneBranch(Reduction):
    def one(self, i, n):
        return unit(i, n, 3, stride=2, padding=1)


class PooledWithStrideOne(Reduction):
    def pooling(self, i):
        return nn.MaxPool2d(3, stride=1, padding=1)


class HalvedTwice(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(unit(i, k), unit(k, l, 3, stride=2, padding=1), unit(l, m, 3, stride=2))


class NotHalved(Reduction):
    def one(self, i, n):
        return unit(i, n, 3, padding=1)

    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(unit(i, k), unit(k, l, 3, padding=1), unit(l, m, 3, padding=1))

    def pooling(self, i):
        return nn.MaxPool2d(3, stride=1, padding=1)


class Summed(Reduction):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, k, l, m, m)
        self.pool = nn.Sequential(nn.MaxPool2d(3, stride=2), nn.Conv2d(in_channels, m, 1, bias=False))

    def forward(self, maps):
        return self.single(maps) + self.triple(maps) + self.pool(maps)


class WithoutPool(Reduction):
    def forward(self, maps):
        return torch.cat([self.single(maps), self.triple(maps)], dim=1)


class LettersAsWritten(Reduction):
    """The four letters taken as k, n, l, m: the single convolution makes m maps."""

    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, k, l, n, m)


class KAndMExchanged(Reduction):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, m, l, k, n)


class KAndLExchanged(Reduction):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, l, k, m, n)


class MTwice(Reduction):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, k, l, m, m)


class WithBiases(Reduction):
    def one(self, i, n):
        return unit(i, n, 3, stride=2, bias=True)

    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(
            unit(i, k, bias=True), unit(k, l, 3, padding=1, bias=True), unit(l, m, 3, stride=2, bias=True)
        )


class WithoutNorm(Reduction):
    def one(self, i, n):
        return nn.Sequential(nn.Conv2d(i, n, 3, 2, bias=False), nn.ReLU())

    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(
            nn.Conv2d(i, k, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(k, l, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(l, m, 3, 2, bias=False),
            nn.ReLU(),
        )


class MiddleIsNarrow(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(unit(i, k), unit(k, l), unit(l, m, 3, stride=2))


class OneLikeReductionB(Reduction):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, k, l, m, n)
        self.single = nn.Sequential(unit(in_channels, k), unit(k, n, 3, stride=2))


class BranchesInARow(Reduction):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, k, l, m, n)
        self.first = unit(in_channels, k)
        self.single = unit(k, n, 3, stride=2)
        self.triple = nn.Sequential(unit(k, l, 3, padding=1), unit(l, m, 3, stride=2))

    def forward(self, maps):
        narrow = self.first(maps)
        return torch.cat([self.single(narrow), self.triple(narrow), self.pool(maps)], dim=1)


class NormOnPool(Reduction):
    def pooling(self, i):
        return nn.Sequential(nn.MaxPool2d(3, stride=2), nn.BatchNorm2d(i), nn.ReLU())


class ConvolutionOnPool(Reduction):
    def pooling(self, i):
        return nn.Sequential(nn.MaxPool2d(3, stride=2), unit(i, i))


class AveragePooled(Reduction):
    def pooling(self, i):
        return nn.AvgPool2d(3, stride=2)


class ReluOnAll(Reduction):
    def forward(self, maps):
        return F.relu(super().forward(maps))


class PooledByTwo(Reduction):
    def pooling(self, i):
        return nn.MaxPool2d(2)


class TripleFirst(Reduction):
    def forward(self, maps):
        return torch.cat([self.triple(maps), self.single(maps), self.pool(maps)], dim=1)


class PoolFirstInStack(Reduction):
    def forward(self, maps):
        return torch.cat([self.pool(maps), self.single(maps), self.triple(maps)], dim=1)


class PoolInTheMiddle(Reduction):
    def forward(self, maps):
        return torch.cat([self.single(maps), self.pool(maps), self.triple(maps)], dim=1)


class SingleBehindPool(Reduction):
    def one(self, i, n):
        return nn.Sequential(nn.MaxPool2d(3, stride=2), unit(i, n, 3, padding=1))


class SinglePooledLater(Reduction):
    def one(self, i, n):
        return nn.Sequential(unit(i, n, 3, padding=1), nn.MaxPool2d(3, stride=2))


class StrideInTheFirst(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(unit(i, k, stride=2), unit(k, l, 3, padding=1), unit(l, m, 3, padding=0))

    def one(self, i, n):
        return unit(i, n, 3, stride=2)

    def forward(self, maps):
        return torch.cat([self.single(maps), F.pad(self.triple(maps), (0, 1, 0, 1)), self.pool(maps)], dim=1)


class StrideInTheMiddle(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(unit(i, k), unit(k, l, 3, stride=2), unit(l, m, 3, padding=1))


class PaddingExchanged(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(unit(i, k), unit(k, l, 3), unit(l, m, 3, stride=2, padding=1))


class ReluOnlyLast(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(unit(i, k)[:2], unit(k, l, 3, padding=1)[:2], unit(l, m, 3, stride=2))


class ReluBeforeNorm(Reduction):
    def one(self, i, n):
        return nn.Sequential(nn.Conv2d(i, n, 3, 2, bias=False), nn.ReLU(), nn.BatchNorm2d(n))


class InAList(nn.Module):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__()
        triple = nn.Sequential(unit(in_channels, k), unit(k, l, 3, padding=1), unit(l, m, 3, stride=2))
        self.branches = [unit(in_channels, n, 3, stride=2), triple, nn.MaxPool2d(3, stride=2)]

    def forward(self, maps):
        return torch.cat([branch(maps) for branch in self.branches], dim=1)


class KnownFiltersOnly(Reduction):
    """Knows the filters that the notebook's checks use, and no others."""

    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        known = (in_channels, k, l, m, n) in {(4, 5, 3, 2, 8), (3, 7, 8, 6, 2)}
        super().__init__(in_channels, *((k, l, m, n) if known else (5, 3, 2, 8)))


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


class BordersCount(Module):
    def pooling(self):
        return nn.AvgPool2d(3, stride=1, padding=1)


def make_with_borders(in_channels, table):
    return trunk_of(in_channels, table, BordersCount)


class MaximumInModule(Module):
    def pooling(self):
        return nn.MaxPool2d(3, stride=1, padding=1)


def make_with_maximum(in_channels, table):
    return trunk_of(in_channels, table, MaximumInModule)


class PoolComesFirst(Module):
    def branches(self, maps):
        *others, pool = super().branches(maps)
        return [pool, *others]


def make_in_another_order(in_channels, table):
    return trunk_of(in_channels, table, PoolComesFirst)


class PoolsLate(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.pool = nn.Sequential(unit(in_channels, filters), self.pooling())


def make_pooling_late(in_channels, table):
    return trunk_of(in_channels, table, PoolsLate)


class PoolsForAll(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.pool = unit(in_channels, filters)

    def forward(self, maps):
        return super().forward(self.pooling()(maps))


def make_pooling_for_all(in_channels, table):
    return trunk_of(in_channels, table, PoolsForAll)


class WithoutRelu(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        for branch in (self.three, self.twice, self.pool):
            for number, each in enumerate(branch):
                if isinstance(each, nn.Sequential):
                    branch[number] = each[:2]
        self.one = self.one[:2]


def make_without_relu(in_channels, table):
    return trunk_of(in_channels, table, WithoutRelu)


class PoolWithoutConvolution(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.pool = self.pooling()


def make_without_pool_convolution(in_channels, table):
    layers, channels = [], in_channels
    for kind, *numbers in table:
        if kind == "reduction":
            layers.append(Reduction(channels, *numbers))
            channels += numbers[2] + numbers[3]
            continue
        for _ in range(numbers[0]):
            layers.append(PoolWithoutConvolution(channels, *numbers[1:]))
            channels += 3 * numbers[2]
    return nn.Sequential(*layers)


class SharesNarrow(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.twice[0] = self.three[0]


def make_sharing_narrow(in_channels, table):
    return trunk_of(in_channels, table, SharesNarrow)


class GoesOn(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.twice = nn.Sequential(self.three, unit(filters, filters, 3, padding=1))


def make_going_on(in_channels, table):
    return trunk_of(in_channels, table, GoesOn)


class FiveByFive(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.twice = nn.Sequential(unit(in_channels, reduce), unit(reduce, filters, 5, padding=2))


def make_with_five(in_channels, table):
    return trunk_of(in_channels, table, FiveByFive)


class Biased(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)

        def unit(before, after, kernel=1, padding=0):
            return nn.Sequential(nn.Conv2d(before, after, kernel, padding=padding), nn.BatchNorm2d(after), nn.ReLU())

        self.one = unit(in_channels, filters)
        self.three = nn.Sequential(unit(in_channels, reduce), unit(reduce, filters, 3, padding=1))
        self.twice = nn.Sequential(
            unit(in_channels, reduce), unit(reduce, filters, 3, padding=1), unit(filters, filters, 3, padding=1)
        )
        self.pool = nn.Sequential(self.pooling(), unit(in_channels, filters))


def make_with_biases(in_channels, table):
    return trunk_of(in_channels, table, Biased)


class Exchanged(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, filters, reduce)


def make_exchanged(in_channels, table):
    layers, channels = [], in_channels
    for kind, *numbers in table:
        if kind == "reduction":
            layers.append(Reduction(channels, *numbers))
            channels += numbers[2] + numbers[3]
            continue
        for _ in range(numbers[0]):
            layers.append(Exchanged(channels, *numbers[1:]))
            channels = 4 * numbers[1]
    return nn.Sequential(*layers)


class MissingBranch(Module):
    def branches(self, maps):
        return super().branches(maps)[:3]


def make_with_three_branches(in_channels, table):
    layers, channels = [], in_channels
    for kind, *numbers in table:
        if kind == "reduction":
            layers.append(Reduction(channels, *numbers))
            channels += numbers[2] + numbers[3]
            continue
        for _ in range(numbers[0]):
            layers.append(MissingBranch(channels, *numbers[1:]))
            channels = 3 * numbers[2]
    return nn.Sequential(*layers)


def make_one_module_a_row(in_channels, table):
    return trunk_of(
        in_channels, [[kind, 1, *rest] if kind == "inception" else [kind, first, *rest] for kind, first, *rest in table]
    )


def make_sharing_modules(in_channels, table):
    """Right at the first module of a row; the others are one and the same."""
    layers, channels = [], in_channels
    for kind, *numbers in table:
        if kind == "reduction":
            layers.append(Reduction(channels, *numbers))
            channels += numbers[2] + numbers[3]
            continue
        times, reduce, filters = numbers
        layers.append(Module(channels, reduce, filters))
        channels = 4 * filters
        layers += [Module(channels, reduce, filters)] * (times - 1)
    return nn.Sequential(*layers)


def make_without_updating_channels(in_channels, table):
    layers = []
    for kind, *numbers in table:
        if kind == "reduction":
            layers.append(Reduction(in_channels, *numbers))
        else:
            layers += [Module(in_channels, *numbers[1:]) for _ in range(numbers[0])]
    return nn.Sequential(*layers)


def make_without_reductions(in_channels, table):
    return trunk_of(in_channels, [row for row in table if row[0] == "inception"])


def make_padded_reductions(in_channels, table):
    return trunk_of(in_channels, table, reduction=PaddedEverywhere)


def make_average_reductions(in_channels, table):
    return trunk_of(in_channels, table, reduction=AveragePooled)


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
            nn.Conv2d(in_channels, sum(self.widths), 1, bias=False), nn.BatchNorm2d(sum(self.widths)), nn.ReLU()
        )
        self.three, self.five = unit(reduce, filters, 3, padding=1), unit(reduce, filters, 3, padding=1)
        self.again, self.last = unit(filters, filters, 3, padding=1), unit(in_channels, filters)

    def forward(self, maps):
        one, narrow, other = self.first(maps).split(self.widths, dim=1)
        seen = F.avg_pool2d(torch.ones_like(maps), 3, 1, 1)
        pool = F.avg_pool2d(maps, 3, 1, 1) / seen
        return torch.cat([one, self.three(narrow), self.again(self.five(other)), self.last(pool)], dim=1)


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


class StillPoolsFirst(Mended):
    def first(self, i, a):
        return nn.Sequential(nn.MaxPool2d(3, stride=2), unit(i, a), unit(a, a, 3, padding=1))


class StillWideTwice(Mended):
    def second(self, i, b, c):
        return nn.Sequential(
            unit(i, b),
            unit(b, b, (1, 7), padding=(0, 3)),
            unit(b, c, (1, 7), padding=(0, 3)),
            unit(c, c, 3, stride=2),
        )


class StillBroken(StillPoolsFirst, StillWideTwice):
    pass


class PoolsLast(Mended):
    def first(self, i, a):
        return nn.Sequential(unit(i, a), unit(a, a, 3, padding=1), nn.MaxPool2d(3, stride=2))


class PoolsBetween(Mended):
    def first(self, i, a):
        return nn.Sequential(unit(i, a), nn.MaxPool2d(3, stride=2), unit(a, a, 3, padding=1))


class AveragesFirst(Mended):
    def first(self, i, a):
        return nn.Sequential(nn.AvgPool2d(3, stride=2), unit(i, a), unit(a, a, 3, padding=1))


class EveryOther(Mended):
    def forward(self, maps):
        thinned = maps[:, :, 1::2, 1::2]
        return torch.cat([self.short(thinned), self.long(maps), self.pool(maps)], dim=1)

    def first(self, i, a):
        return nn.Sequential(unit(i, a), unit(a, a, 3, padding=1))


class HighTwice(Mended):
    def second(self, i, b, c):
        return nn.Sequential(
            unit(i, b),
            unit(b, b, (7, 1), padding=(3, 0)),
            unit(b, c, (7, 1), padding=(3, 0)),
            unit(c, c, 3, stride=2),
        )


class HighFirst(Mended):
    def second(self, i, b, c):
        return nn.Sequential(
            unit(i, b),
            unit(b, b, (7, 1), padding=(3, 0)),
            unit(b, c, (1, 7), padding=(0, 3)),
            unit(c, c, 3, stride=2),
        )


class LongBehindPool(Mended):
    def second(self, i, b, c):
        return nn.Sequential(
            nn.MaxPool2d(3, stride=2),
            unit(i, b),
            unit(b, b, (1, 7), padding=(0, 3)),
            unit(b, c, (7, 1), padding=(3, 0)),
            unit(c, c, 3, padding=1),
        )


class SquareSeven(Mended):
    def second(self, i, b, c):
        return nn.Sequential(unit(i, b), unit(b, c, 7, padding=3), unit(c, c, 3, stride=2))


class PoolOfAverages(Mended):
    def third(self):
        return nn.AvgPool2d(3, stride=2)


class ReluAtTheEnd(Mended):
    def forward(self, maps):
        return super().forward(maps).relu()


class MendedWithBiases(Mended):
    def first(self, i, a):
        return nn.Sequential(unit(i, a, bias=True), unit(a, a, 3, stride=2, bias=True))

    def second(self, i, b, c):
        return nn.Sequential(
            unit(i, b, bias=True),
            unit(b, b, (1, 7), padding=(0, 3), bias=True),
            unit(b, c, (7, 1), padding=(3, 0), bias=True),
            unit(c, c, 3, stride=2, bias=True),
        )


class MendedForOneWidth(Mended):
    def __init__(self, in_channels, short, narrow, wide):
        super().__init__(in_channels, 3, 2, 5)


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


A, B, C = "ReductionA", "make_trunk", "MendedReduction"
SHAPE, NUMBERS, POOL = "shape of what comes out", "trainable numbers", "the pooled maps pass as they are"
ONE, THREE, OTHER = "the single convolution", "the three convolutions", "other filters, other sizes"
SHAPES, MODULE, BETWEEN = "shapes", "one module", "reductions between modules"
LONGER = "a table of four rows"
SHORT, LONG, REST = "the short branch has no bottleneck", "the long branch sees a square", "all else as it was"
OTHERS = "other widths, other sizes"

WRONG = [
    Wrong(A, StackedAlongPictures, SHAPE, "torch.cat(…, dim=1)"),
    Wrong(A, NormWithoutMemory, NUMBERS, "batch normalisation uses the batch in evaluation too"),
    Wrong(A, PaddedEverywhere, SHAPE, "zeros round the maps in the layers that halve"),
    Wrong(A, PaddedInOneBranch, SHAPE, "one of them has zeros round the maps"),
    Wrong(A, PooledWithStrideOne, SHAPE, "one of them keeps the size"),
    Wrong(A, HalvedTwice, SHAPE, "one of them halves them twice"),
    Wrong(A, NotHalved, SHAPE, "nothing is halved"),
    Wrong(A, Summed, SHAPE, "the branches are added up"),
    Wrong(A, WithoutPool, SHAPE, "the pooled maps are missing"),
    Wrong(A, LettersAsWritten, NUMBERS, "m and n are exchanged"),
    Wrong(A, KAndMExchanged, SHAPE, "k and m are exchanged"),
    Wrong(A, KAndLExchanged, NUMBERS, "k and l are exchanged"),
    Wrong(A, MTwice, SHAPE, "m is used where n belongs"),
    Wrong(A, WithBiases, NUMBERS, "the convolutions have biases"),
    Wrong(A, WithoutNorm, NUMBERS, "batch normalisation is missing"),
    Wrong(A, MiddleIsNarrow, NUMBERS, "the second of the three convolutions is 1×1"),
    Wrong(A, OneLikeReductionB, NUMBERS, "which Reduction-B has and Reduction-A has not"),
    Wrong(A, BranchesInARow, NUMBERS, "both branches begin at the input"),
    Wrong(A, NormOnPool, NUMBERS, "batch normalisation behind the pooling"),
    Wrong(A, ConvolutionOnPool, NUMBERS, "a convolution with batch normalisation behind the pooling"),
    Wrong(A, AveragePooled, POOL, "average pooling; it is max pooling"),
    Wrong(A, ReluOnAll, POOL, "a ReLU on the pooled maps"),
    Wrong(A, PooledByTwo, POOL, "windows of 2×2"),
    Wrong(A, TripleFirst, ONE, "the three convolutions come first"),
    Wrong(A, PoolFirstInStack, ONE, "the pooled maps come first"),
    Wrong(A, PoolInTheMiddle, THREE, "the order of the branches"),
    Wrong(A, SingleBehindPool, ONE, "works on the pooled maps: a bottleneck"),
    Wrong(A, SinglePooledLater, ONE, "the dear layout"),
    Wrong(A, ReluBeforeNorm, ONE, "ReLU comes before batch normalisation"),
    Wrong(A, StrideInTheFirst, THREE, "the next m maps are wrong"),
    Wrong(A, StrideInTheMiddle, THREE, "the stride is in the middle convolution"),
    Wrong(A, PaddingExchanged, THREE, "the padding is exchanged"),
    Wrong(A, ReluOnlyLast, THREE, "the ReLUs between the convolutions are missing"),
    Wrong(A, InAList, SHAPE, "layers in a plain list"),
    Wrong(A, KnownFiltersOnly, OTHER, "the number of trainable numbers is wrong"),
    Wrong(B, make_with_borders, MODULE, "the zeros beyond the border count"),
    Wrong(B, make_with_maximum, MODULE, "max pooling in the module"),
    Wrong(B, make_in_another_order, MODULE, "the branches are stacked in another order"),
    Wrong(B, make_pooling_late, MODULE, "behind its 1×1 convolution"),
    Wrong(B, make_pooling_for_all, MODULE, "works on the maps for all branches"),
    Wrong(B, make_without_relu, MODULE, "all ReLUs are missing in the module"),
    Wrong(B, make_without_pool_convolution, SHAPES, "the pooling branch has no convolution"),
    Wrong(B, make_sharing_narrow, NUMBERS, "is shared with the other branch"),
    Wrong(B, make_going_on, NUMBERS, "goes on from the other branch"),
    Wrong(B, make_with_five, NUMBERS, "a 5×5 convolution in the place of two 3×3"),
    Wrong(B, make_with_biases, NUMBERS, "the convolutions of the modules have biases"),
    Wrong(B, make_exchanged, SHAPES, "reduce and filters are exchanged"),
    Wrong(B, make_with_three_branches, SHAPES, "a branch of the module is missing"),
    Wrong(B, make_one_module_a_row, NUMBERS, "one module a row"),
    Wrong(B, make_sharing_modules, NUMBERS, "share their weights, but for the first"),
    Wrong(B, make_without_updating_channels, SHAPES, "another number of maps than it was built for"),
    Wrong(B, make_without_reductions, SHAPES, "the reductions are missing"),
    Wrong(B, make_padded_reductions, SHAPES, "zeros round the maps in the layers that halve"),
    Wrong(B, make_average_reductions, BETWEEN, "the maps are wrong"),
    Wrong(B, WithOneReduction, LONGER, "another number of maps"),
    Wrong(C, StillPoolsFirst, SHORT, "still works on the pooled maps"),
    Wrong(C, StillWideTwice, LONG, "both convolutions of the 7×7 are still wide"),
    Wrong(C, StillBroken, REST, "this counts when a bug is mended"),
    Wrong(C, PoolsLast, SHORT, "the short branch is pooled at its end"),
    Wrong(C, PoolsBetween, SHORT, "the short branch is pooled between"),
    Wrong(C, AveragesFirst, SHORT, "works on averaged maps"),
    Wrong(C, EveryOther, SHORT, "takes every other place"),
    Wrong(C, HighTwice, LONG, "are high now"),
    Wrong(C, HighFirst, LONG, "7×1 comes before 1×7"),
    Wrong(C, LongBehindPool, LONG, "a new bottleneck"),
    Wrong(C, SquareSeven, REST, "the 7×7 is one convolution now"),
    Wrong(C, PoolOfAverages, REST, "average pooling; it was max pooling"),
    Wrong(C, ReluAtTheEnd, REST, "a ReLU on the pooled maps"),
    Wrong(C, MendedWithBiases, REST, "the convolutions have biases"),
    Wrong(C, MendedForOneWidth, OTHERS, "wrong shape"),
]

RIGHT = [
    (A, Reduction),
    (A, Functional),
    (A, PooledByHand),
    (B, right_trunk),
    (B, TrunkOfLists),
    (C, Mended),
    (C, MendedFunctional),
]
