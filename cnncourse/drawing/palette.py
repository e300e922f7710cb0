"""One colour a kind of layer: the Okabe–Ito set, lightened, which colour-blind readers can tell apart."""

from dataclasses import dataclass

import torch.fx
from torch import nn

PAPER = "#ffffff"  # pictures bring their own background, so that they read the same on a dark theme
INK = "#222222"
POSITIVE, NEGATIVE = "#000000", "#d55e00"  # numbers above and below zero, wherever they are shown as shades


@dataclass(frozen=True)
class Kind:
    """A kind of layer.

    Attributes:
        name: as the legend prints it.
        fill: colour of its boxes.

    """

    name: str
    fill: str


KINDS = {
    "input": Kind("input", "#eeeeee"),
    "convolution": Kind("convolution", "#a6d3f2"),
    "pooling": Kind("sub-sampling", "#f7c98b"),
    "linear": Kind("fully connected", "#9ddcc4"),
    "output": Kind("output codes", "#e8bcd5"),
    "normalisation": Kind("normalisation", "#f5ee9e"),
    "activation": Kind("activation", "#f0b59a"),
    "merge": Kind("merge", "#c9c3e6"),
    "other": Kind("other layer", "#d5d5d5"),
}

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
)
_MERGES = ("add", "cat", "mul", "iadd", "concat")


def kind_of(node: torch.fx.Node, module: nn.Module | None) -> Kind | None:
    """Return the kind of a traced step, or ``None`` for one that is not worth a box, such as a change of shape.

    Args:
        node: a node of a ``torch.fx`` graph.
        module: the layer that the node calls, if it calls one.

    """
    if node.op == "placeholder":
        return KINDS["input"]
    if module is not None:
        words = type(module).__name__.lower()
        return KINDS[next((kind for word, kind in _KIND_BY_WORD if word in words), "other")]
    operation = getattr(node.target, "__name__", str(node.target))
    if operation in _MERGES and len(node.all_input_nodes) > 1:
        return KINDS["merge"]
    return next((KINDS[kind] for word, kind in _KIND_BY_WORD if word in operation), None)
