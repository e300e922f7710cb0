"""Grades as tables: for people, and in the shapes that Canvas, Moodle and Gradescope read."""

import csv
import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnncourse.checking import Exercise
from cnncourse.classroom.disclosure import for_learner, without_paths
from cnncourse.classroom.names import plain_text
from cnncourse.classroom.results import CheckResult, Result
from cnncourse.classroom.roster import CANVAS_COLUMNS, Person, Roster
from cnncourse.classroom.submissions import Collection
from cnncourse.classroom.writing import replacing

GRADED, MISSING, NOT_GRADED = "graded", "missing", "not graded"
MOODLE_COLUMNS = (
    "Identifier",
    "Full name",
    "Email address",
    "Status",
    "Grade",
    "Maximum Grade",
    "Grade can be changed",
    "Last modified (submission)",
    "Last modified (grade)",
    "Feedback comments",
)


@dataclass(frozen=True, slots=True)
class Grade:
    """A learner's line in every table.

    Attributes:
        student: as in ``Submission.student``.
        name: how the learner is called.
        status: "graded", "missing" (0 points), or "not graded" (no points at all: handed in, but without a result).
        points: earned in each part, in the gradebook's order; empty if not graded.
        late: whether it was handed in late; ``None`` if nobody can tell.
        attention: what needs the instructor's eye.
        moodle: Moodle's number of the participant, "" if it is not from Moodle.
        canvas: Canvas' number of the learner, "" if it is not from Canvas.

    """

    student: str
    name: str
    status: str
    points: tuple[int, ...]
    late: bool | None = None
    attention: tuple[str, ...] = ()
    moodle: str = ""
    canvas: str = ""

    @property
    def total(self) -> int | None:
        """Points in all parts; ``None`` if not graded."""
        return None if self.status == NOT_GRADED else sum(self.points)


class Gradebook:
    """Everybody's grades, gathered one result after the other; keeps some numbers of each, not the result.

    Args:
        exercise: its parts give the columns.
        collection: says who handed in, who is late and who is missing.

    """

    def __init__(self, exercise: Exercise, collection: Collection) -> None:
        self.exercise = exercise
        self._possible = {part.name: 0 for part in exercise.parts}
        self._definition = {part.name: part.points for part in exercise.parts}
        self._collection = collection
        self._earned: dict[str, dict[str, int]] = {}
        self._attention: dict[str, tuple[str, ...]] = {}

    def add(self, result: Result) -> None:
        """Take in a result; a learner's later one takes the place of the earlier."""
        for part, (_, possible) in result.parts.items():
            self._possible[part] = max(possible, self._possible.get(part, 0))
        self._earned[result.student] = {part: earned for part, (earned, _) in result.parts.items()}
        self._attention[result.student] = result.attention

    @property
    def parts(self) -> dict[str, int]:
        """Points possible in each part: those of the results, or by the exercise's definition if there are none."""
        return {name: possible or self._definition[name] for name, possible in self._possible.items()}

    @property
    def total_possible(self) -> int:
        """Points possible in all parts."""
        return sum(self.parts.values())

    def grades(self) -> list[Grade]:
        """Return everybody's grade, in order of ``student``."""
        submissions = {submission.student: submission for submission in self._collection.submissions}
        everybody = {*submissions, *self._collection.missing, *self._earned}
        # On a platform learners are known by their number, also those whose upload was no notebook.
        platforms = {platform for submission in submissions.values() for platform in submission.identifiers}
        grades = []
        for student in sorted(everybody):
            submission, earned = submissions.get(student), self._earned.get(student)
            status = GRADED if earned is not None else NOT_GRADED if submission else MISSING
            points = () if status == NOT_GRADED else tuple((earned or {}).get(part, 0) for part in self._possible)
            remarks = self._collection.remarks.get(student, ())
            identifiers = submission.identifiers if submission else dict.fromkeys(platforms, student)
            grades.append(
                Grade(
                    student,
                    submission.name if submission else student,
                    status,
                    points,
                    submission.late if submission else None,
                    (*self._attention.get(student, ()), *remarks),
                    moodle=identifiers.get("moodle", ""),
                    canvas=identifiers.get("canvas", ""),
                )
            )
        return grades


def write_tables(folder: Path, gradebook: Gradebook, roster: Path | None = None) -> list[Path]:
    """Write ``grades.csv``, ``canvas.csv`` and ``moodle.csv``.

    Args:
        folder: where to; made if it is not there.
        gradebook: holds everybody's grade.
        roster: the class, from which names and numbers of learners are taken, above all of missing ones.

    Returns:
        The files.

    """
    class_list = Roster.read(roster) if roster else None
    grades = gradebook.grades()
    people = class_list.by_key(grade.student for grade in grades) if class_list else {}
    platform = class_list.platform if class_list else ""
    columns = class_list.columns if class_list else ()

    grades_csv, canvas_csv, moodle_csv = folder / "grades.csv", folder / "canvas.csv", folder / "moodle.csv"
    # Spreadsheets take a file for one of their own country's encoding unless it begins with this mark.
    _write(grades_csv, _grade_rows(gradebook, grades, people), mark="\ufeff")
    # The platforms read UTF-8 as such, and a mark would become part of the first heading.
    _write(canvas_csv, _canvas_rows(gradebook, grades, people, columns if platform == "canvas" else ()))
    _write(moodle_csv, _moodle_rows(gradebook, grades, people, columns if platform == "moodle" else ()))
    return [grades_csv, canvas_csv, moodle_csv]


