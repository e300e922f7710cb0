"""What learners are handed: the course with some of its exercises, and nothing of the instructor's."""

import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cnncourse.architectures import CATALOGUE
from cnncourse.notebooks import generate

FILES = ("LICENSE", "Makefile", "README.md", "constraints.txt", "environment.yml", "pyproject.toml")
# What belongs to a folder by its ending: notes, copies and caches that lie about there stay here.
ENDINGS = {
    "cnncourse": {".css", ".html", ".js", ".json", ".png", ".py", ".svg", ".tsv"},
    "chapters": {".ipynb"},
    "images": {".svg", ".png"},
}
START = "START-HERE.md"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the same files give the same bytes, whenever they were written
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION.*?### END SOLUTION[^\n]*$", re.DOTALL | re.MULTILINE)
STUB = r"\1# YOUR CODE HERE\n\1raise NotImplementedError()"  # nbgrader's own


def write_bundle(project: Path, assignments: Sequence[str], folder: Path) -> Path:
    """Write ``cnncourse-ASSIGNMENTS.zip``: all that learners need for some exercises.

    Args:
        project: the folder of the course.
        assignments: the exercises, for example ["01-lenet-5"].
        folder: where to; made if it is not there.

    Returns:
        The zip file.

    Raises:
        LookupError: if there is no such exercise; the message lists those that exist.
        ValueError: if a learners' notebook is not what the master gives, or holds a solution.

    """
    assignments = sorted(set(assignments))
    for assignment in assignments:
        _check(project, assignment)
    name = f"cnncourse-{'+'.join(assignments)}"
    contents = {path.relative_to(project).as_posix(): path.read_bytes() for path in _files(project, assignments)}
    contents[START] = start_here(project, assignments).encode("utf-8")

    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=folder, suffix=".tmp", delete=False) as file,
        zipfile.ZipFile(file, "w") as bundle,
    ):
        for path in sorted(contents):
            member = zipfile.ZipInfo(f"{name}/{path}", EARLIEST)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system, member.external_attr = 3, 0o644 << 16  # the same on Windows
            bundle.writestr(member, contents[path])
    unfinished = Path(file.name)
    unfinished.chmod(0o644)
    return unfinished.replace(folder / f"{name}.zip")


def start_here(project: Path, assignments: Sequence[str]) -> str:
    """Return the text that a learner reads first, in Markdown."""
    records = {record.chapter: record for record in CATALOGUE}
    exercises, hand_in = [], []
    for assignment in assignments:
        for path in _notebooks(project / "exercises" / assignment):
            place = path.relative_to(project).as_posix()
            hand_in.append(f"`{path.name}`")
            if assignment in records:
                exercise = records[assignment].exercise()
                minutes = sum(part.minutes for part in exercise.parts)
                what = f"{exercise.title}; {len(exercise.parts)} parts, about {minutes} minutes"
                exercises.append(f"- [{place}]({place}): {what}. First read `chapters/{assignment}.ipynb`.")
            else:
                exercises.append(f"- [{place}]({place})")
    files = " and ".join(hand_in)
    names = "its name" if len(hand_in) == 1 else "their names"
    return f"""# Start here

## Set up, once

You need Python 3.11 or newer and about 2 GB of disk. Unpack this zip file, open a terminal in its folder, and type:

```
make lab
```

That makes the environment and opens JupyterLab; the same command opens it again. With conda or mamba, also on Windows:

```
conda env create -f environment.yml
conda activate cnncourse
cnncourse lab
```

In trouble? `make doctor`, or `cnncourse doctor`, says what to type.

## Your exercise

{chr(10).join(exercises)}

In JupyterLab, open it from the start page or from the list of files on the left: it is your own copy, in the folder
`my-work`. Write your answers where it says “your code here”, and run
the cell below each as often as you like: it says what is right, what is not, and how to go on.

## Hand in

1. Choose Kernel → Restart Kernel and Run All Cells…, and look through the reports.
2. Save with Ctrl+S (on a Mac Cmd+S).
3. Hand in {files} from `my-work/exercises` under {names}: no zip file, no PDF, no other notebook.
"""


def _files(project: Path, assignments: Sequence[str]) -> Iterator[Path]:
    yield from (project / name for name in FILES)
    for folder, endings in ENDINGS.items():
        yield from (path for path in _visible(project / folder) if path.suffix in endings)
    for assignment in assignments:
        yield from _visible(project / "exercises" / assignment)


def _visible(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not path.is_symlink() and not any(p.startswith((".", "__pycache__")) for p in parts):
            yield path


def _notebooks(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.suffix == ".ipynb"]


def _check(project: Path, assignment: str) -> None:
    """Refuse an exercise whose learners' notebooks are not what its masters give."""
    known = sorted(path.name for path in (project / "solutions").glob("*") if path.is_dir())
    if assignment not in known:
        raise LookupError(f"no exercise {assignment!r}; there are {', '.join(known)}")
    try:
        made = generate(project, assignment) if find_spec("nbgrader") else list(_stubbed(project, assignment))
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    committed = {path.name: path for path in _notebooks(project / "exercises" / assignment)}
    remedy = "make exercises, and look at what changed"
    if set(committed) != {path.name for _, path in made}:
        raise ValueError(f"exercises/{assignment} does not hold the same notebooks as solutions/{assignment}: {remedy}")
    for notebook, path in made:
        ours = nbformat.read(committed[path.name], as_version=4)
        if "BEGIN SOLUTION" in committed[path.name].read_text(encoding="utf-8"):
            raise ValueError(f"exercises/{assignment}/{path.name} holds a solution: {remedy}")
        if _asked(ours) != _asked(notebook):
            raise ValueError(f"exercises/{assignment}/{path.name} is not what its master gives: {remedy}")


def _asked(notebook: NotebookNode) -> list[tuple[str, str, str]]:
    """Return what a notebook asks: kind, text and grading name of each cell."""
    return [
        (cell.cell_type, cell.source, cell.metadata.get("nbgrader", {}).get("grade_id", "")) for cell in notebook.cells
    ]


def _stubbed(project: Path, assignment: str) -> Iterator[tuple[NotebookNode, Path]]:
    """Yield the masters without their solutions: without nbgrader, as near to what it makes as the text goes."""
    for path in _notebooks(project / "solutions" / assignment):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            cell.source = SOLUTION.sub(STUB, cell.source)
        yield notebook, path
