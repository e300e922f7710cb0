"""Grade a whole class: on this machine or on several, interrupted and gone on with as often as need be."""

import os
import resource
import secrets
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path

import torch

from cnncourse.checking.judging import UnsoundReferenceError
from cnncourse.classroom.collecting.collect import read
from cnncourse.classroom.collecting.submissions import Submission
from cnncourse.classroom.grading.grade import LARGEST_NOTEBOOK, Setup, digest, fingerprint, grade
from cnncourse.classroom.grading.results import CheckResult, Result
from cnncourse.classroom.grading.writing import replacing
from cnncourse.classroom.isolation.sandbox import Isolation, Sandbox, SandboxError, strongest_isolation

NOTHING_RAN = "nothing was run: the file cannot be read"  # a result's isolation
EARLIER = "earlier"  # folder of results of earlier attempts, in a folder each
MOST_ATTEMPTS = 2  # on a submission during which a judging process died, alone
JUDGE_MEMORY = 8 * 2**30  # bytes of address space; a judging process takes a quarter of it


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


def in_processes(
    work: Callable[[Task], str], todo: Iterable[Task], jobs: int, given_up: Callable[[Task, str], str]
) -> Iterator[tuple[str, str]]:
    """Do something with submissions in several processes of this machine; yield (student, result) as they come.

    Args:
        work: turns a submission into a result; it is called in another process.
        todo: read one by one, a few ahead.
        jobs: number of processes.
        given_up: makes the result of a submission with which processes end, and why, into a result.

    """
    todo = iter(todo)
    finished = False
    while not finished:
        running: dict[Future, Task] = {}
        try:
            with _pool(jobs) as pool:
                while True:
                    while len(running) < 2 * jobs and (task := next(todo, None)) is not None:
                        running[pool.submit(work, task)] = task
                    if not running:
                        finished = True
                        break
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        result = future.result()
                        yield running.pop(future).student, result
        except BrokenProcessPool:  # a judging process died; nobody knows which submission it had
            yield from _one_by_one(work, list(running.values()), given_up)


def _one_by_one(
    work: Callable[[Task], str], todo: list[Task], given_up: Callable[[Task, str], str]
) -> Iterator[tuple[str, str]]:
    """Do it in a process that has one submission at a time, so that its end can be nobody else's fault."""
    deaths = Counter()
    while todo:
        try:
            with _pool(1) as pool:
                while todo:
                    result = pool.submit(work, todo[0]).result()
                    yield todo.pop(0).student, result
        except BrokenProcessPool:
            deaths[todo[0]] += 1
            if deaths[todo[0]] == MOST_ATTEMPTS:
                task = todo.pop(0)
                yield task.student, given_up(task, "the judging process ends whenever this is judged")


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Make a pool whose processes are gone when it is left, however that happens."""
    context = _Remembering()
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in context.processes:
            process.kill()  # their sandboxes end with them
        for process in context.processes:
            process.join()


class _Remembering(SpawnContext):
    """Starts processes and remembers them: others of this program's, such as a cluster's workers, are left alone."""

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[SpawnProcess] = []

    def Process(self, *arguments: object, **options: object) -> SpawnProcess:  # noqa: N802 - multiprocessing's name
        process = super().Process(*arguments, **options)
        self.processes.append(process)
        return process


def _prepare() -> None:
    """Leave Ctrl-C to the parent, end when the parent is gone, and never take all of the machine's memory."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (JUDGE_MEMORY, JUDGE_MEMORY))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent_process().join()
    os._exit(1)
