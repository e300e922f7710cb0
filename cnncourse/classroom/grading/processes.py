"""Judging processes: several side by side, of which each has torch and the course in its memory from the start."""

import os
import resource
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, parent_process
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Protocol

MOST_ATTEMPTS = 2  # on a submission during which a judging process died, alone
JUDGE_MEMORY = 8 * 2**30  # bytes of address space; a judging process takes a quarter of it
LOADED = ["cnncourse.classroom.grading.batch"]  # once, by the process of which all judging ones are copies


class Submitted(Protocol):
    """What a judging process is given of a learner."""

    @property
    def student(self) -> str:
        """The learner."""


def load_ahead() -> None:
    """Begin to load what judging processes need, beside what this process does next."""
    forkserver.set_forkserver_preload(LOADED)
    forkserver.ensure_running()


def in_processes(
    work: Callable[[Submitted], str], todo: Iterable[Submitted], jobs: int, given_up: Callable[[Submitted, str], str]
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
        running: dict[Future, Submitted] = {}
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
    work: Callable[[Submitted], str], todo: list[Submitted], given_up: Callable[[Submitted, str], str]
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
    load_ahead()
    context = _Remembering()
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(dict(os.environ),))
    try:
        yield pool
    finally:
        started = [process for process in context.processes if process.pid is not None]
        for process in started:
            process.kill()  # their sandboxes end with them
        # Its thread ends too: at the interpreter's own end, one that is still closing its pipes leaves a traceback.
        pool.shutdown(cancel_futures=True)
        for process in started:
            process.join()


class _Remembering(ForkServerContext):
    """Starts processes and remembers them: others of this program's, such as a cluster's workers, are left alone."""

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[ForkServerProcess] = []

    def Process(self, *arguments: object, **options: object) -> ForkServerProcess:  # noqa: N802 - multiprocessing's name
        process = super().Process(*arguments, **options)
        self.processes.append(process)
        return process


def _begin(environment: dict[str, str]) -> None:
    """Leave Ctrl-C to the parent, end when the parent is gone, and never take all of the machine's memory.

    Args:
        environment: the parent's, which may have changed since there is a process to copy.

    """
    os.environ.clear()
    os.environ.update(environment)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (JUDGE_MEMORY, JUDGE_MEMORY))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent_process().join()
    os._exit(1)
