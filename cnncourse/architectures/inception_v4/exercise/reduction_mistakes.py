"""Mistakes in Reduction-A: each is the reference with a line or two changed."""

import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.inception_v4.exercise.units import Reduction
from cnncourse.checking import Misconception

SHAPE, NUMBERS, POOL, ONE, THREE = (
    "shape of what comes out",
    "trainable numbers",
    "the pooled maps pass as they are",
    "the single convolution",
    "the three convolutions",
)

# Shapes and the order of the arguments --------------------------------------------------------------------------------


class PaddedInOneBranch(Reduction):
    def one(self, i, n):
        return self.unit(i, n, 3, stride=2, padding=1)


class PaddedInBothBranches(PaddedInOneBranch):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k), self.unit(k, l, 3, padding=1), self.unit(l, m, 3, 2, padding=1))


class PaddedEverywhere(PaddedInBothBranches):
    def pooling(self, i):
        return nn.MaxPool2d(3, stride=2, padding=1)


class PooledWithStrideOne(Reduction):
    def pooling(self, i):
        return nn.MaxPool2d(3, stride=1, padding=1)


class NotHalved(PooledWithStrideOne):
    def one(self, i, n):
        return self.unit(i, n, 3, padding=1)

    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k), self.unit(k, l, 3, padding=1), self.unit(l, m, 3, padding=1))


class HalvedTwice(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k), self.unit(k, l, 3, stride=2, padding=1), self.unit(l, m, 3, stride=2))


class WithoutPool(Reduction):
    def branches(self, maps):
        return super().branches(maps)[:2]


class Summed(Reduction):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, k, l, m, m)
        self.pool = nn.Sequential(nn.MaxPool2d(3, stride=2), nn.Conv2d(in_channels, m, 1, bias=False))

    def forward(self, maps):
        return sum(self.branches(maps))


def given(*order):
    class Given(Reduction):
        def __init__(self, in_channels, *letters):
            super().__init__(in_channels, *(letters[number] for number in order))

    return Given


# Convolutions and what is behind them ---------------------------------------------------------------------------------


class WithBiases(Reduction):
    bias = True


class WithoutNorm(Reduction):
    def behind(self, channels):
        return [nn.ReLU()]


class WithoutNormButBiases(WithoutNorm):
    bias = True


class WithoutRelu(Reduction):
    def behind(self, channels):
        return [nn.BatchNorm2d(channels, self.eps)]


class ReluBeforeNorm(Reduction):
    def behind(self, channels):
        return nn.ReLU(), nn.BatchNorm2d(channels, self.eps)


class ReluBeforeNormInOne(Reduction):
    def one(self, i, n):
        return nn.Sequential(nn.Conv2d(i, n, 3, 2, bias=False), nn.ReLU(), nn.BatchNorm2d(n, self.eps))


class ReluStopsAtSix(Reduction):
    def behind(self, channels):
        return nn.BatchNorm2d(channels, self.eps), nn.ReLU6()


class BatchInEvaluation(Reduction):
    def behind(self, channels):
        return nn.BatchNorm2d(channels, self.eps, track_running_stats=False), nn.ReLU()


class NormWithoutScale(Reduction):
    def behind(self, channels):
        return nn.BatchNorm2d(channels, self.eps, affine=False), nn.ReLU()


class NoReluInEvaluation(Reduction):
    def branches(self, maps):
        single = self.single(maps) if self.training else self.single[:2](maps)
        return [single, self.triple(maps), self.pool(maps)]


class FirstIsThree(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k, 3, padding=1), self.unit(k, l, 3, padding=1), self.unit(l, m, 3, 2))


class MiddleIsNarrow(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k), self.unit(k, l), self.unit(l, m, 3, stride=2))


class MiddleIsMissing(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k), self.unit(k, m, 3, stride=2))


class FirstIsMissing(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, l, 3, padding=1), self.unit(l, m, 3, stride=2))


