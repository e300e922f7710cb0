"""What the exercise asks for, in steps that a mistake can change one by one."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Units(nn.Module):
    """A module whose convolutions all have batch normalisation and ReLU behind them."""

    bias = False
    eps = 1e-5

    def unit(
        self, before: int, after: int, kernel: int | tuple[int, int] = 1, stride: int = 1, padding: object = 0
    ) -> nn.Sequential:
        convolution = nn.Conv2d(before, after, kernel, stride, padding, bias=self.bias)
        return nn.Sequential(convolution, *self.behind(after))

    def behind(self, channels: int) -> Sequence[nn.Module]:
        return nn.BatchNorm2d(channels, self.eps), nn.ReLU()

    def branches(self, maps: Tensor) -> list[Tensor]:
        raise NotImplementedError

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat(self.branches(maps), dim=1)


class Reduction(Units):
    """Reduction-A: a convolution, three convolutions and a max pooling side by side."""

    def __init__(self, in_channels: int, k: int, l: int, m: int, n: int) -> None:  # noqa: E741
        super().__init__()
        self.single = self.one(in_channels, n)
        self.triple = self.three(in_channels, k, l, m)
        self.pool = self.pooling(in_channels)
        self.out_channels = in_channels + m + n

    def one(self, i: int, n: int) -> nn.Sequential:
        return self.unit(i, n, 3, stride=2)

    def three(self, i: int, k: int, l: int, m: int) -> nn.Sequential:  # noqa: E741
        return nn.Sequential(self.unit(i, k), self.unit(k, l, 3, padding=1), self.unit(l, m, 3, stride=2))

    def pooling(self, i: int) -> nn.Module:
        return nn.MaxPool2d(3, stride=2)

    def branches(self, maps: Tensor) -> list[Tensor]:
        return [self.single(maps), self.triple(maps), self.pool(maps)]


class ReductionWithLargerEpsilon(Reduction):
    """The same with the epsilon of the paper's authors."""

    eps = 1e-3


class Module(Units):
    """A module with four branches of as many maps."""

    def __init__(self, in_channels: int, reduce: int, filters: int) -> None:
        super().__init__()
        self.one = self.unit(in_channels, filters)
        self.three = nn.Sequential(self.unit(in_channels, reduce), self.unit(reduce, filters, 3, padding=1))
        self.twice = self.two_by_three(in_channels, reduce, filters)
        self.pool = self.last(in_channels, filters)
        self.out_channels = 4 * filters

    def two_by_three(self, i: int, r: int, f: int) -> nn.Sequential:
        return nn.Sequential(self.unit(i, r), self.unit(r, f, 3, padding=1), self.unit(f, f, 3, padding=1))

    def pooling(self) -> nn.Module:
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)

    def last(self, i: int, f: int) -> nn.Module:
        return nn.Sequential(self.pooling(), self.unit(i, f))

    def branches(self, maps: Tensor) -> list[Tensor]:
        return [self.one(maps), self.three(maps), self.twice(maps), self.pool(maps)]


class ModuleWithLargerEpsilon(Module):
    """The same with the epsilon of the paper's authors."""

    eps = 1e-3


class Trunk(nn.Sequential):
    """What a table describes, row by row."""

    module: type[Module] = Module
    reduction: type[Reduction] = Reduction

    def __init__(self, in_channels: int, table: Sequence[Sequence[object]]) -> None:
        super().__init__()
        self.channels = in_channels
        for kind, *numbers in table:
            self.row(*numbers) if kind == "inception" else self.take(self.reduction(self.channels, *numbers))

    def row(self, repeats: int, reduce: int, filters: int) -> None:
        for _ in range(repeats):
            self.take(self.module(self.channels, reduce, filters))

    def take(self, layer: Module | Reduction) -> None:
        self.append(layer)
        self.channels = layer.out_channels


class TrunkWithLargerEpsilon(Trunk):
    """The same with the epsilon of the paper's authors."""

    module, reduction = ModuleWithLargerEpsilon, ReductionWithLargerEpsilon
