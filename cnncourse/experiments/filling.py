"""Fill an experiment's grid: run its arms by each of the twelve settings, and keep what the criteria look at."""

from collections.abc import Mapping, Sequence

from cnncourse.experiments.code_version import code_version
from cnncourse.experiments.experiment import Experiment, Finding
from cnncourse.experiments.recipe import SETTINGS, Setting

DIGITS = 4  # decimals of a measurement that are kept
CHECKED = (Setting(1.0, "falling", 1), Setting(0.5, "constant", 1))  # two that take few steps


def version_of(experiment: Experiment) -> str:
    """Return the version of the code that an experiment's grid depends on: its arms, and its recipe."""
    runs = [run for _name, run in (experiment.control, experiment.treatment)]
    return code_version([*runs, experiment.recipe])


def up_to_date(experiment: Experiment) -> bool:
    """Whether what is kept of an experiment's grid came from the code as it is now."""
    return experiment.robustness.version == version_of(experiment)


def fill(experiment: Experiment, seeds: Sequence[int] | None = None) -> None:
    """Run an experiment by each setting that is not kept yet, and keep what its criteria look at.

    What came from other seeds is computed again. So is what came from other code, unless two of its settings come out
    as they were to the last digit: then the change was none of what is computed. Interrupted, it goes on where it
    stopped.

    Args:
        experiment: with a recipe and a grid.
        seeds: those of the recipe if left out.

    """
    seeds = list(experiment.recipe.seeds if seeds is None else seeds)
    version = version_of(experiment)
    kept = experiment.grid.read()
    if kept.get("seeds") != seeds or (kept["version"] != version and not _comes_out_again(experiment, kept)):
        kept = {"version": version, "seeds": seeds, "settings": {}}
    if kept["settings"] and kept["version"] != version:
        kept["version"] = version
        experiment.grid.write(kept)
    for setting in SETTINGS:
        if str(setting) not in kept["settings"]:
            kept["settings"][str(setting)] = _run(experiment, setting, seeds)
            experiment.grid.write(kept)


def _comes_out_again(experiment: Experiment, kept: Mapping) -> bool:
    """Whether two of the kept settings, a falling rate and a constant one, give what is kept of them."""
    again = [setting for setting in CHECKED if str(setting) in kept["settings"]]
    return len(again) == len(CHECKED) and all(
        _run(experiment, setting, kept["seeds"]) == kept["settings"][str(setting)] for setting in again
    )


def _run(experiment: Experiment, setting: Setting, seeds: Sequence[int]) -> dict[str, dict[str, list[float]]]:
    return _to_keep(experiment.run(seeds, recipe=experiment.recipe.at(setting), progress=False))


def _to_keep(finding: Finding) -> dict[str, dict[str, list[float]]]:
    measures = dict.fromkeys(criterion.measure for criterion in finding.criteria)
    return {
        arm: {measure: [round(value, DIGITS) for value in finding.values(arm, measure)] for measure in measures}
        for arm in finding.results
    }
