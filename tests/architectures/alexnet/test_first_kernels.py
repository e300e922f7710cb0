"""The first kernels that chapter 2 shows are learned in two towers, and their colour is measured as it is said."""

from dataclasses import replace

import pytest
import torch

from cnncourse.architectures.alexnet.first_kernels import (
    KERNELS,
    RECIPE,
    FirstLayers,
    colour_share,
    learn_first_kernels,
    plot_first_kernels,
)

SHORT = replace(RECIPE, steps=3)


@pytest.mark.parametrize(
    ("channels", "share"), [((1, 1, 1), 0), ((-2, -2, -2), 0), ((1, -1, 0), 1), ((1, 0, 0), 2 / 3), ((2, 1, 0), 0.4)]
)
def test_colour_is_what_the_channels_have_not_in_common(channels, share):
    kernels = torch.tensor(channels).view(1, 3, 1, 1) * torch.randn(4, 1, 11, 11)
    assert colour_share(kernels) == pytest.approx(share, abs=1e-6)


def test_towers_meet_in_the_classifier_only():
    model = FirstLayers()
    model.normalise = torch.nn.Identity()  # which looks at neighbouring maps, of either tower
    maps = {}
    model.conv2.register_forward_hook(lambda _layer, _inputs, output: maps.update(seen=output))
    model(torch.randn(1, 3, 32, 32))
    (gradient,) = torch.autograd.grad(maps["seen"][:, :KERNELS].sum(), model.conv1.weight)
    assert gradient[:KERNELS].any()
    assert not gradient[KERNELS:].any()


def test_kernels_are_the_same_again_and_leave_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    kernels = learn_first_kernels(1, recipe=SHORT)
    assert torch.equal(kernels, learn_first_kernels(1, recipe=SHORT))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert kernels.shape == (2 * KERNELS, 3, 11, 11)


def test_each_tower_s_colour_stands_over_its_row():
    grey, red = torch.zeros(2, KERNELS, 3, 11, 11)
    grey[:] = torch.randn(KERNELS, 1, 11, 11)
    red[:, 0] = 1
    first, second = plot_first_kernels(torch.cat([grey, red])).axes
    assert first.endswith("first tower: 0 % colour")
    assert second.endswith("second tower: 67 % colour")
