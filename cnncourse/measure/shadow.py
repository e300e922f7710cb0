"""Look at a network without computing anything, and leave it as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode inside this block; then each module is in the mode it was in."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def run_on_meta(model: nn.Module, input_shape: tuple[int, ...]) -> Tensor:
    """Run a network on shapes alone: no weight is copied, no number computed or drawn.

    Args:
        model: any network.
        input_shape: shape of one image: (channels, height, width).

    """
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    shadows = {name: tensor.to("meta") for name, tensor in tensors.items()}
    with evaluation_mode(model), torch.no_grad():
        return functional_call(model, shadows, (torch.empty(1, *input_shape, device="meta"),))
