"""Small pictures for reports, drawn from numbers alone: what was expected beside what came back."""

import torch
from torch import Tensor

from cnncourse.display import svg_text

# Each picture brings its own paper, so that it reads the same on a light and on a dark page.
PAPER, INK, FAINT, EDGE = "#ffffff", "#222222", "#666666", "#bbbbbb"
DIFFERS = "#d55e00"
WIDE, HIGH = 46, 30  # a number's cell
SHADES = (255, 160)  # grey of the smallest and of the largest number; the ink stays legible on both
MARGIN = 12


def maps_picture(expected: Tensor, got: Tensor) -> str:
    """Draw two small maps of numbers side by side, with a frame round each number that differs.

    Args:
        expected: the right numbers, of shape (height, width).
        got: what came back, of the same shape.

    """
    rows, columns = expected.shape
    differs = ~torch.isclose(got, expected, rtol=1e-4, atol=1e-4)
    lowest, highest = torch.cat([expected, got]).aminmax()
    width = columns * WIDE
    top = MARGIN + 20
    parts = []
    for number, (name, values) in enumerate((("expected", expected), ("got", got))):
        left = MARGIN + number * (width + 2 * MARGIN)
        parts.append(svg_text(left + width / 2, MARGIN + 10, name, anchor="middle", bold=True))
        parts += _numbers(values, left, top, float(lowest), float(highest))
        if name == "got":
            parts += [_frame(left + column * WIDE, top + row * HIGH) for row, column in differs.nonzero().tolist()]
    below = top + rows * HIGH
    verdict = f"{int(differs.sum())} of {differs.numel()} numbers differ"
    parts.append(svg_text(MARGIN, below + 18, f"{verdict} (framed); the darker, the larger", colour=FAINT))
    words = f"A map of {rows}×{columns} numbers, expected and got: {verdict}."
    return _picture(2 * width + 4 * MARGIN, below + 28, words, parts)


def _numbers(values: Tensor, left: float, top: float, lowest: float, highest: float) -> list[str]:
    """Draw a map's numbers, each on a grey of its size."""
    cells = []
    for row, line in enumerate(values.tolist()):
        for column, value in enumerate(line):
            share = (value - lowest) / (highest - lowest) if highest > lowest else 0.0
            grey = round(SHADES[0] + share * (SHADES[1] - SHADES[0]))
            x, y = left + column * WIDE, top + row * HIGH
            cells.append(
                f'<rect x="{x:g}" y="{y:g}" width="{WIDE}" height="{HIGH}" fill="rgb({grey},{grey},{grey})" '
                f'stroke="{EDGE}" stroke-width="0.7"/>'
            )
            cells.append(svg_text(x + WIDE / 2, y + HIGH / 2 + 4, f"{value:.2f}".replace("-", "−"), anchor="middle"))
    return cells


def _picture(width: float, height: float, words: str, parts: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'style="max-width:100%;display:block;margin:6px 0" role="img" aria-label="{words}" '
        f'fill="{INK}" font-family="Helvetica, Arial, \'DejaVu Sans\', sans-serif">'
        f'<rect width="{width:g}" height="{height:g}" rx="6" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )


def _frame(x: float, y: float) -> str:
    return (
        f'<rect x="{x + 1.5:g}" y="{y + 1.5:g}" width="{WIDE - 3}" height="{HIGH - 3}" fill="none" '
        f'stroke="{DIFFERS}" stroke-width="2.4"/>'
    )
