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

from cnncourse.measure.tracing import LayerTracer, Trace, trace

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
    steps = trace(model, LayerTracer())
    return Depth(
        weight_layers=len(_longest(steps, _has_weight)),
        longest_path=len(_longest(steps, _is_layer)),
    )


def longest_path(model: nn.Module) -> tuple[nn.Module | str, ...]:
    """Return the layers on the longest way from image to scores, as many as ``depth(model).longest_path``.

    Args:
        model: any network that ``torch.fx`` can trace.

    Returns:
        Each layer's module; for the input, a sum, a product or a concatenation, its name.

    """
    steps = trace(model, LayerTracer())
    return tuple(steps.layer(node) or node.name for node in _longest(steps, _is_layer))


def _longest(steps: Trace, counts: Callable[[torch.fx.Node, nn.Module | None], bool]) -> list[torch.fx.Node]:
    """Return the counted steps on the way that has most of them."""
    lengths: dict[torch.fx.Node, int] = {}
    for node in steps.nodes:
        before = max((lengths[source] for source in node.all_input_nodes), default=0)
        lengths[node] = before + bool(counts(node, steps.layer(node)))
    way = []
    node = max(lengths, key=lengths.__getitem__)
    while node is not None:
        if counts(node, steps.layer(node)):
            way.append(node)
        node = max(node.all_input_nodes, key=lengths.__getitem__, default=None)
    return way[::-1]


def _has_weight(_node: torch.fx.Node, layer: nn.Module | None) -> bool:
    return getattr(layer, "weight", None) is not None and not isinstance(layer, nn.modules.batchnorm._BatchNorm)


def _is_layer(node: torch.fx.Node, layer: nn.Module | None) -> bool:
    if layer is not None:
        return not isinstance(layer, UNCOUNTED_MODULES)
    is_merge = node.op == "call_function" and node.target in MERGES and len(node.all_input_nodes) > 1
    return is_merge or node.op == "placeholder"
