"""A whole picture: heading, network, legend."""

import re

from cnncourse.display import escaped, svg_text, text_width
from cnncourse.drawing.layout import column_piece
from cnncourse.drawing.legend import legend_piece
from cnncourse.drawing.marks import Piece, Style, line
from cnncourse.drawing.palette import FAINT_INK, FONT, INK, PAPER
from cnncourse.drawing.parts import Aside, Box, Column, Frame

MARGIN = 20
HEADING = 30
LEGEND_GAP = 22
TALLEST, WIDEST = 1500, 1060  # a network beyond these is too large for a page
WORTH_IT = 0.85  # two columns are made only if they are so much less tall than one
GUTTER, TOP_TURN = 36, 16  # between two columns, and above the second
LEAST_WIDTH = 380  # so that a legend of a few rows fits below a narrow network


def picture(title: str, alternative_text: str, column: Column, style: Style, note: str = "") -> str:
    """Return a network's picture as SVG, with heading, legend and a note of one's own."""
    return svg_document(title, alternative_text, [network_piece(column, style)], style, note)


def network_piece(column: Column, style: Style) -> Piece:
    """Lay a network out in one column, or in two if it would be too tall for a page and two fit beside each other."""
    cut = _best_cut(column)
    if cut is None:
        return column_piece(column, style, shapes=True)
    first = column_piece(Column(column.items[:cut]), style, shapes=True)
    second = column_piece(Column(column.items[cut:]), style, shapes=True)
    left, middle = first.width + GUTTER, first.width + GUTTER / 2
    height = max(first.height + 10, second.height + TOP_TURN)
    turn = first.height + 8
    down = [(first.axis, first.height), (first.axis, turn), (middle, turn)]
    up = [(middle, 4), (left + second.axis, 4), (left + second.axis, TOP_TURN)]
    connection = line([*down, *up], arrow=True)
    return Piece(left + second.width, height, first.axis, first.svg + connection + second.at(left, TOP_TURN))


def _best_cut(column: Column) -> int | None:
    """Return where to break a column so that both halves are about as tall, ``None`` if it is better left whole."""
    if any(isinstance(part, Aside) for part in column.items):
        return None
    pieces = [column_piece(Column((part,)), Style(), shapes=True) for part in column.items]
    whole = sum(piece.height for piece in pieces)

    def width(some: list[Piece]) -> float:
        return max(piece.axis for piece in some) + max(piece.width - piece.axis for piece in some)

    best, cut, above = WORTH_IT * whole, None, 0.0
    for number in range(1, len(pieces)) if whole > TALLEST else ():
        above += pieces[number - 1].height
        taller = max(above, whole - above)
        if taller < best and width(pieces[:number]) + width(pieces[number:]) + GUTTER <= WIDEST:
            best, cut = taller, number
    return cut


def svg_document(title: str, alternative_text: str, pieces: list[Piece], style: Style, note: str = "") -> str:
    """Put pieces side by side under a heading, with a legend below, and return the SVG.

    Args:
        title: the heading.
        alternative_text: the picture in words.
        pieces: what is shown, from left to right.
        style: that they were drawn with: the legend explains what was drawn.
        note: what else is to be said below the legend.

    """
    content = sum(piece.width for piece in pieces) + 3 * MARGIN * (len(pieces) - 1)
    width = max(content, LEAST_WIDTH, text_width(title, 16, bold=True)) + 2 * MARGIN
    legend = legend_piece(style, width - 2 * MARGIN)
    tallest = max(piece.height for piece in pieces)
    top = MARGIN + HEADING
    marks = []
    x = (width - content) / 2
    for piece in pieces:
        marks.append(piece.at(x, top))
        x += piece.width + 3 * MARGIN
    legend_top = top + tallest + LEGEND_GAP
    marks.append(legend.at(MARGIN, legend_top))
    height = legend_top + legend.height + MARGIN
    role = "group" if style.interactive else "img"  # what is in an image is nobody's but the eye's
    for words in _notes(style, width - 2 * MARGIN, note):
        marks.append(svg_text(MARGIN, height - 4, words, size=10, colour=FAINT_INK))
        height += 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="100%" '
        f'style="max-width:{width:g}px" role="{role}" aria-label="{escaped(alternative_text)}" '
        f'font-family="{FONT}" fill="{INK}"><rect width="{width:g}" height="{height:g}" rx="8" fill="{PAPER}"/>'
        f"{svg_text(width / 2, MARGIN + 10, title, size=16, anchor='middle', bold=True)}{''.join(marks)}</svg>"
    )


def _notes(style: Style, width: float, own: str) -> list[str]:
    """Explain, with examples from the picture, how to read it."""
    boxes = [part for part in style.drawn if isinstance(part, Box)]
    frames = [part for part in style.drawn if isinstance(part, Frame)]
    strided = re.compile(r"\d+×\d+ [^,/]*conv /\d+, \d+")
    example = next((box.label for box in boxes if strided.fullmatch(box.label)), None)
    notes = []
    if example is not None:
        window, stride, channels = re.match(r"(\S+) .*?/(\d+), (\d+)", example).groups()
        notes.append(f"{example}: a {window} window, stride {stride}, {channels} output channels.")
    notes.append("Beside the lines: channels × height × width.")
    repeated = next((part.times for part in (*frames, *boxes) if part.times > 1), None)
    if repeated is not None:
        notes.append(f"×{repeated}: {repeated} in a row.")
    if any("separable" in box.label for box in boxes):
        notes.append("Separable: depthwise, then 1×1.")
    if any(frame.like for frame in frames):
        notes.append("Like a: built as the block marked a, but with these channels, branch by branch, if given.")
    return _wrapped(" ".join([*notes, own]), width)


def _wrapped(words: str, width: float) -> list[str]:
    lines = [""]
    for word in words.split():
        joined = f"{lines[-1]} {word}".strip()
        if text_width(joined, 10) > width:
            lines.append(word)
        else:
            lines[-1] = joined
    return lines
