"""Pictures in folders, a folder a class, as ImageNet is unpacked: what is there, and in which order it is seen."""

import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from cnncourse.data.preprocessing import Preprocessing, read_picture
from cnncourse.full_size.augmentation import Augmentation

ENDINGS = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
TRAINING, VALIDATION = "train", ("val", "validation", "test")
UNREADABLE = -100  # the label of a picture that could not be read; cross-entropy passes over it


@dataclass(frozen=True)
class PictureFolder:
    """What a folder with a folder a class holds.

    Attributes:
        root: the folder.
        classes: names of its folders, in order: a picture's label is its place here.
        paths: the pictures, in order.
        labels: as many.

    """

    root: Path
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    labels: tuple[int, ...]

    def __repr__(self) -> str:
        return f"{self.root}: {len(self.paths):,} pictures of {len(self.classes)} classes"


def read_folder(root: Path, classes: Sequence[str] | None = None) -> PictureFolder:
    """Look what pictures a folder holds; none is opened.

    Args:
        root: has a folder a class.
        classes: the classes that there may be, in order; those that are there if left out.

    Raises:
        ValueError: if there is no such folder, or it has no classes, or a class has no pictures or is none of
            ``classes``.

    """
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}")
    folders = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise ValueError(f"{root} has no folders of classes; pictures are expected as {root}/CLASS/PICTURE.jpg")
    names = tuple(classes or folders)
    numbers = {name: number for number, name in enumerate(names)}
    strange = [name for name in folders if name not in numbers]
    if strange:
        raise ValueError(
            f"{root} has folders of {len(strange)} classes that the network does not know: {_some(strange)}. Is a "
            f"label misspelt? It knows {_some(names)}"
        )
    paths: list[str] = []
    labels: list[int] = []
    empty = []
    for name in sorted(folders, key=numbers.__getitem__):
        found = sorted(str(path) for path in (root / name).rglob("*") if path.suffix.lower() in ENDINGS)
        paths += found
        labels += [numbers[name]] * len(found)
        if not found:
            empty.append(name)
    if empty:
        raise ValueError(f"{root} has folders without pictures: {_some(empty)}. Was it unpacked whole?")
    return PictureFolder(root, names, tuple(paths), tuple(labels))


def read_both_folders(root: Path) -> tuple[PictureFolder, PictureFolder]:
    """Look what pictures a folder holds to train with, in ``train``, and to judge by, in ``val``.

    Raises:
        ValueError: if one of them is missing, or they have not the same classes.

    """
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}")
    beside = next((root / name for name in VALIDATION if (root / name).is_dir()), None)
    if not (root / TRAINING).is_dir() or beside is None:
        raise ValueError(
            f"{root} should hold two folders, {TRAINING} and {VALIDATION[0]}, each with a folder a class: "
            f"{root}/{TRAINING}/CLASS/PICTURE.jpg"
        )
    training = read_folder(root / TRAINING)
    validation = read_folder(beside, training.classes)
    missing = sorted(set(training.classes) - {training.classes[label] for label in validation.labels})
    if missing:
        raise ValueError(f"{beside} has no folders of {len(missing)} classes of {training.root}: {_some(missing)}")
    return training, validation


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


@dataclass(frozen=True)
class TrainingPictures(Dataset):
    """Changed pictures, asked for by epoch and place: the same two give the same image, whoever asks.

    A picture that cannot be read is left out: the next one that can takes its place, so that a batch keeps its size.
    """

    folder: PictureFolder
    rule: Preprocessing
    augmentation: Augmentation
    seed: int

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, int, str]:
        epoch, place = key
        broken: list[str] = []
        for _ in range(len(self.folder.paths)):
            path = self.folder.paths[place]
            try:
                picture = read_picture(path)
            except OSError:
                broken.append(path)
                place = (place + 1) % len(self.folder.paths)
                continue
            random = Random(f"{self.seed} {epoch} {place}")
            image = self.augmentation(picture, self.rule, random)
            return image, self.folder.labels[place], "\n".join(broken)
        raise ValueError(f"no picture of {self.folder.root} can be read")


@dataclass(frozen=True)
class ValidationPictures(Dataset):
    """Pictures as they are judged: shape (crops, channels, size, size)."""

    folder: PictureFolder
    rule: Preprocessing
    crops: int = 1

    def __len__(self) -> int:
        return len(self.folder.paths)

    def __getitem__(self, place: int) -> tuple[Tensor, int, str]:
        path = self.folder.paths[place]
        try:
            picture = read_picture(path)
        except OSError:
            size = (self.crops, self.rule.channels, self.rule.crop, self.rule.crop)
            return torch.zeros(size), UNREADABLE, path
        image = self.rule.ten_crops(picture) if self.crops == 10 else self.rule(picture).unsqueeze(0)
        return image, self.folder.labels[place], ""


@dataclass(frozen=True)
class Batches:
    """Which pictures each batch of a process has, from a step of the training to its end.

    Attributes:
        pictures: how many there are.
        batch_size: of a step, all processes together.
        parts: into how many batches a process divides its share of a step.
        rank: of this process.
        processes: how many there are.
        first_step: to begin with.
        last_step: to end before.
        seed: decides the order.

    """

    pictures: int
    batch_size: int
    parts: int
    rank: int
    processes: int
    first_step: int
    last_step: int
    seed: int

    @property
    def steps_an_epoch(self) -> int:
        """Steps in which every picture is seen once, but for those that fill no batch."""
        return self.pictures // self.batch_size

    def __len__(self) -> int:
        return (self.last_step - self.first_step) * self.parts

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        known, order = -1, []
        share = self.batch_size // self.processes
        part = share // self.parts
        for step in range(self.first_step, self.last_step):
            epoch, number = divmod(step, self.steps_an_epoch)
            if epoch != known:
                generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
                known, order = epoch, torch.randperm(self.pictures, generator=generator).tolist()
            first = number * self.batch_size + self.rank * share
            for begin in range(first, first + share, part):
                yield [(epoch, place) for place in order[begin : begin + part]]


def loader(pictures: Dataset, workers: int, *, pinned: bool, **options: object) -> DataLoader:
    """Return a loader whose processes leave signals to the one that trains.

    Args:
        pictures: to be loaded.
        workers: number of loading processes; 0 loads in this one.
        pinned: whether images are put where a graphics card can fetch them.
        options: those of ``DataLoader`` that say which pictures, in which order.

    """
    # A worker that is forked from a process with threads of torch, or of CUDA, may hang; a server forks clean ones.
    context = ("forkserver" if sys.platform != "win32" else "spawn") if workers else None
    return DataLoader(
        pictures,
        num_workers=workers,
        pin_memory=pinned,
        worker_init_fn=_leave_signals,
        prefetch_factor=4 if workers else None,
        multiprocessing_context=context,
        **options,
    )


def _leave_signals(_worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    torch.set_num_threads(1)
