"""Run a claim and its control over several seeds, and let a rule decide that was set before these seeds were run.

An ``Experiment`` says what is claimed, by which recipe it is tried, and what would count as failing; its ``Finding``
compares the arms seed by seed. Whether a finding is more than the choice of a recipe is told by ``Robustness``.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import mean

from cnncourse.experiments.comparison import NO, UNDECIDED, Comparison, Criterion
from cnncourse.experiments.parallel import run_arms
from cnncourse.experiments.recipe import Recipe, Setting, in_words
from cnncourse.experiments.robustness import GridFile, Robustness

Measurements = Mapping[str, float]


@dataclass(frozen=True)
class Experiment:
    """A claim, its control, and the rule that decides.

    Attributes:
        claim: the paper's claim, in a sentence.
        source: paper and section.
        control: name and run of the arm without the idea; a run turns a seed, and the keyword ``recipe`` if the
            experiment has one, into measurements by name.
        treatment: name and run of the arm with the idea.
        criteria: all must hold for the claim to be reproduced.
        recipe: how the arms are trained; None if nothing is.
        grid: where it is kept what the same arms gave by other recipes.

    """

    claim: str
    source: str
    control: tuple[str, Callable[..., Measurements]]
    treatment: tuple[str, Callable[..., Measurements]]
    criteria: tuple[Criterion, ...]
    recipe: Recipe | None = None
    grid: GridFile | None = None

    def run(
        self,
        seeds: Sequence[int] | None = None,
        *,
        recipe: Recipe | None = None,
        known: "Finding | None" = None,
        processes: int | None = None,
        progress: bool = True,
    ) -> "Finding":
        """Run both arms once a seed, on all cores.

        Args:
            seeds: two at least, so that there is a spread; those of the recipe if left out.
            recipe: another one than the experiment's own.
            known: of another experiment with the same seeds and recipe; an arm that they have in common is not run
                again.
            processes: see ``run_parallel``.
            progress: whether to show a progress bar.

        """
        recipe = recipe or self.recipe
        if seeds is None:
            if recipe is None:
                raise ValueError("an experiment without a recipe must be told its seeds")
            seeds = recipe.seeds
        if len(seeds) < 2:
            raise ValueError(f"an experiment needs two seeds at least to show a spread, not {len(seeds)}")
        arms = dict([self.control, self.treatment])
        recipe = replace(recipe, seeds=tuple(seeds)) if recipe is not None else None
        common = known.of_runs(arms, seeds, recipe) if known is not None else {}
        missing = {
            name: run if recipe is None else partial(run, recipe=recipe)
            for name, run in arms.items()
            if name not in common
        }
        results = common | run_arms(missing, seeds, processes=processes, progress=progress)
        ordered = {name: results[name] for name in arms}
        return Finding(tuple(arms), self.criteria, tuple(seeds), ordered, self, recipe)

    @property
    def robustness(self) -> Robustness:
        """What the same arms gave by other recipes, as far as it has been computed."""
        return Robustness.kept(self.grid, (self.control[0], self.treatment[0]), self.criteria)

    @property
    def kept(self) -> "Finding":
        """What the grid has of the experiment's own recipe, for one that takes too long to be run while somebody waits.

        Raises:
            KeyError: if that setting has not been computed.

        """
        own = self.robustness.tried[Setting(1.0, self.recipe.schedule, 1)]
        return Finding(own.arms, own.criteria, own.seeds, own.results, self, replace(self.recipe, seeds=own.seeds))


@dataclass(frozen=True)
class Finding(Comparison):
    """What an experiment measured, and the verdict that follows.

    Attributes:
        experiment: what was run.
        recipe: how the arms were trained, if they were.

    """

    experiment: Experiment
    recipe: Recipe | None

    def of_runs(
        self, arms: Mapping[str, Callable[..., Measurements]], seeds: Sequence[int], recipe: Recipe | None
    ) -> dict[str, Sequence[Measurements]]:
        """Return the measurements of those arms whose run is one of the experiment's own.

        Raises:
            ValueError: if the seeds or the recipe are others.

        """
        if tuple(seeds) != self.seeds:
            raise ValueError(f"what is known is of the seeds {self.seeds}, and not of {tuple(seeds)}")
        if recipe != self.recipe:
            raise ValueError(f"what is known is of the recipe {self.recipe}, and not of {recipe}")
        own = (self.experiment.control, self.experiment.treatment)
        return {
            name: self.results[own_name] for name, run in arms.items() for own_name, own_run in own if run == own_run
        }

    @property
    def verdict(self) -> str:
        """The verdict on the claim: of this run, and of the other settings as far as they have been tried."""
        if self.holds == UNDECIDED:
            return "undecided"
        if self.holds == NO:
            return "not reproduced"
        if self.recipe is None:
            return "reproduced"
        robustness = self.experiment.robustness
        if not robustness.complete:
            return f"reproduced here; other settings not {'all ' if robustness.tried else ''}tried"
        return "reproduced" if robustness.robust else "reproduced here, not robust"

    def _criterion_rows(self) -> list[tuple[str, str, str]]:
        rows = []
        for criterion in self.criteria:
            differences = self.differences(criterion.measure)
            low, high = self.interval(criterion.measure)
            least, most = min(differences), max(differences)
            effect = (
                f"{_signed(mean(differences))} on average (95 % interval {_signed(low)} to {_signed(high)}), "
                f"{_signed(least)} to {_signed(most)} over the seeds"
            )
            rows.append((str(criterion), effect, self.judge(criterion)))
        return rows

    def _how(self) -> str:
        """Say by which recipe, or with which seeds, and what other settings gave."""
        if self.recipe is None:
            return f"nothing is trained; seeds {in_words(self.seeds)}"
        return f"{self.recipe}; {self.experiment.robustness}"

    def __repr__(self) -> str:
        lines = [f"claim: {self.experiment.claim} ({self.experiment.source})"]
        minus = " minus ".join(self.arms)
        lines += [f"  {statement}: {held} ({minus}: {effect})" for statement, effect, held in self._criterion_rows()]
        return "\n".join([*lines, f"recipe: {self._how()}", f"verdict: {self.verdict}, {len(self.seeds)} seeds"])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr>{''.join(f'<td style=text-align:left>{html.escape(cell)}</td>' for cell in row)}</tr>"
            for row in self._criterion_rows()
        )
        control, treatment = self.arms
        return (
            f"<p><b>Claim</b> ({html.escape(self.experiment.source)}): {html.escape(self.experiment.claim)}</p>"
            "<table><tr><th style=text-align:left>what must hold</th>"
            f"<th style=text-align:left>{html.escape(control)} minus {html.escape(treatment)}</th>"
            f"<th style=text-align:left>holds</th></tr>{rows}</table>"
            f"<p><b>Recipe:</b> {html.escape(self._how())}</p>"
            f"<p><b>Verdict: {self.verdict}</b> ({len(self.seeds)} seeds)</p>"
        )


def _signed(value: float) -> str:
    return f"{round(value, 1) + 0.0:+.1f}"  # adding zero turns −0.0 into 0.0
