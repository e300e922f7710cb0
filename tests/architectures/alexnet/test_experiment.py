"""Chapter 2's experiments compare arms that differ in one thing."""

import pytest
import torch
from torch import nn

from cnncourse.architectures.alexnet.activations import ACTIVATIONS, DEPTH, GAINS, FourLayers, look_through
from cnncourse.architectures.alexnet.experiment import (
    SmallNetwork,
    centre_crop,
    random_crop,
    run_dropout,
)
from cnncourse.data import photo_patches
from cnncourse.training import seeded


def small(dropout):
    with seeded(0):
        return SmallNetwork(nn.Conv2d(1, 16, kernel_size=3, padding=1), 144, 32, dropout)


def test_arms_with_and_without_dropout_start_from_the_same_weights():
    pairs = zip(small(0.0).parameters(), small(0.5).parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.slow
def test_a_run_is_the_same_again_and_leaves_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    assert run_dropout(0.5, 3) == run_dropout(0.5, 3)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_random_crops_are_windows_of_the_image_or_mirrored_ones():
    image = photo_patches().train_images[:1]
    windows = image.unfold(2, 24, 1).unfold(3, 24, 1)[0].permute(1, 2, 0, 3, 4).flatten(0, 1)
    crops = random_crop(image.expand(40, -1, -1, -1), torch.Generator().manual_seed(0))
    as_they_are = [(windows == crop).all(dim=(1, 2, 3)).any().item() for crop in crops]
    mirrored = [(windows == crop.flip(2)).all(dim=(1, 2, 3)).any().item() for crop in crops]
    assert all(one or other for one, other in zip(as_they_are, mirrored, strict=True))
    assert 8 < sum(mirrored) < 32
    assert len({crop.sum().item() for crop in crops}) > 20


def test_centre_crop_leaves_the_same_margin_on_all_sides():
    numbers = torch.arange(32.0).view(1, 1, 32, 1).expand(1, 1, 32, 32)
    assert centre_crop(numbers)[0, 0, :, 0].tolist() == list(range(4, 28))


def test_networks_with_other_activations_start_from_the_same_weights_times_a_gain():
    networks = []
    for activation in ACTIVATIONS:
        with seeded(0):
            networks.append(FourLayers(activation))
    for activation, network in zip(ACTIVATIONS, networks, strict=True):
        torch.testing.assert_close(GAINS[activation] * networks[0].conv2.weight, network.conv2.weight)


def test_gradient_of_the_first_layer_is_the_product_of_slopes_and_weights_behind_it():
    seen = look_through("ReLU")
    assert len(seen.flat) == len(seen.gradient) == DEPTH
    assert seen.gradient[-1] == 1
    assert look_through("ReLU", scale=2).gradient[0] == pytest.approx(2 ** (DEPTH - 1) * seen.gradient[0], rel=1e-3)
    assert 10 * look_through("logistic").gradient[0] < look_through("tanh").gradient[0] < seen.gradient[0]
