"""The list of a class, as a learning platform exports it or somebody wrote it."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

# What columns that identify a learner are called, most telling first.
IDENTIFYING = (
    "identifier",
    "id",
    "student id",
    "student_id",
    "user id",
    "user_id",
    "username",
    "user name",
    "user",
    "login",
    "login id",
    "sis login id",
    "sis user id",
    "netid",
    "id number",
    "student number",
    "matriculation number",
    "email",
    "e-mail",
    "email address",
    "student",
    "name",
    "full name",
)
NAMES = ("full name", "student", "name", "student name", "display name")
CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


@dataclass(frozen=True)
class Roster:
    """Everybody who is in the class.

    Attributes:
        platform: "canvas" for Canvas' gradebook, "moodle" for Moodle's grading worksheet, "" for any other list.
        columns: the headings.
        rows: a learner each, by heading.

    """

    platform: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    @classmethod
    def read(cls, path: Path) -> "Roster":
        """Read a CSV file, separated by commas, semicolons or tabs.

        Raises:
            LookupError: if there is no such file.
            ValueError: if no column identifies learners.

        """
        if not path.is_file():
            raise LookupError(f"there is no roster {path}")
        text = _decoded(path.read_bytes())
        separator = max(",;\t", key=text.partition("\n")[0].count)
        try:
            columns, *lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator)) or [[]]
        except csv.Error as error:
            raise ValueError(f"{path.name} is no CSV file: {error}") from error
        columns = tuple(column.strip() for column in columns)
        if not any(column.casefold() in IDENTIFYING for column in columns):
            raise ValueError(
                f"{path.name} has no column that identifies learners: it has {', '.join(columns) or 'nothing'}; "
                f"expected Canvas' gradebook, Moodle's grading worksheet, or a column called student, id, username "
                f"or email"
            )
        rows = [dict(zip(columns, [*line, *[""] * len(columns)], strict=False)) for line in lines if any(line)]
        if set(CANVAS_COLUMNS[:2]) <= set(columns):
            # Rows without an ID hold points and settings; the test student is nobody's.
            rows = [row for row in rows if row["ID"].strip() and row["Student"].strip() != "Student, Test"]
            return cls("canvas", columns, tuple(rows))
        platform = "moodle" if {"Identifier", "Full name"} <= set(columns) else ""
        return cls(platform, columns, tuple(rows))

    def by_key(self, keys: Iterable[str]) -> dict[str, "Person"]:
        """Return everybody by what identifies them, in lower case: the column in which most of the keys are found.

        Args:
            keys: what identifies those who handed something in.

        """
        wanted = {key.casefold() for key in keys}
        candidates = []
        for name in IDENTIFYING:
            for column in self.columns:
                if column.casefold() == name:
                    people: dict[str, Person] = {}
                    for row in self.rows:
                        key = _key(name, row[column])
                        people.setdefault(key.casefold(), Person(key, _name(row), row))
                    people.pop("", None)
                    candidates.append(people)
        return max(candidates, key=lambda people: len(wanted & people.keys()))


@dataclass(frozen=True)
class Person:
    """One of the class.

    Attributes:
        key: what identifies the learner.
        name: how the roster calls the learner, "" if it does not say.
        row: all that the roster says, by heading.

    """

    key: str
    name: str
    row: Mapping[str, str]


def _name(row: Mapping[str, str]) -> str:
    cells = {column.casefold().replace("_", " "): cell.strip() for column, cell in row.items()}
    for column in NAMES:
        if cells.get(column):
            return cells[column]
    return f"{cells.get('first name', '')} {cells.get('last name', '')}".strip()


def _key(column: str, cell: str) -> str:
    # Moodle's worksheet says "Participant 4711" (or the same in its language) where its download says 4711.
    numbered = re.fullmatch(r"\D+ ([0-9]+)", cell.strip()) if column == "identifier" else None
    return numbered[1] if numbered else cell.strip()


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what spreadsheets write that know nothing of UTF-8
