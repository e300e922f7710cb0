"""Mistakes in mending a small Network in Network."""

import torch.nn.functional as F
from torch import nn

from cnncourse.checking import Misconception


class Mended(nn.Module):
    """A right answer; the wrong ones below change one line of it."""

    def __init__(self, in_channels, width, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, width, kernel_size=3, padding=1)
        self.mix = nn.Conv2d(width, width, kernel_size=1)
        self.classify = nn.Conv2d(width, num_classes, kernel_size=1)

    def class_maps(self, images):
        return F.relu(self.classify(F.relu(self.mix(F.relu(self.conv(images))))))

    def scores(self, maps):
        return maps.mean(dim=(2, 3))

    def forward(self, images):
        return self.scores(self.class_maps(images))


class StillInOneCorner(Mended):
    def scores(self, maps):
        return F.avg_pool2d(maps, kernel_size=8)[:, :, 0, 0]


class StillLinear(Mended):
    def class_maps(self, images):
        return F.relu(self.classify(self.mix(self.conv(images))))


class StillBroken(StillLinear):
    scores = StillInOneCorner.scores


class NoReluAfterConv(Mended):
    def class_maps(self, images):
        return F.relu(self.classify(F.relu(self.mix(self.conv(images)))))


class NoReluAfterMix(Mended):
    def class_maps(self, images):
        return F.relu(self.classify(self.mix(F.relu(self.conv(images)))))


class NoReluAfterClassify(Mended):
    def class_maps(self, images):
        return self.classify(F.relu(self.mix(F.relu(self.conv(images)))))


class LargestOfTheMap(Mended):
    def scores(self, maps):
        return maps.amax(dim=(2, 3))


class SumOfTheMap(Mended):
    def scores(self, maps):
        return maps.sum(dim=(2, 3))


class SumOverSixtyFour(Mended):
    def scores(self, maps):
        return maps.sum(dim=(2, 3)) / 64


class CornerOfTheMap(Mended):
    def scores(self, maps):
        return maps[:, :, :8, :8].mean(dim=(2, 3))


class SoftmaxFirst(Mended):
    def scores(self, maps):
        return maps.softmax(dim=1).mean(dim=(2, 3))


class ProbabilitiesAtTheEnd(Mended):
    def scores(self, maps):
        return maps.mean(dim=(2, 3)).softmax(dim=1)


class WithALayerMore(Mended):
    def __init__(self, in_channels, width, num_classes):
        super().__init__(in_channels, width, num_classes)
        self.output = nn.Linear(num_classes, num_classes)

    def scores(self, maps):
        return self.output(maps.mean(dim=(2, 3)))


class WiderMix(Mended):
    def __init__(self, in_channels, width, num_classes):
        super().__init__(in_channels, width, num_classes)
        self.mix = nn.Conv2d(width, width, kernel_size=3, padding=1)


class TwoOnesLeft(Mended):
    def scores(self, maps):
        return F.adaptive_avg_pool2d(maps, 1)


class NoMeanAtAll(Mended):
    def scores(self, maps):
        return maps


class MeanOfTheClasses(Mended):
    def scores(self, maps):
        return maps.mean(dim=1)


class CutOff(Mended):
    def scores(self, maps):
        return super().scores(maps.detach())


MISTAKES = (
    Misconception(
        "still one linear filter, and only the 8×8 positions in a corner count",
        StillBroken,
        (
            "three layers, not one linear filter",
            "every position counts",
            "smaller images too",
        ),
    ),
    Misconception(
        "only the 8×8 positions in a corner count",
        StillInOneCorner,
        (
            "every position counts",
            "smaller images too",
        ),
    ),
    Misconception(
        "no ReLU between the layers: the perceptron is still one linear filter",
        StillLinear,
        ("three layers, not one linear filter",),
    ),
    Misconception("the ReLU after conv is missing", NoReluAfterConv, ("three layers, not one linear filter",)),
    Misconception("the ReLU after mix is missing", NoReluAfterMix, ("three layers, not one linear filter",)),
    Misconception("the ReLU after classify is gone", NoReluAfterClassify, ("three layers, not one linear filter",)),
    Misconception(
        "the largest value of each map, not the mean", LargestOfTheMap, ("three layers, not one linear filter",)
    ),
    Misconception("the sum of each map, not the mean", SumOfTheMap, ("three layers, not one linear filter",)),
    Misconception(
        "the sum of each map is divided by a fixed number of positions", SumOverSixtyFour, ("every position counts",)
    ),
    Misconception("only the corner of 8×8 positions counts", CornerOfTheMap, ("every position counts",)),
    Misconception(
        "a softmax at each position, before the mean; the loss has the softmax",
        SoftmaxFirst,
        ("three layers, not one linear filter",),
    ),
    Misconception(
        "the means are turned into probabilities; the loss does that",
        ProbabilitiesAtTheEnd,
        ("three layers, not one linear filter",),
    ),
    Misconception(
        "a layer behind the averages; the class maps are averaged, and that is all",
        WithALayerMore,
        ("three layers, not one linear filter",),
    ),
    Misconception("a 3×3 kernel in the place of 1×1", WiderMix, ("three layers, not one linear filter",)),
    Misconception(
        "the two dimensions of size 1 are left; a score is one number",
        TwoOnesLeft,
        ("three layers, not one linear filter",),
    ),
    Misconception(
        "the class maps are returned; their means are the scores", NoMeanAtAll, ("three layers, not one linear filter",)
    ),
    Misconception(
        "the mean is taken over the classes, not over the positions",
        MeanOfTheClasses,
        ("three layers, not one linear filter",),
    ),
    Misconception(
        "nothing can learn: the scores are cut off from the gradient", CutOff, ("three layers, not one linear filter",)
    ),
)
