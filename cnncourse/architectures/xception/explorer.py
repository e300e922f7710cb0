"""Chapter 7's interactive figure: a k×k step in groups and a 1×1 step, from all channels together to each alone."""

from dataclasses import dataclass, replace

from cnncourse.architectures.xception.spectrum import Point
from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, sheet
from cnncourse.drawing.palette import FAINT_INK, INK, KINDS, NEW

CHANNELS = 16
GROUPS = (1, 2, 4, 8, 16)
SIZES = (3, 5, 7)
COLUMNS = (60, 230, 400)  # of input channels, maps between, output maps
TOP, STEP, RADIUS = 64, 19, 6
RIGHT = 470  # where the numbers stand
BAR = 250  # length of the bar of the ordinary convolution


@dataclass(frozen=True)
class Connections:
    """What is connected with what.

    Attributes:
        groups: of the k×k step.
        kernel_size: k.
        channel: the input channel that is followed.

    """

    groups: int = 4
    kernel_size: int = 3
    channel: int = 5

    @property
    def point(self) -> Point:
        """The place on the spectrum, with its costs."""
        return Point(CHANNELS, self.groups, self.kernel_size)

    @property
    def reached(self) -> range:
        """The maps between that the followed channel reaches."""
        size = CHANNELS // self.groups
        first = self.channel // size * size
        return range(first, first + size)

    @property
    def in_words(self) -> str:
        """The picture in a sentence."""
        k, (spatial, pointwise), point = self.kernel_size, self.point.weights, self.point
        kernels = point.kernels_a_channel
        return (
            f"{CHANNELS} channels in {self.groups} group{'s' * (self.groups > 1)}: channel {self.channel} reaches "
            f"{len(self.reached)} of the maps between, and all {CHANNELS} output maps through them, with up to "
            f"{kernels} different {k}×{k} kernel{'s' * (kernels > 1)}. Weights: {spatial:,} of {k}×{k} and "
            f"{pointwise:,} of 1×1, together {(spatial + pointwise) / point.ordinary:.0%} of the {point.ordinary:,} of "
            f"one ordinary {k}×{k} convolution."
        )

    @property
    def svg(self) -> str:
        """The picture: three columns of maps with their connections, and what the connections cost."""
        k = self.kernel_size
        size = CHANNELS // self.groups
        pairs = [(i, o) for i in range(CHANNELS) for o in range(i // size * size, i // size * size + size)]
        first, between, last = COLUMNS
        parts = [
            heading(first, "channels", 26),
            heading(between, "maps between", 26),
            heading(last, "output maps", 26),
            svg_text(
                (first + between) / 2, 46, f"{k}×{k}, {self.groups} group{'s' * (self.groups > 1)}", anchor="middle"
            ),
            svg_text((between + last) / 2, 46, "1×1", anchor="middle"),
            _lines(first, between, [pair for pair in pairs if pair[0] != self.channel], FAINT_INK, 0.35),
            _lines(between, last, [(i, o) for i in range(CHANNELS) for o in range(CHANNELS)], FAINT_INK, 0.12),
            _lines(first, between, [(self.channel, o) for o in self.reached], NEW, 1, 1.8),
            _lines(between, last, [(i, o) for i in self.reached for o in range(CHANNELS)], NEW, 0.3),
        ]
        for number in range(CHANNELS):
            for column, marked in zip(COLUMNS, (number == self.channel, number in self.reached, True), strict=True):
                colour = NEW if marked and column != last else "#ffffff" if column != last else "#ffe3cc"
                parts.append(
                    f'<circle cx="{column}" cy="{_height(number):g}" r="{RADIUS}" fill="{colour}" stroke="{INK}" '
                    f'stroke-width="0.9"/>'
                )
        parts += self._costs()
        return sheet(RIGHT + BAR + 60, _height(CHANNELS) + 14, self.in_words, parts)

    def _costs(self) -> list[str]:
        k, point = self.kernel_size, self.point
        spatial, pointwise = point.weights
        parts = [svg_text(RIGHT, 46, "weights", bold=True)]
        rows = (
            (f"one ordinary {k}×{k} convolution: {point.ordinary:,}", ((point.ordinary, KINDS["convolution"].fill),)),
            (
                f"{k}×{k} in groups: {spatial:,}; 1×1: {pointwise:,}",
                ((spatial, KINDS["depthwise"].fill), (pointwise, KINDS["convolution"].fill)),
            ),
        )
        for number, (name, pieces) in enumerate(rows):
            top, left = 62 + 56 * number, float(RIGHT)
            parts.append(svg_text(RIGHT, top + 12, name))
            for count, fill in pieces:
                length = BAR * count / point.ordinary
                parts.append(
                    f'<rect x="{left:.5g}" y="{top + 20}" width="{length:.5g}" height="18" fill="{fill}" '
                    f'stroke="{INK}" stroke-width="0.8"/>'
                )
                left += length
        share = (spatial + pointwise) / point.ordinary
        kernels = point.kernels_a_channel
        parts.append(svg_text(RIGHT, 190, f"together {share:.0%} of the ordinary convolution", bold=True))
        parts.append(svg_text(RIGHT, 226, f"channel {self.channel}", colour=NEW, bold=True))
        parts.append(svg_text(RIGHT, 246, f"reaches {len(self.reached)} of {CHANNELS} maps between"))
        parts.append(svg_text(RIGHT, 264, f"and all {CHANNELS} output maps,"))
        marks = "one kernel, stronger or weaker" if kernels == 1 else f"mixtures of {kernels} kernels"
        parts.append(svg_text(RIGHT, 282, f"where its marks are {marks}"))
        parts.append(svg_text(RIGHT, 300, f"(an ordinary {k}×{k}: of up to {min(k * k, CHANNELS)})", colour=FAINT_INK))
        ends = {1: "all channels together: space and channels at once", CHANNELS: "depthwise separable: Xception"}
        parts.append(svg_text(RIGHT, 340, ends.get(self.groups, "in between: as Inception's few branches"), bold=True))
        return parts


class ConnectionsExplorer(HandsOn):
    """The connections as widgets where there is a kernel of Python, and as a still picture where there is none."""

    def __init__(self) -> None:
        super().__init__(Connections())

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        first = self.first
        layout = ipywidgets.Layout(width="300px")
        groups = ipywidgets.SelectionSlider(options=GROUPS, value=first.groups, description="groups", layout=layout)
        size = ipywidgets.SelectionSlider(options=SIZES, value=first.kernel_size, description="kernel", layout=layout)
        channel = ipywidgets.IntSlider(first.channel, 0, CHANNELS - 1, 1, description="channel", layout=layout)
        picture = ipywidgets.HTML(first.svg)

        def show(_change: object = None) -> None:
            picture.value = replace(first, groups=groups.value, kernel_size=size.value, channel=channel.value).svg

        for control in (groups, size, channel):
            control.observe(show, names="value")
        return ipywidgets.VBox([picture, ipywidgets.HBox([groups, size, channel])])


def explore_groups() -> ConnectionsExplorer:
    """Divide the channels into groups by hand; see what reaches what, with how many kernels, and what it costs."""
    return ConnectionsExplorer()


def _height(number: int) -> float:
    return TOP + STEP * number


def _lines(left: int, right: int, pairs: list[tuple[int, int]], colour: str, opacity: float, width: float = 1) -> str:
    path = "".join(f"M{left} {_height(i):g}L{right} {_height(o):g}" for i, o in pairs)
    return f'<path d="{path}" stroke="{colour}" stroke-opacity="{opacity:g}" stroke-width="{width:g}" fill="none"/>'
