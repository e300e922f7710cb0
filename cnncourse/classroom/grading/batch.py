"""Grade a whole class: on this machine or on several, interrupted and gone on with as often as need be."""

import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import torch

from cnncourse.checking.judging import UnsoundReferenceError
from cnncourse.classroom.collecting.collect import read
from cnncourse.classroom.collecting.submissions import Submission
from cnncourse.classroom.grading.grade import LARGEST_NOTEBOOK, Setup, digest, fingerprint, grade
from cnncourse.classroom.grading.processes import in_processes
from cnncourse.classroom.grading.results import CheckResult, Result
from cnncourse.classroom.grading.writing import replacing
from cnncourse.classroom.isolation.sandbox import Isolation, Sandbox, SandboxError, strongest_isolation

NOTHING_RAN = "nothing was run: the file cannot be read"  # a result's isolation
EARLIER = "earlier"  # folder of results of earlier attempts, in a folder each


@dataclass(frozen=True)
class Task:
    """One submission, read.

    Attributes:
        student: the learner.
        notebook: the file as it was handed in.
        attempt: how often the learner has handed in, this time included.

    """

    student: str
    notebook: bytes
    attempt: int = 1


class Grader:
    """Judges submissions, one at a time, in a sandbox that stays.

    Args:
        setup: what to judge, and with what.
        require_sandbox: whether to refuse to run learners' code without one.

    Raises:
        SandboxError: if there is no sandbox and one is required, or the course differs from that of the one who asks.

    """

    def __init__(self, setup: Setup, *, require_sandbox: bool) -> None:
        if setup.assignment.digest() != setup.digest:
            raise SandboxError("this machine has another version of the course; install the same one everywhere")
        self.setup = setup
        self.sandbox = Sandbox(isolation_here(require_sandbox=require_sandbox), setup.assignment.modules)
        self.sandbox.start()
        # Seeds and the number of threads are the whole process's: two judgements at once would disturb each other.
        self.lock = threading.Lock()

    def grade(self, task: Task) -> Result:
        """Judge one submission.

        Raises:
            SandboxError: if no code can be run in the sandbox.
            UnsoundReferenceError: if the course's own answers do not run here.

        """
        try:
            with self.lock, _as_in_the_sandbox():
                return grade(task.student, task.notebook, self.setup, self.sandbox, task.attempt)
        except (SandboxError, UnsoundReferenceError):
            raise
        except Exception as error:  # nobody else's grade may depend on it
            result = unjudged(self.setup, task, "it could not be judged; whoever grades has been told why")
            # What the error says may be an answer's own words: they are no learner's business.
            why = f"it could not be judged: {type(error).__name__}: {error}"[:300]
            return replace(result, attention=(*result.attention, why))


@contextmanager
def _as_in_the_sandbox() -> Iterator[None]:
    """Go without oneDNN, which is slow with small convolutions; whatever else this process does has it again."""
    enabled, *_ = torch.backends.mkldnn.set_flags(False)
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(enabled)


@lru_cache(maxsize=1)
def _grader(setup: Setup, require_sandbox: bool) -> Grader:
    """Return this process's grader: loading torch anew for each submission would take longer than all the rest."""
    return Grader(setup, require_sandbox=require_sandbox)


def grade_task(setup: Setup, require_sandbox: bool, task: Task) -> str:
    """Judge one submission in this process and return the result as text."""
    return _grader(setup, require_sandbox).grade(task).to_json()


def isolation_here(*, require_sandbox: bool) -> Isolation:
    """Return how far learners' code is kept apart here.

    Raises:
        SandboxError: if that is not far enough.

    """
    isolation = strongest_isolation()
    if require_sandbox and not isolation.is_sandbox:
        raise SandboxError(
            "no sandbox works here: install bubblewrap (for example: apt install bubblewrap), and in a container allow "
            "it to make namespaces; without --require-sandbox learners' code would run with limits only"
        )
    return isolation


def read_secret(path: Path) -> bytes:
    """Return the secret in a file; made if the file is not there, readable by its owner only.

    Raises:
        ValueError: if the file is empty.

    """
    if not path.exists():
        with replacing(path) as file:
            file.write(secrets.token_hex(32) + "\n")
    secret = path.read_bytes().strip()
    if not secret:
        raise ValueError(f"{path} is empty: put any secret into it, or remove it and a new one will be made")
    return secret


