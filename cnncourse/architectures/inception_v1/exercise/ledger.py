"""Part 2: the ledger of modules in a row: maps, trainable numbers and multiply-adds, reduced and naive."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import nn

from cnncourse.architectures.inception_v1.model import TABLE_1, ModuleFilters
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError

POOL = "max pool"
KEYS = ("maps", "side", "numbers", "multiply_adds")
Row = ModuleFilters | str
Entry = Mapping[str, int]


class Case(NamedTuple):
    """What a ledger is asked for."""

    in_channels: int
    side: int
    rows: tuple[Row, ...]
    reduced: bool = True


def _published() -> tuple[Row, ...]:
    rows: list[Row] = []
    for name, filters in TABLE_1.items():
        if name in ("4a", "5a"):
            rows.append(POOL)
        rows.append(filters)
    return tuple(rows)


AS_PUBLISHED = Case(192, 28, _published())
NAIVE = AS_PUBLISHED._replace(reduced=False)


def module_convolutions(maps: int, filters: ModuleFilters, *, reduced: bool) -> list[nn.Conv2d]:
    """Return a module's convolutions, without numbers."""
    one, three_reduce, three, five_reduce, five, projection = filters
    kinds = [(maps, one, 1), (maps, three, 3), (maps, five, 5)]
    if reduced:
        kinds = [(maps, one, 1), (maps, three_reduce, 1), (three_reduce, three, 3)]
        kinds += [(maps, five_reduce, 1), (five_reduce, five, 5), (maps, projection, 1)]
    return [nn.Conv2d(before, after, kernel, device="meta") for before, after, kernel in kinds]


@cache
def ledger(case: Case) -> list[dict[str, int]]:
    """Return what is right, counted from torch's own layers."""
    maps, side, entries = case.in_channels, case.side, []
    for row in case.rows:
        numbers = work = 0
        if row == POOL:
            side //= 2
        else:
            layers = module_convolutions(maps, row, reduced=case.reduced)
            numbers = sum(number.numel() for layer in layers for number in layer.parameters())
            work = sum(layer.weight.numel() for layer in layers) * side**2
            last = row.pool_projection if case.reduced else maps
            maps = row.one + row.three + row.five + last
        entries.append({"maps": maps, "side": side, "numbers": numbers, "multiply_adds": work})
    return entries


def _ask(answer: Callable, case: Case) -> Observation:
    """Ask for a ledger and return it as plain numbers."""
    rows = [row if row == POOL else list(row) for row in case.rows]
    entries = answer(case.in_channels, case.side, rows, case.reduced)
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise RefusedAnswerError(
            Fault(
                "the ledger is not a list",
                expected="a list of dictionaries, one a row",
                got="None: is a return missing?" if entries is None else type(entries).__name__,
            )
        )
    if len(entries) != len(rows):
        pools = rows.count(POOL)
        raise RefusedAnswerError(
            Fault(
                "the ledger has another number of entries than there are rows",
                expected=f"{len(rows)}",
                got=f"{len(entries)}",
                misconception="a pooling row has an entry too" if len(entries) == len(rows) - pools else "",
            )
        )
    for entry in entries:
        if not isinstance(entry, Mapping) or not set(KEYS) <= set(entry):
            raise RefusedAnswerError(
                Fault(
                    "an entry is not a dictionary with the four keys",
                    expected=", ".join(KEYS),
                    got=", ".join(map(str, entry)) if isinstance(entry, Mapping) else type(entry).__name__,
                )
            )
        for key in KEYS:
            if type(entry[key]) is not int:
                raise RefusedAnswerError(
                    Fault(
                        f"{key} is not one of Python's own whole numbers",
                        expected="an int, as int(…) makes one of any whole number",
                        got=type(entry[key]).__name__,
                        misconception="/ makes a float; a count needs //" if type(entry[key]) is float else "",
                    )
                )
    return {key: [entry[key] for entry in entries] for key in KEYS}


def _name(case: Case, number: int) -> str:
    if case.rows[number] == POOL:
        return f"row {number} ({POOL})"
    if case.rows == AS_PUBLISHED.rows:
        names = iter(TABLE_1)
        named = [POOL if row == POOL else next(names) for row in case.rows]
        return f"row {number} ({named[number]})"
    return f"row {number}"


