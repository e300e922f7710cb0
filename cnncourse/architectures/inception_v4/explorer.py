"""Chapter 8's interactive figure: Reduction-A turned by hand, beside pooling first and pooling last."""

from dataclasses import dataclass, replace

from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, sheet
from cnncourse.drawing.palette import FAINT_INK, FRAME_EDGE, INK, KINDS, NEW

SHEET = 660
MIDDLES = (120, 330, 540)  # of the three branches
BOX_WIDTH, BOX_HEIGHT, STEP = 168, 26, 38
BRANCHES_TOP = 96
STACK_TOP, STACK_LEFT, STACK_WIDTH = 252, 36, 588
COSTS_TOP = 342
BAR_LEFT, BAR_WIDTH = 216, 220
SIDES = tuple(range(7, 42))
FILTERS = tuple(range(32, 545, 32))
CONVOLUTION, POOLING = KINDS["convolution"].fill, KINDS["pooling"].fill
# in_channels, k, l, m, n: Table 1 of the paper, and the maps that come in, from its figures.
PUBLISHED = {
    "Inception-v4": (384, 192, 224, 256, 384),
    "Inception-ResNet-v1": (256, 192, 192, 256, 384),
    "Inception-ResNet-v2": (384, 256, 256, 384, 384),
}


@dataclass(frozen=True)
class Halved:
    """A reduction of maps by Reduction-A.

    Attributes:
        side: height and width of the maps that come in.
        in_channels: how many come in.
        k: filters of the 1×1 convolution.
        l: filters of the 3×3 convolution behind it.
        m: filters of the branch's last convolution, which halves.
        n: filters of the single convolution.
        padded: whether the layers that halve put zeros round the maps.

    """

    side: int = 35
    in_channels: int = 384
    k: int = 192
    l: int = 224  # noqa: E741 -- the paper's letter
    m: int = 256
    n: int = 384
    padded: bool = False

    @property
    def reduced_side(self) -> int:
        """Height and width of what comes out."""
        return (self.side + 1) // 2 if self.padded else (self.side - 1) // 2

    @property
    def out_channels(self) -> int:
        """How many maps come out."""
        return self.n + self.m + self.in_channels

    @property
    def weights(self) -> int:
        """All weights of the four convolutions."""
        return 9 * self.in_channels * self.n + self.in_channels * self.k + 9 * self.k * self.l + 9 * self.l * self.m

    @property
    def multiply_adds(self) -> int:
        """For one image."""
        before, after = self.side**2, self.reduced_side**2
        large = (self.in_channels * self.k + 9 * self.k * self.l) * before
        return large + 9 * (self.in_channels * self.n + self.l * self.m) * after

    @property
    def pool_first(self) -> int:
        """Multiply-adds of a pooling and one 3×3 convolution to as many maps."""
        return 9 * self.in_channels * self.out_channels * self.reduced_side**2

    @property
    def pool_last(self) -> int:
        """Multiply-adds of one 3×3 convolution to as many maps, pooled afterwards."""
        return 9 * self.in_channels * self.out_channels * self.side**2

    @property
    def warning(self) -> str:
        """What is wrong with the grids, "" if nothing is."""
        if self.padded:
            return f"with zeros {self.side} becomes {self.reduced_side}: windows at the border see zeros"
        if self.side % 2 == 0:
            return f"{self.side} is even: no window reaches the last row and the last column"
        return ""

    @property
    def in_words(self) -> str:
        """The picture in a sentence."""
        copies = self.in_channels / self.out_channels
        return (
            f"{self.in_channels} maps of {self.side}×{self.side} become {self.out_channels} of "
            f"{self.reduced_side}×{self.reduced_side}: {self.n} by one convolution, {self.m} by three, "
            f"{self.in_channels} pooled ({copies:.0%}). {self.multiply_adds / 1e6:,.0f} million multiply-adds; "
            f"pooling first {self.pool_first / 1e6:,.0f}, pooling last {self.pool_last / 1e6:,.0f}."
            + (f" Note: {self.warning}." if self.warning else "")
        )

    @property
    def svg(self) -> str:
        """The picture: three branches, what they stack up to, and three costs."""
        half = "3×3 conv /2"
        branches = (
            ((f"{half}, n = {self.n}", CONVOLUTION),),
            (
                (f"1×1 conv, k = {self.k}", CONVOLUTION),
                (f"3×3 conv, l = {self.l}", CONVOLUTION),
                (f"{half}, m = {self.m}", CONVOLUTION),
            ),
            (("3×3 max pool /2", POOLING),),
        )
        come_in = f"{self.in_channels} maps of {self.side}×{self.side}"
        parts = [heading(SHEET / 2, come_in, 26)]
        for middle, branch, end in zip(MIDDLES, branches, self._ends(), strict=True):
            below = BRANCHES_TOP + (len(branch) - 1) * STEP + BOX_HEIGHT
            parts.append(_line(SHEET / 2, 34, SHEET / 2, 56))
            parts.append(_line(SHEET / 2, 56, middle, 56))
            parts.append(_line(middle, 56, middle, BRANCHES_TOP))
            parts.append(_line(middle, BRANCHES_TOP, middle, STACK_TOP - 18))
            parts.append(_line(middle, STACK_TOP - 18, end, STACK_TOP))
            for number, (label, fill) in enumerate(branch):
                top = BRANCHES_TOP + number * STEP
                parts.append(_box(middle - BOX_WIDTH / 2, top, BOX_WIDTH, BOX_HEIGHT, fill))
                parts.append(svg_text(middle, top + 17, label, anchor="middle"))
            parts.append(svg_text(middle + 8, below + 18, self._size_of(branch), colour=FAINT_INK))
        parts += self._stack()
        parts += self._costs()
        if self.warning:
            parts.append(svg_text(SHEET / 2, COSTS_TOP + 136, self.warning, anchor="middle", colour=NEW, bold=True))
        return sheet(SHEET, COSTS_TOP + 152, self.in_words, parts)

    def _ends(self) -> list[float]:
        """Return the middle of each branch's piece in the stack."""
        counts = self.n, self.m, self.in_channels
        before = (0, self.n, self.n + self.m)
        scale = STACK_WIDTH / self.out_channels
        return [STACK_LEFT + scale * (start + count / 2) for start, count in zip(before, counts, strict=True)]

    def _size_of(self, branch: tuple) -> str:
        maps = {0: self.n, 1: self.m, 2: self.in_channels}
        number = 1 if len(branch) == 3 else (0 if branch[0][1] == CONVOLUTION else 2)
        return f"{maps[number]} of {self.reduced_side}×{self.reduced_side}"

    def _stack(self) -> list[str]:
        """Draw what comes out as one bar, a piece a branch."""
        parts, left = [], float(STACK_LEFT)
        for count, fill in ((self.n, CONVOLUTION), (self.m, CONVOLUTION), (self.in_channels, POOLING)):
            width = STACK_WIDTH * count / self.out_channels
            parts.append(_box(left, STACK_TOP, width, BOX_HEIGHT, fill))
            share = f"{count / self.out_channels:.0%}"
            if width > 34:
                parts.append(svg_text(left + width / 2, STACK_TOP + 17, share, anchor="middle"))
            left += width
        size = f"{self.reduced_side}×{self.reduced_side}"
        stacked = f"stacked: {self.out_channels} maps of {size}, with {self.weights:,} weights"
        parts.append(heading(SHEET / 2, stacked, STACK_TOP + BOX_HEIGHT + 22))
        return parts

    def _costs(self) -> list[str]:
        """Draw the multiply-adds of three ways to as many maps, and the narrowest place of each."""
        after = self.reduced_side**2
        rows = (
            ("this reduction", self.multiply_adds, self.out_channels * after),
            ("pool first, then one 3×3", self.pool_first, self.in_channels * after),
            ("one 3×3, then pool", self.pool_last, self.out_channels * after),
        )
        most = max(count for _, count, _ in rows)
        parts = [
            svg_text(BAR_LEFT, COSTS_TOP, "million multiply-adds", bold=True),
            svg_text(SHEET - 36, COSTS_TOP, "narrowest place, values", anchor="end", bold=True),
        ]
        for number, (name, count, narrowest) in enumerate(rows):
            top = COSTS_TOP + 12 + 32 * number
            length = BAR_WIDTH * count / most
            parts.append(svg_text(36, top + 15, name))
            parts.append(_box(BAR_LEFT, top, length, 20, CONVOLUTION))
            parts.append(svg_text(BAR_LEFT + length + 6, top + 15, f"{count / 1e6:,.0f}"))
            squeezed = number == 1
            parts.append(
                svg_text(
                    SHEET - 36, top + 15, f"{narrowest:,}", anchor="end", colour=NEW if squeezed else "", bold=squeezed
                )
            )
        return parts


