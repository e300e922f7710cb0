"""Mistakes in the factorised convolution: each is the reference with a line or two changed."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.inception_v3.exercise.factorised import Factorised
from cnncourse.checking import Misconception

SIZE, NUMBERS, VIEW, TWICE, FOR_ITSELF = (
    "height and width stay",
    "trainable numbers",
    "a unit sees n×n",
    "normalised, then rectified, twice",
    "in evaluation every picture counts for itself",
)

# Sizes and what a unit sees -------------------------------------------------------------------------------------------


class PaddedAllAround(Factorised):
    def make_wide(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=n // 2, bias=self.bias)

    def make_high(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=n // 2, bias=self.bias)


class NotPadded(Factorised):
    def make_wide(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), bias=self.bias)

    def make_high(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), bias=self.bias)


class HighNotPadded(Factorised):
    def make_high(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), bias=self.bias)


class WideNotPadded(Factorised):
    def make_wide(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), bias=self.bias)


class PaddingsSwapped(Factorised):
    def make_wide(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(n // 2, 0), bias=self.bias)

    def make_high(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=(0, n // 2), bias=self.bias)


class Strided(Factorised):
    def make_high(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=(n // 2, 0), stride=2, bias=self.bias)


class SideBySideAdded(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, mid_channels, out_channels, n)
        self.one, self.norm_one = self.make_wide(in_channels, out_channels, n), self.norm(out_channels)
        self.other = self.make_high(in_channels, out_channels, n)

    def both(self, maps):
        return torch.relu(self.norm_one(self.one(maps))), torch.relu(self.norm_other(self.other(maps)))

    def forward(self, maps):
        return sum(self.both(maps))


class SideBySideStacked(SideBySideAdded):
    def forward(self, maps):
        return torch.cat(self.both(maps), dim=1)


class OneFactor(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, out_channels, out_channels, n)
        del self.other, self.norm_other

    def forward(self, maps):
        return torch.relu(self.norm_one(self.one(maps)))


class WithoutSecond(OneFactor):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, mid_channels, mid_channels, n)


class NotFactorised(OneFactor):
    def make_wide(self, i, o, n):
        return nn.Conv2d(i, o, n, padding=n // 2, bias=self.bias)

    make_high = make_wide


class BothSquare(Factorised):
    def make_wide(self, i, o, n):
        return nn.Conv2d(i, o, n, padding=n // 2, bias=self.bias)

    make_high = make_wide


class IgnoresMid(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, out_channels, out_channels, n)


class OneSizeOnly(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, mid_channels, out_channels, 7)


class PaddedForSeven(Factorised):
    def make_wide(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(0, 3), bias=self.bias)

    def make_high(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=(3, 0), bias=self.bias)


# Normalisation, ReLU and gradient -------------------------------------------------------------------------------------


class SecondIsSquare(Factorised):
    def make_high(self, i, o, n):
        return nn.Conv2d(i, o, n, padding=n // 2, bias=self.bias)


class BothHigh(Factorised):
    def make_wide(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=(n // 2, 0), bias=self.bias)


class BothWide(Factorised):
    def make_high(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(0, n // 2), bias=self.bias)


class Depthwise(Factorised):
    def make_wide(self, i, o, n):
        depthwise = nn.Conv2d(i, i, (1, n), padding=(0, n // 2), groups=i, bias=self.bias)
        return nn.Sequential(depthwise, nn.Conv2d(i, o, 1, bias=self.bias))

    def make_high(self, i, o, n):
        depthwise = nn.Conv2d(i, i, (n, 1), padding=(n // 2, 0), groups=i, bias=self.bias)
        return nn.Sequential(depthwise, nn.Conv2d(i, o, 1, bias=self.bias))


class WithoutNorm(Factorised):
    def norm(self, channels):
        return nn.Identity()


class WithoutFirstNorm(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, mid_channels, out_channels, n)
        self.norm_one = nn.Identity()


class WithoutLastNorm(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, mid_channels, out_channels, n)
        self.norm_other = nn.Identity()


class WithoutScale(Factorised):
    def norm(self, channels):
        norm = nn.BatchNorm2d(channels, self.eps)
        norm.weight.requires_grad_(False)
        return norm


class CutOff(Factorised):
    def forward(self, maps):
        return super().forward(maps).detach()


class NoReluBetween(Factorised):
    def forward(self, maps):
        return torch.relu(self.norm_other(self.other(self.norm_one(self.one(maps)))))


class NoReluAtTheEnd(Factorised):
    def forward(self, maps):
        return self.norm_other(self.other(torch.relu(self.norm_one(self.one(maps)))))


class NoReluAtAll(Factorised):
    def forward(self, maps):
        return self.norm_other(self.other(self.norm_one(self.one(maps))))


class NormAfterRelu(Factorised):
    def forward(self, maps):
        maps = self.norm_one(torch.relu(self.one(maps)))
        return self.norm_other(torch.relu(self.other(maps)))


class FirstNormAfterRelu(Factorised):
    def forward(self, maps):
        maps = self.norm_one(torch.relu(self.one(maps)))
        return torch.relu(self.norm_other(self.other(maps)))


class NormNotUsed(Factorised):
    def forward(self, maps):
        return torch.relu(self.other(torch.relu(self.one(maps)))) + 0 * self.norm_other.weight.sum()


class Leaky(Factorised):
    def forward(self, maps):
        maps = F.leaky_relu(self.norm_one(self.one(maps)))
        return F.leaky_relu(self.norm_other(self.other(maps)))


class RepeatedBorder(Factorised):
    def make_wide(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(0, n // 2), bias=self.bias, padding_mode="replicate")

    def make_high(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=(n // 2, 0), bias=self.bias, padding_mode="replicate")


class AlwaysByTheBatch(Factorised):
    def norm(self, channels):
        return nn.BatchNorm2d(channels, track_running_stats=False)


class NotAffine(Factorised):
    def norm(self, channels):
        return nn.BatchNorm2d(channels, self.eps, affine=False)


class GroupNormalised(Factorised):
    def norm(self, channels):
        return nn.GroupNorm(1, channels)


class EachImageAlone(Factorised):
    def norm(self, channels):
        return nn.InstanceNorm2d(channels, affine=True)


class SharesNorm(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, mid_channels, out_channels, n)
        if mid_channels == out_channels:
            self.norm_other = self.norm_one


class NormBeforeConvolution(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, mid_channels, out_channels, n)
        self.norm_one, self.norm_other = self.norm(in_channels), self.norm(mid_channels)

    def forward(self, maps):
        maps = torch.relu(self.one(self.norm_one(maps)))
        return torch.relu(self.other(self.norm_other(maps)))


class LastNormAfterRelu(Factorised):
    def forward(self, maps):
        maps = torch.relu(self.norm_one(self.one(maps)))
        return self.norm_other(torch.relu(self.other(maps)))


class StopsAtSix(Factorised):
    def forward(self, maps):
        return super().forward(maps).clamp(max=6)


class StopsAtSixTwice(Factorised):
    def forward(self, maps):
        return F.relu6(self.norm_other(self.other(F.relu6(self.norm_one(self.one(maps))))))


class Tanh(Factorised):
    def forward(self, maps):
        return torch.tanh(self.norm_other(self.other(torch.tanh(self.norm_one(self.one(maps))))))


class CircularBorder(Factorised):
    def make_wide(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(0, n // 2), bias=self.bias, padding_mode="circular")


class InputCutOff(Factorised):
    def forward(self, maps):
        return super().forward(maps.detach())


class CutBetween(Factorised):
    def forward(self, maps):
        maps = torch.relu(self.norm_one(self.one(maps))).detach()
        return torch.relu(self.norm_other(self.other(maps)))


class NeverRemembers(Factorised):
    def norm(self, channels):
        return nn.BatchNorm2d(channels, self.eps, momentum=0)


class RemembersTheLast(Factorised):
    def norm(self, channels):
        return nn.BatchNorm2d(channels, self.eps, momentum=0.9)


class NoReluAtTheEndInEvaluation(Factorised):
    def forward(self, maps):
        maps = self.norm_other(self.other(torch.relu(self.norm_one(self.one(maps)))))
        return torch.relu(maps) if self.training else maps


def known(said: str, wrong: type[Factorised], check: str) -> Iterator[Misconception]:
    """Yield a mistake as it looks with and without biases, and with either factor first."""
    for high_first in (False, True):
        for bias in (False, True):
            changed = {"high_first": high_first, "bias": bias}
            yield Misconception(said, type(wrong.__name__, (wrong,), changed), (check,))


MISTAKES = (
    *known(
        "both factors are padded on all sides: 1×n needs zeros left and right only, n×1 above and below",
        PaddedAllAround,
        SIZE,
    ),
    *known("no padding: each factor takes a border away", NotPadded, SIZE),
    *known("the n×1 factor is not padded", HighNotPadded, SIZE),
    *known("the 1×n factor is not padded", WideNotPadded, SIZE),
    *known("something halves the maps: a stride or a pooling", Strided, SIZE),
    *known("the padding is 3 whatever n is: it must be half of n, rounded down", PaddedForSeven, SIZE),
    *known(
        "the factors stand side by side and their maps are stacked; n×1 must work on what 1×n gives",
        SideBySideStacked,
        SIZE,
    ),
    *known("the second factor gives mid_channels maps, or is missing", WithoutSecond, SIZE),
    *known("the paddings are swapped: at the border units see nothing", PaddingsSwapped, VIEW),
    *known(
        "it sees a cross: the factors stand side by side, and n×1 does not work on what 1×n gives",
        SideBySideAdded,
        VIEW,
    ),
    *known("only one of the two factors is there", OneFactor, NUMBERS),
    *known("one n×n convolution: it is not factorised", NotFactorised, NUMBERS),
    *known("a factor is n×n: it has n times too many weights", SecondIsSquare, NUMBERS),
    *known("both factors are n×n: they have n times too many weights", BothSquare, NUMBERS),
    *known("it sees a column only: the 1×n factor is missing, or both are n×1", BothHigh, VIEW),
    *known("it sees a row only: the n×1 factor is missing, or both are 1×n", BothWide, VIEW),
    *known("n is 7 whatever is asked for", OneSizeOnly, NUMBERS),
    *known("each map is treated alone (depthwise); a factor must see all maps", Depthwise, NUMBERS),
    *known("mid_channels is ignored", IgnoresMid, NUMBERS),
    *known("batch normalisation is missing", WithoutNorm, NUMBERS),
    *known("batch normalisation is missing after the first factor", WithoutFirstNorm, NUMBERS),
    *known("batch normalisation is missing after the second factor", WithoutLastNorm, NUMBERS),
    *known("batch normalisation trains a shift and no scale", WithoutScale, NUMBERS),
    *known("batch normalisation has no scale and shift to train", NotAffine, NUMBERS),
    *known("both factors share one batch normalisation where it fits", SharesNorm, NUMBERS),
    *known("batch normalisation stands before the convolution; it belongs behind", NormBeforeConvolution, TWICE),
    *known("the output is cut off, by detach or no_grad", CutOff, VIEW),
    *known("the input is cut off from the gradient, by detach or no_grad", InputCutOff, VIEW),
    *known("the first factor is cut off from the gradient, by detach or no_grad", CutBetween, VIEW),
    *known("no ReLU between the factors: the two are one linear filter", NoReluBetween, TWICE),
    *known("the ReLU at the end is missing", NoReluAtTheEnd, TWICE),
    *known("no ReLU at all", NoReluAtAll, TWICE),
    *known("the ReLU at the end is missing in evaluation", NoReluAtTheEndInEvaluation, FOR_ITSELF),
    *known("batch normalisation stands after the ReLU; the paper has it before", NormAfterRelu, TWICE),
    *known("the first batch normalisation stands after its ReLU", FirstNormAfterRelu, TWICE),
    *known("the last batch normalisation stands after its ReLU", LastNormAfterRelu, TWICE),
    *known("batch normalisation is made and does nothing", NormNotUsed, TWICE),
    *known("a leaky ReLU: below zero a ReLU gives exactly 0", Leaky, TWICE),
    *known("tanh in place of ReLU", Tanh, TWICE),
    *known("the last ReLU is a ReLU6: it cuts off what is above six", StopsAtSix, TWICE),
    *known("ReLU6 cuts off what is above six; ReLU lets it through", StopsAtSixTwice, TWICE),
    *known("each image is normalised by itself, not the batch", EachImageAlone, TWICE),
    *known(
        "each image is normalised by itself, over all its maps (GroupNorm); batch normalisation takes the batch",
        GroupNormalised,
        TWICE,
    ),
    *known("the border is not padded with zeros", RepeatedBorder, TWICE),
    *known("the border of the 1×n factor is not padded with zeros", CircularBorder, TWICE),
    *known("batch normalisation uses the batch in evaluation too", AlwaysByTheBatch, FOR_ITSELF),
    *known(
        "the running averages never move in training, so evaluation knows nothing of the data",
        NeverRemembers,
        FOR_ITSELF,
    ),
    *known(
        "the running averages have their shares exchanged: a new batch counts a tenth", RemembersTheLast, FOR_ITSELF
    ),
)
