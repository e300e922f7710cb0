"""Chapter 4's interactive figure: one Inception module by hand, branch by branch, beside the naive one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cnncourse.architectures.inception_v1.costs import (
    COLOURS,
    FIRST_MAPS,
    NAIVE,
    REDUCED,
    SIDES,
    branch_weights,
    output_maps,
)
from cnncourse.architectures.inception_v1.model import TABLE_1, ModuleFilters
from cnncourse.display import svg_text
from cnncourse.drawing.hands_on import HandsOn, heading, sheet
from cnncourse.drawing.palette import FAINT_INK, INK, KINDS

TOWER, BETWEEN, MARGIN = 176, 18, 20  # widths on the screen
BOX, ARROW = 26, 36  # heights
THINNEST = 3


def incoming(name: str) -> int:
    """Return how many maps come into a module of Table 1."""
    names = list(TABLE_1)
    before = names.index(name) - 1
    return FIRST_MAPS if before < 0 else output_maps(0, TABLE_1[names[before]], reduced=True)


@dataclass(frozen=True)
class ModuleByHand:
    """A module and what it costs.

    Attributes:
        in_channels: number of maps that come in.
        side: their height and width.
        filters: how many filters each convolution has.

    """

    in_channels: int = FIRST_MAPS
    side: int = SIDES["3"]
    filters: ModuleFilters = TABLE_1["3a"]

    def weights(self, kind: str) -> dict[str, int]:
        """Return how many weights each branch has, "with reductions" or "naive"."""
        return branch_weights(self.in_channels, self.filters, reduced=kind == REDUCED)

    def multiply_adds(self, kind: str) -> int:
        """Return the multiply-adds of the module."""
        return sum(self.weights(kind).values()) * self.side**2

    def maps(self, kind: str) -> int:
        """Return how many maps come out."""
        return output_maps(self.in_channels, self.filters, reduced=kind == REDUCED)

    @property
    def towers(self) -> Mapping[str, tuple[tuple[str, int, str], ...]]:
        """The steps of each branch: what it is, how many maps it gives, which kind of layer."""
        one, three_reduce, three, five_reduce, five, projection = self.filters
        return {
            "1×1": (("1×1", one, "convolution"),),
            "3×3": (("1×1", three_reduce, "convolution"), ("3×3", three, "convolution")),
            "5×5": (("1×1", five_reduce, "convolution"), ("5×5", five, "convolution")),
            "pooling": (("3×3 max", self.in_channels, "pooling"), ("1×1", projection, "convolution")),
        }

    @property
    def in_words(self) -> str:
        """The picture in a sentence."""
        costs = "; ".join(
            f"{kind}: {sum(self.weights(kind).values()):,} weights, {self.multiply_adds(kind) / 1e6:,.1f} million "
            f"multiply-adds, {self.maps(kind):,} maps come out"
            for kind in (REDUCED, NAIVE)
        )
        return f"A module on {self.in_channels} maps of {self.side}×{self.side}. {costs}."

    @property
    def svg(self) -> str:
        """The picture: four towers whose boxes are as wide as they have maps, and below each what it costs."""
        widest = max(self.in_channels, *(maps for steps in self.towers.values() for _, maps, _ in steps))
        dearest = max(*self.weights(REDUCED).values(), *self.weights(NAIVE).values())
        top = 62
        costs_top = top + 3 * BOX + 2 * ARROW + 44
        width = 2 * MARGIN + 4 * TOWER + 3 * BETWEEN
        parts = [
            heading(width / 2, f"{self.in_channels} maps of {self.side}×{self.side} come into all four branches"),
        ]
        for number, (branch, steps) in enumerate(self.towers.items()):
            left = MARGIN + number * (TOWER + BETWEEN)
            boxes = [(f"{self.in_channels} maps", self.in_channels, "input")]
            boxes += [(f"{what}, {maps}", maps, kind) for what, maps, kind in steps]
            parts.append(_tower(boxes, left + TOWER / 2, top, TOWER / widest))
            parts.append(self._costs(branch, left, costs_top, dearest))
        below = costs_top + 130
        for line, kind in enumerate((REDUCED, NAIVE)):
            y = below + 22 * line
            parts.append(f'<rect x="{MARGIN}" y="{y - 11:g}" width="12" height="12" fill="{COLOURS[kind]}"/>')
            said = (
                f"{kind}: {sum(self.weights(kind).values()):,} weights, {self.multiply_adds(kind) / 1e6:,.1f} million "
            )
            parts.append(svg_text(MARGIN + 20, y, f"{said}multiply-adds, {self.maps(kind):,} maps come out", size=13))
        return sheet(width, below + 40, self.in_words, parts)

    def _costs(self, branch: str, left: float, top: float, dearest: int) -> str:
        """Draw the weights of a branch as two bars, with reductions and naive."""
        parts = [svg_text(left, top, f"{branch} branch, weights", bold=True)]
        for line, kind in enumerate((REDUCED, NAIVE)):
            weights = self.weights(kind)[branch]
            y = top + 12 + 40 * line
            text = f"{weights:,}" if weights else f"none: all {self.in_channels} maps pass"
            parts.append(
                f'{svg_text(left, y + 10, text)}<rect x="{left:g}" y="{y + 15:g}" '
                f'width="{weights / dearest * TOWER:.4g}" height="10" fill="{COLOURS[kind]}"/>'
            )
        return "".join(parts)


class ModuleExplorer(HandsOn):
    """A module whose widths can be turned: widgets where there is a kernel, and a still picture where there is none."""

    listed = (
        ("row of Table 1",),
        *(
            ("row of Table 1", width)
            for width in ("maps coming in", "height and width", "3×3 reduce", "5×5 reduce", "pool projection")
        ),
    )

    def __init__(self) -> None:
        super().__init__(ModuleByHand())

    def widget(self) -> object:
        """Return the interactive figure, an ipywidgets box."""
        import ipywidgets

        layout = ipywidgets.Layout(width="350px")
        style = {"description_width": "120px"}

        def slider(description: str, value: int, largest: int) -> object:
            return ipywidgets.IntSlider(value, 1, largest, description=description, layout=layout, style=style)

        first = self.first
        row = ipywidgets.Dropdown(
            options=list(TABLE_1), value="3a", description="row of Table 1", layout=layout, style=style
        )
        maps = slider("maps coming in", first.in_channels, 1024)
        side = slider("height and width", first.side, 56)
        three = slider("3×3 reduce", first.filters.three_reduce, 256)
        five = slider("5×5 reduce", first.filters.five_reduce, 256)
        projection = slider("pool projection", first.filters.pool_projection, 256)
        picture = ipywidgets.HTML(first.svg)

        def show(_change: object = None) -> None:
            filters = TABLE_1[row.value]._replace(
                three_reduce=three.value, five_reduce=five.value, pool_projection=projection.value
            )
            picture.value = replace(first, in_channels=maps.value, side=side.value, filters=filters).svg

        def take_row(_change: object) -> None:
            filters = TABLE_1[row.value]
            maps.value, side.value = incoming(row.value), SIDES[row.value[0]]
            three.value, five.value = filters.three_reduce, filters.five_reduce
            projection.value = filters.pool_projection
            show()

        row.observe(take_row, names="value")
        for control in (maps, side, three, five, projection):
            control.observe(show, names="value")
        columns = [ipywidgets.VBox([row, maps, side]), ipywidgets.VBox([three, five, projection])]
        return ipywidgets.VBox([picture, ipywidgets.HBox(columns)])


def explore_module() -> ModuleExplorer:
    """Turn the widths of an Inception module, and see what each branch costs beside the naive module."""
    return ModuleExplorer()


def _tower(boxes: list[tuple[str, int, str]], middle: float, top: float, scale: float) -> str:
    """Draw a branch from top to bottom, each box as wide as it has maps, its label above it."""
    parts = []
    for step, (label, maps, kind) in enumerate(boxes):
        y = top + step * (BOX + ARROW)
        width = max(maps * scale, THINNEST)
        parts.append(
            f'<rect x="{middle - width / 2:.5g}" y="{y:g}" width="{width:.5g}" height="{BOX}" '
            f'fill="{KINDS[kind].fill}" stroke="{INK}" stroke-width="0.8"/>'
            f"{svg_text(middle, y - 5, label, anchor='middle')}"
        )
        if step:
            parts.append(f'<path d="M{middle:g} {y - ARROW + 2:g}v14" stroke="{FAINT_INK}" stroke-width="1.4"/>')
    return "".join(parts)
