"""Where learners' code runs: as far apart from everything else as the machine allows, and it says how far that is."""

import json
import os
import shutil
import site
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import distributions
from pathlib import Path

import psutil

from cnncourse.classroom.isolation.wire import Channel, WireError

PACKAGE = Path(__file__).resolve().parents[2]
MEBIBYTE = 2**20
START_SECONDS = 600  # torch comes from a cold disk, on a machine that may be busy
ORDER_SECONDS = 120
LOOK_AFTER = 0.5  # seconds without a reply


class Isolation(Enum):
    """How far learners' code is kept apart, from the strongest to the weakest."""

    OWN_USER = "bubblewrap, as a user without rights"
    OWN_NAMESPACE = "bubblewrap"
    LIMITS_ONLY = "NOT ISOLATED: a process with limits, which can read your files and use your network"

    @property
    def is_sandbox(self) -> bool:
        """Whether files, network and other processes are out of reach."""
        return self is not Isolation.LIMITS_ONLY


@dataclass(frozen=True)
class Limits:
    """What one worker may use.

    Attributes:
        address_space: bytes a process may ask for; torch alone takes 0.8 GiB of them.
        memory: bytes that all its processes may really fill.
        file_size: bytes of one file.
        disk: bytes of all files together, where the sandbox has a file system of its own.
        files: open files.
        processes: processes and threads.
        seconds: processor time of all its processes together.

    """

    address_space: int = 3 * 1024 * MEBIBYTE
    memory: int = 2 * 1024 * MEBIBYTE
    file_size: int = 64 * MEBIBYTE
    disk: int = 128 * MEBIBYTE
    files: int = 256
    processes: int = 48
    seconds: int = 90


class SandboxError(RuntimeError):
    """The sandbox could not be set up; says what to do."""


def strongest_isolation() -> Isolation:
    """Return the strongest isolation that works on this machine; tried, not guessed."""
    if not sys.platform.startswith("linux") or shutil.which("bwrap") is None:
        return Isolation.LIMITS_ONLY
    isolation = Isolation.OWN_USER if os.geteuid() == 0 else Isolation.OWN_NAMESPACE
    command = [*_bubblewrap(isolation, Limits()), "true"]
    tried = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return isolation if tried.returncode == 0 else Isolation.LIMITS_ONLY


class Sandbox:
    """A fork server in isolation; workers are started in it, one at a time.

    Args:
        isolation: how far apart.
        modules: loaded before the first worker starts.
        limits: what one worker may use.

    """

    def __init__(self, isolation: Isolation, modules: Sequence[str] = (), limits: Limits | None = None) -> None:
        self.isolation = isolation
        self.modules = list(modules)
        self.limits = limits or Limits()
        self._server: subprocess.Popen | None = None
        self._ready = False

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def start_worker(self) -> Channel:
        """Start a worker, ending the one before, and return the line to it.

        Raises:
            SandboxError: if it cannot be started.

        """
        for _attempt in range(2):  # a worker may have ended the server
            self.end_worker()
            self.start()
            self._wait_until_ready()
            here, there = socket.socketpair()
            try:
                socket.send_fds(self._orders, [b"start"], [there.fileno()])
                self._reply()
                return Channel(here)
            except (OSError, WireError):
                here.close()
                self.close()
            finally:
                there.close()
        raise SandboxError("no worker can be started in the sandbox; is the machine out of memory or processes?")

    def end_others(self) -> None:
        """End the processes that a learner's cells have left running, so that no verdict depends on them."""
        with suppress(OSError, WireError):
            self._order("others")

    def end_worker(self) -> str:
        """End the worker and all that it left; return "memory" or "time" if it was ended before, for using too much."""
        if self._server is None or not self._ready:
            return ""
        try:
            reply = self._order("end")
            if not reply["clean"]:  # something was left for the next learner to find
                self.close()
            return str(reply["why"])
        except (OSError, WireError):
            self.close()
            return ""

    def close(self) -> None:
        """End the server and all that runs in the sandbox."""
        if self._server is None:
            return
        self._orders.close()
        self._errors.close()
        try:
            self._server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def start(self) -> None:
        """Start the server, without waiting until it has loaded everything."""
        if self._server is not None:
            return
        here, there = socket.socketpair()
        inside = self.isolation.is_sandbox
        settings = {
            "address_space": self.limits.address_space,
            "memory": self.limits.memory,
            "file_size": self.limits.file_size,
            "files": self.limits.files,
            "processes": self.limits.processes,
            "seconds": self.limits.seconds,
            "modules": self.modules,
            "own_processes": inside,
            # Sandboxes side by side must not share a user: limits on processes are counted by user.
            "user": 100_000 + os.getpid() if self.isolation is Isolation.OWN_USER else None,
        }
        program = [
            str(_seen(Path(sys.executable))) if inside else sys.executable,
            "-P", "-m", "cnncourse.classroom.isolation.forkserver",
            str(there.fileno()), json.dumps(settings),
        ]  # fmt: skip
        folder = Path("/tmp") if inside else Path(tempfile.mkdtemp(prefix="cnncourse-sandbox-"))
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": "/course" if inside else str(PACKAGE.parent),
            "PYTHONHASHSEED": "0",
            "PYTHONNOUSERSITE": "" if site.ENABLE_USER_SITE else "1",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "USER": "learner",
            "LANG": "C.UTF-8",
            "MPLBACKEND": "Agg",
            "MPLCONFIGDIR": str(folder / "matplotlib"),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        }
        command = [*_bubblewrap(self.isolation, self.limits), *program] if inside else program
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 -- open as long as the server runs
        self._server = subprocess.Popen(
            command,
            env=environment,
            cwd="/" if inside else folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            pass_fds=[there.fileno()],
            start_new_session=True,
        )
        there.close()
        self._orders = here
        self._rest = b""
        self._ready = False

    def _wait_until_ready(self) -> None:
        if self._ready:
            return
        try:
            self._ready = bool(self._reply(START_SECONDS))
        except (OSError, WireError) as error:
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip().splitlines()
            self.close()
            raise SandboxError(f"the sandbox does not start: {said[-1] if said else error}") from error

    def _order(self, order: str) -> dict:
        self._orders.sendall(order.encode())
        return self._reply()

    def _reply(self, seconds: float = ORDER_SECONDS) -> dict:
        end = time.monotonic() + seconds
        self._orders.settimeout(LOOK_AFTER)
        while b"\n" not in self._rest:
            try:
                received = self._orders.recv(4096)
            except TimeoutError:
                if time.monotonic() > end:
                    raise
                self._wake()
                continue
            if not received:
                raise WireError("it is gone")
            self._rest += received
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def _wake(self) -> None:
        """Let processes of the sandbox go on that were stopped, by an answer that found out their numbers."""
        with suppress(psutil.Error):
            server = psutil.Process(self._server.pid)
            for process in (server, *server.children(recursive=True)):
                with suppress(psutil.Error):
                    if process.status() == psutil.STATUS_STOPPED:
                        process.resume()


