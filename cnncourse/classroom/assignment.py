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
from cnncourse.classroom.notebook import Asked, is_definition

if TYPE_CHECKING:
    from nbformat import NotebookNode

PACKAGE = Path(cnncourse.__file__).resolve().parent
CAPSTONE = Path("exercises/10-resnext-50/capstone.ipynb")


@dataclass(frozen=True)
class Assignment:
    """An exercise as it was handed out.

    Attributes:
        exercise: what is asked for, and how it is judged.
        asked: its parts, as the notebook asks for them.
        given: the notebook's cells that import and define what answers need.
        locked: sources of the cells that learners should leave as they are, by ``grade_id``.
        notebooks: names of the notebooks.
        module: the package of its architecture.

    """

    exercise: Exercise
    asked: tuple[Asked, ...]
    given: tuple[str, ...]
    locked: dict[str, str]
    notebooks: tuple[str, ...]
    module: str

    @property
    def modules(self) -> list[str]:
        """What learners' notebooks import, worth loading once for all."""
        return ["torch", "torch._dynamo", "matplotlib.pyplot", f"cnncourse.architectures.{self.module}.model"]

    def question(self, *, only_definitions: bool) -> dict:
        """Return what a worker must know to run a notebook."""
        return {
            "asked": [asdict(part) for part in self.asked],
            "prelude": list(self.given),
            "locked": self.locked,
            "only_definitions": only_definitions,
        }

    def digest(self) -> str:
        """Return a digest of all code and text that decides on points; a change of it is a reason to grade again."""
        folders = [PACKAGE / name for name in ("capstone", "checking", "classroom", f"architectures/{self.module}")]
        files = [path for folder in folders for path in folder.rglob("*.py")]
        digest = hashlib.sha256(repr((self.asked, self.given, sorted(self.locked.items()))).encode())
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
    return _assignment(exercise, asked, handed_out, record.module)


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
    exercise = Exercise(CAPSTONE.parent.name, "Capstone", ())
    return _assignment(exercise, (Asked("handed_in", "handed-in"),), [_HandedOut.read(path)], "resnext50")


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
    exercise: Exercise, asked: tuple[Asked, ...], notebooks: Sequence[_HandedOut], module: str
) -> Assignment:
    by_id = {name: cell for notebook in notebooks for name, cell in notebook.by_id.items()}
    return Assignment(
        exercise,
        asked,
        given=tuple(source for notebook in notebooks for source in notebook.given),
        locked={name: cell.source for name, cell in by_id.items() if cell.metadata.nbgrader.locked},
        notebooks=tuple(notebook.name for notebook in notebooks),
        module=module,
    )


def grade_id(part: Part) -> str:
    """Return the ``grade_id`` of the cell for a part's answer, for example "mended-subsampling"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", part.name).lower()
