"""One gradebook over all exercises: what counts of each, totals, who is at risk, and how the class did."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from cnncourse.architectures import architecture
from cnncourse.classroom.grading.results import Result
from cnncourse.classroom.reports.statistics import correlation
from cnncourse.classroom.term.changes import Change, changed
from cnncourse.classroom.term.records import Learner, Record
from cnncourse.classroom.term.rules import Term

GRADED, MISSING, EXCUSED, BLANK = "graded", "missing", "excused", "blank"
RECENT = 3  # exercises by which it is told who has stopped
A_DAY = timedelta(days=1)  # how late something is of which a platform says only that it is
FALLING = -0.15  # of all points, a chapter


@dataclass(frozen=True)
class Mark:
    """What one exercise counts for one learner.

    Attributes:
        status: "graded", "missing" (counts 0), "excused" (does not count) or "blank" (does not count yet).
        points: after what handing in late costs; ``None`` if it does not count.
        possible: points that could be earned.
        parts: points earned in each part, before that.
        penalty: points that handing in late costs.
        late: how late it was handed in; ``None`` if in time, or if nobody knows.
        attempts: how often it was handed in.
        by_hand: whether a teacher changed something.
        result: the result that counts, as changed by hand; ``None`` without one.

    """

    status: str
    points: float | None
    possible: int
    parts: Mapping[str, float] = field(default_factory=dict)
    penalty: float = 0
    late: timedelta | None = None
    attempts: int = 0
    by_hand: bool = False
    result: Result | None = None

    @property
    def share(self) -> float | None:
        """Points of those possible, from 0 to 1 or above; ``None`` if it does not count."""
        return None if self.points is None else self.points / self.possible if self.possible else 0.0

    def scaled(self, maximum: float | None) -> float | None:
        """Return the points of another maximum; ``None`` for it leaves them as they are."""
        if self.points is None or maximum is None:
            return self.points
        return round(self.share * maximum, 2)


@dataclass(frozen=True)
class Row:
    """A learner's term.

    Attributes:
        student: as every table has it.
        learner: names and numbers, as the latest exercise knows them.
        marks: by exercise.
        dropped: exercises that do not count, being the weakest.
        total: share of all points that count, by weight, 0 to 1; ``None`` if nothing counts yet.
        trend: by how much that share grows from one exercise to the next; ``None`` with fewer than three.
        risks: why the learner may need help.

    """

    student: str
    learner: Learner
    marks: Mapping[str, Mark]
    dropped: frozenset[str]
    total: float | None
    trend: float | None
    risks: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """How a class did in one exercise; shares of its points, 0 to 1.

    Attributes:
        exercise: its name.
        title: what is built.
        possible: points that could be earned.
        graded: number of learners with a grade.
        missing: number of learners who handed in nothing.
        quartiles: a quarter, a half and three quarters of the graded are below these; empty if nobody is graded.
        mean: ``None`` if nobody is graded.
        discrimination: correlation with the totals of all other exercises; ``None`` where it means nothing.

    """

    exercise: str
    title: str
    possible: int
    graded: int
    missing: int
    quartiles: tuple[float, ...]
    mean: float | None
    discrimination: float | None


@dataclass(frozen=True)
class TermBook:
    """Everybody's term: the rules, the exercises with what can be earned, and a row a learner."""

    term: Term
    possible: Mapping[str, int]
    rows: tuple[Row, ...]

    @property
    def exercises(self) -> tuple[str, ...]:
        """The graded exercises, in the order of the chapters."""
        return tuple(self.possible)

    def summaries(self) -> list[Summary]:
        """Return how the class did in each exercise."""
        return [self._summary(exercise) for exercise in self.exercises]

    def _summary(self, exercise: str) -> Summary:
        marks = [row.marks[exercise] for row in self.rows]
        graded = [(row, mark.share) for row, mark in zip(self.rows, marks, strict=True) if mark.status == GRADED]
        shares = np.array([share for _, share in graded])
        others = [total_of(self.term, row.marks, without={exercise}) for row, _ in graded]
        known = [(share, other) for (_, share), other in zip(graded, others, strict=True) if other is not None]
        return Summary(
            exercise,
            architecture(exercise).exercise().title,
            self.possible[exercise],
            len(graded),
            sum(mark.status == MISSING for mark in marks),
            tuple(np.percentile(shares, [25, 50, 75]).tolist()) if graded else (),
            float(shares.mean()) if graded else None,
            correlation(*map(np.array, zip(*known, strict=True))) if known else None,
        )


def make_book(records: Sequence[Record], term: Term, changes: Sequence[Change] = ()) -> TermBook:
    """Return everybody's term.

    Args:
        records: the graded exercises, in order.
        term: the rules.
        changes: by the teacher's hand.

    """
    possible = {
        record.exercise: sum(part.points for part in architecture(record.exercise).exercise().parts)
        for record in records
    }
    learners: dict[str, Learner] = {}
    for record in records:
        for student, learner in record.learners.items():
            known = learners.get(student)
            learners[student] = learner if known is None else _together(known, learner)
    rows = [
        _row(student, learners[student], _marks(records, student, term, changes, possible), term)
        for student in sorted(learners)
    ]
    return TermBook(term, possible, tuple(rows))


