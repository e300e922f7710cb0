"""Whether the gradients of a module are those of what comes out, told by moving inputs and parameters a little."""

from collections.abc import Sequence

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
    all_of_inputs = [torch.ones_like(each, dtype=torch.bool) for each in moved]
    groups = ((moved, all_of_inputs), (weights.parameters, weights.free))
    are_true = all(_is_derivative(subject, some, free, inputs, state) for some, free in groups)
    for each in weights.parameters:
        each.grad = None
    return are_true


def _is_derivative(
    subject: Subject, moved: Sequence[Tensor], free: Sequence[Tensor], inputs: Sequence[Tensor], state: Tensor
) -> bool:
    """Whether the gradients of some tensors say what comes out if all that is free in them is moved a little."""
    # Not the seed of the inputs: along themselves, what is normalised does not change.
    generator = torch.Generator().manual_seed(subject.question.seed + OTHER_SEED)
    ways = [torch.randn(each.shape, generator=generator) * its for each, its in zip(moved, free, strict=True)]
    predicted = sum(
        float((each.grad * way).sum()) for each, way in zip(moved, ways, strict=True) if each.grad is not None
    )
    return any(_moves_as_predicted(subject, moved, ways, inputs, state, step, predicted) for step in STEPS)


def _moves_as_predicted(
    subject: Subject,
    moved: Sequence[Tensor],
    ways: Sequence[Tensor],
    inputs: Sequence[Tensor],
    state: Tensor,
    step: float,
    predicted: float,
) -> bool:
    reached = []
    with torch.no_grad():
        for times in (1, -2):
            for each, way in zip(moved, ways, strict=True):
                each.add_(way, alpha=times * step)
            torch.set_rng_state(state)
            reached.append(float(subject.projected(inputs)[1]))
        for each, way in zip(moved, ways, strict=True):
            each.add_(way, alpha=step)
    derivative = (reached[0] - reached[1]) / (2 * step)
    return abs(derivative - predicted) <= 1e-3 * max(abs(derivative), abs(predicted), 1e-3)
