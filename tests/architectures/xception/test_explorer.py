"""Chapter 7's explorer connects what a grouped convolution connects, and says truly what it costs."""

from dataclasses import replace

import pytest
import torch

from cnncourse.architectures.xception.explorer import CHANNELS, GROUPS, Connections, ConnectionsExplorer


@pytest.mark.parametrize("groups", GROUPS)
@pytest.mark.parametrize("channel", [0, 5, 15])
def test_channel_reaches_the_maps_that_torch_s_grouped_convolution_lets_it_reach(groups, channel):
    state = Connections(groups, 3, channel)
    grouped, _ = state.point.build()
    lit = torch.zeros(1, CHANNELS, 5, 5)
    lit[0, channel, 2, 2] = 1
    marked = (grouped(lit) != 0).flatten(2).any(dim=2)[0].nonzero().flatten().tolist()
    assert list(state.reached) == marked


def test_ends_of_the_spectrum_are_named():
    assert "depthwise separable: Xception" in Connections(16).svg
    assert "all channels together" in Connections(1).svg
    assert "in between" in Connections(4).svg


@pytest.mark.parametrize(("groups", "said"), [(1, "mixtures of 9 kernels"), (4, "mixtures of 4 "), (16, "one kernel")])
def test_marks_are_counted(groups, said):
    assert said in Connections(groups, 3).svg


def test_weights_in_words_and_picture_are_the_same():
    state = Connections(16, 5)
    assert "together 10% of the 6,400" in state.in_words
    assert "together 10% of the ordinary convolution" in state.svg
    assert "one ordinary 5×5 convolution: 6,400" in state.svg


def test_controls_change_one_and_the_same_picture():
    picture, sliders = ConnectionsExplorer().widget().children
    groups, size, channel = sliders.children
    seen = {picture.value}
    for control, value in ((groups, 16), (size, 7), (channel, 9)):
        control.value = value
        seen.add(picture.value)
    assert len(seen) == 4
    assert replace(Connections(), groups=16, kernel_size=7, channel=9).svg == picture.value


def test_without_a_kernel_there_is_a_still_picture_with_words():
    bundle = ConnectionsExplorer()._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "channel 5 reaches 4 of the maps between" in bundle["text/plain"]
