"""Chapter 5's experiments compare arms that differ in one thing, and its measurements measure what they say."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from cnncourse import measure
from cnncourse.architectures.inception_v3 import experiment, reductions, separable, steps
from cnncourse.training import seeded


def built(*, normalise):
    with seeded(0):
        return experiment.six_convolutions(normalise=normalise)


FEW, FEW_SMOOTHING = replace(experiment.RECIPE, steps=2), replace(experiment.SMOOTHING_RECIPE, steps=2)


def test_arms_start_from_the_same_weights_and_differ_in_the_normalisation_only():
    plain, normalised = built(normalise=False), built(normalise=True)
    weighted = [[each for each in model if isinstance(each, (nn.Conv2d, nn.Linear))] for model in (plain, normalised)]
    assert len(weighted[0]) == len(weighted[1]) == 7
    for one, other in zip(*weighted, strict=True):
        assert torch.equal(one.weight, other.weight)
        assert torch.equal(one.bias, other.bias)
    kinds = [type(each) for each in normalised if not isinstance(each, nn.BatchNorm2d)]
    assert kinds == [type(each) for each in plain]


@pytest.mark.slow
def test_a_run_is_the_same_again_and_leaves_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    assert experiment.run_rates(3, normalise=True, recipe=FEW) == experiment.run_rates(3, normalise=True, recipe=FEW)
    first, second = (experiment.run_smoothing(0.1, 3, recipe=FEW_SMOOTHING) for _ in range(2))
    assert first == second
    assert torch.equal(torch.random.get_rng_state(), before)


def test_lowest_error_is_that_of_the_best_rate():
    measured = experiment.run_rates(0, normalise=True, recipe=FEW)
    assert measured["lowest error"] == min(measured[f"error at rate {rate}"] for rate in experiment.RATES)


def test_smoothing_changes_the_labels_that_are_learned():
    plain, smoothed = (experiment.run_smoothing(epsilon, 0, recipe=FEW_SMOOTHING)["gap"] for epsilon in (0.0, 0.5))
    assert plain != smoothed


def test_gap_is_the_largest_score_less_the_mean():
    assert experiment.gap(torch.tensor([[4.0, 0, 2], [1, 1, 1]])) == pytest.approx((2 + 0) / 2)


@pytest.mark.parametrize("kind", list(separable.KINDS))
@pytest.mark.parametrize("degrees", [0, 30, 45, 80, 90])
def test_nearest_product_keeps_what_the_first_singular_value_says(kind, degrees):
    kernel = separable.KINDS[kind](7, degrees)
    column, row = separable.best_factors(kernel)
    left = (kernel - torch.outer(column, row)).square().sum().item()
    assert kernel.square().sum().item() == pytest.approx(1)
    assert 1 - left == pytest.approx(separable.kept(kernel), abs=1e-6)


def test_upright_edges_are_separable_and_a_diagonal_one_is_two_products_of_equal_size():
    for degrees in (0, 90):
        assert separable.kept(separable.edge(9, degrees)) == pytest.approx(1)
    values = torch.linalg.svdvals(separable.edge(9, 45))
    torch.testing.assert_close(values[:2], torch.full((2,), 0.5**0.5, dtype=torch.float64))
    assert values[2] < 1e-12


def test_edge_of_zero_degrees_is_vertical():
    kernel = separable.edge(5, 0)
    assert (kernel[:, :2] < 0).all()
    assert (kernel[:, 3:] > 0).all()


def test_weights_are_those_of_torch_s_convolutions():
    layers = (nn.Conv2d(3, 6, 5), nn.Conv2d(3, 4, (1, 5)), nn.Conv2d(4, 6, (5, 1)))
    full, *factors = (layer.weight.numel() for layer in layers)
    assert separable.weights(5, 3, 4, 6) == (full, sum(factors))


@pytest.mark.parametrize("layout", list(reductions.LAYOUTS))
def test_every_reduction_halves_the_maps_and_doubles_their_number(layout):
    cost = reductions.cost_of(layout, (4, 9, 9))
    assert cost.output == (8, 4, 4)
    assert cost.narrowest == (4 * 4 * 4 if layout == "pool first" else 8 * 4 * 4)
    assert cost.multiply_adds == measure.multiply_adds(reductions.LAYOUTS[layout](4), (4, 9, 9))


def test_gains_add_up_to_the_difference_of_the_ends():
    assert sum(steps.gains().values()) == pytest.approx(steps.STEPS[0].top1 - steps.STEPS[-1].top1)
    assert len(steps.STEPS[steps.OF_THIS_PAPER]) == 4
