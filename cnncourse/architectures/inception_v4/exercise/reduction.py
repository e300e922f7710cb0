"""Part 1: Reduction-A for any k, l, m and n."""

from collections.abc import Callable, Iterator, Mapping
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

MOST_CHANNELS, HEIGHT, WIDTH = 9, 9, 11
SINGLE, TRIPLE, POOL = "the convolution's maps", "the three convolutions' maps", "the pooled maps"


class Filters(NamedTuple):
    """The arguments of one reduction."""

    in_channels: int
    k: int
    l: int  # noqa: E741 -- the paper's letter
    m: int
    n: int

    @property
    def name(self) -> str:
        """The reduction as the learner would call for it."""
        return f"ReductionA({self.in_channels}, k={self.k}, l={self.l}, m={self.m}, n={self.n})"

    @property
    def units(self) -> tuple[int, int, int, int]:
        """Numbers of the convolutions n, k, l and m, each with batch normalisation."""
        i, k, l, m, n = self  # noqa: E741
        return n * (9 * i + 2), k * (i + 2), l * (9 * k + 2), m * (9 * l + 2)

    @property
    def numbers(self) -> int:
        """All trainable numbers."""
        return sum(self.units)

    def shape_for(self, height: int, width: int) -> tuple[int, int, int]:
        """Return maps, height and width of what comes out."""
        return self.in_channels + self.m + self.n, (height - 1) // 2, (width - 1) // 2


FIRST, SECOND = Filters(4, k=5, l=3, m=2, n=8), Filters(3, k=7, l=8, m=6, n=2)
CASES = (FIRST, SECOND)


def _draw(generator: torch.Generator) -> Inputs:
    return draw_maps(generator, MOST_CHANNELS, HEIGHT, WIDTH)


def _maps(filters: Filters, inputs: Inputs) -> Tensor:
    return inputs["maps"][:, : filters.in_channels].contiguous()


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    for filters in CASES:
        yield {filters.name: look(answer, filters, _maps(filters, inputs), inputs["size"].item())}


def branches(maps: Tensor, filters: Filters, size: float) -> dict[str, Tensor]:
    """Return what the three branches give when all trainable numbers are the same.

    Args:
        maps: shape (N, in_channels, height, width).
        filters: of the reduction.
        size: all trainable numbers.

    """
    _, k, l, m, n = filters  # noqa: E741
    return {
        SINGLE: chain(maps, size, unit(n, 3, stride=2, padding=0)),
        TRIPLE: chain(maps, size, unit(k), unit(l, 3), unit(m, 3, stride=2, padding=0)),
        POOL: pooled(maps),
    }


def reduced(maps: Tensor, filters: Filters, size: float) -> Tensor:
    """Return what a right Reduction-A gives when all trainable numbers are the same."""
    return torch.cat(list(branches(maps, filters, size).values()), dim=1)


