"""The appendix's explorer shows what the two networks say of the digit where it stands."""

from dataclasses import replace

import pytest
import torch

from cnncourse.architectures.network_in_network.experiment import AVERAGE, FULLY_CONNECTED, STAGES, ClassMapNetwork
from cnncourse.architectures.network_in_network.explorer import ClassMapExplorer, MovedDigit
from cnncourse.data import small_digits
from cnncourse.training import seeded


@pytest.fixture(scope="module")
def state():
    with seeded(0):
        networks = tuple(ClassMapNetwork(1, STAGES, head, positions=72).eval() for head in (AVERAGE, FULLY_CONNECTED))
    return MovedDigit(small_digits()[1][:10], networks)


def test_probabilities_are_those_of_the_networks(state):
    pooled, _connected = state.probabilities
    torch.testing.assert_close(pooled, state.class_maps.mean(dim=(1, 2)).softmax(dim=0))
    assert all(each.sum().item() == pytest.approx(1) for each in state.probabilities)


def test_class_maps_move_along_with_the_digit_far_from_the_border(state):
    there, further = (replace(state, column=column).class_maps for column in (4, 8))
    torch.testing.assert_close(there[:, :, 2:7], further[:, :, 4:9])


def test_words_say_whether_training_digits_stood_there(state):
    assert "where training digits stood" in replace(state, column=4).in_words
    assert "where no training digit stood" in replace(state, column=5).in_words


def test_controls_change_one_and_the_same_picture(state):
    picture, controls = ClassMapExplorer(state.images, state.networks).widget().children
    column, row, label = controls.children
    seen = {picture.value}
    for control, value in ((column, 3), (row, 0), (label, 7)):
        control.value = value
        seen.add(picture.value)
    assert len(seen) == 4
    assert "a 7 at row 0, column 3" in picture.value


def test_without_a_kernel_there_is_a_still_picture_with_words(state):
    bundle = ClassMapExplorer(state.images, state.networks)._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "global average pooling says" in bundle["text/plain"]
