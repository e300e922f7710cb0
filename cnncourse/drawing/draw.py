"""Draw a network from its own code.

Nothing is drawn by hand: a network is traced into layers (``layers``), taken apart into sequences and branches
(``tree``), shown at some level of detail (``view``) and laid out (``layout``).
"""

from dataclasses import dataclass, replace
from functools import cached_property

from torch import nn

from cnncourse.drawing.layers import Graph, Layer, network_graph
from cnncourse.drawing.marks import Style
from cnncourse.drawing.parts import Column, Detail
from cnncourse.drawing.picture import picture
from cnncourse.drawing.saving import SvgPicture
from cnncourse.drawing.tree import Block, Leaf, Sequence, blocks_of, layers_of, network_tree
from cnncourse.drawing.view import view
from cnncourse.drawing.words import in_words, lines_of, tooltip
from cnncourse.measure.shadow import Shapes, plain_network

DETAILS = ("blocks", "layers")
AS_TRAINED = "Drawn as it trains: side branches are not there in evaluation."


@dataclass(frozen=True, repr=False)
class Drawing(SvgPicture):
    """A network's picture; shows itself in a notebook.

    Attributes:
        title: its heading.
        tree: the network, taken apart.
        detail: how much of it is shown.
        as_trained: whether layers are shown that are called in training mode only.

    """

    title: str
    tree: Sequence
    detail: Detail
    as_trained: bool = False

    @cached_property
    def column(self) -> Column:
        """What is shown, from top to bottom."""
        return view(self.tree, self.detail)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer, as often as it is called, in the order of the tree."""
        return tuple(layers_of(self.tree))

    @property
    def alternative_text(self) -> str:
        """The picture in a sentence or two, for readers who do not see it."""
        return in_words(self.title, self.layers, self.column)

    @property
    def svg(self) -> str:
        """The picture as SVG; the same network always gives the same bytes."""
        return self.svg_in(Style(tooltip=tooltip))

    def svg_in(self, style: Style) -> str:
        """Return the picture in a style of one's own."""
        note = AS_TRAINED if self.as_trained else ""
        return picture(self.title, self.alternative_text, self.column, style, note)

    def text(self) -> str:
        """Return the whole network as text, a line a layer, branches and blocks indented."""
        return "\n".join(lines_of(self.tree))


def draw(
    model: nn.Module,
    input_shape: Shapes,
    title: str | None = None,
    *,
    detail: str = "blocks",
    block: str | None = None,
) -> Drawing:
    """Draw a network, or one of its blocks, from its own code.

    Args:
        model: any network that ``torch.fx`` can trace; it is left as it was, and no number is computed.
        input_shape: shape of one image, (channels, height, width), or a sequence of shapes, one for each input.
        title: heading of the picture; the model's class, or the block's name, if left out.
        detail: "blocks" folds what repeats and lets activations share a box; "layers" shows each layer by itself.
        block: name of a module inside the model, for example "inception.3a", to draw that one alone, layer by layer.

    Raises:
        ValueError: if the model cannot be traced, does not take such images, or there is no such detail; the message
            says why, and which line of the model stopped the tracing.
        LookupError: if there is no such block.

    """
    if detail not in DETAILS:
        raise ValueError(f"detail is one of {', '.join(map(repr, DETAILS))}, not {detail!r}")
    if isinstance(model, nn.Module):
        model = plain_network(model, input_shape)
    graph = network_graph(model, input_shape)
    tree = network_tree(graph)
    if block is not None:
        found = next((each for each in blocks_of(tree) if each.name == block), None)
        if found is None and block in dict(model.named_modules()):
            return _drawn_alone(model, graph, block, title)
        if found is None:
            known = ", ".join(dict.fromkeys(each.name for each in blocks_of(tree)))
            raise LookupError(f"{type(model).__name__} has no block {block!r} to draw; it has {known or 'none'}")
        body = Sequence((Leaf(_what_enters(found, graph)), *found.body.items))
        return Drawing(str(title or found.title), body, Detail(every_layer=True))
    detail_of_all = Detail(every_layer=detail == "layers")
    return Drawing(str(title or type(model).__name__), tree, detail_of_all, graph.as_trained)


def _drawn_alone(model: nn.Module, graph: Graph, block: str, title: str | None) -> Drawing:
    """Draw a module that is no block of the picture, such as one with connections across its border."""
    for layer, sources in zip(graph.layers, graph.sources, strict=True):
        names = (layer.name, *(scope.call.partition("@")[0] for scope in layer.scopes))
        if block in names:
            return draw(model.get_submodule(block), graph.layers[sources[0]].shape, title, detail="layers")
    raise LookupError(f"{type(model).__name__} does not call {block!r}")


def _what_enters(block: Block, graph: Graph) -> Layer:
    """Return a stand-in for the layer that feeds a block."""
    first = graph.layers.index(next(layers_of(block)))
    before = graph.layers[graph.sources[first][0]]
    return replace(graph.layers[0], name="input", label="input", details=f"from {before.name}", shape=before.shape)
