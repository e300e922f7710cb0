"""The state of a training on disk: written whole or not at all, the last few kept, the newest that is whole read."""

import errno
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

NAME = re.compile(r"step-(\d+)\.pt")
FREE_PART = 1.1  # of a file's size that must be free before it is begun


class Snapshots:
    """Snapshots of a training in a folder.

    Args:
        folder: made if it is not there.
        keep: how many are kept.

    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self.keep = keep
        folder.mkdir(parents=True, exist_ok=True)

    def paths(self) -> list[Path]:
        """Return the files, the oldest first."""
        found = {path: NAME.fullmatch(path.name) for path in self.folder.iterdir()}
        return sorted((path for path, match in found.items() if match), key=lambda path: int(found[path][1]))

    def save(self, step: int, state: Mapping[str, object]) -> Path:
        """Write a snapshot, and remove the oldest ones.

        Raises:
            OSError: if it cannot be written; those that were there are as they were.

        """
        path = self.folder / f"step-{step:09d}.pt"
        write_whole(path, lambda unfinished: torch.save(state, unfinished))
        for old in self.paths()[: -self.keep]:
            old.unlink()
        return path

    def newest(self) -> tuple[Path, dict[str, object]] | None:
        """Return the newest snapshot that can be read, ``None`` if there is none.

        Raises:
            ValueError: if there are some and none can be read.

        """
        there = self.paths()
        for path in reversed(there):
            try:
                return path, torch.load(path, map_location="cpu", weights_only=True)
            except (RuntimeError, EOFError, OSError) as error:
                print(f"{path.name} cannot be read ({error}): the one before it is taken")
        if there:
            raise ValueError(f"no snapshot in {self.folder} can be read; remove them to begin anew")
        return None


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name first, so that it is there whole or not at all, also after a power cut.

    Args:
        path: where it is to be; what was there is replaced at the end.
        write: writes to the path that it is given.

    Raises:
        OSError: if it cannot be written; the message says what is free.

    """
    unfinished = path.with_suffix(".part")
    try:
        write(unfinished)
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except (OSError, RuntimeError) as error:  # torch tells a full disk as a RuntimeError of its zip writer
        unfinished.unlink(missing_ok=True)
        free = shutil.disk_usage(path.parent).free
        full = isinstance(error, RuntimeError) or error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise OSError(
            f"{path} could not be written ({str(error).splitlines()[0]}); {free / 1e6:,.0f} MB are free there. Nothing "
            "that was there before is lost: " + ("make room, and " if full else "") + "type the same command again"
        ) from error


def expect_room(folder: Path, needed: int) -> None:
    """Refuse to begin a training whose snapshots the disk cannot hold.

    Args:
        folder: where they go.
        needed: bytes of all that are kept, and the one that is being written.

    Raises:
        OSError: if there is less.

    """
    free = shutil.disk_usage(folder).free
    if free < FREE_PART * needed:
        raise OSError(
            f"the snapshots need {needed / 1e6:,.0f} MB in {folder}, where {free / 1e6:,.0f} MB are free. Make room, "
            "keep fewer (--keep), or write elsewhere (--to)"
        )
