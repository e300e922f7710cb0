"""What a traced step is, in words and numbers."""

import operator
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import torch
import torch.fx
import torch.nn.functional as F
from torch import nn

from cnncourse import measure
from cnncourse.drawing.palette import KINDS, Kind
from cnncourse.measure.counts import layer_names
from cnncourse.measure.tracing import LayerTracer, Trace, gives_tensors, output_shape, step_multiply_adds, trace

CONCATENATIONS = (torch.cat, torch.concat)
ADDITIONS = (operator.add, operator.iadd, torch.add, "add", "add_", sum)
SUBTRACTIONS = (operator.sub, torch.sub, "sub")
PRODUCTS = (operator.mul, operator.imul, torch.mul, "mul", "mul_")
RESHAPINGS = (torch.flatten, F.dropout, operator.getitem, getattr)
RESHAPINGS += ("flatten", "view", "reshape", "contiguous", "squeeze", "unsqueeze", "permute", "transpose")
_KIND_BY_WORD = (
    ("conv", "convolution"),
    ("pool", "pooling"),
    ("subsampling", "pooling"),
    ("linear", "linear"),
    ("radialbasis", "output"),
    ("norm", "normalisation"),
    ("tanh", "activation"),
    ("relu", "activation"),
    ("sigmoid", "activation"),
    ("softmax", "activation"),
    ("gelu", "activation"),
    ("silu", "activation"),
    ("swish", "activation"),
    ("mish", "activation"),
)
FUNCTION_NAMES = {"relu": "ReLU", "relu_": "ReLU", "relu6": "ReLU6", "gelu": "GELU", "silu": "SiLU", "elu": "ELU"}


@dataclass(frozen=True)
class Scope:
    """A module that was being run.

    Attributes:
        call: its name in the model, with "@1", "@2" … behind it from the second call on.
        kind: its class.
        is_container: whether it is one of torch's own, which only hold modules.

    """

    call: str
    kind: str
    is_container: bool


@dataclass(frozen=True)
class Layer:
    """A step of a network: a layer, a join of branches, or an operation on numbers.

    Attributes:
        name: a module's name in the model, or the name that torch.fx gives to an operation.
        call: number of earlier calls of the same module.
        calls: number of all calls of the same module; 0 for an operation.
        kind: decides colour and legend.
        label: what stands in its box, for example "3×3 conv /2, 64".
        details: all its settings in words.
        shape: of its output, without the batch.
        parameters: its trainable numbers; 0 in every call but the first.
        multiply_adds: for one image.
        is_shared: whether its numbers serve in several places.
        field: (height, width) of the patch of the image that it depends on, ``None`` if that is the whole image.
        scopes: the modules that it is inside, outermost first, itself not among them.

    """

    name: str
    call: int
    calls: int
    kind: Kind
    label: str
    details: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    is_shared: bool
    field: tuple[int, int] | None
    scopes: tuple[Scope, ...]

    @property
    def signature(self) -> tuple[object, ...]:
        """What two layers have in common that count as the same, when repeats are folded."""
        own = None if self.is_shared else self.parameters  # of a shared layer only the first call has any
        return (self.kind, self.label, self.details, self.shape, own, self.multiply_adds)


@dataclass(frozen=True)
class Graph:
    """A network's layers and what feeds what.

    Attributes:
        layers: in an order in which each comes after those that feed it; the first is the input.
        sources: for each layer, the positions of those that feed it.
        outputs: positions of the layers whose results the network returns, the scores first.
        as_trained: whether layers are among them that are called in training mode only.

    """

    layers: tuple[Layer, ...]
    sources: tuple[tuple[int, ...], ...]
    outputs: tuple[int, ...]
    as_trained: bool


def network_graph(model: nn.Module, input_shape: tuple[int, ...]) -> Graph:
    """Trace a network into layers; nothing is computed, and the model is left as it was.

    A network with layers that are called in training mode only, such as auxiliary classifiers, is shown as it trains.

    Args:
        model: any network that ``torch.fx`` can trace.
        input_shape: shape of one image: (channels, height, width).

    Raises:
        TypeError: if it is no network.
        ValueError: if it cannot be traced, or does not take such images.

    """
    if not isinstance(model, nn.Module):
        given = f"the class {model.__name__}; make one first" if isinstance(model, type) else type(model).__name__
        raise TypeError(f"only a network, an nn.Module, can be drawn, not {given}")
    if not (isinstance(input_shape, Sequence) and input_shape and all(isinstance(side, int) for side in input_shape)):
        raise ValueError(f"the input's shape is (channels, height, width), without the batch, not {input_shape!r}")
    steps, as_trained = trace(model, LayerTracer(), input_shape), False
    if _called(steps) != _all_layers(model):
        with suppress(ValueError):  # what cannot be traced in training mode is shown as it evaluates
            training = trace(model, LayerTracer(), input_shape, training=True)
            as_trained = len(_called(training)) > len(_called(steps))
            steps = training if as_trained else steps
    fields = measure.receptive_field_by_call(model, input_shape)
    return _graph(steps, {name: found.size for name, found in fields.items()}, as_trained=as_trained)


