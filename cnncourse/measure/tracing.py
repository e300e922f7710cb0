"""A network as a graph of its layers."""

import torch
import torch.fx
from torch import Tensor, nn
from torch.fx.passes.shape_prop import ShapeProp

from cnncourse.measure.shadow import evaluation_mode, run_on_meta


class LayerTracer(torch.fx.Tracer):
    """Traces a network down to its layers: modules that have no modules inside."""

    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        """Whether a module is a layer."""
        return not any(module.children())


def trace(model: nn.Module, tracer: torch.fx.Tracer) -> torch.fx.GraphModule:
    """Trace a network in evaluation mode.

    Args:
        model: any network that ``torch.fx`` can trace; it is left as it was.
        tracer: decides how deep the tracing goes.

    Raises:
        ValueError: if the network cannot be traced; the message says why.

    """
    with evaluation_mode(model):
        try:
            return torch.fx.GraphModule(model, tracer.trace(model)).eval()
        except (torch.fx.proxy.TraceError, TypeError) as error:
            raise ValueError(f"{type(model).__name__} cannot be traced by torch.fx: {error}") from error


def note_shapes(graph: torch.fx.GraphModule, input_shape: tuple[int, ...]) -> None:
    """Note at every step of a traced network the shape of its output; nothing is computed.

    Args:
        graph: the traced network.
        input_shape: shape of one image: (channels, height, width).

    """
    run_on_meta(_ShapeNoter(graph), input_shape)


class _ShapeNoter(nn.Module):
    """Runs a traced network step by step and notes each shape."""

    def __init__(self, graph: torch.fx.GraphModule) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, images: Tensor) -> Tensor:
        return ShapeProp(self.graph).propagate(images)


def output_shape(node: torch.fx.Node) -> tuple[int, ...]:
    """Return the shape of a traced step's output, without the batch."""
    return tuple(node.meta["tensor_meta"].shape[1:])
