"""A chapter's interactive figure without a kernel: every state that its controls can reach, computed beforehand.

The controls are those of the figure's own widget, and so is what they do: each is set in turn, and the picture kept,
with where all controls stand then, as one may move others.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from cnncourse.drawing.hands_on import HandsOn
from cnncourse.site.shared import shared

MOST_STATES = 2000  # that are computed of one figure: some seconds


@dataclass(frozen=True)
class Control:
    """A control of a figure.

    Attributes:
        widget: the ipywidget that it stands for.
        name: what is written beside it.
        kind: "range", "choice" or "switch".
        values: what the page can set it to.
        labels: the same in words.
        first: what is shown first.
        held: values that are never left out: the first one, both ends, and where other controls move it.
        thinned: whether the page leaves out values that the widget has.

    """

    widget: object
    name: str
    kind: str
    values: tuple
    labels: tuple[str, ...]
    first: object
    held: frozenset
    thinned: bool = False

    @property
    def free(self) -> list:
        """Values that may be left out."""
        return [value for value in self.values if value not in self.held]

    def thinner(self) -> "Control":
        """Return it with about every second value, counted from the first one shown."""
        middle = self.values.index(self.first)
        every_second = {value for place, value in enumerate(self.values) if (place - middle) % 2 == 0}
        kept = every_second | self.held
        return self.only(kept if len(kept) < len(self.values) else self.held)

    def only(self, values: Collection) -> "Control":
        """Return it with some of its values, those that are held among them."""
        labels = {value: label for value, label in zip(self.values, self.labels, strict=True) if value in values}
        return replace(
            self,
            values=tuple(labels),
            labels=tuple(labels.values()),
            thinned=self.thinned or len(labels) < len(self.values),
        )


@dataclass(frozen=True)
class Turned:
    """A figure with its states.

    Attributes:
        controls: those that the page has too.
        groups: names of those that can be turned together, while the others stand as these leave them.
        left_out: names of those that only JupyterLab has.
        pictures: by where all controls stand, each state as SVG.
        stands: for each group, by the values that its controls are set to, where all controls stand then.
        movers: names of those that move others.

    """

    controls: tuple[Control, ...]
    groups: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...]
    pictures: dict[tuple, str]
    stands: tuple[dict[tuple, tuple], ...]
    movers: frozenset[str]

    @property
    def content(self) -> dict:
        """What the page's script loads, all by the positions of controls.

        The pictures by the positions of all controls; and for each group, where it moves other controls, the positions
        of all by those of its own.
        """
        places = {each.name: {value: str(place) for place, value in enumerate(each.values)} for each in self.controls}
        names = [each.name for each in self.controls]
        reached, groups = [], []
        for group, stands in zip(self.groups, self.stands, strict=True):
            moved = {}
            for values, stand in stands.items():
                if not all(value in places[name] for name, value in zip(group, values, strict=True)):
                    continue  # left out
                reached.append(stand)
                if stand != _as_asked(self.controls, group, values):
                    moved[_positions(places, group, values)] = _positions(places, names, stand)
            groups.append({"controls": [names.index(name) for name in group], "moved": moved})
        states = list(dict.fromkeys(reached))
        elements, roots = shared(self.pictures[state] for state in states)
        return {
            "elements": elements,
            "states": {_positions(places, names, state): root for state, root in zip(states, roots, strict=True)},
            "groups": groups,
            "movers": [number for number, name in enumerate(names) if name in self.movers],
        }

    @property
    def first_picture(self) -> str:
        """The state that is shown first."""
        return self.pictures[tuple(control.first for control in self.controls)]

    @property
    def said(self) -> str:
        """What the page says of itself beside JupyterLab, "" if it has all."""
        here, there = "", []
        if len(self.groups) > 1:
            here = "On this page turning some controls puts others back. "
            there.append("all turn together")
        if self.left_out:
            there.append(f"you also turn {_in_a_row(self.left_out)}")
        thinned = [control.name for control in self.controls if control.thinned]
        if thinned:
            there.append(f"{_in_a_row(thinned)} {'take' if len(thinned) > 1 else 'takes'} more values")
        return f"{here}In JupyterLab {', and '.join(there)}." if there else ""

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
    left_out = tuple(control.name for control in found if control not in controls)
    wholes = {control.name: control for control in controls}

    movers = frozenset(each.name for each in controls if _moves_others(each, controls))

    def is_no_mover(control: Control) -> bool:
        return control.name not in movers

    pictures: dict[tuple, str] = {}
    known: dict[tuple, tuple] = {}

    def stand(group: Sequence[str], values: tuple) -> tuple:
        """Set a group's controls, from where all stood at first, and return where all stand."""
        asked = dict(zip(group, values, strict=True))
        if (group, values) not in known:
            # What moves others goes back first, to be turned anew; all are set twice, as one may hold another back.
            back = sorted((each for each in controls if each.name not in asked or each.name in movers), key=is_no_mover)
            first = [(each.widget, each.first) for each in back]
            wanted = [(each.widget, asked[each.name]) for each in controls if each.name in asked]
            for widget, value in [*first, *wanted, *wanted]:
                widget.value = value
            reached = tuple(each.widget.value for each in controls)
            pictures[reached] = picture.value
            known[group, values] = reached
        return known[group, values]

    while sum(_states(controls, group) for group in groups) > MOST_STATES:
        controls = _thinned(controls)
    while True:
        stands = tuple({values: stand(group, values) for values in _products(controls, group)} for group in groups)
        moved = [set() for _ in controls]
        for group, by in zip(groups, stands, strict=True):
            for values, reached in by.items():
                for place, value in enumerate(_as_asked(controls, group, values)):
                    if reached[place] != value:
                        moved[place].add(reached[place])
        if all(more <= each.held for each, more in zip(controls, moved, strict=True)):
            break
        # The page shows every value that a control is moved to, and turns on from there.
        controls = [
            replace(wholes[each.name], held=each.held | more).only({*each.values, *more})
            for each, more in zip(controls, moved, strict=True)
        ]
    controls = [each.only(set(values)) for each, values in zip(controls, zip(*pictures, strict=True), strict=True)]
    return Turned(tuple(controls), tuple(groups), left_out, pictures, stands, movers)


