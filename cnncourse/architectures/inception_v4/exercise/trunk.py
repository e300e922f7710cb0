"""Part 2: a trunk of uniform modules and reductions, from a table."""

from collections.abc import Callable, Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.architectures.inception_v4.exercise.equal_weights import (
    chain,
    draw_maps,
    fault_in_maps,
    fault_in_numbers,
    fault_in_shape,
    look,
    smoothed,
    unit,
)
from cnncourse.architectures.inception_v4.exercise.reduction import Filters, reduced
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.probing import fault_in_use

CHANNELS, HEIGHT, WIDTH = 3, 11, 15
INCEPTION, REDUCTION = "inception", "reduction"
Row = tuple[str | int, ...]
Table = tuple[Row, ...]

ONE: Table = ((INCEPTION, 1, 2, 5),)
SEVERAL: Table = ((INCEPTION, 3, 3, 2),)
STAGES: Table = ((INCEPTION, 1, 4, 3), (REDUCTION, 3, 4, 5, 2), (INCEPTION, 1, 3, 4))
REDUCED_FIRST: Table = ((REDUCTION, 2, 3, 4, 6), (INCEPTION, 1, 4, 3))
TABLES = (ONE, SEVERAL, STAGES, REDUCED_FIRST)

BORDERS = "the zeros beyond the border count in the average: count_include_pad=False leaves them out"
MAXIMUM = "max pooling in the module; it is average pooling"
ORDER = "the branches are stacked in another order: 1×1, one 3×3, two 3×3, pooling"
NO_RELU = "all ReLUs are missing in the module"
NORM_LAST = "ReLU comes before batch normalisation in the module"
POOLED_LATE = "the average pooling comes behind its 1×1 convolution; it comes before"
NO_LAST_RELU = "the last ReLU of each branch is missing in the module"
POOL_FIRST = "the average pooling works on the maps for all branches"

ONCE = "only one module of the row works"
MISTAKES = (BORDERS, MAXIMUM, ORDER, NO_RELU, NORM_LAST, POOLED_LATE, NO_LAST_RELU, POOL_FIRST, ONCE)


def name_of(table: Table, in_channels: int = CHANNELS) -> str:
    """Return the trunk as the learner would call for it."""
    return f"make_trunk({in_channels}, {[list(row) for row in table]})".replace("'", '"')


def _draw(generator: torch.Generator) -> Inputs:
    return draw_maps(generator, CHANNELS, HEIGHT, WIDTH)


def _look(answer: Callable, table: Table, inputs: Inputs) -> Observation:
    maps = inputs["maps"]
    arguments = (maps.shape[1], [list(row) for row in table])
    return {name_of(table, maps.shape[1]): look(answer, arguments, maps, inputs["size"].item())}


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    for table in TABLES:
        yield _look(answer, table, inputs)


def module_maps(maps: Tensor, reduce: int, filters: int, size: float, but: str = "") -> Tensor:
    """Return what a module gives when all trainable numbers are the same.

    Args:
        maps: shape (N, channels, height, width).
        reduce: filters of the 1×1 convolutions before the 3×3 ones.
        filters: of all others.
        size: all trainable numbers.
        but: one of the ``MISTAKES``, "" for none.

    """
    kind = {NO_RELU: "no ReLU", NORM_LAST: "norm last"}.get(but, "")
    last = "no ReLU" if but == NO_LAST_RELU else kind

    def pool(averaged: Tensor, _size: float) -> Tensor:
        if but == MAXIMUM:
            return F.max_pool2d(averaged, 3, stride=1, padding=1)
        return smoothed(averaged, borders=but == BORDERS)

    if but == POOL_FIRST:
        maps = pool(maps, size)
    narrow, wide = unit(reduce, kind=kind), unit(filters, 3, kind=last)
    one = unit(filters, kind=last)
    branches = [
        chain(maps, size, one),
        chain(maps, size, narrow, wide),
        chain(maps, size, narrow, unit(filters, 3, kind=kind), wide),
        chain(maps, size, one) if but == POOL_FIRST else chain(maps, size, pool, one),
    ]
    if but == POOLED_LATE:
        branches[3] = chain(maps, size, one, pool)
    if but == ORDER:
        branches = branches[3:] + branches[:3]
    return torch.cat(branches, dim=1)


def trunk_maps(maps: Tensor, table: Table, size: float, but: str = "") -> Tensor:
    """Return what a trunk gives when all trainable numbers are the same, or with one of the ``MISTAKES``."""
    for kind, *numbers in table:
        if kind == REDUCTION:
            maps = reduced(maps, Filters(maps.shape[1], *numbers), size)
        else:
            times, reduce, filters = numbers
            for _ in range(1 if but == ONCE else times):
                maps = module_maps(maps, reduce, filters, size, but)
    return maps


