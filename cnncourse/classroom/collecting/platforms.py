"""How platforms call what they give for download: whose each file is, told from its name alone.

Each kind follows the platform's own code or documentation: Canvas ``lib/content_zipper.rb``; Moodle
``mod/assign/locallib.php``, function ``download_submissions``, with and without folders, with the last underscore
(Moodle 3) and without (Moodle 4); Blackboard's "Assignment File Download"; Brightspace's "Download" of a submission
folder; Gradescope's "Export Submissions" with its ``submission_metadata.yml``; nbgrader's course folder.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as CollectionOf
from dataclasses import dataclass, field
from datetime import datetime

import yaml

from cnncourse.classroom.collecting.uploads import Upload, contents

# doejane_LATE_12345_67890_notebook.ipynb: the learner's and the upload's number; anonymous learners have a code.
CANVAS = re.compile(
    r"(?:(?P<name>(?!LATE_anon)[\w-]*?)_)?(?:(?P<late>LATE|late)_)?(?:(?P<id>[0-9]{1,20})|anon_(?P<code>[A-Za-z0-9]{3,8}))_"
    r"(?:(?P<upload>[0-9]{1,20})_(?P<file>.+)|(?P<text>(?:text|link)\.html))",
    re.S,
)
# Jane Doe_12345_assignsubmission_file_, as a folder's name or before the file's.
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>[0-9]{1,20})_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.S)
# gradebook_BB101_Assignment201_jdoe_attempt_2026-11-30-10-00-00_notebook.ipynb, with a .txt about each attempt.
BLACKBOARD = re.compile(
    r"(?P<title>.+)_(?P<user>[^_]+)_[^\W\d_]+_(?P<time>[0-9]{4}(?:-[0-9]{2}){5})(?:_(?P<file>.+)|\.txt)", re.S
)
# 12345-67890 - Jane Doe - Nov 30, 2026 1005 AM, a folder an attempt.
BRIGHTSPACE = re.compile(
    r"(?P<id>[0-9]+-[0-9]+) ?- ?(?P<name>.+?) ?- ?(?P<time>[^-]*[0-9]{4} [0-9]{1,2}:?[0-9]{2} ?(?:[AP]M)?)", re.S
)
BRIGHTSPACE_TIMES = ("%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p", "%d %B, %Y %I%M %p", "%d %B, %Y %H%M", "%b %d, %Y %H%M")
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

    """

    key: str
    name: str
    file: tuple[str, ...]
    concerns: bool = True
    upload: int = 0
    late: bool | None = None
    submitted: datetime | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)


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
        if moodle and not (canvas and len(canvas["name"] or "") < len(moodle["name"])):
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
        "blackboard": (_blackboard, votes["blackboard"]),
        "brightspace": (_brightspace, votes["brightspace"]),
        "gradescope": (_gradescope(uploads), votes["gradescope"]),
        "nbgrader": (_nbgrader(assignment), votes["nbgrader"]),
        "learner": (_named_after_learner(assignment, stems), votes["learner"]),
    }


def stem(name: str) -> str:
    """Return a notebook's name in lower case and without its ending."""
    return name.casefold().removesuffix(".ipynb")


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
    return (Owner(match["id"], match["name"], file, identifiers={"moodle": match["id"]}),)


def _blackboard(upload: Upload) -> Sequence[Owner]:
    match = BLACKBOARD.fullmatch(upload.parts[0])
    if match is None:
        return ()
    try:
        submitted = datetime.strptime(match["time"], "%Y-%m-%d-%H-%M-%S").astimezone()
    except ValueError:
        submitted = None
    file = (match["file"] or "about the attempt.txt", *upload.parts[1:])
    return (Owner(match["user"], match["user"], file, submitted=submitted, upload=int(re.sub("-", "", match["time"]))),)


def _brightspace(upload: Upload) -> Sequence[Owner]:
    match = BRIGHTSPACE.fullmatch(upload.parts[0])
    if match is None:
        return ()
    submitted = None
    for form in BRIGHTSPACE_TIMES:
        try:
            submitted = datetime.strptime(match["time"].strip().replace(":", ""), form).astimezone()
            break
        except ValueError:
            continue
    return (Owner(match["id"], match["name"], upload.parts[1:], submitted=submitted),)


def _gradescope(uploads: Iterable[Upload]) -> Kind:
    """Return what knows the learners of Gradescope's export by its table; everybody of a group handed in."""
    submitters: dict[str, list[tuple[str, str]]] = {}
    for upload in uploads:
        if upload.parts == (GRADESCOPE_METADATA,) and not upload.objection:
            submitters = _submitters(upload)

    def whose(upload: Upload) -> Sequence[Owner]:
        top, *below = upload.parts
        if not GRADESCOPE.fullmatch(top):
            return ()
        return [Owner(key, name, tuple(below)) for key, name in submitters.get(top, [(top, top)])]

    return whose


def _submitters(upload: Upload) -> dict[str, list[tuple[str, str]]]:
    try:
        table = yaml.safe_load(contents(upload.path, upload.member, LARGEST_METADATA))
        return {
            folder: [
                (str(each.get(":sid") or each.get(":email") or each[":name"]), str(each.get(":name", "")))
                for each in about[":submitters"]
            ]
            for folder, about in table.items()
        }
    except (ValueError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        return {}  # another version's table: the folders' names are all that is known


def _nbgrader(assignment: str) -> Kind:
    def whose(upload: Upload) -> Sequence[Owner]:
        student, *below = upload.parts
        if not below and not upload.is_folder and not upload.objection:
            return ()
        # Whoever has a folder is in the class, also with another exercise's notebooks only.
        return (Owner(student, student, tuple(below[1:]), concerns=not below or below[0] == assignment),)

    return whose


def _named_after_learner(assignment: str, stems: CollectionOf[str]) -> Kind:
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
        name = cleaned(top[: -len(".ipynb")])
        return (Owner(name, name, upload.parts),) if name else ()

    return whose
