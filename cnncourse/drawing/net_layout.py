"""Where everything stands in a part of a picture that is not made of columns and branches."""

from collections.abc import Sequence
from itertools import pairwise

from cnncourse.drawing.marks import Piece, curve
from cnncourse.drawing.parts import Net

CELL_GAP, LANE = 22, 2  # between the parts of a net, and the width of a connection that passes beside them


def net_piece(net: Net, pieces: Sequence[Piece]) -> Piece:
    """Lay cells out in rows, each below those that feed it; a connection over several rows gets a lane beside them.

    Args:
        net: the cells, and what feeds them.
        pieces: the cells as they are drawn.

    """
    rows = _rows(net)
    widths = [[pieces[each].width if isinstance(each, int) else LANE for each in row] for row in rows]
    total = max(sum(row) + CELL_GAP * (len(row) - 1) for row in widths)
    tops: dict[object, tuple[float, float]] = {}  # where a connection comes in, and below, where it goes out
    bottoms: dict[object, tuple[float, float]] = {}
    marks: list[str] = []
    y = 0.0
    for row, row_widths in zip(rows, widths, strict=True):
        y += CELL_GAP
        x = (total - sum(row_widths) - CELL_GAP * (len(row) - 1)) / 2
        height = max((pieces[each].height for each in row if isinstance(each, int)), default=0.0)
        for each, width in zip(row, row_widths, strict=True):
            if isinstance(each, int):
                place, own = x + pieces[each].axis, pieces[each].height
                marks.append(pieces[each].at(x, y))
            else:
                place, own = x + width / 2, height
            tops[each], bottoms[each] = (place, y), (place, y + own)
            x += width + CELL_GAP
        y += height
    axis, end = bottoms[len(net.cells) - 1]
    bottoms[-1] = (axis, 0.0)
    lines = {}
    for upper, lower in _segments(net):
        through = [tops[lower], bottoms[lower]] if isinstance(lower, tuple) else [tops[lower]]
        lines[curve([bottoms[upper], *through], arrow=isinstance(lower, int))] = None
    return Piece(total, end, axis, "".join(lines) + "".join(marks))


def _levels(net: Net) -> dict[int, int]:
    level = {-1: -1}
    for number, sources in enumerate(net.sources):
        level[number] = 1 + max((level[source] for source in sources), default=-1)
    return level


def _segments(net: Net) -> list[tuple[object, object]]:
    """Return all connections from row to row; those of one source share a lane, (source, row), until they turn off."""
    level = _levels(net)
    found: dict[tuple[object, object], None] = {}
    for target, sources in enumerate(net.sources):
        for source in sources:
            way = [source, *((source, row) for row in range(level[source] + 1, level[target])), target]
            found.update(dict.fromkeys(pairwise(way)))
    return list(found)


def _rows(net: Net) -> list[list[object]]:
    level = _levels(net)
    rows: list[list[object]] = [[] for _ in range(max(level.values()) + 1)]
    for number in range(len(net.cells)):
        rows[level[number]].append(number)
    above: dict[object, list[object]] = {}
    for upper, lower in _segments(net):
        if isinstance(lower, tuple) and lower not in above:
            rows[lower[1]].append(lower)
        above.setdefault(lower, []).append(upper)
    for upper, lower in pairwise(rows):  # below what feeds it: fewer crossings
        place = {each: number for number, each in enumerate(upper)}
        lower.sort(key=lambda each: _mean([place.get(source, 0) for source in above.get(each, [])]))
    return rows


def _mean(values: list[int]) -> float:
    return sum(values) / len(values) if values else 0.0
