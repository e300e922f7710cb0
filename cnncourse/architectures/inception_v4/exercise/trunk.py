"""Part 2: a trunk of modules and reductions, from a table."""

import torch

from cnncourse.architectures.inception_v4.exercise.trunk_mistakes import BETWEEN, MISTAKES, MODULE, NUMBERS, ROW, SHAPES
from cnncourse.architectures.inception_v4.exercise.units import Reduction, Trunk, TrunkWithLargerEpsilon
from cnncourse.checking import Case, Check, Part, images

INCEPTION, REDUCTION = "inception", "reduction"
# All but what another trunk beside it brings about, which may be one that cannot be built yet.
OF_ITS_OWN = ("shape", "parameters", "left alone", "averages", "alike", "drawn", "copied", "saved")


def _case(in_channels: int, *table: list[object], height: int = 7, width: int = 9, rounds: int = 0) -> Case:
    return Case((in_channels, list(table)), inputs=images(3, in_channels, height, width), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw a table with two reductions, which learners have not seen, and maps that can be halved twice."""
    rows = [(2 + torch.randperm(5, generator=generator)[:4]).tolist() for _ in range(4)]
    first, second = (1 + torch.randperm(2, generator=generator)).tolist()
    height, width = ((11, 15), (15, 11))[int(torch.randint(0, 2, (), generator=generator))]
    table = (
        [INCEPTION, first, *rows[0][1:3]],
        [REDUCTION, *rows[1]],
        [INCEPTION, second, *rows[2][1:3]],
        [REDUCTION, *rows[3]],
    )
    channels = int(torch.randint(4, 7, (), generator=generator))
    return (_case(channels, *table, height=height, width=width),)


def _counted(in_channels: int, *table: list[object]) -> Case:
    return Case((in_channels, list(table)), inputs=images(2, in_channels, 7, 7), counted=True)


CORNERS = (
    _counted(1, [INCEPTION, 7, 1, 1]),  # as many modules as Inception-v4 has of a kind
    # More rows than any other table has, several of them equal, with as many maps in and out.
    _counted(
        4, *[[INCEPTION, 2, 3, 1]] * 3, [REDUCTION, 1, 1, 1, 1], *[[INCEPTION, 1, 1, 1]] * 2, [INCEPTION, 3, 1, 2]
    ),
    _case(1, [REDUCTION, 1, 2, 1, 3]),
    _case(2, *[[INCEPTION, 1, 1, 1]] * 3, [INCEPTION, 1, 2, 1], [INCEPTION, 1, 1, 1], height=5, width=5),
)

TRUNK = Part(
    name="make_trunk",
    task="use",
    minutes=25,
    references=(Trunk, TrunkWithLargerEpsilon),
    cases=(
        _case(3, [INCEPTION, 1, 2, 5], rounds=6),
        _case(3, [INCEPTION, 4, 3, 2]),
        _case(3, [INCEPTION, 1, 4, 3], [REDUCTION, 3, 4, 5, 2], [INCEPTION, 1, 3, 4], rounds=2),
        _case(3, [REDUCTION, 2, 3, 4, 6], [INCEPTION, 1, 4, 3]),
        # Two equal rows, and in the module all widths alike.
        _case(3, [INCEPTION, 1, 3, 3], [INCEPTION, 1, 3, 3]),
        _case(
            3,
            [INCEPTION, 1, 2, 3],
            [REDUCTION, 2, 2, 2, 2],
            [REDUCTION, 2, 2, 2, 2],
            [INCEPTION, 1, 2, 2],
            height=11,
            width=7,
        ),
    ),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISTAKES,
    needs={"ReductionA": Reduction},
    checks=(
        Check(
            SHAPES,
            1,
            (
                "How many maps does a module give, whatever comes in? And a reduction?",
                "A module gives 4 · filters maps, a reduction in_channels + m + n: keep a variable for the number of "
                "maps so far.",
            ),
            notes=("shape", "left alone"),
        ),
        Check(
            NUMBERS,
            1,
            (
                "Count one module on paper: five convolutions with filters maps and two with reduce maps.",
                "Every convolution has bias=False and a batch normalisation; every module has weights of its own.",
            ),
            notes=("parameters", "beside"),
        ),
        Check(
            MODULE,
            2,
            (
                "Where does each of the four branches begin, and in which order are they stacked?",
                "1×1 | 1×1, 3×3 | 1×1, 3×3, 3×3 | average pooling, 1×1. Everything keeps the size of the maps.",
                "The average pooling has padding 1, and the zeros beyond the border do not count: "
                "count_include_pad=False.",
            ),
            notes=OF_ITS_OWN,
            cases=(0,),
        ),
        Check(
            ROW,
            1,
            (
                "How many maps does the second module of a row get?",
                "Make a new module in each round of the loop. [module] * 3 is three times the same module.",
            ),
            notes=OF_ITS_OWN,
            cases=(1, 4),
        ),
        Check(
            BETWEEN,
            2,
            (
                "What are the input channels of a reduction, and of the module behind it?",
                "Go through the table row by row, in its order, and append to one list of layers.",
            ),
            cases=(2, 3, 5),
        ),
        Check(
            "a table of four rows",
            1,
            (
                "Does your function work if there are two reductions, or if a reduction comes last?",
                "Nothing may be stored under a name that the next row of the same kind overwrites.",
            ),
            public=False,
        ),
    ),
)
