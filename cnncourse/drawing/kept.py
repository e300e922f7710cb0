"""What a module keeps, in words that are the same only where it is the same."""

import enum
import functools
import hashlib
import reprlib
import types

import torch
from torch import Tensor, nn

# Numbers of channels and features, by which layers may differ that are built alike.
SIZES = {
    *("in_channels", "out_channels", "groups", "in_features", "out_features", "num_features", "num_channels"),
    *("normalized_shape", "in1_features", "in2_features"),
}
_OF_ANY_MODULE = {*vars(nn.Module()), "training"}
# What training changes in these is no difference in how a network is built.
RUNNING = {"running_mean", "running_var", "num_batches_tracked"}


def settings_of_module(module: nn.Module) -> str:
    """Write the plain values that a module keeps, what it calls its parameters, and the same of modules inside.

    Numbers of channels are left out where the module says them itself, in ``extra_repr``.
    """
    says_sizes = type(module).extra_repr is not nn.Module.extra_repr
    is_of_torch = type(module).__module__.startswith("torch.nn.")
    own = set(getattr(module, "__constants__", ())) if is_of_torch and says_sizes else set(vars(module))
    own -= _OF_ANY_MODULE | (SIZES if says_sizes else set())
    values = {name: described(getattr(module, name, None)) for name in sorted(own)}
    parameters = {
        name: parameter is not None and (says_sizes or tuple(parameter.shape))
        for name, parameter in module._parameters.items()
    }
    follow = is_of_torch or "norm" in type(module).__name__.lower()  # from images seen, or from what is said already
    buffers = {name: follow or described(value) for name, value in module._buffers.items()}
    hooks = [type(hook).__name__ for hook in module._forward_pre_hooks.values()]
    inside = [f"{name}: {each.extra_repr()}{settings_of_module(each)}" for name, each in module.named_children()]
    return f"{type(module).__name__}{values}{parameters}{buffers}{hooks}{inside}"


@reprlib.recursive_repr()
def described(value: object) -> str:
    """Write a value: numbers, words and collections as they are, tensors by their numbers, functions by their code."""
    match value:
        case nn.Parameter():
            return "parameter"
        case Tensor():
            return f"{tuple(value.shape)} {value.dtype} {_digest(value)}"
        case dict():
            return f"{type(value).__name__}({[f'{key!r}: {described(each)}' for key, each in value.items()]})"
        case list() | tuple():
            return f"{type(value).__name__}({[described(each) for each in value]})"
        case set() | frozenset():
            return f"{type(value).__name__}({sorted(map(described, value))})"
        case functools.partial():
            return f"partial({described(value.func)}, {described(value.args)}, {described(value.keywords)})"
        case types.FunctionType():
            kept = [cell.cell_contents for cell in value.__closure__ or ()]
            return f"{value.__code__} {described(value.__defaults__)} {described(kept)}"
        case types.BuiltinFunctionType() | int() | float() | complex() | str() | bytes() | slice() | range() | None:
            return repr(value)
        case type() | enum.Enum() | torch.dtype() | torch.device():
            return repr(value)
    return type(value).__name__


def _digest(tensor: Tensor) -> str:
    if tensor.is_meta or tensor.layout is not torch.strided:
        return ""
    numbers = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous().flatten().view(torch.uint8)
    return hashlib.sha256(numbers.numpy().tobytes()).hexdigest()