class ResultFiles:
    """The results of a class on disk, a file a learner.

    Args:
        folder: where they are.
        setup: what they are judged with.
        require_sandbox: whether results that came about without one are out of date.

    """

    def __init__(self, folder: Path, setup: Setup, *, require_sandbox: bool) -> None:
        self.folder = folder
        self.setup = setup
        self.require_sandbox = require_sandbox
        folder.mkdir(parents=True, exist_ok=True)
        for unfinished in folder.glob("*.tmp"):  # of a run that was killed
            unfinished.unlink()

    def read_all(self, students: Iterable[str]) -> Iterator[Result]:
        """Read the results of some learners one by one; those without one are passed over."""
        return (result for student in students if (result := self.read(student)) is not None)

    def read(self, student: str) -> Result | None:
        """Return a learner's result; ``None`` if there is none that can be read."""
        try:
            return Result.from_json(self._path(student).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def is_up_to_date(self, task: Task) -> bool:
        """Whether there is a result, and all that it depends on is as it was."""
        result = self.read(task.student)
        if result is None or (self.require_sandbox and result.isolation == Isolation.LIMITS_ONLY.value):
            return False
        return result.fingerprint == fingerprint(task.notebook, self.setup, result.isolation)

    def next_attempt(self, student: str, notebook: bytes) -> int:
        """Return which of a learner's attempts a notebook is: another file is another attempt."""
        latest = self.read(student)
        return 1 if latest is None else latest.attempt + (latest.notebook not in ("", digest(notebook)))

    def write(self, student: str, result: str) -> None:
        """Keep a result, as text; one of an earlier attempt is kept beside it."""
        latest = self.read(student)
        if latest is not None and latest.attempt < Result.from_json(result).attempt:
            with replacing(self.folder / EARLIER / f"{latest.attempt}" / f"{student}.json") as file:
                file.write(latest.to_json())
        with replacing(self._path(student)) as file:
            file.write(result)

    def _path(self, student: str) -> Path:
        return self.folder / f"{student}.json"


def attempts(folder: Path, student: str) -> list[Result]:
    """Return the results of all that a learner has handed in, the latest last.

    Args:
        folder: where results are.
        student: the learner.

    """
    earlier = sorted((folder / EARLIER).glob(f"*/{student}.json"), key=lambda path: int(path.parent.name))
    paths = [*earlier, folder / f"{student}.json"]
    return [Result.from_json(path.read_text(encoding="utf-8")) for path in paths if path.is_file()]


def unjudged(setup: Setup, task: Task, why: str, isolation: str = "") -> Result:
    """Return the result of a submission that could not be judged: no points, and somebody must look at it.

    Args:
        setup: what was to be judged.
        task: the submission.
        why: what is told to both.
        isolation: how the learner's code was kept apart, "" if nobody knows.

    """
    parts = setup.assignment.exercise.parts
    checks = tuple(
        CheckResult(part.name, check.name, 0, check.points, "failed", public=check.public, message=why)
        for part in parts
        for check in part.checks
    )
    return Result(
        task.student,
        setup.assignment.exercise.name,
        checks,
        remarks=(why,),
        attention=(why,),
        isolation=isolation,
        attempt=task.attempt,
        notebook=digest(task.notebook),
    )


def tasks(submissions: Iterable[Submission], files: ResultFiles) -> Iterator[Task]:
    """Read submissions one after the other and yield those that are still to be judged."""
    for submission in submissions:
        student, why = submission.student, ""
        try:
            notebook = read(submission, LARGEST_NOTEBOOK)
        except ValueError as error:
            notebook, why = b"", str(error)
        task = Task(student, notebook, files.next_attempt(student, notebook))
        if why:
            files.write(student, unjudged(files.setup, task, why, NOTHING_RAN).to_json())
            continue
        if not files.is_up_to_date(task):
            yield task


def grade_here(setup: Setup, todo: Iterable[Task], jobs: int, *, require_sandbox: bool) -> Iterator[tuple[str, str]]:
    """Judge submissions in several processes of this machine; yield (student, result as text) as they come.

    Args:
        setup: what to judge, and how.
        todo: read one by one, a few ahead.
        jobs: number of processes.
        require_sandbox: whether to refuse to run learners' code without one.

    Raises:
        SandboxError: if learners' code cannot be run.

    """
    work = partial(grade_task, setup, require_sandbox)
    return in_processes(work, todo, jobs, lambda task, why: unjudged(setup, task, why).to_json())
