"""Pictures as files: their words are shapes where no browser sets them, and no file is too large to be written."""

from io import BytesIO
from xml.etree import ElementTree

import pytest
from cairosvg import svg2png
from PIL import Image
from torch import nn

from cnncourse.architectures.lenet5.model import LeNet5
from cnncourse.display import svg_text, text_width
from cnncourse.drawing import draw, saving
from cnncourse.drawing.outlines import SVG, outlined

PAPER = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 500 40"><rect width="500" height="40" fill="#fff"/>'


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
@pytest.mark.parametrize("words", ["concatenate → 256", "local response norm", "WWW 7×7 conv /2 & <b> $x$"])
def test_words_are_shapes_as_wide_as_laid_out(words, anchor, bold):
    svg = f"{PAPER}{svg_text(250, 20, words, anchor=anchor, bold=bold)}</svg>"
    drawn = Image.open(BytesIO(svg2png(bytestring=outlined(svg).encode(), scale=4))).convert("L")
    left, _, right, _ = (each / 4 for each in drawn.point(lambda value: 255 * (value < 200)).getbbox())
    width = text_width(words, 12, bold=bold)
    start = 250 - {"start": 0, "middle": width / 2, "end": width}[anchor]
    assert left == pytest.approx(start, abs=1.5)
    assert right == pytest.approx(start + width, abs=1.5)


def test_no_text_is_left_to_a_font():
    root = ElementTree.fromstring(outlined(draw(LeNet5(), (1, 32, 32)).svg))
    assert not root.findall(f".//{{{SVG}}}text")
    assert {"f6", "FC, 84"} <= {path.get("aria-label") for path in root.iter(f"{{{SVG}}}path")}


def test_picture_too_tall_for_a_png_is_scaled_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(saving, "MOST_PIXELS", 500)
    with pytest.warns(UserWarning, match=r"at most 500 pixels a side: .*tall.png is \d\d % of its size"):
        draw(nn.Sequential(*(nn.Conv2d(1, 1, 2 * size + 1) for size in range(12))), (1, 300, 300)).save(
            tmp_path / "tall.png"
        )
    assert 499 <= max(Image.open(tmp_path / "tall.png").size) <= 500  # as the drawing library rounds
