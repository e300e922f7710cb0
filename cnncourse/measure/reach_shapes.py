"""What operations that move, cut and resize maps do to what the units see."""

import math
from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from cnncourse.measure.reach import Along, Folded, Plain, Reach, Same, Seen, joint_extent, moved, together
from cnncourse.measure.reach_calls import Axes, Call, only_outside


def _permuted(call: Call) -> Axes:
    total = call.tensors[0].dim()
    if "dims" in call.arguments:
        order = [dim % total for dim in call["dims"]]
    else:
        order = list(range(total))
        one, other = (call.arguments.get(name, place) % max(total, 1) for name, place in (("dim0", 0), ("dim1", 1)))
        if total > 1:
            order[one], order[other] = order[other], order[one]
    return call.each_axis(lambda seen, _: moved(seen, {old: new for new, old in enumerate(order)}))


def _view(call: Call) -> Axes:
    return call.each_axis(lambda seen, maps: _reshaped(seen, tuple(maps.shape), call.shape))


def _reshaped(seen: Seen, old: tuple[int, ...], new: tuple[int, ...]) -> Seen:
    """Find an axis of the image in a map whose axes were split and put together in another way."""
    match seen:
        case Plain(dim=dim):
            for place, side in enumerate(new):
                if side == old[dim] and math.prod(new[:place]) == math.prod(old[:dim]):
                    return replace(seen, dim=place)
            place = _holder(dim, old, new)
            if place is None:
                return Reach.UNKNOWN
            inner = math.prod(old[dim + 1 :]) // math.prod(new[place + 1 :])
            pixels = {seen.size(2 * unit) for unit in range(seen.period)}  # of units of every kind
            return Along(
                frozenset({place}),
                seen.side,
                pixels.pop() if len(pixels) == 1 else None,
                seen.extent(old[dim]),
                Folded(seen, old[dim], inner),
            )
        case Along(dims=dims, folded=folded):
            places = [_holder(dim, old, new) for dim in dims]
            if None not in places:
                moved_in = [
                    math.prod(old[dim + 1 :]) // math.prod(new[place + 1 :])
                    for dim, place in zip(dims, places, strict=True)
                ]
                again = replace(folded, inner=folded.inner * moved_in[0]) if folded else None
                return replace(seen, dims=frozenset(places), folded=again)
            for place, side in enumerate(new if folded else ()):
                (dim,) = dims
                if side == folded.side and math.prod(new[place + 1 :]) == folded.inner * math.prod(old[dim + 1 :]):
                    return replace(folded.plain, dim=place)
            return Reach.UNKNOWN
        case _:
            return seen


def _holder(dim: int, old: tuple[int, ...], new: tuple[int, ...]) -> int | None:
    """Return the new axis that holds the whole of an old one."""
    before, behind = math.prod(old[:dim]), math.prod(old[dim + 1 :])
    for place in range(len(new)):
        start, end = math.prod(new[:place]), math.prod(new[place + 1 :])
        if start and end and before % start == 0 and behind % end == 0 and new[place] >= old[dim]:
            return place
    return None


def _squeezed(call: Call) -> Axes:
    shape = call.tensors[0].shape
    axes = call.arguments.get("dim")
    axes = range(len(shape)) if axes is None else [axes] if isinstance(axes, int) else axes
    gone = {axis % len(shape) for axis in axes if shape[axis] == 1}
    left = [dim for dim in range(len(shape)) if dim not in gone]
    return call.each_axis(lambda seen, _: moved(seen, {dim: place for place, dim in enumerate(left)}))


def _unsqueezed(call: Call) -> Axes:
    total = call.tensors[0].dim()
    new = call["dim"] % (total + 1)
    return call.each_axis(lambda seen, _: moved(seen, {dim: dim + (dim >= new) for dim in range(total)}))


def _slice(call: Call) -> Axes:
    dim, start = call["dim"] % call.tensors[0].dim(), call["start"] or 0
    return call.each_axis(lambda seen, maps: _cut(seen, maps, dim, start, call["step"]))


def _cut(seen: Seen, maps: Tensor, dim: int, start: int, step: int = 1) -> Seen:
    start = max(start + maps.shape[dim], 0) if start < 0 else min(start, maps.shape[dim])
    if isinstance(seen, Plain) and seen.dim == dim:
        return seen.through(step, [start])
    return Along(seen.dims, seen.side) if isinstance(seen, Along) and dim in seen.dims else seen


def _picked(call: Call) -> Axes:
    dim, total = call["dim"] % call.tensors[0].dim(), call.tensors[0].dim()
    return call.each_axis(lambda seen, _: moved(seen, {old: old - (old > dim) for old in range(total) if old != dim}))


def _along_other_axes(call: Call) -> Axes:
    """Keep what is known along axes that an operation does not touch."""
    total = call.tensors[0].dim()
    touched = {dim % total for dim in call.arguments.get("dims") or [call["dim"]]}
    return call.each_axis(lambda seen, _: moved(seen, {old: old for old in range(total) if old not in touched}))


