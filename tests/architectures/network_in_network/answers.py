"""Answers to the appendix's exercise: right ones, and wrong ones that no misconception explains."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.network_in_network.exercise.class_maps_mistakes import Small
from cnncourse.architectures.network_in_network.exercise.mended_network_mistakes import Mended
from cnncourse.architectures.network_in_network.exercise.mlpconv_mistakes import Mlpconv
from tests.architectures.bank import Wrong


class LooksAround(Mlpconv):
    def activation(self, number, maps):
        return F.relu(maps - maps.mean(dim=(2, 3), keepdim=True)) if number else F.relu(maps)


class SeesTheMean(Mlpconv):
    def activation(self, number, maps):
        return F.relu(maps) if number else F.relu(maps + maps.mean(dim=(2, 3), keepdim=True))


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


class SingleUnitLinear(Mlpconv):
    def activation(self, number, maps):
        return maps if maps.shape[1] == 1 else super().activation(number, maps)


class TwoBordersAtMost(Mlpconv):
    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__(in_channels, widths, kernel_size, min(padding, 2))


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


class LinearOnFlattenedMaps(Small):
    def __init__(self, in_channels, stages, num_classes):
        super().__init__(in_channels, stages, num_classes)
        self.linear = nn.LazyLinear(num_classes)

    def scores(self, maps):
        return self.linear(maps.flatten(1))


class NoMethod(Small):
    class_maps = None

    def forward(self, images):
        return self.scores(Small.class_maps(self, images))


class MeanOverTheBatch(Small):
    def scores(self, maps):
        return maps.mean(dim=(0, 2, 3))


class KnowsTwoStages(Small):
    def __init__(self, in_channels, stages, num_classes):
        super().__init__(in_channels, [stages[0], stages[-1]], num_classes)


class SingleClassLost(Small):
    def scores(self, maps):
        return super().scores(maps).squeeze(1)


class SingleStagePooled(Small):
    def class_maps(self, images):
        return super().class_maps(self.between(images) if len(self.stages) == 1 else images)


class OneStageForEqualOnes(Small):
    def stage(self, in_channels, widths, last):
        made = self.__dict__.setdefault("made", {})
        return made.setdefault((in_channels, *widths), super().stage(in_channels, widths, last))


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


class WindowsSideBySide(Mended):
    def scores(self, maps):
        return F.avg_pool2d(maps, 8).mean(dim=(2, 3)) if min(maps.shape[2:]) >= 8 else maps.mean(dim=(2, 3))


class OneLayerForTwo(Mended):
    def __init__(self, in_channels, width, num_classes):
        super().__init__(in_channels, width, num_classes)
        self.classify = self.mix if num_classes == width else self.classify


class OtherLayerNames(nn.Module):
    def __init__(self, in_channels, width, num_classes):
        super().__init__()
        self.layers = InSequence(in_channels, [width, width, num_classes], 3, 1)

    def forward(self, images):
        return self.layers(images).mean(dim=(2, 3))


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


class LazyMlpconv(nn.Sequential):
    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__()
        for number, width in enumerate(widths):
            self.append(nn.LazyConv2d(width, 1 if number else kernel_size, padding=0 if number else padding))
            self.append(nn.ReLU())


class SmallOfLazyLayers(Small):
    def stage(self, in_channels, widths, last):
        return LazyMlpconv(in_channels, widths, 3, 1)


class MlpconvOfOneImage(Mlpconv):
    def forward(self, maps):
        return super().forward(maps).squeeze(0)


class ViewInPlaceOfPermute(nn.Module):
    """Fully connected layers over what is taken for the channels."""

    def __init__(self, in_channels, widths, kernel_size, padding):
        super().__init__()
        self.first = nn.Conv2d(in_channels, widths[0], kernel_size, padding=padding)
        self.later = nn.ModuleList(nn.Linear(*ends) for ends in pairwise(widths))

    def forward(self, maps):
        maps = F.relu(self.first(maps))
        for layer in self.later:
            n, channels, rows, columns = maps.shape
            maps = F.relu(layer(maps.view(n, rows, columns, channels))).view(n, -1, rows, columns)
        return maps


class AsManyColumnsAsTheImageHasRows(Small):
    def class_maps(self, images):
        return super().class_maps(images)[..., : images.shape[2]]


class SmallSqueezed(Small):
    def scores(self, maps):
        return maps.mean(dim=(2, 3)).squeeze()


class MendedSqueezed(Mended):
    def scores(self, maps):
        return maps.mean(dim=(2, 3)).squeeze()


class MendedWithoutGradient(Mended):
    @torch.no_grad()
    def forward(self, images):
        return super().forward(images)


WRONG = [
    Wrong("MLPConv", LooksAround, "in training, what comes out is wrong"),
    Wrong("MLPConv", SeesTheMean, "in training, what comes out is wrong"),
    Wrong("MLPConv", ChannelsLast, "the output has the wrong shape"),
    Wrong("MLPConv", ForgotReturn, "forward returns None"),
    Wrong(
        "MLPConv",
        SpoilsItsInput,
        "forward changes the tensor that it is given, by +=, .data or an operation whose name ends with an underscore",
    ),
    Wrong("MLPConv", AlwaysThreeLayers, "what comes out is wrong"),
    Wrong("SmallNetwork", LinearOnFlattenedMaps, "the number of trainable parameters is wrong"),
    Wrong("SmallNetwork", NoMethod, "your module has no method class_maps"),
    Wrong("SmallNetwork", MeanOverTheBatch, "the gradients of its parameters are wrong"),
    Wrong("SmallNetwork", KnowsTwoStages, "the number of trainable parameters is wrong"),
    Wrong("MendedNetwork", WindowsSideBySide, "what comes out is wrong"),
    Wrong("MendedNetwork", KnowsTheSizes, "what comes out is wrong"),
    Wrong("MLPConv", SingleUnitLinear),
    Wrong("MLPConv", TwoBordersAtMost, "the output has the wrong shape"),
    Wrong("SmallNetwork", SingleClassLost, "the output has the wrong shape"),
    Wrong("SmallNetwork", SingleStagePooled),
    Wrong("SmallNetwork", OneStageForEqualOnes),
    Wrong("MendedNetwork", OneLayerForTwo),
    Wrong("MLPConv", MlpconvOfOneImage, "a batch of one loses its first dimension"),
    Wrong("MLPConv", ViewInPlaceOfPermute, "in training, what comes out is wrong"),
    Wrong("SmallNetwork", AsManyColumnsAsTheImageHasRows, "used on wide images"),
    Wrong("SmallNetwork", SmallSqueezed, "a batch of one loses its first dimension"),
    Wrong("MendedNetwork", MendedSqueezed, "a batch of one loses its first dimension"),
    Wrong("MendedNetwork", MendedWithoutGradient, "cut off from the gradient"),
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
    ("SmallNetwork", SmallOfLazyLayers),
    ("MendedNetwork", OtherLayerNames),
]