def _together(known: Learner, later: Learner) -> Learner:
    """Return what two exercises know of a learner; the later one decides."""
    merged = {name: getattr(later, name) or getattr(known, name) for name in ("name", "canvas", "moodle", "email")}
    return Learner(handed_in=known.handed_in or later.handed_in, **merged)


def _marks(
    records: Iterable[Record], student: str, term: Term, changes: Sequence[Change], possible: Mapping[str, int]
) -> dict[str, Mark]:
    own = [change for change in changes if change.student == student]
    return {record.exercise: mark(record, student, term, own, possible[record.exercise]) for record in records}


def mark(record: Record, student: str, term: Term, changes: Sequence[Change], possible: int) -> Mark:
    """Return what an exercise counts for a learner.

    Args:
        record: the graded exercise.
        student: the learner.
        term: the rules.
        changes: by hand; those of the learner and the exercise count.
        possible: points that can be earned.

    """
    if record.exercise in term.learner(student).excused:
        return Mark(EXCUSED, None, possible)
    by_hand = any(change.exercise == record.exercise for change in changes)
    learner = record.learners.get(student)
    results = record.attempts(student) if learner is not None and learner.handed_in else []
    if not results and by_hand:  # an oral examination, say
        results = [Result(student, record.exercise, ())]
    if not results:
        # What nobody has looked at, and what nobody can find, is no zero.
        is_open = learner.handed_in if learner else record.is_doubtful
        status = BLANK if is_open else {"0": MISSING, "blank": BLANK, "excused": EXCUSED}[term.missing]
        return Mark(status, 0.0 if status == MISSING else None, possible)
    if term.attempts == "last":
        judged = [_judged(record, results[-1], term, changes, possible, len(results))]
    else:
        judged = [_judged(record, result, term, changes, possible, len(results)) for result in results]
    return max(reversed(judged), key=lambda each: each.points)


def _judged(
    record: Record, result: Result, term: Term, changes: Sequence[Change], possible: int, attempts: int
) -> Mark:
    graded = changed(result, changes)
    learner = record.learners.get(result.student)
    due = term.due(record.exercise, result.student, record.due)
    submitted = learner.submitted(result.attempt) if learner else None
    late, percent = None, 0.0
    if submitted is not None and due is not None:
        late = submitted - due if submitted > due else None
        percent = term.late.percent(late) if late else 0.0
    elif learner is not None and learner.late and record.exercise not in term.learner(result.student).extensions:
        late, percent = A_DAY, term.late.of_days(1)
    penalty = min(round(percent * possible / 100, 2), graded.points)
    parts = {part: points for part, (points, _) in graded.parts.items()}
    points = round(graded.points - penalty, 2)
    return Mark("graded", points, possible, parts, penalty, late, attempts, graded != result, graded)


def _row(student: str, learner: Learner, marks: Mapping[str, Mark], term: Term) -> Row:
    dropped = _dropped(term, marks)
    total = total_of(term, marks, without=dropped)
    shares = [each.share for each in marks.values() if each.share is not None]
    trend = float(np.polyfit(range(len(shares)), shares, 1)[0]) if len(shares) >= RECENT else None
    return Row(student, learner, marks, dropped, total, trend, tuple(_risks(term, marks, total, trend)))


def _dropped(term: Term, marks: Mapping[str, Mark]) -> frozenset[str]:
    """Return the exercises with the smallest shares; one always stays."""
    counted = sorted((each.share, name) for name, each in marks.items() if each.share is not None)
    return frozenset(name for _, name in counted[: max(0, min(term.drop, len(counted) - 1))])


def total_of(term: Term, marks: Mapping[str, Mark], *, without: Iterable[str] = ()) -> float | None:
    """Return the share of all points that count, by weight; ``None`` if none does."""
    left_out = set(without)
    counted = [
        (term.exercise(name).weight, each.share)
        for name, each in marks.items()
        if each.share is not None and name not in left_out
    ]
    weights = sum(weight for weight, _ in counted)
    return sum(weight * share for weight, share in counted) / weights if weights else None


def _risks(term: Term, marks: Mapping[str, Mark], total: float | None, trend: float | None) -> Iterable[str]:
    if total is not None and 100 * total < term.at_risk:
        yield f"{100 * total:.0f} % of the points, below {term.at_risk:g} %"
    recent = [each.status for each in marks.values()][-RECENT:]
    missing = recent.count(MISSING) + recent.count(BLANK)
    if missing >= 2:
        yield f"{missing} of the last {len(recent)} exercises are missing"
    if trend is not None and trend < FALLING:
        yield f"falls by {-100 * trend:.0f} % of the points from one exercise to the next"
