"""Run a claim and its control over several seeds, and let a rule written beforehand decide.

An ``Experiment`` says what is claimed and what would count as failing before anything runs; its ``Finding`` compares
the arms seed by seed.
"""

import html
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95

Measurements = Mapping[str, float]


@dataclass(frozen=True)
class Criterion:
    """What must hold of the differences between claim and control for the claim to count as reproduced.

    Attributes:
        measure: which of an arm's measurements is compared.
        statement: the rule in words.
        holds: decides from the paired differences (control minus claim), one a seed.

    """

    measure: str
    statement: str
    holds: Callable[[Sequence[float]], bool]


@dataclass(frozen=True)
class Experiment:
    """A claim, its control, and the rule that decides.

    Attributes:
        claim: the paper's claim, in a sentence.
        source: paper and section.
        control: name and run of the arm without the idea; a run turns a seed into measurements by name.
        treatment: name and run of the arm with the idea.
        criteria: all must hold for the verdict "reproduced".

    """

    claim: str
    source: str
    control: tuple[str, Callable[[int], Measurements]]
    treatment: tuple[str, Callable[[int], Measurements]]
    criteria: tuple[Criterion, ...]

    def run(self, seeds: Sequence[int], *, progress: bool = True) -> "Finding":
        """Run both arms once a seed, the two arms of a seed one after the other.

        Args:
            seeds: two at least, so that there is a spread.
            progress: whether to show a progress bar.

        """
        from tqdm.auto import tqdm

        if len(seeds) < 2:
            raise ValueError(f"an experiment needs two seeds at least to show a spread, not {len(seeds)}")
        results: dict[str, list[Measurements]] = {self.control[0]: [], self.treatment[0]: []}
        with tqdm(total=2 * len(seeds), unit="run", leave=False, disable=not progress) as bar:
            for seed in seeds:
                for name, run in (self.control, self.treatment):
                    bar.set_postfix_str(f"seed {seed}, {name}")
                    results[name].append(run(seed))
                    bar.update()
        return Finding(self, tuple(seeds), results)


@dataclass(frozen=True)
class Finding:
    """What an experiment measured, and the verdict that follows.

    Attributes:
        experiment: what was run.
        seeds: the seeds, in order.
        results: for each arm, its measurements by seed.

    """

    experiment: Experiment
    seeds: tuple[int, ...]
    results: Mapping[str, Sequence[Measurements]]

    def values(self, arm: str, measure: str) -> list[float]:
        """Return one arm's values of one measurement, one a seed."""
        return [measurements[measure] for measurements in self.results[arm]]

    def differences(self, measure: str) -> list[float]:
        """Return control minus treatment, seed by seed."""
        pairs = zip(
            self.values(self.experiment.control[0], measure),
            self.values(self.experiment.treatment[0], measure),
            strict=True,
        )
        return [control - treatment for control, treatment in pairs]

    def interval(self, measure: str) -> tuple[float, float]:
        """Return the 95 % confidence interval (Student's t) of the mean paired difference."""
        from scipy.stats import t

        differences = self.differences(measure)
        mean = statistics.mean(differences)
        error = statistics.stdev(differences) / math.sqrt(len(differences))
        half_width = t.ppf((1 + CONFIDENCE) / 2, df=len(differences) - 1) * error
        return mean - half_width, mean + half_width

    @property
    def reproduced(self) -> bool:
        """Whether every criterion holds."""
        return all(self.holds(criterion) for criterion in self.experiment.criteria)

    @property
    def verdict(self) -> str:
        """The experiment's verdict, "reproduced" or "not reproduced"."""
        return "reproduced" if self.reproduced else "not reproduced"

    def holds(self, criterion: Criterion) -> bool:
        """Whether one criterion holds of the measured differences."""
        return criterion.holds(self.differences(criterion.measure))

    def _criterion_rows(self) -> list[tuple[str, str, str]]:
        rows = []
        for criterion in self.experiment.criteria:
            differences = self.differences(criterion.measure)
            mean, lowest, highest = statistics.mean(differences), min(differences), max(differences)
            low, high = self.interval(criterion.measure)
            effect = (
                f"{_signed(mean)} on average (95 % interval {_signed(low)} to {_signed(high)}), "
                f"{_signed(lowest)} to {_signed(highest)} over the seeds"
            )
            rows.append((criterion.statement, effect, "yes" if self.holds(criterion) else "no"))
        return rows

    def __repr__(self) -> str:
        lines = [f"claim: {self.experiment.claim} ({self.experiment.source})"]
        minus = f"{self.experiment.control[0]} minus {self.experiment.treatment[0]}"
        lines += [f"  {statement}: {held} ({minus}: {effect})" for statement, effect, held in self._criterion_rows()]
        return "\n".join([*lines, f"verdict: {self.verdict}, {len(self.seeds)} seeds"])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr>{''.join(f'<td style=text-align:left>{html.escape(cell)}</td>' for cell in row)}</tr>"
            for row in self._criterion_rows()
        )
        control, treatment = self.experiment.control[0], self.experiment.treatment[0]
        return (
            f"<p><b>Claim</b> ({html.escape(self.experiment.source)}): {html.escape(self.experiment.claim)}</p>"
            "<table><tr><th style=text-align:left>what must hold</th>"
            f"<th style=text-align:left>{html.escape(control)} minus {html.escape(treatment)}</th>"
            f"<th style=text-align:left>holds</th></tr>{rows}</table>"
            f"<p><b>Verdict: {self.verdict}</b> ({len(self.seeds)} seeds)</p>"
        )


def _signed(value: float) -> str:
    return f"{round(value, 1) + 0.0:+.1f}"  # adding zero turns −0.0 into 0.0
