"""What a module costs, branch by branch, and what nine of them do: with reductions, and naive.

Weights are counted without biases, so that the multiply-adds of a branch are its weights times the positions of a map.
"""

from typing import NamedTuple

from cnncourse.architectures.inception_v1.model import TABLE_1, ModuleFilters
from cnncourse.drawing import Picture

BRANCHES = ("1×1", "3×3", "5×5", "pooling")
FIRST_MAPS = 192  # that come into 3a
SIDES = {"3": 28, "4": 14, "5": 7}  # of the maps, by the first letter of a module's name
REDUCED, NAIVE = "with reductions", "naive"
COLOURS = {REDUCED: "#0072b2", NAIVE: "#d55e00"}


def branch_weights(in_channels: int, filters: ModuleFilters, *, reduced: bool) -> dict[str, int]:
    """Return how many weights each branch of a module has.

    Args:
        in_channels: number of maps that come in.
        filters: a row of Table 1.
        reduced: whether it is the module of figure 2b; figure 2a's has no reductions and no projection.

    """
    one, three_reduce, three, five_reduce, five, projection = filters
    if not reduced:
        weights = (in_channels * one, 9 * in_channels * three, 25 * in_channels * five, 0)
    else:
        weights = (
            in_channels * one,
            in_channels * three_reduce + 9 * three_reduce * three,
            in_channels * five_reduce + 25 * five_reduce * five,
            in_channels * projection,
        )
    return dict(zip(BRANCHES, weights, strict=True))


def output_maps(in_channels: int, filters: ModuleFilters, *, reduced: bool) -> int:
    """Return how many maps a module gives; a naive one's pooling passes on all that come in."""
    last = filters.pool_projection if reduced else in_channels
    return filters.one + filters.three + filters.five + last


class ModuleCost(NamedTuple):
    """A module in the network's body.

    Attributes:
        name: as Table 1 has it.
        maps: how many it gives.
        weights: how many it has.
        multiply_adds: for one image.

    """

    name: str
    maps: int
    weights: int
    multiply_adds: int


def body(*, reduced: bool) -> list[ModuleCost]:
    """Follow the maps through the nine modules of Table 1."""
    maps, costs = FIRST_MAPS, []
    for name, filters in TABLE_1.items():
        weights = sum(branch_weights(maps, filters, reduced=reduced).values())
        maps = output_maps(maps, filters, reduced=reduced)
        costs.append(ModuleCost(name, maps, weights, weights * SIDES[name[0]] ** 2))
    return costs


def plot_growth() -> Picture:
    """Draw the maps after each of the nine modules and the multiply-adds of each, with reductions and naive."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    words = []
    for shift, (kind, colour), marker in zip((-0.2, 0.2), COLOURS.items(), ("o", "s"), strict=True):
        costs = body(reduced=kind == REDUCED)
        places = range(len(costs))
        left.plot(places, [cost.maps for cost in costs], marker=marker, color=colour, label=kind)
        right.bar(
            [place + shift for place in places],
            [cost.multiply_adds / 1e6 for cost in costs],
            width=0.4,
            color=colour,
            label=kind,
        )
        work = sum(cost.multiply_adds for cost in costs)
        words.append(f"{kind}: {costs[-1].maps:,} maps at the end, {work / 1e6:,.0f} million multiply-adds in all")
    for axis, label in ((left, "maps after the module"), (right, "multiply-adds (millions)")):
        axis.set_xticks(range(len(TABLE_1)), list(TABLE_1))
        axis.set(xlabel="module", ylabel=label, ylim=(0, None))
        axis.grid(alpha=0.3, axis="y")
        axis.legend()
    return Picture(figure, f"Nine modules in a row, maps and multiply-adds. {'; '.join(words)}.")
