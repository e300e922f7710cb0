"""A grid is filled once, goes on where it stopped, and is told and drawn as it is."""

import json
from dataclasses import replace

import pytest

from cnncourse.experiments import SETTINGS, Criterion, Experiment, GridFile, Recipe, fill, filling, up_to_date

RECIPE = Recipe(rate=1.0, steps=10, batch=5, seeds=(0, 1, 2))


@pytest.fixture
def claim(tmp_path):
    """An experiment that notes by which recipes it was run; it holds where the rate is constant."""
    seen = []

    def control(seed, *, recipe):
        seen.append(recipe)
        return {"error": 3.0 * (recipe.schedule == "constant") + seed / 7, "other": 1.0}

    made = Experiment(
        claim="it errs less",
        source="nobody 2026",
        control=("without", control),
        treatment=("with", lambda seed, *, recipe: {"error": 0.0, "other": 0.0}),
        criteria=(Criterion("error", "less by more than 1", above=1),),
        recipe=RECIPE,
        grid=GridFile(tmp_path / "robustness.json", "toy"),
    )
    return made, seen


def test_grid_is_filled_once_by_every_setting(claim):
    experiment, seen = claim
    fill(experiment)
    assert set(seen) == {RECIPE.at(setting) for setting in SETTINGS}
    assert len(seen) == len(SETTINGS) * len(RECIPE.seeds)
    fill(experiment)
    assert len(seen) == len(SETTINGS) * len(RECIPE.seeds)
    assert experiment.robustness.held == 6


def test_own_recipe_s_finding_is_told_from_what_is_kept_without_another_run(claim):
    experiment, seen = claim
    with pytest.raises(KeyError):
        _ = experiment.kept
    fill(experiment, seeds=(3, 4, 5))
    runs = len(seen)
    kept = experiment.kept
    assert len(seen) == runs
    assert (kept.seeds, kept.recipe) == ((3, 4, 5), replace(RECIPE, seeds=(3, 4, 5)))
    assert kept.values("without", "error") == pytest.approx([3 / 7, 4 / 7, 5 / 7], abs=1e-4)
    assert kept.verdict == experiment.run((3, 4, 5), progress=False).verdict == "not reproduced"


def test_what_was_interrupted_goes_on_where_it_stopped(claim, monkeypatch):
    experiment, seen = claim
    run = Experiment.run
    left = [5]

    def until_the_fifth(self, *arguments, **options):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return run(self, *arguments, **options)

    monkeypatch.setattr(Experiment, "run", until_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        fill(experiment)
    assert str(experiment.robustness) == "holds in 2 of 5 settings tried of 12"
    monkeypatch.undo()
    fill(experiment)
    assert len(seen) == len(SETTINGS) * len(RECIPE.seeds)
    assert experiment.robustness.complete


def test_what_came_from_other_seeds_is_computed_again(claim):
    experiment, seen = claim
    fill(experiment)
    fill(experiment, seeds=(3, 4))
    assert len(seen) == len(SETTINGS) * (len(RECIPE.seeds) + 2)
    assert {each.seeds for each in experiment.robustness.tried.values()} == {(3, 4)}


def test_other_code_that_gives_the_same_in_two_settings_is_taken_for_the_same(claim, monkeypatch):
    experiment, seen = claim
    fill(experiment)
    assert up_to_date(experiment)
    monkeypatch.setattr(filling, "version_of", lambda _: "other")
    assert not up_to_date(experiment)
    fill(experiment)
    assert up_to_date(experiment)
    assert len(seen) == (len(SETTINGS) + 2) * len(RECIPE.seeds)


@pytest.mark.parametrize("setting", filling.CHECKED)
def test_other_code_that_gives_something_else_is_computed_again(claim, monkeypatch, setting):
    experiment, _ = claim
    fill(experiment)
    kept = experiment.grid.read()
    kept["settings"][str(setting)]["without"]["error"][2] += 0.0001
    experiment.grid.write(kept)
    monkeypatch.setattr(filling, "version_of", lambda _: "other")
    fill(experiment)
    assert up_to_date(experiment)
    assert experiment.grid.read()["settings"][str(setting)] != kept["settings"][str(setting)]
    assert experiment.robustness.complete


def test_few_settings_that_came_from_other_code_are_computed_again(claim, monkeypatch):
    experiment, seen = claim
    fill(experiment)
    kept = experiment.grid.read()
    del kept["settings"][str(filling.CHECKED[0])]
    experiment.grid.write(kept)
    seen.clear()
    monkeypatch.setattr(filling, "version_of", lambda _: "other")
    fill(experiment)
    assert set(seen) == {RECIPE.at(setting) for setting in SETTINGS}


def test_file_keeps_what_criteria_look_at_and_leaves_its_neighbours_alone(claim):
    experiment, _ = claim
    neighbour = replace(experiment, grid=replace(experiment.grid, name="another"))
    fill(experiment)
    fill(neighbour)
    kept = json.loads(experiment.grid.path.read_text(encoding="utf-8"))
    assert list(kept) == ["another", "toy"]
    assert kept["toy"]["settings"][str(SETTINGS[0])]["without"] == {"error": [0.0, 0.1429, 0.2857]}
    assert len(experiment.grid.path.read_text(encoding="utf-8").splitlines()) < 45  # a line a setting


@pytest.mark.slow
def test_picture_says_of_every_setting_whether_the_claim_holds(claim):
    experiment, _ = claim
    nothing = experiment.robustness
    assert str(nothing) == "other settings not tried"
    assert nothing.plot().alternative_text.count("not tried") == 1 + len(SETTINGS)
    fill(experiment)
    words = experiment.robustness.plot().alternative_text
    assert "holds in 6 of 12 settings" in words
    assert "rate × 0.5, constant, steps × 2: yes" in words
    assert "rate × 2, falling, steps × 1: no" in words
