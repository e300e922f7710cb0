"""Part 3: a middle module that spoils its own shortcut and has its two steps the wrong way round, to be mended."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

import cnncourse.architectures.xception.exercise.modules as modules
import cnncourse.architectures.xception.exercise.separable_convolution_mistakes as steps
from cnncourse.architectures.xception.exercise.xception_module import SPREAD, of_the_course
from cnncourse.checking import Case, Check, Misconception, Part, images

OWN, CARRIES, REST = (
    "a kernel for each channel",
    "the shortcut carries the maps as they came",
    "all else as it was",
)


def middle(kind: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """Return what builds a module of the middle flow.

    Args:
        kind: class or function of a module of Xception.

    """

    def make(channels: int, repeats: int = 3) -> nn.Module:
        return kind(channels, [channels] * repeats)

    return make


def of(separable: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """Return what builds a module of the middle flow from other layers in the place of separable convolutions."""
    return middle(type("Of", (modules.Module,), {"separable": staticmethod(separable)}))


class StillBroken(modules.InPlace):
    separable = steps.PointwiseFirst


class AddsInPlace(modules.Module):
    def forward(self, maps):
        maps += self.residual(maps)
        return maps


class OneRoundAgain(modules.Module):
    def residual(self, maps):
        for _ in self.norms:
            maps = self.norms[0](self.convolutions[0](F.relu(maps)))
        return maps


class OneNormForAll(modules.Module):
    def residual(self, maps):
        for convolution in self.convolutions:
            maps = self.norms[0](convolution(F.relu(maps)))
        return maps


def two_by_default(channels, repeats=2):
    return middle(modules.Module)(channels, repeats)


def always_three(channels, repeats=3):
    return middle(modules.Module)(channels)


def dense(channels, out_channels):
    return nn.Conv2d(channels, out_channels, 3, padding=1, bias=False)


def only_pointwise(channels, out_channels):
    return nn.Conv2d(channels, out_channels, 1, bias=False)


MISCONCEPTIONS = (
    Misconception(
        "1×1 still comes before 3×3, and the first ReLU still works in place: it changes the very maps that the "
        "shortcut is to carry",
        middle(StillBroken),
        (OWN, CARRIES, REST),
    ),
    Misconception(
        "1×1 still comes before 3×3: each output map has a kernel of its own, which all channels share; it must be "
        "each channel that has one",
        of(steps.PointwiseFirst),
        (OWN,),
    ),
    Misconception(
        "the first ReLU works in place: it changes the very maps that the shortcut is to carry",
        middle(modules.InPlace),
        (CARRIES,),
    ),
    Misconception(
        "numbers below zero are lost: the shortcut carries what a ReLU has left of the maps",
        middle(modules.ShortcutOfReluAlways),
        (CARRIES,),
    ),
    Misconception(
        "what comes out is right, and the maps that forward is given are changed on the way: by a ReLU that works in "
        "place, or because the sum is written into them",
        middle(AddsInPlace),
        (CARRIES,),
    ),
    Misconception("the ReLU before the first separable convolution is missing", middle(modules.NoLeadingRelu), (REST,)),
    Misconception("the ReLUs between the separable convolutions are missing", middle(modules.OnlyLeadingRelu), (REST,)),
    Misconception("all ReLUs are missing", middle(modules.NoRelu), (REST,)),
    Misconception("the ReLUs are missing in evaluation", middle(modules.NoReluInEvaluation), (REST,)),
    Misconception("each ReLU stands behind its separable convolution", middle(modules.ReluBehind), (REST,)),
    Misconception("a ReLU between the depthwise and the pointwise step", of(steps.ReluBetween), (REST,)),
    Misconception("a ReLU after the addition", middle(modules.ReluAfterAddition), (CARRIES,)),
    Misconception("the shortcut is missing", middle(modules.WithoutShortcut), (CARRIES,)),
    Misconception(
        "the shortcut is cut off from the gradient, by detach or no_grad", middle(modules.ShortcutCutOff), (CARRIES,)
    ),
    Misconception(
        "the gradient does not get through the separable convolutions to the input, because of detach or no_grad",
        middle(modules.ResidualInputCutOff),
        (CARRIES,),
    ),
    Misconception("batch normalisation is missing", middle(modules.WithoutNorms), (REST,)),
    Misconception("batch normalisation uses the batch in evaluation too", middle(modules.NormsOfTheBatch), (REST,)),
    Misconception("one batch normalisation serves all separable convolutions", middle(OneNormForAll), (REST,)),
    Misconception("the last batch normalisation stands behind the addition", middle(modules.NormAfterAddition)),
    Misconception("each output map has kernels of its own, as in an ordinary convolution", of(dense), (OWN,)),
    Misconception("one kernel for all channels", of(steps.OneKernel), (OWN,)),
    Misconception("the 3×3 step of the separable convolution is left out", of(only_pointwise), (OWN,)),
    Misconception("the pointwise steps have biases", of(steps.BiasInPointwiseAlways), (REST,)),
    Misconception("all steps have biases", of(steps.BiasAlways), (REST,)),
    Misconception("repeats is ignored: there are always three separable convolutions", always_three, (REST,)),
    Misconception("repeats is 2 where it is not given; it was 3", two_by_default, (REST,)),
    Misconception("a layer is made and not used: the first round stands there again and again", middle(OneRoundAgain)),
)


def _case(channels: int, *repeats: int, rounds: int = 0) -> Case:
    return Case((channels, *repeats), inputs=images(4, channels, 7, 8), rounds=rounds, spread=SPREAD)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels and a number of separable convolutions that learners have not seen."""
    channels, repeats = (torch.randint(0, 3, (2,), generator=generator) + torch.tensor([5, 4])).tolist()
    return (_case(channels, repeats),)


CORNERS = (
    Case((2, 8), inputs=images(4, 2, 1, 6), rounds=0, spread=SPREAD),  # maps of a single row
    _case(2, 5, rounds=3),  # the order of the steps in later rounds
    _case(1, 1),
    Case((128, 1), inputs=images(2, 128, 3, 3), counted=True),
)

MENDED_MODULE = Part(
    name="MendedModule",
    task="mend",
    minutes=15,
    references=(middle(modules.Module), middle(of_the_course)),
    cases=(_case(4, 1, rounds=6), _case(4, rounds=3)),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISCONCEPTIONS,
    checks=(
        Check(
            OWN,
            2,
            (
                "Light a pixel in one channel of a BrokenModule with repeats=1, and look at several output maps.",
                "In which order should the two steps of a separable convolution come?",
            ),
            notes=("shape", "drawn 1", "drawn 2"),
            cases=(0, 1),
        ),
        Check(
            CARRIES,
            2,
            (
                "What is in the tensor that you gave to a BrokenModule, after the call?",
                "maps + self.residual(maps): which of the two does Python work out first, and does that help?",
                "Only the first ReLU works on the module's own input.",
            ),
            notes=("alike: output", "alike: gradient"),
            cases=(0, 1),
        ),
        Check(
            REST,
            1,
            (
                "What was right must stay: ReLU before, batch normalisation behind each separable convolution.",
                "No ReLU may be lost by the repair, and none may be added.",
            ),
        ),
        Check(
            "more channels, more separable convolutions",
            1,
            (
                "Is there a number in your class that is true of four channels or three repeats only?",
                "Channels and repeats must come from the arguments.",
            ),
            public=False,
        ),
    ),
)
