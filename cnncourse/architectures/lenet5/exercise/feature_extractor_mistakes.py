"""Mistakes in LeNet-5 up to C5."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.lenet5.model import C3_TABLE, PartialConv2d, ScaledTanh, TrainableSubsampling
from cnncourse.checking import Misconception


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


def with_squash(squash):
    class Squash(nn.Module):
        def forward(self, maps):
            return squash(maps)

    return extractor(squash=Squash)


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


MISTAKES = (
    Misconception("an ordinary convolution as C3", ordinary_c3, ("trainable numbers",)),
    Misconception(
        "pooling without trainable numbers; S2 and S4 have a coefficient and a bias a map",
        plain_pooling,
        ("trainable numbers",),
    ),
    Misconception("the modern simplification: ordinary C3, plain pooling", modern, ("trainable numbers",)),
    Misconception(
        "C5 as a fully connected layer: it is a convolution over all 16 maps",
        linear_c5,
        ("a larger picture becomes larger maps",),
    ),
    Misconception(
        "the maps are flattened; C5's output is 120 maps of one pixel", flattened, ("a digit becomes 120 numbers",)
    ),
    Misconception(
        "C1 is padded: 32×32 already has the margin that the digits need", padded_c1, ("a digit becomes 120 numbers",)
    ),
    Misconception("F6 is included; the extractor ends with C5", with_f6, ("a digit becomes 120 numbers",)),
    Misconception("plain tanh instead of the paper's 1.7159 tanh(2a/3)", plain_tanh, ("squashed after every layer",)),
    Misconception("sub-sampling layers are not squashed", unsquashed_subsampling, ("squashed after every layer",)),
    Misconception(
        "all digits of a batch get what the first one gives", first_for_all, ("a digit becomes 120 numbers",)
    ),
    Misconception(
        "batch normalisation, which came much later, behind C1", with_batch_norm, ("a digit becomes 120 numbers",)
    ),
    Misconception("the largest of the four instead of their sum", largest_with_numbers, ("each layer is the paper's",)),
    Misconception("the 2/3 inside is missing: 1.7159 tanh(a)", too_steep, ("squashed after every layer",)),
    Misconception("the 1.7159 in front is missing: tanh(2a/3)", too_flat, ("squashed after every layer",)),
    Misconception("C3 is squashed twice", squashed_twice, ("squashed after every layer",)),
    Misconception(
        "plain tanh in all layers but the last, instead of the paper's 1.7159 tanh(2a/3)",
        tanh_before_the_last,
        ("squashed after every layer",),
    ),
    Misconception(
        "something stands between C1 and its squashing: a ReLU", rectified_first, ("squashed after every layer",)
    ),
)
