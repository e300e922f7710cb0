"""Part 1: the basic block, two 3×3 convolutions and a shortcut of option A or B."""

import torch

from cnncourse.architectures.resnet50.exercise.residual_block_mistakes import MISTAKES
from cnncourse.architectures.resnet50.model import BasicBlock
from cnncourse.checking import Case, Check, Part, images


def _case(*arguments: object, rounds: int = 0) -> Case:
    # Odd sides, so that "every second pixel" has to be read with care.
    return Case(arguments, inputs=images(4, arguments[0], 7, 9), rounds=rounds, begins=True)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels for two blocks whose stride is one that learners have not seen."""
    few, many = sorted((torch.randperm(4, generator=generator)[:2] + 2).tolist())
    return _case(few, many + 1, 3, "A"), _case(many + 1, few, 3, "B", rounds=4)


CORNERS = (
    _case(5, 3),  # other channels without a stride
    _case(2, 2, 1, "A"),
    _case(3, 6, 2, "A"),  # twice as many channels, as in the paper
    _case(3, 6, 2),
    Case((3, 3, 2, "A"), inputs=images(3, 3, 12, 6), rounds=0),  # even sides, higher than wide
    Case((1, 2, 2, "B"), inputs=images(3, 1, 8, 8), rounds=0),
    Case((256, 256), inputs=images(2, 256, 3, 3), counted=True),  # as wide as ResNet-34's
)

RESIDUAL_BLOCK = Part(
    name="BasicBlock",
    task="build",
    minutes=30,
    references=(BasicBlock,),
    cases=(
        _case(4, 4),
        _case(3, 5, 2, "A", rounds=4),
        _case(3, 5, 2, "B", rounds=6),
        _case(4, 4, 2),
        _case(3, 5, 1, "A"),
        _case(4, 4, 2, "A"),
    ),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISTAKES,
    checks=(
        Check(
            "shapes",
            1,
            (
                "Which of the layers has the stride, and which keep height and width?",
                "A 3×3 convolution with padding 1 keeps height and width; with stride 2 it halves them.",
                "The first convolution and the shortcut have the block's stride, the second convolution has none.",
            ),
            notes=("shape", "left alone"),
        ),
        Check(
            "trainable numbers",
            2,
            (
                "On paper: which layers of your block have something to learn, for each of the two options?",
                "Each convolution has a batch normalisation of its own behind it, with 2 numbers a map, and no bias.",
                "Option A learns nothing in the shortcut. Option B does where stride or channels change, only there.",
            ),
            notes=("parameters", "starting values"),
        ),
        Check(
            "the identity gets through",
            1,
            (
                "Put zeros into your two convolutions by hand. What should come out for a map of 1 and −1?",
                "What is added is what came *in*, untouched by any layer of the block.",
                "Keep what forward is given under its own name until the addition; the last step is a ReLU.",
            ),
            notes=("alike: output", "alike: gradient"),
            cases=(0,),
        ),
        Check(
            "option A: every second pixel, and zeros",
            1,
            (
                "No layer is needed, an expression is enough.",
                "maps[:, :, ::2, ::2] are every second row and column, beginning with the first.",
                "torch.cat with a tensor of zeros, or F.pad: it counts from the last dimension, two numbers for each.",
            ),
            notes=("alike: output", "alike: gradient"),
            cases=(1, 4, 5),
        ),
        Check(
            "option B: a projection",
            1,
            (
                "A projection is a convolution. How large is its kernel, and what is its stride?",
                "It is normalised as all convolutions of the network are, and no ReLU follows before the addition.",
            ),
            notes=("alike: output", "alike: gradient"),
            cases=(2, 3),
        ),
        Check(
            "normalised, added, then rectified",
            2,
            (
                "Write the seven steps down, in the order in which your forward takes them.",
                "Can your block make a value smaller than what the shortcut brings? It must be able to.",
                "Convolve, normalise, ReLU, convolve, normalise, add the shortcut, ReLU.",
            ),
        ),
        Check(
            "other channels, another stride",
            1,
            (
                "Is there a number in your class that is true of stride 1 and 2 only?",
                "Channels and stride must come from the arguments, in the shortcut as well.",
            ),
            public=False,
        ),
    ),
)
