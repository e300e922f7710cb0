"""Mistakes in an Inception module that show only in what its branches see and give."""

import torch.nn.functional as F

from cnncourse.architectures.inception_v1.exercise.inception_module_mistakes import Module
from cnncourse.checking import Misconception


class PoolFirstInTheOutput(Module):
    def towers(self, maps):
        one, three, five, pool = super().towers(maps)
        return [pool, one, three, five]


class LargestFirst(Module):
    def towers(self, maps):
        one, three, five, pool = super().towers(maps)
        return [five, three, one, pool]


class NoPooling(Module):
    def pool(self, maps):
        return maps


class Averaged(Module):
    def pool(self, maps):
        return F.avg_pool2d(maps, 3, stride=1, padding=1)


class PooledEverywhere(Module):
    """The maps of every branch are pooled."""

    def towers(self, maps):
        one, three, five, pool = super().towers(maps)
        return [self.pool(one), three, five, pool]


class DilatedThree(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.three.dilation, self.three.padding = (2, 2), (2, 2)


class ProjectedBeforePooling(Module):
    def towers(self, maps):
        return [*super().towers(maps)[:3], self.pool(F.relu(self.projection(maps)))]


class NoReluAfterReductions(Module):
    def towers(self, maps):
        one, _, _, pool = super().towers(maps)
        return [one, F.relu(self.three(self.three_reduce(maps))), F.relu(self.five(self.five_reduce(maps))), pool]


class NoReluAfterFiveReduce(Module):
    def towers(self, maps):
        one, three, _, pool = super().towers(maps)
        return [one, three, F.relu(self.five(self.five_reduce(maps))), pool]


class NoReluAtTheEnd(Module):
    def towers(self, maps):
        return [
            self.one(maps),
            self.three(F.relu(self.three_reduce(maps))),
            self.five(F.relu(self.five_reduce(maps))),
            self.projection(self.pool(maps)),
        ]


class NoReluAfterThree(Module):
    def towers(self, maps):
        one, _, five, pool = super().towers(maps)
        return [one, self.three(F.relu(self.three_reduce(maps))), five, pool]


class NoReluAfterProjection(Module):
    def towers(self, maps):
        return [*super().towers(maps)[:3], self.projection(self.pool(maps))]


class NoReluInThree(Module):
    def towers(self, maps):
        one, _, five, pool = super().towers(maps)
        return [one, self.three(self.three_reduce(maps)), five, pool]


class Leaky(Module):
    def towers(self, maps):
        one, _, _, pool = super().towers(maps)
        three = F.leaky_relu(self.three(F.leaky_relu(self.three_reduce(maps))))
        five = F.leaky_relu(self.five(F.leaky_relu(self.five_reduce(maps))))
        return [one, three, five, pool]


class ZerosRoundThePooling(Module):
    def pool(self, maps):
        return F.max_pool2d(F.pad(maps, (1, 1, 1, 1)), 3, stride=1)


class RectifiedBeforeThePooling(Module):
    def pool(self, maps):
        return super().pool(F.relu(maps))


class PaddedBeforeTheReduction(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.three_reduce.padding, self.three.padding = (1, 1), (0, 0)
        self.five_reduce.padding, self.five.padding = (2, 2), (0, 0)


class RelusOfSix(Module):
    def towers(self, maps):
        return [each.clamp(max=6) for each in super().towers(maps)]


class AllDetached(Module):
    def forward(self, maps):
        return super().forward(maps.detach())


class FiveDetached(Module):
    def towers(self, maps):
        five = F.relu(self.five(F.relu(self.five_reduce(maps.detach()))))
        one, three, _, pool = super().towers(maps)
        return [one, three, five, pool]


class AveragedInEvaluation(Module):
    def pool(self, maps):
        return super().pool(maps) if self.training else F.avg_pool2d(maps, 3, stride=1, padding=1)


VALUE_MISTAKES = (
    Misconception(
        "the branches are joined in another order than the text's", PoolFirstInTheOutput, ("what each branch sees",)
    ),
    Misconception("the branches are joined in another order than the text's", LargestFirst, ("what each branch sees",)),
    Misconception("no pooling before the projection", NoPooling, ("what each branch sees",)),
    Misconception("average pooling: Inception-v3 has it, this network does not", Averaged, ("what each branch sees",)),
    Misconception("the 1×1 branch is pooled too", PooledEverywhere, ("what each branch sees",)),
    Misconception(
        "the 3×3 convolution is dilated: there are holes in its window", DilatedThree, ("what each branch sees",)
    ),
    Misconception(
        "the projection comes before the pooling; the paper has it after",
        ProjectedBeforePooling,
        ("the right values, ReLUs included",),
    ),
    Misconception(
        "no ReLU after the reduction: both convolutions together are one linear filter",
        NoReluAfterReductions,
        ("the right values, ReLUs included",),
    ),
    Misconception(
        "no ReLU after the reduction: both convolutions together are one linear filter",
        NoReluAfterFiveReduce,
        ("the right values, ReLUs included",),
    ),
    Misconception("no ReLU after the 1×1 convolution", NoReluAtTheEnd, ("the right values, ReLUs included",)),
    Misconception("no ReLU after the 3×3 convolution", NoReluAfterThree, ("the right values, ReLUs included",)),
    Misconception("no ReLU after the projection", NoReluAfterProjection, ("the right values, ReLUs included",)),
    Misconception("no ReLU in the whole branch", NoReluInThree, ("the right values, ReLUs included",)),
    Misconception("a leaky ReLU: below zero a ReLU gives exactly 0", Leaky, ("the right values, ReLUs included",)),
    Misconception(
        "the pooling sees zeros beyond the border; torch's own takes the largest of what there is",
        ZerosRoundThePooling,
        ("the right values, ReLUs included",),
    ),
    Misconception(
        "the pooling is given rectified maps; all branches are given the same",
        RectifiedBeforeThePooling,
        ("the right values, ReLUs included",),
    ),
    Misconception(
        "the border is added before the reduction; zeros belong round the maps that the large kernel sees",
        PaddedBeforeTheReduction,
        ("the right values, ReLUs included",),
    ),
    Misconception("ReLU6 in place of ReLU: it cuts off above 6", RelusOfSix, ("the right values, ReLUs included",)),
    Misconception(
        "what comes in is cut off from the gradient: nothing below learns",
        AllDetached,
        ("the right values, ReLUs included",),
    ),
    Misconception(
        "what the 5×5 branch is given is cut off from the gradient", FiveDetached, ("the right values, ReLUs included",)
    ),
    Misconception("average pooling in evaluation", AveragedInEvaluation, ("what each branch sees",)),
)
