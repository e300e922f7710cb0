"""Square and factorised kernels differ in their work or in their maps, and in nothing else."""

from dataclasses import replace

import pytest
import torch

from cnncourse import measure
from cnncourse.architectures.inception_v3.factorised import (
    AS_MANY,
    BETTER_FOR_THE_SAME_WORK,
    MAPS,
    MORE,
    NOT_FOR_NOTHING,
    RECIPE,
    SIDE,
    SQUARE,
    enlarged,
    network,
    plot_trade,
    run_arm,
    work,
)
from cnncourse.data import small_digits

FEW = replace(RECIPE, steps=2)


def test_more_maps_are_as_many_as_take_no_more_work_than_square_kernels(monkeypatch):
    assert 0.95 * work(SQUARE) < work(MORE) <= work(SQUARE)
    monkeypatch.setitem(MAPS, MORE, MAPS[MORE] + 1)
    assert work(MORE) > work(SQUARE)


def test_as_many_maps_take_less_than_a_third_of_the_work():
    assert MAPS[AS_MANY] == MAPS[SQUARE]
    assert work(AS_MANY) < work(SQUARE) / 3


@pytest.mark.parametrize("arm", MAPS)
def test_every_arm_sees_the_same_window_on_maps_within_the_papers_sizes(arm):
    model = network(arm)
    trained = [layer for layer in model if hasattr(layer, "convolution")]
    assert measure.receptive_field(torch.nn.Sequential(*trained), (1, SIDE, SIDE))[-1].size == (15, 15)
    assert 12 <= SIDE <= 20
    assert enlarged(small_digits()[0][:2]).shape == (2, 1, SIDE, SIDE)


@pytest.mark.parametrize("arm", MAPS)
def test_a_run_is_the_same_again_and_leaves_the_sessions_random_numbers_alone(arm):
    before = torch.random.get_rng_state()
    assert run_arm(arm, 3, recipe=FEW) == run_arm(arm, 3, recipe=FEW)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(("experiment", "sign"), [(BETTER_FOR_THE_SAME_WORK, 1), (NOT_FOR_NOTHING, -1)])
def test_claims_have_the_square_kernels_in_common_and_could_fail(experiment, sign):
    (criterion,) = experiment.criteria
    assert experiment.control[0] == SQUARE
    assert criterion.judge([sign * each for each in (2.0, 3.0, 2.5)]) == "yes"
    assert criterion.judge([-sign * each for each in (2.0, 3.0, 2.5)]) == "no"
    assert criterion.judge([1.0, -2.0, 1.5]) == "undecided"


def test_picture_names_every_arm_with_its_work_and_error():
    words = repr(plot_trade(NOT_FOR_NOTHING.kept, BETTER_FOR_THE_SAME_WORK.kept))
    assert all(f"{arm}: {work(arm) / 1e6:.1f} million" in words for arm in MAPS)
