"""Part 3: a Reduction-B with a bottleneck and a 7×7 that is no square, to be mended."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.inception_v4.exercise.units import Units
from cnncourse.checking import Case, Check, Misconception, Part, images

SHORT, LONG, REST = "the short branch has no bottleneck", "the long branch sees a square", "all else as it was"
WIDE, HIGH = ((1, 7), (0, 3)), ((7, 1), (3, 0))


class Mended(Units):
    """The reduction as it should be."""

    thin = WIDE, HIGH

    def __init__(self, in_channels: int, short: int, narrow: int, wide: int) -> None:
        super().__init__()
        self.short = self.first(in_channels, short)
        self.long = self.second(in_channels, narrow, wide)
        self.pool = self.third()

    def first(self, i: int, a: int) -> nn.Sequential:
        return nn.Sequential(self.unit(i, a), self.unit(a, a, 3, stride=2))

    def second(self, i: int, b: int, c: int) -> nn.Sequential:
        (first, around_first), (second, around_second) = self.thin
        thin = self.unit(b, b, first, padding=around_first), self.unit(b, c, second, padding=around_second)
        return nn.Sequential(self.unit(i, b), *thin, self.unit(c, c, 3, stride=2))

    def third(self) -> nn.Module:
        return nn.MaxPool2d(3, stride=2)

    def branches(self, maps: Tensor) -> list[Tensor]:
        return [self.short(maps), self.long(maps), self.pool(maps)]


class MendedWithLargerEpsilon(Mended):
    """The same with the epsilon of the paper's authors."""

    eps = 1e-3


class StillPoolsFirst(Mended):
    def first(self, i, a):
        return nn.Sequential(nn.MaxPool2d(3, stride=2), self.unit(i, a), self.unit(a, a, 3, padding=1))


class StillWideTwice(Mended):
    thin = WIDE, WIDE


class StillBroken(StillPoolsFirst, StillWideTwice):
    pass


class PoolsLast(Mended):
    def first(self, i, a):
        return nn.Sequential(self.unit(i, a), self.unit(a, a, 3, padding=1), nn.MaxPool2d(3, stride=2))


class PoolsBetween(Mended):
    def first(self, i, a):
        return nn.Sequential(self.unit(i, a), nn.MaxPool2d(3, stride=2), self.unit(a, a, 3, padding=1))


class StrideInTheFirst(Mended):
    def first(self, i, a):
        return nn.Sequential(self.unit(i, a, stride=2), self.unit(a, a, 3))


class AveragesFirst(Mended):
    def first(self, i, a):
        return nn.Sequential(nn.AvgPool2d(3, stride=2), self.unit(i, a), self.unit(a, a, 3, padding=1))


class PaddedInShort(Mended):
    def first(self, i, a):
        return nn.Sequential(self.unit(i, a), self.unit(a, a, 3, stride=2, padding=1))


class EveryOther(Mended):
    def first(self, i, a):
        return nn.Sequential(self.unit(i, a), self.unit(a, a, 3, padding=1))

    def branches(self, maps):
        return [self.short(maps[:, :, 1::2, 1::2]), self.long(maps), self.pool(maps)]


class PoolsFirstInEvaluation(Mended):
    def branches(self, maps):
        if self.training:
            return super().branches(maps)
        (one, three), pooled = self.short, self.pool(maps)
        short = three[1:](F.conv2d(one(pooled), three[0].weight, padding=1))
        return [short, self.long(maps), pooled]


class HighTwice(Mended):
    thin = HIGH, HIGH


class HighFirst(Mended):
    thin = HIGH, WIDE


class LongBehindPool(Mended):
    def second(self, i, b, c):
        one, first, second, _ = super().second(i, b, c)
        return nn.Sequential(nn.MaxPool2d(3, stride=2), one, first, second, self.unit(c, c, 3, padding=1))


class SquareSeven(Mended):
    def second(self, i, b, c):
        return nn.Sequential(self.unit(i, b), self.unit(b, c, 7, padding=3), self.unit(c, c, 3, stride=2))


