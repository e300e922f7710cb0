"""Whether the pictures of a notebook's fresh run are those that were committed."""

import base64
import re
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

PNG, SVG = "image/png", "image/svg+xml"
IMAGE = re.compile(r'<img[^>]*? src="data:(image/png|image/svg\+xml);base64,([A-Za-z0-9+/=]*)"')
UNLIKE = 0.5  # structural similarity of a window of 7×7 pixels below which its middle counts as another
OTHER = 0.3  # of the whole range of a colour, by which a pixel counts as another: a line may move by part of a pixel
FEW = 2e-5  # share of pixels that may be others: what rounding does on another processor
INK = 0.05  # of the whole range from black to white, by which a pixel differs from its paper
MORE_OR_LESS = 0.2  # share of a drawing's marks of a kind by which one with other values may have more or less
LEAST_INK = 0.5  # share of the committed picture's ink that a figure with other values must have


@dataclass(frozen=True)
class Shown:
    """One picture of a cell.

    Attributes:
        kind: "image/png" or "image/svg+xml".
        content: the file.
        axes: what the figure consists of, if it says so: the metadata that ``Picture`` writes.

    """

    kind: str
    content: bytes
    axes: list[str] | None

    def save(self, path: Path) -> Path:
        """Write the picture beside others, and return where it is."""
        path = path.with_name(f"{path.name}{'.png' if self.kind == PNG else '.svg'}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)
        return path


def shown(outputs: list) -> list[Shown]:
    """Return the pictures among a cell's outputs, in order."""
    pictures = []
    for output in outputs:
        page = "".join(output.get("data", {}).get("text/html", ""))
        axes = output.get("metadata", {}).get("text/html", {}).get("axes")
        pictures += [Shown(found[1], base64.b64decode(found[2]), axes) for found in IMAGE.finditer(page)]
    return pictures


def difference(committed: Shown, fresh: Shown, *, other_values: bool) -> str | None:
    """Say in what a fresh picture differs, or return ``None``.

    Args:
        committed: as it should be.
        fresh: as it is.
        other_values: whether it may show other numbers, as a figure of a training does: then its structure counts,
            which are its size, words and marks, that it is not emptier, and that nothing is cut off.

    """
    if committed.kind != fresh.kind:
        return f"it is {fresh.kind} instead of {committed.kind}"
    if committed.kind == SVG:
        return _svg_difference(committed.content, fresh.content, other_values=other_values)
    before, after = (_pixels(picture.content) for picture in (committed, fresh))
    if before.shape != after.shape:
        return "its size is {1}×{0} pixels instead of {3}×{2}".format(*after.shape[:2], *before.shape[:2])
    if (ink := _ink(after).mean()) < LEAST_INK * _ink(before).mean():
        return f"it is emptier: {ink:.1%} of it is ink instead of {_ink(before).mean():.1%}"
    if not _border(_ink(before)).any() and _border(_ink(after)).any():
        return "it is cut off: something reaches its border"
    if other_values:
        was, is_now = ([_contents(axes) for axes in picture.axes or []] for picture in (committed, fresh))
        return None if was == is_now else f"it consists of {is_now} instead of {was}"
    _, similarity = structural_similarity(before, after, channel_axis=2, data_range=1, full=True)
    unlike = ((similarity < UNLIKE) | (np.abs(before - after) > OTHER)).any(axis=2).mean()
    return f"{unlike:.2%} of it looks different" if unlike > FEW else None


def _pixels(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(file)).convert("RGB"), dtype=float) / 255


def _ink(pixels: np.ndarray) -> np.ndarray:
    """Return which pixels differ from the paper, which is the colour of the upper left corner."""
    return np.abs(pixels - pixels[0, 0]).max(axis=2) > INK


def _border(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _contents(axes: str) -> tuple[str, list[str]]:
    """Return how many marks there are in axes, and their words without numbers."""
    marks, *words = axes.split(" | ")
    return marks, [_words(word) for word in words]


def _words(text: str) -> str:
    return " ".join(re.sub(r"[-+−]?\d[\d.,]*", "#", text).split())


def _svg_difference(committed: bytes, fresh: bytes, *, other_values: bool) -> str | None:
    if not other_values:
        return None if committed == fresh else "the drawing is another one"
    (marks, words), (other_marks, other_words) = (_svg_contents(file) for file in (committed, fresh))
    if any(abs(other_marks[kind] - marks[kind]) > MORE_OR_LESS * marks[kind] for kind in marks | other_marks):
        return f"it has {dict(other_marks - marks)} more and {dict(marks - other_marks)} less"
    other = len(words ^ other_words)  # a verdict such as “right” may be another
    return None if other <= MORE_OR_LESS * len(words) else f"it says {sorted(other_words)} instead of {sorted(words)}"


def _svg_contents(file: bytes) -> tuple[Counter, set[str]]:
    """Count the marks of a drawing, and return its words without their numbers."""
    elements = list(ElementTree.fromstring(file).iter())
    marks = Counter(element.tag.rpartition("}")[2] for element in elements)
    return marks, {_words(element.text) for element in elements if element.text and element.text.strip()}
