"""The interactive picture opens and folds blocks, follows the image's size, and keeps what was there on bad input."""

from xml.etree import ElementTree

import pytest

from cnncourse.architectures import InceptionV3, LeNet5
from cnncourse.drawing import draw, explore
from cnncourse.drawing.explorer import ExplorerState
from cnncourse.drawing.palette import SHADES
from cnncourse.drawing.parts import frames_of
from tests.architectures.shapes import on_meta


@pytest.fixture(scope="module")
def explorer():
    return explore(on_meta(InceptionV3), (3, 299, 299), "Inception-v3")


def is_open(state, title):
    return [frame.body is not None for frame in frames_of(state.drawing.column) if frame.title == title]


@pytest.mark.slow
def test_first_state_shows_what_draw_shows(explorer):
    assert explorer.first_state.drawing.column == draw(on_meta(InceptionV3), (3, 299, 299)).column


def test_block_folds_and_opens_again(explorer):
    folded = explorer.first_state.toggled("stem")
    assert is_open(folded, "Stem") == [False]
    assert folded.toggled("stem").svg == explorer.first_state.svg


def test_block_seen_above_can_be_opened(explorer):
    state = explorer.first_state
    assert is_open(state, "Inception-C") == [True, False]
    assert is_open(state.toggled("inception_c.1"), "Inception-C") == [True, True]


def test_blocks_drawn_as_one_open_as_one(explorer):
    repeated = next(frame for frame in frames_of(explorer.first_state.drawing.column) if frame.times == 2)
    opened = explorer.first_state.toggled(repeated.calls[0])
    again = next(frame for frame in frames_of(opened.drawing.column) if frame.calls == repeated.calls)
    assert (again.times, again.body is not None) == (2, True)


def test_unknown_block_changes_nothing(explorer):
    assert explorer.first_state.toggled("no such block") is explorer.first_state


def test_all_can_be_folded_and_be_as_before(explorer):
    folded = explorer.first_state.folded()
    assert not any(frame.body is not None for frame in frames_of(folded.drawing.column))
    widget = explorer.widget()
    widget.detail, widget.colour, widget.size = "layers", "parameters", 149
    widget.request = {"fold": "all", "number": 1}
    widget.request = {"fold": "none", "number": 2}
    assert (widget.detail, widget.colour, widget.size) == ("blocks", "kind", 299)
    assert widget.svg == explorer.first_state.svg


@pytest.mark.parametrize("colour", ["parameters", "multiply-adds"])
def test_costliest_part_has_the_darkest_shade(explorer, colour):
    state = ExplorerState(explorer.first_state.drawing, colour=colour).folded()
    svg = state.svg
    assert svg.count(f'fill="{SHADES[-1]}"') >= 2  # a part and the legend
    assert colour in svg


def test_parts_can_be_reached_with_the_keyboard(explorer):
    picture = ElementTree.fromstring(explorer.first_state.svg)
    assert picture.get("role") == "group"  # what is in an image nobody reaches
    groups = [each for each in picture.iter() if each.get("tabindex") == "-1"]  # the page makes one of them the stop
    assert all(each.get("role") in ("button", "img") and each[0].tag.endswith("title") for each in groups)
    blocks = [each for each in groups if each.get("role") == "button"]
    assert len(groups) > len(blocks) > 5
    assert {each.get("aria-expanded") for each in blocks} == {"true", "false"}
    assert "sees 3×3 pixels" in explorer.first_state.svg


def test_widget_answers_what_the_page_asks(explorer):
    widget = explorer.widget()
    widget.request = {"toggle": "stem", "number": 1}
    assert widget.svg == explorer.first_state.toggled("stem").svg
    widget.request = {"fold": "none", "number": 2}
    assert widget.svg == explorer.first_state.svg
    widget.detail = "layers"
    assert widget.svg.count("batch norm") > 50


def test_shapes_follow_the_size_of_the_image(explorer):
    widget = explorer.widget()
    widget.size = 149
    assert "3×149×149" in widget.svg
    assert "3×299×299" not in widget.svg


@pytest.mark.slow
def test_image_that_is_too_small_is_explained_and_the_picture_stays(explorer):
    widget = explorer.widget()
    before = widget.svg
    widget.size = 20
    assert "height and width of 75 or more" in widget.message
    assert widget.svg == before
    assert widget.size == 299
    widget.size = 160
    assert widget.message == ""


def test_reader_without_a_kernel_gets_a_still_picture():
    bundle = explore(on_meta(LeNet5), (1, 32, 32), "LeNet-5")._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert bundle["text/plain"].startswith("LeNet-5, from top to bottom: image")
    assert "application/vnd.jupyter.widget-view+json" in bundle


@pytest.mark.slow
def test_network_with_side_branches_says_that_it_is_shown_as_it_trains():
    assert "Drawn as it trains" in explore(on_meta(InceptionV3, auxiliary=True), (3, 299, 299)).first_state.svg
