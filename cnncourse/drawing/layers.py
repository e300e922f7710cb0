"""What a traced step is, in words and numbers."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

import torch
import torch.fx
from torch import nn

from cnncourse import measure
from cnncourse.drawing.labels import ADDITIONS, RESHAPINGS, does, kind_of, settings_of, words_of
from cnncourse.drawing.palette import Kind
from cnncourse.drawing.wiring import Wiring, wiring
from cnncourse.measure.counts import layer_names
from cnncourse.measure.shadow import Shapes, plain_network, shapes_of_inputs
from cnncourse.measure.tracing import (
    LayerTracer,
    Trace,
    as_network,
    gives_tensors,
    output_shape,
    step_multiply_adds,
    trace,
)


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
        field: (height, width) of the patch of the image that it depends on, ``None`` if that is not known.
        settings: what else decides what it does.
        helpers: names of layers that no image feeds and whose results it uses: their costs are among its own.
        scopes: the modules that it is inside, outermost first, itself not among them.
        position: its place among the network's layers.
        wiring: what it takes from where.

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
    field: tuple[int, ...] | None
    settings: str
    helpers: tuple[str, ...]
    scopes: tuple[Scope, ...]
    position: int
    wiring: Wiring

    @property
    def signature(self) -> tuple[object, ...]:
        """What two layers have in common that count as the same, when repeats are folded."""
        own = None if self.is_shared else self.parameters  # of a shared layer only the first call has any
        return (self.kind, self.label, self.details, self.settings, self.shape, own, self.multiply_adds)


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


def network_graph(model: nn.Module, input_shape: Shapes) -> Graph:
    """Trace a network into layers; nothing is computed, and the model is left as it was.

    A network with layers that are called in training mode only, such as auxiliary classifiers, is shown as it trains.

    Args:
        model: any network that ``torch.fx`` can trace.
        input_shape: shape of one image, (channels, height, width), or a sequence of shapes, one for each input.

    Raises:
        TypeError: if it is no network.
        ValueError: if it cannot be traced, or does not take such images.

    """
    if not isinstance(model, nn.Module):
        given = f"the class {model.__name__}; make one first" if isinstance(model, type) else type(model).__name__
        raise TypeError(f"only a network, an nn.Module, can be drawn, not {given}")
    shapes_of_inputs(input_shape)
    model = plain_network(model, input_shape)
    steps, as_trained = trace(model, LayerTracer(), input_shape), False
    if _called(steps) != _all_layers(model):
        with suppress(ValueError):  # what cannot be traced in training mode is shown as it evaluates
            training = trace(model, LayerTracer(), input_shape, training=True)
            as_trained = len(_called(training)) > len(_called(steps))
            steps = training if as_trained else steps
    # Measured in evaluation: where training is drawn, they could be those of other calls.
    fields = {} if as_trained else measure.receptive_field_by_call(as_network(model), input_shape)
    return _graph(steps, {name: found.size for name, found in fields.items()}, as_trained=as_trained)


def _called(steps: Trace) -> set[str]:
    return {node.target for node in steps.nodes if node.op == "call_module"}


def _all_layers(model: nn.Module) -> set[str]:
    return set(layer_names(model).values())


def _graph(steps: Trace, fields: dict[str, tuple[int, int]], *, as_trained: bool) -> Graph:
    layers: list[Layer] = []
    sources: list[tuple[int, ...]] = []
    place: dict[torch.fx.Node, tuple[int, ...]] = {}  # of what a step's result comes from; several for an inner sum
    loose: dict[torch.fx.Node, frozenset[torch.fx.Node]] = {}  # steps that no image feeds, on their way to one it does
    outputs: tuple[int, ...] = ()
    calls = Counter(node.target for node in steps.nodes if node.op == "call_module")
    made: Counter[str] = Counter()
    order = {node: number for number, node in enumerate(steps.nodes)}
    own_place: dict[torch.fx.Node, int] = {}  # of the layer that a step is
    counted: set[int] = set()  # parameters, each of which counts where it is used first
    told: set[torch.fx.Node] = set()  # steps whose costs are counted
    idle = _idle(steps)
    for node in steps.nodes:
        if node in idle:
            continue
        fed_by = tuple(dict.fromkeys(each for source in node.all_input_nodes for each in place.get(source, ())))
        loose[node] = frozenset({node}).union(*(loose[source] for source in node.all_input_nodes))
        if node.op == "output":
            outputs = tuple(sorted(fed_by, key=lambda each: -_work_before(each, layers, sources)))
        elif (node.op == "placeholder" and not node.users) or not gives_tensors(node):
            loose[node] = frozenset()  # an argument that is not used, or a number such as the size of a map
        elif fed_by and (_is_inner_sum(node) or _adds_nothing(node)):
            place[node] = fed_by
            loose[node] -= {node}
        elif fed_by or node.op == "placeholder":  # everything else is a constant or a parameter
            call, total = (made[node.target], calls[node.target]) if node.op == "call_module" else (0, 0)
            made.update([node.target] if node.op == "call_module" else [])
            place[node] = (len(layers),)
            helpers = [each for each in steps.nodes if each in loose[node] and each not in told]
            used = [each for helper in helpers for each in _parameters(helper, steps)]
            new = {id(each): each.numel() for each in used if each.requires_grad and id(each) not in counted}
            counted.update(new)
            told.update(helpers)
            loose[node] = frozenset()
            wired = wiring(node, own_place, steps, order)
            own_place[node] = len(layers)
            layers.append(_layer(node, steps, helpers, call, total, sum(new.values()), fields, own_place[node], wired))
            sources.append(fed_by)
    return Graph(tuple(layers), tuple(sources), outputs, as_trained)


def _idle(steps: Trace) -> set[torch.fx.Node]:
    """Return the steps that only take something apart or into another shape for nobody."""
    idle: set[torch.fx.Node] = set()
    for node in reversed(steps.nodes):
        if does(node, RESHAPINGS) and all(user in idle for user in node.users):
            idle.add(node)
    return idle


def _work_before(position: int, layers: list[Layer], sources: list[tuple[int, ...]]) -> int:
    """Return the multiply-adds of a layer and of all that it depends on."""
    found = {position}
    for each in range(position, -1, -1):
        found.update(sources[each] if each in found else ())
    return sum(layers[each].multiply_adds for each in found)


def _parameters(node: torch.fx.Node, steps: Trace) -> list[nn.Parameter]:
    """Return the parameters that a step uses."""
    if node.op == "get_attr":
        owner, _, attribute = node.target.rpartition(".")
        value = getattr(steps.modules[owner], attribute, None)
        return [value] if isinstance(value, nn.Parameter) else []
    layer = steps.layer(node)
    return [] if layer is None else list(layer.parameters())


def _is_inner_sum(node: torch.fx.Node) -> bool:
    """Whether a sum is only a part of a longer one of the same module, as in a + b + c."""
    terms = [*node.args, *node.kwargs.values()]
    if not does(node, ADDITIONS) or len(node.users) != 1 or len(set(terms) & set(node.all_input_nodes)) != len(terms):
        return False
    (user,) = node.users
    together = user.meta.get("nn_module_stack") == node.meta.get("nn_module_stack")
    return does(user, ADDITIONS) and len(user.all_input_nodes) > 1 and together


def _adds_nothing(node: torch.fx.Node) -> bool:
    """Whether a step adds zero, as Python's sum does first."""
    return does(node, ADDITIONS) and len(node.all_input_nodes) == 1 and 0 in node.args


