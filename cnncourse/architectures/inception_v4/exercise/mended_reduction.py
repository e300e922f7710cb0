"""Part 3: a Reduction-B with a bottleneck and a 7×7 that is no square, to be mended."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.architectures.inception_v4.exercise.equal_weights import (
    averaged,
    chain,
    draw_maps,
    fault_in_maps,
    fault_in_numbers,
    fault_in_shape,
    look,
    pooled,
    unit,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.probing import fault_in_use

MOST_CHANNELS, HEIGHT, WIDTH = 9, 13, 11
WIDE_KERNEL, HIGH_KERNEL = (1, 7), (7, 1)


class Widths(NamedTuple):
    """The arguments of one reduction."""

    in_channels: int
    short: int
    narrow: int
    wide: int

    @property
    def name(self) -> str:
        """The reduction as the learner would call for it."""
        return f"MendedReduction({self.in_channels}, short={self.short}, narrow={self.narrow}, wide={self.wide})"

    @property
    def units(self) -> tuple[int, ...]:
        """Numbers of the six convolutions, each with batch normalisation."""
        i, a, b, c = self
        return a * (i + 2), a * (9 * a + 2), b * (i + 2), b * (7 * b + 2), c * (7 * b + 2), c * (9 * c + 2)


FIRST = Widths(4, short=3, narrow=2, wide=5)


def _draw(generator: torch.Generator) -> Inputs:
    return draw_maps(generator, FIRST.in_channels, HEIGHT, WIDTH)


def _probe(answer: Callable, inputs: Inputs) -> Observation:
    return look(answer, FIRST, inputs["maps"], inputs["size"].item())


def _half(filters: int) -> Callable[[Tensor, float], Tensor]:
    return unit(filters, 3, stride=2, padding=0)


def short_branch(maps: Tensor, widths: Widths, size: float) -> Tensor:
    """Return what 1×1 and 3×3 with stride 2 give when all trainable numbers are the same."""
    return chain(maps, size, unit(widths.short), _half(widths.short))


def long_branch(
    maps: Tensor, widths: Widths, size: float, kernels: tuple[tuple[int, int], ...] = (WIDE_KERNEL, HIGH_KERNEL)
) -> Tensor:
    """Return what 1×1, 1×7, 7×1 and 3×3 with stride 2 give when all trainable numbers are the same."""
    first, second = kernels
    steps = unit(widths.narrow), unit(widths.narrow, first), unit(widths.wide, second), _half(widths.wide)
    return chain(maps, size, *steps)


def _short_mistakes(maps: Tensor, widths: Widths, size: float) -> Mapping[str, Tensor]:
    one, three = unit(widths.short), unit(widths.short, 3)
    return {
        "the short branch still works on the pooled maps: a bottleneck": chain(pooled(maps), size, one, three),
        "the short branch is pooled at its end: no bottleneck, and four times the work; the 3×3 convolution is to have "
        "stride 2": chain(maps, size, one, three, pooled),
        "the short branch is pooled between its convolutions; nothing is pooled there": chain(
            maps, size, one, pooled, three
        ),
        "the stride is in the 1×1 convolution, which then never looks at three quarters of the places": chain(
            maps, size, unit(widths.short, stride=2), unit(widths.short, 3, padding=0)
        ),
        "the short branch takes every other place of the maps; the stride belongs to its 3×3 convolution": chain(
            maps[:, :, 1::2, 1::2], size, one, three
        ),
        "the short branch works on averaged maps: still a bottleneck": chain(averaged(maps), size, one, three),
    }


def _long_mistakes(maps: Tensor, widths: Widths, size: float) -> Mapping[str, Tensor]:
    pairs = {
        "both convolutions of the 7×7 are still wide: the second is to be 7×1": (WIDE_KERNEL, WIDE_KERNEL),
        "both convolutions of the 7×7 are high now: one is to be 1×7": (HIGH_KERNEL, HIGH_KERNEL),
        "7×1 comes before 1×7; the text asks for 1×7 first": (HIGH_KERNEL, WIDE_KERNEL),
    }
    mistakes = {name: long_branch(maps, widths, size, kernels) for name, kernels in pairs.items()}
    mistakes["the long branch works on the pooled maps: a new bottleneck"] = chain(
        pooled(maps),
        size,
        unit(widths.narrow),
        unit(widths.narrow, WIDE_KERNEL),
        unit(widths.wide, HIGH_KERNEL),
        unit(widths.wide, 3),
    )
    return mistakes


def _fault_in_shape(seen: Observation, widths: Widths, inputs: Inputs) -> Fault | None:
    maps = inputs["maps"]
    height, width = maps.shape[2:]
    expected = widths.in_channels + widths.short + widths.wide, (height - 1) // 2, (width - 1) // 2
    return fault_in_shape(seen, maps, expected, widths.name, {})


def _parts(output: Tensor, widths: Widths) -> list[Tensor]:
    return list(output.split([widths.short, widths.wide, widths.in_channels], dim=1))


def _fault_in_short(seen: Observation, widths: Widths, inputs: Inputs) -> Fault | None:
    maps, size = inputs["maps"], inputs["size"].item()
    return _fault_in_shape(seen, widths, inputs) or fault_in_maps(
        _parts(seen["output"], widths)[0],
        short_branch(maps, widths, size),
        f"{widths.name}: the first maps, those of the short branch,",
        lambda: _short_mistakes(maps, widths, size),
    )


def _fault_in_long(seen: Observation, widths: Widths, inputs: Inputs) -> Fault | None:
    maps, size = inputs["maps"], inputs["size"].item()
    return _fault_in_shape(seen, widths, inputs) or fault_in_maps(
        _parts(seen["output"], widths)[1],
        long_branch(maps, widths, size),
        f"{widths.name}: the maps of the long branch",
        lambda: _long_mistakes(maps, widths, size),
    )


def _fault_in_rest(seen: Observation, widths: Widths, inputs: Inputs) -> Fault | None:
    """Judge what was right before: the number of trainable numbers and the pooled maps."""
    maps, (i, a, b, c) = inputs["maps"], widths
    expected = sum(widths.units)
    counts = {
        "the convolutions have biases; batch normalisation cancels them": expected + 2 * a + 2 * b + 2 * c,
        "the 7×7 is one convolution now": expected + 49 * b * c - 7 * b * b - 7 * b * c - 2 * b,
        "one of the two thin convolutions is missing": expected - b * (7 * b + 2),
        "the 1×1 convolution of the short branch is missing": expected - a * (i + 2) + 9 * a * (i - a),
        "narrow and wide are exchanged": sum(Widths(i, a, c, b).units),
    }
    text = "convolution by convolution: " + " + ".join(map(str, widths.units))
    return (
        _fault_in_shape(seen, widths, inputs)
        or fault_in_numbers(seen["numbers"], expected, text, widths.name, counts)
        or fault_in_use(seen["use"], widths.name)
        or fault_in_maps(
            _parts(seen["output"], widths)[2],
            pooled(maps),
            f"{widths.name}: the pooled maps, the last ones,",
            lambda: {
                "average pooling; it was max pooling": averaged(maps),
                "a ReLU on the pooled maps; they passed as they were": pooled(maps).relu(),
                "the pooling has windows of 2×2; they were 3×3": F.max_pool2d(maps, 2),
            },
        )
    )


def _judge_short(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_short(seen, FIRST, inputs)


def _judge_long(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_long(seen, FIRST, inputs)


def _judge_rest(seen: Observation, inputs: Inputs) -> Fault | None:
    fault = _fault_in_rest(seen, FIRST, inputs)
    if fault is None and _judge_short(seen, inputs) is not None and _judge_long(seen, inputs) is not None:
        return Fault("all else is right, as it was in the broken class: this counts when a bug is mended", hints=())
    return fault


def _draw_widths(generator: torch.Generator) -> Inputs:
    """Draw widths and sizes that learners have not seen, all widths different."""
    height, width = (2 * torch.randint(5, 8, (2,), generator=generator) + 1).tolist()
    drawn = 2 + torch.randperm(MOST_CHANNELS - 1, generator=generator)[:4]
    return {**draw_maps(generator, int(drawn[0]), height, width), "widths": drawn}


def _widths(inputs: Inputs) -> Widths:
    return Widths(*inputs["widths"].tolist())


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    return look(answer, _widths(inputs), inputs["maps"], inputs["size"].item())


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    widths = _widths(inputs)
    return (
        _fault_in_short(seen, widths, inputs)
        or _fault_in_long(seen, widths, inputs)
        or _fault_in_rest(seen, widths, inputs)
    )


MENDED_REDUCTION = Part(
    name="MendedReduction",
    task="mend",
    minutes=15,
    checks=(
        Check(
            "the short branch has no bottleneck",
            2,
            _probe,
            _judge_short,
            (
                "A unit of the short branch should depend on a square of 3×3 places. On which does it depend in the "
                "broken class?",
                "What is done to the maps before the short branch's 1×1 convolution gets them?",
                "Nothing is pooled in this branch: its 3×3 convolution halves the maps itself, without padding.",
            ),
            _draw,
        ),
        Check(
            "the long branch sees a square",
            2,
            _probe,
            _judge_long,
            (
                "How many rows and how many columns does a unit of the long branch see?",
                "Look at the kernels of the two thin convolutions, and at their paddings: height comes first.",
            ),
            _draw,
        ),
        Check(
            "all else as it was",
            1,
            _probe,
            _judge_rest,
            (
                "What was right must stay: the number of trainable numbers, and a max pooling that comes last.",
                "The repair moves a stride and turns a kernel; it adds no layer with weights.",
            ),
            _draw,
        ),
        Check(
            "other widths, other sizes",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of one set of widths only?",
                "All widths must come from the arguments, each in its place.",
            ),
            _draw_widths,
            public=False,
        ),
    ),
)
