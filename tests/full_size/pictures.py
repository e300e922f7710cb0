"""Small folders of pictures that a test makes: two kinds of stripes, and dots."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("across", "dots", "down")


def picture(name, number, size=40):
    """A picture of a class, with some noise and a phase of its own."""
    random = np.random.default_rng([CLASSES.index(name), number])
    rows, columns = np.mgrid[:size, :size] + random.integers(0, 8)
    wave = {"across": np.sin(rows), "down": np.sin(columns), "dots": np.sin(rows) * np.sin(columns)}[name]
    pixels = 128 + 80 * wave[..., None] + random.normal(0, 15, (size, size, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_pictures(root: Path, training: int = 16, validation: int = 4, classes=CLASSES) -> Path:
    """Write the two folders that ``cnncourse train`` wants, and return the folder above them."""
    for split, count, first in (("train", training, 0), ("val", validation, 1000)):
        for name in classes:
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                picture(name, first + number).save(root / split / name / f"{number:03}.png")
    return root
