"""Pictures of notebooks as files beside the pages: loaded when they are scrolled to, with their room kept free."""

import base64
import hashlib
import html
import re
import struct
from dataclasses import dataclass
from pathlib import Path

IMAGE = re.compile(r'<img((?: [\w-]+="[^"]*")*?) src="data:image/(svg\+xml|png);base64,([^"]+)"((?: [\w-]+="[^"]*")*)>')
VIEW_BOX = re.compile(r'viewBox="\S+ \S+ (\S+) (\S+)"')
WIDTH = re.compile(r' width="(\d+)"')


@dataclass(frozen=True)
class Stills:
    """A folder of pictures.

    Attributes:
        folder: where they are kept; made if it is not there.

    """

    folder: Path

    def moved_out(self, shown: str, way: str) -> str:
        """Return HTML whose pictures are files.

        Args:
            shown: with pictures inside it.
            way: from the page to the folder, such as "../_static/stills".

        """

        def image(found: re.Match) -> str:
            before, kind, encoded, after = found.groups()
            return self.image(base64.b64decode(encoded), f"{before}{after}", way, is_png=kind == "png")

        return IMAGE.sub(image, shown)

    def image(self, content: bytes, attributes: str, way: str, *, is_png: bool = False) -> str:
        """Keep a picture, and return it as HTML.

        Args:
            content: the file's.
            attributes: of the image, each with a space before it.
            way: from the page to the folder.
            is_png: whether it is a PNG, and no SVG.

        """
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{hashlib.sha256(content).hexdigest()[:16]}.{'png' if is_png else 'svg'}"
        (self.folder / name).write_bytes(content)
        width, height = _png_size(content) if is_png else _svg_size(content)
        wanted = WIDTH.search(attributes)
        if wanted:
            width, height = int(wanted[1]), height * int(wanted[1]) / width
        attributes = WIDTH.sub("", attributes)
        return (
            f'<img{attributes} width="{width:.0f}" height="{height:.0f}" loading="lazy" decoding="async" '
            f'src="{way}/{name}">'
        )

    def drawing(self, svg: str, words: str, way: str) -> str:
        """Keep a picture of our own, and return it as HTML.

        Args:
            svg: the picture.
            words: what it shows.
            way: from the page to the folder.

        """
        return self.image(svg.encode("utf-8"), f' alt="{html.escape(words)}"', way)


def _png_size(content: bytes) -> tuple[float, float]:
    return struct.unpack(">II", content[16:24])


def _svg_size(content: bytes) -> tuple[float, float]:
    width, height = VIEW_BOX.search(content.decode("utf-8")).groups()
    return float(width), float(height)
