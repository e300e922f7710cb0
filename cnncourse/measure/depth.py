"""How deep a network is, by two ways of counting.

"Depth" in papers is the number of layers with weights on the longest way from image to scores. The article's table, and
Keras' documentation of 2019, count every layer on that way, activation functions and the input included.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.fx
import torch.nn.functional as F
from torch import nn

from cnncourse.measure.shadow import Shapes
from cnncourse.measure.tracing import LayerTracer, Trace, trace

# Steps that change no number, or are not there in evaluation: no layer in anybody's count.
UNCOUNTED_MODULES = (nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d)
WEIGHTED_MODULES = (nn.modules.conv._ConvNd, nn.Linear, nn.Bilinear)
WEIGHTED_FUNCTIONS = (F.linear, F.bilinear, torch.conv1d, torch.conv2d, torch.conv3d, F.conv1d, F.conv2d, F.conv3d)
WEIGHTED_FUNCTIONS += (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
MERGES = (operator.add, operator.iadd, operator.mul, torch.add, torch.mul, torch.cat, torch.concat)


@dataclass(frozen=True)
class Depth:
    """A network's depth.

    Attributes:
        weight_layers: convolutions and linear layers, those inside attention too, on the longest way from image to
            scores.
        longest_path: all layers on the longest such way, the input counted, flattening and dropout not.

    """

    weight_layers: int
    longest_path: int


def depth(model: nn.Module, input_shape: Shapes | None = None) -> Depth:
    """Measure a network's depth.

    A custom layer without modules inside, such as LeNet-5's sub-sampling, counts as one layer; it counts as a weight
    layer if it has a parameter "weight" of two axes or more that does not merely scale each channel. Convolutions and
    linear layers that are called as functions count, normalisations and activations with weights do not.

    Args:
        model: any network that ``torch.fx`` can trace.
        input_shape: needed by lazy layers, and by a network that decides by the size of its maps.

    Raises:
        ValueError: if it cannot be traced.

    """
    steps = trace(model, LayerTracer(), input_shape)
    return Depth(
        weight_layers=len(_longest(steps, _weight_layers)),
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


def _longest(steps: Trace, counted: Callable[[torch.fx.Node, nn.Module | None], int]) -> list[torch.fx.Node]:
    """Return the counted steps on the way that has most of them, each as often as it counts."""
    lengths: dict[torch.fx.Node, int] = {}
    for node in steps.nodes:
        before = max((lengths[source] for source in node.all_input_nodes), default=0)
        lengths[node] = before + counted(node, steps.layer(node))
    way = []
    node = max(lengths, key=lengths.__getitem__)
    while node is not None:
        way += [node] * counted(node, steps.layer(node))
        node = max(node.all_input_nodes, key=lengths.__getitem__, default=None)
    return way[::-1]


def _weight_layers(node: torch.fx.Node, layer: nn.Module | None) -> int:
    """Return how many convolutions and linear layers, one behind the other, a step is."""
    if layer is None:
        return int(node.op == "call_function" and node.target in WEIGHTED_FUNCTIONS)
    if isinstance(layer, nn.MultiheadAttention):
        return 2  # into queries, keys and values, and out of the heads
    if isinstance(layer, nn.RNNBase):
        return layer.num_layers
    if isinstance(layer, WEIGHTED_MODULES):
        return 1
    if type(layer).__module__.startswith("torch.nn.modules"):
        # One that holds others, as in transformers, runs them one behind the other; any other's weight only scales.
        return sum(_weight_layers(node, child) for child in layer.children())
    # Asked for by name: a parametrised weight is made anew by each look at it, and may count its looks.
    weights = {**layer._parameters, **getattr(layer, "parametrizations", {})}
    weight = layer._parameters.get("weight")
    is_scale = weight is not None and (weight.dim() < 2 or (weight.dim() > 2 and weight.squeeze().dim() < 2))
    return int("weight" in weights and not is_scale)


def _is_layer(node: torch.fx.Node, layer: nn.Module | None) -> bool:
    if layer is not None:
        return not isinstance(layer, UNCOUNTED_MODULES)
    is_merge = node.op == "call_function" and node.target in MERGES and len(node.all_input_nodes) > 1
    return is_merge or node.op == "placeholder"
