"""Independent runs side by side: this process works, and so do helpers on the remaining cores.

The helpers are loky's, which comes with joblib: they start on every system, understand what a notebook's own cell
defines, and stay for the next experiment. This process does not wait until they have started; it takes runs from the
same queue. Each run has one thread and brings its own seed: the results are the same to the bit, whoever does it.
"""

import os
import re
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, nullcontext
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from cnncourse.display import progress_bar
from cnncourse.training.threads import one_thread

Result = TypeVar("Result")

FEWEST_CORES = 4  # with which helpers are worth their start
IDLE = 300  # seconds without a run after which a helper goes
POLL = 0.2  # seconds; on Windows a wait without an end could not be interrupted
WATCH = 1  # seconds between two looks at whether a helper's master is still there
# A helper has one thread, and no helpers of its own.
HELPER_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "LOKY_MAX_CPU_COUNT": "1"}


def run_arms(
    arms: Mapping[str, Callable[[int], Result]],
    seeds: Sequence[int],
    *,
    processes: int | None = None,
    progress: bool = True,
) -> dict[str, list[Result]]:
    """Run each arm once a seed, on all cores.

    Args:
        arms: by name, what turns a seed into a result, mostly measurements.
        seeds: as many as there are to be runs of an arm.
        processes: see ``run_parallel``.
        progress: whether to show a progress bar.

    Returns:
        The results of each arm, in the order of the seeds.

    """
    pairs = [(name, seed) for seed in seeds for name in arms]
    runs = [partial(arms[name], seed) for name, seed in pairs]
    labels = [f"seed {seed}, {name}" for name, seed in pairs]
    results = run_parallel(runs, labels, processes=processes, progress=progress)
    return {arm: [result for (name, _), result in zip(pairs, results, strict=True) if name == arm] for arm in arms}


def run_parallel(
    runs: Sequence[Callable[[], Result]],
    labels: Sequence[str],
    *,
    processes: int | None = None,
    progress: bool = True,
) -> list[Result]:
    """Do independent runs on all cores, one thread each, and return what they return, in their order.

    When it is interrupted (Ctrl-C, or the stop button) and when a run fails, all helpers end at once.

    Args:
        runs: each needs nothing of the others. What a helper cannot do is done again here.
        labels: what the progress bar says of each run.
        processes: how many work, this one included. If left out, as many as there are physical cores, or this one alone
            where there are fewer than four: starting a helper would cost more than it brings. The environment variable
            ``LOKY_MAX_CPU_COUNT`` sets a limit to the cores.
        progress: whether to show a progress bar.

    Raises:
        Exception: what a run raises.

    """
    from joblib.externals.loky import cpu_count

    if processes is None:
        cores = cpu_count(only_physical_cores=True)
        processes = cores if cores >= FEWEST_CORES else 1
    work = _Work(runs)
    results: dict[int, Result] = {}
    with (
        progress_bar(total=len(runs), unit="run", disable=not progress) as bar,
        _helpers(processes - 1, work) if min(processes, len(runs)) > 1 else nullcontext(),
    ):
        while len(results) < len(runs):
            number, result = work.next_result(lambda number: bar.set_postfix_str(labels[number]))
            results[number] = result
            bar.update()
    return [results[number] for number in range(len(runs))]


class _Work(Generic[Result]):
    """Runs that wait for whoever is free, and those that helpers have finished."""

    def __init__(self, runs: Sequence[Callable[[], Result]]) -> None:
        self._runs = runs
        self._waiting = deque(range(len(runs)))
        self._finished: SimpleQueue[tuple[int, Future[Result]]] = SimpleQueue()

    def next_result(self, starting: Callable[[int], object]) -> tuple[int, Result]:
        """Return the number and the result of a run that a helper has finished, or of the next one, done here.

        Args:
            starting: told the number of the run that is done here.

        """
        while True:
            try:
                number, future = self._finished.get(block=not self._waiting, timeout=POLL)
                if future.exception() is None:
                    return number, future.result()
            except Empty:
                try:
                    number = self._waiting.popleft()
                except IndexError:
                    continue
            starting(number)
            return number, _alone(self._runs[number])

    def hand_to(self, helpers: Executor, _free: Future) -> None:
        """Give a helper that has become free the next run, and another one as often as it becomes free again."""
        try:
            number = self._waiting.popleft()
        except IndexError:
            return
        run = self._runs[number]
        try:
            future = helpers.submit(_as_here, run, _looks_of(run))
        except RuntimeError as error:  # they have died
            future = Future()
            future.set_exception(error)
            self._finished.put((number, future))
            return
        future.add_done_callback(lambda future: self._finished.put((number, future)))
        future.add_done_callback(partial(self.hand_to, helpers))

    def give_up(self) -> None:
        """Hand out no further run."""
        self._waiting.clear()


@contextmanager
def _helpers(count: int, work: _Work) -> Iterator[None]:
    """Let other processes take part in some work; end them at once if something goes wrong here."""
    from joblib.externals.loky import get_reusable_executor

    helpers = get_reusable_executor(
        count, timeout=IDLE, initializer=_begin_helping, initargs=(os.getpid(),), env=HELPER_ENVIRONMENT
    )
    try:
        with _interrupts_held_back():
            for _ in range(count):
                helpers.submit(_say_ready).add_done_callback(partial(work.hand_to, helpers))
        yield
    except BaseException:
        work.give_up()
        helpers.shutdown(kill_workers=True)
        raise


def _alone(run: Callable[[], Result]) -> Result:
    with one_thread():
        return run()


def _as_here(run: Callable[[], Result], looks: Mapping[str, str]) -> Result:
    """Do a run for another process, unless the run's module was changed there: constants and classes do not travel."""
    if _looks_of(run) != looks:
        raise RuntimeError("the module of the run has been changed where the run comes from")
    return _alone(run)


def _looks_of(run: Callable) -> dict[str, str]:
    """Return what can be seen, in any process, of all that the module of a run defines."""
    while isinstance(run, partial):
        run = run.func
    module = sys.modules.get(run.__module__)
    if module is None or module.__name__ == "__main__":  # travels along
        return {}
    own = {name: value for name, value in vars(module).items() if name.isidentifier() and not name.startswith("__")}
    return {name: re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value)) for name, value in own.items()}


def _say_ready() -> None:
    """What a helper does first: when it is done, the helper has started and imported torch."""


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Start processes that never hear a Ctrl-C, which reaches all of a terminal or of a kernel: they have a master."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_helping(master: int) -> None:
    from joblib.externals.loky import process_executor

    process_executor._USE_PSUTIL = False  # what a helper keeps, data and networks, is no leak that it must restart for
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for Windows, where it cannot be held back
    threading.Thread(target=_leave_with, args=(master,), daemon=True).start()


def _leave_with(master: int) -> None:
    """End this process when its master has ended, however that came about."""
    import psutil

    process = psutil.Process(master)
    while process.is_running() and os.getppid() == master:
        time.sleep(WATCH)
    os._exit(1)
