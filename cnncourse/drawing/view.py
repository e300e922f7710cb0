"""What of a network's tree is shown: which blocks are open, which layers share a box, what is folded into ×N."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from cnncourse.drawing.layers import Layer
from cnncourse.drawing.palette import KINDS, Kind
from cnncourse.drawing.tree import Block, Leaf, Parallel, Sequence, Side, Tangle, Tree, layers_of

LETTERS = "abcdefghijklmnopqrstuvwxyz"  # by which blocks are referred to
LARGE = 4  # boxes in a block from which it is not drawn a second time


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


def view(tree: Sequence, detail: Detail) -> Column:
    """Choose what is shown of a network.

    Args:
        tree: the whole network, or one block's body.
        detail: how much is shown.

    """
    column = _Viewer(detail).column(tree, top=True, in_branch=False, in_frame=False)
    if detail.every_layer:
        return column
    known: dict[object, _Construction] = {}
    closed = _with_known_closed(column, detail, known)
    return _with_letters(closed, {each.call: each.letter for each in known.values() if each.letter})


@dataclass
class _Construction:
    """How some blocks of a picture are built.

    Attributes:
        call: the first of them.
        widths: its numbers of channels.
        letter: given once another block is built like it.

    """

    call: str
    widths: str
    letter: str = ""


def _with_known_closed(column: Column, detail: Detail, known: dict[object, _Construction]) -> Column:
    """Close blocks of a construction that stands above already, unless they are small or were opened."""
    items: list[Part] = []
    for part in column.items:
        if not isinstance(part, Frame) or part.body is None:
            items.append(part)
            continue
        built, widths = construction(replace(part, times=1)), _widths(part.body)
        first = known.setdefault(built, _Construction(part.calls[0], widths))
        seen = first.call != part.calls[0] and not _is_group(part) and _count(part.body) >= LARGE
        if seen and not detail.opened.issuperset(part.calls):
            first.letter = first.letter or LETTERS[sum(bool(each.letter) for each in known.values()) % len(LETTERS)]
            differing = "" if widths == first.widths else widths
            items.append(replace(part, like=first.letter, widths=differing, body=None))
        else:
            items.append(replace(part, body=_with_known_closed(part.body, detail, known)))
    return Column(tuple(items))


def _with_letters(column: Column, letters: dict[str, str]) -> Column:
    items = [
        replace(part, letter=letters.get(part.calls[0], ""), body=_with_letters(part.body, letters))
        if isinstance(part, Frame) and part.body is not None
        else part
        for part in column.items
    ]
    return Column(tuple(items))


def _widths(column: Column) -> str:
    """List the numbers of channels of a block's convolutions, in order, with a line between branches."""
    listed = []
    for part in column.items:
        if isinstance(part, Box) and part.kind in (KINDS["convolution"], KINDS["depthwise"]):
            listed.append(part.label.partition(", ")[2].partition(",")[0])
        elif isinstance(part, Towers):
            listed.append(" | ".join(words for branch, _ in part.branches if (words := _widths(branch))))
        elif isinstance(part, Frame) and part.body is not None:
            listed.append(_widths(part.body))
    return ", ".join(filter(None, listed))


