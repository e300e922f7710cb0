"""Answers to the appendix's exercise as learners write them: wrong ones, one a misconception, and right ones."""

from dataclasses import dataclass
from itertools import pairwise

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


# The mlpconv layer, wrong --------------------------------------------------------------------------------------------


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


class LooksAround(Mlpconv):
    def activation(self, number, maps):
        return F.relu(maps - maps.mean(dim=(2, 3), keepdim=True)) if number else F.relu(maps)


class SeesTheMean(Mlpconv):
    def activation(self, number, maps):
        return F.relu(maps) if number else F.relu(maps + maps.mean(dim=(2, 3), keepdim=True))


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


class ChannelsLast(Mlpconv):
    def forward(self, maps):
        return super().forward(maps).permute(0, 2, 3, 1)


class ForgotReturn(Mlpconv):
    def forward(self, maps):
        super().forward(maps)


class SpoilsItsInput(Mlpconv):
    def forward(self, maps):
        return super().forward(maps.data.relu_())


class AlwaysThreeLayers(Mlpconv):
    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__(in_channels, [widths[0], widths[min(1, len(widths) - 1)], widths[-1]], kernel_size, padding)


# The mlpconv layer, right --------------------------------------------------------------------------------------------


class InSequence(nn.Sequential):
    """A right answer as the course's own network has it."""

    def __init__(self, in_channels, widths, kernel_size, padding):
        layers = [nn.Conv2d(in_channels, widths[0], kernel_size, padding=padding), nn.ReLU()]
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 1), nn.ReLU(inplace=True)]
        super().__init__(*layers)


class LinearOverChannels(nn.Module):
    """A right answer with fully connected layers over the channels of each position."""

    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__()
        self.first = nn.Conv2d(in_channels, widths[0], kernel_size, padding=padding)
        pairs = pairwise(widths)
        self.rest = nn.Sequential(*(layer for pair in pairs for layer in (nn.Linear(*pair), nn.ReLU())))

    def forward(self, maps):
        return self.rest(self.first(maps).relu().permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PerceptronOnPatches(nn.Module):
    """A right answer that is what the text says: a perceptron on each patch."""

    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__()
        sizes = [in_channels * kernel_size**2, *widths]
        pairs = zip(sizes, widths, strict=False)
        self.perceptron = nn.Sequential(*(layer for pair in pairs for layer in (nn.Linear(*pair), nn.ReLU())))
        self.unfold = nn.Unfold(kernel_size, padding=padding)
        self.grown = 2 * padding - kernel_size + 1

    def forward(self, maps):
        size = (maps.shape[2] + self.grown, maps.shape[3] + self.grown)
        patches = self.unfold(maps).transpose(1, 2)
        return self.perceptron(patches).transpose(1, 2).unflatten(2, size)


class WithEinsum(nn.Module):
    """A right answer with weights of its own, the inputs first."""

    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__()
        self.first = nn.Conv2d(in_channels, widths[0], kernel_size, padding=padding)
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for before, after in pairwise(widths):
            self.weights.append(nn.Parameter(torch.randn(before, after) / before**0.5))
            self.biases.append(nn.Parameter(torch.zeros(after, 1, 1)))

    def forward(self, maps):
        maps = self.first(maps).clamp(min=0)
        for weight, bias in zip(self.weights, self.biases, strict=True):
            maps = (torch.einsum("nihw,io->nohw", maps, weight) + bias).clamp(min=0)
        return maps


class Lazy(nn.Module):
    """A right answer whose layers learn their sizes when they first run."""

    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__()
        self.first = nn.LazyConv2d(widths[0], kernel_size, padding=padding)
        self.rest = nn.ModuleList(nn.LazyConv2d(width, 1) for width in widths[1:])

    def forward(self, maps):
        maps = torch.relu(self.first(maps))
        for layer in self.rest:
            maps = torch.relu(layer(maps))
        return maps


# The small network, wrong --------------------------------------------------------------------------------------------


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


class LinearBehindTheMeans(Small):
    def __init__(self, in_channels, stages, num_classes):
        super().__init__(in_channels, stages, num_classes)
        self.linear = nn.Linear(num_classes, num_classes)

    def scores(self, maps):
        return self.linear(maps.mean(dim=(2, 3)))


class LinearOnFlattenedMaps(Small):
    def __init__(self, in_channels, stages, num_classes):
        super().__init__(in_channels, stages, num_classes)
        self.linear = nn.LazyLinear(num_classes)

    def scores(self, maps):
        return self.linear(maps.flatten(1))


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


class NoMethod(Small):
    class_maps = None

    def forward(self, images):
        return self.scores(Small.class_maps(self, images))


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


class MeanOverTheBatch(Small):
    def scores(self, maps):
        return maps.mean(dim=(0, 2, 3))


class OneScoreForAll(Small):
    def scores(self, maps):
        return maps.mean(dim=(0, 2, 3)).expand(len(maps), -1)


class OnesLeft(Small):
    def scores(self, maps):
        return F.adaptive_avg_pool2d(maps, 1)


class KnowsTwoStages(Small):
    def __init__(self, in_channels, stages, num_classes):
        super().__init__(in_channels, [stages[0], stages[-1]], num_classes)


# The small network, right --------------------------------------------------------------------------------------------


class SmallInSequence(nn.Module):
    """A right answer with modules only."""

    def __init__(self, in_channels, stages, num_classes):
        super().__init__()
        layers = []
        for widths in stages[:-1]:
            layers += [InSequence(in_channels, widths, 3, 1), nn.MaxPool2d(2)]
            in_channels = widths[-1]
        self.class_maps = nn.Sequential(*layers, InSequence(in_channels, [*stages[-1], num_classes], 3, 1))
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, images):
        return self.head(self.class_maps(images))


