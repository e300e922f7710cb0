"""What is particular to chapter 7's exercise: all is read from what comes out, by oracles that torch's layers meet."""

import pytest
import torch

from cnncourse import check
from cnncourse.architectures.xception.exercise import equal_weights, separable_convolution
from cnncourse.architectures.xception.exercise.equal_weights import MISTAKES, Row, draw_maps, expected_maps, fill
from cnncourse.architectures.xception.exercise.mended_module import MENDED_MODULE
from cnncourse.architectures.xception.exercise.separable_convolution import (
    BIASED,
    PLAIN,
    SEPARABLE_CONVOLUTION,
    SEVERAL,
    STRIDED,
)
from cnncourse.architectures.xception.exercise.xception_module import ENTRY, EXIT, MIDDLE, ROWS, SINGLE, XCEPTION_MODULE
from cnncourse.architectures.xception.model import XceptionModule
from cnncourse.checking import judge
from cnncourse.checking.judging import draw_inputs

from .answers import (
    AsOneKernel,
    ColumnAndRow,
    FirstReluRemoved,
    InPlace,
    Mended,
    Module,
    OfKernels,
    OneKernel,
    PointwiseFirst,
    PointwiseInGroups,
    ReluAfterAddition,
    ReluBetween,
    ReluWithin,
    Separable,
    ShortcutOfRelu,
    StillBroken,
    StillInPlace,
    StillPointwiseFirst,
    WithClone,
    WithUnfold,
)

CHAPTER = "07-xception"
RIGHT = [(SEPARABLE_CONVOLUTION, answer) for answer in (Separable, WithUnfold, AsOneKernel)]
RIGHT += [(XCEPTION_MODULE, answer) for answer in (Module, OfKernels)]
RIGHT += [(MENDED_MODULE, answer) for answer in (Mended, WithClone)]


@pytest.mark.parametrize("seed", range(100, 110))
def test_right_answers_pass_under_every_seed(seed):
    for part, answer in RIGHT:
        assert judge(part, answer, seed, at_grading=True).passed


@pytest.mark.parametrize("seed", range(100, 106))
@pytest.mark.parametrize(
    ("part", "answer"),
    [(SEPARABLE_CONVOLUTION, ReluBetween), (XCEPTION_MODULE, ReluWithin), (MENDED_MODULE, FirstReluRemoved)],
)
def test_relu_too_many_or_too_few_shows_whatever_is_drawn(part, answer, seed):
    assert not judge(part, answer, seed).passed


@pytest.mark.parametrize("setting", [PLAIN, STRIDED, SEVERAL, BIASED])
def test_counts_and_shapes_of_the_separable_convolution_are_those_of_torch_s_layers(setting):
    layer = Separable(*setting)
    assert sum(each.numel() for each in layer.parameters()) == setting.numbers
    maps = torch.zeros(2, setting.in_channels, separable_convolution.HEIGHT, separable_convolution.WIDTH)
    assert tuple(layer(maps).shape) == setting.shape_for(2)


def test_no_mistake_in_the_first_case_gives_the_count_of_another_or_the_right_one():
    # The last says that a bias is all that can be trained, and here there is none.
    same_here = ("a bias in the depthwise step only", "bias is ignored", "multiplier is ignored")
    counts = {
        name: count
        for name, count in separable_convolution._mistaken_counts(PLAIN).items()
        if not name.startswith(same_here)
    }
    assert PLAIN.numbers not in counts.values()
    alike = {count for count in counts.values() if list(counts.values()).count(count) > 1}
    assert not alike


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("size", [1.3, -1.3])
def test_oracle_of_equal_weights_agrees_with_the_course_s_own_module(row, size):
    maps = draw_maps(torch.Generator().manual_seed(0))["maps"][:, : row.in_channels]
    module = XceptionModule(
        row.in_channels, row.filters, leading_relu=row.leading_relu, downsample=row.downsample
    ).train()
    assert sum(each.numel() for each in module.parameters()) == row.numbers
    fill(module, size)
    output = module(maps)
    assert tuple(output.shape) == row.shape_for(len(maps))
    torch.testing.assert_close(output, expected_maps(maps, row, size), rtol=1e-2, atol=1e-2)


def test_every_mistake_shows_in_one_of_the_rows():
    drawn = draw_maps(torch.Generator().manual_seed(0))
    shown = set()
    for row, size in ((MIDDLE, 1.3), (ENTRY, 1.3), (EXIT, 1.3), (SINGLE, -1.3)):
        maps = drawn["maps"][:, : row.in_channels]
        right = expected_maps(maps, row, size)
        shown |= {
            mistake for mistake in MISTAKES if not equal_weights._alike(expected_maps(maps, row, size, mistake), right)
        }
    assert shown == set(MISTAKES)


def test_mistakes_in_a_module_that_changes_its_width_have_counts_of_their_own():
    counts = [*equal_weights.mistaken_counts(ENTRY).values(), ENTRY.numbers]
    assert len(counts) == len(set(counts))


def test_drawn_middle_modules_can_have_a_plain_shortcut():
    hidden = next(each for each in XCEPTION_MODULE.checks if not each.public)
    seen = set()
    for seed in range(20):
        in_channels, *filters, _, downsample = draw_inputs(hidden, seed)["row"].tolist()
        assert downsample or filters[-1] == in_channels
        seen.add(downsample)
    assert seen == {0, 1}


def test_missing_connections_are_drawn():
    report = check(CHAPTER, PointwiseInGroups, part="SeparableConv2d")
    assert any("missing" in outcome.fault.picture for outcome in report.outcomes if outcome.fault)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (PointwiseFirst, "each output map has a kernel, not each channel"),
        (OneKernel, "all channels leave the same mark"),
        (ColumnAndRow, "each kernel is a column times a row"),
    ],
)
def test_what_counts_tell_shows_in_the_kernels_too(answer, said):
    assert said in repr(check(CHAPTER, answer, part="SeparableConv2d"))


@pytest.mark.parametrize("answer", [ReluAfterAddition, ShortcutOfRelu])
def test_numbers_below_zero_that_do_not_pass_the_shortcut_are_missed(answer):
    assert "numbers below zero are lost" in repr(check(CHAPTER, answer, part="XceptionModule"))


def test_relu_in_place_spoils_the_shortcut_and_not_all_else():
    report = check(CHAPTER, InPlace, part="XceptionModule")
    passed = {outcome.check.name for outcome in report.outcomes if outcome.points}
    assert {"shapes", "trainable numbers"} <= passed
    assert "the first ReLU works in place" in repr(report)


def test_unmended_module_earns_nothing_and_half_a_mend_something():
    assert check(CHAPTER, StillBroken, part="MendedModule").points == 0
    for half in (StillInPlace, StillPointwiseFirst):
        assert 0 < check(CHAPTER, half, part="MendedModule").points < MENDED_MODULE.public_points


def test_row_says_its_arguments_as_learners_write_them():
    assert Row(3, (5, 6), leading_relu=False, downsample=True).name == (
        "3 maps, filters [5, 6], leading_relu=False, downsample=True"
    )
    assert SEVERAL.name == "SeparableConv2d(2, 5, multiplier=3)"
