"""Training in steps, for experiments that look at a network on the way."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def training_steps(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    optimizer: torch.optim.Optimizer,
    steps: int,
    generator: torch.Generator,
    *,
    batch_size: int = 50,
    falling: bool = True,
    change: Callable[[Tensor], Tensor] | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> Iterator[int]:
    """Train, by default with a rate that falls along a cosine; give the number of each step when it is done.

    Every image is seen once before any is seen again.

    Args:
        model: the network to train, put into training mode at each step.
        images: shape (N, channels, height, width).
        labels: shape (N,).
        optimizer: of the model's parameters, with the rate to begin with.
        steps: how many.
        generator: decides the order of images.
        batch_size: number of images a step.
        falling: whether the rate falls along a cosine to zero, or stays what it was.
        change: turns a batch of images into another one.
        loss: turns scores (N, classes) and labels (N,) into the number to be minimised.

    """
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps) if falling else None
    waiting: list[Tensor] = []
    for step in range(1, steps + 1):
        waiting = waiting or list(torch.randperm(len(images), generator=generator).split(batch_size))
        chosen = waiting.pop()
        batch = images[chosen] if change is None else change(images[chosen])
        model.train()
        batch_loss = loss(model(batch), labels[chosen])
        optimizer.zero_grad()
        batch_loss.backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
        yield step
