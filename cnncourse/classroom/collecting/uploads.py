"""Files as they were handed in: found in a folder or in a zip file, also in a learner's own within, and read in place.

Nothing is unpacked to disk, no link is followed, and no name is trusted. Whatever is odd about a file becomes an
objection that travels with it, so that one learner's upload never stops the others'.
"""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

NOTEBOOK_ENDINGS = (".ipynb", ".ipynb.txt", ".ipynb.json")
DEEPEST = 8  # folders within folders; no learner's notebook is further down
LARGEST_ARCHIVE = 200_000_000  # bytes of a learner's own zip file
MOST_MEMBERS = 10_000  # of a learner's own zip file that are looked at
DEEPEST_ARCHIVE = 3  # zip files within zip files of a learner
MOST_ARCHIVES = 5  # zip files within one that are opened
LOCAL_HEADER = 30  # bytes before a member's name, at the place where its data begin


@dataclass(frozen=True, slots=True)
class Upload:
    """A file or folder that was found, not read yet.

    Attributes:
        parts: the names of the folders below the source, and its own.
        path: the file, or the zip file that holds it.
        member: its name within the zip file, and within a learner's zip file in that; empty if it is the file itself.
        is_folder: whether it is a folder.
        modified: grows with the time it was last changed; comparable within one source only.
        objection: why it cannot be used, "" if it can.

    """

    parts: tuple[str, ...]
    path: Path
    member: tuple[str, ...] = ()
    is_folder: bool = False
    modified: tuple[int, ...] = ()
    objection: str = ""

    @property
    def is_notebook(self) -> bool:
        """Whether its name is that of a notebook; browsers save it with another ending behind its own."""
        return self.parts[-1].casefold().endswith(NOTEBOOK_ENDINGS)


def find(source: Path) -> Iterator[Upload]:
    """Find all files and folders of a source, or a notebook alone, and the notebooks in learners' own zip files.

    Editors' and systems' own hidden files are passed over.

    Raises:
        LookupError: if there is no such source.
        ValueError: if it is neither a folder, nor a notebook, nor a zip file that can be read.

    """
    if source.is_dir():
        found = _in_folder(source)
    elif not source.exists():
        raise LookupError(f"there is no {source}")
    elif (alone := Upload((source.name,), source, modified=(source.stat().st_mtime_ns,))).is_notebook:
        found = iter([alone])
    elif _is_archive(alone) or zipfile.is_zipfile(source):
        found = _in_zip(source)
    else:
        raise ValueError(
            f"{source} is neither a folder, nor a notebook, nor a zip file; unpack an archive of another kind, and "
            f"give the folder"
        )
    everything = (each for upload in found for each in _with_what_is_within(upload))
    return (upload for upload in everything if not any(p.startswith(".") and p != ".." for p in upload.parts))


def _with_what_is_within(upload: Upload, depth: int = 1) -> Iterator[Upload]:
    """Yield an upload, and the notebooks in it if it is a zip file, or a zip file of zip files."""
    if upload.is_folder or upload.objection or not _is_archive(upload):
        yield upload
        return
    try:
        data = contents(upload.path, upload.member, LARGEST_ARCHIVE)
        members, by_name = _members(BytesIO(data), upload.parts[-1])
    except ValueError as error:
        yield replace(upload, objection=f"is an archive that cannot be read ({error})")
        return
    yield upload
    within = list(_uploads(members[:MOST_MEMBERS], by_name, upload.path, upload.parts, upload.member))
    yield from (each for each in within if each.is_notebook and not each.is_folder)
    if depth < DEEPEST_ARCHIVE:
        archives = [each for each in within if _is_archive(each) and not each.is_folder]
        for archive in archives[:MOST_ARCHIVES]:
            yield from _with_what_is_within(archive, depth + 1)


def _is_archive(upload: Upload) -> bool:
    return upload.parts[-1].casefold().endswith(".zip")


def _in_folder(folder: Path) -> Iterator[Upload]:
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        parents = waiting.pop()
        try:
            with os.scandir(folder.joinpath(*parents)) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if not parents:
                raise ValueError(f"{folder} cannot be read: {error.strerror}") from error
            yield Upload(parents, folder.joinpath(*parents), objection=f"cannot be opened: {error.strerror}")
            continue
        for entry in found:
            if entry.name == "__MACOSX":
                continue
            parts, path = (*parents, entry.name), Path(entry.path)
            if entry.is_symlink():
                yield Upload(parts, path, objection="is a link, which is not followed")
            elif entry.is_dir(follow_symlinks=False):
                yield Upload(parts, path, is_folder=True)
                if len(parts) < DEEPEST:
                    waiting.append(parts)
            elif not entry.is_file(follow_symlinks=False):
                yield Upload(parts, path, objection="is no ordinary file")
            else:
                yield Upload(parts, path, modified=(entry.stat(follow_symlinks=False).st_mtime_ns,))


