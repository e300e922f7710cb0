"""The learner's commands."""

import argparse
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cnncourse.architectures import CATALOGUE, architecture
from cnncourse.commands.arguments import Commands, add_yes, agreed, positive
from cnncourse.work.folder import OWN_NAME, WorkFolder, handed_out

if TYPE_CHECKING:
    from torch import nn

    from cnncourse.architectures import Architecture


def add_learners_commands(commands: Commands) -> None:
    """Add what learners type."""
    commands.group("to learn")
    lab = commands.add("lab", _lab, "open JupyterLab where you were, or on a chapter: cnncourse lab 6")
    lab.add_argument("chapter", nargs="?", help='number or name, such as 6, "resnet-50" or "06-resnet-50"')
    lab.add_argument("--course", action="store_true", help="open the course's own notebooks, to change them")

    start = commands.add("start", _start, "make a folder of your own with the chapters and exercises")
    start.add_argument("folder", type=Path, help="made if it is not there")

    update = commands.add("update", _update, "bring a newer course into your folder; what you wrote stays")
    add_yes(update)

    reset = commands.add("reset", _reset, "start an exercise over; your old answers are kept under another name")
    reset.add_argument("chapter", help='number or name, such as 3 or "03-vgg-16"')
    add_yes(reset)

    progress = commands.add("progress", _progress, "show how far you have come, chapter by chapter")
    progress.add_argument("chapter", nargs="?", help="show the parts of its exercise too: number or name")
    progress.add_argument(
        "--reset", metavar="chapter", help='forget what was recorded for it: number or name, such as 3 or "03-vgg-16"'
    )

    hub = commands.add("hub", _hub, "what a JupyterHub starts for everybody: JupyterLab on a folder of one's own")
    hub.add_argument("folder", type=Path, help="made, with the chapters and exercises, if it is not there")
    hub.add_argument("more", nargs=argparse.REMAINDER, metavar="option", help="of Jupyter's server")

    commands.add("doctor", _doctor, "check this installation, and say what to type where it is not well")

    commands.group("to look at networks")
    draw = commands.add("draw", _draw, "save the picture of a network")
    draw.add_argument("architecture", help='for example "lenet-5"')
    draw.add_argument("file", type=Path, help="an .svg file; .png and .pdf need the extra “figures”")
    draw.add_argument("--variant", help="one of the network's variants")
    draw.add_argument("--detail", default="blocks", help='"blocks" (folded) or "layers" (everything)')
    draw.add_argument("--block", help='one block alone, layer by layer, for example "inception.3a"')

    timeline = commands.add("timeline", _timeline, "save a picture of all networks in order of publication")
    timeline.add_argument("file", type=Path, help="an .svg, .png or .pdf file")

    gallery = commands.add("gallery", _gallery, "write a page with the pictures of all networks")
    gallery.add_argument("folder", type=Path, help="where to; made if it is not there")

    export = commands.add("export", _export, "write a network for another viewer, and say how to open it")
    export.add_argument("architecture", help='for example "resnet-50"')
    export.add_argument("viewer", help="netron, tensorboard, torchview, torchviz or torchinfo")
    export.add_argument("path", type=Path, nargs="?", help="file or, for tensorboard, folder to write")
    export.add_argument("--variant", help="one of the network's variants")

    commands.add("article-table", _article_table, "rebuild the article's table of six networks from ours")
    benchmark = commands.add("benchmark", _benchmark, "time each idea beside the plain construction it replaces")
    benchmark.add_argument("--rounds", type=positive, default=10, help="how often each is timed (10)")
    benchmark.add_argument("--peers", action="store_true", help="our networks beside torchvision's and timm's instead")


def _own_folder() -> WorkFolder:
    """Return the learner's folder: the one that this is typed in, or, in a clone, the one beside the course.

    Raises:
        LookupError: if there is none, and the course is no clone.

    """
    course = handed_out()
    found = WorkFolder.around(Path.cwd(), course)
    if found is not None:
        return found
    if not (course / "pyproject.toml").is_file():
        raise LookupError("this is no folder of the course; cnncourse start FOLDER makes one, and is typed once")
    own = course / OWN_NAME
    if not own.exists():
        print(f"Your own copies of the chapters and exercises are made in {own}.")
    return WorkFolder.start(own, course)


def _lab(options: argparse.Namespace) -> int:
    from cnncourse.work.lab import lab_command

    if options.course:
        folder, place = handed_out(), f"chapters/{architecture(options.chapter or CATALOGUE[0].slug).chapter}.ipynb"
    else:
        own = _own_folder()
        if any(step.what != "add" for step in own.pending()):
            print("There is a newer course than the one in your folder: cnncourse update brings it.")
        folder, latest = own.path, own.latest()
        page = _start_page(own)
        place = (latest or page).relative_to(own.path).as_posix()
        if options.chapter:
            place = f"chapters/{architecture(options.chapter).chapter}.ipynb"
    command = lab_command(folder, place)
    if os.name == "posix":
        # JupyterLab takes this process's place, so that Ctrl-C reaches it and nothing else.
        return os.execv(sys.executable, command)
    return subprocess.call(command)


def _start_page(own: WorkFolder) -> Path:
    """Write the first page of a learner's folder anew, and return it."""
    from cnncourse.course import progress
    from cnncourse.work.start_page import write_start_page

    return write_start_page(own.path, progress().read(), own.latest())


