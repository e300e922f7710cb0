"""What each of torch's operations does to what the units of its maps see.

Rules take a call and give, for each axis of the image, what the units of the result see. An operation without a rule
leaves nothing known. Padding counts as more of the image, so that sizes are those far from the border.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from cnncourse.measure.reach import LONGEST_PERIOD, Along, Plain, Reach, Same, Seen, moved, together, whole_or_part
from cnncourse.measure.reach_calls import Axes, Call, only_outside, reduced
from cnncourse.measure.reach_shapes import SHAPE_RULES


def _pointwise(call: Call) -> Axes:
    spread = [
        [_broadcast(seen, tensor, call.shape) for seen in axes]
        for tensor, axes in zip(call.tensors, call.seen, strict=True)
    ]
    return tuple(together(parts, call.shape) for parts in zip(*spread, strict=True))


def _broadcast(seen: Seen, tensor: Tensor, shape: tuple[int, ...]) -> Seen:
    """Return what units see after axes were put in front, and axes of one unit repeated."""
    new = len(shape) - tensor.dim()
    repeated = {dim for dim in range(tensor.dim()) if tensor.shape[dim] != shape[dim + new]}
    return moved(seen, {dim: dim + new for dim in range(tensor.dim()) if dim not in repeated})


def _convolution(call: Call) -> Axes:
    if call.is_tracked("weight") or call.is_tracked("bias"):  # kernels that the image decides
        pointless = all(seen is Reach.WHOLE for axes in call.seen for seen in axes)
        return tuple((Reach.WHOLE if pointless else Reach.UNKNOWN) for _ in call.seen[0])
    window = call["weight"].shape[2:]

    def along(seen: Seen, maps: Tensor) -> Seen:
        match seen:
            case Plain(dim=dim) if dim >= 2:
                k, at = window[dim - 2], dim - 2
                stride, pad, step = (_of(call[name], at) for name in ("stride", "padding", "dilation"))
                if not call["transposed"]:
                    return seen.through(stride, [step * tap - pad for tap in range(k)])
                taps = [[tap for tap in range(k) if (new + pad - step * tap) % stride == 0] for new in range(stride)]
                return seen.spread(
                    stride, [[(new + pad - step * tap) // stride for tap in taps[new]] for new in range(stride)]
                )
            case Plain() | Along() if call["groups"] == 1:  # along the channels, or the batch
                mixed = reduced(seen, {1}, tuple(maps.shape), keep=True)
                return mixed if mixed == moved(mixed, {0: 0}) else Reach.UNKNOWN
            case Plain() | Along():
                return moved(seen, {0: 0})
            case Reach() | Same():
                return seen
        return Reach.UNKNOWN

    return call.each_axis(along)


def _of(values: int | Sequence[int], place: int) -> int:
    return values if isinstance(values, int) else values[place if len(values) > 1 else 0]


def _pool(call: Call) -> Axes:
    window = call["kernel_size"]

    def along(seen: Seen, maps: Tensor) -> Seen:
        at = seen.dim - (maps.dim() - len(window)) if isinstance(seen, Plain) else -1
        if at < 0:
            return seen if isinstance(seen, Plain) else only_outside(seen, range(maps.dim() - len(window), maps.dim()))
        k, stride, pad = (_of(call[name] or window, at) for name in ("kernel_size", "stride", "padding"))
        pad = pad if call["padding"] else 0
        step = _of(call.arguments.get("dilation", 1), at)
        return seen.through(stride, [step * tap - pad for tap in range(k)])

    return call.each_axis(along)


def _adaptive_pool(call: Call) -> Axes:
    sides = call["output_size"]

    def along(seen: Seen, maps: Tensor) -> Seen:
        first = maps.dim() - len(sides)
        if not isinstance(seen, Plain) or seen.dim < first:
            return only_outside(seen, range(first, maps.dim()))
        old, new = maps.shape[seen.dim], sides[seen.dim - first]
        if new == 1:
            return whole_or_part(seen.extent(old), seen.side)
        common = math.gcd(old, new)
        windows = [range(unit * old // new, -(-(unit + 1) * old // new)) for unit in range(new // common)]
        return _grouped(seen, old // common, windows)

    return call.each_axis(along)


def _grouped(seen: Plain, jump: int, windows: Sequence[Sequence[int]]) -> Seen:
    """Return what units see of which each group of so many looks at windows that lie ``jump`` units further on."""
    whole = seen.through(jump, [0])
    if isinstance(whole, Reach):
        return whole
    groups = [[seen.seen(jump * turn + unit) for unit in window] for turn in range(whole.period) for window in windows]
    low = tuple(min(first for first, _ in group) for group in groups)
    high = tuple(max(last for _, last in group) for group in groups)
    return replace(whole, low=low, high=high) if len(groups) <= LONGEST_PERIOD else Reach.UNKNOWN


def _reduction(call: Call) -> Axes:
    axes = call.arguments.get("dim")
    total = call.tensors[0].dim()
    axes = range(total) if axes in (None, []) else [axes] if isinstance(axes, int) else axes
    gone = {axis % total for axis in axes} if total else set()
    keep = bool(call.arguments.get("keepdim"))
    return call.each_axis(lambda seen, maps: reduced(seen, gone, tuple(maps.shape), keep=keep))


def _mixing_along(axes: Sequence[int]) -> Callable[[Seen, Tensor], Seen]:
    """Return the rule of what gives each unit a share of all units along some axes, as softmax does."""
    return lambda seen, maps: reduced(seen, {axis % maps.dim() for axis in axes}, tuple(maps.shape), keep=True)


def _softmax(call: Call) -> Axes:
    return call.each_axis(_mixing_along([call["dim"]]))


def _layer_norm(call: Call) -> Axes:
    return call.each_axis(_mixing_along([-1 - number for number in range(len(call["normalized_shape"]))]))


def _group_norm(call: Call) -> Axes:
    return call.each_axis(_mixing_along(range(1, call.tensors[0].dim())))


def _batch_norm(call: Call) -> Axes:
    if not call.arguments.get("training", False):
        return call.each_axis(lambda seen, _: seen)
    return call.each_axis(_mixing_along([axis for axis in range(call.tensors[0].dim()) if axis != 1]))


def _product(call: Call) -> Axes:
    """Sum over the last axis of the first factor and the last but one of the second."""
    one, other = (call.arguments.get(name) for name in _FACTORS[next(n for n in _FACTORS if n in call.arguments)])
    if call.arguments.get("self") is not one and call.is_tracked("self"):
        return tuple(Reach.UNKNOWN for _ in call.seen[0])  # an image that is added to a product
    seen_by = {id(tensor): axes for tensor, axes in zip(call.tensors, call.seen, strict=True)}
    last = one.dim() - 1
    found = []
    for number in range(len(call.seen[0])):
        left = seen_by[id(one)][number] if id(one) in seen_by else None
        right = seen_by[id(other)][number] if id(other) in seen_by else None
        parts = [reduced(left, {last}, tuple(one.shape), keep=True)] if left is not None else []
        parts += [reduced(right, {last - 1}, tuple(other.shape), keep=True)] if right is not None else []
        found.append(_crossed(*parts) if len(parts) == 2 else parts[0])
    return tuple(found)


_FACTORS = {"mat1": ("mat1", "mat2"), "batch1": ("batch1", "batch2"), "mat2": ("self", "mat2")}


def _crossed(one: Seen, other: Seen) -> Seen:
    """Return what a unit sees that stands for a place in one map and for another place in a second one."""
    joint = together([one, other])
    placed = [each for each in (one, other) if isinstance(each, Plain | Along)]
    if joint is not Reach.UNKNOWN or len(placed) < 2:
        return joint
    dims = [{each.dim} if isinstance(each, Plain) else each.dims for each in placed]
    # Each axis leads over all that its own map sees; what both see is known if that is the same.
    return Along(frozenset(dims[0] | dims[1]), one.side, extent=_extent_of_both(one, other))


def _extent_of_both(one: Plain | Along, other: Plain | Along) -> tuple[int, int] | None:
    extents = {each.extent if isinstance(each, Along) else None for each in (one, other)}
    return extents.pop() if len(extents) == 1 else None


def _transformed(call: Call) -> Axes:
    return call.each_axis(_mixing_along(call["dim"] if isinstance(call["dim"], Sequence) else [call["dim"]]))


def _unchanged(call: Call) -> Axes:
    return call.each_axis(lambda seen, _: seen)


RULES: dict[str, Callable[[Call], Axes]] = {
    "convolution": _convolution,
    **dict.fromkeys(["max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool2d", "avg_pool3d"], _pool),
    **dict.fromkeys(["max_pool2d", "max_pool1d", "max_pool3d", "avg_pool1d"], _pool),
    **dict.fromkeys(["_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "adaptive_max_pool2d"], _adaptive_pool),
    **dict.fromkeys(["adaptive_max_pool3d", "adaptive_avg_pool1d", "adaptive_max_pool1d"], _adaptive_pool),
    **dict.fromkeys(["mean", "sum", "amax", "amin", "max", "min", "var", "std", "var_mean", "logsumexp"], _reduction),
    **dict.fromkeys(["prod", "any", "all", "argmax", "argmin", "linalg_vector_norm", "norm", "median"], _reduction),
    **dict.fromkeys(["_softmax", "_log_softmax", "_safe_softmax"], _softmax),
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    **dict.fromkeys(["native_batch_norm", "_native_batch_norm_legit", "cudnn_batch_norm"], _batch_norm),
    "_native_batch_norm_legit_no_training": _unchanged,
    **dict.fromkeys(["mm", "addmm", "bmm", "baddbmm"], _product),
    **dict.fromkeys(["_fft_r2c", "_fft_c2r", "_fft_c2c"], _transformed),
    **dict.fromkeys(["clone", "detach", "alias", "_to_copy", "contiguous", "lift_fresh", "expand"], _pointwise),
    **dict.fromkeys(["expand_as", "native_dropout", "dropout", "bernoulli"], _pointwise),
    **dict.fromkeys(["native_channel_shuffle", "channel_shuffle"], _unchanged),
    **SHAPE_RULES,
}


# Operations on each number by itself that torch does not mark as such.
UNMARKED = ("hardswish", "log_sigmoid_forward", "_prelu_kernel")


def _is_pointwise(packet: torch._ops.OpOverloadPacket) -> bool:
    name = packet.__name__.removesuffix("_")
    outright = getattr(torch.ops.aten, name, packet)  # the same, not in place: that one is marked
    return name in UNMARKED or any(
        torch.Tag.pointwise in getattr(each, overload).tags
        for each in (packet, outright)
        for overload in each.overloads()
    )


# Rules that know what to do with several tensors that the image feeds; by all others only the first may be.
_OF_SEVERAL = {_pointwise, _convolution, _product, SHAPE_RULES["cat"], SHAPE_RULES["stack"]}


def seen_by_result(call: Call, operation: torch._ops.OpOverload) -> Axes:
    """Return what the units of an operation's result see."""
    packet = operation.overloadpacket
    rule = RULES.get(packet.__name__) or RULES.get(packet.__name__.removesuffix("_"))
    if rule is None and _is_pointwise(packet):
        rule = _pointwise
    is_unknown = rule is None or (len(call.tensors) > 1 and rule not in _OF_SEVERAL)
    if operation._schema.is_mutable and rule is not _pointwise:  # its tensor has another shape already
        is_unknown = True
    return tuple(Reach.UNKNOWN for _ in call.seen[0]) if is_unknown else rule(call)