def _called(steps: Trace) -> set[str]:
    return {node.target for node in steps.nodes if node.op == "call_module"}


def _all_layers(model: nn.Module) -> set[str]:
    return set(layer_names(model).values())


def _graph(steps: Trace, fields: dict[str, tuple[int, int]], *, as_trained: bool) -> Graph:
    layers: list[Layer] = []
    sources: list[tuple[int, ...]] = []
    place: dict[torch.fx.Node, tuple[int, ...]] = {}  # of what a step's result comes from; several for an inner sum
    loose: dict[torch.fx.Node, frozenset[str]] = {}  # parameters that the network uses without a layer
    outputs: tuple[int, ...] = ()
    calls = Counter(node.target for node in steps.nodes if node.op == "call_module")
    made: Counter[str] = Counter()
    counted: set[int] = set()  # parameters, each of which counts where it is used first
    for node in steps.nodes:
        fed_by = tuple(dict.fromkeys(each for source in node.all_input_nodes for each in place.get(source, ())))
        own = frozenset({node.target}) if node.op == "get_attr" else frozenset()
        loose[node] = own.union(*(loose[source] for source in node.all_input_nodes))
        if node.op == "output":
            outputs = fed_by
        elif (node.op == "placeholder" and (place or not node.users)) or not gives_tensors(node):
            loose[node] = frozenset()  # a second argument, or a number such as the size of a map
        elif fed_by and (_is_inner_sum(node) or _adds_nothing(node)):
            place[node] = fed_by
        elif fed_by or node.op == "placeholder":  # everything else is a constant or a parameter
            call, total = (made[node.target], calls[node.target]) if node.op == "call_module" else (0, 0)
            made.update([node.target] if node.op == "call_module" else [])
            place[node] = (len(layers),)
            used = [*_parameters(steps.layer(node)), *(_attribute(name, steps) for name in sorted(loose[node]))]
            new = {id(each): each.numel() for each in used if _is_trainable(each) and id(each) not in counted}
            counted.update(new)
            loose[node] = frozenset()
            layers.append(_layer(node, steps, call, total, sum(new.values()), fields))
            sources.append(fed_by)
            if _works_in_place(node, steps.layer(node)):  # whoever reads its input later reads its result
                place[node.all_input_nodes[0]] = place[node]
    return Graph(tuple(layers), tuple(sources), outputs, as_trained)


def _parameters(module: nn.Module | None) -> list[nn.Parameter]:
    return [] if module is None else list(module.parameters())


def _attribute(name: str, steps: Trace) -> object:
    owner, _, attribute = name.rpartition(".")
    return getattr(steps.modules[owner], attribute, None)


def _is_trainable(value: object) -> bool:
    return isinstance(value, nn.Parameter) and value.requires_grad


def _works_in_place(node: torch.fx.Node, module: nn.Module | None) -> bool:
    if node.op == "call_method":
        return node.target.endswith("_") and not node.target.endswith("__")
    return bool(node.all_input_nodes) and (getattr(module, "inplace", False) or node.kwargs.get("inplace", False))


def _is_inner_sum(node: torch.fx.Node) -> bool:
    """Whether a sum is only a part of a longer one of the same module, as in a + b + c."""
    if node.target not in ADDITIONS or len(node.users) > 1:
        return False
    user = next(iter(node.users), node)
    together = user.meta.get("nn_module_stack") == node.meta.get("nn_module_stack")
    return user.target in ADDITIONS and len(user.all_input_nodes) > 1 and together


def _adds_nothing(node: torch.fx.Node) -> bool:
    """Whether a step adds zero, as Python's sum does first."""
    return node.target in ADDITIONS and len(node.all_input_nodes) == 1 and 0 in node.args


def _layer(
    node: torch.fx.Node, steps: Trace, call: int, calls: int, numbers: int, fields: dict[str, tuple[int, int]]
) -> Layer:
    module = steps.layer(node)
    kind = _kind(node, module)
    stack = list(node.meta.get("nn_module_stack", {}).items())
    name = str(node.target) if module is not None else ("input" if node.op == "placeholder" else node.name)
    own_call = stack[-1][0] if module is not None else None
    scopes = stack[:-1] if module is not None else stack
    label, details = _words(node, module, kind)
    return Layer(
        name=name,
        call=call,
        calls=calls,
        kind=kind,
        label=label,
        details=details,
        shape=output_shape(node),
        parameters=numbers,
        multiply_adds=step_multiply_adds(node),
        is_shared=calls > 1 and any(True for _ in module.parameters()),
        field=fields.get(own_call) if own_call is not None else None,
        scopes=tuple(_scope(call_name, described, steps) for call_name, described in scopes),
    )


def _scope(call: str, described: tuple[str, type], steps: Trace) -> Scope:
    kind = type(steps.modules[call.partition("@")[0]])
    return Scope(call, kind.__name__, kind.__module__.startswith("torch.nn"))


