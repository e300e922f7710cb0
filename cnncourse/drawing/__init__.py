"""A network drawn from its own code."""

from cnncourse.drawing.draw import Drawing, draw

__all__ = ["Drawing", "draw"]