@dataclass(frozen=True)
class _Viewer:
    detail: Detail

    def column(self, sequence: Sequence, *, top: bool, in_branch: bool, in_frame: bool) -> Column:
        parts: list[Part] = []
        self._add(parts, sequence.items, top=top, in_branch=in_branch, in_frame=in_frame)
        if self.detail.every_layer:
            return Column(tuple(parts))
        return Column(tuple(_folded(_fused(parts))))

    def _add(self, parts: list[Part], items: Iterable[Tree], *, top: bool, in_branch: bool, in_frame: bool) -> None:
        for item in items:
            match item:
                case Leaf(layer):
                    if self.detail.every_layer or layer.kind is not KINDS["reshaping"] or _is_dropout(layer):
                        parts.append(_box(layer, named=top))
                case Parallel(branches, join):
                    parts.append(self._towers(branches, join, top=top, in_frame=in_frame))
                case Tangle(layers, sources, _):
                    parts.append(self._net(layers, sources, top=top))
                case Side(body):
                    parts.append(Aside(self.column(body, top=False, in_branch=False, in_frame=in_frame)))
                case Block():
                    self._add_block(parts, item, top=top, in_branch=in_branch, in_frame=in_frame)
                case Sequence(inner):
                    self._add(parts, inner, top=top, in_branch=in_branch, in_frame=in_frame)

    def _towers(self, branches: tuple[Sequence, ...], join: Layer | None, *, top: bool, in_frame: bool) -> Towers:
        columns = [self.column(branch, top=top, in_branch=True, in_frame=in_frame) for branch in branches]
        counted: list[tuple[Column, int]] = []
        for column in columns:
            alike = [signature(known) for known, _ in counted]
            if not self.detail.every_layer and column.items and signature(column) in alike:
                place = alike.index(signature(column))
                counted[place] = (counted[place][0], counted[place][1] + 1)
            else:
                counted.append((column, 1))
        if join is None:
            return Towers(tuple(counted), None)
        met = _box(join, named=False)
        if met.label == "add" and any(column.items and _is_scaling(column.items[-1]) for column, _ in counted):
            met = replace(met, label=f"scaled {met.label}")
        return Towers(tuple(counted), met)

    def _net(self, layers: tuple[Layer, ...], sources: tuple[tuple[int, ...], ...], *, top: bool) -> Net:
        """Make a net of a tangle; layers that only follow each other share a cell."""
        users = [[number for number, fed_by in enumerate(sources) if source in fed_by] for source in range(len(layers))]
        cell_of: dict[int, int] = {-1: -1}
        chains: list[list[int]] = []
        for number, fed_by in enumerate(sources):
            follows = len(fed_by) == 1 and fed_by[0] >= 0 and len(users[fed_by[0]]) == 1
            if follows and not self.detail.every_layer:
                cell_of[number] = cell_of[fed_by[0]]
                chains[cell_of[number]].append(number)
            else:
                cell_of[number] = len(chains)
                chains.append([number])
        cells = []
        for chain in chains:
            boxes: list[Part] = [_box(layers[number], named=top) for number in chain]
            shown = [box for box in boxes if box.kind is not KINDS["reshaping"]] or boxes[:1]
            cells.append(Column(tuple(boxes if self.detail.every_layer else _folded(_fused(shown)))))
        fed = tuple(tuple(dict.fromkeys(cell_of[source] for source in sources[chain[0]])) for chain in chains)
        return Net(tuple(cells), fed)

    def _add_block(self, parts: list[Part], block: Block, *, top: bool, in_branch: bool, in_frame: bool) -> None:
        own = not block.is_container
        if block.call in self.detail.closed:
            parts.append(_frame(block, None))
            return
        body = self.column(block.body, top=False, in_branch=in_branch, in_frame=in_frame or own)
        branching = any(isinstance(part, Towers | Net) for part in body.items)
        if own:
            framed = not in_branch and (branching or (len(body.items) > 1 and not in_frame))
        else:
            frames = [part for part in body.items if isinstance(part, Frame)]
            framed = len(frames) == len(body.items) > 1 and not any(_is_group(part) for part in frames)
            framed = framed and not any(_plain(block.title) == _plain(part.title) for part in frames)
        if framed:
            parts.append(_frame(block, body))
        elif len(body.items) == 1 and isinstance(body.items[0], Box) and own and top and not block.name.isdigit():
            parts.append(replace(body.items[0], name=_own_name(block.name)))
        else:
            parts += body.items


def _folded(parts: list[Part]) -> Iterator[Part]:
    """Fold parts that follow each other and are alike."""
    groups: list[list[Part]] = []
    for part in parts:
        if groups and _is_alike(part, groups[-1][0]):
            groups[-1].append(part)
        else:
            groups.append([part])
    for group in groups:
        first = group[0]
        if isinstance(first, Box | Frame):
            layers = tuple(layer for part in group for layer in part.all_layers)
            first = replace(first, times=sum(part.times for part in group), all_layers=layers)
            if isinstance(first, Frame):
                first = replace(first, calls=tuple(call for part in group for call in part.calls))
        yield first


def _is_scaling(part: Part) -> bool:
    return isinstance(part, Box) and part.kind is KINDS["scale"]


def _is_alike(part: Part, other: Part) -> bool:
    """Whether two parts can be folded: blocks if they are the same, boxes if they say and give the same."""
    if isinstance(part, Box) and isinstance(other, Box):
        same = (part.label, part.chips, part.kind, part.shape) == (other.label, other.chips, other.kind, other.shape)
        return same and not part.name and not other.name
    return isinstance(part, Frame) and signature(part) == signature(other)


