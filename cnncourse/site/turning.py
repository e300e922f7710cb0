"""A chapter's interactive figure without a kernel: every state that its controls can reach, computed beforehand.

The controls are those of the figure's own widget, and so is what they do: each is set in turn, and the picture kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from cnncourse.drawing.hands_on import HandsOn
from cnncourse.site.shared import shared

MOST_STATES = 720  # that are computed of one figure: some seconds


@dataclass(frozen=True)
class Control:
    """A control of a figure.

    Attributes:
        widget: the ipywidget that it stands for.
        name: what is written beside it.
        kind: "range", "choice" or "switch".
        values: what the widget can be set to.
        labels: the same in words.
        first: position of the value that is shown first.
        thinned: whether the page leaves out values that the widget has.

    """

    widget: object
    name: str
    kind: str
    values: tuple
    labels: tuple[str, ...]
    first: int
    thinned: bool = False

    def thinner(self) -> "Control":
        """Return it with about every second value; the first one shown and both ends stay."""
        last = len(self.values) - 1
        places = [each for each in range(last + 1) if (each - self.first) % 2 == 0 or each in (0, last)]
        return replace(
            self,
            values=tuple(self.values[place] for place in places),
            labels=tuple(self.labels[place] for place in places),
            first=places.index(self.first),
            thinned=True,
        )


@dataclass(frozen=True)
class Turned:
    """A figure with its states.

    Attributes:
        controls: those that the page has too.
        left_out: names of those that only JupyterLab has.
        pictures: by the values of the controls, each state as SVG.

    """

    controls: tuple[Control, ...]
    left_out: tuple[str, ...]
    pictures: dict[tuple, str]

    @property
    def content(self) -> dict:
        """What the page's script loads; the position of the last control runs fastest."""
        values = product(*(control.values for control in self.controls))
        elements, states = shared(self.pictures[each] for each in values)
        return {"elements": elements, "states": states}

    @property
    def first_picture(self) -> str:
        """The state that is shown first."""
        return self.pictures[tuple(control.values[control.first] for control in self.controls)]

    @property
    def only_in_jupyterlab(self) -> str:
        """What JupyterLab adds, "" if nothing."""
        said = []
        if self.left_out:
            *most, last = self.left_out
            said.append(f"you also turn {', '.join(most)} and {last}" if most else f"you also turn {last}")
        thinned = [control.name for control in self.controls if control.thinned]
        if thinned:
            said.append(f"{' and '.join(thinned)} {'take' if len(thinned) > 1 else 'takes'} every value between")
        return ", and ".join(said)

    def thinner(self) -> "Turned":
        """Return it with fewer values of the longest slider."""
        return replace(self, controls=tuple(_thinned(self.controls)))


def turned(figure: HandsOn) -> Turned:
    """Compute the states of a figure: those of the controls that it lists, or of all.

    Args:
        figure: as the chapter's cell shows it.

    """
    import ipywidgets

    parts = list(_inside(figure.widget()))
    picture = next(part for part in parts if type(part) is ipywidgets.HTML)
    found = [control for control in map(_control, parts) if control is not None]
    listed = figure.listed or tuple(control.name for control in found)
    controls = [control for control in found if control.name in listed]
    while prod(len(control.values) for control in controls) > MOST_STATES:
        controls = _thinned(controls)
    pictures = {}
    for values in product(*(control.values for control in controls)):
        for control, value in zip(controls, values, strict=True):
            control.widget.value = value
        pictures[values] = picture.value
    left_out = tuple(control.name for control in found if control.name not in listed)
    return Turned(tuple(controls), left_out, pictures)


def _inside(widget: object) -> Iterator[object]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _inside(child)


def _control(widget: object) -> Control | None:
    """Return the control that a widget is, ``None`` if it is none."""
    import ipywidgets

    match widget:
        case ipywidgets.IntSlider():
            values = tuple(range(widget.min, widget.max + 1, widget.step))
            kind, labels = "range", tuple(map(str, values))
        case ipywidgets.FloatSlider():
            steps = round((widget.max - widget.min) / widget.step)
            values = tuple(round(widget.min + widget.step * step, 9) for step in range(steps + 1))
            kind, labels = "range", tuple(f"{value:g}" for value in values)
        case ipywidgets.SelectionSlider():
            kind, values, labels = "range", tuple(widget.options), tuple(map(str, widget.options))
        case ipywidgets.Dropdown() | ipywidgets.ToggleButtons():
            kind, values, labels = "choice", tuple(widget.options), tuple(map(str, widget.options))
        case ipywidgets.Checkbox():
            kind, values, labels = "switch", (False, True), ("off", "on")
        case _:
            return None
    return Control(widget, widget.description, kind, values, labels, values.index(widget.value))


def _thinned(controls: Sequence[Control]) -> list[Control]:
    longest = max(controls, key=lambda control: (control.kind == "range", len(control.values)))
    return [control.thinner() if control is longest else control for control in controls]
