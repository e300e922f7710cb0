"""An exercise as it was handed out: what its notebook asks for, gives and locks."""

import hashlib
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import cnncourse
from cnncourse.architectures import architecture
from cnncourse.checking import Exercise, Part
from cnncourse.classroom.notebook import Asked, is_definition

PACKAGE = Path(cnncourse.__file__).resolve().parent


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
        folders = (PACKAGE / "checking", PACKAGE / "classroom", PACKAGE / "architectures" / self.module)
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
    import nbformat  # takes long to load, and judging processes do without it

    record = architecture(name)
    if not record.has_chapter:
        raise LookupError(f"{record.title} has no exercise yet")
    exercise = record.exercise()
    paths = sorted((project / "exercises" / exercise.name).glob("*.ipynb"))
    if not paths:
        raise LookupError(f"no notebook in exercises/{exercise.name}; make the exercises first: make exercises")
    cells = [cell for path in paths for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    by_id = {cell.metadata.nbgrader.grade_id: cell for cell in cells if "nbgrader" in cell.metadata}
    given = [
        cell.source
        for cell in cells
        if not cell.metadata.get("nbgrader", {}).get("solution")
        and not cell.metadata.get("nbgrader", {}).get("grade")
        and is_definition(cell.source)
    ]
    asked = []
    for part in exercise.parts:
        answer = grade_id(part)
        if answer not in by_id or f"{answer}-check" not in by_id:
            raise LookupError(f"the notebook of {exercise.name} has no cells {answer!r} and '{answer}-check'")
        asked.append(Asked(part.name, answer, by_id[f"{answer}-check"].source))
    locked = {name: cell.source for name, cell in by_id.items() if cell.metadata.nbgrader.locked}
    names = tuple(path.name for path in paths)
    return Assignment(exercise, tuple(asked), tuple(given), locked, names, record.module)


def grade_id(part: Part) -> str:
    """Return the ``grade_id`` of the cell for a part's answer, for example "mended-subsampling"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", part.name).lower()
