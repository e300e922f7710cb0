"""Answers to chapter 6's exercise as learners write them: wrong ones, one a misconception, and right ones."""

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


# The basic block, wrong ----------------------------------------------------------------------------------------------


class PaddedShortcut(nn.Module):
    """Option A; the wrong ones below change a line of it."""

    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        self.stride, self.new = stride, out_channels - in_channels

    def smaller(self, maps):
        return maps[:, :, :: self.stride, :: self.stride]

    def more(self, maps):
        return F.pad(maps, (0, 0, 0, 0, 0, self.new))

    def forward(self, maps):
        return self.more(self.smaller(maps))


class Block(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    padded = PaddedShortcut
    bias = False

    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__()
        self.conv1, self.conv2 = self.convolutions(in_channels, out_channels, stride)
        self.bn1, self.bn2 = self.norms(in_channels, out_channels)
        self.shortcut = self.make_shortcut(in_channels, out_channels, stride, shortcut)

    def convolutions(self, i, o, stride):
        return (
            nn.Conv2d(i, o, 3, stride, padding=1, bias=self.bias),
            nn.Conv2d(o, o, 3, padding=1, bias=self.bias),
        )

    def norms(self, _i, o):
        return nn.BatchNorm2d(o), nn.BatchNorm2d(o)

    def make_shortcut(self, i, o, stride, option):
        if stride == 1 and i == o:
            return nn.Identity()
        return self.padded(i, o, stride) if option == "A" else self.projection(i, o, stride)

    def projection(self, i, o, stride):
        return nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def residual(self, maps):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(maps)))))

    def forward(self, maps):
        return F.relu(self.residual(maps) + self.shortcut(maps))


class OnlyAdds(Block):
    def forward(self, maps):
        return F.relu(F.relu(self.residual(maps)) + self.shortcut(maps))


class NormUsedTwice(Block):
    """What part 3 of the exercise is about."""

    def residual(self, maps):
        return self.bn1(self.conv2(F.relu(self.bn1(self.conv1(maps)))))


class ThinsOnlyWithMoreMaps(Block):
    def make_shortcut(self, i, o, stride, option):
        return nn.Identity() if option == "A" and i == o else super().make_shortcut(i, o, stride, option)


class ReluTooEarly(Block):
    def forward(self, maps):
        return F.relu(self.residual(maps)) + self.shortcut(maps)


class NoReluAtEnd(Block):
    def forward(self, maps):
        return self.residual(maps) + self.shortcut(maps)


class Version2(Block):
    def norms(self, i, o):
        return nn.BatchNorm2d(i), nn.BatchNorm2d(o)

    def forward(self, maps):
        residual = self.conv1(F.relu(self.bn1(maps)))
        return self.conv2(F.relu(self.bn2(residual))) + self.shortcut(maps)


class SpoilsInput(Block):
    def forward(self, maps):
        residual = self.residual(maps)
        return F.relu(residual + self.shortcut(maps.relu_()))


class AddsInPlace(Block):
    def forward(self, maps):
        maps += self.residual(maps)
        return F.relu(maps)


class InputRectified(Block):
    def forward(self, maps):
        maps = F.relu(maps)
        return F.relu(self.residual(maps) + self.shortcut(maps))


class ShortcutRectified(Block):
    def forward(self, maps):
        return F.relu(self.residual(maps) + F.relu(self.shortcut(maps)))


class Stacked(Block):
    def forward(self, maps):
        return F.relu(torch.cat([self.residual(maps), self.shortcut(maps)], dim=1))


class FromTheMiddle(Block):
    def forward(self, maps):
        middle = F.relu(self.bn1(self.conv1(maps)))
        return F.relu(self.bn2(self.conv2(middle)) + middle)


class NoShortcut(Block):
    def forward(self, maps):
        return F.relu(self.residual(maps))


class Multiplied(Block):
    def forward(self, maps):
        return F.relu(self.residual(maps) * self.shortcut(maps))


class Halved(Block):
    def forward(self, maps):
        return F.relu((self.residual(maps) + self.shortcut(maps)) / 2)


class Subtracted(Block):
    def forward(self, maps):
        return F.relu(self.shortcut(maps) - self.residual(maps))


class CutOff(Block):
    def forward(self, maps):
        return F.relu(self.residual(maps) + self.shortcut(maps).detach())


