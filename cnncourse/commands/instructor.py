"""The commands of instructors, and of whoever changes the course."""

import argparse
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cnncourse.architectures import architecture
from cnncourse.commands.arguments import Commands, add_yes, agreed, positive
from cnncourse.work.folder import WorkFolder, handed_out, keep, keep_copy

if TYPE_CHECKING:
    from cnncourse.classroom.grade_class import Graded
    from cnncourse.classroom.leaderboard import Leaderboard
    from cnncourse.classroom.term.rules import Term

WRONG_ROSTER = 3  # exit status if the roster does not say who is missing
WEAK_ISOLATION = """
    ****************************************************************************
    *  WARNING: no sandbox. What learners wrote can read your files, use your  *
    *  network and change anything you may change. Grade on a machine with     *
    *  nothing to lose, or install bubblewrap; --require-sandbox insists on it. *
    ****************************************************************************
"""


def add_instructors_commands(commands: Commands) -> None:
    """Add what instructors type, and whoever changes the course."""
    commands.group("for instructors, to hand out and to grade")
    release = commands.add(
        "release", _release, "bundle exercises for learners; without a name, make all from the masters"
    )
    release.add_argument("assignments", nargs="*", metavar="assignment", help='bundle this one, such as "01-lenet-5"')
    release.add_argument("--to", type=Path, metavar="folder", help="where the bundle is written (here)")
    add_yes(release)

    grade = commands.add("grade", _grade, "grade what a class handed in, each answer in a sandbox")
    _add_class(grade)
    grade.add_argument("--assignment", required=True, help='number or name, such as 1 or "01-lenet-5"')
    grade.add_argument("--to", type=Path, metavar="folder", help="where grades and pages go (graded/ASSIGNMENT)")
    grade.add_argument("--scheduler", metavar="address", help="of a Dask cluster that judges instead of this machine")

    grade.add_argument("--term", type=Path, metavar="file", help="the rules of the term (term.toml, if it is here)")

    book = commands.add("gradebook", _gradebook, "put all graded exercises together: totals, who is at risk, exports")
    book.add_argument("graded", type=Path, help="the folder with a folder an exercise")
    book.add_argument("--term", type=Path, metavar="file", help="the rules of the term (term.toml, if it is here)")
    book.add_argument("--to", type=Path, metavar="folder", default=Path("gradebook"), help="where it goes (gradebook)")

    board = commands.add("leaderboard", _leaderboard, "train what a class designed for the capstone, and rank it")
    _add_class(board)
    board.add_argument("--to", type=Path, metavar="folder", default=Path("capstone"), help="where it goes (capstone)")

    race = commands.add("grade-benchmark", _grade_benchmark, "time grading beside nbgrader's, on the same submissions")
    race.add_argument("--assignment", default="01-lenet-5", help='for example "01-lenet-5"')
    race.add_argument("--submissions", type=positive, default=20, help="number of learners (20)")
    _add_jobs(race)

    commands.group("to change the course")
    robust = commands.add("experiments", _experiments, "run each experiment by twelve settings, and keep what it gave")
    robust.add_argument("chapters", nargs="*", metavar="chapter", help="numbers or names; all if left out")

    site = commands.add(
        "site", lambda options: _site(options, commands), "make the site: the course to read in a browser"
    )
    site.add_argument("folder", type=Path, help="where to; replaced if it is there")
    site.add_argument("--repository", metavar="owner/name", help="on GitHub (the one that pyproject.toml names)")

    execute = commands.add("execute", _execute, "run notebooks from top to bottom and save their outputs")
    execute.add_argument("notebooks", nargs="+", type=Path)
    add_yes(execute)


def _add_class(command: argparse.ArgumentParser) -> None:
    """Add what grading and ranking a class have in common."""
    command.add_argument(
        "submissions",
        type=Path,
        help="nbgrader's folder, a folder of notebooks, one notebook, or a learning platform's download",
    )
    command.add_argument(
        "--secret", type=Path, metavar="file", help="decides all that is drawn at random (made in the folder)"
    )
    command.add_argument(
        "--due", type=_due, metavar="time", help='such as "2026-11-30" (the end of that day) or "2026-11-30 18:00 CET"'
    )
    command.add_argument("--roster", type=Path, metavar="file", help="the class as CSV, to find who handed in nothing")
    _add_jobs(command)
    command.add_argument(
        "--require-sandbox", action="store_true", help="refuse to run learners' code without a sandbox"
    )


def _add_jobs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--jobs", type=_jobs, default="cores", metavar="number", help='judging processes ("cores": one a core)'
    )


def _jobs(text: str) -> int:
    """Return a number of processes; "cores" are those that may be used, in a container too."""
    if text != "cores":
        return positive(text)
    from joblib.externals.loky import cpu_count

    return cpu_count()


