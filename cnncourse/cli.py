"""The command ``cnncourse``."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from cnncourse.architectures import Architecture

PROJECT = Path(__file__).resolve().parent.parent
WEAK_ISOLATION = """
    ****************************************************************************
    *  WARNING: no sandbox. What learners wrote can read your files, use your  *
    *  network and change anything you may change. Grade on a machine with     *
    *  nothing to lose, or install bubblewrap; --require-sandbox insists on it. *
    ****************************************************************************
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands and return its exit status."""
    parser = argparse.ArgumentParser(prog="cnncourse", description="Convolutional networks from LeNet-5 to ResNeXt.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    lab = commands.add_parser("lab", help="open JupyterLab on the chapters")
    lab.set_defaults(run=_lab)

    doctor = commands.add_parser("doctor", help="check this installation, and say what to type where it is not well")
    doctor.set_defaults(run=_doctor)

    draw = commands.add_parser("draw", help="save the picture of a network")
    draw.add_argument("architecture", help='for example "lenet-5"')
    draw.add_argument("file", type=Path, help="an .svg file; .png and .pdf need the extra “figures”")
    draw.add_argument("--variant", help="one of the network's variants")
    draw.add_argument("--detail", default="blocks", help='"blocks" (folded) or "layers" (everything)')
    draw.add_argument("--block", help='one block alone, layer by layer, for example "inception.3a"')
    draw.set_defaults(run=_draw)

    timeline = commands.add_parser("timeline", help="save a picture of all networks in order of publication")
    timeline.add_argument("file", type=Path, help="an .svg, .png or .pdf file")
    timeline.set_defaults(run=_timeline)

    gallery = commands.add_parser("gallery", help="write a page with the pictures of all networks")
    gallery.add_argument("folder", type=Path, help="where to; made if it is not there")
    gallery.set_defaults(run=_gallery)

    export = commands.add_parser("export", help="write a network for another viewer, and say how to open it")
    export.add_argument("architecture", help='for example "resnet-50"')
    export.add_argument("viewer", help="netron, tensorboard, torchview, torchviz or torchinfo")
    export.add_argument("path", type=Path, nargs="?", help="file or, for tensorboard, folder to write")
    export.add_argument("--variant", help="one of the network's variants")
    export.set_defaults(run=_export)

    table = commands.add_parser("article-table", help="rebuild the article's table of six networks from ours")
    table.set_defaults(run=_article_table)

    benchmark = commands.add_parser("benchmark", help="time each idea beside the plain construction it replaces")
    benchmark.add_argument("--rounds", type=_positive, default=10, help="how often each is timed (10)")
    benchmark.set_defaults(run=_benchmark)

    progress = commands.add_parser("progress", help="show how far you have come, chapter by chapter")
    progress.add_argument(
        "--reset", metavar="CHAPTER", help='forget what was recorded for it, for example "01-lenet-5"'
    )
    progress.set_defaults(run=_progress)

    execute = commands.add_parser("execute", help="run notebooks from top to bottom and save their outputs")
    execute.add_argument("notebooks", nargs="+", type=Path)
    execute.set_defaults(run=_execute)

    release = commands.add_parser(
        "release", help="make the learners' exercises from the instructor's masters, or bundle some for learners"
    )
    release.add_argument("assignments", nargs="*", metavar="assignment", help='bundle this one, such as "01-lenet-5"')
    release.add_argument("--to", type=Path, metavar="folder", help="where the bundle is written (here)")
    release.set_defaults(run=_release)

    grade = commands.add_parser("grade", help="grade what a class handed in, each answer in a sandbox")
    _add_class(grade)
    grade.add_argument("--assignment", required=True, help='for example "01-lenet-5"')
    grade.add_argument("--to", type=Path, metavar="folder", help="where grades and pages go (graded/ASSIGNMENT)")
    grade.add_argument("--scheduler", metavar="address", help="of a Dask cluster that judges instead of this machine")
    grade.set_defaults(run=_grade)

    board = commands.add_parser("leaderboard", help="train what a class designed for the capstone, and rank it")
    _add_class(board)
    board.add_argument("--to", type=Path, metavar="folder", default=Path("capstone"), help="where it goes (capstone)")
    board.set_defaults(run=_leaderboard)

    race = commands.add_parser("grade-benchmark", help="time grading beside nbgrader's, on the same submissions")
    race.add_argument("--assignment", default="01-lenet-5", help='for example "01-lenet-5"')
    race.add_argument("--submissions", type=_positive, default=20, help="number of learners (20)")
    race.add_argument("--jobs", type=_positive, default=os.cpu_count() or 1, help="judging processes (one a core)")
    race.set_defaults(run=_grade_benchmark)

    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("interrupted; nothing was left half done", file=sys.stderr)
        return 130
    except (LookupError, ValueError, ImportError) as error:
        print(f"cnncourse: {error.args[0]}", file=sys.stderr)
        return 2


def _add_class(command: argparse.ArgumentParser) -> None:
    """Add what grading and ranking a class have in common."""
    command.add_argument(
        "submissions", type=Path, help="nbgrader's folder, a folder of notebooks, or Canvas' or Moodle's zip"
    )
    command.add_argument(
        "--secret", type=Path, metavar="file", help="decides all that is drawn at random (made in the folder)"
    )
    command.add_argument("--due", type=datetime.fromisoformat, metavar="time", help='such as "2026-11-30T23:59"')
    command.add_argument("--roster", type=Path, metavar="file", help="the class as CSV, to find who handed in nothing")
    command.add_argument("--jobs", type=_positive, default=os.cpu_count() or 1, help="judging processes (one a core)")
    command.add_argument(
        "--require-sandbox", action="store_true", help="refuse to run learners' code without a sandbox"
    )


def _lab(_options: argparse.Namespace) -> int:
    from cnncourse.architectures import CATALOGUE

    if not (PROJECT / "chapters").is_dir():
        print(
            "cnncourse: the chapters are not beside this package; install it from a clone of the course, with:\n"
            "    python -m pip install -e .",
            file=sys.stderr,
        )
        return 2
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={PROJECT}",
        f"--FileContentsManager.preferred_dir={PROJECT / 'chapters'}",
        f"--LabApp.default_url=/lab/tree/chapters/{CATALOGUE[0].chapter}.ipynb",
        # The course's own defaults: no pop-up that asks about news, and no calls to the network.
        f"--LabApp.app_settings_dir={Path(__file__).parent / 'lab_settings'}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if os.environ.get("NO_BROWSER"):
        command.append("--no-browser")
    if os.name == "posix" and os.geteuid() == 0:
        command.append("--allow-root")  # in a container there is often nobody else
    if os.name == "posix":
        # JupyterLab takes this process's place, so that Ctrl-C reaches it and nothing else.
        return os.execv(sys.executable, command)
    return subprocess.call(command)


def _doctor(_options: argparse.Namespace) -> int:
    from cnncourse.doctor import examine

    findings = examine(PROJECT)
    for finding in findings:
        print(finding)
    problems = [finding for finding in findings if finding.is_problem]
    print(f"\n{len(problems)} problem{'s' if len(problems) != 1 else ''} found." if problems else "\nAll is well.")
    return 1 if problems else 0


def _draw(options: argparse.Namespace) -> int:
    from cnncourse.architectures import architecture
    from cnncourse.drawing import draw

    record = architecture(options.architecture)
    title = f"{record.title} ({options.variant or record.year})"
    title = f"{title}: {options.block}" if options.block else title
    model = _without_weights(record, options.variant)
    draw(model, record.input_shape, title, detail=options.detail, block=options.block).save(options.file)
    print(f"{options.file}: {title}")
    return 0


def _without_weights(record: "Architecture", variant: str | None) -> "nn.Module":
    import torch

    with torch.device("meta"):
        return record.build(variant=variant)


def _timeline(options: argparse.Namespace) -> int:
    from cnncourse.architectures.timeline import timeline

    timeline().save(options.file)
    print(options.file)
    return 0


def _gallery(options: argparse.Namespace) -> int:
    from cnncourse.architectures.gallery import write_gallery

    print(write_gallery(options.folder))
    return 0


def _export(options: argparse.Namespace) -> int:
    from cnncourse.architectures import architecture
    from cnncourse.drawing.exports import EXPORTS, summary

    record = architecture(options.architecture)
    if options.viewer == "torchinfo":
        print(summary(record.build(variant=options.variant), record.input_shape))
        return 0
    if options.viewer not in EXPORTS:
        raise LookupError(f"no viewer {options.viewer!r}; there are {', '.join(EXPORTS)} and torchinfo")
    if options.path is None:
        raise ValueError(f"{options.viewer} needs a path to write to, as the last argument")
    command = EXPORTS[options.viewer](record.build(variant=options.variant), record.input_shape, options.path)
    print("To look at it:", command)
    return 0


def _article_table(_options: argparse.Namespace) -> int:
    from cnncourse.architectures.article_table import article_table

    print(article_table())
    return 0


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def _benchmark(options: argparse.Namespace) -> int:
    # Threads that wait by spinning slow each other down as soon as another program runs; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from cnncourse.architectures.benchmark import benchmark

    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; times and memory are multiples of the first")
    print("line of each table: the median, and in brackets the lowest and highest, of rounds in turns.")
    for title, table in benchmark(options.rounds):
        print(f"\n{title}\n{table}", flush=True)
    return 0


def _progress(options: argparse.Namespace) -> int:
    from cnncourse.course import progress

    print(progress() if options.reset is None else progress().forget(options.reset))
    return 0


def _execute(options: argparse.Namespace) -> int:
    from cnncourse.notebooks import execute

    for path in options.notebooks:
        execute(path)
    return 0


def _grade(options: argparse.Namespace) -> int:
    def grade() -> None:
        from cnncourse.classroom.grade_class import grade_class

        graded = grade_class(
            options.submissions,
            options.assignment,
            options.to or Path("graded") / options.assignment,
            PROJECT,
            scheduler=options.scheduler,
            **_of_class(options),
        )
        print(f"{graded.submissions} submissions ({graded.judged} judged now), {graded.missing} missing, ", end="")
        print(f"{graded.attention} to look at: {graded.page}")

    return _judged(grade, options, here=options.scheduler is None)


def _leaderboard(options: argparse.Namespace) -> int:
    def rank() -> None:
        from cnncourse.classroom.leaderboard import make_leaderboard

        board = make_leaderboard(options.submissions, options.to, PROJECT, **_of_class(options))
        print(board)

    return _judged(rank, options, here=True)


def _of_class(options: argparse.Namespace) -> dict[str, object]:
    return {name: getattr(options, name) for name in ("secret", "due", "roster", "jobs", "require_sandbox")}


def _judged(work: Callable[[], None], options: argparse.Namespace, *, here: bool) -> int:
    """Do something that runs learners' code, and say how far that is kept apart if it runs on this machine."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # judging processes side by side
    from cnncourse.classroom.batch import isolation_here
    from cnncourse.classroom.sandbox import SandboxError

    try:
        if here:
            isolation = isolation_here(require_sandbox=options.require_sandbox)
            print(f"Learners' code runs in: {isolation.value}.", file=sys.stderr)
            if not isolation.is_sandbox:
                print(WEAK_ISOLATION, file=sys.stderr)
        work()
    except SandboxError as error:
        raise ValueError(str(error)) from error
    except KeyboardInterrupt:
        print("\ninterrupted; what was judged is kept: the same command goes on from there", file=sys.stderr)
        return 130
    return 0


def _grade_benchmark(options: argparse.Namespace) -> int:
    from cnncourse.classroom.benchmark import benchmark, table

    print(table(benchmark(PROJECT, options.assignment, options.submissions, options.jobs)))
    return 0


def _release(options: argparse.Namespace) -> int:
    if options.assignments:
        from cnncourse.classroom.bundle import write_bundle

        print(write_bundle(PROJECT, options.assignments, options.to or Path()))
        return 0
    if options.to:
        raise ValueError("--to goes with the exercises to bundle, for example: cnncourse release 01-lenet-5 --to ~/out")

    from cnncourse.notebooks import release_exercises

    for path in release_exercises(PROJECT):
        print(path.relative_to(PROJECT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