def _fault_in_shape(seen: Observation, filters: Filters, inputs: Inputs) -> Fault | None:
    i, k, l, m, n = filters  # noqa: E741
    maps = _maps(filters, inputs)
    height, width = maps.shape[2:]
    channels, *size = filters.shape_for(height, width)
    named = {
        n + m: "the pooled maps are missing",
        i + n: "the three convolutions' maps are missing",
        i + m: "the single convolution's maps are missing",
        m: "the branches are added up, or only one is left; they are to be stacked",
        i + 2 * m: "m is used where n belongs",
        i + 2 * n: "n is used where m belongs",
        i + k + n: "k and m are exchanged: k, l and m come in this order",
        i + l + n: "m is not used: the third convolution makes m maps",
        i + m + k: "k and n are exchanged",
        i + m + l: "l and n are exchanged",
        2 * n + m: "a convolution behind the pooling; the pooled maps pass as they are",
        (height, width): "nothing is halved: the stride is missing",
        tuple(each + 1 for each in size): "zeros round the maps in the layers that halve: they are to have none",
        tuple((each - 3) // 2 + 1 for each in size): "the maps are halved twice",
    }
    return fault_in_shape(seen[filters.name], maps, (channels, *size), filters.name, named)


def mistaken_counts(filters: Filters) -> Mapping[str, int]:
    """Return the counts that some mistakes give."""
    i, k, l, m, n = filters  # noqa: E741
    expected, (single, first, _, third) = filters.numbers, filters.units
    return {
        "the convolutions have biases; batch normalisation cancels them": expected + k + l + m + n,
        "batch normalisation is missing": expected - 2 * (k + l + m + n),
        "batch normalisation is missing, and the convolutions have biases": expected - (k + l + m + n),
        "k and l are exchanged": Filters(i, l, k, m, n).numbers,
        "k and m are exchanged": Filters(i, m, l, k, n).numbers,
        "l and m are exchanged": Filters(i, k, m, l, n).numbers,
        "m and n are exchanged": Filters(i, k, l, n, m).numbers,
        "k and n are exchanged": Filters(i, n, l, m, k).numbers,
        "l and n are exchanged": Filters(i, k, n, m, l).numbers,
        "the letters are taken in the order n, k, l, m": Filters(i, l, m, n, k).numbers,
        "the middle convolution is missing": single + first + m * (9 * k + 2),
        "the 1×1 convolution is missing": single + l * (9 * i + 2) + third,
        "the first of the three convolutions is 3×3; it is 1×1": expected + 8 * i * k,
        "the second of the three convolutions is 1×1; it is 3×3": expected - 8 * k * l,
        "the last of the three convolutions is 1×1; it is 3×3": expected - 8 * l * m,
        "the single convolution is 1×1; it is 3×3": expected - 8 * i * n,
        "the single convolution has a 1×1 convolution before it, which Reduction-B has and Reduction-A has not": (
            expected + k * (i + 2) + n * 9 * (k - i)
        ),
        "the single convolution works on the maps of the 1×1; both branches begin at the input": (
            expected + n * 9 * (k - i)
        ),
        "batch normalisation behind the pooling; the pooled maps pass as they are": expected + 2 * i,
        "a convolution behind the pooling; the pooled maps pass as they are": expected + i * i,
        "a convolution with batch normalisation behind the pooling; the pooled maps pass as they are": (
            expected + i * i + 2 * i
        ),
        "the single convolution has groups: each of its maps sees one input map only": expected + 9 * n * (1 - i),
        "the weights are frozen, or are no parameters": 0,
    }


def _fault_in_numbers(seen: Observation, filters: Filters) -> Fault | None:
    fault = fault_in_numbers(
        seen[filters.name]["numbers"],
        filters.numbers,
        "n, k, l, m: " + " + ".join(map(str, filters.units)),
        filters.name,
        mistaken_counts(filters),
    )
    return fault or fault_in_use(seen[filters.name]["use"], filters.name)


def _mistakes(maps: Tensor, filters: Filters, size: float) -> Mapping[str, Mapping[str, Tensor]]:
    """Return for each branch the maps that some mistakes give."""
    _, k, l, m, n = filters  # noqa: E741
    right = branches(maps, filters, size)
    first, second, third = unit(k), unit(l, 3), unit(m, 3, stride=2, padding=0)
    padded = {"stride": 1, "padding": 1}

    def single(**changes: object) -> Tensor:
        return chain(maps, size, unit(n, 3, **({"stride": 2, "padding": 0} | changes)))

    def triple(*steps: object) -> Tensor:
        return chain(maps, size, *steps)

    shared = {"all ReLUs are missing": "no ReLU", "ReLU comes before batch normalisation": "norm last"}
    shared["batch normalisation does nothing"] = "no norm"
    return {
        SINGLE: {name: single(kind=kind) for name, kind in shared.items()}
        | {
            "the convolution works on the pooled maps: a bottleneck": chain(pooled(maps), size, unit(n, 3, **padded)),
            "the convolution has stride 1 and is pooled: the dear layout": pooled(chain(maps, size, unit(n, 3))),
            "the pooled maps come first; the order is convolution, three convolutions, pooling": torch.cat(
                list(right.values())[2:] + list(right.values())[:2], dim=1
            )[:, :n],
            "the three convolutions come first; the order is convolution, three convolutions, pooling": torch.cat(
                [right[TRIPLE], right[SINGLE], right[POOL]], dim=1
            )[:, :n],
        },
        TRIPLE: {
            name: triple(unit(k, kind=kind), unit(l, 3, kind=kind), unit(m, 3, stride=2, padding=0, kind=kind))
            for name, kind in shared.items()
        }
        | {
            "the ReLUs between the convolutions are missing": triple(
                unit(k, kind="no ReLU"), unit(l, 3, kind="no ReLU"), third
            ),
            "the last ReLU is missing": triple(first, second, unit(m, 3, stride=2, padding=0, kind="no ReLU")),
            "the stride is in the 1×1 convolution, which then never looks at three quarters of the places": triple(
                unit(k, stride=2), second, unit(m, 3, padding=0)
            ),
            "the stride is in the middle convolution; it belongs to the last": triple(
                first, unit(l, 3, stride=2, padding=0), unit(m, 3)
            ),
            "the three convolutions work on the pooled maps: a bottleneck": chain(
                pooled(maps), size, first, second, unit(m, 3)
            ),
            "pooling in the place of the last stride": pooled(triple(first, second, unit(m, 3))),
            "the padding is exchanged: the middle convolution has none, the last has": triple(
                first, unit(l, 3, padding=0), unit(m, 3, stride=2, padding=1)
            ),
            "the order of the branches: convolution, three convolutions, pooling": torch.cat(
                [right[SINGLE], right[POOL], right[TRIPLE]], dim=1
            )[:, n : n + m],
        },
        POOL: {
            "average pooling; it is max pooling": averaged(maps),
            "a ReLU on the pooled maps: they pass as they are": pooled(maps).relu(),
            "average pooling and a ReLU; it is max pooling alone": averaged(maps).relu(),
            "the pooling has windows of 2×2; they are 3×3": F.max_pool2d(maps, 2),
        },
    }


def _fault_in_branch(seen: Observation, filters: Filters, inputs: Inputs, branch: str) -> Fault | None:
    fault = _fault_in_shape(seen, filters, inputs)
    if fault is not None:
        return fault
    maps, size = _maps(filters, inputs), inputs["size"].item()
    slices = {
        SINGLE: slice(0, filters.n),
        TRIPLE: slice(filters.n, filters.n + filters.m),
        POOL: slice(filters.n + filters.m, None),
    }
    place = {SINGLE: "the first n maps", TRIPLE: "the next m maps", POOL: "the last maps, one for each input map,"}
    return fault_in_maps(
        seen[filters.name]["output"][:, slices[branch]],
        branches(maps, filters, size)[branch],
        f"{filters.name}: {place[branch]}",
        lambda: _mistakes(maps, filters, size)[branch],
    )


def _first(faults: Iterator[Fault | None]) -> Fault | None:
    return next((fault for fault in faults if fault is not None), None)


def _judge_shapes(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first(_fault_in_shape(seen, filters, inputs) for filters in CASES)


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _first(_fault_in_numbers(seen, filters) for filters in CASES)


def _judge_branch(branch: str) -> Callable[[Observation, Inputs], Fault | None]:
    def judge(seen: Observation, inputs: Inputs) -> Fault | None:
        return _first(_fault_in_branch(seen, filters, inputs, branch) for filters in CASES)

    return judge


def _draw_filters(generator: torch.Generator) -> Inputs:
    """Draw all arguments, different ones, and the size of the maps, which are odd."""
    height, width = (2 * torch.randint(3, 7, (2,), generator=generator) + 1).tolist()
    drawn = 2 + torch.randperm(MOST_CHANNELS - 1, generator=generator)[:5]
    return {**draw_maps(generator, MOST_CHANNELS + 1, height, width), "filters": drawn}


def _filters(inputs: Inputs) -> Filters:
    return Filters(*inputs["filters"].tolist())


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    filters = _filters(inputs)
    return {filters.name: look(answer, filters, _maps(filters, inputs), inputs["size"].item())}


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    filters = _filters(inputs)
    return _fault_in_numbers(seen, filters) or _first(
        _fault_in_branch(seen, filters, inputs, branch) for branch in (SINGLE, TRIPLE, POOL)
    )


REDUCTION = Part(
    name="ReductionA",
    task="build",
    minutes=20,
    checks=(
        Check(
            "shape of what comes out",
            1,
            _probe,
            _judge_shapes,
            (
                "Which branch gives how many maps? How large is a 9×11 map after a 3×3 window with stride 2 that "
                "never leaves it?",
                "n + m + in_channels maps, stacked with torch.cat(…, dim=1). Layers that halve have no padding.",
            ),
            _draw,
        ),
        Check(
            "trainable numbers",
            1,
            _probe,
            _judge_numbers,
            (
                "On paper: four maps in and n = 8. How many weights has the 3×3 convolution, and how many numbers its "
                "batch normalisation?",
                "The branch of three goes from in_channels to k, from k to l and from l to m: 1×1, 3×3, 3×3.",
                "Every convolution has bias=False and a batch normalisation behind it; the pooling has nothing.",
            ),
            _draw,
        ),
        Check(
            "the pooled maps pass as they are",
            2,
            _probe,
            _judge_branch(POOL),
            (
                "Give your module maps below zero everywhere. What should the last maps show?",
                "Nothing but a max pooling 3×3 with stride 2 stands in this branch, and it comes last in the stack.",
            ),
            _draw,
        ),
        Check(
            "the single convolution",
            2,
            _probe,
            _judge_branch(SINGLE),
            (
                "What does this branch look at: the input, or something that another branch has made of it?",
                "One 3×3 convolution of the input with stride 2 and no padding, batch normalisation, ReLU, and its "
                "maps come first in the stack.",
            ),
            _draw,
        ),
        Check(
            "the three convolutions",
            2,
            _probe,
            _judge_branch(TRIPLE),
            (
                "Which of the three halves the maps, and which must keep their size?",
                "1×1; 3×3 with padding 1; 3×3 with stride 2 and no padding. Batch normalisation and ReLU behind each.",
            ),
            _draw,
        ),
        Check(
            "other filters, other sizes",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of one set of filters or one size of maps only?",
                "in_channels, k, l, m and n must all come from the arguments, each in its place.",
            ),
            _draw_filters,
            public=False,
        ),
    ),
)
