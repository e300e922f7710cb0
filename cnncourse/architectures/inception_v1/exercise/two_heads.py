"""Part 3: an auxiliary classifier that teaches nobody, and answers at test time."""

import torch
from torch import Tensor

from cnncourse.architectures.inception_v1.exercise.two_heads_mistakes import MISTAKES, Heads, SilentHeadLeftOut
from cnncourse.checking import Case, Check, Part, images


def _case(
    in_channels: int, width: int, num_classes: int, weight: float, rounds: int = 0, rows: int = 5, columns: int = 7
) -> Case:
    def draw(generator: torch.Generator) -> tuple[Tensor, ...]:
        labels = torch.randint(num_classes, (5,), generator=generator)
        return (*images(5, in_channels, rows, columns)(generator), labels)

    arguments = (in_channels, width, num_classes, weight)
    # Small weights, so that the cross-entropy does not saturate.
    return Case(arguments, inputs=draw, evaluated=1, rounds=rounds, spread=(0.1, 0.5))


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels, width, classes and the weight of the auxiliary loss."""
    in_channels, width, classes = torch.randint(2, 8, (3,), generator=generator).tolist()
    weight = int(torch.randint(40, 200, (), generator=generator)) / 100
    return (_case(in_channels, width + 2, classes, weight, rounds=3),)


TWO_HEADS = Part(
    name="MendedHeads",
    task="mend",
    minutes=15,
    references=(Heads, SilentHeadLeftOut),
    cases=(_case(2, 5, 4, 0.3, rounds=6), _case(3, 3, 3, 0.8)),
    draw=_draw,
    corners=(
        _case(1, 1, 2, 0.0),
        _case(4, 4, 4, 1.0, rounds=2),
        _case(3, 20, 10, 2, rounds=2, rows=17, columns=18),
    ),
    misconceptions=MISTAKES,
    checks=(
        Check(
            "one voice at test time",
            1,
            (
                "What do the scores of the broken network consist of after eval()?",
                "The auxiliary classifier is for training only: at test time the final one alone has the say.",
            ),
            notes=("parameters", "left alone", "alike: ev", "alike: a", "alike, ", "drawn: ", "drawn, ", "averages"),
        ),
        Check(
            "the loss of both classifiers",
            1,
            (
                "Two cross-entropies, one of each classifier's scores. How are they added?",
                "The final loss counts in full, the auxiliary one times the weight.",
            ),
            notes=("shape", "alike: output", "drawn 1: output", "drawn 2: output", "training"),
        ),
        Check(
            "the auxiliary loss teaches the layers below",
            2,
            (
                "In the symptom, which layer should have a gradient and has none?",
                "What does detach() do to a tensor? What is an auxiliary classifier for?",
            ),
        ),
        Check(
            "other sizes, another weight",
            1,
            (
                "Is there a number in your class that is true of the example only?",
                "Take sizes, classes and the weight from the arguments.",
            ),
            public=False,
        ),
    ),
)
