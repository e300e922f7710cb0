"""Answers to chapter 7's exercise as learners write them: wrong ones, one a misconception, and right ones."""

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


# The separable convolution, wrong ------------------------------------------------------------------------------------


class Separable(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__()
        self.depthwise = self.first(in_channels, in_channels * multiplier, kernel_size, stride, bias)
        self.pointwise = self.second(in_channels * multiplier, out_channels, kernel_size, stride, bias)

    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, stride, k // 2, groups=i, bias=False)

    def second(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, 1, bias=bias)

    def forward(self, maps):
        return self.pointwise(self.depthwise(maps))


class WithoutPadding(Separable):
    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, stride, groups=i, bias=False)


class PaddedTwice(Separable):
    def second(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, 1, padding=k // 2, bias=bias)


class StrideInBoth(Separable):
    def second(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, 1, stride, bias=bias)


class StrideIgnored(Separable):
    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, 1, k // 2, groups=i, bias=False)


class OnlyDepthwise(Separable):
    def forward(self, maps):
        return self.depthwise(maps)


class WithoutGroups(Separable):
    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, stride, k // 2, bias=False)


class Ordinary(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=bias)

    def forward(self, maps):
        return self.convolution(maps)


class PointwiseFirst(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__()
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.depthwise = nn.Conv2d(
            out_channels, out_channels, kernel_size, stride, kernel_size // 2, groups=out_channels, bias=bias
        )

    def forward(self, maps):
        return self.depthwise(self.pointwise(maps))


class GroupsOfOutput(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, multiplier, bias)
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, kernel_size, stride, kernel_size // 2, groups=out_channels, bias=False
        )


class PointwiseInGroups(Separable):
    def second(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, 1, groups=i if o % i == 0 else 1, bias=bias)


class OneKernel(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__()
        self.stride, self.channels = stride, in_channels
        self.kernel = nn.Parameter(torch.randn(multiplier, 1, kernel_size, kernel_size))
        self.pointwise = nn.Conv2d(in_channels * multiplier, out_channels, 1, bias=bias)

    def forward(self, maps):
        kernels = self.kernel.repeat(self.channels, 1, 1, 1)
        padding = self.kernel.shape[-1] // 2
        return self.pointwise(F.conv2d(maps, kernels, None, self.stride, padding, groups=self.channels))


class ColumnAndRow(Separable):
    def first(self, i, o, k, stride, bias):
        return nn.Sequential(
            nn.Conv2d(i, o, (1, k), (1, stride), (0, k // 2), groups=i, bias=False),
            nn.Conv2d(o, o, (k, 1), (stride, 1), (k // 2, 0), groups=o, bias=False),
        )


class Factorised(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__()
        reach = kernel_size // 2
        self.wide = nn.Conv2d(in_channels, out_channels, (1, kernel_size), (1, stride), (0, reach), bias=False)
        self.high = nn.Conv2d(out_channels, out_channels, (kernel_size, 1), (stride, 1), (reach, 0), bias=bias)

    def forward(self, maps):
        return self.high(self.wide(maps))


class AddedUpFirst(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__()
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, kernel_size, stride, kernel_size // 2, groups=in_channels, bias=False
        )
        self.pointwise = nn.Conv2d(1, out_channels, 1, bias=bias)

    def forward(self, maps):
        return self.pointwise(self.depthwise(maps).sum(dim=1, keepdim=True))


class ReluBetween(Separable):
    def forward(self, maps):
        return self.pointwise(F.relu(self.depthwise(maps)))


class EluBetween(Separable):
    def forward(self, maps):
        return self.pointwise(F.elu(self.depthwise(maps)))


class ReluAtTheEnd(Separable):
    def forward(self, maps):
        return F.relu(super().forward(maps))


class ReluBefore(Separable):
    def forward(self, maps):
        return super().forward(F.relu(maps))


class NormBetween(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, multiplier, bias)
        self.norm = nn.BatchNorm2d(in_channels * multiplier)

    def forward(self, maps):
        return self.pointwise(self.norm(self.depthwise(maps)))


class NormAtTheEnd(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, multiplier, bias)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, maps):
        return self.norm(super().forward(maps))


class BiasInBoth(Separable):
    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, stride, k // 2, groups=i, bias=bias)


class BiasInTheFirst(BiasInBoth):
    def second(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, 1, bias=False)


class BiasAlways(Separable):
    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, stride, k // 2, groups=i)

    def second(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, 1)


class BiasIgnored(Separable):
    def second(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, 1, bias=False)


class BiasNotAdded(BiasIgnored):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, multiplier, bias)
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None


class MultiplierIgnored(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, 1, bias)


class Reflected(Separable):
    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, stride, k // 2, groups=i, bias=False, padding_mode="replicate")


class Detached(Separable):
    def forward(self, maps):
        return super().forward(maps).detach()


class InAList(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        nn.Module.__init__(self)
        self.steps = [
            self.first(in_channels, in_channels * multiplier, kernel_size, stride, bias),
            self.second(in_channels * multiplier, out_channels, kernel_size, stride, bias),
        ]

    def forward(self, maps):
        return self.steps[1](self.steps[0](maps))


class WithoutReturn(Separable):
    def forward(self, maps):
        self.pointwise(self.depthwise(maps))


class KnowsSmallKernels(Separable):
    """Right for kernels of 3×3 and 5×5, which is all that the notebook tries."""

    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, stride, 1 if k == 3 else 2, groups=i, bias=False)


class KnowsStrideTwo(Separable):
    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, 1 if stride == 1 else 2, k // 2, groups=i, bias=False)


class KnowsThreeKernels(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, 1 if multiplier == 1 else 3, bias)


# The separable convolution, right ------------------------------------------------------------------------------------


class InSequence(nn.Sequential):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        between = in_channels * multiplier
        super().__init__(
            nn.Conv2d(in_channels, between, kernel_size, stride, "same" if stride == 1 else kernel_size // 2,
                      groups=in_channels, bias=False),
            nn.Conv2d(between, out_channels, 1, bias=bias),
        )  # fmt: skip


class WithUnfold(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride
        self.kernels = nn.Parameter(torch.randn(in_channels, multiplier, kernel_size**2) / kernel_size)
        self.mix = nn.Parameter(torch.randn(out_channels, in_channels, multiplier) / in_channels**0.5)
        self.shift = nn.Parameter(torch.zeros(out_channels)) if bias else None

    def forward(self, maps):
        count, channels, height, _ = maps.shape
        windows = F.unfold(maps, self.kernel_size, padding=self.kernel_size // 2, stride=self.stride)
        windows = windows.view(count, channels, self.kernel_size**2, -1)
        output = torch.einsum("nckp,cmk,ocm->nop", windows, self.kernels, self.mix)
        output = output.view(count, len(self.mix), (height - 1) // self.stride + 1, -1)
        return output if self.shift is None else output + self.shift.view(-1, 1, 1)


class AsOneKernel(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__()
        self.stride = stride
        # As TensorFlow stores them: height, width, channels, multiplier.
        self.kernels = nn.Parameter(torch.randn(kernel_size, kernel_size, in_channels, multiplier))
        self.mix = nn.Parameter(torch.randn(in_channels, multiplier, out_channels))
        if bias:
            self.bias = nn.Parameter(torch.zeros(out_channels))
        else:
            self.register_parameter("bias", None)

    def forward(self, maps):
        kernel = torch.einsum("hwcm,cmo->ochw", self.kernels, self.mix)
        return F.conv2d(maps, kernel, self.bias, self.stride, kernel.shape[-1] // 2)


class ChannelByChannel(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__()
        self.depthwise = nn.ModuleList(
            nn.Conv2d(1, multiplier, kernel_size, padding=kernel_size // 2, bias=False) for _ in range(in_channels)
        )
        self.pointwise = nn.Linear(in_channels * multiplier, out_channels, bias=bias)
        self.stride = stride

    def forward(self, maps):
        maps = torch.cat([layer(maps[:, i : i + 1]) for i, layer in enumerate(self.depthwise)], dim=1)
        maps = maps[:, :, :: self.stride, :: self.stride]
        return self.pointwise(maps.movedim(1, -1)).movedim(-1, 1)


class StrideInPointwise(Separable):
    """Gives the same numbers, at more cost: what comes out cannot tell."""

    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, 1, k // 2, groups=i, bias=False)

    def second(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, 1, stride, bias=bias)


class LazyPointwise(Separable):
    def second(self, i, o, k, stride, bias):
        return nn.LazyConv2d(o, 1, bias=bias)


# The module, wrong ---------------------------------------------------------------------------------------------------


class Module(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, filters, leading_relu=True, downsample=False):
        super().__init__()
        self.downsample, self.leading_relu = downsample, leading_relu
        channels = [in_channels, *filters]
        pairs = list(zip(channels, filters, strict=False))
        self.convolutions = nn.ModuleList(self.separable(before, after) for before, after in pairs)
        self.norms = nn.ModuleList(self.norm(after) for after in filters)
        self.pool = self.pooling() if downsample else nn.Identity()
        self.shortcut = self.short_way(in_channels, filters[-1])

    def separable(self, before, after):
        return Separable(before, after)

    def norm(self, channels):
        return nn.BatchNorm2d(channels, eps=1e-3)

    def pooling(self):
        return nn.MaxPool2d(3, stride=2, padding=1)

    def short_way(self, before, after):
        if not self.downsample:
            return nn.Identity()
        return nn.Sequential(nn.Conv2d(before, after, 1, stride=2, bias=False), nn.BatchNorm2d(after))

    def residual(self, maps):
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            if self.leading_relu or number > 0:
                maps = F.relu(maps)
            maps = norm(convolution(maps))
        return maps

    def forward(self, maps):
        return self.pool(self.residual(maps)) + self.shortcut(maps)


class NoLeadingRelu(Module):
    def residual(self, maps):
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            maps = norm(convolution(F.relu(maps) if number else maps))
        return maps


class AlwaysLeadingRelu(Module):
    def residual(self, maps):
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            maps = norm(convolution(F.relu(maps)))
        return maps


class OnlyLeadingRelu(Module):
    def residual(self, maps):
        maps = F.relu(maps) if self.leading_relu else maps
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            maps = norm(convolution(maps))
        return maps


class ReluBehind(Module):
    def residual(self, maps):
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            maps = F.relu(norm(convolution(maps)))
        return maps


class ReluAtTheEndToo(Module):
    def residual(self, maps):
        return F.relu(super().residual(maps))


class ReluWithin(Module):
    def separable(self, before, after):
        return ReluBetween(before, after)


class ReluAfterAddition(Module):
    def forward(self, maps):
        return F.relu(super().forward(maps))


class InPlace(Module):
    def residual(self, maps):
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            if self.leading_relu or number > 0:
                maps = F.relu(maps, inplace=True)
            maps = norm(convolution(maps))
        return maps


class ShortcutOfRelu(Module):
    def forward(self, maps):
        started = F.relu(maps) if self.leading_relu else maps
        return self.pool(self.residual(started)) + self.shortcut(started)


class WithoutShortcut(Module):
    def __init__(self, in_channels, filters, leading_relu=True, downsample=False):
        super().__init__(in_channels, filters, leading_relu, downsample)
        self.shortcut = None

    def forward(self, maps):
        return self.pool(self.residual(maps))


class ShortcutOnlyInTheMiddle(Module):
    def short_way(self, before, after):
        return nn.Identity()

    def forward(self, maps):
        inner = self.pool(self.residual(maps))
        return inner if self.downsample else inner + maps


class AlwaysProjects(Module):
    def short_way(self, before, after):
        stride = 2 if self.downsample else 1
        return nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))


class ProjectionWithoutNorm(Module):
    def short_way(self, before, after):
        return nn.Conv2d(before, after, 1, 2, bias=False) if self.downsample else nn.Identity()


class ProjectionWithBias(Module):
    def short_way(self, before, after):
        if not self.downsample:
            return nn.Identity()
        return nn.Sequential(nn.Conv2d(before, after, 1, 2), nn.BatchNorm2d(after))


class ProjectionWithoutStride(Module):
    def short_way(self, before, after):
        if not self.downsample:
            return nn.Identity()
        return nn.Sequential(nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after))


class ProjectionIsWide(Module):
    def short_way(self, before, after):
        if not self.downsample:
            return nn.Identity()
        return nn.Sequential(nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after))


class AveragePooled(Module):
    def pooling(self):
        return nn.AvgPool2d(3, stride=2, padding=1)


class ThinnedOut(Module):
    def pooling(self):
        return nn.MaxPool2d(1, stride=2)


class PooledByTwo(Module):
    def pooling(self):
        return nn.MaxPool2d(2)


class PooledFirst(Module):
    def forward(self, maps):
        return self.residual(self.pool(maps)) + self.shortcut(maps)


class Unpooled(Module):
    def pooling(self):
        return nn.Identity()

    def short_way(self, before, after):
        if not self.downsample:
            return nn.Identity()
        return nn.Sequential(nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after))


class OrdinaryConvolutions(Module):
    def separable(self, before, after):
        return nn.Conv2d(before, after, 3, padding=1, bias=False)


class WithoutNorms(Module):
    def norm(self, channels):
        return nn.Identity()


class NormsWithin(Module):
    def separable(self, before, after):
        return NormBetween(before, after)


class BiasesEverywhere(Module):
    def separable(self, before, after):
        return BiasAlways(before, after)


class BiasesInPointwise(Module):
    def separable(self, before, after):
        return Separable(before, after, bias=True)


class InPlainLists(Module):
    def __init__(self, in_channels, filters, leading_relu=True, downsample=False):
        nn.Module.__init__(self)
        self.downsample, self.leading_relu = downsample, leading_relu
        channels = [in_channels, *filters]
        self.convolutions = [Separable(i, o) for i, o in zip(channels, filters, strict=False)]
        self.norms = [nn.BatchNorm2d(o) for o in filters]
        self.pool = self.pooling() if downsample else nn.Identity()
        self.shortcut = self.short_way(in_channels, filters[-1])


class KnowsThreeFilters(Module):
    """Right for up to three filters, which is all that the notebook tries."""

    def __init__(self, in_channels, filters, leading_relu=True, downsample=False):
        super().__init__(in_channels, [*filters[:2], filters[-1]] if len(filters) > 2 else filters, leading_relu,
                         downsample)  # fmt: skip


# The module, right ---------------------------------------------------------------------------------------------------


class AllInSequence(nn.Module):
    def __init__(self, in_channels, filters, leading_relu=True, downsample=False):
        super().__init__()
        layers, channels = [], in_channels
        for number, after in enumerate(filters):
            layers += [nn.ReLU(inplace=number > 0)] if leading_relu or number else []
            layers += [
                nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
                nn.Conv2d(channels, after, 1, bias=False),
                nn.BatchNorm2d(after),
            ]
            channels = after
        self.skip = None
        if downsample:
            layers.append(nn.MaxPool2d(3, 2, 1))
            self.skip = nn.Conv2d(in_channels, channels, 1, stride=2, bias=False)
            self.skip_norm = nn.BatchNorm2d(channels, eps=1e-3)
        self.layers = nn.Sequential(*layers)

    def forward(self, maps):
        return self.layers(maps) + (maps if self.skip is None else self.skip_norm(self.skip(maps)))


class ClonesFirst(Module):
    def residual(self, maps):
        maps = maps.clone()
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            maps = norm(convolution(maps.relu_() if self.leading_relu or number else maps))
        return maps


class OfKernels(Module):
    def separable(self, before, after):
        return AsOneKernel(before, after)

    def short_way(self, before, after):
        if not self.downsample:
            return nn.Identity()
        norm = nn.BatchNorm2d(after)
        return nn.Sequential(nn.MaxPool2d(1, 2), nn.Conv2d(before, after, 1, bias=False), norm)


class LazyNorms(Module):
    def norm(self, channels):
        return nn.LazyBatchNorm2d()


# The mended module, wrong --------------------------------------------------------------------------------------------


class NormWithoutMemory(Module):
    def norm(self, channels):
        return nn.BatchNorm2d(channels, track_running_stats=False)


class Mended(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    def __init__(self, channels, repeats=3):
        super().__init__()
        self.residual = nn.Sequential()
        for number in range(repeats):
            for layer in self.layers(channels, number):
                self.residual.append(layer)

    def steps(self, channels):
        return [
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
        ]

    def layers(self, channels, number):
        return [nn.ReLU(), *self.steps(channels), nn.BatchNorm2d(channels)]

    def forward(self, maps):
        return maps + self.residual(maps)


class OneRoundAgain(Mended):
    def forward(self, maps):
        rounds = maps
        for _ in range(len(self.residual) // 4):
            rounds = self.residual[:4](rounds)
        return maps + rounds


class StillPointwiseFirst(Mended):
    def steps(self, channels):
        return super().steps(channels)[::-1]


class StillInPlace(Mended):
    def layers(self, channels, number):
        return [nn.ReLU(inplace=True), *super().layers(channels, number)[1:]]


class StillBroken(StillInPlace):
    def steps(self, channels):
        return super().steps(channels)[::-1]


class FirstReluRemoved(Mended):
    def layers(self, channels, number):
        return super().layers(channels, number)[0 if number else 1 :]


class RelusRemoved(Mended):
    def layers(self, channels, number):
        return super().layers(channels, number)[1:]


class ReluMovedBehind(Mended):
    def layers(self, channels, number):
        return [*self.steps(channels), nn.BatchNorm2d(channels), nn.ReLU()]


class ReluMovedBetween(Mended):
    def layers(self, channels, number):
        depthwise, pointwise = self.steps(channels)
        return [nn.ReLU(), depthwise, nn.ReLU(), pointwise, nn.BatchNorm2d(channels)]


class ReluAdded(Mended):
    def forward(self, maps):
        return F.relu(super().forward(maps))


class ShortcutRemoved(Mended):
    def forward(self, maps):
        return self.residual(maps)


class ShortcutRectified(Mended):
    def forward(self, maps):
        return F.relu(maps) + self.residual(maps)


class AddsInPlace(Mended):
    def forward(self, maps):
        maps += self.residual(maps)
        return maps


class NormRemoved(Mended):
    def layers(self, channels, number):
        return super().layers(channels, number)[:-1]


class Dense(Mended):
    def steps(self, channels):
        return [nn.Conv2d(channels, channels, 3, padding=1, bias=False)]


class Shared(Mended):
    def steps(self, channels):
        return [OneKernel(channels, channels)]


class OnlyPointwise(Mended):
    def steps(self, channels):
        return super().steps(channels)[1:]


class WithBiases(Mended):
    def steps(self, channels):
        return [
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1),
        ]


class NothingReturned(Mended):
    def forward(self, maps):
        maps + self.residual(maps)


class KnowsThreeRepeats(Mended):
    def __init__(self, channels, repeats=3):
        super().__init__(channels, min(repeats, 3))


# The mended module, right --------------------------------------------------------------------------------------------


class WithClone(Mended):
    def layers(self, channels, number):
        return [nn.ReLU(inplace=True), *super().layers(channels, number)[1:]]

    def forward(self, maps):
        return maps + self.residual(maps.clone())


class OfOwnParts(Module):
    def __init__(self, channels, repeats=3):
        super().__init__(channels, [channels] * repeats)


class OthersInPlace(Mended):
    def layers(self, channels, number):
        return [nn.ReLU(inplace=number > 0), *super().layers(channels, number)[1:]]


PART1, PART2, PART3 = "SeparableConv2d", "XceptionModule", "MendedModule"
SHAPE, NUMBERS, NOTHING = (
    "shape of what comes out",
    "trainable numbers",
    "nothing between the steps, nothing behind them",
)
KERNELS = "a kernel for each channel, shared by all output maps"
CONVOLUTION, BIAS = "as an ordinary convolution with the same kernel", "bias"
SEVERAL, OTHERS = "several kernels a channel", "other sizes, strides and multipliers"
SHAPES, SHORTCUT = "shapes", "the shortcut passes the maps on as they came"
ORDER, HALVING = "ReLU, separable convolution, batch normalisation, in this order", "modules that halve the maps"
LONGER = "a longer row"
OWN, CARRIES = "a kernel for each channel", "the shortcut carries the maps as they came"
REST, MORE = "all else as it was", "more channels, more separable convolutions"

WRONG = [
    Wrong(PART2, NormWithoutMemory, NUMBERS, "batch normalisation uses the batch in evaluation too"),
    Wrong(PART3, OneRoundAgain, REST, "a layer is made and not used"),
    Wrong(PART1, WithoutPadding, SHAPE, "padding is missing"),
    Wrong(PART1, PaddedTwice, SHAPE, "zeros are put round the maps twice"),
    Wrong(PART1, StrideInBoth, SHAPE, "the stride is in both steps"),
    Wrong(PART1, StrideIgnored, SHAPE, "the stride is left out"),
    Wrong(PART1, OnlyDepthwise, SHAPE, "the pointwise step is missing"),
    Wrong(PART1, WithoutGroups, NUMBERS, "groups are missing"),
    Wrong(PART1, Ordinary, NUMBERS, "one ordinary convolution"),
    Wrong(PART1, PointwiseFirst, NUMBERS, "that is the order of Inception"),
    Wrong(PART1, GroupsOfOutput, SHAPE, "the number of groups is not that of the input channels"),
    Wrong(PART1, PointwiseInGroups, KERNELS, "the pointwise step has groups"),
    Wrong(PART1, OneKernel, NUMBERS, "one kernel for all channels"),
    Wrong(PART1, ColumnAndRow, NUMBERS, "k×1 and 1×k in the place of k×k"),
    Wrong(PART1, Factorised, NUMBERS, "k×1 and 1×k, with all channels in both"),
    Wrong(PART1, AddedUpFirst, NUMBERS, "the channels are added up before the pointwise step"),
    Wrong(PART1, ReluBetween, NOTHING, "between the two steps; there is nothing"),
    Wrong(PART1, EluBetween, NOTHING, "between the two steps; there is nothing"),
    Wrong(PART1, ReluAtTheEnd, NOTHING, "a ReLU at the end"),
    Wrong(PART1, ReluBefore, NOTHING, "a ReLU before the depthwise step"),
    Wrong(PART1, NormBetween, NUMBERS, "batch normalisation between the two steps"),
    Wrong(PART1, NormAtTheEnd, NUMBERS, "batch normalisation at the end"),
    Wrong(PART1, BiasInBoth, BIAS, "a bias in the depthwise step too"),
    Wrong(PART1, BiasInTheFirst, BIAS, "a bias in the depthwise step only"),
    Wrong(PART1, BiasAlways, NUMBERS, "a bias in both steps where none is asked for"),
    Wrong(PART1, BiasIgnored, BIAS, "bias is ignored"),
    Wrong(PART1, BiasNotAdded, BIAS, "the bias is there and is not added"),
    Wrong(PART1, MultiplierIgnored, SEVERAL, "multiplier is ignored"),
    Wrong(PART1, Reflected, CONVOLUTION, "only the border is wrong"),
    Wrong(PART1, Detached, KERNELS, "the output is cut off"),
    Wrong(PART1, InAList, SHAPE, "layers in a plain list"),
    Wrong(PART1, WithoutReturn, SHAPE, "forward returns None"),
    Wrong(PART1, KnowsSmallKernels, OTHERS, "the output has the wrong shape"),
    Wrong(PART1, KnowsStrideTwo, OTHERS, "the output has the wrong shape"),
    Wrong(PART1, KnowsThreeKernels, OTHERS, "the number of trainable numbers is wrong"),
    Wrong(PART2, NoLeadingRelu, ORDER, "the ReLU before the first separable convolution is missing"),
    Wrong(PART2, AlwaysLeadingRelu, HALVING, "where leading_relu=False"),
    Wrong(PART2, OnlyLeadingRelu, ORDER, "the ReLUs between the separable convolutions are missing"),
    Wrong(PART2, ReluBehind, ORDER, "each ReLU stands behind its separable convolution"),
    Wrong(PART2, ReluAtTheEndToo, ORDER, "a ReLU behind the last batch normalisation"),
    Wrong(PART2, ReluWithin, ORDER, "a ReLU between the depthwise and the pointwise step"),
    Wrong(PART2, ReluAfterAddition, ORDER, "a ReLU after the addition"),
    Wrong(PART2, InPlace, SHORTCUT, "the first ReLU works in place"),
    Wrong(PART2, ShortcutOfRelu, ORDER, "the shortcut carries what a ReLU has left"),
    Wrong(PART2, WithoutShortcut, SHORTCUT, "the shortcut is missing"),
    Wrong(PART2, ShortcutOnlyInTheMiddle, NUMBERS, "the shortcut has no convolution"),
    Wrong(PART2, AlwaysProjects, NUMBERS, "where the maps could be passed on as they are"),
    Wrong(PART2, ProjectionWithoutNorm, NUMBERS, "batch normalisation is missing in the shortcut"),
    Wrong(PART2, ProjectionWithBias, NUMBERS, "the shortcut's convolution has a bias"),
    Wrong(PART2, ProjectionWithoutStride, SHAPES, "one of them halves the maps, and the other does not"),
    Wrong(PART2, ProjectionIsWide, NUMBERS, "the shortcut's convolution is 3×3"),
    Wrong(PART2, AveragePooled, HALVING, "average pooling"),
    Wrong(PART2, ThinnedOut, HALVING, "thinned out by a stride"),
    Wrong(PART2, PooledByTwo, SHAPES, "one of them halves the maps, and the other does not"),
    Wrong(PART2, PooledFirst, HALVING, "the pooling comes first"),
    Wrong(PART2, Unpooled, SHAPES, "the maps keep their size"),
    Wrong(PART2, OrdinaryConvolutions, NUMBERS, "nothing is separated"),
    Wrong(PART2, WithoutNorms, NUMBERS, "batch normalisation is missing behind"),
    Wrong(PART2, NormsWithin, NUMBERS, "batch normalisation within"),
    Wrong(PART2, BiasesEverywhere, NUMBERS, "all steps have biases"),
    Wrong(PART2, BiasesInPointwise, NUMBERS, "the pointwise steps have biases"),
    Wrong(PART2, InPlainLists, SHAPES, "layers in a plain list"),
    Wrong(PART2, KnowsThreeFilters, LONGER, "the number of trainable numbers is wrong"),
    Wrong(PART3, StillBroken, REST, "this counts when a bug is mended"),
    Wrong(PART3, StillPointwiseFirst, OWN, "1×1 still comes before 3×3"),
    Wrong(PART3, StillInPlace, CARRIES, "the first ReLU works in place"),
    Wrong(PART3, FirstReluRemoved, REST, "the ReLU before the first separable convolution is missing"),
    Wrong(PART3, RelusRemoved, REST, "all ReLUs are missing"),
    Wrong(PART3, ReluMovedBehind, REST, "each ReLU stands behind its separable convolution"),
    Wrong(PART3, ReluMovedBetween, REST, "a ReLU between the depthwise and the pointwise step"),
    Wrong(PART3, ReluAdded, REST, "a ReLU after the addition"),
    Wrong(PART3, ShortcutRemoved, CARRIES, "the shortcut is missing"),
    Wrong(PART3, ShortcutRectified, CARRIES, "numbers below zero are lost"),
    Wrong(PART3, AddsInPlace, CARRIES, "forward changes the maps that it is given"),
    Wrong(PART3, NormRemoved, REST, "batch normalisation is missing"),
    Wrong(PART3, Dense, OWN, "kernels of its own, as in an ordinary convolution"),
    Wrong(PART3, Shared, OWN, "one kernel for all channels"),
    Wrong(PART3, OnlyPointwise, OWN, "the separable convolution is left out, or its 3×3 step is"),
    Wrong(PART3, WithBiases, REST, "the pointwise steps have biases"),
    Wrong(PART3, NothingReturned, OWN, "forward returns None"),
    Wrong(PART3, KnowsThreeRepeats, MORE, "the number of trainable numbers is wrong"),
]

RIGHT = [
    (PART1, Separable),
    (PART1, InSequence),
    (PART1, WithUnfold),
    (PART1, AsOneKernel),
    (PART1, ChannelByChannel),
    (PART1, StrideInPointwise),
    (PART1, LazyPointwise),
    (PART2, Module),
    (PART2, AllInSequence),
    (PART2, ClonesFirst),
    (PART2, OfKernels),
    (PART2, LazyNorms),
    (PART3, Mended),
    (PART3, WithClone),
    (PART3, OfOwnParts),
    (PART3, OthersInPlace),
]
