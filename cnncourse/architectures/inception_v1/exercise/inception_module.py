"""Part 1: the Inception module of figure 2b, for any row of Table 1."""

import torch

from cnncourse.architectures.inception_v1.exercise.inception_module_mistakes import STRUCTURE_MISTAKES, Module
from cnncourse.architectures.inception_v1.exercise.inception_module_value_mistakes import VALUE_MISTAKES
from cnncourse.checking import Case, Check, Part, images


def _case(in_channels: int, *row: int, rounds: int = 0, rows: int = 6, columns: int = 7, mean: float = 0.3) -> Case:
    return Case((in_channels, *row), inputs=images(3, in_channels, rows, columns, mean=mean), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw two modules: widths and channels that nobody has seen, and then one channel in each reduction."""
    rows = torch.randint(2, 7, (2, 6), generator=generator)
    rows[0, [1, 3]] = torch.tensor([7, 5])
    rows[1, [1, 3]] = 1
    channels = torch.randint(2, 8, (2,), generator=generator).tolist()
    return tuple(_case(each, *row) for each, row in zip(channels, rows.tolist(), strict=True))


INCEPTION = Part(
    name="Inception",
    task="build",
    minutes=25,
    references=(Module,),
    cases=(
        _case(4, 2, 3, 4, 2, 3, 2, rounds=6),
        _case(3, 2, 1, 3, 1, 4, 5, rounds=3),
        _case(3, 3, 3, 3, 3, 3, 3),
        # Below zero, where a window without one shows whether the pooling sees others.
        _case(2, 2, 2, 2, 2, 2, 2, mean=-1),
    ),
    draw=_draw,
    corners=(
        _case(1, 1, 1, 1, 1, 1, 1),
        _case(6, 6, 6, 6, 6, 6, 6, rounds=2, rows=2, columns=3),  # maps smaller than the windows
        _case(70, 16, 24, 32, 4, 8, 8),  # 3a, with fewer maps
        _case(2, 1, 9, 2, 8, 1, 40),
    ),
    misconceptions=(*STRUCTURE_MISTAKES, *VALUE_MISTAKES),
    checks=(
        Check(
            "four branches, joined",
            1,
            (
                "Print the shape that each branch gives, before they are joined.",
                "Height and width stay as they are in every branch: which padding does a kernel of 3 need, which of 5?",
                "torch.cat([…], dim=1) joins along the channels; the pooling has stride 1 and padding 1.",
            ),
            notes=("shape", "left alone"),
        ),
        Check(
            "trainable numbers",
            2,
            (
                "Print [p.shape for p in your_module.parameters()]. Six weights, and six biases?",
                "Which maps does each of them see? Four see the input, two see what a reduction made of it.",
                "A convolution from a to b maps with kernel k has (k·k·a + 1)·b numbers.",
            ),
            notes=("parameters", "alike: gradients"),
        ),
        Check(
            "what each branch sees",
            2,
            (
                "Light one pixel and look at each slice of the output: how large is the spot?",
                "1×1, 3×3, 5×5, and 3×3 again for the pooling, whose largest value it is that counts.",
                "All four branches are given the input itself, and are joined in the order of the table.",
            ),
            notes=("alike: output", "alike: gradient of the input"),
        ),
        Check(
            "the right values, ReLUs included",
            2,
            (
                "How many convolutions are in your module, and how many ReLUs?",
                "A ReLU follows every convolution, the reductions and the projection included.",
                "The pooling branch is: pool, then project, then ReLU. The reduced branches: reduce, ReLU, convolve, "
                "ReLU.",
            ),
        ),
        Check(
            "another row, other maps",
            1,
            (
                "Is there a number in your class that is true of some rows only?",
                "All widths come from the arguments, and nothing depends on the size of the maps.",
            ),
            public=False,
        ),
    ),
)
