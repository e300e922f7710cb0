"""Answers to chapter 9's exercise as learners write them: wrong ones, one a misconception, and right ones."""

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


def padding_of(kernel):
    return kernel // 2 if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)


# The block, wrong -----------------------------------------------------------------------------------------------------


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


class ScalesShortcut(Block):
    def join(self, maps, residual):
        return self.scale * maps + residual


class ScalesSum(Block):
    def join(self, maps, residual):
        return self.scale * (maps + residual)


class ScalesNothing(Block):
    def join(self, maps, residual):
        return maps + residual


class DividesByScale(Block):
    def join(self, maps, residual):
        return maps + residual / self.scale


class SharesWeight(Block):
    def join(self, maps, residual):
        return (1 - self.scale) * maps + self.scale * residual


class NoShortcut(Block):
    def join(self, _maps, residual):
        return self.scale * residual


class Subtracts(Block):
    def join(self, maps, residual):
        return maps - self.scale * residual


class Multiplies(Block):
    def join(self, maps, residual):
        return maps * self.scale * residual


class Stacks(Block):
    def join(self, maps, residual):
        return torch.cat([maps, self.scale * residual], dim=1)


class AddsInPlace(Block):
    def join(self, maps, residual):
        maps += self.scale * residual
        return maps


class CutsOffShortcut(Block):
    def join(self, maps, residual):
        return maps.detach() + self.scale * residual


class RectifiesShortcut(Block):
    def join(self, maps, residual):
        return F.relu(maps) + self.scale * residual


class ScalesInTrainingOnly(Block):
    def join(self, maps, residual):
        return maps + (self.scale * residual if self.training else residual)


class ScalesInEvaluationOnly(Block):
    def join(self, maps, residual):
        return maps + (residual if self.training else self.scale * residual)


class ScalesWithoutBias(Block):
    def join(self, maps, residual):
        bias = self.up.bias[:, None, None]
        return maps + self.scale * (residual - bias) + bias


class ScaleIsTrained(Block):
    def constant(self, scale):
        return nn.Parameter(torch.tensor(float(scale)))


class ReluOnUp(Block):
    def residual(self, maps):
        return F.relu(super().residual(maps))


class ReluTooEarly(Block):
    def forward(self, maps):
        return maps + self.scale * F.relu(self.residual(maps))


class NormOnUp(Block):
    up_bias = False

    def make_up(self, filters, out_channels):
        return nn.Sequential(super().make_up(filters, out_channels), nn.BatchNorm2d(out_channels))


class UpWithoutBias(Block):
    up_bias = False


class UpForEachBranch(Block):
    """One 1×1 convolution for each branch, and their maps stacked: they do not fit the input."""

    def branch(self, before, steps):
        return nn.Sequential(super().branch(before, steps), nn.Conv2d(steps[-1][0], before, 1))

    def make_up(self, _filters, _out_channels):
        return nn.Identity()

    def join(self, _maps, residual):
        return self.scale * residual


class NoUp(Block):
    """The branches' maps are filled up with zeros, or cut off, to fit."""

    def make_up(self, _filters, _out_channels):
        return nn.Identity()

    def join(self, maps, residual):
        missing = maps.shape[1] - residual.shape[1]
        return maps + self.scale * F.pad(residual, (0, 0, 0, 0, 0, missing))


class NoReluAtEnd(Block):
    def end(self, joined):
        return joined


class AlwaysReluAtEnd(Block):
    def end(self, joined):
        return F.relu(joined)


class ReluTheOtherWayRound(Block):
    def end(self, joined):
        return joined if self.activation else F.relu(joined)


class ActivationOfBranches(Block):
    """With activation=False the ReLUs in the branches go as well."""

    def residual(self, maps):
        if self.activation:
            return super().residual(maps)
        found = []
        for branch in self.branches:
            inner = maps
            for layer in branch:
                inner = inner if isinstance(layer, nn.ReLU) else layer(inner)
            found.append(inner)
        return self.up(torch.cat(found, dim=1))


class BiasesInBranches(Block):
    bias = True