class SmallOfPerceptrons(Small):
    """A right answer of perceptrons on patches, with the mean written as an average pooling of the maps' size."""

    def stage(self, in_channels, widths, last):
        return PerceptronOnPatches(in_channels, widths, 3, 1)

    def scores(self, maps):
        return F.avg_pool2d(maps, maps.shape[2:]).flatten(1)


class SmallWithEinsum(Small):
    """A right answer that adds up and divides."""

    def stage(self, in_channels, widths, last):
        return WithEinsum(in_channels, widths, 3, 1)

    def scores(self, maps):
        return torch.einsum("nkhw->nk", maps) / (maps.shape[-1] * maps.shape[-2])


# The mended network --------------------------------------------------------------------------------------------------


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


class WindowsSideBySide(Mended):
    def scores(self, maps):
        return F.avg_pool2d(maps, 8).mean(dim=(2, 3)) if min(maps.shape[2:]) >= 8 else maps.mean(dim=(2, 3))


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


class OtherLayerNames(nn.Module):
    def __init__(self, in_channels, width, num_classes):
        super().__init__()
        self.layers = InSequence(in_channels, [width, width, num_classes], 3, 1)

    def forward(self, images):
        return self.layers(images).mean(dim=(2, 3))


class TwoOnesLeft(Mended):
    def scores(self, maps):
        return F.adaptive_avg_pool2d(maps, 1)


class NoMeanAtAll(Mended):
    def scores(self, maps):
        return maps


class MeanOfTheClasses(Mended):
    def scores(self, maps):
        return maps.mean(dim=1)


class KnowsTheSizes(Mended):
    def scores(self, maps):
        positions = {8: 64, 12: 240, 5: 30}
        return maps.sum(dim=(2, 3)) / positions.get(maps.shape[2], 64)


class MendedWithModules(nn.Module):
    """A right answer with modules for all that is done."""

    def __init__(self, in_channels, width, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, width, 3, padding="same")
        self.mix = nn.Conv2d(width, width, 1)
        self.classify = nn.Conv2d(width, num_classes, 1)
        self.relu, self.pool = nn.ReLU(), nn.AdaptiveAvgPool2d(1)

    def forward(self, images):
        maps = self.relu(self.mix(self.relu(self.conv(images))))
        return self.pool(self.relu(self.classify(maps))).flatten(1)


class MendedWithLinear(nn.Module):
    """A right answer with fully connected layers over the channels of each position."""

    def __init__(self, in_channels, width, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, width, 3, padding=1)
        self.mix = nn.Linear(width, width)
        self.classify = nn.Linear(width, num_classes)

    def forward(self, images):
        positions = self.conv(images).relu().flatten(2).transpose(1, 2)
        return self.classify(self.mix(positions).relu()).relu().mean(dim=1)


# What is wrong, and what is right ------------------------------------------------------------------------------------

POSITIONS = "one perceptron for all positions"
NUMBERS = "trainable numbers"
VIEW = "a unit sees one k×k patch"
RELU = "a ReLU after every layer"
MAPS = "one map a class"
MEAN = "a score is the mean of its map"
ANY_SIZE = "images of any size"
LAYERS = "three layers, not one linear filter"
EVERYWHERE = "every position counts"
SMALLER = "smaller images too"