class OptionC(Block):
    def make_shortcut(self, i, o, stride, option):
        return self.padded(i, o, stride) if option == "A" else self.projection(i, o, stride)


class OnlyIfChannelsChange(Block):
    def make_shortcut(self, i, o, stride, option):
        if i == o:
            return PaddedShortcut(i, o, stride)
        return super().make_shortcut(i, o, stride, option)


class AlwaysProjects(Block):
    def make_shortcut(self, i, o, stride, _option):
        return super().make_shortcut(i, o, stride, "B")


class NeverProjects(Block):
    def make_shortcut(self, i, o, stride, _option):
        return super().make_shortcut(i, o, stride, "A")


class PlainProjection(Block):
    def projection(self, i, o, stride):
        return nn.Conv2d(i, o, 1, stride, bias=False)


class BiasedProjection(Block):
    def projection(self, i, o, stride):
        return nn.Sequential(nn.Conv2d(i, o, 1, stride), nn.BatchNorm2d(o))


class LargeProjection(Block):
    def projection(self, i, o, stride):
        return nn.Sequential(nn.Conv2d(i, o, 3, stride, padding=1, bias=False), nn.BatchNorm2d(o))


class AveragedProjection(Block):
    def projection(self, i, o, stride):
        return nn.Sequential(nn.AvgPool2d(stride, ceil_mode=True), nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o))


class ProjectionWithoutStride(Block):
    def projection(self, i, o, _stride):
        return nn.Sequential(nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o))


class NewChannelsFirst(Block):
    class padded(PaddedShortcut):  # noqa: N801
        def more(self, maps):
            return F.pad(maps, (0, 0, 0, 0, self.new, 0))


