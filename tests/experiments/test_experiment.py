"""Verdicts follow from the measurements, in all four directions."""

import math

import pytest

from cnncourse.experiments import SETTINGS, Criterion, Experiment, GridFile, Recipe, fill

RECIPE = Recipe(rate=1.0, steps=10, batch=5, seeds=(0, 1, 2))


def experiment(control, treatment, least=1.0):
    return between(("without", lambda seed: {"error": control[seed]}), treatment, least)


def between(control, treatment, least=1.0):
    return Experiment(
        claim="the treatment errs less",
        source="nobody 2026",
        control=control,
        treatment=("with", lambda seed: {"error": treatment[seed]}),
        criteria=(Criterion("error", f"less by more than {least}", above=least),),
    )


def trained(path, differences_at):
    """An experiment whose seeds differ by what a function of the recipe says, and by the seed's hundredth."""
    return Experiment(
        claim="the treatment errs less",
        source="nobody 2026",
        control=("without", lambda seed, *, recipe: {"error": differences_at(recipe) + seed / 100}),
        treatment=("with", lambda seed, *, recipe: {"error": 0.0}),
        criteria=(Criterion("error", "less by more than 1", above=1),),
        recipe=RECIPE,
        grid=GridFile(path / "robustness.json", "toy"),
    )


def test_claim_that_holds_without_training_is_reproduced():
    finding = experiment([5.0, 6.0, 7.0], [2.0, 3.5, 4.0]).run(range(3), progress=False)
    assert finding.differences("error") == [3.0, 2.5, 3.0]
    assert finding.verdict == "reproduced"


@pytest.mark.parametrize(
    ("differences", "judged"),
    [
        ([3.0, 2.5, 3.0], "yes"),
        ([3.0, 0.5, 3.0], "undecided"),  # the mean is above the bound, the interval reaches below it
        ([0.9, 1.0, 0.5], "undecided"),
        ([0.5, 0.4, 0.6], "no"),
        ([-3.0, -2.5, -3.0], "no"),
        ([1.0, 1.0, 1.0], "no"),  # exactly at the bound is not above it
        ([math.nan, 6.0, 6.0], "undecided"),
    ],
)
def test_criterion_looks_at_the_interval_of_the_mean_difference(differences, judged):
    assert Criterion("error", "more than 1", above=1).judge(differences) == judged
    assert Criterion("error", "less than -1", below=-1).judge([-each for each in differences]) == judged


@pytest.mark.parametrize(
    ("differences", "judged"), [([0.1, -0.1, 0.0], "yes"), ([2.5, -2.5, 0.1], "undecided"), ([5.0, 5.1, 5.2], "no")]
)
def test_criterion_of_two_bounds_wants_the_interval_between_them(differences, judged):
    assert Criterion("error", "alike", above=-2, below=2).judge(differences) == judged


@pytest.mark.parametrize(
    ("treatment", "verdict"),
    [([2.0, 5.5, 4.0], "undecided"), ([5.0, 5.9, 7.0], "not reproduced"), ([2.0, 3.5, 4.0], "reproduced")],
)
def test_verdict_stands_wherever_a_finding_is_shown(treatment, verdict):
    finding = experiment([5.0, 6.0, 7.0], treatment).run(range(3), progress=False)
    assert finding.verdict == verdict
    assert f"verdict: {verdict}, 3 seeds" in repr(finding)
    assert f"Verdict: {verdict}</b>" in finding._repr_html_()


def test_one_criterion_that_fails_outweighs_one_that_is_undecided():
    both = Experiment(
        claim="",
        source="",
        control=("without", lambda seed: {"a": 1.0 + seed, "b": 0.1 * seed}),
        treatment=("with", lambda seed: {"a": 0.0, "b": 0.0}),
        criteria=(Criterion("a", "more than 1", above=1), Criterion("b", "more than 5", above=5)),
    )
    assert both.run(range(3), progress=False).holds == "no"