class NoNorms(Block):
    def unit(self, before, filters, kernel):
        return [self.convolution(before, filters, kernel), nn.ReLU()]


class NormBehindRelu(Block):
    def unit(self, before, filters, kernel):
        return [self.convolution(before, filters, kernel), nn.ReLU(), nn.BatchNorm2d(filters)]


class NoRelusInBranches(Block):
    def unit(self, before, filters, kernel):
        return [self.convolution(before, filters, kernel), nn.BatchNorm2d(filters)]


class BatchAlways(Block):
    def unit(self, before, filters, kernel):
        norm = nn.BatchNorm2d(filters, track_running_stats=False)
        return [self.convolution(before, filters, kernel), norm, nn.ReLU()]


class KeepsNoAverages(Block):
    def unit(self, before, filters, kernel):
        norm = nn.BatchNorm2d(filters, momentum=0.0)
        return [self.convolution(before, filters, kernel), norm, nn.ReLU()]


class RowsForColumns(Block):
    def convolution(self, before, filters, kernel):
        kernel = kernel if isinstance(kernel, int) else kernel[::-1]
        return super().convolution(before, filters, kernel)


class OneByNTwice(Block):
    def convolution(self, before, filters, kernel):
        kernel = kernel if isinstance(kernel, int) else tuple(sorted(kernel))
        return super().convolution(before, filters, kernel)


class SquareKernels(Block):
    def convolution(self, before, filters, kernel):
        kernel = kernel if isinstance(kernel, int) else max(kernel)
        return super().convolution(before, filters, kernel)


class NoPadding(Block):
    def convolution(self, before, filters, kernel):
        return nn.Conv2d(before, filters, kernel, bias=False)


class MirrorsTheBorder(Block):
    def convolution(self, before, filters, kernel):
        return nn.Conv2d(before, filters, kernel, padding=padding_of(kernel), bias=False, padding_mode="replicate")


class OnlyFirstConvolutions(Block):
    def __init__(self, in_channels, branches, scale, activation=True):
        super().__init__(in_channels, [steps[:1] for steps in branches], scale, activation)


class BranchesInAList(Block):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        branches = list(self.branches)
        del self.branches
        self.branches = branches


class WithoutReturn(Block):
    def forward(self, maps):
        super().forward(maps)


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


# The block, right -----------------------------------------------------------------------------------------------------


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


# The network ----------------------------------------------------------------------------------------------------------


class Net(nn.Module):
    """A right answer; the wrong ones below change a line or two of it."""

    block = Block
    halve = nn.MaxPool2d

    def __init__(self, in_channels, width, plan, num_classes):
        super().__init__()
        self.stem = self.make_stem(in_channels, width)
        self.stages = nn.Sequential()
        for number, (branches, count, scale) in enumerate(plan):
            last_stage = number == len(plan) - 1
            for index in range(count):
                options = self.options(scale, index == count - 1, last_stage)
                self.stages.append(self.block(width, branches, *options))
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


class SingleBlockStaysOrdinary(Net):
    """A last stage of one block, which no plan in the notebook has, is treated as any other."""

    def __init__(self, in_channels, width, plan, num_classes):
        object.__setattr__(self, "single", plan[-1][1] == 1)
        super().__init__(in_channels, width, plan, num_classes)

    def options(self, scale, last_of_stage, last_stage):
        return (scale,) if self.single else super().options(scale, last_of_stage, last_stage)


class LastLikeTheOthers(Net):
    def options(self, scale, _last_of_stage, _last_stage):
        return (scale,)


class LastKeepsScale(Net):
    def options(self, scale, last_of_stage, last_stage):
        return (scale, False) if last_of_stage and last_stage else (scale,)


class LastKeepsRelu(Net):
    def options(self, scale, last_of_stage, last_stage):
        return (1.0,) if last_of_stage and last_stage else (scale,)


class LastOfEveryStage(Net):
    def options(self, scale, last_of_stage, _last_stage):
        return (1.0, False) if last_of_stage else (scale,)


