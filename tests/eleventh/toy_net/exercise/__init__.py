"""The toy chapter's exercise."""

import torch
from cnncourse.architectures.toy_net.model import Unit

from cnncourse.checking import Case, Check, Exercise, Misconception, Part, images


class WithoutRelu(Unit):
    """The unit without its last step."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Leave the ReLU out."""
        return self.normalisation(self.convolution(maps))


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
    misconceptions=(Misconception("the ReLU is missing", WithoutRelu, ("the right values",)),),
)
EXERCISE = Exercise("11-toy-net", "A unit", (UNIT,))
