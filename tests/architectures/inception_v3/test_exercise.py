"""What is particular to chapter 5's exercise: judged by what comes out, and by oracles that torch's own layers meet."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import check
from cnncourse.architectures.inception_v3.exercise import batch_normalisation, factorised_convolution
from cnncourse.architectures.inception_v3.exercise.batch_normalisation import BATCH_NORMALISATION
from cnncourse.architectures.inception_v3.exercise.factorised_convolution import (
    CASES,
    FACTORISED_CONVOLUTION,
    Factors,
)
from cnncourse.architectures.inception_v3.exercise.label_smoothing import LABEL_SMOOTHING, smoothed_loss
from cnncourse.architectures.inception_v3.model import Branch
from cnncourse.checking import judge
from cnncourse.checking.judging import draw_inputs

from .answers import (
    BothHigh,
    Factorised,
    FilledTargets,
    HighFirst,
    Mended,
    NoReluBetween,
    OfTorch,
    OfTorchItself,
    SideBySideAdded,
    Smoothing,
    StillBroken,
    StillByTheBatch,
    StillExchanged,
    WithShifts,
    WithSquares,
)

CHAPTER = "05-inception-v3"
RIGHT = [(FACTORISED_CONVOLUTION, answer) for answer in (Factorised, HighFirst, WithShifts)]
RIGHT += [(LABEL_SMOOTHING, answer) for answer in (Smoothing, OfTorch, FilledTargets)]
RIGHT += [(BATCH_NORMALISATION, answer) for answer in (Mended, OfTorchItself, WithSquares)]


@pytest.mark.parametrize("seed", range(100, 110))
def test_right_answers_pass_under_every_seed(seed):
    for part, answer in RIGHT:
        assert judge(part, answer, seed, at_grading=True).passed


@pytest.mark.parametrize("seed", range(100, 106))
def test_missing_relu_shows_whatever_signs_and_maps_are_drawn(seed):
    assert not judge(FACTORISED_CONVOLUTION, NoReluBetween, seed, at_grading=True).passed


@pytest.mark.parametrize("factors", CASES)
def test_oracle_counts_what_the_course_s_own_branch_has(factors):
    branch = Branch(
        factors.in_channels,
        (factors.mid_channels, (1, factors.n)),
        (factors.out_channels, (factors.n, 1)),
    )
    assert sum(each.numel() for each in branch.parameters()) == factors.numbers


def test_no_mistake_in_the_first_case_gives_the_count_of_another_or_a_right_one():
    counted = [factorised_convolution._right_counts(CASES[0])]
    counted += factorised_convolution._mistaken_counts(CASES[0]).values()
    together = [count for counts in counted for count in counts]
    assert len(together) == len(set(together))


def test_factors_of_every_case_can_be_told_apart():
    for factors in CASES:
        first, second = factors.weights
        assert len({first, second, factors.mid_channels, factors.out_channels}) == 4


def test_two_units_see_a_square_each_as_far_as_there_are_pixels():
    factors = Factors(2, 3, 4, 5)
    view = factorised_convolution._view(factors, 10, 11)
    assert view[:3, :3].all()
    assert view[4:9, 4:9].all()
    assert view.sum() == 9 + 25


@pytest.mark.parametrize("epsilon", [0.1, 0.4])
def test_smoothing_s_oracle_agrees_with_torch(epsilon):
    generator = torch.Generator().manual_seed(0)
    scores, labels = torch.randn(9, 7, generator=generator), torch.randint(7, (9,), generator=generator)
    expected = F.cross_entropy(scores, labels, label_smoothing=epsilon)
    torch.testing.assert_close(smoothed_loss(scores, labels, epsilon), expected)


def test_normalisation_s_oracle_agrees_with_torch_in_both_modes():
    inputs = draw_inputs(next(check for check in BATCH_NORMALISATION.checks if not check.public), 0)
    channels, eps, momentum = batch_normalisation._settings(inputs)
    layer = nn.BatchNorm2d(channels, eps, momentum)
    layer.load_state_dict({"weight": inputs["weight"], "bias": inputs["bias"]}, strict=False)
    training = batch_normalisation._by_batch(inputs["first"], inputs)
    torch.testing.assert_close(training, layer(inputs["first"]), atol=1e-4, rtol=1e-4)
    layer(inputs["second"])
    state = batch_normalisation._remembered(inputs, momentum, corrected=True)
    evaluated = batch_normalisation._by_state(inputs["third"], state, inputs)
    torch.testing.assert_close(evaluated, layer.eval()(inputs["third"]), atol=1e-4, rtol=1e-4)


def test_parallel_and_repeated_factors_are_two_different_faults():
    told = [repr(check(CHAPTER, answer, part="FactorisedConv")) for answer in (SideBySideAdded, BothHigh)]
    assert "it sees a cross" in told[0]
    assert "it sees a column only" in told[1]


def test_wrong_maps_are_drawn():
    report = check(CHAPTER, NoReluBetween, part="FactorisedConv")
    (picture,) = [outcome.fault.picture for outcome in report.outcomes if outcome.fault]
    assert "of 16 numbers differ" in picture


def test_unmended_normalisation_earns_nothing_and_half_a_mend_something():
    assert check(CHAPTER, StillBroken, part="MendedBatchNorm").points == 0
    for half in (StillExchanged, StillByTheBatch):
        assert 0 < check(CHAPTER, half, part="MendedBatchNorm").points < BATCH_NORMALISATION.public_points
