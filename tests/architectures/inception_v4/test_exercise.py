"""What is particular to chapter 8's exercise: all is read from what comes out when all trainable numbers are equal."""

import pytest
import torch

from cnncourse import check
from cnncourse.architectures.inception_v3.model import ReductionA
from cnncourse.architectures.inception_v4.exercise import equal_weights, mended_reduction, reduction, trunk
from cnncourse.architectures.inception_v4.exercise.mended_reduction import MENDED_REDUCTION
from cnncourse.architectures.inception_v4.exercise.reduction import CASES, FIRST, REDUCTION, SECOND, Filters
from cnncourse.architectures.inception_v4.exercise.trunk import MISTAKES, ONE, SEVERAL, STAGES, TABLES, TRUNK
from cnncourse.architectures.inception_v4.model import REDUCTION_A_FILTERS, InceptionA
from cnncourse.checking import judge
from cnncourse.checking.judging import draw_inputs

from .answers import (
    Functional,
    Mended,
    MendedFunctional,
    PooledByHand,
    Reduction,
    ReluAtTheEnd,
    ReluOnAll,
    StillBroken,
    StillPoolsFirst,
    StillWideTwice,
    TrunkOfLists,
    right_trunk,
)

CHAPTER = "08-inception-v4"
RIGHT = [(REDUCTION, answer) for answer in (Reduction, Functional, PooledByHand)]
RIGHT += [(TRUNK, answer) for answer in (right_trunk, TrunkOfLists)]
RIGHT += [(MENDED_REDUCTION, answer) for answer in (Mended, MendedFunctional)]


@pytest.mark.parametrize("seed", range(100, 106))
def test_right_answers_pass_under_every_seed(seed):
    for part, answer in RIGHT:
        assert judge(part, answer, seed, at_grading=True).passed


@pytest.mark.parametrize("seed", range(100, 110))
@pytest.mark.parametrize(("part", "answer"), [(REDUCTION, ReluOnAll), (MENDED_REDUCTION, ReluAtTheEnd)])
def test_relu_on_the_pooled_maps_shows_whatever_is_drawn(part, answer, seed):
    assert [outcome for outcome in judge(part, answer, seed, at_grading=True).outcomes if outcome.fault]
    hidden = judge(part, answer, seed, at_grading=True).outcomes[-1]
    assert hidden.fault is not None


def filled(module, size):
    """Give every trainable number of a module the same value, and put it into training mode."""
    with torch.no_grad():
        for number in module.parameters():
            number.fill_(size)
    return module.train()


@pytest.mark.parametrize("filters", CASES)
def test_oracle_of_the_reduction_agrees_with_the_course_s_own(filters):
    inputs = draw_inputs(REDUCTION.checks[0], 0)
    maps, size = inputs["maps"][:, : filters.in_channels], inputs["size"].item()
    module = filled(ReductionA(filters.in_channels, filters=filters[1:]), size)
    assert sum(each.numel() for each in module.parameters()) == filters.numbers
    output = module(maps)
    assert tuple(output.shape[1:]) == filters.shape_for(*maps.shape[2:])
    torch.testing.assert_close(output, reduction.reduced(maps, filters, size), rtol=1e-2, atol=1e-2)


def test_published_reduction_has_the_numbers_of_the_oracle():
    with torch.device("meta"):
        module = ReductionA(384, filters=REDUCTION_A_FILTERS)
    filters = Filters(384, *REDUCTION_A_FILTERS)
    assert sum(each.numel() for each in module.parameters()) == filters.numbers
    assert filters.shape_for(35, 35) == (1024, 17, 17)


