"""Plain data: what notes are made of, and what may pass from a worker to the judging process."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

# Differences allowed, relative to each value and to the largest one. Rounding gives a millionth of that in double
# precision, and a tenth where an answer gives its results in half precision.
OUTPUTS, GRADIENTS, IN_SINGLE_PRECISION = (1e-6, 1e-6), (1e-5, 1e-8), (1e-2, 1e-2)
# A gradient this small is one that cancels out, and what is left of it depends on the processor: in an examination true
# ones are of the order of one, and none of the course's own is below a millionth.
CANCELLED = 1e-9

Plain = None | bool | int | float | str | Tensor | list["Plain"] | dict[str, "Plain"]


def plain(value: object) -> Plain:
    """Return a value free of the learner's own classes and of autograd.

    Raises:
        TypeError: if it holds anything but tensors, numbers, text, and lists and dictionaries of these.

    """
    if isinstance(value, Tensor):
        return value.detach().as_subclass(Tensor).clone()
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "item") and getattr(value, "shape", None) == ():  # a number of numpy's
        return plain(value.item())
    raise TypeError(f"expected tensors, numbers or text, got {type(value).__name__}")


def flat(value: object) -> list[Tensor]:
    """Return all tensors in a value, in order."""
    if isinstance(value, Tensor):
        return [value]
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return [tensor for item in items for tensor in flat(item)]


def same(one: object, other: object, relative: float = 1e-6, absolute: float = 1e-9) -> bool:
    """Whether two values are alike but for rounding.

    Args:
        one: plain data; lists and tuples are alike if their items are.
        other: what it is compared with; tolerances are multiples of its values and of its largest value.
        relative: difference allowed, as a multiple of each value.
        absolute: difference allowed, as a multiple of the largest value.

    """
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        if one.shape != other.shape:
            return False
        # Mostly the same to the bit, which is told sooner.
        is_same = one.dtype == other.dtype and torch.equal(one, other)
        return is_same or not bool(differing(one, other, relative, absolute).any())
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key], relative, absolute) for key in one)
    if _is_sequence(one) and _is_sequence(other):
        return len(one) == len(other) and all(
            same(each, its, relative, absolute) for each, its in zip(one, other, strict=True)
        )
    if isinstance(one, float) or isinstance(other, float):
        return type(one) is type(other) and (
            math.isclose(one, other, rel_tol=relative) or (math.isnan(one) and math.isnan(other))
        )
    return type(one) is type(other) and one == other


def differing(got: Tensor, expected: Tensor, relative: float, absolute: float) -> Tensor:
    """Return where two tensors of one shape differ by more than rounding."""
    got, expected = got.double(), expected.double()
    finite = expected[torch.isfinite(expected)].abs()
    floor = absolute * (finite.max().item() if len(finite) else 0.0)
    close = (got - expected).abs() <= relative * expected.abs() + floor
    return ~(close | (got == expected) | (got.isnan() & expected.isnan()))


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
