"""What the units of a map see along one axis of the image.

A unit's place decides what it sees. Along a plain axis that repeats: every so many units the same again, some pixels
further on. Where nothing like it holds, only that is known which is true of all units, or nothing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

LONGEST_PERIOD = 64  # units; what repeats more seldom is given up


class Reach(Enum):
    """What is known of units that lie along no axis of their map."""

    WHOLE = "the whole axis"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Plain:
    """Units along one axis of a map: number ``period * q + r`` sees from ``advance * q + low[r]`` to ``… + high[r]``.

    Attributes:
        dim: the map's axis.
        side: pixels that the image has along its own.
        advance: pixels from what a unit sees to what the one a period later sees.
        low: the first pixel, for each unit of a period; infinite for one that sees nothing.
        high: the last pixel.

    """

    dim: int
    side: int
    advance: int
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def period(self) -> int:
        """After how many units the same comes again."""
        return len(self.low)

    def seen(self, unit: int) -> tuple[float, float]:
        """Return the first and the last pixel that a unit sees."""
        turns, rest = divmod(unit, self.period)
        return self.advance * turns + self.low[rest], self.advance * turns + self.high[rest]

    def through(self, stride: int, offsets: Iterable[int]) -> "Plain | Reach":
        """Return what units see that look at units ``stride * number + offset`` of these."""
        period = self.period // math.gcd(self.period, stride)
        offsets = tuple(offsets)
        return self._again(
            self.advance * stride * period // self.period,
            [[stride * unit + offset for offset in offsets] for unit in range(period)],
        )

    def spread(self, factor: int, sources: Sequence[Sequence[int]]) -> "Plain | Reach":
        """Return what units see of which there are ``factor`` for each of these.

        Args:
            factor: how many.
            sources: for each of those that stand for unit 0, which units it looks at.

        """
        looked_at = [[old + source for source in sources[new]] for old in range(self.period) for new in range(factor)]
        return self._again(self.advance, looked_at)

    def _again(self, advance: int, looked_at: list[list[int]]) -> "Plain | Reach":
        if len(looked_at) > LONGEST_PERIOD:
            return Reach.UNKNOWN
        seen = [[self.seen(unit) for unit in units] for units in looked_at]
        low = tuple(min((first for first, _ in each), default=math.inf) for each in seen)
        high = tuple(max((last for _, last in each), default=-math.inf) for each in seen)
        return replace(self, advance=advance, low=low, high=high)

    def size(self, units: int) -> int:
        """Return how many pixels the unit in the middle of so many sees, from the first to the last."""
        first, last = self.seen(units // 2)
        return int(last - first) + 1 if last >= first else 0

    def extent(self, units: int) -> tuple[int, int] | None:
        """Return the first and the last pixel that so many units see together, within the image."""
        if not units or any(math.inf in map(abs, self.seen(unit)) for unit in (0, units - 1)):
            return None
        seen = [self.seen(unit) for unit in range(units)]
        return max(0, int(min(first for first, _ in seen))), min(self.side - 1, int(max(last for _, last in seen)))

    @property
    def stride(self) -> int | float:
        """Pixels from what one unit sees to what the next one sees, on average."""
        whole, rest = divmod(self.advance, self.period)
        return self.advance / self.period if rest else whole


@dataclass(frozen=True)
class Folded:
    """A plain axis that was put together with others into one.

    Attributes:
        plain: what it was.
        side: how many units it has.
        inner: how many places of the new axis belong to one of them.

    """

    plain: Plain
    side: int
    inner: int


@dataclass(frozen=True)
class Along:
    """Units whose place along the image's axis is a place on axes of the map that are not plain, as after flattening.

    Attributes:
        dims: the map's axes; each alone leads over the whole axis of the image.
        side: pixels that the image has along its own.
        pixels: how many pixels each unit sees, ``None`` if that is not known.
        extent: the first and the last pixel that all units see together, ``None`` if that is not known.
        folded: how the axis comes back if the map's axis is taken apart again, ``None`` if it cannot.

    """

    dims: frozenset[int]
    side: int
    pixels: int | None = None
    extent: tuple[int, int] | None = None
    folded: Folded | None = None


@dataclass(frozen=True)
class Same:
    """Units that all see the same part of the image's axis, as behind a mean over a part of a map.

    Attributes:
        first: pixel of it.
        last: pixel of it.

    """

    first: int
    last: int


Seen = Plain | Along | Same | Reach


def whole_or_part(extent: tuple[int, int] | None, side: int) -> Seen:
    """Return what a unit sees that has a share of all units of an axis, which together see an extent of it."""
    if extent is None:
        return Reach.UNKNOWN
    return Reach.WHOLE if extent == (0, side - 1) else Same(*extent)


def moved(seen: Seen, places: dict[int, int]) -> Seen:
    """Return the same with other axes of the map; what lies along one that is gone is not known any more."""
    match seen:
        case Plain(dim=dim):
            return replace(seen, dim=places[dim]) if dim in places else Reach.UNKNOWN
        case Along(dims=dims):
            return replace(seen, dims=frozenset(places[dim] for dim in dims)) if dims <= set(places) else Reach.UNKNOWN
        case _:
            return seen


def together(all_seen: Iterable[Seen], shape: tuple[int, ...] = ()) -> Seen:
    """Return what units see that look at several maps at once.

    Args:
        all_seen: by the units of each.
        shape: of all maps, if it is the same.

    """
    found: Seen | None = None
    for seen in all_seen:
        found = seen if found is None else _both(found, seen, shape)
    return Reach.UNKNOWN if found is None else found


def _both(one: Seen, other: Seen, shape: tuple[int, ...]) -> Seen:
    if one == other:
        return one
    if Reach.WHOLE in (one, other):
        return Reach.WHOLE
    match one, other:
        case Plain(), Plain() if one.dim == other.dim and one.advance * other.period == other.advance * one.period:
            period = math.lcm(one.period, other.period)
            if period <= LONGEST_PERIOD:
                pairs = [(one.seen(unit), other.seen(unit)) for unit in range(period)]
                return Plain(
                    one.dim,
                    one.side,
                    one.advance * period // one.period,
                    tuple(min(first[0], second[0]) for first, second in pairs),
                    tuple(max(first[1], second[1]) for first, second in pairs),
                )
        case Along(), Along() if one.dims == other.dims:
            return Along(one.dims, one.side, extent=joint_extent([one.extent, other.extent]))
        case (Plain() as plain, Same() as same) | (Same() as same, Plain() as plain) if shape:
            extent = plain.extent(shape[plain.dim])
            if extent is not None and same.first <= extent[0] and extent[1] <= same.last:
                return same
        case Same(), Same():
            return Same(min(one.first, other.first), max(one.last, other.last))
    return Reach.UNKNOWN


def joint_extent(extents: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    """Return from where to where several parts of an axis reach; not known if one is not, or if they leave a gap."""
    extents = list(extents)
    if not extents or None in extents:
        return None
    first, last = extents[0]
    for start, end in sorted(extents):
        if start > last + 1:
            return None
        first, last = min(first, start), max(last, end)
    return first, last
