"""A network as a graph of its layers."""

from dataclasses import dataclass

import torch
import torch.fx
from torch import Tensor, nn

from cnncourse.measure.shadow import evaluation_mode, run_on_meta


class LayerTracer(torch.fx.Tracer):
    """Traces a network down to its layers: modules that have no modules inside."""

    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        """Whether a module is a layer."""
        return not any(module.children())


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


def trace(model: nn.Module, tracer: torch.fx.Tracer, input_shape: tuple[int, ...] | None = None) -> Trace:
    """Trace a network in evaluation mode.

    Args:
        model: any network that ``torch.fx`` can trace; it is left as it was.
        tracer: decides how deep the tracing goes.
        input_shape: shape of one image, (channels, height, width); if it is given, ``output_shape`` knows each step's.

    Raises:
        ValueError: if the network cannot be traced; the message says why.

    """
    held = set(vars(model))
    with evaluation_mode(model):
        try:
            graph = tracer.trace(model)
            if input_shape is not None:
                run_on_meta(_ShapeNoter(model, graph), input_shape)
        except (torch.fx.proxy.TraceError, TypeError) as error:
            raise ValueError(f"{type(model).__name__} cannot be traced by torch.fx: {error}") from error
        finally:
            for constant in set(vars(model)) - held:  # torch.fx keeps the constants that it met in the model
                delattr(model, constant)
    return Trace(tuple(graph.nodes), dict(model.named_modules()))


class _ShapeNoter(nn.Module):
    """Runs a traced network step by step and notes each shape."""

    def __init__(self, model: nn.Module, graph: torch.fx.Graph) -> None:
        super().__init__()
        self.model, self.graph = model, graph

    def forward(self, images: Tensor) -> Tensor:
        return _Interpreter(self.model, graph=self.graph).run(images)


class _Interpreter(torch.fx.Interpreter):
    def run_node(self, node: torch.fx.Node) -> object:
        result = super().run_node(node)
        if isinstance(result, Tensor):
            node.meta["shape"] = tuple(result.shape)
        return result


def output_shape(node: torch.fx.Node) -> tuple[int, ...]:
    """Return the shape of a traced step's output, without the batch."""
    return node.meta["shape"][1:]
