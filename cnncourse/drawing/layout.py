"""Where everything stands in a picture, put together from the inside out."""

from dataclasses import dataclass

from cnncourse.display import svg_text, text_width
from cnncourse.drawing.marks import CHIP, Piece, Style, chip, chip_letter, group, line, rectangle, shifted, times
from cnncourse.drawing.net_layout import net_piece
from cnncourse.drawing.palette import FAINT_INK, FRAME_EDGE, FRAME_FILL, KINDS, PAPER
from cnncourse.drawing.parts import Aside, Box, Column, Frame, Net, Part, Towers

BOX_HEIGHT, MIN_BOX_WIDTH = 20, 56
THIN_HEIGHT = 16  # of a box that only scales
SIGNS = {"add": "+", "multiply": "×"}
GAP, LABELLED_GAP = 8, 16  # between parts of a column, without and with a shape beside the line
BRANCH_GAP = 10
FORK, JOIN = 12, 17  # room for the lines above and below branches
BAR_HEIGHT, PILL_HEIGHT = 17, 18
PADDING, TITLE_HEIGHT = 7, 20
FORK_LINE = 4  # where the line is that branches leave from
SHEET = 4  # how far the sheet behind a repeated box or block looks out


def column_piece(
    column: Column, style: Style, *, shapes: bool, last_shape: bool = True, nested: bool = False, ends: bool = False
) -> Piece:
    """Lay parts out one below the other.

    Args:
        column: the parts; at least one.
        style: how they look.
        shapes: whether the shape of what passes is written beside the line wherever it changes, and at the end.
        last_shape: whether that of what leaves the column is written too.
        nested: whether the column is inside a frame: frames in it then say nothing of shapes.
        ends: whether nothing leaves the column.

    """
    pieces: list[tuple[Piece, str]] = []  # each with the shape of what leaves it, where that is to be written
    asides: list[tuple[int, Piece]] = []
    before: tuple[int, ...] | None = None
    shown = [part for part in column.items if not isinstance(part, Aside)]
    for part in column.items:
        if isinstance(part, Aside):
            asides.append((len(pieces), column_piece(part.body, style, shapes=False, ends=True)))
            continue
        shape = _shape_after(part)
        wanted = shapes and (last_shape or part is not shown[-1])
        news = shape != before or part is shown[-1]
        label = times(shape) if wanted and news and shape is not None else ""
        before = shape if shape is not None else before
        leaves = not ends or part is not shown[-1]
        pieces.append((_part_piece(part, style, shapes=shapes and not nested, leaves=leaves), label))
    label_room = max((6 + text_width(label, 10) for _, label in pieces), default=0)
    axis = max((piece.axis for piece, _ in pieces), default=0)
    right = max([piece.width - piece.axis for piece, _ in pieces] + [label_room])
    marks: list[str] = []
    y = 0.0
    aside_bottom = 0.0
    left_of_asides = axis + right + 2 * BRANCH_GAP
    widest_aside = 0.0

    def add_asides(number: int) -> None:
        nonlocal aside_bottom, widest_aside
        for _, aside in (each for each in asides if each[0] == number):
            split, top = y - GAP + 1, max(y - 2, aside_bottom)
            rail, end = left_of_asides - BRANCH_GAP, left_of_asides + aside.axis
            turns = [(rail, split), (rail, top - GAP)] if top - GAP > split else []
            marks.append(line([(axis, split), *turns, (end, turns[-1][1] if turns else split), (end, top)], arrow=True))
            marks.append(aside.at(left_of_asides, top))
            aside_bottom = top + aside.height + 2 * GAP
            widest_aside = max(widest_aside, aside.width)

    for number, (piece, label) in enumerate(pieces):
        add_asides(number)
        marks.append(piece.at(axis - piece.axis, y))
        y += piece.height
        last = number == len(pieces) - 1
        gap = LABELLED_GAP if label else GAP
        gap += GAP if any(each[0] == number + 1 for each in asides) else 0
        leaves = label or not last or any(each[0] == len(pieces) for each in asides)
        if leaves:
            behind = SHEET if isinstance(shown[number], Box | Frame) and shown[number].times > 1 else 0
            arrow = bool(label) if last else _is_solid(shown[number + 1])
            marks.append(line([(axis, y - behind), (axis, y + gap)], arrow=arrow))
        if label:
            marks.append(svg_text(axis + 6, y + 12, label, size=10, colour=FAINT_INK))
        y += gap if leaves else 0
    add_asides(len(pieces))
    if aside_bottom > y and not ends:
        marks.append(line([(axis, y), (axis, aside_bottom)]))
    width = left_of_asides + widest_aside if asides else axis + right
    return Piece(width, max(y, aside_bottom), axis, "".join(marks))


