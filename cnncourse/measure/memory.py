"""How much room a network takes: its numbers on disk, and what it must remember of each image while it trains."""

import math

from torch import nn

from cnncourse.measure.counts import layers

BYTES_OF_A_FLOAT = 4


def size_on_disk(model: nn.Module) -> int:
    """Return the bytes of everything that a saved model holds: parameters, running statistics, fixed numbers.

    A file is a little larger, because names and shapes are in it too.
    """
    return sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())


def activation_memory(model: nn.Module, input_shape: tuple[int, ...], batch_size: int) -> int:
    """Return the bytes of all layers' outputs for a batch, in 32-bit floats.

    This is what training must keep for the backward pass, if no layer works in place. The images themselves and sums
    and concatenations between layers are not counted.

    Args:
        model: any network.
        input_shape: shape of one image: (channels, height, width).
        batch_size: number of images.

    """
    numbers = sum(math.prod(layer.output_shape) for layer in layers(model, input_shape).layers)
    return BYTES_OF_A_FLOAT * batch_size * numbers
