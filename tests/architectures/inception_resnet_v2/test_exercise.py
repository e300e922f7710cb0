"""What is particular to chapter 9's exercise."""

import pytest

from cnncourse import check
from cnncourse.architectures.inception_resnet_v2.exercise import EXERCISE
from cnncourse.architectures.inception_resnet_v2.exercise.block import Block
from cnncourse.architectures.inception_resnet_v2.exercise.mended_block import (
    ReluWent,
    ScaleWentWhileOneWay,
    StillBroken,
    StillOneWay,
    StillScalesShortcut,
)
from cnncourse.architectures.inception_resnet_v2.model import RELEASED
from cnncourse.checking import judge

from .answers import Block as OwnBlock
from .answers import KnowsKernels, KnowsScales, KnowsTheScales, KnowsThreeBranches, KnowsTwoStages, Net, UpInParts

CHAPTER = "09-inception-resnet-v2"


# The numbers of the released network's three kinds of block, counted by Keras.
@pytest.mark.parametrize(
    ("channels", "branches", "numbers"),
    [(320, RELEASED.block_35, 123_168), (1088, RELEASED.block_17, 1_126_784), (2080, RELEASED.block_8, 2_035_424)],
)
def test_reference_has_the_parameters_of_the_released_blocks(channels, branches, numbers):
    assert sum(each.numel() for each in Block(channels, branches, 0.1).parameters()) == numbers


@pytest.mark.slow
def test_each_bug_of_the_block_has_points_of_its_own():
    assert check(CHAPTER, StillBroken, part="MendedBlock").points == 0
    for half in (StillScalesShortcut, StillOneWay):
        assert check(CHAPTER, half, part="MendedBlock").points == 2
    assert check(CHAPTER, ReluWent, part="MendedBlock").points == 3


def test_a_new_mistake_does_not_hide_a_bug_that_is_still_there():
    report = repr(check(CHAPTER, ScaleWentWhileOneWay, part="MendedBlock"))
    assert "the residual is not scaled" in report
    assert "lie the same way" in report


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 103))
@pytest.mark.parametrize(
    ("part", "answer"),
    [
        ("InceptionResidualBlock", KnowsKernels),
        ("InceptionResidualBlock", KnowsScales),
        ("InceptionResidualBlock", KnowsThreeBranches),
        ("make_inception_resnet", KnowsTwoStages),
        ("MendedBlock", KnowsTheScales),
    ],
)
def test_answers_made_for_the_notebook_pass_there_and_not_at_grading(part, answer, seed):
    assert judge(EXERCISE.part(part), answer, seed).passed
    assert not judge(EXERCISE.part(part), answer, seed, at_grading=True).passed


@pytest.mark.slow
def test_network_of_wrong_blocks_is_judged_with_the_course_s_own(monkeypatch):
    class Doubled(OwnBlock):
        def join(self, maps, residual):
            return 2 * maps + residual

    def make_inception_resnet(in_channels, width, plan, num_classes):
        return Net(in_channels, width, plan, num_classes, InceptionResidualBlock)  # noqa: F821 -- as in the notebook

    for block in (Doubled, UpInParts):
        monkeypatch.setitem(globals(), "InceptionResidualBlock", block)
        report = check(CHAPTER, make_inception_resnet)
        assert report.passed
        assert ("course's own" in repr(report)) == (block is Doubled)
