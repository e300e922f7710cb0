"""How long a training would take on this machine, measured in a few steps of it."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from torch import Tensor

from cnncourse.full_size.pictures import Batches, TrainingPictures, loader, read_both_folders
from cnncourse.full_size.processes import Processes, these_processes
from cnncourse.full_size.settings import Running, Settings
from cnncourse.full_size.step import Learner

WARM_UP = 3  # steps that are not counted: memory is found, and the loading processes are started


@dataclass(frozen=True)
class DryRun:
    """What a few steps took.

    Attributes:
        seconds: of a step, median.
        waiting_share: share of the time in which a step waited for pictures; ``None`` if they were made up.
        batch_size: pictures of a step.
        pictures: of an epoch.
        epochs: of the recipe.
        gigabytes: of memory at most, of this process or of its graphics card.

    """

    seconds: float
    waiting_share: float | None
    batch_size: int
    pictures: int
    epochs: int
    gigabytes: float

    @property
    def hours(self) -> float:
        """Hours of the whole training, judging left out."""
        return self.pictures // self.batch_size * self.epochs * self.seconds / 3600

    def __str__(self) -> str:
        waiting = "" if self.waiting_share is None else f", {self.waiting_share:.1%} of it waiting for pictures"
        return (
            f"a step of {self.batch_size} pictures: {self.seconds:.3f} s ({self.batch_size / self.seconds:,.1f}/s)"
            f"{waiting}; {self.gigabytes:.1f} GB of memory\n"
            f"{self.epochs} epochs of {self.pictures:,} pictures: {self.hours:,.1f} hours ({self.hours / 24:,.1f} days)"
        )


def dry_run(settings: Settings, root: Path | None, running: Running, steps: int = 5) -> DryRun:
    """Make some steps of a training, write nothing, and say how long the whole would take.

    Args:
        settings: what would be trained.
        root: folder of pictures; made-up images, and as many as the recipe's paper had, if left out.
        running: the rest.
        steps: how many are timed.

    Raises:
        ValueError: if the pictures are not as they should be, or too few for a batch.

    """
    with these_processes(running.device) as processes:
        folder = read_both_folders(root)[0] if root is not None else None
        classes = len(folder.classes) if folder else settings.recipe.classes
        learner = Learner(settings.network(classes), settings.recipe, running.computing, processes)
        images = _pictures(settings, root, running, processes, WARM_UP + steps)
        seconds, waited = [], []
        for step in range(WARM_UP + steps):
            started = time.perf_counter()
            parts = [next(images) for _ in range(running.computing.parts)]
            loaded = time.perf_counter()
            learner.step(parts, step / 1000, step).item()  # .item() waits for a graphics card
            if step >= WARM_UP:
                waited.append(loaded - started)
                seconds.append(time.perf_counter() - started)
        if processes.device.type == "cuda":
            memory = torch.cuda.max_memory_allocated(processes.device)
        else:
            memory = psutil.Process().memory_info().rss
        return DryRun(
            statistics.median(seconds),
            sum(waited) / sum(seconds) if folder else None,
            settings.recipe.batch_size,
            len(folder.paths) if folder else settings.recipe.pictures,
            settings.recipe.epochs,
            memory / 1e9,
        )


def _pictures(
    settings: Settings, root: Path | None, running: Running, processes: Processes, steps: int
) -> Iterator[tuple[Tensor, Tensor]]:
    share = settings.recipe.batch_size // processes.count // running.computing.parts
    if root is None:
        images = torch.randn(share, settings.channels, settings.size, settings.size)
        labels = torch.randint(settings.recipe.classes, (share,))
        while True:
            yield images, labels
    folder = read_both_folders(root)[0]
    if len(folder.paths) < settings.recipe.batch_size:
        raise ValueError(f"{folder.root} has {len(folder.paths):,} pictures: give a smaller --batch-size")
    pictures = TrainingPictures(folder, settings.rule, settings.recipe.augmentation, settings.seed)
    order = Batches(
        len(folder.paths),
        settings.recipe.batch_size,
        running.computing.parts,
        processes.rank,
        processes.count,
        0,
        steps,
        settings.seed,
    )
    for images, labels, _ in loader(
        pictures, running.workers, pinned=processes.device.type == "cuda", batch_sampler=order
    ):
        yield images, labels
