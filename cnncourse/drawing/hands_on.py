"""What the chapters' interactive figures have in common: widgets where there is a kernel, a still picture elsewhere."""

from collections.abc import Mapping
from typing import Protocol

from cnncourse.display import RUN_IT, bundle, live, still, svg_text
from cnncourse.drawing.palette import FONT, INK, PAPER


class Still(Protocol):
    """One state of a figure."""

    @property
    def svg(self) -> str:
        """The state as a picture."""

    @property
    def in_words(self) -> str:
        """The state in a sentence, for readers who do not see the picture."""


class HandsOn:
    """A figure to be turned by hand. Subclasses make its widgets.

    Attributes:
        listed: where all states would be too many for a page without a kernel, the groups of controls that can be
            turned together there, by their names, while the others stand as they were at first.

    Args:
        first: the state that is shown first, and where there is no kernel.

    """

    listed: tuple[tuple[str, ...], ...] = ()

    def __init__(self, first: Still) -> None:
        self.first = first

    def __repr__(self) -> str:
        return self.first.in_words

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, object]:
        words = self.first.in_words
        return bundle(still(self.first.svg, words, RUN_IT), words, live(self.widget()))

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        raise NotImplementedError


def sheet(width: float, height: float, words: str, parts: list[str]) -> str:
    """Return a picture with its own paper: its marks, and words for readers who do not see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="100%" '
        f'style="max-width:{width:g}px" role="img" aria-label="{words}" fill="{INK}" font-family="{FONT}">'
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )


def heading(middle: float, text: str, top: float = 28) -> str:
    """Return a heading, centred."""
    return svg_text(middle, top, text, size=13, anchor="middle", bold=True)


def number(value: float) -> str:
    """Return a number with two decimals at most and a true minus sign."""
    rounded = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if rounded in ("-0", "") else rounded.replace("-", "−")


def sign(x: float, y: float, text: str) -> str:
    """Return a sign such as × or =, large and centred."""
    return svg_text(x, y, text, size=20, anchor="middle")