def _bubblewrap(isolation: Isolation, limits: Limits) -> list[str]:
    """Return the command that runs another in a sandbox: read-only system, no network, own processes and files."""
    command = [
        "bwrap", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--die-with-parent", "--new-session", "--hostname", "classroom",
    ]  # fmt: skip
    command += ["--cap-drop", "ALL"]
    if isolation is Isolation.OWN_NAMESPACE:
        command += ["--unshare-user"]
    else:  # what the fork server needs to give workers a user of their own, and to clear up after them
        for capability in ("SETUID", "SETGID", "SETPCAP", "KILL", "CHOWN", "DAC_OVERRIDE", "FOWNER", "SYS_PTRACE"):
            command += ["--cap-add", f"CAP_{capability}"]
    size = str(limits.disk)
    command += ["--dev", "/dev", "--proc", "/proc"]
    command += ["--perms", "1777", "--size", size, "--tmpfs", "/tmp"]
    command += ["--perms", "1777", "--size", size, "--tmpfs", "/dev/shm"]
    for system in ("/usr", "/bin", "/lib", "/lib64", "/lib32", "/sbin"):
        command += ["--ro-bind-try", system, system]
    for setting in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "fonts", "localtime"):
        command += ["--ro-bind-try", f"/etc/{setting}", f"/etc/{setting}"]
    for folder in _python_folders():
        command += [*_parents(_seen(folder)), "--ro-bind", str(folder), str(_seen(folder))]
    for note in _notes_of_installation():
        command += ["--ro-bind", os.devnull, str(_seen(note))]
    command += ["--perms", "0755", "--dir", "/course", "--ro-bind", str(PACKAGE), "/course/cnncourse"]
    for installed in _python_folders():
        if PACKAGE.is_relative_to(installed):
            command += ["--tmpfs", str(PACKAGE)]
    for secret in sorted(PACKAGE.glob("architectures/*/exercise")):
        command += ["--tmpfs", f"/course/cnncourse/{secret.relative_to(PACKAGE)}"]
    return [*command, "--remount-ro", "/dev", "--chdir", "/tmp", "--"]


def _seen(path: Path) -> Path:
    """Return where the sandbox shows a file or folder: nothing tells where on this machine the course is."""
    project = PACKAGE.parent
    return Path("/course") / path.relative_to(project) if path.is_relative_to(project) else path


def _notes_of_installation() -> list[Path]:
    """Return the files in which pip keeps from where the course was installed."""
    # More than one may be found: a build leaves notes of its own beside the sources.
    files = [file for found in distributions(name="cnncourse") for file in found.files or ()]
    paths = [Path(file.locate()).resolve() for file in files if file.name.startswith(("__editable__", "direct_url"))]
    return [path for path in paths if any(path.is_relative_to(folder) for folder in _python_folders())]


def _python_folders() -> list[Path]:
    """Return the folders that Python and its packages live in, outermost only."""
    paths = sysconfig.get_paths()
    folders = {sys.prefix, sys.base_prefix, *(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))}
    if site.ENABLE_USER_SITE:
        folders.add(site.getusersitepackages())
    there = sorted({Path(folder).resolve() for folder in folders if Path(folder).is_dir()})
    return [
        folder
        for folder in there
        if folder not in (Path("/"), Path("/usr"))
        and not any(other in folder.parents for other in [*there, Path("/usr")])
    ]


def _parents(folder: Path) -> list[str]:
    """Make a folder's parents enterable for everybody, however closed they are outside."""
    made = []
    for parent in reversed(folder.parents[:-1]):
        if parent not in (Path("/tmp"), Path("/usr")):
            made += ["--perms", "0755", "--dir", str(parent)]
    return made
