"""Chapter 1's exercise recognises misconceptions and accepts every right answer."""

import pytest
import torch
from torch import nn

from cnncourse import check
from cnncourse.architectures import architecture
from cnncourse.checking import Status, judge

from .answers import RIGHT, WRONG, MaskedConv, Mean, StillBroken, full_connection

EXERCISE = architecture("lenet-5").exercise()


def name_of(value):
    return getattr(value, "__name__", repr(value))


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.part}-{name_of(wrong.answer)}")
def test_wrong_answer_is_refused_with_its_own_message(wrong):
    report = judge(EXERCISE.part(wrong.part), wrong.answer, at_grading=True)
    faults = {outcome.check.name: outcome.fault for outcome in report.outcomes if outcome.fault}
    assert wrong.check in faults, report
    fault = faults[wrong.check]
    assert wrong.said in f"{fault.message} {fault.misconception}", report
    assert report.points < report.part.points


@pytest.mark.parametrize("seed", [0, 1, 2**40 + 3])
@pytest.mark.parametrize(("part", "answer"), RIGHT, ids=lambda value: name_of(value))
def test_right_answer_gets_full_marks_whatever_is_drawn(part, answer, seed):
    report = judge(EXERCISE.part(part), answer, seed, at_grading=True)
    assert report.passed, report
    assert report.points == report.part.points


HIDDEN = {check.name for part in EXERCISE.parts for check in part.checks if not check.public}
CAUGHT_AT_GRADING = [wrong for wrong in WRONG if wrong.check in HIDDEN]


@pytest.mark.parametrize("wrong", CAUGHT_AT_GRADING, ids=lambda wrong: name_of(wrong.answer))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_answer_made_for_the_notebook_s_own_inputs_passes_there_and_not_at_grading(wrong, seed):
    part = EXERCISE.part(wrong.part)
    assert judge(part, wrong.answer, seed).passed
    assert not judge(part, wrong.answer, seed, at_grading=True).passed


def test_every_part_has_a_check_at_grading_only_and_an_answer_that_needs_it():
    assert {wrong.check for wrong in CAUGHT_AT_GRADING} == HIDDEN
    assert all(part.public_points < part.points for part in EXERCISE.parts)


def test_every_check_has_two_or_three_hints():
    for part in EXERCISE.parts:
        for each in part.checks:
            assert 2 <= len(each.hints) <= 3, each.name
            assert len(set(each.hints)) == len(each.hints)


def test_wrong_connections_are_drawn():
    (fault,) = [
        outcome.fault
        for outcome in check("01-lenet-5", full_connection, part="C3").outcomes
        if outcome.check.name == "connections of Table I"
    ]
    assert "60 as expected, 0 missing, 36 too many" in fault.picture


def test_wrong_values_of_a_small_map_are_drawn():
    outcome = check("01-lenet-5", Mean, part="MendedSubsampling").outcomes[0]
    assert "12 of 12 numbers differ" in outcome.fault.picture


def test_unmended_code_earns_a_point_for_its_output_only():
    assert check("01-lenet-5", StillBroken, part="MendedSubsampling").points == 1


def test_ordinary_convolution_earns_its_shape_only_and_what_it_shares_with_the_right_one():
    assert check("01-lenet-5", full_connection, part="C3").points <= 2


def test_part_that_needs_an_unwritten_part_says_which():
    class C3(nn.Module):
        def __init__(self, table):
            super().__init__()
            raise NotImplementedError

    def lenet5_features():
        return C3(())

    report = check("01-lenet-5", lenet5_features)
    assert report.points == 0
    assert "it needs C3, which is not written yet" in repr(report)


def test_what_torch_cannot_do_is_no_stub():
    class MendedSubsampling(nn.Module):
        def __init__(self, channels):
            super().__init__()

        def forward(self, maps):
            return nn.functional.avg_pool2d(maps.to(torch.uint8), 2)

    assert "your code raises an error" in repr(check("01-lenet-5", MendedSubsampling))


def test_stub_under_a_name_of_its_own_is_a_stub():
    class MyC3(nn.Module):
        def __init__(self, table):
            raise NotImplementedError

    assert "not attempted yet (0 of 8 points)" in repr(check("01-lenet-5", MyC3, part="C3"))


def test_gradients_that_the_notebook_has_switched_off_do_no_harm():
    with torch.no_grad():
        assert check("01-lenet-5", MaskedConv, part="C3").passed


def test_class_without_forward_is_told_so():
    class C3(nn.Module):
        def __init__(self, table):
            super().__init__()

    assert "your module has no forward" in repr(check("01-lenet-5", C3))


def test_learners_own_error_is_told_with_its_line():
    class C3(MaskedConv):
        def forward(self, maps):
            return maps.reshape(7, 7)

    report = repr(check("01-lenet-5", C3))
    assert "your code raises an error" in report
    assert "return maps.reshape(7, 7)" in report
    assert report.count("reshape") == 1, "one mistake is told once"


def test_same_answer_gets_the_same_report():
    wrong = WRONG[0]
    first, second = (repr(check("01-lenet-5", wrong.answer, part=wrong.part)) for _ in range(2))
    assert first == second


def test_stub_is_not_attempted_and_raises_nothing():
    def C3(table):  # noqa: N802 -- the name that the exercise asks for
        raise NotImplementedError

    report = check("01-lenet-5", C3)
    assert {outcome.status for outcome in report.outcomes} == {Status.NOT_ATTEMPTED}
    assert report.points == 0
    assert "not attempted yet" in repr(report)
