"""What one submission earned: plain data, written to disk as soon as it is known and read by every table and page."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class CheckResult:
    """How one check ended for one learner.

    Attributes:
        part: the part it belongs to, for example "C3".
        check: its name.
        points: points earned.
        possible: points that could be earned.
        status: "passed", "failed", "not attempted yet", or "by hand" for points that belong to no check.
        public: whether learners see this check in the notebook; the others run at grading only.
        message: what is wrong, "" if nothing is.
        expected: what the judge expected, "" if the message says it all.
        got: what came back instead.
        misconception: name of the likely misconception, "" if none is known.
        line: the line of the learner's code that raised an error, "" if none did.
        hints: ways forward, each plainer than the one before.
        picture: what was expected beside what came back, as SVG, "" where words say it all.
        by_hand: what the teacher says who changed it, "" if nobody has.
        graded: the points before that.

    """

    part: str
    check: str
    points: float
    possible: int
    status: str
    public: bool = True
    message: str = ""
    expected: str = ""
    got: str = ""
    misconception: str = ""
    line: str = ""
    hints: tuple[str, ...] = ()
    picture: str = ""
    by_hand: str = ""
    graded: float | None = None


@dataclass(frozen=True)
class Result:
    """What one submission earned.

    Attributes:
        student: the learner, as ``Submission.student`` has it.
        exercise: for example "01-lenet-5".
        checks: how each check ended, in the exercise's order.
        remarks: what the learner should know about the notebook, for example that a cell raised an error.
        attention: what needs the instructor's eye.
        isolation: how the learner's code was kept apart, in words.
        fingerprint: digest of all that the result depends on: notebook, exercise, secret and isolation.
        attempt: how often the learner had handed in.
        notebook: digest of the file alone.
        answers: what the learner wrote, by part, and "" for what belongs to none; the stub alone is not there.

    """

    student: str
    exercise: str
    checks: tuple[CheckResult, ...]
    remarks: tuple[str, ...] = ()
    attention: tuple[str, ...] = ()
    isolation: str = ""
    fingerprint: str = ""
    attempt: int = 1
    notebook: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """Points earned in all parts."""
        return whole(sum(check.points for check in self.checks))

    @property
    def possible(self) -> int:
        """Points that could be earned in all parts."""
        return sum(check.possible for check in self.checks)

    @property
    def parts(self) -> dict[str, tuple[float, int]]:
        """Points earned and points possible of each part, in the exercise's order."""
        parts: dict[str, tuple[float, int]] = {}
        for check in self.checks:
            earned, possible = parts.get(check.part, (0, 0))
            parts[check.part] = (whole(earned + check.points), possible + check.possible)
        return parts

    def to_json(self) -> str:
        """Return the result as text; ``from_json`` reads it back."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Result":
        """Read a result that ``to_json`` wrote.

        Raises:
            ValueError: if the text is no result.

        """
        try:
            fields = json.loads(text)
            checks = tuple(
                CheckResult(**{**check, "hints": tuple(check.get("hints", ()))}) for check in fields.pop("checks")
            )
            for name in ("remarks", "attention"):
                fields[name] = tuple(fields.get(name, ()))
            return cls(checks=checks, **fields)
        except (TypeError, KeyError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"this is no result of grading: {error}") from error


def whole(points: float) -> float:
    """Return points as they are written: without a decimal point if there is nothing behind it."""
    return int(points) if float(points).is_integer() else points
