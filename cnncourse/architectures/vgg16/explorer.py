"""Chapter 3's interactive figure: what a unit of a stack of convolutions sees, and what the stack costs."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, sheet
from cnncourse.drawing.palette import FAINT_INK, INK, KINDS, NEW, POSITIVE

FIELD = 21  # pixels of the picture that are drawn: five convolutions of 5×5 just fit
MAP_SIDE = 252  # on the screen
BAR_WIDTH, BAR_HEIGHT = 330, 26
LEVELS = 12
CHANNELS = (1, 3, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True)
class StackOfConvolutions:
    """A stack of convolutions beside one convolution that sees as much.

    Attributes:
        depth: number of convolutions.
        kernel_size: height and width of their kernels, odd.
        in_channels: of the first one's input.
        out_channels: of all of them.

    """

    depth: int = 3
    kernel_size: int = 3
    in_channels: int = 64
    out_channels: int = 64

    @property
    def window(self) -> int:
        """Height and width of what one unit sees, in pixels."""
        return self.depth * (self.kernel_size - 1) + 1

    @property
    def footprint(self) -> Tensor:
        """In how many ways each pixel gets to the unit in the middle, as a share of the middle's, shape (21, 21).

        It is the gradient of that unit if all weights are 1.
        """
        pixels = torch.zeros(1, 1, FIELD, FIELD, requires_grad=True)
        maps = pixels
        for _convolution in range(self.depth):
            kernel = torch.ones(1, 1, self.kernel_size, self.kernel_size)
            maps = F.conv2d(maps, kernel, padding=self.kernel_size // 2)
        (gradient,) = torch.autograd.grad(maps[0, 0, FIELD // 2, FIELD // 2], pixels)
        return gradient[0, 0] / gradient.max()

    @property
    def weights(self) -> tuple[int, ...]:
        """Number of weights of each convolution, biases left out."""
        sources = (self.in_channels, *[self.out_channels] * (self.depth - 1))
        return tuple(self.kernel_size**2 * source * self.out_channels for source in sources)

    @property
    def weights_of_one(self) -> int:
        """Number of weights of one convolution with the same window and the same channels."""
        return self.window**2 * self.in_channels * self.out_channels

    @property
    def comparison(self) -> str:
        """How the two numbers of weights compare."""
        ratio = sum(self.weights) / self.weights_of_one
        if ratio == 1:
            return "the stack has as many weights"
        if ratio >= 2:
            return f"the stack has {ratio:.3g} times as many weights"
        return f"the stack has {100 * abs(ratio - 1):.0f} % {'more' if ratio > 1 else 'fewer'} weights"

    @property
    def in_words(self) -> str:
        """The picture in a sentence."""
        kernel, window = (f"{side}×{side}" for side in (self.kernel_size, self.window))
        several = "convolution" if self.depth == 1 else "convolutions"
        return (
            f"{self.depth} {several} of {kernel}, {self.in_channels} to {self.out_channels} channels: a unit sees "
            f"{window} pixels, with {sum(self.weights):,} weights and {self.depth} ReLU{'s' * (self.depth > 1)}. "
            f"One convolution of {window} has {self.weights_of_one:,} weights and 1 ReLU: {self.comparison}."
        )

    @property
    def svg(self) -> str:
        """The picture: the window in the image, and both numbers of weights as bars."""
        left, top, right = 20, 42, 20 + MAP_SIDE + 40
        largest = max(sum(self.weights), self.weights_of_one)
        kernel, window = (f"{side}×{side}" for side in (self.kernel_size, self.window))
        is_less = sum(self.weights) <= self.weights_of_one
        parts = [
            heading(left + MAP_SIDE / 2, f"one unit sees {window} pixels"),
            _pixels(self.footprint, self.window, left, top),
            svg_text(
                left, top + MAP_SIDE + 18, "the darker, the more ways from pixel to unit", size=13, colour=FAINT_INK
            ),
            heading(right + BAR_WIDTH / 2, f"weights, {self.in_channels} → {self.out_channels} channels"),
            svg_text(right, top + 24, f"{self.depth} of {kernel}: {sum(self.weights):,}", size=13),
            _bar(self.weights, largest, right, top + 32),
            svg_text(right, top + 92, f"1 of {window}: {self.weights_of_one:,}", size=13),
            _bar((self.weights_of_one,), largest, right, top + 100),
            svg_text(right, top + 152, self.comparison, size=13, colour=INK if is_less else NEW, bold=True),
            svg_text(right, top + 184, f"ReLUs on the way: {self.depth} in place of 1", size=13),
            svg_text(right, top + 216, "a bar's sections are the convolutions of the stack", size=13, colour=FAINT_INK),
        ]
        return sheet(right + BAR_WIDTH + 24, top + MAP_SIDE + 34, self.in_words, parts)


class StackExplorer(HandsOn):
    """The stack as widgets where there is a kernel, and as a still picture where there is none."""

    def __init__(self) -> None:
        super().__init__(StackOfConvolutions())

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        look = {"layout": ipywidgets.Layout(width="330px"), "style": {"description_width": "90px"}}
        first = self.first
        depth = ipywidgets.IntSlider(first.depth, 1, 5, description="depth", **look)
        kernel = ipywidgets.ToggleButtons(options=[3, 5], description="kernel")
        source = ipywidgets.SelectionSlider(
            options=CHANNELS, value=first.in_channels, description="channels in", **look
        )
        target = ipywidgets.SelectionSlider(
            options=CHANNELS, value=first.out_channels, description="channels out", **look
        )
        picture = ipywidgets.HTML(first.svg)

        def show(_change: object = None) -> None:
            picture.value = replace(
                first,
                depth=depth.value,
                kernel_size=kernel.value,
                in_channels=source.value,
                out_channels=target.value,
            ).svg

        for control in (depth, kernel, source, target):
            control.observe(show, names="value")
        left, right = ipywidgets.VBox([depth, kernel]), ipywidgets.VBox([source, target])
        return ipywidgets.VBox([picture, ipywidgets.HBox([left, right])])


def explore_stack() -> StackExplorer:
    """Stack convolutions by hand; see what one unit sees, and what the stack costs beside one large kernel."""
    return StackExplorer()


def _bar(sections: tuple[int, ...], largest: int, left: float, top: float) -> str:
    parts = []
    for weights in sections:
        width = BAR_WIDTH * weights / largest
        parts.append(
            f'<rect x="{left:.5g}" y="{top:g}" width="{width:.5g}" height="{BAR_HEIGHT}" '
            f'fill="{KINDS["convolution"].fill}" stroke="{INK}" stroke-width="0.8"/>'
        )
        left += width
    return "".join(parts)


def _pixels(shares: Tensor, window: int, left: float, top: float) -> str:
    """Draw the pixels of the image, those that the unit sees in shades, one path a shade, in a frame."""
    cell = MAP_SIDE / FIELD
    lines = "".join(f"M0 {place}h{FIELD}M{place} 0v{FIELD}" for place in range(FIELD + 1))
    levels = (shares.sqrt() * LEVELS).ceil().int()  # a root, so that the faint border can be seen
    paths = []
    for level in sorted(set(levels.flatten().tolist()) - {0}):
        places = (levels == level).nonzero().tolist()
        cells = "".join(f"M{column} {row}h1v1h-1z" for row, column in places)
        paths.append(f'<path fill="{POSITIVE}" fill-opacity="{0.1 + 0.8 * level / LEVELS:.3g}" d="{cells}"/>')
    start = (FIELD - window) / 2
    return (
        f'<g transform="translate({left:g} {top:g}) scale({cell:.5g})">{"".join(paths)}'
        f'<path d="{lines}" fill="none" stroke="#bbbbbb" stroke-width="0.05"/>'
        f'<rect x="{start:g}" y="{start:g}" width="{window}" height="{window}" fill="none" stroke="{NEW}" '
        f'stroke-width="0.2"/></g>'
    )
