"""Pictures of reports show what differs, say it in words too, and bring their own background."""

from xml.etree import ElementTree

import pytest
import torch

from cnncourse.checking.pictures import PAPER, connections_picture, maps_picture

EXPECTED = torch.tensor([[True, True, False], [False, True, False]])
GOT = torch.tensor([[True, False, False], [False, True, True]])
NUMBERS = torch.arange(12.0).view(3, 4)
SVG = "{http://www.w3.org/2000/svg}"


def marks(picture, tag, colour):
    return [
        shape
        for shape in ElementTree.fromstring(picture).iter(SVG + tag)
        if colour in (shape.get("stroke"), shape.get("fill"))
    ]


def test_connections_are_counted_in_words():
    label = ElementTree.fromstring(connections_picture(EXPECTED, GOT)).get("aria-label")
    assert label == "Connections of 2 output maps with 3 input maps: 2 as expected, 1 missing, 1 too many."


def test_each_kind_of_connection_has_its_mark_once_more_in_the_legend():
    picture = connections_picture(EXPECTED, GOT)
    assert len(marks(picture, "circle", "#222222")) == 2 + 1
    assert len(marks(picture, "circle", "#0072b2")) == 1 + 1
    assert len(marks(picture, "path", "#d55e00")) == 1 + 1


def test_numbers_that_differ_are_framed_and_counted():
    got = NUMBERS.clone()
    got[1, 2] = -1
    picture = maps_picture(NUMBERS, got)
    assert len(marks(picture, "rect", "#d55e00")) == 1
    assert "1 of 12 numbers differ" in ElementTree.fromstring(picture).get("aria-label")


def test_maps_of_one_value_throughout_can_be_drawn():
    ElementTree.fromstring(maps_picture(torch.zeros(2, 2), torch.ones(2, 2)))
    ElementTree.fromstring(maps_picture(torch.zeros(2, 2), torch.zeros(2, 2)))


@pytest.mark.parametrize(
    "picture", [connections_picture(EXPECTED, GOT), maps_picture(NUMBERS, NUMBERS + 1)], ids=["connections", "maps"]
)
def test_picture_lies_on_paper_of_its_own_and_is_an_image_to_a_screen_reader(picture):
    root = ElementTree.fromstring(picture)
    paper = root[0]
    assert root.get("role") == "img"
    assert (paper.get("width"), paper.get("height")) == tuple(root.get("viewBox").split()[2:])
    assert paper.get("fill") == PAPER