def _concatenated(call: Call) -> Axes:
    dim = call["dim"] % len(call.shape)
    return tuple(
        _joined([axes[number] for axes in call.seen], call.tensors, dim) for number in range(len(call.seen[0]))
    )


def _joined(parts: list[Seen], maps: list[Tensor], dim: int) -> Seen:
    """Return what units see of which some come from one map and some from another."""
    lies_along = [
        (isinstance(seen, Plain) and seen.dim == dim) or (isinstance(seen, Along) and dim in seen.dims)
        for seen in parts
    ]
    if not any(lies_along):
        return together(parts)
    side = next(seen.side for seen, lies in zip(parts, lies_along, strict=True) if lies)
    extents = []
    for seen, each in zip(parts, maps, strict=True):
        match seen:
            case Plain(dim=along) if along == dim:
                extents.append(seen.extent(each.shape[dim]))
            case Along(dims=dims, extent=extent) if dims == {dim}:
                extents.append(extent)
            case Same(first=first, last=last):
                extents.append((first, last))
            case Reach.WHOLE:
                extents.append((0, side - 1))
            case _:
                return Reach.UNKNOWN
    return Along(frozenset({dim}), side, extent=joint_extent(extents))


def _stacked(call: Call) -> Axes:
    new = call["dim"] % len(call.shape)
    places = {old: old + (old >= new) for old in range(len(call.shape) - 1)}
    return tuple(moved(together(axes[number] for axes in call.seen), places) for number in range(len(call.seen[0])))


def _padded(call: Call) -> Axes:
    pads = call.arguments.get("pad") or call.arguments.get("padding")

    def along(seen: Seen, maps: Tensor) -> Seen:
        if not isinstance(seen, Plain):
            return only_outside(seen, range(maps.dim() - len(pads) // 2, maps.dim()))
        place = 2 * (maps.dim() - 1 - seen.dim)
        return seen.through(1, [-pads[place]]) if place < len(pads) else seen

    return call.each_axis(along)


def _shuffled(call: Call) -> Axes:
    factor = call.arguments.get("upscale_factor") or call.arguments.get("downscale_factor")
    up = "upscale_factor" in call.arguments

    def along(seen: Seen, maps: Tensor) -> Seen:
        if isinstance(seen, Plain) and seen.dim < maps.dim() - 2:
            return moved(seen, {old: old for old in range(maps.dim() - 3)})
        if not isinstance(seen, Plain):
            return only_outside(seen, range(maps.dim() - 3, maps.dim()))
        return seen.spread(factor, [[0]] * factor) if up else seen.through(factor, range(factor))

    return call.each_axis(along)


def _resized(taps: str) -> Callable[[Call], Axes]:
    """Return the rule of up-sampling by a whole number.

    Args:
        taps: "nearest", "linear" or "cubic": which of the old units a new one looks at.

    """

    def rule(call: Call) -> Axes:
        def along(seen: Seen, maps: Tensor) -> Seen:
            if not isinstance(seen, Plain) or seen.dim < 2:
                return only_outside(seen, range(2, maps.dim()))
            old, new = maps.shape[seen.dim], call.shape[seen.dim]
            if old == new:
                return seen
            if taps == "nearest" and old % new == 0:
                return seen.through(old // new, [0])
            if new % old or call.arguments.get("align_corners"):
                return Reach.UNKNOWN
            factor = new // old
            return seen.spread(factor, [_taps(taps, unit, factor) for unit in range(factor)])

        return call.each_axis(along)

    return rule


def _taps(kind: str, unit: int, factor: int) -> list[int]:
    if kind == "nearest":
        return [0]
    below, between = divmod(2 * unit + 1 - factor, 2 * factor)
    if not between:
        return [below]
    return [below, below + 1] if kind == "linear" else [below - 1, below, below + 1, below + 2]


SHAPE_RULES: dict[str, Callable[[Call], Axes]] = {
    **dict.fromkeys(["permute", "transpose", "t"], _permuted),
    **dict.fromkeys(["view", "_unsafe_view", "reshape", "_reshape_alias"], _view),
    "squeeze": _squeezed,
    "unsqueeze": _unsqueezed,
    "slice": _slice,
    **dict.fromkeys(["select", "unbind"], _picked),
    **dict.fromkeys(
        ["split", "split_with_sizes", "index_select", "gather", "cumsum", "flip", "sort", "glu", "roll"],
        _along_other_axes,
    ),
    "cat": _concatenated,
    "stack": _stacked,
    **dict.fromkeys(["constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d"], _padded),
    **dict.fromkeys(["replication_pad1d", "replication_pad2d", "replication_pad3d"], _padded),
    **{f"upsample_nearest{n}d": _resized("nearest") for n in (1, 2, 3)},
    **dict.fromkeys(["upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d"], _resized("linear")),
    "upsample_bicubic2d": _resized("cubic"),
    **dict.fromkeys(["pixel_shuffle", "pixel_unshuffle"], _shuffled),
}
