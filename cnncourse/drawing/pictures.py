"""Pictures made with matplotlib, each with words for readers who do not see it."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from cnncourse.display import bundle, still
from cnncourse.drawing.palette import NEGATIVE, PAPER, POSITIVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

RESOLUTION = 110  # dots an inch


class Picture:
    """A matplotlib figure with alternative text; shows itself in a notebook.

    Beside the picture a notebook keeps what it consists of, so that two pictures can be compared whose values differ.

    Args:
        figure: the figure; it is rendered once and closed.
        alternative_text: what there is to see, in words.

    """

    def __init__(self, figure: "Figure", alternative_text: str) -> None:
        import matplotlib.pyplot as plt

        self.axes = [_contents(axes) for axes in figure.axes]
        rendered = BytesIO()
        figure.savefig(rendered, format="png", dpi=RESOLUTION, facecolor="white")
        plt.close(figure)
        self.png = rendered.getvalue()
        self.alternative_text = alternative_text

    def __repr__(self) -> str:
        return self.alternative_text

    def _repr_mimebundle_(self, **_options: object) -> tuple[Mapping[str, object], Mapping[str, object]]:
        shown = bundle(still(self.png, self.alternative_text), self.alternative_text)
        return shown, {"text/html": {"axes": self.axes}}


def _contents(axes: "Axes") -> str:
    """Say what is to be seen in axes: how many marks of each kind have a finite place, and the words, in order."""
    marks = {
        "lines": sum(bool(np.isfinite(line.get_xydata()).all(axis=1).any()) for line in axes.lines),
        "patches": sum(bool(np.isfinite(patch.get_extents().extents).all()) for patch in axes.patches),
        "areas": sum(bool(np.isfinite(area.get_datalim(axes.transData).extents).all()) for area in axes.collections),
        "images": sum(bool(np.isfinite(np.asarray(image.get_array(), dtype=float)).any()) for image in axes.images),
        "texts": sum(bool(text.get_text().strip()) for text in axes.texts),
    }
    words = [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
    legend = axes.get_legend()
    words += [text.get_text() for text in legend.get_texts()] if legend is not None else []
    return " | ".join([", ".join(f"{number} {kind}" for kind, number in marks.items() if number), *filter(None, words)])


def _orange_white_black() -> "Colormap":
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("orange-white-black", [NEGATIVE, PAPER, POSITIVE])


def image_grid(
    images: Tensor, titles: Sequence[str], alternative_text: str, *, columns: int = 8, signed: bool = False
) -> Picture:
    """Show images side by side, on one common scale of grey or in colour.

    Args:
        images: shape (N, height, width), or (N, 3, height, width) with values from −1 to 1.
        titles: one an image.
        alternative_text: what there is to see, in words.
        columns: number of images in a row.
        signed: whether zero is the middle of the scale, orange below and black above, with a colour bar.

    """
    import matplotlib.pyplot as plt

    rows = -(-len(images) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(1.3 * columns, 1.55 * rows), squeeze=False, layout="constrained"
    )
    if images.dim() == 4:
        images = ((images.permute(0, 2, 3, 1) + 1) / 2).clamp(0, 1)  # rounding may leave the range
    largest = images.abs().max().item()
    scale = (
        {"cmap": _orange_white_black(), "vmin": -largest, "vmax": largest}
        if signed
        else {"cmap": "gray_r", "vmin": images.min().item(), "vmax": images.max().item()}
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images.detach(), titles, strict=False):
        drawn = axis.imshow(image.numpy(), **scale)
        axis.set_title(title, fontsize=10)
    if signed:
        figure.colorbar(drawn, ax=axes, shrink=0.8, label="value")
    return Picture(figure, alternative_text)
