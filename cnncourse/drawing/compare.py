"""Two networks beside each other, or one below the other, with what is new in the second."""

import re
from dataclasses import dataclass
from functools import cached_property

from cnncourse.drawing.draw import Drawing
from cnncourse.drawing.layout import column_piece
from cnncourse.drawing.legend import heading
from cnncourse.drawing.marks import Piece, Style
from cnncourse.drawing.parts import Box, Column, Frame, boxes_of
from cnncourse.drawing.picture import svg_document
from cnncourse.drawing.saving import SvgPicture
from cnncourse.drawing.words import tooltip

# Two that are wider together stand one below the other: a notebook would show them in letters of 5 pixels.
WIDEST = 1100
BETWEEN = 40  # two of them


@dataclass(frozen=True, repr=False)
class SideBySide(SvgPicture):
    """Two drawings beside each other, one below the other if they are wide; shows itself in a notebook.

    Attributes:
        before: the network on the left, or above.
        after: the network on the right, or below; what it has and the other has not is marked.

    """

    before: Drawing
    after: Drawing

    @property
    def new(self) -> tuple[str, ...]:
        """What is marked as new, in order: what stands in a box, or a normalisation or an activation in one."""
        new, new_chips = self._marked
        words = []
        for box in boxes_of(self._column):
            words += [_words(box)] if id(box) in new else []
            words += [f"{chip} behind {_words(box)}" for chip in _chips(box) if (id(box), chip) in new_chips]
        return tuple(words)

    @cached_property
    def _column(self) -> Column:
        """What is shown on the right; made once, so that its boxes can be told apart by their identity."""
        return self.after.column

    @cached_property
    def _marked(self) -> tuple[set[int], set[tuple[int, str]]]:
        """The boxes that are new, by their identity, and the chips that are in boxes that are not."""
        pairs = _aligned(list(boxes_of(self.before.column)), list(boxes_of(self._column)))
        new = {id(box) for box, partner in pairs if not _is_same(box, partner)}
        same = [(box, partner) for box, partner in pairs if _is_same(box, partner)]
        return new, {(id(box), chip) for box, partner in same for chip in set(_chips(box)) - set(_chips(partner))}

    @property
    def alternative_text(self) -> str:
        """The picture in words."""
        pieces, _ = self._drawn
        beside, there = ("Beside it", "on the right") if len(pieces) == 2 else ("Below it", "below")
        new = f"New {there}: {', '.join(self.new)}." if self.new else f"Nothing is new {there}."
        return f"{self.before.alternative_text} {beside}: {self.after.alternative_text} {new}"

    @property
    def svg(self) -> str:
        """The picture as SVG; the same networks always give the same bytes."""
        pieces, style = self._drawn
        return svg_document(f"{self.before.title} and {self.after.title}", self.alternative_text, pieces, style)

    @cached_property
    def _drawn(self) -> tuple[list[Piece], Style]:
        """Both networks, as two pieces beside each other or as one, and the style whose legend explains them."""
        new, new_chips = self._marked
        left = Style(tooltip=tooltip)
        right = Style(
            tooltip=tooltip,
            is_new=lambda part: id(part) in new,
            is_new_chip=lambda part, chip: (id(part), chip) in new_chips,
        )
        first = heading(self.before.title, column_piece(self.before.column, left, shapes=True))
        second = heading(self.after.title, column_piece(self._column, right, shapes=True))
        right.drawn.extend(left.drawn)
        is_wide = first.width + second.width > WIDEST
        return [_below(first, second)] if is_wide else [first, second], right


def draw_side_by_side(before: Drawing, after: Drawing) -> SideBySide:
    """Draw two networks or blocks beside each other, and mark in the second what the first has not.

    Those that are wide stand one below the other, as a page shows the smaller letters the wider a picture is.

    Boxes are compared in order by what they do, not by their numbers of channels: a 3×3 convolution with 64 channels is
    not new beside one with 32, a 1×7 convolution is.

    Args:
        before: a drawing, for example ``draw(plain_block, (64, 56, 56))``.
        after: another.

    """
    return SideBySide(before, after)


def _below(first: Piece, second: Piece) -> Piece:
    axis = max(first.axis, second.axis)
    width = max(axis - each.axis + each.width for each in (first, second))
    lower = second.at(axis - second.axis, first.height + BETWEEN)
    return Piece(width, first.height + BETWEEN + second.height, axis, first.at(axis - first.axis, 0) + lower)


def _aligned(before: list[Box | Frame], after: list[Box | Frame]) -> list[tuple[Box | Frame, Box | Frame | None]]:
    """Pair each box on the right with its counterpart on the left, both in order, so that most of them agree."""
    best = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]  # of what follows, from each pair of places on
    for i in reversed(range(len(before))):
        for j in reversed(range(len(after))):
            paired = best[i + 1][j + 1] + _likeness(before[i], after[j])
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs: list[tuple[Box | Frame, Box | Frame | None]] = []
    i = j = 0
    while j < len(after):
        likeness = _likeness(before[i], after[j]) if i < len(before) else 0
        if likeness and best[i][j] == best[i + 1][j + 1] + likeness:
            pairs.append((after[j], before[i]))
            i, j = i + 1, j + 1
        elif i < len(before) and best[i][j] == best[i + 1][j]:
            i += 1
        else:
            pairs.append((after[j], None))
            j += 1
    return pairs


def _likeness(one: Box | Frame, other: Box | Frame) -> int:
    same_name = bool(_name(one)) and _name(one) == _name(other)
    return 2 * (_key(one) == _key(other)) + 3 * same_name


def _is_same(box: Box | Frame, partner: Box | Frame | None) -> bool:
    return partner is not None and _key(box) == _key(partner)


def _key(box: Box | Frame) -> str:
    """Return what a box does, whatever its number of channels."""
    if isinstance(box, Frame):
        return re.sub(r" · .*", "", box.title)
    return re.sub(r", \d+(?!\d| groups)", "", box.label).replace(" (shared)", "")


def _name(box: Box | Frame) -> str:
    return box.name if isinstance(box, Box) else ""


def _chips(box: Box | Frame | None) -> tuple[str, ...]:
    return tuple(name for _, name in box.chips) if isinstance(box, Box) else ()


def _words(box: Box | Frame) -> str:
    return box.title if isinstance(box, Frame) else box.label
