"""From a folder or zip of submissions to grades, pages and tables: what ``cnncourse grade`` does."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tqdm import tqdm

from cnncourse.checking import Exercise, Status
from cnncourse.classroom.collecting.collect import collect
from cnncourse.classroom.collecting.names import plain_text
from cnncourse.classroom.collecting.submissions import Collection, Submission
from cnncourse.classroom.grading.assignment import assignment
from cnncourse.classroom.grading.batch import (
    ResultFiles,
    grade_here,
    isolation_here,
    read_secret,
    tasks,
)
from cnncourse.classroom.grading.cluster import grade_on_cluster
from cnncourse.classroom.grading.grade import Setup
from cnncourse.classroom.grading.results import Result
from cnncourse.classroom.reports.pages import write_reports
from cnncourse.classroom.reports.similarity import Group, groups, of_the_course
from cnncourse.classroom.term.changes import changed, read_changes
from cnncourse.classroom.term.records import write_record
from cnncourse.classroom.term.rules import Term
from cnncourse.classroom.term.sending import write_for_nbgrader

USUAL = 0.25  # of a class: what more of them write alike is the usual way
MOST_COPIES = 5  # learners named in one line, and lines of one learner


@dataclass(frozen=True)
class Graded:
    """What grading a class did.

    Attributes:
        page: the instructor's page; grades and feedback are beside it.
        submissions: number of learners who handed in.
        judged: number of submissions that were judged now; the others were up to date.
        missing: number of learners who handed in nothing.
        attention: number of submissions that somebody should look at.
        problem: why the tables must not be given to a platform as they are, "" if they may.
        remarks: what else somebody should know of the whole class.

    """

    page: Path
    submissions: int
    judged: int
    missing: int
    attention: int
    problem: str = ""
    remarks: tuple[str, ...] = ()


def grade_class(
    source: Path,
    name: str,
    folder: Path,
    project: Path,
    *,
    secret: Path | None = None,
    due: datetime | None = None,
    roster: Path | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    require_sandbox: bool = False,
    term: Term | None = None,
) -> Graded:
    """Grade what a class handed in; interrupted, it goes on where it stopped when it is called again.

    Args:
        source: nbgrader's ``submitted``, a flat folder, or the zip that Canvas or Moodle gives.
        name: the exercise, for example "01-lenet-5".
        folder: where results, tables and pages go.
        project: the folder that holds ``exercises``.
        secret: a file whose content decides the inputs of all checks; one in ``folder`` is made if left out.
        due: when the exercise was due.
        roster: a table of all learners, to find those who handed in nothing.
        jobs: number of judging processes on this machine.
        scheduler: address of a Dask cluster that judges instead of this machine.
        require_sandbox: whether to refuse to run learners' code without one.
        term: the rules of the term: deadlines, extensions and changes by hand; ``None`` if there are none.

    Raises:
        LookupError: if there is no such exercise.
        ValueError: if nothing was handed in, or a file cannot be understood.
        SandboxError: if learners' code cannot be run as asked for.

    """
    handed_out = assignment(name, project)
    term = term or Term()
    changes = read_changes(term.changes) if term.changes else ()
    due, roster = due or term.exercise(name).due, roster or term.roster
    collection = collect(source, name, due=due, roster=roster, expected_names=handed_out.notebooks)
    collection = _with_extensions(with_maximum(collection, handed_out.exercise), name, term)
    if scheduler is None:
        isolation_here(require_sandbox=require_sandbox)
    setup = Setup.of(handed_out, read_secret(secret or folder / "secret.txt"))
    files = ResultFiles(folder / "results", setup, require_sandbox=require_sandbox)
    todo = tasks(collection.submissions, files)
    if scheduler is None:
        results = grade_here(setup, todo, jobs, require_sandbox=require_sandbox)
    else:
        results = grade_on_cluster(setup, todo, scheduler, require_sandbox=require_sandbox)
    judged = 0
    with closing(results), tqdm(total=len(collection.submissions), desc=name, unit="submission") as bar:
        for student, result in results:
            files.write(student, result)
            judged += 1
            bar.update()
        bar.update(bar.total - bar.n)  # those that were up to date
    students = [submission.student for submission in collection.submissions]
    alike = groups(files.read_all(students), handed_out.stubs)
    collection = with_copies(collection, files.read_all(students), alike, handed_out.handed_out.values())
    attempts = {result.student: result.attempt for result in files.read_all(students)}
    write_record(folder, name, collection, attempts)
    told = (changed(result, changes) for result in files.read_all(students))
    page = write_reports(folder, handed_out.exercise, told, collection, alike)
    without = write_for_nbgrader(folder, collection.submissions)
    odd = {result.student for result in files.read_all(students) if result.attention} | set(collection.remarks) - {""}
    missing = len(collection.surely_missing)
    remarks = collection.of_the_class
    if without:
        remarks += (f"what nbgrader's exchange needs to give feedback back is damaged: {', '.join(without)}",)
    return Graded(page, len(students), judged, missing, len(odd), collection.problem, remarks)


def with_maximum(collection: Collection, exercise: Exercise) -> Collection:
    """Return a collection in which it is remarked that the platform gives other points than the exercise.

    Args:
        collection: who handed in, with the class list.
        exercise: what was asked for.

    """
    theirs = collection.roster.maximum(exercise.name) if collection.roster else None
    ours = sum(part.points for part in exercise.parts)
    if theirs is None or theirs == ours:
        return collection
    said = (
        f"the platform gives {theirs:g} points for this exercise, and these tables {ours}: change it there to {ours} "
        f"before you import them"
    )
    return replace(collection, remarks={**collection.remarks, "": (*collection.remarks.get("", ()), said)})


def _with_extensions(collection: Collection, exercise: str, term: Term) -> Collection:
    """Return a collection in which nobody is late who had longer time."""

    def known(submission: Submission) -> Submission:
        due = term.learner(submission.student).extensions.get(exercise)
        if due is None or submission.submitted is None:
            return submission
        return replace(submission, late=submission.submitted > due)

    return replace(collection, submissions=tuple(map(known, collection.submissions)))


def with_copies(
    collection: Collection, results: Iterable[Result], alike: Iterable[Group], handed_out: Iterable[str]
) -> Collection:
    """Return a collection in which it is remarked who wrote what another wrote, or took the course's own.

    Args:
        collection: who handed in.
        results: what they earned, and wrote.
        alike: learners whose answers are alike.
        handed_out: sources of the cells that were.

    """
    same: dict[str, list[str]] = {}
    remarks = {student: list(said) for student, said in collection.remarks.items()}
    everybody = 0
    for result in results:
        everybody += 1
        if any(check.status != Status.NOT_ATTEMPTED.value for check in result.checks):
            same.setdefault(result.notebook, []).append(result.student)
        for line in of_the_course(result, handed_out)[:MOST_COPIES]:
            remarks.setdefault(result.student, []).append(f"takes the course's own: {plain_text(line)}")
    files = [students for students in same.values() if len(students) > 1]
    copied = {student for students in files for student in students}
    parts: dict[tuple[str, ...], list[str]] = {}
    for group in alike:
        # What many write is the usual way to write it: the page shows it, and nobody is named for it.
        is_usual = len(group.students) > max(MOST_COPIES, USUAL * everybody)
        if not is_usual and not copied.issuperset(group.students):
            parts.setdefault(group.students, []).append(group.part)
    uploads = {each.student: (each.path, each.member) for each in collection.submissions}
    # One upload of a team is no copy.
    apart = [students for students in files if len({uploads.get(student, student) for student in students}) > 1]
    told = [("handed in the very same file as {}", students) for students in apart]
    told += [(f"wrote {' and '.join(names)} as {{}} did", students) for students, names in parts.items()]
    for words, students in told:
        for student in students:
            others = [other for other in students if other != student]
            shown = ", ".join(others[:MOST_COPIES]) + (" and others" if len(others) > MOST_COPIES else "")
            remarks.setdefault(student, []).append(words.format(shown))
    return replace(collection, remarks={student: tuple(said) for student, said in remarks.items()})
