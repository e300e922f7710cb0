"""Trace a network and draw what was found: every layer, its size, and what feeds what.

Nothing is drawn by hand. ``draw`` traces the model with ``torch.fx``, runs it on shapes alone, and lays the layers out
from left to right by how many layers lie before them; layers side by side stand one above the other.
"""

import html
from dataclasses import dataclass
from pathlib import Path

import torch.fx
from torch import nn

from cnncourse.drawing.palette import INK, KINDS, PAPER, Kind, kind_of
from cnncourse.measure.tracing import LayerTracer, Trace, output_shape, trace

BOX_WIDTH = 76
BOX_GAP = 34
ROW_GAP = 72  # room for the lines of text below a box
MARGIN = 20
TALLEST, SHORTEST = 150, 26
LEGEND_STEP, LEGEND_WIDTH = 24, 165


@dataclass(frozen=True)
class Box:
    """One layer of a drawing.

    Attributes:
        name: the layer's name in the model.
        kind: decides colour and legend.
        label: its class and, for a convolution or a pool, its window.
        shape: output shape without the batch.
        activation: name of the activation function that follows, or "".
        inputs: positions, in the drawing, of the boxes that feed it.

    """

    name: str
    kind: Kind
    label: str
    shape: tuple[int, ...]
    activation: str
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class Drawing:
    """A network's picture; shows itself in a notebook.

    Attributes:
        title: what is drawn.
        boxes: the layers, in an order in which each comes after those that feed it.

    """

    title: str
    boxes: tuple[Box, ...]

    @property
    def alternative_text(self) -> str:
        """The picture in words, for readers who do not see it."""
        steps = []
        for box in self.boxes:
            squash = f" and {box.activation}" if box.activation else ""
            steps.append(f"{box.name}: {box.label}{squash}, {_times(box.shape)}")
        return f"{self.title}, from left to right: " + "; ".join(steps) + "."

    @property
    def svg(self) -> str:
        """The picture as SVG; the same model always gives the same bytes."""
        columns = self._columns()
        rows_of_column = {column: [i for i, c in enumerate(columns) if c == column] for column in sorted(set(columns))}
        heights = [_height(box.shape) for box in self.boxes]
        tallest = max(sum(heights[i] for i in rows) + ROW_GAP * (len(rows) - 1) for rows in rows_of_column.values())
        kinds = list(dict.fromkeys(box.kind for box in self.boxes))
        width = 2 * MARGIN + (max(columns) + 1) * (BOX_WIDTH + BOX_GAP) - BOX_GAP
        per_row = max(1, (width - 2 * MARGIN) // LEGEND_WIDTH)
        legend_top = MARGIN + 44 + tallest + 78
        height = legend_top + LEGEND_STEP * (-(-len(kinds) // per_row)) + 6

        tops: dict[int, float] = {}
        for rows in rows_of_column.values():
            total = sum(heights[i] for i in rows) + ROW_GAP * (len(rows) - 1)
            top = MARGIN + 44 + (tallest - total) / 2
            for i in rows:
                tops[i] = top
                top += heights[i] + ROW_GAP
        left = [MARGIN + column * (BOX_WIDTH + BOX_GAP) for column in columns]
        parts = [
            f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>',
            f'<text x="{width / 2:g}" y="{MARGIN + 8}" font-size="16" font-weight="bold" text-anchor="middle">'
            f"{html.escape(self.title)}</text>",
        ]
        for i, box in enumerate(self.boxes):
            for source in box.inputs:
                start = (left[source] + BOX_WIDTH, tops[source] + heights[source] / 2)
                end = (left[i] - 3, tops[i] + heights[i] / 2)
                between = [tops[k] for k, column in enumerate(columns) if columns[source] < column < columns[i]]
                parts.append(_arrow(start, end, over=min(between) - 30 if between else None))
        for i, box in enumerate(self.boxes):
            parts.append(_box(box, left[i], tops[i], heights[i]))
        for number, kind in enumerate(kinds):
            x = MARGIN + number % per_row * LEGEND_WIDTH
            y = legend_top + number // per_row * LEGEND_STEP
            parts.append(
                f'<rect x="{x}" y="{y}" width="14" height="14" rx="3" fill="{kind.fill}" stroke="{INK}"/>'
                f'<text x="{x + 21}" y="{y + 12}" font-size="12">{html.escape(kind.name)}</text>'
            )
        description = html.escape(self.alternative_text, quote=True)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="100%" '
            f'style="max-width:{width}px" role="img" aria-label="{description}" fill="{INK}" '
            f'font-family="Helvetica, Arial, sans-serif"><title>{html.escape(self.title)}</title>'
            f"{''.join(parts)}</svg>"
        )

    def save(self, path: str | Path) -> None:
        """Write the picture to an SVG file."""
        Path(path).write_text(self.svg + "\n", encoding="utf-8")

    def __repr__(self) -> str:
        return self.alternative_text

    def _repr_svg_(self) -> str:
        return self.svg

    def _columns(self) -> list[int]:
        """Return each box's column: the length of the longest path that leads to it."""
        columns: list[int] = []
        for box in self.boxes:
            columns.append(1 + max((columns[source] for source in box.inputs), default=-1))
        return columns


def draw(model: nn.Module, input_shape: tuple[int, ...], title: str | None = None) -> Drawing:
    """Draw a network from its own code.

    Args:
        model: any network that ``torch.fx`` can trace.
        input_shape: shape of one image: (channels, height, width).
        title: heading of the picture; the model's class if left out.

    Raises:
        ValueError: if the model cannot be traced.

    """
    return Drawing(title or type(model).__name__, _boxes(trace(model, LayerTracer(), input_shape)))


def _boxes(steps: Trace) -> tuple[Box, ...]:
    """Turn a traced graph into boxes; activation functions and changes of shape join the box before them."""
    boxes: list[Box] = []
    box_of: dict[torch.fx.Node, int] = {}
    for node in steps.nodes:
        if node.op in {"output", "get_attr"}:
            continue
        module = steps.layer(node)
        kind = kind_of(node, module)
        sources = tuple(box_of[source] for source in node.all_input_nodes if source in box_of)
        joins = kind is None or kind.name == "activation"
        if joins and len(set(sources)) == 1:
            box_of[node] = sources[0]
            box = boxes[sources[0]]
            activation = type(module).__name__ if module is not None and kind is not None else box.activation
            shape = output_shape(node) if node.op == "call_module" else box.shape
            boxes[sources[0]] = Box(box.name, box.kind, box.label, shape, activation, box.inputs)
            continue
        name = node.target if node.op == "call_module" else ("input" if node.op == "placeholder" else node.name)
        boxes.append(Box(name, kind or KINDS["other"], _label(node, module), output_shape(node), "", sources))
        box_of[node] = len(boxes) - 1
    return tuple(boxes)


def _label(node: torch.fx.Node, module: nn.Module | None) -> str:
    if node.op == "placeholder":
        return "image"
    if module is None:
        return node.name
    window = getattr(module, "kernel_size", None)
    if window is None:
        return type(module).__name__
    height, width = window if isinstance(window, tuple) else (window, window)
    return f"{type(module).__name__} {height}×{width}"


def _height(shape: tuple[int, ...]) -> float:
    """Return a box's height in pixels: its map's height, or for a vector its length, on a scale that saturates."""
    extent = shape[1] if len(shape) == 3 else 1
    return round(SHORTEST + (TALLEST - SHORTEST) * min(1.0, (extent - 1) / 31) ** 0.8, 1)


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _arrow(start: tuple[float, float], end: tuple[float, float], over: float | None) -> str:
    """Draw an arrow between two points; one that skips layers passes over them, at the height ``over``."""
    (x1, y1), (x2, y2) = start, end
    bend = BOX_GAP / 2
    if over is None:
        path = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2 - 5:g} {y2:g}"
    else:
        path = (
            f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x1 + bend:g} {over:g} {x1 + 2 * bend:g} {over:g}"
            f"H{x2 - 2 * bend:g}C{x2 - bend:g} {over:g} {x2 - bend:g} {y2:g} {x2 - 5:g} {y2:g}"
        )
    return f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.5"/><path d="M{x2:g} {y2:g}l-7 -4v8z"/>'


def _box(box: Box, left: float, top: float, height: float) -> str:
    middle = left + BOX_WIDTH / 2
    kind_line, _, window = box.label.partition(" ")
    below = [kind_line if len(kind_line) <= 13 else box.kind.name, window, box.activation]
    lines = "".join(
        f'<text x="{middle:g}" y="{top + height + 15 + 13 * number:g}" font-size="11" text-anchor="middle">'
        f"{html.escape(line)}</text>"
        for number, line in enumerate(line for line in below if line)
    )
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{BOX_WIDTH}" height="{height:g}" rx="5" fill="{box.kind.fill}" '
        f'stroke="{INK}"/>'
        f'<text x="{middle:g}" y="{top - 7:g}" font-size="13" font-weight="bold" text-anchor="middle">'
        f"{html.escape(box.name)}</text>"
        f'<text x="{middle:g}" y="{top + height / 2 + 4:g}" font-size="12" text-anchor="middle">'
        f"{_times(box.shape)}</text>{lines}"
    )
