"""Part 1: a stack of convolutions that keep height and width, each followed by a ReLU."""

import torch

from cnncourse.architectures.vgg16.exercise.stack_mistakes import MISTAKES, stacked
from cnncourse.checking import Case, Check, Part, images


def _case(in_channels: int, out_channels: int, depth: int, *kernel_size: int, rounds: int = 0) -> Case:
    return Case((in_channels, out_channels, depth, *kernel_size), inputs=images(3, in_channels, 7, 8), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels, and a depth and kernel that learners have not seen together."""
    depths_and_kernels = ((4, 3), (5, 3), (3, 1), (1, 7), (1, 9))
    channels = (torch.randperm(6, generator=generator)[:2] + 2).tolist()
    depth, kernel_size = depths_and_kernels[int(torch.randint(len(depths_and_kernels), (), generator=generator))]
    return (_case(*channels, depth, kernel_size, rounds=3),)


STACK = Part(
    name="conv_stack",
    task="build",
    minutes=20,
    references=(stacked,),
    cases=(
        _case(2, 3, 3, rounds=6),
        _case(3, 4, 1),
        _case(2, 3, 2, 5, rounds=3),
        _case(3, 3, 3),
        _case(2, 4, 2, 1),
    ),
    draw=_draw,
    corners=(
        _case(1, 1, 1, 1),
        _case(5, 2, 4),
        _case(3, 36, 2),
        _case(2, 2, 7, 7),
        _case(1, 3, 2, 11),
        _case(4, 3, 2, 9),
        _case(4, 4, 2, 5),
    ),
    misconceptions=MISTAKES,
    checks=(
        Check(
            "height and width stay",
            1,
            (
                "A kernel of 3×3 without padding takes one pixel away on each side. What must be added there?",
                "For an odd kernel size k the padding is k // 2. There is no pooling and no stride here.",
            ),
            notes=("shape", "left alone"),
        ),
        Check(
            "every convolution has weights of its own",
            2,
            (
                "On paper: the numbers of two 3×3 convolutions, 2 → 3 and 3 → 3 channels, biases included.",
                "Is a layer made once and used several times, or made anew in every turn of the loop?",
                "Only the first convolution has in_channels; from the second on both sides have out_channels.",
            ),
            notes=("parameters",),
        ),
        Check(
            "one unit sees the right window",
            1,
            (
                "Two 3×3 convolutions see 5×5 pixels, three of them 7×7. Which window does yours have?",
                "Each convolution adds kernel_size − 1 pixels to height and width; no stride, no dilation.",
            ),
            notes=("alike: gradient of the input", "drawn 1: gradient", "drawn 2: gradient", "alike: gradients"),
        ),
        Check(
            "a ReLU after every convolution",
            2,
            (
                "Print your stack. Is there a ReLU between any two convolutions, and one at the end?",
                "Without a ReLU between them, two 3×3 convolutions are a 5×5 convolution that has fewer numbers.",
                "Convolution, ReLU, convolution, ReLU, …: in a loop over the depth, two layers a turn.",
            ),
        ),
        Check(
            "other channels, another depth, another kernel",
            1,
            (
                "Is there a number in your function that is true of some depths or kernels only?",
                "Channels, depth, kernel size and padding must all come from the arguments.",
            ),
            public=False,
        ),
    ),
)
