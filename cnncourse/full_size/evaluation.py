"""How good a network is on a folder of pictures: top-1 and top-5, of the centre or of ten crops."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from cnncourse.display import progress_bar
from cnncourse.full_size.pictures import UNREADABLE, ValidationPictures, loader, read_folder
from cnncourse.full_size.processes import Processes, these_processes
from cnncourse.full_size.step import Computing
from cnncourse.weights.trained import TrainedNetwork

PROTOCOLS = {1: "centre crop", 10: "ten crops"}
TOP = 5


@dataclass(frozen=True)
class Accuracy:
    """How many pictures a network got right.

    Attributes:
        top1: share of the pictures whose class has the highest score, 0 to 1.
        top5: share of the pictures whose class is among the five highest.
        pictures: that were judged.
        left_out: the files that could not be read.
        crops: of each picture.

    """

    top1: float
    top5: float
    pictures: int
    left_out: tuple[str, ...] = ()
    crops: int = 1

    def __str__(self) -> str:
        told = f"top-1 {self.top1:.2%}, top-5 {self.top5:.2%} ({PROTOCOLS[self.crops]}, {self.pictures:,} pictures"
        return f"{told}; {len(self.left_out)} could not be read)" if self.left_out else f"{told})"


def evaluate(
    network: TrainedNetwork,
    root: Path,
    *,
    crops: int = 1,
    batch_size: int = 64,
    workers: int = 2,
    computing: Computing | None = None,
    device: str | None = None,
) -> Accuracy:
    """Judge a network by a folder with a folder a class, by the usual protocols.

    Args:
        network: to be judged; the folders bear the names of some of its classes: for published weights WordNet's
            identifiers, or the classes' words.
        root: the folder.
        crops: 1, the centre; or 10, whose probabilities are averaged (Krizhevsky et al. 2012, section 4.1).
        batch_size: pictures at once.
        workers: loading processes.
        computing: precision and layout; the usual ones if left out.
        device: "cpu", "cuda" or the like; a graphics card, if there is one, if left out.

    Raises:
        ValueError: if the folder is not as it should be, or has a class that the network does not know.

    """
    if crops not in PROTOCOLS:
        raise ValueError(f"a picture is judged by 1 crop or by 10, not by {crops}")
    folder = read_folder(root, known_names(network, root))
    with these_processes(device) as processes:
        model = network.model.to(processes.device)
        pictures = ValidationPictures(folder, network.preprocessing, crops)
        judge = Judge(pictures, processes, computing or Computing(), batch_size, workers)
        return judge(model)


def known_names(network: TrainedNetwork, root: Path) -> tuple[str, ...]:
    """Return a network's class names as a folder has them: as they are, or, if one fits better, in words."""
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}")
    there = {path.name for path in root.iterdir() if path.is_dir()}
    return max((network.class_names, network.said), key=lambda names: len(there & set(names)))


class Judge:
    """Judges networks by pictures, each process its share; the loading processes stay for the next time.

    Args:
        pictures: to judge by.
        processes: that share the work.
        computing: precision and layout.
        batch_size: pictures at once.
        workers: loading processes.

    """

    def __init__(
        self, pictures: ValidationPictures, processes: Processes, computing: Computing, batch_size: int, workers: int
    ) -> None:
        self.pictures, self.processes, self.computing = pictures, processes, computing
        mine = range(processes.rank, len(pictures), processes.count)
        self._batches = loader(
            pictures,
            workers,
            pinned=processes.device.type == "cuda",
            batch_size=batch_size,
            sampler=list(mine),
            persistent_workers=workers > 0,
        )

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> Accuracy:
        """Judge a network on this process's device, in evaluation mode; all processes must call it, and get the same.

        Raises:
            ValueError: if no picture can be read.

        """
        model.eval()
        counts = torch.zeros(3, dtype=torch.float64, device=self.processes.device)  # top-1, top-5, pictures
        left_out: list[str] = []
        with progress_bar(
            total=len(self._batches), unit="batch", desc="judging", disable=not self.processes.first
        ) as bar:
            for images, labels, broken in self._batches:
                left_out += [path for path in broken if path]
                scores = _mean_probabilities(model, images, self.processes.device, self.computing)
                counts += _right(scores, labels.to(self.processes.device))
                bar.update()
        top1, top5, judged = self.processes.total(counts).tolist()
        if not judged:
            raise ValueError(f"no picture of {self.pictures.folder.root} can be read")
        return Accuracy(top1 / judged, top5 / judged, int(judged), tuple(left_out), self.pictures.crops)


def _mean_probabilities(model: nn.Module, images: Tensor, device: torch.device, computing: Computing) -> Tensor:
    """Return for pictures of shape (N, crops, channels, size, size) the mean probabilities (N, classes)."""
    crops = images.shape[1]
    together = images.flatten(0, 1).to(device, memory_format=computing.layout)
    with computing.autocast(device):
        scores = model(together).float()
    return scores.softmax(dim=1).unflatten(0, (-1, crops)).mean(dim=1)


def _right(scores: Tensor, labels: Tensor) -> Tensor:
    """Return how many are right by their first guess, and by five, and how many there are that could be read."""
    readable = labels != UNREADABLE
    best = scores.topk(min(TOP, scores.shape[1]), dim=1).indices == labels.unsqueeze(1)
    return torch.stack([best[:, 0].sum(), best.any(dim=1).sum(), readable.sum()]).double()


def usual_workers() -> int:
    """Return how many loading processes suit this machine: those cores that this process may use, up to eight."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 8)
