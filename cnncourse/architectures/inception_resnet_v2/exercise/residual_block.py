"""Part 1: the residual Inception block, branches side by side whose result is scaled down and added to the input."""

import torch

from cnncourse.architectures.inception_resnet_v2.exercise.block import Block, BlockWithLargerEpsilon
from cnncourse.architectures.inception_resnet_v2.exercise.residual_block_mistakes import (
    MISTAKES,
)
from cnncourse.checking import Case, Check, Part, images

# Kinds of branches as the released network has them, with few filters.
ON_35 = [[(2, 1)], [(2, 1), (3, 3)], [(2, 1), (3, 3), (4, 3)]]
ON_17 = [[(3, 1)], [(2, 1), (3, (1, 7)), (4, (7, 1))]]
ON_8 = [[(3, 1)], [(2, 1), (3, (1, 3)), (5, (3, 1))]]
KERNELS = (1, 3, 5, (1, 5), (5, 1), (3, 1), (1, 3), (3, 5), (5, 3))


def _case(*arguments: object, rounds: int = 0) -> Case:
    return Case(arguments, inputs=images(3, arguments[0], 7, 9), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw a block with four branches, which no block in the notebook has, and kernels that none has."""
    lengths = (1, *torch.randint(1, 4, (2,), generator=generator).tolist(), 2)
    filters = torch.randint(2, 6, (sum(lengths),), generator=generator).tolist()
    kernels = [KERNELS[each] for each in torch.randint(len(KERNELS), (sum(lengths),), generator=generator)]
    kernels[-1] = (3, 5)  # told apart from (5, 3), and unknown to a table of common kernels
    steps = iter(zip(filters, kernels, strict=True))
    branches = [[next(steps) for _ in range(length)] for length in lengths]
    channels = int(torch.randint(3, 8, (), generator=generator))
    scale = round(0.25 + 0.25 * torch.rand((), generator=generator).item(), 3)
    return _case(channels, branches, scale, rounds=3), _case(channels, branches, scale, False)


# One branch of each number of convolutions, one like another, and another of one beside them.
PAIR = [(1, 1), (2, 3)]
MANY = [[(1, 1)], PAIR, [*PAIR[:1], (1, 3), (2, 3)], PAIR, [(1, (9, 1)), (2, (1, 9)), (1, 3), (1, 1)], [(2, 3)]]
CORNERS = (
    _case(4, [[(4, 3)]], 0.0),  # a single branch of as many maps
    _case(1, MANY, -0.5, False),
    _case(2, [[(1, 9), (3, (1, 7))], [(1, 1)]], 2.0),
    Case(
        (320, [[(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)]], 0.17),
        inputs=images(2, 320, 3, 3),
        counted=True,
    ),
)

RESIDUAL_BLOCK = Part(
    name="InceptionResidualBlock",
    task="build",
    minutes=30,
    references=(Block, BlockWithLargerEpsilon),
    cases=(
        _case(5, ON_35, 0.17, rounds=3),
        _case(6, ON_17, 0.1, rounds=6),
        _case(5, ON_8, 0.2, False, rounds=3),
        _case(3, [[(3, 3)], [(3, 3)]], 1.0, True),
    ),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISTAKES,
    checks=(
        Check(
            "trainable numbers",
            2,
            (
                "On paper: which layers of your block have something to learn, and which of them has a bias?",
                "Each convolution in the branches has a batch normalisation, 2 numbers a map, and no bias.",
                "The last 1×1 convolution takes in the maps of all branches; it has a bias and no normalisation.",
            ),
            notes=("parameters",),
        ),
        Check(
            "the input gets through",
            1,
            (
                "If every number of the branches and of the last convolution is zero, what should come out?",
                "The input is added as it came: not scaled, not rectified, not detached.",
            ),
            notes=("shape", "left alone", "alike: gradient of the input"),
        ),
        Check(
            "what the branches find is scaled and added",
            2,
            (
                "Write down what happens to the input, step by step. Where does the scale come in, and how often?",
                "All branches look at the same input. A kernel is (rows, columns), and so is torch's padding.",
                "Stack the branches' maps, last 1×1 convolution, times the scale, plus the input, ReLU.",
            ),
            notes=("alike: output", "alike: gradients"),
        ),
        Check(
            "the residual may take away",
            1,
            (
                "Print the smallest value just before the addition. What should be possible, and what is?",
                "Nothing at all stands between the last 1×1 convolution and the scale.",
            ),
            notes=("drawn 1", "drawn 2"),
        ),
        Check(
            "a last block without a ReLU",
            1,
            (
                "What is left out if activation is False, and what is not?",
                "Only the ReLU behind the addition goes; those in the branches stay. The scale is as it is given.",
            ),
            cases=(2,),
        ),
        Check(
            "in evaluation too",
            1,
            (
                "Which layers of your block behave differently in training and in evaluation?",
                "Batch normalisation does, by itself. The scale is the same in both.",
            ),
        ),
        Check(
            "other branches, another scale",
            1,
            (
                "Is there a number in your class that is true of the released network's branches only?",
                "Any number of branches, any odd kernel: padding is half of it, rounded down, for rows and columns.",
            ),
            public=False,
        ),
    ),
)
