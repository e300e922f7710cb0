"""A network on the site opens and folds as the explorer does."""

from dataclasses import replace

import pytest
import torch

from cnncourse.architectures import architecture
from cnncourse.drawing import explore
from cnncourse.drawing.explorer import COLOURS
from cnncourse.drawing.parts import frames_of
from cnncourse.site import opening
from cnncourse.site.opening import opened
from cnncourse.site.shared import put_together


def explorer_of(slug):
    record = architecture(slug)
    with torch.device("meta"):
        return explore(record.build(), record.input_shape)


@pytest.fixture(scope="module")
def vgg():
    return opened(explorer_of("vgg-16"))


def test_a_click_leads_where_the_explorer_leads(vgg):
    listed = [state.svg for state in vgg.states]
    for place, state in enumerate(vgg.states[:2] + vgg.states[3:12]):
        place += place >= 2  # every layer, where nothing folds
        for call, after in vgg.clicks[place].items():
            assert listed[after] == state.toggled(call).svg


def test_of_a_small_network_all_combinations_are_listed(vgg):
    assert len(vgg.states) == 2**5 + 1  # five stages, open or folded, and every layer
    assert not any(vgg.begun_again)


def test_each_colouring_is_the_explorers(vgg):
    content = vgg.content
    for number, colour in enumerate(COLOURS):
        picture = put_together(content["elements"], content["states"][2 * len(COLOURS) + number])
        assert picture == replace(vgg.states[2], colour=colour).svg


def test_where_too_many_are_open_the_others_go_back_and_it_is_said(monkeypatch):
    monkeypatch.setattr(opening, "MOST_STATES", 9)
    states = opened(explorer_of("vgg-16"))
    first = states.states[0]
    calls = [frame.calls[0] for frame in frames_of(first.drawing.column)]
    place = states.clicks[0][calls[0]]
    assert calls[1] in states.begun_again[place]
    assert states.states[states.clicks[place][calls[1]]].svg == first.toggled(calls[1]).svg
