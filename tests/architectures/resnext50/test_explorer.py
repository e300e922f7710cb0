"""Chapter 10's explorer says truly what a block of so many paths costs and connects."""

from dataclasses import replace

import pytest

from cnncourse.architectures.resnext50.explorer import (
    BUDGET,
    CARDINALITIES,
    WIDTHS,
    CardinalityExplorer,
    Divided,
)
from cnncourse.architectures.resnext50.templates import TEMPLATES


def test_every_template_of_the_paper_can_be_set():
    for template in TEMPLATES:
        assert template.cardinality in CARDINALITIES
        assert template.width in WIDTHS
        assert "within 5 %" in Divided(template.cardinality, template.width).verdict


@pytest.mark.parametrize("cardinality", CARDINALITIES)
def test_matrix_has_a_square_for_each_path(cardinality):
    filled = '" fill="#1792d1" stroke="'
    assert Divided(cardinality, 4).svg.count(filled) == cardinality + 1  # and one in the bar


def test_cost_is_told_as_a_multiple_of_the_bottleneck_s():
    state = Divided(32, 64)
    assert state.share == state.template.weights / BUDGET == 32
    assert state.verdict == "32.00 times the bottleneck's weights"
    assert "drawn smaller" in state.svg


@pytest.mark.parametrize(
    ("cardinality", "width", "said"),
    [(1, 64, "the bottleneck of ResNet-50"), (32, 4, "ResNeXt-50"), (16, 1, "depthwise, as in Xception")],
)
def test_known_places_are_named(cardinality, width, said):
    assert said in Divided(cardinality, width).svg


def test_controls_change_one_and_the_same_picture():
    picture, controls = CardinalityExplorer().widget().children
    cardinality, width = controls.children
    seen = {picture.value}
    for control, value in ((cardinality, 32), (width, 4)):
        control.value = value
        seen.add(picture.value)
    assert len(seen) == 3
    assert replace(Divided(), cardinality=32, width=4).svg == picture.value


def test_without_a_kernel_there_is_a_still_picture_with_words():
    bundle = CardinalityExplorer()._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "8 paths of width 14" in bundle["text/plain"]
