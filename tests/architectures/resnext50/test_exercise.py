"""What is particular to chapter 10's exercise: blocks are judged by what equal weights give, whatever their form."""

import pytest
import torch
from torch import nn

from cnncourse import check
from cnncourse.architectures.resnext50.exercise import aggregated_block, conversion, mended_block
from cnncourse.architectures.resnext50.exercise.aggregated_block import AGGREGATED_BLOCK, FIRST, FORMS
from cnncourse.architectures.resnext50.exercise.conversion import CONVERSION
from cnncourse.architectures.resnext50.exercise.equal_weights import alike, fill
from cnncourse.architectures.resnext50.exercise.mended_block import MENDED_BLOCK
from cnncourse.architectures.resnext50.model import AggregatedBlock
from cnncourse.checking import judge
from cnncourse.checking.judging import draw_inputs

from .answers import (
    Block,
    LazyBlock,
    Masked,
    Mended,
    MendedGrouped,
    MendedWithLoop,
    OneFormForAll,
    RolesSwapped,
    StillBroken,
    StillInEveryPath,
    StillShared,
    WithEinsum,
    backwards,
    joined,
)

CHAPTER = "10-resnext-50"
RIGHT = [(AGGREGATED_BLOCK, answer) for answer in (Block, OneFormForAll, Masked, WithEinsum, LazyBlock)]
RIGHT += [(CONVERSION, answer) for answer in (joined, backwards)]
RIGHT += [(MENDED_BLOCK, answer) for answer in (Mended, MendedGrouped, MendedWithLoop)]


# The last is one for which epsilon once made a right answer fail.
@pytest.mark.parametrize("seed", [100, 101, 102, 22958152052018887])
def test_right_answers_pass_under_every_seed(seed):
    for part, answer in RIGHT:
        assert judge(part, answer, seed, at_grading=True).passed


@pytest.mark.parametrize("form", FORMS)
def test_oracle_of_the_block_with_normalisation_agrees_with_the_course_s_own(form):
    block = mended_block.Block(channels=8, cardinality=3, width=2)
    module = AggregatedBlock(8, 2, cardinality=3, path_width=2, form=form).train()
    maps = (
        draw_inputs(MENDED_BLOCK.checks[-1], 0)["maps"][:, :1].expand(-1, 8, -1, -1)
        * torch.linspace(-1, 1, 8)[:, None, None]
        + 0.1
    )
    for size in (0.9, -0.9):
        fill(module, size)
        torch.testing.assert_close(module(maps), mended_block._output(maps, block, size), rtol=1e-2, atol=1e-2)


def test_oracle_of_the_bare_block_agrees_with_a_right_answer():
    inputs = draw_inputs(AGGREGATED_BLOCK.checks[0], 0)
    maps, size = inputs["maps"], inputs["size"].item()
    for form in FORMS:
        module = Block(*FIRST, form)
        assert sum(each.numel() for each in module.parameters()) == FIRST.weights()
        fill(module, size)
        expected = (maps + aggregated_block._all_paths(maps, FIRST, size)).relu()
        torch.testing.assert_close(module(maps), expected)


def test_every_mistake_shows_in_what_comes_out():
    inputs = draw_inputs(AGGREGATED_BLOCK.checks[0], 0)
    maps, size = inputs["maps"], inputs["size"].item()
    right = (maps + aggregated_block._all_paths(maps, FIRST, size)).relu()
    wrong = aggregated_block._mistakes_above(maps, FIRST, size)
    hidden_by_positive_paths = "there is no ReLU between the convolutions"
    for name, output in wrong.items():
        assert not alike(output, right), name
    assert hidden_by_positive_paths in wrong


def test_every_mistake_in_the_block_to_mend_shows_above_or_below():
    inputs = draw_inputs(MENDED_BLOCK.checks[0], 0)
    maps, size = inputs["maps"], inputs["size"].item()
    for name in mended_block._mistakes(maps, mended_block.FIRST, size):
        shown = [
            not alike(
                mended_block._mistakes(maps, mended_block.FIRST, value)[name],
                mended_block._output(maps, mended_block.FIRST, value),
            )
            for value in (size, -size)
        ]
        assert any(shown), name


def test_mistaken_counts_differ_from_the_right_one_and_from_one_another():
    for block in (FIRST, mended_block.FIRST):
        counts = block.mistaken_counts(block.weights())
        assert block.weights() not in counts.values()
        assert len(set(counts.values())) == len(counts)


@pytest.mark.parametrize("seed", range(30))
def test_drawn_blocks_tell_cardinality_from_width(seed):
    block = aggregated_block._block(draw_inputs(AGGREGATED_BLOCK.checks[-1], seed))
    assert block.cardinality != block.width
    assert (block.channels, block.cardinality, block.width) != tuple(FIRST)
    assert block.cardinality != FIRST.cardinality


def test_joined_weights_give_the_sum_of_the_paths_and_every_mistake_differs():
    inputs = draw_inputs(CONVERSION.checks[0], 0)
    assert conversion._fault_in_output({**conversion._joined(inputs), "unchanged": True}, inputs) is None
    for name in conversion.NAMES:
        assert len(conversion._mistaken_weights(inputs, name)) >= 6


def test_wrong_roles_in_one_form_leave_the_points_of_the_others():
    report = check(CHAPTER, RolesSwapped, part="AggregatedBlock")
    passed = {outcome.check.name for outcome in report.outcomes if outcome.points}
    assert {"form a: paths added up", "form b: paths side by side"} <= passed


def test_an_error_in_one_form_leaves_the_points_of_those_before():
    def without_c(in_channels, cardinality, width, form):
        if form == "c":
            raise NotImplementedError
        return Block(in_channels, cardinality, width, form)

    report = check(CHAPTER, without_c, part="AggregatedBlock")
    assert report.points == 4


def test_unmended_block_earns_nothing_and_half_a_mend_something():
    assert check(CHAPTER, StillBroken, part="MendedBlock").points == 0
    for half in (StillShared, StillInEveryPath):
        assert 0 < check(CHAPTER, half, part="MendedBlock").points < MENDED_BLOCK.public_points


def test_an_identity_is_no_block():
    report = check(CHAPTER, lambda *_arguments: nn.Identity(), part="AggregatedBlock")
    assert report.points == 0
