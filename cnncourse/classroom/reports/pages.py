"""Pages: feedback for every learner, and for the instructor what the class made of the exercise."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cnncourse.checking import Exercise
from cnncourse.checking.report import SIGNS
from cnncourse.classroom.collecting.deadline import shown
from cnncourse.classroom.collecting.submissions import Collection, Submission
from cnncourse.classroom.grading.batch import NOTHING_RAN
from cnncourse.classroom.grading.results import CheckResult, Result, whole
from cnncourse.classroom.grading.writing import replacing
from cnncourse.classroom.reports.disclosure import for_learner, without_paths
from cnncourse.classroom.reports.plots import distribution, misconceptions
from cnncourse.classroom.reports.similarity import Group
from cnncourse.classroom.reports.statistics import FEWEST_LEARNERS, Item, Statistics
from cnncourse.classroom.reports.tables import (
    GRADED,
    MISSING,
    NOT_GRADED,
    Grade,
    Gradebook,
    write_gradescope,
    write_tables,
)

MOST_PEOPLE = 100  # in a list; nobody reads further, and grades.csv has them all
MOST_FEEDBACK_LINKS = 300
MOST_MESSAGES = 10
MOST_GROUPS = 30
DOUBTFUL = 0.1  # discrimination below this deserves a look
TONES = {"passed": "passed", "failed": "failed"}
# Whatever does not say one of these counts as weak: a warning too many does no harm.
SAFE_ISOLATION = ("bubblewrap", "container", "virtual machine")
# Whatever is put into a template is escaped, and a misspelt name is an error.
TEMPLATES = Environment(
    loader=PackageLoader("cnncourse.classroom.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_reports(
    folder: Path,
    exercise: Exercise,
    results: Iterable[Result],
    collection: Collection,
    alike: Sequence[Group] = (),
) -> Path:
    """Write all tables and pages of a graded exercise.

    Goes through the results once, so that they can be read from disk one after the other.

    Args:
        folder: where to; made if it is not there.
        exercise: what was graded.
        results: one a submission, in any order.
        collection: who handed in, and who did not.
        alike: learners whose answers are alike.

    Returns:
        The instructor's page.

    """
    submissions = {submission.student: submission for submission in collection.submissions}
    gradebook, statistics = Gradebook(exercise, collection), Statistics()
    for result in results:
        gradebook.add(result)
        statistics.add(result)
        write_gradescope(folder, result)
        write_feedback(folder, exercise, result, submissions.get(result.student))
    write_tables(folder, gradebook)
    return write_index(folder, exercise, gradebook, statistics, collection, alike)


# For learners --------------------------------------------------------------------------------------------------------


def write_feedback(folder: Path, exercise: Exercise, result: Result, submission: Submission | None) -> Path:
    """Write a learner's feedback page, ``feedback/STUDENT.html``, and return it."""
    name, late = (submission.name, bool(submission.late)) if submission else (result.student, False)
    path = folder / "feedback" / f"{result.student}.html"
    with replacing(path) as file:
        file.write(feedback_page(exercise, result, name, late=late))
    return path


def feedback_page(
    exercise: Exercise,
    result: Result,
    name: str,
    *,
    late: bool,
    penalty: float = 0,
    answers: Mapping[str, str] | None = None,
    template: str = "feedback.html",
    **more: object,
) -> str:
    """Return a feedback page.

    Args:
        exercise: what was graded.
        result: what was earned.
        name: whose it is.
        late: whether it was handed in late.
        penalty: points that this costs.
        answers: what was written, by part, to be shown beside it; ``None`` for learners, who know it.
        template: of the page, one that extends the usual one.
        more: what that one takes besides.

    """
    parts = [
        {
            "name": part,
            "points": points,
            "possible": possible,
            "percent": _percent(points, possible),
            "checks": [_told(check) for check in result.checks if check.part == part],
            "answer": (answers or {}).get(part, ""),
        }
        for part, (points, possible) in result.parts.items()
    ]
    return TEMPLATES.get_template(template).render(
        exercise=exercise.name,
        title=exercise.title,
        name=name,
        late=late,
        penalty=whole(penalty),
        points=whole(round(result.points - penalty, 2)),
        possible=result.possible,
        remarks=[without_paths(remark) for remark in result.remarks],
        parts=parts,
        **more,
    )


def _told(check: CheckResult) -> dict[str, object]:
    told = for_learner(check)
    return {
        "name": told.check,
        "status": told.status,
        "tone": TONES.get(check.status, "open"),
        "sign": SIGNS.get(check.status, SIGNS["not attempted yet"])[0],
        "points": told.points,
        "possible": told.possible,
        "public": told.public,
        "message": told.message,
        "expected": told.expected,
        "got": told.got,
        # Drawn by the judge from numbers alone, so there is nothing to escape.
        "picture": Markup(told.picture),
        "line": told.line,
        "by_hand": told.by_hand,
        "graded": told.graded,
        "misconception": told.misconception,
        "hints": told.hints if told.status != "passed" else (),
    }


# For the instructor --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Someone:
    """A learner in one of the page's lists."""

    student: str
    name: str
    page: str
    total: int | None
    lines: Sequence[str]


