"""Chapter 5's interactive figure: a kernel turned by hand, and the nearest one that is a column times a row."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cnncourse.architectures.inception_v3.separable import KINDS, best_factors, kept, weights
from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, sheet, sign
from cnncourse.drawing.palette import FAINT_INK, INK, NEGATIVE, NEW, POSITIVE
from cnncourse.drawing.palette import KINDS as LAYERS

SIDE = 168  # of a kernel, on the screen
STRIP = 14  # width of a factor
GAP = 50
LEFT, TOP = 40, 66
BAR_HEIGHT = 64
CHANNELS = 192  # Inception-v3's, in its last module on 17×17 maps
SIZES = (3, 5, 7, 9, 11)
LEVELS = 20


@dataclass(frozen=True)
class TurnedKernel:
    """A kernel and its best separable likeness.

    Attributes:
        kind: "edge", "stripes" or "noise".
        degrees: by which it is turned.
        n: height and width.

    """

    kind: str = "edge"
    degrees: int = 30
    n: int = 7

    @property
    def kernel(self) -> Tensor:
        """The kernel, of shape (n, n)."""
        return KINDS[self.kind](self.n, self.degrees)

    @property
    def share(self) -> float:
        """How much of the kernel's squares the likeness keeps, 0 to 1."""
        return kept(self.kernel)

    @property
    def saving(self) -> float:
        """Share of the weights that the two factors save, with as many maps everywhere."""
        full, factored = weights(self.n, CHANNELS, CHANNELS, CHANNELS)
        return 1 - factored / full

    @property
    def in_words(self) -> str:
        """The picture in a sentence."""
        turned = "" if self.kind == "noise" else f" turned by {self.degrees} degrees"
        full, factored = weights(self.n, CHANNELS, CHANNELS, CHANNELS)
        return (
            f"A {self.n}×{self.n} kernel ({self.kind}){turned}: the nearest column times row keeps "
            f"{self.share:.0%} of its squares. For {CHANNELS} maps in, between and out, {self.n}×{self.n} has "
            f"{full:,} weights, 1×{self.n} and {self.n}×1 together have {factored:,}: {self.saving:.0%} fewer."
        )

    @property
    def svg(self) -> str:
        """The picture: kernel, likeness with its factors, difference; below, singular values and weights."""
        kernel = self.kernel
        column, row = best_factors(kernel)
        column, row = column / column.norm(), row / row.norm()
        likeness = torch.outer(column, row) * (column @ kernel @ row)
        largest = kernel.abs().max().item()
        lefts = [LEFT, LEFT + SIDE + GAP + STRIP, LEFT + 2 * (SIDE + GAP) + STRIP + 6]
        middles = [left + SIDE / 2 for left in lefts]
        width = lefts[2] + SIDE + LEFT
        below = TOP + SIDE
        parts = [
            heading(middles[0], f"the kernel, {self.n}×{self.n}"),
            heading(middles[1], "the nearest column × row"),
            heading(middles[2], "what is left"),
            _cells(kernel / largest, lefts[0], TOP, SIDE),
            _cells((column / column.abs().max()).view(-1, 1), lefts[1] - STRIP - 6, TOP, STRIP, SIDE),
            _cells((row / row.abs().max()).view(1, -1), lefts[1], TOP - STRIP - 6, SIDE, STRIP),
            _cells(likeness / largest, lefts[1], TOP, SIDE),
            _cells((kernel - likeness) / largest, lefts[2], TOP, SIDE),
            sign((lefts[0] + SIDE + lefts[1] - STRIP - 6) / 2, TOP + SIDE / 2 + 6, "="),
            sign((lefts[1] + SIDE + lefts[2]) / 2, TOP + SIDE / 2 + 6, "+"),
            svg_text(middles[1], below + 20, f"keeps {self.share:.0%} of the squares", anchor="middle", bold=True),
            svg_text(middles[0], below + 20, "orange: below zero, black: above", anchor="middle", colour=FAINT_INK),
            *self._singular_values(lefts[0], below + 44),
            *self._costs(lefts[1] + 10, below + 44, width - LEFT),
        ]
        return sheet(width, below + 172, self.in_words, parts)

    def _singular_values(self, left: float, top: float) -> list[str]:
        """Draw how much of the squares each further product of a column and a row would add."""
        values = torch.linalg.svdvals(self.kernel).square()
        shares = (values / values.sum()).tolist()
        step = SIDE / max(SIZES)
        base = top + 24 + BAR_HEIGHT
        parts = [svg_text(left, top + 12, "what each product adds", bold=True)]
        for number, share in enumerate(shares):
            height = max(BAR_HEIGHT * share, 0.6)
            parts.append(
                f'<rect x="{left + number * step:.4g}" y="{base - height:.4g}" width="{step - 4:.4g}" '
                f'height="{height:.4g}" fill="{NEW if number else LAYERS["convolution"].fill}" stroke="{INK}" '
                f'stroke-width="0.6"/>'
            )
            if number % 2 == 0:
                parts.append(
                    svg_text(left + number * step + (step - 4) / 2, base + 14, str(number + 1), anchor="middle")
                )
        needed = sum(share > 1e-12 for share in shares)
        products = "product" if needed == 1 else "products"
        parts.append(svg_text(left, base + 32, f"column × row; exact with {needed} {products}", colour=FAINT_INK))
        return parts

    def _costs(self, left: float, top: float, right: float) -> list[str]:
        full, factored = weights(self.n, CHANNELS, CHANNELS, CHANNELS)
        parts = [svg_text(left, top + 12, f"weights, {CHANNELS} maps in, between and out", bold=True)]
        rows = ((f"{self.n}×{self.n}", full), (f"1×{self.n} and {self.n}×1", factored))
        for number, (name, count) in enumerate(rows):
            base = top + 34 + 34 * number
            parts.append(svg_text(left, base + 8, name))
            length = (right - left - 186) * count / full
            parts.append(
                f'<rect x="{left + 114:g}" y="{base - 6:g}" width="{length:.5g}" height="18" '
                f'fill="{LAYERS["convolution"].fill}" stroke="{INK}" stroke-width="0.8"/>'
            )
            parts.append(svg_text(left + 122 + length, base + 8, f"{count:,}"))
        parts.append(svg_text(left, top + 110, f"{self.saving:.0%} fewer, whatever the angle", bold=True))
        return parts


