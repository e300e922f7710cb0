"""One process, or several that torch's own launcher starts: who we are, and what we have in common."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class Processes:
    """The processes that train together.

    Attributes:
        rank: of this one, from 0.
        count: how many there are.
        device: that this one computes on.

    """

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.rank == 0

    def total(self, numbers: Tensor) -> Tensor:
        """Return the sum of every process's numbers; all must call it."""
        if self.count > 1:
            dist.all_reduce(numbers)
        return numbers

    def any(self, said: bool) -> bool:
        """Return whether one of them says so; all must call it."""
        return bool(self.total(torch.tensor(float(said), device=self.device)).item())

    def wait(self) -> None:
        """Wait until all have come here."""
        if self.count > 1:
            dist.barrier()

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return a network whose gradients are the mean of all processes'."""
        if self.count == 1:
            return model
        devices = [self.device.index] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(model, device_ids=devices)


@contextmanager
def these_processes(device: str | None = None) -> Iterator[Processes]:
    """Join the others that torch's launcher started, if it did, and leave them at the end.

    Args:
        device: "cpu", "cuda" or the like; a graphics card, if there is one, if left out.

    """
    count, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cuda":
        kind = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
    chosen = torch.device(kind)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    if count > 1:
        _join("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield Processes(rank, count, chosen)
    finally:
        if count > 1:
            dist.destroy_process_group()


def _join(backend: str) -> None:
    """Meet the other processes, apart from what those left behind that the launcher has started before."""
    store, rank, count = next(dist.rendezvous("env://"))
    # The launcher's store outlives them: with their old addresses in it, who comes first would wait for the dead.
    attempt = dist.PrefixStore(f"attempt {os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", store)
    dist.init_process_group(backend, store=attempt, rank=rank, world_size=count)


def launcher_line(arguments: Sequence[str], processes: int) -> str:
    """Return what one types to do the same with several processes, that are started again if one of them dies.

    Args:
        arguments: those of ``cnncourse``.
        processes: how many, on this machine.

    """
    return f"torchrun --standalone --nproc-per-node={processes} --max-restarts=3 -m cnncourse.cli {' '.join(arguments)}"