class OneThinMissing(Mended):
    def second(self, i, b, c):
        return nn.Sequential(self.unit(i, b), self.unit(b, c, *HIGH[:1], padding=HIGH[1]), self.unit(c, c, 3, stride=2))


class ShortWithoutOne(Mended):
    def first(self, i, a):
        return self.unit(i, a, 3, stride=2)


class WidthsExchanged(Mended):
    def __init__(self, in_channels, short, narrow, wide):
        super().__init__(in_channels, short, wide, narrow)


class ShortFirstAfterLong(Mended):
    def branches(self, maps):
        short, long, pool = super().branches(maps)
        return [long, short, pool]


class AveragePooled(Mended):
    def third(self):
        return nn.AvgPool2d(3, stride=2)


class AveragedInEvaluation(Mended):
    def branches(self, maps):
        pooled = self.pool(maps) if self.training else F.avg_pool2d(maps, 3, 2)
        return [*super().branches(maps)[:2], pooled]


class PooledByTwo(Mended):
    def third(self):
        return nn.MaxPool2d(2)


class ReluOnPool(Mended):
    def branches(self, maps):
        return [each.relu() for each in super().branches(maps)]


class WithBiases(Mended):
    bias = True


class WithoutRelu(Mended):
    def behind(self, channels):
        return [nn.BatchNorm2d(channels, self.eps)]


class BatchInEvaluation(Mended):
    def behind(self, channels):
        return nn.BatchNorm2d(channels, self.eps, track_running_stats=False), nn.ReLU()


class SharesNarrow(Mended):
    def __init__(self, in_channels, short, narrow, wide):
        super().__init__(in_channels, short, narrow, wide)
        if short == narrow:
            self.long[0] = self.short[0]


def _cut(*branches, behind=False):
    class Cut(Mended):
        def branches(self, maps):
            found = []
            for number, way in enumerate((self.short, self.long, self.pool)):
                cut = number in branches
                seen = way(maps.detach() if cut and not behind else maps)
                found.append(seen.detach() if cut and behind else seen)
            return found

    return Cut


MISCONCEPTIONS = (
    Misconception(
        "the short branch still works on the pooled maps, and both convolutions of the 7×7 are still wide",
        StillBroken,
        (SHORT, LONG, REST),
    ),
    Misconception("the short branch still works on the pooled maps: a bottleneck", StillPoolsFirst, (SHORT,)),
    Misconception("both convolutions of the 7×7 are still wide: the second is to be 7×1", StillWideTwice, (LONG,)),
    Misconception(
        "the short branch is pooled at its end: no bottleneck, and four times the work; the 3×3 convolution is to have "
        "stride 2",
        PoolsLast,
        (SHORT,),
    ),
    Misconception(
        "the short branch is pooled between its convolutions; nothing is pooled there", PoolsBetween, (SHORT,)
    ),
    Misconception(
        "the stride is in the 1×1 convolution, which then never looks at three quarters of the places",
        StrideInTheFirst,
        (SHORT,),
    ),
    Misconception(
        "the short branch takes every other place of the maps; the stride belongs to its 3×3 convolution",
        EveryOther,
        (SHORT,),
    ),
    Misconception("the short branch works on averaged maps: still a bottleneck", AveragesFirst, (SHORT,)),
    Misconception(
        "the 3×3 convolution of the short branch still has padding, as when it was broken: with stride 2 it has none",
        PaddedInShort,
        (SHORT,),
    ),
    Misconception("in evaluation the short branch still works on the pooled maps", PoolsFirstInEvaluation, (SHORT,)),
    Misconception("both convolutions of the 7×7 are high now: one is to be 1×7", HighTwice, (LONG,)),
    Misconception("7×1 comes before 1×7; the text asks for 1×7 first", HighFirst, (LONG,)),
    Misconception("the long branch works on the pooled maps: a new bottleneck", LongBehindPool, (LONG,)),
    Misconception("the 7×7 is one convolution now", SquareSeven, (REST,)),
    Misconception("one of the two thin convolutions is missing", OneThinMissing, (REST,)),
    Misconception("the 1×1 convolution of the short branch is missing", ShortWithoutOne, (REST,)),
    Misconception("narrow and wide are exchanged", WidthsExchanged, (REST,)),
    Misconception("the order of the stack has changed: the long branch comes first", ShortFirstAfterLong, (REST,)),
    Misconception("average pooling; it was max pooling", AveragePooled, (REST,)),
    Misconception("average pooling in evaluation; it was max pooling", AveragedInEvaluation, (REST,)),
    Misconception("a ReLU on the pooled maps; they passed as they were", ReluOnPool, (REST,)),
    Misconception("the pooling has windows of 2×2; they were 3×3", PooledByTwo, (REST,)),
    Misconception("the convolutions have biases; batch normalisation cancels them", WithBiases, (REST,)),
    Misconception("the ReLUs went", WithoutRelu, (REST,)),
    Misconception("batch normalisation uses the batch in evaluation too", BatchInEvaluation, (REST,)),
    Misconception("the two branches share their first 1×1 convolution where it fits", SharesNarrow, (REST,)),
    Misconception("the short branch is cut off from the gradient of the maps, by detach", _cut(0), (SHORT,)),
    Misconception("the long branch is cut off from the gradient of the maps, by detach", _cut(1), (LONG,)),
    Misconception("the pooling is cut off from the gradient of the maps, by detach", _cut(2), (REST,)),
    Misconception("the short branch's maps are cut off from the gradient, by detach", _cut(0, behind=True), (SHORT,)),
    Misconception("the long branch's maps are cut off from the gradient, by detach", _cut(1, behind=True), (LONG,)),
    Misconception("both branches are cut off from the gradient of the maps, by detach", _cut(0, 1), (SHORT, LONG)),
)


