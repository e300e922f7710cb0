"""The term on one page: who stands where, who may need help, and how the class did in each exercise."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from cnncourse.classroom.collecting.deadline import shown
from cnncourse.classroom.grading.results import whole
from cnncourse.classroom.grading.writing import replacing
from cnncourse.classroom.reports.pages import TEMPLATES
from cnncourse.classroom.term.exports import maximum_of, percent, points_of
from cnncourse.classroom.term.gradebook import GRADED, Row, TermBook

WIDTH, HEIGHT = 72, 20  # points of a small line over the term
WORDS = {"missing": "missing", "excused": "excused", "blank": "–"}


def pseudonyms(students: Sequence[str], secret: bytes) -> dict[str, str]:
    """Return what learners are called where no name may be seen; the same as long as the secret is.

    Args:
        students: all of them.
        secret: without it nobody can tell who is who.

    """
    digests = {student: hashlib.sha256(secret + b"\0" + student.encode()).hexdigest() for student in students}
    length = next(
        length for length in range(5, 64) if len({each[:length] for each in digests.values()}) == len(digests)
    )
    return {student: f"learner-{digest[:length]}" for student, digest in digests.items()}


def write_page(folder: Path, book: TermBook, called: Mapping[str, str], links: Mapping[tuple[str, str], str]) -> Path:
    """Write the page, ``index.html``, and return it.

    Args:
        folder: where to; the tables are beside it.
        book: everybody's term.
        called: by learner, the name to be shown.
        links: by learner and exercise, the address of a page about it.

    """
    rows = sorted(book.rows, key=lambda row: called[row.student].casefold())
    page = TEMPLATES.get_template("term.html").render(
        title=book.term.title,
        has_excel=(folder / "gradebook.xlsx").is_file(),
        rules=list(_rules(book)),
        exercises=[
            {"name": name, "maximum": maximum_of(book, name), "weight": f"{book.term.exercise(name).weight:g}"}
            for name in book.exercises
        ],
        rows=[_shown(book, row, called[row.student], links) for row in rows],
        risks=[{"name": called[row.student], "why": row.risks} for row in rows if row.risks],
        summaries=[
            {
                "exercise": each.exercise,
                "title": each.title,
                "graded": each.graded,
                "missing": each.missing,
                "mean": percent(each.mean),
                "quartiles": [percent(share) for share in each.quartiles],
                "discrimination": None if each.discrimination is None else f"{each.discrimination:.2f}",
            }
            for each in book.summaries()
        ],
    )
    path = folder / "index.html"
    with replacing(path) as file:
        file.write(page)
    return path


def _rules(book: TermBook) -> Iterable[str]:
    term, late = book.term, book.term.late
    yield f"Work that was not handed in counts {'0' if term.missing == '0' else 'nothing: it is ' + term.missing}."
    yield f"Of several hand-ins the {term.attempts} counts."
    if term.drop:
        yield f"The {term.drop} weakest of a learner's exercises {'does' if term.drop == 1 else 'do'} not count."
    if late.percent_a_day:
        grace = f", after {late.grace.total_seconds() / 60:g} minutes of grace" if late.grace else ""
        cost = f"{late.percent_a_day:g} % of the points possible a day"
        yield f"Handing in late costs {cost}{grace}, {late.at_most:g} % at most."
    for name in book.exercises:
        if due := term.exercise(name).due:
            yield f"{name} was due on {shown(due)}."


def _shown(book: TermBook, row: Row, name: str, links: Mapping[tuple[str, str], str]) -> dict[str, object]:
    cells = []
    for exercise, mark in row.marks.items():
        notes = [
            *([f"{whole(mark.penalty)} points off for handing in late"] if mark.penalty else []),
            *(["changed by hand"] if mark.by_hand else []),
            *([f"handed in {mark.attempts} times"] if mark.attempts > 1 else []),
            *(["does not count, being the weakest"] if exercise in row.dropped else []),
        ]
        link = links.get((row.student, exercise), "")
        points = points_of(book, row, exercise)
        text = f"{points:g}" if mark.status == GRADED else WORDS[mark.status]
        cells.append(
            {
                "text": text,
                "status": mark.status,
                "notes": notes,
                "dropped": exercise in row.dropped,
                "link": quote(link),
            }
        )
    return {
        "name": name,
        "cells": cells,
        "total": percent(row.total),
        "line": _line([mark.share for mark in row.marks.values()]),
        "trend": None if row.trend is None else f"{100 * row.trend:+.0f}".replace("-", "−"),
        "risks": row.risks,
    }


def _line(shares: Sequence[float | None]) -> list[str]:
    """Return the points of a small line over the term, piece by piece where something does not count."""
    pieces, piece = [], []
    step = WIDTH / max(1, len(shares) - 1)
    for number, share in enumerate([*shares, None]):
        if share is not None:
            piece.append(f"{number * step:.1f},{HEIGHT * (1 - min(1, max(0, share))):.1f}")
        elif piece:
            pieces.append(" ".join(piece))
            piece = []
    return pieces
