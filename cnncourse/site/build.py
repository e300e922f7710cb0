"""Make the site: lay out its pages, let Sphinx build them, and put beside them what is downloaded."""

import argparse
import hashlib
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat

from cnncourse.architectures import reading_order
from cnncourse.site.chapters import Chapter, ready
from cnncourse.site.figures import LiveFigure
from cnncourse.site.mending import mend
from cnncourse.site.pages import Pages, tree
from cnncourse.site.repository import Repository

NEEDED = ("sphinx", "myst_nb", "furo", "sphinx_sitemap", "sphinxext.opengraph")
MARK = "_static/site.js"  # by which a folder is known to be a site of the course
COURSE = Path(__file__).parent.parent
STATIC = Path(__file__).with_name("static")
EXPLORER = COURSE / "drawing"
FIGURES_COME_FROM = (
    *(f"{folder}/**/*.py" for folder in ("architectures", "data", "display", "drawing", "measure", "training")),
    *(f"site/{module}.py" for module in ("figures", "opening", "shared", "slicing", "turning")),
)
# Pages that are files of the course, and their names on the site.
FILES = {
    "docs/instructors-guide.md": "docs/instructors-guide",
    "docs/full-size-training.md": "docs/full-size-training",
    "CONTRIBUTING.md": "contributing",
    "CHANGELOG.md": "changelog",
}
CONFIGURATION = """from pathlib import Path
from cnncourse.site.repository import Repository
from cnncourse.site.settings import settings
globals().update(settings(Path({course!r}), {repository!r}))
"""
MODULE_END = "export default { render };"


def build_site(
    course: Path,
    target: Path,
    parsers: Mapping[str, argparse.ArgumentParser],
    repository: Repository | None = None,
    alive: str = "",
) -> Path:
    """Make the site and return its first page. Nothing of a notebook is run again but what its figures need.

    Args:
        course: the course's folder, a clone.
        target: where the site goes; an older site is replaced once the new one is whole.
        parsers: of the commands, by their names, for the reference.
        repository: where the course is kept in public; the one that pyproject.toml names if left out.
        alive: part of the names of the notebooks whose figures answer; those of all do if it is left out.

    Raises:
        ImportError: if the extra "site" is not there; the message says what to type.
        LookupError: if the course's folder is no clone.
        ValueError: if there is something else where the site goes, or if Sphinx finds something wrong, such as a link
            that leads nowhere.

    """
    _check(course, target)
    paths = sorted(
        path.relative_to(course).as_posix()
        for part in ("chapters", "exercises")
        for path in (course / part).rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    )
    chapters = [Chapter.read(course, path) for path in paths]
    figures = _figures([each for each in chapters if alive in each.path], target.with_name(f"{target.name}-figures"))
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}-") as scratch:
        work = Path(scratch)
        pages = Pages(course, work / "source", repository or Repository.of_course(course))
        _lay_out(pages, chapters, figures, parsers)
        _run_sphinx(pages, work)
        mend(work / "html")
        if target.exists():
            target.replace(work / "before")
        (work / "html").replace(target)
    return target / "index.html"


def _check(course: Path, target: Path) -> None:
    """Refuse what cannot be done, before anything is; see ``build_site``."""
    missing = [name for name in NEEDED if not _is_there(name)]
    if missing:
        raise ImportError(f'{", ".join(missing)} not installed: type  pip install -c constraints.txt -e ".[site]"')
    if not (course / "README.md").is_file():
        raise LookupError("the site is made from a clone of the course, which has its texts; this one was installed")
    if target.exists() and not (target / MARK).is_file():
        raise ValueError(f"{target} is there and is no site of the course: say another folder, which is made")
    target.parent.mkdir(parents=True, exist_ok=True)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it is in
        return False


