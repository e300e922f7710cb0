"""Chapter 1's experiment compares two arms that differ in one thing."""

import torch

from cnncourse import data, measure
from cnncourse.architectures import LeNet5
from cnncourse.architectures.lenet5.experiment import FullyConnectedControl, shift


def test_control_has_the_same_budget_within_a_tenth_of_a_percent():
    control, network = (measure.parameters(build()).trainable for build in (FullyConnectedControl, LeNet5))
    assert abs(control - network) / network < 0.001


def test_shift_moves_every_pixel_and_fills_with_background():
    images = torch.arange(16.0).view(1, 1, 4, 4)
    moved = shift(images, 1, -2)
    assert torch.equal(moved[0, 0, 1:, :2], images[0, 0, :3, 2:])
    assert (moved[0, 0, 0] == -0.1).all()
    assert (moved[0, 0, :, 2:] == -0.1).all()


def test_shifts_of_the_experiment_keep_every_digit_in_the_picture():
    images = data.digits().test_images
    ink = images - images.min()
    for down, right in ((0, 4), (0, -4), (4, 0), (-4, 0)):
        moved = shift(images, down, right) - images.min()
        torch.testing.assert_close(moved.sum(), ink.sum(), rtol=1e-5, atol=0)
