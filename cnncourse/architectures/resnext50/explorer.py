"""Chapter 10's interactive figure: cardinality and width of a block, what is connected with what, and the cost."""

from dataclasses import dataclass, replace

from cnncourse.architectures.resnext50.templates import TEMPLATES, Template
from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, sheet
from cnncourse.drawing.palette import FAINT_INK, INK, KINDS, NEW

CARDINALITIES = (1, 2, 4, 8, 16, 32)
WIDTHS = (1, 2, 4, 6, 8, 14, 24, 40, 64)
BUDGET = TEMPLATES[0].weights  # that of the ResNet bottleneck
LEFT, TOP, SIDE = 40, 66, 256  # of the matrix
FULL_SCALE = 160  # channels inside that fill the matrix; more are drawn smaller
RIGHT, BAR, MOST = 380, 330, 1.25  # where the numbers stand, and the longest bar as a multiple of the budget


@dataclass(frozen=True)
class Divided:
    """A block of 256 channels, divided into paths.

    Attributes:
        cardinality: number of paths.
        width: channels within a path.

    """

    cardinality: int = 8
    width: int = 14

    @property
    def template(self) -> Template:
        """The template, with its costs."""
        return Template(self.cardinality, self.width)

    @property
    def share(self) -> float:
        """Weights as a multiple of those of the ResNet bottleneck."""
        return self.template.weights / BUDGET

    @property
    def verdict(self) -> str:
        """How the cost compares with the bottleneck's, in words."""
        if abs(self.share - 1) < 0.05:
            return "costs what the bottleneck does, within 5 %"
        return f"{self.share:.2f} times the bottleneck's weights"

    @property
    def in_words(self) -> str:
        """The picture in a sentence."""
        template = self.template
        paths = f"{self.cardinality} path{'s' * (self.cardinality > 1)} of width {self.width}"
        first, second, third = template.parts
        return (
            f"{paths}: the 3×3 convolution works on {template.inside} channels, and each of them sees {self.width}, "
            f"{1 / self.cardinality:.0%} of all. Weights: {first:,} of the first 1×1, {second:,} of the 3×3, {third:,} "
            f"of the last 1×1, together {template.weights:,}: {self.verdict}."
        )

    @property
    def svg(self) -> str:
        """The picture: the 3×3 convolution's connections as a matrix, and the weights as bars."""
        template = self.template
        side = SIDE * min(1, template.inside / FULL_SCALE)
        step = side / self.cardinality
        smaller = ", drawn smaller" if template.inside > FULL_SCALE else ""
        parts = [
            heading(LEFT + SIDE / 2, "3×3 convolution: which channel sees which", 26),
            svg_text(LEFT, 52, f"{template.inside} × {template.inside} channels inside{smaller}", colour=FAINT_INK),
            _box(LEFT, TOP, side, side, "#ffffff"),
        ]
        parts += [
            _box(LEFT + step * number, TOP + step * number, step, step, KINDS["depthwise"].fill)
            for number in range(self.cardinality)
        ]
        parts.append(svg_text(LEFT, TOP + SIDE + 20, "across: channels that are seen; down: channels that see them"))
        parts.append(
            svg_text(LEFT, TOP + SIDE + 38, "filled: connected; one square a path", colour=KINDS["depthwise"].fill)
        )
        parts += self._costs()
        return sheet(RIGHT + BAR + 40, TOP + SIDE + 56, self.in_words, parts)

    def _costs(self) -> list[str]:
        template, scale = self.template, BAR / MOST / BUDGET
        parts = [svg_text(RIGHT, 26, f"{template.name}: {template.weights:,} weights", bold=True)]
        fills = KINDS["convolution"].fill, KINDS["depthwise"].fill, KINDS["convolution"].fill
        names = (
            "1×1, 256 → inside",
            f"3×3 in {self.cardinality} group{'s' * (self.cardinality > 1)}",
            "1×1, inside → 256",
        )
        left = float(RIGHT)
        for count, fill in zip(template.parts, fills, strict=True):
            length = min(count * scale, RIGHT + BAR - left)
            if length > 0:
                parts.append(_box(left, 40, length, 26, fill))
            left += length
        if self.share > MOST:
            parts.append(svg_text(RIGHT + BAR + 6, 58, "→", bold=True))
        line = RIGHT + BUDGET * scale
        parts.append(
            f'<line x1="{line:.5g}" y1="34" x2="{line:.5g}" y2="78" stroke="{NEW}" stroke-width="2"/>'
            + svg_text(line, 92, f"bottleneck, 1×64d: {BUDGET:,}", anchor="end", colour=NEW)
        )
        for number, (name, count) in enumerate(zip(names, template.parts, strict=True)):
            parts.append(svg_text(RIGHT, 122 + 20 * number, name))
            parts.append(svg_text(RIGHT + 220, 122 + 20 * number, f"{count:,}", anchor="end"))
        parts.append(svg_text(RIGHT, 200, self.verdict, bold=True))
        parts.append(
            svg_text(RIGHT, 226, f"multiply-adds on maps of 56×56: {template.multiply_adds / 1e6:,.0f} million")
        )
        parts.append(svg_text(RIGHT, 246, f"channels inside: {template.inside}; of a path: {self.width}"))
        parts.append(svg_text(RIGHT, 266, f"connected: 1/{self.cardinality} of the matrix"))
        ends = {(1, 64): "the bottleneck of ResNet-50", (32, 4): "ResNeXt-50"}
        said = ends.get((self.cardinality, self.width), "")
        if self.width == 1:
            said = "width 1: depthwise, as in Xception"
        parts.append(svg_text(RIGHT, 296, said, colour=NEW, bold=True))
        return parts


class CardinalityExplorer(HandsOn):
    """The block as widgets where there is a kernel of Python, and as a still picture where there is none."""

    def __init__(self) -> None:
        super().__init__(Divided())

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        first = self.first
        layout = ipywidgets.Layout(width="340px")
        cardinality = ipywidgets.SelectionSlider(
            options=CARDINALITIES, value=first.cardinality, description="cardinality", layout=layout
        )
        width = ipywidgets.SelectionSlider(options=WIDTHS, value=first.width, description="width", layout=layout)
        picture = ipywidgets.HTML(first.svg)

        def show(_change: object = None) -> None:
            picture.value = replace(first, cardinality=cardinality.value, width=width.value).svg

        for control in (cardinality, width):
            control.observe(show, names="value")
        return ipywidgets.VBox([picture, ipywidgets.HBox([cardinality, width])])


def explore_cardinality() -> CardinalityExplorer:
    """Turn cardinality and width of a block by hand; see what is connected, and what it costs."""
    return CardinalityExplorer()


def _box(left: float, top: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{left:.5g}" y="{top:.5g}" width="{width:.5g}" height="{height:.5g}" fill="{fill}" '
        f'stroke="{INK}" stroke-width="0.7"/>'
    )
