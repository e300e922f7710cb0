"""What is particular to chapter 9's exercise: judged by what comes out, and by oracles that our own block meets."""

import pytest
import torch
from torch import nn

from cnncourse import check
from cnncourse.architectures.inception_resnet_v2.exercise import equal_numbers, mended_block, network, residual_block
from cnncourse.architectures.inception_resnet_v2.exercise.equal_numbers import Block, fill
from cnncourse.architectures.inception_resnet_v2.exercise.mended_block import MENDED_BLOCK
from cnncourse.architectures.inception_resnet_v2.exercise.network import NETWORK
from cnncourse.architectures.inception_resnet_v2.exercise.residual_block import CASES, RESIDUAL_BLOCK
from cnncourse.architectures.inception_resnet_v2.model import RELEASED, ResidualInceptionBlock
from cnncourse.checking import Fault, judge
from cnncourse.checking.judging import draw_inputs

from .answers import (
    RIGHT,
    KnowsKernels,
    KnowsScales,
    KnowsTheScale,
    KnowsThreeBranches,
    KnowsTwoStages,
    Mended,
    NoPadding,
    ReluWent,
    ScaleWentWhileOneWay,
    StillBroken,
    StillOneWay,
    StillScalesShortcut,
)

CHAPTER = "09-inception-resnet-v2"
# The stream is never below zero before its end, and the only block without a ReLU is the last.
HARMLESS_IN_A_NETWORK = {
    f"in your block: {equal_numbers.RELU}",
    f"in your block: {equal_numbers.SHORTCUT_RECTIFIED}",
}
PARTS = {part.name: part for part in (RESIDUAL_BLOCK, NETWORK, MENDED_BLOCK)}


def own_block(channels, branches, scale, activation=True):
    return ResidualInceptionBlock(channels, branches, scale=scale, activation=activation)


def hidden_inputs(part, seed):
    return draw_inputs(next(check for check in part.checks if not check.public), seed)


@pytest.mark.parametrize("seed", range(100, 106))
def test_right_answers_pass_under_every_seed(seed):
    for part, answer in RIGHT:
        assert judge(PARTS[part], answer, seed, at_grading=True).passed


def test_the_course_s_own_block_is_a_right_answer():
    assert judge(RESIDUAL_BLOCK, own_block, 1, at_grading=True).passed


# The numbers of the released network's three kinds of block, counted by Keras.
@pytest.mark.parametrize(
    ("channels", "branches", "numbers"),
    [(320, RELEASED.block_35, 123_168), (1088, RELEASED.block_17, 1_126_784), (2080, RELEASED.block_8, 2_035_424)],
)
def test_oracle_counts_what_the_released_blocks_have(channels, branches, numbers):
    assert Block(channels, branches, 0.1).numbers == numbers


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("size", [1.2, -1.2, 0.25])
@pytest.mark.parametrize("block", CASES, ids=lambda block: block.name)
def test_oracle_gives_what_the_course_s_own_block_gives(block, size, training):
    module = own_block(*block.arguments).train(training)
    fill(module, size)
    maps = residual_block._maps(block, hidden_inputs(RESIDUAL_BLOCK, 3))
    # The course's own batch normalisation has the authors' epsilon, a hundred times torch's.
    assert equal_numbers.close(module(maps), equal_numbers.output(maps, block, size, training=training))


@pytest.mark.parametrize("block", CASES, ids=lambda block: block.name)
def test_no_mistake_in_counting_gives_the_right_count(block):
    for name, count in equal_numbers.mistaken_counts(block).items():
        if not (name.startswith("n×n") and block is residual_block.BLOCK_35):  # it has square kernels only
            assert isinstance(equal_numbers.fault_in_numbers(count, block, "a block"), Fault), name


