"""Text in pictures, as wide as it was laid out, whatever font there is."""

import html
import unicodedata

# Widths of Helvetica's characters in thousandths of the font size (its published metrics); all others count as a digit.
_WIDTHS = {
    222: "'`ijl‘’",
    260: "|",
    278: " !,./:;I[\\]ft·",
    333: "()-r{}“”⁰¹²³⁴⁵⁶⁷⁸⁹⁻",
    389: "*°",
    355: '"',
    469: "^",
    500: "Jcksvxyz",
    584: "+<=>~×÷±−",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "…—→←",
    1015: "@",
}
_WIDTH_OF = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_DIGIT, _FULL = 556, 1000
_BOLD = 1.07  # how much wider than regular letters bold ones are, about


def escaped(text: str) -> str:
    """Return a text as it may stand in SVG, without the control characters that may not."""
    return html.escape("".join(each for each in text if each.isprintable() or each in "\n\t"), quote=True)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide a text is drawn, in pixels; no font is asked, so that pictures are the same everywhere."""
    return sum(map(_width, text)) * size / 1000 * (_BOLD if bold else 1)


def _width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return _WIDTH_OF.get(letter) or (_FULL if unicodedata.east_asian_width(letter) in "WF" else _DIGIT)


def svg_text(
    x: float, y: float, text: str, *, size: float = 12, anchor: str = "start", colour: str = "", bold: bool = False
) -> str:
    """Return a text as SVG; with another font than the one laid out for, its letters are drawn narrower or wider.

    Args:
        x: where its anchor is, in pixels.
        y: where its letters stand, in pixels.
        text: in plain words; it is escaped here.
        size: of the font, in pixels.
        anchor: "start", "middle" or "end".
        colour: the picture's own if it is empty.
        bold: whether it is set in bold.

    """
    length = f' textLength="{text_width(text, size, bold=bold):.5g}" lengthAdjust="spacingAndGlyphs"'
    look = f' font-size="{size:g}"' + (length if len(text) > 1 else "")
    look += f' text-anchor="{anchor}"' if anchor != "start" else ""
    look += ' font-weight="bold"' if bold else ""
    look += f' fill="{colour}"' if colour else ""
    return f'<text x="{x:.5g}" y="{y:.5g}"{look}>{escaped(text)}</text>'
