"""How fast a class is graded: this course's grader and nbgrader's, side by side on the same submissions."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cnncourse.classroom.grade_class import grade_class
from cnncourse.measure.table import Table


@dataclass(frozen=True)
class Timing:
    """How long it took to grade a class.

    Attributes:
        grader: which one.
        submissions: number of submissions.
        seconds: from start to the last grade.

    """

    grader: str
    submissions: int
    seconds: float

    @property
    def rate(self) -> float:
        """Submissions a second."""
        return self.submissions / self.seconds


def benchmark(project: Path, name: str, submissions: int, jobs: int) -> list[Timing]:
    """Let both grade the same right answers, one after the other.

    Args:
        project: the folder that holds ``solutions`` and ``exercises``.
        name: the exercise, for example "01-lenet-5".
        submissions: number of learners.
        jobs: judging processes of this course's grader; nbgrader has one.

    Raises:
        ValueError: if nbgrader cannot grade them; says what it said.

    """
    with tempfile.TemporaryDirectory() as scratch:
        course = Path(scratch)
        shutil.copy(project / "nbgrader_config.py", course)
        shutil.copytree(project / "solutions" / name, course / "solutions" / name)
        for number in range(submissions):
            shutil.copytree(project / "solutions" / name, course / f"submitted/student{number:05}/{name}")
        started = time.perf_counter()
        grade_class(course / "submitted", name, course / "graded", project, jobs=jobs)
        ours = Timing("cnncourse grade", submissions, time.perf_counter() - started)
        _nbgrader(course, "generate_assignment", name)
        started = time.perf_counter()
        _nbgrader(course, "autograde", name)
        return [ours, Timing("nbgrader autograde", submissions, time.perf_counter() - started)]


def _nbgrader(course: Path, *command: str) -> None:
    # nbgrader calls other commands of its environment by name, whether or not that has been activated.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "JUPYTER_CONFIG_DIR": str(course / "settings")}
    ran = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise ValueError(f"nbgrader does not grade (is the extra “instructor” installed?):\n{ran.stderr[-2000:]}")


def table(timings: list[Timing]) -> Table:
    """Return what was measured, with multiples of the last."""
    last = timings[-1]
    rows = tuple(
        (t.grader, f"{t.submissions}", f"{t.seconds:.1f}", f"{t.rate:.2f}", f"{t.rate / last.rate:.1f} ×")
        for t in timings
    )
    return Table(("grader", "submissions", "seconds", "submissions a second", "against the last"), rows, "lrrrr")
