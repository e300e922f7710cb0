"""Two networks beside each other, with what is new in the second."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cnncourse.drawing.draw import Drawing
from cnncourse.drawing.layout import Piece, Style, column_piece, heading
from cnncourse.drawing.picture import svg_document
from cnncourse.drawing.saving import save_svg
from cnncourse.drawing.view import Box, Frame, boxes_of
from cnncourse.drawing.words import tooltip


@dataclass(frozen=True)
class SideBySide:
    """Two drawings beside each other; shows itself in a notebook.

    Attributes:
        before: the network on the left.
        after: the network on the right; what it has and the other has not is marked.

    """

    before: Drawing
    after: Drawing

    @property
    def new(self) -> tuple[str, ...]:
        """What stands in the boxes that are new, in order."""
        column = self.after.column
        places = self._new_places(list(boxes_of(column)))
        return tuple(_words(box) for number, box in enumerate(boxes_of(column)) if number in places)

    @property
    def alternative_text(self) -> str:
        """The picture in words."""
        new = f"New on the right: {', '.join(self.new)}." if self.new else "Nothing is new on the right."
        return f"{self.before.alternative_text} Beside it: {self.after.alternative_text} {new}"

    @property
    def svg(self) -> str:
        """The picture as SVG; the same networks always give the same bytes."""
        column = self.after.column
        boxes = list(boxes_of(column))
        new = {id(boxes[place]) for place in self._new_places(boxes)}
        left, right = Style(tooltip=tooltip), Style(tooltip=tooltip, is_new=lambda part: id(part) in new)
        pieces: list[Piece] = [
            heading(self.before.title, column_piece(self.before.column, left, shapes=True)),
            heading(self.after.title, column_piece(column, right, shapes=True)),
        ]
        right.drawn.extend(left.drawn)
        title = f"{self.before.title} and {self.after.title}"
        return svg_document(title, self.alternative_text, pieces, right)

    def save(self, path: str | Path) -> None:
        """Write the picture to an .svg, .png or .pdf file, as ``Drawing.save`` does."""
        save_svg(self.svg, path)

    def __repr__(self) -> str:
        return self.alternative_text

    def _repr_svg_(self) -> str:
        return self.svg

    def _new_places(self, boxes: list[Box | Frame]) -> set[int]:
        """Return the positions of the boxes on the right that have no counterpart, in order, on the left."""
        before, after = _keys(boxes_of(self.before.column)), _keys(boxes)
        matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
        known = {place for match in matcher.get_matching_blocks() for place in range(match.b, match.b + match.size)}
        return set(range(len(boxes))) - known


def draw_side_by_side(before: Drawing, after: Drawing) -> SideBySide:
    """Draw two networks or blocks beside each other, and mark in the second what the first has not.

    Boxes are compared in order by what they do, not by their numbers of channels: a 3×3 convolution with 64 channels is
    not new beside one with 32, a 1×7 convolution is.

    Args:
        before: a drawing, for example ``draw(plain_block, (64, 56, 56))``.
        after: another.

    """
    return SideBySide(before, after)


def _keys(boxes: Iterable[Box | Frame]) -> list[str]:
    return [_key(box) for box in boxes]


def _key(box: Box | Frame) -> str:
    if isinstance(box, Frame):
        return re.sub(r" · .*", "", box.title)
    return re.sub(r", \d+$|, \d+(?=[ ,])", "", box.label).replace(" (shared)", "")


def _words(box: Box | Frame) -> str:
    return box.title if isinstance(box, Frame) else box.label
