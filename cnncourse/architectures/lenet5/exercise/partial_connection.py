"""Part 1: C3, a convolution in which each output map sees some input maps only (Table I of the paper)."""

from collections.abc import Sequence

import torch

from cnncourse.architectures.lenet5.exercise.own import CHANNELS, PartialConnection
from cnncourse.architectures.lenet5.exercise.partial_connection_mistakes import MISTAKES
from cnncourse.architectures.lenet5.model import C3_TABLE
from cnncourse.checking import Case, Check, Part, images

EVERY_MAP = tuple(range(CHANNELS))
TWENTY = tuple((number % CHANNELS, (number + 2) % CHANNELS) for number in range(20))


def _case(table: Sequence[Sequence[int]], rounds: int = 2, rows: int = 7, columns: int = 8) -> Case:
    return Case((table,), inputs=images(3, CHANNELS, rows, columns), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw a table of its own length, each row with one to six maps in an order of their own."""
    rows = int(torch.randint(21, 33, (), generator=generator))
    lengths = torch.randint(1, CHANNELS + 1, (rows,), generator=generator).tolist()
    return (_case([torch.randperm(CHANNELS, generator=generator)[:length].tolist() for length in lengths]),)


C3 = Part(
    name="C3",
    task="build",
    minutes=25,
    references=(PartialConnection,),
    cases=(
        _case(C3_TABLE),
        _case(((0, 3), (1, 2, 4, 5), (5,))),
        _case(TWENTY),
        _case([[0, 1], [2]]),
        _case([[2, 1], [2, 1], [4]]),
    ),
    draw=_draw,
    corners=(
        _case([[3]], rounds=0, rows=5, columns=5),  # one map of one pixel: whoever squeezes loses it
        _case([[0], [5]], rows=5, columns=14),
        _case([EVERY_MAP] * CHANNELS, rounds=0),  # as many out as in, all alike
        _case([EVERY_MAP[number % 5 :] for number in range(70)], rounds=0, rows=6, columns=6),
    ),
    # What a mask keeps out is no parameter that training moves; those are looked at.
    leaves_open=("parameters",),
    misconceptions=MISTAKES,
    checks=(
        Check(
            "output shape",
            1,
            (
                "Write down the four numbers of the shape: pictures, maps, rows, columns. Which of them is wrong?",
                "A 5×5 kernel fits into a row of 14 pixels at 14 − 5 + 1 places, and every picture keeps its own maps.",
                "No padding; results of single maps are joined along the maps, torch.cat(…, dim=1).",
            ),
            notes=("shape", "left alone"),
            cases=(0,),
        ),
        Check(
            "connections of Table I",
            2,
            (
                "Look at the picture: which output maps see too much, and which too little?",
                "table[o] lists the input maps of output map o. Print it for the map named above and follow it.",
                "With a mask: mask[o, list(table[o])] = 1 for each o. With a convolution a map: it is given "
                "maps[:, list(table[o])].",
            ),
            notes=("alike: output", "alike: gradient of the input"),
            cases=(0,),
        ),
        Check(
            "a kernel for each connection",
            1,
            (
                "How many kernels does your layer have, and how many X are there in Table I?",
                "Each of the 60 connections has 25 weights of its own; the results are added up for each output map.",
                "An output map that sees 4 input maps needs a weight of shape 1×4×5×5, not 1×1×5×5.",
            ),
            notes=("drawn 1", "drawn 2"),
            cases=(0,),
        ),
        Check(
            "trainable numbers",
            1,
            (
                "Count on paper first: 60 kernels of 25 weights, and one bias for each of the 16 output maps.",
                "Print [(name, p.shape) for name, p in C3(C3_TABLE).named_parameters()]. What is missing or too much?",
                "Layers belong in an nn.ModuleList, weights in an nn.Parameter; a mask multiplies the weights in "
                "forward, so that what it hides gets no gradient.",
            ),
            notes=("parameters that no", "alike: gradients"),
            cases=(0,),
        ),
        Check(
            "still sparse after training",
            1,
            (
                "Look at the weights before and after an optimiser step: which moved?",
                "In forward, multiply by a mask; do not overwrite the weights.",
            ),
            notes=("parameters that move",),
            cases=(0,),
        ),
        Check(
            "one convolution, nothing more",
            1,
            (
                "Which steps does your forward take besides convolving and adding?",
                "C3 only adds up: no activation function, one bias a map, the same in training and in evaluation.",
                "Give it zeros: what comes out must be the biases. Give it twice the maps: what is above the biases "
                "must double.",
            ),
            notes=("alike: ev", "alike: a", "alike, ", "drawn: ", "drawn, ", "copied", "saved", "beside", "averages"),
            cases=(0,),
        ),
        Check(
            "follows the table it is given",
            1,
            (
                "Build C3(((0, 3), (1, 2, 4, 5), (5,))) yourself and look at the shape of its output.",
                "Nothing in the class may know C3_TABLE: take the number of output maps from len(table).",
            ),
            cases=(1, 2, 3, 4),
        ),
        Check(
            "follows a table drawn at random",
            1,
            (
                "Is there a number in your class that is true of some tables only?",
                "All that depends on the table must be computed from it: the number of maps, of kernels, of biases.",
            ),
            public=False,
        ),
    ),
)