class MiddleInTwo(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        thin = self.unit(k, l, (1, 3), padding=(0, 1)), self.unit(l, l, (3, 1), padding=(1, 0))
        return nn.Sequential(self.unit(i, k), *thin, self.unit(l, m, 3, stride=2))


class OneLikeReductionB(Reduction):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, k, l, m, n)
        self.single = nn.Sequential(self.unit(in_channels, k), self.unit(k, n, 3, stride=2))


class SingleBehindTheNarrow(Reduction):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, k, l, m, n)
        self.single = self.unit(k, n, 3, stride=2)

    def branches(self, maps):
        narrow = self.triple[0](maps)
        return [self.single(narrow), self.triple[1:](narrow), self.pool(maps)]


# Pooling, and where each branch looks ---------------------------------------------------------------------------------


class NormOnPool(Reduction):
    def pooling(self, i):
        return nn.Sequential(nn.MaxPool2d(3, stride=2), *self.behind(i))


class NormAloneOnPool(Reduction):
    def pooling(self, i):
        return nn.Sequential(nn.MaxPool2d(3, stride=2), nn.BatchNorm2d(i, self.eps))


class PlainConvolutionOnPool(Reduction):
    def pooling(self, i):
        return nn.Sequential(nn.MaxPool2d(3, stride=2), nn.Conv2d(i, i, 1, bias=False))


class ConvolutionOnPool(Reduction):
    def pooling(self, i):
        return nn.Sequential(nn.MaxPool2d(3, stride=2), self.unit(i, i))


class AveragePooled(Reduction):
    def pooling(self, i):
        return nn.AvgPool2d(3, stride=2)


class AveragedInEvaluation(Reduction):
    def branches(self, maps):
        pooled = self.pool(maps) if self.training else F.avg_pool2d(maps, 3, 2)
        return [self.single(maps), self.triple(maps), pooled]


class PooledByTwo(Reduction):
    def pooling(self, i):
        return nn.MaxPool2d(2)


class ReluOnPool(Reduction):
    def branches(self, maps):
        return [each.relu() for each in super().branches(maps)]


def _ordered(*order):
    class Ordered(Reduction):
        def branches(self, maps):
            found = super().branches(maps)
            return [found[number] for number in order]

    return Ordered


class SingleBehindPool(Reduction):
    def one(self, i, n):
        return nn.Sequential(nn.MaxPool2d(3, stride=2), self.unit(i, n, 3, padding=1))


class SinglePooledLater(Reduction):
    def one(self, i, n):
        return nn.Sequential(self.unit(i, n, 3, padding=1), nn.MaxPool2d(3, stride=2))


class TripleBehindPool(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        steps = self.unit(i, k), self.unit(k, l, 3, padding=1), self.unit(l, m, 3, padding=1)
        return nn.Sequential(nn.MaxPool2d(3, stride=2), *steps)


class TriplePooledLater(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        steps = self.unit(i, k), self.unit(k, l, 3, padding=1), self.unit(l, m, 3, padding=1)
        return nn.Sequential(*steps, nn.MaxPool2d(3, stride=2))


class StrideInTheFirst(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k, stride=2), self.unit(k, l, 3, padding=1), self.unit(l, m, 3))


class StrideInTheFirstPadded(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k, stride=2), self.unit(k, l, 3, padding=1), self.unit(l, m, 3))

    def branches(self, maps):
        return [self.single(maps), F.pad(self.triple(maps), (0, 1, 0, 1)), self.pool(maps)]


class StrideInTheMiddle(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k), self.unit(k, l, 3, stride=2), self.unit(l, m, 3, padding=1))


class PaddingExchanged(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k), self.unit(k, l, 3), self.unit(l, m, 3, stride=2, padding=1))


class ReluOnlyLast(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k)[:2], self.unit(k, l, 3, padding=1)[:2], self.unit(l, m, 3, stride=2))


class NoLastRelu(Reduction):
    def three(self, i, k, l, m):  # noqa: E741
        return nn.Sequential(self.unit(i, k), self.unit(k, l, 3, padding=1), self.unit(l, m, 3, stride=2)[:2])