def _kind(node: torch.fx.Node, module: nn.Module | None) -> Kind:
    if node.op == "placeholder":
        return KINDS["input"]
    if module is not None:
        if isinstance(module, nn.Flatten | nn.Identity | nn.Dropout | nn.Dropout2d):
            return KINDS["reshaping"]
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            return KINDS["depthwise"]
        if type(module).__module__ == nn.ReLU.__module__ and not isinstance(module, nn.MultiheadAttention):
            return KINDS["activation"]
        return KINDS[_kind_by_word(type(module).__name__) or "other"]
    if node.target in RESHAPINGS:
        return KINDS["reshaping"]
    joins = len(node.all_input_nodes) > 1 and not any(source.op == "get_attr" for source in node.all_input_nodes)
    if node.target in CONCATENATIONS or (joins and node.target in (*ADDITIONS, *SUBTRACTIONS, *PRODUCTS)):
        return KINDS["merge"]
    if node.target in PRODUCTS and len(node.all_input_nodes) == 1:
        return KINDS["scale"]
    return KINDS[_kind_by_word(_operation(node)) or "other"]


def _kind_by_word(words: str) -> str | None:
    return next((kind for word, kind in _KIND_BY_WORD if word in words.lower()), None)


def _operation(node: torch.fx.Node) -> str:
    return str(getattr(node.target, "__name__", node.target))


def _words(node: torch.fx.Node, module: nn.Module | None, kind: Kind) -> tuple[str, str]:
    """Return what stands in the box of a step, and all its settings."""
    if node.op == "placeholder":
        return ("image" if output_shape(node)[:1] in ((1,), (3,)) else "input"), ""
    if module is None:
        return _words_of_operation(node, kind)
    name = plain_name(type(module).__name__)
    settings = module.extra_repr()
    window = getattr(module, "kernel_size", None)
    if window is not None:
        sides = window if isinstance(window, tuple) else (window,) * max(len(output_shape(node)) - 1, 1)
        channels = getattr(module, "out_channels", None) if kind.name != "pooling" else None
        stride = getattr(module, "stride", 1)
        stride = _side(window if stride is None else stride)  # pools without a stride step by their window
        dilation = _side(getattr(module, "dilation", 1))
        groups = getattr(module, "groups", 1)
        depthwise = channels is not None and groups == getattr(module, "in_channels", None) > 1
        label = f"{'×'.join(map(str, sides))} {'depthwise' if depthwise else name}"
        label += f" /{stride}" if stride != "1" else ""
        label += f", {channels}" if channels is not None else ""
        label += f", {groups} groups" if groups > 1 and not depthwise else ""
        label += f", dilation {dilation}" if dilation != "1" else ""
        return label, f"{type(module).__name__}({settings})"
    if isinstance(module, nn.AdaptiveAvgPool2d):
        whole = output_shape(node)[1:] == (1, 1)
        label = "global average pool" if whole else f"average pool to {'×'.join(map(str, output_shape(node)[1:]))}"
        return label, f"{type(module).__name__}({settings})"
    if isinstance(module, nn.Linear):
        return f"FC, {module.out_features}", f"Linear({settings})"
    label = f"dropout {module.p:g}" if isinstance(module, nn.Dropout) else name
    return label, f"{type(module).__name__}({settings})"


def _words_of_operation(node: torch.fx.Node, kind: Kind) -> tuple[str, str]:
    operation = _operation(node)
    if kind.name == KINDS["merge"].name:
        if node.target in CONCATENATIONS:
            axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
            return ("concatenate" if axis in (1, -3) else f"concatenate along axis {axis}"), operation
        if node.target in SUBTRACTIONS:
            return "subtract", operation
        return ("add" if node.target in ADDITIONS else "multiply"), operation
    if kind.name == KINDS["scale"].name:
        factors = [argument for argument in (*node.args, *node.kwargs.values()) if isinstance(argument, int | float)]
        return (f"×{factors[0]:g}" if factors else "×"), operation
    if node.target is operator.getitem:
        return ("part" if isinstance(node.args[1], int) else "slice"), operation
    return FUNCTION_NAMES.get(operation) or plain_name(operation).strip("_ ") or operation, operation


def plain_name(name: str) -> str:
    """Turn the name of a class into words, as a figure prints them.

    >>> plain_name("PartialConv2d"), plain_name("MaxPool2d"), plain_name("LocalResponseNorm"), plain_name("ReLU")
    ('partial conv', 'max pool', 'local response norm', 'ReLU')

    """
    if not name.isascii():
        return name
    name = re.sub(r"\dd$", "", name).replace("_", " ").replace("Avg", "Average")
    if name.upper() == name or "LU" in name:  # ReLU, SiLU, GELU …
        return name
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]+|[a-z0-9]+", name)
    return " ".join(word if len(word) > 1 and word.isupper() else word.lower() for word in words)


def _side(stride: int | tuple[int, int]) -> str:
    sides = stride if isinstance(stride, tuple) else (stride, stride)
    return str(sides[0]) if len(set(sides)) == 1 else "×".join(map(str, sides))
