"""Part 3: a network that is one linear filter and looks at one corner."""

import torch

from cnncourse.architectures.network_in_network.exercise.mended_network_mistakes import MISTAKES, Mended
from cnncourse.checking import Case, Check, Part, images


def _case(in_channels: int, width: int, num_classes: int, rows: int, columns: int, rounds: int = 0) -> Case:
    return Case((in_channels, width, num_classes), inputs=images(3, in_channels, rows, columns), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels, width and classes, and a size of the images that nobody has seen."""
    sizes = torch.randint(2, 8, (3,), generator=generator).tolist()
    rows, columns = (9 + torch.randperm(10, generator=generator)[:2]).tolist()
    return (_case(*sizes, rows, columns, rounds=3),)


MENDED = Part(
    name="MendedNetwork",
    task="mend",
    minutes=15,
    references=(Mended,),
    cases=(_case(2, 5, 4, 8, 8, rounds=6), _case(2, 5, 4, 12, 20), _case(2, 5, 4, 5, 6)),
    draw=_draw,
    corners=(_case(1, 1, 1, 1, 1), _case(4, 4, 4, 8, 8), _case(3, 40, 10, 32, 32), _case(5, 3, 2, 2, 9)),
    misconceptions=MISTAKES,
    checks=(
        Check(
            "three layers, not one linear filter",
            1,
            (
                "Write down what forward should do, step by step, and compare with what the broken one does.",
                "Two linear layers without anything between them are one linear layer. What is missing, and how often?",
                "conv, ReLU; mix, ReLU; classify, ReLU; then the mean.",
            ),
            cases=(0,),
        ),
        Check(
            "every position counts",
            2,
            (
                "In the symptom, where is the spot when the scores no longer change?",
                "Which number in forward is the height of the picture that the colleague had in mind?",
                "Take the mean over all positions there are: nn.AdaptiveAvgPool2d(1), or mean with two dimensions.",
            ),
            cases=(1,),
        ),
        Check(
            "smaller images too",
            1,
            (
                "Give your network images of 5×6 pixels and read the error.",
                "No window of fixed size fits every image.",
            ),
            cases=(2,),
        ),
        Check(
            "other layers, other sizes",
            1,
            (
                "Is there a number in your class that is true of some sizes only?",
                "Take the sizes of the layers from the arguments, and the number of positions from the maps.",
            ),
            public=False,
        ),
    ),
)
