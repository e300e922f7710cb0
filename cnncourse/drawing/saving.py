"""Pictures in notebooks and as files."""

from pathlib import Path

RESOLUTION = 2  # pixels of a .png for each pixel of the picture


class SvgPicture:
    """Something that shows itself as a picture; who inherits this gives ``svg`` and ``alternative_text``."""

    svg: str
    alternative_text: str

    def save(self, path: str | Path) -> None:
        """Write the picture to a file.

        Args:
            path: its ending decides the format: .svg, or .png and .pdf with the extra "figures".

        Raises:
            ValueError: if the ending is another.
            ImportError: if the library for .png and .pdf is not there; the message says what to type.

        """
        _save(self.svg, path)

    def __repr__(self) -> str:
        return self.alternative_text

    def _repr_svg_(self) -> str:
        return self.svg


def _save(svg: str, path: str | Path) -> None:
    path = Path(path)
    if path.suffix == ".svg":
        path.write_text(svg + "\n", encoding="utf-8")
        return
    if path.suffix not in (".png", ".pdf"):
        raise ValueError(f"a picture is saved as .svg, .png or .pdf, not as {path.name!r}")
    try:
        import cairosvg
    except (ImportError, OSError) as error:  # OSError: the package is there, the Cairo library that it calls is not
        raise ImportError(
            f"{path.suffix} needs the extra “figures” and the Cairo library: python -m pip install 'cnncourse[figures]'"
            f" (and, on Debian, apt install libcairo2). Or save an .svg, which needs neither. ({error})"
        ) from error
    convert = cairosvg.svg2png if path.suffix == ".png" else cairosvg.svg2pdf
    convert(bytestring=svg.encode(), write_to=str(path), **({"scale": RESOLUTION} if path.suffix == ".png" else {}))
