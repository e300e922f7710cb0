"""Does a claim hold by other recipes too? What the arms gave over a small grid of settings, computed once and kept.

The grid is the same for all experiments: the learning rate halved, as it is, and doubled; falling and constant; the
steps as they are, and doubled. ``make experiments`` fills it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from cnncourse.drawing import Picture
from cnncourse.experiments.comparison import Comparison, Criterion
from cnncourse.experiments.recipe import SETTINGS, Setting, in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENOUGH = 10  # of the twelve settings: in so many must a claim hold to be called reproduced
LOOKS = {"yes": ("#0072b2", "o", "full"), "undecided": ("#888888", "s", "none"), "no": ("#d55e00", "X", "full")}


@dataclass(frozen=True)
class GridFile:
    """Where the results of an experiment's grid are kept: in a file of its chapter's package, under a name.

    Attributes:
        path: of the file.
        name: of the experiment in it.

    """

    path: Path
    name: str

    def read(self) -> dict:
        """Return what is kept of the experiment: "version", "seeds", "settings"; nothing if there is nothing yet."""
        return self._all().get(self.name, {})

    def write(self, kept: Mapping) -> None:
        """Keep the experiment's results, and leave those of the chapter's others as they are."""
        everything = dict(sorted((self._all() | {self.name: kept}).items()))
        beside = self.path.with_suffix(".new")
        beside.write_text(_as_text(everything, levels=3) + "\n", encoding="utf-8")
        beside.replace(self.path)

    def _all(self) -> dict:
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}


@dataclass(frozen=True)
class Robustness:
    """What an experiment's arms gave by each setting that has been tried.

    Attributes:
        criteria: of the experiment.
        tried: by setting, in the order of ``SETTINGS``.
        version: of the code that they came from.

    """

    criteria: tuple[Criterion, ...]
    tried: Mapping[Setting, Comparison]
    version: str

    @classmethod
    def kept(cls, grid: GridFile | None, arms: tuple[str, str], criteria: tuple[Criterion, ...]) -> "Robustness":
        """Read what is kept of an experiment's grid.

        Args:
            grid: where it is kept, if anywhere.
            arms: names of the control and of the treatment.
            criteria: that judge it; they may have changed since.

        """
        kept = grid.read() if grid is not None else {}
        settings = kept.get("settings", {})
        tried = {
            setting: Comparison(arms, criteria, tuple(kept["seeds"]), _by_seed(settings[str(setting)]))
            for setting in SETTINGS
            if str(setting) in settings
        }
        return cls(criteria, tried, kept.get("version", ""))

    @property
    def complete(self) -> bool:
        """Whether all settings have been tried."""
        return len(self.tried) == len(SETTINGS)

    @property
    def held(self) -> int:
        """In how many settings all criteria hold."""
        return sum(comparison.reproduced for comparison in self.tried.values())

    @property
    def robust(self) -> bool:
        """Whether the claim holds in enough of the settings."""
        return self.complete and self.held >= ENOUGH

    def __str__(self) -> str:
        if not self.tried:
            return "other settings not tried"
        tried = f"{len(self.tried)} settings" + ("" if self.complete else f" tried of {len(SETTINGS)}")
        return f"holds in {self.held} of {tried}"

    def plot(self) -> Picture:
        """Draw the mean difference and its interval in every setting: a row a criterion, a panel a schedule.

        Between the bounds that a criterion wants the ground is shaded.
        """
        import matplotlib.pyplot as plt

        criteria = self.criteria
        panels = list(dict.fromkeys((setting.schedule, setting.steps) for setting in SETTINGS))
        figure, axes = plt.subplots(
            len(criteria), len(panels), figsize=(9.5, 0.7 + 1.9 * len(criteria)), sharey="row", squeeze=False,
            layout="constrained",
        )  # fmt: skip
        for number, (row, criterion) in enumerate(zip(axes, criteria, strict=True), start=1):
            for axis, (schedule, steps) in zip(row, panels, strict=True):
                here = [each for each in SETTINGS if (each.schedule, each.steps) == (schedule, steps)]
                self._draw(axis, criterion, here)
                axis.set_xticks(range(len(here)), [f"{setting.rate:g}" for setting in here])
                if number == 1:
                    axis.set_title(f"{schedule} rate, steps × {steps}", fontsize=10)
                if number == len(criteria):
                    axis.set_xlabel("learning rate ×")
            bottom, top = row[0].get_ylim()  # of the whole row, now that all of it is drawn
            for axis in row:
                axis.axhspan(
                    max(criterion.above, bottom), min(criterion.below, top), color="#0072b2", alpha=0.1, linewidth=0
                )
            row[0].set_ylim(bottom, top)
            row[0].set_ylabel(f"difference in\n{criterion.measure}", fontsize=9)
        seeds = in_words(next(iter(self.tried.values())).seeds) if self.tried else "none"
        figure.suptitle(f"{self} (95 % intervals; seeds {seeds})", fontsize=11)
        return Picture(figure, self._words())

    def _draw(self, axis: "Axes", criterion: Criterion, settings: Sequence[Setting]) -> None:
        axis.set_xlim(-0.5, len(settings) - 0.5)
        axis.axhline(0, color="#666666", linewidth=0.8)
        for place, setting in enumerate(settings):
            if setting not in self.tried:
                axis.text(place, 0, "not\ntried", ha="center", va="center", fontsize=8, color="#666666")
                continue
            comparison = self.tried[setting]
            low, high = comparison.interval(criterion.measure)
            middle = mean(comparison.differences(criterion.measure))
            colour, marker, fill = LOOKS[comparison.judge(criterion)]
            axis.plot([place, place], [low, high], color=colour, linewidth=2)
            axis.plot(place, middle, marker, color=colour, fillstyle=fill, markersize=7)

    def _words(self) -> str:
        held = [f"{setting}: {self.tried[setting].holds if setting in self.tried else 'not tried'}"
                for setting in SETTINGS]  # fmt: skip
        return f"Whether the claim holds by other recipes ({self}): {'; '.join(held)}."


def _as_text(kept: Mapping, levels: int, indent: str = "") -> str:
    """Write JSON with a line an entry on the upper levels, so that a setting is a line and a change is seen as such."""
    lines = [
        f"{indent} {json.dumps(name, ensure_ascii=False)}: "
        + (
            _as_text(entry, levels - 1, indent + " ")
            if levels > 1 and isinstance(entry, Mapping)
            else json.dumps(entry, ensure_ascii=False)
        )
        for name, entry in kept.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n" + indent + "}"


def _by_seed(arms: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, list[dict[str, float]]]:
    """Turn what is kept, of an arm and of a measure the values by seed, into measurements by seed."""
    return {
        arm: [dict(zip(measured, values, strict=True)) for values in zip(*measured.values(), strict=True)]
        for arm, measured in arms.items()
    }
