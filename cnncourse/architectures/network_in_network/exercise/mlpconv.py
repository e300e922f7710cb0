"""Part 1: an mlpconv layer, a perceptron that slides over the maps."""

import torch

from cnncourse.architectures.network_in_network.exercise.mlpconv_mistakes import MISTAKES
from cnncourse.architectures.network_in_network.exercise.own import Mlpconv
from cnncourse.checking import Case, Check, Part, images


def _case(*arguments: object, rounds: int = 0) -> Case:
    return Case(arguments, inputs=images(3, arguments[0], 7, 8), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw the channels, the kernel, the padding, and one to five widths, but not three as in the notebook."""
    in_channels, kernel, count = (int(torch.randint(1, 5, (), generator=generator)) for _ in range(3))
    padding = int(torch.randint(kernel, (), generator=generator))
    widths = torch.randint(2, 7, (count if count != 3 else 5,), generator=generator).tolist()
    return (_case(in_channels, widths, kernel, padding, rounds=4),)


MLPCONV = Part(
    name="MLPConv",
    task="build",
    minutes=20,
    references=(Mlpconv,),
    cases=(
        _case(2, [3, 6, 4], 3, 1, rounds=6),
        _case(3, [4], 3, 1),
        _case(2, [3, 3, 3], 5, 0, rounds=3),
        _case(1, [2, 5], 2, 1),
        _case(2, [3, 6, 12], 3, 1),
    ),
    draw=_draw,
    corners=(
        _case(1, [1], 1, 0),
        _case(4, [4, 1, 4], 2, 3, rounds=2),  # more padding than the kernel needs, and one unit between others
        _case(3, [8, 6, 4], 5, 2),  # the paper's first layer, with fewer units
        _case(2, [2] * 6, 7, 3),
        _case(3, [40, 33], 4, 2),
    ),
    misconceptions=MISTAKES,
    checks=(
        Check(
            "one perceptron for all positions",
            2,
            (
                "Run your layer on torch.zeros(1, 2, 7, 8) and print the shape after each of its steps.",
                "The first layer is an ordinary convolution with the kernel and the padding that are asked for.",
                "A later layer sees one position only: nn.Conv2d(…, …, kernel_size=1), without padding.",
            ),
            notes=("shape", "left alone", "alike: output", "alike: evaluation", "alike: a"),
        ),
        Check(
            "trainable numbers",
            2,
            (
                "Print [p.shape for p in your_layer.parameters()]: how many layers are there, and how large are they?",
                "As many layers as there are widths. How many weights has a unit of the second, and how many biases?",
                "A unit of a later layer has a weight for each channel before it, and a bias: no more, no less.",
            ),
            notes=("parameters", "alike: gradient", "alike, evaluation"),
        ),
        Check(
            "a unit sees one k×k patch",
            1,
            (
                "Which of your layers looks at more than one position?",
                "Only the first one may: the perceptron grows deeper, its view does not grow.",
            ),
            notes=("drawn 1: gradient of the input", "drawn 2: gradient of the input"),
        ),
        Check(
            "a ReLU after every layer",
            2,
            (
                "Print your layer: what stands between two convolutions, and what after the last one?",
                "Without something that is not linear between them, two layers can always be replaced by one.",
                "As many ReLUs as there are widths, the last of them at the very end.",
            ),
        ),
        Check(
            "other widths, another kernel",
            1,
            (
                "Is there a number in your class that is true of three widths, of 3×3 kernels or of padding 1 only?",
                "Loop over the widths: each layer's input is the width before it.",
            ),
            public=False,
        ),
    ),
)