def _fault(seen: Observation, case: Case, keys: Sequence[str]) -> Fault | None:
    expected = ledger(case)
    for number, entry in enumerate(expected):
        for key in keys:
            got = seen[key][number]
            if got == entry[key]:
                continue
            what = {"maps": "maps", "side": "side", "numbers": "trainable numbers", "multiply_adds": "multiply-adds"}
            return Fault(
                f"{_name(case, number)}: wrong {what[key]}",
                expected=f"{entry[key]:,}",
                got=f"{got:,}",
                misconception=_misconception(case, expected, number, key, got),
            )
    return None


def _misconception(case: Case, expected: Sequence[Entry], number: int, key: str, got: int) -> str:
    """Name what leads to a wrong value, "" if nothing known does."""
    row, entry = case.rows[number], expected[number]
    before = expected[number - 1] if number else {"maps": case.in_channels, "side": case.side}
    if row == POOL:
        candidates = {
            "the pooling does not halve the side": (key == "side", before["side"]),
            "stride 2 halves the side; it is the area of which a quarter is left": (
                key == "side",
                before["side"] // 4,
            ),
            "a pooling has nothing to train and no multiplications that are counted": (key in KEYS[2:], got),
            "a pooling keeps all of its maps": (key == "maps", got),
        }
    else:
        one, three_reduce, three, five_reduce, five, projection = row
        maps, area = before["maps"], entry["side"] ** 2
        weights = entry["multiply_adds"] // area
        outputs = one + three + five + ((three_reduce + five_reduce + projection) if case.reduced else 0)
        first = sum(layer.weight.numel() for layer in module_convolutions(case.in_channels, row, reduced=case.reduced))
        alternatives = {
            "a 3×3 kernel in the 5×5 branch": weights - 16 * (five_reduce if case.reduced else maps) * five,
            "the large kernels see all maps, and not only the reduced ones": (
                weights + (maps - three_reduce) * 9 * three + (maps - five_reduce) * 25 * five
            ),
            "the reductions are left out: a 1×1 convolution has weights too": (
                weights - maps * (three_reduce + five_reduce)
            ),
            "the projection of the pooling branch is left out": weights - maps * projection,
            "a kernel of side k has k·k weights for each map it sees, not k": weights
            - 6 * three_reduce * three
            - 20 * five_reduce * five,
            "the naive module has no projection: its pooling branch passes all maps on": weights + maps * projection,
            "every row is counted on the maps that come into the first": first,
        }
        if key == "maps":
            candidates = {
                "the reductions are counted; they only feed the larger kernels": (
                    True,
                    entry["maps"] + three_reduce + five_reduce,
                ),
                "the pooling branch is left out": (True, one + three + five),
                "the naive module has no projection: its pooling branch passes all maps on": (
                    not case.reduced,
                    one + three + five + projection,
                ),
                "the reductions of the row are what comes out, not the numbers after them": (
                    True,
                    one + three_reduce + five_reduce + projection,
                ),
            }
        elif key == "side":
            candidates = {"a module keeps the side of its maps": (True, got)}
        elif key == "numbers":
            candidates = {
                "the biases are left out": (True, weights),
                "one bias a module; every output map of every convolution has one": (True, weights + 1),
                "biases for the maps that come out only; the reductions have biases too": (
                    True,
                    weights + entry["maps"],
                ),
            }
            for name, count in alternatives.items():
                lost = projection if "projection of the pooling" in name else 0
                lost += three_reduce + five_reduce if "left out: a 1×1" in name else 0
                candidates[name] = (True, count + outputs - lost + (projection if "naive" in name else 0))
        else:
            candidates = {
                "the biases are counted; only products of a weight are": (True, weights * area + outputs * area),
                "once for each row of the map: every weight is used at side × side places": (
                    True,
                    weights * entry["side"],
                ),
                "the multiply-adds of one place only: every weight is used at side × side places": (True, weights),
                "the side of the very first maps: the pooling in between is not seen": (
                    entry["side"] != case.side,
                    weights * case.side**2,
                ),
                "a multiply-add is one operation, not two": (True, 2 * entry["multiply_adds"]),
            }
            candidates |= {name: (True, count * area) for name, count in alternatives.items()}
    return next((name for name, (applies, value) in candidates.items() if applies and value == got), "")


