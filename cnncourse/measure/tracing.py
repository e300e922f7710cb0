"""A network as a graph of its layers."""

import inspect
import operator
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.fx
from torch import Tensor, nn

from cnncourse.measure.in_place import note_places, tensors_in, write_in_place_as_results
from cnncourse.measure.shadow import (
    Shapes,
    WrongImagesError,
    evaluation_mode,
    is_layer,
    kind_of_numbers,
    left_as_it_was,
    missing_numbers,
    plain_network,
    run_on_meta,
    shadowed,
    shapes_of_inputs,
    where_it_stopped,
)
from cnncourse.measure.shapes_alone import MultiplyAddCounter
from cnncourse.measure.sized_tracing import SizedTracer


class LayerTracer(torch.fx.Tracer):
    """Traces a network down to its layers."""

    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        """Whether a module is a layer."""
        return is_layer(module)

    def create_proxy(self, kind: str, target: object, *rest: object, **named: object) -> torch.fx.Proxy:
        """Note a step; refuse one after which a tensor that stands in no step holds what a step gave."""
        if target == "__setitem__":
            raise TypeError("it writes into a part of a tensor, which can be traced only if the input's shape is given")
        return super().create_proxy(kind, target, *rest, **named)


@dataclass(frozen=True)
class Trace:
    """The steps of a network.

    Attributes:
        nodes: the steps, in an order in which each comes after those that feed it.
        modules: the network's modules by name.

    """

    nodes: tuple[torch.fx.Node, ...]
    modules: dict[str, nn.Module]

    def layer(self, node: torch.fx.Node) -> nn.Module | None:
        """Return the layer that a step calls, ``None`` for one that calls none."""
        return self.modules[node.target] if node.op == "call_module" else None


def trace(
    model: nn.Module,
    tracer: torch.fx.Tracer,
    input_shape: Shapes | None = None,
    *,
    training: bool = False,
) -> Trace:
    """Trace a network.

    Args:
        model: any network that ``torch.fx`` can trace; it is left as it was.
        tracer: decides how deep the tracing goes.
        input_shape: shape of one image, (channels, height, width), or of each input; if it is given, each step's output
            shape and multiply-adds are worked out too.
        training: whether to trace what the network does in training mode.

    Raises:
        ValueError: if the network cannot be traced, or does not take such images; the message says why and where.

    """
    model = as_network(plain_network(model, input_shape))
    attempts = [lambda: tracer.trace(model, concrete_args=_defaults(model, input_shape))]
    if input_shape is not None:  # a network that decides by the size of its maps, or asks whether they are tensors
        attempts.append(lambda: _sized(model, input_shape))
    failed: Exception | None = None
    with evaluation_mode(model):
        if training:
            model.train()
        for attempt in attempts:
            try:
                graph = _graph(model, attempt, input_shape)
            except WrongImagesError:
                raise
            except Exception as error:
                # The last reason that has a line of the network's own: what comes later gets further.
                failed = error if failed is None or where_it_stopped(error) else failed
                continue
            if input_shape is None or training or _does(graph) == _network_does(model, input_shape):
                return Trace(tuple(graph.nodes), dict(model.named_modules()))
            failed = failed or RuntimeError("it does something else while it is traced")
    if input_shape is not None:
        _refuse_wrong_images(model, input_shape)
    raise ValueError(_why(model, failed)) from failed


def _graph(model: nn.Module, attempt: Callable[[], torch.fx.Graph], input_shape: Shapes | None) -> torch.fx.Graph:
    """Trace a network in one way, with the shapes of its steps if the image's is known."""
    with left_as_it_was(model):
        with shadowed(model), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Was not able to add assertion")  # that nobody gives another default
            graph = attempt()
        for node in graph.nodes:
            if node.op == "get_attr":  # here, since what was made while tracing is taken away again
                node.meta["value"] = operator.attrgetter(node.target)(model)
        if input_shape is not None:
            _note_shapes(model, graph, input_shape)
            write_in_place_as_results(graph)
    return graph


def _sized(model: nn.Module, input_shape: Shapes) -> torch.fx.Graph:
    sized = SizedTracer(shapes_of_inputs(input_shape), kind_of_numbers(model))
    return sized.trace(model, concrete_args=_defaults(model, input_shape))


def _does(graph: torch.fx.Graph) -> tuple[int, list[tuple[int, ...]]]:
    """Return the multiply-adds of a trace, and the shapes of all that comes out."""
    return sum(map(step_multiply_adds, graph.nodes)), next(reversed(graph.nodes)).meta["shapes"]


def _network_does(model: nn.Module, input_shape: Shapes) -> tuple[int, list[tuple[int, ...]]]:
    counter = MultiplyAddCounter()
    output = run_on_meta(model, input_shape, watch=counter)
    return counter.total, [tuple(each.shape) for each in tensors_in(output)]


