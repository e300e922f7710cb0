"""Part 1: an n×n convolution in two factors, 1×n and n×1, each with batch normalisation and ReLU."""

import torch

from cnncourse.architectures.inception_v3.exercise.factorised import REFERENCES
from cnncourse.architectures.inception_v3.exercise.factorised_mistakes import (
    FOR_ITSELF,
    MISTAKES,
    NUMBERS,
    SIZE,
    TWICE,
    VIEW,
)
from cnncourse.checking import Case, Check, Part, images


def _case(*arguments: int, rounds: int = 0, rows: int = 7, columns: int = 8) -> Case:
    return Case(arguments, inputs=images(3, arguments[0], rows, columns), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels, and a width of the factors that learners have not seen."""
    channels = (torch.randperm(5, generator=generator)[:3] + 2).tolist()
    n = (9, 11)[int(torch.randint(2, (), generator=generator))]
    return (_case(*channels, n, rounds=3),)


FACTORISED_CONVOLUTION = Part(
    name="FactorisedConv",
    task="build",
    minutes=25,
    references=REFERENCES,
    cases=(_case(2, 4, 3, 5, rounds=6), _case(3, 2, 5, 3), _case(3, 5, 4, 7), _case(2, 2, 2, 3, rounds=3)),
    draw=_draw,
    corners=(
        _case(1, 1, 1, 1),
        _case(4, 4, 4, 1),
        _case(16, 16, 16, 7, rows=17, columns=17),  # the module's own, with fewer maps
        _case(20, 2, 1, 17),
        _case(1, 36, 2, 5),
    ),
    misconceptions=MISTAKES,
    checks=(
        Check(
            SIZE,
            1,
            (
                "In which direction does a 1×7 kernel take something away, and in which not?",
                "padding may be a pair: rows above and below, then columns left and right.",
                "For a kernel of (1, n) the padding is (0, n // 2), for (n, 1) it is (n // 2, 0).",
            ),
            notes=("shape", "left alone"),
        ),
        Check(
            NUMBERS,
            2,
            (
                "On paper: how many weights has a 1×n convolution from in_channels to mid_channels?",
                "Each factor sees all maps before it, and has a batch normalisation of its own behind it.",
                "A batch normalisation of c maps has 2·c trainable numbers, a scale and a shift for each map.",
            ),
            notes=("parameters",),
        ),
        Check(
            VIEW,
            2,
            (
                "Which pixels does one unit of your output depend on? Draw them for n = 3.",
                "A row of columns is a square; a row beside a column is a cross.",
                "The second factor must work on what the first gives, not on the input.",
            ),
            notes=("alike: gradient of the input",),
        ),
        Check(
            TWICE,
            2,
            (
                "Print your module: what stands between the two convolutions, and in which order?",
                "The paper's unit is always the same: convolution, batch normalisation, ReLU.",
                "Six steps: 1×n, normalise, ReLU, n×1, normalise, ReLU.",
            ),
            notes=("alike: output", "alike: gradients", "drawn 1", "drawn 2", "drawn: training"),
        ),
        Check(
            FOR_ITSELF,
            1,
            (
                "What should batch normalisation use in evaluation, where a batch may be one picture?",
                "nn.BatchNorm2d does it by itself; it needs nothing but the number of maps.",
            ),
            notes=(
                "averages",
                "alike: evaluation",
                "alike: a",
                "alike, evaluation",
                "drawn:",
                "drawn, ",
                "beside",
                "copied",
                "saved",
            ),
        ),
        Check(
            "other channels, a wider window",
            1,
            (
                "Is there a number in your class that is true of some channels or of n = 3, 5 and 7 only?",
                "Channels, kernels and paddings must all come from the arguments.",
            ),
            public=False,
        ),
    ),
)
