"""Pictures in notebooks and as files."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path

from cnncourse.display import bundle, still
from cnncourse.drawing.outlines import outlined

FORMATS = (".svg", ".png", ".pdf")
RESOLUTION = 2  # pixels of a .png for each pixel of the picture
MOST_PIXELS = 32_000  # a side: Cairo's limit is just above


class SvgPicture:
    """Something that shows itself as a picture; who inherits this gives ``svg`` and ``alternative_text``."""

    svg: str
    alternative_text: str

    def save(self, path: str | Path) -> None:
        """Write the picture to a file, in a folder that is made if it is not there.

        Args:
            path: its ending decides the format: .svg, or .png and .pdf with the extra "figures".

        Raises:
            ValueError: if the ending is another.
            ImportError: if the library for .png and .pdf is not there; the message says what to type.

        """
        _save(self.svg, path)

    def __repr__(self) -> str:
        return self.alternative_text

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, object]:
        return bundle(still(self.svg, self.alternative_text), self.alternative_text)


def _save(svg: str, path: str | Path) -> None:
    path = Path(path)
    if path.suffix in FORMATS:
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".svg":
        path.write_text(svg + "\n", encoding="utf-8")
        return
    if path.suffix not in FORMATS:
        raise ValueError(f"a picture is saved as .svg, .png or .pdf, not as {path.name!r}")
    try:
        import cairosvg
    except (ImportError, OSError) as error:  # OSError: the package is there, the Cairo library that it calls is not
        raise ImportError(
            f"{path.suffix} needs the extra “figures” and the Cairo library: python -m pip install 'cnncourse[figures]'"
            f" (and, on Debian, apt install libcairo2). Or save an .svg, which needs neither. ({error})"
        ) from error
    shapes = outlined(svg).encode()
    if path.suffix == ".pdf":
        cairosvg.svg2pdf(bytestring=shapes, write_to=str(path))
        return
    scale = min(RESOLUTION, MOST_PIXELS / max(_size(svg)))
    if scale < RESOLUTION:
        said = (
            f"a .png has at most {MOST_PIXELS:,} pixels a side: {path} is {100 * scale / RESOLUTION:.0f} % of its size"
        )
        warnings.warn(said, stacklevel=3)
    cairosvg.svg2png(bytestring=shapes, write_to=str(path), scale=scale)


def _size(svg: str) -> tuple[float, float]:
    """Return a picture's width and height in pixels."""
    _, _, width, height = re.search(r'viewBox="([^"]+)"', svg)[1].split()
    return float(width), float(height)
