"""Find out who handed in what, in whatever shape it was downloaded; nothing is unpacked and no notebook is read."""

import re
import unicodedata
from collections.abc import Collection as CollectionOf
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from cnncourse.classroom.collecting.deadline import read_time
from cnncourse.classroom.collecting.names import file_names, plain_text
from cnncourse.classroom.collecting.platforms import GRADESCOPE_METADATA, Kind, Owner, kinds, named_after_learner, stem
from cnncourse.classroom.collecting.roster import Match, Roster, is_called
from cnncourse.classroom.collecting.submissions import Collection, Submission
from cnncourse.classroom.collecting.uploads import Upload, contents, find

# What Canvas, browsers and JupyterLab add to the name of a file that is there already.
AGAIN = re.compile(r"(?P<stem>.+?)(?:-(?P<again>[0-9]{1,3})| ?\([0-9]{1,3}\)|-copy[0-9]{0,3})", re.S)
EXPECTED = (
    "expected nbgrader's submitted/STUDENT/{assignment}/*.ipynb, a folder of notebooks named after their learners, "
    "a folder with a folder a learner, or what Canvas, Moodle, Blackboard, Brightspace or Gradescope give for "
    "download, unpacked or not"
)
PLATFORMS = ("canvas", "moodle", "blackboard", "brightspace", "gradescope")
OF_PLATFORMS = (GRADESCOPE_METADATA, "index.html")  # what platforms put beside learners' files
NBGRADERS_OWN = {"source", "release", "autograded", "feedback", "gradebook.db", "nbgrader_config.py"}
NOBODY = Match({}, (), {})
MOST_REMARKS = 5  # for one learner about files that were left out


@dataclass
class _Pile:
    """All that one learner handed in."""

    owner: Owner
    notebooks: list[tuple[Owner, Upload]] = field(default_factory=list)
    others: list[tuple[Owner, Upload]] = field(default_factory=list)
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
        source: nbgrader's course folder or its ``submitted``; a folder of notebooks, or of a folder a learner; a
            notebook alone; the zip file that a learning platform gives for download, or the folder that was unpacked
            from it. Learners' own zip files are looked into.
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
    stems = {stem(name) for name in expected_names}
    piles, nobodys = _piles(*_recognise(source, list(find(source)), assignment, stems), assignment, stems)
    if class_list:
        piles = _of_members(piles, class_list)
    numbered = any(pile.owner.identifiers for pile in piles.values())
    match = class_list.match(_called(piles), numbered=numbered) if class_list else NOBODY
    # A number of the list may be another's on the platform.
    apart = {each.key: f"{each.name} {each.key}" if each.key in piles else each.key for each in match.absent}
    absent = {apart[person.key]: person for person in match.absent}
    if class_list and class_list.remark:
        nobodys.append(class_list.remark)
    problem = _problem(class_list, match, piles) if class_list else ""
    nobodys += [problem] if problem else []

    students = file_names([*piles, *(key for key in absent if key not in piles)])
    listed_people = absent | match.people
    people = {students[key]: person for key, person in listed_people.items()}
    called = {key: pile.owner.name for key, pile in piles.items()}
    called |= {key: person.name for key, person in listed_people.items() if person.name}
    submissions, unread, remarks = [], [], {"": nobodys}
    for key, pile in piles.items():
        student, person = students[key], match.people.get(key)
        is_there = bool(pile.notebooks or pile.others or pile.remarks)
        if class_list and person is None:
            pile.remarks.append("is not in the roster")
        if _folded(student) != _folded(key):
            pile.remarks.append(
                f"is called {student} here; “{plain_text(key)}” is not safe as a file's name, or not unique"
            )
        if pile.notebooks:
            listed = class_list.submitted(person) if person else None
            submissions.append(_submission(pile, student, called[key], listed, due, stems))
        else:
            unread += [student] if is_there else []
            pile.remarks.append(_instead_of_a_notebook(pile))
        remarks[student] = pile.remarks
    doubtful = {students[apart[key]]: plain_text(handed_in) for key, handed_in in match.doubtful.items()}
    for student, words in doubtful.items():
        remarks[student] = [f"may be who handed in as “{words}”, which the roster does not tell: gets no points"]
    handed_in = {students[key] for key, pile in piles.items() if pile.notebooks}
    return Collection(
        submissions=tuple(sorted(submissions, key=lambda submission: submission.student)),
        missing=tuple(sorted({students[key] for key in {*absent, *piles}} - handed_in - set(unread))),
        unread=tuple(sorted(unread)),
        doubtful=tuple(sorted(doubtful)),
        names={students[key]: plain_text(name) for key, name in called.items() if name},
        remarks={student: tuple(said) for student, said in sorted(remarks.items()) if said},
        roster=class_list,
        people=people,
        due=due.astimezone() if due and due.tzinfo is None else due,
        problem=problem,
    )