class NewChannelsOnBothSides(Block):
    class padded(PaddedShortcut):  # noqa: N801
        def more(self, maps):
            return F.pad(maps, (0, 0, 0, 0, self.new // 2, self.new - self.new // 2))


class ChannelsCopied(Block):
    class padded(PaddedShortcut):  # noqa: N801
        def more(self, maps):
            return torch.cat([maps, maps], dim=1)[:, : maps.shape[1] + self.new]


class Averaged(Block):
    class padded(PaddedShortcut):  # noqa: N801
        def smaller(self, maps):
            return F.avg_pool2d(maps, self.stride, ceil_mode=True)


class Largest(Block):
    class padded(PaddedShortcut):  # noqa: N801
        def smaller(self, maps):
            return F.max_pool2d(maps, self.stride, ceil_mode=True)


class PaddedInSpace(Block):
    class padded(PaddedShortcut):  # noqa: N801
        def more(self, maps):
            return F.pad(maps, (0, self.new))


class OneNormForBoth(Block):
    def norms(self, _i, o):
        norm = nn.BatchNorm2d(o)
        return norm, norm


class NoNorms(Block):
    def norms(self, _i, _o):
        return nn.Identity(), nn.Identity()


class WithBiases(Block):
    bias = True


class NoReluBetween(Block):
    def residual(self, maps):
        return self.bn2(self.conv2(self.bn1(self.conv1(maps))))


class NormAfterRelu(Block):
    def residual(self, maps):
        return self.bn2(self.conv2(self.bn1(F.relu(self.conv1(maps)))))


class NormAfterAddition(Block):
    def forward(self, maps):
        residual = self.conv2(F.relu(self.bn1(self.conv1(maps))))
        return F.relu(self.bn2(residual + self.shortcut(maps)))


class StrideInSecond(Block):
    def convolutions(self, i, o, stride):
        return nn.Conv2d(i, o, 3, padding=1, bias=False), nn.Conv2d(o, o, 3, stride, padding=1, bias=False)


class StrideInBoth(Block):
    def convolutions(self, i, o, stride):
        return nn.Conv2d(i, o, 3, stride, padding=1, bias=False), nn.Conv2d(o, o, 3, stride, padding=1, bias=False)


class NoStride(Block):
    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__(in_channels, out_channels, 1, shortcut)


class GammaZero(Block):
    def norms(self, i, o):
        first, second = super().norms(i, o)
        nn.init.zeros_(second.weight)
        return first, second


class BatchInEvaluation(Block):
    def norms(self, _i, o):
        return nn.BatchNorm2d(o, track_running_stats=False), nn.BatchNorm2d(o, track_running_stats=False)


class LayersInAList(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__()
        self.layers = [nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)]

    def forward(self, maps):
        return self.layers[0](maps)


class WithoutReturn(Block):
    def forward(self, maps):
        F.relu(self.residual(maps) + self.shortcut(maps))


class KnowsStrideTwo(Block):
    """Strides 1 and 2 only, as in the notebook."""

    class padded(PaddedShortcut):  # noqa: N801
        def smaller(self, maps):
            return maps[:, :, ::2, ::2] if self.stride != 1 else maps


# The basic block, right ----------------------------------------------------------------------------------------------


class WithCat(nn.Module):
    """Zeros by torch.cat, no module for the identity, in-place ReLUs where nothing is lost."""

    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.stride, self.new = stride, out_channels - in_channels
        self.downsample = None
        if shortcut == "B" and (stride > 1 or self.new):
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, maps):
        residual = self.residual(maps)
        if self.downsample is not None:
            maps = self.downsample(maps)
        else:
            maps = F.avg_pool2d(maps, 1, self.stride)
            if self.new:
                n, _, height, width = maps.shape
                maps = torch.cat([maps, maps.new_zeros(n, self.new, height, width)], dim=1)
        residual += maps
        return residual.relu_()


class WithFrozenKernel(Block):
    """Option A as a 1×1 convolution that is not trained, and a frozen bias that is zero."""

    class padded(nn.Conv2d):  # noqa: N801
        def __init__(self, i, o, stride):
            super().__init__(i, o, 1, stride)
            self.requires_grad_(False)
            nn.init.zeros_(self.bias)
            nn.init.dirac_(self.weight)


class WithUnfold(nn.Module):
    """Convolutions as matrix products of unfolded windows."""

    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__()
        self.stride, self.option, self.out = stride, shortcut, out_channels
        self.first = nn.Linear(9 * in_channels, out_channels, bias=False)
        self.second = nn.Linear(9 * out_channels, out_channels, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(out_channels) for _ in range(2))
        self.projects = shortcut == "B" and (stride, in_channels) != (1, out_channels)
        if self.projects:
            self.mix = nn.Parameter(torch.randn(in_channels, out_channels))
            self.norms.append(nn.BatchNorm2d(out_channels))

    def windows(self, maps, layer, stride):
        columns = layer(F.unfold(maps, 3, padding=1, stride=stride).transpose(1, 2)).transpose(1, 2)
        height, width = ((side - 1) // stride + 1 for side in maps.shape[2:])
        return columns.unflatten(2, (height, width))

    def forward(self, maps):
        residual = torch.relu(self.norms[0](self.windows(maps, self.first, self.stride)))
        residual = self.norms[1](self.windows(residual, self.second, 1))
        maps = maps[..., :: self.stride, :: self.stride]
        if self.projects:
            maps = self.norms[2](torch.einsum("nihw,io->nohw", maps, self.mix))
        carried = torch.zeros_like(residual)
        carried[:, : maps.shape[1]] = maps
        return (carried + residual).clamp(min=0)


class LazyBlock(Block):
    """With layers that find out their input channels by themselves."""

    def convolutions(self, _i, o, stride):
        return nn.LazyConv2d(o, 3, stride, padding=1, bias=False), nn.LazyConv2d(o, 3, padding=1, bias=False)


# The network, wrong --------------------------------------------------------------------------------------------------


class Net(nn.Module):
    """A right network that many write; the wrong ones below change a line or two of it."""

    block = Block
    head_bias = True

    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__()
        self.conv1 = self.first(width)
        self.bn1 = self.norm(width)
        layers, before = [], width
        for number, count in enumerate(blocks):
            maps = self.maps(width, number)
            for index in range(self.count(count)):
                layers.append(self.make(before, maps, self.stride(number, index), shortcut))
                before = maps
        self.blocks = nn.Sequential(*layers)
        self.fc = nn.Linear(before, num_classes, bias=self.head_bias)

    def first(self, width):
        return nn.Conv2d(3, width, 3, padding=1, bias=False)

    def norm(self, width):
        return nn.BatchNorm2d(width)

    def maps(self, width, number):
        return width * 2**number

    def count(self, count):
        return count

    def stride(self, number, index):
        return 2 if number > 0 and index == 0 else 1

    def make(self, before, maps, stride, shortcut):
        return self.block(before, maps, stride, shortcut)

    def stem(self, images):
        return F.relu(self.bn1(self.conv1(images)))

    def pool(self, maps):
        return maps.mean(dim=(2, 3))

    def forward(self, images):
        return self.fc(self.pool(self.blocks(self.stem(images))))


class FirstStageHalves(Net):
    def stride(self, _number, index):
        return 2 if index == 0 else 1


class NothingHalves(Net):
    def stride(self, _number, _index):
        return 1


class EveryBlockHalves(Net):
    def stride(self, number, _index):
        return 2 if number > 0 else 1


class StemHalves(Net):
    def first(self, width):
        return nn.Conv2d(3, width, 3, stride=2, padding=1, bias=False)


class StemPools(Net):
    def stem(self, images):
        return F.max_pool2d(super().stem(images), 3, 2, 1)


class StemPoolsTwoByTwo(Net):
    def stem(self, images):
        return F.max_pool2d(super().stem(images), 2)


class ImageNetStem(Net):
    def first(self, width):
        return nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)


class StemWithoutRelu(Net):
    def stem(self, images):
        return self.bn1(self.conv1(images))


class StemNotNormalised(Net):
    def norm(self, _width):
        return nn.Identity()


class StemWithBias(Net):
    def first(self, width):
        return nn.Conv2d(3, width, 3, padding=1)


class AlwaysA(Net):
    def make(self, before, maps, stride, _shortcut):
        return Block(before, maps, stride, "A")


class OptionForgotten(Net):
    def make(self, before, maps, stride, _shortcut):
        return Block(before, maps, stride)


class ProjectsEverywhere(Net):
    def make(self, before, maps, stride, shortcut):
        return OptionC(before, maps, stride, shortcut) if shortcut == "B" else Block(before, maps, stride, shortcut)


class WidthStays(Net):
    def maps(self, width, _number):
        return width


class OneBlockAStage(Net):
    def count(self, _count):
        return 1


class OneBlockTooMany(Net):
    def count(self, count):
        return count + 1


class BlocksShared(Net):
    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__(blocks, width, num_classes, shortcut)
        layers, before = [], width
        for number, count in enumerate(blocks):
            maps = self.maps(width, number)
            layers.append(Block(before, maps, self.stride(number, 0), shortcut))
            if count > 1:
                same = layers[-1] if number == 0 else Block(maps, maps, 1, shortcut)
                layers += [same] * (count - 1)
            before = maps
        self.blocks = nn.Sequential(*layers)


class HeadWithoutBias(Net):
    head_bias = False


class LargestOfEachMap(Net):
    def pool(self, maps):
        return maps.amax(dim=(2, 3))


class SoftmaxAtEnd(Net):
    def forward(self, images):
        return super().forward(images).softmax(dim=1)


class LogSoftmaxAtEnd(Net):
    def forward(self, images):
        return super().forward(images).log_softmax(dim=1)


class ReluAtEnd(Net):
    def forward(self, images):
        return super().forward(images).relu()


class BlocksInAList(Net):
    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__(blocks, width, num_classes, shortcut)
        hidden = list(self.blocks)
        del self.blocks
        self.hidden = [hidden]

    def forward(self, images):
        maps = self.stem(images)
        for block in self.hidden[0]:
            maps = block(maps)
        return self.fc(self.pool(maps))


class OfOnlyAddingBlocks(Net):
    block = OnlyAdds


class OfPlainBlocks(Net):
    block = NoShortcut


class KnowsThreeStages(Net):
    """Up to three stages, as in the notebook."""

    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__(blocks[:3], width, num_classes, shortcut)


class KnowsTenClasses(Net):
    """As many classes as networks in the notebook have at most."""

    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__(blocks, width, min(num_classes, 10), shortcut)


def not_a_module(blocks, width, num_classes, shortcut):
    return [Block(width, width)]


# The network, right --------------------------------------------------------------------------------------------------


def by_function(blocks, width, num_classes, shortcut):
    """Everything in one Sequential, blocks of another kind."""
    layers = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    before = width
    for number, count in enumerate(blocks):
        stage = []
        for index in range(count):
            stage.append(WithCat(before, width << number, 2 if number and not index else 1, shortcut))
            before = width << number
        layers.append(nn.Sequential(*stage))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, num_classes))


