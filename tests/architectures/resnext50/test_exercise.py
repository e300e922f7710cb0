"""What is particular to chapter 10's exercise."""

import pytest
from torch import nn

from cnncourse import check
from cnncourse.architectures.resnext50.exercise import EXERCISE
from cnncourse.architectures.resnext50.exercise.aggregated_block_mistakes import RolesSwapped
from cnncourse.architectures.resnext50.exercise.mended_block import (
    MENDED_BLOCK,
    MendedWithLargerEpsilon,
    StillBroken,
    StillInEveryPath,
    StillShared,
)
from cnncourse.architectures.resnext50.model import AggregatedBlock
from cnncourse.checking import judge

from .answers import Block, KnowsThreeCardinalities, KnowsThreePaths, knows_three_paths

CHAPTER = "10-resnext-50"


@pytest.mark.parametrize("form", ["a", "b", "c"])
def test_course_s_own_block_is_mended_in_every_form(form):
    def own(channels, cardinality, width):
        if channels % 4:  # the course's own block has four times a number of channels
            return MendedWithLargerEpsilon(channels, cardinality, width)
        block = AggregatedBlock(channels, channels // 4, cardinality=cardinality, path_width=width, form=form)
        for layer in block.modules():
            layer.eps = 1e-3
        return block

    assert check(CHAPTER, own, part="MendedBlock").passed


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 103))
@pytest.mark.parametrize(
    ("part", "answer"),
    [
        ("AggregatedBlock", KnowsThreeCardinalities),
        ("convert", knows_three_paths),
        ("MendedBlock", KnowsThreePaths),
    ],
)
def test_answers_made_for_the_notebook_pass_there_and_not_at_grading(part, answer, seed):
    assert judge(EXERCISE.part(part), answer, seed).passed
    assert not judge(EXERCISE.part(part), answer, seed, at_grading=True).passed


def test_wrong_roles_in_one_form_leave_the_points_of_the_others():
    report = check(CHAPTER, RolesSwapped, part="AggregatedBlock")
    passed = {outcome.check.name for outcome in report.outcomes if outcome.points}
    assert {"form a: paths added up", "form b: paths side by side"} <= passed


def test_an_error_in_one_form_leaves_the_points_of_those_before():
    def without_c(in_channels, cardinality, width, form):
        if form == "c":
            raise ValueError("no form c yet")
        return Block(in_channels, cardinality, width, form)

    assert check(CHAPTER, without_c, part="AggregatedBlock").points == 4


@pytest.mark.slow
def test_unmended_block_earns_nothing_and_half_a_mend_something():
    assert check(CHAPTER, StillBroken, part="MendedBlock").points == 0
    for half in (StillShared, StillInEveryPath):
        assert 0 < check(CHAPTER, half, part="MendedBlock").points < MENDED_BLOCK.public_points


def test_an_identity_is_no_block():
    assert check(CHAPTER, lambda *_arguments: nn.Identity(), part="AggregatedBlock").points == 0
