"""From an ordinary convolution to a depthwise one: a k×k step in groups of channels, then 1×1 across all of them."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnncourse import measure


@dataclass(frozen=True)
class Point:
    """A place on the spectrum.

    Attributes:
        channels: maps in, between and out.
        groups: of the k×k step; one a channel is the separable convolution.
        kernel_size: k.

    """

    channels: int
    groups: int
    kernel_size: int = 3

    @property
    def weights(self) -> tuple[int, int]:
        """Weights of the k×k step and of the 1×1 step."""
        return self.kernel_size**2 * self.channels**2 // self.groups, self.channels**2

    @property
    def ordinary(self) -> int:
        """Weights of one ordinary k×k convolution."""
        return self.kernel_size**2 * self.channels**2

    @property
    def kernels_a_channel(self) -> int:
        """How many different k×k kernels a channel can leave its mark with: the rank, see ``ranks``."""
        return min(self.channels // self.groups, self.kernel_size**2)

    @property
    def freedom(self) -> int:
        """How many dimensions the kernels have that the two steps can make, of the ordinary convolution's.

        What a group of n channels adds is a matrix (out × n·k²) of rank n at most, for it goes through n maps; such
        matrices have n · (out + n·k² − n) dimensions.
        """
        size = self.channels // self.groups
        return self.groups * size * (self.channels + size * self.kernel_size**2 - size)

    def build(self) -> nn.Sequential:
        """Build the two steps, without bias."""
        grouped = nn.Conv2d(
            self.channels,
            self.channels,
            self.kernel_size,
            padding=self.kernel_size // 2,
            groups=self.groups,
            bias=False,
        )
        return nn.Sequential(grouped, nn.Conv2d(self.channels, self.channels, 1, bias=False))

    def multiply_adds(self, size: int) -> int:
        """Measure the multiply-adds on maps of size × size."""
        with torch.device("meta"):
            return measure.multiply_adds(self.build(), (self.channels, size, size))


def as_one_kernel(depthwise: Tensor, pointwise: Tensor) -> Tensor:
    """Return the kernel of the ordinary convolution that does what the two steps do.

    Args:
        depthwise: shape (in, 1, k, k).
        pointwise: shape (out, in, 1, 1).

    Returns:
        Shape (out, in, k, k): the pointwise weight times the channel's kernel.

    """
    return pointwise * depthwise.transpose(0, 1)


def ranks(kernel: Tensor) -> list[int]:
    """Return for each channel how many different kernels all outputs make of: the rank of its (out × k²) matrix.

    Args:
        kernel: shape (out, in, k, k).

    """
    return torch.linalg.matrix_rank(kernel.flatten(2).transpose(0, 1)).tolist()
