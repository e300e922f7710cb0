"""The block that the exercise asks for, in steps that a mistake can change one by one."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Kernel = int | tuple[int, int]
Steps = Sequence[tuple[int, Kernel]]


class Block(nn.Module):
    """The block of the text, in steps that a mistake can change one by one."""

    bias, up_bias, eps = False, True, 1e-5

    def __init__(self, in_channels: int, branches: Sequence[Steps], scale: float, activation: bool = True) -> None:
        super().__init__()
        self.scale, self.activation = self.constant(scale), activation
        self.branches = nn.ModuleList([self.branch(in_channels, steps) for steps in branches])
        self.up = self.make_up(sum(steps[-1][0] for steps in branches), in_channels)

    def constant(self, scale: float) -> float:
        return scale

    def branch(self, before: int, steps: Steps) -> nn.Sequential:
        layers = []
        for filters, kernel in steps:
            layers += self.unit(before, filters, kernel)
            before = filters
        return nn.Sequential(*layers)

    def unit(self, before: int, filters: int, kernel: Kernel) -> list[nn.Module]:
        return [self.convolution(before, filters, kernel), nn.BatchNorm2d(filters, self.eps), nn.ReLU()]

    def convolution(self, before: int, filters: int, kernel: Kernel) -> nn.Conv2d:
        return nn.Conv2d(before, filters, kernel, padding=padding_of(kernel), bias=self.bias)

    def make_up(self, filters: int, out_channels: int) -> nn.Module:
        return nn.Conv2d(filters, out_channels, 1, bias=self.up_bias)

    def found(self, maps: Tensor) -> list[Tensor]:
        return [branch(maps) for branch in self.branches]

    def residual(self, maps: Tensor) -> Tensor:
        return self.up(torch.cat(self.found(maps), dim=1))

    def join(self, maps: Tensor, residual: Tensor) -> Tensor:
        return maps + self.scale * residual

    def end(self, joined: Tensor) -> Tensor:
        return torch.relu(joined) if self.activation else joined

    def forward(self, maps: Tensor) -> Tensor:
        return self.end(self.join(maps, self.residual(maps)))


class BlockWithLargerEpsilon(Block):
    """The same with the epsilon of the paper's authors."""

    eps = 1e-3


def padding_of(kernel: Kernel) -> Kernel:
    """Return the padding that keeps height and width."""
    return kernel // 2 if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)
