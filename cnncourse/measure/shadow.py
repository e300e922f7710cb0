"""Look at a network without computing anything, and leave it as it was."""

import copy
import linecache
import random
import re
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import numpy as np
import torch
import torch.fx
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, is_lazy

from cnncourse.measure.shapes_alone import ShapesAlone

# A line in these is not the network's.
LIBRARIES = tuple(str(Path(file).parent) for file in (torch.__file__, np.__file__, __file__))
NOBODY_WATCHES = nullcontext()
Shape = tuple[int, ...]
Shapes = Shape | Sequence[Shape]  # of one image, or of each of several that a network takes at once


class WrongImagesError(ValueError):
    """A network does not take images of the shape that it is to be looked at with."""

    def __init__(self, model: nn.Module, input_shape: Shapes, reason: Exception | str) -> None:
        reason = str(reason) or f"{type(reason).__name__} in {where_it_stopped(reason)}"
        super().__init__(f"{type(model).__name__} does not take images of shape {tuple(input_shape)}: {reason}")


def missing_numbers(error: Exception) -> str:
    """Say which numbers a network asked for that shapes alone do not have; "" if it failed for another reason."""
    said = str(error)
    if re.search(r"on meta tensors|(convert|copy out of) meta", said):
        return "it asks for the value of a number that depends on the image or on weights"
    if re.search(r"register_meta|[Mm]eta tensor|meta device|got meta|fake impl", said):
        return "it has a step whose result's shape torch knows only with the numbers in the image"
    if re.search(r"got (Sized)?Proxy|not a storage|expected TensorOptions", said):
        return (
            "it makes a tensor by its class, as in torch.Tensor(x), which takes numbers; leave that out, or use x.to(…)"
        )
    return ""


def is_networks_own(file: str) -> bool:
    """Whether what stands in a file is a network's own, and not a library's."""
    return not file.startswith(LIBRARIES)


def where_it_stopped(error: Exception) -> str:
    """Return the function, the line and the file in which a network failed; "" if that was in none of its own."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if is_networks_own(each.filename)]
    if not frames:
        return ""
    last = frames[-1]
    line = (last.line or linecache.getline(last.filename, last.lineno)).strip()
    return f"{last.name}, line {last.lineno} of {Path(last.filename).name}: {line}"


def shapes_of_inputs(input_shape: Shapes) -> tuple[Shape, ...]:
    """Return the shape of each input of a network, without the batch, whether one was given or several.

    Raises:
        ValueError: if it is neither.

    """
    shapes = (input_shape,) if _is_shape(input_shape) else input_shape
    if not (isinstance(shapes, Sequence) and shapes and all(map(_is_shape, shapes))):
        raise ValueError(
            f"the input's shape is (channels, height, width), without the batch, or several such, not {input_shape!r}"
        )
    return tuple(map(tuple, shapes))


def _is_shape(value: object) -> bool:
    return isinstance(value, Sequence) and bool(value) and all(type(side) is int for side in value)


def plain_network(model: nn.Module, input_shape: Shapes | None = None) -> nn.Module:
    """Return the network that a wrapper holds; one with lazy layers as a copy whose layers have their sizes.

    Args:
        model: a network, or one in ``DataParallel``, ``torch.compile``, an ``AveragedModel`` or several of these.
        input_shape: without the batch; needed by lazy layers only.

    Raises:
        ValueError: if it is a scripted or exported program, or has lazy layers and no input's shape is given.

    """
    for module in every_module(model):
        if isinstance(module, torch.jit.ScriptModule) or (
            isinstance(module, torch.fx.GraphModule) and "eval" in vars(module)
        ):
            name = next(name for name, each in model.named_modules() if each is module)
            kind = getattr(module, "original_name", type(module).__name__)
            raise ValueError(
                f"{f'{name}, a part of {type(model).__name__},' if name else kind} is a scripted, traced or exported "
                "program, which cannot be looked into; pass the network that it was made from"
            )
    model = _unwrapped(model, {})
    stores = (store for module in every_module(model) for store in (module._parameters, module._buffers))
    if not any(is_lazy(each) for store in stores for each in store.values()):
        return model
    if input_shape is None:
        raise ValueError(
            f"{type(model).__name__} has lazy layers, whose sizes are not known yet: run it on an image, or say the "
            "input's shape"
        )
    # Torch copies parameters without sizes, but not buffers.
    buffers = [each for each in model.buffers() if is_lazy(each)]
    model = copy.deepcopy(
        model, {id(each): UninitializedBuffer(each.requires_grad, each.device, each.dtype) for each in buffers}
    )
    with evaluation_mode(model), torch.no_grad(), torch.random.fork_rng(devices=[]):
        model(*(torch.zeros(1, *shape) for shape in shapes_of_inputs(input_shape)))
    return model


def every_module(model: nn.Module) -> list[nn.Module]:
    """Return a network's modules, each once, in the order of ``modules()``, which takes a call for each level."""
    found: dict[nn.Module, None] = {}
    left = [model]
    while left:
        module = left.pop()
        if module not in found:
            found[module] = None
            left += [each for each in reversed(module._modules.values()) if each is not None]
    return list(found)


