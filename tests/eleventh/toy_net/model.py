"""ToyNet: two units and a classifier."""

import torch
from torch import Tensor, nn


class Unit(nn.Module):
    """A 3×3 convolution, batch normalisation, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.normalisation = nn.BatchNorm2d(out_channels)

    def forward(self, maps: Tensor) -> Tensor:
        """Turn maps (N, in_channels, height, width) into others (N, out_channels, …)."""
        return torch.relu(self.normalisation(self.convolution(maps)))


class ToyNet(nn.Module):
    """The whole network."""

    def __init__(self, num_classes: int = 10, in_channels: int = 3) -> None:
        super().__init__()
        self.units = nn.Sequential(Unit(in_channels, 8), Unit(8, 16, stride=2))
        self.classifier = nn.Linear(16, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images (N, in_channels, height, width) into scores (N, num_classes)."""
        return self.classifier(self.units(images).mean(dim=(2, 3)))


VARIANTS: dict[str, object] = {}
