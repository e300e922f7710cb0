"""What is left to chance, noted by its statistics: which units are dropped, how often, and how independently."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from cnncourse.checking.plain import OUTPUTS, differing

CALLS = 3
CALLS_ALONE = 24  # with a batch of one
MOST_LINKED = 2**17  # outputs that are compared with each other
BY_LUCK = 1e-6  # probability that so many calls agree, from which on it is no luck
LEAST = 1e-9  # spread that counts as none, as a multiple of the largest value


def chance_notes(
    parameters: Sequence[Tensor], run: Callable[[Sequence[Tensor]], Tensor], inputs: Sequence[Tensor], rows: int
) -> dict[str, Tensor]:
    """Note how the outputs of a module for one picture spread.

    Args:
        parameters: the module's trainable ones.
        run: runs the module in training.
        inputs: a batch; its first picture is taken.
        rows: how many copies of it.

    Returns:
        "mean" of each output over many copies of the picture in one batch, and the largest mean and spread;
        "log spread" of each; "together": spread of the mean over all outputs of a copy, relative to that of independent
        outputs; "zeros": share of outputs that are zero; "as many zeros": whether there are as many in each of several
        calls; "linked": the largest correlation of the outputs with themselves, or with those of the next call, shifted
        or turned round; "unlike": share of outputs that differ from one call to the next, at least; "alone": whether
        calls with a single picture differ, if it is no luck that they do not; "unreached": parameters that no gradient
        reaches; "log gradient": size of the gradient by the input; "gradient": share of outputs at which it is to the
        input as the output is, where both have one shape.

    """
    copies = [each[:1].detach().repeat(rows, *[1] * (each.dim() - 1)) for each in inputs]
    copies = [each.requires_grad_(each.is_floating_point()) for each in copies]
    output = run(copies)
    with torch.no_grad():
        calls = [output.detach(), *(run(copies).detach() for _ in range(CALLS - 1))]
        one = [each[:1].detach() for each in copies]
        alone = [run(one).detach() for _ in range(CALLS_ALONE)]
    called = [each.reshape(rows, -1) for each in calls]
    values = called[0]
    mean, spread, least = values.mean(0), values.std(0), LEAST * values.abs().max().clamp_min(LEAST)
    zeros = (values == 0).double()
    independent = spread.square().sum().sqrt() / spread.numel()
    notes = {
        "mean": torch.stack([mean, (mean.abs().max() + spread.max() + least).expand_as(mean)]),
        "log spread": (spread + least).log(),
        "together": ((values.mean(1).std() + least) / (independent + least)).log(),
        "zeros": zeros.mean(),
        "zeros together": ((zeros.sum(1).std() + LEAST) / (zeros.var(0).sum().sqrt() + LEAST)).log(),
        "as many zeros": torch.tensor(float(len({int((each == 0).sum()) for each in calls}) == 1)),
        "linked": torch.maximum(_linked(values), _linked(values, called[1])),
        "unlike": min(differing(one, other, *OUTPUTS).double().mean() for one, other in pairwise(called)),
        "alone": torch.tensor(float(_differ(alone, values))),
    }
    wanted = [*parameters, copies[0]]
    reached = output.requires_grad
    gradients = torch.autograd.grad(output.sum(), wanted, allow_unused=True) if reached else [None] * len(wanted)
    *of_parameters, of_input = gradients
    of_input = torch.zeros_like(copies[0]) if of_input is None else of_input
    notes["unreached"] = torch.tensor(float(sum(each is None for each in of_parameters)))
    notes["log gradient"] = (of_input.square().mean().sqrt() + LEAST).log()
    if output.shape == copies[0].shape:
        notes["gradient"] = torch.isclose(of_input * copies[0], output, rtol=1e-4).double().mean()
    return notes


def _linked(one: Tensor, other: Tensor | None = None) -> Tensor:
    """Return the largest correlation of deviations from the mean with others, or themselves elsewhere.

    Where many coins are tossed independently it is small, whichever of them is compared with which: by the fast Fourier
    transform each is compared with the one so many places on, and so many places from the end.
    """
    ones, others = (_deviations(each)[:MOST_LINKED] for each in (one, one if other is None else other))
    transformed, its = torch.fft.rfft(ones), torch.fft.rfft(others)
    along, against = (torch.fft.irfft(each, len(ones)).abs() for each in (transformed.conj() * its, transformed * its))
    if other is None:
        along[0] = 0.0
    return torch.maximum(along.max(), against.max()) / (ones.norm() * others.norm() + LEAST)


def _deviations(values: Tensor) -> Tensor:
    """Return how far each output is from its mean over all copies, in its own spread."""
    away = (values - values.mean(0)).double()
    return (away / (away.square().mean(0).sqrt() + LEAST)).flatten()


def _differ(alone: Sequence[Tensor], among_others: Tensor) -> bool:
    """Whether a picture's outputs differ from call to call, or may be alike by luck, as they often are in a batch."""
    first = alone[0].reshape(-1)
    if any(bool(differing(each.reshape(-1), first, *OUTPUTS).any()) for each in alone[1:]):
        return True
    as_often = (~differing(among_others, first.expand_as(among_others), *OUTPUTS)).all(1).double().mean()
    return bool(as_often ** (len(alone) - 1) > BY_LUCK)
