"""Train a network on a folder of pictures: interrupted at any time, the same command goes on where it stopped."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from cnncourse.display import progress_bar
from cnncourse.full_size.evaluation import Accuracy, Judge
from cnncourse.full_size.interrupts import StopRequest, stop_requests
from cnncourse.full_size.journal import Journal, LeftOut
from cnncourse.full_size.pictures import (
    Batches,
    PictureFolder,
    TrainingPictures,
    ValidationPictures,
    loader,
    read_both_folders,
)
from cnncourse.full_size.processes import Processes, these_processes
from cnncourse.full_size.settings import Running, Settings
from cnncourse.full_size.snapshots import Snapshots, expect_room, write_whole
from cnncourse.full_size.step import Learner
from cnncourse.weights.trained import save_network

SNAPSHOTS, NETWORK, SETTINGS = "snapshots", "network.pt", "settings.json"
ASK_EVERY = 10  # steps, after which several processes ask each other whether one is to stop


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        accuracy: of the network at the end, ``None`` if it has not come there.
        exit_status: 0 at the end; what a process ends with that the signal has ended otherwise.
        step: number of steps that are done.
        left_out: how many pictures could not be read.

    """

    accuracy: Accuracy | None
    exit_status: int
    step: int
    left_out: int


def train(settings: Settings, root: Path, to: Path, running: Running) -> Outcome:
    """Train a network; if the run's folder has snapshots, go on from the newest.

    Args:
        settings: what is trained, and how.
        root: has the folders ``train`` and ``val``, each with a folder a class.
        to: the run's folder, made if it is not there: snapshots, tables, and ``network.pt``.
        running: the rest.

    Raises:
        ValueError: if the pictures are not as they should be, or the run's folder is that of another run.
        FloatingPointError: if the loss is no longer a finite number.
        OSError: if something cannot be written.

    """
    folder, beside = read_both_folders(root)
    _expect_batches(settings, folder)
    with these_processes(running.device) as processes, stop_requests() as stop:
        if settings.recipe.batch_size % (processes.count * running.computing.parts):
            raise ValueError(
                f"a batch of {settings.recipe.batch_size} cannot be divided among {processes.count} processes, "
                f"{running.computing.parts} parts each: change --batch-size"
            )
        to.mkdir(parents=True, exist_ok=True)
        _expect_same_run(to / SETTINGS, settings.record(folder), processes)
        return _Run(settings, folder, beside, to, running, processes, stop).go_on()


