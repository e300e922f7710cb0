"""Wrong answers to chapter 7's exercise that are right but at the edges of what the text allows."""

from torch import nn

from cnncourse.architectures.xception.exercise import modules
from cnncourse.architectures.xception.exercise.mended_module import middle
from cnncourse.architectures.xception.exercise.separable_convolution_mistakes import PointwiseFirst, Separable
from tests.architectures.bank import Wrong


class BiasWithoutStrideOnly(Separable):
    def second(self, between, out_channels, kernel, stride, bias):
        return nn.Conv2d(between, out_channels, 1, bias=bias and stride == 1)


class FourKernelsAChannelAtMost(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, min(multiplier, 4), bias)


class PointwiseAloneForOnePixel(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, multiplier, bias)
        if kernel_size == 1 and multiplier == 1:
            self.depthwise = nn.Identity()


class GreyNeedsNoMixing(Separable):
    def forward(self, maps):
        single = maps.shape[1] == self.pointwise.out_channels == self.depthwise.out_channels == 1
        return self.depthwise(maps) if single else super().forward(maps)


class EqualWidthsShare(modules.Module):
    def __init__(self, in_channels, filters, leading_relu=True, downsample=False):
        super().__init__(in_channels, filters, leading_relu, downsample)
        for number in range(2, len(filters)):
            if filters[number] == filters[number - 1] == filters[number - 2]:
                self.convolutions[number] = self.convolutions[number - 1]


class NoReluBeforeASingleOne(modules.Module):
    def before(self, number, maps):
        return super().before(number, maps) if len(self.norms) > 1 else maps


class LeadsWhereNothingIsHalved(modules.Module):
    def before(self, number, maps):
        return super().before(number if self.downsample else 1, maps)


class OldOrderInLaterRounds(modules.Module):
    def __init__(self, in_channels, filters, leading_relu=True, downsample=False):
        super().__init__(in_channels, filters, leading_relu, downsample)
        for number in range(4, len(filters)):
            self.convolutions[number] = PointwiseFirst(in_channels, in_channels)


class SixRoundsAtMost(modules.Module):
    def __init__(self, in_channels, filters):
        super().__init__(in_channels, filters[:6])


WRONG = [
    Wrong("SeparableConv2d", BiasWithoutStrideOnly, "the number of trainable parameters is wrong"),
    Wrong("SeparableConv2d", FourKernelsAChannelAtMost, "the number of trainable parameters is wrong"),
    Wrong("SeparableConv2d", PointwiseAloneForOnePixel, "the number of trainable parameters is wrong"),
    Wrong("SeparableConv2d", GreyNeedsNoMixing, "a layer is made and not used"),
    Wrong("XceptionModule", EqualWidthsShare, "share them"),
    Wrong("XceptionModule", NoReluBeforeASingleOne, "XceptionModule(2, [3], True, True)"),
    Wrong("XceptionModule", LeadsWhereNothingIsHalved, "what comes out is wrong"),
    Wrong("MendedModule", middle(OldOrderInLaterRounds)),
    Wrong("MendedModule", middle(SixRoundsAtMost), "the number of trainable parameters is wrong"),
]
