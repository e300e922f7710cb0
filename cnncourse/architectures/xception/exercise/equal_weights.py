"""What a module of Xception gives when all of its trainable numbers are the same.

Then it does not matter how an answer stores its weights, nor in which order. In training mode the batch's own mean and
variance decide, so that the result can be worked out from the maps alone. With numbers below zero the depthwise step
turns the sign of what a ReLU has left, so that a second ReLU between the steps cannot hide; one separable convolution
is enough for that, and in a longer row the ReLUs further on might find nothing above zero.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Fault
from cnncourse.checking.exercise import RefusedAnswerError
from cnncourse.checking.probing import run
from cnncourse.checking.wording import differing_text, shape_text

HEIGHT, WIDTH = 9, 10  # odd and even: pools of other sizes and paddings show
IMAGES = 3
SPREAD = 4.0  # of the maps, so large that epsilon hardly counts
TOLERANCE = 1e-2  # values are about 1; epsilon may be 1e-3, as the paper's author has it, or 1e-5
MANY = 8  # maps to draw

NO_FIRST_RELU = "the ReLU before the first separable convolution is missing"
FIRST_RELU = "a ReLU before the first separable convolution, where leading_relu=False"
NO_RELU = "all ReLUs are missing"
NO_OTHER_RELU = "the ReLUs between the separable convolutions are missing"
BEHIND = "each ReLU stands behind its separable convolution; in Xception it stands before"
BEHIND_TOO = "a ReLU behind the last batch normalisation, before the addition"
WITHIN = "a ReLU between the depthwise and the pointwise step"
AFTER = "a ReLU after the addition; in Xception there is none"
NO_SHORTCUT = "the shortcut is missing"
SHORTCUT_OF_RELU = "the shortcut carries what a ReLU has left of the maps; it must carry them as they came"
SPOILED = "the first ReLU works in place: it changes the very maps that the shortcut is to carry"
AVERAGE = "average pooling; it is max pooling"
NOT_POOLED = "the maps are thinned out by a stride; it is max pooling that halves them"
POOL_FIRST = "the pooling comes first, before the separable convolutions"
WITHOUT_NORM = "batch normalisation is missing behind the separable convolutions"
MISTAKES = (
    NO_FIRST_RELU,
    FIRST_RELU,
    NO_OTHER_RELU,
    NO_RELU,
    BEHIND,
    BEHIND_TOO,
    WITHIN,
    AFTER,
    NO_SHORTCUT,
    SHORTCUT_OF_RELU,
    AVERAGE,
    NOT_POOLED,
    POOL_FIRST,
    WITHOUT_NORM,
)


class Row(NamedTuple):
    """The arguments of one module."""

    in_channels: int
    filters: tuple[int, ...]
    leading_relu: bool = True
    downsample: bool = False

    @property
    def name(self) -> str:
        """The module as learners would call for it."""
        first = "" if self.leading_relu else ", leading_relu=False"
        return f"{self.in_channels} maps, filters {list(self.filters)}{first}{', downsample=True' * self.downsample}"

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Maps before and after each separable convolution."""
        return list(zip((self.in_channels, *self.filters), self.filters, strict=False))

    @property
    def projection(self) -> tuple[int, int]:
        """Numbers of the shortcut's convolution and of its batch normalisation."""
        out_channels = self.filters[-1]
        return self.downsample * self.in_channels * out_channels, self.downsample * 2 * out_channels

    @property
    def numbers(self) -> int:
        """All trainable numbers."""
        return sum(9 * before + before * after + 2 * after for before, after in self.pairs) + sum(self.projection)

    def shape_for(self, images: int) -> tuple[int, ...]:
        """Return the shape of the output for some images."""
        step = 2 if self.downsample else 1
        return (images, self.filters[-1], (HEIGHT - 1) // step + 1, (WIDTH - 1) // step + 1)


def draw_maps(generator: torch.Generator) -> dict[str, Tensor]:
    """Draw maps of both signs, and the size of the trainable numbers."""
    maps = SPREAD * torch.randn(IMAGES, MANY, HEIGHT, WIDTH, generator=generator)
    return {"maps": maps, "size": 1 + 0.5 * torch.rand((), generator=generator)}


def run_row(module: nn.Module, maps: Tensor) -> tuple[Tensor, Tensor]:
    """Run a module on a copy of some maps; say what is behind it if its two ways do not fit together.

    Returns:
        What comes out, and the copy as the module leaves it.

    Raises:
        RefusedAnswerError: if they do not, or for whatever ``run`` refuses.

    """
    given = maps.clone()
    try:
        return run(lambda _maps: module(given), maps), given
    except RuntimeError as error:
        said = str(error)
        if "The size of tensor a" not in said:
            raise
        raise RefusedAnswerError(
            Fault(
                "the two ways through the module cannot be added",
                "the same shape on both",
                said.splitlines()[0],
                "one of them has another number of maps"
                if "dimension 1" in said
                else "one of them halves the maps, and the other does not or with another padding",
            )
        ) from error


def fill(module: nn.Module, size: float) -> None:
    """Give every trainable number the same value."""
    with torch.no_grad():
        for number in module.parameters():
            if number.requires_grad:
                number.fill_(size)


def expected_maps(maps: Tensor, row: Row, size: float, but: str = "") -> Tensor:
    """Return what a module gives in training mode, or what it gives with one of the ``MISTAKES``.

    Args:
        maps: shape (N, in_channels, height, width).
        row: the module.
        size: all trainable numbers.
        but: the mistake, "" for none.

    """
    inner = _thinned(maps, row, but) if but == POOL_FIRST else maps
    for number, (_, after) in enumerate(row.pairs):
        wanted = row.leading_relu if number == 0 else True
        missing = but in (BEHIND, NO_RELU) or but == (NO_FIRST_RELU if number == 0 else NO_OTHER_RELU)
        if (wanted and not missing) or (number == 0 and but == FIRST_RELU):
            inner = inner.relu()
        inner = _separable(inner, after, size, within=but == WITHIN)
        inner = inner if but == WITHOUT_NORM else _normalised(inner, size)
        if but == BEHIND or (but == BEHIND_TOO and number == len(row.filters) - 1):
            inner = inner.relu()
    if row.downsample and but != POOL_FIRST:
        inner = _thinned(inner, row, but)
    shortcut = maps.relu() if but == SHORTCUT_OF_RELU else maps
    if row.downsample:
        projected = size * shortcut[:, :, ::2, ::2].sum(dim=1, keepdim=True)
        shortcut = _normalised(projected.expand(-1, row.filters[-1], -1, -1), size)
    together = inner if but == NO_SHORTCUT else inner + shortcut
    return together.relu() if but == AFTER else together


def _separable(maps: Tensor, out_channels: int, size: float, *, within: bool) -> Tensor:
    kernels = torch.full((maps.shape[1], 1, 3, 3), size)
    depthwise = F.conv2d(maps, kernels, padding=1, groups=maps.shape[1])
    if within:
        depthwise = depthwise.relu()
    return size * depthwise.sum(dim=1, keepdim=True).expand(-1, out_channels, -1, -1)


def _normalised(maps: Tensor, size: float) -> Tensor:
    variance, mean = torch.var_mean(maps, dim=(0, 2, 3), correction=0, keepdim=True)
    return size * (maps - mean) / (variance + 1e-5).sqrt() + size


def _thinned(maps: Tensor, row: Row, but: str) -> Tensor:
    if not row.downsample:
        return maps
    if but == AVERAGE:
        return F.avg_pool2d(maps, 3, stride=2, padding=1)
    return maps[:, :, ::2, ::2] if but == NOT_POOLED else F.max_pool2d(maps, 3, stride=2, padding=1)


def fault_in_shape(got: list[int], row: Row) -> Fault | None:
    """Judge the shape of an output for ``IMAGES`` pictures."""
    expected = row.shape_for(IMAGES)
    if tuple(got) == expected:
        return None
    sizes_right = tuple(got[2:]) == expected[2:]
    named = ""
    if len(got) == 4 and sizes_right and got[1] == row.filters[0]:
        named = "only the first of the filters is used"
    elif len(got) == 4 and not sizes_right:
        named = (
            "the maps keep their size, although downsample=True"
            if tuple(got[2:]) == (HEIGHT, WIDTH)
            else "the maps must be halved, rounded up, where downsample=True, and stay as they are otherwise"
        )
    return Fault(
        f"{row.name}: for maps of {HEIGHT}×{WIDTH} the output has the wrong shape",
        f"{shape_text(expected[1:])} a picture",
        f"{shape_text(got[1:])} a picture",
        named,
    )


def mistaken_counts(row: Row) -> Mapping[str, int]:
    """Return the counts that some mistakes give."""
    expected, out_channels = row.numbers, row.filters[-1]
    before, after = sum(pair[0] for pair in row.pairs), sum(row.filters)
    convolution, norm = row.projection
    counts = {
        "ordinary 3×3 convolutions: nothing is separated": expected
        + sum(9 * i * o - 9 * i - i * o for i, o in row.pairs),
        "batch normalisation is missing behind the separable convolutions": expected - 2 * after,
        "batch normalisation within the separable convolutions too": expected + 2 * before,
        "the pointwise steps have biases; batch normalisation cancels them, and Xception has none": expected + after,
        "the depthwise steps have biases; batch normalisation cancels them, and Xception has none": expected + before,
        "all steps have biases; batch normalisation cancels them, and Xception has none": expected + before + after,
        "1×1 comes first in the separable convolutions": expected + 9 * (after - before),
        "the first separable convolution is missing": expected - sum(row.pairs[0]) * 9,
    }
    if row.downsample:
        counts |= {
            "batch normalisation is missing in the shortcut": expected - norm,
            "the shortcut has no convolution": expected - norm - convolution,
            "the shortcut's convolution has a bias; batch normalisation cancels it": expected + out_channels,
            "all convolutions have biases; batch normalisation cancels them": expected + before + after + out_channels,
            "the shortcut's convolution is 3×3; it is 1×1": expected + 8 * convolution,
        }
    else:
        projection = row.in_channels * out_channels
        counts |= {
            "a convolution in the shortcut, where the maps could be passed on as they are": expected + projection,
            "a convolution and batch normalisation in the shortcut, where the maps could be passed on as they are": (
                expected + projection + 2 * out_channels
            ),
        }
    return counts


def fault_in_numbers(got: int, row: Row) -> Fault | None:
    """Judge the number of trainable numbers."""
    if got == row.numbers:
        return None
    parts = " + ".join(f"({9 * i} + {i * o} + {2 * o})" for i, o in row.pairs)
    shortcut = " + ({} + {})".format(*row.projection) if row.downsample else ""
    return Fault(
        f"{row.name}: the number of trainable numbers is wrong",
        f"{parts}{shortcut} = {row.numbers}, for each separable convolution depthwise, pointwise, batch normalisation",
        str(got),
        next((name for name, count in mistaken_counts(row).items() if count == got), ""),
    )


def fault_in_maps(got: Tensor, maps: Tensor, row: Row, size: float, passing: Collection[str] = ()) -> Fault | None:
    """Judge what comes out in training when all trainable numbers are the same.

    Args:
        got: what came out.
        maps: what went in.
        row: the module.
        size: of the trainable numbers.
        passing: those of the ``MISTAKES`` that another check judges.

    """
    expected = expected_maps(maps, row, size)
    named = next((mistake for mistake in MISTAKES if _alike(got, expected_maps(maps, row, size, mistake))), "")
    if _alike(got, expected) or named in passing:
        return None
    return Fault(
        f"{row.name}: with all trainable numbers {size:.2f} the output is wrong".replace("-", "−"),
        *differing_text(expected, got),
        misconception=named,
    )


def _alike(got: Tensor, expected: Tensor) -> bool:
    return got.shape == expected.shape and torch.allclose(got, expected, rtol=TOLERANCE, atol=TOLERANCE)


def fault_in_shortcut(got: Tensor, given: Tensor, maps: Tensor, row: Row) -> Fault | None:
    """Judge what comes out when all trainable numbers are zero: the maps as they came.

    Args:
        got: what came out.
        given: the maps as the module left them, with other numbers.
        maps: what went in.
        row: a module that does not sample down.

    """
    if not torch.equal(given, maps):
        return Fault(
            f"{row.name}: forward changes the maps that it is given",
            *differing_text(maps, given),
            misconception=SPOILED if torch.equal(given, maps.relu()) else "",
        )
    if torch.allclose(got, maps, atol=TOLERANCE):
        return None
    named = ""
    if torch.allclose(got, maps.relu(), atol=TOLERANCE):
        named = f"numbers below zero are lost. Either {AFTER}; or {SHORTCUT_OF_RELU}"
    elif torch.allclose(got, torch.zeros_like(maps), atol=TOLERANCE):
        named = f"{NO_SHORTCUT}, or something in it can be trained"
    return Fault(
        f"{row.name}: with all trainable numbers zero the maps must come out as they went in, through the shortcut",
        *differing_text(maps, got),
        misconception=named,
    )
