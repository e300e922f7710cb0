"""Which parts of a picture are alike: what is folded into ×N, and which block is built like one above it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from cnncourse.drawing.layers import Layer
from cnncourse.drawing.palette import KINDS
from cnncourse.drawing.parts import Aside, Box, Column, Detail, Frame, Net, Part, Towers, box_of, boxes_of, is_group

LETTERS = "abcdefghijklmnopqrstuvwxyz"  # by which blocks are referred to
LARGE = 4  # boxes in a block from which it is not drawn a second time
# The numbers of channels in what torch's layers say of themselves; a GroupNorm's groups come before them.
_CHANNELS = re.compile(r"(?<=\()\d+, \d+, (?=kernel_size)|(in|out)_features=\d+, |(\d+|\(\d+,\)), (?=eps=)")


def with_known_closed(column: Column, detail: Detail) -> Column:
    """Close blocks whose construction stands above already, and give letters to those that they are like."""
    known: dict[object, _Construction] = {}
    closed = _inside(column, lambda frame: _closed_if_known(frame, detail, known))
    needed = [each.call for each in known.values() if each.is_referred_to]
    letters = {call: _letter(number) for number, call in enumerate(needed)}
    return _inside(closed, lambda frame: _with_letters(frame, letters))


@dataclass
class _Construction:
    """How some blocks of a picture are built.

    Attributes:
        call: the first of them.
        widths: its numbers of channels.
        is_referred_to: whether another block is built like it.

    """

    call: str
    widths: str
    is_referred_to: bool = False


def _inside(column: Column, change: Callable[[Frame], Frame]) -> Column:
    """Return a column with every block changed, those that stay open before those inside them."""

    def changed(part: Part) -> Part:
        match part:
            case Frame():
                part = change(part)
                return part if part.body is None else replace(part, body=_inside(part.body, change))
            case Towers(branches, _):
                return replace(part, branches=tuple((_inside(branch, change), count) for branch, count in branches))
            case Net(cells, _):
                return replace(part, cells=tuple(_inside(cell, change) for cell in cells))
            case Aside(body):
                return Aside(_inside(body, change))
        return part

    return Column(tuple(map(changed, column.items)))


def _closed_if_known(part: Frame, detail: Detail, known: dict[object, _Construction]) -> Frame:
    """Close a block whose construction stands above already, unless it is small or was opened."""
    if part.body is None:
        return part
    one = replace(part, times=1, all_layers=part.all_layers[: len(part.all_layers) // part.times])
    built, widths = construction(one), _widths(part.body)
    first = known.setdefault(built, _Construction(part.calls[0], widths))
    seen = first.call != part.calls[0] and not is_group(part) and _count(part.body) >= LARGE
    if not seen or detail.opened.issuperset(part.calls):
        return part
    first.is_referred_to = True
    return replace(part, like=first.call, widths="" if widths == first.widths else widths, body=None)


def _with_letters(part: Frame, letters: dict[str, str]) -> Frame:
    letter = letters.get(part.calls[0], "") if part.body is not None else ""
    return replace(part, letter=letter, like=letters.get(part.like, ""))


def _letter(number: int) -> str:
    """Return "a" to "z", then "aa", "ab" and so on."""
    rest = LETTERS[number % len(LETTERS)]
    return rest if number < len(LETTERS) else _letter(number // len(LETTERS) - 1) + rest


def _widths(column: Column) -> str:
    """List the numbers of channels of a block's layers, in order, with a line between branches."""
    listed = []
    for part in column.items:
        match part:
            case Box():
                listed.append(_width(part))
            case Towers(branches, _):
                listed.append(" | ".join(words for branch, _ in branches if (words := _widths(branch))))
            case Net(cells, _):
                listed += [_widths(cell) for cell in cells]
            case Aside(body):
                listed.append(_widths(body))
            case Frame(body=None):
                listed += [
                    _width(box_of(layer, named=False))
                    for layer in part.all_layers[: len(part.all_layers) // part.times]
                ]
            case Frame():
                listed.append(_widths(part.body))
    return ", ".join(filter(None, listed))


def _width(box: Box) -> str:
    """Return the number of channels that a convolution or a fully connected layer gives, "" for any other."""
    is_counted = box.kind in (KINDS["convolution"], KINDS["depthwise"], KINDS["linear"])
    return box.label.partition(", ")[2].partition(",")[0].partition(" (")[0] if is_counted else ""


def signature(part: Part | Column) -> object:
    """Return what two parts have in common that are folded into one."""
    return _describe(part, lambda box: tuple(layer.signature for layer in box.all_layers))


def construction(part: Part | Column) -> object:
    """Return what two blocks have in common that are built alike, whatever their numbers of channels."""
    return _describe(part, lambda box: tuple(map(built, box.layers)))


def built(layer: Layer) -> tuple[object, ...]:
    """Return what a layer's figures say of it, but for numbers of channels, which are listed for each block."""
    if layer.kind not in (KINDS["convolution"], KINDS["depthwise"], KINDS["linear"], KINDS["normalisation"]):
        own = None if layer.is_shared else layer.parameters
        return (layer.kind, layer.label, layer.details, layer.settings, own)
    label = re.sub(r", \d+(?!\d| groups)", "", layer.label)
    details = _CHANNELS.sub("", layer.details)
    if "depthwise" in label:
        details = re.sub(r"groups=\d+", "", details)
    return (layer.kind, label, details, layer.settings)


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
            of_closed = tuple(of_box(box_of(layer, named=False)) for layer in part.all_layers) if body is None else ()
            title = re.sub(r" · .*", "", part.title)
            return ("frame", title, part.times, body, of_closed, _wired(part.all_layers))


def _count(column: Column) -> int:
    return sum(1 for _ in boxes_of(column))


def _wired(layers: Iterable[Layer]) -> tuple[object, ...]:
    """Return how some layers hang together, wherever they stand in a network and wherever what they take comes from."""
    ordered = sorted(layers, key=lambda layer: layer.position)
    own = {layer.position: number for number, layer in enumerate(ordered)}
    from_outside: dict[int, int] = {}
    weighted: dict[str, int] = {}  # a layer that is called twice is not like two

    def source(feed: int) -> tuple[str, int]:
        if feed < 0:
            return ("line", feed)
        return ("own", own[feed]) if feed in own else ("outside", from_outside.setdefault(feed, len(from_outside)))

    return tuple(
        (
            weighted.setdefault(layer.name, len(weighted)) if _is_weighted_layer(layer) else None,
            tuple((words, tuple(map(source, feeds))) for words, feeds in layer.wiring),
        )
        for layer in ordered
    )


def _is_weighted_layer(layer: Layer) -> bool:
    return layer.calls > 0 and (layer.parameters > 0 or layer.is_shared)
