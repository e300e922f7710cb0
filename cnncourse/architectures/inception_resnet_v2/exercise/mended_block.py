"""Part 3: a block on 17×17 maps that scales its shortcut and whose 1×7 convolution is followed by another 1×7."""

import torch
from torch import Tensor, nn

from cnncourse.architectures.inception_resnet_v2.exercise.block import padding_of
from cnncourse.checking import Case, Check, Misconception, Part, images

JOINED, KERNELS, BOTH = (
    "the residual is scaled, and nothing else",
    "rows and columns are seen",
    "both, and in evaluation too",
)


class Mended(nn.Module):
    """The block as it should be, in steps that a mistake can change one by one."""

    kernels = ((1, 7), (7, 1))
    eps = 1e-5

    def __init__(self, channels: int, filters: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.direct = self.unit(channels, filters, 1)
        first, second = self.kernels
        self.factorised = nn.Sequential(
            self.unit(channels, filters, 1), self.unit(filters, filters, first), self.unit(filters, filters, second)
        )
        self.up = nn.Conv2d(2 * filters, channels, kernel_size=1)

    def unit(self, before: int, filters: int, kernel: int | tuple[int, int]) -> nn.Sequential:
        convolution = nn.Conv2d(before, filters, kernel, padding=padding_of(kernel), bias=False)
        return nn.Sequential(convolution, *self.behind(filters))

    def behind(self, filters: int) -> tuple[nn.Module, ...]:
        return nn.BatchNorm2d(filters, self.eps), nn.ReLU()

    def found(self, maps: Tensor) -> list[Tensor]:
        return [self.direct(maps), self.factorised(maps)]

    def residual(self, maps: Tensor) -> Tensor:
        return self.up(torch.cat(self.found(maps), dim=1))

    def join(self, maps: Tensor, residual: Tensor) -> Tensor:
        return maps + self.scale * residual

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(self.join(maps, self.residual(maps)))


class MendedWithLargerEpsilon(Mended):
    """The same with the epsilon of the paper's authors."""

    eps = 1e-3


class StillScalesShortcut(Mended):
    def join(self, maps, residual):
        return self.scale * maps + residual


class StillOneWay(Mended):
    kernels = ((1, 7), (1, 7))


class ScalesBoth(Mended):
    def join(self, maps, residual):
        return self.scale * (maps + residual)


class ScaleWent(Mended):
    def join(self, maps, residual):
        return maps + residual


class ScaleWentWhileOneWay(ScaleWent):
    kernels = ((1, 7), (1, 7))


class Divided(Mended):
    def join(self, maps, residual):
        return maps + residual / self.scale


class SharedWeight(Mended):
    def join(self, maps, residual):
        return (1 - self.scale) * maps + self.scale * residual


class ShortcutWent(Mended):
    def join(self, _maps, residual):
        return self.scale * residual


class ReluWent(Mended):
    def forward(self, maps):
        return self.join(maps, self.residual(maps))


class ReluCame(Mended):
    def residual(self, maps):
        return torch.relu(super().residual(maps))


class BothTall(Mended):
    kernels = ((7, 1), (7, 1))


class TurnedRound(Mended):
    kernels = ((7, 1), (1, 7))


class Square(Mended):
    kernels = (7, 7)


class ScaleInTrainingOnly(Mended):
    def join(self, maps, residual):
        return maps + (self.scale * residual if self.training else residual)


class BiasWent(Mended):
    def __init__(self, channels, filters, scale):
        super().__init__(channels, filters, scale)
        self.up = nn.Conv2d(2 * filters, channels, kernel_size=1, bias=False)


class NormCame(Mended):
    def __init__(self, channels, filters, scale):
        super().__init__(channels, filters, scale)
        self.up = nn.Sequential(nn.Conv2d(2 * filters, channels, 1, bias=False), nn.BatchNorm2d(channels, self.eps))


class StillBroken(StillScalesShortcut, StillOneWay):
    pass


class OneScaleOnly(Mended):
    def join(self, maps, residual):
        return maps + 0.1 * residual


class ShortcutCutOff(Mended):
    def join(self, maps, residual):
        return maps.detach() + self.scale * residual


class ResidualCutOff(Mended):
    def join(self, maps, residual):
        return maps + self.scale * residual.detach()


class DirectCutOff(Mended):
    def found(self, maps):
        return [self.direct(maps.detach()), self.factorised(maps)]


class FactorisedCutOff(Mended):
    def found(self, maps):
        return [self.direct(maps), self.factorised(maps.detach())]


class BatchAlways(Mended):
    def behind(self, filters):
        return nn.BatchNorm2d(filters, self.eps, track_running_stats=False), nn.ReLU()


class InnerRelusWent(Mended):
    def behind(self, filters):
        return (nn.BatchNorm2d(filters, self.eps),)


MISCONCEPTIONS = (
    Misconception(
        "the scale is on the shortcut, and both halves of the factorised convolution lie the same way, as when it was "
        "broken",
        StillBroken,
        (JOINED, KERNELS, BOTH),
    ),
    Misconception("the scale is on the shortcut; it belongs on the residual", StillScalesShortcut, (JOINED, BOTH)),
    Misconception(
        "both halves of the factorised convolution lie the same way: 1×n must be followed by n×1",
        StillOneWay,
        (KERNELS, BOTH),
    ),
    Misconception(
        "the sum is scaled, the shortcut included; the scale belongs on the residual alone", ScalesBoth, (JOINED,)
    ),
    Misconception("the residual is not scaled", ScaleWent, (JOINED,)),
    Misconception(
        "the residual is not scaled, and both halves of the factorised convolution lie the same way: 1×n must be "
        "followed by n×1",
        ScaleWentWhileOneWay,
        (JOINED, KERNELS, BOTH),
    ),
    Misconception("the scale is 0.1 whatever is asked for: it must come from the argument", OneScaleOnly, (JOINED,)),
    Misconception("the residual is divided by the scale", Divided, (JOINED,)),
    Misconception("the input is given the rest of the weight: 1 − scale; it stays as it is", SharedWeight, (JOINED,)),
    Misconception("there is no shortcut: the input is not added", ShortcutWent, (JOINED,)),
    Misconception("the ReLU behind the addition is missing", ReluWent, (JOINED,)),
    Misconception(
        "a ReLU on the last 1×1 convolution: the residual can only add, never take away", ReluCame, (JOINED,)
    ),
    Misconception(
        "both halves of the factorised convolution are 7×1 now: the first must stay 1×7", BothTall, (KERNELS,)
    ),
    Misconception("7×1 comes before 1×7 now; only the second of the two was wrong", TurnedRound, (KERNELS,)),
    Misconception("n×n kernels in place of 1×n and n×1", Square, (KERNELS,)),
    Misconception("in evaluation the residual is not scaled", ScaleInTrainingOnly, (BOTH,)),
    Misconception("the last 1×1 convolution has no bias; it is the only one that has one", BiasWent, (KERNELS,)),
    Misconception("batch normalisation behind the last 1×1 convolution, in place of a bias", NormCame, (KERNELS,)),
    Misconception("the ReLUs in the branches went", InnerRelusWent, (KERNELS,)),
    Misconception("in evaluation, too, the batch's own mean and variance decide", BatchAlways, (BOTH,)),
    Misconception("the shortcut is cut off from the gradient, by detach or no_grad", ShortcutCutOff, (JOINED,)),
    Misconception("the residual is cut off from the gradient: nothing in it learns", ResidualCutOff, (JOINED,)),
    Misconception("the direct branch is cut off from the gradient of the input", DirectCutOff, (KERNELS,)),
    Misconception("the factorised branch is cut off from the gradient of the input", FactorisedCutOff, (KERNELS,)),
)


def _case(*arguments: float, rounds: int = 0) -> Case:
    return Case(arguments, inputs=images(3, int(arguments[0]), 9, 10), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels, filters and a scale that learners have not seen."""
    channels = int(torch.randint(6, 10, (), generator=generator))
    filters = int(torch.randint(4, 7, (), generator=generator))
    scale = round(0.15 + 0.2 * torch.rand((), generator=generator).item(), 3)
    return (_case(channels, filters, scale, rounds=3),)


CORNERS = (
    _case(3, 6, 0.9),  # more filters than channels
    _case(1, 1, 2.0),
    _case(2, 1, 0.0),
)

MENDED_BLOCK = Part(
    name="MendedBlock",
    task="mend",
    minutes=20,
    references=(Mended, MendedWithLargerEpsilon),
    cases=(_case(5, 3, 0.1, rounds=6), _case(3, 3, 0.5, rounds=3)),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISCONCEPTIONS,
    checks=(
        Check(
            "the residual is scaled, and nothing else",
            2,
            (
                "Look at the last line of forward: which of the two is multiplied by the scale?",
                "Ten blocks in a row multiply the input by the scale ten times. What is 0.1 to the power of 10?",
                "The input is added as it is; what the last 1×1 convolution gives is multiplied by the scale.",
            ),
            notes=("shape", "alike: gradient of the input"),
        ),
        Check(
            "rows and columns are seen",
            2,
            (
                "Light a single pixel: how far does it show to the left and to the right, how far up and down?",
                "A 7×7 convolution is factorised into a row and a column. Which kernels has your second branch?",
                "Its last convolution has 7 rows and 1 column, and needs padding for rows, not for columns.",
            ),
            notes=("parameters", "alike: output", "drawn 1", "drawn 2"),
        ),
        Check(
            "both, and in evaluation too",
            1,
            (
                "Pass both other checks first.",
                "The scale is the same in training and in evaluation; all else stays as in the broken class.",
            ),
        ),
        Check(
            "other filters, another scale",
            1,
            (
                "Is there a number in your class that is true of a scale of 0.1 only?",
                "Channels, filters and scale must come from the arguments.",
            ),
            public=False,
        ),
    ),
)
