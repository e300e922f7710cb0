"""Pictures that every viewer of a notebook shows, whether it trusts the notebook or not, and with their words.

JupyterLab shows no SVG output in a notebook that it does not trust, as those of a fresh clone, and gives those that it
shows, like PNG outputs, an empty alternative text. An ``<img>`` with the picture in it passes everywhere.
"""

import base64
import html
import re
from collections.abc import Mapping

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
RUN_IT = "This is a still picture: run the cell (Shift+Enter) to turn it by hand."
# Of its own width: narrower, a picture's letters would be of 6 pixels and less; it scrolls sideways instead.
LEAST = 0.65
NARROWEST = 450  # what a notebook of 900 pixels leaves beside JupyterLab's list of files
WIDTH, WORDS = re.compile(r'viewBox="0 0 (\S+)'), re.compile(r'aria-label="([^"]*)"')
TOOLTIP = re.compile(r"<title>.*?</title>", re.DOTALL)


def still(picture: str | bytes, words: str = "", note: str = "") -> str:
    """Return a picture as HTML.

    Args:
        picture: SVG as text, with a viewBox, or PNG as bytes.
        words: the picture in words, for readers who do not see it; an SVG's own, its aria-label, if left out.
        note: a line below it, "" for none.

    """
    if isinstance(picture, str):
        own = float(WIDTH.search(picture)[1])
        least = f' style="min-width:{LEAST * own:.0f}px"' if LEAST * own > NARROWEST else ""
        width = f' width="{own:.0f}"{least}'
        words = words or html.unescape(WORDS.search(picture)[1])
        # What is shown as an image answers to no pointer: its tooltips would only make the notebook larger.
        kind, content = "svg+xml", TOOLTIP.sub("", picture).encode("utf-8")
    else:
        width, kind, content = "", "png", picture
    encoded = base64.b64encode(content).decode("ascii")
    below = f"<div><i>{html.escape(note)}</i></div>" if note else ""
    return f'<img{width} alt="{html.escape(words)}" src="data:image/{kind};base64,{encoded}">{below}'


def bundle(shown: str, words: str, widget: object = None) -> Mapping[str, object]:
    """Return an output of a notebook, by its MIME types.

    Args:
        shown: HTML, for where there is no kernel.
        words: the same as plain text.
        widget: what is shown where there is a kernel, an ipywidget; ``None`` for nothing else.

    """
    live = widget._repr_mimebundle_() if widget is not None else {}
    live = live[0] if isinstance(live, tuple) else live
    return {**live, "text/html": shown, "text/plain": words}