@pytest.mark.parametrize(
    ("difference", "verdict", "told"),
    [
        (lambda recipe: 3.0, "reproduced", "holds in 12 of 12 settings"),
        (lambda recipe: 3.0 * (recipe.schedule == "falling"), "reproduced here, not robust", "holds in 6 of 12"),
        (lambda recipe: 0.0, "not reproduced", "holds in 0 of 12 settings"),
        (lambda recipe: 3.0 * (recipe.steps < 20 or recipe.rate < 2), "reproduced", "holds in 10 of 12"),
    ],
)
def test_verdict_says_whether_the_claim_survives_other_settings(tmp_path, difference, verdict, told):
    claim = trained(tmp_path, difference)
    fill(claim)
    finding = claim.run(progress=False)
    assert finding.verdict == verdict
    assert told in repr(finding) and told in finding._repr_html_()
    assert claim.robustness.tried.keys() == set(SETTINGS)


def test_nothing_is_called_reproduced_before_all_settings_have_been_tried(tmp_path):
    claim = trained(tmp_path, lambda recipe: 3.0)
    finding = claim.run(progress=False)
    assert finding.verdict == "reproduced here; other settings not tried"
    fill(claim)
    kept = claim.grid.read()
    del kept["settings"][str(SETTINGS[-1])]
    claim.grid.write(kept)
    assert finding.verdict == "reproduced here; other settings not all tried"
    assert "11 settings tried of 12" in repr(finding)


def test_recipe_that_is_shown_is_the_one_that_was_run():
    seen = []

    def run(seed, *, recipe):
        seen.append(recipe)
        return {"error": 1.0}

    claim = Experiment("", "", ("without", run), ("with", run), (Criterion("error", "", above=0),), recipe=RECIPE)
    finding = claim.run((7, 8), progress=False)
    assert set(seen) == {finding.recipe} and finding.recipe.seeds == (7, 8)
    assert "learning rate 1, falling along a cosine to zero; 10 steps of 5 images; seeds 7 to 8" in repr(finding)


def test_rule_that_was_changed_after_a_run_says_so():
    changed = Criterion("error", "less", above=0, changed="it asked for every seed")
    claim = Experiment("", "", ("a", lambda _: {"error": 2.0}), ("b", lambda _: {"error": 1.0}), (changed,))
    finding = claim.run(range(2), progress=False)
    for shown in (repr(finding), finding._repr_html_()):
        assert "changed after a run: it asked for every seed" in shown


def test_interval_is_students_t():
    finding = experiment([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]).run(range(3), progress=False)
    low, high = finding.interval("error")
    assert math.isclose((low + high) / 2, 2.0)
    assert math.isclose((high - low) / 2, 4.302653 / math.sqrt(3), rel_tol=1e-5)


def test_one_seed_is_not_enough():
    with pytest.raises(ValueError, match="two seeds at least"):
        experiment([1.0], [0.0]).run([0], progress=False)


def test_seeds_are_those_of_the_recipe_and_must_be_given_without_one(tmp_path):
    assert trained(tmp_path, lambda recipe: 1.0).run(progress=False).seeds == RECIPE.seeds
    with pytest.raises(ValueError, match="must be told its seeds"):
        experiment([1.0], [0.0]).run()


def test_arm_that_is_known_is_not_run_again():
    seen = []

    def once(seed):
        seen.append(seed)
        return {"error": 9.0 - seed}

    control = ("without", once)
    first = between(control, [2.0, 3.0]).run(range(2), progress=False)
    second = between(control, [8.0, 8.5]).run(range(2), known=first, progress=False)
    assert seen == [0, 1]
    assert second.differences("error") == [1.0, -0.5]
    assert list(second.results) == ["without", "with"]


def test_arm_of_the_same_name_but_another_run_is_not_taken_for_known():
    first = experiment([5.0, 6.0], [2.0, 3.0]).run(range(2), progress=False)
    second = experiment([1.0, 1.0], [2.0, 3.0]).run(range(2), known=first, progress=False)
    assert second.differences("error") == [-1.0, -2.0]


def test_what_is_known_of_other_seeds_or_another_recipe_is_refused(tmp_path):
    first = experiment([5.0, 6.0, 7.0], [2.0, 3.0, 4.0]).run((0, 1), progress=False)
    with pytest.raises(ValueError, match=r"of the seeds \(0, 1\), and not of \(0, 2\)"):
        first.experiment.run((0, 2), known=first, progress=False)
    claim = trained(tmp_path, lambda recipe: 1.0)
    with pytest.raises(ValueError, match=r"100 steps .* and not of .* 10 steps"):
        claim.run(known=claim.run(recipe=Recipe(1.0, 100, 5, RECIPE.seeds), progress=False), progress=False)