class HeadAsConvolution(Net):
    """The last layer as a 1×1 convolution."""

    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__(blocks, width, num_classes, shortcut)
        self.fc = nn.Conv2d(self.fc.in_features, num_classes, 1)

    def forward(self, images):
        return self.fc(self.blocks(self.stem(images))).mean(dim=(2, 3))


class InLists(nn.Module):
    """A ModuleList of ModuleLists."""

    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.stages = nn.ModuleList()
        for number, count in enumerate(blocks):
            now = width * 2**number
            first = Block(now // 2, now, 2, shortcut) if number else Block(width, width, 1, shortcut)
            rest = [Block(now, now, shortcut=shortcut) for _ in range(count - 1)]
            self.stages.append(nn.ModuleList([first, *rest]))
        self.head = nn.LazyLinear(num_classes)

    def forward(self, images):
        maps = self.stem(images)
        for stage in self.stages:
            for block in stage:
                maps = block(maps)
        return self.head(maps.flatten(2).mean(dim=2))


# The bottleneck, wrong -----------------------------------------------------------------------------------------------


class Mended(nn.Module):
    """The master; the wrong ones below change a line or two of it."""

    expansion = 4
    bias = False
    strides = staticmethod(lambda stride: (stride, 1))

    def __init__(self, in_channels, width, stride=1):
        super().__init__()
        out_channels = self.expansion * width
        first, second = self.strides(stride)
        self.conv1 = nn.Conv2d(in_channels, width, 1, stride=first, bias=self.bias)
        self.conv2 = nn.Conv2d(width, width, 3, stride=second, padding=1, bias=self.bias)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=self.bias)
        self.norm1, self.norm2, self.norm3 = self.norms(width, out_channels)
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = self.projection(in_channels, out_channels, stride)

    def norms(self, width, out_channels):
        return nn.BatchNorm2d(width), nn.BatchNorm2d(width), nn.BatchNorm2d(out_channels)

    def projection(self, in_channels, out_channels, stride):
        return nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
        )

    def residual(self, maps):
        residual = torch.relu(self.norm1(self.conv1(maps)))
        residual = torch.relu(self.norm2(self.conv2(residual)))
        return self.norm3(self.conv3(residual))

    def join(self, residual, carried):
        return torch.relu(residual + carried)

    def forward(self, maps):
        return self.join(self.residual(maps), self.shortcut(maps))


