"""A network drawn from its own code."""

from cnncourse.drawing.draw import Drawing, draw
from cnncourse.drawing.pictures import Picture, image_grid

__all__ = ["Drawing", "Picture", "draw", "image_grid"]
