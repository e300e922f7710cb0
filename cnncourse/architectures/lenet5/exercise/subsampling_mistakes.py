"""Mistakes in mending a sub-sampling layer."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.checking import Misconception


class Sum(nn.Module):
    """A right answer; the wrong ones below change one line of it."""

    def __init__(self, channels):
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((channels, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps):
        return self.coefficient * self.total(maps) + self.bias

    def total(self, maps):
        return F.avg_pool2d(maps, 2) * 4


class StillBroken(Sum):
    def forward(self, maps):
        return self.coefficient.data * self.total(maps) + self.bias


class DetachedMaps(Sum):
    def forward(self, maps):
        return super().forward(maps.detach())


class Mean(Sum):
    def total(self, maps):
        return F.avg_pool2d(maps, 2)


class Largest(Sum):
    def total(self, maps):
        return F.max_pool2d(maps, 2)


class Overlapping(Sum):
    def total(self, maps):
        return F.avg_pool2d(maps, 2, stride=1) * 4


class BiasFirst(Sum):
    def forward(self, maps):
        return self.coefficient * (self.total(maps) + self.bias)


class NoBiasAtAll(Sum):
    def forward(self, maps):
        return self.coefficient * self.total(maps)


class SquashedInside(Sum):
    def forward(self, maps):
        return 1.7159 * torch.tanh(super().forward(maps) * 2 / 3)


class OneForAll(Sum):
    def __init__(self, channels):
        super().__init__(1)


class NotAParameter(Sum):
    def __init__(self, channels):
        super().__init__(channels)
        del self.coefficient
        self.coefficient = torch.full((channels, 1, 1), 0.25)


class AbsoluteCoefficient(Sum):
    def forward(self, maps):
        return self.coefficient.abs() * self.total(maps) + self.bias


class FourWeights(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((channels, 1, 2, 2), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, maps):
        return F.conv2d(maps, self.coefficient, self.bias, stride=2, groups=len(self.bias))


class NewParameterEachTime(Sum):
    def forward(self, maps):
        self.coefficient = nn.Parameter(self.coefficient.data)
        return super().forward(maps)


class RoundedUp(Sum):
    def total(self, maps):
        return F.avg_pool2d(maps, 2, ceil_mode=True) * 4


class SharedCoefficient(Sum):
    def __init__(self, channels):
        super().__init__(channels)
        self.coefficient = nn.Parameter(torch.full((1, 1, 1), 0.25))


MISTAKES = (
    Misconception("the coefficient is cut off from the gradient: .data hides it", StillBroken, ("training",)),
    Misconception("the incoming maps are cut off from the gradient", DetachedMaps, ("training",)),
    Misconception("the four values are averaged; the paper adds them", Mean, ("output",)),
    Misconception("the largest of the four instead of their sum", Largest, ("output",)),
    Misconception("the windows overlap; they must lie side by side, stride 2", Overlapping, ("output",)),
    Misconception("the bias is added before the product", BiasFirst, ("output",)),
    Misconception("the bias is left out", NoBiasAtAll, ("output",)),
    Misconception("the squashing is done inside; here it is a module of its own", SquashedInside, ("output",)),
    Misconception("one coefficient and one bias for all maps", OneForAll, ("training",)),
    Misconception("only one of the two numbers is trainable", NotAParameter, ("training",)),
    Misconception(
        "forward makes a new parameter, which the optimiser does not know", NewParameterEachTime, ("training",)
    ),
    Misconception("the sign of the coefficient is lost", AbsoluteCoefficient, ("output",)),
    Misconception("a weight for each of the four inputs instead of one a map", FourWeights, ("output",)),
    Misconception("an odd edge gives one window more; what does not fit is left out", RoundedUp, ("output",)),
    Misconception("all maps share a coefficient", SharedCoefficient, ("training",)),
)
