"""The course's networks in order of publication: what each took over, how large it is, and what it reported."""

import html
import textwrap
from dataclasses import dataclass
from functools import cached_property

import torch

from cnncourse import measure
from cnncourse.architectures.catalogue import CATALOGUE, Architecture
from cnncourse.display import svg_text, text_width
from cnncourse.drawing.palette import FAINT_INK, FONT, INK, KINDS, PAPER
from cnncourse.drawing.saving import SvgPicture

WIDTH = 1080
MARGIN, TOP = 20, 84
LANE, LANES_END = 9, 112  # distance between the curves on the left, and where they end
NAME_LEFT, BARS_LEFT, BAR_STEP, BAR_WIDTH = 122, 610, 92, 76
ERROR_LEFT = BARS_LEFT + 3 * BAR_STEP + 6
LINE = 14
NOTES = (
    "Weight layers: convolutions and fully connected layers on the longest path; depthwise and pointwise count as two.",
    "Multiply-adds: as torch executes them, for one image of the paper's size. Errors are not comparable where their "
    "protocols differ.",
    "Between Inception-v1 and Inception-v3 came batch normalisation (S. Ioffe, C. Szegedy, February 2015), which all "
    "later networks use.",
)
LETTERS_A_LINE, LETTERS_OF_PROTOCOL = 84, 30


@dataclass(frozen=True)
class Measured:
    """A network with its numbers, all measured on ours but the reported error.

    Attributes:
        record: its record.
        depth: convolutions and linear layers on the longest way.
        parameters: trainable.
        multiply_adds: for one image of the paper's size.

    """

    record: Architecture
    depth: int
    parameters: int
    multiply_adds: int


class Timeline(SvgPicture):
    """The networks as a picture; shows itself in a notebook."""

    @cached_property
    def networks(self) -> tuple[Measured, ...]:
        """All networks, measured without allocating a weight."""
        return tuple(map(_measured, CATALOGUE))

    @property
    def alternative_text(self) -> str:
        """The picture in words."""
        return "Timeline: " + "; ".join(
            f"{each.record.title} ({each.record.published}), {each.depth} layers, {each.parameters:,} parameters, "
            f"{each.multiply_adds:,} multiply-adds, reported error {each.record.reported.error:g} %"
            for each in self.networks
        )

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        rows, tops, y = [], {}, TOP
        for each in self.networks:
            svg, height = _row(each, self.networks)
            rows.append(f'<g transform="translate(0 {y:g})">{svg}</g>')
            tops[each.record.slug] = y
            y += height
        heads = [
            (NAME_LEFT, "start", "network, what is new, and what it took over from whom"),
            (BARS_LEFT, "start", "weight layers"),
            (BARS_LEFT + BAR_STEP, "start", "parameters"),
            (BARS_LEFT + 2 * BAR_STEP, "start", "multiply-adds"),
            (ERROR_LEFT, "start", "error in its paper"),
        ]
        head = "".join(svg_text(x, TOP - 22, words, size=10.5, colour=FAINT_INK) for x, _, words in heads)
        for note in NOTES:
            rows.append(svg_text(NAME_LEFT, y + 6, note, size=10.5, colour=FAINT_INK))
            y += LINE
        story = f"From {CATALOGUE[0].title} to {CATALOGUE[-1].title}"
        heading = svg_text(WIDTH / 2, 32, story, size=16, anchor="middle", bold=True)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + MARGIN:g}" width="100%" '
            f'style="max-width:{WIDTH}px" role="img" aria-label="{html.escape(self.alternative_text, quote=True)}" '
            f'font-family="{FONT}" fill="{INK}"><rect width="{WIDTH}" height="{y + MARGIN:g}" rx="8" fill="{PAPER}"/>'
            f"{heading}{head}{_curves(tops)}{''.join(rows)}</svg>"
        )


def timeline() -> Timeline:
    """Draw the course's networks in order of publication."""
    return Timeline()


def _measured(record: Architecture) -> Measured:
    with torch.device("meta"):
        model = record.build()
    return Measured(
        record,
        measure.depth(model).weight_layers,
        measure.parameters(model).trainable,
        measure.multiply_adds(model, record.input_shape),
    )


def _row(each: Measured, networks: tuple[Measured, ...]) -> tuple[str, float]:
    record = each.record
    title = svg_text(NAME_LEFT, 4, record.title, size=13, bold=True)
    title += svg_text(
        NAME_LEFT + text_width(record.title, 13, bold=True) + 8, 4, record.published, size=11, colour=FAINT_INK
    )
    lines = textwrap.wrap(record.what_is_new, LETTERS_A_LINE)
    parents = {known.slug: known.title for known in CATALOGUE}
    taken = [f"from {parents[link.slug]}: {link.idea}" for link in record.inherits]
    marks = [title]
    marks += [svg_text(NAME_LEFT, 4 + LINE * number, words, size=11) for number, words in enumerate(lines, start=1)]
    marks += [
        svg_text(NAME_LEFT, 4 + LINE * number, words, size=11, colour=FAINT_INK)
        for number, words in enumerate(taken, start=1 + len(lines))
    ]
    amounts = [
        (each.depth, max(other.depth for other in networks), str(each.depth)),
        (each.parameters, max(other.parameters for other in networks), _short(each.parameters)),
        (each.multiply_adds, max(other.multiply_adds for other in networks), _short(each.multiply_adds)),
    ]
    for column, (amount, most, words) in enumerate(amounts):
        x = BARS_LEFT + column * BAR_STEP
        length = max(1.0, BAR_WIDTH * amount / most)
        marks.append(f'<rect x="{x}" y="8" width="{length:g}" height="10" fill="{KINDS["depthwise"].fill}"/>')
        marks.append(svg_text(x, 4, words, size=11))
    marks.append(svg_text(ERROR_LEFT, 4, f"{record.reported.error:g} %", bold=True))
    protocol = textwrap.wrap(record.reported.protocol, LETTERS_OF_PROTOCOL)
    marks += [
        svg_text(ERROR_LEFT, 4 + LINE * number, words, size=10, colour=FAINT_INK)
        for number, words in enumerate(protocol, start=1)
    ]
    height = LINE * (1 + max(len(lines) + len(taken), len(protocol))) + 16
    return "".join(marks), height


def _curves(tops: dict[str, float]) -> str:
    """Draw who took over from whom, each pair in a lane of its own, the longest outermost."""
    links = [(tops[link.slug], tops[record.slug]) for record in CATALOGUE for link in record.inherits]
    marks = []
    lanes: list[list[tuple[float, float]]] = []
    for start, end in sorted(links, key=lambda link: link[1] - link[0]):
        free = (number for number, lane in enumerate(lanes) if all(end < a or b < start for a, b in lane))
        number = next(free, len(lanes))
        if number == len(lanes):
            lanes.append([])
        lanes[number].append((start, end))
        x = LANES_END - LANE * (number + 1)
        y1, y2 = start + 3, end - 3
        marks.append(
            f'<path d="M{LANES_END} {y1:g}H{x + 6:g}Q{x:g} {y1:g} {x:g} {y1 + 6:g}V{y2 - 6:g}Q{x:g} {y2:g} {x + 6:g} '
            f'{y2:g}H{LANES_END - 2}" fill="none" stroke="{INK}" stroke-opacity="0.55"/>'
            f'<path d="M{LANES_END + 3} {y2:g}l-6 -3v6z" fill="{INK}"/>'
        )
    return "".join(marks)


def _short(number: int) -> str:
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)
