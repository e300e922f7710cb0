"""Pictures in notebooks carry what every viewer needs, and no more."""

import base64
import re

import pytest

from cnncourse.architectures import LeNet5
from cnncourse.display import bundle, still
from cnncourse.display.stills import LEAST
from cnncourse.drawing import draw
from tests.architectures.shapes import on_meta

SVG = '<svg viewBox="0 0 200.4 50" aria-label="a &quot;box&quot;"><g><title>tip\nof it</title><rect/></g></svg>'


def content(shown):
    return base64.b64decode(re.search(r"base64,([^\"]*)", shown)[1])


def test_an_svg_is_as_wide_as_it_was_drawn_and_has_its_own_words():
    shown = still(SVG)
    assert shown.startswith('<img width="200" alt="a &quot;box&quot;" src="data:image/svg+xml;base64,')
    assert content(shown).decode() == SVG.replace("<title>tip\nof it</title>", "")


@pytest.mark.parametrize("own", [40, 448, 690, 700, 1000, 2000])
def test_letters_of_a_wide_picture_stay_large_enough(own):
    least = re.search(r' style="min-width:(\d+)px"', still(SVG.replace("200.4", str(own))))
    beside_the_files = 448  # pixels, in JupyterLab at 900
    assert max(int(least[1]) if least else 0, min(own, beside_the_files)) >= 0.64 * own


def test_words_and_note_are_escaped():
    shown = still(b"\x89PNG", 'a "<b>"', "run & see")
    assert 'alt="a &quot;&lt;b&gt;&quot;"' in shown
    assert "run &amp; see" in shown
    assert content(shown) == b"\x89PNG"


def test_the_same_network_gives_the_same_bytes():
    first, second = (draw(on_meta(LeNet5), (1, 32, 32))._repr_mimebundle_() for _ in range(2))
    assert first == second


class Widget:
    def __init__(self, answer):
        self.answer = answer

    def _repr_mimebundle_(self):
        return self.answer


@pytest.mark.parametrize("answer", [{"view": 1}, ({"view": 1}, {"metadata": 2})], ids=["ipywidgets", "anywidget"])
def test_a_widget_stands_beside_its_still(answer):
    assert bundle("<img>", "words", Widget(answer)) == {"view": 1, "text/html": "<img>", "text/plain": "words"}


@pytest.mark.parametrize("script", ["display/widgets.js", "drawing/explorer.js"])
def test_live_pictures_shrink_no_further_than_stills(script, project):
    assert f"const LEAST = {LEAST};" in (project / "cnncourse" / script).read_text(encoding="utf-8")
