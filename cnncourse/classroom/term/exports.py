"""The term's gradebook as tables: plain, for Excel, and as Canvas, Moodle and Gradescope write theirs."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cnncourse.classroom.collecting.names import plain_text
from cnncourse.classroom.collecting.roster import CANVAS_COLUMNS, Roster
from cnncourse.classroom.grading.results import whole
from cnncourse.classroom.grading.writing import UTF_8, replacing_bytes, write_table
from cnncourse.classroom.term.changes import COLUMNS
from cnncourse.classroom.term.gradebook import EXCUSED, MISSING, Mark, Row, TermBook

Cells = Sequence[str | float | None]
CANVAS_EXCUSED = "EX"  # what Canvas' gradebook takes for excused work


def write_exports(folder: Path, book: TermBook) -> list[Path]:
    """Write the gradebook as tables, and return them; an Excel file is among them if openpyxl is there.

    Args:
        folder: where to.
        book: everybody's term.

    """
    roster = Roster.read(book.term.roster) if book.term.roster else None
    listed = _listed(book, roster)
    tables = {
        "gradebook.csv": (_plain(book), UTF_8),
        "canvas.csv": (_canvas(book, roster, listed), ""),
        "moodle.csv": (_moodle(book, roster, listed), ""),
        "gradescope.csv": (_gradescope(book, roster, listed), ""),
    }
    for name, (rows, mark) in tables.items():
        write_table(folder / name, rows, mark)
    written = [folder / name for name in tables]
    try:
        written.append(_write_excel(folder / "gradebook.xlsx", book))
    except ImportError:  # the extra “instructor” is not installed
        (folder / "gradebook.xlsx").unlink(missing_ok=True)
    return written


def write_by_hand(path: Path, book: TermBook, called: Mapping[str, str]) -> Path:
    """Write a table with a line for each check and learner, to be filled in and named as ``changes`` in term.toml.

    Args:
        path: of the table.
        book: everybody's term.
        called: by learner, how the table calls each.

    """
    rows: list[Cells] = [COLUMNS]
    for row in book.rows:
        for exercise, mark in row.marks.items():
            for check in mark.result.checks if mark.result else ():
                if check.possible:
                    graded = check.points if check.graded is None else check.graded
                    student = called[row.student]
                    rows.append([student, exercise, check.part, check.check, check.possible, graded, None, None])
    write_table(path, rows, UTF_8)
    return path


def points_of(book: TermBook, row: Row, exercise: str) -> float | None:
    """Return what an exercise counts for a learner, in the points of the platform."""
    points = row.marks[exercise].scaled(book.term.exercise(exercise).maximum)
    return None if points is None else whole(points)


def maximum_of(book: TermBook, exercise: str) -> float:
    """Return the points that a platform gives for an exercise."""
    maximum = book.term.exercise(exercise).maximum
    return book.possible[exercise] if maximum is None else whole(maximum)


def percent(share: float | None) -> float | None:
    """Return a share in percent, as tables have it."""
    return None if share is None else round(100 * share, 1)


def _listed(book: TermBook, roster: Roster | None) -> Mapping[str, Mapping[str, str]]:
    """Return what the class list says of each learner."""
    if roster is None:
        return {}
    called = {
        row.student: [word for word in (row.student, row.learner.canvas, row.learner.email, row.learner.name) if word]
        for row in book.rows
    }
    return {student: person.row for student, person in roster.match(called).people.items()}


def _plain(book: TermBook) -> Iterable[Cells]:
    exercises = book.exercises
    notes = ("percent of all points", "dropped", "missing", "late", "excused", "percent points a chapter", "at risk")
    yield ["student", "name", *exercises, *notes]
    yield ["points possible", None, *(maximum_of(book, exercise) for exercise in exercises), 100]
    for row in book.rows:
        marks = row.marks

        def those(status: str, marks: Mapping[str, Mark] = marks) -> str:
            return "; ".join(exercise for exercise, mark in marks.items() if mark.status == status)

        yield [
            row.student,
            plain_text(row.learner.name),
            *(points_of(book, row, exercise) for exercise in exercises),
            percent(row.total),
            "; ".join(sorted(row.dropped)),
            those("missing"),
            "; ".join(exercise for exercise, mark in marks.items() if mark.late),
            those(EXCUSED),
            percent(row.trend),
            "; ".join(row.risks),
        ]


def _canvas(book: TermBook, roster: Roster | None, listed: Mapping[str, Mapping[str, str]]) -> Iterable[Cells]:
    headings = roster.columns if roster and roster.platform == "canvas" else ()
    end = headings.index("Section") + 1 if "Section" in headings else 0
    columns = headings[:end] or CANVAS_COLUMNS
    # With the number that Canvas has put behind it, the import finds an assignment instead of making a new one.
    names = [(headings and roster.assignment(name)) or name for name in book.exercises]
    yield [*columns, *names]
    yield ["    Points Possible", *[""] * (len(columns) - 1), *(maximum_of(book, name) for name in book.exercises)]
    for row in book.rows:
        own = listed.get(row.student) if headings else None
        if headings and own is None:
            continue  # whom Canvas does not know it cannot give points
        own = own or {"Student": row.learner.name, "ID": row.learner.canvas}
        places = zip(book.exercises, names, strict=True)
        cells = [_of_canvas(book, row, name, own.get(heading, "")) for name, heading in places]
        yield [*(own.get(column, "") for column in columns), *cells]


def _of_canvas(book: TermBook, row: Row, name: str, before: str) -> str | float | None:
    """Return a cell of Canvas' gradebook; a blank, or a zero for nothing, would take away what Canvas has."""
    if row.marks[name].status == EXCUSED:
        return CANVAS_EXCUSED
    points = points_of(book, row, name)
    return before.strip() or points if points is None or row.marks[name].status == MISSING else points


