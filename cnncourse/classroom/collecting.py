"""Find out who handed in what, in whatever shape it was downloaded; nothing is unpacked and no notebook is read."""

import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Collection as CollectionOf
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cnncourse.classroom.names import file_names, plain_text
from cnncourse.classroom.roster import Roster
from cnncourse.classroom.submissions import Collection, Submission
from cnncourse.classroom.uploads import Upload, contents, find

# doejane_LATE_12345_67890_notebook.ipynb: the learner's and the upload's number.
CANVAS = re.compile(r"(?P<name>.*?)_(?:(?P<late>LATE)_)?(?P<id>[0-9]{1,20})_(?P<upload>[0-9]{1,20})_(?P<file>.+)", re.S)
# Jane Doe_12345_assignsubmission_file_, as a folder's name or before the file's.
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>[0-9]{1,20})_assignsubmission_[a-z]+_(?P<file>.*)", re.S)
# What Canvas, browsers and JupyterLab add to the name of a file that is there already.
AGAIN = re.compile(r"(?P<stem>.+?)(?:-(?P<again>[0-9]{1,3})| ?\([0-9]{1,3}\)|-copy[0-9]{0,3})", re.S)
EXPECTED = (
    "expected nbgrader's submitted/STUDENT/{assignment}/*.ipynb, a folder of notebooks named after their learners, "
    "a folder with a folder a learner, or the zip file that Canvas or Moodle gives for download, unpacked or not"
)
MOST_REMARKS = 5  # for one learner about files that were left out


