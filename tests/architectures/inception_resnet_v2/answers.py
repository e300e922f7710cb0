"""Answers to chapter 9's exercise as learners write them: right ones, and wrong ones beside the misconceptions."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.inception_resnet_v2.model import ResidualInceptionBlock
from tests.architectures.bank import Wrong


def padding_of(kernel):
    return kernel // 2 if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)


# The block ------------------------------------------------------------------------------------------------------------


class Block(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    bias, up_bias = False, True

    def __init__(self, in_channels, branches, scale, activation=True):
        super().__init__()
        self.scale, self.activation = self.constant(scale), activation
        self.branches = nn.ModuleList([self.branch(in_channels, steps) for steps in branches])
        self.up = self.make_up(sum(steps[-1][0] for steps in branches), in_channels)

    def constant(self, scale):
        return scale

    def branch(self, before, steps):
        layers = []
        for filters, kernel in steps:
            layers += self.unit(before, filters, kernel)
            before = filters
        return nn.Sequential(*layers)

    def unit(self, before, filters, kernel):
        return [self.convolution(before, filters, kernel), nn.BatchNorm2d(filters), nn.ReLU()]

    def convolution(self, before, filters, kernel):
        return nn.Conv2d(before, filters, kernel, padding=padding_of(kernel), bias=self.bias)

    def make_up(self, filters, out_channels):
        return nn.Conv2d(filters, out_channels, 1, bias=self.up_bias)

    def residual(self, maps):
        return self.up(torch.cat([branch(maps) for branch in self.branches], dim=1))

    def join(self, maps, residual):
        return maps + self.scale * residual

    def end(self, joined):
        return F.relu(joined) if self.activation else joined

    def forward(self, maps):
        return self.end(self.join(maps, self.residual(maps)))


class UpInParts(nn.Module):
    """The last convolution as a sum of one for each branch, which is the same; the scale in a buffer."""

    def __init__(self, in_channels, branches, scale, activation=True):
        super().__init__()
        self.register_buffer("scale", torch.tensor(float(scale)))
        self.branches, self.ups = nn.ModuleList(), nn.ModuleList()
        for number, steps in enumerate(branches):
            layers, before = nn.Sequential(), in_channels
            for filters, kernel in steps:
                layers.append(nn.Conv2d(before, filters, kernel, padding="same", bias=False))
                layers.append(nn.BatchNorm2d(filters))
                layers.append(nn.ReLU(inplace=True))
                before = filters
            self.branches.append(layers)
            self.ups.append(nn.Conv2d(before, in_channels, 1, bias=number == 0))
        self.end = nn.ReLU(inplace=True) if activation else nn.Identity()

    def forward(self, maps):
        residual = sum(up(branch(maps)) for branch, up in zip(self.branches, self.ups, strict=True))
        return self.end(maps + residual * self.scale)


class WithAlpha(Block):
    """torch.add with alpha; the last convolution as a product of matrices."""

    def make_up(self, filters, out_channels):
        self.bias_of_up = nn.Parameter(torch.zeros(out_channels))
        return nn.Linear(filters, out_channels, bias=False)

    def residual(self, maps):
        stacked = torch.cat([branch(maps) for branch in self.branches], dim=1).movedim(1, 3)
        return self.up(stacked).movedim(3, 1) + self.bias_of_up.view(1, -1, 1, 1)

    def join(self, maps, residual):
        return torch.add(maps, residual, alpha=self.scale)


class LazyBlock(Block):
    """All channels of the branches are found out at the first run."""

    def convolution(self, _before, filters, kernel):
        return nn.LazyConv2d(filters, kernel, padding=padding_of(kernel), bias=False)


class Unit(nn.Module):
    def __init__(self, before, filters, kernel):
        super().__init__()
        self.conv = nn.Conv2d(before, filters, kernel, padding=padding_of(kernel), bias=False)
        self.bn = nn.BatchNorm2d(filters, eps=1e-3)

    def forward(self, maps):
        return self.bn(self.conv(maps)).clamp(min=0)


class NestedWithTheAuthorsEpsilon(Block):
    def unit(self, before, filters, kernel):
        return [nn.Sequential(nn.Identity(), Unit(before, filters, kernel))]

    def end(self, joined):
        return torch.maximum(joined, torch.zeros_like(joined)) if self.activation else joined


def from_the_course(in_channels, branches, scale, activation=True):
    return ResidualInceptionBlock(in_channels, branches, scale=scale, activation=activation)


class AddsInPlace(Block):
    def join(self, maps, residual):
        maps += self.scale * residual
        return maps


class WithoutReturn(Block):
    def forward(self, maps):
        super().forward(maps)


class KeepsNoAverages(Block):
    def unit(self, before, filters, kernel):
        norm = nn.BatchNorm2d(filters, momentum=0.0)
        return [self.convolution(before, filters, kernel), norm, nn.ReLU()]


class KnowsKernels(Block):
    """Right for the kernels of the released network."""

    def convolution(self, before, filters, kernel):
        padding = {1: 0, 3: 1, (1, 3): (0, 1), (3, 1): (1, 0), (1, 7): (0, 3), (7, 1): (3, 0)}.get(kernel, 0)
        return nn.Conv2d(before, filters, kernel, padding=padding, bias=False)


class KnowsScales(Block):
    """Right for the scales of the released network."""

    def constant(self, scale):
        return min((0.17, 0.1, 0.2, 1.0), key=lambda known: abs(known - scale))


class KnowsThreeBranches(Block):
    """Right for two or three branches."""

    def __init__(self, in_channels, branches, scale, activation=True):
        super().__init__(in_channels, branches[:3], scale, activation)


class Squeezed(Block):
    def forward(self, maps):
        return super().forward(maps).squeeze(0)


# The network ----------------------------------------------------------------------------------------------------------


class Net(nn.Module):
    """A right answer; the wrong ones below change a line or two of it."""

    halve = nn.MaxPool2d

    def __init__(self, in_channels, width, plan, num_classes, block=Block):
        super().__init__()
        self.stem = self.make_stem(in_channels, width)
        self.stages = nn.Sequential()
        for number, (branches, count, scale) in enumerate(plan):
            last_stage = number == len(plan) - 1
            for index in range(count):
                options = self.options(scale, index == count - 1, last_stage)
                self.stages.append(block(width, branches, *options))
            if self.is_halved(last_stage):
                self.stages.append(self.halve(2))
        self.head = self.make_head(width, num_classes)

    def make_stem(self, in_channels, width):
        return nn.Sequential(nn.Conv2d(in_channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())

    def options(self, scale, last_of_stage, last_stage):
        return (1.0, False) if last_of_stage and last_stage else (scale,)

    def is_halved(self, last_stage):
        return not last_stage

    def make_head(self, width, num_classes):
        return nn.Linear(width, num_classes)

    def pool(self, maps):
        return maps.mean(dim=(2, 3))

    def forward(self, images):
        return self.head(self.pool(self.stages(self.stem(images))))


def by_function(in_channels, width, plan, num_classes):
    """Build it with one flat list; the end as layers."""
    flat = [(branches, scale, stage) for stage, (branches, count, scale) in enumerate(plan) for _ in range(count)]
    layers = [nn.LazyConv2d(width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    for number, (branches, scale, stage) in enumerate(flat):
        if number and stage != flat[number - 1][2]:
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
        last = number == len(flat) - 1
        layers.append(UpInParts(width, branches, 1.0 if last else scale, activation=not last))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, num_classes))


class HeadAsConvolution(Net):
    """A 1×1 convolution gives the scores, and their mean is taken: the same."""

    def make_head(self, width, num_classes):
        return nn.Conv2d(width, num_classes, 1)

    def forward(self, images):
        return self.head(self.stages(self.stem(images))).mean(dim=(2, 3))


class SingleBlockStaysOrdinary(Net):
    """A last stage of one block, which no plan in the notebook has, is treated as any other."""

    def __init__(self, in_channels, width, plan, num_classes):
        object.__setattr__(self, "single", plan[-1][1] == 1)
        super().__init__(in_channels, width, plan, num_classes)

    def options(self, scale, last_of_stage, last_stage):
        return (scale,) if self.single else super().options(scale, last_of_stage, last_stage)


class KnowsTwoStages(Net):
    def __init__(self, in_channels, width, plan, num_classes):
        super().__init__(in_channels, width, plan[:2], num_classes)


def not_a_module(_in_channels, _width, _plan, _num_classes):
    return None


class StemFrozen(Net):
    def make_stem(self, in_channels, width):
        stem = super().make_stem(in_channels, width)
        stem[1].momentum = 0
        return stem


# The block to be mended -----------------------------------------------------------------------------------------------


def unit(before, filters, kernel):
    padding = padding_of(kernel)
    convolution = nn.Conv2d(before, filters, kernel, padding=padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(filters), nn.ReLU())


class Mended(nn.Module):
    """A right answer; the wrong ones below change a line of it."""

    kernels = ((1, 7), (7, 1))

    def __init__(self, channels, filters, scale):
        super().__init__()
        self.scale = scale
        self.direct = unit(channels, filters, 1)
        first, second = self.kernels
        self.factorised = nn.Sequential(
            unit(channels, filters, 1), unit(filters, filters, first), unit(filters, filters, second)
        )
        self.up = nn.Conv2d(2 * filters, channels, kernel_size=1)

    def residual(self, maps):
        return self.up(torch.cat([self.direct(maps), self.factorised(maps)], dim=1))

    def join(self, maps, residual):
        return maps + self.scale * residual

    def forward(self, maps):
        return F.relu(self.join(maps, self.residual(maps)))


class InOneBranch(nn.Module):
    """The two 1×1 convolutions in one, whose maps are split."""

    def __init__(self, channels, filters, scale):
        super().__init__()
        self.scale, self.filters = scale, filters
        self.both = unit(channels, 2 * filters, 1)
        self.wide, self.high = unit(filters, filters, (1, 7)), unit(filters, filters, (7, 1))
        self.up = nn.Conv2d(2 * filters, channels, kernel_size=1)

    def forward(self, maps):
        direct, other = self.both(maps).split(self.filters, dim=1)
        residual = self.up(torch.cat([self.high(self.wide(other)), direct], dim=1))
        return F.relu(torch.add(maps, residual, alpha=self.scale))


class OfTheFirstPart(Block):
    def __init__(self, channels, filters, scale):
        super().__init__(channels, [[(filters, 1)], [(filters, 1), (filters, (1, 7)), (filters, (7, 1))]], scale)


class MendedAddsInPlace(Mended):
    def join(self, maps, residual):
        maps += self.scale * residual
        return maps


class MendedWithoutReturn(Mended):
    def forward(self, maps):
        super().forward(maps)


class KnowsTheScales(Mended):
    """Right for the scales in the notebook."""

    def join(self, maps, residual):
        return maps + (self.scale if self.scale in (0.1, 0.5) else 0.1) * residual


class MendedSqueezed(Mended):
    def forward(self, maps):
        return super().forward(maps).squeeze(0)


A, B, C = "InceptionResidualBlock", "make_inception_resnet", "MendedBlock"

WRONG = [
    Wrong(A, AddsInPlace, "forward changes a tensor that the gradient still needs"),
    Wrong(A, WithoutReturn, "forward returns None"),
    Wrong(A, KeepsNoAverages, "the running averages never move"),
    Wrong(A, Squeezed, "a batch of one loses"),
    Wrong(A, KnowsKernels),
    Wrong(A, KnowsScales, "wrong"),
    Wrong(A, KnowsThreeBranches, "the number of trainable parameters is wrong"),
    Wrong(B, SingleBlockStaysOrdinary),
    Wrong(B, KnowsTwoStages, "the number of trainable parameters is wrong"),
    Wrong(B, not_a_module, "does not give a module"),
    Wrong(B, StemFrozen),
    Wrong(C, MendedAddsInPlace, "forward changes a tensor that the gradient still needs"),
    Wrong(C, MendedWithoutReturn, "forward returns None"),
    Wrong(C, MendedSqueezed, "a batch of one loses"),
    Wrong(C, KnowsTheScales),
]

RIGHT = [
    (A, Block),
    (A, UpInParts),
    (A, WithAlpha),
    (A, LazyBlock),
    (A, NestedWithTheAuthorsEpsilon),
    (A, from_the_course),
    (B, Net),
    (B, by_function),
    (B, HeadAsConvolution),
    (C, Mended),
    (C, InOneBranch),
    (C, OfTheFirstPart),
]
