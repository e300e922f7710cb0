"""Mistakes in the basic block: each is the course's own block with a line or two changed."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.resnet50.model import BasicBlock, ZeroPaddedShortcut, make_shortcut
from cnncourse.checking import Misconception

NUMBERS, ARRIVES, OPTION_A, OPTION_B, WHOLE = (
    "trainable numbers",
    "the identity gets through",
    "option A: every second pixel, and zeros",
    "option B: a projection",
    "normalised, added, then rectified",
)


class Block(BasicBlock):
    """The course's own block, in steps that a mistake can change one by one."""

    strides = staticmethod(lambda stride: (stride, 1))
    bias = False

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, shortcut: str = "B") -> None:
        super().__init__(in_channels, out_channels, stride, "none")
        first, second = self.strides(stride)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, first, padding=1, bias=self.bias)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, second, padding=1, bias=self.bias)
        self.shortcut = self.carrying(in_channels, out_channels, stride, shortcut)

    def carrying(self, i: int, o: int, stride: int, option: str) -> nn.Module:
        if (stride, i) == (1, o):
            return nn.Identity()
        return self.padded(i, o, stride) if option == "A" else self.projection(i, o, stride)

    def padded(self, i: int, o: int, stride: int) -> nn.Module:
        return ZeroPaddedShortcut(i, o, stride)

    def projection(self, i: int, o: int, stride: int) -> nn.Module:
        return make_shortcut("B", i, o, stride)

    def residual(self, maps: Tensor) -> Tensor:
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(maps)))))

    def join(self, residual: Tensor, carried: Tensor) -> Tensor:
        return F.relu(residual + carried)

    def forward(self, maps: Tensor) -> Tensor:
        return self.join(self.residual(maps), self.shortcut(maps))


# How the two ways are joined ------------------------------------------------------------------------------------------


class OnlyAdds(Block):
    def join(self, residual, carried):
        return F.relu(F.relu(residual) + carried)


class ReluTooEarly(Block):
    def join(self, residual, carried):
        return F.relu(residual) + carried


class NoReluAtEnd(Block):
    def join(self, residual, carried):
        return residual + carried


class NoReluInEvaluation(Block):
    def join(self, residual, carried):
        return super().join(residual, carried) if self.training else residual + carried


class ShortcutRectified(Block):
    def join(self, residual, carried):
        return F.relu(residual + F.relu(carried))


class Stacked(Block):
    def join(self, residual, carried):
        return F.relu(torch.cat([residual, carried], dim=1))


class NoShortcut(Block):
    def join(self, residual, carried):
        return F.relu(residual)


class Multiplied(Block):
    def join(self, residual, carried):
        return F.relu(residual * carried)


class Halved(Block):
    def join(self, residual, carried):
        return F.relu((residual + carried) / 2)


class Subtracted(Block):
    def join(self, residual, carried):
        return F.relu(carried - residual)


class CutOff(Block):
    def join(self, residual, carried):
        return F.relu(residual + carried.detach())


class AddedTwice(Block):
    def join(self, residual, carried):
        return F.relu(residual + 2 * carried)


class InputRectified(Block):
    def forward(self, maps):
        return super().forward(F.relu(maps))


class FromTheMiddle(Block):
    def forward(self, maps):
        middle = F.relu(self.bn1(self.conv1(maps)))
        return F.relu(self.bn2(self.conv2(middle)) + middle)


class Version2(Block):
    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__(in_channels, out_channels, stride, shortcut)
        self.bn1 = nn.BatchNorm2d(in_channels)

    def forward(self, maps):
        residual = self.conv1(F.relu(self.bn1(maps)))
        return self.conv2(F.relu(self.bn2(residual))) + self.shortcut(maps)


# The residual ---------------------------------------------------------------------------------------------------------


class NormUsedTwice(Block):
    def residual(self, maps):
        return self.bn1(self.conv2(F.relu(self.bn1(self.conv1(maps)))))


class OneNormForBoth(Block):
    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__(in_channels, out_channels, stride, shortcut)
        self.bn2 = self.bn1


class NoNorms(Block):
    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__(in_channels, out_channels, stride, shortcut)
        self.bn1 = self.bn2 = nn.Identity()


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
    strides = staticmethod(lambda stride: (1, stride))


class StrideInBoth(Block):
    strides = staticmethod(lambda stride: (stride, stride))


