"""Times are ratios of turns; memory is what torch keeps."""

import time

import pytest
import torch
from torch import nn

from cnncourse.measure.speed import saved_for_backward, time_side_by_side


@pytest.mark.slow
def test_slower_is_a_larger_ratio_and_the_first_is_one():
    ratios = time_side_by_side({"short": lambda: time.sleep(0.1), "long": lambda: time.sleep(0.5)}, rounds=3)
    assert ratios["short"].median == 1
    assert 2 < ratios["long"].lowest <= ratios["long"].median <= ratios["long"].highest


def test_functions_take_turns():
    order = []
    time_side_by_side({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2)
    assert order == ["a", "b"] * 3


def test_what_is_kept_is_each_input_and_not_the_weights():
    images = torch.ones(2, 3, 8, 8)
    layer = nn.Conv2d(3, 5, 3, padding=1)
    assert saved_for_backward(layer, images) == images.numel() * 4
    assert saved_for_backward(nn.Sequential(layer, nn.ReLU()), images) == images.numel() * 4 + 2 * 5 * 64 * 4
    assert (
        saved_for_backward(nn.Sequential(layer, nn.ReLU(inplace=True)), images) == images.numel() * 4 + 2 * 5 * 64 * 4
    )