class WholeLastStage(Net):
    def options(self, scale, _last_of_stage, last_stage):
        return (1.0, False) if last_stage else (scale,)


class NoReluAnywhere(Net):
    def options(self, scale, last_of_stage, last_stage):
        return (1.0 if last_of_stage and last_stage else scale, False)


class NothingScaled(Net):
    def options(self, _scale, last_of_stage, last_stage):
        return (1.0, not (last_of_stage and last_stage))


def first_scale(in_channels, width, plan, num_classes):
    return Net(in_channels, width, [(branches, count, plan[0][2]) for branches, count, _ in plan], num_classes)


def first_branches(in_channels, width, plan, num_classes):
    return Net(in_channels, width, [(plan[0][0], count, scale) for _, count, scale in plan], num_classes)


def one_too_many(in_channels, width, plan, num_classes):
    return Net(in_channels, width, [(branches, count + 1, scale) for branches, count, scale in plan], num_classes)


class HalvesAtTheEndToo(Net):
    def is_halved(self, _last_stage):
        return True


class NeverHalves(Net):
    def is_halved(self, _last_stage):
        return False


class Averages(Net):
    halve = nn.AvgPool2d


class SharedBlocks(Net):
    def __init__(self, in_channels, width, plan, num_classes):
        super().__init__(in_channels, width, plan, num_classes)
        stages = []
        for number, (branches, count, scale) in enumerate(plan):
            stages += [self.block(width, branches, scale)] * count
            if number < len(plan) - 1:
                stages.append(nn.MaxPool2d(2))
        self.stages = nn.Sequential(*stages)


class BlocksInAList(Net):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        blocks = list(self.stages)
        del self.stages
        self.stages = lambda maps: self.one_after_the_other(blocks, maps)

    def one_after_the_other(self, blocks, maps):
        for block in blocks:
            maps = block(maps)
        return maps


class StemNotNormalised(Net):
    def make_stem(self, in_channels, width):
        return nn.Sequential(nn.Conv2d(in_channels, width, 3, padding=1, bias=False), nn.ReLU())


