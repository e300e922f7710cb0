"""What the judges of all three parts need: layers whose weights are all alike, worked out without any module.

If all weights of a convolution are the same number, neither the order of their axes nor the way in which they are used
matters, and in training mode batch normalisation makes even that number's size unimportant, but for its sign.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking.probing import run

SPREAD = 3.0  # about the standard deviation of a convolution's sums, so large that epsilon hardly counts
TOLERANCE = 5e-3  # the values are about 1; it leaves room for any small epsilon


def weight_value(kernel: int, in_channels: int) -> float:
    """Return a weight, for all of a convolution, that gives sums of standard deviation ``SPREAD`` for noise."""
    return SPREAD / (kernel * in_channels**0.5)


def convolved(
    maps: Tensor, out_channels: int, kernel: int, value: float, stride: int = 1, pad: str = "constant"
) -> Tensor:
    """Convolve maps with weights that all are ``value``; the border keeps height and width at stride 1."""
    border = kernel // 2
    weight = torch.full((out_channels, maps.shape[1], kernel, kernel), value)
    return F.conv2d(F.pad(maps, (border,) * 4, mode=pad), weight, stride=stride)


def normalised(maps: Tensor) -> Tensor:
    """Normalise maps by their batch, as batch normalisation does in training before anything is learned."""
    return F.batch_norm(maps, None, None, training=True)


def zero_padded(maps: Tensor, out_channels: int, stride: int) -> Tensor:
    """Return the shortcut of option A: every stride-th pixel, new channels of zeros behind the old ones."""
    return F.pad(maps[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, out_channels - maps.shape[1]))


def trainable(module: nn.Module) -> list[nn.Parameter]:
    """Return what of a module can be trained."""
    return [each for each in module.parameters() if each.requires_grad]


def fill(module: nn.Module, values: Mapping[int, float]) -> bool:
    """Fill each parameter with one number, chosen by the number of its elements; leave the others alone.

    Args:
        module: the learner's module.
        values: the number to fill with, by number of elements.

    Returns:
        Whether there was a parameter of every size.

    """
    found = set()
    with torch.no_grad():
        for parameter in trainable(module):
            size = parameter.numel()
            if size in values:
                parameter.fill_(values[size])
                found.add(size)
    return found == set(values)


def with_gradient(module: nn.Module, maps: Tensor) -> tuple[Tensor, Tensor | None]:
    """Run a module and return its output and the gradient of the output's sum by the maps, if there is one."""
    pixels = maps.clone().requires_grad_()
    output = run(module, pixels)
    if output.requires_grad:
        output.sum().backward()
    return output, pixels.grad


def close(got: Tensor, expected: Tensor) -> bool:
    """Whether two tensors have the same shape and, but for rounding and a small epsilon, the same values."""
    return got.shape == expected.shape and torch.allclose(got, expected, rtol=TOLERANCE, atol=TOLERANCE)
