"""A table that shows itself, as text and in a notebook."""

import html
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Cells in rows.

    Attributes:
        heads: one a column.
        rows: of as many cells.
        alignments: a letter a column, "l" or "r".
        total: whether the last row sums the others up, and is printed like the heads.

    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    alignments: str
    total: bool = False

    def __repr__(self) -> str:
        rows = [self.heads, *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if side == "l" else cell.rjust(width)
                for cell, width, side in zip(row, widths, self.alignments, strict=True)
            ).rstrip()
            for row in rows
        )

    def _repr_html_(self) -> str:
        body, last = (self.rows[:-1], self.rows[-1:]) if self.total else (self.rows, ())
        lines = [self._line("th", self.heads)]
        lines += [self._line("td", row) for row in body] + [self._line("th", row) for row in last]
        return f"<table>{''.join(lines)}</table>"

    def _line(self, tag: str, cells: Sequence[str]) -> str:
        sides = {"l": "left", "r": "right"}
        inner = "".join(
            f"<{tag} style=text-align:{sides[side]}>{html.escape(cell)}</{tag}>"
            for cell, side in zip(cells, self.alignments, strict=True)
        )
        return f"<tr>{inner}</tr>"
