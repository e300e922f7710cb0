"""nbgrader's ``collect`` for an exchange into which a whole class may write: nothing is what it only says it is.

nbgrader takes a folder for a learner's because of its name, and follows links as whoever collects. Here the system says
whose a file is, and no link is followed: a learner can hand in neither for somebody else, nor what only teachers read.
"""

import os
import pwd
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import parse_utc

NAME = re.compile(r"(?P<student>.+)\+(?P<assignment>[^+]+)\+(?P<time>[^+]+)\+[^+]+", re.DOTALL)
A_WHILE = timedelta(minutes=10)  # that handing in may take
MOST_FILES = 100  # of one hand-in


@dataclass(frozen=True)
class HandIn:
    """A folder of the exchange.

    Attributes:
        folder: its name.
        student: who handed it in, by its name and by its owner.
        time: when, as its name has it.
        owner: the system's number of who handed it in.

    """

    folder: str
    student: str
    time: str
    owner: int

    @property
    def submitted(self) -> datetime:
        """When it was handed in, as it says; in UTC, without a time zone."""
        return parse_utc(self.time)


class OwnHandIns(ExchangeCollect):
    """Collects each learner's latest own hand-in; ``ExchangeFactory.collect`` in nbgrader_config.py names it."""

    def init_src(self) -> None:
        """Find the hand-ins.

        Raises:
            ExchangeError: if there is no such course, only others may collect in it, or only what is in time is asked
                for.

        """
        if self.before_duedate:
            self.fail("whatever was handed in is collected; deadlines are set when it is graded")
        self.inbound_path = str(Path(self.root) / self.coursedir.course_id / "inbound")
        if not self.coursedir.course_id or not os.access(self.inbound_path, os.R_OK | os.X_OK):
            self.fail(f"there is no folder of hand-ins that you may read: {self.inbound_path}")
        latest: dict[str, HandIn] = {}
        with _folder(self.inbound_path) as inbound:
            for each in self._hand_ins(inbound):
                if each.student not in latest or each.submitted > latest[each.student].submitted:
                    latest[each.student] = each
        self.src_records = [latest[student] for student in sorted(latest)]

    def copy_files(self) -> None:
        """Copy the hand-ins to ``submitted/STUDENT/ASSIGNMENT``; what is there already only if ``--update`` says so."""
        if not self.src_records:
            self.log.warning("nobody has handed in %s", self.coursedir.assignment_id)
        for each in self.src_records:
            place = Path(
                self.coursedir.format_path(
                    self.coursedir.submitted_directory, each.student, self.coursedir.assignment_id
                )
            )
            before = self.coursedir.get_existing_timestamp(str(place))
            if place.is_dir() and not self.update:
                self.log.info("%s is there already: --update looks for a later one", place)
            elif before is not None and before >= each.submitted:
                self.log.info("%s is the latest", place)
            else:
                try:
                    self._copy(each, place)
                except OSError as error:  # its owner may have taken it away; the others' are collected
                    self.log.error("%s could not be collected: %s", place, error)
                else:
                    self.log.info("collected %s", place)

    def _hand_ins(self, inbound: int) -> Iterator[HandIn]:
        for name in _names(inbound):
            said = NAME.fullmatch(name)
            if (
                said is None
                or said["assignment"] != self.coursedir.assignment_id
                or not fnmatchcase(said["student"], self.coursedir.student_id or "*")
            ):
                continue
            try:
                with _folder(name, inbound) as folder:
                    found = HandIn(name, said["student"], said["time"], os.fstat(folder).st_uid)
                owner, _ = pwd.getpwuid(found.owner).pw_name, found.submitted
            except (OSError, ValueError, OverflowError, KeyError) as error:
                self.log.warning("%r is left out: %s", name, error)
                continue
            if owner == found.student:
                yield found
            else:
                self.log.warning("%r is left out: it was not written by %s, but by %s", name, found.student, owner)

    def _copy(self, hand_in: HandIn, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=place.parent, prefix=".") as scratch,
            _folder(self.inbound_path) as inbound,
            _folder(hand_in.folder, inbound) as folder,
        ):
            copy = Path(scratch) / "copy"
            copy.mkdir()
            names = _names(folder)
            for name in names[:MOST_FILES]:
                if why := self._copied(name, folder, copy, hand_in):
                    self.log.warning("%s: %r is left out: %s", hand_in.student, name, why)
            if len(names) > MOST_FILES:
                self.log.warning("%s: %d files are left out", hand_in.student, len(names) - MOST_FILES)
            (copy / "timestamp.txt").write_text(hand_in.time, encoding="utf-8")
            if place.is_dir():
                shutil.rmtree(place)
            copy.rename(place)

    def _copied(self, name: str, folder: int, copy: Path, hand_in: HandIn) -> str:
        """Copy a file, and return "", or why it is not copied."""
        try:
            # Not to wait for a pipe; and what is checked is what was opened, whatever bears the name a moment later.
            file = os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb")
        except OSError as error:
            return f"it cannot be opened, or is a link ({error.strerror})"
        with file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                return "it is no ordinary file"
            if about.st_uid != hand_in.owner:
                return "it was written by somebody else"
            if about.st_size > 1000 * self.coursedir.max_file_size:
                return f"it is larger than {self.coursedir.max_file_size:,} kB"
            written = datetime.fromtimestamp(about.st_ctime, UTC).replace(tzinfo=None)
            if written - A_WHILE > hand_in.submitted:
                self.log.warning(
                    "%s: %r was written at %s, and says that it was handed in at %s",
                    hand_in.student, name, f"{written:%Y-%m-%d %H:%M} UTC", hand_in.time,
                )  # fmt: skip
            (copy / name).write_bytes(file.read(about.st_size))
        return ""


@contextmanager
def _folder(name: str, within: int | None = None) -> Iterator[int]:
    """Open a folder that is no link, and give its descriptor."""
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries)
