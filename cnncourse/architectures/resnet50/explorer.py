"""Chapter 6's interactive figure: signal and gradient along a network, with shortcuts and normalisation on or off."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnncourse.architectures.resnet50.signals import Sizes, sizes
from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, sheet
from cnncourse.drawing.palette import FAINT_INK, INK, NEW

PANEL_WIDTH, PANEL_HEIGHT = 300, 220
LEFT, TOP, GAP = 62, 52, 86
MOST_BLOCKS = 8  # of each stage: so deep that it still answers at once
LOWEST, HIGHEST, EVERY = -6, 6, 3  # powers of ten that fit; the line is cut off beyond them
SCALES = (0.5, 0.7, 1.0, 1.4, 2.0)
LINE = "#0072b2"
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Setting:
    """A network before training.

    Attributes:
        blocks: of each of the two stages.
        shortcuts: whether it is residual.
        normalise: whether it has batch normalisation.
        scale: what its first weights are multiplied by.

    """

    blocks: int = MOST_BLOCKS
    shortcuts: bool = False
    normalise: bool = True
    scale: float = 1.0

    @property
    def sizes(self) -> Sizes:
        """How large signal and gradient are on the way."""
        shortcuts = "A" if self.shortcuts else "none"
        return sizes(self.blocks, shortcuts, normalise=self.normalise, scale=self.scale)

    @property
    def name(self) -> str:
        """The network in a few words."""
        kind = "residual" if self.shortcuts else "plain"
        with_or_without = "with" if self.normalise else "without"
        return f"{4 * self.blocks + 2} layers, {kind}, {with_or_without} batch normalisation"

    @property
    def in_words(self) -> str:
        """The picture in a sentence."""
        found = self.sizes
        return (
            f"{self.name}, first weights times {self.scale:g}: behind the first layer the signal's size is "
            f"{_short(found.signal[0])}, behind the last block {_short(found.signal[-1])}. The gradient's is "
            f"{_short(found.gradient[0])} at the first convolution and {_short(found.gradient[-1])} at the last."
        )

    @property
    def svg(self) -> str:
        """The picture: the signal on its way to the scores, and the gradient at each convolution."""
        found = self.sizes
        right = LEFT + PANEL_WIDTH + GAP
        width, below = right + PANEL_WIDTH + 28, TOP + PANEL_HEIGHT
        parts = [
            heading(width / 2, f"{self.name}, first weights × {self.scale:g}", 22),
            *_panel(LEFT, "size of the signal", "block, from the image to the scores", found.signal, 0),
            *_panel(right, "size of the gradient", "convolution, from the image to the scores", found.gradient, 1),
            svg_text(LEFT + PANEL_WIDTH / 2, below + 58, _ends(found.signal), anchor="middle", bold=True),
            svg_text(right + PANEL_WIDTH / 2, below + 58, _ends(found.gradient), anchor="middle", bold=True),
        ]
        return sheet(width, below + 74, self.in_words, parts)


class SignalExplorer(HandsOn):
    """The network as widgets where there is a kernel of Python, and as a still picture where there is none."""

    def __init__(self) -> None:
        super().__init__(Setting())

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        first = self.first
        layout = ipywidgets.Layout(width="330px")
        blocks = ipywidgets.IntSlider(
            first.blocks, 1, MOST_BLOCKS, description="blocks", layout=layout, continuous_update=False
        )
        scale = ipywidgets.SelectionSlider(options=SCALES, value=first.scale, description="weights ×", layout=layout)
        shortcuts = ipywidgets.Checkbox(first.shortcuts, description="shortcuts", indent=False)
        normalise = ipywidgets.Checkbox(first.normalise, description="batch normalisation", indent=False)
        picture = ipywidgets.HTML(first.svg)

        def show(_change: object = None) -> None:
            picture.value = replace(
                first,
                blocks=blocks.value,
                shortcuts=shortcuts.value,
                normalise=normalise.value,
                scale=scale.value,
            ).svg

        for control in (blocks, scale, shortcuts, normalise):
            control.observe(show, names="value")
        sliders, boxes = ipywidgets.HBox([blocks, scale]), ipywidgets.HBox([shortcuts, normalise])
        return ipywidgets.VBox([picture, sliders, boxes])


def explore_signals() -> SignalExplorer:
    """Turn depth, shortcuts, normalisation and first weights by hand; see signal and gradient on their way."""
    return SignalExplorer()


def _panel(left: float, title: str, below: str, values: Sequence[float], first: int) -> list[str]:
    """Draw values over their number, on a scale of powers of ten.

    Args:
        left: where the panel begins.
        title: above it.
        below: what is counted.
        values: above zero.
        first: number of the first value.

    """
    base = TOP + PANEL_HEIGHT
    parts = [svg_text(left + PANEL_WIDTH / 2, TOP - 8, title, anchor="middle")]
    for power in range(LOWEST, HIGHEST + 1, EVERY):
        y = _height(10.0**power)
        parts.append(
            f'<path d="M{left} {y:.1f}h{PANEL_WIDTH}" stroke="{INK if power == 0 else FAINT_INK}" '
            f'stroke-width="{1 if power == 0 else 0.4}" fill="none"/>'
        )
        parts.append(svg_text(left - 8, y + 4, "1" if power == 0 else _power(power), anchor="end"))
    step = PANEL_WIDTH / max(len(values) - 1, 1)
    places = [(left + number * step, _height(value)) for number, value in enumerate(values)]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    parts.append(f'<path d="M{line}" fill="none" stroke="{LINE}" stroke-width="2"/>')
    for number in (0, -1):
        x, y = places[number]
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{NEW if number == 0 else LINE}"/>')
    parts += [
        svg_text(left, base + 18, str(first), anchor="middle"),
        svg_text(left + PANEL_WIDTH, base + 18, str(first + len(values) - 1), anchor="middle"),
        svg_text(left + PANEL_WIDTH / 2, base + 36, below, anchor="middle", colour=FAINT_INK),
    ]
    return parts


def _height(value: float) -> float:
    power = min(max(math.log10(value), LOWEST), HIGHEST) if value > 0 else LOWEST
    return TOP + PANEL_HEIGHT * (HIGHEST - power) / (HIGHEST - LOWEST)


def _short(value: float) -> str:
    """Return a size with two digits that count, as a power of ten where it is very large or very small."""
    if 0.001 <= value < 9999.5:
        return f"{float(f'{value:.2g}'):g}"
    digits, power = f"{value:.1e}".split("e")
    return f"{digits}·{_power(int(power))}"


def _power(exponent: int) -> str:
    """Return a power of ten with a raised exponent."""
    return f"10{str(exponent).translate(RAISED)}"


def _ends(values: Sequence[float]) -> str:
    """Say how large the first and the last value are, and whether the picture had to cut some off."""
    fits = all(10.0**LOWEST <= value <= 10.0**HIGHEST for value in values)
    return f"first {_short(values[0])}, last {_short(values[-1])}" + ("" if fits else " (off the scale)")
