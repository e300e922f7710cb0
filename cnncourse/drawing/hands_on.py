"""What the chapters' interactive figures have in common: widgets where there is a kernel, a still picture elsewhere."""

import base64
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from cnncourse.display import RUN_IT, bundle, live, still, svg_text
from cnncourse.drawing.palette import FONT, INK, PAPER

if TYPE_CHECKING:
    from torch import Tensor

MADE_FROM = "application/vnd.cnncourse.made-from+json"  # the type by which a notebook keeps it beside the picture


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
        words, data = self.first.in_words, self.made_from()
        figure = [type(self).__module__, type(self).__qualname__]
        beside = {} if data is None else {MADE_FROM: {"figure": figure, "data": data}}
        return {**bundle(still(self.first.svg, words, RUN_IT), words, live(self.widget())), **beside}

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        raise NotImplementedError

    def made_from(self) -> Mapping[str, object] | None:
        """Return what was trained and what else makes the figure again, as JSON holds it.

        ``None`` for a figure that its code alone makes again to the letter.
        """
        return None

    @classmethod
    def made_again(cls, data: Mapping[str, object]) -> "HandsOn":
        """Return the figure that was made from these data."""
        raise NotImplementedError


def made_again(beside: Mapping[str, object]) -> HandsOn:
    """Return the figure that a notebook of the course keeps, from what stands by ``MADE_FROM``."""
    module, name = beside["figure"]
    return getattr(importlib.import_module(module), name).made_again(beside["data"])


def kept(numbers: "Tensor") -> dict[str, object]:
    """Return a tensor as JSON holds it, with its dtype and shape, to the last bit."""
    plain = numbers.detach().cpu().contiguous().numpy()
    data = base64.b64encode(plain.tobytes()).decode("ascii")
    return {"dtype": plain.dtype.name, "shape": list(plain.shape), "data": data}


def unkept(numbers: Mapping[str, object]) -> "Tensor":
    """Return the tensor that was ``kept``."""
    import numpy as np
    import torch

    plain = np.frombuffer(base64.b64decode(numbers["data"]), dtype=numbers["dtype"]).reshape(numbers["shape"])
    return torch.from_numpy(plain.copy())


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
