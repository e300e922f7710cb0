"""What is left to chance, noted by its statistics: which units are dropped, how often, and how independently."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from cnncourse.checking.plain import OUTPUTS, differing

CALLS = 3
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
        "mean" of each output over many copies of the picture in one batch, relative to mean and spread of the largest;
        "log spread" of each; "together": spread of the mean over all outputs of a copy, relative to that of independent
        outputs; "zeros": share of outputs that are zero; "as many zeros": whether there are as many in each of several
        calls; "unlike": share of outputs that differ from one call to the next, at least; "unreached": parameters that
        no gradient reaches; "log gradient": size of the gradient by the input; "gradient": share of outputs at which it
        is to the input as the output is, where both have one shape.

    """
    copies = [each[:1].detach().repeat(rows, *[1] * (each.dim() - 1)) for each in inputs]
    copies = [each.requires_grad_(each.is_floating_point()) for each in copies]
    output = run(copies)
    with torch.no_grad():
        calls = [output.detach(), *(run(copies).detach() for _ in range(CALLS - 1))]
    called = [each.reshape(rows, -1) for each in calls]
    values = called[0]
    mean, spread, least = values.mean(0), values.std(0), LEAST * values.abs().max().clamp_min(LEAST)
    zeros = (values == 0).double()
    independent = spread.square().sum().sqrt() / spread.numel()
    notes = {
        "mean": mean / (mean.abs().max() + spread.max() + least),
        "log spread": (spread + least).log(),
        "together": ((values.mean(1).std() + least) / (independent + least)).log(),
        "zeros": zeros.mean(),
        "zeros together": ((zeros.sum(1).std() + LEAST) / (zeros.var(0).sum().sqrt() + LEAST)).log(),
        "as many zeros": torch.tensor(float(len({int((each == 0).sum()) for each in calls}) == 1)),
        "unlike": min(differing(one, other, *OUTPUTS).double().mean() for one, other in pairwise(called)),
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
