"""What convolutions, batch normalisation and pooling give when all trainable numbers are the same.

Then it does not matter how an answer stores its weights, nor in which order: a convolution adds up all that its window
sees, and all of its maps are alike. In training mode the batch's own mean and variance decide, so that the result can
be worked out from the maps alone. What is not seen this way, because equal weights hide it, shows in the number of
trainable numbers.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.checking import Fault
from cnncourse.checking.exercise import Observation, RefusedAnswerError
from cnncourse.checking.probing import build, in_use, refuse_hidden_layers, run, settle_lazy_layers
from cnncourse.checking.wording import differing_text, shape_text

IMAGES = 3
SPREAD = 4.0  # of the maps, so large that epsilon hardly counts
TOLERANCE = 1e-2  # values are about 1; epsilon may be 1e-3, as the paper's authors have it, or 1e-5

Kernel = int | tuple[int, int]
Step = Callable[[Tensor, float], Tensor]


def draw_maps(generator: torch.Generator, channels: int, height: int, width: int) -> dict[str, Tensor]:
    """Draw maps of both signs, and the size of the trainable numbers.

    Every other map has its mean far below zero, so that the maxima of its windows are below zero, too.
    """
    maps = SPREAD * torch.randn(IMAGES, channels, height, width, generator=generator)
    maps[:, ::2] -= 3 * SPREAD
    return {"maps": maps, "size": 0.8 + 0.4 * torch.rand((), generator=generator)}


def look(answer: Callable, arguments: Sequence[object], maps: Tensor, size: float) -> Observation:
    """Build a module, count its trainable numbers, make them all the same, and run it in training mode.

    Raises:
        RefusedAnswerError: if its branches cannot be stacked, or for whatever ``run`` refuses.

    """
    module = build(answer, *arguments).train()
    refuse_hidden_layers(module)
    try:
        settle_lazy_layers(module, maps)
        numbers = sum(each.numel() for each in module.parameters() if each.requires_grad)
        with torch.no_grad():
            for each in module.parameters():
                if each.requires_grad:
                    each.fill_(size)
        output = run(module, maps)
    except RuntimeError as error:
        if "Sizes of tensors must match" not in str(error):
            raise
        raise RefusedAnswerError(
            Fault(
                f"for maps of {shape_text(maps.shape[2:])} the maps of the branches cannot be stacked",
                expected="the same height and width from every branch, and stacking along the channels",
                got=str(error).splitlines()[0],
                misconception=_unlike(str(error), maps.shape[2:]),
            )
        ) from error
    used = in_use(module, maps, output)
    return {"numbers": numbers, "shape": list(output.shape), "output": output, "use": used}


def _unlike(said: str, size: Sequence[int]) -> str:
    """Say what is behind branches that differ, by the sizes that torch names."""
    if "except in dimension 1" not in said:
        return "they are joined along another dimension than the channels: torch.cat(…, dim=1)"
    sides = {int(side) for side in re.findall(r"size (\d+)", said)}
    if sides & set(size):
        return "one of them keeps the size of the maps: a stride of 2 is missing"
    if sides and min(sides) < (min(size) - 1) // 2 - 1:
        return "one of them halves them twice: the stride belongs to one layer of a branch only"
    return "one of them has zeros round the maps in a layer that halves, or none in a layer that keeps the size"


def unit(filters: int, kernel: Kernel = 1, *, stride: int = 1, padding: Kernel | None = None, kind: str = "") -> Step:
    """Return a convolution with batch normalisation and ReLU, all of whose numbers are the same.

    Args:
        filters: maps to make.
        kernel: height and width.
        stride: of the convolution.
        padding: ``None`` for what keeps the size of the maps.
        kind: "" for convolution, batch normalisation, ReLU; "no ReLU", "no norm" or "norm last" for mistakes.

    """
    return partial(_unit, filters=filters, kernel=kernel, stride=stride, padding=padding, kind=kind)


def _unit(
    maps: Tensor, size: float, *, filters: int, kernel: Kernel, stride: int, padding: Kernel | None, kind: str
) -> Tensor:
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    weights = torch.full((1, 1, height, width), size)
    padding = (height // 2, width // 2) if padding is None else padding
    maps = F.conv2d(maps.sum(dim=1, keepdim=True), weights, stride=stride, padding=padding)
    if kind == "norm last":
        maps = _normalised(maps.relu(), size)
    else:
        maps = maps if kind == "no norm" else _normalised(maps, size)
        maps = maps if kind == "no ReLU" else maps.relu()
    return maps.expand(-1, filters, -1, -1)


def _normalised(maps: Tensor, size: float) -> Tensor:
    variance, mean = torch.var_mean(maps, dim=(0, 2, 3), correction=0, keepdim=True)
    return size * (maps - mean) / (variance + 1e-5).sqrt() + size


def pooled(maps: Tensor, _size: float = 1.0) -> Tensor:
    """Take the maximum of 3×3 windows with stride 2, none of which leaves the maps."""
    return F.max_pool2d(maps, kernel_size=3, stride=2)


def averaged(maps: Tensor, _size: float = 1.0) -> Tensor:
    """Take the average of 3×3 windows with stride 2, which is a mistake in a reduction."""
    return F.avg_pool2d(maps, kernel_size=3, stride=2)


def smoothed(maps: Tensor, _size: float = 1.0, *, borders: bool = False) -> Tensor:
    """Average 3×3 windows with stride 1.

    Args:
        maps: shape (N, C, height, width).
        borders: whether the zeros beyond the border count, which is a mistake here.

    """
    return F.avg_pool2d(maps, kernel_size=3, stride=1, padding=1, count_include_pad=borders)


def chain(maps: Tensor, size: float, *steps: Step) -> Tensor:
    """Let one step after the other work on some maps."""
    for step in steps:
        maps = step(maps, size)
    return maps


def alike(got: Tensor, expected: Tensor) -> bool:
    """Whether two tensors agree but for rounding and epsilon."""
    return got.shape == expected.shape and torch.allclose(got, expected, rtol=TOLERANCE, atol=TOLERANCE)


def fault_in_shape(
    seen: Observation, maps: Tensor, expected: tuple[int, int, int], called: str, named: Mapping[object, str]
) -> Fault | None:
    """Judge the shape of an output.

    Args:
        seen: by ``look``.
        maps: what went in.
        expected: maps, height and width.
        called: what the module was made with.
        named: for wrong numbers of maps, and for wrong sizes (height, width), what is behind them.

    """
    got = tuple(seen["shape"])
    if got == (len(maps), *expected):
        return None
    misconception = ""
    if len(got) == 4 and got[1] != expected[0]:
        misconception = named.get(got[1], "")
    if len(got) == 4 and not misconception and got[2:] != expected[1:]:
        misconception = named.get(got[2:], "")
    return Fault(
        f"{called}: for maps of {shape_text(maps.shape[1:])} the output has the wrong shape",
        f"{shape_text(expected)} a picture",
        f"{shape_text(got[1:])} a picture",
        misconception,
    )


def fault_in_numbers(got: int, expected: int, sum_text: str, called: str, counts: Mapping[str, int]) -> Fault | None:
    """Judge the number of trainable numbers.

    Args:
        got: as counted.
        expected: as it should be.
        sum_text: how that comes about.
        called: what the module was made with.
        counts: the counts that some mistakes give.

    """
    if got == expected:
        return None
    return Fault(
        f"{called}: the number of trainable numbers is wrong",
        f"{sum_text} = {expected}" if "+" in sum_text else str(expected),
        str(got),
        next((name for name, count in counts.items() if count == got), ""),
    )


def fault_in_maps(
    got: Tensor, expected: Tensor, what: str, mistakes: Callable[[], Mapping[str, Tensor]]
) -> Fault | None:
    """Judge some of the maps that come out when all trainable numbers are the same.

    Args:
        got: what came out.
        expected: what should.
        what: which maps these are.
        mistakes: works out what some mistakes give.

    """
    if alike(got, expected):
        return None
    return Fault(
        f"{what} are wrong",
        *differing_text(expected, got),
        misconception=next((name for name, wrong in mistakes().items() if alike(got, wrong)), ""),
    )