def _is_group(frame: Frame) -> bool:
    """Whether a frame holds nothing but frames."""
    return frame.body is not None and all(isinstance(part, Frame) for part in frame.body.items)


def _plain(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())


def _frame(block: Block, body: Column | None) -> Frame:
    return Frame(block.title, (block.call,), body, 1, tuple(layers_of(block)))


def _box(layer: Layer, *, named: bool) -> Box:
    name = _own_name(layer.name) if named and layer.calls == 1 and layer.kind is not KINDS["input"] else ""
    if name and re.sub(r"[^a-z]", "", name.lower()) in re.sub(r"[^a-z]", "", layer.label.lower()):
        name = name if re.search(r"\d", name) else ""  # "pool" beside "max pool" says nothing, "pool1" does
    label = f"{layer.label} (shared)" if layer.is_shared else layer.label
    return Box((layer,), name, label, (), layer.kind, 1, (layer,))


def _own_name(name: str) -> str:
    own = name.rpartition(".")[2]
    return "" if own.isdigit() or len(own) > 12 else own


def _fused(parts: list[Part]) -> list[Part]:
    """Let normalisation and activation share the box of the layer before, and join separable convolutions."""
    fused: list[Part] = []
    for part in parts:
        last = fused[-1] if fused else None
        if isinstance(part, Box) and isinstance(last, Box) and len(part.layers) == 1 and last.times == 1:
            layer = part.layers[0]
            together = replace(last, layers=last.layers + part.layers, all_layers=last.all_layers + part.all_layers)
            weighted = last.kind in (KINDS["convolution"], KINDS["depthwise"], KINDS["linear"], KINDS["pooling"])
            follows = layer.kind in (KINDS["normalisation"], KINDS["activation"]) or _is_dropout(layer)
            if weighted and follows and layer.label != "local response norm":
                fused[-1] = replace(together, chips=(*last.chips, (layer.kind, layer.label)))
                continue
            if "depthwise" in last.label and not last.chips and layer.label.startswith("1×1 conv"):
                kernel, _, rest = last.label.partition(" depthwise")
                stride, channels = rest.partition(",")[0], layer.label.partition(", ")[2]
                fused[-1] = replace(together, label=f"{kernel} separable conv{stride}, {channels}")
                continue
        if _is_activation(part) and isinstance(last, Towers) and last.join is not None:
            layer = part.layers[0]
            chips = (*last.join.chips, (layer.kind, layer.label))
            layers = last.join.all_layers + part.layers
            fused[-1] = replace(last, join=replace(last.join, chips=chips, layers=layers, all_layers=layers))
            continue
        fused.append(part)
    return fused


def _is_dropout(layer: Layer) -> bool:
    return layer.label.startswith("dropout")


def _is_activation(part: Part) -> bool:
    return (
        isinstance(part, Box) and len(part.layers) == 1 and part.kind in (KINDS["activation"], KINDS["normalisation"])
    )


def signature(part: Part | Column) -> object:
    """Return what two parts have in common that are folded into one."""
    return _describe(part, lambda box: tuple(layer.signature for layer in box.all_layers))


def construction(part: Part | Column) -> object:
    """Return what two blocks have in common that are built alike, whatever their numbers of channels."""
    return _describe(part, lambda box: tuple(re.sub(r", \d+( groups)?", "", layer.label) for layer in box.layers))


def _describe(part: Part | Column, of_box: Callable[[Box], object]) -> object:
    match part:
        case Box():
            return ("box", part.times, of_box(part))
        case Column(items):
            return ("column", *(_describe(item, of_box) for item in items))
        case Towers(branches, join):
            described = tuple((_describe(column, of_box), count) for column, count in branches)
            return ("towers", described, None if join is None else of_box(join))
        case Net(cells, sources):
            return ("net", tuple(_describe(cell, of_box) for cell in cells), sources)
        case Aside(body):
            return ("aside", _describe(body, of_box))
        case Frame():
            body = None if part.body is None else _describe(part.body, of_box)
            of_closed = tuple(of_box(_box(layer, named=False)) for layer in part.all_layers) if body is None else ()
            title = re.sub(r" · .*", "", part.title)
            return ("frame", title, part.times, body, of_closed)


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


def _count(column: Column) -> int:
    return sum(1 for _ in boxes_of(column))


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