def _called(piles: Mapping[str, _Pile]) -> dict[str, tuple[str, ...]]:
    """Return all that each hand-in may be called in a class list, the most telling first."""
    # GitHub Classroom puts the assignment's name before all of them.
    first, last = min(piles, default=""), max(piles, default="")
    same = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    begin = re.sub(r"[^-_ ]*$", "", first[:same])
    return {
        key: tuple(filter(None, (key, pile.owner.name, *pile.owner.also, key.removeprefix(begin))))
        for key, pile in piles.items()
    }


def _of_members(piles: Mapping[str, _Pile], roster: Roster) -> dict[str, _Pile]:
    """Return what was handed in by a team as what each of its members handed in, if the roster knows teams."""
    shared: dict[str, _Pile] = {}
    for key, pile in piles.items():
        platform = next(iter(pile.owner.identifiers), "")
        members = roster.members(pile.owner.name) if platform in ("canvas", "moodle") else ()
        for person in members:
            owner = replace(pile.owner, key=person.key, name=person.name, identifiers={platform: person.key})
            shared[person.key] = replace(pile, owner=owner, remarks=list(pile.remarks))
        if not members:
            shared[key] = pile
    return shared


def _problem(roster: Roster, match: Match, piles: Mapping[str, _Pile]) -> str:
    """Return why nobody is known to be missing, "" if those who are absent are."""
    if not match.people:
        listed = (next((person.key for person in match.absent), "nobody"), next(iter(piles), "nobody"))
        told, found = map(plain_text, listed)
        return (
            f"nobody who handed in is in the roster: it knows learners as “{told}”, the files as “{found}”; so nobody "
            f"is known to be missing"
        )
    names = {key: piles[key].owner.name for key in match.people if roster.platform == "canvas"}
    others = [name for key, name in names.items() if name != key and not is_called(match.people[key].name, name)]
    if 2 * len(others) > len(match.people):
        return (
            f"the files are named after groups, such as “{plain_text(others[0])}”, and the roster does not say who is "
            f"in them; so nobody is known to be missing"
        )
    return ""


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).replace("_", " ")


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


def _recognise(source: Path, uploads: list[Upload], assignment: str, stems: set[str]) -> tuple[list[Upload], Kind]:
    """Return the uploads, and what says whose they are: the kind that most of the source looks like.

    Most, because learners choose the names of their files: one of them must not decide for the whole class.
    """
    if not uploads:
        raise LookupError(f"{source} is empty; {EXPECTED.format(assignment=assignment)}")
    uploads = _of_downloads(_of_nbgraders_course(uploads), assignment, stems)
    found = kinds(uploads, assignment, stems)
    if len({upload.parts[0] for upload in uploads}) == 1 and not any(found[name][1] for name in PLATFORMS):
        below = [replace(upload, parts=upload.parts[1:]) for upload in uploads if len(upload.parts) > 1]
        within = _of_nbgraders_course(below)
        found_within = kinds(within, assignment, stems)
        # Zip programs put a folder around everything; a folder that holds a single folder may be one learner's.
        of_a_platform = within is not below or any(found_within[name][1] for name in PLATFORMS)
        if of_a_platform or (source.is_file() and any(votes for _, votes in found_within.values())):
            is_one_learners = not of_a_platform and _names_nobody(within, stems)
            uploads, found = (uploads, found) if is_one_learners else (within, found_within)
    is_alone = uploads[0].path == source and not uploads[0].member
    if not is_alone and _names_nobody(uploads, stems):  # the source is all that one learner handed in
        name = source.name if source.is_dir() else source.stem
        uploads = [replace(upload, parts=(name, *upload.parts)) for upload in uploads]
        found = kinds(uploads, assignment, stems)
    kind, votes = max(found.values(), key=lambda each: len(each[1]))
    if not votes:
        _refuse(source, uploads, assignment)
    return uploads, kind


def _of_downloads(uploads: list[Upload], assignment: str, stems: set[str]) -> list[Upload]:
    """Return what downloads of a platform hold, if a folder holds those and no other notebooks.

    All of them: one learner's zip file must not speak for others by the names of what is in it.
    """
    tops = {upload.parts[0] for upload in uploads if upload.is_notebook}
    within = [replace(each, parts=each.parts[1:]) for each in uploads if each.parts[0] in tops and each.parts[1:]]
    notebooks = {upload.parts[0] for upload in within if upload.is_notebook}
    found = kinds(within, assignment, stems)
    is_platforms = any(notebooks <= found[name][1] for name in PLATFORMS)
    return within if tops and is_platforms and all(top.casefold().endswith(".zip") for top in tops) else uploads


