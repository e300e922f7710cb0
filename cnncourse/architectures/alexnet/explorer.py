"""Chapter 2's interactive figure: one layer of units under dropout, and what the next layer gets from it."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, number, sheet, sign
from cnncourse.drawing.palette import FAINT_INK, INK, NEW, POSITIVE

# By name: what a kept unit is multiplied by in training, and every unit at test time.
SCALINGS = {
    "2012: times 1 − p at test time": lambda p: (1.0, 1 - p),
    "today: divided by 1 − p in training": lambda p: (1 / (1 - p), 1.0),
    "never scaled": lambda _p: (1.0, 1.0),
}
COLUMNS = 6
CELL = 38
MASKS = 2000  # of which the distribution is drawn
BARS = 30
CHART_WIDTH, CHART_HEIGHT = 300, 170
TRAINING_COLOUR = "#0072b2"


@dataclass(frozen=True)
class DroppedOut:
    """A layer's units for one picture, with one mask.

    Attributes:
        units: what the units say, none below zero, shape (N,).
        p: probability to drop a unit, below 1.
        scaling: a name of ``SCALINGS``.
        training: whether units are dropped, or it is test time.
        call: which of the masks is shown, from 1.

    """

    units: Tensor
    p: float = 0.5
    scaling: str = next(iter(SCALINGS))
    training: bool = True
    call: int = 1

    @property
    def masks(self) -> Tensor:
        """Ones for kept and zeros for dropped units, a row for each call of the layer, shape (2000, N)."""
        generator = torch.Generator().manual_seed(2012)
        return (torch.rand(MASKS, len(self.units), generator=generator) >= self.p).float()

    @property
    def factors(self) -> Tensor:
        """What each unit is multiplied by, shape (N,)."""
        in_training, at_test_time = SCALINGS[self.scaling](self.p)
        if self.training:
            return self.masks[self.call - 1] * in_training
        return torch.full_like(self.units, at_test_time)

    @property
    def output(self) -> Tensor:
        """What the layer gives, shape (N,)."""
        return self.units * self.factors

    @property
    def sums_in_training(self) -> Tensor:
        """What the next unit gets, for each of the masks, shape (2000,)."""
        return (self.masks * SCALINGS[self.scaling](self.p)[0]) @ self.units

    @property
    def sum_at_test_time(self) -> float:
        """What the next unit gets at test time."""
        return (self.units.sum() * SCALINGS[self.scaling](self.p)[1]).item()

    @property
    def in_words(self) -> str:
        """The picture in a sentence."""
        dropped = int((self.factors == 0).sum())
        when = (
            f"in training, call {self.call}: {dropped} of {len(self.units)} dropped"
            if self.training
            else ("at test time, none dropped")
        )
        gets, mean, later = map(
            number, (self.output.sum().item(), self.sums_in_training.mean().item(), self.sum_at_test_time)
        )
        return (
            f"{len(self.units)} units with p = {self.p:g}, {when}. The next unit gets {gets}; "
            f"on average in training {mean}, at test time {later}."
        )

    @property
    def svg(self) -> str:
        """The picture: units × factors = output, and the sums that the next unit gets."""
        side = COLUMNS * CELL
        lefts = (20, 20 + side + 36, 20 + 2 * (side + 36))
        chart = lefts[2] + side + 44
        top = 40
        rows = -(-len(self.units) // COLUMNS)
        middle = top + rows * CELL / 2 + 6
        parts = [
            heading(lefts[0] + side / 2, "units"),
            _grid(self.units, lefts[0], top, self.units.max().item()),
            sign(lefts[1] - 18, middle, "×"),
            heading(lefts[1] + side / 2, f"mask of call {self.call}" if self.training else "test time"),
            _grid(self.factors, lefts[1], top, 0.0),
            sign(lefts[2] - 18, middle, "="),
            heading(lefts[2] + side / 2, f"output, sum {number(self.output.sum().item())}"),
            _grid(self.output, lefts[2], top, self.units.max().item()),
            heading(chart + CHART_WIDTH / 2, "what the next unit gets"),
            self._chart(chart, top),
        ]
        return sheet(chart + CHART_WIDTH + 24, top + max(rows * CELL, CHART_HEIGHT + 62) + 16, self.in_words, parts)

    def _chart(self, left: float, top: float) -> str:
        """Draw how often each sum comes up in training, its mean, and the sum at test time, on one fixed scale."""
        largest = 2.2 * self.units.sum().item()
        counts = torch.histc(self.sums_in_training, BARS, 0, largest)
        width, bottom = CHART_WIDTH / BARS, top + CHART_HEIGHT
        heights = counts / counts.max() * (CHART_HEIGHT - 24)
        bars = "".join(
            f"M{left + bar * width:.5g} {bottom:g}v{-height:.4g}h{width - 1:.3g}V{bottom:g}z"
            for bar, height in enumerate(heights.tolist())
            if height
        )
        mean = self.sums_in_training.mean().item()
        labels = (
            (mean, f"mean in training {number(mean)}", TRAINING_COLOUR, "", 36),
            (self.sum_at_test_time, f"at test time {number(self.sum_at_test_time)}", NEW, "6 4", 54),
        )
        lines = "".join(
            f'<line x1="{left + CHART_WIDTH * value / largest:.5g}" x2="{left + CHART_WIDTH * value / largest:.5g}" '
            f'y1="{top:g}" y2="{bottom:g}" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/>'
            f'<line x1="{left:g}" x2="{left + 26:g}" y1="{bottom + below - 4:g}" y2="{bottom + below - 4:g}" '
            f'stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/>'
            f"{svg_text(left + 34, bottom + below, text)}"
            for value, text, colour, dashes, below in labels
        )
        ticks = "".join(
            svg_text(
                left + CHART_WIDTH * share,
                bottom + 15,
                f"{largest * share:.0f}",
                size=11,
                anchor="middle",
                colour=FAINT_INK,
            )
            for share in (0, 0.5, 1)
        )
        axis = f'<path d="M{left:g} {bottom:g}h{CHART_WIDTH}" stroke="{INK}" fill="none"/>'
        return f'<path d="{bars}" fill="#93d7fe"/>{axis}{ticks}{lines}'


class DropoutExplorer(HandsOn):
    """Dropout as widgets where there is a kernel, and as a still picture where there is none.

    Args:
        units: what a layer's units say for one picture, none below zero, shape (N,).

    """

    def __init__(self, units: Tensor) -> None:
        super().__init__(DroppedOut(units.detach()))

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        layout = ipywidgets.Layout(width="330px")
        p = ipywidgets.FloatSlider(self.first.p, min=0, max=0.9, step=0.1, description="p", layout=layout)
        call = ipywidgets.IntSlider(1, 1, 20, description="call", layout=layout)
        when = ipywidgets.ToggleButtons(options=["training", "test time"], description="when")
        scaling = ipywidgets.Dropdown(options=list(SCALINGS), description="scaling", layout=layout)
        picture = ipywidgets.HTML(self.first.svg)

        def show(_change: object = None) -> None:
            picture.value = replace(
                self.first,
                p=round(p.value, 1),
                call=call.value,
                training=when.value == "training",
                scaling=scaling.value,
            ).svg

        for control in (p, call, when, scaling):
            control.observe(show, names="value")
        left = ipywidgets.VBox([p, call])
        return ipywidgets.VBox([picture, ipywidgets.HBox([left, ipywidgets.VBox([when, scaling])])])


def explore_dropout(units: Tensor) -> DropoutExplorer:
    """Drop units of a layer by hand, and see what the next layer gets in training and at test time.

    Args:
        units: what a layer's units say for one picture, none below zero, shape (N,).

    """
    return DropoutExplorer(units)


def _grid(values: Tensor, left: float, top: float, largest: float) -> str:
    """Draw numbers in rows of six; the darker, the larger, but for ``largest`` 0; a dropped unit is crossed out."""
    cells = []
    for place, value in enumerate(values.tolist()):
        x, y = left + place % COLUMNS * CELL, top + place // COLUMNS * CELL
        shade = 0.5 * min(value / largest, 1) if largest else 0.0
        cells.append(
            f'<rect x="{x:g}" y="{y:g}" width="{CELL}" height="{CELL}" fill="{POSITIVE}" fill-opacity="{shade:.2g}" '
            f'stroke="#999999"/>{svg_text(x + CELL / 2, y + CELL / 2 + 4, number(value), size=11, anchor="middle")}'
        )
        if value == 0 and not largest:
            cells.append(f'<path d="M{x + 5:g} {y + 5:g}l{CELL - 10} {CELL - 10}" stroke="{NEW}" stroke-width="2"/>')
    return "".join(cells)
