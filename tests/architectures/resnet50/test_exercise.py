"""What is particular to chapter 6's exercise: judged by what comes out, and by oracles that our blocks meet."""

import pytest
import torch
from torch import nn

from cnncourse import check
from cnncourse.architectures.resnet50.exercise import bottleneck, network, residual_block
from cnncourse.architectures.resnet50.exercise.bottleneck import BOTTLENECK
from cnncourse.architectures.resnet50.exercise.network import COUNTED, NETWORK, RUN
from cnncourse.architectures.resnet50.exercise.residual_block import CASES, RESIDUAL_BLOCK
from cnncourse.architectures.resnet50.model import BasicBlock, Bottleneck, ResNet
from cnncourse.checking import Fault, judge
from cnncourse.checking.judging import draw_inputs

from .answers import (
    Averaged,
    Block,
    HeadAsConvolution,
    InSequence,
    KnowsStrideTwo,
    Mended,
    Net,
    OneByOneAsProduct,
    OnlyAdds,
    StillBroken,
    StillOnlyAdds,
    StillShared,
    StrideInBoth,
    WithCat,
    WithFrozenKernel,
    WithUnfold,
    by_function,
)

CHAPTER = "06-resnet-50"
RIGHT = [(RESIDUAL_BLOCK, answer) for answer in (Block, WithCat, WithFrozenKernel, WithUnfold)]
RIGHT += [(NETWORK, answer) for answer in (Net, by_function, HeadAsConvolution)]
RIGHT += [(BOTTLENECK, answer) for answer in (Mended, InSequence, OneByOneAsProduct)]


def hidden_inputs(part, seed):
    return draw_inputs(next(check for check in part.checks if not check.public), seed)


@pytest.mark.parametrize("seed", range(100, 106))
def test_right_answers_pass_under_every_seed(seed):
    for part, answer in RIGHT:
        assert judge(part, answer, seed, at_grading=True).passed


@pytest.mark.parametrize("part", [RESIDUAL_BLOCK, BOTTLENECK], ids=lambda part: part.name)
def test_the_course_s_own_blocks_are_right_answers(part):
    own = {"BasicBlock": BasicBlock, "MendedBottleneck": Bottleneck}[part.name]
    assert judge(part, own, 1, at_grading=True).passed


@pytest.mark.parametrize("block", CASES, ids=lambda block: block.name)
def test_block_s_oracle_counts_what_the_course_s_own_block_has(block):
    own = BasicBlock(block.in_channels, block.out_channels, block.stride, block.option)
    assert sum(each.numel() for each in own.parameters()) == block.numbers


def test_network_s_oracle_counts_what_the_paper_s_network_has():
    own = ResNet.small(10, 3, depth=20)
    assert sum(each.numel() for each in own.parameters()) == network.PAPERS.numbers == 269_722


def test_networks_that_are_run_can_be_filled_by_size_alone():
    assert all(each.can_be_told_apart for each in RUN)


@pytest.mark.parametrize("case", COUNTED, ids=lambda case: case.name)
def test_no_mistake_in_counting_gives_the_right_count(case):
    mistakes = network._mistaken_count(case)
    # Of networks with one block a stage some mistakes are none.
    possible = {name: number for name, number in mistakes.items() if number != case.numbers}
    assert len(possible) >= 10
    for number in possible.values():
        assert isinstance(network._fault_in_numbers(number, case), Fault)


@pytest.mark.parametrize("seed", range(20))
def test_no_mistake_in_a_block_looks_like_a_right_one(seed):
    inputs = hidden_inputs(RESIDUAL_BLOCK, seed)
    for block in residual_block._drawn(inputs):
        maps = residual_block._maps(block, inputs)
        right = residual_block._output(block, maps, 1)
        for name, rule in residual_block.MISTAKES.items():
            assert not residual_block.close(rule(block, maps, 1), right), name


@pytest.mark.parametrize("seed", range(20))
def test_no_mistake_in_a_bottleneck_looks_like_a_right_one(seed):
    inputs = hidden_inputs(BOTTLENECK, seed)
    block = bottleneck._drawn(inputs)
    maps = bottleneck._maps(block, inputs)
    right = bottleneck._outputs(block, maps, bottleneck.RIGHT)
    for name, rule in bottleneck.MISTAKES.items():
        assert not bottleneck.close(bottleneck._outputs(block, maps, rule)[0], right[0]), name
    shared = bottleneck._outputs(block, maps, bottleneck._Rule(shared=(0, 1)))
    assert bottleneck.close(shared[0], right[0])
    assert not bottleneck.close(shared[1], right[1])


@pytest.mark.parametrize("seed", range(10))
def test_no_mistake_in_a_network_looks_like_a_right_one(seed):
    inputs = hidden_inputs(NETWORK, seed)
    case, images = network._drawn(inputs), network._images(inputs, 1)
    bias = -inputs["bias"].item()
    right = network._expected(case, images, 1.0, bias)
    for name, rule in network.MISTAKES.items():
        if name != "every block of a later stage halves the maps; only its first does" or max(case.blocks[1:]) > 1:
            assert not network.close(network._expected(case, images, 1.0, bias, rule), right), name


def test_each_bug_of_the_bottleneck_has_points_of_its_own():
    assert check(CHAPTER, StillBroken, part="MendedBottleneck").points == 0
    for half in (StillOnlyAdds, StillShared):
        assert check(CHAPTER, half, part="MendedBottleneck").points == 2


def test_shapes_that_do_not_fit_are_told_in_plain_words():
    assert "two tensors of different shapes" in repr(check(CHAPTER, StrideInBoth, part="BasicBlock"))


def test_wrong_maps_are_drawn():
    report = check(CHAPTER, Averaged, part="BasicBlock")
    pictures = [outcome.fault.picture for outcome in report.outcomes if outcome.fault and outcome.fault.picture]
    assert pictures
    assert all("numbers differ" in picture for picture in pictures)


def test_a_block_that_only_adds_is_named_in_the_network_too():
    class OfThem(Net):
        block = OnlyAdds

    assert "your block can only add" in repr(check(CHAPTER, OfThem, part="make_resnet"))


@pytest.mark.parametrize("seed", range(100, 120))
def test_stride_that_is_taken_for_two_never_slips_through_at_grading(seed):
    assert not judge(RESIDUAL_BLOCK, KnowsStrideTwo, seed, at_grading=True).passed


def test_judging_leaves_the_answer_s_class_alone():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        before = Block(2, 2).conv1.weight
        check(CHAPTER, Block, part="BasicBlock")
        torch.manual_seed(0)
        assert torch.equal(Block(2, 2).conv1.weight, before)
    assert isinstance(Block(2, 2).bn1, nn.BatchNorm2d)