def write_gradescope(folder: Path, result: Result) -> Path:
    """Write a learner's ``results.json`` in the shape that Gradescope's autograders give, and return it."""
    path = folder / "gradescope" / result.student / "results.json"
    tests = [
        {
            "name": f"{check.part}: {check.check}",
            "score": check.points,
            "max_score": check.possible,
            "status": "passed" if check.status == "passed" else "failed",
            "output": _explanation(for_learner(check)),
            "output_format": "text",
            "visibility": "visible",
        }
        for check in result.checks
    ]
    content = {
        "score": result.points,
        "output": "\n".join(map(without_paths, result.remarks)),
        "output_format": "text",
        "visibility": "visible",
        "tests": tests,
    }
    with replacing(path) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return path


def _explanation(check: CheckResult) -> str:
    lines = [check.status, check.message]
    if check.expected or check.got:
        lines.append(f"expected {check.expected}, got {check.got}")
    lines.append(check.line and f"at: {check.line}")
    lines.append(check.misconception and f"likely misconception: {check.misconception}")
    if check.status != "passed":
        lines += [f"hint {number}: {hint}" for number, hint in enumerate(check.hints, start=1)]
    return "\n".join(line for line in lines if line)


# Rows ----------------------------------------------------------------------------------------------------------------

Row = Sequence[str | int | None]


def _write(path: Path, rows: Iterable[Row], mark: str = "") -> None:
    with replacing(path) as file:
        file.write(mark)
        csv.writer(file).writerows([_harmless(cell) for cell in row] for row in rows)


def _harmless(cell: str | int | None) -> str | int:
    """Return a cell that no spreadsheet takes for a formula, whatever a learner is called or a file was named."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    text = cell.replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def _person(grade: Grade, people: dict[str, Person]) -> tuple[str, dict[str, str]]:
    """Return a learner's name, the roster's if there is one, and the row of the roster."""
    person = people.get(grade.student.casefold())
    return (person and person.name) or grade.name, dict(person.row) if person else {}


def _grade_rows(gradebook: Gradebook, grades: Iterable[Grade], people: dict[str, Person]) -> Iterable[Row]:
    yield ["student", "name", *gradebook.parts, "total", "possible", "late", "status", "attention"]
    for grade in grades:
        late = {True: "yes", False: "no", None: ""}[grade.late]
        points = grade.points or [None] * len(gradebook.parts)
        attention = "; ".join(plain_text(text, 300) for text in grade.attention)
        name, _ = _person(grade, people)
        yield [grade.student, name, *points, grade.total, gradebook.total_possible, late, grade.status, attention]


def _canvas_rows(
    gradebook: Gradebook, grades: Iterable[Grade], people: dict[str, Person], roster_columns: Sequence[str]
) -> Iterable[Row]:
    # Canvas ends an assignment's heading with its number; with that, the import finds it instead of making a new one.
    name = gradebook.exercise.name
    assignment = next((c for c in roster_columns if c == name or c.startswith(f"{name} (")), name)
    yield [*CANVAS_COLUMNS, assignment]
    yield ["    Points Possible", *[""] * (len(CANVAS_COLUMNS) - 1), gradebook.total_possible]
    for grade in grades:
        name, row = _person(grade, people)
        own = (roster_columns and row) or {"Student": name, "ID": grade.canvas}
        yield [*(own.get(column, "") for column in CANVAS_COLUMNS), grade.total]


def _moodle_rows(
    gradebook: Gradebook, grades: Iterable[Grade], people: dict[str, Person], roster_columns: Sequence[str]
) -> Iterable[Row]:
    columns = roster_columns or MOODLE_COLUMNS
    columns = [*columns, *(column for column in ("Grade", "Feedback comments") if column not in columns)]
    yield columns
    for grade in grades:
        name, row = _person(grade, people)
        ours = {
            "Identifier": f"Participant {grade.moodle}" if grade.moodle else "",
            "Full name": name,
            "Email address": row.get("Email address") or row.get("email", ""),
            "Status": "No submission" if grade.status == MISSING else "Submitted for grading",
            "Maximum Grade": f"{gradebook.total_possible:.2f}",
            "Grade can be changed": "Yes",
        }
        graded = {
            "Grade": "" if grade.total is None else f"{grade.total:.2f}",
            "Feedback comments": _comment(gradebook, grade),
        }
        # What Moodle itself wrote stays as it is: it compares some of it when the worksheet comes back.
        cells = {**ours, **(row if roster_columns else {}), **graded}
        yield [cells.get(column, "") for column in columns]


def _comment(gradebook: Gradebook, grade: Grade) -> str:
    if grade.status == MISSING:
        return "Nothing was handed in."
    parts = zip(gradebook.parts.items(), grade.points, strict=False)
    # Moodle takes comments for HTML.
    return html.escape("; ".join(f"{part}: {points} of {possible}" for (part, possible), points in parts))
