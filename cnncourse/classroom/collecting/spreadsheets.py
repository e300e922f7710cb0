"""Tables as spreadsheets save them: in whatever encoding, with whatever sign between the cells."""

import codecs
import csv
import io

from cnncourse.classroom.collecting.names import plain_text

SEPARATORS = ",;\t|"


def decoded(data: bytes, name: str) -> tuple[str, str]:
    """Return the text of a file, and a remark; spreadsheets write UTF-16 as "Unicode text", and older ones a code page.

    Args:
        data: the file.
        name: what it is called.

    Raises:
        ValueError: if it is no text.

    """
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ValueError(f"{name} is a spreadsheet, whatever its name ends in; save it as CSV (UTF-8), and give that")
    odd, even = data[1:200:2], data[0:200:2]
    encoding, remark = "utf-8-sig", ""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif odd.count(0) > len(odd) / 2:
        encoding = "utf-16-le"
    elif even.count(0) > len(even) / 2:
        encoding = "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # of spreadsheets that know nothing of UTF-8
        remark = f"{plain_text(name)} is not in UTF-8: if names are misspelt here, save it as CSV (UTF-8)"
    return text.replace("\0", ""), remark


def lines_of(text: str, separator: str) -> tuple[list[list[str]], bool]:
    """Return a file's cells, and whether quotation marks are not in pairs: one would swallow what follows."""
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)), False
    except csv.Error:
        return [_cells(line, separator) for line in text.splitlines()], True


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return [cell.strip().strip('"') for cell in line.split(separator)]
