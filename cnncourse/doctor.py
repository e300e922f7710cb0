"""Examine an installation: what works, what does not, and what to type."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """What was found about one thing.

    Attributes:
        subject: what was examined.
        state: "ok", "note" (works, but there is something to know) or "problem".
        text: what was found.
        remedy: what to type, "" if there is nothing to do.

    """

    subject: str
    state: str
    text: str
    remedy: str = ""

    @property
    def is_problem(self) -> bool:
        """Whether the course does not work as it is."""
        return self.state == "problem"

    def __str__(self) -> str:
        sign = {"ok": "✓", "note": "·", "problem": "✗"}[self.state]
        remedy = f"\n    {self.remedy}" if self.remedy else ""
        return f"{sign} {self.subject}: {self.text}{remedy}"


def examine(project: Path) -> list[Finding]:
    """Examine Python, torch, kernel, widgets, write access, data and isolation.

    Args:
        project: the folder that one works in, with the chapters and exercises.

    """
    examinations: dict[str, Callable[[], Finding]] = {
        "Python": _python,
        "torch": _torch,
        "kernel": _kernel,
        "widgets": _widgets,
        "write access": lambda: _write_access(project),
        "data": _data,
        "isolation": _isolation,
    }
    return [_examined(subject, examination) for subject, examination in examinations.items()]


def _examined(subject: str, examination: Callable[[], Finding]) -> Finding:
    try:
        return examination()
    except Exception as error:  # a doctor that faints helps nobody: any surprise is a finding
        return Finding(subject, "problem", f"{type(error).__name__}: {error}", _reinstall())


def _reinstall() -> str:
    return f"{sys.executable} -m pip install -c constraints.txt -e ."


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        return Finding(
            "Python", "problem", f"{version}; the course needs {oldest} or newer", "make lab PYTHON=python3.11"
        )
    return Finding("Python", "ok", version)


def _torch() -> Finding:
    try:
        import torch
    except ImportError as error:
        return Finding("torch", "problem", f"cannot be imported: {error}", _reinstall())
    layer = torch.nn.Conv2d(1, 1, 3)
    layer(torch.zeros(1, 1, 8, 8)).sum().backward()
    where = "with a GPU" if torch.cuda.is_available() else "on the CPU"
    return Finding("torch", "ok", f"{torch.__version__}, {where}, {torch.get_num_threads()} threads")


def _kernel() -> Finding:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    remedy = f"{sys.executable} -m ipykernel install --sys-prefix --name python3"
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Finding("kernel", "problem", "JupyterLab has no kernel named python3", remedy)
    program = shutil.which(spec.argv[0]) or spec.argv[0]
    if spec.argv[0] in ("python", "python3") or Path(program).resolve() == Path(sys.executable).resolve():
        return Finding("kernel", "ok", "python3 runs this Python")
    return Finding("kernel", "problem", f"python3 runs {program}, not {sys.executable}", remedy)


def _widgets() -> Finding:
    version = metadata.version("ipywidgets")
    frontend = Path(sys.prefix) / "share/jupyter/labextensions/@jupyter-widgets/jupyterlab-manager/package.json"
    if not frontend.exists():
        return Finding(
            "widgets",
            "problem",
            f"ipywidgets {version}, but JupyterLab has no part to show them",
            f"{sys.executable} -m pip install --force-reinstall --no-deps jupyterlab_widgets",
        )
    return Finding(
        "widgets", "ok", f"ipywidgets {version}, JupyterLab's part {json.loads(frontend.read_text())['version']}"
    )


def _write_access(project: Path) -> Finding:
    from cnncourse.data.fetching import cache_folder
    from cnncourse.learner.progress import record_file

    for folder in (project / "chapters", project / "exercises", cache_folder(), record_file().parent):
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if not os.access(existing, os.W_OK):
            return Finding("write access", "problem", f"{existing} cannot be written to", f'chmod -R u+w "{existing}"')
    return Finding("write access", "ok", "chapters, exercises, downloads and your progress can be saved")


def _data() -> Finding:
    from cnncourse.data import digits, photo_patches
    from cnncourse.data.fetching import cache_folder

    own = f"{len(digits().train_labels):,} digits and {len(photo_patches().train_labels):,} photo patches to train on"
    cached = sorted(folder.name for folder in cache_folder().glob("*") if folder.is_dir())
    return Finding("data", "ok", f"{own}; downloaded: {', '.join(cached) or 'nothing yet, and nothing is needed'}")


def _isolation() -> Finding:
    if shutil.which("bwrap"):
        return Finding("isolation", "ok", "bubblewrap can keep learners' code apart when a class is graded")
    return Finding(
        "isolation",
        "note",
        "bubblewrap is not here: only instructors who grade answers of people they do not know need it",
        "sudo apt-get install bubblewrap" if sys.platform == "linux" else "",
    )