def test_oracle_of_the_module_agrees_with_inception_a():
    maps, size = draw_inputs(TRUNK.checks[0], 0)["maps"], 1.0
    module = InceptionA(maps.shape[1], width=1 / 16)
    expected = trunk.module_maps(maps, 4, 6, size)
    assert sum(each.numel() for each in module.parameters()) == trunk.numbers_of((("inception", 1, 4, 6),), 3)
    torch.testing.assert_close(filled(module, size)(maps), expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("filters", [FIRST, SECOND])
def test_every_mistake_in_a_branch_shows(filters):
    inputs = draw_inputs(REDUCTION.checks[0], 0)
    maps, size = inputs["maps"][:, : filters.in_channels], inputs["size"].item()
    right = reduction.branches(maps, filters, size)
    for branch, mistakes in reduction._mistakes(maps, filters, size).items():
        for name, wrong in mistakes.items():
            assert not equal_weights.alike(wrong, right[branch]), name


def test_every_mistake_in_a_module_shows():
    inputs = draw_inputs(TRUNK.checks[0], 0)
    maps, size = inputs["maps"], inputs["size"].item()
    for mistake in MISTAKES:
        wrong = [trunk.trunk_maps(maps, table, size, mistake) for table in (ONE, SEVERAL)]
        right = [trunk.trunk_maps(maps, table, size) for table in (ONE, SEVERAL)]
        assert not all(map(equal_weights.alike, wrong, right)), mistake


def test_every_mistake_in_the_mended_reduction_shows():
    inputs = draw_inputs(MENDED_REDUCTION.checks[0], 0)
    arguments = inputs["maps"], mended_reduction.FIRST, inputs["size"].item()
    for right, mistakes in (
        (mended_reduction.short_branch(*arguments), mended_reduction._short_mistakes(*arguments)),
        (mended_reduction.long_branch(*arguments), mended_reduction._long_mistakes(*arguments)),
    ):
        for name, wrong in mistakes.items():
            assert not equal_weights.alike(wrong, right), name


@pytest.mark.parametrize("filters", CASES)
def test_mistakes_in_the_reduction_have_counts_of_their_own(filters):
    counts = [*reduction.mistaken_counts(filters).values(), filters.numbers]
    assert len(counts) == len(set(counts))


def test_no_mistake_in_a_trunk_has_the_right_count():
    for table in TABLES[:2]:
        counts = trunk._mistaken_counts(table, trunk.CHANNELS)
        one_a_row = {name for name in counts if table is ONE and "row" in name}
        assert trunk.numbers_of(table, trunk.CHANNELS) not in {counts[name] for name in counts if name not in one_a_row}


@pytest.mark.parametrize("seed", range(20))
def test_drawn_grids_can_be_halved_and_drawn_widths_differ(seed):
    for part, name in ((REDUCTION, "filters"), (MENDED_REDUCTION, "widths")):
        inputs = draw_inputs(part.checks[-1], seed)
        assert all(side % 2 for side in inputs["maps"].shape[2:])
        assert len(set(inputs[name].tolist())) == len(inputs[name])
    inputs = draw_inputs(TRUNK.checks[-1], seed)
    for side in inputs["maps"].shape[2:]:
        assert side % 4 == 3


def test_a_missing_reduction_leaves_what_came_before_it():
    def without_reductions(in_channels, table):
        if any(kind == "reduction" for kind, *_ in table):
            raise NotImplementedError
        return right_trunk(in_channels, table)

    report = check(CHAPTER, without_reductions, part="make_trunk")
    passed = {outcome.check.name for outcome in report.outcomes if outcome.points}
    assert passed == {"one module", "modules in a row"}


def test_unmended_reduction_earns_nothing_and_half_a_mend_something():
    assert check(CHAPTER, StillBroken, part="MendedReduction").points == 0
    for half in (StillPoolsFirst, StillWideTwice):
        assert 0 < check(CHAPTER, half, part="MendedReduction").points < MENDED_REDUCTION.public_points


def test_stages_of_the_table_end_as_the_oracle_says():
    maps = draw_inputs(TRUNK.checks[0], 0)["maps"]
    assert tuple(right_trunk(3, [list(row) for row in STAGES])(maps).shape[1:]) == trunk.shape_of(
        STAGES, 3, *maps.shape[2:]
    )