class KernelExplorer(HandsOn):
    """The kernel as widgets where there is a kernel of Python, and as a still picture where there is none."""

    def __init__(self) -> None:
        super().__init__(TurnedKernel())

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        first = self.first
        layout = ipywidgets.Layout(width="330px")
        kind = ipywidgets.ToggleButtons(options=list(KINDS), value=first.kind, description="kernel")
        degrees = ipywidgets.IntSlider(first.degrees, 0, 90, 5, description="degrees", layout=layout)
        size = ipywidgets.SelectionSlider(options=SIZES, value=first.n, description="n", layout=layout)
        picture = ipywidgets.HTML(first.svg)

        def show(_change: object = None) -> None:
            picture.value = replace(first, kind=kind.value, degrees=degrees.value, n=size.value).svg

        for control in (kind, degrees, size):
            control.observe(show, names="value")
        return ipywidgets.VBox([picture, kind, ipywidgets.HBox([degrees, size])])


def explore_kernel() -> KernelExplorer:
    """Turn a kernel by hand; see how much of it a column times a row can keep, and what the two cost."""
    return KernelExplorer()


def _cells(values: Tensor, left: float, top: float, width: float, height: float = 0) -> str:
    """Draw values from −1 to 1 as shades, one path a shade, in a frame."""
    rows, columns = values.shape
    height = height or width * rows / columns
    levels = (values * LEVELS).round().int()
    paths = []
    for level in sorted(set(levels.flatten().tolist()) - {0}):
        places = (levels == level).nonzero().tolist()
        cells = "".join(f"M{column} {row}h1v1h-1z" for row, column in places)
        colour = POSITIVE if level > 0 else NEGATIVE
        paths.append(f'<path fill="{colour}" fill-opacity="{min(abs(level) / LEVELS, 1):.3g}" d="{cells}"/>')
    return (
        f'<g transform="translate({left:g} {top:g}) scale({width / columns:.5g} {height / rows:.5g})">'
        f"{''.join(paths)}</g>"
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" fill="none" stroke="{FAINT_INK}" '
        f'stroke-width="1"/>'
    )
