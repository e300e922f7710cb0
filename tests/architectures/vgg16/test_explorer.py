"""Chapter 3's explorer counts weights and windows as torch's convolutions have them."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from cnncourse.architectures.vgg16.explorer import FIELD, StackExplorer, StackOfConvolutions


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_footprint_fills_the_window_and_is_darkest_in_its_middle(depth, kernel_size):
    state = StackOfConvolutions(depth, kernel_size)
    seen = state.footprint > 0
    assert seen.sum() == state.window**2
    assert seen.any(dim=0).sum() == state.window <= FIELD
    assert state.footprint[FIELD // 2, FIELD // 2] == 1


def test_ways_from_a_pixel_to_the_unit_are_counted():
    middle_row = StackOfConvolutions(depth=2).footprint[FIELD // 2]
    shares = middle_row[FIELD // 2 - 2 : FIELD // 2 + 3]
    torch.testing.assert_close(shares, torch.tensor([1, 2, 3, 2, 1]) / 3)


def test_weights_are_those_of_torch_s_convolutions():
    state = StackOfConvolutions(3, 3, in_channels=16, out_channels=32)
    convolutions = [nn.Conv2d(16, 32, 3), nn.Conv2d(32, 32, 3), nn.Conv2d(32, 32, 3)]
    assert state.weights == tuple(each.weight.numel() for each in convolutions)
    assert state.weights_of_one == nn.Conv2d(16, 32, 7).weight.numel()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (StackOfConvolutions(), "the stack has 45 % fewer weights"),
        (StackOfConvolutions(2, 3, 16, 32), "the stack has 8 % more weights"),
        (StackOfConvolutions(1), "the stack has as many weights"),
        (StackOfConvolutions(2, 3, 3, 64), "the stack has 8.04 times as many weights"),
    ],
)
def test_stack_and_one_convolution_are_compared_in_words(state, said):
    assert said in state.in_words
    assert said in state.svg


def test_controls_change_one_and_the_same_picture():
    picture, controls = StackExplorer().widget().children
    (depth, kernel), (source, target) = (box.children for box in controls.children)
    seen = {picture.value}
    for control, value in ((depth, 2), (kernel, 5), (source, 16), (target, 512)):
        control.value = value
        seen.add(picture.value)
    assert len(seen) == 5
    assert replace(StackOfConvolutions(), depth=2, kernel_size=5, in_channels=16, out_channels=512).svg in seen


def test_without_a_kernel_there_is_a_still_picture_with_words():
    bundle = StackExplorer()._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "a unit sees 7×7 pixels" in bundle["text/plain"]
