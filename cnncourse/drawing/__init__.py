"""A network drawn from its own code."""

from cnncourse.drawing.compare import SideBySide, draw_side_by_side
from cnncourse.drawing.costs import cost_bars
from cnncourse.drawing.draw import Drawing, draw
from cnncourse.drawing.explorer import NetworkExplorer, explore
from cnncourse.drawing.pictures import Picture, image_grid

__all__ = [
    "Drawing",
    "NetworkExplorer",
    "Picture",
    "SideBySide",
    "cost_bars",
    "draw",
    "draw_side_by_side",
    "explore",
    "image_grid",
]
