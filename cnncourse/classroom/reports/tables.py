"""Grades as tables: for people, and in the shapes that Canvas, Moodle and Gradescope read."""

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cnncourse.checking import Exercise
from cnncourse.classroom.collecting.names import plain_text
from cnncourse.classroom.collecting.roster import CANVAS_COLUMNS
from cnncourse.classroom.collecting.submissions import Collection
from cnncourse.classroom.grading.results import CheckResult, Result, whole
from cnncourse.classroom.grading.writing import UTF_8, Row, replacing, write_table
from cnncourse.classroom.reports.disclosure import for_learner, without_paths

GRADED, MISSING, NOT_GRADED, UNKNOWN = "graded", "missing", "not graded", "not found"
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
        status: "graded", "missing" (0 points), "not graded" (no points at all: handed in, but no notebook, or without
            a result), or "not found" (no points at all: nobody can tell whether something was handed in).
        points: earned in each part, in the gradebook's order; empty if not graded.
        late: whether it was handed in late; ``None`` if nobody can tell.
        attention: what needs the instructor's eye.
        moodle: Moodle's number of the participant, "" if it is not from Moodle.
        canvas: Canvas' number of the learner, "" if it is not from Canvas.
        email: the learner's address, "" if it is not known.
        row: what the roster says of the learner, by heading.

    """

    student: str
    name: str
    status: str
    points: tuple[float, ...]
    late: bool | None = None
    attention: tuple[str, ...] = ()
    moodle: str = ""
    canvas: str = ""
    email: str = ""
    row: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> float | None:
        """Points in all parts; ``None`` if there are none to be given."""
        return None if self.status in (NOT_GRADED, UNKNOWN) else whole(sum(self.points))


class Gradebook:
    """Everybody's grades, gathered one result after the other; keeps some numbers of each, not the result.

    Args:
        exercise: its parts give the columns.
        collection: says who handed in, who is late, who is missing, and what the class's list says of them.

    """

    def __init__(self, exercise: Exercise, collection: Collection) -> None:
        self.exercise = exercise
        self.roster = collection.roster
        self._possible = {part.name: 0 for part in exercise.parts}
        self._definition = {part.name: part.points for part in exercise.parts}
        self._collection = collection
        self._earned: dict[str, dict[str, float]] = {}
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
        return {name: possible or self._definition.get(name, 0) for name, possible in self._possible.items()}

    @property
    def total_possible(self) -> int:
        """Points possible in all parts."""
        return sum(self.parts.values())

    def grades(self) -> list[Grade]:
        """Return everybody's grade, in order of ``student``."""
        submissions = {submission.student: submission for submission in self._collection.submissions}
        unread = set(self._collection.unread)
        everybody = {*submissions, *self._collection.missing, *unread, *self._earned}
        # On a platform learners are known by their number, also those whose upload was no notebook.
        platforms = {platform for submission in submissions.values() for platform in submission.identifiers}
        # Of a class that nobody of these is in, nobody can be said to have handed in nothing.
        unknown = everybody if self._collection.problem else set(self._collection.doubtful)
        grades = []
        for student in sorted(everybody):
            person = self._collection.people.get(student)
            submission, earned = submissions.get(student), self._earned.get(student)
            is_there = submission is not None or student in unread
            absent = UNKNOWN if student in unknown else MISSING
            status = GRADED if earned is not None else NOT_GRADED if is_there else absent
            without = status in (NOT_GRADED, UNKNOWN)
            points = () if without else tuple((earned or {}).get(part, 0) for part in self._possible)
            remarks = self._collection.remarks.get(student, ())
            identifiers = submission.identifiers if submission else {}
            if submission is None:
                # What a list of somebody else's calls a learner may be another's number on the platform.
                listed = self.roster.platform if self.roster and person and student not in unread else ""
                number = person.key if person and listed else student
                identifiers = {each: number for each in platforms if each == listed or not person or student in unread}
            grades.append(
                Grade(
                    student,
                    self._collection.names.get(student) or plain_text(student),
                    status,
                    points,
                    submission.late if submission else None,
                    (*self._attention.get(student, ()), *remarks),
                    moodle=identifiers.get("moodle", ""),
                    canvas=identifiers.get("canvas", ""),
                    email=person.row.get(self.roster.column("email"), "") if person else "",
                    row=person.row if person else {},
                )
            )
        return grades


