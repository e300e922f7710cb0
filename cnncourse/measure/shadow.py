"""Look at a network without computing anything, and leave it as it was."""

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn

from cnncourse.measure.shapes_alone import ShapesAlone

NOBODY_WATCHES = nullcontext()


def is_layer(module: nn.Module) -> bool:
    """Whether a module counts as one layer: no modules inside, or one of torch's own that does more than hold some.

    An example of the latter is ``nn.MultiheadAttention``.
    """
    if not any(module.children()):
        return True
    containers = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    mere_holder = isinstance(module, containers) or type(module) is nn.Module
    return type(module).__module__.startswith("torch.nn.") and not mere_holder


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
    kinds = (tensor.dtype for tensor in model.parameters() if tensor.is_floating_point())
    with evaluation_mode(model), shadowed(model), torch.no_grad(), ShapesAlone(), watch:
        return model(torch.empty(1, *input_shape, dtype=next(kinds, torch.get_default_dtype()), device="meta"))


@contextmanager
def shadowed(model: nn.Module) -> Iterator[None]:
    """Let a network hold shapes without numbers inside this block; what it does or draws at random is undone."""
    held = [
        (store, name, tensor)
        for module in model.modules()  # names each module once, under however many names it is known
        for store in (module._parameters, module._buffers, vars(module))
        for name, tensor in store.items()
        if isinstance(tensor, Tensor)
    ]
    with torch.inference_mode(False):  # in inference mode convolutions arrive whole, and would not be counted
        shadows = {id(tensor): _shadow(tensor) for _, _, tensor in held}
    numbers = random.getstate()
    for store, name, tensor in held:
        store[name] = shadows[id(tensor)]
    try:
        with torch.random.fork_rng(devices=[]), torch.inference_mode(False):
            yield
    finally:
        for store, name, tensor in held:
            store[name] = tensor
        random.setstate(numbers)


def _shadow(tensor: Tensor) -> Tensor:
    empty = torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
    return nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty
