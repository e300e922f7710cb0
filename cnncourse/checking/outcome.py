"""How a check ended."""

from dataclasses import dataclass
from enum import Enum

from cnncourse.checking.exercise import Check, Fault


class Status(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not attempted yet"


@dataclass(frozen=True)
class Outcome:
    """How one check ended.

    Attributes:
        check: the check.
        status: passed, failed or not attempted yet.
        fault: what is wrong, if it failed.

    """

    check: Check
    status: Status
    fault: Fault | None = None

    @property
    def hints(self) -> tuple[str, ...]:
        """Ways forward, each plainer than the one before: the fault's own, or else the check's."""
        if self.fault is None:
            return ()
        return self.check.hints if self.fault.hints is None else self.fault.hints

    @property
    def points(self) -> int:
        """Points earned: all of the check's or none."""
        return self.check.points if self.status is Status.PASSED else 0
