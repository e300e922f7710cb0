"""What of a network's tree is shown: which blocks are open, which layers share a box, what is folded into ×N."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from cnncourse.drawing.alike import built, signature, with_known_closed
from cnncourse.drawing.layers import Layer
from cnncourse.drawing.palette import KINDS
from cnncourse.drawing.parts import Aside, Box, Column, Detail, Frame, Net, Part, Towers, box_of, is_group, own_name
from cnncourse.drawing.tree import Block, Leaf, Parallel, Sequence, Side, Tangle, Tree, layers_of


def view(tree: Sequence, detail: Detail) -> Column:
    """Choose what is shown of a network.

    Args:
        tree: the whole network, or one block's body.
        detail: how much is shown.

    """
    column = _Viewer(detail).column(tree, top=True, in_branch=False, in_frame=False)
    return column if detail.every_layer else with_known_closed(column, detail)


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
                        parts.append(box_of(layer, named=top))
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
        folds = not self.detail.every_layer and (join is None or " − " not in join.label)  # a difference has two sides
        counted: list[tuple[Column, int]] = []
        for column in columns:
            alike = [signature(known) for known, _ in counted]
            if folds and column.items and signature(column) in alike:
                place = alike.index(signature(column))
                counted[place] = (counted[place][0], counted[place][1] + 1)
            else:
                counted.append((column, 1))
        if join is None:
            return Towers(tuple(counted), None)
        met = box_of(join, named=False)
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
            boxes: list[Part] = [box_of(layers[number], named=top) for number in chain]
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
            framed = (branching and not (in_branch and in_frame)) or (len(body.items) > 1 and not in_frame)
        else:
            frames = [part for part in body.items if isinstance(part, Frame)]
            framed = len(frames) == len(body.items) > 1 and not any(is_group(part) for part in frames)
            framed = framed and not any(_plain(block.title) == _plain(part.title) for part in frames)
        if framed:
            parts.append(_frame(block, body))
        elif len(body.items) == 1 and isinstance(body.items[0], Box) and own and top and not block.name.isdigit():
            parts.append(replace(body.items[0], name=own_name(block.name)))
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
        same = (part.label, part.chips, part.shape) == (other.label, other.chips, other.shape)
        same = same and list(map(built, part.layers)) == list(map(built, other.layers))
        return same and not part.name and not other.name
    return isinstance(part, Frame) and signature(part) == signature(other)


def _plain(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())


def _frame(block: Block, body: Column | None) -> Frame:
    return Frame(block.title, (block.call,), body, 1, tuple(layers_of(block)))


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
            if _is_plain_depthwise(last) and re.fullmatch(r"1×1 conv, \d+", layer.label):
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


def _is_plain_depthwise(box: Box) -> bool:
    """Whether a box holds a depthwise convolution and nothing else, with one kernel a channel and no dilation."""
    channels = re.match(r"\w+\((\d+), (\d+), ", box.layers[0].details)
    says_all = re.fullmatch(r"\S+ depthwise( /\S+)?, \d+", box.label) and not box.chips
    return bool(says_all and channels and channels[1] == channels[2])


def _is_dropout(layer: Layer) -> bool:
    return layer.label.startswith("dropout")


def _is_activation(part: Part) -> bool:
    return (
        isinstance(part, Box) and len(part.layers) == 1 and part.kind in (KINDS["activation"], KINDS["normalisation"])
    )
