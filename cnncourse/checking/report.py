"""What the learner is told: every check, what is wrong with it, and a hint that can be unfolded."""

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnncourse.checking.exercise import Part

if TYPE_CHECKING:
    from cnncourse.checking.judging import Outcome

# Colours of the Okabe–Ito set that show on light and dark backgrounds; the sign says the same without colour.
SIGNS = {"passed": ("✓", "#009e73"), "failed": ("✗", "#d55e00"), "not attempted yet": ("○", "#888888")}


@dataclass(frozen=True)
class Report:
    """The outcome of every check of one part; shows itself in a notebook.

    Attributes:
        part: what was asked for.
        outcomes: one a check, in order.

    """

    part: Part
    outcomes: tuple["Outcome", ...]

    @property
    def points(self) -> float:
        """Points earned, a finite number between 0 and the part's points."""
        return float(sum(outcome.points for outcome in self.outcomes))

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(outcome.points == outcome.check.points for outcome in self.outcomes)

    @property
    def _summary(self) -> str:
        counts = [outcome.status.value for outcome in self.outcomes]
        if set(counts) == {"not attempted yet"}:
            return f"{self.part.name}: not attempted yet (0 of {self.part.points} points)"
        return f"{self.part.name}: {self.points:g} of {self.part.points} points"

    def __repr__(self) -> str:
        lines = [self._summary]
        for outcome in self.outcomes:
            sign, _ = SIGNS[outcome.status.value]
            lines.append(f"{sign} {outcome.check.name}: {outcome.status.value}")
            if outcome.fault is not None:
                fault = outcome.fault
                lines.append(f"    {fault.message}")
                if fault.expected or fault.got:
                    lines.append(f"    expected {fault.expected}, got {fault.got}")
                if fault.line:
                    lines.append(f"    at: {fault.line}")
                if fault.misconception:
                    lines.append(f"    likely misconception: {fault.misconception}")
                if outcome.hints:
                    lines.append(f"    hint: {outcome.hints}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(self._row(outcome) for outcome in self.outcomes)
        return f'<div class="cnncourse-report"><b>{html.escape(self._summary)}</b>{rows}</div>'

    @staticmethod
    def _row(outcome: "Outcome") -> str:
        sign, colour = SIGNS[outcome.status.value]
        head = (
            f'<span style="color:{colour};font-weight:bold">{sign}</span> '
            f"<b>{html.escape(outcome.check.name)}</b>: {outcome.status.value}"
        )
        detail = ""
        if outcome.fault is not None:
            fault = outcome.fault
            detail = f"<div>{html.escape(fault.message)}</div>"
            if fault.expected or fault.got:
                detail += (
                    f"<div>expected <code>{html.escape(fault.expected)}</code>, "
                    f"got <code>{html.escape(fault.got)}</code></div>"
                )
            if fault.line:
                detail += f"<div>at <code>{html.escape(fault.line)}</code></div>"
            if fault.misconception:
                detail += f"<div>Likely misconception: <i>{html.escape(fault.misconception)}</i></div>"
            if outcome.hints:
                detail += f"<details><summary>Hint</summary>{html.escape(outcome.hints)}</details>"
        return f'<div style="border-left:3px solid {colour};margin:6px 0;padding:2px 10px">{head}{detail}</div>'