class NoStride(Block):
    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__(in_channels, out_channels, 1, shortcut)


class GammaZero(Block):
    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__(in_channels, out_channels, stride, shortcut)
        nn.init.zeros_(self.bn2.weight)


class BatchInEvaluation(Block):
    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__(in_channels, out_channels, stride, shortcut)
        self.bn1, self.bn2 = (nn.BatchNorm2d(out_channels, track_running_stats=False) for _ in range(2))


class LayersInAList(Block):
    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__(in_channels, out_channels, stride, shortcut)
        self.hidden = [self.conv1, self.conv2]
        del self.conv1, self.conv2

    def residual(self, maps):
        return self.bn2(self.hidden[1](F.relu(self.bn1(self.hidden[0](maps)))))


# The shortcut ---------------------------------------------------------------------------------------------------------


class OptionC(Block):
    def carrying(self, i, o, stride, option):
        return make_shortcut("A" if option == "A" else "C", i, o, stride)


class ProjectsForOtherChannelsOnly(Block):
    def projection(self, i, o, stride):
        return self.padded(i, o, stride) if i == o else super().projection(i, o, stride)


class AlwaysProjects(Block):
    def padded(self, i, o, stride):
        return self.projection(i, o, stride)


class NeverProjects(Block):
    def projection(self, i, o, stride):
        return self.padded(i, o, stride)


class PlainProjection(Block):
    def projection(self, i, o, stride):
        return nn.Conv2d(i, o, 1, stride, bias=False)


class BiasedProjection(Block):
    def projection(self, i, o, stride):
        return nn.Sequential(nn.Conv2d(i, o, 1, stride), nn.BatchNorm2d(o))


class LargeProjection(Block):
    def projection(self, i, o, stride):
        return nn.Sequential(nn.Conv2d(i, o, 3, stride, padding=1, bias=False), nn.BatchNorm2d(o))


class RectifiedProjection(Block):
    def projection(self, i, o, stride):
        return nn.Sequential(super().projection(i, o, stride), nn.ReLU())


class AveragedProjection(Block):
    def projection(self, i, o, stride):
        return nn.Sequential(nn.AvgPool2d(stride, ceil_mode=True), make_shortcut("C", i, o, 1))


class ProjectionWithoutStride(Block):
    def projection(self, i, o, stride):
        return make_shortcut("C", i, o, 1)


class ThinsOnlyWithMoreMaps(Block):
    def padded(self, i, o, stride):
        return nn.Identity() if i == o else super().padded(i, o, stride)


class Shortcut(ZeroPaddedShortcut):
    """Option A in two steps."""

    def smaller(self, maps: Tensor) -> Tensor:
        return maps[:, :, :: self.stride, :: self.stride]

    def more(self, maps: Tensor) -> Tensor:
        return F.pad(maps, (0, 0, 0, 0, 0, self.new_channels))

    def forward(self, maps: Tensor) -> Tensor:
        return self.more(self.smaller(maps))


def padded_by(shortcut: type[Shortcut]) -> type[Block]:
    """Return a block with another shortcut for option A."""

    class Padded(Block):
        def padded(self, i, o, stride):
            return shortcut(i, o, stride)

    return Padded


class NewFirst(Shortcut):
    def more(self, maps):
        return F.pad(maps, (0, 0, 0, 0, self.new_channels, 0))


class NewOnBothSides(Shortcut):
    def more(self, maps):
        half = self.new_channels // 2
        return F.pad(maps, (0, 0, 0, 0, half, self.new_channels - half))


class Copied(Shortcut):
    def more(self, maps):
        return torch.cat([maps, maps], dim=1)[:, : maps.shape[1] + self.new_channels]


class Averaged(Shortcut):
    def smaller(self, maps):
        return F.avg_pool2d(maps, self.stride, ceil_mode=True)


class Largest(Shortcut):
    def smaller(self, maps):
        return F.max_pool2d(maps, self.stride, ceil_mode=True)


