"""Execute the course's notebooks in place, and make the learners' exercises from the instructor's masters."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

CELL_TIMEOUT = 120  # seconds; a chapter's longest cell takes a quarter of that on two cores
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
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
            kernel_name=KERNEL["name"],
            store_widget_state=False,
            record_timing=False,
            coalesce_streams=True,  # how often a cell's output is flushed is a matter of chance
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_executed=lambda **_: bar.update(),
        ).execute(env=os.environ | {"CNNCOURSE_PROGRESS": f"{scratch}/progress.jsonl"})  # not the maker's own record
    clean(notebook)
    write(notebook, path)


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
            cell.outputs = [output for output in map(_without_widget_view, cell.outputs) if output is not None]


def _without_widget_view(output: NotebookNode) -> NotebookNode | None:
    """Return an output without its widget, or ``None`` if nothing a reader could see is left.

    A saved widget says "model not found" when the notebook is opened again; its still picture takes its place.
    """
    if WIDGET_VIEW not in output.get("data", {}):
        return output
    del output.data[WIDGET_VIEW]
    return output if set(output.data) - {"text/plain"} else None


def release_exercises(project: Path) -> list[Path]:
    """Make the learners' version of every exercise with nbgrader, run it, and return the notebooks.

    Args:
        project: the folder that holds ``solutions`` and ``exercises``.

    """
    released = []
    for folder in sorted((project / "solutions").iterdir()):
        for notebook, path in generate(project, folder.name):
            path.parent.mkdir(parents=True, exist_ok=True)
            write(notebook, path)
            execute(path)
            released.append(path)
    return released


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
