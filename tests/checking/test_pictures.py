"""Pictures of reports show what differs, say it in words too, and bring their own background."""

from xml.etree import ElementTree

import torch

from cnncourse.checking.pictures import PAPER, maps_picture

NUMBERS = torch.arange(12.0).view(3, 4)
SVG = "{http://www.w3.org/2000/svg}"


def marks(picture, tag, colour):
    return [
        shape
        for shape in ElementTree.fromstring(picture).iter(SVG + tag)
        if colour in (shape.get("stroke"), shape.get("fill"))
    ]


def test_numbers_that_differ_are_framed_and_counted():
    got = NUMBERS.clone()
    got[1, 2] = -1
    picture = maps_picture(NUMBERS, got)
    assert len(marks(picture, "rect", "#d55e00")) == 1
    assert "1 of 12 numbers differ" in ElementTree.fromstring(picture).get("aria-label")


def test_maps_of_one_value_throughout_can_be_drawn():
    ElementTree.fromstring(maps_picture(torch.zeros(2, 2), torch.ones(2, 2)))
    ElementTree.fromstring(maps_picture(torch.zeros(2, 2), torch.zeros(2, 2)))


def test_picture_lies_on_paper_of_its_own_and_is_an_image_to_a_screen_reader():
    root = ElementTree.fromstring(maps_picture(NUMBERS, NUMBERS + 1))
    paper = root[0]
    assert root.get("role") == "img"
    assert (paper.get("width"), paper.get("height")) == tuple(root.get("viewBox").split()[2:])
    assert paper.get("fill") == PAPER
