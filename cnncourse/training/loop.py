"""The training loop, and what makes a run repeatable without touching anybody else's random numbers."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from cnncourse.data import ImageData
from cnncourse.display import progress_bar
from cnncourse.training.history import Epoch, History
from cnncourse.training.threads import one_thread

MOMENTUM = 0.9
EVALUATION_BATCH = 256
SMALL_STEP = 2e9  # floating-point operations


def _batches(order: Tensor, size: int) -> list[Tensor]:
    """Cut an order into batches; an image left over joins the last, as batch normalisation needs two at least."""
    batches = list(order.split(size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def fit(
    model: nn.Module,
    data: ImageData,
    *,
    epochs: int,
    learning_rate: float,
    batch_size: int = 32,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train a network in place with stochastic gradient descent and return what happened.

    Momentum is 0.9; the learning rate rises to ``learning_rate`` and falls to nearly zero in one cycle. The same seed
    gives the same run, and the global random state is left as it was. Interrupted (Ctrl-C, or the stop button), the
    network keeps what it has learned so far. Small networks train on one thread, larger ones with channels last.

    Args:
        model: the network to train; it is left in evaluation mode.
        data: images and labels.
        epochs: number of passes over the training set.
        learning_rate: the largest learning rate of the cycle.
        batch_size: number of images a step.
        loss: turns scores (N, classes) and labels (N,) into the number to be minimised.
        augment: turns a batch of images into another one, given a source of random numbers.
        seed: decides the order of images, their augmentation and any dropout.
        progress: whether to show a progress bar.

    Raises:
        FloatingPointError: if the loss is no longer a finite number.

    """
    generator = torch.Generator().manual_seed(seed)
    steps = len(_batches(torch.arange(len(data.train_images)), batch_size))
    optimizer = torch.optim.SGD(model.parameters(), learning_rate, momentum=MOMENTUM)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=epochs * steps)
    history = History()
    small = _is_small(model, data, batch_size)
    layout = torch.contiguous_format if small else torch.channels_last
    model.to(memory_format=layout)
    try:
        with (
            one_thread() if small else nullcontext(),
            seeded(seed),
            progress_bar(total=epochs * steps, unit="step", disable=not progress) as bar,
        ):
            for number in range(epochs):
                started, total_loss = time.perf_counter(), 0.0
                model.train()
                for chosen in _batches(torch.randperm(len(data.train_images), generator=generator), batch_size):
                    images = data.train_images[chosen]
                    if augment is not None:
                        images = augment(images, generator)
                    scores = model(images.contiguous(memory_format=layout))
                    batch_loss = loss(scores, data.train_labels[chosen])
                    optimizer.zero_grad()
                    batch_loss.backward()
                    optimizer.step()
                    schedule.step()
                    total_loss += batch_loss.item()
                    bar.update()
                if not total_loss < float("inf"):
                    raise FloatingPointError(
                        f"the loss became {total_loss} in epoch {number + 1}; try a learning rate below {learning_rate}"
                    )
                seconds = time.perf_counter() - started
                test_accuracy = accuracy(model, data.test_images, data.test_labels)
                history.epochs.append(Epoch(total_loss / steps, test_accuracy, seconds))
                bar.set_postfix_str(f"epoch {number + 1}/{epochs}, test accuracy {test_accuracy:.1%}")
    finally:
        model.eval()
    return history


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of images (N, channels, height, width) whose largest score is at the label, 0 to 1.

    The network is evaluated in evaluation mode and left in the mode it was in.
    """
    was_training = model.training
    model.eval()
    try:
        right = sum(
            (model(some_images).argmax(dim=1) == some_labels).sum().item()
            for some_images, some_labels in zip(
                images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True
            )
        )
    finally:
        model.train(was_training)
    return right / len(labels)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw the same random numbers every time inside this block, and leave those outside as if it had not been.

    >>> with seeded(0):
    ...     model = LeNet5()

    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _is_small(model: nn.Module, data: ImageData, batch_size: int) -> bool:
    """Whether a training step is so little work that threads and memory layout cost more than they save."""
    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(data.train_images[:1])
    return 3 * batch_size * counter.get_total_flops() < SMALL_STEP  # a step costs about three forward passes