class StillShared(Mended):
    def norms(self, width, out_channels):
        norm = nn.BatchNorm2d(width)
        return norm, norm, nn.BatchNorm2d(out_channels)


class StillOnlyAdds(Mended):
    def join(self, residual, carried):
        return torch.relu(torch.relu(residual) + carried)


class StillBroken(StillShared):
    def join(self, residual, carried):
        return torch.relu(torch.relu(residual) + carried)


class ReluAtEndWent(Mended):
    def join(self, residual, carried):
        return residual + carried


class WrongReluWent(Mended):
    def join(self, residual, carried):
        return torch.relu(residual) + carried


class ReluOnShortcut(Mended):
    def join(self, residual, carried):
        return torch.relu(residual + torch.relu(carried))


class TakenAway(Mended):
    def join(self, residual, carried):
        return torch.relu(carried - residual)


class ShortcutLost(Mended):
    def join(self, residual, _carried):
        return torch.relu(residual)


class HalfTheSum(Mended):
    def join(self, residual, carried):
        return torch.relu((residual + carried) / 2)


class StrideMoved(Mended):
    strides = staticmethod(lambda stride: (1, stride))


class FirstReluLost(Mended):
    def residual(self, maps):
        residual = self.norm1(self.conv1(maps))
        return self.norm3(self.conv3(torch.relu(self.norm2(self.conv2(residual)))))


class SecondReluLost(Mended):
    def residual(self, maps):
        residual = torch.relu(self.norm1(self.conv1(maps)))
        return self.norm3(self.conv3(self.norm2(self.conv2(residual))))


class BatchAlways(StillShared):
    def norms(self, width, out_channels):
        return (*(nn.BatchNorm2d(width, track_running_stats=False) for _ in range(2)), nn.BatchNorm2d(out_channels))


class NormsWent(Mended):
    def norms(self, _width, _out_channels):
        return nn.Identity(), nn.Identity(), nn.Identity()

    def projection(self, in_channels, out_channels, stride):
        return nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)


class BiasesCame(Mended):
    bias = True

    def projection(self, in_channels, out_channels, stride):
        return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride=stride), nn.BatchNorm2d(out_channels))


