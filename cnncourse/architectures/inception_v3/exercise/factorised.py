"""A factorised convolution, in steps that a mistake can change one by one."""

import torch
from torch import Tensor, nn

from cnncourse.architectures.inception_v3.exercise.batch_normalisation_mistakes import Mended


class Factorised(nn.Module):
    """The two layers of the text, in steps that a mistake can change one by one.

    Args:
        in_channels: channels of the input.
        mid_channels: channels between the two factors.
        out_channels: channels of the output.
        n: height and width of what a unit sees.

    """

    high_first = bias = False
    eps = 1e-5

    def __init__(self, in_channels: int, mid_channels: int, out_channels: int, n: int) -> None:
        super().__init__()
        one, other = (self.make_high, self.make_wide) if self.high_first else (self.make_wide, self.make_high)
        self.one, self.norm_one = one(in_channels, mid_channels, n), self.norm(mid_channels)
        self.other, self.norm_other = other(mid_channels, out_channels, n), self.norm(out_channels)

    def make_wide(self, i: int, o: int, n: int) -> nn.Module:
        return nn.Conv2d(i, o, (1, n), padding=(0, n // 2), bias=self.bias)

    def make_high(self, i: int, o: int, n: int) -> nn.Module:
        return nn.Conv2d(i, o, (n, 1), padding=(n // 2, 0), bias=self.bias)

    def norm(self, channels: int) -> nn.Module:
        return nn.BatchNorm2d(channels, self.eps)

    def forward(self, maps: Tensor) -> Tensor:
        maps = torch.relu(self.norm_one(self.one(maps)))
        return torch.relu(self.norm_other(self.other(maps)))


class WithOwnNorm(Factorised):
    """The same with a mended batch normalisation of part 3, whose running variance is that of n values."""

    def norm(self, channels: int) -> nn.Module:
        return Mended(channels)


# The order of the factors and biases that batch normalisation cancels are left to the learner, and so is epsilon.
REFERENCES = tuple(
    type(base.__name__, (base,), {"high_first": high_first, "bias": bias, "eps": eps})
    for base, eps in ((Factorised, 1e-5), (Factorised, 1e-3), (WithOwnNorm, 1e-5))
    for high_first in (False, True)
    for bias in (False, True)
)