def _due(text: str) -> datetime:
    from cnncourse.classroom.collecting.deadline import deadline

    try:
        return deadline(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _grade(options: argparse.Namespace) -> int:
    def grade() -> int:
        from cnncourse.classroom.grade_class import grade_class

        name = architecture(options.assignment).chapter
        graded = grade_class(
            options.submissions,
            name,
            options.to or Path("graded") / name,
            handed_out(),
            scheduler=options.scheduler,
            term=_term(options),
            **_of_class(options),
        )
        print(f"{graded.submissions} submissions ({graded.judged} judged now), {graded.missing} missing, ", end="")
        print(f"{graded.attention} to look at: {graded.page}")
        return _told(graded)

    return _judged(grade, options, here=options.scheduler is None)


def _told(done: "Graded | Leaderboard") -> int:
    """Say what concerns the whole class, and return the command's status."""
    for remark in done.remarks:
        print(f"cnncourse: {remark}", file=sys.stderr)
    if done.problem:
        print(f"cnncourse: {done.problem}. Is it the right roster? Nobody got a zero.", file=sys.stderr)
    return WRONG_ROSTER if done.problem else 0


def _term(options: argparse.Namespace) -> "Term":
    from cnncourse.classroom.term.rules import FILE, Term

    path = options.term or Path(FILE)
    return Term.read(path) if options.term or path.is_file() else Term()


def _gradebook(options: argparse.Namespace) -> int:
    from cnncourse.classroom.grade_term import make_gradebook, strangers

    term = _term(options)
    print(make_gradebook(options.graded, term, options.to))
    for name in strangers(options.graded, term):
        print(f"cnncourse: [learners.{name}] in the rules is for nobody in a graded exercise", file=sys.stderr)
    return 0


def _leaderboard(options: argparse.Namespace) -> int:
    def rank() -> int:
        from cnncourse.classroom.leaderboard import make_leaderboard

        board = make_leaderboard(options.submissions, options.to, handed_out(), **_of_class(options))
        print(board)
        return _told(board)

    return _judged(rank, options, here=True)


def _of_class(options: argparse.Namespace) -> dict[str, object]:
    return {name: getattr(options, name) for name in ("secret", "due", "roster", "jobs", "require_sandbox")}


def _judged(work: Callable[[], int], options: argparse.Namespace, *, here: bool) -> int:
    """Do something that runs learners' code, and say how far that is kept apart if it runs on this machine."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # judging processes side by side
    if here:
        from cnncourse.classroom.grading.processes import load_ahead

        load_ahead()
    from cnncourse.checking.judging import UnsoundReferenceError
    from cnncourse.classroom.grading.batch import isolation_here
    from cnncourse.classroom.isolation.sandbox import SandboxError

    try:
        if here:
            isolation = isolation_here(require_sandbox=options.require_sandbox)
            print(f"Learners' code runs in: {isolation.value}.", file=sys.stderr)
            if not isolation.is_sandbox:
                print(WEAK_ISOLATION, file=sys.stderr)
        return work()
    except (SandboxError, UnsoundReferenceError) as error:
        raise ValueError(str(error)) from error
    except KeyboardInterrupt:
        print("\ninterrupted; what was judged is kept: the same command goes on from there", file=sys.stderr)
        return 130


def _grade_benchmark(options: argparse.Namespace) -> int:
    from cnncourse.classroom.benchmark import benchmark, table

    print(table(benchmark(handed_out(), architecture(options.assignment).chapter, options.submissions, options.jobs)))
    return 0


def _release(options: argparse.Namespace) -> int:
    project = handed_out()
    if not (project / "solutions").is_dir():
        raise LookupError("the masters are not here; exercises are handed out from a clone of the course")
    if options.assignments:
        from cnncourse.classroom.bundle import write_bundle

        names = [architecture(name).chapter for name in options.assignments]
        print(write_bundle(project, names, options.to or Path()))
        return 0
    if options.to:
        raise ValueError("--to goes with the exercises to bundle, for example: cnncourse release 01-lenet-5 --to ~/out")

    from cnncourse.notebooks import generated_exercises, nowhere_else, write_exercises

    made = generated_exercises(project)
    written = nowhere_else(made)
    if not agreed(written, options):
        print("Nothing was changed.")
        return 0
    for path in written:
        print(f"{path.relative_to(project)} is kept as {keep(path).name}")
    for path in write_exercises(made):
        print(path.relative_to(project))
    return 0


def _experiments(options: argparse.Namespace) -> int:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from cnncourse.architectures.experiments import experiments
    from cnncourse.experiments import fill

    chapters = [architecture(name).module for name in options.chapters] or [None]
    for chapter in chapters:
        for name, experiment in experiments(chapter).items():
            if experiment.grid is not None:
                fill(experiment)
                print(f"{name}: {experiment.robustness}", flush=True)
    return 0


def _site(options: argparse.Namespace, commands: Commands) -> int:
    from cnncourse.site.build import build_site
    from cnncourse.site.repository import Repository

    repository = Repository.read(options.repository) if options.repository else None
    print(build_site(handed_out(), options.folder, commands.parsers, repository))
    return 0


def _execute(options: argparse.Namespace) -> int:
    from cnncourse.notebooks import execute

    theirs = [path for path in options.notebooks if WorkFolder.around(path.resolve().parent, handed_out())]
    if not agreed(theirs, options):
        print("Nothing was changed.")
        return 0
    for path in options.notebooks:
        if path in theirs:
            print(f"{path} is kept as {keep_copy(path).name}")
        execute(path)
    return 0