def _moodle(book: TermBook, roster: Roster | None, listed: Mapping[str, Mapping[str, str]]) -> Iterable[Cells]:
    """Yield what Moodle's gradebook imports as CSV: one column says who it is, the others are mapped by hand, once."""
    yield ["Full name", "Email address", "ID number", "Username", *book.exercises]
    for row in book.rows:
        own = listed.get(row.student, {})
        who = [_cell(own, roster, held) for held in ("number", "username")]
        email = row.learner.email or _cell(own, roster, "email")
        yield [row.learner.name, email, *who, *(points_of(book, row, name) for name in book.exercises)]


def _gradescope(book: TermBook, roster: Roster | None, listed: Mapping[str, Mapping[str, str]]) -> Iterable[Cells]:
    """Yield a table like the one that Gradescope gives of a course's grades."""
    yield ["Name", "SID", "Email", *(each for name in book.exercises for each in (name, f"{name} - Max Points"))]
    for row in book.rows:
        own = listed.get(row.student, {})
        number = _cell(own, roster, "id") or _cell(own, roster, "number")
        email = row.learner.email or _cell(own, roster, "email")
        points = [each for name in book.exercises for each in (points_of(book, row, name), maximum_of(book, name))]
        yield [row.learner.name, number, email, *points]


def _cell(row: Mapping[str, str], roster: Roster | None, held: str) -> str:
    return row.get(roster.column(held), "") if roster else ""


def _write_excel(path: Path, book: TermBook) -> Path:
    """Write a workbook: the gradebook, the parts of each exercise, and how the class did."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    workbook = Workbook()
    workbook.remove(workbook.active)
    for title, rows in (("Gradebook", _plain(book)), ("Parts", _parts(book)), ("Exercises", _exercises(book))):
        sheet = workbook.create_sheet(title)
        for number, row in enumerate(rows, start=1):
            for place, value in enumerate(row, start=1):
                cell = sheet.cell(number, place)
                cell.value = _of_xml(value) if isinstance(value, str) else value
                if isinstance(value, str):
                    cell.data_type = "s"  # text, even if it begins like a formula
                if number == 1:
                    cell.font = Font(bold=True)
        sheet.freeze_panes = "C2"
    with replacing_bytes(path) as file:
        workbook.save(file)
    return path


def _of_xml(text: str) -> str:
    return "".join(sign for sign in text if sign >= " " or sign in "\t\n")


def _parts(book: TermBook) -> Iterable[Cells]:
    yield ["student", "name", "exercise", "part", "points", "for handing in late", "hand-ins", "by hand"]
    for row in book.rows:
        for exercise, mark in row.marks.items():
            for part, points in mark.parts.items():
                late = -mark.penalty if mark.penalty else None
                name, by_hand = plain_text(row.learner.name), "yes" if mark.by_hand else ""
                yield [row.student, name, exercise, part, points, late, mark.attempts, by_hand]


def _exercises(book: TermBook) -> Iterable[Cells]:
    yield ["exercise", "points", "graded", "missing", "mean %", "lower quarter %", "median %", "upper quarter %"]
    for each in book.summaries():
        quartiles = [percent(share) for share in each.quartiles] or [None] * 3
        yield [each.exercise, each.possible, each.graded, each.missing, percent(each.mean), *quartiles]
