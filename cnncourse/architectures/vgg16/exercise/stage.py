"""Part 3: a stage whose convolutions share their weights, and whose first one has no ReLU."""

import torch

from cnncourse.architectures.vgg16.exercise.stage_mistakes import MISTAKES, Stage
from cnncourse.checking import Case, Check, Part, images


def _case(in_channels: int, out_channels: int, depth: int, rounds: int = 0) -> Case:
    return Case((in_channels, out_channels, depth), inputs=images(3, in_channels, 7, 9), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels, and a depth that learners have not seen."""
    channels = (torch.randperm(5, generator=generator)[:2] + 2).tolist()
    return (_case(*channels, 4 + int(torch.randint(2, (), generator=generator)), rounds=3),)


STAGE = Part(
    name="MendedStage",
    task="mend",
    minutes=15,
    references=(Stage,),
    cases=(_case(2, 3, 3, rounds=6), _case(2, 3, 2), _case(2, 3, 1), _case(3, 3, 3)),
    draw=_draw,
    corners=(_case(1, 1, 1), _case(5, 2, 2), _case(2, 2, 7), _case(3, 36, 3)),
    misconceptions=MISTAKES,
    checks=(
        Check(
            "every convolution has weights of its own",
            2,
            (
                "Count the numbers of BrokenStage for depth 2, 3 and 4. Which of them should be different?",
                "In Python [layer] * 3 is a list that names one and the same layer three times.",
                "Make the layer inside a loop, so that each turn makes another one.",
            ),
            notes=("parameters", "drawn"),
        ),
        Check(
            "a ReLU after every convolution",
            2,
            (
                "Print a BrokenStage of depth 1 and one of depth 3. Which convolution has no ReLU behind it?",
                "Depth 1 is the case that shows it best: can a number below zero come out behind a ReLU?",
            ),
            notes=("alike: output", "alike: ev", "alike, ", "alike: gradient"),
        ),
        Check(
            "the stage does what it did, otherwise",
            1,
            (
                "What was right must stay: 3×3 kernels, zeros at the border, biases, a 2×2 max pooling at the end.",
                "One pooling behind the last ReLU, none in between.",
            ),
            notes=("shape", "left alone", "averages", "copied", "saved", "beside", "alike: a"),
        ),
        Check(
            "other channels, another depth",
            1,
            (
                "Is there a number in your class that is true of some depths only?",
                "The loop must run over the depth that is asked for.",
            ),
            public=False,
        ),
    ),
)
