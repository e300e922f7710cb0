"""Part 3: a sub-sampling whose coefficient does not learn."""

import torch
from torch import Tensor

from cnncourse.architectures.lenet5.exercise.subsampling_mistakes import MISTAKES
from cnncourse.architectures.lenet5.model import TrainableSubsampling
from cnncourse.checking import Case, Check, Part, images


class OfSlices(TrainableSubsampling):
    """The same as a sum of slices, which an odd side does not fit."""

    def forward(self, maps: Tensor) -> Tensor:
        rows = maps[:, :, ::2] + maps[:, :, 1::2]
        return self.coefficient * (rows[..., ::2] + rows[..., 1::2]) + self.bias


def _case(channels: int, rows: int, columns: int, rounds: int = 4) -> Case:
    return Case((channels,), inputs=images(3, channels, rows, columns), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw the number of maps and their sizes; another number than learners can see."""
    channels = 5 + int(torch.randint(1, 8, (), generator=generator))
    rows, columns = torch.randint(4, 12, (2,), generator=generator).tolist()
    return (_case(channels, rows, columns),)


SUBSAMPLING = Part(
    name="MendedSubsampling",
    task="mend",
    minutes=15,
    # The text says nothing of a row or column that is left over; slices cannot be added then.
    references=(TrainableSubsampling, OfSlices),
    cases=(_case(5, 6, 8), _case(1, 5, 7)),
    draw=_draw,
    # The chapter's two layers, a single window, and more maps than any layer of LeNet-5 has before C5.
    corners=(_case(6, 28, 28, 0), _case(16, 10, 10, 0), _case(1, 2, 2), _case(40, 2, 4, 2)),
    misconceptions=MISTAKES,
    checks=(
        Check(
            "output",
            1,
            (
                "Take one window of the first map and compute its output on paper, in the order of the text.",
                "coefficient × (sum of the four) + bias, and each map has its own two numbers.",
                "F.avg_pool2d(maps, 2) is a quarter of the sum; a coefficient of shape channels×1×1 meets its own map.",
            ),
            notes=(
                "shape",
                "parameters",
                "alike: output",
                "alike: ev",
                "alike: a",
                "drawn 1: output",
                "drawn 2: output",
            ),
        ),
        Check(
            "training",
            3,
            (
                "Compare the .grad of coefficient, bias and a picture with requires_grad=True after backward(), in the "
                "broken class and in yours.",
                "Both numbers must be made once, in __init__, as nn.Parameter, with one value a map; forward only uses "
                "them.",
                "forward needs two lines: the window sums of maps, and self.coefficient × sums + self.bias, with "
                "nothing hidden from autograd.",
            ),
        ),
        Check(
            "other maps of other sizes",
            1,
            (
                "Which numbers in your class are true of some maps only?",
                "Take the number of maps from channels, and height and width from the maps that forward is given.",
            ),
            public=False,
        ),
    ),
)
