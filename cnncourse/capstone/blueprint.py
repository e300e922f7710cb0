"""A network as plain data: what can be handed in, kept and drawn again without running whoever's code made it.

A network is traced once, where its code lives. What comes of it, layers with their settings and steps between them, is
text; whoever judges it builds the network anew from layers and operations of a fixed list.
"""

import inspect
import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.fx
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.measure.tracing import trace

FORMAT = 1  # of the text; a change of it makes older texts unreadable
MOST_STEPS = 1000
LARGEST_NUMBER = 1_000_000  # among settings and arguments
LONGEST_TEXT = 1_000_000  # characters
LONGEST_WORD = 20

LAYERS: dict[str, type[nn.Module]] = {
    kind.__name__: kind
    for kind in (
        nn.AdaptiveAvgPool2d,
        nn.AdaptiveMaxPool2d,
        nn.AvgPool2d,
        nn.BatchNorm2d,
        nn.ChannelShuffle,
        nn.Conv2d,
        nn.Dropout,
        nn.Dropout2d,
        nn.ELU,
        nn.Flatten,
        nn.GELU,
        nn.GroupNorm,
        nn.Hardswish,
        nn.Identity,
        nn.LeakyReLU,
        nn.Linear,
        nn.LocalResponseNorm,
        nn.MaxPool2d,
        nn.PReLU,
        nn.ReLU,
        nn.ReLU6,
        nn.SiLU,
        nn.Sigmoid,
        nn.Tanh,
        nn.ZeroPad2d,
    )
}


def _item(value: Tensor | tuple, index: object) -> Tensor:
    return value[tuple(index) if isinstance(index, list) else index]


FUNCTIONS: dict[str, Callable] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "item": _item,
    "cat": torch.cat,
    "flatten": torch.flatten,
    "mean": torch.mean,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "elu": F.elu,
    "leaky_relu": F.leaky_relu,
    "silu": F.silu,
    "hardswish": F.hardswish,
    "softmax": F.softmax,
    "maximum": torch.maximum,
    "negative": operator.neg,
    "sum": torch.sum,
    "split": torch.split,
    "squeeze": torch.squeeze,
    "pad": F.pad,
    "avg_pool2d": F.avg_pool2d,
    "max_pool2d": F.max_pool2d,
    "adaptive_avg_pool2d": F.adaptive_avg_pool2d,
    "chunk": torch.chunk,
}
# Other names for the same thing, as they may stand in somebody's forward.
ALSO = {
    torch.add: "add",
    operator.getitem: "item",
    operator.iadd: "add",
    torch.sub: "subtract",
    torch.mul: "multiply",
    operator.imul: "multiply",
    torch.div: "divide",
    torch.concat: "cat",
    F.relu: "relu",
    F.sigmoid: "sigmoid",
    F.tanh: "tanh",
}
NO_SETTINGS = ("device", "dtype", "inplace")  # of a layer: where its numbers are, and whether it saves memory
METHODS = (
    "add",
    "chunk",
    "flatten",
    "mean",
    "mul",
    "relu",
    "sigmoid",
    "split",
    "squeeze",
    "sub",
    "sum",
    "tanh",
)
UNWISE = {
    "dropout": "a dropout must know whether the network is being trained: use nn.Dropout",
    "batch_norm": "its running averages must be kept somewhere: use nn.BatchNorm2d",
    "conv2d": "its weights must be kept somewhere: use nn.Conv2d",
    "linear": "its weights must be kept somewhere: use nn.Linear",
    "view": "use torch.flatten(maps, 1) or nn.Flatten()",
    "reshape": "use torch.flatten(maps, 1) or nn.Flatten()",
    "size": "use torch.flatten(maps, 1) or nn.Flatten(), which need no size",
    "getattr": "something is asked of the maps, such as their shape; use torch.flatten(maps, 1), which needs none",
}


class BlueprintError(ValueError):
    """A network cannot be written down, or a text is no blueprint; says what to do."""


@dataclass(frozen=True)
class Layer:
    """A layer of a fixed list.

    Attributes:
        name: where it is in the network, for example "stem.0".
        kind: its class, one of ``LAYERS``.
        settings: what the class is called with.

    """

    name: str
    kind: str
    settings: Mapping[str, object]