def _part_piece(part: Part, style: Style, *, shapes: bool, leaves: bool) -> Piece:
    match part:
        case Box():
            return _box_piece(part, style)
        case Frame(body=None):
            return _closed_frame(part, style)
        case Frame():
            return _open_frame(part, style, shapes=shapes, leaves=leaves)
        case Towers():
            return _towers_piece(part, style)
        case Net():
            return net_piece(part, [column_piece(cell, style, shapes=False) for cell in part.cells])
        case Aside(body):
            return column_piece(body, style, shapes=False)


def _is_solid(part: Part) -> bool:
    """Whether an arrow can end at a part, and not only at something inside it."""
    return isinstance(part, Box) or (isinstance(part, Frame) and part.body is None)


def _shape_after(part: Part) -> tuple[int, ...] | None:
    match part:
        case Box() | Frame():
            return part.shape or None
        case Towers(_, join):
            return None if join is None else join.shape
        case Net(cells, _):
            return _shape_after(cells[-1].items[-1])
        case _:
            return None


def _box_piece(box: Box, style: Style) -> Piece:
    tall = THIN_HEIGHT if box.kind is KINDS["scale"] else BOX_HEIGHT
    name_width = text_width(box.name, 11, bold=True) + 7 if box.name else 0
    count = f"×{box.times}" if box.times > 1 else ""
    count_width = text_width(count, 11, bold=True) + 9 if count else 0
    label_width = text_width(box.label, 11)
    content = name_width + label_width + (CHIP + 2) * len(box.chips) + (3 if box.chips else 0)
    least = MIN_BOX_WIDTH if tall == BOX_HEIGHT else 0
    width = max(least, content + 11) + count_width
    sheet = SHEET if box.times > 1 else 0
    baseline = tall / 2 + 4
    marks = [rectangle(sheet, sheet, width, tall, style.fill(box), radius=5)] if sheet else []
    marks.append(rectangle(0, 0, width, tall, style.fill(box), radius=5, new=style.is_new(box)))
    x = (width - count_width - content) / 2
    if box.name:
        marks.append(svg_text(x, baseline, box.name, size=11, bold=True))
        x += name_width
    if box.name or box.chips:
        marks.append(svg_text(x, baseline, box.label, size=11))
    else:
        marks.append(svg_text(x + label_width / 2, baseline, box.label, size=11, anchor="middle"))
    x += label_width + 3
    for kind, name in box.chips:
        marks.append(
            chip(x + 1, (tall - CHIP) / 2 + 0.5, kind.fill, chip_letter(name), new=style.is_new_chip(box, name))
        )
        x += CHIP + 2
    if count:
        marks.append(svg_text(width - 6, baseline, count, size=11, anchor="end", bold=True))
    return Piece(width + sheet, tall + sheet, width / 2, group(box, style, "".join(marks)))


def _open_frame(frame: Frame, style: Style, *, shapes: bool, leaves: bool) -> Piece:
    straight = len(frame.body.items) > 2 and not all(isinstance(part, Frame) for part in frame.body.items)
    body = column_piece(frame.body, style, shapes=shapes and straight, last_shape=False, nested=True)
    count = f"×{frame.times}" if frame.times > 1 else ""
    letter_width = CHIP + 5 if frame.letter else 0
    title_width = text_width(frame.title, 12, bold=True) + 12 + letter_width
    left = max(body.axis + PADDING, title_width + 8)
    right = max(body.width - body.axis + PADDING, (text_width(count, 13, bold=True) + 18) if count else 0)
    if left > body.axis + PADDING:
        right = max(right, left)  # a heading wider than what is below it: keep that in the middle
    width, height = left + right, TITLE_HEIGHT + body.height + PADDING
    sheet = SHEET if frame.times > 1 else 0
    marks = [rectangle(sheet, sheet, width, height, FRAME_FILL, radius=9, edge=FRAME_EDGE)] if sheet else []
    marks.append(rectangle(0, 0, width, height, FRAME_FILL, radius=9, edge=FRAME_EDGE, new=style.is_new(frame)))
    if frame.letter:
        marks.append(chip(8, 5, PAPER, frame.letter))
    marks.append(svg_text(9 + letter_width, 15, frame.title, bold=True))
    if count:
        marks.append(svg_text(width - 9, 16, count, size=13, anchor="end", bold=True))
    heading = group(frame, style, "".join(marks), is_open=True)
    lines = line([(left, 0), (left, TITLE_HEIGHT)], arrow=_is_solid(frame.body.items[0]))
    lines += line([(left, height - PADDING), (left, height)]) if leaves else ""
    svg = heading + lines + body.at(left - body.axis, TITLE_HEIGHT)
    return Piece(width + sheet, height + sheet, left, svg)