def _layer(
    node: torch.fx.Node,
    steps: Trace,
    helpers: list[torch.fx.Node],
    call: int,
    calls: int,
    numbers: int,
    fields: dict[str, tuple[int, ...] | None],
    position: int,
    wired: Wiring,
) -> Layer:
    module = steps.layer(node)
    kind = kind_of(node, module)
    stack = list(node.meta.get("nn_module_stack", {}).items())
    name = str(node.target) if module is not None else ("input" if node.op == "placeholder" else node.name)
    own_call = stack[-1][0] if module is not None else None
    scopes = stack[:-1] if module is not None else stack
    label, details = words_of(node, module, kind)
    return Layer(
        name=name,
        call=call,
        calls=calls,
        kind=kind,
        label=label,
        details=details,
        shape=output_shape(node),
        parameters=numbers,
        multiply_adds=sum(map(step_multiply_adds, helpers)),
        settings=settings_of(node, module),
        helpers=tuple(str(each.target) for each in helpers if each is not node and steps.layer(each) is not None),
        is_shared=calls > 1 and any(True for _ in module.parameters()),
        field=fields.get(own_call) if own_call is not None else None,
        scopes=tuple(_scope(call_name, described, steps) for call_name, described in scopes),
        position=position,
        wiring=wired,
    )


def _scope(call: str, described: tuple[str, type], steps: Trace) -> Scope:
    kind = type(steps.modules[call.partition("@")[0]])
    return Scope(call, kind.__name__, kind.__module__.startswith("torch.nn"))
