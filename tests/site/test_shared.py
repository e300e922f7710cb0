"""Pictures that are taken apart come back to the letter, and what they have in common is kept once."""

import json

import pytest

from cnncourse.site.shared import packed, put_together, shared, unpacked

ROW = '<g a="x &gt; y"><path d="M0 0"/><text>one &amp; two</text></g>'


def test_pictures_come_back_to_the_letter():
    pictures = [f'<svg b="c > d">{ROW}{number}<text>{number}</text></svg>' for number in range(3)]
    elements, places = shared(pictures)
    assert [put_together(elements, place) for place in places] == pictures


def test_what_pictures_have_in_common_is_kept_once():
    elements, _ = shared(f"<svg>{ROW}<text>{number}</text></svg>" for number in range(50))
    assert sum(element == '<path d="M0 0"/>' for element in elements) == 1
    assert len(json.dumps(elements)) < 50 * len(ROW)


@pytest.mark.parametrize("text", ["", "no element", "<svg>", "<svg/><svg/>", "</svg>", "<svg></svg> and more"])
def test_what_is_not_one_element_is_refused(text):
    with pytest.raises(ValueError, match="not one element"):
        shared([text])


def test_a_script_gives_back_what_was_packed():
    texts = ["×", "-1.50", "no number", "7", "7", "1 of 2, 3.4.5", '<path d="M0-1.5h2"/>', '<path d="M4 5h6"/>', ""]
    content = {"elements": [*texts, ["<g>", 0, 3], ['<svg width="12">', 9, 1], ["<g>"]], "states": [10]}
    assert unpacked(packed("06-resnet-50-6", content)) == content