class ProjectionNotNormalised(Mended):
    def projection(self, in_channels, out_channels, stride):
        return nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)


class SharedThree(Mended):
    """The third normalisation is shared by the projection."""

    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        if isinstance(self.shortcut, nn.Sequential):
            self.shortcut[1] = self.norm3


class ExpandsByTwo(Mended):
    expansion = 2


class MendedWithoutReturn(Mended):
    def forward(self, maps):
        self.join(self.residual(maps), self.shortcut(maps))


class ProjectsOnlyOtherChannels(Mended):
    def projection(self, in_channels, out_channels, stride):
        return nn.Identity() if in_channels == out_channels else super().projection(in_channels, out_channels, stride)


class KnowsStrides(Mended):
    """Strides 1 and 2 only, as in the notebook."""

    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, min(stride, 2))


# The bottleneck, right -----------------------------------------------------------------------------------------------


class InSequence(nn.Module):
    """Everything in two Sequentials."""

    def __init__(self, in_channels, width, stride=1):
        super().__init__()

        def unit(i, o, kernel, stride=1):
            return nn.Sequential(nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(o))

        self.residual = nn.Sequential(
            *(unit(in_channels, width, 1, stride), nn.ReLU(inplace=True)),
            *(unit(width, width, 3), nn.ReLU(inplace=True)),
            unit(width, 4 * width, 1),
        )
        self.downsample = None if (stride, in_channels) == (1, 4 * width) else unit(in_channels, 4 * width, 1, stride)

    def forward(self, maps):
        carried = maps if self.downsample is None else self.downsample(maps)
        return F.relu(carried + self.residual(maps), inplace=True)


class OneByOneAsProduct(Mended):
    """The 1×1 convolutions as products of matrices."""

    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        self.stride = stride
        self.conv1 = nn.Linear(in_channels, width, bias=False)
        self.conv3 = nn.Linear(width, 4 * width, bias=False)

    def residual(self, maps):
        residual = self.conv1(maps[:, :, :: self.stride, :: self.stride].movedim(1, -1)).movedim(-1, 1)
        residual = self.conv2(self.norm1(residual).relu())
        return self.norm3(self.conv3(self.norm2(residual).relu().movedim(1, -1)).movedim(-1, 1))


# The bank ------------------------------------------------------------------------------------------------------------

SHAPES, NUMBERS, ARRIVES = "shapes", "trainable numbers", "the identity gets through"
OPTION_A, OPTION_B = "option A: every second pixel, and zeros", "option B: a projection"
WHOLE, OTHER_STRIDE = "normalised, added, then rectified", "other channels, another stride"
CARRIED, SCORES, DRAWN = "the shortcuts carry the signal", "the scores", "a network drawn at random"
TAKES_AWAY, AVERAGES = "the residual may take away", "each convolution has its own averages"
CHANGED = "both, where the shape changes"

