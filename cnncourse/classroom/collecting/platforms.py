"""How platforms call what they give for download: whose each file is, told from its name alone.

Each kind follows the platform's own code or documentation: Canvas ``lib/content_zipper.rb``; Moodle
``mod/assign/locallib.php``, function ``download_submissions``, with and without folders, with the last underscore
(Moodle 3) and without (Moodle 4, ``mod/assign/classes/downloader.php``); Blackboard's "Assignment File Download";
Brightspace's "Download" of a submission folder; Gradescope's "Export Submissions" with its
``submission_metadata.yml``; nbgrader's course folder.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as CollectionOf
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import yaml

from cnncourse.classroom.collecting.deadline import read_time
from cnncourse.classroom.collecting.uploads import Upload, contents

# doejane_LATE_12345_67890_notebook.ipynb: the learner's and the upload's number; anonymous learners have a code.
CANVAS = re.compile(
    r"(?:(?P<name>(?!LATE_anon)[^\s.,()]*?)_)?(?:(?P<late>LATE|late)_)?(?:(?P<id>[0-9]{1,20})|anon_(?P<code>[A-Za-z0-9]{3,8}))_"
    r"(?:(?P<upload>[0-9]{1,20})_(?P<file>.+)|(?P<text>(?:text|link)\.html))",
    re.S,
)
# Jane Doe_12345_assignsubmission_file_, as a folder's name or before the file's; who is in no team has no number.
MOODLE = re.compile(
    r"(?:(?P<name>.+?)_(?P<id>[0-9]{1,20})|(?P<team>[^_]+))_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.S
)
# gradebook_BB101_Assignment201_jdoe_attempt_2026-11-30-10-00-00_notebook.ipynb, with a .txt about each attempt.
# The first time is Blackboard's: what follows is the learner's own, and may look like another's.
BLACKBOARD = re.compile(
    r"(?P<attempt>.+?_(?P<user>[^_]+)_[^\W\d_]+_(?P<time>[0-9]{4}(?:-[0-9]{2}){5}))(?:_(?P<file>.+)|\.txt)", re.S
)
LARGEST_ABOUT = 1_000_000  # bytes of such a .txt
# 12345-67890 - Jane Doe - Nov 30, 2026 1005 AM, a folder an attempt, or before the file's name; some have the
# learner's number before the name, and the time is written in the teacher's language.
BRIGHTSPACE = re.compile(
    r"(?P<id>[0-9]+-[0-9]+) ?- ?(?:(?P<number>[A-Z]*[0-9]+) - )?(?P<name>.+?) ?- ?"
    r"(?P<time>(?:[^-]|(?<=[0-9])-(?=[0-9]))*?(?<![0-9])20[0-9]{2}(?![0-9])"
    r"(?:[^-]|(?<=[0-9])-(?=[0-9]))*?[0-9][^-]*?)(?: - (?P<file>.+))?",
    re.S,
)
BRIGHTSPACE_HOUR = re.compile(r"([0-9]{1,2})[ :.-]?([0-9]{2})(?= ?(?:[AP]M)?$)")
ENDING = re.compile(r"\.ipynb(?:\.txt|\.json)?$", re.I)
GRADESCOPE = re.compile(r"submission_(?P<id>[0-9]+)")
GRADESCOPE_METADATA = "submission_metadata.yml"
LARGEST_METADATA = 20_000_000  # bytes


@dataclass(frozen=True)
class Owner:
    """Whose an upload is.

    Attributes:
        key: what identifies the learner in this source.
        name: how the source calls the learner.
        file: the file's name and the learner's own folders above it; empty for the learner's folder itself.
        concerns: whether it was handed in for this exercise.
        upload: grows with the order of uploads, where the platform numbers them.
        late: whether the platform marks it as late.
        submitted: when it was handed in, where the name says so.
        identifiers: what the platform calls the learner.
        also: what else the learner is called.

    """

    key: str
    name: str
    file: tuple[str, ...]
    concerns: bool = True
    upload: int = 0
    late: bool | None = None
    submitted: datetime | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()


# Says whose an upload is: nobody's, one learner's, or that of all in a group.
Kind = Callable[[Upload], Sequence[Owner]]


def kinds(uploads: Iterable[Upload], assignment: str, stems: CollectionOf[str]) -> dict[str, tuple[Kind, set[str]]]:
    """Return, by platform, what says whose an upload is, and which of the files and folders on top look like it.

    Args:
        uploads: all that was found.
        assignment: the exercise.
        stems: what the exercise's notebooks are called, in lower case and without ending.

    """
    uploads = list(uploads)
    votes: dict[str, set[str]] = {
        name: set() for name in ("canvas", "moodle", "blackboard", "brightspace", "gradescope", "nbgrader", "learner")
    }
    for upload in uploads:
        top, *below = upload.parts
        canvas, moodle = CANVAS.fullmatch(top), MOODLE.fullmatch(top)
        # What comes after the platform's own words is the learner's, and may look like anything.
        if moodle and not (canvas and len(canvas["name"] or "") < len(moodle["name"] or "")):
            votes["moodle"].add(top)
        elif BLACKBOARD.fullmatch(top):
            votes["blackboard"].add(top)
        elif canvas:
            votes["canvas"].add(top)
        elif BRIGHTSPACE.fullmatch(top):
            votes["brightspace"].add(top)
        elif GRADESCOPE.fullmatch(top):
            votes["gradescope"].add(top)
        elif below and below[0] == assignment:
            votes["nbgrader"].add(top)
        elif upload.is_notebook and not upload.is_folder and (len(below) <= 1 or stem(upload.parts[-1]) in stems):
            votes["learner"].add(top)
    votes["learner"] -= votes["nbgrader"]
    return {
        "canvas": (_canvas, votes["canvas"]),
        "moodle": (_moodle, votes["moodle"]),
        "blackboard": (_blackboard(uploads), votes["blackboard"]),
        "brightspace": (_brightspace, votes["brightspace"]),
        "gradescope": (_gradescope(uploads), votes["gradescope"]),
        "nbgrader": (_nbgrader(assignment), votes["nbgrader"]),
        "learner": (named_after_learner(assignment, stems), votes["learner"]),
    }


def stem(name: str) -> str:
    """Return a notebook's name in lower case and without its ending."""
    return ENDING.sub("", name).casefold()


