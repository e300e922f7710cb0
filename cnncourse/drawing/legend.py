"""What stands above and below a picture: its heading, and what its colours and letters mean."""

from cnncourse.display import svg_text, text_width
from cnncourse.drawing.marks import Piece, Style, chip, chip_letter, rectangle
from cnncourse.drawing.palette import KINDS, PAPER, SHADES
from cnncourse.drawing.parts import Box


def heading(title: str, piece: Piece) -> Piece:
    """Put a heading above a piece."""
    wide = text_width(title, 13, bold=True)
    moved = max(0.0, wide / 2 - piece.axis)
    marks = svg_text(piece.axis + moved, 12, title, size=13, anchor="middle", bold=True) + piece.at(moved, 24)
    width = max(piece.width + moved, piece.axis + moved + wide / 2)
    return Piece(width, piece.height + 24, piece.axis + moved, marks)


def legend_piece(style: Style, width: float) -> Piece:
    """Explain the colours and letters of what was drawn, in as many rows as fit into a width."""
    boxes = [part for part in style.drawn if isinstance(part, Box)]
    used = {box.kind for box in boxes} - {KINDS["input"]}
    entries = [(kind.fill, "", kind.name) for kind in KINDS.values() if kind in used]
    if style.shading is not None:
        places = [number / (len(SHADES) - 1) for number in range(len(SHADES))]
        entries = [
            (shade, "", f"{round(style.shading.most * at**2):,}") for shade, at in zip(SHADES, places, strict=True)
        ]
        entries[0] = (SHADES[0], "", f"{style.shading.name}: 0")
    if any(map(style.is_new, style.drawn)) or any(
        style.is_new_chip(box, name) for box in boxes for _, name in box.chips
    ):
        entries.append((PAPER, "new", "new or changed here"))
    chips = dict.fromkeys(chip for box in boxes for chip in box.chips)
    entries += [(kind.fill, chip_letter(name), name) for kind, name in chips]
    marks = []
    x = y = 0.0
    for fill, letter, words in entries:
        needed = 22 + text_width(words, 11) + 16
        if x and x + needed > width:
            x, y = 0.0, y + 22
        if letter in ("", "new"):
            marks.append(rectangle(x, y, 14, 14, fill, radius=3, new=letter == "new"))
        else:
            marks.append(chip(x, y, fill, letter))
        marks.append(svg_text(x + 20, y + 11.5, words, size=11))
        x += needed
    return Piece(width, y + 16, width / 2, "".join(marks))