def _probe_published(answer: Callable, _inputs: Inputs) -> Observation:
    return _ask(answer, AS_PUBLISHED)


def _judge_maps(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _fault(seen, AS_PUBLISHED, ("maps", "side"))


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _fault(seen, AS_PUBLISHED, ("numbers",))


def _judge_work(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _fault(seen, AS_PUBLISHED, ("multiply_adds",))


def _probe_naive(answer: Callable, _inputs: Inputs) -> Observation:
    return _ask(answer, NAIVE)


def _judge_naive(seen: Observation, _inputs: Inputs) -> Fault | None:
    fault = _fault(seen, NAIVE, KEYS)
    if fault is None:
        return None
    ignored = [list(seen[key]) for key in KEYS] == [[entry[key] for entry in ledger(AS_PUBLISHED)] for key in KEYS]
    return Fault(
        f"with reduced=False, {fault.message}",
        fault.expected,
        fault.got,
        "the argument reduced is ignored" if ignored else fault.misconception,
    )


def _drawn_rows(generator: torch.Generator) -> Inputs:
    """Draw two bodies of modules, one to be counted reduced and one naive, with poolings at places drawn too."""
    count = int(torch.randint(3, 7, (), generator=generator))
    rows = torch.randint(1, 90, (2, count, 6), generator=generator)
    pooled = torch.randint(2, (2, count), generator=generator)
    ends = torch.randint(1, 30, (2, 2), generator=generator)
    return {"rows": rows, "pooled": pooled, "ends": ends}


def _cases(inputs: Inputs) -> tuple[Case, Case]:
    cases = []
    for reduced in (True, False):
        number = 0 if reduced else 1
        rows: list[Row] = []
        for row, pooled in zip(inputs["rows"][number].tolist(), inputs["pooled"][number].tolist(), strict=True):
            rows += [*([POOL] if pooled else []), ModuleFilters(*row)]
        in_channels, side = inputs["ends"][number].tolist()
        cases.append(Case(in_channels, side * 2 ** rows.count(POOL), tuple(rows), reduced))
    first, second = cases
    return first, second


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    reduced, naive = (_ask(answer, case) for case in _cases(inputs))
    return {"reduced": dict(reduced), "naive": dict(naive)}


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    for name, case in zip(("reduced", "naive"), _cases(inputs), strict=True):
        fault = _fault(seen[name], case, KEYS)
        if fault is not None:
            return Fault(
                f"in a body drawn at random, {name}, on {case.in_channels} maps of {case.side}×{case.side}, "
                f"{fault.message}",
                fault.expected,
                fault.got,
                fault.misconception,
            )
    return None


LEDGER = Part(
    name="inception_ledger",
    task="use",
    minutes=20,
    checks=(
        Check(
            "maps and sides of Table 1",
            1,
            _probe_published,
            _judge_maps,
            (
                "Do 3a on paper: which of its six numbers are maps that come out?",
                "64 + 128 + 32 + 32 = 256. The next row is given 256 maps, and a pooling changes only the side.",
            ),
        ),
        Check(
            "trainable numbers",
            2,
            _probe_published,
            _judge_numbers,
            (
                "Six convolutions a module. Write each as (maps before, maps after, kernel).",
                "(192, 64, 1), (192, 96, 1), (96, 128, 3) are the first three of 3a. And the other three?",
                "A convolution from a to b maps with kernel k has (k·k·a + 1)·b numbers.",
            ),
        ),
        Check(
            "multiply-adds",
            1,
            _probe_published,
            _judge_work,
            (
                "At how many places of a map is a weight used?",
                "Weights without biases, times side × side; and the side is that of the row, after the poolings.",
            ),
        ),
        Check(
            "the naive modules",
            1,
            _probe_naive,
            _judge_naive,
            (
                "Draw the naive module: three convolutions and a pooling, all on the module's input.",
                "A pooling gives as many maps as it is given, and all of them come out.",
                "(maps, n1, 1), (maps, n3, 3), (maps, n5, 5), and maps + n1 + n3 + n5 maps for the next row.",
            ),
        ),
        Check(
            "bodies drawn at random",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your function that belongs to Table 1 only?",
                "A pooling may come first, and two modules may follow each other without one.",
            ),
            _drawn_rows,
            public=False,
        ),
    ),
)
