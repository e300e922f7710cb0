"""Mistakes in an mlpconv layer."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.checking import Misconception


class Mlpconv(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__()
        sources = [in_channels, *widths[:-1]]
        self.layers = nn.ModuleList(
            self.layer(number, source, width, kernel_size, padding)
            for number, (source, width) in enumerate(zip(sources, widths, strict=True))
        )

    def layer(self, number, source, width, kernel_size, padding):
        if number == 0:
            return nn.Conv2d(source, width, kernel_size, padding=padding)
        return nn.Conv2d(source, width, 1)

    def activation(self, number, maps):
        return F.relu(maps)

    def forward(self, maps):
        for number, layer in enumerate(self.layers):
            maps = self.activation(number, layer(maps))
        return maps


class KernelsEverywhere(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        return nn.Conv2d(source, width, kernel_size, padding=kernel_size // 2 if number else padding)


class KernelsWithoutPadding(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        return nn.Conv2d(source, width, kernel_size, padding=0 if number else padding)


class PaddedOneByOne(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        return nn.Conv2d(source, width, 1 if number else kernel_size, padding=padding)


class PaddingLeftOut(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        return super().layer(number, source, width, kernel_size, 0)


class ReflectedBorder(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        if number:
            return nn.Conv2d(source, width, 1)
        return nn.Conv2d(source, width, kernel_size, padding=padding, padding_mode="replicate")


class OneByOneFirst(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        return nn.Conv2d(source, width, 1)


class OnlyOneOneByOne(Mlpconv):
    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__(in_channels, [widths[0], widths[-1]], kernel_size, padding)


class OrdinaryConvolution(Mlpconv):
    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__(in_channels, widths[-1:], kernel_size, padding)


class FirstLayerOnly(Mlpconv):
    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__(in_channels, widths[:1], kernel_size, padding)


class EachChannelAlone(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        if number and width % source == 0:
            return nn.Conv2d(source, width, 1, groups=source)
        return super().layer(number, source, width, kernel_size, padding)


class WithoutBiases(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        return nn.Conv2d(source, width, 1 if number else kernel_size, padding=0 if number else padding, bias=False)


class WithoutLaterBiases(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        layer = super().layer(number, source, width, kernel_size, padding)
        return nn.Conv2d(source, width, 1, bias=False) if number else layer


class Normalised(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        layer = super().layer(number, source, width, kernel_size, padding)
        return nn.Sequential(layer, nn.BatchNorm2d(width).eval())

    def train(self, mode=True):
        return super().train(False)


class FrozenPerceptron(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        return super().layer(number, source, width, kernel_size, padding).requires_grad_(number == 0)


class CutOff(Mlpconv):
    def forward(self, maps):
        return super().forward(maps).detach()


class Smoothed(Mlpconv):
    def activation(self, number, maps):
        return F.avg_pool2d(F.relu(maps), 3, stride=1, padding=1) if number == 1 else F.relu(maps)


class NoRelu(Mlpconv):
    def activation(self, number, maps):
        return maps


class OnlyLastRelu(Mlpconv):
    def activation(self, number, maps):
        return F.relu(maps) if number == len(self.layers) - 1 else maps


class NoLastRelu(Mlpconv):
    def activation(self, number, maps):
        return maps if number == len(self.layers) - 1 else F.relu(maps)


class NoFirstRelu(Mlpconv):
    def activation(self, number, maps):
        return F.relu(maps) if number else maps


class NoSecondRelu(Mlpconv):
    def activation(self, number, maps):
        return maps if number == 1 else F.relu(maps)


class WithTanh(Mlpconv):
    def activation(self, number, maps):
        return torch.tanh(maps)


class WithLogistic(Mlpconv):
    def activation(self, number, maps):
        return torch.sigmoid(maps)


class Leaky(Mlpconv):
    def activation(self, number, maps):
        return F.leaky_relu(maps)


class Relu6(Mlpconv):
    def activation(self, number, maps):
        return F.relu6(maps)


class DroppedAtTheEnd(Mlpconv):
    def forward(self, maps):
        return F.dropout(super().forward(maps), 0.5, self.training)


class HalfPadding(Mlpconv):
    def layer(self, number, source, width, kernel_size, padding):
        return super().layer(number, source, width, kernel_size, kernel_size // 2)


class CutBetween(Mlpconv):
    def activation(self, number, maps):
        return F.relu(maps) if number else F.relu(maps).detach()


MISTAKES = (
    Misconception(
        "the later layers have k×k kernels: a 1×1 kernel takes nothing off the maps",
        KernelsEverywhere,
        ("trainable numbers",),
    ),
    Misconception(
        "the later layers have k×k kernels without padding: a 1×1 kernel takes nothing off the maps",
        KernelsWithoutPadding,
        ("trainable numbers",),
    ),
    Misconception(
        "the 1×1 convolutions are padded too, so that the maps grow",
        PaddedOneByOne,
        ("one perceptron for all positions",),
    ),
    Misconception("the padding is left out", PaddingLeftOut, ("one perceptron for all positions",)),
    Misconception("the border is not padded with zeros", ReflectedBorder, ("one perceptron for all positions",)),
    Misconception(
        "the first layer has a 1×1 kernel; it must see a patch of k×k", OneByOneFirst, ("trainable numbers",)
    ),
    Misconception("only one 1×1 convolution: a width is left out", OnlyOneOneByOne, ("trainable numbers",)),
    Misconception(
        "an ordinary convolution: the perceptron's other layers are missing",
        OrdinaryConvolution,
        ("trainable numbers",),
    ),
    Misconception(
        "the first layer only: the rest of the perceptron is missing", FirstLayerOnly, ("trainable numbers",)
    ),
    Misconception(
        "the 1×1 convolutions treat each channel alone; they must see all channels of a position",
        EachChannelAlone,
        ("trainable numbers",),
    ),
    Misconception("the biases are left out", WithoutBiases, ("trainable numbers",)),
    Misconception("the biases of the 1×1 convolutions are left out", WithoutLaterBiases, ("trainable numbers",)),
    Misconception(
        "batch normalisation, which came two years later, has numbers of its own", Normalised, ("trainable numbers",)
    ),
    Misconception(
        "the first layer only can learn: the others are cut off, or frozen", FrozenPerceptron, ("trainable numbers",)
    ),
    Misconception("nothing can learn: the weights are cut off from the gradient", CutOff, ("trainable numbers",)),
    Misconception(
        "a second k×k kernel widens the view; after the first layer nothing may look beyond its own position",
        Smoothed,
        ("a unit sees one k×k patch",),
    ),
    Misconception("no ReLU at all", NoRelu, ("a ReLU after every layer",)),
    Misconception(
        "a ReLU after the last layer only: the layers before it are one linear filter",
        OnlyLastRelu,
        ("a ReLU after every layer",),
    ),
    Misconception("the ReLU after the last layer is missing", NoLastRelu, ("a ReLU after every layer",)),
    Misconception("the ReLU after layer 1 is missing", NoFirstRelu, ("a ReLU after every layer",)),
    Misconception("the ReLU after layer 2 is missing", NoSecondRelu, ("a ReLU after every layer",)),
    Misconception("tanh in place of ReLU", WithTanh, ("a ReLU after every layer",)),
    Misconception("the logistic function in place of ReLU", WithLogistic, ("a ReLU after every layer",)),
    Misconception("a leaky ReLU: below zero a ReLU gives exactly 0", Leaky, ("a ReLU after every layer",)),
    Misconception("ReLU6 in place of ReLU: it cuts off above 6", Relu6, ("a ReLU after every layer",)),
    Misconception("dropout at the end; there is nothing else in it", DroppedAtTheEnd, ("a ReLU after every layer",)),
    Misconception(
        "the padding that is asked for is ignored: it is half of the kernel",
        HalfPadding,
        ("one perceptron for all positions",),
    ),
    Misconception("the first layer is cut off from the gradient", CutBetween, ("trainable numbers",)),
)
