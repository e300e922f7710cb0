"""A network as a graph of its layers, each with the shape of its output."""

import torch
import torch.fx
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.passes.shape_prop import ShapeProp

from cnncourse.measure.modes import evaluation_mode


class LayerTracer(torch.fx.Tracer):
    """Traces a network down to its layers: modules that have no modules inside."""

    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        """Whether a module is a layer."""
        return not any(module.children())


def trace(model: nn.Module, input_shape: tuple[int, ...], tracer: torch.fx.Tracer) -> torch.fx.GraphModule:
    """Trace a network in evaluation mode and note the shape of every step; nothing is computed.

    Args:
        model: any network that ``torch.fx`` can trace; it is left as it was.
        input_shape: shape of one image: (channels, height, width).
        tracer: decides how deep the tracing goes.

    Raises:
        ValueError: if the network cannot be traced; the message says why.

    """
    with evaluation_mode(model), torch.no_grad():
        try:
            graph = torch.fx.GraphModule(model, tracer.trace(model))
        except (torch.fx.proxy.TraceError, TypeError) as error:
            raise ValueError(f"{type(model).__name__} cannot be traced by torch.fx: {error}") from error
        graph.eval()
        device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
        shapes_only = FakeTensorMode(allow_non_fake_inputs=True)
        with shapes_only:
            image = torch.empty(1, *input_shape, device=device)
        ShapeProp(graph, fake_mode=shapes_only).propagate(image)
    return graph


def output_shape(node: torch.fx.Node) -> tuple[int, ...]:
    """Return the shape of a traced step's output, without the batch."""
    return tuple(node.meta["tensor_meta"].shape[1:])
