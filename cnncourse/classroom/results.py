"""What one submission earned: plain data, written to disk as soon as it is known and read by every table and page."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class CheckResult:
    """How one check ended for one learner.

    Attributes:
        part: the part it belongs to, for example "C3".
        check: its name.
        points: points earned.
        possible: points that could be earned.
        status: "passed", "failed" or "not attempted yet".
        public: whether learners see this check in the notebook; the others run at grading only.
        message: what is wrong, "" if nothing is.
        expected: what the judge expected, "" if the message says it all.
        got: what came back instead.
        misconception: name of the likely misconception, "" if none is known.
        line: the line of the learner's code that raised an error, "" if none did.
        hints: ways forward, each plainer than the one before.
        picture: what was expected beside what came back, as SVG, "" where words say it all.

    """

    part: str
    check: str
    points: int
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

    """

    student: str
    exercise: str
    checks: tuple[CheckResult, ...]
    remarks: tuple[str, ...] = ()
    attention: tuple[str, ...] = ()
    isolation: str = ""
    fingerprint: str = ""

    @property
    def points(self) -> int:
        """Points earned in all parts."""
        return sum(check.points for check in self.checks)

    @property
    def possible(self) -> int:
        """Points that could be earned in all parts."""
        return sum(check.possible for check in self.checks)

    @property
    def parts(self) -> dict[str, tuple[int, int]]:
        """Points earned and points possible of each part, in the exercise's order."""
        parts: dict[str, tuple[int, int]] = {}
        for check in self.checks:
            earned, possible = parts.get(check.part, (0, 0))
            parts[check.part] = (earned + check.points, possible + check.possible)
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
