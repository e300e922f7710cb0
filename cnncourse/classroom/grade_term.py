"""The term from its graded exercises: what ``cnncourse gradebook`` does."""

from collections.abc import Sequence
from pathlib import Path

from cnncourse.architectures import architecture
from cnncourse.classroom.grading.batch import read_secret
from cnncourse.classroom.grading.writing import replacing
from cnncourse.classroom.reports.pages import feedback_page
from cnncourse.classroom.term.changes import Change, read_changes
from cnncourse.classroom.term.exports import write_by_hand, write_exports
from cnncourse.classroom.term.gradebook import TermBook, make_book
from cnncourse.classroom.term.marking import marking_page
from cnncourse.classroom.term.page import pseudonyms, write_page
from cnncourse.classroom.term.records import Record, read_records
from cnncourse.classroom.term.rules import Term
from cnncourse.classroom.term.sending import renew_for_nbgrader, write_mails, write_zips


def make_gradebook(graded: Path, term: Term, folder: Path) -> Path:
    """Write the gradebook of a term: a page, tables, feedback anew with all changes by hand, and as platforms take it.

    Args:
        graded: the folder with a folder an exercise, as ``cnncourse grade`` leaves it.
        term: the rules.
        folder: where to.

    Returns:
        The page.

    Raises:
        LookupError: if nothing is graded, or a file that the rules name is not there.
        ValueError: if one of them cannot be understood.

    """
    records = read_records(graded)
    students = sorted({student for record in records for student in record.learners})
    hidden = pseudonyms(students, read_secret(folder / "pseudonyms.txt"))
    changes = _with_names(read_changes(term.changes) if term.changes else (), hidden)
    book = make_book(records, term, changes)
    called = hidden if term.anonymous else {row.student: row.learner.name for row in book.rows}
    addresses = {row.student: row.learner.email for row in book.rows if row.learner.email}
    links = {}
    for record in records:
        links |= _write_pages(record, book, called, folder)
        write_zips(record)
        renew_for_nbgrader(record)
        write_mails(record, addresses, term.title)
    write_exports(folder, book)
    write_by_hand(
        folder / "by-hand.csv", book, hidden if term.anonymous else dict(zip(students, students, strict=True))
    )
    return write_page(folder, book, called, links)


def strangers(graded: Path, term: Term) -> list[str]:
    """Return those for whom the rules say something, and who are in no graded exercise.

    Args:
        graded: the folder with a folder an exercise.
        term: the rules.

    Raises:
        LookupError: if nothing is graded.
        ValueError: if it cannot be read.

    """
    known = {student for record in read_records(graded) for student in record.learners}
    return sorted(set(term.learners) - known)


def _with_names(changes: Sequence[Change], hidden: dict[str, str]) -> tuple[Change, ...]:
    """Return changes in which learners are called as everywhere else."""
    students = {name: student for student, name in hidden.items()}
    unknown = [each.student for each in changes if each.student not in hidden and each.student not in students]
    if unknown:
        raise LookupError(f"a change by hand is for {unknown[0]!r}, who is in no graded exercise")
    return tuple(Change(**{**vars(each), "student": students.get(each.student, each.student)}) for each in changes)


def _write_pages(record: Record, book: TermBook, called: dict[str, str], folder: Path) -> dict[tuple[str, str], str]:
    """Write feedback as it is now, and a page for marking with the answers; return the latter's addresses."""
    exercise = architecture(record.exercise).exercise()
    links: dict[tuple[str, str], str] = {}
    pages: dict[Path, str] = {}
    for row in book.rows:
        mark, learner = row.marks[record.exercise], record.learners.get(row.student)
        if mark.result is None:
            continue
        late = bool(mark.late)
        feedback = feedback_page(
            exercise, mark.result, learner.name if learner else row.learner.name, late=late, penalty=mark.penalty
        )
        name = called[row.student] if book.term.anonymous else row.student
        marking = marking_page(exercise, mark.result, called[row.student], name, late=late, penalty=mark.penalty)
        pages[record.folder / "feedback" / f"{row.student}.html"] = feedback
        pages[folder / "marking" / record.exercise / f"{name}.html"] = marking
        links[row.student, record.exercise] = f"marking/{record.exercise}/{name}.html"
    for left in (folder / "marking" / record.exercise).glob("*.html"):
        if left not in pages:  # by another name: of who is who
            left.unlink()
    for path, page in pages.items():
        with replacing(path) as file:
            file.write(page)
    return links