def _case(*arguments: int, height: int = 9, width: int = 11, rounds: int = 0, mean: float = 0.3) -> Case:
    return Case(arguments, inputs=images(3, arguments[0], height, width, mean=mean), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw widths and sizes that learners have not seen, all widths different."""
    height, width = (2 * torch.randint(4, 7, (2,), generator=generator) + 1).tolist()
    drawn = (2 + torch.randperm(7, generator=generator)[:4]).tolist()
    return (_case(*drawn, height=height, width=width, rounds=3),)


CORNERS = (
    _case(1, 1, 1, 1, height=17, width=17),  # the chapter's size
    _case(5, 2, 3, 1, height=5, width=9),
    Case((4, 2, 192, 2), inputs=images(2, 4, 5, 5), counted=True),
)

MENDED_REDUCTION = Part(
    name="MendedReduction",
    task="mend",
    minutes=15,
    references=(Mended, MendedWithLargerEpsilon),
    cases=(
        _case(4, 3, 2, 5, rounds=6),
        # Negative on average, so that the largest of nine values is often negative, and a ReLU on it shows.
        _case(2, 4, 3, 2, height=11, width=7, mean=-1.5),
        # All widths alike: what may stand in for something else, may do so here.
        _case(3, 3, 3, 3, rounds=3),
    ),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISCONCEPTIONS,
    checks=(
        Check(
            SHORT,
            2,
            (
                "A unit of the short branch should depend on a square of 3×3 places. On which does it depend in the "
                "broken class?",
                "What is done to the maps before the short branch's 1×1 convolution gets them?",
                "Nothing is pooled in this branch: its 3×3 convolution halves the maps itself, without padding.",
            ),
            notes=("shape", "alike: output", "alike: gradient"),
        ),
        Check(
            LONG,
            2,
            (
                "How many rows and how many columns does a unit of the long branch see?",
                "Look at the kernels of the two thin convolutions, and at their paddings: height comes first.",
            ),
            notes=("shape", "alike: output", "drawn 1", "drawn 2"),
        ),
        Check(
            REST,
            1,
            (
                "What was right must stay: the number of trainable numbers, and a max pooling that comes last.",
                "The repair moves a stride and turns a kernel; it adds no layer with weights.",
            ),
        ),
        Check(
            "other widths, other sizes",
            1,
            (
                "Is there a number in your class that is true of one set of widths only?",
                "All widths must come from the arguments, each in its place.",
            ),
            public=False,
        ),
    ),
)