def _modules(table: Table, in_channels: int) -> list[tuple[str, int, int, int, int]]:
    """Return for each module its kind, input channels, trainable numbers, filters (without reductions) and place."""
    listed, channels = [], in_channels
    for place, (kind, *numbers) in enumerate(table):
        if kind == REDUCTION:
            filters = Filters(channels, *numbers)
            listed.append((kind, channels, filters.numbers, 0, place))
            channels += filters.m + filters.n
            continue
        times, reduce, filters = numbers
        for _ in range(times):
            listed.append((kind, channels, _numbers(channels, reduce, filters), filters, place))
            channels = 4 * filters
    return listed


def _numbers(channels: int, reduce: int, filters: int) -> int:
    """Return the trainable numbers of a module: two 1×1 branches, two narrow 1×1, one and two 3×3 convolutions."""
    return (
        2 * filters * (channels + 2)
        + 2 * reduce * (channels + 2)
        + 2 * filters * (9 * reduce + 2)
        + filters * (9 * filters + 2)
    )


def shape_of(table: Table, in_channels: int, height: int, width: int) -> tuple[int, int, int]:
    """Return maps, height and width of what comes out of a trunk."""
    channels = in_channels
    for kind, *numbers in table:
        if kind == REDUCTION:
            channels += numbers[2] + numbers[3]
            height, width = (height - 1) // 2, (width - 1) // 2
        else:
            channels = 4 * numbers[2]
    return channels, height, width


def numbers_of(table: Table, in_channels: int) -> int:
    """Return all trainable numbers of a trunk."""
    return sum(numbers for _, _, numbers, _, _ in _modules(table, in_channels))


def _mistaken_counts(table: Table, in_channels: int) -> Mapping[str, int]:
    """Return the counts that some mistakes give."""
    expected, listed = numbers_of(table, in_channels), _modules(table, in_channels)
    inceptions = [each for each in listed if each[0] == INCEPTION]
    rows = [row for row in table if row[0] == INCEPTION]
    biases = sum(times * (5 * filters + 2 * reduce) for _, times, reduce, filters in rows)
    later = [each for each, before in zip(listed[1:], listed, strict=False) if each[4] == before[4]]
    only_once = expected - sum(each[2] for each in later)
    return {
        "one module a row, or one that is used over and over; each is to have weights of its own": (only_once),
        "the modules of a row share their weights, but for the first: each is to have its own": only_once
        + sum({each[4]: each[2] for each in later}.values()),
        "the convolutions of the modules have biases; batch normalisation cancels them": expected + biases,
        "batch normalisation is missing in the modules": expected - 2 * biases,
        "batch normalisation is missing in the modules, and the convolutions have biases": expected - biases,
        "the pooling branch has no convolution": expected - sum(each[3] * (each[1] + 2) for each in inceptions),
        "the branch of two 3×3 convolutions has only one": expected
        - sum(times * filters * (9 * filters + 2) for _, times, _, filters in rows),
        "the 1×1 convolution before the two 3×3 is shared with the other branch": expected
        - sum(row[2] * (each[1] + 2) for row, each in _with_rows(table, inceptions)),
        "the branch of two 3×3 convolutions goes on from the other branch; it has layers of its own": expected
        - sum(row[2] * (each[1] + 2) + row[3] * (9 * row[2] + 2) for row, each in _with_rows(table, inceptions)),
        "a 5×5 convolution in the place of two 3×3": expected
        + sum(row[3] * (25 * row[2] + 2 - 9 * row[2] - 2 - 9 * row[3] - 2) for row, _ in _with_rows(table, inceptions)),
        "reduce and filters are exchanged": numbers_of(
            tuple((*row[:2], row[3], row[2]) if row[0] == INCEPTION else row for row in table), in_channels
        ),
        "the modules, or the reductions, are hidden in a plain list": expected - sum(each[2] for each in inceptions),
    }


def _with_rows(table: Table, listed: list[tuple[str, int, int, int, int]]) -> list[tuple[Row, tuple]]:
    return [(table[module[4]], module) for module in listed]


def _fault_in_shape(seen: Observation, table: Table, inputs: Inputs) -> Fault | None:
    maps = inputs["maps"]
    in_channels, (height, width) = maps.shape[1], maps.shape[2:]
    channels, *size = shape_of(table, in_channels, height, width)
    kind, *numbers = table[-1]
    named: dict[object, str] = {
        (height, width): "nothing is halved: the reductions are missing",
        tuple(each + 1 for each in size): "zeros round the maps in the layers that halve: they are to have none",
    }
    if kind == INCEPTION:
        reduce, filters = numbers[1:]
        before = _modules(table, in_channels)[-1][1]
        named |= {
            filters: "the branches are added up, or only one is left; they are to be stacked",
            3 * filters: "a branch of the module is missing",
            3 * filters + before: "the pooling branch has no convolution; here it makes filters maps, too",
            3 * filters + reduce: "the pooling branch, or another, makes reduce maps in the place of filters",
            4 * reduce: "reduce and filters are exchanged",
        }
    return fault_in_shape(
        seen[name_of(table, in_channels)], maps, (channels, *size), name_of(table, in_channels), named
    )


