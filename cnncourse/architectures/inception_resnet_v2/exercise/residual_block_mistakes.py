"""Mistakes in the residual Inception block: each is the reference with a line or two changed."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.inception_resnet_v2.exercise.block import Block, padding_of
from cnncourse.checking import Misconception

NUMBERS, SHORTCUT, SCALED, TAKES_AWAY, LAST, EVALUATION = (
    "trainable numbers",
    "the input gets through",
    "what the branches find is scaled and added",
    "the residual may take away",
    "a last block without a ReLU",
    "in evaluation too",
)


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


class CutsOffShortcut(Block):
    def join(self, maps, residual):
        return maps.detach() + self.scale * residual


class RectifiesShortcut(Block):
    def join(self, maps, residual):
        return torch.relu(maps) + self.scale * residual


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
        return torch.relu(super().residual(maps))


class ReluTooEarly(Block):
    def forward(self, maps):
        return maps + self.scale * torch.relu(self.residual(maps))


class NormOnUp(Block):
    up_bias = False

    def make_up(self, filters, out_channels):
        return nn.Sequential(super().make_up(filters, out_channels), nn.BatchNorm2d(out_channels, self.eps))


class UpWithoutBias(Block):
    up_bias = False


class UpForEachBranch(Block):
    def branch(self, before, steps):
        return nn.Sequential(super().branch(before, steps), nn.Conv2d(steps[-1][0], before, 1))

    def make_up(self, _filters, _out_channels):
        return nn.Identity()

    def join(self, _maps, residual):
        return self.scale * residual


class NoUp(Block):
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
        return torch.relu(joined)


class ReluTheOtherWayRound(Block):
    def end(self, joined):
        return joined if self.activation else torch.relu(joined)


class ActivationOfBranches(Block):
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
        return [self.convolution(before, filters, kernel), nn.ReLU(), nn.BatchNorm2d(filters, self.eps)]


class NoRelusInBranches(Block):
    def unit(self, before, filters, kernel):
        return [self.convolution(before, filters, kernel), nn.BatchNorm2d(filters, self.eps)]


class BatchAlways(Block):
    def unit(self, before, filters, kernel):
        norm = nn.BatchNorm2d(filters, self.eps, track_running_stats=False)
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


class InputRectified(Block):
    def forward(self, maps):
        return super().forward(torch.relu(maps))


class FirstBranchCutOff(Block):
    def found(self, maps):
        first, *others = self.branches
        return [first(maps.detach()), *(branch(maps) for branch in others)]


class BranchesCutOff(Block):
    def found(self, maps):
        return super().found(maps.detach())


class ResidualCutOff(Block):
    def join(self, maps, residual):
        return maps + self.scale * residual.detach()


class ReluStopsAtSix(Block):
    def unit(self, before, filters, kernel):
        return [*super().unit(before, filters, kernel)[:2], nn.ReLU6()]


class NoReluAtEndInEvaluation(Block):
    def end(self, joined):
        return super().end(joined) if self.training else joined


class NoNormsButBiases(NoNorms):
    bias = True


class LinearByDefault(Block):
    def __init__(self, in_channels, branches, scale, activation=False):
        super().__init__(in_channels, branches, scale, activation)


class NormAndBiasOnUp(NormOnUp):
    up_bias = True


MISTAKES = (
    Misconception("the scale is on the shortcut; it belongs on the residual", ScalesShortcut, (SHORTCUT,)),
    Misconception(
        "the sum is scaled, the shortcut included; the scale belongs on the residual alone", ScalesSum, (SCALED,)
    ),
    Misconception("the residual is not scaled", ScalesNothing, (SCALED,)),
    Misconception("the residual is divided by the scale", DividesByScale, (SCALED,)),
    Misconception("the input is given the rest of the weight: 1 − scale; it stays as it is", SharesWeight, (SHORTCUT,)),
    Misconception("there is no shortcut: the input is not added", NoShortcut, (SHORTCUT,)),
    Misconception("the residual is subtracted", Subtracts, (SCALED,)),
    Misconception("input and residual are multiplied", Multiplies, (SCALED,)),
    Misconception("maps are stacked (concatenated) where they are to be added", Stacks, (SHORTCUT,)),
    Misconception("the shortcut is cut off from the gradient, by detach or no_grad", CutsOffShortcut, (SHORTCUT,)),
    Misconception("the shortcut carries what a ReLU has left of the input", RectifiesShortcut, (SHORTCUT,)),
    Misconception("the input goes through a ReLU first, for branches and shortcut alike", InputRectified, (SHORTCUT,)),
    Misconception("in evaluation the residual is not scaled", ScalesInTrainingOnly, (EVALUATION,)),
    Misconception("the residual is scaled in evaluation only", ScalesInEvaluationOnly, (SCALED,)),
    Misconception("the biases of the last 1×1 convolution are not scaled", ScalesWithoutBias, (SCALED,)),
    Misconception("the scale is trained; here it is a constant", ScaleIsTrained, (NUMBERS,)),
    Misconception(
        "a ReLU on the last 1×1 convolution: the residual can only add, never take away", ReluOnUp, (TAKES_AWAY,)
    ),
    Misconception("a ReLU stands before the addition and none behind it", ReluTooEarly, (TAKES_AWAY,)),
    Misconception("batch normalisation behind the last 1×1 convolution, in place of a bias", NormOnUp, (NUMBERS,)),
    Misconception(
        "batch normalisation behind the last 1×1 convolution: its bias is enough", NormAndBiasOnUp, (NUMBERS,)
    ),
    Misconception("the last 1×1 convolution has no bias; it is the only one that has one", UpWithoutBias, (NUMBERS,)),
    Misconception(
        "maps are stacked where they are to be added: there is a 1×1 convolution for each branch, and no shortcut",
        UpForEachBranch,
        (NUMBERS,),
    ),
    Misconception("the last 1×1 convolution is missing", NoUp, (NUMBERS,)),
    Misconception("the ReLU behind the addition is missing", NoReluAtEnd, (SCALED,)),
    Misconception("the ReLU behind the addition is missing in evaluation", NoReluAtEndInEvaluation, (EVALUATION,)),
    Misconception("a ReLU behind the addition, although activation=False", AlwaysReluAtEnd, (LAST,)),
    Misconception(
        "the ReLU stands there only where activation=False: it is there although activation=False, and not otherwise",
        ReluTheOtherWayRound,
        (LAST,),
    ),
    Misconception("activation is False if it is left out; it should be True", LinearByDefault, (SCALED,)),
    Misconception(
        "the ReLUs in the branches are missing where activation=False; only the last ReLU is to go",
        ActivationOfBranches,
        (LAST,),
    ),
    Misconception(
        "the convolutions in the branches have biases; behind them batch normalisation takes every bias away",
        BiasesInBranches,
        (NUMBERS,),
    ),
    Misconception("no convolution in the branches is normalised", NoNorms, (NUMBERS,)),
    Misconception("the convolutions in the branches have biases, and none is normalised", NoNormsButBiases, (NUMBERS,)),
    Misconception(
        "batch normalisation stands behind the ReLU in the branches; here it stands before", NormBehindRelu, (SCALED,)
    ),
    Misconception("the ReLUs in the branches are missing", NoRelusInBranches, (SCALED,)),
    Misconception("ReLU6 cuts off what is above six; ReLU lets it through", ReluStopsAtSix, (SCALED,)),
    Misconception("in evaluation, too, the batch's own mean and variance decide", BatchAlways, (EVALUATION,)),
    Misconception("rows and columns of the kernels are swapped", RowsForColumns, (SCALED,)),
    Misconception(
        "both halves of the factorised convolution lie the same way: 1×n must be followed by n×1",
        OneByNTwice,
        (SCALED,),
    ),
    Misconception("n×n kernels in place of 1×n and n×1", SquareKernels, (NUMBERS,)),
    Misconception(
        "a convolution changes height and width: each needs half of its kernel's rows and columns as padding",
        NoPadding,
        (SHORTCUT,),
    ),
    Misconception("the border is not filled with zeros", MirrorsTheBorder, (SCALED,)),
    Misconception("each branch has its first convolution only", OnlyFirstConvolutions, (NUMBERS,)),
    Misconception(
        "only the last 1×1 convolution is found: layers in a plain list are invisible to PyTorch, use nn.ModuleList or "
        "nn.Sequential",
        BranchesInAList,
        (NUMBERS,),
    ),
    Misconception("the first branch is cut off from the gradient of the input", FirstBranchCutOff, (SCALED,)),
    Misconception("all branches are cut off from the gradient of the input", BranchesCutOff, (SCALED,)),
    Misconception(
        "the residual is cut off from the gradient: nothing in the branches learns", ResidualCutOff, (SCALED,)
    ),
)