def _lay_out(
    pages: Pages,
    chapters: Sequence[Chapter],
    figures: Mapping[str, Mapping[int, LiveFigure]],
    parsers: Mapping[str, argparse.ArgumentParser],
) -> None:
    """Write what Sphinx reads, and what lies beside the pages."""
    static = pages.source / "_static"
    shutil.copytree(STATIC, static)
    (static / "explorer.js").write_text(_as_script(EXPLORER / "explorer.js", "explorer"), encoding="utf-8")
    shutil.copy(EXPLORER / "explorer.css", static / "explorer.css")
    for chapter in chapters:
        alive = figures.get(chapter.path, {})
        for figure in alive.values():
            figure.write(static / "figures")
        _write(chapter.page(alive, pages.stills, pages.repository), pages.source / chapter.path)
        _write(ready(chapter, pages.repository), pages.source / "_extra/notebooks" / chapter.path)
    pages.gallery()
    pages.reference(parsers)
    for path, name in FILES.items():
        pages.from_file(path, name)
    places = {record: place for place, record in enumerate(reading_order())}
    about_networks = sorted((each for each in chapters if each.record), key=lambda each: places[each.record])
    others = sorted((each for each in chapters if not each.record), key=lambda each: each.title)
    pages.from_readme(
        "\n".join(
            [
                tree("Chapters", [each.entry for each in about_networks if each.kind != "exercise"]),
                tree("Appendices", [each.entry for each in others]),
                tree("Exercises", [each.entry for each in about_networks if each.kind == "exercise"]),
                tree("Networks", ["gallery", "timeline", "networks", "trained", "docs/full-size-training"]),
                tree("Teaching", ["instructors", "docs/instructors-guide"]),
                tree("The course", ["install", "reference/index", "contributing", "changelog"]),
            ]
        )
    )


def _figures(chapters: Sequence[Chapter], kept: Path) -> dict[str, dict[int, LiveFigure]]:
    """Make the chapters' figures alive, on all cores; by the chapter's path and the figure's cell.

    Args:
        chapters: whose figures.
        kept: the folder that keeps them, for the next time.

    """
    from joblib import Memory, Parallel, delayed
    from tqdm import tqdm

    version = _version_of_code()
    alive = Memory(kept, verbose=0).cache(_alive)
    work = Parallel(n_jobs=-1, return_as="generator")(delayed(alive)(chapter, version) for chapter in chapters)
    made = tqdm(work, total=len(chapters), desc="figures", unit="notebook")
    return {chapter.path: figures for chapter, figures in zip(chapters, made, strict=True)}


def _alive(chapter: Chapter, version: str) -> dict[int, LiveFigure]:
    return chapter.figures()


def _version_of_code() -> str:
    """Return what changes with any line of code that a figure may depend on: it is computed again then."""
    digest = hashlib.sha256()
    for pattern in FIGURES_COME_FROM:
        for path in sorted(COURSE.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _as_script(module: Path, name: str) -> str:
    """Return a module as a script: browsers load no modules from a disk.

    Raises:
        ValueError: if it does not end as a widget's module does.

    """
    text = module.read_text(encoding="utf-8").rstrip()
    if not text.endswith(MODULE_END):
        raise ValueError(f"{module} does not end with {MODULE_END}")
    return f"(() => {{\n{text.removesuffix(MODULE_END)}cnncourse.{name} = {{ render }};\n}})();\n"


def _write(notebook: nbformat.NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def _run_sphinx(pages: Pages, work: Path) -> None:
    from sphinx.application import Sphinx

    # The theme wants its settings from a file, not as overrides.
    configuration = CONFIGURATION.format(course=str(pages.course), repository=pages.repository)
    (pages.source / "conf.py").write_text(configuration, encoding="utf-8")
    application = Sphinx(
        str(pages.source),
        str(pages.source),
        str(work / "html"),
        str(work / "doctrees"),
        "html",
        status=None,
        warning=sys.stderr,
        warningiserror=True,
    )
    application.build()
    if application.statuscode:
        raise ValueError("there is no new site: Sphinx has complaints, above, each with the file that it is about")
