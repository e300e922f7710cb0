"""Part 1: one aggregated block in three forms."""

import torch

from cnncourse.architectures.resnext50.exercise.aggregated_block_mistakes import FORM_A, FORM_B, FORM_C, MISTAKES, RELUS
from cnncourse.architectures.resnext50.exercise.block import Block
from cnncourse.checking import Case, Check, Part, images

FORMS = ("a", "b", "c")
FORM_NOTES = ("shape", "parameters", "alike: output", "alike: gradient", "averages")
OTHERS = (7, 9, 10), (3, 5, 6), (2, 4)  # channels, cardinalities and widths at grading


def _case(*arguments: object, rounds: int = 0) -> Case:
    return Case(arguments, inputs=images(3, arguments[0], 5, 6), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels, cardinality and width, none of them as learners see them, and no two the same."""
    drawn = [values[int(torch.randint(len(values), (), generator=generator))] for values in OTHERS]
    return tuple(_case(*drawn, form, rounds=3 if form == "c" else 0) for form in FORMS)


# One path of one channel, one path, as many as the chapter's network has, and paths wider than what comes in.
EDGES = (1, 1, 1), (4, 1, 2), (2, 32, 1), (2, 2, 5)
CORNERS = tuple(_case(*edge, form) for edge in EDGES for form in FORMS)

AGGREGATED_BLOCK = Part(
    name="AggregatedBlock",
    task="build",
    minutes=25,
    references=(Block,),
    cases=(
        *(_case(8, 4, 3, form, rounds=3) for form in FORMS),
        *(_case(5, 2, 2, form) for form in FORMS),
    ),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISTAKES,
    # A mask may stand for groups: only what a step of training moves is counted.
    leaves_open=("parameters",),
    checks=(
        Check(
            FORM_A,
            2,
            (
                "How many convolutions has one path, and how many channels go through each of them?",
                "All paths see all channels that come in. Each gives all channels that go out, and these are added up.",
                "The shortcut is added once, to the sum of the paths, and the last ReLU comes after that.",
            ),
            notes=FORM_NOTES,
            cases=(0, 3),
        ),
        Check(
            FORM_B,
            2,
            (
                "In form b each path ends behind its 3×3 convolution and ReLU. How many channels do all together have?",
                "torch.cat(…, dim=1) puts maps side by side; one 1×1 convolution sees them all.",
            ),
            notes=FORM_NOTES,
            cases=(1, 4),
        ),
        Check(
            FORM_C,
            2,
            (
                "Form c is a bottleneck with cardinality · width channels inside. What makes it the same as paths?",
                "Only the 3×3 convolution is divided, into as many groups as there are paths.",
            ),
            notes=FORM_NOTES,
            cases=(2, 5),
        ),
        Check(
            RELUS,
            2,
            (
                "Count the ReLUs of a path: there are two, and one behind the addition.",
                "Nothing stands behind the last convolution of a path: what it adds may be below zero.",
            ),
        ),
        Check(
            "other cardinalities and widths",
            1,
            (
                "Is there a number in your class that is true of four paths or of three channels only?",
                "Try it with more channels in a path than paths, and with a number of channels that cannot be divided "
                "by the cardinality.",
            ),
            public=False,
        ),
    ),
)
