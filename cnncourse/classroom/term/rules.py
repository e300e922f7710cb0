"""The teacher's rules for a term, in one file, ``term.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from pathlib import Path

from cnncourse.architectures import architecture
from cnncourse.classroom.collecting.deadline import deadline

FILE = "term.toml"
LARGEST = 1_000_000  # of all numbers in the file
KINDS = {
    **{str: "a text in quotation marks", int: "a whole number", (int, float): "a number", bool: "true or false"},
    **{list: "a list in brackets", dict: "a table", (str, date): "a date", (str, int): "a text in quotation marks"},
}
MISSING = ("0", "blank", "excused")
ATTEMPTS = ("last", "best")


@dataclass(frozen=True)
class Late:
    """What handing in late costs.

    Attributes:
        grace: how long after the deadline nothing is late.
        percent_a_day: of the points possible, for each day that has begun.
        at_most: percent of the points possible that it may cost.

    """

    grace: timedelta = timedelta()
    percent_a_day: float = 0
    at_most: float = 100

    def percent(self, by: timedelta) -> float:
        """Return what it costs, in percent of the points possible, to hand in so long after the deadline."""
        return self.of_days(ceil(by / timedelta(days=1)) if by > self.grace else 0)

    def of_days(self, days: int) -> float:
        """Return what so many days that have begun cost."""
        return min(self.at_most, days * self.percent_a_day)


@dataclass(frozen=True)
class ExerciseRule:
    """What a term says of an exercise: its weight, its deadline, and the points that a platform gives for it."""

    weight: float = 1
    due: datetime | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class LearnerRule:
    """What a term says of a learner: exercises that do not count, and later deadlines by exercise."""

    excused: frozenset[str] = frozenset()
    extensions: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Term:
    """The rules of a term.

    Attributes:
        title: what the course is called.
        roster: the class list, for names and for the platforms' tables; ``None`` if there is none.
        changes: the table of points and comments by hand; ``None`` if there is none.
        missing: what work that was not handed in counts: "0", "blank" (not yet) or "excused".
        attempts: which of several hand-ins counts, "last" or "best".
        drop: how many of a learner's weakest exercises do not count.
        at_risk: percent of all points below which a learner is listed as at risk.
        anonymous: whether pages for marking show no names.
        late: what handing in late costs.
        exercises: by name, such as "01-lenet-5".
        learners: by what identifies them.

    """

    title: str = "The term"
    roster: Path | None = None
    changes: Path | None = None
    missing: str = "0"
    attempts: str = "last"
    drop: int = 0
    at_risk: float = 50
    anonymous: bool = False
    late: Late = Late()
    exercises: Mapping[str, ExerciseRule] = field(default_factory=dict)
    learners: Mapping[str, LearnerRule] = field(default_factory=dict)

    def exercise(self, name: str) -> ExerciseRule:
        """Return the rules of an exercise."""
        return self.exercises.get(name, ExerciseRule())

    def learner(self, student: str) -> LearnerRule:
        """Return the rules of a learner."""
        return self.learners.get(student, LearnerRule())

    def due(self, exercise: str, student: str, otherwise: datetime | None = None) -> datetime | None:
        """Return when an exercise was due for a learner, ``None`` if nobody says."""
        return self.learner(student).extensions.get(exercise) or self.exercise(exercise).due or otherwise

    @classmethod
    def read(cls, path: Path) -> "Term":
        """Read the rules of a term.

        Args:
            path: a TOML file; paths in it are taken from its folder.

        Raises:
            LookupError: if there is no such file, or it names an exercise that does not exist.
            ValueError: if it is no TOML, or says something that no rule is; the message says where.

        """
        if not path.is_file():
            raise LookupError(f"there is no {path}")
        try:
            written = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ValueError(f"{path.name} cannot be read: it is not in UTF-8; save it so") from error
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path.name} cannot be read: {error}") from error
        try:
            return _term(written, path.parent)
        except (ValueError, LookupError) as error:
            raise type(error)(f"{path.name}: {error.args[0]}") from error


def _term(written: dict, folder: Path) -> Term:
    table = _Table("", written)
    late = _Table("late", table.take("late", dict, {}))
    rules = Term(
        title=table.take("title", str, Term.title),
        roster=_path(folder, table.take("roster", str, "")),
        changes=_path(folder, table.take("changes", str, "")),
        missing=_one_of("missing", str(table.take("missing", (str, int), "0")), MISSING),
        attempts=_one_of("attempts", table.take("attempts", str, "last"), ATTEMPTS),
        drop=table.number("drop", 0, int),
        at_risk=table.number("at_risk", Term.at_risk),
        anonymous=table.take("anonymous", bool, False),
        late=Late(
            timedelta(minutes=late.number("grace_minutes", 0)),
            late.number("percent_a_day", 0),
            late.number("at_most", 100),
        ),
        exercises=_exercises(table.take("exercises", dict, {})),
        learners={name: _learner(name, each) for name, each in table.take("learners", dict, {}).items()},
    )
    late.finish()
    table.finish()
    return rules


def _exercises(written: dict) -> dict[str, ExerciseRule]:
    names: dict[str, str] = {}
    for name in written:
        if (other := names.setdefault(architecture(name).chapter, name)) != name:
            raise ValueError(f"[exercises.{other}] and [exercises.{name}] are the same exercise; write one of them")
    return {chapter: _exercise(name, written[name]) for chapter, name in names.items()}


def _exercise(name: str, written: object) -> ExerciseRule:
    table = _Table(f"exercises.{name}", written)
    due = table.take("due", (str, date), None)
    rule = ExerciseRule(table.number("weight", 1), _time(due, f"{table.name}.due"), table.number("maximum", None))
    table.finish()
    return rule


def _learner(name: str, written: object) -> LearnerRule:
    table = _Table(f"learners.{name}", written)
    excused = frozenset(architecture(str(each)).chapter for each in table.take("excused", list, []))
    extensions = table.take("extensions", dict, {})
    table.finish()
    where = f"{table.name}.extensions"
    return LearnerRule(
        excused, {architecture(each).chapter: _time(due, f"{where}.{each}") for each, due in extensions.items()}
    )


def _time(written: object, where: str) -> datetime | None:
    # TOML has dates of its own, which know no zone as people write it.
    try:
        return None if written is None else deadline(str(written))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _path(folder: Path, written: str) -> Path | None:
    return folder / written if written else None


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it can be {', '.join(map(repr, allowed))}")
    return value


class _Table:
    """A table of the file, of which every entry must be known.

    Args:
        name: where it stands, "" for the file itself.
        written: what stands there.

    """

    def __init__(self, name: str, written: object) -> None:
        if not isinstance(written, dict):
            raise ValueError(f"[{name}] must be a table")
        self.name, self.left, self.known = name, dict(written), []

    def take(self, name: str, kinds: type | tuple[type, ...], default: object) -> object:
        """Take an entry out."""
        self.known.append(name)
        value = self.left.pop(name, default)
        if value is not default and (not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool)):
            raise ValueError(f"{self._where(name)} is {value!r}; it should be {KINDS[kinds]}")
        return value

    def number(self, name: str, default: float | None, kinds: type | tuple[type, ...] = (int, float)) -> float:
        """Take a number of 0 or more out."""
        value = self.take(name, kinds, default)
        if value is not None and not 0 <= value <= LARGEST:
            raise ValueError(f"{self._where(name)} is {value}; it should be a number from 0 to {LARGEST:,}")
        return value

    def finish(self) -> None:
        """Refuse what is left."""
        for name in self.left:
            raise ValueError(f"nothing is called {self._where(name)}; there are {', '.join(self.known)}")

    def _where(self, name: str) -> str:
        return f"{self.name}.{name}" if self.name else name