def write_tables(folder: Path, gradebook: Gradebook) -> list[Path]:
    """Write ``grades.csv``, ``canvas.csv`` and ``moodle.csv``, and return them.

    A roster that came from Canvas or Moodle gives what identifies learners there.

    Args:
        folder: where to; made if it is not there.
        gradebook: holds everybody's grade.

    """
    grades = gradebook.grades()
    grades_csv, canvas_csv, moodle_csv = folder / "grades.csv", folder / "canvas.csv", folder / "moodle.csv"
    # Spreadsheets take a file for one of their own country's encoding unless it begins with this mark.
    write_table(grades_csv, _grade_rows(gradebook, grades), mark=UTF_8)
    # The platforms read UTF-8 as such, and a mark would become part of the first heading.
    write_table(canvas_csv, _canvas_rows(gradebook, grades))
    write_table(moodle_csv, _moodle_rows(gradebook, grades))
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
    compared = [f"{name} {value}" for name, value in (("expected", check.expected), ("got", check.got)) if value]
    if compared:
        lines.append(", ".join(compared))
    lines.append(check.line and f"at: {check.line}")
    if check.by_hand:
        lines.append(f"by hand ({check.graded} points before): {check.by_hand}")
    lines.append(check.misconception and f"likely misconception: {check.misconception}")
    if check.status != "passed":
        lines += [f"hint {number}: {hint}" for number, hint in enumerate(check.hints, start=1)]
    return "\n".join(line for line in lines if line)


# Rows ----------------------------------------------------------------------------------------------------------------


def _headings(gradebook: Gradebook, platform: str) -> Sequence[str]:
    """Return the roster's headings if it came from a platform, and none otherwise."""
    roster = gradebook.roster
    return roster.columns if roster and roster.platform == platform else ()


def _grade_rows(gradebook: Gradebook, grades: Iterable[Grade]) -> Iterable[Row]:
    yield ["student", "name", *gradebook.parts, "total", "possible", "late", "status", "attention"]
    for grade in grades:
        late = {True: "yes", False: "no", None: ""}[grade.late]
        points = grade.points or [None] * len(gradebook.parts)
        attention = "; ".join(plain_text(text, 300) for text in grade.attention)
        total, possible = grade.total, gradebook.total_possible
        yield [grade.student, grade.name, *points, total, possible, late, grade.status, attention]


def _canvas_rows(gradebook: Gradebook, grades: Iterable[Grade]) -> Iterable[Row]:
    headings, name = _headings(gradebook, "canvas"), gradebook.exercise.name
    # With the number that Canvas has put behind it, the import finds an assignment instead of making a new one.
    assignment = (headings and gradebook.roster.assignment(name)) or name
    # Canvas' own columns come back as they were; they end with the section, and the assignments follow.
    end = headings.index("Section") + 1 if "Section" in headings else 0
    columns = headings[:end] or CANVAS_COLUMNS
    yield [*columns, assignment]
    yield ["    Points Possible", *[""] * (len(columns) - 1), gradebook.total_possible]
    for grade in grades:
        own = (headings and grade.row) or {"Student": grade.name, "ID": grade.canvas}
        # A blank would take away what Canvas has, and so would a zero: points by hand, EX for whoever is excused.
        kept = own.get(assignment, "").strip() if grade.total is None or grade.status == MISSING else ""
        points = kept or grade.total
        yield [*(own.get(column, "") for column in columns), points]


def _moodle_rows(gradebook: Gradebook, grades: Iterable[Grade]) -> Iterable[Row]:
    headings = _headings(gradebook, "moodle")
    # Moodle writes and reads its worksheet in the teacher's language.
    points = (gradebook.roster.column("grade") if headings else "") or "Grade"
    comments = (gradebook.roster.column("feedback") if headings else "") or "Feedback comments"
    columns = [*(headings or MOODLE_COLUMNS)]
    columns += [column for column in (points, comments) if column not in columns]
    yield columns
    for grade in grades:
        ours = {
            "Identifier": f"Participant {grade.moodle}" if grade.moodle else "",
            "Full name": grade.name,
            "Email address": grade.email,
            "Status": "No submission" if grade.status == MISSING else "Submitted for grading",
            "Maximum Grade": f"{gradebook.total_possible:.2f}",
            "Grade can be changed": "Yes",
        }
        decimal = "," if any(re.fullmatch(r"[0-9]+,[0-9]+", cell) for cell in grade.row.values()) else "."
        # Of whoever is not graded, all stays as it is: a blank, or a zero, would take away what Moodle has.
        is_kept = grade.status == MISSING and grade.row.get(points, "").strip() not in ("", "-")
        graded = {}
        if grade.total is not None and not is_kept:
            total = f"{grade.total:.2f}".replace(".", decimal)
            graded = {points: total, comments: _comment(gradebook, grade)}
        # What Moodle itself wrote stays as it is: it compares some of it when the worksheet comes back.
        if headings and not grade.row and not grade.moodle:
            continue  # whom Moodle does not know it cannot give points
        row = grade.row or gradebook.roster.newcomer(grade.moodle, grade.name) if headings else ours
        cells = {**row, **graded}
        yield [cells.get(column, "") for column in columns]


def _comment(gradebook: Gradebook, grade: Grade) -> str:
    if grade.status == MISSING:
        return "Nothing was handed in."
    parts = zip(gradebook.parts.items(), grade.points, strict=False)
    # Moodle takes comments for HTML.
    return html.escape("; ".join(f"{part}: {points} of {possible}" for (part, possible), points in parts))
