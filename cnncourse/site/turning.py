"""A chapter's interactive figure without a kernel: every state that its controls can reach, computed beforehand.

The controls are those of the figure's own widget, and so is what they do: each is set in turn, and the picture kept.
"""

from collections.abc import Collection, Iterator, Sequence
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
        return self.only({self.values[place] for place in places})

    def only(self, values: Collection) -> "Control":
        """Return it with some of its values, the first one shown among them."""
        places = [place for place, value in enumerate(self.values) if value in values]
        return replace(
            self,
            values=tuple(self.values[place] for place in places),
            labels=tuple(self.labels[place] for place in places),
            first=places.index(self.first),
            thinned=self.thinned or len(places) < len(self.values),
        )


@dataclass(frozen=True)
class Turned:
    """A figure with its states.

    Attributes:
        controls: those that the page has too.
        groups: names of those that can be turned together, while the others stand as they were at first.
        left_out: names of those that only JupyterLab has.
        pictures: by the values of the controls, each state as SVG.

    """

    controls: tuple[Control, ...]
    groups: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...]
    pictures: dict[tuple, str]

    @property
    def content(self) -> dict:
        """What the page's script loads: pictures by the positions of the controls, and which of these go together."""
        places = [{value: str(place) for place, value in enumerate(control.values)} for control in self.controls]
        kept = {
            ",".join(place[value] for place, value in zip(places, values, strict=True)): picture
            for values, picture in self.pictures.items()
            if all(value in place for place, value in zip(places, values, strict=True))
        }
        elements, states = shared(kept.values())
        groups = [[place for place, each in enumerate(self.controls) if each.name in group] for group in self.groups]
        return {"elements": elements, "states": dict(zip(kept, states, strict=True)), "groups": groups}

    @property
    def first_picture(self) -> str:
        """The state that is shown first."""
        return self.pictures[tuple(control.values[control.first] for control in self.controls)]

    @property
    def only_in_jupyterlab(self) -> str:
        """What JupyterLab adds, "" if nothing."""
        said = []
        if self.left_out:
            said.append(f"you also turn {_in_a_row(self.left_out)}")
        if len(self.groups) > 1:
            said.append("all controls turn together")
        thinned = [control.name for control in self.controls if control.thinned]
        if thinned:
            said.append(f"{_in_a_row(thinned)} {'take' if len(thinned) > 1 else 'takes'} more values")
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
    groups = figure.listed or (tuple(control.name for control in found),)
    controls = [control for control in found if any(control.name in group for group in groups)]
    while sum(prod(map(len, _choices(controls, group))) for group in groups) > MOST_STATES:
        controls = _thinned(controls)
    pictures = {}
    for group in groups:
        for values in product(*_choices(controls, group)):
            for control, value in 2 * list(zip(controls, values, strict=True)):  # one may hold another back at first
                control.widget.value = value
            if all(control.widget.value == value for control, value in zip(controls, values, strict=True)):
                pictures[values] = picture.value
    reached = [set(values) for values in zip(*pictures, strict=True)]
    controls = [control.only(values) for control, values in zip(controls, reached, strict=True)]
    left_out = tuple(control.name for control in found if not any(control.name in group for group in groups))
    return Turned(tuple(controls), tuple(groups), left_out, pictures)


def _choices(controls: Sequence[Control], group: Sequence[str]) -> list[tuple]:
    """Return what each control takes while those of a group are turned."""
    return [each.values if each.name in group else (each.values[each.first],) for each in controls]


def _in_a_row(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


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