def _in_zip(path: Path) -> Iterator[Upload]:
    return _uploads(*_directory(path), path)


def _uploads(
    members: Iterable[zipfile.ZipInfo],
    by_name: Mapping[str, zipfile.ZipInfo],
    path: Path,
    above: tuple[str, ...] = (),
    within: tuple[str, ...] = (),
) -> Iterator[Upload]:
    for info in members:
        steps = _readable(info).replace("\\", "/").rstrip("/").split("/")
        parts = (steps[0], *(step for step in steps[1:] if step not in ("", ".")))
        parts = parts[1:] if parts[0] == "." and len(parts) > 1 else parts
        if "__MACOSX" in parts:
            continue
        objection = _objection(info, parts)
        if not objection and by_name[info.filename] is not info:
            objection = "is in the zip file more than once; the last one counts"
        is_folder = info.is_dir() and not objection
        yield Upload((*above, *parts), path, (*within, info.filename), is_folder, info.date_time, objection)


def _objection(info: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if "\0" in info.orig_filename:
        return "has a name that ends in the middle"
    if ".." in parts or parts[0] == "" or parts[0][1:2] == ":":
        return "has a name that leads out of its folder"
    if kind == stat.S_IFLNK:
        return "is a link, which is not followed"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is no ordinary file"
    if info.flag_bits & 1:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in a way that is not read here"
    return ""


def _readable(info: zipfile.ZipInfo) -> str:
    """Return a member's name; macOS writes UTF-8 without saying so, and zipfile then reads it as cp437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _directory(path: Path) -> tuple[list[zipfile.ZipInfo], dict[str, zipfile.ZipInfo]]:
    """Return a zip file's members in order, and by name: of several with the same, the last."""
    state = path.stat()
    return _directory_of_version(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)  # a class comes in one zip file: going through its directory for each learner takes hours
def _directory_of_version(
    path: Path, _modified: int, _size: int
) -> tuple[list[zipfile.ZipInfo], dict[str, zipfile.ZipInfo]]:
    return _members(path, str(path))


def _members(archive: Path | BytesIO, name: str) -> tuple[list[zipfile.ZipInfo], dict[str, zipfile.ZipInfo]]:
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
    except (zipfile.BadZipFile, struct.error, OSError, NotImplementedError) as error:
        raise ValueError(f"{name} is neither a folder nor a zip file that can be read: {error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name} holds names in another encoding than it says; unpack it, and give the folder instead"
        ) from error
    # zipfile cuts names at a NUL: such a member must not stand in for one that really has the name.
    return members, {info.filename: info for info in members if "\0" not in info.orig_filename}


def contents(path: Path, member: tuple[str, ...], limit_in_bytes: int) -> bytes:
    """Read a file, or a zip file's member, up to a limit.

    Args:
        path: the file, or the zip file.
        member: the names within zip files, one in the other; empty if the file itself is meant.
        limit_in_bytes: reading stops here, whatever the zip file says of the member's size.

    Raises:
        ValueError: if it is larger, damaged, or cannot be read; the message says which.

    """
    try:
        if not member:
            data = _bytes(path, limit_in_bytes)
        elif len(member) == 1:
            with path.open("rb") as file:
                data = _unpacked(file, _directory(path)[1], member[0], limit_in_bytes)
        else:
            archive = BytesIO(contents(path, member[:-1], LARGEST_ARCHIVE))
            data = _unpacked(archive, _members(archive, member[-2])[1], member[-1], limit_in_bytes)
    except (OSError, zlib.error, struct.error) as error:
        raise ValueError(f"the file cannot be read: {getattr(error, 'strerror', '') or 'it is damaged'}") from error
    if len(data) > limit_in_bytes:
        raise ValueError(f"the file is larger than {limit_in_bytes:,} bytes")
    return data


def _bytes(path: Path, limit: int) -> bytes:
    # The file may have been replaced since it was found: no link is followed, and no pipe is waited for.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("the file cannot be read: it is no ordinary file")
        return file.read(limit + 1)


def _unpacked(file: BinaryIO, by_name: Mapping[str, zipfile.ZipInfo], member: str, limit: int) -> bytes:
    info = by_name.get(member)
    if info is None or _objection(info, tuple(member.replace("\\", "/").split("/"))):
        raise ValueError("the file cannot be read: the zip file has no such member, or none that may be used")
    file.seek(info.header_offset)
    header = file.read(LOCAL_HEADER)
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    file.seek(name_length + extra_length, os.SEEK_CUR)
    # No data within the limit take more room packed than this.
    packed = file.read(min(info.compress_size, limit + limit // 100 + 1000))
    if info.compress_type == zipfile.ZIP_STORED:
        data = packed[: limit + 1]
    else:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit + 1)
    if len(data) <= limit and zlib.crc32(data) != info.CRC:
        raise ValueError("the file cannot be read: it is damaged")
    return data
