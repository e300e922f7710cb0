"""Whether the gradients of a module are those of what comes out, told by moving inputs and parameters a little."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from cnncourse.checking.canonical_weights import Weights
from cnncourse.checking.subject import Subject

# By which weights or inputs are moved, one tried after the other: of many ReLUs some may turn on or off on the way.
STEPS = (1e-6, 1e-7, 1e-8)
UNEVEN = 0.01  # standard deviation of weights that are nearly alike
OTHER_SEED = 1000


def fill_unevenly(weights: Weights) -> None:
    """Give all numbers nearly one value: where all are alike, the values in a window of a pooling may be too."""
    weights.fill_alike()
    with torch.no_grad():
        for parameter, free in zip(weights.parameters, weights.free, strict=True):
            parameter.add_(torch.randn(parameter.shape) * free, alpha=UNEVEN)


def has_true_gradients(subject: Subject, weights: Weights, inputs: Sequence[Tensor]) -> bool:
    """Whether the gradients are those of what comes out, by the inputs and by the parameters."""
    moved = [each for each in inputs if each.requires_grad]
    for each in moved:
        each.grad = None
    state, (_, projected) = torch.get_rng_state(), subject.projected(inputs)
    if projected.requires_grad:
        projected.backward()
    # Not the seed of the inputs: along themselves, what is normalised does not change.
    generator = torch.Generator().manual_seed(subject.question.seed + OTHER_SEED)
    of_inputs = [_Way(each, torch.randn(each.shape, generator=generator)) for each in moved]
    pairs = zip(weights.parameters, weights.free, strict=True)
    of_parameters = [_Way(each, torch.randn(each.shape, generator=generator) * free) for each, free in pairs]
    here = float(projected)
    are_true = all(_is_derivative(subject, ways, inputs, state, here) for ways in _together(of_inputs, of_parameters))
    for each in weights.parameters:
        each.grad = None
    return are_true


class _Way(NamedTuple):
    """A tensor with a gradient, and the way that it is moved."""

    moved: Tensor
    way: Tensor


def _effects(ways: Sequence[_Way]) -> Tensor:
    """Return by how much each number's move changes what comes out, if the gradients are right."""
    effects = [(each.moved.grad * each.way).flatten() for each in ways if each.moved.grad is not None]
    return torch.cat(effects) if effects else torch.zeros(1)


def _together(*groups: Sequence[_Way]) -> list[list[_Way]]:
    """Return groups as one, with moves of the same effect, if each has gradients that are numbers; else one by one."""
    sizes = [float(_effects(group).norm()) for group in groups]
    if not all(0 < size < math.inf for size in sizes):
        return [list(group) for group in groups]
    scaled = zip(groups, sizes, strict=True)
    return [[_Way(each.moved, each.way * (min(sizes) / size)) for group, size in scaled for each in group]]


def _is_derivative(
    subject: Subject, ways: Sequence[_Way], inputs: Sequence[Tensor], state: Tensor, here: float
) -> bool:
    """Whether the gradients of some tensors say what comes out if they are moved a little, from what comes out here."""
    predicted = float(_effects(ways).sum())
    derivatives = (each for step in STEPS for each in _derivatives(subject, ways, inputs, state, here, step))
    return any(abs(each - predicted) <= 1e-3 * max(abs(each), abs(predicted), 1e-3) for each in derivatives)


def _derivatives(
    subject: Subject, ways: Sequence[_Way], inputs: Sequence[Tensor], state: Tensor, here: float, step: float
) -> tuple[float, float, float]:
    """Return by how much what comes out changes, both ways and each: where a ReLU just turns on, one has a gradient."""
    reached = []
    with torch.no_grad():
        for times in (1, -2):
            for each in ways:
                each.moved.add_(each.way, alpha=times * step)
            torch.set_rng_state(state)
            reached.append(float(subject.projected(inputs)[1]))
        for each in ways:
            each.moved.add_(each.way, alpha=step)
    ahead, behind = reached
    return (ahead - behind) / (2 * step), (ahead - here) / step, (here - behind) / step
