"""Chapter 7's experiment compares arms that differ in one thing, and its measurements measure what they say."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.xception import experiment, information, spectrum
from cnncourse.architectures.xception.spectrum import Point
from cnncourse.training import seeded


def built(between, **options):
    with seeded(0):
        return experiment.SeparableStack(experiment.BETWEEN[between], 6, **{"shortcuts": False} | options)


FEW = replace(experiment.RECIPE, steps=2)


@pytest.mark.parametrize("other", [experiment.RELU, experiment.ELU])
def test_arms_start_from_the_same_weights_and_differ_in_what_stands_between(other):
    plain, changed = built(experiment.NOTHING), built(other)
    for one, another in zip(plain.parameters(), changed.parameters(), strict=True):
        assert torch.equal(one, another)
    differing = [
        type(there).__name__
        for here, there in zip(plain.modules(), changed.modules(), strict=True)
        if type(here) is not type(there)
    ]
    assert differing == [experiment.BETWEEN[other].__name__] * 6


def test_what_stands_between_stands_between_depthwise_and_pointwise():
    kinds = [type(each).__name__ for each in built(experiment.ELU).layers[0]]
    assert kinds == ["ReLU", "Conv2d", "ELU", "Conv2d", "BatchNorm2d"]


def test_shortcuts_change_the_answer_and_not_the_weights():
    plain, with_shortcuts = built(experiment.NOTHING), built(experiment.NOTHING, shortcuts=True)
    images = torch.randn(4, 1, 8, 8)
    assert not torch.allclose(plain(images), with_shortcuts(images))
    assert sum(each.numel() for each in plain.parameters()) == sum(each.numel() for each in with_shortcuts.parameters())


def test_a_run_is_the_same_again_and_leaves_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    first, second = (experiment.run_stack(experiment.RELU, 3, recipe=FEW) for _ in range(2))
    assert first == second
    assert torch.equal(torch.random.get_rng_state(), before)


def test_training_loss_is_the_mean_of_the_last_steps(monkeypatch):
    monkeypatch.setattr(experiment, "MARK_EVERY", 1)
    measured = experiment.run_stack(experiment.NOTHING, 0, recipe=FEW)
    both = (measured["loss to step 1"] + measured["loss to step 2"]) / 2
    assert measured[experiment.LOSS] == pytest.approx(100 * both)


def test_theory_is_what_a_straight_line_recovers_of_rectified_normal_numbers():
    # By numerical integration over the density.
    x = torch.linspace(-9, 9, 400_001, dtype=torch.float64)
    density = torch.exp(-x.square() / 2)
    density = density / density.sum()
    y = x.relu()
    mean = (y * density).sum()
    variance = ((y - mean).square() * density).sum()
    covariance = (x * y * density).sum()
    assert pytest.approx((covariance.square() / variance).item(), abs=1e-6) == information.THEORY


def test_recovered_is_judged_on_other_places_than_it_was_fitted_to():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(60, 25, generator=generator, dtype=torch.float64)
    wanted = torch.randn(60, 1, generator=generator, dtype=torch.float64)
    assert information.recovered(noise, wanted) < 0.2
    assert information.recovered(noise, 2 * noise[:, :1] + 3) == pytest.approx(1)


def test_nothing_is_lost_without_relu(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "relu", lambda numbers: numbers)
    assert information.of_normal_numbers() == pytest.approx(1)


def test_without_relu_as_many_maps_as_dimensions_keep_all_and_fewer_do_not():
    for found in (information.of_a_window(relu=False), information.of_the_channels(relu=False)):
        assert all((share > 0.999) == (depth >= 1) for depth, share in found.items())
        assert list(found) == sorted(found)


def test_relu_costs_both_spaces_something_until_there_are_many_maps():
    for measure_space in (information.of_a_window, information.of_the_channels):
        with_relu, without = measure_space(), measure_space(relu=False)
        assert all(with_relu[depth] < without[depth] for depth in with_relu if depth <= 1)
        assert without[8] - with_relu[8] < 0.02


@pytest.mark.parametrize("groups", [1, 2, 4, 12])
def test_weights_on_the_spectrum_are_those_of_torch_s_layers(groups):
    point = Point(12, groups)
    assert point.weights == tuple(layer.weight.numel() for layer in point.build())
    assert point.multiply_adds(5) == 25 * sum(point.weights)
    assert point.ordinary == nn.Conv2d(12, 12, 3).weight.numel()


@pytest.mark.parametrize(
    ("channels", "groups", "kernels"), [(12, 1, 9), (12, 2, 6), (12, 4, 3), (12, 12, 1), (40, 2, 9)]
)
def test_kernels_a_channel_are_the_rank_that_is_found(channels, groups, kernels):
    point = Point(channels, groups)
    with seeded(0):
        grouped, pointwise = point.build().double()
    assert point.kernels_a_channel == kernels
    dense = torch.zeros(channels, channels, 3, 3, dtype=torch.float64)
    size = channels // groups
    for group in range(groups):
        here = slice(group * size, (group + 1) * size)
        dense[here, here] = grouped.weight[here]
    together = torch.einsum("om,mihw->oihw", pointwise.weight[:, :, 0, 0], dense)
    assert spectrum.ranks(together) == [kernels] * channels


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_freedom_is_the_rank_of_what_small_changes_of_the_weights_do_to_the_kernel(groups):
    channels = 6
    point = Point(channels, groups)
    with seeded(0):
        grouped, pointwise = point.build().double()

    def kernel(first, second):
        size = channels // groups
        blocks = zip(first.chunk(groups), second[:, :, 0, 0].chunk(groups, dim=1), strict=True)
        made = [torch.einsum("mihw,om->oihw", block, mix) for block, mix in blocks]
        assert made[0].shape == (channels, size, 3, 3)
        return torch.cat(made, dim=1)

    weights = (grouped.weight.detach(), pointwise.weight.detach())
    jacobian = torch.cat([part.flatten(4).flatten(0, 3) for part in torch.func.jacrev(kernel, (0, 1))(*weights)], dim=1)
    assert torch.linalg.matrix_rank(jacobian) == point.freedom
    assert Point(channels, 1).freedom == point.ordinary


def test_one_kernel_does_what_the_two_steps_do():
    with seeded(0):
        depthwise, pointwise = Point(5, 5).build().double()
        maps = torch.randn(2, 5, 8, 8, dtype=torch.float64)
    kernel = spectrum.as_one_kernel(depthwise.weight, pointwise.weight)
    torch.testing.assert_close(F.conv2d(maps, kernel, padding=1), pointwise(depthwise(maps)))
