"""Say of every exercise whether its checks do what they promise: ``python -m tests.exercises_report``.

An exercise needs a bank of answers, ``tests/architectures/<module>/answers.py``: ``WRONG``, each with the check that
must refuse it and what must be said, and ``RIGHT``. Everything is judged as at grading, with a seed of its own.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from pathlib import Path

import nbformat

from cnncourse.architectures import CATALOGUE
from cnncourse.checking import Exercise, Part, Report, Status, judge
from cnncourse.classroom.assignment import CAPSTONE

SEED = 20_260_101  # another than the notebooks', so that answers made for their inputs fall through
LEAST_WRONG, LEAST_RIGHT = 8, 3  # for each exercise
PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class PartReport:
    """What became of the answers to one part.

    Attributes:
        name: the part's name.
        possible: its points at grading.
        wrong: how many wrong answers there are.
        refused: how many of them lose points and are told what the bank says.
        messages: how many different things the refused ones are told.
        right: how many right answers there are.
        full: how many of them get full marks.
        master: points of the instructor's master.
        untouched: points of the learners' version as it is handed out.
        alike: wrong answers that are told the same, because they have the same misconception.
        gaps: what is amiss, a line each.

    """

    name: str
    possible: int
    wrong: int
    refused: int
    messages: int
    right: int
    full: int
    master: float
    untouched: float
    alike: tuple[str, ...]
    gaps: tuple[str, ...]

    @property
    def row(self) -> tuple[str, ...]:
        """The part's line in the table."""
        numbers = map(str, (self.wrong, self.refused, self.messages, self.right, self.full))
        return (self.name, *numbers, *(f"{points:g}/{self.possible}" for points in (self.master, self.untouched)))


HEADS = ("part", "wrong", "refused", "messages", "right", "full marks", "master", "untouched")


def report_part(
    part: Part, wrong: Sequence[object], right: Sequence[object], master: object, untouched: object
) -> PartReport:
    """Judge all answers to a part.

    Args:
        part: the part.
        wrong: with ``answer``, ``check`` and ``said``.
        right: answers that are right.
        master: the instructor's answer.
        untouched: what learners find in the place of an answer.

    """
    gaps = []
    told: dict[frozenset[tuple[str, ...]], list[object]] = {}
    refused = 0
    for each in wrong:
        report = judge(part, each.answer, SEED, at_grading=True)
        faults = {outcome.check.name: outcome.fault for outcome in report.outcomes if outcome.fault is not None}
        fault = faults.get(each.check)
        if fault is None or each.said not in f"{fault.message} {fault.misconception}":
            gaps.append(f"{_name(each.answer)} is not told “{each.said}” at “{each.check}”")
            continue
        refused += 1
        told.setdefault(_told(report), []).append(each)
        first = told[_told(report)][0]
        # What the bank lists under one name is one misconception, and may be told in one way.
        if (first.check, first.said) != (each.check, each.said):
            gaps.append(f"{_name(each.answer)} is told the very same as {_name(first.answer)}")
    full = 0
    for answer in right:
        report = judge(part, answer, SEED, at_grading=True)
        full += report.passed
        if not report.passed:
            gaps.append(f"{_name(answer)} is right and gets {report.points:g} of {part.points} points")
    of_master, of_untouched = (judge(part, answer, SEED, at_grading=True) for answer in (master, untouched))
    if not of_master.passed:
        gaps.append(f"the master gets {of_master.points:g} of {part.points} points")
    if of_untouched.points:
        gaps.append(f"the untouched version gets {of_untouched.points:g} points")
    return PartReport(
        part.name,
        part.points,
        len(wrong),
        refused,
        len(told),
        len(right),
        full,
        of_master.points,
        of_untouched.points,
        tuple(", ".join(_name(each.answer) for each in alike) for alike in told.values() if len(alike) > 1),
        tuple(gaps),
    )


def _told(report: Report) -> frozenset[tuple[str, ...]]:
    """Return all that an answer is told, but for the numbers."""
    return frozenset(
        (outcome.check.name, outcome.fault.message, outcome.fault.misconception, outcome.fault.line)
        for outcome in report.outcomes
        if outcome.status is Status.FAILED
    )


def _name(answer: object) -> str:
    return getattr(answer, "__name__", type(answer).__name__)


def report_exercise(
    exercise: Exercise, answers: object, master: Mapping[str, object], untouched: Mapping[str, object]
) -> tuple[list[PartReport], list[str]]:
    """Judge all answers to an exercise; return a report for each part, and all that is amiss.

    Args:
        exercise: its definition.
        answers: its bank, with ``WRONG`` and ``RIGHT``.
        master: what the instructor's notebook defines, by name.
        untouched: what the learners' notebook defines, by name.

    """
    parts = [
        report_part(
            part,
            [each for each in answers.WRONG if each.part == part.name],
            [answer for name, answer in answers.RIGHT if name == part.name],
            master.get(part.name),
            untouched.get(part.name),
        )
        for part in exercise.parts
    ]
    gaps = [f"{part.name}: {gap}" for part in parts for gap in part.gaps]
    # A part counts each of its messages once, even where several answers share it.
    messages, full = sum(part.messages for part in parts), sum(part.full for part in parts)
    if messages < LEAST_WRONG:
        gaps.append(f"{messages} wrong answers are refused with a message of their own, fewer than {LEAST_WRONG}")
    if full < LEAST_RIGHT:
        gaps.append(f"{full} right answers get full marks, fewer than {LEAST_RIGHT}")
    return parts, gaps


def defined_in(notebook: Path) -> dict[str, object]:
    """Run a notebook's cells, but for those that check and grade, and return what they define."""
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade"):
            with redirect_stdout(StringIO()):
                exec(compile(cell.source, str(notebook), "exec"), names)
    return names


def table(exercise: Exercise, parts: Sequence[PartReport]) -> str:
    """Return an exercise's parts and their sum as text."""
    possible = sum(part.possible for part in parts)
    counted = ("wrong", "refused", "messages", "right", "full")
    sums = [str(sum(getattr(part, name) for part in parts)) for name in counted]
    sums += [f"{sum(getattr(part, name) for part in parts):g}/{possible}" for name in ("master", "untouched")]
    rows = [HEADS, *(part.row for part in parts), ("in total", *sums)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = [
        row[0].ljust(widths[0]) + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
    return "\n".join([exercise.name, *(f"  {line}" for line in lines)])


def main() -> int:
    """Print the report on every exercise of the course; return 1 if anything is amiss."""
    all_gaps = []
    for record in CATALOGUE:
        if not record.has_chapter:
            continue
        answers = import_module(f"tests.architectures.{record.module}.answers")
        exercise = record.exercise()
        defined = []
        for folder in ("solutions", "exercises"):
            names: dict[str, object] = {}
            for notebook in sorted((PROJECT / folder / record.chapter).glob("*.ipynb")):
                if notebook.name != CAPSTONE.name:  # it asks for no part, and trains a network
                    names |= defined_in(notebook)
            defined.append(names)
        parts, gaps = report_exercise(exercise, answers, *defined)
        print(table(exercise, parts))
        for part in parts:
            for alike in part.alike:
                print(f"  · {part.name}: told the same, as the same misconception: {alike}")
        for gap in gaps:
            print(f"  ✗ {gap}")
        all_gaps += gaps
    print(f"\n{len(all_gaps)} gaps" if all_gaps else "\nno gap: every promise of the exercises is kept")
    return 1 if all_gaps else 0


if __name__ == "__main__":
    sys.exit(main())
