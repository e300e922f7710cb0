"""Chapter 8's explorer says truly what a reduction makes of its maps and what it costs."""

from dataclasses import replace

import pytest
import torch

from cnncourse import measure
from cnncourse.architectures.inception_v3.model import ReductionA
from cnncourse.architectures.inception_v3.reductions import pool_first, pool_last
from cnncourse.architectures.inception_v4.explorer import PUBLISHED, Halved, ReductionExplorer
from cnncourse.architectures.inception_v4.model import REDUCTION_A_FILTERS


@pytest.mark.parametrize("side", [7, 17, 34, 35])
@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_and_costs_are_those_of_the_course_s_reduction(side, name):
    in_channels, *filters = PUBLISHED[name]
    state = Halved(side, in_channels, *filters)
    with torch.device("meta"):
        module = ReductionA(in_channels, filters=tuple(filters))
        output = module(torch.zeros(1, in_channels, side, side))
    assert tuple(output.shape[1:]) == (state.out_channels, state.reduced_side, state.reduced_side)
    assert measure.multiply_adds(module, (in_channels, side, side)) == state.multiply_adds
    assert sum(each.numel() for each in module.parameters() if each.dim() == 4) == state.weights


def test_other_layouts_cost_what_chapter_5_s_do():
    state = Halved(35, 64, 8, 8, 32, 32)
    with torch.device("meta"):
        layouts = pool_first(64), pool_last(64)
    costs = [measure.multiply_adds(layout, (64, 35, 35)) for layout in layouts]
    assert costs == [state.pool_first, state.pool_last]


def test_first_state_is_that_of_inception_v4():
    first = Halved()
    assert (first.in_channels, first.k, first.l, first.m, first.n) == PUBLISHED["Inception-v4"]
    assert PUBLISHED["Inception-v4"][1:] == REDUCTION_A_FILTERS


@pytest.mark.parametrize(
    ("side", "padded", "size", "said"),
    [
        (35, False, 17, ""),
        (34, False, 16, "34 is even"),
        (36, False, 17, "36 is even"),
        (35, True, 18, "with zeros 35"),
    ],
)
def test_grids_that_do_not_fit_are_warned_of(side, padded, size, said):
    state = Halved(side=side, padded=padded)
    assert state.reduced_side == size
    assert state.warning.startswith(said)
    assert bool(state.warning) == bool(said)
    assert state.warning in state.svg


def test_shares_in_the_stack_are_those_of_the_branches():
    assert "384 pooled (38%)" in Halved().in_words
    assert Halved().svg.count("38%</text>") == 2


def test_controls_change_one_and_the_same_picture():
    picture, network, (side, padded), (k, l), (m, n) = (  # noqa: E741
        each if not getattr(each, "children", ()) else each.children for each in ReductionExplorer().widget().children
    )
    seen = {picture.value}
    for control, value in ((side, 34), (padded, True), (k, 64), (l, 64), (m, 64), (n, 64)):
        control.value = value
        seen.add(picture.value)
    assert len(seen) == 7
    assert replace(Halved(), side=34, padded=True, k=64, l=64, m=64, n=64).svg == picture.value
    network.value = "Inception-ResNet-v2"
    assert (k.value, l.value, m.value, n.value) == PUBLISHED["Inception-ResNet-v2"][1:]


def test_without_a_kernel_there_is_a_still_picture_with_words():
    bundle = ReductionExplorer()._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "384 maps of 35×35 become 1024 of 17×17" in bundle["text/plain"]