@dataclass(frozen=True)
class Step:
    """What is done with the images, or with what earlier steps gave.

    Attributes:
        kind: "images", "layer", "function", "method" or "output".
        target: the layer's name, or which function or method.
        arguments: plain values; what an earlier step gave is ``{"step": number}``, a slice ``{"slice": […]}``.
        keywords: likewise, by name.

    """

    kind: str
    target: str
    arguments: tuple[object, ...]
    keywords: Mapping[str, object]


@dataclass(frozen=True)
class Blueprint:
    """A network as plain data.

    Attributes:
        layers: what has weights or settings.
        steps: in an order in which each comes after those that feed it.

    """

    layers: tuple[Layer, ...]
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, model: nn.Module) -> "Blueprint":
        """Write a network down; weights are left out.

        Args:
            model: a network of the layers and operations of the fixed lists, that takes images (N, channels, H, W).

        Raises:
            BlueprintError: if it cannot be written down; says which step stands in the way and what to use instead.

        """
        if not isinstance(model, nn.Module):
            raise BlueprintError(f"expected a network, an nn.Module, got {type(model).__name__}")
        if type(model) in LAYERS.values():
            model = nn.Sequential(model)  # a layer is traced as a part of something
        evaluated, trained = (cls._traced(model, training=training) for training in (False, True))
        if evaluated != trained:
            raise BlueprintError(
                "the network takes other steps in training than in evaluation; what differs must be a layer, such as "
                "nn.Dropout"
            )
        return evaluated

    @classmethod
    def _traced(cls, model: nn.Module, *, training: bool) -> "Blueprint":
        try:
            traced = trace(model, _Tracer(), training=training)
        except ValueError as error:
            if "not installed as a submodule" in str(error):
                raise BlueprintError(
                    "a layer is made in forward, or stands in a plain list: make layers in __init__, and keep several "
                    "in an nn.Sequential or nn.ModuleList"
                ) from error
            raise BlueprintError(str(error)) from error
        given = traced.nodes[-1].args[0]
        if not isinstance(given, torch.fx.Node):
            what = "nothing: is a return missing?" if given is None else "several things"
            raise BlueprintError(f"forward is to give one tensor of scores; it gives {what}")
        numbers = {node: number for number, node in enumerate(traced.nodes)}
        used = dict.fromkeys(node.target for node in traced.nodes if node.op == "call_module")
        layers = tuple(_layer(name, traced.modules[name]) for name in used)
        return cls(layers, tuple(_step(node, numbers) for node in traced.nodes))

    def to_json(self) -> str:
        """Return it as text; the same network gives the same text."""
        return json.dumps(
            {
                "format": FORMAT,
                "layers": [[layer.name, layer.kind, dict(layer.settings)] for layer in self.layers],
                "steps": [[step.kind, step.target, list(step.arguments), dict(step.keywords)] for step in self.steps],
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> "Blueprint":
        """Read what ``to_json`` wrote, or anything else: nothing in it is trusted.

        Raises:
            BlueprintError: if it is no blueprint.

        """
        if len(text) > LONGEST_TEXT:
            raise BlueprintError("the blueprint is too long")
        try:
            written = json.loads(text)
            if written["format"] != FORMAT:
                raise BlueprintError(f"a blueprint of format {written['format']}, expected {FORMAT}")
            layers = tuple(Layer(str(name), str(kind), dict(settings)) for name, kind, settings in written["layers"])
            steps = tuple(
                Step(str(kind), str(to), tuple(args), dict(words)) for kind, to, args, words in written["steps"]
            )
        except BlueprintError:
            raise
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BlueprintError("this is no blueprint of a network") from error
        return cls(layers, steps)

    def build(self) -> "BuiltNetwork":
        """Build the network anew, with weights of its own.

        Raises:
            BlueprintError: if there are layers or steps in it that are not of the fixed lists.

        """
        return BuiltNetwork(self)


class BuiltNetwork(nn.Module):
    """A network built from its blueprint.

    Args:
        blueprint: what to build.

    Raises:
        BlueprintError: if there are layers or steps in it that are not of the fixed lists.

    """

    def __init__(self, blueprint: Blueprint) -> None:
        super().__init__()
        if len(blueprint.steps) > MOST_STEPS:
            raise BlueprintError(f"{len(blueprint.steps):,} steps, more than {MOST_STEPS:,}")
        self.names: dict[str, str] = {}
        self.steps: tuple[Step, ...] = ()
        for layer in blueprint.layers:
            self._place(layer)
        self.steps = tuple(self._runnable(step, number) for number, step in enumerate(blueprint.steps))
        if not self.steps or self.steps[-1].kind != "output":
            raise BlueprintError("the network gives nothing back")

    def forward(self, images: Tensor) -> Tensor:
        """Do the steps one after the other."""
        given: list[object] = []
        for step in self.steps:
            if step.kind == "images":
                given.append(images)
                continue
            arguments = [_filled(argument, given) for argument in step.arguments]
            keywords = {name: _filled(argument, given) for name, argument in step.keywords.items()}
            given.append(self._run(step, arguments, keywords))
        return given[-1]

    def _run(self, step: Step, arguments: list[object], keywords: dict[str, object]) -> Tensor | tuple[Tensor, ...]:
        try:
            result = self._result(step, arguments, keywords)
        except BlueprintError:
            raise
        except (RuntimeError, ValueError, IndexError) as error:
            raise RuntimeError(f"{step.target}: {error}") from error
        parts = result if isinstance(result, tuple) else (result,)
        if not all(isinstance(part, (Tensor, torch.fx.Proxy)) for part in parts):
            raise BlueprintError(f"{step.target or step.kind} gives something that is no feature map")
        return result

    def _result(self, step: Step, arguments: list[object], keywords: dict[str, object]) -> object:
        if step.kind == "layer":
            return self.get_submodule(step.target)(*arguments, **keywords)
        if step.kind == "function":
            return FUNCTIONS[step.target](*arguments, **keywords)
        if step.kind == "method":
            if not arguments or not isinstance(arguments[0], (Tensor, torch.fx.Proxy)):
                raise BlueprintError(f"{step.target} is asked of something that is no feature map")
            return getattr(arguments[0], step.target)(*arguments[1:], **keywords)
        return arguments[0]

    def _place(self, layer: Layer) -> None:
        if layer.kind not in LAYERS:
            raise BlueprintError(f"there is no layer {layer.kind!r} in the list")
        *folders, last = layer.name.split(".")
        parent: nn.Module = self
        for name in (*folders, last):
            if not re.fullmatch(r"\w{1,100}", name, re.ASCII):
                raise BlueprintError(f"a layer cannot be called {layer.name!r}")
        for name in folders:
            parent = self._child(parent, name)
        held = _held_as(parent, last)
        if held in parent._modules:
            raise BlueprintError(f"two layers are called {layer.name!r}")
        for setting in layer.settings.values():
            _check(setting, 0)
        try:
            made = LAYERS[layer.kind](**layer.settings)
        except (TypeError, ValueError, RuntimeError, MemoryError) as error:
            raise BlueprintError(f"{layer.name}: {layer.kind} cannot be built: {error}") from error
        parent.add_module(held, made)
        self.names[layer.name] = next(name for name, module in self.named_modules() if module is made)

    def _child(self, parent: nn.Module, name: str) -> nn.Module:
        held = _held_as(parent, name)
        if held not in parent._modules:
            parent.add_module(held, _Group())
        child = parent._modules[held]
        if not isinstance(child, _Group):
            raise BlueprintError(f"the layer {name!r} has layers in it")
        return child

    def _runnable(self, step: Step, number: int) -> Step:
        known = {
            "images": lambda: True,
            "output": lambda: len(step.arguments) == 1,
            "layer": lambda: step.target in self.names,
            "function": lambda: step.target in FUNCTIONS,
            "method": lambda: step.target in METHODS,
        }
        if step.kind not in known or not known[step.kind]():
            raise BlueprintError(f"step {number} is not of the list: {step.kind} {step.target!r}")
        for argument in (*step.arguments, *step.keywords.values()):
            _check(argument, number)
        target = self.names[step.target] if step.kind == "layer" else step.target
        return Step(step.kind, target, step.arguments, step.keywords)


def _held_as(parent: nn.Module, name: str) -> str:
    """Return a name for a module that is none of those that every module has, such as "training"."""
    return f"{name}_" if name not in parent._modules and hasattr(parent, name) else name


class _Group(nn.Module):
    """Layers that stand together in the learner's network."""


class _Tracer(torch.fx.Tracer):
    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        return type(module).__module__.startswith("torch.nn") and not isinstance(
            module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)
        )


def _layer(name: str, module: nn.Module) -> Layer:
    """Write a layer down: its class, and what to call that with."""
    kind = type(module).__name__
    if LAYERS.get(kind) is not type(module):
        raise BlueprintError(f"{name} is a {kind}; there are {', '.join(LAYERS)}")
    settings = {}
    for setting, parameter in inspect.signature(type(module)).parameters.items():
        if setting in NO_SETTINGS or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value = getattr(module, setting)
        value = value is not None if setting == "bias" else value
        settings[setting] = _plain(value, name)
    return Layer(name, kind, settings)


def _step(node: torch.fx.Node, numbers: Mapping[torch.fx.Node, int]) -> Step:
    """Write a traced step down."""
    kinds = {"placeholder": "images", "call_module": "layer", "call_function": "function", "output": "output"}
    kind = kinds.get(node.op, "method")
    target = str(node.target)
    if node.op == "get_attr":
        raise BlueprintError(f"{target} is a parameter or tensor of its own; only layers can have numbers")
    if kind == "function":
        names = {function: name for name, function in FUNCTIONS.items()} | ALSO
        target = names.get(node.target, getattr(node.target, "__name__", target))
        if target not in FUNCTIONS:
            raise BlueprintError(_not_in_list(target, FUNCTIONS))
    if kind == "method" and target not in METHODS:
        raise BlueprintError(_not_in_list(target, METHODS))
    if kind == "images":
        return Step(kind, "", (), {})
    arguments = tuple(_written(argument, numbers, target) for argument in node.args)
    keywords = {
        name: _written(argument, numbers, target) for name, argument in node.kwargs.items() if name != "inplace"
    }
    return Step(kind, "" if kind == "output" else target, arguments, keywords)


def _not_in_list(target: str, there_are: Mapping[str, object] | tuple[str, ...]) -> str:
    instead = UNWISE.get(target, f"there are {', '.join(there_are)}, and layers")
    return f"the network calls {target}, which cannot be written down: {instead}"


def _written(argument: object, numbers: Mapping[torch.fx.Node, int], where: str) -> object:
    if isinstance(argument, torch.fx.Node):
        return {"step": numbers[argument]}
    if isinstance(argument, slice):
        parts = (argument.start, argument.stop, argument.step)
        return {"slice": [_written(part, numbers, where) for part in parts]}
    if isinstance(argument, (list, tuple)):
        return [_written(item, numbers, where) for item in argument]
    return _plain(argument, where)


def _plain(value: object, where: str) -> object:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item, where) for item in value]
    raise BlueprintError(f"{where}: {value!r} is no number or text, and cannot be written down")


def _check(argument: object, number: int) -> None:
    """Refuse an argument that points to a later step, or is of no known form."""
    if isinstance(argument, list):
        for item in argument:
            _check(item, number)
    elif isinstance(argument, dict):
        step = argument.get("step")
        if set(argument) == {"slice"} and isinstance(argument["slice"], list) and len(argument["slice"]) == 3:
            _check(argument["slice"], number)
        elif set(argument) != {"step"} or type(step) is not int or not 0 <= step < number:
            raise BlueprintError(f"step {number} needs what is not there yet")
    elif isinstance(argument, (int, float)):
        if not abs(argument) <= LARGEST_NUMBER:
            raise BlueprintError(f"step {number}: a number beyond {LARGEST_NUMBER:,}")
    elif argument is not None and (not isinstance(argument, str) or len(argument) > LONGEST_WORD):
        raise BlueprintError(f"step {number} has an argument that is no number or word")


def _filled(argument: object, given: list[object]) -> object:
    """Put what earlier steps gave into an argument."""
    if isinstance(argument, list):
        return [_filled(item, given) for item in argument]
    if isinstance(argument, dict):
        if "step" in argument:
            return given[argument["step"]]
        return slice(*(_filled(part, given) for part in argument["slice"]))
    return argument