class StemWithBias(Net):
    def make_stem(self, in_channels, width):
        return nn.Sequential(nn.Conv2d(in_channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())


class StemWithoutRelu(Net):
    def make_stem(self, in_channels, width):
        return super().make_stem(in_channels, width)[:2]


class HeadWithoutBias(Net):
    def make_head(self, width, num_classes):
        return nn.Linear(width, num_classes, bias=False)


class LargestOfEachMap(Net):
    def pool(self, maps):
        return maps.amax(dim=(2, 3))


class SoftmaxAtEnd(Net):
    def forward(self, images):
        return super().forward(images).softmax(dim=1)


class ReluOnScores(Net):
    def forward(self, images):
        return F.relu(super().forward(images))


class OfBlocksThatScaleTheirShortcut(Net):
    block = ScalesShortcut


class OfBlocksWithoutBias(Net):
    block = UpWithoutBias


def not_a_module(_in_channels, _width, _plan, _num_classes):
    return None


class KnowsTwoStages(Net):
    def __init__(self, in_channels, width, plan, num_classes):
        super().__init__(in_channels, width, plan[:2], num_classes)


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


class StillScalesShortcut(Mended):
    def join(self, maps, residual):
        return self.scale * maps + residual


class StillOneWay(Mended):
    kernels = ((1, 7), (1, 7))


class StillBroken(StillScalesShortcut):
    kernels = ((1, 7), (1, 7))


class ScalesBoth(Mended):
    def join(self, maps, residual):
        return self.scale * (maps + residual)


class ScaleWent(Mended):
    def join(self, maps, residual):
        return maps + residual


class ScaleWentWhileOneWay(ScaleWent):
    kernels = ((1, 7), (1, 7))


class Divided(Mended):
    def join(self, maps, residual):
        return maps + residual / self.scale


class SharedWeight(Mended):
    def join(self, maps, residual):
        return (1 - self.scale) * maps + self.scale * residual


class ShortcutWent(Mended):
    def join(self, _maps, residual):
        return self.scale * residual


class MendedAddsInPlace(Mended):
    def join(self, maps, residual):
        maps += self.scale * residual
        return maps


class ReluWent(Mended):
    def forward(self, maps):
        return self.join(maps, self.residual(maps))


class ReluCame(Mended):
    def residual(self, maps):
        return F.relu(super().residual(maps))


class BothTall(Mended):
    kernels = ((7, 1), (7, 1))


class TurnedRound(Mended):
    kernels = ((7, 1), (1, 7))


class Square(Mended):
    kernels = (7, 7)


class ScaleInTrainingOnly(Mended):
    def join(self, maps, residual):
        return maps + (self.scale * residual if self.training else residual)


class BiasWent(Mended):
    def __init__(self, channels, filters, scale):
        super().__init__(channels, filters, scale)
        self.up = nn.Conv2d(2 * filters, channels, kernel_size=1, bias=False)


class NormCame(Mended):
    def __init__(self, channels, filters, scale):
        super().__init__(channels, filters, scale)
        self.up = nn.Sequential(nn.Conv2d(2 * filters, channels, 1, bias=False), nn.BatchNorm2d(channels))


class MendedWithoutReturn(Mended):
    def forward(self, maps):
        super().forward(maps)


class KnowsTheScale(Mended):
    """Right for the scale of 0.1."""

    def join(self, maps, residual):
        return maps + 0.1 * residual


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


NUMBERS, SHORTCUT, SCALED = "trainable numbers", "the input gets through", "what the branches find is scaled and added"
TAKES_AWAY, LAST, EVALUATION = "the residual may take away", "a last block without a ReLU", "in evaluation too"
OTHER_BRANCHES = "other branches, another scale"
STAGES, END, DRAWN = "stages and scales", "the end is linear", "a plan drawn at random"
JOINED, KERNELS, BOTH = (
    "the residual is scaled, and nothing else",
    "rows and columns are seen",
    "both, and in evaluation too",
)
OTHER_FILTERS = "other filters, another scale"

WRONG = [
    Wrong("make_inception_resnet", SingleBlockStaysOrdinary, DRAWN, "the scores are wrong"),
    Wrong("InceptionResidualBlock", ScalesShortcut, SHORTCUT, "the scale is on the shortcut"),
    Wrong("InceptionResidualBlock", ScalesSum, SCALED, "the sum is scaled"),
    Wrong("InceptionResidualBlock", ScalesNothing, SCALED, "the residual is not scaled"),
    Wrong("InceptionResidualBlock", DividesByScale, SCALED, "divided by the scale"),
    Wrong("InceptionResidualBlock", SharesWeight, SCALED, "1 − scale"),
    Wrong("InceptionResidualBlock", NoShortcut, SHORTCUT, "there is no shortcut"),
    Wrong("InceptionResidualBlock", Subtracts, SCALED, "the residual is subtracted"),
    Wrong("InceptionResidualBlock", Multiplies, SCALED, "multiplied"),
    Wrong("InceptionResidualBlock", Stacks, SHORTCUT, "maps are stacked"),
    Wrong("InceptionResidualBlock", AddsInPlace, SHORTCUT, "forward changes what it is given"),
    Wrong("InceptionResidualBlock", CutsOffShortcut, SHORTCUT, "cut off from the gradient"),
    Wrong("InceptionResidualBlock", RectifiesShortcut, SCALED, "what a ReLU has left of the input"),
    Wrong("InceptionResidualBlock", ScalesInTrainingOnly, EVALUATION, "in evaluation the residual is not scaled"),
    Wrong("InceptionResidualBlock", ScalesInEvaluationOnly, SCALED, "the residual is not scaled"),
    Wrong("InceptionResidualBlock", ScalesWithoutBias, SCALED, "biases of the last 1×1 convolution are not scaled"),
    Wrong("InceptionResidualBlock", ScaleIsTrained, NUMBERS, "the scale is trained"),
    Wrong("InceptionResidualBlock", ReluOnUp, TAKES_AWAY, "only add, never take away"),
    Wrong("InceptionResidualBlock", ReluTooEarly, TAKES_AWAY, "before the addition and none behind it"),
    Wrong("InceptionResidualBlock", NormOnUp, NUMBERS, "batch normalisation behind the last 1×1"),
    Wrong("InceptionResidualBlock", UpWithoutBias, NUMBERS, "has no bias"),
    Wrong("InceptionResidualBlock", UpForEachBranch, SHORTCUT, "maps are stacked"),
    Wrong("InceptionResidualBlock", NoUp, NUMBERS, "the last 1×1 convolution is missing"),
    Wrong("InceptionResidualBlock", NoReluAtEnd, SHORTCUT, "the ReLU behind the addition is missing"),
    Wrong("InceptionResidualBlock", AlwaysReluAtEnd, LAST, "although activation=False"),
    Wrong("InceptionResidualBlock", ReluTheOtherWayRound, LAST, "although activation=False"),
    Wrong("InceptionResidualBlock", ActivationOfBranches, LAST, "the ReLUs in the branches are missing"),
    Wrong("InceptionResidualBlock", BiasesInBranches, NUMBERS, "in the branches have biases"),
    Wrong("InceptionResidualBlock", NoNorms, NUMBERS, "no convolution in the branches is normalised"),
    Wrong("InceptionResidualBlock", NormBehindRelu, SCALED, "stands behind the ReLU"),
    Wrong("InceptionResidualBlock", NoRelusInBranches, SCALED, "the ReLUs in the branches are missing"),
    Wrong("InceptionResidualBlock", BatchAlways, EVALUATION, "the batch's own mean"),
    Wrong("InceptionResidualBlock", KeepsNoAverages, EVALUATION, "keeps no averages"),
    Wrong("InceptionResidualBlock", RowsForColumns, SCALED, "rows and columns of the kernels are swapped"),
    Wrong("InceptionResidualBlock", OneByNTwice, SCALED, "lie the same way"),
    Wrong("InceptionResidualBlock", SquareKernels, NUMBERS, "n×n kernels"),
    Wrong("InceptionResidualBlock", NoPadding, SHORTCUT, "a convolution changes height and width"),
    Wrong("InceptionResidualBlock", MirrorsTheBorder, SCALED, "the border is not filled with zeros"),
    Wrong("InceptionResidualBlock", OnlyFirstConvolutions, NUMBERS, "its first convolution only"),
    Wrong("InceptionResidualBlock", BranchesInAList, NUMBERS, "layers in a plain list"),
    Wrong("InceptionResidualBlock", WithoutReturn, SHORTCUT, "forward returns None"),
    Wrong("InceptionResidualBlock", KnowsKernels, OTHER_BRANCHES, "a convolution changes height and width"),
    Wrong("InceptionResidualBlock", KnowsScales, OTHER_BRANCHES, "the output is wrong"),
    Wrong("InceptionResidualBlock", KnowsThreeBranches, OTHER_BRANCHES, "the number of trainable numbers"),
    Wrong("make_inception_resnet", LastLikeTheOthers, END, "the last block is like the others"),
    Wrong("make_inception_resnet", LastKeepsScale, STAGES, "it should be 1"),
    Wrong("make_inception_resnet", LastKeepsRelu, END, "the last block has a ReLU"),
    Wrong("make_inception_resnet", LastOfEveryStage, STAGES, "the last block of every stage"),
    Wrong("make_inception_resnet", WholeLastStage, STAGES, "all blocks of the last stage"),
    Wrong("make_inception_resnet", NoReluAnywhere, END, "no block has a ReLU"),
    Wrong("make_inception_resnet", NothingScaled, STAGES, "no block is scaled"),
    Wrong("make_inception_resnet", first_scale, STAGES, "the scale of the first stage"),
    Wrong("make_inception_resnet", first_branches, NUMBERS, "the branches of the first stage"),
    Wrong("make_inception_resnet", one_too_many, NUMBERS, "each stage has one block too many"),
    Wrong("make_inception_resnet", HalvesAtTheEndToo, STAGES, "halved behind the last stage"),
    Wrong("make_inception_resnet", NeverHalves, STAGES, "not halved between stages"),
    Wrong("make_inception_resnet", Averages, STAGES, "average pooling"),
    Wrong("make_inception_resnet", SharedBlocks, NUMBERS, "share their weights"),
    Wrong("make_inception_resnet", BlocksInAList, NUMBERS, "blocks in a plain list"),
    Wrong("make_inception_resnet", StemNotNormalised, NUMBERS, "the first layer is not normalised"),
    Wrong("make_inception_resnet", StemWithBias, NUMBERS, "the first convolution has a bias"),
    Wrong("make_inception_resnet", StemWithoutRelu, STAGES, "the ReLU behind the first layer"),
    Wrong("make_inception_resnet", HeadWithoutBias, NUMBERS, "the last layer has no bias"),
    Wrong("make_inception_resnet", LargestOfEachMap, STAGES, "the largest value of each map"),
    Wrong("make_inception_resnet", SoftmaxAtEnd, STAGES, "a softmax on the scores"),
    Wrong("make_inception_resnet", ReluOnScores, END, "a ReLU on the scores"),
    Wrong("make_inception_resnet", OfBlocksThatScaleTheirShortcut, STAGES, "in your block: the scale is on"),
    Wrong("make_inception_resnet", OfBlocksWithoutBias, NUMBERS, "in your block: the last 1×1"),
    Wrong("make_inception_resnet", not_a_module, NUMBERS, "does not give a module"),
    Wrong("make_inception_resnet", KnowsTwoStages, DRAWN, "the number of trainable numbers is wrong"),
    Wrong("MendedBlock", StillBroken, JOINED, "the scale is on the shortcut"),
    Wrong("MendedBlock", StillScalesShortcut, JOINED, "the scale is on the shortcut"),
    Wrong("MendedBlock", StillOneWay, KERNELS, "lie the same way"),
    Wrong("MendedBlock", ScalesBoth, JOINED, "the sum is scaled"),
    Wrong("MendedBlock", ScaleWent, JOINED, "the residual is not scaled"),
    Wrong("MendedBlock", ScaleWentWhileOneWay, JOINED, "the residual is not scaled"),
    Wrong("MendedBlock", Divided, JOINED, "divided by the scale"),
    Wrong("MendedBlock", SharedWeight, JOINED, "1 − scale"),
    Wrong("MendedBlock", ShortcutWent, JOINED, "there is no shortcut"),
    Wrong("MendedBlock", MendedAddsInPlace, JOINED, "forward changes the tensor it is given"),
    Wrong("MendedBlock", ReluWent, JOINED, "the ReLU behind the addition is missing"),
    Wrong("MendedBlock", ReluCame, JOINED, "only add, never take away"),
    Wrong("MendedBlock", BothTall, KERNELS, "are 7×1 now"),
    Wrong("MendedBlock", TurnedRound, KERNELS, "7×1 comes before 1×7"),
    Wrong("MendedBlock", Square, KERNELS, "n×n kernels"),
    Wrong("MendedBlock", ScaleInTrainingOnly, BOTH, "in evaluation the residual is not scaled"),
    Wrong("MendedBlock", BiasWent, KERNELS, "has no bias"),
    Wrong("MendedBlock", NormCame, KERNELS, "batch normalisation behind the last 1×1"),
    Wrong("MendedBlock", MendedWithoutReturn, JOINED, "forward returns None"),
    Wrong("MendedBlock", KnowsTheScale, OTHER_FILTERS, "do not meet as they should"),
]

RIGHT = [
    ("InceptionResidualBlock", Block),
    ("InceptionResidualBlock", UpInParts),
    ("InceptionResidualBlock", WithAlpha),
    ("InceptionResidualBlock", LazyBlock),
    ("InceptionResidualBlock", NestedWithTheAuthorsEpsilon),
    ("make_inception_resnet", Net),
    ("make_inception_resnet", by_function),
    ("make_inception_resnet", HeadAsConvolution),
    ("MendedBlock", Mended),
    ("MendedBlock", InOneBranch),
    ("MendedBlock", OfTheFirstPart),
]
