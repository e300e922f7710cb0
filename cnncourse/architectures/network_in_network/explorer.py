"""The appendix's interactive figure: a digit is moved over the canvas, and its class maps and two heads follow it."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cnncourse.architectures.network_in_network.experiment import (
    AVERAGE,
    CLASSES,
    DIGIT,
    FULLY_CONNECTED,
    HALF,
    HEIGHT,
    LAST_COLUMN,
    STAGES,
    WIDTH,
    ClassMapNetwork,
    canvas,
)
from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, kept, number, sheet, unkept
from cnncourse.drawing.palette import FAINT_INK, INK, NEW, POSITIVE

PIXEL = 14  # of the canvas, on the screen
LEVELS = 10  # shades; few enough to keep the picture small
CHART_WIDTH, CHART_HEIGHT = 250, 130
CELL = 12  # of a class map, on the screen
PER_ROW = 5
MARGIN, GAP = 20, 24
TRAINED_COLOUR = "#0072b2"


@dataclass(frozen=True)
class MovedDigit:
    """A digit at one place of the canvas, as two networks see it.

    Attributes:
        images: one digit of each class, shape (10, 1, 8, 8).
        networks: with global average pooling, and with a fully connected head, in evaluation mode.
        label: the digit that is shown.
        row: of its upper left corner.
        column: of its upper left corner.

    """

    images: Tensor
    networks: tuple[ClassMapNetwork, ClassMapNetwork]
    label: int = 3
    row: int = 2
    column: int = 14

    @property
    def picture(self) -> Tensor:
        """The canvas with the digit, shape (1, 1, 12, 24)."""
        return canvas(self.images[[self.label]], torch.tensor([self.row]), torch.tensor([self.column]))

    @property
    def class_maps(self) -> Tensor:
        """The class maps of the network with global average pooling, shape (10, 6, 12)."""
        with torch.no_grad():
            return self.networks[0].class_maps(self.picture)[0]

    @property
    def probabilities(self) -> tuple[Tensor, Tensor]:
        """What each network says, as probabilities of the ten classes."""
        with torch.no_grad():
            pooled, connected = (network(self.picture)[0].softmax(dim=0) for network in self.networks)
        return pooled, connected

    @property
    def is_where_trained(self) -> bool:
        """Whether training digits stood at this column too."""
        return self.column <= LAST_COLUMN

    @property
    def in_words(self) -> str:
        """The picture in a sentence."""
        answers = (
            f"{name} says {each.argmax().item()} ({each.max().item():.0%})"
            for name, each in zip((AVERAGE, FULLY_CONNECTED), self.probabilities, strict=True)
        )
        place = "where training digits stood" if self.is_where_trained else "where no training digit stood"
        return f"A {self.label} at row {self.row}, column {self.column}, {place}: {', '.join(answers)}."

    @property
    def svg(self) -> str:
        """The picture: the canvas, both networks' answers, and below them the ten class maps with their means."""
        top = 44
        charts = MARGIN + WIDTH * PIXEL + 2 * GAP
        width = charts + 2 * CHART_WIDTH + GAP + MARGIN
        maps_top = top + HEIGHT * PIXEL + 76
        step = (width - 2 * MARGIN - 12 * CELL) / (PER_ROW - 1)
        parts = [
            heading(MARGIN + WIDTH * PIXEL / 2, f"a {self.label} at row {self.row}, column {self.column}"),
            self._canvas(top),
        ]
        for place, (name, values) in enumerate(zip((AVERAGE, FULLY_CONNECTED), self.probabilities, strict=True)):
            left = charts + place * (CHART_WIDTH + GAP)
            parts += [heading(left + CHART_WIDTH / 2, name), _chart(values.tolist(), self.label, left, top + 14)]
        parts.append(
            heading(width / 2, "class maps and their means: the scores of global average pooling", maps_top - 26)
        )
        maps = self.class_maps
        for label, values in enumerate(maps):
            left = MARGIN + label % PER_ROW * step
            below = maps_top + label // PER_ROW * (6 * CELL + 34)
            caption = f"{label}: mean {number(values.mean().item())}"
            parts.append(svg_text(left, below - 5, caption, bold=label == int(maps.mean(dim=(1, 2)).argmax())))
            parts.append(_shades(values / maps.max().clamp(min=1e-9), left, below, CELL))
        return sheet(width, maps_top + 2 * (6 * CELL + 34) - 8, self.in_words, parts)

    def _canvas(self, top: float) -> str:
        picture = self.picture[0, 0]
        grey = (picture - picture.min()) / (picture.max() - picture.min())
        middle = MARGIN + HALF * PIXEL
        below = top + HEIGHT * PIXEL
        x, y = MARGIN + self.column * PIXEL, top + self.row * PIXEL
        return (
            f'{_shades(grey, MARGIN, top, PIXEL)}<path d="M{middle:g} {top:g}V{below + 20:g}" stroke="{FAINT_INK}" '
            f'stroke-dasharray="5 4"/><rect x="{x:g}" y="{y:g}" width="{DIGIT * PIXEL}" height="{DIGIT * PIXEL}" '
            f'fill="none" stroke="{TRAINED_COLOUR if self.is_where_trained else NEW}" stroke-width="2.5"/>'
            f"{svg_text(MARGIN + HALF * PIXEL / 2, below + 16, 'all training digits', anchor='middle')}"
            f"{svg_text(middle + HALF * PIXEL / 2, below + 16, 'never in training', anchor='middle')}"
        )


