"""Loads torch once and forks a worker for each learner; runs inside the sandbox, and ends every process that is left.

It reads one line of JSON for each order and answers each with one line. The worker's end of the line to the judging
process comes with the order to start it.
"""

import ctypes
import gc
import json
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import psutil

from cnncourse.classroom.isolation.system_calls import refuse_needless_calls

LOOK_AROUND = 0.1  # seconds between two looks at the memory in use
SET_DUMPABLE, SET_CHILD_SUBREAPER, DROP_BOUND = 4, 36, 24  # of prctl
LAST_CAPABILITY = 63
# What cells of the learner's own load that train or plot: as long to load as torch, and worth it where many come.
OFTEN_LOADED, MANY = ("torch._dynamo", "matplotlib.pyplot"), 3


class ForkServer:
    """Starts workers and clears up after them.

    Args:
        orders: a connected socket.
        settings: "address_space", "memory", "file_size", "files", "processes" and "seconds" limit one worker;
            "user" is whom workers run as, ``None`` for whoever runs this; "own_processes" says whether all processes
            that can be seen from here belong to the worker.

    """

    def __init__(self, orders: socket.socket, settings: dict) -> None:
        self.orders = orders
        self.settings = settings
        self.process = 0
        self.workers = 0
        self.why = ""
        self.there = self._in_shared_places()

    def serve(self) -> None:
        """Carry out orders until the other side hangs up."""
        while True:
            ready, _, _ = select.select([self.orders], [], [], LOOK_AROUND if self.process else None)
            if not ready:
                self._look_around()
                continue
            order, descriptors, *_ = socket.recv_fds(self.orders, 4096, 1)
            if not order:
                self._end_worker()
                return
            if order.startswith(b"start"):
                reply = self._start_worker(descriptors[0])
            else:
                reply = self._end_others() if order.startswith(b"others") else self._end_worker()
            self.orders.sendall(json.dumps(reply).encode() + b"\n")

    def _start_worker(self, descriptor: int) -> dict:
        self.why = ""
        self.workers += 1
        if self.workers == MANY and sys.platform == "linux":
            _load(OFTEN_LOADED)
            self.there = self._in_shared_places()
        self.folder = Path(os.environ["TMPDIR"]) / f"answer-{time.monotonic_ns()}"
        self.folder.mkdir(mode=0o700)
        if self.settings["user"] is not None:
            os.chown(self.folder, self.settings["user"], self.settings["user"])
        self.process = os.fork()
        if self.process == 0:
            try:
                self._become_worker(descriptor)
            finally:
                os._exit(1)
        os.close(descriptor)
        return {"started": True}

    def _become_worker(self, descriptor: int) -> None:
        os.setsid()
        self.orders.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        os.dup2(descriptor, 3)
        os.closerange(4, 1024)
        self._limit()
        if self.settings["user"] is not None:
            user = self.settings["user"]
            for capability in range(LAST_CAPABILITY + 1):
                _prctl(DROP_BOUND, capability)
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        os.nice(10)  # the judging processes come first
        os.chdir(self.folder)
        own = str(self.folder)
        os.environ.update(HOME=own, TMPDIR=own, TORCHINDUCTOR_CACHE_DIR=own, XDG_CACHE_HOME=own)
        sys.path.insert(0, own)  # where %%writefile writes
        refuse_needless_calls()

        import torch

        from cnncourse.classroom.isolation.wire import Channel
        from cnncourse.classroom.isolation.worker import Worker

        torch.set_num_threads(1)  # a child that computes with more threads than one hangs
        Worker(Channel(socket.socket(fileno=3))).serve()

    def _limit(self) -> None:
        limits = {
            resource.RLIMIT_AS: self.settings["address_space"],
            resource.RLIMIT_CPU: self.settings["seconds"],
            resource.RLIMIT_FSIZE: self.settings["file_size"],
            resource.RLIMIT_NOFILE: self.settings["files"],
            resource.RLIMIT_CORE: 0,
        }
        processes = self.settings["processes"]
        if not self.settings["own_processes"]:  # the limit counts all of the user's processes and threads
            processes += sum(
                process.info["num_threads"] or 1
                for process in psutil.process_iter(["uids", "num_threads"])
                if process.info["uids"] and process.info["uids"].real == os.getuid()
            )
        limits[resource.RLIMIT_NPROC] = processes
        for limit, value in limits.items():
            with suppress(ValueError, OSError):  # some systems know the limit but do not keep to it
                resource.setrlimit(limit, (value, value))

    def _look_around(self) -> None:
        """End the worker if all its processes together take too much memory or processor time."""
        # Pages that forks share count for each of them at first, and truly only if that is too much.
        if self._memory("rss") > self.settings["memory"] and self._memory("pss") > self.settings["memory"]:
            self._kill_all()
            self.why = "memory"
        elif self._seconds() > self.settings["seconds"]:
            self._kill_all()
            self.why = "time"

    def _memory(self, kind: str) -> int:
        used = 0
        for process in self._left_processes():
            with suppress(psutil.Error):
                told = process.memory_info()
                if kind != "rss":
                    with suppress(psutil.AccessDenied):  # a process that cannot be looked into counts in full
                        told = process.memory_full_info()
                used += getattr(told, kind, told.rss)
        return used

    def _seconds(self) -> float:
        used = 0.0
        for process in self._left_processes():
            with suppress(psutil.Error):
                times = process.cpu_times()
                used += times.user + times.system + times.children_user + times.children_system
        return used

    def _end_others(self) -> dict:
        """End what the worker's cells have started and left running; a worker that is too much is ended as a whole."""
        self._look_around()
        end = time.monotonic() + 5  # a thread of the worker may go on forking
        while self.process and not self.why and time.monotonic() < end:
            others = [process for process in self._left_processes() if process.pid != self.process and _runs(process)]
            if not others:
                break
            for process in others:
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(0.002)
        return {"ended": True}

    def _end_worker(self) -> dict:
        if self.process:
            self._kill_all()
            self.process = 0
            shutil.rmtree(self.folder, ignore_errors=True)
            self._clear_shared_places()
        return {"ended": True, "why": self.why, "clean": self._in_shared_places() == self.there}

    def _left_processes(self) -> list[psutil.Process]:
        if self.settings["own_processes"]:
            return [process for process in psutil.process_iter() if process.pid not in (1, os.getpid())]
        return psutil.Process().children(recursive=True)

    def _kill_all(self) -> None:
        """Kill whatever the worker has left, however quickly it goes on forking."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.settings["own_processes"]:
                with suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)  # all but this process and the sandbox's first
            else:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process, signal.SIGKILL)
                for process in self._left_processes():
                    with suppress(psutil.Error):
                        process.kill()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if not self._left_processes():
                return
            time.sleep(0.002)

    def _in_shared_places(self) -> dict[Path, int]:
        """Return what stands in the places where anybody may write, and when it was last changed.

        Outside a sandbox these places are not ours to clear.
        """
        places = (Path(os.environ["TMPDIR"]), Path("/dev/shm")) if self.settings["own_processes"] else ()
        return {path: path.lstat().st_ctime_ns for place in places if place.is_dir() for path in place.iterdir()}

    def _clear_shared_places(self) -> None:
        """Leave nothing for the next learner to find."""
        for left in self._in_shared_places().keys() - self.there.keys():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                with suppress(OSError):
                    left.unlink()


def _runs(process: psutil.Process) -> bool:
    """Return whether a process is more than its number, which is kept until its parent asks for it."""
    with suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def _prctl(option: int, value: int) -> None:
    """Call Linux's ``prctl``; elsewhere there is none, and nothing is done."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def main() -> None:
    """Serve on the socket whose number is the first argument, with the settings that are the second."""
    settings = json.loads(sys.argv[2])
    _prctl(SET_DUMPABLE, 0)  # a worker of the same user may not look into this process
    _prctl(SET_CHILD_SUBREAPER, 1)
    if sys.platform == "linux":  # elsewhere a fork of a process that has loaded so much is not safe
        _load([*settings["modules"], "IPython.core.inputtransformer2", "cnncourse.classroom.isolation.worker"])
        _get_ready()
    orders = socket.socket(fileno=int(sys.argv[1]))
    orders.sendall(json.dumps({"ready": True}).encode() + b"\n")
    try:
        ForkServer(orders, settings).serve()
    finally:
        if not settings["own_processes"]:
            shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)


def _load(modules: Sequence[str]) -> None:
    """Load what learners' notebooks import, so that no worker has to."""
    for module in modules:
        import_module(module)
    gc.collect()
    gc.freeze()  # workers need not look through all that was loaded whenever they collect garbage


def _get_ready() -> None:
    """Set what holds for all workers."""
    import torch

    import cnncourse

    torch.set_num_threads(1)
    # oneDNN gets ready anew for every convolution, which takes it longer than the small ones of an exercise themselves.
    torch.backends.mkldnn.set_flags(False)
    cnncourse.check = _no_check


class _NotJudged:
    """What ``check`` gives in learners' own cells."""

    points = 0.0
    passed = False

    def __getattr__(self, _name: str) -> None:
        return None


def _no_check(*_arguments: object, **_keywords: object) -> _NotJudged:
    """Stand in for ``cnncourse.check`` in learners' own cells: nothing is judged where their code runs."""
    return _NotJudged()


if __name__ == "__main__":
    main()
