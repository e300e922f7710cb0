"""Wrong answers to chapter 6's exercise that are right but at the edges of what the text allows."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from cnncourse.architectures.resnet50.exercise import bottleneck, network, residual_block_mistakes
from tests.architectures.bank import Wrong


class ProjectsForStrideOnly(residual_block_mistakes.Block):
    def carrying(self, i, o, stride, option):
        return super().carrying(i, o, stride, option if stride > 1 else "A")


class ZerosBehindEvenSides(residual_block_mistakes.Block):
    """As Keras pads: where an even side is halved, the zeros stand behind it only."""

    def forward(self, maps):
        if self.conv1.stride == (1, 1):
            return super().forward(maps)
        height, width = (side % 2 for side in maps.shape[2:])
        padded = F.pad(maps, (width, 1, height, 1))
        residual = F.conv2d(padded, self.conv1.weight, stride=self.conv1.stride)[..., : -(-maps.shape[3] // 2)]
        return self.join(self.bn2(self.conv2(F.relu(self.bn1(residual)))), self.shortcut(maps))


class ZerosBetween(residual_block_mistakes.Block):
    """Twice as many maps: a map of zeros behind each, in place of all zeros behind all."""

    def join(self, residual, carried):
        is_padded = isinstance(self.shortcut, residual_block_mistakes.ZeroPaddedShortcut)
        if is_padded and carried.shape[1] == 2 * self.conv1.in_channels:
            carried = self.doubled(*carried.chunk(2, dim=1))
        return super().join(residual, carried)

    def doubled(self, maps, zeros):
        return torch.stack([maps, zeros], dim=2).flatten(1, 2)


class CopiesForZeros(ZerosBetween):
    """Twice as many maps: each twice."""

    def doubled(self, maps, _zeros):
        return torch.cat([maps, maps], dim=1)


class RunAgainForTheGradient(residual_block_mistakes.Block):
    """Its memory is saved by running it twice in each step, and its averages move twice."""

    def residual(self, maps):
        return checkpoint(super().residual, maps, use_reentrant=False) if self.training else super().residual(maps)


class SixBlocksAStageAtMost(network.Network):
    def count(self, count):
        return min(count, 6)


class OneStageHalvesToo(network.Network):
    def __init__(self, blocks, width, num_classes, shortcut):
        self.stages = len(blocks)
        super().__init__(blocks, width, num_classes, shortcut)

    def stride(self, number, index):
        return 2 if index == 0 and (number > 0 or self.stages == 1) else 1


class MeanOfASquare(network.Network):
    def pool(self, maps):
        side = min(maps.shape[2:])
        return maps[:, :, : side + 1, : side + 1].mean(dim=(2, 3))


class BottleneckProjectsForStrideOnly(bottleneck.Block):
    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        self.shortcut = self.shortcut if stride > 1 else nn.Identity()


class PlainProjectionWithoutStride(bottleneck.Block):
    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        if stride == 1 and isinstance(self.shortcut, nn.Sequential):
            self.shortcut[1] = nn.Identity()


class SurplusMapsCutOff(bottleneck.Block):
    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        if stride == 1 and in_channels > self.out_channels:
            self.shortcut = nn.Identity()

    def join(self, residual, carried):
        return torch.relu(residual + carried[:, : residual.shape[1]])


WRONG = [
    Wrong("BasicBlock", ZerosBetween, "BasicBlock(3, 6"),
    Wrong("BasicBlock", CopiesForZeros, "BasicBlock(3, 6"),
    Wrong("BasicBlock", RunAgainForTheGradient, "what comes out in evaluation is wrong"),
    Wrong("BasicBlock", ProjectsForStrideOnly, "BasicBlock(5, 3)"),
    Wrong("BasicBlock", ZerosBehindEvenSides, "what comes out is wrong"),
    Wrong("make_resnet", SixBlocksAStageAtMost, "the number of trainable parameters is wrong"),
    Wrong("make_resnet", OneStageHalvesToo, "make_resnet([1]"),
    Wrong("make_resnet", MeanOfASquare, "used on wide images"),
    Wrong("MendedBottleneck", BottleneckProjectsForStrideOnly, "two tensors of different shapes"),
    Wrong("MendedBottleneck", PlainProjectionWithoutStride, "the number of trainable parameters is wrong"),
    Wrong("MendedBottleneck", SurplusMapsCutOff, "the number of trainable parameters is wrong"),
]