def _canvas(upload: Upload) -> Sequence[Owner]:
    match = CANVAS.fullmatch(upload.parts[0])
    if match is None:
        return ()
    key = match["id"] or f"anon_{match['code']}"
    return (
        Owner(
            key=key,
            name=match["name"] or key,
            file=(match["file"] or match["text"], *upload.parts[1:]),
            upload=int(match["upload"] or 0),
            late=match["late"] is not None,
            identifiers={"canvas": match["id"] or ""},
        ),
    )


def _moodle(upload: Upload) -> Sequence[Owner]:
    match = MOODLE.fullmatch(upload.parts[0])
    if match is None:
        return ()
    file = (match["file"], *upload.parts[1:]) if match["file"] else upload.parts[1:]
    name = match["name"] or match["team"]
    return (Owner(match["id"] or name, name, file, identifiers={"moodle": match["id"] or ""}),)


def _blackboard(uploads: Iterable[Upload]) -> Kind:
    """Return what knows the learners by the texts about their attempts: user names may hold underscores."""
    users: dict[str, tuple[str, str]] = {}
    for upload in uploads:
        match = BLACKBOARD.fullmatch(upload.parts[0])
        if match and not match["file"] and len(upload.parts) == 1 and not (upload.objection or upload.is_folder):
            with suppress(ValueError):
                # "Name: Jane Doe (jdoe)" in the teacher's language
                text = contents(upload.path, upload.member, LARGEST_ABOUT).decode("utf-8", "replace")
                if about := re.match(r"[^:\n]*:\s*([^\n]*?)\s*\(([^()\s]+)\)\s*(?:\n|$)", text.lstrip("\ufeff")):
                    users[match["attempt"]] = about[2], about[1]

    def whose(upload: Upload) -> Sequence[Owner]:
        match = BLACKBOARD.fullmatch(upload.parts[0])
        if match is None:
            return ()
        user, name = users.get(match["attempt"], (match["user"], match["user"]))
        # Without that text, what stands before may belong to the name.
        pieces = match["attempt"][: match.end("user")].split("_")
        also = tuple("_".join(pieces[-count:]) for count in range(2, 5) if match["attempt"] not in users)
        try:
            submitted = datetime.strptime(match["time"], "%Y-%m-%d-%H-%M-%S").astimezone()
        except ValueError:
            submitted = None
        file = (match["file"] or "about the attempt.txt", *upload.parts[1:])
        upload_number = int(match["time"].replace("-", ""))
        return (Owner(user, name or user, file, submitted=submitted, upload=upload_number, also=also),)

    return whose


