"""What is particular to chapter 1's exercise: its pictures, and what is told of odd answers."""

import torch
from torch import nn

from cnncourse import check
from cnncourse.checking import Status

from .answers import WRONG, MaskedConv, Mean, StillBroken, full_connection


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
