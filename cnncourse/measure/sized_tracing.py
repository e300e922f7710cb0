"""Trace networks that decide by the size of their maps: sizes are known while they are traced."""

import dis
import sys
from collections.abc import Iterator
from functools import cache
from types import CodeType

import numpy as np
import torch
from torch import Tensor, nn
from torch.fx import Proxy, Tracer
from torch.fx.node import map_aggregate
from torch.overrides import TorchFunctionMode

from cnncourse.measure.shadow import Shape, is_layer, is_networks_own
from cnncourse.measure.shapes_alone import ShapesAlone

MADE = (torch.zeros, torch.ones, torch.empty, torch.full)  # what networks write their maps into
TAKEN = (torch.tensor, torch.as_tensor)  # what takes a tensor and does not ask it whether it is one


def assign_(maps: Tensor, place: object, value: object) -> Tensor:
    """Write into a part of maps, as a step of a network that has a result."""
    maps[place] = value
    return maps


@cache
def _asks_for_class(code: CodeType, place: int) -> bool:
    """Whether an instruction asks for an object's class, and hands it to no C code, as ``torch.Tensor(x)`` does."""
    instructions = list(dis.get_instructions(code))
    asking = next(each for each in instructions if each.offset == place)
    if asking.opname == "MATCH_CLASS" or asking.argval == "__class__":
        return True
    # What is called stands where the call begins.
    start = asking.positions.lineno, asking.positions.col_offset
    called = [each for each in instructions if (each.positions.lineno, each.positions.col_offset) == start]
    return any(each.argval == "isinstance" for each in called)


class SizedProxy(Proxy):
    """Stands for a value whose size is known, but not its numbers."""

    value: object = None
    _is_param = _is_buffer = False  # for torch, which asks at assignment

    @property
    def __class__(self) -> type:
        """A tensor's, where a tensor will be: networks ask. Torch's C code would look for one's memory, and crash."""
        asking = sys._getframe(1)
        asked_by_network = is_networks_own(asking.f_code.co_filename) and _asks_for_class(asking.f_code, asking.f_lasti)
        is_asked = asked_by_network or asking.f_code is torch.is_tensor.__code__
        return Tensor if isinstance(self.value, Tensor) and is_asked else SizedProxy

    def __getattr__(self, name: str) -> object:
        known = ("shape", "ndim", "dtype", "device", "is_cuda", "requires_grad")
        if name in known and isinstance(self.value, Tensor):
            return getattr(self.value, name)
        return super().__getattr__(name)

    def size(self, dim: int | None = None) -> object:
        """Return the size, as a tensor does."""
        return self.value.size() if dim is None else self.value.size(dim)

    def dim(self) -> int:
        """Return the number of axes, as a tensor does."""
        return self.value.dim()

    def numel(self) -> int:
        """Return how many numbers there are, as a tensor does."""
        return self.value.numel()

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Proxy]:
        return iter([self[place] for place in range(len(self))])

    def __setitem__(self, place: object, value: object) -> None:
        written = self.tracer.create_proxy("call_function", assign_, (self, place, value), {})
        self.node, self.value = written.node, written.value  # whoever uses it from now on uses what was written


def _value(argument: object) -> object:
    """Return what stands for an argument while a step is run: of tensors, their shape alone."""
    if type(argument) is SizedProxy:
        return argument.value
    is_made = isinstance(argument, Tensor) and not argument.is_meta and argument.dim()
    return torch.empty_like(argument, device="meta") if is_made else argument


class _MadeInSteps(TorchFunctionMode):
    """Makes steps of a trace of what gives new maps, so that a network can write into these."""

    def __init__(self, tracer: "SizedTracer") -> None:
        super().__init__()
        self.tracer = tracer

    def __torch_function__(
        self, function: object, types: tuple, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        is_step = function in MADE or (function in TAKEN and type(args[0]) is SizedProxy)
        if is_step and not self.tracer.is_running:
            return self.tracer.create_proxy("call_function", function, args, kwargs or {})
        return function(*args, **(kwargs or {}))


class SizedTracer(Tracer):
    """Traces a network down to its layers, and runs each step on shapes alone while it does.

    Args:
        shapes: of the inputs, without the batch.
        kind: of their numbers.

    """

    def __init__(self, shapes: tuple[Shape, ...], kind: torch.dtype) -> None:
        super().__init__()
        self.inputs = iter([torch.empty(1, *shape, dtype=kind, device="meta") for shape in shapes])
        self.is_running = False

    def trace(self, root: nn.Module, concrete_args: dict[str, object] | None = None) -> torch.fx.Graph:
        """Trace a network."""
        with _MadeInSteps(self):
            return super().trace(root, concrete_args)

    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        """Whether a module is a layer."""
        return is_layer(module)

    def create_arg(self, argument: object) -> object:
        """Return a step's argument as it stands in the graph."""
        if isinstance(argument, np.generic):
            argument = argument.item()
        return argument.node if type(argument) is SizedProxy else super().create_arg(argument)

    def proxy(self, node: torch.fx.Node) -> SizedProxy:
        """Return what stands for a step's result."""
        return SizedProxy(node, self)

    def to_bool(self, proxy: SizedProxy) -> bool:
        """Return whether something is so, if that is known: as of a tensor's kind, but not of its numbers."""
        return super().to_bool(proxy) if isinstance(proxy.value, Tensor) else bool(proxy.value)

    def call_module(self, module: nn.Module, forward: object, args: tuple, kwargs: dict) -> object:
        """Trace a module's call; while a step is run, run it."""
        return forward(*args, **kwargs) if self.is_running else super().call_module(module, forward, args, kwargs)

    def getattr(self, attribute: str, value: object, parameter_proxy_cache: dict) -> object:
        """Trace that a parameter is read; while a step is run, read it."""
        return value if self.is_running else super().getattr(attribute, value, parameter_proxy_cache)

    def create_proxy(
        self, kind: str, target: object, args: tuple, kwargs: dict, *rest: object, **named: object
    ) -> Proxy:
        """Note a step, and what comes out of it."""
        proxy = super().create_proxy(kind, target, args, kwargs, *rest, **named)
        if type(proxy) is SizedProxy and kind != "output":
            values = map_aggregate((args, kwargs), _value)
            self.is_running = True
            try:
                with torch.no_grad(), ShapesAlone():
                    proxy.value = self._run(kind, target, *values)
            finally:
                self.is_running = False
        return proxy

    def _run(self, kind: str, target: object, args: tuple, kwargs: dict) -> object:
        match kind:
            case "placeholder":
                return next(self.inputs, None)
            case "get_attr":
                owner, _, name = target.rpartition(".")
                return getattr(self.root.get_submodule(owner), name)
            case "call_module":
                return self.root.get_submodule(target)(*args, **kwargs)
            case "call_method":
                return getattr(args[0], target)(*args[1:], **kwargs)
        if target is torch._assert:  # torch.fx asks whether an argument has its default, which nobody passes
            return None
        return target(*args, **kwargs)
