"""What pictures are drawn with: pieces of SVG, how they look, boxes and lines."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from cnncourse.display import escaped, svg_text
from cnncourse.drawing.palette import FRAME_FILL, INK, NEW, SHADES
from cnncourse.drawing.parts import Box, Frame

CHIP = 13
CHIP_LETTERS = {"sigmoid": "σ", "hardsigmoid": "h", "hardswish": "H", "leaky ReLU": "l", "PReLU": "P", "softmax": "m"}


@dataclass(frozen=True)
class Piece:
    """A part of a picture.

    Attributes:
        width: in pixels.
        height: in pixels.
        axis: how far from the left the connections above and below it are.
        svg: drawn with the origin at its upper left corner.

    """

    width: float
    height: float
    axis: float
    svg: str

    def at(self, x: float, y: float) -> str:
        """Return its SVG moved to a place."""
        return f'<g transform="translate({x:g} {y:g})">{self.svg}</g>' if self.svg else ""


@dataclass(frozen=True)
class Shading:
    """Boxes coloured by an amount.

    Attributes:
        name: of what.
        most: the largest amount in the picture.

    """

    name: str
    most: int

    def shade(self, amount: int) -> str:
        """Return the colour of an amount; steps are even in its square root, so that small ones differ too."""
        share = (amount / self.most) ** 0.5 if self.most else 0
        return SHADES[min(len(SHADES) - 1, round(share * (len(SHADES) - 1)))]


@dataclass(frozen=True)
class Style:
    """How the pieces look.

    Attributes:
        fill: colour of a box or of a closed block.
        tooltip: what is shown when the pointer rests on it.
        is_new: whether it is marked as new.
        is_new_chip: whether a normalisation or an activation in a box is, by its name.
        interactive: whether boxes and blocks can be reached with the keyboard, one after the other from a single stop.
        shading: what colours stand for, ``None`` for kinds of layers.
        drawn: what was drawn so far; the legend explains it.

    """

    fill: Callable[[Box | Frame], str] = lambda part: part.kind.fill if isinstance(part, Box) else FRAME_FILL
    tooltip: Callable[[Box | Frame], str] = lambda _part: ""
    is_new: Callable[[Box | Frame], bool] = lambda _part: False
    is_new_chip: Callable[[Box, str], bool] = lambda _box, _name: False
    interactive: bool = False
    shading: Shading | None = None
    drawn: list[Box | Frame] = field(default_factory=list)


def times(shape: tuple[int, ...]) -> str:
    """Write a shape as figures do: "64×56×56"."""
    return "×".join(map(str, shape))


def chip_letter(name: str) -> str:
    """Return the letter that stands for a normalisation or an activation: B for batch norm, R for ReLU."""
    return CHIP_LETTERS.get(name) or name.removeprefix("scaled ")[:1].upper()


def chip(x: float, y: float, fill: str, letter: str, *, new: bool = False) -> str:
    """Draw the small square of a normalisation or an activation."""
    stroke, width = (NEW, 2) if new else (INK, 0.7)
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{CHIP - 1}" height="{CHIP - 1}" rx="3" fill="{fill}" stroke="{stroke}" '
        f'stroke-width="{width}"/>{svg_text(x + (CHIP - 1) / 2, y + 10, letter, size=9.5, anchor="middle")}'
    )


def group(part: Box | Frame, style: Style, marks: str, *, is_open: bool = False) -> str:
    """Return a box or a block as one group, which the pointer and the keyboard can find; the legend explains it."""
    style.drawn.append(part)
    attributes = ""
    if style.interactive:
        attributes = ' tabindex="-1" role="img" data-box=""'
        if isinstance(part, Frame):
            state = "true" if is_open else "false"
            attributes = (
                f' tabindex="-1" role="button" aria-expanded="{state}" aria-label="{escaped(part.title)}" '
                f'data-block="{escaped(part.calls[0])}" style="cursor:pointer"'
            )
    return f"<g{attributes}>{_tooltip(part, style)}{marks}</g>"


def _tooltip(part: Box | Frame, style: Style) -> str:
    words = style.tooltip(part)
    return f"<title>{escaped(words)}</title>" if words else ""


def shifted(svg: str, x: float) -> str:
    """Return a drawing moved to the right."""
    return f'<g transform="translate({x:g} 0)">{svg}</g>' if x else svg


def rectangle(
    x: float, y: float, width: float, height: float, fill: str, *, radius: int, edge: str = INK, new: bool = False
) -> str:
    """Draw a box, an edge round it, or both."""
    stroke, thickness = (NEW, 3) if new else (edge, 1)
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius}" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="{thickness}"/>'
    )


def line(points: list[tuple[float, float]], *, arrow: bool = False, new: bool = False) -> str:
    """Draw a line through points, with an arrow's head at its end and marked as new if asked for."""
    colour, width = (NEW, ' stroke-width="3"') if new else (INK, "")
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    head = ""
    if arrow:
        (x1, y1), (x2, y2) = points[-2:]
        dx, dy = (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)
        long, half = (11, 7) if new else (5, 3)
        corners = f"l{-long * dx - half * dy:g} {-long * dy - half * dx:g}l{2 * half * dy:g} {2 * half * dx:g}z"
        head = f'<path d="M{x2:g} {y2:g}{corners}" fill="{colour}"/>'
    return f'<path d="{path}" fill="none" stroke="{colour}"{width}/>{head}'


def curve(points: list[tuple[float, float]], *, arrow: bool) -> str:
    """Draw a line that bends from place to place, with an arrow's head at its end if asked for."""
    path = f"M{points[0][0]:g} {points[0][1]:g}"
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (y1 + y2) / 2
        path += f"V{y2:g}" if x1 == x2 else f"C{x1:g} {middle:g} {x2:g} {middle:g} {x2:g} {y2:g}"
    x, y = points[-1]
    head = f'<path d="M{x:g} {y:g}l-3 -5h6z" fill="{INK}"/>' if arrow else ""
    return f'<path d="{path}" fill="none" stroke="{INK}"/>{head}'
