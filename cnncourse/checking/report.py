"""What the learner is told: every check, what is wrong with it, and hints that can be unfolded."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from cnncourse.checking.exercise import Fault, Part
from cnncourse.checking.outcome import Outcome
from cnncourse.display import still

# Dark enough for a white sign on them, and seen on a dark page; the sign says the same without colour.
SIGNS = {"passed": ("✓", "#00734f"), "failed": ("✗", "#b34a00"), "not attempted yet": ("○", "#666666")}


class Points(float):
    """A number that nbgrader finds as the result of a notebook's cell, and that a reader does not see there."""

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": repr(float(self)), "text/html": ""}


@dataclass(frozen=True)
class Report:
    """The outcome of every check of one part that was run; shows itself in a notebook.

    Attributes:
        part: what was asked for.
        outcomes: one a check, in order.
        remark: what else the learner should know, "" if nothing.
        unjudged: why nothing was judged, "" if it was; then there are no outcomes.

    """

    part: Part
    outcomes: tuple[Outcome, ...]
    remark: str = ""
    unjudged: str = ""

    @property
    def points(self) -> Points:
        """Points earned, a finite number between 0 and ``possible``."""
        return Points(sum(outcome.points for outcome in self.outcomes))

    @property
    def possible(self) -> int:
        """Points that the checks of this report are worth."""
        return sum(outcome.check.points for outcome in self.outcomes)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return not self.unjudged and all(outcome.points == outcome.check.points for outcome in self.outcomes)

    @property
    def attempted(self) -> bool:
        """Whether there is anything to judge yet."""
        return any(outcome.status.value != "not attempted yet" for outcome in self.outcomes)

    @property
    def _summary(self) -> str:
        if self.unjudged:
            return f"{self.part.name}: not judged"
        if not self.attempted:
            return f"{self.part.name}: not attempted yet (0 of {self.possible} points)"
        return f"{self.part.name}: {self.points:g} of {self.possible} points"

    @property
    def _more_at_grading(self) -> str:
        """How the public checks ended and what grading adds; "" if it adds nothing to this report."""
        more = len(self.part.checks) - len(self.outcomes)
        if not more or self.unjudged:
            return ""
        points = self.part.points - self.possible
        worth = f"{more} more at grading, worth {points} point{'s' if points != 1 else ''}"
        passed = sum(outcome.status.value == "passed" for outcome in self.outcomes)
        if self.passed:
            return f"Public checks passed ({passed} of {passed}; {worth})"
        return f"Public checks: {passed} of {len(self.outcomes)} passed; {worth}"

    def __repr__(self) -> str:
        lines = [self._summary, *filter(None, [self.unjudged, self._more_at_grading])]
        for outcome in self.outcomes:
            sign, _ = SIGNS[outcome.status.value]
            lines.append(f"{sign} {outcome.check.name}: {outcome.status.value}")
            if outcome.fault is not None:
                fault = outcome.fault
                lines.append(f"    {fault.message}")
                if _compared(fault):
                    told = ", ".join(f"{name} {value}" for name, value in _compared(fault))
                    lines.append(f"    {told}")
                if fault.line:
                    lines.append(f"    at: {fault.line}")
                if fault.misconception:
                    lines.append(f"    likely misconception: {fault.misconception}")
                hints = outcome.hints
                lines += [f"    hint {number} of {len(hints)}: {hint}" for number, hint in enumerate(hints, start=1)]
        return "\n".join([*lines, *filter(None, [self.remark])])

    def _repr_html_(self) -> str:
        rows = "".join(self._row(outcome) for outcome in self.outcomes)
        lines = "".join(f"<div>{html.escape(line)}</div>" for line in [self.unjudged, self._more_at_grading] if line)
        remark = f"<div><i>{html.escape(self.remark)}</i></div>" if self.remark else ""
        return f'<div class="cnncourse-report"><b>{html.escape(self._summary)}</b>{lines}{rows}{remark}</div>'

    @staticmethod
    def _row(outcome: Outcome) -> str:
        sign, colour = SIGNS[outcome.status.value]
        head = (
            f'<span style="color:#ffffff;background:{colour};border-radius:3px;padding:0 4px">{sign}</span> '
            f"<b>{html.escape(outcome.check.name)}</b>: {outcome.status.value}"
        )
        detail = ""
        if outcome.fault is not None:
            fault = outcome.fault
            detail = f"<div>{html.escape(fault.message)}</div>"
            if _compared(fault):
                told = ", ".join(f"{name} <code>{html.escape(value)}</code>" for name, value in _compared(fault))
                detail += f"<div>{told}</div>"
            detail += f"<div>{still(fault.picture)}</div>" if fault.picture else ""
            if fault.line:
                detail += f"<div>at <code>{html.escape(fault.line)}</code></div>"
            if fault.misconception:
                detail += f"<div>Likely misconception: <i>{html.escape(fault.misconception)}</i></div>"
            detail += _unfolding(outcome.hints)
        return f'<div style="border-left:3px solid {colour};margin:6px 0;padding:2px 10px">{head}{detail}</div>'


def _compared(fault: Fault) -> list[tuple[str, str]]:
    return [(name, value) for name, value in (("expected", fault.expected), ("got", fault.got)) if value]


def _unfolding(hints: Sequence[str], number: int = 1) -> str:
    """Return hints of which each can be unfolded only within the one before."""
    if not hints:
        return ""
    return (
        f'<details style="margin-left:{14 * (number > 1)}px"><summary>Hint {number}</summary>{html.escape(hints[0])}'
        f"{_unfolding(hints[1:], number + 1)}</details>"
    )
