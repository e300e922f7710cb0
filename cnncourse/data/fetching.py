"""Downloads that are checked, cached and resumed where they stopped."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from cnncourse.display import progress_bar

OFFLINE_DATA = "cnncourse.data.digits() and cnncourse.data.photo_patches() come with the course and need no network"


class DataUnavailableError(RuntimeError):
    """A data set could not be downloaded; the message says what to do and which data need no network."""


@dataclass(frozen=True)
class RemoteFiles:
    """The files of a data set.

    Attributes:
        name: what the data set is called, and its folder in the cache.
        mirrors: addresses of folders that hold the files, tried in this order.
        checksums: for each file name, its checksum as pooch writes it, for example "md5:…".

    """

    name: str
    mirrors: tuple[str, ...]
    checksums: dict[str, str]


def cache_folder() -> Path:
    """Return the folder that keeps downloads: $CNNCOURSE_DATA, or the user's cache folder."""
    import pooch

    return Path(os.environ.get("CNNCOURSE_DATA") or pooch.os_cache("cnncourse"))


def fetch(files: RemoteFiles, file_name: str) -> Path:
    """Return the path of a file of a data set, downloading it only if the cache has no intact copy.

    Args:
        files: the data set.
        file_name: which of its files.

    Raises:
        DataUnavailableError: if no mirror delivers the file intact.

    """
    import pooch
    import requests

    troubles = []
    for mirror in files.mirrors:
        downloads = pooch.create(
            path=cache_folder() / files.name,
            base_url=mirror,
            registry=files.checksums,
            retry_if_failed=1,  # a corrupt file is fetched once more before the next mirror is tried
        )
        try:
            return Path(downloads.fetch(file_name, downloader=resuming_downloader))
        except (OSError, ValueError, requests.RequestException) as error:
            troubles.append(f"  {mirror}: {first_line(error)}")
    raise DataUnavailableError(
        f"{files.name}: the file {file_name} could not be downloaded.\n"
        + "\n".join(troubles)
        + f"\nCheck the network and try again: what has arrived so far is kept. Meanwhile, {OFFLINE_DATA}."
    )


def resuming_downloader(url: str, output_file: str, downloads: object) -> None:
    """Download a file for pooch, which keeps unfinished downloads in its own folder.

    Args:
        url: what to download.
        output_file: where pooch wants it.
        downloads: the calling pooch object.

    """
    shutil.move(download(url, Path(downloads.path)), output_file)


def download(url: str, folder: Path) -> Path:
    """Download a file, with a progress bar, going on from where an interrupted download stopped.

    Args:
        url: what to download.
        folder: keeps the unfinished download.

    Returns:
        The finished download, still under the name of an unfinished one: nobody has compared its checksum yet.

    Raises:
        OSError: if the connection ends too early, or cannot be made.

    """
    import requests

    file_name = url.rsplit("/", 1)[-1]
    unfinished = folder / f"{file_name}.part"
    done = unfinished.stat().st_size if unfinished.exists() else 0
    headers = {"Range": f"bytes={done}-"} if done else {}
    with requests.get(url, headers=headers, stream=True, timeout=(10, 60)) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            unfinished.unlink()  # longer than the file itself: it can only be rubbish
            raise OSError("an unfinished download did not fit the file and was removed")
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        length = response.headers.get("Content-Length")
        total = int(length) + (done if resumed else 0) if length else None
        with (
            unfinished.open("ab" if resumed else "wb") as file,
            progress_bar(total=total, initial=done if resumed else 0, unit="B", unit_scale=True, desc=file_name) as bar,
        ):
            for chunk in response.iter_content(chunk_size=1 << 14):
                file.write(chunk)
                bar.update(len(chunk))
    size = unfinished.stat().st_size
    if total is not None and size < total:
        raise OSError(f"the connection ended after {size:,} of {total:,} bytes")
    return unfinished


def first_line(error: Exception) -> str:
    """Return what an error says, in a line."""
    return (str(error) or type(error).__name__).splitlines()[0]
