"""Chapter 1's interactive figure: a convolution on real pixels, one window at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, kept, number, sheet, sign, unkept
from cnncourse.drawing.palette import INK, NEGATIVE, POSITIVE

PRESETS: dict[str, tuple[tuple[float, ...], ...]] = {
    "vertical edges": ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)),
    "horizontal edges": ((-1, -1, -1), (0, 0, 0), (1, 1, 1)),
    "average": ((1 / 9,) * 3,) * 3,
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "outline": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "leave as it is": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
}
MAP_SIDE = 250  # pixels on the screen
CELL = 34
LEVELS = 12  # shades on either side of zero; few enough to keep the picture small
WINDOW_COLOUR = "#0072b2"


@dataclass(frozen=True)
class ConvolutionStep:
    """One step of a convolution: the window at one place, and the sum it gives.

    Attributes:
        image: shape (height, width).
        kernel: shape (k, k).
        row: of the output pixel, from 0.
        column: of the output pixel, from 0.
        stride: how far the window moves from one output pixel to the next.
        padding: rows and columns of zeros around the image.

    """

    image: Tensor
    kernel: Tensor
    row: int = 0
    column: int = 0
    stride: int = 1
    padding: int = 0

    @property
    def padded_image(self) -> Tensor:
        """The image with its border of zeros."""
        return F.pad(self.image, (self.padding,) * 4)

    @property
    def output(self) -> Tensor:
        """The whole output map."""
        image, kernel = self.image[None, None], self.kernel[None, None]
        return F.conv2d(image, kernel, stride=self.stride, padding=self.padding)[0, 0]

    @property
    def window(self) -> Tensor:
        """The pixels under the kernel, shape (k, k)."""
        top, left, side = self.row * self.stride, self.column * self.stride, len(self.kernel)
        return self.padded_image[top : top + side, left : left + side]

    @property
    def products(self) -> Tensor:
        """Pixels times weights, shape (k, k)."""
        return self.window * self.kernel

    @property
    def svg(self) -> str:
        """The step as a picture: image with window, pixels × weights = products, output map with the sum."""
        side = len(self.kernel)
        table, output = side * CELL, self.output
        left_of = [20, 310]
        left_of += [left_of[1] + table + 34, left_of[1] + 2 * (table + 34), left_of[1] + 3 * (table + 34) + 14]
        width, height = left_of[-1] + MAP_SIDE + 20, MAP_SIDE + 92
        top = 40 + (MAP_SIDE - table) / 2
        total = self.products.sum().item()
        middle = top + table / 2 + 6
        image = self.padded_image
        scale = MAP_SIDE / len(image)
        parts = [
            heading(left_of[0] + MAP_SIDE / 2, f"image {_size(image)}"),
            _map(image, left_of[0], 40),
            _frame(left_of[0], 40, scale, self.row * self.stride, self.column * self.stride, side),
            heading(left_of[1] + table / 2, "pixels", top - 12),
            _table(self.window, left_of[1], top),
            sign(left_of[2] - 17, middle, "×"),
            heading(left_of[2] + table / 2, "kernel", top - 12),
            _table(self.kernel, left_of[2], top),
            sign(left_of[3] - 17, middle, "="),
            heading(left_of[3] + table / 2, "products", top - 12),
            _table(self.products, left_of[3], top),
            heading(left_of[3] + table / 2, f"sum = {number(total)}", top + table + 22),
            heading(left_of[4] + MAP_SIDE / 2, f"output {_size(output)}"),
            _map(output, left_of[4], 40),
            _frame(left_of[4], 40, MAP_SIDE / len(output), self.row, self.column, 1),
            svg_text(
                left_of[0],
                height - 22,
                "black: above zero, orange: below zero; blue frame: the window and the output pixel it gives, "
                f"row {self.row}, column {self.column}",
            ),
        ]
        return sheet(width, height, self.in_words, parts)

    @property
    def in_words(self) -> str:
        """The step in a sentence, for readers who do not see the picture."""
        return (
            f"A {_size(self.kernel)} kernel on an image of {_size(self.padded_image)} pixels, stride {self.stride}, "
            f"padding {self.padding}: at row {self.row}, column {self.column} the products add up to "
            f"{number(self.products.sum().item())}; the output has {_size(self.output)} pixels."
        )


class ConvolutionExplorer(HandsOn):
    """The step as widgets where there is a kernel, and as a still picture where there is none.

    Args:
        image: shape (1, height, width), such as ``digits().test_images[0]``.
        kernels: kernels to begin with, by name, each of shape (k, k), for example those of a trained layer; the presets
            follow.
        row: of the output pixel shown first.
        column: of the output pixel shown first.

    """

    listed = (("kernel", "row", "column"), ("kernel", "stride", "padding"))

    def __init__(
        self, image: Tensor, kernels: Mapping[str, Tensor] | None = None, *, row: int = 8, column: int = 12
    ) -> None:
        self.image, self.place, self.given = image, (row, column), dict(kernels or {})
        self.kernels = {name: kernel.detach() for name, kernel in self.given.items()}
        self.kernels |= {name: torch.tensor(kernel, dtype=torch.float32) for name, kernel in PRESETS.items()}
        first = next(iter(self.kernels.values()))
        super().__init__(ConvolutionStep(image.squeeze(0), first, row, column))

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        step = self.first
        rows, columns = (side - 1 for side in step.output.shape)
        slider = {"continuous_update": False, "layout": ipywidgets.Layout(width="320px")}
        kernel = ipywidgets.Dropdown(options=list(self.kernels), description="kernel")
        stride = ipywidgets.IntSlider(1, 1, 3, description="stride", **slider)
        padding = ipywidgets.IntSlider(0, 0, 2, description="padding", **slider)
        row = ipywidgets.IntSlider(step.row, 0, rows, description="row", **slider)
        column = ipywidgets.IntSlider(step.column, 0, columns, description="column", **slider)
        picture = ipywidgets.HTML(step.svg)

        def show(_change: object = None) -> None:
            chosen = replace(
                step, kernel=self.kernels[kernel.value], stride=stride.value, padding=padding.value, row=0, column=0
            )
            # The output shrinks and grows with stride, padding and kernel: keep both sliders inside it.
            row.max, column.max = (side - 1 for side in chosen.output.shape)
            picture.value = replace(chosen, row=row.value, column=column.value).svg

        for control in (kernel, stride, padding, row, column):
            control.observe(show, names="value")
        left = ipywidgets.VBox([row, column])
        right = ipywidgets.VBox([stride, padding])
        return ipywidgets.VBox([picture, ipywidgets.HBox([left, right, kernel])])

    def made_from(self) -> Mapping[str, object] | None:
        """Return image and kernels if kernels were given, which may have been trained; see ``HandsOn``."""
        if not self.given:
            return None
        kernels = {name: kept(kernel) for name, kernel in self.given.items()}
        return {"image": kept(self.image), "kernels": kernels, "place": self.place}

    @classmethod
    def made_again(cls, data: Mapping[str, object]) -> "ConvolutionExplorer":
        """Return the figure that was made from these data."""
        row, column = data["place"]
        kernels = {name: unkept(kernel) for name, kernel in data["kernels"].items()}
        return cls(unkept(data["image"]), kernels, row=row, column=column)


def explore_convolution(image: Tensor, kernels: Mapping[str, Tensor] | None = None) -> ConvolutionExplorer:
    """Move a kernel over a real image and see pixels, weights, products and their sum at each place.

    Args:
        image: shape (1, height, width).
        kernels: kernels to begin with, by name, each of shape (k, k); the presets follow.

    """
    return ConvolutionExplorer(image, kernels)


def _map(values: Tensor, left: float, top: float) -> str:
    """Draw a map of numbers as shades, one path a shade."""
    largest = values.abs().max().clamp(min=1e-9)
    levels = (values / largest * LEVELS).round().int()
    scale = MAP_SIDE / max(values.shape)
    height, width = (scale * side for side in values.shape)
    return (
        f'<g transform="translate({left:g} {top:g}) scale({scale:.5g})" shape-rendering="crispEdges">'
        f"{_shades(tuple(map(tuple, levels.tolist())))}</g>"
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" fill="none" stroke="{INK}"/>'
    )


@lru_cache(maxsize=32)  # while the window moves, image and output stay
def _shades(levels: tuple[tuple[int, ...], ...]) -> str:
    places: dict[int, list[tuple[int, int]]] = {}
    for row, line in enumerate(levels):
        for column, level in enumerate(line):
            places.setdefault(level, []).append((row, column))
    paths = []
    for level in sorted(places.keys() - {0}):
        cells = "".join(f"M{column} {row}h1v1h-1z" for row, column in places[level])
        colour = POSITIVE if level > 0 else NEGATIVE
        paths.append(f'<path fill="{colour}" fill-opacity="{abs(level) / LEVELS:.3g}" d="{cells}"/>')
    return "".join(paths)


def _frame(left: float, top: float, scale: float, row: int, column: int, side: int) -> str:
    return (
        f'<rect x="{left + column * scale:.5g}" y="{top + row * scale:.5g}" width="{side * scale:.5g}" '
        f'height="{side * scale:.5g}" fill="none" stroke="{WINDOW_COLOUR}" stroke-width="3"/>'
    )


def _table(values: Tensor, left: float, top: float) -> str:
    cells = []
    for row, line in enumerate(values.tolist()):
        for column, value in enumerate(line):
            x, y = left + column * CELL, top + row * CELL
            cells.append(
                f'<rect x="{x:g}" y="{y:g}" width="{CELL}" height="{CELL}" fill="none" stroke="#999999"/>'
                + svg_text(x + CELL / 2, y + CELL / 2 + 4, number(value), size=11, anchor="middle")
            )
    return "".join(cells)


def _size(values: Tensor) -> str:
    return "×".join(map(str, values.shape))