WRONG = [
    Wrong("MLPConv", KernelsEverywhere, NUMBERS, "the later layers have k×k kernels"),
    Wrong("MLPConv", KernelsWithoutPadding, POSITIONS, "a 1×1 kernel takes nothing off"),
    Wrong("MLPConv", PaddedOneByOne, POSITIONS, "the 1×1 convolutions are padded too"),
    Wrong("MLPConv", PaddingLeftOut, POSITIONS, "the padding is left out"),
    Wrong("MLPConv", ReflectedBorder, POSITIONS, "the border is not padded with zeros"),
    Wrong("MLPConv", OneByOneFirst, POSITIONS, "the output has the wrong shape"),
    Wrong("MLPConv", OnlyOneOneByOne, NUMBERS, "only one 1×1 convolution"),
    Wrong("MLPConv", OrdinaryConvolution, NUMBERS, "an ordinary convolution"),
    Wrong("MLPConv", FirstLayerOnly, POSITIONS, "the first layer only"),
    Wrong("MLPConv", EachChannelAlone, NUMBERS, "treat each channel alone"),
    Wrong("MLPConv", WithoutBiases, NUMBERS, "the biases are left out"),
    Wrong("MLPConv", WithoutLaterBiases, NUMBERS, "the biases of the 1×1 convolutions are left out"),
    Wrong("MLPConv", Normalised, NUMBERS, "batch normalisation"),
    Wrong("MLPConv", FrozenPerceptron, NUMBERS, "the others are cut off, or frozen"),
    Wrong("MLPConv", CutOff, NUMBERS, "nothing can learn"),
    Wrong("MLPConv", LooksAround, POSITIONS, "depends on other positions than the patch"),
    Wrong("MLPConv", SeesTheMean, POSITIONS, "depends on other positions than the patch"),
    Wrong("MLPConv", Smoothed, VIEW, "a second k×k kernel widens the view"),
    Wrong("MLPConv", NoRelu, RELU, "no ReLU at all"),
    Wrong("MLPConv", OnlyLastRelu, RELU, "a ReLU after the last layer only"),
    Wrong("MLPConv", NoLastRelu, RELU, "the ReLU after the last layer is missing"),
    Wrong("MLPConv", NoFirstRelu, RELU, "the ReLU after layer 1 is missing"),
    Wrong("MLPConv", NoSecondRelu, RELU, "the ReLU after layer 2 is missing"),
    Wrong("MLPConv", WithTanh, RELU, "tanh in place of ReLU"),
    Wrong("MLPConv", WithLogistic, RELU, "the logistic function in place of ReLU"),
    Wrong("MLPConv", Leaky, RELU, "a leaky ReLU"),
    Wrong("MLPConv", ChannelsLast, POSITIONS, "the channels are left in the last place"),
    Wrong("MLPConv", ForgotReturn, POSITIONS, "forward returns None"),
    Wrong("MLPConv", SpoilsItsInput, POSITIONS, "forward changes the tensor it is given"),
    Wrong("MLPConv", AlwaysThreeLayers, "other widths, another kernel", "the number of values that training moves"),
    Wrong("SmallNetwork", LinearBehindTheMeans, NUMBERS, "a fully connected layer behind the averages"),
    Wrong("SmallNetwork", LinearOnFlattenedMaps, NUMBERS, "a fully connected layer on the flattened maps"),
    Wrong("SmallNetwork", NoClassMaps, MAPS, "the last width, the number of classes, is missing"),
    Wrong("SmallNetwork", WithoutGradient, NUMBERS, "nothing can learn"),
    Wrong("SmallNetwork", BareLastLayer, MAPS, "the last layer is a bare convolution"),
    Wrong("SmallNetwork", WithoutRelus, MAPS, "no ReLU at all"),
    Wrong("SmallNetwork", AveragedBetween, MAPS, "the pooling takes the mean of a window"),
    Wrong("SmallNetwork", NothingBetween, MAPS, "the pooling between the mlpconv layers is missing"),
    Wrong("SmallNetwork", PooledAtTheEndToo, MAPS, "a pooling too many"),
    Wrong("SmallNetwork", MapsAreScores, MAPS, "class_maps returns the scores"),
    Wrong("SmallNetwork", SoftMaps, MAPS, "a softmax over the classes at each position"),
    Wrong("SmallNetwork", DividedMaps, MAPS, "the maps are divided by their number of positions already"),
    Wrong("SmallNetwork", NoMethod, MAPS, "your network has no method class_maps"),
    Wrong("SmallNetwork", LargestValue, MEAN, "the largest value of each map"),
    Wrong("SmallNetwork", Summed, MEAN, "the sum of each map, not the mean"),
    Wrong("SmallNetwork", FixedDivisor, ANY_SIZE, "divided by a fixed number of positions"),
    Wrong("SmallNetwork", FixedWindow, ANY_SIZE, "a window of fixed size"),
    Wrong("SmallNetwork", SoftmaxBeforeTheMean, MEAN, "a softmax at each position, before the mean"),
    Wrong("SmallNetwork", Probabilities, MEAN, "the means are turned into probabilities"),
    Wrong("SmallNetwork", MeanOverClasses, MEAN, "the mean is taken over the classes"),
    Wrong("SmallNetwork", MeanOverTheBatch, MEAN, "the mean is taken over the batch as well"),
    Wrong("SmallNetwork", OneScoreForAll, MEAN, "all pictures of the batch are averaged"),
    Wrong("SmallNetwork", OnesLeft, MEAN, "the two dimensions of size 1 are left"),
    Wrong("SmallNetwork", KnowsTwoStages, "other stages, other classes", "the class maps have the wrong shape"),
    Wrong("MendedNetwork", StillBroken, EVERYWHERE, "still one linear filter and only the 8×8 positions in a corner"),
    Wrong("MendedNetwork", StillInOneCorner, EVERYWHERE, "only the 8×8 positions in a corner count"),
    Wrong("MendedNetwork", StillLinear, LAYERS, "the perceptron is still one linear filter"),
    Wrong("MendedNetwork", NoReluAfterConv, LAYERS, "the ReLU after conv is missing"),
    Wrong("MendedNetwork", NoReluAfterMix, LAYERS, "the ReLU after mix is missing"),
    Wrong("MendedNetwork", NoReluAfterClassify, LAYERS, "the ReLU after classify is gone"),
    Wrong("MendedNetwork", LargestOfTheMap, LAYERS, "the largest value of each map"),
    Wrong("MendedNetwork", SumOfTheMap, LAYERS, "the sum of each map, not the mean"),
    Wrong("MendedNetwork", SumOverSixtyFour, EVERYWHERE, "divided by a fixed number of positions"),
    Wrong("MendedNetwork", WindowsSideBySide, EVERYWHERE, "the mean of windows that lie side by side"),
    Wrong("MendedNetwork", CornerOfTheMap, EVERYWHERE, "only the 8×8 positions in a corner count"),
    Wrong("MendedNetwork", SoftmaxFirst, LAYERS, "a softmax at each position, before the mean"),
    Wrong("MendedNetwork", ProbabilitiesAtTheEnd, LAYERS, "the means are turned into probabilities"),
    Wrong("MendedNetwork", WithALayerMore, LAYERS, "a layer behind the averages"),
    Wrong("MendedNetwork", WiderMix, LAYERS, "a 3×3 kernel in the place of 1×1"),
    Wrong("MendedNetwork", OtherLayerNames, LAYERS, "keep the names conv, mix and classify"),
    Wrong("MendedNetwork", TwoOnesLeft, LAYERS, "the two dimensions of size 1 are left"),
    Wrong("MendedNetwork", NoMeanAtAll, LAYERS, "the class maps are returned"),
    Wrong("MendedNetwork", MeanOfTheClasses, LAYERS, "the mean is taken over the classes"),
    Wrong("MendedNetwork", KnowsTheSizes, "other layers, other sizes", "the scores are wrong"),
]

RIGHT = [
    ("MLPConv", Mlpconv),
    ("MLPConv", InSequence),
    ("MLPConv", LinearOverChannels),
    ("MLPConv", PerceptronOnPatches),
    ("MLPConv", WithEinsum),
    ("MLPConv", Lazy),
    ("SmallNetwork", Small),
    ("SmallNetwork", SmallInSequence),
    ("SmallNetwork", SmallOfPerceptrons),
    ("SmallNetwork", SmallWithEinsum),
    ("MendedNetwork", Mended),
    ("MendedNetwork", MendedWithModules),
    ("MendedNetwork", MendedWithLinear),
]
