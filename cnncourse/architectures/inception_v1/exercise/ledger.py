"""Part 2: what a body of modules gives and costs, row by row."""

import torch

from cnncourse.architectures.inception_v1.exercise.ledger_mistakes import MISTAKES, Ledger
from cnncourse.checking import Case, Check, Part

BODY = [
    [64, 96, 128, 16, 32, 32],
    [128, 128, 192, 32, 96, 64],
    "max pool",
    [192, 96, 208, 16, 48, 64],
    [160, 112, 224, 24, 64, 64],
    [128, 128, 256, 24, 64, 64],
    [112, 144, 288, 32, 64, 64],
    [256, 160, 320, 32, 128, 128],
    "max pool",
    [256, 160, 320, 32, 128, 128],
    [384, 192, 384, 48, 128, 128],
]  # Table 1 of the paper


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw two bodies of modules, one to be counted reduced and one naive, with poolings at places drawn too."""
    cases = []
    for reduced in (True, False):
        rows = []
        for row in torch.randint(
            1, 90, (int(torch.randint(3, 7, (), generator=generator)), 6), generator=generator
        ).tolist():
            rows += [row, "max pool"] if torch.randint(2, (), generator=generator) else [row]
        side = 2 ** rows.count("max pool") * int(torch.randint(1, 5, (), generator=generator))
        cases.append(Case((int(torch.randint(1, 30, (), generator=generator)), side, rows, reduced)))
    return tuple(cases)


LEDGER = Part(
    name="inception_ledger",
    task="use",
    minutes=20,
    references=(Ledger(),),
    cases=(
        Case((192, 28, BODY, True)),
        Case((192, 28, BODY, False)),
        Case((7, 12, [[3, 2, 5, 4, 6, 1], "max pool", [3, 2, 5, 4, 6, 1]], True)),
        Case((7, 12, [[3, 2, 5, 4, 6, 1], "max pool", [3, 2, 5, 4, 6, 1]], False)),
    ),
    draw=_draw,
    corners=(
        Case(
            (1, 16, ["max pool", "max pool", *[[2, 3, 2, 3, 2, 2]] * 9, "max pool", *[[1] * 6] * 4, "max pool"], True)
        ),
        Case(
            (1, 16, ["max pool", "max pool", *[[2, 3, 2, 3, 2, 2]] * 9, "max pool", *[[1] * 6] * 4, "max pool"], False)
        ),
        # What does not matter to a naive module may be anything.
        Case((5, 2, [[3, 0, 5, 7, 2, 1], "max pool", [3, 4, 5, 0, 2, 0], [1, 0, 1, 0, 1, 0]], False)),
        Case((5, 1, [[8, 8, 8, 8, 8, 8]], True)),
        Case((5, 7, [], True)),
    ),
    misconceptions=MISTAKES,
    checks=(
        Check(
            "maps and sides of Table 1",
            1,
            (
                "Do 3a on paper: which of its six numbers are maps that come out?",
                "64 + 128 + 32 + 32 = 256. The next row is given 256 maps, and a pooling changes only the side.",
            ),
            cases=(0, 2),
            notes=("result: maps", "result: side", "left alone", "again"),
        ),
        Check(
            "trainable numbers",
            2,
            (
                "Six convolutions a module. Write each as (maps before, maps after, kernel).",
                "(192, 64, 1), (192, 96, 1), (96, 128, 3) are the first three of 3a. And the other three?",
                "A convolution from a to b maps with kernel k has (k·k·a + 1)·b numbers.",
            ),
            cases=(0, 2),
            notes=("result: numbers",),
        ),
        Check(
            "multiply-adds",
            1,
            (
                "At how many places of a map is a weight used?",
                "Weights without biases, times side × side; and the side is that of the row, after the poolings.",
            ),
            cases=(0, 2),
            notes=("result: multiply_adds",),
        ),
        Check(
            "the naive modules",
            1,
            (
                "Draw the naive module: three convolutions and a pooling, all on the module's input.",
                "A pooling gives as many maps as it is given, and all of them come out.",
                "(maps, n1, 1), (maps, n3, 3), (maps, n5, 5), and maps + n1 + n3 + n5 maps for the next row.",
            ),
            cases=(1, 3),
        ),
        Check(
            "bodies drawn at random",
            1,
            (
                "Is there a number in your function that belongs to Table 1 only?",
                "A pooling may come first, and two modules may follow each other without one.",
            ),
            public=False,
        ),
    ),
)
