"""What is particular to chapter 1's exercise."""

from cnncourse import check
from cnncourse.architectures.lenet5.exercise.partial_connection_mistakes import MaskedOnce
from cnncourse.architectures.lenet5.exercise.subsampling_mistakes import StillBroken
from cnncourse.architectures.lenet5.model import TrainableSubsampling


def test_unmended_subsampling_keeps_the_point_for_its_output():
    report = check("01-lenet-5", StillBroken, part="MendedSubsampling")
    assert report.points == 1
    assert "cut off from the gradient" in repr(report)
    assert check("01-lenet-5", TrainableSubsampling, part="MendedSubsampling").passed


def test_mask_that_is_applied_once_costs_one_point():
    report = check("01-lenet-5", MaskedOnce, part="C3")
    assert report.points == report.possible - 1
    assert "the mask does not reach" in repr(report)
