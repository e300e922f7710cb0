"""A module of Xception in steps, and modules with a mistake, each of which changes a line or two."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.xception.exercise.separable_convolution_mistakes import (
    BiasAlways,
    BiasInPointwiseAlways,
    NormBetween,
    PointwiseFirst,
    ReluBetween,
    Separable,
)


class Module(nn.Module):
    """The module of the text, in steps that a mistake can change one by one.

    Args:
        in_channels: number of input channels.
        filters: of each separable convolution, in order.
        leading_relu: whether a ReLU stands before the first one too.
        downsample: whether a max pooling halves the maps.

    """

    separable = Separable

    def __init__(
        self, in_channels: int, filters: Sequence[int], leading_relu: bool = True, downsample: bool = False
    ) -> None:
        super().__init__()
        self.leading_relu, self.downsample = leading_relu, downsample
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        channels = in_channels
        for out_channels in filters:
            self.convolutions.append(self.separable(channels, out_channels))
            self.norms.append(self.norm(out_channels))
            channels = out_channels
        self.pool = self.pooling() if downsample else nn.Identity()
        self.shortcut = self.short_way(in_channels, channels) if downsample else self.plain_way(in_channels, channels)

    def norm(self, channels: int) -> nn.Module:
        return nn.BatchNorm2d(channels)

    def pooling(self) -> nn.Module:
        return nn.MaxPool2d(3, stride=2, padding=1)

    def short_way(self, channels: int, out_channels: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(channels, out_channels, 1, 2, bias=False), nn.BatchNorm2d(out_channels))

    def plain_way(self, channels: int, out_channels: int) -> nn.Module:
        return nn.Identity()

    def before(self, number: int, maps: Tensor) -> Tensor:
        return F.relu(maps) if number or self.leading_relu else maps

    def behind(self, number: int, maps: Tensor) -> Tensor:
        return maps

    def residual(self, maps: Tensor) -> Tensor:
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            maps = self.behind(number, norm(convolution(self.before(number, maps))))
        return maps

    def forward(self, maps: Tensor) -> Tensor:
        return self.pool(self.residual(maps)) + self.shortcut(maps)


# ReLUs ----------------------------------------------------------------------------------------------------------------


class NoLeadingRelu(Module):
    def before(self, number, maps):
        return F.relu(maps) if number else maps


class AlwaysLeadingRelu(Module):
    def before(self, number, maps):
        return F.relu(maps)


class OnlyLeadingRelu(Module):
    def before(self, number, maps):
        return maps if number else super().before(number, maps)


class NoRelu(Module):
    def before(self, number, maps):
        return maps


class NoReluInEvaluation(Module):
    def before(self, number, maps):
        return super().before(number, maps) if self.training else maps


class ReluBehind(NoRelu):
    def behind(self, number, maps):
        return F.relu(maps)


class ReluAtTheEndToo(Module):
    def behind(self, number, maps):
        return F.relu(maps) if number == len(self.norms) - 1 else maps


class ReluWithin(Module):
    separable = ReluBetween


class Relu6(Module):
    def before(self, number, maps):
        return F.relu6(maps) if number or self.leading_relu else maps


class ReluAfterAddition(Module):
    def forward(self, maps):
        return F.relu(super().forward(maps))


class InPlace(Module):
    def before(self, number, maps):
        return F.relu(maps, inplace=True) if number or self.leading_relu else maps


# The shortcut ---------------------------------------------------------------------------------------------------------


class ShortcutOfRelu(Module):
    def forward(self, maps):
        started = self.before(0, maps)
        return self.pool(self.residual(started)) + self.shortcut(started)


class ShortcutOfReluAlways(Module):
    def forward(self, maps):
        return self.pool(self.residual(maps)) + self.shortcut(F.relu(maps))


class WithoutShortcut(Module):
    def short_way(self, channels, out_channels):
        return nn.Identity()

    def forward(self, maps):
        return self.pool(self.residual(maps))


class ShortcutOnlyInTheMiddle(WithoutShortcut):
    def forward(self, maps):
        inner = super().forward(maps)
        return inner if self.downsample else inner + maps


class AlwaysProjects(Module):
    def plain_way(self, channels, out_channels):
        return nn.Sequential(nn.Conv2d(channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))


class AlwaysConvolves(Module):
    def plain_way(self, channels, out_channels):
        return nn.Conv2d(channels, out_channels, 1, bias=False)


class ProjectsForOtherChannelsOnly(Module):
    def short_way(self, channels, out_channels):
        return nn.MaxPool2d(1, 2) if channels == out_channels else super().short_way(channels, out_channels)


class ProjectionWithoutNorm(Module):
    def short_way(self, channels, out_channels):
        return super().short_way(channels, out_channels)[:1]


class ProjectionWithBias(Module):
    def short_way(self, channels, out_channels):
        return nn.Sequential(nn.Conv2d(channels, out_channels, 1, 2), nn.BatchNorm2d(out_channels))


class ProjectionWithoutStride(Module):
    def short_way(self, channels, out_channels):
        return self.plain_way(channels, out_channels)

    def plain_way(self, channels, out_channels):
        if not self.downsample:
            return nn.Identity()
        return nn.Sequential(nn.Conv2d(channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))


class ProjectionIsWide(Module):
    def short_way(self, channels, out_channels):
        wide = nn.Conv2d(channels, out_channels, 3, 2, padding=1, bias=False)
        return nn.Sequential(wide, nn.BatchNorm2d(out_channels))


class ShortcutCutOff(Module):
    def forward(self, maps):
        return self.pool(self.residual(maps)) + self.shortcut(maps).detach()


class ShortcutInputCutOff(Module):
    def forward(self, maps):
        return self.pool(self.residual(maps)) + self.shortcut(maps.detach())


class PlainShortcutCutOff(Module):
    def forward(self, maps):
        kept = self.shortcut(maps if self.downsample else maps.detach())
        return self.pool(self.residual(maps)) + kept


class ResidualInputCutOff(Module):
    def forward(self, maps):
        return self.pool(self.residual(maps.detach())) + self.shortcut(maps)


# Pooling --------------------------------------------------------------------------------------------------------------


class AveragePooled(Module):
    def pooling(self):
        return nn.AvgPool2d(3, stride=2, padding=1)


class ThinnedOut(Module):
    def pooling(self):
        return nn.MaxPool2d(1, stride=2)


class PooledByTwo(Module):
    def pooling(self):
        return nn.MaxPool2d(2)


class PooledByTwoRoundedUp(Module):
    def pooling(self):
        return nn.MaxPool2d(2, ceil_mode=True)


class PooledFirst(Module):
    def forward(self, maps):
        return self.residual(self.pool(maps)) + self.shortcut(maps)


class Unpooled(ProjectionWithoutStride):
    def pooling(self):
        return nn.Identity()


# Layers ---------------------------------------------------------------------------------------------------------------


class OrdinaryConvolutions(Module):
    def separable(self, channels, out_channels):
        return nn.Conv2d(channels, out_channels, 3, padding=1, bias=False)


class PointwiseStepFirst(Module):
    separable = PointwiseFirst


class SharedConvolutions(Module):
    def separable(self, channels, out_channels):
        kept = self.__dict__.setdefault("kept", {})
        return kept.setdefault((channels, out_channels), Separable(channels, out_channels))


class WithoutNorms(Module):
    def norm(self, channels):
        return nn.Identity()


class NormsOfTheBatch(Module):
    def norm(self, channels):
        return nn.BatchNorm2d(channels, track_running_stats=False)


class NormsWithin(Module):
    separable = NormBetween


class NormAfterAddition(Module):
    def residual(self, maps):
        for number, convolution in enumerate(self.convolutions):
            maps = convolution(self.before(number, maps))
            maps = self.norms[number](maps) if number < len(self.norms) - 1 else maps
        return maps

    def forward(self, maps):
        return self.norms[-1](super().forward(maps))


class BiasesEverywhere(Module):
    separable = BiasAlways


class BiasesInPointwise(Module):
    separable = BiasInPointwiseAlways


class BiasesInTheShortcutToo(ProjectionWithBias, BiasesEverywhere):
    pass


class OnlyFirstFilters(Module):
    def __init__(self, in_channels, filters, leading_relu=True, downsample=False):
        super().__init__(in_channels, filters[:1], leading_relu, downsample)


class NoLeadingReluByDefault(Module):
    def __init__(self, in_channels, filters, leading_relu=False, downsample=False):
        super().__init__(in_channels, filters, leading_relu, downsample)


class HalvesByDefault(Module):
    def __init__(self, in_channels, filters, leading_relu=True, downsample=True):
        super().__init__(in_channels, filters, leading_relu, downsample)
