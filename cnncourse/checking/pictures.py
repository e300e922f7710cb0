"""Small pictures for reports, drawn from numbers alone: what was expected beside what came back."""

import torch
from torch import Tensor

# Each picture brings its own paper, so that it reads the same on a light and on a dark page.
PAPER, INK, FAINT, EDGE = "#ffffff", "#222222", "#666666", "#bbbbbb"
MISSING, TOO_MANY = "#0072b2", "#d55e00"  # told apart by their shape as well
CELL = 20  # side of a connection's cell
WIDE, HIGH = 46, 30  # a number's cell
SHADES = (255, 160)  # grey of the smallest and of the largest number; the ink stays legible on both
MARGIN = 12


def connections_picture(expected: Tensor, got: Tensor) -> str:
    """Draw which input map feeds which output map: in both, missing, or too many.

    Args:
        expected: what should be connected, of shape (output maps, input maps), True where it is.
        got: what is connected, of the same shape.

    """
    expected, got = expected.bool(), got.bool()
    out_maps, in_maps = expected.shape
    groups = (
        ("as expected", expected & got, _dot),
        ("missing", expected & ~got, _ring),
        ("too many", ~expected & got, _cross),
    )
    counts = [f"{int(places.sum())} {name}" for name, places, _ in groups]
    left, top = MARGIN + 74, MARGIN + 40
    below = top + in_maps * CELL
    legend_step = 126
    width = max(left + out_maps * CELL, MARGIN + len(groups) * legend_step) + MARGIN
    parts = [_text(left + out_maps * CELL / 2, MARGIN + 11, "output map", FAINT)]
    parts += [_text(left + (o + 0.5) * CELL, top - 6, str(o)) for o in range(out_maps)]
    parts += [
        _text(left - 6, top + (i + 0.5) * CELL + 4, f"input map {i}" if i == 0 else str(i), anchor="end")
        for i in range(in_maps)
    ]
    lines = "".join(f"M{left} {top + row * CELL}h{out_maps * CELL}" for row in range(in_maps + 1))
    lines += "".join(f"M{left + column * CELL} {top}v{in_maps * CELL}" for column in range(out_maps + 1))
    parts.append(f'<path d="{lines}" fill="none" stroke="{EDGE}" stroke-width="0.7"/>')
    for number, (_, places, mark) in enumerate(groups):
        parts += [mark(left + (o + 0.5) * CELL, top + (i + 0.5) * CELL) for o, i in places.nonzero().tolist()]
        x = MARGIN + 6 + number * legend_step
        parts.append(mark(x, below + 24))
        parts.append(_text(x + 12, below + 28, counts[number], anchor="start"))
    words = f"Connections of {out_maps} output maps with {in_maps} input maps: {', '.join(counts)}."
    return _picture(width, below + 40, words, parts)


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
        parts.append(_text(left + width / 2, MARGIN + 10, name, weight="bold"))
        parts += _numbers(values, left, top, float(lowest), float(highest))
        if name == "got":
            parts += [_frame(left + column * WIDE, top + row * HIGH) for row, column in differs.nonzero().tolist()]
    below = top + rows * HIGH
    verdict = f"{int(differs.sum())} of {differs.numel()} numbers differ"
    parts.append(_text(MARGIN, below + 18, f"{verdict} (framed); the darker, the larger", FAINT, anchor="start"))
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
            cells.append(_text(x + WIDE / 2, y + HIGH / 2 + 4, f"{value:.2f}".replace("-", "−")))
    return cells


def _picture(width: float, height: float, words: str, parts: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'style="max-width:100%;display:block;margin:6px 0" role="img" aria-label="{words}" '
        f"font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">"
        f'<rect width="{width:g}" height="{height:g}" rx="6" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, fill: str = INK, anchor: str = "middle", weight: str = "normal") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="12" font-weight="{weight}" text-anchor="{anchor}" fill="{fill}">'
        f"{text}</text>"
    )


def _dot(x: float, y: float) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="5" fill="{INK}"/>'


def _ring(x: float, y: float) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="5" fill="none" stroke="{MISSING}" stroke-width="2.2"/>'


def _cross(x: float, y: float) -> str:
    arms = f"M{x - 5:g} {y - 5:g}l10 10m0 -10l-10 10"
    return f'<path d="{arms}" fill="none" stroke="{TOO_MANY}" stroke-width="2.6" stroke-linecap="round"/>'


def _frame(x: float, y: float) -> str:
    return (
        f'<rect x="{x + 1.5:g}" y="{y + 1.5:g}" width="{WIDE - 3}" height="{HIGH - 3}" fill="none" '
        f'stroke="{TOO_MANY}" stroke-width="2.4"/>'
    )
