"""Write a file in one step, so that an interruption leaves the old file or the new one, never half of it."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, TextIO

Row = Sequence[str | float | None]
UTF_8 = "\ufeff"  # spreadsheets take a file for one in their own country's encoding unless it begins with this mark
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # how a spreadsheet's formulas begin


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Open a text file that takes the place of ``path`` once all is written; the folder is made if it is not there.

    Only the user can read it, or list its folder: grades are nobody else's business.
    """
    # newline="": the same bytes on every system, and those that the csv module chooses.
    with _replacing(path, mode="w", encoding="utf-8", newline="", errors="replace") as file:
        yield file


@contextmanager
def replacing_bytes(path: Path) -> Iterator[BinaryIO]:
    """Do the same with a file of bytes."""
    with _replacing(path, mode="w+b") as file:
        yield file


@contextmanager
def _replacing(path: Path, **how: str) -> Iterator[IO]:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False, **how) as file:
        unfinished = Path(file.name)
        try:
            yield file
        except BaseException:
            file.close()
            unfinished.unlink()
            raise
    unfinished.replace(path)


def write_table(path: Path, rows: Iterable[Row], mark: str = "") -> None:
    """Write a table as CSV in which no cell is a formula, whatever a learner is called or a file was named.

    Args:
        path: the file.
        rows: the headings and the rest.
        mark: what the file begins with, such as ``UTF_8``.

    """
    with replacing(path) as file:
        file.write(mark)
        csv.writer(file).writerows([_harmless(cell) for cell in row] for row in rows)


def _harmless(cell: str | float | None) -> str | float:
    if not isinstance(cell, str):
        return "" if cell is None else cell
    text = cell.replace("\0", "")
    # A sign alone, or before a number, is none: what a platform wrote so must come back to it unchanged.
    is_number = re.fullmatch(r"[-+]?[0-9.,]*", text)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) and not is_number else text
