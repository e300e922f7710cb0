"""The module and its controls take the same work in the same depth, on the same digits in three sizes."""

from dataclasses import replace

import pytest
import torch

from cnncourse import measure
from cnncourse.architectures.inception_v1 import kernel_sizes
from cnncourse.architectures.inception_v1.kernel_sizes import (
    BRANCHES,
    FOUR_ALIKE,
    MODULE,
    MODULE_BEATS_ONE_PATH,
    ONE_PATH,
    RECIPE,
    SIDE,
    SIZES,
    SIZES_BEAT_ONE_SIZE,
    OneSize,
    at_all_sizes,
    error_at,
    network,
    run_arm,
)
from cnncourse.architectures.inception_v1.model import TABLE_1, InceptionModule
from cnncourse.data import digits, small_digits
from cnncourse.experiments import Recipe

SHAPE = (1, SIDE, SIDE)
FEW = replace(RECIPE, steps=2)
CONTROLS = (ONE_PATH, FOUR_ALIKE)


@pytest.mark.parametrize("arm", CONTROLS)
def test_arms_take_as_much_work_and_as_many_parameters_in_the_same_depth(arm):
    model, module = network(arm), network(MODULE)
    assert measure.multiply_adds(model, SHAPE) == pytest.approx(measure.multiply_adds(module, SHAPE), rel=0.01)
    assert measure.parameters(model).trainable == pytest.approx(measure.parameters(module).trainable, rel=0.03)
    assert measure.depth(model, SHAPE).weight_layers == measure.depth(module, SHAPE).weight_layers == 6


def test_module_is_the_course_s_with_an_eighth_of_the_filters():
    modules = [layer for layer in network(MODULE) if isinstance(layer, InceptionModule)]
    for module, name in zip(modules, ("3a", "3b"), strict=True):
        assert 8 * module.three[0].convolution.out_channels == TABLE_1[name].three_reduce
        assert 8 * module.out_channels == sum(TABLE_1[name][place] for place in (0, 2, 4, 5))


@pytest.mark.parametrize("arm", CONTROLS)
def test_controls_have_kernels_of_one_size_behind_reductions(arm):
    layers = [layer for layer in network(arm) if isinstance(layer, OneSize)]
    for layer, (branches, reduced, filters) in zip(layers, BRANCHES[arm], strict=True):
        kernels = [branch[1].convolution for branch in layer.branches]
        assert [(each.in_channels, each.out_channels, each.kernel_size) for each in kernels] == [
            (reduced, filters, (3, 3))
        ] * branches
        assert {branch[0].convolution.kernel_size for branch in layer.branches} == {(1, 1)}


def test_branches_are_given_the_same_maps_and_stacked_in_order():
    layer = OneSize(2, 3, 4, 5).eval()
    maps = torch.randn(1, 2, 6, 6, generator=torch.Generator().manual_seed(0))
    joined = layer(maps)
    assert joined.shape == (1, 15, 6, 6)
    torch.testing.assert_close(joined[:, 5:10], layer.branches[1](maps))


def test_every_digit_stands_whole_on_a_canvas_of_each_size_at_various_places():
    images = small_digits()[0][:40]
    canvases, sizes = at_all_sizes(images, torch.Generator().manual_seed(0))
    assert canvases.shape == (120, *SHAPE)
    assert sizes.tolist() == [size for size in SIZES for _ in range(40)]
    torch.testing.assert_close(canvases[80:], torch.nn.functional.interpolate(images, (16, 16), mode="bilinear"))
    drawn = canvases[:, 0] > images.min() + 0.01
    boxes = [(picture.any(dim=1).nonzero().flatten(), picture.any(dim=0).nonzero().flatten()) for picture in drawn]
    for (rows, columns), size in zip(boxes, sizes.tolist(), strict=True):
        assert rows[-1] - rows[0] < size and columns[-1] - columns[0] < size
        assert rows[-1] - rows[0] > size / 2  # no digit is cut off
    for part in (boxes[:40], boxes[40:80]):
        assert len({(rows[0].item(), columns[0].item()) for rows, columns in part}) > 10


def test_error_is_counted_by_the_size_of_the_digit(monkeypatch):
    class RightOnSmallDigits(torch.nn.Module):
        def forward(self, canvases):
            scores = torch.nn.functional.one_hot(digits().test_labels.repeat(len(SIZES)), 10).float()
            scores[len(canvases) // 3 :] *= -1
            return scores

    monkeypatch.setattr(kernel_sizes, "network", lambda _arm: RightOnSmallDigits())
    monkeypatch.setattr(Recipe, "train", lambda *_, **__: ())
    measured = run_arm(MODULE, 0)
    assert [measured[error_at(size)] for size in SIZES] == [0, 100, 100]
    assert measured["test error"] == pytest.approx(200 / 3)


@pytest.mark.parametrize("arm", [MODULE, *CONTROLS])
def test_a_run_is_the_same_again_and_leaves_the_session_s_random_numbers_alone(arm):
    before = torch.random.get_rng_state()
    assert run_arm(arm, 3, recipe=FEW) == run_arm(arm, 3, recipe=FEW)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_claims_have_the_module_in_common_and_could_fail():
    assert MODULE_BEATS_ONE_PATH.treatment[0] == SIZES_BEAT_ONE_SIZE.treatment[0] == MODULE
    for experiment in (MODULE_BEATS_ONE_PATH, SIZES_BEAT_ONE_SIZE):
        (criterion,) = experiment.criteria
        assert criterion.judge([-1.0, -2.0, -1.5]) == "no"
        assert criterion.judge([1.0, -2.0, 1.5]) == "undecided"


@pytest.mark.slow
@pytest.mark.parametrize("arm", [MODULE, *CONTROLS])
def test_every_arm_learns_and_none_is_perfect(arm):
    assert 10 < run_arm(arm, 0)["test error"] < 45
