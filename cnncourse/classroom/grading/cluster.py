"""Grade a whole class on several machines, a running Dask cluster."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from cnncourse.classroom.grading import assignment
from cnncourse.classroom.grading.batch import Task, grade_task, unjudged
from cnncourse.classroom.grading.grade import Setup
from cnncourse.classroom.isolation.sandbox import SandboxError

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 120  # seconds, with a cluster that does not answer or has no worker yet


def grade_on_cluster(
    setup: Setup, todo: Iterable[Task], address: str, *, require_sandbox: bool
) -> Iterator[tuple[str, str]]:
    """Judge submissions on a running Dask cluster; yield (student, result as text) as they come.

    A submission whose machine is lost is given to another.

    Args:
        setup: what to judge, and how.
        todo: read one by one, a few ahead.
        address: the scheduler's, for example "tcp://10.0.0.1:8786".
        require_sandbox: whether to refuse to run learners' code without one.

    Raises:
        ImportError: if ``distributed`` is not installed.
        SandboxError: if learners' code cannot be run on a machine of the cluster, or one has another version of the
            course, or none; or if the cluster has no worker, or is gone.

    """
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError as error:
        raise ImportError("--scheduler needs the extra “cluster”: python -m pip install -e '.[cluster]'") from error
    todo = iter(todo)
    with Client(address, timeout=PATIENCE, set_as_default=False) as client:
        _wait_for_workers(client, address)
        _refuse_others(client, setup)
        workers = max(1, sum(client.nthreads().values()))
        running: dict[object, Task] = {}

        def submit() -> list[object]:
            task = next(todo, None)
            if task is None:
                return []
            # The set-up goes with each: data that a worker holds would be lost with it.
            future = client.submit(grade_task, setup, require_sandbox, task, pure=False, retries=1)
            running[future] = task
            return [future]

        completed = as_completed([future for _ in range(2 * workers) for future in submit()], loop=client.loop)
        for future in completed:
            task = running.pop(future)
            try:
                result = future.result()
            except KilledWorker:
                result = unjudged(setup, task, "the machines on which this was judged were lost").to_json()
            except CancelledError as error:
                raise SandboxError(
                    f"the cluster at {address} is gone; what was judged is kept: the same command goes on from there"
                ) from error
            yield task.student, result
            for more in submit():
                completed.add(more)


def _wait_for_workers(client: "Client", address: str) -> None:
    """Wait until the cluster has a worker.

    Raises:
        SandboxError: if it has none after a while.

    """
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise SandboxError(
            f"the cluster at {address} has no worker: start some (dask worker {address}), and then the same command"
        ) from error


def _refuse_others(client: "Client", setup: Setup) -> None:
    """Refuse a cluster in which a worker has another version of the course, or none.

    Raises:
        SandboxError: says which, and what to do.

    """
    # As text: a worker without the course could not read any of its functions.
    asked = f"__import__('importlib').import_module({assignment.__name__!r}).code_digest({setup.assignment.module!r})"
    own = assignment.code_digest(setup.assignment.module)
    problems = {
        address: _problem(answer, own) for address, answer in client.run(eval, asked, on_error="return").items()
    }
    if any(problems.values()):
        raise SandboxError(_said({address: problem for address, problem in problems.items() if problem}))


def _problem(answer: object, own: str) -> str:
    if isinstance(answer, ModuleNotFoundError):
        return "has no such course"
    return "" if answer == own else "has another version of the course"


def _said(problems: Mapping[str, str]) -> str:
    each = "; ".join(f"the worker {address} {problem}" for address, problem in sorted(problems.items()))
    return f"{each}: install the same version of cnncourse on every machine, and start its workers again"
