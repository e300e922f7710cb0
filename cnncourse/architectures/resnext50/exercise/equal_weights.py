"""What the parts that judge a block have in common: its arguments, and what comes out if all weights are the same.

Then it does not matter in which of the three forms a block is written, nor how it stores its weights: a convolution
adds up all that it sees, and all paths give the same. What equal weights hide shows in the number of trainable numbers.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Fault
from cnncourse.checking.wording import differing_text

TOLERANCE = 1e-2  # values are about 1; epsilon may be 1e-3, as some write it, or 1e-5


class Block(NamedTuple):
    """The arguments of a block whose output has as many channels as its input."""

    channels: int
    cardinality: int
    width: int

    def weights(self, first: int | None = None, second: int | None = None, third: int | None = None) -> int:
        """Count the weights of the three convolutions, given what each of their channels sees if that is not right."""
        c, number, d = self
        inside = number * d
        return inside * (first or c) + 9 * inside * (second or d) + c * (third or inside)

    def mistaken_counts(self, right: int) -> dict[str, int]:
        """Return numbers of weights that come of a mistake, by its name.

        Args:
            right: number of all trainable numbers, of which some may belong to batch normalisation.

        """
        c, number, d = self
        extra = right - self.weights()
        one = Block(c, 1, d).weights()
        return {
            "the 3×3 convolution is not divided: each of its maps sees all channels inside the block": extra
            + self.weights(second=number * d),
            "cardinality and width have changed roles: groups=width makes width paths of cardinality channels": extra
            + self.weights(second=number),
            "there is only one path, or all paths are one and the same": one,
            "both 1×1 convolutions are divided into groups, too: each path is to see all channels that come in": extra
            + self.weights(first=c // number, third=d),
            "one of the 1×1 convolutions is divided into groups, too: each path is to see all channels that come in, "
            "and to give all that go out": extra + self.weights(third=d),
            "two layers only: 3×3 in, 3×3 out; such paths together are just one wider layer": 18 * number * d * c,
            "the convolutions have biases, in each path": right + number * (2 * d + c),
            "the convolutions have biases": right + 2 * number * d + c,
            "all kernels are 3×3; the first and the last are to be 1×1": extra
            + 9 * (self.weights() - 8 * number * d * d),
            "all kernels are 1×1; the one in the middle is to be 3×3": extra + self.weights() - 8 * number * d * d,
        }


def fault_in_numbers(got: int, right: int, text: str, name: str, mistakes: Mapping[str, int]) -> Fault | None:
    """Compare the number of trainable numbers.

    Args:
        got: of the learner's block.
        right: what it should be.
        text: how it is worked out.
        name: the block as the learner would call for it.
        mistakes: other numbers, by what is behind them.

    """
    if got == right:
        return None
    misconception = next((each for each, count in mistakes.items() if count == got), "")
    return Fault(f"{name}: the number of trainable numbers is wrong", f"{right} ({text})", str(got), misconception)


def fill(module: nn.Module, value: float) -> None:
    """Give all trainable numbers of a module the same value."""
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.fill_(value)


def alike(first: Tensor, second: Tensor) -> bool:
    """Whether two tensors hold the same values, but for the order of additions."""
    return first.shape == second.shape and torch.allclose(first, second, rtol=TOLERANCE, atol=TOLERANCE)


def box(maps: Tensor) -> Tensor:
    """Add up all channels in windows of 3×3, with zeros round them; (N, C, H, W) becomes (N, 1, H, W)."""
    return F.conv2d(maps.sum(dim=1, keepdim=True), torch.ones(1, 1, 3, 3), padding=1)


def fault_in_maps(
    output: Tensor, expected: Tensor, what: str, mistakes: Callable[[], Mapping[str, Tensor]]
) -> Fault | None:
    """Compare what comes out.

    Args:
        output: the learner's.
        expected: what it should be.
        what: what is compared, in words.
        mistakes: gives what would come out by mistake, by its name.

    """
    if alike(output, expected):
        return None
    named = {name: wrong for name, wrong in mistakes().items() if not alike(wrong, expected)}
    misconception = next((name for name, wrong in named.items() if alike(output, wrong)), "")
    return Fault(what, *differing_text(expected, output), misconception)