class ClassMapExplorer(HandsOn):
    """A digit to be moved: widgets where there is a kernel, and a still picture where there is none.

    Args:
        images: one digit of each class, shape (10, 1, 8, 8).
        networks: with global average pooling, and with a fully connected head, trained on digits in the left half. They
            are shown in half precision, in which the notebook has room to keep them.

    """

    listed = (("column", "row"), ("column", "digit"))

    def __init__(self, images: Tensor, networks: tuple[ClassMapNetwork, ClassMapNetwork]) -> None:
        pooled, connected = (deepcopy(network).half().float() for network in networks)
        super().__init__(MovedDigit(images, (pooled, connected)))

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        first = self.first
        slider = {"layout": ipywidgets.Layout(width="330px")}
        label = ipywidgets.IntSlider(first.label, 0, CLASSES - 1, description="digit", **slider)
        row = ipywidgets.IntSlider(first.row, 0, HEIGHT - DIGIT, description="row", **slider)
        column = ipywidgets.IntSlider(first.column, 0, WIDTH - DIGIT, description="column", **slider)
        picture = ipywidgets.HTML(first.svg)

        def show(_change: object = None) -> None:
            picture.value = replace(first, label=label.value, row=row.value, column=column.value).svg

        for control in (label, row, column):
            control.observe(show, names="value")
        return ipywidgets.VBox([picture, ipywidgets.HBox([column, row, label])])

    def made_from(self) -> Mapping[str, object]:
        """Return the digits and the trained networks; see ``HandsOn``."""
        states = [network.half().state_dict() for network in map(deepcopy, self.first.networks)]
        networks = [{name: kept(numbers) for name, numbers in state.items()} for state in states]
        return {"images": kept(self.first.images), "networks": networks}

    @classmethod
    def made_again(cls, data: Mapping[str, object]) -> "ClassMapExplorer":
        """Return the figure that was made from these data."""
        networks = []
        for head, state in zip((AVERAGE, FULLY_CONNECTED), data["networks"], strict=True):
            networks.append(ClassMapNetwork(1, STAGES, head, positions=HEIGHT * WIDTH // 4).eval())
            networks[-1].load_state_dict({name: unkept(numbers) for name, numbers in state.items()})
        return cls(unkept(data["images"]), tuple(networks))


def explore_class_maps(images: Tensor, networks: tuple[ClassMapNetwork, ClassMapNetwork]) -> ClassMapExplorer:
    """Move a digit over the canvas, and see the class maps follow, and what two heads make of them.

    Args:
        images: one digit of each class, shape (10, 1, 8, 8).
        networks: with global average pooling, and with a fully connected head, trained on digits in the left half.

    """
    return ClassMapExplorer(images, networks)


def _shades(values: Tensor, left: float, top: float, side: float) -> str:
    """Draw numbers from 0 to 1 as shades, one path a shade, with a frame."""
    levels = (values * LEVELS).round().int()
    paths = []
    for level in sorted(set(levels.flatten().tolist()) - {0}):
        cells = "".join(f"M{column} {row}h1v1h-1z" for row, column in (levels == level).nonzero().tolist())
        paths.append(f'<path fill="{POSITIVE}" fill-opacity="{level / LEVELS:.3g}" d="{cells}"/>')
    rows, columns = values.shape
    return (
        f'<g transform="translate({left:g} {top:g}) scale({side:g})" shape-rendering="crispEdges">{"".join(paths)}</g>'
        f'<rect x="{left:g}" y="{top:g}" width="{columns * side:g}" height="{rows * side:g}" fill="none" '
        f'stroke="{INK}"/>'
    )


def _chart(shares: Sequence[float], label: int, left: float, top: float) -> str:
    """Draw the probabilities of the classes as bars, that of the right one in blue."""
    bottom, step = top + CHART_HEIGHT, CHART_WIDTH / CLASSES
    answer = max(range(CLASSES), key=lambda each: shares[each])
    parts = []
    for each, share in enumerate(shares):
        x, high = left + each * step + 3, max(share * CHART_HEIGHT, 1)
        fill = TRAINED_COLOUR if each == label else "#f2c9a9"
        parts.append(
            f'<rect x="{x:.5g}" y="{bottom - high:.5g}" width="{step - 6:g}" height="{high:.4g}" fill="{fill}" '
            f'stroke="{INK}" stroke-width="0.7"/>'
            + svg_text(x + step / 2 - 3, bottom + 15, str(each), anchor="middle", bold=each == answer)
        )
    verdict = "right" if answer == label else "wrong"
    said = svg_text(
        left + CHART_WIDTH / 2, bottom + 36, f"says {answer} with {shares[answer]:.0%}: {verdict}", anchor="middle"
    )
    return f'{"".join(parts)}<path d="M{left:g} {bottom:g}h{CHART_WIDTH}" stroke="{INK}"/>{said}'
