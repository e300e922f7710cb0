"""Widgets that do not bite: no key typed in one reaches the notebook, and readers who do not see it can use it."""

from functools import cache
from pathlib import Path

STATUS = "cnncourse-status"  # class of a widget whose new text is read aloud


def live(widget: object) -> object:
    """Return a widget with what ipywidgets leave out: names of its controls, and its keys kept to itself.

    Args:
        widget: any ipywidget.

    """
    import ipywidgets

    box = ipywidgets.VBox([widget, _keeper_class()()])
    box.add_class("cnncourse-live")
    return box


@cache
def _keeper_class() -> type:
    """Return the class of a widget that is not seen; made when it is first needed, so that drawing needs no widgets."""
    import anywidget

    class Keeper(anywidget.AnyWidget):
        _esm = Path(__file__).with_name("widgets.js")
        _css = Path(__file__).with_name("widgets.css")

    return Keeper
