"""Chapter 9's interactive figure: a row of residual Inception blocks before training, their scale turned by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnncourse.architectures.inception_resnet_v2.signals import (
    FIRST_MEAN_SQUARE,
    MOST_BLOCKS,
    Stream,
    expected_sizes,
    stream,
)
from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, sheet
from cnncourse.drawing.palette import FAINT_INK, INK, NEW

PANEL_WIDTH, PANEL_HEIGHT = 300, 210
LEFT, TOP, GAP = 56, 64, 82
SCALES = (0.05, 0.1, 0.17, 0.2, 0.3, 0.5, 0.7, 1.0)
LARGEST_SIZE, SIZE_TICKS = 7.0, (0, 1, 2, 3, 4, 5, 6, 7)
LARGEST_STEP, STEP_TICKS = 150.0, (0, 50, 100, 150)
LINE = "#0072b2"


@dataclass(frozen=True)
class Row:
    """Blocks in a row, before training.

    Attributes:
        scale: factor on the residuals.
        blocks: how many.
        relu: whether a ReLU follows each addition.

    """

    scale: float = 1.0
    blocks: int = 20
    relu: bool = True

    @property
    def stream(self) -> Stream:
        """What is measured on the way."""
        return stream(self.scale, blocks=self.blocks, relu=self.relu)

    @property
    def steps(self) -> list[float]:
        """How large what each block adds is, in per cent of what it is added to."""
        return [100 * step for step in self.stream.steps]

    @property
    def expected_steps(self) -> list[float]:
        """The same for independent residuals of size 1, without ReLU."""
        return [100 * self.scale / size for size in expected_sizes(self.scale, self.blocks)[:-1]]

    @property
    def name(self) -> str:
        """The row in a few words."""
        blocks = f"{self.blocks} blocks" if self.blocks > 1 else "1 block"
        return f"{blocks}, scale {self.scale:g}, {'with' if self.relu else 'without'} ReLU behind each addition"

    @property
    def in_words(self) -> str:
        """The picture in a sentence."""
        sizes, steps = self.stream.sizes, self.steps
        return (
            f"{self.name}: behind the first layer the stream's size is {sizes[0]:.2f}, behind the last block "
            f"{sizes[-1]:.2f}, {sizes[-1] / sizes[0]:.1f} times as large. The first block adds {steps[0]:.0f} % of "
            f"what it is added to, the last one {steps[-1]:.0f} %."
        )

    @property
    def svg(self) -> str:
        """The picture: the stream's size behind each block, and how large each block's step is."""
        right = LEFT + PANEL_WIDTH + GAP
        width, below = right + PANEL_WIDTH + 28, TOP + PANEL_HEIGHT
        sizes, steps = self.stream.sizes, self.steps
        expected = expected_sizes(self.scale, self.blocks)
        parts = [
            heading(width / 2, self.name, 24),
            *_panel(LEFT, "size of the stream", SIZE_TICKS, "", 0),
            *_panel(right, "what a block adds, in % of what it is added to", STEP_TICKS, " %", 1),
            *_lines(LEFT, sizes, expected, LARGEST_SIZE, 0),
            *_lines(right, steps, self.expected_steps, LARGEST_STEP, 1),
            *(svg_text(left, below + 17, str(first), anchor="middle") for left, first in ((LEFT, 0), (right, 1))),
            *(svg_text(left + PANEL_WIDTH, below + 17, str(MOST_BLOCKS), anchor="middle") for left in (LEFT, right)),
            svg_text(
                LEFT + PANEL_WIDTH / 2,
                below + 54,
                f"{sizes[0]:.2f} to {sizes[-1]:.2f}: × {sizes[-1] / sizes[0]:.1f}",
                anchor="middle",
            ),
            svg_text(
                right + PANEL_WIDTH / 2, below + 54, f"first {steps[0]:.0f} %, last {steps[-1]:.0f} %", anchor="middle"
            ),
            f'<path d="M{LEFT} {below + 74}h34" stroke="{LINE}" stroke-width="2.2"/>',
            svg_text(LEFT + 42, below + 78, "measured"),
            f'<path d="M{LEFT + 130} {below + 74}h34" stroke="{INK}" stroke-width="1.4" stroke-dasharray="2 3"/>',
            svg_text(LEFT + 172, below + 78, f"independent residuals of size 1, first layer √{FIRST_MEAN_SQUARE:g}"),
        ]
        return sheet(width, below + 92, self.in_words, parts)


class ScaleExplorer(HandsOn):
    """The row as widgets where there is a kernel of Python, and as a still picture where there is none."""

    def __init__(self) -> None:
        super().__init__(Row())

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        first = self.first
        layout = ipywidgets.Layout(width="310px")
        scale = ipywidgets.SelectionSlider(options=SCALES, value=first.scale, description="scale", layout=layout)
        blocks = ipywidgets.IntSlider(
            first.blocks, 1, MOST_BLOCKS, description="blocks", layout=layout, continuous_update=False
        )
        relu = ipywidgets.Checkbox(first.relu, description="ReLU", indent=False)
        picture = ipywidgets.HTML(first.svg)

        def show(_change: object = None) -> None:
            picture.value = replace(first, scale=scale.value, blocks=blocks.value, relu=relu.value).svg

        for control in (scale, blocks, relu):
            control.observe(show, names="value")
        return ipywidgets.VBox([picture, ipywidgets.HBox([scale, blocks, relu])])


def explore_scale() -> ScaleExplorer:
    """Turn scale, number of blocks and ReLU by hand; see the stream's size and each block's share in it."""
    return ScaleExplorer()


def _panel(left: float, title: str, ticks: Sequence[int], unit: str, first: int) -> list[str]:
    """Draw a panel's title, its horizontal lines and what is counted below it.

    Args:
        left: where the panel begins.
        title: above it.
        ticks: values with a line, the largest at the top.
        unit: behind the values.
        first: number of the first block that is drawn; 0 stands for the first layer.

    """
    below = "block (0: first layer)" if first == 0 else "block"
    parts = [svg_text(left + PANEL_WIDTH / 2, TOP - 10, title, anchor="middle")]
    for tick in ticks:
        y = _height(tick, ticks[-1])
        colour, line = (INK, 1) if tick == 0 else (FAINT_INK, 0.4)
        parts.append(f'<path d="M{left} {y:.1f}h{PANEL_WIDTH}" stroke="{colour}" stroke-width="{line}" fill="none"/>')
        parts.append(svg_text(left - 8, y + 4, f"{tick}{unit}", anchor="end"))
    return [*parts, svg_text(left + PANEL_WIDTH / 2, TOP + PANEL_HEIGHT + 34, below, anchor="middle", colour=FAINT_INK)]


def _lines(left: float, measured: Sequence[float], expected: Sequence[float], largest: float, first: int) -> list[str]:
    """Draw what is measured and what is expected over the number of the block."""
    step = PANEL_WIDTH / (MOST_BLOCKS - first)
    parts = []
    for values, look in (
        (measured, f'stroke="{LINE}" stroke-width="2.2"'),
        (expected, f'stroke="{INK}" stroke-width="1.4" stroke-dasharray="2 3"'),
    ):
        places = "L".join(f"{left + n * step:.1f} {_height(value, largest):.1f}" for n, value in enumerate(values))
        parts.append(f'<path d="M{places}" fill="none" {look}/>')
    for number in (0, len(measured) - 1):
        colour = NEW if number == 0 else LINE
        x, y = left + number * step, _height(measured[number], largest)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>')
    return parts


def _height(value: float, largest: float) -> float:
    return TOP + PANEL_HEIGHT * (1 - min(value, largest) / largest)
