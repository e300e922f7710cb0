"""Chapter 4's explorer shows the module that its sliders say, and what it costs."""

from xml.etree import ElementTree

import pytest

from cnncourse import measure
from cnncourse.architectures.inception_v1.costs import NAIVE, REDUCED
from cnncourse.architectures.inception_v1.explorer import ModuleByHand, ModuleExplorer, incoming
from cnncourse.architectures.inception_v1.model import TABLE_1, InceptionV1
from tests.architectures.shapes import on_meta


@pytest.mark.parametrize("name", TABLE_1)
def test_rows_of_table_1_cost_what_the_network_s_modules_cost(name):
    module = on_meta(InceptionV1).inception[name]
    before = module.one.convolution.in_channels
    assert incoming(name) == before
    state = ModuleByHand(before, 14, TABLE_1[name])
    assert state.multiply_adds(REDUCED) == measure.multiply_adds(module, (before, 14, 14))
    assert state.maps(REDUCED) == module.out_channels


def test_naive_module_does_not_depend_on_reductions_and_passes_all_maps_on():
    one = ModuleByHand(192, 28, TABLE_1["3a"])
    other = ModuleByHand(192, 28, TABLE_1["3a"]._replace(three_reduce=1, five_reduce=1, pool_projection=1))
    assert one.weights(NAIVE) == other.weights(NAIVE)
    assert one.maps(NAIVE) == other.maps(NAIVE) == 192 + 64 + 128 + 32


@pytest.mark.parametrize("state", [ModuleByHand(), ModuleByHand(1, 1, TABLE_1["3a"]), ModuleByHand(1024, 56)])
def test_every_state_is_a_picture_with_words_and_nothing_wider_than_its_tower(state):
    picture = ElementTree.fromstring(state.svg)
    assert picture.attrib["aria-label"] == state.in_words
    paper, *boxes = picture.iter("{http://www.w3.org/2000/svg}rect")
    for box in boxes:
        left, width = float(box.attrib["x"]), float(box.attrib["width"])
        assert left >= 0
        assert width <= 176.1
        assert left + width <= float(paper.attrib["width"])


def test_controls_change_one_and_the_same_picture():
    picture, controls = ModuleExplorer().widget().children
    (row, maps, side), (three, five, projection) = (box.children for box in controls.children)
    seen = {picture.value}
    for control, value in ((maps, 100), (side, 14), (three, 10), (five, 5), (projection, 7)):
        control.value = value
        seen.add(picture.value)
    assert len(seen) == 6
    row.value = "5b"
    assert "832 maps of 7×7" in picture.value
    assert (three.value, five.value, projection.value) == (192, 48, 128)


def test_without_a_kernel_there_is_a_still_picture_with_words():
    bundle = ModuleExplorer()._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "192 maps of 28×28" in bundle["text/plain"]
