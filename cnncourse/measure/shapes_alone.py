"""The shapes and the cost of what torch would compute, worked out without torch's compiler.

On the meta device torch derives shapes in Python, with its compiler and an algebra system loaded (more than a second),
and takes batch normalisation apart into a dozen steps. The commonest operations of evaluation are answered here.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.flop_counter import flop_registry

Shape = Sequence[int]  # rules give the shape of the output, and None for what they do not know and what does not fit


class LightDispatchMode(TorchDispatchMode):
    """A dispatch mode that does not load torch's compiler at its first operation."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False


class MultiplyAddCounter(LightDispatchMode):
    """Adds up the multiply-adds of what torch executes, by torch's own formulas.

    Torch's ``FlopCounterMode`` does the same and also takes every other operation apart in search of more of them,
    which on the meta device loads torch's compiler and takes five times as long.

    Attributes:
        total: multiply-adds so far.

    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, operation: torch._ops.OpOverload, types: tuple, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        if torch.is_inference_mode_enabled():  # there, convolutions arrive whole
            with self:
                parts = operation.decompose(*args, **(kwargs or {}))
            if parts is not NotImplemented:
                return parts
        result = operation(*args, **(kwargs or {}))
        count = flop_registry.get(operation.overloadpacket)
        if count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=result) // 2
        return result


class ShapesAlone(LightDispatchMode):
    """Answers operations on the meta device by a rule; others, and those that are about to fail, are left to torch."""

    def __torch_dispatch__(
        self, operation: torch._ops.OpOverload, types: tuple, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        rule = RULES.get(operation) if not kwargs else None
        if rule is not None:
            tensors = list(_tensors(args))
            kinds = {tensor.dtype for tensor in tensors if tensor.is_floating_point() or tensor.is_complex()}
            shape = rule(*args) if len(kinds) == 1 and all(tensor.is_meta for tensor in tensors) else None
            if shape is not None:
                output = torch.empty(shape, dtype=kinds.pop(), device="meta")
                if operation in BATCH_NORMS:
                    return output, output.new_empty(0), output.new_empty(0)
                return (
                    (output, torch.empty(shape, dtype=torch.long, device="meta")) if operation is MAX_POOL else output
                )
        if kwargs and "device" in kwargs and not any(isinstance(argument, Tensor) for argument in args):
            kwargs = kwargs | {"device": torch.device("meta")}  # a tensor that the network makes has no numbers either
        elif operation is aten.lift_fresh.default and args[0].dim():
            return _without_numbers(args[0])
        try:
            return operation(*args, **(kwargs or {}))
        except RuntimeError:
            arguments = (args, kwargs or {})
            with_numbers = [leaf for leaf in tree_leaves(arguments) if isinstance(leaf, Tensor) and not leaf.is_meta]
            if not with_numbers:
                raise
        # A tensor that the network keeps where nobody looks for tensors, such as in a list, met one without numbers.
        args, kwargs = tree_map_only(Tensor, _without_numbers, arguments)
        return operation(*args, **kwargs)


def _tensors(arguments: Sequence[object]) -> Iterator[Tensor]:
    """Yield the tensors among an operation's arguments, which are in lists at the deepest; torch's own walk is slow."""
    for argument in arguments:
        if isinstance(argument, Tensor):
            yield argument
        elif isinstance(argument, list | tuple):
            yield from (each for each in argument if isinstance(each, Tensor))


def _without_numbers(tensor: Tensor) -> Tensor:
    return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")


def _elementwise(*arguments: object) -> Shape | None:
    shapes = [argument.shape for argument in arguments if isinstance(argument, Tensor)]
    axes = [set(sizes) - {1} for sizes in zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1)]
    return [sizes.pop() if sizes else 1 for sizes in reversed(axes)] if all(len(sizes) < 2 for sizes in axes) else None


def _as_first(first: Tensor, *_arguments: object) -> Shape | None:
    return first.shape


def _concatenation(tensors: Sequence[Tensor], axis: int = 0) -> Shape | None:
    shape = list(tensors[0].shape)
    if any(tensor.dim() != len(shape) for tensor in tensors):
        return None
    shape[axis] = sum(tensor.shape[axis] for tensor in tensors)
    others = {tuple(n for i, n in enumerate(tensor.shape) if i != axis % len(shape)) for tensor in tensors}
    return shape if len(others) == 1 else None


def _reduction(tensor: Tensor, axes: Sequence[int] | None, keep: bool = False) -> Shape | None:
    gone = {axis % tensor.dim() for axis in axes or ()}
    sizes = [1 if axis in gone else size for axis, size in enumerate(tensor.shape) if keep or axis not in gone]
    return sizes if axes else None


def _linear(bias: Tensor, features: Tensor, weight: Tensor) -> Shape | None:
    fits = features.shape[1] == weight.shape[0] and bias.shape == weight.shape[1:]
    return (features.shape[0], weight.shape[1]) if fits else None


def _batch_norm(maps: Tensor, *arguments: object) -> Shape | None:
    channels = {argument.shape for argument in arguments if isinstance(argument, Tensor)}
    return maps.shape if channels == {maps.shape[1:2]} else None


def _convolution(
    maps: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    transposed: bool,
    _output_padding: Shape,
    groups: int,
) -> Shape | None:
    sides = _windows(maps.shape[2:], weight.shape[2:], stride, padding, dilation)
    spans = [step * (k - 1) + 1 for k, step in zip(weight.shape[2:], dilation, strict=False)]
    room = [side + 2 * pad for side, pad in zip(maps.shape[2:], padding, strict=False)]
    if not transposed and any(span > most for span, most in zip(spans, room, strict=False)):
        # In torch's own words; its older versions let it pass on the meta device.
        kernel, padded = (" x ".join(map(str, each)) for each in (spans, room))
        raise RuntimeError(
            f"Calculated padded input size per channel: ({padded}). Kernel size: ({kernel}). "
            "Kernel size can't be greater than actual input size"
        )
    fits = maps.shape[1] == groups * weight.shape[1] and weight.shape[0] % groups == 0
    fits = fits and (bias is None or bias.shape == weight.shape[:1]) and not transposed
    return (maps.shape[0], weight.shape[0], *sides) if fits and sides else None


def _max_pool(
    maps: Tensor,
    window: Shape,
    stride: Shape = (),
    padding: Shape | None = None,
    dilation: Shape | None = None,
    ceil_mode: bool = False,
) -> Shape | None:
    padding, dilation = padding or [0] * len(window), dilation or [1] * len(window)
    sides = _windows(maps.shape[2:], window, stride or window, padding, dilation, round_up=ceil_mode)
    fits = all(2 * pad <= k for k, pad in zip(window, padding, strict=False))
    return (*maps.shape[:2], *sides) if fits and sides else None


def _average_pool(
    maps: Tensor,
    window: Shape,
    stride: Shape = (),
    padding: Shape | None = None,
    ceil_mode: bool = False,
    *_divisor: object,
) -> Shape | None:
    return _max_pool(maps, window, stride, padding, None, ceil_mode)


def _windows(
    sides: Shape, window: Shape, stride: Shape, padding: Shape, dilation: Shape, *, round_up: bool = False
) -> Shape | None:
    """Return how many windows fit along each axis; rounded up, the last may stick out but must begin inside."""
    if len({len(sizes) for sizes in (sides, window, stride, padding, dilation)}) > 1:
        return None
    counts = []
    for side, k, jump, pad, step in zip(sides, window, stride, padding, dilation, strict=True):
        room = side + 2 * pad - step * (k - 1) - 1
        count = 1 + (-(-room // jump) if round_up else room // jump)
        sticks_out = round_up and (count - 1) * jump >= side + pad
        counts.append(count - sticks_out)
    return counts if min(counts) > 0 else None


aten = torch.ops.aten
MAX_POOL = aten.max_pool2d_with_indices.default
BATCH_NORMS = {aten.native_batch_norm.default, aten._native_batch_norm_legit_no_training.default}
RULES: dict[torch._ops.OpOverload, Callable[..., Shape | None]] = {
    **dict.fromkeys([aten.add.Tensor, aten.sub.Tensor, aten.mul.Tensor, aten.div.Tensor], _elementwise),
    **dict.fromkeys(
        [aten.pow.Tensor_Scalar, aten.neg.default, aten.tanh.default, aten.sigmoid.default, aten.relu.default],
        _elementwise,
    ),
    **dict.fromkeys(BATCH_NORMS, _batch_norm),
    aten.convolution.default: _convolution,
    MAX_POOL: _max_pool,
    aten.avg_pool2d.default: _average_pool,
    aten.avg_pool3d.default: _average_pool,  # in local response normalisation
    aten.index_put.default: _as_first,
    aten.cat.default: _concatenation,
    aten.mean.dim: _reduction,
    aten.sum.dim_IntList: _reduction,
    aten.addmm.default: _linear,
}