def _names_nobody(uploads: Iterable[Upload], stems: set[str]) -> bool:
    """Return whether there is a notebook on top of all, and none that is called otherwise than the exercise's."""
    notebooks = [upload for upload in uploads if upload.is_notebook and not upload.is_folder]
    tops = [upload for upload in notebooks if len(upload.parts) == 1]
    return len(tops) == len(notebooks) > 0 and all(stem(upload.parts[0]) in stems for upload in tops)


def _of_nbgraders_course(uploads: list[Upload]) -> list[Upload]:
    """Return what learners handed in, if all of nbgrader's course folder is there."""
    tops = {upload.parts[0] for upload in uploads}
    if "submitted" not in tops or not tops & NBGRADERS_OWN:
        return uploads
    return [replace(each, parts=each.parts[1:]) for each in uploads if each.parts[0] == "submitted" and each.parts[1:]]


def _refuse(source: Path, uploads: list[Upload], assignment: str) -> None:
    if source.name == "submitted" and (others := sorted({u.parts[1] for u in uploads if len(u.parts) > 2})):
        raise LookupError(f"nobody handed in {assignment} in {source}; there is {', '.join(map(plain_text, others))}")
    found = ", ".join(f"“{plain_text('/'.join(upload.parts))}”" for upload in uploads[:3])
    raise ValueError(
        f"{source} holds no submissions that can be told apart; {EXPECTED.format(assignment=assignment)}; "
        f"found {len(uploads)} files and folders, such as {found}"
    )


# Who handed in what --------------------------------------------------------------------------------------------------


def _piles(
    uploads: Iterable[Upload], kind: Kind, assignment: str, stems: set[str]
) -> tuple[dict[str, _Pile], list[str]]:
    """Return what belongs to whom, and remarks about what belongs to nobody."""
    piles: dict[str, _Pile] = {}
    nobodys: list[str] = []
    by_name = named_after_learner(assignment, stems)
    for upload in uploads:
        owners = () if _leads_out(upload.parts[0]) else kind(upload)
        # A notebook that somebody put beside a platform's is nobody's loss: whose it is its name may say.
        if (
            not owners
            and upload.is_notebook
            and not (upload.is_folder or upload.objection or _leads_out(upload.parts[0]))
        ):
            owners = by_name(upload)
        objection = upload.objection
        if upload.is_folder and upload.is_notebook:
            objection = "is a folder, not a notebook"
        if not owners and (objection or not (upload.is_folder or upload.parts[-1] in OF_PLATFORMS)):
            nobodys.append(f"{_shown(upload.parts)} {objection or 'belongs to nobody'}; it was left out")
        for owner in owners:
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


def _submission(
    pile: _Pile, student: str, name: str, listed: datetime | None, due: datetime | None, stems: set[str]
) -> Submission:
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
    submitted = owner.submitted or _time_stamp(pile) or listed
    late = owner.late
    if submitted is not None and due is not None:
        late = submitted > due.astimezone()
    return Submission(
        student=student,
        name=plain_text(name) or student,
        path=chosen.path,
        member=chosen.member,
        submitted=submitted,
        late=late,
        identifiers=pile.owner.identifiers,
    )


def _rank(owner: Owner, upload: Upload, stems: set[str]) -> tuple:
    """Order a learner's notebooks; the greatest counts."""
    name = stem(owner.file[-1])
    again = AGAIN.fullmatch(name)
    is_again = bool(again and name not in stems and (again["stem"] in stems or not stems))
    match = 2 if name in stems else 1 if is_again and stems else 0
    attempt = int(again["again"] or 0) if is_again and again else 0
    # "Version 10", as Microsoft Teams calls a folder, is later than "Version 2".
    counted = [(word, int(number or 0)) for word, number in re.findall(r"(\D*)([0-9]{0,15})", "/".join(owner.file))]
    if owner.upload:  # Canvas numbers uploads, and appends -1 to the name of a second one: it stands for the first
        return bool(match), owner.upload, attempt, upload.modified, -len(owner.file), counted
    return match, 0, 0, upload.modified, -len(owner.file), counted


def _instead_of_a_notebook(pile: _Pile) -> str:
    if not pile.others:
        return "no notebook is there"
    archives = (".tar", ".gz", ".7z", ".rar")
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
            text = contents(upload.path, upload.member, 200).decode("ascii")
            return read_time(text, zone=UTC).astimezone(UTC)
        except (ValueError, LookupError, OSError, OverflowError):
            pile.remarks.append("timestamp.txt says no time that can be read, so nobody can tell whether it is late")
    return None


def _shown(parts: tuple[str, ...]) -> str:
    return f"“{plain_text('/'.join(parts))}”"
