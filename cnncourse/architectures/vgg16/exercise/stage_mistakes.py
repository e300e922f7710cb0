"""Mistakes in mending a stage."""

import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.vgg16.exercise.stack_mistakes import (
    OneOfThemOnly,
    leaky,
    no_padding,
    no_relu,
    no_relu_at_the_end,
    one_object_several_times,
    stacked,
    with_batch_norm,
    without_bias,
)
from cnncourse.checking import Misconception


class Stage(nn.Module):
    """A right answer; the wrong ones below change one line of it."""

    def __init__(self, in_channels, out_channels, depth):
        super().__init__()
        self.layers = self.make(in_channels, out_channels, depth)
        self.pool = nn.MaxPool2d(2)

    def make(self, in_channels, out_channels, depth):
        return stacked(in_channels, out_channels, depth)

    def forward(self, images):
        return self.pool(self.layers(images))


class StillBroken(Stage):
    def make(self, in_channels, out_channels, depth):
        first = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        return nn.Sequential(first, *[nn.Conv2d(out_channels, out_channels, 3, padding=1), nn.ReLU()] * (depth - 1))


class StillShared(Stage):
    def make(self, in_channels, out_channels, depth):
        return one_object_several_times(in_channels, out_channels, depth)


class FirstStillLinear(Stage):
    def make(self, in_channels, out_channels, depth):
        return stacked(
            in_channels, out_channels, depth, more=lambda number: [nn.ReLU()] if number > 0 else [nn.Identity()]
        )


class ReluInForwardOnly(Stage):
    def make(self, in_channels, out_channels, depth):
        return no_relu(in_channels, out_channels, depth)

    def forward(self, images):
        return self.pool(F.relu(self.layers(images)))


class NoReluAtAll(Stage):
    def make(self, in_channels, out_channels, depth):
        return no_relu(in_channels, out_channels, depth)


class LastReluLost(Stage):
    def make(self, in_channels, out_channels, depth):
        return no_relu_at_the_end(in_channels, out_channels, depth)


class LeakyStage(Stage):
    def make(self, in_channels, out_channels, depth):
        return leaky(in_channels, out_channels, depth)


class PoolingLost(Stage):
    def forward(self, images):
        return self.layers(images)


class MeanPooling(Stage):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.pool = nn.AvgPool2d(2)


class BiasesLost(Stage):
    def make(self, in_channels, out_channels, depth):
        return without_bias(in_channels, out_channels, depth)


class BatchNormAdded(Stage):
    def make(self, in_channels, out_channels, depth):
        return with_batch_norm(in_channels, out_channels, depth)


class PaddingLost(Stage):
    def make(self, in_channels, out_channels, depth):
        return no_padding(in_channels, out_channels, depth)


class OneTooMany(Stage):
    def make(self, in_channels, out_channels, depth):
        return stacked(in_channels, out_channels, depth + 1)


class MadeThenNotUsed(Stage):
    def make(self, in_channels, out_channels, depth):
        return OneOfThemOnly(in_channels, out_channels, depth)


class RoundedUp(Stage):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)


class UnseenNorms(Stage):
    def make(self, in_channels, out_channels, depth):
        return stacked(
            in_channels,
            out_channels,
            depth,
            more=lambda _number: [nn.BatchNorm2d(out_channels, affine=False), nn.ReLU()],
        )


class OtherConvolutionsAreOne(Stage):
    def make(self, in_channels, out_channels, depth):
        first = stacked(in_channels, out_channels, 1)
        return nn.Sequential(first, *[stacked(out_channels, out_channels, 1)] * (depth - 1))


class CutInStage(Stage):
    def forward(self, images):
        return self.pool(self.layers(images.detach()))


MISTAKES = (
    Misconception(
        "one convolution object is still used several times, and the first convolution still has no ReLU",
        StillBroken,
        (
            "every convolution has weights of its own",
            "a ReLU after every convolution",
        ),
    ),
    Misconception(
        "one convolution object is used several times: it has one set of weights, and so have all of its uses",
        StillShared,
        ("every convolution has weights of its own",),
    ),
    Misconception(
        "convolutions are made and then not used, or one of them is used in their place",
        MadeThenNotUsed,
        ("every convolution has weights of its own",),
    ),
    Misconception(
        "the first convolution still has no ReLU: it and the second are one linear map",
        FirstStillLinear,
        ("a ReLU after every convolution",),
    ),
    Misconception(
        "there is one ReLU, at the end: the convolutions before it are one linear map (linear collapse)",
        ReluInForwardOnly,
        ("a ReLU after every convolution",),
    ),
    Misconception(
        "there is no ReLU at all: convolutions in a row are one linear map (linear collapse)",
        NoReluAtAll,
        ("a ReLU after every convolution",),
    ),
    Misconception("the ReLU after the last convolution is missing", LastReluLost, ("a ReLU after every convolution",)),
    Misconception(
        "an activation that lets negative numbers through; ReLU gives exactly 0 for them",
        LeakyStage,
        ("a ReLU after every convolution",),
    ),
    Misconception("the pooling is gone", PoolingLost, ("the stage does what it did, otherwise",)),
    Misconception(
        "the pooling takes the mean; the paper takes the largest",
        MeanPooling,
        ("the stage does what it did, otherwise",),
    ),
    Misconception("the biases are left out, or not trained", BiasesLost, ("every convolution has weights of its own",)),
    Misconception(
        "batch normalisation is added; it came a year later",
        BatchNormAdded,
        ("every convolution has weights of its own",),
    ),
    Misconception(
        "no padding: every convolution takes a border away", PaddingLost, ("the stage does what it did, otherwise",)
    ),
    Misconception("one convolution too many", OneTooMany, ("every convolution has weights of its own",)),
    Misconception(
        "an odd edge gives one window more; the broken stage left it out",
        RoundedUp,
        ("the stage does what it did, otherwise",),
    ),
    Misconception(
        "batch normalisation without scale and shift is added; it came a year later",
        UnseenNorms,
        ("the stage does what it did, otherwise",),
    ),
    Misconception("what comes in is cut off from the gradient", CutInStage, ("the stage does what it did, otherwise",)),
)
