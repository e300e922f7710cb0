"""Time and memory of several networks side by side, on this machine.

Times of one run tell little: other programs come and go. Networks that are compared take turns, and only ratios between
them are reported.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Ratio:
    """How long something takes, as a multiple of what it is compared with.

    Attributes:
        median: over the rounds.
        lowest: over the rounds.
        highest: over the rounds.

    """

    median: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.lowest:.2f}–{self.highest:.2f})"


def time_side_by_side(
    runs: Mapping[str, Callable[[], object]], *, rounds: int, tick: Callable[[], object] = lambda: None
) -> dict[str, Ratio]:
    """Time functions in turns, after one turn that is not counted.

    Args:
        runs: functions by name; the first is what the others are compared with.
        rounds: number of turns.
        tick: called after each call of a function, for a progress bar.

    Returns:
        For each name, its time as a multiple of the first one's time in the same round.

    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - started)
            tick()
    first = next(iter(seconds.values()))
    ratios = {name: [a / b for a, b in zip(times, first, strict=True)] for name, times in seconds.items()}
    return {name: Ratio(statistics.median(each), min(each), max(each)) for name, each in ratios.items()}


def saved_for_backward(model: nn.Module, images: Tensor) -> int:
    """Run a model on images and return the bytes that torch keeps for the backward pass, parameters not counted.

    Unlike ``activation_memory``, which counts every layer's output, this is what torch does keep: an activation that
    works in place shares its memory with the layer before, and max pooling keeps the places of the maxima besides.

    Args:
        model: any network, in training mode; batch normalisation's running statistics move on as in any such run.
        images: a batch, shape (N, channels, height, width).

    """
    sizes: dict[int, int] = {}
    kept: list[Tensor] = []  # so that no address is used twice

    def note(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, nn.Parameter):
            kept.append(tensor)
            storage = tensor.untyped_storage()
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        model(images)
    return sum(sizes.values())
