"""What a class's results say about the exercise: how hard each check was, and how well it tells answers apart."""

from array import array
from collections import Counter
from dataclasses import dataclass

import numpy as np

from cnncourse.checking.judging import SAME_AS
from cnncourse.classroom.collecting.names import plain_text
from cnncourse.classroom.grading.results import Result

FEWEST_LEARNERS = 10  # below, a correlation is mostly chance
NOT_ATTEMPTED = "not attempted yet"
LONGEST_MESSAGE = 200  # characters that are kept of each different message


@dataclass(frozen=True)
class Item:
    """What a class made of one check.

    Attributes:
        part: the part it belongs to.
        check: its name.
        possible: points that it is worth.
        public: whether learners see it in the notebook.
        passed: share of learners who passed, from 0 to 1.
        not_attempted: share of learners who left it.
        discrimination: correlation between passing and the points earned in all other checks; ``None`` where there are
            fewer than ten learners, where all or none passed, and where the others' points are all the same.

    """

    part: str
    check: str
    possible: int
    public: bool
    passed: float
    not_attempted: float
    discrimination: float | None


class Statistics:
    """Gathered one result after the other; keeps a few bytes a check and learner."""

    def __init__(self) -> None:
        self.misconceptions: Counter[str] = Counter()  # by name: learners who seem to have it
        self.messages: Counter[tuple[str, str]] = Counter()  # by check and message: learners who were told
        self.isolation: Counter[str] = Counter()  # by the result's words: learners
        self._columns: dict[tuple[str, str], int] = {}
        self._descriptions: list[tuple[str, str, int, bool]] = []
        self._points: list[array] = []
        self._left: list[array] = []

    def add(self, result: Result) -> None:
        """Take in a learner's result."""
        points, left = array("d"), array("b")
        for check in result.checks:
            column = self._columns.setdefault((check.part, check.check), len(self._columns))
            if column == len(self._descriptions):
                self._descriptions.append((check.part, check.check, check.possible, check.public))
            missing = column + 1 - len(points)
            points.extend([0] * missing)
            left.extend([1] * missing)  # a check without a result was not attempted
            points[column] = check.points
            left[column] = check.status == NOT_ATTEMPTED
        self._points.append(points)
        self._left.append(left)
        self.misconceptions.update({plain_text(c.misconception, 200) for c in result.checks if c.misconception})
        # Why a file could not be judged stands at each of its checks, and is wrong with none of them.
        unjudged = set(result.attention) if len({c.message for c in result.checks}) == 1 else set()
        self.messages.update(
            {
                (f"{c.part}: {c.check}", plain_text(c.message, LONGEST_MESSAGE))
                for c in result.checks
                if c.message not in {"", *unjudged} and c.status != NOT_ATTEMPTED and not c.message.startswith(SAME_AS)
            }
        )
        self.isolation[plain_text(result.isolation, 300)] += 1

    @property
    def totals(self) -> np.ndarray:
        """Every learner's points."""
        return np.array([sum(points) for points in self._points], dtype=float)

    @property
    def possible(self) -> int:
        """Points that could be earned."""
        return sum(possible for _, _, possible, _ in self._descriptions)

    def items(self) -> list[Item]:
        """Return what the class made of each check, in the exercise's order."""
        if not self._points:
            return []
        points = self._matrix(self._points, filled_with=0)
        left = self._matrix(self._left, filled_with=1)
        totals = points.sum(axis=1)
        items = []
        for column, (part, check, possible, public) in enumerate(self._descriptions):
            passed = (points[:, column] >= possible) & (left[:, column] == 0)
            discrimination = correlation(passed.astype(float), totals - points[:, column])
            items.append(
                Item(part, check, possible, public, passed.mean(), left[:, column].mean(), discrimination),
            )
        return [item for item in items if item.possible]  # what is given by hand beside all checks is none

    def _matrix(self, rows: list[array], filled_with: int) -> np.ndarray:
        matrix = np.full((len(rows), len(self._columns)), filled_with, dtype=float)
        for number, row in enumerate(rows):
            matrix[number, : len(row)] = row
        return matrix


def correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    """Return the correlation of two rows of numbers; ``None`` where it means nothing."""
    if len(a) < FEWEST_LEARNERS or a.std() == 0 or b.std() == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])
