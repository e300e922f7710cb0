"""How deep a network is, by two ways of counting.

"Depth" in papers is the number of layers with weights on the longest way from image to scores. The article's table, and
Keras' documentation of 2019, count every layer on that way, activation functions and the input included.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.fx
from torch import nn

from cnncourse.measure.tracing import LayerTracer, trace

# Steps that change no number, or are not there in evaluation: no layer in anybody's count.
UNCOUNTED_MODULES = (nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d)
MERGES = (operator.add, operator.iadd, operator.mul, torch.add, torch.mul, torch.cat, torch.concat)


@dataclass(frozen=True)
class Depth:
    """A network's depth.

    Attributes:
        weight_layers: convolutions and linear layers on the longest way from image to scores.
        longest_path: all layers on the longest such way, the input counted, flattening and dropout not.

    """

    weight_layers: int
    longest_path: int


def depth(model: nn.Module, _input_shape: tuple[int, ...] | None = None) -> Depth:
    """Measure a network's depth.

    A custom layer without modules inside, such as LeNet-5's sub-sampling, counts as one layer; it counts as a weight
    layer if it has a weight of its own.

    Args:
        model: any network that ``torch.fx`` can trace.
        _input_shape: depth does not depend on it; taken so that all measures are called alike.

    Raises:
        ValueError: if it cannot be traced.

    """
    graph = trace(model, LayerTracer())
    modules = dict(graph.named_modules())
    return Depth(
        weight_layers=_longest(graph, lambda node: _has_weight(node, modules)),
        longest_path=_longest(graph, lambda node: _is_layer(node, modules)),
    )


def _longest(graph: torch.fx.GraphModule, counts: Callable[[torch.fx.Node], bool]) -> int:
    lengths: dict[torch.fx.Node, int] = {}
    for node in graph.graph.nodes:
        before = max((lengths[source] for source in node.all_input_nodes), default=0)
        lengths[node] = before + bool(counts(node))
    return max(lengths.values())


def _has_weight(node: torch.fx.Node, modules: dict[str, nn.Module]) -> bool:
    if node.op != "call_module":
        return False
    module = modules[node.target]
    return getattr(module, "weight", None) is not None and not isinstance(module, nn.modules.batchnorm._BatchNorm)


def _is_layer(node: torch.fx.Node, modules: dict[str, nn.Module]) -> bool:
    if node.op == "placeholder":
        return True
    if node.op == "call_module":
        return not isinstance(modules[node.target], UNCOUNTED_MODULES)
    return node.op == "call_function" and node.target in MERGES and len(node.all_input_nodes) > 1
