"""Execute the course's notebooks in place, and make the learners' exercises from the instructor's masters."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cnncourse.display import WIDGET_VIEW

CELL_TIMEOUT = 600  # seconds: a limit for what hangs, not for what is slow on a busy machine
CELL_METADATA = {"tags", "nbgrader", "deletable", "editable"}
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def execute(path: Path) -> None:
    """Run a notebook from top to bottom and save its outputs, metadata clean; on an error the file is left as it was.

    Args:
        path: the notebook.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell raises.

    """
    from nbclient import NotebookClient
    from tqdm import tqdm

    notebook = nbformat.read(path, as_version=4)
    code_cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    with tqdm(total=code_cells, desc=path.name, unit="cell") as bar, tempfile.TemporaryDirectory() as scratch:
        NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            startup_timeout=CELL_TIMEOUT,
            iopub_timeout=CELL_TIMEOUT,  # an output that comes later than this would be lost without a word
            kernel_name=KERNEL["name"],
            store_widget_state=False,
            record_timing=False,
            coalesce_streams=True,  # how often a cell's output is flushed is a matter of chance
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_executed=lambda **_: bar.update(),
        ).execute(env=os.environ | without_own_things(scratch))
    clean(notebook)
    write(notebook, path)


def without_own_things(empty: str | Path) -> dict[str, str]:
    """Return the environment in which a notebook finds nothing of its maker's: neither a record nor any weights.

    Args:
        empty: a folder that is thrown away.

    """
    return {
        "CNNCOURSE_PROGRESS": f"{empty}/progress.jsonl",
        "CNNCOURSE_DATA": f"{empty}/data",
        "TORCH_HOME": f"{empty}/torch",
    }


def write(notebook: NotebookNode, path: Path) -> None:
    """Save a notebook in one step, so that an interruption leaves the old file or the new one, never half of it."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False, encoding="utf-8") as file:
        unfinished = Path(file.name)
        nbformat.write(notebook, file)
    unfinished.chmod(0o644)
    unfinished.replace(path)


def clean(notebook: NotebookNode) -> None:
    """Remove what differs from machine to machine and editor to editor: versions, widgets, progress bars."""
    notebook.metadata = NotebookNode({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for cell in notebook.cells:
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in cell.metadata if key in CELL_METADATA})
        if cell.cell_type == "code":
            cell.outputs = _without_widgets(cell.outputs)


def save_without_widgets(model: dict, **_asked: object) -> None:
    """Leave the widgets out of a notebook of the course that JupyterLab saves: its ``pre_save_hook``.

    A saved widget says "model not found" when the notebook is opened again; its still picture takes its place. Other
    notebooks of the same environment, which do not name the course, are saved as they are.

    Args:
        model: what is saved, as Jupyter's contents manager has it; changed in place.

    """
    cells = model["content"]["cells"] if model["type"] == "notebook" else ()
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    if any("cnncourse" in cell["source"] for cell in code):
        for cell in code:
            cell["outputs"] = _without_widgets(cell["outputs"])


def _without_widgets(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    """Return outputs without their widgets, and without those of which a reader would see nothing then."""
    kept = []
    for output in outputs:
        data = output.get("data", {})
        is_seen = set(data) - {WIDGET_VIEW, "text/plain"} if WIDGET_VIEW in data else data != {"text/plain": ""}
        data.pop(WIDGET_VIEW, None)
        if is_seen:
            kept.append(output)
    return kept


def generated_exercises(project: Path) -> list[tuple[NotebookNode, Path]]:
    """Return the learners' version of every exercise as nbgrader makes it, and where each belongs; nothing is written.

    Args:
        project: the folder that holds ``solutions`` and ``exercises``.

    """
    folders = sorted((project / "solutions").iterdir())
    return [made for folder in folders for made in generate(project, folder.name)]


def nowhere_else(made: Sequence[tuple[NotebookNode, Path]]) -> list[Path]:
    """Return the notebooks in which something is written that is not in what was made, nor in git: somebody's answers.

    Args:
        made: what ``generated_exercises`` gave.

    """
    return [path for notebook, path in made if path.exists() and not (_says(path, notebook) or _is_in_git(path))]


def write_exercises(made: Sequence[tuple[NotebookNode, Path]]) -> list[Path]:
    """Write the learners' version of exercises, run them, and return the notebooks.

    Args:
        made: what ``generated_exercises`` gave.

    """
    for notebook, path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(notebook, path)
        execute(path)
    return [path for _, path in made]


def _says(path: Path, notebook: NotebookNode) -> bool:
    """Whether a notebook says the same as another, whatever came out of their cells."""
    there = nbformat.read(path, as_version=4)
    return [cell.source for cell in there.cells] == [cell.source for cell in notebook.cells]


def _is_in_git(path: Path) -> bool:
    """Whether git has a file as it is."""
    name = path.name
    asked = (["ls-files", "--error-unmatch", name], ["diff", "--quiet", "HEAD", "--", name])
    return all(
        subprocess.run(["git", *command], cwd=path.parent, capture_output=True, check=False).returncode == 0
        for command in asked
    )


def generate(project: Path, exercise: str) -> list[tuple[NotebookNode, Path]]:
    """Return what nbgrader makes of an exercise's masters, and where each notebook belongs; nothing is written.

    Args:
        project: the folder that holds ``solutions`` and ``exercises``.
        exercise: name of the exercise's folder, for example "01-lenet-5".

    """
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "nbgrader", "generate_assignment", exercise, "--no-db", "--log-level=WARN"]
        command.append(f"--CourseDirectory.release_directory={scratch}")
        made_by_nbgrader = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        if made_by_nbgrader.returncode != 0:
            raise RuntimeError(
                f"nbgrader could not make {exercise} (is it installed? make exercises sees to it):\n"
                f"{made_by_nbgrader.stderr}"
            )
        made = sorted((Path(scratch) / exercise).glob("*.ipynb"))
        return [(nbformat.read(path, as_version=4), project / "exercises" / exercise / path.name) for path in made]