def _closed_frame(frame: Frame, style: Style) -> Piece:
    hint = f"like {frame.like}" + (f": {frame.widths}" if frame.widths else "") if frame.like else "…"
    count = f"×{frame.times}" if frame.times > 1 else ""
    title_width = text_width(frame.title, 12, bold=True)
    hint_width = text_width(hint, 10.5)
    count_width = text_width(count, 12, bold=True) + 10 if count else 0
    width = title_width + hint_width + count_width + 24
    height = BOX_HEIGHT + 3
    sheet = SHEET if frame.times > 1 else 0
    fill = style.fill(frame)
    marks = [rectangle(sheet, sheet, width, height, fill, radius=9, edge=FRAME_EDGE)] if sheet else []
    marks.append(rectangle(0, 0, width, height, fill, radius=9, edge=FRAME_EDGE, new=style.is_new(frame)))
    marks.append(svg_text(11, 16.5, frame.title, bold=True))
    marks.append(svg_text(15 + title_width, 16.5, hint, size=10.5, colour=FAINT_INK))
    if count:
        marks.append(svg_text(width - 10, 16.5, count, anchor="end", bold=True))
    return Piece(width + sheet, height + sheet, width / 2, group(frame, style, "".join(marks), is_open=False))


@dataclass(frozen=True)
class _Row:
    """Branches side by side, without what joins them.

    Attributes:
        svg: the branches.
        axis: where the connection from above comes in.
        places: where each branch's own connection is; shortcuts come last.
        arrows: for each, whether an arrow can end at its top.
        bottoms: for each, where it ends; 0 for a shortcut, which is a line and nothing else.
        width: of all.
        bottom: of the tallest.

    """

    svg: str
    axis: float
    places: tuple[float, ...]
    arrows: tuple[bool, ...]
    bottoms: tuple[float, ...]
    width: float
    bottom: float


def _row_of(towers: Towers, style: Style, *, adds: bool) -> _Row:
    filled = [(column, count) for column, count in towers.branches if column.items]
    pieces = [column_piece(column, style, shapes=False) for column, _ in filled]
    shortcuts = len(towers.branches) - len(filled)
    marks, places, x = [], [], 0.0
    for piece, (_, count) in zip(pieces, filled, strict=True):
        marks.append(piece.at(x, FORK))
        places.append(x + piece.axis)
        x += piece.width + BRANCH_GAP
        if count > 1:  # towers that are alike: one of them, and how many there are
            marks.append(svg_text(x - BRANCH_GAP + 6, FORK + 16, f"… ×{count}", size=13, bold=True))
            x += text_width(f"… ×{count}", 13, bold=True) + 10
    for _shortcut in range(shortcuts):
        x += 6
        places.append(x)
        x += BRANCH_GAP
    heights = [piece.height for piece in pieces]
    if adds or (shortcuts and len(pieces) == 1):
        axis = places[heights.index(max(heights))] if heights else places[0]
    else:  # an odd number of branches has one in the middle
        middle = len(places) // 2
        axis = places[middle] if len(places) % 2 else (places[0] + places[-1]) / 2
    return _Row(
        svg="".join(marks),
        axis=axis,
        places=tuple(places),
        arrows=tuple(_is_solid(column.items[0]) for column, _ in filled) + (False,) * shortcuts,
        bottoms=tuple(FORK + height for height in heights) + (0.0,) * shortcuts,
        width=x - BRANCH_GAP + (6 if shortcuts else 0),
        bottom=FORK + max(heights, default=BOX_HEIGHT),
    )