def _unwrapped(module: nn.Module, known: dict[nn.Module, nn.Module]) -> nn.Module:
    """Return a module without the wrappers around it and inside it: a copy that shares all else, or itself."""
    if module not in known:
        bare = module
        while (inner := _held_by_wrapper(bare)) is not None:
            bare = inner
        children = {name: None if child is None else _unwrapped(child, known) for name, child in bare._modules.items()}
        if vars(bare).get("_compiled_call_impl") or any(children[name] is not bare._modules[name] for name in children):
            bare = copy.copy(bare)  # which is not compiled
            vars(bare)["_modules"] = children
        known[module] = bare
    return known[module]


def _held_by_wrapper(model: nn.Module) -> nn.Module | None:
    wrapper = type(model).__name__
    if wrapper == "OptimizedModule":
        return model._orig_mod
    return model.module if wrapper in ("DataParallel", "DistributedDataParallel", "AveragedModel") else None


def is_layer(module: nn.Module) -> bool:
    """Whether a module counts as one layer: no modules inside, or one of torch's own that does more than hold some.

    An example of the latter is ``nn.MultiheadAttention``. A list of parameters is none.
    """
    if isinstance(module, nn.ParameterList | nn.ParameterDict):
        return False
    if not any(module.children()):
        return True
    containers = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    mere_holder = isinstance(module, containers) or type(module) is nn.Module
    return type(module).__module__.startswith("torch.nn.") and not mere_holder


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode inside this block; then each module is in the mode it was in."""
    modes = {module: module.training for module in every_module(model)}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def kind_of_numbers(model: nn.Module) -> torch.dtype:
    """Return the kind of numbers that a network takes: that of its first parameter, a real one if there is one."""
    kinds = [each.dtype for module in every_module(model) for each in module._parameters.values() if each is not None]
    real = [kind for kind in kinds if kind.is_floating_point]
    return next(iter(real + [kind for kind in kinds if kind.is_complex]), torch.get_default_dtype())


def run_on_meta(model: nn.Module, input_shape: Shapes, watch: AbstractContextManager = NOBODY_WATCHES) -> Tensor:
    """Run a network on shapes alone: no weight is copied, no number computed or drawn.

    Args:
        model: any network.
        input_shape: shape of one image, (channels, height, width), or of each input.
        watch: a dispatch mode that is to see each operation.

    """
    kind = kind_of_numbers(model)
    with left_as_it_was(model), evaluation_mode(model), shadowed(model), torch.no_grad(), ShapesAlone(), watch:
        return model(*(torch.empty(1, *shape, dtype=kind, device="meta") for shape in shapes_of_inputs(input_shape)))


def measure_on_meta(model: nn.Module, input_shape: Shapes, watch: AbstractContextManager) -> None:
    """Run a network as ``run_on_meta`` does.

    Raises:
        ValueError: if it fails; the message says why.

    """
    try:
        run_on_meta(model, input_shape, watch)
    except Exception as error:
        if reason := missing_numbers(error):
            where = where_it_stopped(error)
            stopped = f"\nIt stopped in {where}" if where else ""
            raise ValueError(f"{type(model).__name__} cannot be measured: {reason}{stopped}") from error
        raise WrongImagesError(model, input_shape, error) from error


@contextmanager
def left_as_it_was(model: nn.Module) -> Iterator[None]:
    """Undo inside a network, at the end of this block, whatever it has kept, counted, made or thrown away."""
    held = []
    for module in every_module(model):
        own = {name: value for name, value in vars(module).items() if name not in _KEPT}
        inner = [value for name, value in own.items() if type(value) in (list, dict, set) or name in _STORES]
        held.append((module, own, [(value, value.copy()) for value in inner]))
    try:
        yield
    finally:
        for module, own, inner in held:
            for name in [name for name in vars(module) if name not in own and name not in _KEPT]:
                del vars(module)[name]
            vars(module).update(own)
            for value, before in inner:
                value.clear()
                value.extend(before) if isinstance(value, list) else value.update(before)


_STORES = {"_parameters", "_buffers", "_modules"}
# What others put into a module while it is looked at, or what has a guard of its own.
_KEPT = {
    "training",
    "_forward_hooks",
    "_forward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs",
}


@contextmanager
def shadowed(model: nn.Module) -> Iterator[None]:
    """Let a network hold shapes without numbers inside this block; what it does or draws at random is undone."""
    held = [
        (store, name, tensor)
        for module in every_module(model)
        for store in (module._parameters, module._buffers, vars(module))
        for name, tensor in store.items()
        if isinstance(tensor, Tensor)
    ]
    with torch.inference_mode(False):  # in inference mode convolutions arrive whole, and would not be counted
        shadows = {id(tensor): _shadow(tensor) for _, _, tensor in held}
    numbers, of_numpy = random.getstate(), np.random.get_state()
    for store, name, tensor in held:
        store[name] = shadows[id(tensor)]
    try:
        with torch.random.fork_rng(devices=[]), torch.inference_mode(False):
            yield
    finally:
        for store, name, tensor in held:
            store[name] = tensor
        random.setstate(numbers)
        np.random.set_state(of_numpy)


def _shadow(tensor: Tensor) -> Tensor:
    empty = torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
    return nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty
