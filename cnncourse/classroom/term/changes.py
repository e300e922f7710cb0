"""A teacher's hand: points and comments beside what was graded, kept in a table of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cnncourse.architectures import architecture
from cnncourse.classroom.collecting.spreadsheets import decoded, lines_of
from cnncourse.classroom.grading.results import CheckResult, Result

COLUMNS = ("student", "exercise", "part", "check", "possible", "graded", "points", "comment")
NEEDED = ("student", "exercise", "points", "comment")
BY_HAND = "by hand"  # a check, a part and a status: of points that belong to no check


@dataclass(frozen=True)
class Change:
    """A line of the table.

    Attributes:
        student: the learner, as every table has it, or as pages for marking call him or her.
        exercise: such as "01-lenet-5".
        part: "" for the whole exercise.
        check: "" for the whole part.
        points: what it earns, ``None`` to leave that as it was graded.
        comment: for the learner, "" for none.

    """

    student: str
    exercise: str
    part: str
    check: str
    points: float | None
    comment: str


def read_changes(path: Path) -> tuple[Change, ...]:
    """Read the table of changes, or all tables of a folder; lines without points and comment are left out.

    Where several lines are about the same, the last points and the last comment count: in a table by line, in a folder
    by when the tables were made.

    Raises:
        LookupError: if there is no such file or folder, or an exercise that is named.
        ValueError: if a column is missing, or points are no number; the message says in which line.

    """
    tables = [path]
    if path.is_dir():
        tables = sorted(path.glob("*.csv"), key=lambda table: (table.stat().st_mtime_ns, table.name))
    found: dict[tuple[str, ...], Change] = {}
    for change in (change for table in tables for change in _read_table(table)):
        about = (change.student, change.exercise, change.part, change.check)
        before = found.get(about, change)
        found[about] = replace(
            change,
            points=before.points if change.points is None else change.points,
            comment=change.comment or before.comment,
        )
    return tuple(found.values())


def _read_table(path: Path) -> list[Change]:
    if not path.is_file():
        raise LookupError(f"there is no {path}")
    text, remark = decoded(path.read_bytes(), path.name)
    if remark:  # learners read the comments
        raise ValueError(f"{path.name} is not in UTF-8; save it as CSV (UTF-8)")
    heading = next((line for line in text.splitlines() if "student" in line.casefold()), "")
    rows, is_spoilt = lines_of(text, max(",;\t", key=heading.count))
    if is_spoilt:  # what stands behind it would not count
        raise ValueError(f"in {path.name} quotation marks are not in pairs; save it again from a spreadsheet")
    headings = [[cell.strip().casefold() for cell in row] for row in rows]
    top = next((number for number, row in enumerate(headings) if "student" in row), 0)
    missing = [column for column in NEEDED if not rows or column not in headings[top]]
    if missing:
        raise ValueError(f"{path.name} has no column {missing[0]!r}; it needs {', '.join(COLUMNS)}")
    changes = []
    for number, row in enumerate(rows[top + 1 :], start=top + 2):
        given = dict(zip(headings[top], row, strict=False))
        cells = {column: given.get(column, "").strip().removeprefix("'") for column in COLUMNS}
        if not cells["points"] and not cells["comment"]:
            continue
        points = _points(cells["points"], f"{path.name}, line {number}")
        try:
            exercise = architecture(cells["exercise"]).chapter
        except LookupError as error:
            raise LookupError(f"{path.name}, line {number}: {error.args[0]}") from error
        changes.append(Change(cells["student"], exercise, cells["part"], cells["check"], points, cells["comment"]))
    return changes


def _points(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        points = float(text.replace(",", "."))
    except ValueError as error:
        raise ValueError(f"{where}: {text!r} is no number of points") from error
    if not 0 <= points < 10_000:
        raise ValueError(f"{where}: {text!r} is no number of points")
    return int(points) if points.is_integer() else points


def changed(result: Result, changes: Iterable[Change]) -> Result:
    """Return a result as the teacher has changed it.

    Args:
        result: as it was graded.
        changes: those of its learner and exercise count, in order: checks first, then parts, then the exercise.

    Raises:
        LookupError: if there is no such part or check; the message lists those that exist.

    """
    own = [change for change in changes if (change.student, change.exercise) == (result.student, result.exercise)]
    for change in sorted(own, key=lambda change: (not change.part, not change.check)):
        result = replace(result, checks=_changed(result.checks, change))
    return result


def _changed(checks: Sequence[CheckResult], change: Change) -> tuple[CheckResult, ...]:
    meant = [check for check in checks if change.part in ("", check.part) and change.check in ("", check.check)]
    if not meant and (change.part or change.check):
        there = "; ".join(f"{check.part}: {check.check}" for check in checks)
        raise LookupError(f"a change for {change.student} names {change.part}: {change.check}; there are {there}")
    if change.check:
        new = [_with(check, change) if check in meant else check for check in checks]
        return tuple(new)
    total = sum(check.points for check in meant)
    more = 0 if change.points is None else change.points - total
    comment = change.comment or "changed by hand"
    return (
        *checks,
        CheckResult(change.part or BY_HAND, BY_HAND, more, 0, BY_HAND, by_hand=comment, graded=0),
    )


def _with(check: CheckResult, change: Change) -> CheckResult:
    points = check.points if change.points is None else change.points
    return replace(check, points=points, by_hand=change.comment or "changed by hand", graded=check.points)