def as_network(model: nn.Module) -> nn.Module:
    """Return a network that holds a lone layer of torch's, into which tracing would go, or the network itself."""
    is_lone = is_layer(model) and type(model).__module__.startswith("torch.nn.")
    return nn.Sequential(OrderedDict({type(model).__name__.lower(): model})) if is_lone else model


def _defaults(model: nn.Module, input_shape: Shapes | None) -> dict[str, object]:
    """Return the values of the arguments that a network can do without; the trace is what it does with those."""
    given = 1 if input_shape is None else len(shapes_of_inputs(input_shape))
    arguments = list(inspect.signature(model.forward).parameters.values())[given:]
    return {each.name: _whole(each.default) for each in arguments if each.default is not inspect.Parameter.empty}


def _whole(value: object) -> object:
    """Return a value that torch.fx does not take apart, as it does tuples, lists and dictionaries."""
    kind = type(value)
    return type(kind.__name__, (kind,), {})(value) if kind in (tuple, list, dict) else value


def _refuse_wrong_images(model: nn.Module, input_shape: Shapes) -> None:
    """Raise if a network itself refuses images of a shape, in its own words."""
    try:
        run_on_meta(model, input_shape)
    except Exception as own:
        if not missing_numbers(own):
            raise WrongImagesError(model, input_shape, own) from own


def _why(model: nn.Module, error: Exception) -> str:
    """Say which line of the network stopped the tracing, and what to do."""
    place = where_it_stopped(error)
    where = f"\nThe tracing stopped in {place}" if place else ""
    reason = missing_numbers(error) or str(error).partition("\n\nWhile executing")[0]  # a step of the trace
    return (
        f"{type(model).__name__} cannot be traced by torch.fx: {reason}{where}\n"
        "What a network does must not depend on the numbers in its images. Put such a step into a module of its own, "
        "without modules inside, which then counts as one layer; or trace a part of the network."
    )


def _note_shapes(model: nn.Module, graph: torch.fx.Graph, input_shape: Shapes) -> None:
    counter = MultiplyAddCounter()
    try:
        run_on_meta(_ShapeNoter(model, graph, counter), input_shape, watch=counter)
    except (RuntimeError, ValueError, IndexError) as error:
        if missing_numbers(error):
            raise
        try:
            run_on_meta(model, input_shape)
        except (RuntimeError, ValueError, IndexError) as own:
            hint = " Shapes are without the batch, for example (3, 224, 224)." if len(input_shape) > 3 else ""
            raise WrongImagesError(model, input_shape, f"{own}.{hint}") from error
        raise  # the network does take them, and only its trace does not


class _ShapeNoter(nn.Module):
    """Runs a traced network step by step and notes what each step gives and costs."""

    def __init__(self, model: nn.Module, graph: torch.fx.Graph, counter: MultiplyAddCounter) -> None:
        super().__init__()
        self.model, self.graph, self.counter = model, graph, counter

    def forward(self, *images: Tensor) -> Tensor:
        return _Interpreter(self.model, self.graph, self.counter).run(*images)


class _Interpreter(torch.fx.Interpreter):
    def __init__(self, model: nn.Module, graph: torch.fx.Graph, counter: MultiplyAddCounter) -> None:
        # All is kept, so that no memory is used anew and maps that lie in the same place share it.
        super().__init__(model, garbage_collect_values=False, graph=graph)
        self.counter = counter

    def get_attr(self, target: str, args: tuple, kwargs: dict) -> object:
        value = super().get_attr(target, args, kwargs)
        made_while_tracing = isinstance(value, Tensor) and not value.is_meta and value.dim() > 0
        return torch.empty(value.shape, dtype=value.dtype, device="meta") if made_while_tracing else value

    def run_node(self, node: torch.fx.Node) -> object:
        before = self.counter.total
        given = [
            (source, maps, maps._version) for source in node.all_input_nodes for maps in tensors_in(self.env[source])
        ]
        result = super().run_node(node)
        node.meta["multiply_adds"] = self.counter.total - before
        note_places(node, given, result)
        tensors = tensors_in(result)
        node.meta["shapes"] = [tuple(each.shape) for each in tensors]
        return result


def output_shape(node: torch.fx.Node) -> tuple[int, ...]:
    """Return the shape of a traced step's (first) output, without the batch; () for one that gives no tensor."""
    return next(iter(node.meta["shapes"]), ())[1:]


def gives_tensors(node: torch.fx.Node) -> bool:
    """Whether a traced step gives tensors, and not only the size of one or something like it."""
    return bool(node.meta["shapes"])


def step_multiply_adds(node: torch.fx.Node) -> int:
    """Return the multiply-adds of a traced step for one image."""
    return node.meta["multiply_adds"]
