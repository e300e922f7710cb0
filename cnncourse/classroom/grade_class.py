"""From a folder or zip of submissions to grades, pages and tables: what ``cnncourse grade`` does."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tqdm import tqdm

from cnncourse.checking import Status
from cnncourse.classroom.assignment import assignment
from cnncourse.classroom.batch import ResultFiles, grade_here, grade_on_cluster, isolation_here, read_secret, tasks
from cnncourse.classroom.collecting import collect
from cnncourse.classroom.grading import Setup
from cnncourse.classroom.pages import write_reports
from cnncourse.classroom.results import Result
from cnncourse.classroom.submissions import Collection

MOST_COPIES = 5  # named in one line


@dataclass(frozen=True)
class Graded:
    """What grading a class did.

    Attributes:
        page: the instructor's page; grades and feedback are beside it.
        submissions: number of learners who handed in.
        judged: number of submissions that were judged now; the others were up to date.
        missing: number of learners who handed in nothing.
        attention: number of submissions that somebody should look at.

    """

    page: Path
    submissions: int
    judged: int
    missing: int
    attention: int


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

    Raises:
        LookupError: if there is no such exercise.
        ValueError: if nothing was handed in, or a file cannot be understood.
        SandboxError: if learners' code cannot be run as asked for.

    """
    handed_out = assignment(name, project)
    collection = collect(source, name, due=due, roster=roster, expected_names=handed_out.notebooks)
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
    collection = with_copies(collection, files.read_all(students))
    page = write_reports(folder, handed_out.exercise, files.read_all(students), collection, roster)
    odd = {result.student for result in files.read_all(students) if result.attention} | set(collection.remarks) - {""}
    return Graded(page, len(students), judged, len(collection.missing), len(odd))


def with_copies(collection: Collection, results: Iterable[Result]) -> Collection:
    """Return a collection in which learners who handed in the very same file, with answers in it, are remarked."""
    same: dict[str, list[str]] = {}
    for result in results:
        if any(check.status != Status.NOT_ATTEMPTED.value for check in result.checks):
            same.setdefault(result.fingerprint, []).append(result.student)
    remarks = dict(collection.remarks)
    for students in same.values():
        for student in students if len(students) > 1 else ():
            others = [other for other in students if other != student]
            shown = ", ".join(others[:MOST_COPIES]) + (" and others" if len(others) > MOST_COPIES else "")
            remarks[student] = (*remarks.get(student, ()), f"handed in the very same file as {shown}")
    return replace(collection, remarks=remarks)
