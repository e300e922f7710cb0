"""One call of an operation, as the rules of what its units see are given it."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from cnncourse.measure.reach import Along, Plain, Reach, Seen, moved, whole_or_part

Axes = tuple[Seen, ...]  # one for each axis of the image


class Call:
    """One call of an operation.

    Attributes:
        arguments: all of them by name, defaults included.
        tensors: those of its tensors that the image feeds, in order.
        seen: for each of them, what its units see.
        shape: of the first result.

    """

    def __init__(
        self,
        operation: torch._ops.OpOverload,
        args: tuple,
        kwargs: dict,
        tracked: list[tuple[Tensor, Axes]],
        shape: tuple,
    ) -> None:
        schema = operation._schema.arguments
        self.arguments = {each.name: each.default_value for each in schema if each.has_default_value()}
        self.arguments |= dict(zip((each.name for each in schema), args, strict=False)) | kwargs
        self.tensors = [tensor for tensor, _ in tracked]
        self.seen = [seen for _, seen in tracked]
        self.shape = shape

    def __getitem__(self, name: str) -> object:
        return self.arguments[name]

    def is_tracked(self, name: str) -> bool:
        """Whether the image feeds an argument."""
        return any(self.arguments.get(name) is tensor for tensor in self.tensors)

    def each_axis(self, rule: Callable[[Seen, Tensor], Seen]) -> Axes:
        """Apply a rule to each axis of the first tensor."""
        return tuple(rule(seen, self.tensors[0]) for seen in self.seen[0])


def only_outside(seen: Seen, dims: Sequence[int]) -> Seen:
    """Return what is known after something was done along some axes of a map that is right for plain ones only."""
    return Reach.UNKNOWN if isinstance(seen, Along) and seen.dims & set(dims) else seen


def reduced(seen: Seen, gone: set[int], shape: tuple[int, ...], *, keep: bool) -> Seen:
    """Return what units see that have a share of all along some axes of a map.

    Args:
        seen: by the units of the map.
        gone: those axes.
        shape: of the map.
        keep: whether the axes stay, with one unit or with as many as before.

    """
    dims = {seen.dim} if isinstance(seen, Plain) else seen.dims if isinstance(seen, Along) else set()
    if dims & gone:
        return whole_or_part(seen.extent(shape[seen.dim]) if isinstance(seen, Plain) else seen.extent, seen.side)
    left = [dim for dim in range(len(shape)) if keep or dim not in gone]
    return moved(seen, {dim: place for place, dim in enumerate(left)})
