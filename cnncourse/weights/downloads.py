"""Files of weights: found on this machine, or downloaded, and compared with their checksum before they are used."""

import hashlib
import os
from pathlib import Path

import torch

from cnncourse.data.fetching import cache_folder, download, first_line
from cnncourse.weights.checkpoints import Checkpoint

MIRROR = "CNNCOURSE_MIRROR"  # an address of a folder that has the files under their own names, for a class or a cluster


class WeightsUnavailableError(OSError):
    """A file of weights is neither here nor can it be downloaded; the message says where to get and to put it."""


def weights_folder() -> Path:
    """Return where the course keeps weights: ``weights`` in $CNNCOURSE_DATA, or in the user's cache folder."""
    return cache_folder() / "weights"


def found_weights(checkpoint: Checkpoint) -> Path | None:
    """Return a checkpoint's file if this machine has it, in the course's folder or where torchvision keeps its own."""
    places = (weights_folder(), Path(torch.hub.get_dir()) / "checkpoints")
    found = (place / checkpoint.file_name for place in places)
    return next((path for path in found if path.is_file() and is_intact(path, checkpoint)), None)


def weights_file(checkpoint: Checkpoint) -> Path:
    """Return the path of a checkpoint's file, which is downloaded only if no intact one is on this machine.

    An interrupted download is gone on with. A mirror in $CNNCOURSE_MIRROR is asked before the publisher.

    Raises:
        WeightsUnavailableError: if nobody delivers the file intact.

    """
    found = found_weights(checkpoint)
    if found is not None:
        return found
    import requests

    folder = weights_folder()
    folder.mkdir(parents=True, exist_ok=True)
    troubles = []
    for address in _addresses(checkpoint):
        try:
            arrived = download(address, folder)
            if is_intact(arrived, checkpoint):
                return arrived.replace(folder / checkpoint.file_name)
            arrived.unlink()
            troubles.append(f"  {address}: what arrived has another checksum, and was removed")
        except (OSError, requests.RequestException) as error:
            troubles.append(f"  {address}: {first_line(error)}")
    raise WeightsUnavailableError(
        f"the weights of {checkpoint.name} are not here and could not be downloaded.\n"
        + "\n".join(troubles)
        + f"\nWanted is the file {checkpoint.file_name}, whose SHA-256 begins with {checkpoint.checksum}. Check the "
        f"network and try again: what has arrived so far is kept. Or get it elsewhere, and put it into\n  {folder}\n"
        "or give its path (--weights FILE; weights=…)."
    )


def is_intact(path: Path, checkpoint: Checkpoint) -> bool:
    """Whether a file's SHA-256 begins as the published file's name says."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(checkpoint.checksum)


def _addresses(checkpoint: Checkpoint) -> tuple[str, ...]:
    mirror = os.environ.get(MIRROR, "").rstrip("/")
    return (f"{mirror}/{checkpoint.file_name}", checkpoint.address) if mirror else (checkpoint.address,)
