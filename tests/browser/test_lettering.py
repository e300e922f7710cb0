"""No text of any picture leaves its box or meets another, whatever font there is."""

from pathlib import Path

import matplotlib
import nbformat
import pytest

from cnncourse.architectures import CATALOGUE
from cnncourse.history.timeline import timeline
from tests import pictures

ROOT = Path(__file__).parents[2]
SHOWN = {record.chapter: ROOT / "chapters" / f"{record.chapter}.ipynb" for record in CATALOGUE if record.has_chapter}
FONTS = Path(matplotlib.get_data_path()) / "fonts/ttf"  # the same on every machine: wide, narrow, with serifs, fixed
FILES = {
    "DejaVu Sans": "DejaVuSans",
    "DejaVu Serif": "DejaVuSerif",
    "DejaVu Sans Mono": "DejaVuSansMono",
    "STIX": "STIXGeneral",
}
INSTALLED = ("Liberation Sans", "Noto Sans", "Helvetica")  # where they are; the browser's own sans-serif where not
ROOM = 1.0  # pixels by which letters may lean out of what they need

MEASURE = """([font, room]) => {
    document.querySelectorAll('svg').forEach(svg => svg.setAttribute('font-family', font));
    const inside = (inner, outer) => inner.left >= outer.left - room && inner.right <= outer.right + room;
    const faults = [];
    document.querySelectorAll('svg').forEach(svg => {
        const texts = [...svg.querySelectorAll('text')].map(text => [text, text.getBoundingClientRect()]);
        const boxes = [...svg.querySelectorAll('rect')].map(box => box.getBoundingClientRect());
        texts.forEach(([text, place], number) => {
            const x = (place.left + place.right) / 2, y = (place.top + place.bottom) / 2;
            const around = boxes.filter(b => b.left <= x && x <= b.right && b.top <= y && y <= b.bottom
                && b.height >= 12).sort((a, b) => a.width - b.width)[0];
            if (around && !inside(place, around)) faults.push(`leaves its box: ${text.textContent}`);
            texts.slice(number + 1).forEach(([other, there]) => {
                const across = Math.min(place.right, there.right) - Math.max(place.left, there.left);
                const down = Math.min(place.bottom, there.bottom) - Math.max(place.top, there.top);
                // Lines of one block stand closer than a tall font's boxes.
                if (across > room && down > 0.4 * Math.min(place.height, there.height))
                    faults.push(`meets another: ${text.textContent} | ${other.textContent}`);
            });
        });
    });
    return [...new Set(faults)];
}"""


def drawings(path):
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [each.content.decode() for each in pictures.shown(outputs) if each.kind == pictures.SVG]


@pytest.fixture(scope="module")
def page(browser):
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    yield opened
    opened.close()


@pytest.mark.browser
@pytest.mark.parametrize("name", [*SHOWN, "timeline"])
def test_every_text_keeps_to_its_place_in_every_font(page, name):
    drawn = [timeline().svg] if name == "timeline" else drawings(SHOWN[name])
    assert drawn
    faces = "".join(f"@font-face{{font-family:'{name}';src:url('{name}.ttf')}}" for name in FILES)
    page.route("http://fonts/*.ttf", lambda route: route.fulfill(path=FONTS / f"{_file(route.request.url)}.ttf"))
    page.route("http://fonts/", lambda route: route.fulfill(content_type="text/html", body="<body></body>"))
    page.goto("http://fonts/")
    page.set_content(f"<style>{faces}svg{{display:block}}</style>{''.join(drawn)}")
    for face in FILES:
        assert page.evaluate("async face => (await document.fonts.load(`12px '${face}'`)).length", face), face
    for font in (*(f"'{face}'" for face in FILES), *(f"'{face}', sans-serif" for face in INSTALLED)):
        assert page.evaluate(MEASURE, [font, ROOM]) == [], font


def _file(address):
    name = address.rsplit("/", 1)[-1].removesuffix(".ttf").replace("%20", " ")
    return FILES[name]