def _hub(options: argparse.Namespace) -> int:
    from cnncourse.work.lab import hub_command

    os.umask(0o077)  # nobody else on the machine is to read what is written here
    folder, place = options.folder.expanduser().resolve(), ""
    try:
        place = _start_page(WorkFolder.start(folder, handed_out())).name
    except (OSError, ValueError) as error:  # a teacher's folder, or a full disk: it is opened as it is
        print(f"cnncourse: {error}", file=sys.stderr)
    return os.execv(sys.executable, hub_command(folder, place, options.more))


def _start(options: argparse.Namespace) -> int:
    folder = options.folder.expanduser().resolve()
    is_there = WorkFolder.around(folder, handed_out()) is not None
    own = WorkFolder.start(folder, handed_out())
    with suppress(ImportError):  # what draws it may not be there yet; `cnncourse lab` writes it, too
        _start_page(own)
    print(f"{own.path} {'is your folder already' if is_there else 'is your folder'}. Go there, and open JupyterLab:")
    print(f"    cd {own.path}\n    cnncourse lab")
    return 0


def _update(options: argparse.Namespace) -> int:
    own = _own_folder()
    run = [own.path / step.place for step in own.pending() if step.what == "keep and replace"]
    if not agreed(run, options):
        print("Nothing was changed.")
        return 0
    done = own.update()
    for step, other in done:
        told = {
            "add": "new",
            "replace": "brought up to date",
            "keep and replace": f"brought up to date; what you had is {other and other.name}",
            "put beside": f"yours stays as it is; the course's newer one is {other and other.name}",
        }
        print(f"{step.place}: {told[step.what]}")
    print(f"{own.path} is up to date." if not done else f"{len(done)} notebooks of {own.path}.")
    return 0


def _reset(options: argparse.Namespace) -> int:
    own, chapter = _own_folder(), architecture(options.chapter).chapter
    if not agreed(own.changed(chapter), options):
        print("Nothing was changed.")
        return 0
    for path, kept in own.reset(chapter):
        was = f"starts over; what you had is kept as {kept.name}" if kept else "is as it was handed out"
        print(f"{path.relative_to(own.path)} {was}")
    return 0


def _progress(options: argparse.Namespace) -> int:
    from cnncourse.course import progress

    chapter = architecture(options.chapter).chapter if options.chapter else ""
    print(progress(chapter) if options.reset is None else progress().forget(architecture(options.reset).chapter))
    return 0


def _doctor(_options: argparse.Namespace) -> int:
    from cnncourse.doctor import examine

    found = WorkFolder.around(Path.cwd(), handed_out())
    findings = examine(found.path if found else Path.cwd())
    for finding in findings:
        print(finding)
    problems = [finding for finding in findings if finding.is_problem]
    print(f"\n{len(problems)} problem{'s' if len(problems) != 1 else ''} found." if problems else "\nAll is well.")
    return 1 if problems else 0


def _draw(options: argparse.Namespace) -> int:
    from cnncourse.drawing import draw

    record = architecture(options.architecture)
    title = f"{record.title} ({options.variant or record.year})"
    title = f"{title}: {options.block}" if options.block else title
    model = _without_weights(record, options.variant)
    draw(model, record.shape_of(options.variant), title, detail=options.detail, block=options.block).save(options.file)
    print(f"{options.file}: {title}")
    return 0


def _without_weights(record: "Architecture", variant: str | None) -> "nn.Module":
    import torch

    with torch.device("meta"):
        return record.build(variant=variant)


def _timeline(options: argparse.Namespace) -> int:
    from cnncourse.history.timeline import timeline

    timeline().save(options.file)
    print(options.file)
    return 0


def _gallery(options: argparse.Namespace) -> int:
    from cnncourse.history.gallery import write_gallery

    print(write_gallery(options.folder))
    return 0


def _export(options: argparse.Namespace) -> int:
    from cnncourse.drawing.exports import EXPORTS, summary

    record = architecture(options.architecture)
    if options.viewer == "torchinfo":
        print(summary(record.build(variant=options.variant), record.shape_of(options.variant)))
        return 0
    if options.viewer not in EXPORTS:
        raise LookupError(f"no viewer {options.viewer!r}; there are {', '.join(EXPORTS)} and torchinfo")
    if options.path is None:
        raise ValueError(f"{options.viewer} needs a path to write to, as the last argument")
    options.path.parent.mkdir(parents=True, exist_ok=True)
    command = EXPORTS[options.viewer](
        record.build(variant=options.variant), record.shape_of(options.variant), options.path
    )
    print("To look at it:", command)
    return 0


def _article_table(_options: argparse.Namespace) -> int:
    from cnncourse.history.article_table import article_table

    print(article_table())
    return 0


def _benchmark(options: argparse.Namespace) -> int:
    # Threads that wait by spinning slow each other down as soon as another program runs; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from cnncourse.history.benchmark import benchmark
    from cnncourse.history.peers import benchmark_peers, peers_here

    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; the median, and in brackets the lowest and")
    if options.peers:
        peers = peers_here()
        print(
            "highest, of our networks' times on the fast path, as multiples of the libraries' as they come.\n",
            flush=True,
        )
        print(benchmark_peers(options.rounds, peers=peers))
        return 0
    print("highest, of rounds in turns. Times and memory are multiples of the first line of each table.")
    for title, table in benchmark(options.rounds):
        print(f"\n{title}\n{table}", flush=True)
    return 0