@dataclass(frozen=True)
class _Owner:
    """Whose an upload is.

    Attributes:
        key: what identifies the learner in this source.
        name: how the source calls the learner.
        file: the file's name and the learner's own folders above it; empty for the learner's folder itself.
        concerns: whether it was handed in for this exercise.
        upload: grows with the order of uploads, where the platform numbers them.
        late: whether the platform marks it as late.
        identifiers: what the platform calls the learner.

    """

    key: str
    name: str
    file: tuple[str, ...]
    concerns: bool = True
    upload: int = 0
    late: bool | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Pile:
    """All that one learner handed in."""

    owner: _Owner
    notebooks: list[tuple[_Owner, Upload]] = field(default_factory=list)
    others: list[tuple[_Owner, Upload]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def collect(
    source: Path,
    assignment: str,
    *,
    due: datetime | None = None,
    roster: Path | None = None,
    expected_names: CollectionOf[str] = (),
) -> Collection:
    """Find every learner's notebook.

    Args:
        source: nbgrader's course folder or its ``submitted``; a folder of notebooks, or of a folder a learner; the zip
            file that Canvas or Moodle gives for download, or the folder that was unpacked from it.
        assignment: the exercise, for example "01-lenet-5".
        due: from when on a submission is late, if the source says when it was handed in; without a time zone, the
            time of this machine.
        roster: the class as a CSV file; whoever is in it and handed in nothing is missing.
        expected_names: what the exercise's notebooks are called; decides which of a learner's notebooks counts.

    Raises:
        LookupError: if there is nothing there.
        ValueError: if it is none of these sources, or no roster.

    """
    class_list = Roster.read(roster) if roster else None
    if (source / "submitted").is_dir():
        source = source / "submitted"
    piles, nobodys = _piles(*_recognise(source, list(find(source)), assignment), assignment)
    people = class_list.by_key(piles) if class_list else {}
    handed_in = {key.casefold() for key in piles}
    absent = [person.key for key, person in people.items() if key not in handed_in]
    if people and len(absent) == len(people):
        nobodys.append(f"nobody who handed in is in the roster, which knows learners as “{plain_text(absent[0])}”")

    students = file_names([*piles, *absent])
    submissions, missing, remarks = [], [students[key] for key in absent], {"": nobodys}
    for key, pile in piles.items():
        student, person = students[key], people.get(key.casefold())
        if class_list and person is None:
            pile.remarks.append("is not in the roster")
        if student.replace("_", " ") != key.replace("_", " "):
            pile.remarks.append(
                f"is called {student} here; “{plain_text(key)}” is not safe as a file's name, or not unique"
            )
        if pile.notebooks:
            name = person.name if person else ""
            submissions.append(_submission(pile, student, name, due, _stems(expected_names)))
        else:
            missing.append(student)
            pile.remarks.append(_instead_of_a_notebook(pile))
        remarks[student] = pile.remarks
    return Collection(
        submissions=tuple(sorted(submissions, key=lambda submission: submission.student)),
        missing=tuple(sorted(missing)),
        remarks={student: tuple(said) for student, said in sorted(remarks.items()) if said},
    )


def read(submission: Submission, limit_in_bytes: int) -> bytes:
    """Read a submitted notebook, from its file or in place from the zip file.

    Args:
        submission: from ``collect``.
        limit_in_bytes: reading stops here, whatever a zip file says of the notebook's size.

    Raises:
        ValueError: if it is larger, damaged or cannot be read; the message is fit for the learner.

    """
    return contents(submission.path, submission.member, limit_in_bytes)


# What kind of source it is -------------------------------------------------------------------------------------------


def _recognise(source: Path, uploads: list[Upload], assignment: str) -> tuple[list[Upload], "Kind"]:
    """Return the uploads, and what says whose they are: the kind that most of the source looks like.

    Most, because learners choose the names of their files: one of them must not decide for the whole class.
    """
    if not uploads:
        raise LookupError(f"{source} is empty; {EXPECTED.format(assignment=assignment)}")
    votes = _votes(uploads, assignment)
    if len({upload.parts[0] for upload in uploads}) == 1 and not votes[_canvas] and not votes[_moodle]:
        within = [replace(upload, parts=upload.parts[1:]) for upload in uploads if len(upload.parts) > 1]
        votes_within = _votes(within, assignment)
        # Zip programs put a folder around everything; a folder that holds a single folder may be one learner's.
        if (source.is_file() and any(votes_within.values())) or votes_within[_canvas] or votes_within[_moodle]:
            uploads, votes = within, votes_within
    kind = max(votes, key=lambda kind: len(votes[kind]))
    if not votes[kind]:
        _refuse(source, uploads, assignment)
    return uploads, kind


def _votes(uploads: Iterable[Upload], assignment: str) -> "dict[Kind, set[str]]":
    """Return, by kind, the files and folders on top that look like it; on a tie the first kind wins."""
    votes: dict[Kind, set[str]] = {_canvas: set(), _moodle: set(), _nbgrader: set(), _named_after_learner: set()}
    for upload in uploads:
        top, *below = upload.parts
        canvas, moodle = CANVAS.fullmatch(top), MOODLE.fullmatch(top)
        # What comes after the platform's own words is the learner's, and may look like anything.
        if moodle and not (canvas and len(canvas["name"]) < len(moodle["name"])):
            votes[_moodle].add(top)
        elif canvas and "_" not in canvas["name"]:
            votes[_canvas].add(top)
        elif below and below[0] == assignment:
            votes[_nbgrader].add(top)
        elif upload.is_notebook and not upload.is_folder and len(below) <= 1:
            votes[_named_after_learner].add(top)
    votes[_named_after_learner] -= votes[_nbgrader]
    return votes


def _refuse(source: Path, uploads: list[Upload], assignment: str) -> None:
    if source.name == "submitted" and (others := sorted({u.parts[1] for u in uploads if len(u.parts) > 2})):
        raise LookupError(f"nobody handed in {assignment} in {source}; there is {', '.join(map(plain_text, others))}")
    found = ", ".join(f"“{plain_text('/'.join(upload.parts))}”" for upload in uploads[:3])
    raise ValueError(
        f"{source} holds no submissions that can be told apart; {EXPECTED.format(assignment=assignment)}; "
        f"found {len(uploads)} files and folders, such as {found}"
    )


def _canvas(upload: Upload, _assignment: str) -> _Owner | None:
    match = CANVAS.fullmatch(upload.parts[0])
    if match is None:
        return None
    return _Owner(
        key=match["id"],
        name=match["name"],
        file=(match["file"], *upload.parts[1:]),
        upload=int(match["upload"]),
        late=match["late"] is not None,
        identifiers={"canvas": match["id"]},
    )


def _moodle(upload: Upload, _assignment: str) -> _Owner | None:
    match = MOODLE.fullmatch(upload.parts[0])
    if match is None:
        return None
    file = (match["file"], *upload.parts[1:]) if match["file"] else upload.parts[1:]
    return _Owner(match["id"], match["name"], file, identifiers={"moodle": match["id"]})


def _nbgrader(upload: Upload, assignment: str) -> _Owner | None:
    student, *below = upload.parts
    if not below and not upload.is_folder and not upload.objection:
        return None
    # Whoever has a folder is in the class, also with another exercise's notebooks only.
    return _Owner(student, student, tuple(below[1:]), concerns=not below or below[0] == assignment)


def _named_after_learner(upload: Upload, _assignment: str) -> _Owner | None:
    top, *below = upload.parts
    if below or (upload.is_folder and not upload.is_notebook):
        return _Owner(top, top, tuple(below))
    if not upload.is_notebook or upload.is_folder:
        return None
    stem = top[: -len(".ipynb")]
    return _Owner(stem, stem, upload.parts) if stem else None


Kind = Callable[[Upload, str], _Owner | None]


# Who handed in what --------------------------------------------------------------------------------------------------


def _piles(uploads: Iterable[Upload], kind: Kind, assignment: str) -> tuple[dict[str, _Pile], list[str]]:
    """Return what belongs to whom, and remarks about what belongs to nobody."""
    piles: dict[str, _Pile] = {}
    nobodys: list[str] = []
    for upload in uploads:
        owner = None if _leads_out(upload.parts[0]) else kind(upload, assignment)
        objection = upload.objection
        if upload.is_folder and upload.is_notebook:
            objection = "is a folder, not a notebook"
        if owner is None:
            if objection or not upload.is_folder:
                nobodys.append(f"{_shown(upload.parts)} {objection or 'belongs to nobody'}; it was left out")
            continue
        pile = piles.setdefault(owner.key, _Pile(owner))
        if objection and owner.concerns:
            pile.remarks.append(f"{_shown(owner.file or upload.parts)} {objection}; it was left out")
        elif owner.file and owner.concerns and not upload.is_folder:
            (pile.notebooks if upload.is_notebook else pile.others).append((owner, upload))
    for remarks in (nobodys, *(pile.remarks for pile in piles.values())):
        if (more := len(remarks) - MOST_REMARKS) > 0:
            remarks[MOST_REMARKS:] = [f"{more} more files were left out"]
    return piles, nobodys


def _leads_out(top: str) -> bool:
    return top in ("", "..") or top[1:2] == ":"


def _submission(pile: _Pile, student: str, name: str, due: datetime | None, stems: set[str]) -> Submission:
    (owner, chosen), *left_out = sorted(pile.notebooks, key=lambda found: _rank(*found, stems), reverse=True)
    if left_out:
        has_the_name = _rank(owner, chosen, stems)[0] > max(_rank(*found, stems)[0] for found in left_out)
        reason = "bears the exercise's name" if has_the_name else "is the latest"
        others = ", ".join(_shown(other.file) for other, _ in left_out[:MOST_REMARKS])
        others += f" and {len(left_out) - MOST_REMARKS} more" if len(left_out) > MOST_REMARKS else ""
        pile.remarks.append(
            f"handed in {len(pile.notebooks)} notebooks: {_shown(owner.file)} counts, which {reason}; "
            f"not looked at: {others}"
        )
    submitted = _time_stamp(pile)
    late = owner.late
    if submitted is not None and due is not None:
        late = submitted > due.astimezone()
    return Submission(
        student=student,
        name=plain_text(name or owner.name) or student,
        path=chosen.path,
        member=chosen.member,
        submitted=submitted,
        late=late,
        identifiers=owner.identifiers,
    )


def _rank(owner: _Owner, upload: Upload, stems: set[str]) -> tuple:
    """Order a learner's notebooks; the greatest counts."""
    stem = owner.file[-1].casefold().removesuffix(".ipynb")
    again = AGAIN.fullmatch(stem)
    is_again = bool(again and stem not in stems and (again["stem"] in stems or not stems))
    match = 2 if stem in stems else 1 if is_again and stems else 0
    attempt = int(again["again"] or 0) if is_again and again else 0
    if owner.upload:  # Canvas numbers uploads, and appends -1 to the name of a second one: it stands for the first
        return bool(match), owner.upload, attempt, upload.modified, -len(owner.file), owner.file
    return match, 0, 0, upload.modified, -len(owner.file), owner.file


def _stems(expected_names: Iterable[str]) -> set[str]:
    return {name.casefold().removesuffix(".ipynb") for name in expected_names}


def _instead_of_a_notebook(pile: _Pile) -> str:
    if not pile.others:
        return "no notebook is there"
    archives = (".zip", ".tar", ".gz", ".7z", ".rar")
    owner, _ = pile.others[0]
    more = f" and {len(pile.others) - 1} more" if len(pile.others) > 1 else ""
    hint = ", an archive, which is not opened" if owner.file[-1].casefold().endswith(archives) else ""
    return f"no notebook is there, but {_shown(owner.file)}{hint}{more}"


def _time_stamp(pile: _Pile) -> datetime | None:
    """Return when nbgrader received the submission; a file's own time tells when it was downloaded."""
    for owner, upload in pile.others:
        if owner.file != ("timestamp.txt",):
            continue
        try:
            day, time, *zone = contents(upload.path, upload.member, 200).decode("ascii").split()
            stamp = datetime.fromisoformat(f"{day} {time}")
            if stamp.tzinfo is None:
                stamp = stamp.replace(tzinfo=ZoneInfo(zone[0]) if zone else UTC)
            return stamp.astimezone(UTC)
        except (ValueError, LookupError, OSError, OverflowError):
            pile.remarks.append("timestamp.txt says no time that can be read, so nobody can tell whether it is late")
    return None


def _shown(parts: tuple[str, ...]) -> str:
    return f"“{plain_text('/'.join(parts))}”"