class ReductionExplorer(HandsOn):
    """The reduction as widgets where there is a kernel of Python, and as a still picture where there is none."""

    listed = (("network", "side", "zeros round the maps"), *(("network", letter) for letter in "klmn"))

    def __init__(self) -> None:
        super().__init__(Halved())

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        first = self.first
        layout = ipywidgets.Layout(width="320px")
        network = ipywidgets.ToggleButtons(options=list(PUBLISHED), description="network")
        side = ipywidgets.SelectionSlider(options=SIDES, value=first.side, description="side", layout=layout)
        padded = ipywidgets.Checkbox(first.padded, description="zeros round the maps", indent=False)
        letters = {
            letter: ipywidgets.SelectionSlider(
                options=FILTERS, value=getattr(first, letter), description=letter, layout=layout
            )
            for letter in "klmn"
        }
        picture = ipywidgets.HTML(first.svg)

        def show(_change: object = None) -> None:
            filters = {letter: slider.value for letter, slider in letters.items()}
            channels = PUBLISHED[network.value][0]
            picture.value = replace(first, side=side.value, in_channels=channels, padded=padded.value, **filters).svg

        def choose(_change: object = None) -> None:
            for slider, value in zip(letters.values(), PUBLISHED[network.value][1:], strict=True):
                slider.value = value
            show()

        network.observe(choose, names="value")
        for control in (side, padded, *letters.values()):
            control.observe(show, names="value")
        k, l, m, n = letters.values()  # noqa: E741
        rows = [ipywidgets.HBox(pair) for pair in ((side, padded), (k, l), (m, n))]
        return ipywidgets.VBox([picture, network, *rows])


def explore_reduction() -> ReductionExplorer:
    """Turn Reduction-A by hand; see sizes, shares and costs, beside pooling first and pooling last."""
    return ReductionExplorer()


def _box(left: float, top: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{left:.5g}" y="{top:.5g}" width="{width:.5g}" height="{height:.5g}" fill="{fill}" '
        f'stroke="{INK}" stroke-width="0.8"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.5g} {y1:.5g}L{x2:.5g} {y2:.5g}" stroke="{FRAME_EDGE}" stroke-width="1.4" fill="none"/>'