def _brightspace(upload: Upload) -> Sequence[Owner]:
    match = BRIGHTSPACE.fullmatch(upload.parts[0])
    if match is None:
        return ()
    try:
        submitted = read_time(BRIGHTSPACE_HOUR.sub(r"\1:\2", match["time"].strip()))
    except ValueError:
        submitted = None
    return (
        Owner(
            match["id"],
            match["name"],
            (match["file"], *upload.parts[1:]) if match["file"] else upload.parts[1:],
            upload=int(submitted.timestamp()) if submitted else 0,
            submitted=submitted,
            also=(match["number"],) if match["number"] else (),
        ),
    )


def _gradescope(uploads: Iterable[Upload]) -> Kind:
    """Return what knows the learners of Gradescope's export by its table; everybody of a group handed in."""
    owners: dict[str, list[Owner]] = {}
    for upload in uploads:
        if upload.parts == (GRADESCOPE_METADATA,) and not upload.objection:
            owners = _submitters(upload)

    def whose(upload: Upload) -> Sequence[Owner]:
        top, *below = upload.parts
        if not GRADESCOPE.fullmatch(top):
            return ()
        return [replace(owner, file=tuple(below)) for owner in owners.get(top, [Owner(top, top, ())])]

    return whose


def _submitters(upload: Upload) -> dict[str, list[Owner]]:
    try:
        table = yaml.safe_load(contents(upload.path, upload.member, LARGEST_METADATA))
        return {folder: list(_group(about)) for folder, about in table.items()}
    except (ValueError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        return {}  # another version's table: the folders' names are all that is known


def _group(about: Mapping[str, object]) -> Iterable[Owner]:
    submitted = about.get(":created_at")
    if not isinstance(submitted, datetime):
        submitted = None
    elif submitted.tzinfo is None:
        submitted = submitted.replace(tzinfo=UTC)
    for each in about[":submitters"]:
        name, email = str(each.get(":name", "")), str(each.get(":email") or "")
        yield Owner(str(each.get(":sid") or email or name), name, (), submitted=submitted, also=(email,))


def _nbgrader(assignment: str) -> Kind:
    def whose(upload: Upload) -> Sequence[Owner]:
        student, *below = upload.parts
        if not below and not upload.is_folder and not upload.objection:
            return ()
        # Whoever has a folder is in the class, also with another exercise's notebooks only.
        return (Owner(student, student, tuple(below[1:]), concerns=not below or below[0] == assignment),)

    return whose


def named_after_learner(assignment: str, stems: CollectionOf[str]) -> Kind:
    """Return what takes a folder's or notebook's name for the learner's, without the exercise's in or before it."""

    def cleaned(name: str) -> str:
        for word in sorted({assignment, *stems}, key=len, reverse=True):
            found = re.fullmatch(rf"(?:{re.escape(word)}[-_ ]+)?(.+?)(?:[-_ ]+{re.escape(word)})?", name, re.I | re.S)
            name = found[1] if found else name
        return name

    def whose(upload: Upload) -> Sequence[Owner]:
        top, *below = upload.parts
        is_archive = top.casefold().endswith(".zip") and not upload.is_folder
        if below or is_archive or (upload.is_folder and not upload.is_notebook):
            name = cleaned(top[: -len(".zip")] if top.casefold().endswith(".zip") else top)
            return (Owner(name, name, tuple(below)),) if name else ()
        if not upload.is_notebook or upload.is_folder:
            return ()
        name = cleaned(ENDING.sub("", top))
        return (Owner(name, name, upload.parts),) if name else ()

    return whose
