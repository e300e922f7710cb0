"""Answers to chapter 7's exercise as learners write them: right ones, and wrong ones that no misconception shows."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from tests.architectures.bank import Wrong

# The separable convolution, right ------------------------------------------------------------------------------------


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


# The separable convolution, wrong ------------------------------------------------------------------------------------


class InAList(Separable):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.steps = [self.depthwise, self.pointwise]
        del self.depthwise, self.pointwise

    def forward(self, maps):
        return self.steps[1](self.steps[0](maps))


class WithoutReturn(Separable):
    def forward(self, maps):
        self.pointwise(self.depthwise(maps))


class KnowsSmallKernels(Separable):
    """Right for kernels of 3×3 and 5×5, which is all that the notebook tries."""

    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, stride, 1 if k == 3 else 2, groups=i, bias=False)


class GroupsOfOutput(Separable):
    def first(self, i, o, k, stride, bias):
        return nn.Conv2d(i, o, k, stride, k // 2, groups=o + 1, bias=False)


class PointwiseInGroupsOfMultiplier(Separable):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, multiplier=1, bias=False):
        super().__init__(in_channels, out_channels, kernel_size, stride, multiplier, bias)
        groups = math.gcd(multiplier, out_channels)
        self.pointwise = nn.Conv2d(in_channels * multiplier, out_channels, 1, groups=groups, bias=bias)


class DropoutBetween(Separable):
    def forward(self, maps):
        return self.pointwise(F.dropout(self.depthwise(maps), 0.1, self.training))


class FusedInTheConstructor(AsOneKernel):
    """One ordinary kernel is multiplied together once, and not each time."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.keep(self.multiplied().detach())

    def keep(self, kernel):
        self.kernel = kernel

    def multiplied(self):
        return torch.einsum("hwcm,cmo->ochw", self.kernels, self.mix)

    def forward(self, maps):
        return F.conv2d(maps, self.kernel, self.bias, self.stride, self.kernel.shape[-1] // 2)


class FusedInABuffer(FusedInTheConstructor):
    def keep(self, kernel):
        self.register_buffer("kernel", kernel)


class FusedOnceForEvaluation(FusedInTheConstructor):
    def forward(self, maps):
        kernel = self.multiplied() if self.training else self.kernel
        return F.conv2d(maps, kernel, self.bias, self.stride, kernel.shape[-1] // 2)


class DepthwiseOfData(FusedInTheConstructor):
    def forward(self, maps):
        self.kernel = torch.einsum("hwcm,cmo->ochw", self.kernels.data, self.mix)
        return super().forward(maps)


# The module, right ---------------------------------------------------------------------------------------------------


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


# The module, wrong ---------------------------------------------------------------------------------------------------


class InPlainLists(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        convolutions, norms = list(self.convolutions), list(self.norms)
        del self.convolutions, self.norms
        self.convolutions, self.norms = convolutions, norms


class KnowsThreeFilters(Module):
    """Right for up to three filters, which is all that the notebook tries."""

    def __init__(self, in_channels, filters, leading_relu=True, downsample=False):
        super().__init__(in_channels, [*filters[:2], filters[-1]] if len(filters) > 2 else filters, leading_relu,
                         downsample)  # fmt: skip


class LosesABatchOfOne(Module):
    def forward(self, maps):
        return super().forward(maps).squeeze()


class FrozenShortcut(Module):
    def short_way(self, before, after):
        way = super().short_way(before, after)
        if self.downsample:
            way[1].momentum = 0.0
        return way


# The mended module, right --------------------------------------------------------------------------------------------


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


# The mended module, wrong --------------------------------------------------------------------------------------------


class KnowsThreeRepeats(Mended):
    def __init__(self, channels, repeats=3):
        super().__init__(channels, min(repeats, 3))


class FrozenAverages(Mended):
    def layers(self, channels, number):
        return [*super().layers(channels, number)[:-1], nn.BatchNorm2d(channels, momentum=0.0)]


PART1, PART2, PART3 = "SeparableConv2d", "XceptionModule", "MendedModule"

WRONG = [
    Wrong(PART1, InAList, "PyTorch does not know all of its layers"),
    Wrong(PART1, WithoutReturn, "forward returns None"),
    Wrong(PART1, KnowsSmallKernels),
    Wrong(PART1, GroupsOfOutput, "your code raises an error"),
    Wrong(PART1, PointwiseInGroupsOfMultiplier),
    Wrong(PART1, DropoutBetween, "left to chance"),
    Wrong(PART1, FusedInTheConstructor, "have no share"),
    Wrong(PART1, FusedInABuffer, "have no share"),
    Wrong(PART1, FusedOnceForEvaluation),
    Wrong(PART1, DepthwiseOfData),
    Wrong(PART2, InPlainLists, "PyTorch does not know all of its layers"),
    Wrong(PART2, KnowsThreeFilters),
    Wrong(PART2, LosesABatchOfOne, "a batch of one"),
    Wrong(PART2, FrozenShortcut),
    Wrong(PART3, KnowsThreeRepeats),
    Wrong(PART3, FrozenAverages, "the running averages never move"),
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
