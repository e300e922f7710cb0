"""Mistakes in a network that ends in class maps."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.network_in_network.exercise.mlpconv_mistakes import Mlpconv, NoLastRelu, NoRelu
from cnncourse.checking import Misconception, evenly_pooled


class Small(nn.Module):
    """A right answer; the wrong ones below change a thing or two."""

    def __init__(self, in_channels, stages, num_classes):
        super().__init__()
        self.stages = nn.ModuleList()
        for number, widths in enumerate(stages, start=1):
            every = self.widths(widths, num_classes, last=number == len(stages))
            self.stages.append(self.stage(in_channels, every, last=number == len(stages)))
            in_channels = widths[-1]

    def widths(self, widths, num_classes, last):
        return [*widths, num_classes] if last else widths

    def stage(self, in_channels, widths, last):
        return Mlpconv(in_channels, widths, 3, 1)

    def between(self, maps):
        return F.max_pool2d(maps, 2)

    def class_maps(self, images):
        *before, last = self.stages
        for stage in before:
            images = self.between(stage(images))
        return last(images)

    def scores(self, maps):
        return maps.mean(dim=(2, 3))

    def forward(self, images):
        return self.scores(self.class_maps(images))


class EvenlyPooled(Small):
    """Right too: where values of a window are equal, they share the gradient."""

    def between(self, maps):
        return evenly_pooled(maps, 2)


class LinearBehindTheMeans(Small):
    def __init__(self, in_channels, stages, num_classes):
        super().__init__(in_channels, stages, num_classes)
        self.linear = nn.Linear(num_classes, num_classes)

    def scores(self, maps):
        return self.linear(maps.mean(dim=(2, 3)))


class NoClassMaps(Small):
    def widths(self, widths, num_classes, last):
        return widths


class WithoutGradient(Small):
    @torch.no_grad()
    def forward(self, images):
        return super().forward(images)


class BareLastLayer(Small):
    def stage(self, in_channels, widths, last):
        return NoLastRelu(in_channels, widths, 3, 1) if last else super().stage(in_channels, widths, last)


class WithoutRelus(Small):
    def stage(self, in_channels, widths, last):
        return NoRelu(in_channels, widths, 3, 1)


class AveragedBetween(Small):
    def between(self, maps):
        return F.avg_pool2d(maps, 2)


class NothingBetween(Small):
    def between(self, maps):
        return maps


class PooledAtTheEndToo(Small):
    def class_maps(self, images):
        return F.max_pool2d(super().class_maps(images), 2)


class MapsAreScores(Small):
    def class_maps(self, images):
        return super().class_maps(images).mean(dim=(2, 3))

    def scores(self, maps):
        return maps


class SoftMaps(Small):
    def class_maps(self, images):
        return super().class_maps(images).softmax(dim=1)


class DividedMaps(Small):
    def class_maps(self, images):
        maps = super().class_maps(images)
        return maps / maps[0, 0].numel()

    def scores(self, maps):
        return maps.sum(dim=(2, 3))


class LargestValue(Small):
    def scores(self, maps):
        return maps.amax(dim=(2, 3))


class Summed(Small):
    def scores(self, maps):
        return maps.sum(dim=(2, 3))


class FixedDivisor(Small):
    def scores(self, maps):
        return maps.sum(dim=(2, 3)) / 16


class FixedWindow(Small):
    def scores(self, maps):
        return F.avg_pool2d(maps, 4)[:, :, 0, 0]


class SoftmaxBeforeTheMean(Small):
    def scores(self, maps):
        return maps.softmax(dim=1).mean(dim=(2, 3))


class Probabilities(Small):
    def scores(self, maps):
        return maps.mean(dim=(2, 3)).softmax(dim=1)


class MeanOverClasses(Small):
    def scores(self, maps):
        return maps.mean(dim=1)


class OneScoreForAll(Small):
    def scores(self, maps):
        return maps.mean(dim=(0, 2, 3)).expand(len(maps), -1)


class OnesLeft(Small):
    def scores(self, maps):
        return F.adaptive_avg_pool2d(maps, 1)


class WithDropout(Small):
    def between(self, maps):
        return F.dropout(super().between(maps), 0.5, self.training)


MISTAKES = (
    Misconception(
        "a fully connected layer behind the averages; later networks have one, Network in Network has none",
        LinearBehindTheMeans,
        ("trainable numbers",),
    ),
    Misconception("the last width, the number of classes, is missing", NoClassMaps, ("one map a class",)),
    Misconception(
        "nothing can learn: the weights are cut off from the gradient", WithoutGradient, ("trainable numbers",)
    ),
    Misconception(
        "the last layer is a bare convolution; it belongs to the perceptron and has its ReLU",
        BareLastLayer,
        ("one map a class",),
    ),
    Misconception("no ReLU at all", WithoutRelus, ("one map a class",)),
    Misconception(
        "the pooling takes the mean of a window, not the largest value", AveragedBetween, ("one map a class",)
    ),
    Misconception("the pooling between the mlpconv layers is missing", NothingBetween, ("one map a class",)),
    Misconception("a pooling too many: none follows the last mlpconv layer", PooledAtTheEndToo, ("one map a class",)),
    Misconception(
        "class_maps returns the scores; they are made of the maps in forward", MapsAreScores, ("one map a class",)
    ),
    Misconception("a softmax over the classes at each position", SoftMaps, ("one map a class",)),
    Misconception(
        "the maps are divided by their number of positions already; the mean belongs to forward",
        DividedMaps,
        ("one map a class",),
    ),
    Misconception("the largest value of each map, not the mean", LargestValue, ("a score is the mean of its map",)),
    Misconception("the sum of each map, not the mean", Summed, ("a score is the mean of its map",)),
    Misconception(
        "the sum of each map is divided by a fixed number of positions", FixedDivisor, ("images of any size",)
    ),
    Misconception(
        "a window of fixed size: the positions outside of it do not count", FixedWindow, ("images of any size",)
    ),
    Misconception(
        "a softmax at each position, before the mean; the loss has the softmax",
        SoftmaxBeforeTheMean,
        ("a score is the mean of its map",),
    ),
    Misconception(
        "the means are turned into probabilities; the loss does that",
        Probabilities,
        ("a score is the mean of its map",),
    ),
    Misconception(
        "the mean is taken over the classes, not over the positions",
        MeanOverClasses,
        ("a score is the mean of its map",),
    ),
    Misconception("all pictures of the batch are averaged", OneScoreForAll, ("a score is the mean of its map",)),
    Misconception(
        "the two dimensions of size 1 are left; a score is one number", OnesLeft, ("a score is the mean of its map",)
    ),
    Misconception(
        "dropout between the mlpconv layers; there is no other layer, and no dropout", WithDropout, ("one map a class",)
    ),
)
