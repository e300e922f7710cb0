"""Two arms seed by seed: the mean difference, its interval, and whether that lies within a criterion's bounds."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
YES, UNDECIDED, NO = "yes", "undecided", "no"


def paired_interval(differences: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % confidence interval (Student's t) of the mean of paired differences; nan if one is no number."""
    from scipy.stats import t

    if not all(map(math.isfinite, differences)):
        return math.nan, math.nan
    mean = statistics.mean(differences)
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    half_width = t.ppf((1 + CONFIDENCE) / 2, df=len(differences) - 1) * error
    return mean - half_width, mean + half_width


@dataclass(frozen=True)
class Criterion:
    """Between which bounds the mean difference, control minus treatment, must lie for the claim to hold.

    Attributes:
        measure: which of an arm's measurements is compared.
        statement: the rule in words.
        above: the lower bound.
        below: the upper bound.
        changed: what was changed in the rule after a run, if anything; told wherever the verdict is.

    """

    measure: str
    statement: str
    above: float = -math.inf
    below: float = math.inf
    changed: str = ""

    def judge(self, differences: Sequence[float]) -> str:
        """Say "yes" if the 95 % interval of the mean lies within the bounds, "no" if outside, else "undecided"."""
        low, high = paired_interval(differences)
        if self.above < low and high < self.below:
            return YES
        return NO if high <= self.above or low >= self.below else UNDECIDED

    def __str__(self) -> str:
        return f"{self.statement} (changed after a run: {self.changed})" if self.changed else self.statement


@dataclass(frozen=True)
class Comparison:
    """What two arms gave, and what some criteria make of it.

    Attributes:
        arms: names of the control and of the treatment.
        criteria: all must hold.
        seeds: in order.
        results: for each arm, its measurements by seed.

    """

    arms: tuple[str, str]
    criteria: tuple[Criterion, ...]
    seeds: tuple[int, ...]
    results: Mapping[str, Sequence[Mapping[str, float]]]

    def values(self, arm: str, measure: str) -> list[float]:
        """Return one arm's values of one measurement, one a seed."""
        return [measurements[measure] for measurements in self.results[arm]]

    def differences(self, measure: str) -> list[float]:
        """Return control minus treatment, seed by seed."""
        pairs = zip(*(self.values(arm, measure) for arm in self.arms), strict=True)
        return [control - treatment for control, treatment in pairs]

    def interval(self, measure: str) -> tuple[float, float]:
        """Return the 95 % confidence interval (Student's t) of the mean paired difference."""
        return paired_interval(self.differences(measure))

    def judge(self, criterion: Criterion) -> str:
        """Say whether one criterion holds of the measured differences: "yes", "undecided" or "no"."""
        return criterion.judge(self.differences(criterion.measure))

    @property
    def holds(self) -> str:
        """Whether all criteria hold: "yes"; "no" if one fails; else "undecided"."""
        judged = {self.judge(criterion) for criterion in self.criteria}
        return NO if NO in judged else UNDECIDED if UNDECIDED in judged else YES

    @property
    def reproduced(self) -> bool:
        """Whether every criterion holds in this run, whatever other settings give."""
        return self.holds == YES