def _towers_piece(towers: Towers, style: Style) -> Piece:
    """Lay branches out side by side, the fork above and the join below them; shortcuts pass on the right."""
    adds = towers.join is not None and towers.join.label.removeprefix("scaled ") in SIGNS
    row = _row_of(towers, style, adds=adds)
    first, last = min(*row.places, row.axis), max(*row.places, row.axis)
    inner = [place for place, bottom in zip(row.places, row.bottoms, strict=True) if bottom] or [row.axis]
    marks = [row.svg, line([(row.axis, 0), (row.axis, FORK_LINE)])]
    marks.append(line([(min(*inner, row.axis), FORK_LINE), (max(*inner, row.axis), FORK_LINE)]))
    for place, bottom, arrow in zip(row.places, row.bottoms, row.arrows, strict=True):
        if bottom:
            marks.append(line([(place, FORK_LINE), (place, FORK)], arrow=arrow))
    if adds:
        return _added(towers.join, row, marks, style)
    end = row.bottom + GAP
    for place, bottom in zip(row.places, row.bottoms, strict=True):
        start = [(place, bottom)] if bottom else [(row.axis, FORK_LINE), (place, FORK_LINE)]
        marks.append(line([*start, (place, end)], arrow=towers.join is not None))
    if towers.join is None:
        marks.append(line([(first, end), (last, end)]))
        return Piece(row.width, end, row.axis, "".join(marks))
    told = towers.join.shape and towers.join.label == "concatenate"
    label = towers.join.label + (f" → {towers.join.shape[0]}" if told else "")
    words_width, chips_width = text_width(label, 11), (CHIP + 2) * len(towers.join.chips)
    bar = max(last - first + 40, words_width + chips_width + 20)
    x = (first + last - bar) / 2
    box = rectangle(x, end, bar, BAR_HEIGHT, style.fill(towers.join), radius=4, new=style.is_new(towers.join))
    words = svg_text(x + (bar - chips_width) / 2, end + 12.5, label, size=11, anchor="middle")
    left = x + (bar + words_width - chips_width) / 2 + 4
    for number, (kind, name) in enumerate(towers.join.chips):
        words += chip(left + number * (CHIP + 2), end + (BAR_HEIGHT - CHIP) / 2 + 0.5, kind.fill, chip_letter(name))
    marks.append(group(towers.join, style, box + words))
    moved = max(0.0, -x)
    return Piece(max(row.width, x + bar) + moved, end + BAR_HEIGHT, row.axis + moved, shifted("".join(marks), moved))


def _added(join: Box, row: _Row, marks: list[str], style: Style) -> Piece:
    """Lead branches to the place where they are added or multiplied, below the tallest of them."""
    y = row.bottom + JOIN
    half = _pill_width(join) / 2
    for place, bottom in zip(row.places, row.bottoms, strict=True):
        start = [(place, bottom)] if bottom else [(row.axis, FORK_LINE), (place, FORK_LINE)]
        if abs(place - row.axis) > 0.5:
            end = [(place, y), (row.axis + (half if place > row.axis else -half), y)]
        else:
            end = [(place, y - PILL_HEIGHT / 2)]
        marks.append(line([*start, *end], arrow=True, new=not bottom and style.is_new(join)))
    marks.append(_pill(join, row.axis, y, style))
    moved = max(0.0, half + 2 - row.axis)
    width = max(row.width, row.axis + half + 2) + moved
    return Piece(width, y + PILL_HEIGHT / 2, row.axis + moved, shifted("".join(marks), moved))


def _pill_width(join: Box) -> float:
    return PILL_HEIGHT + (CHIP + 3) * len(join.chips)


def _pill(join: Box, x: float, y: float, style: Style) -> str:
    """Draw the place where branches are added or multiplied, with the activation that follows at once."""
    sign = SIGNS[join.label.removeprefix("scaled ")]
    width = _pill_width(join)
    left = x - width / 2
    marks = rectangle(left, y - PILL_HEIGHT / 2, width, PILL_HEIGHT, style.fill(join), radius=9, new=style.is_new(join))
    marks += svg_text(left + PILL_HEIGHT / 2, y + 5.5, sign, size=16, anchor="middle")
    for number, (kind, name) in enumerate(join.chips):
        marks += chip(left + PILL_HEIGHT - 2 + number * (CHIP + 2), y - CHIP / 2 + 0.5, kind.fill, chip_letter(name))
    return group(join, style, marks)
