"""Part 2: a module of Xception, from a row of figure 5."""

from collections.abc import Sequence

import torch

from cnncourse.architectures.xception.exercise.modules import Module
from cnncourse.architectures.xception.exercise.separable_convolution_mistakes import Separable
from cnncourse.architectures.xception.exercise.xception_module_mistakes import (
    HALVING,
    MISTAKES,
    NUMBERS,
    ORDER,
    SHAPES,
    SHORTCUT,
)
from cnncourse.architectures.xception.model import XceptionModule
from cnncourse.checking import Case, Check, Part, images

# Weights so large that no epsilon shows beside the variance: the text leaves it open.
SPREAD = (300.0, 1200.0)
MIDDLE, HALVED = (2, 3), (0, 1, 4)  # numbers of the cases


def _case(in_channels: int, filters: list[int], *others: bool, rounds: int = 0) -> Case:
    return Case((in_channels, filters, *others), inputs=images(4, in_channels, 7, 8), rounds=rounds, spread=SPREAD)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw modules with four separable convolutions, which learners have not seen, one with each kind of shortcut."""
    channels, *filters = (3 + torch.randint(4, (5,), generator=generator)).tolist()
    first, second = (torch.rand(2, generator=generator) < 0.5).tolist()
    return _case(channels, filters, first, True), _case(filters[-1], filters, second, False)


def of_the_course(
    in_channels: int, filters: Sequence[int], leading_relu: bool = True, downsample: bool = False
) -> XceptionModule:
    """Build the course's own module, whose epsilon is that of the paper's author."""
    return XceptionModule(in_channels, filters, leading_relu=leading_relu, downsample=downsample)


CORNERS = (
    _case(4, [4, 4, 4], True, False),  # a row of the middle flow
    _case(3, [5, 4, 3, 3, 3, 3], False, False),
    # Higher than wide, both even; seldom below zero, so that no window of the pooling holds zeros alone.
    Case((2, [3], True, True), inputs=images(4, 2, 8, 6, mean=1.0), rounds=0, spread=SPREAD),
    _case(2, [2], False, False),
    Case((128, [128, 128], True, True), inputs=images(2, 128, 3, 3), counted=True),
)

XCEPTION_MODULE = Part(
    name="XceptionModule",
    task="use",
    minutes=20,
    references=(Module, of_the_course),
    # Widths that differ come first, because without a change of width some mistakes have as many parameters.
    cases=(
        _case(3, [5, 6], False, True, rounds=4),
        _case(5, [4, 7], True, True),
        _case(6, [3, 5, 6], rounds=4),
        _case(5, [5, 5], True, False),
        _case(4, [4, 4], True, True),
    ),
    draw=_draw,
    corners=CORNERS,
    needs={"SeparableConv2d": Separable},
    misconceptions=MISTAKES,
    checks=(
        Check(
            SHAPES,
            1,
            (
                "What halves the maps, and what must the shortcut do then?",
                "Maps of 9×10 become 5×5 in both ways: pooling 3×3 with stride 2 and padding 1, and 1×1 with stride 2.",
            ),
            notes=("shape", "left alone"),
        ),
        Check(
            NUMBERS,
            1,
            (
                "Count on paper: what has numbers to be trained, for filters [3, 5, 6]?",
                "Each separable convolution has a batch normalisation behind it; no convolution has a bias.",
                "The shortcut has a convolution and a batch normalisation of its own where downsample=True, and "
                "nothing otherwise.",
            ),
            notes=("parameters",),
        ),
        Check(
            SHORTCUT,
            2,
            (
                "If all weights are zero, what should come out of a module that does not sample down?",
                "What happens to numbers below zero on their way through the shortcut, and after the addition?",
                "A ReLU that works in place changes the very maps that the shortcut is to carry.",
            ),
            notes=("alike: gradient", "copied", "saved"),
            cases=MIDDLE,
        ),
        Check(
            ORDER,
            2,
            (
                "Print your module: what stands before each separable convolution, what behind it?",
                "ReLU comes before, batch normalisation behind, and nothing between the depthwise and pointwise steps.",
            ),
            cases=MIDDLE,
        ),
        Check(
            HALVING,
            2,
            (
                "In which order do the last batch normalisation, the pooling and the addition come?",
                "The max pooling is the last thing before the addition. The projection gets the maps as they came.",
                "With leading_relu=False there is no ReLU before the first separable convolution, only before others.",
            ),
            cases=HALVED,
        ),
        Check(
            "a longer row",
            1,
            (
                "Is there a number in your class that is true of two or three separable convolutions only?",
                "Loop over filters, and remember how many maps the one before has given.",
            ),
            public=False,
        ),
    ),
)
