"""One colour a kind of layer: the Okabe–Ito set, lightened, which colour-blind readers can tell apart."""

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


# Lightness falls from kind to kind, so that they differ in grey print too.
KINDS = {
    "input": Kind("input", "#ffffff"),
    "convolution": Kind("convolution", "#9fcdf0"),
    "depthwise": Kind("depthwise or grouped convolution", "#6fa8d6"),
    "pooling": Kind("pooling", "#f5b971"),
    "linear": Kind("fully connected", "#7fcfb0"),
    "output": Kind("output codes", "#e3a9cb"),
    "normalisation": Kind("normalisation", "#f5ee9e"),
    "activation": Kind("activation", "#f2c4ae"),
    "merge": Kind("sum, product or concatenation", "#c4bce6"),
    "scale": Kind("scaling by a number", "#e2ddf5"),
    "other": Kind("other layer", "#d5d5d5"),
    "reshaping": Kind("no change of numbers", "#eeeeee"),
}
# From little to much, for colouring by parameters or by cost.
SHADES = ("#ffffff", "#e4eff9", "#c9dff1", "#a6cfe8", "#7fb9dc", "#569fce")
