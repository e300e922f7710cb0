"""What probes of several exercises need."""

from torch import nn


def moving_numbers(module: nn.Module) -> int:
    """Count the parameters that a training step would move: those with a gradient other than zero.

    Unlike ``numel`` it passes over weights that a mask keeps out. Call it after ``backward``.
    """
    gradients = (p.grad for p in module.parameters() if p.requires_grad and p.grad is not None)
    return sum(int((gradient != 0).sum()) for gradient in gradients)
