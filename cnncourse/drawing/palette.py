"""One colour a kind of layer: told apart in grey print, by their lightness, and by colour-blind readers."""

from dataclasses import dataclass

PAPER = "#ffffff"  # pictures bring their own background, so that they read the same on a dark theme
INK = "#222222"
FAINT_INK = "#666666"
FRAME_FILL, FRAME_EDGE = "#f6f6f3", "#8a8a85"
NEW = "#d55e00"  # marks what is new in a comparison
POSITIVE, NEGATIVE = "#000000", "#d55e00"  # numbers above and below zero, wherever they are shown as shades
FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Kind:
    """A kind of layer.

    Attributes:
        name: as the legend prints it.
        fill: colour of its boxes.

    """

    name: str
    fill: str


KINDS = {
    "input": Kind("input", "#ffffff"),
    "convolution": Kind("convolution", "#93d7fe"),
    "depthwise": Kind("grouped or depthwise convolution", "#1792d1"),
    "pooling": Kind("pooling", "#f5a648"),
    "linear": Kind("fully connected", "#4bbf95"),
    "output": Kind("output codes", "#d9759d"),
    "normalisation": Kind("normalisation", "#fff4ba"),
    "activation": Kind("activation", "#ffd2bf"),
    "merge": Kind("join of branches", "#b993c3"),
    "scale": Kind("scaling by a number", "#efe2fb"),
    "other": Kind("other layer", "#c6c2bb"),
    "reshaping": Kind("dropout, reshaping, identity", "#eeeeee"),
}
# From little to much, for colouring by parameters or by cost.
SHADES = ("#ffffff", "#e4eff9", "#c9dff1", "#a6cfe8", "#7fb9dc", "#569fce")
