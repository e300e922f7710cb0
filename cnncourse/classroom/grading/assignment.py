"""An exercise as it was handed out: what its notebook asks for, gives and locks."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cnncourse
from cnncourse.architectures import architecture
from cnncourse.checking import Exercise, Part
from cnncourse.classroom.isolation.notebook import Asked, is_definition

if TYPE_CHECKING:
    from nbformat import NotebookNode

PACKAGE = Path(cnncourse.__file__).resolve().parent
CAPSTONE = Path("exercises/10-resnext-50/capstone.ipynb")


@dataclass(frozen=True)
class Assignment:
    """An exercise as it was handed out.

    Attributes:
        name: the exercise's folder, for example "01-lenet-5".
        asked: its parts, as the notebook asks for them.
        given: the notebook's cells that import and define what answers need.
        locked: sources of the cells that learners should leave as they are, by ``grade_id``.
        handed_out: sources of all code cells, by ``grade_id``, or by their number where they have none.
        notebooks: names of the notebooks.
        module: the package of its architecture.
        is_capstone: whether a design is asked for, in place of the exercise's parts.

    """

    name: str
    asked: tuple[Asked, ...]
    given: tuple[str, ...]
    locked: dict[str, str]
    handed_out: dict[str, str]
    notebooks: tuple[str, ...]
    module: str
    is_capstone: bool = False

    @property
    def exercise(self) -> Exercise:
        """What is asked for, and how it is judged: by name, because its code cannot be sent to other processes."""
        return Exercise(self.name, "Capstone", ()) if self.is_capstone else architecture(self.name).exercise()

    @property
    def modules(self) -> list[str]:
        """What learners' notebooks import, worth loading once for all."""
        return ["torch", f"cnncourse.architectures.{self.module}.model"]

    @property
    def stubs(self) -> dict[str, str]:
        """What stood in each part's cell, by the part's name."""
        return {part.name: self.handed_out[part.grade_id] for part in self.asked}

    def question(self, *, only_definitions: bool) -> dict:
        """Return what a worker must know to read a notebook."""
        return {
            "asked": [asdict(part) for part in self.asked],
            "locked": self.locked,
            "only_definitions": only_definitions,
        }

    def digest(self) -> str:
        """Return a digest of all code and text that decides on points; a change of it is a reason to grade again."""
        told = repr((self.asked, self.given, sorted(self.locked.items()), code_digest(self.module)))
        return hashlib.sha256(told.encode()).hexdigest()


def code_digest(module: str) -> str:
    """Return a digest of all of this machine's code that decides on points.

    Args:
        module: the package of the exercise's architecture.

    """
    folders = [PACKAGE / name for name in ("capstone", "checking", "classroom", f"architectures/{module}")]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def assignment(name: str, project: Path) -> Assignment:
    """Return an exercise as it was handed out.

    Args:
        name: the exercise's folder, for example "01-lenet-5".
        project: the folder that holds ``exercises``.

    Raises:
        LookupError: if there is no such exercise, or its notebook is not there.

    """
    record = architecture(name)
    if not record.has_chapter:
        raise LookupError(f"{record.title} has no exercise yet")
    exercise = record.exercise()
    paths = sorted((project / "exercises" / exercise.name).glob("*.ipynb"))
    if not paths:
        raise LookupError(f"no notebook in exercises/{exercise.name}; make the exercises first: make exercises")
    handed_out = [_HandedOut.read(path) for path in paths]
    answers = {grade_id(part): part.name for part in exercise.parts}
    handed_out = [notebook for notebook in handed_out if answers.keys() & notebook.by_id.keys()]
    by_id = {name: cell for notebook in handed_out for name, cell in notebook.by_id.items()}
    missing = [answer for answer in answers if answer not in by_id or f"{answer}-check" not in by_id]
    if missing:
        raise LookupError(f"the notebook of {exercise.name} has no cells {missing[0]!r} and '{missing[0]}-check'")
    asked = tuple(Asked(name, answer, by_id[f"{answer}-check"].source) for answer, name in answers.items())
    return _assignment(exercise.name, asked, handed_out, record.module)


def capstone(project: Path) -> Assignment:
    """Return the capstone as it was handed out: what is asked for is the function that writes the design down.

    Args:
        project: the folder that holds ``exercises``.

    Raises:
        LookupError: if its notebook is not there.

    """
    path = project / CAPSTONE
    if not path.is_file():
        raise LookupError(f"no {CAPSTONE}; make the exercises first: make exercises")
    asked = (Asked("handed_in", "handed-in"),)
    return _assignment(CAPSTONE.parent.name, asked, [_HandedOut.read(path)], "resnext50", is_capstone=True)


@dataclass(frozen=True)
class _HandedOut:
    """A notebook that learners get."""

    name: str
    cells: tuple["NotebookNode", ...]

    @classmethod
    def read(cls, path: Path) -> "_HandedOut":
        import nbformat  # takes long to load, and judging processes do without it

        cells = nbformat.read(path, as_version=4).cells
        return cls(path.name, tuple(cell for cell in cells if cell.cell_type == "code"))

    @property
    def by_id(self) -> dict[str, "NotebookNode"]:
        """The cells that have a name, by it."""
        return {cell.metadata.nbgrader.grade_id: cell for cell in self.cells if "nbgrader" in cell.metadata}

    @property
    def given(self) -> list[str]:
        """The cells that import and define what answers need."""
        return [
            cell.source
            for cell in self.cells
            if not cell.metadata.get("nbgrader", {}).get("solution")
            and not cell.metadata.get("nbgrader", {}).get("grade")
            and is_definition(cell.source)
        ]


def _assignment(
    name: str, asked: tuple[Asked, ...], notebooks: Sequence[_HandedOut], module: str, *, is_capstone: bool = False
) -> Assignment:
    by_id = {each: cell for notebook in notebooks for each, cell in notebook.by_id.items()}
    return Assignment(
        name,
        asked,
        given=tuple(source for notebook in notebooks for source in notebook.given),
        locked={each: cell.source for each, cell in by_id.items() if cell.metadata.nbgrader.locked},
        handed_out={
            **{each: cell.source for each, cell in by_id.items()},
            **{f"{book.name} {n}": cell.source for book in notebooks for n, cell in enumerate(book.cells)},
        },
        notebooks=tuple(notebook.name for notebook in notebooks),
        module=module,
        is_capstone=is_capstone,
    )


def grade_id(part: Part) -> str:
    """Return the ``grade_id`` of the cell for a part's answer, for example "mended-subsampling"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", part.name).lower()