@pytest.mark.parametrize("seed", range(20))
def test_no_mistake_in_a_block_looks_like_a_right_one(seed):
    inputs = hidden_inputs(RESIDUAL_BLOCK, seed)
    size = inputs["size"].item()
    for block in residual_block._drawn(inputs):
        maps = residual_block._maps(block, inputs)
        right = [equal_numbers.output(maps, block, each) for each in (size, -size)]
        for name, rule in equal_numbers.MISTAKES.items():
            wrong = [equal_numbers.output(maps, block, each, rule) for each in (size, -size)]
            same = all(equal_numbers.close(*pair) for pair in zip(wrong, right, strict=True))
            harmless = {
                equal_numbers.NO_RELU: not block.activation,
                equal_numbers.RELU: block.activation,
                # Only some of the kernels that are drawn are pairs, one behind the other.
                equal_numbers.ONE_WAY: True,
            }.get(name, False)
            assert harmless or not same, name


@pytest.mark.parametrize("seed", range(10))
def test_no_mistake_in_a_network_looks_like_a_right_one(seed):
    inputs = hidden_inputs(NETWORK, seed)
    size = inputs["size"].item()
    for name, plan in network.PLANS.items():
        alike = []
        for each, factor in network.RUNS:
            images = network._images(each, inputs)
            scores = [network._expected(each, images, factor * size, which) for which in (None, plan)]
            alike.append(equal_numbers.close(scores[1], scores[0], network.TOLERANCE))
        assert not all(alike) or name in HARMLESS_IN_A_NETWORK, name


@pytest.mark.parametrize("seed", range(20))
def test_bugs_of_the_block_to_be_mended_are_told_apart(seed):
    inputs = hidden_inputs(MENDED_BLOCK, seed)
    block = mended_block._drawn(inputs)
    maps = mended_block._maps(block, inputs)
    for names in (("", ""), (equal_numbers.SHORTCUT_SCALED, ""), ("", equal_numbers.ONE_WAY)):
        joined, kernels = names
        rule = equal_numbers.Rule(join=mended_block.RULES[joined].join, kernels=mended_block.KERNELS[kernels])
        assert mended_block._found(mended_block._outputs(maps, block, inputs, rule), maps, block, inputs) == names


def test_each_bug_of_the_block_has_points_of_its_own():
    assert check(CHAPTER, StillBroken, part="MendedBlock").points == 0
    for half in (StillScalesShortcut, StillOneWay, ReluWent):
        assert check(CHAPTER, half, part="MendedBlock").points == 2
    assert check(CHAPTER, Mended, part="MendedBlock").points == MENDED_BLOCK.public_points


def test_a_new_mistake_does_not_hide_a_bug_that_is_still_there():
    report = repr(check(CHAPTER, ScaleWentWhileOneWay, part="MendedBlock"))
    assert equal_numbers.UNSCALED in report
    assert equal_numbers.ONE_WAY in report


def test_maps_that_cannot_be_stacked_are_told_in_plain_words():
    assert "half of its kernel's rows and columns" in repr(check(CHAPTER, NoPadding, part="InceptionResidualBlock"))


@pytest.mark.parametrize("seed", range(100, 120))
def test_answers_made_for_the_notebook_never_slip_through_at_grading(seed):
    for part, answer in (
        (RESIDUAL_BLOCK, KnowsKernels),
        (RESIDUAL_BLOCK, KnowsScales),
        (RESIDUAL_BLOCK, KnowsThreeBranches),
        (NETWORK, KnowsTwoStages),
        (MENDED_BLOCK, KnowsTheScale),
    ):
        assert not judge(part, answer, seed, at_grading=True).passed


def test_judging_leaves_the_answer_s_class_alone():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        before = Mended(3, 2, 0.1).up.weight
        check(CHAPTER, Mended, part="MendedBlock")
        torch.manual_seed(0)
        assert torch.equal(Mended(3, 2, 0.1).up.weight, before)
    assert isinstance(Mended(3, 2, 0.1).up, nn.Conv2d)
