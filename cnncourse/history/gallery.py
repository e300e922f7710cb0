"""All networks of the course on one page, each drawn from its code."""

import html
from collections.abc import Iterator
from pathlib import Path

import torch

from cnncourse.architectures.catalogue import CATALOGUE, Architecture
from cnncourse.drawing import Drawing, draw
from cnncourse.drawing.palette import FONT
from cnncourse.history.timeline import timeline

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Convolutional networks from {first} to {last}</title>
<style>
body {{ font-family: {font}; margin: 2rem auto; max-width: 1120px; padding: 0 1rem; line-height: 1.5;
  color: #222222; background: #fbfbf9; }}
figure {{ margin: 1.5rem 0 3rem; overflow-x: auto; }}
figure svg {{ min-width: min(600px, 100vw * 2); }}  /* on a phone one scrolls rather than reads letters of 4 pixels */
nav a {{ display: inline-block; margin-right: 1em; padding: 4px 0; }}
@media (prefers-color-scheme: dark) {{
  body {{ color: #e8e8e4; background: #1c1c1a; }}
  a {{ color: #8cc4f2; }}
}}
</style>
<h1>Convolutional networks from {first} to {last}</h1>
<p>Every figure is drawn from the network's own code. B and R in a box stand for batch normalisation and ReLU, “/2” for
a stride of 2, ×4 for four such blocks in a row. Rest the pointer on a box to see its settings and its cost.</p>
<nav>{links}</nav>
<h2 id="timeline">Timeline</h2>
<figure>{timeline}</figure>
{figures}
</html>
"""


def drawings() -> Iterator[tuple[Architecture, Drawing]]:
    """Draw every network as published, without allocating a weight."""
    for record in CATALOGUE:
        with torch.device("meta"):
            model = record.build()
        yield record, draw(model, record.input_shape, f"{record.title} ({record.year})")


def write_gallery(folder: str | Path) -> Path:
    """Write a page with all networks and the timeline, and each picture as a file beside it.

    Args:
        folder: where to; made if it is not there.

    Returns:
        The page.

    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    history = timeline()
    history.save(folder / "timeline.svg")
    links, figures = ['<a href="#timeline">Timeline</a>'], []
    for record, drawing in drawings():
        drawing.save(folder / f"{record.slug}.svg")
        links.append(f'<a href="#{record.slug}">{html.escape(record.title)}</a>')
        figures.append(
            f'<h2 id="{record.slug}">{html.escape(record.title)}</h2>\n'
            f"<p>{html.escape(record.authors)}: <cite>{html.escape(record.paper)}</cite>. {html.escape(record.venue)}. "
            f"New: {html.escape(record.what_is_new)}.</p>\n<figure>{drawing.svg}</figure>"
        )
    page = folder / "index.html"
    content = PAGE.format(
        first=CATALOGUE[0].title,
        last=CATALOGUE[-1].title,
        font=FONT,
        links=" ".join(links),
        timeline=history.svg,
        figures="\n".join(figures),
    )
    page.write_text(content, encoding="utf-8")
    return page
