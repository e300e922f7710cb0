"""The bare block in its three forms, in steps that a mistake can change one by one."""

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Paths of the same shape, added up, and a shortcut.

    Args:
        in_channels: channels of input and output.
        cardinality: number of paths.
        width: channels within a path.
        form: "a", "b" or "c".

    """

    bias = False

    def __init__(self, in_channels: int, cardinality: int, width: int, form: str) -> None:
        super().__init__()
        self.form, self.cardinality = form, cardinality
        if form == "c":
            self.narrow = self.grouped(in_channels, cardinality, width)
        else:
            self.paths = nn.ModuleList(self.path(in_channels, width) for _ in range(cardinality))
        if form == "a":
            self.last = nn.ModuleList(self.widen(width, in_channels) for _ in range(cardinality))
        else:
            self.last = self.widen(cardinality * width, in_channels)

    def path(self, channels: int, width: int) -> nn.Sequential:
        return self.grouped(channels, 1, width)

    def grouped(self, channels: int, cardinality: int, width: int) -> nn.Sequential:
        inside = cardinality * width
        three = nn.Conv2d(inside, inside, 3, padding=1, groups=cardinality, bias=self.bias)
        return nn.Sequential(nn.Conv2d(channels, inside, 1, bias=self.bias), nn.ReLU(), three, nn.ReLU())

    def widen(self, width: int, channels: int) -> nn.Module:
        return nn.Conv2d(width, channels, 1, bias=self.bias)

    def inside(self, maps: Tensor) -> Tensor:
        if self.form == "c":
            return self.narrow(maps)
        return torch.cat([path(maps) for path in self.paths], dim=1)

    def residual(self, maps: Tensor) -> Tensor:
        if self.form != "a":
            return self.last(self.inside(maps))
        return sum(last(path(maps)) for path, last in zip(self.paths, self.last, strict=True))

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(maps + self.residual(maps))
