"""Answers to chapter 1's exercise as learners write them: right ones, and wrong ones that no misconception explains."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.lenet5.exercise.partial_connection_mistakes import MaskedConv, mask_of
from cnncourse.architectures.lenet5.exercise.subsampling_mistakes import Sum
from cnncourse.architectures.lenet5.model import C3_TABLE, ModernLeNet5, PartialConv2d, ScaledTanh, TrainableSubsampling
from tests.architectures.bank import Wrong


class ReturnsText:
    def __init__(self, table):
        pass

    def __call__(self, maps):
        return "16 maps"


class FirstPictureOnly(MaskedConv):
    def forward(self, maps):
        return super().forward(maps[:1])


class BiasAtOnePixel(MaskedConv):
    def forward(self, maps):
        output = F.conv2d(maps, self.conv.weight * self.mask)
        corner = torch.zeros_like(output[0, 0])
        corner[0, 0] = 1
        return output + self.conv.bias.view(-1, 1, 1) * corner


class Clamped(MaskedConv):
    def forward(self, maps):
        return super().forward(maps).clamp(-50, 50)


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


class SingleMapLost(MaskedConv):
    def forward(self, maps):
        return super().forward(maps).squeeze(1)


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


class RoundedUp(TrainableSubsampling):
    def forward(self, maps):
        return super().forward(F.pad(maps, (0, maps.shape[3] % 2, 0, maps.shape[2] % 2)))


def sides_rounded_up():
    return extractor(s2=RoundedUp(6), s4=RoundedUp(16))


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


class WithoutReturn(Sum):
    def forward(self, maps):
        super().forward(maps)


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


class FourChannelsOnly(Sum):
    def forward(self, maps):
        return torch.stack([self.coefficient[i] * self.total(maps)[:, i] + self.bias[i] for i in range(4)], dim=1)


class FiveMapsWhateverIsAsked(Sum):
    def __init__(self, channels):
        super().__init__(5)


class SizeWrittenDown(Sum):
    def total(self, maps):
        return maps.reshape(maps.shape[0], maps.shape[1], 3, 2, 4, 2).sum(dim=(3, 5))


class SixteenAtMost(Sum):
    """The maps of LeNet-5, and from the 17th on the first ones' numbers again."""

    def forward(self, maps):
        number = torch.arange(maps.shape[1]) % 16
        return self.coefficient[number] * self.total(maps) + self.bias


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


class TableOfTheClass(nn.Module):
    """The table belongs to the class: whichever layer is built last decides for all."""

    def __init__(self, table):
        super().__init__()
        TableOfTheClass.mask = mask_of(table)
        self.conv = nn.Conv2d(6, len(table), 5)

    def forward(self, maps):
        outputs = min(len(self.mask), len(self.conv.weight))
        return F.conv2d(maps, self.conv.weight[:outputs] * self.mask[:outputs], self.conv.bias[:outputs])


class Constant(nn.Module):
    """Shapes and counts are right, and nothing else."""

    def __init__(self):
        super().__init__()
        self.numbers = nn.Parameter(torch.ones(49836))

    def forward(self, images):
        rows, columns = ((side - 28) // 4 for side in images.shape[2:])
        return torch.zeros(len(images), 120, rows, columns) + self.numbers.sum()


def picture_of_fixed_size():
    return on_images(lambda images: images.reshape(-1, 1, 32, 32))


def without_the_mean_of_the_batch():
    class Centred(nn.Sequential):
        def forward(self, images):
            return super().forward(images - images.mean(dim=0) if self.training else images)

    return Centred(extractor())


WRONG = [
    Wrong(
        "C3",
        TableOfTheClass,
        "two of them are not independent: something belongs to the class, or to the notebook, and not to the object",
    ),
    Wrong("C3", ReturnsText, "does not give a module"),
    Wrong("C3", None, "the class or function itself"),
    Wrong("C3", MaskedConv(C3_TABLE), "the class or function itself"),
    Wrong("C3", FirstPictureOnly, "the output has the wrong shape"),
    Wrong("C3", BiasAtOnePixel, "what comes out is wrong"),
    Wrong("C3", Clamped, "what comes out is wrong"),
    Wrong("C3", CappedTable, "what comes out is wrong"),
    Wrong(
        "C3",
        SpoilsItsInput,
        "forward changes the tensor that it is given, by +=, .data or an operation whose name ends with an underscore",
    ),
    Wrong("C3", StartsWithNan, "not numbers"),
    Wrong("C3", SquareMapsOnly, "raises an error"),
    Wrong("C3", PlainListOfKernels, "what comes out is wrong"),
    Wrong("C3", Leaves, "raises an error"),
    Wrong("C3", MapsLast, "the output has the wrong shape"),
    Wrong("C3", ForgotReturn, "is a return missing"),
    Wrong("C3", KnowsTheTablesOfTheNotebook, "what comes out is wrong"),
    Wrong("C3", RoomForTwentyMaps, "the output has the wrong shape"),
    Wrong("C3", SingleMapLost, "the output has the wrong shape"),
    Wrong("lenet5_features", sides_rounded_up, "the output has the wrong shape"),
    Wrong("MendedSubsampling", SixteenAtMost),
    Wrong("lenet5_features", Constant, "what comes out for a batch of one image is wrong"),
    Wrong("lenet5_features", whole_network, "wrong shape"),
    Wrong("lenet5_features", cropped_to_a_square, "the output has the wrong shape"),
    Wrong("lenet5_features", darkened_towards_the_right, "what comes out is wrong"),
    Wrong("MendedSubsampling", FourChannelsOnly, "the wrong shape"),
    Wrong("MendedSubsampling", WithoutReturn, "is a return missing"),
    Wrong("MendedSubsampling", ReturnsTuple, "the output has the wrong shape"),
    Wrong("MendedSubsampling", FiveMapsWhateverIsAsked, "the output has the wrong shape"),
    Wrong("MendedSubsampling", SizeWrittenDown, "your code raises an error"),
    Wrong("lenet5_features", picture_of_fixed_size, "your code raises an error"),
    Wrong("lenet5_features", without_the_mean_of_the_batch, "in training, what comes out is wrong"),
]

RIGHT = [
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
    ("MendedSubsampling", OtherNames),
]
