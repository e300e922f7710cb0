"""Look at a network without computing anything, and leave it as it was."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.func import functional_call

from cnncourse.measure.shapes_alone import ShapesAlone

NOBODY_WATCHES = nullcontext()


def is_layer(module: nn.Module) -> bool:
    """Whether a module counts as one layer: no modules inside, or one of torch's own that does more than hold some.

    An example of the latter is ``nn.MultiheadAttention``.
    """
    if not any(module.children()):
        return True
    containers = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    return type(module).__module__.startswith("torch.nn.") and not isinstance(module, containers)


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


def run_on_meta(
    model: nn.Module, input_shape: tuple[int, ...], watch: AbstractContextManager = NOBODY_WATCHES
) -> Tensor:
    """Run a network on shapes alone: no weight is copied, no number computed or drawn.

    Args:
        model: any network.
        input_shape: shape of one image: (channels, height, width).
        watch: a dispatch mode that is to see each operation.

    """
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    shadows = {name: torch.empty(tensor.shape, dtype=tensor.dtype, device="meta") for name, tensor in tensors.items()}
    with evaluation_mode(model), torch.no_grad(), ShapesAlone(), watch:
        return functional_call(model, shadows, (torch.empty(1, *input_shape, device="meta"),))
