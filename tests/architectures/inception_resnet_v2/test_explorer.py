"""Chapter 9's explorer shows the row of blocks that its controls describe."""

from xml.etree import ElementTree

import pytest

from cnncourse.architectures.inception_resnet_v2.explorer import MOST_BLOCKS, Row, ScaleExplorer, explore_scale
from cnncourse.architectures.inception_resnet_v2.signals import stream

ROWS = [Row(), Row(0.1, 5, relu=False), Row(1.0, 1), Row(0.05, 3)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_words_and_picture_belong_to_the_row(row):
    for words in (row.name, f"{row.stream.sizes[-1]:.2f}", f"{row.steps[0]:.0f} %"):
        assert words in row.in_words
        assert words in row.svg
    ElementTree.fromstring(row.svg)


def test_sizes_are_those_of_the_row():
    assert Row(0.3, 4, relu=False).stream == stream(0.3, blocks=4, relu=False)


def test_dotted_line_is_that_of_independent_residuals():
    expected = Row(1.0, 2).expected_steps
    assert expected == pytest.approx([100 / 0.5**0.5, 100 / 1.5**0.5])


def test_the_largest_row_fits_the_picture():
    assert Row(1.0, MOST_BLOCKS, relu=False).stream.sizes[-1] < 7


def test_controls_change_one_and_the_same_picture():
    picture, controls = ScaleExplorer().widget().children
    scale, blocks, relu = controls.children
    seen = {picture.value}
    for control, value in ((scale, 0.1), (blocks, 3), (relu, False)):
        control.value = value
        seen.add(picture.value)
    assert len(seen) == 4
    assert picture.value == Row(0.1, 3, relu=False).svg


def test_without_a_kernel_there_is_a_still_picture_with_words():
    bundle = explore_scale()._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "20 blocks, scale 1" in bundle["text/plain"]
