"""Part 1: Reduction-A for any k, l, m and n."""

import torch

from cnncourse.architectures.inception_v4.exercise.reduction_mistakes import MISTAKES, ONE, POOL, THREE
from cnncourse.architectures.inception_v4.exercise.units import Reduction, ReductionWithLargerEpsilon
from cnncourse.checking import Case, Check, Part, images


def _case(*arguments: int, height: int = 9, width: int = 11, rounds: int = 0, mean: float = 0.3) -> Case:
    return Case(arguments, inputs=images(3, arguments[0], height, width, mean=mean), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw all arguments, different ones, and the size of the maps, which is odd."""
    height, width = (2 * torch.randint(3, 6, (2,), generator=generator) + 1).tolist()
    drawn = (2 + torch.randperm(8, generator=generator)[:5]).tolist()
    return (_case(*drawn, height=height, width=width, rounds=4),)


CORNERS = (
    _case(1, 1, 1, 1, 1, height=5, width=5),
    _case(1, 5, 4, 3, 2, height=7, width=17),
    _case(6, 1, 2, 1, 3, height=35, width=35),  # the chapter's size
)

REDUCTION = Part(
    name="ReductionA",
    task="build",
    minutes=20,
    references=(Reduction, ReductionWithLargerEpsilon),
    cases=(
        _case(4, 5, 3, 2, 8, rounds=6),
        # Negative on average, so that the largest of nine values is often negative, and a ReLU on it shows.
        _case(3, 7, 8, 6, 2, mean=-1.5),
        _case(3, 3, 3, 3, 3, rounds=4),
        _case(2, 3, 2, 4, 2, height=5, width=7),
    ),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISTAKES,
    checks=(
        Check(
            "shape of what comes out",
            1,
            (
                "Which branch gives how many maps? How large is a 9×11 map after a 3×3 window with stride 2 that "
                "never leaves it?",
                "n + m + in_channels maps, stacked with torch.cat(…, dim=1). Layers that halve have no padding.",
            ),
            notes=("shape", "left alone"),
        ),
        Check(
            "trainable numbers",
            1,
            (
                "On paper: four maps in and n = 8. How many weights has the 3×3 convolution, and how many numbers its "
                "batch normalisation?",
                "The branch of three goes from in_channels to k, from k to l and from l to m: 1×1, 3×3, 3×3.",
                "Every convolution has bias=False and a batch normalisation behind it; the pooling has nothing.",
            ),
            notes=("parameters",),
        ),
        Check(
            POOL,
            2,
            (
                "Give your module maps below zero everywhere. What should the last maps show?",
                "Nothing but a max pooling 3×3 with stride 2 stands in this branch, and it comes last in the stack.",
            ),
            notes=("alike: output", "alike: gradient"),
        ),
        Check(
            ONE,
            2,
            (
                "What does this branch look at: the input, or something that another branch has made of it?",
                "One 3×3 convolution of the input with stride 2 and no padding, batch normalisation, ReLU, and its "
                "maps come first in the stack.",
            ),
            notes=(
                "alike: output",
                "averages",
                "alike: evaluation",
                "alike, evaluation",
                "alike: a",
                "copied",
                "saved",
            ),
        ),
        Check(
            THREE,
            2,
            (
                "Which of the three halves the maps, and which must keep their size?",
                "1×1; 3×3 with padding 1; 3×3 with stride 2 and no padding. Batch normalisation and ReLU behind each.",
            ),
        ),
        Check(
            "other filters, other sizes",
            1,
            (
                "Is there a number in your class that is true of one set of filters or one size of maps only?",
                "in_channels, k, l, m and n must all come from the arguments, each in its place.",
            ),
            public=False,
        ),
    ),
)
