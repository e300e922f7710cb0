"""Part 1: a depthwise separable convolution."""

import torch

from cnncourse.architectures.xception.exercise.separable_convolution_mistakes import (
    BIAS,
    CONVOLUTION,
    KERNELS,
    MISTAKES,
    NOTHING,
    NUMBERS,
    SEVERAL,
    SHAPE,
    Separable,
)
from cnncourse.checking import Case, Check, Part, images

FIRST = (0, 1)  # the cases of one kernel a channel and no bias


def _case(*arguments: int, rounds: int = 0) -> Case:
    return Case(arguments, inputs=images(3, arguments[0], 7, 8), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw all arguments, none of them as learners see them."""
    channels, more, wide, stride, several, bias = (
        int(torch.randint(low, high, (), generator=generator))
        for low, high in ((5, 8), (1, 4), (0, 2), (3, 5), (0, 2), (0, 2))
    )
    arguments = (channels, channels + more, (7, 9)[wide], stride, (2, 4)[several], bool(bias))
    return (Case(arguments, inputs=images(3, channels, 13, 14), rounds=0),)


CORNERS = (
    Case((5, 2, 3, 2, 1, True), inputs=images(3, 5, 8, 6), rounds=0),  # fewer maps out, even sides, a bias beside it
    Case((1, 4, 3, 1, 6, True), inputs=images(3, 1, 6, 6), rounds=0),
    _case(1, 1),
    _case(4, 3, 1, 2, 2, False),  # kernels of a single weight
    _case(2, 3, 1),
    Case((64, 4), inputs=images(2, 64, 4, 3), rounds=0),  # as many maps as the chapter's network has
)

SEPARABLE_CONVOLUTION = Part(
    name="SeparableConv2d",
    task="build",
    minutes=20,
    references=(Separable,),
    cases=(
        _case(3, 5, rounds=8),
        _case(4, 4, 5, 2, 1, False, rounds=4),
        _case(3, 4, 3, 1, 1, True, rounds=4),
        _case(2, 6, 3, 1, 3, False, rounds=4),
    ),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISTAKES,
    checks=(
        Check(
            SHAPE,
            1,
            (
                "Which of the two steps looks at neighbours, and so needs zeros round the maps?",
                "The depthwise step has padding kernel_size // 2 and the stride; the pointwise one has neither.",
            ),
            notes=("shape",),
            cases=FIRST,
        ),
        Check(
            NUMBERS,
            1,
            (
                "On paper: three channels in, five maps out, 3×3. How many weights has each of the two steps?",
                "Depthwise: one kernel for each channel. Pointwise: a weight for each pair of channel and output map.",
                "In torch a convolution with groups=in_channels gives each channel kernels of its own.",
            ),
            notes=("parameters",),
            cases=FIRST,
        ),
        Check(
            NOTHING,
            2,
            (
                "Give your layer some maps, then the same maps times −1. What should come out the second time?",
                "What in your forward is more than multiplying by weights and adding up?",
            ),
            notes=("alike: output", "alike: evaluation"),
            cases=FIRST,
        ),
        Check(
            KERNELS,
            2,
            (
                "Light one pixel of channel 0 and look at two output maps: they must show the same small picture, one "
                "brighter than the other.",
                "First k×k within each channel, then 1×1 across all channels.",
            ),
            notes=("alike: gradient", "drawn 1: output", "drawn 1: gradient"),
            cases=FIRST,
        ),
        Check(
            CONVOLUTION,
            1,
            (
                "Compare with nn.functional.conv2d on small maps: is the border right? Does the stride begin at the "
                "first pixel?",
                "Zeros round the maps, kernel_size // 2 on each side, and the stride in one place.",
            ),
            cases=FIRST,
        ),
        Check(
            BIAS,
            1,
            (
                "How many numbers does a bias add if every output map has one?",
                "Only the pointwise step has it: what the depthwise step adds would be mixed by it anyway.",
            ),
            cases=(2,),
        ),
        Check(
            SEVERAL,
            1,
            (
                "With multiplier=3 each channel becomes three maps. How many maps does the pointwise step see?",
                "The depthwise step gives in_channels * multiplier maps, still in in_channels groups.",
            ),
            cases=(3,),
        ),
        Check(
            "other sizes, strides and multipliers",
            1,
            (
                "Is there a number in your class that is true of 3×3, of stride 1 or 2 or of one multiplier only?",
                "Kernel, padding, stride and channels must all come from the arguments.",
            ),
            public=False,
        ),
    ),
)
