"""The parts of a picture, before they have a place: boxes, blocks, branches."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cnncourse.drawing.layers import Layer
from cnncourse.drawing.palette import KINDS, Kind


@dataclass(frozen=True)
class Detail:
    """How much is shown.

    Attributes:
        every_layer: whether each layer has a box of its own and nothing is folded.
        opened: blocks that are shown open though they would not be, by the names of their calls.
        closed: blocks that are shown as one box.

    """

    every_layer: bool = False
    opened: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Box:
    """One or more layers in one box.

    Attributes:
        layers: in order; the later ones are normalisations, activations or the rest of a separable convolution.
        name: the layer's name in the model, or "".
        label: what stands in the box.
        chips: kinds and names of the normalisations and activations that follow the first layer.
        kind: decides the colour.
        times: how many such boxes follow each other.
        all_layers: those of all these boxes.

    """

    layers: tuple[Layer, ...]
    name: str
    label: str
    chips: tuple[tuple[Kind, str], ...]
    kind: Kind
    times: int
    all_layers: tuple[Layer, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what leaves the last layer, without the batch."""
        return self.all_layers[-1].shape


@dataclass(frozen=True)
class Column:
    """Parts one below the other; without any, a shortcut."""

    items: tuple["Part", ...]


@dataclass(frozen=True)
class Towers:
    """Branches side by side.

    Attributes:
        branches: the branches, and how many alike each stands for.
        join: where they meet, ``None`` if that is where the towers around meet too.

    """

    branches: tuple[tuple[Column, int], ...]
    join: Box | None


@dataclass(frozen=True)
class Net:
    """Parts that are not made of columns and towers.

    Attributes:
        cells: each a chain of boxes, in an order in which each comes after those that feed it.
        sources: for each, the positions of those that feed it; -1 is what comes before.

    """

    cells: tuple[Column, ...]
    sources: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Aside:
    """A branch that ends in a result of its own."""

    body: Column


@dataclass(frozen=True)
class Frame:
    """A block of the network.

    Attributes:
        title: its heading.
        calls: as in ``Block``, of all those that are folded.
        body: what is inside; ``None`` if it is closed.
        times: how many such blocks follow each other.
        letter: that of its construction, if a later block is built in the same way; "" otherwise.
        like: the letter of the block above that it is built like, if it is closed for that; "" otherwise.
        widths: its numbers of channels, branch by branch, if they are not those of the block that it is like.
        all_layers: those of all these blocks.

    """

    title: str
    calls: tuple[str, ...]
    body: Column | None
    times: int
    all_layers: tuple[Layer, ...]
    letter: str = ""
    like: str = ""
    widths: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what leaves the last block, without the batch."""
        return self.all_layers[-1].shape


Part = Box | Towers | Net | Aside | Frame


def boxes_of(part: Part | Column) -> Iterator[Box | Frame]:
    """Return everything that is drawn as a box, a closed frame among them."""
    match part:
        case Box():
            yield part
        case Column(items):
            for item in items:
                yield from boxes_of(item)
        case Towers(branches, join):
            for column, _ in branches:
                yield from boxes_of(column)
            if join is not None:
                yield join
        case Net(cells, _):
            for cell in cells:
                yield from boxes_of(cell)
        case Aside(body):
            yield from boxes_of(body)
        case Frame():
            if part.body is None:
                yield part
            else:
                yield from boxes_of(part.body)


def frames_of(part: Part | Column) -> Iterator[Frame]:
    """Return every block that is shown, open or closed, each before those inside it."""
    match part:
        case Column(items):
            for item in items:
                yield from frames_of(item)
        case Towers(branches, _):
            for column, _ in branches:
                yield from frames_of(column)
        case Aside(body):
            yield from frames_of(body)
        case Frame():
            yield part
            if part.body is not None:
                yield from frames_of(part.body)


def is_group(frame: Frame) -> bool:
    """Whether a frame holds nothing but frames."""
    return frame.body is not None and all(isinstance(part, Frame) for part in frame.body.items)


def box_of(layer: Layer, *, named: bool) -> Box:
    """Return a box for a layer.

    Args:
        layer: the layer.
        named: whether its own name is in it, if that says something.

    """
    name = own_name(layer.name) if named and layer.calls == 1 and layer.kind is not KINDS["input"] else ""
    if len(name) > 1 and re.sub(r"[^a-z]", "", name.lower()) in re.sub(r"[^a-z]", "", layer.label.lower()):
        name = name if re.search(r"\d", name) else ""  # "pool" beside "max pool" says nothing, "pool1" does
    label = f"{layer.label} (shared)" if layer.is_shared else layer.label
    return Box((layer,), name, label, (), layer.kind, 1, (layer,))


def own_name(name: str) -> str:
    """Return the last part of a name, if it is short and no mere number."""
    own = name.rpartition(".")[2]
    return "" if own.isdigit() or len(own) > 12 else own