class InAList(Reduction):
    def __init__(self, in_channels, k, l, m, n):  # noqa: E741
        super().__init__(in_channels, k, l, m, n)
        self.hidden = [self.single, self.triple]
        del self.single, self.triple

    def branches(self, maps):
        return [*(branch(maps) for branch in self.hidden), self.pool(maps)]


def _cut(*branches, behind=False):
    class Cut(Reduction):
        def branches(self, maps):
            found = []
            for number, way in enumerate((self.single, self.triple, self.pool)):
                cut = number in branches
                seen = way(maps.detach() if cut and not behind else maps)
                found.append(seen.detach() if cut and behind else seen)
            return found

    return Cut


AS_THEY_ARE = "; the pooled maps pass as they are"
STACK = "; the order is convolution, three convolutions, pooling"
MISTAKES = (
    Misconception("zeros round the maps in the layers that halve: they are to have none", PaddedEverywhere, (SHAPE,)),
    *(
        Misconception(
            "one of them has zeros round the maps in a layer that halves: the branches cannot be stacked",
            wrong,
            (SHAPE,),
        )
        for wrong in (PaddedInOneBranch, PaddedInBothBranches)
    ),
    Misconception(
        "one of them keeps the size of the maps: a stride of 2 is missing in the pooling", PooledWithStrideOne, (SHAPE,)
    ),
    Misconception(
        "one of them halves them twice: the stride belongs to one layer of a branch only", HalvedTwice, (SHAPE,)
    ),
    Misconception("nothing is halved: the stride is missing", NotHalved, (SHAPE,)),
    Misconception("the pooled maps are missing", WithoutPool, (SHAPE,)),
    Misconception("the branches are added up, or only one is left; they are to be stacked", Summed, (SHAPE,)),
    Misconception("m and n are exchanged", given(0, 1, 3, 2), (NUMBERS,)),
    Misconception("k and m are exchanged: k, l and m come in this order", given(2, 1, 0, 3), (NUMBERS,)),
    Misconception("k and l are exchanged", given(1, 0, 2, 3), (NUMBERS,)),
    Misconception("l and m are exchanged", given(0, 2, 1, 3), (NUMBERS,)),
    Misconception("k and n are exchanged", given(3, 1, 2, 0), (NUMBERS,)),
    Misconception("l and n are exchanged", given(0, 3, 2, 1), (NUMBERS,)),
    Misconception("the letters are taken in the order n, k, l, m", given(1, 2, 3, 0), (NUMBERS,)),
    Misconception("m is used where n belongs", given(0, 1, 2, 2), (SHAPE,)),
    Misconception("n is used where m belongs", given(0, 1, 3, 3), (SHAPE,)),
    Misconception("the convolutions have biases; batch normalisation cancels them", WithBiases, (NUMBERS,)),
    Misconception("batch normalisation is missing", WithoutNorm, (NUMBERS,)),
    Misconception("batch normalisation is missing, and the convolutions have biases", WithoutNormButBiases, (NUMBERS,)),
    Misconception("batch normalisation has no scale and shift", NormWithoutScale, (NUMBERS,)),
    Misconception("all ReLUs are missing", WithoutRelu, (ONE,)),
    Misconception("ReLU comes before batch normalisation", ReluBeforeNorm, (ONE,)),
    Misconception("ReLU comes before batch normalisation in the single convolution", ReluBeforeNormInOne, (ONE,)),
    Misconception("ReLU6 cuts off what is above six; ReLU lets it through", ReluStopsAtSix, (ONE,)),
    Misconception("batch normalisation uses the batch in evaluation too", BatchInEvaluation, (ONE,)),
    Misconception("the single convolution has no ReLU in evaluation", NoReluInEvaluation, (ONE,)),
    Misconception("the first of the three convolutions is 3×3; it is 1×1", FirstIsThree, (NUMBERS,)),
    Misconception("the second of the three convolutions is 1×1; it is 3×3", MiddleIsNarrow, (NUMBERS,)),
    Misconception("the middle convolution is missing", MiddleIsMissing, (NUMBERS,)),
    Misconception("the 1×1 convolution is missing", FirstIsMissing, (NUMBERS,)),
    Misconception("the middle convolution is a 1×3 and a 3×1; here it is one 3×3", MiddleInTwo, (NUMBERS,)),
    Misconception(
        "the single convolution has a 1×1 convolution before it, which Reduction-B has and Reduction-A has not",
        OneLikeReductionB,
        (NUMBERS,),
    ),
    Misconception(
        "the single convolution works on the maps of the 1×1; both branches begin at the input",
        SingleBehindTheNarrow,
        (NUMBERS,),
    ),
    Misconception("batch normalisation and ReLU behind the pooling" + AS_THEY_ARE, NormOnPool, (NUMBERS,)),
    Misconception("batch normalisation behind the pooling" + AS_THEY_ARE, NormAloneOnPool, (NUMBERS,)),
    Misconception("a convolution behind the pooling" + AS_THEY_ARE, PlainConvolutionOnPool, (NUMBERS,)),
    Misconception(
        "a convolution with batch normalisation behind the pooling" + AS_THEY_ARE, ConvolutionOnPool, (NUMBERS,)
    ),
    Misconception("average pooling; it is max pooling", AveragePooled, (POOL,)),
    Misconception("average pooling in evaluation; it is max pooling", AveragedInEvaluation, (POOL,)),
    Misconception("a ReLU on the pooled maps: they pass as they are", ReluOnPool, (POOL,)),
    Misconception("the pooling has windows of 2×2; they are 3×3", PooledByTwo, (POOL,)),
    Misconception("the three convolutions come first" + STACK, _ordered(1, 0, 2), (ONE,)),
    Misconception("the pooled maps come first" + STACK, _ordered(2, 0, 1), (ONE,)),
    Misconception("the pooled maps come second" + STACK, _ordered(0, 2, 1), (THREE,)),
    Misconception("the branches are stacked from last to first" + STACK, _ordered(2, 1, 0), (ONE,)),
    Misconception("the convolution works on the pooled maps: a bottleneck", SingleBehindPool, (ONE,)),
    Misconception("the convolution has stride 1 and is pooled: the dear layout", SinglePooledLater, (ONE,)),
    Misconception("the three convolutions work on the pooled maps: a bottleneck", TripleBehindPool, (THREE,)),
    Misconception("pooling in the place of the last stride", TriplePooledLater, (THREE,)),
    *(
        Misconception(
            "the stride is in the 1×1 convolution, which then never looks at three quarters of the places",
            wrong,
            (THREE,),
        )
        for wrong in (StrideInTheFirst, StrideInTheFirstPadded)
    ),
    Misconception("the stride is in the middle convolution; it belongs to the last", StrideInTheMiddle, (THREE,)),
    Misconception(
        "the padding is exchanged: the middle convolution has none, the last has", PaddingExchanged, (THREE,)
    ),
    Misconception("the ReLUs between the convolutions are missing", ReluOnlyLast, (THREE,)),
    Misconception(
        "layers in a plain list or dictionary are invisible to PyTorch: use nn.ModuleList", InAList, (NUMBERS,)
    ),
    Misconception("the last ReLU is missing", NoLastRelu, (THREE,)),
    Misconception("the single convolution is cut off from the gradient of the maps, by detach", _cut(0), (ONE,)),
    Misconception("the three convolutions are cut off from the gradient of the maps, by detach", _cut(1), (THREE,)),
    Misconception("the pooling is cut off from the gradient of the maps, by detach or .data", _cut(2), (POOL,)),
    Misconception(
        "the single convolution's maps are cut off from the gradient, by detach", _cut(0, behind=True), (ONE,)
    ),
    Misconception(
        "the three convolutions' maps are cut off from the gradient, by detach", _cut(1, behind=True), (THREE,)
    ),
    Misconception("all branches are cut off from the gradient of the maps, by detach", _cut(0, 1, 2), (POOL,)),
)