def write_index(
    folder: Path,
    exercise: Exercise,
    gradebook: Gradebook,
    statistics: Statistics,
    collection: Collection,
    alike: Sequence[Group],
) -> Path:
    """Write the instructor's page, ``index.html``, and return it."""
    grades = gradebook.grades()
    people = {grade.student: _someone(grade) for grade in grades}
    attention = [people[grade.student] for grade in grades if grade.attention]
    graded = [people[grade.student] for grade in grades if grade.status == GRADED]
    late = [grade for grade in grades if grade.late]
    missing = [grade for grade in grades if grade.status == MISSING]
    waiting = [grade for grade in grades if grade.status == NOT_GRADED]
    lists = [
        {"title": f"{title} ({len(found):,})", "people": [people[g.student] for g in found[:MOST_PEOPLE]]}
        | {"more": len(found) - MOST_PEOPLE}
        for title, found in (("Late", late), ("Missing", missing), ("Handed in, but not graded", waiting))
        if found
    ]
    page = TEMPLATES.get_template("index.html").render(
        exercise=exercise.name,
        title=exercise.title,
        weak=[_isolation_line(*entry) for entry in statistics.isolation.most_common() if _is_weak(entry[0])],
        isolation=[_isolation_line(*entry) for entry in statistics.isolation.most_common()]
        or ["nothing was run: there are no results"],
        cards=list(_cards(statistics, gradebook, len(missing), _lateness(collection), len(attention))),
        due=shown(collection.due) if collection.due else "",
        plots=list(_plots(statistics)),
        items=[_item(item, len(graded)) for item in statistics.items()],
        messages=[
            {"where": where, "text": text, "count": f"{count:,}"}
            for (where, text), count in sorted(statistics.messages.items(), key=lambda entry: (-entry[1], entry[0]))
        ][:MOST_MESSAGES],
        attention=attention[:MOST_PEOPLE],
        attention_more=len(attention) - MOST_PEOPLE,
        alike=[_alike(group, people) for group in alike[:MOST_GROUPS]],
        alike_more=len(alike) - MOST_GROUPS,
        general=collection.remarks.get("", ()),
        lists=lists,
        everybody=graded[:MOST_FEEDBACK_LINKS],
        everybody_more=len(graded) - MOST_FEEDBACK_LINKS,
    )
    path = folder / "index.html"
    with replacing(path) as file:
        file.write(page)
    return path


def _lateness(collection: Collection) -> str:
    """Return how many handed in late, as far as the source tells when they did."""
    told = [each.late for each in collection.submissions if each.late is not None]
    return f"{sum(told):,}" if told or not collection.submissions else "unknown"


def _someone(grade: Grade) -> _Someone:
    page = "" if grade.status != GRADED else f"feedback/{quote(grade.student)}.html"
    return _Someone(grade.student, grade.name, page, grade.total, grade.attention)


def _cards(
    statistics: Statistics, gradebook: Gradebook, missing: int, late: str, attention: int
) -> Iterator[dict[str, str]]:
    totals, possible = statistics.totals, gradebook.total_possible
    yield {"number": f"{len(totals):,}", "what": "graded"}
    if len(totals):
        yield {"number": f"{totals.mean():.1f}", "what": f"mean, of {possible} points"}
        yield {"number": f"{np.median(totals):g}", "what": f"median, of {possible} points"}
        yield {"number": f"{int((totals >= possible).sum()):,}", "what": "with full marks"}
    yield {"number": f"{missing:,}", "what": "missing"}
    yield {"number": late, "what": "late"}
    yield {"number": f"{attention:,}", "what": "need your eye"}


def _plots(statistics: Statistics) -> Iterator[object]:
    totals = statistics.totals
    if len(totals) and statistics.possible:
        yield distribution(totals, statistics.possible)
    if counted := sorted(statistics.misconceptions.items(), key=lambda entry: (-entry[1], entry[0])):
        yield misconceptions(counted, len(totals))


def _item(item: Item, learners: int) -> dict[str, object]:
    known = item.discrimination is not None
    return {
        "part": item.part,
        "check": item.check,
        "points": item.possible,
        "public": item.public,
        "passed": round(100 * item.passed),
        "not_attempted": round(100 * item.not_attempted),
        "discrimination": f"{item.discrimination:.2f}".replace("-", "−") if known else "–",
        "doubtful": known and item.discrimination < DOUBTFUL,
        "too_few": learners < FEWEST_LEARNERS,
    }


def _alike(group: Group, people: Mapping[str, _Someone]) -> dict[str, object]:
    shown = [people[student] for student in group.students if student in people]
    return {
        "part": group.part,
        "share": f"{group.share:.0%}",
        "count": len(shown),
        "people": shown[:MOST_PEOPLE],
        "more": len(shown) - MOST_PEOPLE,
        "lines": group.lines,
    }


def _is_weak(isolation: str) -> bool:
    if isolation == NOTHING_RAN:
        return False
    words = isolation.casefold()
    return "weak" in words or not any(word in words for word in SAFE_ISOLATION)


def _isolation_line(isolation: str, learners: int) -> str:
    return f"{isolation or 'nobody knows how'} ({learners:,} learner{'s' if learners != 1 else ''})"


def _percent(points: int, possible: int) -> int:
    return round(100 * points / possible) if possible else 0