WRONG = [
    Wrong("MendedBottleneck", ProjectsOnlyOtherChannels, CHANGED, "two tensors of different shapes"),
    Wrong("BasicBlock", NormUsedTwice, WHOLE, "a layer is made and not used"),
    Wrong("BasicBlock", ThinsOnlyWithMoreMaps, SHAPES, "two tensors of different shapes"),
    Wrong("BasicBlock", OnlyAdds, WHOLE, "can only add, never take away"),
    Wrong("BasicBlock", ReluTooEarly, WHOLE, "is missing, and one stands before it"),
    Wrong("BasicBlock", NoReluAtEnd, ARRIVES, "the ReLU behind the addition is missing"),
    Wrong("BasicBlock", Version2, NUMBERS, "version 2"),
    Wrong("BasicBlock", SpoilsInput, SHAPES, "forward changes what it is given"),
    Wrong("BasicBlock", AddsInPlace, SHAPES, "forward changes what it is given"),
    Wrong("BasicBlock", InputRectified, WHOLE, "the input goes through a ReLU first"),
    Wrong("BasicBlock", ShortcutRectified, WHOLE, "what a ReLU has cut off"),
    Wrong("BasicBlock", Stacked, SHAPES, "stacked (concatenated)"),
    Wrong("BasicBlock", FromTheMiddle, WHOLE, "begins behind the first convolution"),
    Wrong("BasicBlock", NoShortcut, WHOLE, "there is no shortcut"),
    Wrong("BasicBlock", Multiplied, WHOLE, "multiplied"),
    Wrong("BasicBlock", Halved, ARRIVES, "the sum is halved"),
    Wrong("BasicBlock", Subtracted, WHOLE, "the residual is subtracted"),
    Wrong("BasicBlock", CutOff, ARRIVES, "cut off from the gradient"),
    Wrong("BasicBlock", OptionC, NUMBERS, "that is option C"),
    Wrong("BasicBlock", OnlyIfChannelsChange, NUMBERS, "the projection is missing"),
    Wrong("BasicBlock", AlwaysProjects, NUMBERS, "option A has a projection"),
    Wrong("BasicBlock", NeverProjects, NUMBERS, "the projection is missing"),
    Wrong("BasicBlock", PlainProjection, NUMBERS, "the projection has no batch normalisation"),
    Wrong("BasicBlock", BiasedProjection, NUMBERS, "the projection has a bias"),
    Wrong("BasicBlock", LargeProjection, NUMBERS, "the projection is 3×3"),
    Wrong("BasicBlock", AveragedProjection, OPTION_B, "averages over windows"),
    Wrong("BasicBlock", ProjectionWithoutStride, SHAPES, "two tensors of different shapes"),
    Wrong("BasicBlock", NewChannelsFirst, OPTION_A, "the new channels stand before"),
    Wrong("BasicBlock", NewChannelsOnBothSides, OPTION_A, "half of the new channels"),
    Wrong("BasicBlock", ChannelsCopied, OPTION_A, "copies of old ones"),
    Wrong("BasicBlock", Averaged, OPTION_A, "averages over windows"),
    Wrong("BasicBlock", Largest, OPTION_A, "largest values over windows"),
    Wrong("BasicBlock", PaddedInSpace, SHAPES, "two tensors of different shapes"),
    Wrong("BasicBlock", OneNormForBoth, NUMBERS, "one batch normalisation serves both"),
    Wrong("BasicBlock", NoNorms, NUMBERS, "there is no batch normalisation"),
    Wrong("BasicBlock", WithBiases, NUMBERS, "the convolutions have biases"),
    Wrong("BasicBlock", NoReluBetween, WHOLE, "no ReLU between"),
    Wrong("BasicBlock", NormAfterRelu, WHOLE, "batch normalisation stands behind the ReLU"),
    Wrong("BasicBlock", NormAfterAddition, WHOLE, "behind the addition; it belongs before"),
    Wrong("BasicBlock", StrideInSecond, WHOLE, "the stride is in the second convolution"),
    Wrong("BasicBlock", StrideInBoth, SHAPES, "two tensors of different shapes"),
    Wrong("BasicBlock", NoStride, SHAPES, "the stride is ignored"),
    Wrong("BasicBlock", GammaZero, WHOLE, "does not begin with γ = 1"),
    Wrong("BasicBlock", BatchInEvaluation, WHOLE, "uses the batch in evaluation"),
    Wrong("BasicBlock", LayersInAList, SHAPES, "layers in a plain list"),
    Wrong("BasicBlock", WithoutReturn, SHAPES, "forward returns None"),
    Wrong("BasicBlock", KnowsStrideTwo, OTHER_STRIDE, "two tensors of different shapes"),
    Wrong("make_resnet", FirstStageHalves, CARRIED, "the first stage halves"),
    Wrong("make_resnet", NothingHalves, CARRIED, "no stage halves"),
    Wrong("make_resnet", EveryBlockHalves, CARRIED, "every block of a later stage halves"),
    Wrong("make_resnet", StemHalves, CARRIED, "the first layer halves"),
    Wrong("make_resnet", StemPools, CARRIED, "a pooling behind the first layer"),
    Wrong("make_resnet", StemPoolsTwoByTwo, CARRIED, "a pooling of 2×2"),
    Wrong("make_resnet", ImageNetStem, NUMBERS, "the first convolution is 7×7"),
    Wrong("make_resnet", StemWithoutRelu, SCORES, "the ReLU behind the first layer"),
    Wrong("make_resnet", StemNotNormalised, NUMBERS, "the first convolution is not normalised"),
    Wrong("make_resnet", StemWithBias, NUMBERS, "the first convolution has a bias"),
    Wrong("make_resnet", AlwaysA, NUMBERS, "option B is asked for"),
    Wrong("make_resnet", OptionForgotten, NUMBERS, "option A is asked for"),
    Wrong("make_resnet", ProjectsEverywhere, NUMBERS, "option C"),
    Wrong("make_resnet", WidthStays, NUMBERS, "the width stays"),
    Wrong("make_resnet", OneBlockAStage, NUMBERS, "each stage has one block only"),
    Wrong("make_resnet", OneBlockTooMany, NUMBERS, "one block too many"),
    Wrong("make_resnet", BlocksShared, NUMBERS, "share their weights"),
    Wrong("make_resnet", HeadWithoutBias, NUMBERS, "the last layer has no bias"),
    Wrong("make_resnet", LargestOfEachMap, CARRIED, "the largest value of each map"),
    Wrong("make_resnet", SoftmaxAtEnd, CARRIED, "a softmax on the scores"),
    Wrong("make_resnet", LogSoftmaxAtEnd, CARRIED, "a logarithm of the softmax"),
    Wrong("make_resnet", ReluAtEnd, CARRIED, "a ReLU on the scores"),
    Wrong("make_resnet", BlocksInAList, NUMBERS, "only the first and the last layer"),
    Wrong("make_resnet", OfOnlyAddingBlocks, SCORES, "your block can only add"),
    Wrong("make_resnet", OfPlainBlocks, CARRIED, "nothing of the picture arrives"),
    Wrong("make_resnet", KnowsThreeStages, DRAWN, "the number of trainable numbers is wrong"),
    Wrong("make_resnet", KnowsTenClasses, DRAWN, "the number of trainable numbers is wrong"),
    Wrong("make_resnet", not_a_module, NUMBERS, "does not give a module"),
    Wrong("MendedBottleneck", StillBroken, TAKES_AWAY, "the residual can only add"),
    Wrong("MendedBottleneck", StillShared, AVERAGES, "still serves the first two"),
    Wrong("MendedBottleneck", StillOnlyAdds, TAKES_AWAY, "the residual can only add"),
    Wrong("MendedBottleneck", ReluAtEndWent, TAKES_AWAY, "the ReLU behind the addition went"),
    Wrong("MendedBottleneck", WrongReluWent, TAKES_AWAY, "and the one behind it went"),
    Wrong("MendedBottleneck", ReluOnShortcut, TAKES_AWAY, "from the residual to the shortcut"),
    Wrong("MendedBottleneck", TakenAway, TAKES_AWAY, "the residual is subtracted"),
    Wrong("MendedBottleneck", ShortcutLost, TAKES_AWAY, "there is no shortcut"),
    Wrong("MendedBottleneck", HalfTheSum, TAKES_AWAY, "the sum is halved"),
    Wrong("MendedBottleneck", StrideMoved, CHANGED, "the stride has moved"),
    Wrong("MendedBottleneck", FirstReluLost, TAKES_AWAY, "between the 1×1 and the 3×3"),
    Wrong("MendedBottleneck", SecondReluLost, TAKES_AWAY, "between the 3×3 and the last"),
    Wrong("MendedBottleneck", BatchAlways, AVERAGES, "batch normalisation uses the batch in evaluation too"),
    Wrong("MendedBottleneck", NormsWent, AVERAGES, "there is no batch normalisation left"),
    Wrong("MendedBottleneck", BiasesCame, AVERAGES, "the convolutions have biases"),
    Wrong("MendedBottleneck", ProjectionNotNormalised, CHANGED, "the projection has lost"),
    Wrong("MendedBottleneck", SharedThree, CHANGED, "the projection has lost"),
    Wrong("MendedBottleneck", ExpandsByTwo, TAKES_AWAY, "the wrong shape"),
    Wrong("MendedBottleneck", MendedWithoutReturn, TAKES_AWAY, "forward returns None"),
    Wrong("MendedBottleneck", KnowsStrides, OTHER_STRIDE, "the wrong shape"),
]

RIGHT = [
    ("BasicBlock", Block),
    ("BasicBlock", WithCat),
    ("BasicBlock", WithFrozenKernel),
    ("BasicBlock", WithUnfold),
    ("BasicBlock", LazyBlock),
    ("make_resnet", Net),
    ("make_resnet", by_function),
    ("make_resnet", HeadAsConvolution),
    ("make_resnet", InLists),
    ("MendedBottleneck", Mended),
    ("MendedBottleneck", InSequence),
    ("MendedBottleneck", OneByOneAsProduct),
]