MISTAKES = (
    Misconception("a ReLU stands before the addition: the residual can only add, never take away", OnlyAdds, (WHOLE,)),
    Misconception("the ReLU behind the addition is missing, and one stands before it", ReluTooEarly, (WHOLE,)),
    Misconception("the ReLU behind the addition is missing", NoReluAtEnd, (WHOLE,)),
    Misconception("the ReLU behind the addition is missing in evaluation", NoReluInEvaluation, (WHOLE,)),
    Misconception("there is no shortcut", NoShortcut, (ARRIVES, OPTION_A, OPTION_B)),
    Misconception("the shortcut is cut off from the gradient, by detach or no_grad", CutOff, (ARRIVES,)),
    Misconception("the convolutions have biases; behind them batch normalisation takes every bias away", WithBiases),
    Misconception("no ReLU between the two convolutions", NoReluBetween, (WHOLE,)),
    Misconception("the stride is in the second convolution", StrideInSecond, (WHOLE,)),
    Misconception("the stride is in both convolutions, so the maps become smaller twice", StrideInBoth),
    Misconception("the stride is ignored: nothing makes the maps smaller", NoStride),
    Misconception("the maps are stacked (concatenated); a residual block adds them", Stacked),
    Misconception("the two ways are multiplied; a residual block adds them", Multiplied, (WHOLE,)),
    Misconception("the sum is halved", Halved, (WHOLE,)),
    Misconception("the residual is subtracted", Subtracted, (WHOLE,)),
    Misconception("the shortcut is added twice", AddedTwice, (ARRIVES,)),
    Misconception("the shortcut carries what a ReLU has cut off below zero", ShortcutRectified, (ARRIVES,)),
    Misconception("the input goes through a ReLU first", InputRectified, (ARRIVES,)),
    Misconception("the shortcut begins behind the first convolution", FromTheMiddle, (ARRIVES,)),
    Misconception(
        "normalisation and ReLU stand before the convolutions: that is the later block of He et al. 2016 (version 2)",
        Version2,
        (WHOLE,),
    ),
    Misconception(
        "a layer is made and not used: one batch normalisation serves both convolutions", NormUsedTwice, (WHOLE,)
    ),
    Misconception("one batch normalisation serves both convolutions", OneNormForBoth, (NUMBERS,)),
    Misconception("there is no batch normalisation behind the two convolutions", NoNorms, (NUMBERS,)),
    Misconception("batch normalisation stands behind the ReLU; here it stands before", NormAfterRelu, (WHOLE,)),
    Misconception("batch normalisation stands behind the addition; it belongs before", NormAfterAddition, (WHOLE,)),
    Misconception("the last batch normalisation does not begin with γ = 1", GammaZero, (NUMBERS,)),
    Misconception("batch normalisation uses the batch in evaluation too", BatchInEvaluation, (WHOLE,)),
    Misconception(
        "layers in a plain list or dictionary are invisible to PyTorch: use nn.ModuleList", LayersInAList, (NUMBERS,)
    ),
    Misconception("the projection is there even where the shape stays: that is option C", OptionC, (NUMBERS,)),
    Misconception(
        "the projection is missing where only the stride changes; option B has one wherever the shape changes",
        ProjectsForOtherChannelsOnly,
        (NUMBERS,),
    ),
    Misconception("the projection is missing: option B has one wherever the shape changes", NeverProjects, (NUMBERS,)),
    Misconception("option A has a projection; it must have nothing to learn", AlwaysProjects, (NUMBERS,)),
    Misconception("the projection has no batch normalisation", PlainProjection, (NUMBERS,)),
    Misconception("the projection has a bias", BiasedProjection, (NUMBERS,)),
    Misconception("the projection is 3×3; the paper's is 1×1", LargeProjection, (NUMBERS,)),
    Misconception("a ReLU stands behind the projection; none follows before the addition", RectifiedProjection),
    Misconception(
        "the projection averages over windows; the paper takes every second pixel", AveragedProjection, (OPTION_B,)
    ),
    Misconception("the projection has no stride", ProjectionWithoutStride),
    Misconception("option A takes every second pixel only where there are new maps", ThinsOnlyWithMoreMaps),
    Misconception("the new channels stand before the old ones", padded_by(NewFirst), (OPTION_A,)),
    Misconception("half of the new channels stand before the old ones", padded_by(NewOnBothSides), (OPTION_A,)),
    Misconception(
        "the new channels are copies of old ones; option A fills them with zeros", padded_by(Copied), (OPTION_A,)
    ),
    Misconception(
        "averages over windows in the shortcut; the paper takes every second pixel", padded_by(Averaged), (OPTION_A,)
    ),
    Misconception(
        "largest values over windows in the shortcut; the paper takes every second pixel",
        padded_by(Largest),
        (OPTION_A,),
    ),
)
