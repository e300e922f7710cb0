"""Answers to chapter 1's exercise as learners write them: wrong ones, one a misconception, and right ones."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.lenet5.model import C3_TABLE, ModernLeNet5, PartialConv2d, ScaledTanh, TrainableSubsampling


@dataclass(frozen=True)
class Wrong:
    """A wrong answer and what the learner must be told."""

    part: str
    answer: object
    check: str
    said: str  # part of the message or of the misconception's name


# C3, wrong -----------------------------------------------------------------------------------------------------------


def mask_of(table):
    mask = torch.zeros(len(table), 6, 1, 1)
    for target, sources in enumerate(table):
        mask[target, list(sources)] = 1
    return mask


class MaskedConv(nn.Module):
    """A right answer that many write; the wrong ones below change one line of it."""

    def __init__(self, table):
        super().__init__()
        self.conv = nn.Conv2d(6, len(table), 5)
        self.register_buffer("mask", self.make_mask(table))

    def make_mask(self, table):
        return mask_of(table)

    def forward(self, maps):
        return F.conv2d(maps, self.conv.weight * self.mask, self.conv.bias)


def full_connection(table):
    return nn.Conv2d(6, len(table), 5)


def grouped(table):
    return nn.Conv2d(6, len(table) // 2 * 2, 5, groups=2)


class MaskedOnce(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.conv = nn.Conv2d(6, len(table), 5)
        with torch.no_grad():
            self.conv.weight *= mask_of(table)

    def forward(self, maps):
        return self.conv(maps)


class WrongAxis(MaskedConv):
    def make_mask(self, table):
        return mask_of(table).transpose(0, 1).reshape(len(table), 6, 1, 1)


class NoWrapAround(MaskedConv):
    def make_mask(self, table):
        mask = mask_of(table)
        for target, sources in enumerate(table[:12]):
            mask[target, [source for source in sources if source < sources[0]]] = 0
        return mask


class Contiguous(MaskedConv):
    def make_mask(self, table):
        return mask_of([*table[:12], (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), *table[15:]][: len(table)])


class CountedFromOne(MaskedConv):
    def make_mask(self, table):
        return mask_of([[source - 1 for source in sources] for sources in table])


class LeftOut(MaskedConv):
    def make_mask(self, table):
        return 1 - mask_of(table)


class BiasPerConnection(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = table
        self.convs = nn.ModuleList([nn.ModuleList([nn.Conv2d(1, 1, 5) for _ in sources]) for sources in table])

    def forward(self, maps):
        rows = zip(self.table, self.convs, strict=True)
        return torch.cat(
            [sum(conv(maps[:, s : s + 1]) for s, conv in zip(sources, convs, strict=True)) for sources, convs in rows],
            dim=1,
        )


class NoBias(MaskedConv):
    def forward(self, maps):
        return F.conv2d(maps, self.conv.weight * self.mask)


class Padded(MaskedConv):
    def forward(self, maps):
        return F.conv2d(maps, self.conv.weight * self.mask, self.conv.bias, padding=2)


class SumFirst(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = table
        self.convs = nn.ModuleList([nn.Conv2d(1, 1, 5) for _ in table])

    def forward(self, maps):
        rows = zip(self.table, self.convs, strict=True)
        return torch.cat([conv(maps[:, list(sources)].sum(1, keepdim=True)) for sources, conv in rows], dim=1)


class Squashed(MaskedConv):
    def forward(self, maps):
        return torch.tanh(super().forward(maps))


class IgnoresTable(MaskedConv):
    def __init__(self, table):
        super().__init__(C3_TABLE)


class Frozen(MaskedConv):
    def __init__(self, table):
        super().__init__(table)
        self.conv.requires_grad_(False)
        self.conv.bias.requires_grad_(True)


class ReturnsText:
    def __init__(self, table):
        pass

    def __call__(self, maps):
        return "16 maps"


class JoinedAlongBatch(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = [list(sources) for sources in table]
        self.convs = nn.ModuleList([nn.Conv2d(len(sources), 1, 5) for sources in table])

    def forward(self, maps):
        rows = zip(self.table, self.convs, strict=True)
        return torch.cat([conv(maps[:, sources]) for sources, conv in rows])


class FirstPictureOnly(MaskedConv):
    def forward(self, maps):
        return super().forward(maps[:1])


class PlainList(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = [list(sources) for sources in table]
        self.convs = [nn.Conv2d(len(sources), 1, 5) for sources in table]

    def forward(self, maps):
        rows = zip(self.table, self.convs, strict=True)
        return torch.cat([conv(maps[:, sources]) for sources, conv in rows], dim=1)


class BiasAtOnePixel(MaskedConv):
    def forward(self, maps):
        output = F.conv2d(maps, self.conv.weight * self.mask)
        corner = torch.zeros_like(output[0, 0])
        corner[0, 0] = 1
        return output + self.conv.bias.view(-1, 1, 1) * corner


class Rectified(MaskedConv):
    def forward(self, maps):
        return torch.relu(super().forward(maps))


class Clamped(MaskedConv):
    def forward(self, maps):
        return super().forward(maps).clamp(-50, 50)


class DetachedInput(MaskedConv):
    def forward(self, maps):
        return super().forward(maps.detach())


class DenseInEvaluation(MaskedConv):
    def forward(self, maps):
        return super().forward(maps) if self.training else self.conv(maps)


class CappedTable(MaskedConv):
    def make_mask(self, table):
        mask = torch.zeros(len(table), 6, 1, 1)
        for target, sources in enumerate(table):
            mask[target % 16, list(sources)] = 1
        return mask


class SpoilsItsInput(MaskedConv):
    def forward(self, maps):
        output = super().forward(maps)
        maps.data.zero_()
        return output


class StartsWithNan(MaskedConv):
    def __init__(self, table):
        super().__init__(table)
        nn.init.constant_(self.conv.weight, float("nan"))


class OverwritesWeights(MaskedConv):
    def forward(self, maps):
        self.conv.weight.data *= self.mask
        return self.conv(maps)


class ForgotReturn(MaskedConv):
    def forward(self, maps):
        super().forward(maps)


class SquareMapsOnly(MaskedConv):
    def forward(self, maps):
        count, _, height, _ = maps.shape
        weight = (self.conv.weight * self.mask).flatten(1)
        return (weight @ F.unfold(maps, 5)).view(count, -1, height - 4, height - 4) + self.conv.bias.view(-1, 1, 1)


class PlainListOfKernels(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = [list(sources) for sources in table]
        self.kernels = [nn.Parameter(torch.randn(1, len(sources), 5, 5)) for sources in table]
        self.bias = nn.Parameter(torch.zeros(len(table)))

    def forward(self, maps):
        rows = zip(self.table, self.kernels, strict=True)
        output = torch.cat([F.conv2d(maps[:, sources], kernel) for sources, kernel in rows], dim=1)
        return output + self.bias.view(-1, 1, 1)


class WithoutGradient(MaskedConv):
    @torch.no_grad()
    def forward(self, maps):
        return super().forward(maps)


class Leaves(MaskedConv):
    def forward(self, maps):
        raise SystemExit


class MapsLast(MaskedConv):
    def forward(self, maps):
        return super().forward(maps).permute(0, 2, 3, 1)


class KnowsTheTablesOfTheNotebook(MaskedConv):
    """Right for every table that learners can see, by looking at its length only."""

    def make_mask(self, table):
        known = {
            3: ((0, 3), (1, 2, 4, 5), (5,)),
            20: tuple((number % 6, (number + 2) % 6) for number in range(20)),
        }
        return mask_of(known.get(len(table), (C3_TABLE * 3)[: len(table)]))


class RoomForTwentyMaps(MaskedConv):
    def __init__(self, table):
        super().__init__(table[:20])


# C3, right -----------------------------------------------------------------------------------------------------------


class OneConvPerMap(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = [list(sources) for sources in table]
        self.convs = nn.ModuleList([nn.Conv2d(len(sources), 1, 5) for sources in table])

    def forward(self, maps):
        rows = zip(self.table, self.convs, strict=True)
        return torch.cat([conv(maps[:, sources]) for sources, conv in rows], dim=1)


class UnfoldAndEinsum(nn.Module):
    """True convolution, with the kernels flipped, on unfolded windows."""

    def __init__(self, table):
        super().__init__()
        self.pairs = [(target, source) for target, sources in enumerate(table) for source in sources]
        self.kernels = nn.Parameter(torch.randn(len(self.pairs), 5, 5) / 10)
        self.bias = nn.Parameter(torch.randn(len(table)))

    def forward(self, maps):
        windows = maps.unfold(2, 5, 1).unfold(3, 5, 1)
        sources = [source for _, source in self.pairs]
        each = torch.einsum("nchwij,cij->nchw", windows[:, sources], self.kernels.flip(1, 2))
        total = [
            sum(each[:, i] for i, (target, _) in enumerate(self.pairs) if target == number)
            for number in range(len(self.bias))
        ]
        return torch.stack(total, dim=1) + self.bias.view(1, -1, 1, 1)


def courses_own(table):
    return PartialConv2d(6, table, 5)


class AllOnes(MaskedConv):
    def __init__(self, table):
        super().__init__(table)
        for parameter in self.parameters():
            nn.init.ones_(parameter)


class StartsAtZero(MaskedConv):
    def __init__(self, table):
        super().__init__(table)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


class TinyWeights(MaskedConv):
    def __init__(self, table):
        super().__init__(table)
        with torch.no_grad():
            self.conv.weight *= 1e-4


class FrozenMask(MaskedConv):
    def __init__(self, table):
        super().__init__(table)
        mask = self.mask
        del self.mask
        self.mask = nn.Parameter(mask, requires_grad=False)


class GradientHook(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.conv = nn.Conv2d(6, len(table), 5)
        mask = mask_of(table)
        with torch.no_grad():
            self.conv.weight *= mask
        self.conv.weight.register_hook(lambda gradient: gradient * mask)

    def forward(self, maps):
        return self.conv(maps)


class LazyConvolutions(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = [list(sources) for sources in table]
        self.convs = nn.ModuleList([nn.LazyConv2d(1, 5) for _ in table])

    def forward(self, maps):
        rows = zip(self.table, self.convs, strict=True)
        return torch.cat([conv(maps[:, sources]) for sources, conv in rows], dim=1)


# The feature extractor -----------------------------------------------------------------------------------------------


def extractor(c3=None, s2=None, s4=None, c5=None, squash=ScaledTanh, padding=0):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=padding),
        squash(),
        s2 or TrainableSubsampling(6),
        squash(),
        c3 or PartialConv2d(6, C3_TABLE, 5),
        squash(),
        s4 or TrainableSubsampling(16),
        squash(),
        *(c5 or [nn.Conv2d(16, 120, 5)]),
        squash(),
    )


def ordinary_c3():
    return extractor(c3=nn.Conv2d(6, 16, 5))


def plain_pooling():
    return extractor(s2=nn.AvgPool2d(2), s4=nn.AvgPool2d(2))


def linear_c5():
    return extractor(c5=[nn.Flatten(), nn.Linear(400, 120), nn.Unflatten(1, (120, 1, 1))])


def flattened():
    return nn.Sequential(extractor(), nn.Flatten())


def padded_c1():
    return extractor(padding=2)


def plain_tanh():
    return extractor(squash=nn.Tanh)


def unsquashed_subsampling():
    layers = list(extractor())
    return nn.Sequential(*(layer for i, layer in enumerate(layers) if i not in (3, 7)))


def modern():
    return extractor(c3=nn.Conv2d(6, 16, 5), s2=nn.MaxPool2d(2), s4=nn.MaxPool2d(2))


def with_f6():
    return nn.Sequential(extractor(), nn.Flatten(), nn.Linear(120, 84))


def first_for_all():
    class FirstForAll(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = extractor()

        def forward(self, images):
            return self.layers(images[:1]).expand(len(images), -1, -1, -1)

    return FirstForAll()


def with_batch_norm():
    layers = list(extractor())
    return nn.Sequential(layers[0], nn.BatchNorm2d(6, affine=False), *layers[1:])


def largest_with_numbers():
    class LargestOfFour(TrainableSubsampling):
        def forward(self, maps):
            return self.coefficient * F.max_pool2d(maps, 2) + self.bias

    return extractor(s2=LargestOfFour(6), s4=LargestOfFour(16))


def another_table():
    return extractor(c3=PartialConv2d(6, [[5 - source for source in sources] for sources in C3_TABLE], 5))


def with_squash(squash):
    class Squash(nn.Module):
        def forward(self, maps):
            return squash(maps)

    return extractor(squash=Squash)


def squashed_in_place():
    return with_squash(lambda maps: 1.7159 * (maps * 2 / 3).tanh_())


def squashed_by_keyword():
    return with_squash(lambda maps: 1.7159 * torch.tanh(input=2 / 3 * maps))


def squashed_by_expit():
    return with_squash(lambda maps: 1.7159 * (2 * torch.special.expit(maps * 4 / 3) - 1))


def too_steep():
    return with_squash(lambda maps: 1.7159 * torch.tanh(maps))


def tanh_before_the_last():
    return nn.Sequential(*(nn.Tanh() if i in (1, 3, 5, 7) else layer for i, layer in enumerate(extractor())))


def rectified_first():
    layers = list(extractor())
    return nn.Sequential(layers[0], nn.ReLU(), *layers[1:])


def squashed_twice():
    layers = list(extractor())
    return nn.Sequential(*layers[:6], ScaledTanh(), *layers[6:])


def too_flat():
    return with_squash(lambda maps: torch.tanh(2 / 3 * maps))


def on_images(change):
    class Changed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = extractor()

        def forward(self, images):
            return self.layers(change(images))

    return Changed()


def cropped_to_a_square():
    return on_images(lambda images: images[..., : min(images.shape[2:]), : min(images.shape[2:])])


def darkened_towards_the_right():
    def darken(images):
        columns = torch.arange(images.shape[3])
        return images * (0.999 ** (columns - 32).clamp(min=0))

    return on_images(darken)


def whole_network():
    return ModernLeNet5()


class FeaturesAsModule(nn.Module):
    """A right answer, written with functions instead of layers."""

    def __init__(self):
        super().__init__()
        self.c1, self.c5 = nn.Conv2d(1, 6, 5), nn.Conv2d(16, 120, 5)
        self.s2, self.s4 = TrainableSubsampling(6), TrainableSubsampling(16)
        self.c3 = OneConvPerMap(C3_TABLE)

    def forward(self, maps):
        for layer in (self.c1, self.s2, self.c3, self.s4, self.c5):
            maps = 1.7159 * torch.tanh(layer(maps) * 2 / 3)
        return maps


def features_with_sigmoid():
    """A right answer: tanh written as a sigmoid."""

    class Squash(nn.Module):
        def forward(self, maps):
            return 1.7159 * (2 * torch.sigmoid(maps * 4 / 3) - 1)

    return extractor(squash=Squash)


# The mended sub-sampling ---------------------------------------------------------------------------------------------


class Sum(nn.Module):
    """A right answer; the wrong ones below change one line of it."""

    def __init__(self, channels):
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((channels, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps):
        return self.coefficient * self.total(maps) + self.bias

    def total(self, maps):
        return F.avg_pool2d(maps, 2) * 4


class StillBroken(Sum):
    def forward(self, maps):
        return self.coefficient.data * self.total(maps) + self.bias


class DetachedMaps(Sum):
    def forward(self, maps):
        return super().forward(maps.detach())


class Mean(Sum):
    def total(self, maps):
        return F.avg_pool2d(maps, 2)


class Largest(Sum):
    def total(self, maps):
        return F.max_pool2d(maps, 2)


class Overlapping(Sum):
    def total(self, maps):
        return F.avg_pool2d(maps, 2, stride=1) * 4


class BiasFirst(Sum):
    def forward(self, maps):
        return self.coefficient * (self.total(maps) + self.bias)


class NoBiasAtAll(Sum):
    def forward(self, maps):
        return self.coefficient * self.total(maps)


class SquashedInside(Sum):
    def forward(self, maps):
        return 1.7159 * torch.tanh(super().forward(maps) * 2 / 3)


class OneForAll(Sum):
    def __init__(self, channels):
        super().__init__(1)


class NotAParameter(Sum):
    def __init__(self, channels):
        super().__init__(channels)
        del self.coefficient
        self.coefficient = torch.full((channels, 1, 1), 0.25)


class WithoutReturn(Sum):
    def forward(self, maps):
        super().forward(maps)


class AbsoluteCoefficient(Sum):
    def forward(self, maps):
        return self.coefficient.abs() * self.total(maps) + self.bias


class FourWeights(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((channels, 1, 2, 2), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, maps):
        return F.conv2d(maps, self.coefficient, self.bias, stride=2, groups=len(self.bias))


class OtherNames(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps):
        return self.weight * F.avg_pool2d(maps, 2) * 4 + self.bias


class ReturnsTuple(Sum):
    def forward(self, maps):
        return super().forward(maps), self.bias


class NewParameterEachTime(Sum):
    def forward(self, maps):
        self.coefficient = nn.Parameter(self.coefficient.data)
        return super().forward(maps)


class FourChannelsOnly(Sum):
    def forward(self, maps):
        return torch.stack([self.coefficient[i] * self.total(maps)[:, i] + self.bias[i] for i in range(4)], dim=1)


class FiveMapsWhateverIsAsked(Sum):
    def __init__(self, channels):
        super().__init__(5)


class SizeWrittenDown(Sum):
    def total(self, maps):
        return maps.reshape(maps.shape[0], maps.shape[1], 3, 2, 4, 2).sum(dim=(3, 5))


class SlicesAdded(nn.Module):
    """A right answer: the four pixels of each window added by slicing."""

    def __init__(self, channels):
        super().__init__()
        self.coefficient = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, maps):
        total = maps[:, :, ::2, ::2] + maps[:, :, 1::2, ::2] + maps[:, :, ::2, 1::2] + maps[:, :, 1::2, 1::2]
        return self.coefficient.view(1, -1, 1, 1) * total + self.bias.view(1, -1, 1, 1)


class DepthwiseConvolution(nn.Module):
    """A right answer: a depthwise convolution whose four weights are the same coefficient."""

    def __init__(self, channels):
        super().__init__()
        self.coefficient = nn.Parameter(torch.ones(channels, 1, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, maps):
        weight = self.coefficient.expand(-1, 1, 2, 2)
        return F.conv2d(maps, weight, self.bias, stride=2, groups=len(self.bias))


class Constant(nn.Module):
    """Shapes and counts are right, and nothing else."""

    def __init__(self):
        super().__init__()
        self.numbers = nn.Parameter(torch.ones(49836))

    def forward(self, images):
        rows, columns = ((side - 28) // 4 for side in images.shape[2:])
        return torch.zeros(len(images), 120, rows, columns) + self.numbers.sum()


WRONG = (
    Wrong("C3", full_connection, "connections of Table I", "every output map sees every input map"),
    Wrong("C3", grouped, "connections of Table I", "grouped convolution"),
    Wrong("C3", MaskedOnce, "still sparse after training", "the mask is applied once"),
    Wrong("C3", WrongAxis, "connections of Table I", "wrong axis"),
    Wrong("C3", NoWrapAround, "connections of Table I", "no wrap-around"),
    Wrong("C3", Contiguous, "connections of Table I", "contiguous"),
    Wrong("C3", CountedFromOne, "connections of Table I", "counted from 1"),
    Wrong("C3", LeftOut, "connections of Table I", "which maps to leave out"),
    Wrong("C3", BiasPerConnection, "trainable numbers", "one bias a connection"),
    Wrong("C3", NoBias, "trainable numbers", "the biases are missing"),
    Wrong("C3", Padded, "output shape", "no padding"),
    Wrong("C3", SumFirst, "a kernel for each connection", "summed first"),
    Wrong("C3", Squashed, "one convolution, nothing more", "an activation function inside"),
    Wrong("C3", IgnoresTable, "follows the table it is given", "table argument is ignored"),
    Wrong("C3", Frozen, "trainable numbers", "the kernels are frozen"),
    Wrong("C3", ReturnsText, "output shape", "does not give a module"),
    Wrong("C3", None, "output shape", "the class or function itself"),
    Wrong("C3", MaskedConv(C3_TABLE), "output shape", "the class or function itself"),
    Wrong("C3", JoinedAlongBatch, "output shape", "joined along the batch"),
    Wrong("C3", FirstPictureOnly, "output shape", "the batch is lost"),
    Wrong("C3", PlainList, "trainable numbers", "use nn.ModuleList"),
    Wrong("C3", BiasAtOnePixel, "one convolution, nothing more", "not added at every place"),
    Wrong("C3", Rectified, "connections of Table I", "an activation function inside"),
    Wrong("C3", Clamped, "one convolution, nothing more", "an activation function inside"),
    Wrong("C3", DetachedInput, "one convolution, nothing more", "cut off from the gradient"),
    Wrong("C3", DenseInEvaluation, "one convolution, nothing more", "after eval()"),
    Wrong("C3", CappedTable, "follows the table it is given", "of 20 rows"),
    Wrong("C3", SpoilsItsInput, "output shape", "changes the tensor it is given"),
    Wrong("C3", StartsWithNan, "output shape", "not numbers"),
    Wrong("C3", OverwritesWeights, "trainable numbers", "all 96 kernels get a gradient"),
    Wrong("C3", SquareMapsOnly, "output shape", "raises an error"),
    Wrong("C3", PlainListOfKernels, "trainable numbers", "nn.ParameterList"),
    Wrong("C3", WithoutGradient, "trainable numbers", "hides its weights from the gradient"),
    Wrong("C3", Leaves, "output shape", "raises an error"),
    Wrong("C3", MapsLast, "output shape", "the maps come last"),
    Wrong("C3", ForgotReturn, "output shape", "is a return missing"),
    Wrong("C3", KnowsTheTablesOfTheNotebook, "follows a table drawn at random", "built from another table"),
    Wrong("C3", RoomForTwentyMaps, "follows a table drawn at random", "built from another table"),
    Wrong("lenet5_features", Constant, "a digit becomes 120 numbers", "does not depend on what it is given"),
    Wrong("lenet5_features", ordinary_c3, "trainable numbers", "an ordinary convolution as C3"),
    Wrong("lenet5_features", plain_pooling, "trainable numbers", "pooling without trainable numbers"),
    Wrong("lenet5_features", modern, "trainable numbers", "the modern simplification"),
    Wrong("lenet5_features", linear_c5, "a larger picture becomes larger maps", "C5 as a fully connected layer"),
    Wrong("lenet5_features", flattened, "a digit becomes 120 numbers", "flattened"),
    Wrong("lenet5_features", padded_c1, "a digit becomes 120 numbers", "C1 is padded"),
    Wrong("lenet5_features", with_f6, "a digit becomes 120 numbers", "F6 is included"),
    Wrong("lenet5_features", plain_tanh, "squashed after every layer", "plain tanh"),
    Wrong(
        "lenet5_features", unsquashed_subsampling, "squashed after every layer", "sub-sampling layers are not squashed"
    ),
    Wrong("lenet5_features", first_for_all, "a digit becomes 120 numbers", "another one is in the same batch"),
    Wrong("lenet5_features", with_batch_norm, "a digit becomes 120 numbers", "another one is in the same batch"),
    Wrong("lenet5_features", largest_with_numbers, "each layer is the paper's", "the largest of the four"),
    Wrong("lenet5_features", too_steep, "squashed after every layer", "the 2/3 inside is missing"),
    Wrong("lenet5_features", too_flat, "squashed after every layer", "the 1.7159 in front is missing"),
    Wrong("lenet5_features", squashed_twice, "squashed after every layer", "more than once"),
    Wrong("lenet5_features", tanh_before_the_last, "squashed after every layer", "plain tanh"),
    Wrong("lenet5_features", rectified_first, "squashed after every layer", "something stands between C1"),
    Wrong("lenet5_features", another_table, "each layer is the paper's", "another table than C3_TABLE"),
    Wrong("lenet5_features", whole_network, "a digit becomes 120 numbers", "wrong shape"),
    Wrong("lenet5_features", cropped_to_a_square, "moves along with the picture", "maps of the wrong shape"),
    Wrong("lenet5_features", darkened_towards_the_right, "moves along with the picture", "a way of its own"),
    Wrong("MendedSubsampling", StillBroken, "training", "the coefficient is cut off"),
    Wrong("MendedSubsampling", DetachedMaps, "training", "the incoming maps are cut off"),
    Wrong("MendedSubsampling", Mean, "output", "averaged"),
    Wrong("MendedSubsampling", Largest, "output", "the largest of the four"),
    Wrong("MendedSubsampling", Overlapping, "output", "overlap"),
    Wrong("MendedSubsampling", BiasFirst, "output", "before the product"),
    Wrong("MendedSubsampling", NoBiasAtAll, "output", "the bias is left out"),
    Wrong("MendedSubsampling", SquashedInside, "output", "squashing is done inside"),
    Wrong("MendedSubsampling", OneForAll, "training", "one coefficient and one bias for all maps"),
    Wrong("MendedSubsampling", NotAParameter, "training", "only one of the two numbers"),
    Wrong("MendedSubsampling", NewParameterEachTime, "training", "makes a new parameter"),
    Wrong("MendedSubsampling", FourChannelsOnly, "output", "the wrong shape"),
    Wrong("MendedSubsampling", WithoutReturn, "output", "is a return missing"),
    Wrong("MendedSubsampling", AbsoluteCoefficient, "output", "the output is wrong"),
    Wrong("MendedSubsampling", FourWeights, "output", "a weight for each of the four inputs"),
    Wrong("MendedSubsampling", OtherNames, "output", "keep the names"),
    Wrong("MendedSubsampling", ReturnsTuple, "output", "returns no tensor"),
    Wrong("MendedSubsampling", FiveMapsWhateverIsAsked, "other maps of other sizes", "your code raises an error"),
    Wrong("MendedSubsampling", SizeWrittenDown, "other maps of other sizes", "your code raises an error"),
)

RIGHT = (
    ("C3", MaskedConv),
    ("C3", OneConvPerMap),
    ("C3", UnfoldAndEinsum),
    ("C3", courses_own),
    ("C3", AllOnes),
    ("C3", StartsAtZero),
    ("C3", TinyWeights),
    ("C3", FrozenMask),
    ("C3", GradientHook),
    ("C3", LazyConvolutions),
    ("lenet5_features", squashed_in_place),
    ("lenet5_features", squashed_by_keyword),
    ("lenet5_features", squashed_by_expit),
    ("lenet5_features", extractor),
    ("lenet5_features", FeaturesAsModule),
    ("lenet5_features", features_with_sigmoid),
    ("MendedSubsampling", Sum),
    ("MendedSubsampling", SlicesAdded),
    ("MendedSubsampling", DepthwiseConvolution),
    ("MendedSubsampling", TrainableSubsampling),
)
