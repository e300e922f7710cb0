"""Chapter 10's experiment differs in cardinality and width alone, and its templates cost what the paper says."""

from dataclasses import replace

import pytest
import torch

from cnncourse import measure
from cnncourse.architectures.resnext50 import experiment, templates
from cnncourse.architectures.resnext50.experiment import BLOCKS, FOUR_PATHS, ONE_PATH, TwoBlocks
from cnncourse.architectures.resnext50.model import AggregatedBlock
from cnncourse.architectures.resnext50.templates import CHANNELS, SIDE, TEMPLATES, in_three_forms, largest_difference
from cnncourse.training import seeded


def test_both_arms_have_as_many_weights_within_a_per_cent():
    one, four = (
        sum(
            each.numel()
            for name, each in TwoBlocks(*BLOCKS[arm]).named_parameters()
            if "transformation.conv" in name and each.dim() == 4
        )
        for arm in (ONE_PATH, FOUR_PATHS)
    )
    assert abs(one - four) / one < 0.01


def test_both_arms_begin_with_the_same_weights_outside_of_the_blocks():
    networks = []
    for arm in (ONE_PATH, FOUR_PATHS):
        with seeded(3):
            networks.append(TwoBlocks(*BLOCKS[arm]))
    for layer in ("stem", "output"):
        for one, four in zip(*(getattr(network, layer).parameters() for network in networks), strict=True):
            assert torch.equal(one, four)


def test_a_run_is_the_same_again_and_leaves_the_session_s_random_numbers_alone():
    few = replace(experiment.RECIPE, steps=10)
    before = torch.random.get_rng_state()
    first, second = (experiment.run_two_blocks(FOUR_PATHS, 5, recipe=few) for _ in range(2))
    assert first == second
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_formula_counts_the_block_s_convolutions(template):
    with torch.device("meta"):
        block = AggregatedBlock(CHANNELS, CHANNELS // 4, cardinality=template.cardinality, path_width=template.width)
    assert sum(each.numel() for each in block.parameters() if each.dim() == 4) == template.weights
    assert measure.multiply_adds(block, (CHANNELS, SIDE, SIDE)) == template.multiply_adds


def test_templates_cost_the_same_within_three_per_cent():
    weights = [template.weights for template in TEMPLATES]
    assert weights == [69_632, 69_760, 69_888, 71_456, 70_144]
    assert max(weights) / min(weights) < 1.03


def test_table_has_the_paper_s_networks():
    rows = templates.template_table().rows
    assert [row[0] for row in rows] == ["1×64d", "2×40d", "4×24d", "8×14d", "32×4d"]
    assert (rows[0][3], rows[-1][3]) == ("25,557,032", "25,028,904")
    assert [row[-1] for row in rows] == ["23.9", "23.0", "22.6", "22.3", "22.2"]


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_three_forms_have_equal_outputs_and_gradients(dtype, bound):
    seen = in_three_forms(dtype=dtype)
    for form in "bc":
        for expected, got in zip(seen["a"], seen[form], strict=True):
            assert got.dtype is dtype
            assert largest_difference(expected, got) < bound


def test_block_for_timing_has_the_form_that_is_asked_for():
    template = templates.Template(8, 4)
    assert len(templates.same_function(template, "a").transformation.paths) == 8
    assert templates.same_function(template, "c").transformation.conv2.groups == 8