def _fault_in_numbers(seen: Observation, table: Table, in_channels: int) -> Fault | None:
    name = name_of(table, in_channels)
    text = "module by module: " + " + ".join(str(each[2]) for each in _modules(table, in_channels))
    fault = fault_in_numbers(
        seen[name]["numbers"], numbers_of(table, in_channels), text, name, _mistaken_counts(table, in_channels)
    )
    return fault or fault_in_use(seen[name]["use"], name)


def _fault_in_maps(seen: Observation, table: Table, inputs: Inputs) -> Fault | None:
    maps, size = inputs["maps"], inputs["size"].item()
    fault = _fault_in_shape(seen, table, inputs)
    if fault is not None:
        return fault
    name = name_of(table, maps.shape[1])
    return fault_in_maps(
        seen[name]["output"],
        trunk_maps(maps, table, size),
        f"{name}: the maps",
        lambda: {but: trunk_maps(maps, table, size, but) for but in MISTAKES},
    )


def _first(faults: Iterator[Fault | None]) -> Fault | None:
    return next((fault for fault in faults if fault is not None), None)


def _judge_shapes(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first(_fault_in_shape(seen, table, inputs) for table in TABLES)


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _first(_fault_in_numbers(seen, table, CHANNELS) for table in TABLES)


def _judge_one(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_maps(seen, ONE, inputs)


def _judge_several(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_numbers(seen, SEVERAL, CHANNELS) or _fault_in_maps(seen, SEVERAL, inputs)


def _judge_reductions(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_maps(seen, STAGES, inputs) or _fault_in_maps(seen, REDUCED_FIRST, inputs)


def _draw_table(generator: torch.Generator) -> Inputs:
    """Draw a table with two reductions, which learners have not seen, and maps that can be halved twice."""
    rows = [2 + torch.randperm(5, generator=generator)[:4] for _ in range(4)]
    rows[0][0], rows[2][0] = (1 + torch.randperm(2, generator=generator)).tolist()
    height, width = ((15, 19), (19, 15))[torch.randint(0, 2, (), generator=generator).item()]
    channels = torch.randint(4, 7, (), generator=generator).item()
    return {**draw_maps(generator, channels, height, width), "table": torch.stack(rows)}


def _table(inputs: Inputs) -> Table:
    first, halve, second, halve_again = inputs["table"].tolist()
    return (
        (INCEPTION, *first[:3]),
        (REDUCTION, *halve),
        (INCEPTION, *second[:3]),
        (REDUCTION, *halve_again),
    )


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    return _look(answer, _table(inputs), inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    table = _table(inputs)
    return _fault_in_numbers(seen, table, inputs["maps"].shape[1]) or _fault_in_maps(seen, table, inputs)


TRUNK = Part(
    name="make_trunk",
    task="use",
    minutes=25,
    checks=(
        Check(
            "shapes",
            1,
            _probe,
            _judge_shapes,
            (
                "How many maps does a module give, whatever comes in? And a reduction?",
                "A module gives 4 · filters maps, a reduction in_channels + m + n: keep a variable for the number of "
                "maps so far.",
            ),
            _draw,
        ),
        Check(
            "trainable numbers",
            1,
            _probe,
            _judge_numbers,
            (
                "Count one module on paper: five convolutions with filters maps and two with reduce maps.",
                "Every convolution has bias=False and a batch normalisation; every module has weights of its own.",
            ),
            _draw,
        ),
        Check(
            "one module",
            2,
            _probe,
            _judge_one,
            (
                "Where does each of the four branches begin, and in which order are they stacked?",
                "1×1 | 1×1, 3×3 | 1×1, 3×3, 3×3 | average pooling, 1×1. Everything keeps the size of the maps.",
                "The average pooling has padding 1, and the zeros beyond the border do not count: "
                "count_include_pad=False.",
            ),
            _draw,
        ),
        Check(
            "modules in a row",
            1,
            _probe,
            _judge_several,
            (
                "How many maps does the second module of a row get?",
                "Make a new module in each round of the loop. [module] * 3 is three times the same module.",
            ),
            _draw,
        ),
        Check(
            "reductions between modules",
            2,
            _probe,
            _judge_reductions,
            (
                "What are the input channels of a reduction, and of the module behind it?",
                "Go through the table row by row, in its order, and append to one list of layers.",
            ),
            _draw,
        ),
        Check(
            "a table of four rows",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Does your function work if there are two reductions, or if a reduction comes last?",
                "Nothing may be stored under a name that the next row of the same kind overwrites.",
            ),
            _draw_table,
            public=False,
        ),
    ),
)
