"""A learner's own folder: copies of the course's notebooks to work in, so that a newer course leaves answers alone.

The folder remembers what was handed out. What differs from that is the learner's, and is never overwritten: it stays,
or is kept under another name.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path

MARK = ".cnncourse.json"  # in a learner's folder: what was handed out
PARTS = ("chapters", "exercises")
OWN_NAME = "my-work"  # of the learner's folder beside the course, in a clone


def handed_out() -> Path:
    """Return the folder that holds the course's chapters and exercises: the clone's, or what was installed.

    Raises:
        LookupError: if they are neither beside the package nor installed with it.

    """
    beside = Path(__file__).resolve().parent.parent.parent
    if all((beside / part).is_dir() for part in PARTS):
        return beside
    for file in metadata.files("cnncourse") or ():
        notebook = Path(file.locate())
        if file.match("share/cnncourse/chapters/*.ipynb") and notebook.exists():
            return notebook.resolve().parent.parent
    raise LookupError("the chapters are neither beside this package nor installed with it: install the course again")


@dataclass(frozen=True)
class Step:
    """What an update does with a notebook.

    Attributes:
        place: of the notebook in both folders, such as "chapters/01-lenet-5.ipynb".
        what: "add", "replace" (it is as it was handed out), "keep and replace" (it was run, and nothing was written in
            it) or "put beside" (the learner wrote in it).

    """

    place: str
    what: str


class WorkFolder:
    """A learner's own folder.

    Args:
        path: the folder, which holds a mark.
        course: the folder with the course's chapters and exercises.

    """

    def __init__(self, path: Path, course: Path) -> None:
        self.path, self.course = path, course

    @classmethod
    def around(cls, place: Path, course: Path) -> "WorkFolder | None":
        """Return the learner's folder that a place is in, ``None`` if it is in none."""
        for folder in (place, *place.parents):
            if (folder / MARK).is_file():
                return cls(folder, course)
        return None

    @classmethod
    def start(cls, path: Path, course: Path) -> "WorkFolder":
        """Make a learner's folder, with a copy of all notebooks; one that is there already stays as it is.

        Raises:
            ValueError: if there is something else in the folder.

        """
        found = cls(path, course)
        if (path / MARK).is_file():
            return found
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ValueError(f"{path} is not empty, and nothing is overwritten: give a folder that is not there yet")
        path.mkdir(parents=True, exist_ok=True)
        found._remember({})
        found.update()
        return found

    def pending(self) -> list[Step]:
        """Return what an update would do, in order."""
        remembered = self._remembered()
        steps = []
        for place in self._places():
            own, new = self.path / place, self.course / place
            known = remembered.get(place, {})
            if not own.exists():
                steps.append(Step(place, "add"))
            elif _written(own) != _written(new) and known.get("written") != _written(new):
                if _bytes(own) == known.get("bytes"):
                    steps.append(Step(place, "replace"))
                else:
                    is_run = _written(own) == known.get("written")
                    steps.append(Step(place, "keep and replace" if is_run else "put beside"))
        return steps

    def update(self) -> list[tuple[Step, Path | None]]:
        """Bring what the course has and this folder has not; return each step, and what was put beside or kept."""
        remembered, done = self._remembered(), []
        for step in self.pending():
            own, new = self.path / step.place, self.course / step.place
            own.parent.mkdir(parents=True, exist_ok=True)
            if step.what == "put beside":
                other = Path(shutil.copyfile(new, _free(own, "new")))
            else:
                other = keep(own) if step.what == "keep and replace" else None
                shutil.copyfile(new, own)
            remembered[step.place] = {"written": _written(new), "bytes": _bytes(new)}
            done.append((step, other))
            self._remember(remembered)  # after each, so that an interruption forgets none
        return done

    def changed(self, chapter: str) -> list[Path]:
        """Return the notebooks of an exercise that are not as the course hands them out.

        Args:
            chapter: the exercise's folder, for example "03-vgg-16".

        """
        own = {place: self.path / place for place in self._of_exercise(chapter)}
        return [path for place, path in own.items() if path.exists() and _bytes(path) != _bytes(self.course / place)]

    def reset(self, chapter: str) -> list[tuple[Path, Path | None]]:
        """Start an exercise over; return its notebooks, each with what was kept, ``None`` if it was as handed out.

        Args:
            chapter: the exercise's folder, for example "03-vgg-16".

        """
        changed, remembered, fresh = self.changed(chapter), self._remembered(), []
        for place in self._of_exercise(chapter):
            own, new = self.path / place, self.course / place
            own.parent.mkdir(parents=True, exist_ok=True)
            fresh.append((own, keep(own) if own in changed else None))
            shutil.copyfile(new, own)
            remembered[place] = {"written": _written(new), "bytes": _bytes(new)}
        self._remember(remembered)
        return fresh

    def latest(self) -> Path | None:
        """Return the notebook that was saved last, ``None`` if none was."""
        remembered = self._remembered()
        notebooks = [path for part in PARTS for path in (self.path / part).rglob("*.ipynb")]
        own = [
            path
            for path in notebooks
            if not any(name.startswith(".") for name in path.relative_to(self.path).parts)
            and _bytes(path) != remembered.get(path.relative_to(self.path).as_posix(), {}).get("bytes")
        ]
        return max(own, key=lambda path: path.stat().st_mtime, default=None)

    def _places(self) -> Iterator[str]:
        for part in PARTS:
            for path in sorted((self.course / part).rglob("*.ipynb")):
                place = path.relative_to(self.course)
                if not any(name.startswith(".") for name in place.parts):
                    yield place.as_posix()

    def _of_exercise(self, chapter: str) -> list[str]:
        return [place for place in self._places() if Path(place).parent == Path("exercises") / chapter]

    def _remembered(self) -> dict[str, dict[str, str]]:
        return json.loads((self.path / MARK).read_text(encoding="utf-8"))["handed out"]

    def _remember(self, notebooks: dict[str, dict[str, str]]) -> None:
        unfinished = self.path / f"{MARK}.tmp"
        unfinished.write_text(json.dumps({"handed out": notebooks}, indent=1) + "\n", encoding="utf-8")
        unfinished.replace(self.path / MARK)


def keep(path: Path) -> Path:
    """Give a file another name, beside where it was, and return the new name."""
    return path.rename(_free(path, f"kept-{date.today().isoformat()}"))


def keep_copy(path: Path) -> Path:
    """Keep a copy of a file under another name, beside it, and return the copy."""
    return Path(shutil.copyfile(path, _free(path, f"kept-{date.today().isoformat()}")))


def _free(path: Path, word: str) -> Path:
    """Return a name like a file's that is not taken."""
    number = 1
    while True:
        again = f"-{number}" if number > 1 else ""
        other = path.with_name(f"{path.stem}-{word}{again}{path.suffix}")
        if not other.exists():
            return other
        number += 1


def _bytes(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _written(path: Path) -> str:
    """Return a digest of what is written in a notebook, whatever came out of its cells."""
    content = path.read_bytes()
    try:
        cells = json.loads(content)["cells"]
        content = json.dumps([(cell["cell_type"], "".join(cell["source"])) for cell in cells]).encode()
    except (ValueError, TypeError, KeyError):
        pass  # no notebook, or one cut short: then every byte counts
    return hashlib.sha256(content).hexdigest()
