"""A separable convolution with all its arguments, and mistakes in it: each changes a line or two."""

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Misconception

SHAPE, NUMBERS, NOTHING, KERNELS, CONVOLUTION, BIAS, SEVERAL = (
    "shape of what comes out",
    "trainable numbers",
    "nothing between the steps, nothing behind them",
    "a kernel for each channel, shared by all output maps",
    "as an ordinary convolution with the same kernel",
    "bias",
    "several kernels a channel",
)


class Separable(nn.Module):
    """A depthwise convolution, then a pointwise one, in steps that a mistake can change one by one.

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels.
        kernel_size: of the depthwise step.
        stride: of the depthwise step.
        multiplier: kernels for each input channel.
        bias: whether the pointwise step has one.

    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        multiplier: int = 1,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.make(in_channels, in_channels * multiplier, out_channels, kernel_size, stride, bias)

    def make(self, channels: int, between: int, out_channels: int, kernel: int, stride: int, bias: bool) -> None:
        self.depthwise = self.first(channels, between, kernel, stride, bias)
        self.pointwise = self.second(between, out_channels, kernel, stride, bias)

    def first(self, channels: int, between: int, kernel: int, stride: int, bias: bool) -> nn.Module:
        return nn.Conv2d(channels, between, kernel, stride, kernel // 2, groups=channels, bias=False)

    def second(self, between: int, out_channels: int, kernel: int, stride: int, bias: bool) -> nn.Module:
        return nn.Conv2d(between, out_channels, 1, bias=bias)

    def between(self, maps: Tensor) -> Tensor:
        return maps

    def forward(self, maps: Tensor) -> Tensor:
        return self.pointwise(self.between(self.depthwise(maps)))


# Shapes ---------------------------------------------------------------------------------------------------------------


class WithoutPadding(Separable):
    def first(self, channels, between, kernel, stride, bias):
        return nn.Conv2d(channels, between, kernel, stride, groups=channels, bias=False)


class PaddingOfOne(Separable):
    def first(self, channels, between, kernel, stride, bias):
        return nn.Conv2d(channels, between, kernel, stride, 1, groups=channels, bias=False)


class PaddedTwice(Separable):
    def second(self, between, out_channels, kernel, stride, bias):
        return nn.Conv2d(between, out_channels, 1, padding=kernel // 2, bias=bias)


class StrideInBoth(Separable):
    def second(self, between, out_channels, kernel, stride, bias):
        return nn.Conv2d(between, out_channels, 1, stride, bias=bias)


class StrideIgnored(Separable):
    def first(self, channels, between, kernel, stride, bias):
        return super().first(channels, between, kernel, 1, bias)


class StrideOfTwoByDefault(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=2, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, multiplier, bias)


class OnlyDepthwise(Separable):
    def forward(self, maps):
        return self.depthwise(maps)


# Parameters -----------------------------------------------------------------------------------------------------------


class WithoutGroups(Separable):
    def first(self, channels, between, kernel, stride, bias):
        return nn.Conv2d(channels, between, kernel, stride, kernel // 2, bias=False)


class Ordinary(Separable):
    def make(self, channels, between, out_channels, kernel, stride, bias):
        self.depthwise = nn.Conv2d(channels, out_channels, kernel, stride, kernel // 2, bias=bias)
        self.pointwise = nn.Identity()


class PointwiseFirst(Separable):
    def make(self, channels, between, out_channels, kernel, stride, bias):
        self.depthwise = nn.Conv2d(channels, out_channels, 1, bias=False)
        self.pointwise = nn.Conv2d(
            out_channels, out_channels, kernel, stride, kernel // 2, groups=out_channels, bias=bias
        )


class OneKernel(Separable):
    def forward(self, maps):
        multiplier = self.depthwise.out_channels // self.depthwise.in_channels
        kernels = self.depthwise.weight[:multiplier].repeat(maps.shape[1], 1, 1, 1)
        wide = self.depthwise
        return self.pointwise(F.conv2d(maps, kernels, None, wide.stride, wide.padding, groups=maps.shape[1]))

    def make(self, channels, between, out_channels, kernel, stride, bias):
        super().make(channels, between, out_channels, kernel, stride, bias)
        self.depthwise.weight = nn.Parameter(self.depthwise.weight[: between // channels].detach())


class ColumnAndRow(Separable):
    def first(self, channels, between, kernel, stride, bias):
        return nn.Sequential(
            nn.Conv2d(channels, between, (1, kernel), (1, stride), (0, kernel // 2), groups=channels, bias=False),
            nn.Conv2d(between, between, (kernel, 1), (stride, 1), (kernel // 2, 0), groups=between, bias=False),
        )


class Factorised(Separable):
    def make(self, channels, between, out_channels, kernel, stride, bias):
        reach = kernel // 2
        self.depthwise = nn.Conv2d(channels, out_channels, (1, kernel), (1, stride), (0, reach), bias=False)
        self.pointwise = nn.Conv2d(out_channels, out_channels, (kernel, 1), (stride, 1), (reach, 0), bias=bias)


class AddedUpFirst(Separable):
    def second(self, between, out_channels, kernel, stride, bias):
        return nn.Conv2d(1, out_channels, 1, bias=bias)

    def between(self, maps):
        return maps.sum(dim=1, keepdim=True)


class PointwiseInGroups(Separable):
    def second(self, between, out_channels, kernel, stride, bias):
        groups = between if out_channels % between == 0 else 1
        return nn.Conv2d(between, out_channels, 1, groups=groups, bias=bias)


class NormBetween(Separable):
    def first(self, channels, between, kernel, stride, bias):
        return nn.Sequential(super().first(channels, between, kernel, stride, bias), nn.BatchNorm2d(between))


class NormAtTheEnd(Separable):
    def second(self, between, out_channels, kernel, stride, bias):
        return nn.Sequential(super().second(between, out_channels, kernel, stride, bias), nn.BatchNorm2d(out_channels))


class NormsInBoth(NormBetween, NormAtTheEnd):
    pass


class BiasAlways(Separable):
    def first(self, channels, between, kernel, stride, bias):
        return nn.Conv2d(channels, between, kernel, stride, kernel // 2, groups=channels)

    def second(self, between, out_channels, kernel, stride, bias):
        return nn.Conv2d(between, out_channels, 1)


class BiasInPointwiseAlways(Separable):
    def second(self, between, out_channels, kernel, stride, bias):
        return nn.Conv2d(between, out_channels, 1)


class BiasByDefault(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=True):
        super().__init__(in_channels, out_channels, kernel_size, stride, multiplier, bias)


class SeveralByDefault(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=2, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, multiplier, bias)


# What stands between and behind the steps -----------------------------------------------------------------------------


class ReluBetween(Separable):
    def between(self, maps):
        return F.relu(maps)


class EluBetween(Separable):
    def between(self, maps):
        return F.elu(maps)


class ReluAtTheEnd(Separable):
    def forward(self, maps):
        return F.relu(super().forward(maps))


class ReluInBoth(ReluBetween, ReluAtTheEnd):
    pass


class ReluInEvaluation(Separable):
    def forward(self, maps):
        return super().forward(maps) if self.training else F.relu(super().forward(maps))


class ReluBefore(Separable):
    def forward(self, maps):
        return super().forward(F.relu(maps))


class Replicated(Separable):
    def first(self, channels, between, kernel, stride, bias):
        made = super().first(channels, between, kernel, stride, bias)
        made.padding_mode, made._reversed_padding_repeated_twice = "replicate", [kernel // 2] * 4
        return made


class CutOff(Separable):
    def forward(self, maps):
        return super().forward(maps).detach()


class InputCutOff(Separable):
    def forward(self, maps):
        return super().forward(maps.detach())


class CutBetween(Separable):
    def between(self, maps):
        return maps.detach()


# Bias and multiplier --------------------------------------------------------------------------------------------------


class BiasInBoth(Separable):
    def first(self, channels, between, kernel, stride, bias):
        return nn.Conv2d(channels, between, kernel, stride, kernel // 2, groups=channels, bias=bias)


class BiasInTheFirst(BiasInBoth):
    def second(self, between, out_channels, kernel, stride, bias):
        return nn.Conv2d(between, out_channels, 1, bias=False)


class BiasIgnored(Separable):
    def second(self, between, out_channels, kernel, stride, bias):
        return nn.Conv2d(between, out_channels, 1, bias=False)


class BiasNotAdded(Separable):
    def forward(self, maps):
        return F.conv2d(self.depthwise(maps), self.pointwise.weight)


class NoBiasInEvaluation(Separable):
    def forward(self, maps):
        return super().forward(maps) if self.training else F.conv2d(self.depthwise(maps), self.pointwise.weight)


class MultiplierIgnored(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, 1, bias)


MISTAKES = (
    Misconception("no zeros round the maps: padding is missing", WithoutPadding, (SHAPE,)),
    Misconception("zeros are put round the maps as for 3×3, whatever the size of the kernel", PaddingOfOne, (SHAPE,)),
    Misconception("zeros are put round the maps twice: the 1×1 step needs none", PaddedTwice, (SHAPE,)),
    Misconception("the stride is in both steps; it belongs to the depthwise one", StrideInBoth, (SHAPE,)),
    Misconception("the stride is left out", StrideIgnored, (SHAPE,)),
    Misconception("the stride is 2 where none is given; the text says 1", StrideOfTwoByDefault, (SHAPE,)),
    Misconception(
        "the pointwise step is missing: what comes out is one map a channel and kernel", OnlyDepthwise, (SHAPE,)
    ),
    Misconception(
        "groups are missing: the first step sees all channels, as an ordinary convolution does",
        WithoutGroups,
        (NUMBERS,),
    ),
    Misconception("one ordinary convolution: nothing is separated", Ordinary, (NUMBERS,)),
    Misconception(
        "1×1 comes first and k×k works on what it gives: that is the order of Inception; here k×k comes first",
        PointwiseFirst,
        (NUMBERS,),
    ),
    Misconception("one kernel for all channels; each channel has one of its own", OneKernel, (NUMBERS,)),
    Misconception(
        "k×1 and 1×k in the place of k×k: chapter 5's separable kernels, which is another thing",
        ColumnAndRow,
        (NUMBERS,),
    ),
    Misconception(
        "k×1 and 1×k, with all channels in both: chapter 5's factorised convolution, which is another thing",
        Factorised,
        (NUMBERS,),
    ),
    Misconception(
        "the channels are added up before the pointwise step; it must see each of them", AddedUpFirst, (NUMBERS,)
    ),
    Misconception("the pointwise step has groups; it must mix all channels", PointwiseInGroups, (KERNELS,)),
    Misconception("batch normalisation between the two steps", NormBetween, (NUMBERS,)),
    Misconception("batch normalisation at the end: that is a layer of its own", NormAtTheEnd, (NUMBERS,)),
    Misconception("batch normalisation between and behind the steps", NormsInBoth, (NUMBERS,)),
    Misconception("a bias in both steps where none is asked for", BiasAlways, (NUMBERS,)),
    Misconception("a bias where none is asked for", BiasInPointwiseAlways, (NUMBERS,)),
    Misconception("bias is True where it is not given; the text says False", BiasByDefault, (NUMBERS,)),
    Misconception("multiplier is 2 where it is not given; the text says 1", SeveralByDefault, (NUMBERS,)),
    Misconception("a ReLU between the two steps; there is nothing", ReluBetween, (NOTHING,)),
    Misconception("an ELU between the two steps; there is nothing", EluBetween, (NOTHING,)),
    Misconception(
        "a ReLU at the end: in Xception it stands before the next layer, outside of this one", ReluAtTheEnd, (NOTHING,)
    ),
    Misconception("a ReLU behind each of the two steps; there is none in this layer", ReluInBoth, (NOTHING,)),
    Misconception("a ReLU at the end in evaluation", ReluInEvaluation, (NOTHING,)),
    Misconception(
        "a ReLU before the depthwise step: in Xception it stands there, but outside of this layer",
        ReluBefore,
        (NOTHING,),
    ),
    Misconception("only the border is wrong: zeros belong round the maps, no other values", Replicated, (CONVOLUTION,)),
    Misconception("the output is cut off, by detach, .data or no_grad", CutOff, (KERNELS,)),
    Misconception(
        "the input is cut off, by detach, .data or no_grad: nothing before this layer could learn",
        InputCutOff,
        (KERNELS,),
    ),
    Misconception("the first step is cut off from the gradient, by detach or no_grad", CutBetween, (KERNELS,)),
    Misconception("a bias in the depthwise step too; one of the two is enough", BiasInBoth, (BIAS,)),
    Misconception("a bias in the depthwise step only; it belongs to the pointwise one", BiasInTheFirst, (BIAS,)),
    Misconception("bias is ignored", BiasIgnored, (BIAS,)),
    Misconception("the bias is there and is not added", BiasNotAdded, (BIAS,)),
    Misconception("the bias is not added in evaluation", NoBiasInEvaluation, (BIAS,)),
    Misconception("multiplier is ignored", MultiplierIgnored, (SEVERAL,)),
)