def _positions(places: Mapping[str, Mapping], names: Sequence[str], values: Sequence) -> str:
    return ",".join(places[name][value] for name, value in zip(names, values, strict=True))


def _as_asked(controls: Sequence[Control], group: Sequence[str], values: Sequence) -> tuple:
    """Return where all controls would stand if those of a group moved no others."""
    asked = dict(zip(group, values, strict=True))
    return tuple(asked.get(each.name, each.first) for each in controls)


def _products(controls: Sequence[Control], group: Sequence[str]) -> Iterator[tuple]:
    """Return what a group's controls can be set to together."""
    values = {each.name: each.values for each in controls}
    return product(*(values[name] for name in group))


def _states(controls: Sequence[Control], group: Sequence[str]) -> int:
    return prod(len(each.values) for each in controls if each.name in group)


def _moves_others(control: Control, controls: Sequence[Control]) -> bool:
    """Whether turning a control, from where all stood at first, moves another; all stand as before afterwards."""
    others = [each for each in controls if each is not control]
    moves = False
    for value in control.values:
        control.widget.value = value
        moves = moves or any(each.widget.value != each.first for each in others)
    for each in (control, *others):
        each.widget.value = each.first
    return moves


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
    held = frozenset((widget.value, values[0], values[-1]))
    return Control(widget, widget.description, kind, values, labels, widget.value, held)


def _thinned(controls: Sequence[Control]) -> list[Control]:
    """Return controls with fewer values of the longest slider.

    Raises:
        ValueError: if no value of any can be left out.

    """
    longest = max(controls, key=lambda control: (bool(control.free), control.kind == "range", len(control.free)))
    if not longest.free:
        raise ValueError(f"too many states for a page: {', '.join(control.name for control in controls)}")
    return [control.thinner() if control is longest else control for control in controls]