class _Run:
    """A training in progress."""

    def __init__(
        self,
        settings: Settings,
        folder: PictureFolder,
        beside: PictureFolder,
        to: Path,
        running: Running,
        processes: Processes,
        stop: StopRequest,
    ) -> None:
        self.settings, self.folder, self.to, self.running = settings, folder, to, running
        self.processes, self.stop = processes, stop
        self.learner = Learner(settings.network(len(folder.classes)), settings.recipe, running.computing, processes)
        share = settings.recipe.batch_size // processes.count // running.computing.parts
        judged_by = ValidationPictures(beside, settings.rule)
        self.judge = Judge(judged_by, processes, running.computing, share, running.workers)
        self.snapshots = Snapshots(to / SNAPSHOTS, running.keep)
        self.step, self.best = 0, -1.0
        self.epoch_loss = torch.zeros((), dtype=torch.float64, device=processes.device)
        self._restore()
        # Everybody has read before the first of us writes or removes anything.
        processes.wait()
        if processes.first and not self.step:
            expect_room(self.snapshots.folder, self._bytes() * (running.keep + 1))
        self.journal = Journal(to, self.step, tensorboard=running.tensorboard) if processes.first else None
        self.left_out = LeftOut(to)
        self.steps_an_epoch = len(folder.paths) // settings.recipe.batch_size
        self.last_step = self.steps_an_epoch * settings.recipe.epochs

    def go_on(self) -> Outcome:
        """Train from the step where it is to the end, or until somebody asks to stop."""
        accuracy = None
        batches = iter(self._loader())
        # Starting the loading processes takes seconds, once: it is no step's waiting.
        batches = chain(list(islice(batches, 1)), batches)
        started, waited = time.perf_counter(), 0.0
        with progress_bar(
            total=self.last_step, initial=self.step, unit="step", disable=not self.processes.first
        ) as bar:
            while self.step < self.last_step:
                bar.set_description(self._epoch_in_words(), refresh=False)
                asked = time.perf_counter()
                parts = [next(batches) for _ in range(self.running.computing.parts)]
                waited += time.perf_counter() - asked
                loss = self._learn(parts)
                self.step += 1
                bar.update()
                self._note(loss)
                stopping = self._is_to_stop()
                if self.step % self.steps_an_epoch == 0:
                    accuracy = self._end_epoch(time.perf_counter() - started, waited)
                    bar.set_postfix_str(f"top-1 {accuracy.top1:.1%}")
                    started, waited = time.perf_counter(), 0.0
                elif stopping or self.step % self.running.snapshot_every == 0:
                    self._save()
                if stopping:
                    break
        if self.journal is not None:
            self.journal.close()
        ended = self.step >= self.last_step
        if ended and accuracy is None:  # it had ended before, and was started once more
            accuracy = self._judge()
        status = 0 if ended else self.stop.exit_status
        return Outcome(accuracy if ended else None, status, self.step, len(self.left_out.paths))

    def _epoch_in_words(self) -> str:
        return f"epoch {self.step // self.steps_an_epoch + 1}/{self.settings.recipe.epochs}"

    def _loader(self) -> DataLoader:
        pictures = TrainingPictures(
            self.folder, self.settings.rule, self.settings.recipe.augmentation, self.settings.seed
        )
        order = Batches(
            pictures=len(self.folder.paths),
            batch_size=self.settings.recipe.batch_size,
            parts=self.running.computing.parts,
            rank=self.processes.rank,
            processes=self.processes.count,
            first_step=self.step,
            last_step=self.last_step,
            seed=self.settings.seed,
        )
        return loader(pictures, self.running.workers, pinned=self.processes.device.type == "cuda", batch_sampler=order)

    def _learn(self, parts: list[tuple[Tensor, Tensor, tuple[str, ...]]]) -> Tensor:
        for _, _, broken in parts:
            self.left_out.note(broken)
        # Random numbers of a step are its own: a run that was interrupted draws the same as one that was not.
        torch.manual_seed((self.settings.seed * 1_000_003 + self.step) * 4096 + self.processes.rank)
        loss = self.learner.step([part[:2] for part in parts], self.step / self.steps_an_epoch, self.step)
        self.epoch_loss += loss
        return loss

    def _note(self, loss: Tensor) -> None:
        if self.step % self.running.note_every:
            return
        mean = (self.processes.total(loss.double()) / self.processes.count).item()
        rate = self.settings.recipe.rate_at((self.step - 1) / self.steps_an_epoch)
        if not abs(mean) < float("inf"):
            raise FloatingPointError(
                f"the loss became {mean} at step {self.step}; try a learning rate below {rate:.3g} (--rate) in a new "
                "folder (--to)"
            )
        if self.journal is not None:
            epoch = self.step / self.steps_an_epoch
            self.journal.step(self.step, {"epoch": epoch, "learning_rate": rate, "loss": mean})

    def _end_epoch(self, seconds: float, waited: float) -> Accuracy:
        """Judge the network, write it down, and keep it."""
        accuracy = self._judge()
        mean = self.processes.total(self.epoch_loss.clone()).item() / self.processes.count / self.steps_an_epoch
        self.epoch_loss.zero_()
        is_best = accuracy.top1 > self.best
        self.best = max(accuracy.top1, self.best)
        if self.processes.first:
            if self.journal is not None:
                values = {
                    "epoch": self.step // self.steps_an_epoch,
                    "training_loss": mean,
                    "top1": accuracy.top1,
                    "top5": accuracy.top5,
                    "seconds": seconds,
                    "waiting_share": waited / seconds,
                    "left_out": len(self.left_out.paths),
                }
                self.journal.epoch(self.step, values)
            if is_best:
                self._keep_network()
        self._save()
        return accuracy

    def _judge(self) -> Accuracy:
        accuracy = self.judge(self.learner.judged)
        self.left_out.note(accuracy.left_out)
        return accuracy

    def _keep_network(self) -> None:
        form = self.settings.form(len(self.folder.classes))
        write_whole(
            self.to / NETWORK,
            lambda path: save_network(path, self.learner.judged, form, self.settings.rule, self.folder.classes),
        )

    def _is_to_stop(self) -> bool:
        if self.processes.count == 1:
            return bool(self.stop)
        return self.step % ASK_EVERY == 0 and self.processes.any(bool(self.stop))

    def _save(self) -> None:
        """Write a snapshot; all processes must call it, and the first writes."""
        so_far = self.processes.total(self.epoch_loss.clone()).item() / self.processes.count
        learner = self.learner
        state = {
            "step": self.step,
            "best": self.best,
            "epoch_loss": so_far,
            "network": learner.network.state_dict(),
            "optimiser": learner.optimiser.state_dict(),
            "scaler": learner.scaler.state_dict(),
            "averaged": learner.averaged.state_dict() if learner.averaged is not None else {},
        }
        if self.processes.first:
            self.snapshots.save(self.step, state)

    def _restore(self) -> None:
        found = self.snapshots.newest()
        if found is None:
            return
        path, state = found
        learner = self.learner
        learner.network.load_state_dict(state["network"])
        learner.optimiser.load_state_dict(state["optimiser"])
        learner.scaler.load_state_dict(state["scaler"])
        if learner.averaged is not None:
            learner.averaged.load_state_dict(state["averaged"])
        self.step, self.best = state["step"], state["best"]
        self.epoch_loss.fill_(state["epoch_loss"])
        if self.processes.first:
            print(f"going on from step {self.step:,} ({path.name})", flush=True)

    def _bytes(self) -> int:
        """Return about how large a snapshot is: weights, momentum, and the average of the weights."""
        weights = sum(tensor.nbytes for tensor in self.learner.network.state_dict().values())
        return weights * (2 if self.learner.averaged is None else 3)


def _expect_batches(settings: Settings, folder: PictureFolder) -> None:
    if len(folder.paths) < settings.recipe.batch_size:
        raise ValueError(
            f"{folder.root} has {len(folder.paths):,} pictures, and a batch {settings.recipe.batch_size}: give a "
            "smaller --batch-size"
        )


def _expect_same_run(path: Path, record: Mapping[str, object], processes: Processes) -> None:
    """Refuse a folder in which something else was trained; write down what is, if it is new."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    processes.wait()  # nobody writes before everybody has looked
    if known is None and processes.first:
        write_whole(path, lambda unfinished: unfinished.write_text(json.dumps(record, indent=1), encoding="utf-8"))
    if known not in (None, record):
        others = [name for name, value in record.items() if known.get(name) != value]
        raise ValueError(
            f"{path.parent} is the folder of another run, with another {', '.join(others)}. Give a folder of its own "
            "(--to), or the same settings"
        )
