"""What is kept of the experiments' grids came from the code as it is, and comes out again."""

from statistics import mean

import pytest

from cnncourse.architectures.experiments import experiments
from cnncourse.architectures.inception_v1.kernel_sizes import MODULE_BEATS_ONE_PATH
from cnncourse.architectures.inception_v3.experiment import BOUNDED_SCORES
from cnncourse.architectures.xception.experiment import NOTHING_BETWEEN
from cnncourse.experiments import SETTINGS, Setting, up_to_date

EXPERIMENTS = experiments()
KEPT = {name: each for name, each in EXPERIMENTS.items() if each.robustness.tried}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_came_from_the_code_as_it_is(name):
    assert up_to_date(KEPT[name]), f"{name} has changed since: make experiments"


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_has_every_measure_of_the_criteria_for_every_seed(name):
    experiment = KEPT[name]
    for tried in experiment.robustness.tried.values():
        for criterion in experiment.criteria:
            assert len(tried.differences(criterion.measure)) == len(tried.seeds) >= 2


def test_whatever_is_trained_has_a_grid_of_its_own_and_all_of_it_is_kept():
    trained = {name: each for name, each in EXPERIMENTS.items() if each.recipe is not None}
    assert len(trained) > 15
    assert [name for name, each in trained.items() if each.grid is None or not each.robustness.complete] == []
    assert len({each.grid for each in trained.values()}) == len(trained)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("experiment", "setting"),
    [
        (BOUNDED_SCORES, Setting(0.5, "constant", 1)),
        (NOTHING_BETWEEN, Setting(2.0, "falling", 1)),
        (MODULE_BEATS_ONE_PATH, Setting(0.5, "falling", 1)),
    ],
)
def test_some_settings_come_out_again(experiment, setting):
    assert setting in SETTINGS
    kept = experiment.robustness.tried[setting]
    again = experiment.run(kept.seeds, recipe=experiment.recipe.at(setting), progress=False)
    assert again.holds == kept.holds
    for criterion in experiment.criteria:
        # Another processor rounds otherwise, and training makes more of it: within the interval, not to the digit.
        low, high = kept.interval(criterion.measure)
        assert low <= mean(again.differences(criterion.measure)) <= high
