"""A toy exercise: all that a new one needs."""

import torch
from torch import nn

from cnncourse.checking import Case, Check, Exercise, Misconception, Part, images


class Unit(nn.Module):
    """The reference: a 3×3 convolution, batch normalisation, ReLU."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.normalisation = nn.BatchNorm2d(out_channels)

    def forward(self, maps):
        return torch.relu(self.normalisation(self.convolution(maps)))


class WithoutRelu(Unit):
    def forward(self, maps):
        return self.normalisation(self.convolution(maps))


class ReluFirst(Unit):
    def forward(self, maps):
        return self.normalisation(torch.relu(self.convolution(maps)))


class WithoutStride(Unit):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels)


HINTS = ("Write the three steps down.", "Convolve, normalise, ReLU.")
UNIT = Part(
    name="Unit",
    task="build",
    minutes=5,
    references=(Unit,),
    cases=(Case((2, 3), inputs=images(3, 2, 5, 6)), Case((3, 4, 2), inputs=images(3, 3, 5, 6))),
    draw=lambda generator: (
        Case((2, 5, int(torch.randint(3, 5, (), generator=generator))), inputs=images(3, 2, 7, 6)),
    ),
    checks=(
        Check("shapes", 1, HINTS, notes=("shape", "parameters")),
        Check("the right values", 2, HINTS),
        Check("another stride", 1, HINTS, public=False),
    ),
    misconceptions=(
        Misconception("the ReLU is missing", WithoutRelu, ("the right values",)),
        Misconception("the ReLU stands before the normalisation", ReluFirst, ("the right values",)),
        Misconception("the stride is ignored", WithoutStride, ("shapes",)),
    ),
)
EXERCISE = Exercise("00-toy", "A unit", (UNIT,))
