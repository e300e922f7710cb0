"""What is kept of a graded exercise for the term: who handed in when, and as whom platforms know them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path

from cnncourse.architectures import CATALOGUE
from cnncourse.classroom.collecting.submissions import Collection, Submission
from cnncourse.classroom.grading.batch import attempts
from cnncourse.classroom.grading.results import Result
from cnncourse.classroom.grading.writing import replacing

FILE = "class.json"


@dataclass(frozen=True)
class Learner:
    """A learner in one exercise.

    Attributes:
        name: how the learner is called.
        handed_in: whether something was, as far as anybody can tell.
        late: whether the platform calls it late; ``None`` if it does not say.
        times: when it was handed in, by attempt, in ISO 8601.
        canvas: Canvas' number of the learner, "" if it is not known.
        moodle: Moodle's number of the participant, "" if it is not known.
        email: the learner's address, "" if it is not known.
        upload: what the platform called the file.
        nbgrader: the folder in which nbgrader's exchange looks for feedback, "" if it was not handed in there.

    """

    name: str
    handed_in: bool
    late: bool | None = None
    times: Mapping[str, str] = field(default_factory=dict)
    canvas: str = ""
    moodle: str = ""
    email: str = ""
    upload: str = ""
    nbgrader: str = ""

    def submitted(self, attempt: int) -> datetime | None:
        """Return when an attempt was handed in, ``None`` if nobody knows."""
        time = self.times.get(str(attempt))
        return datetime.fromisoformat(time) if time else None


@dataclass(frozen=True)
class Record:
    """A graded exercise.

    Attributes:
        exercise: such as "01-lenet-5".
        folder: where its results are.
        due: the deadline that was given when it was graded.
        learners: by ``student``, all who handed in or are missing.
        is_doubtful: whether the class list was none of these learners', so that nobody is known to be missing.

    """

    exercise: str
    folder: Path
    due: datetime | None
    learners: Mapping[str, Learner]
    is_doubtful: bool = False

    def attempts(self, student: str) -> list[Result]:
        """Return a learner's results, the latest last."""
        return attempts(self.folder / "results", student)


def write_record(folder: Path, exercise: str, collection: Collection, numbers: Mapping[str, int]) -> None:
    """Keep what the term needs to know of a class; when earlier attempts were handed in is kept too.

    Args:
        folder: of the graded exercise.
        exercise: its name.
        collection: who handed in, and who did not.
        numbers: by learner, how often each has handed in.

    """
    try:
        before = read_record(folder).learners
    except (LookupError, ValueError):
        before = {}
    learners = {
        each.student: _learner(each, collection, numbers.get(each.student, 1), before)
        for each in collection.submissions
    }
    if not collection.problem:  # otherwise those who are in the list may be nobody of this class
        for student in {*collection.missing, *collection.unread}:
            is_there = student in collection.unread or student in collection.doubtful
            learners[student] = Learner(collection.names.get(student, student), is_there)
    content = {
        "exercise": exercise,
        "due": collection.due.isoformat() if collection.due else None,
        "doubtful": bool(collection.problem),
        "learners": {student: asdict(learner) for student, learner in learners.items()},
    }
    with replacing(folder / FILE) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def _learner(submission: Submission, collection: Collection, attempt: int, before: Mapping[str, Learner]) -> Learner:
    student, roster = submission.student, collection.roster
    times = dict(before[student].times) if student in before else {}
    if submission.submitted is not None:
        times[str(attempt)] = submission.submitted.isoformat()
    person = collection.people.get(student)
    return Learner(
        name=submission.name,
        handed_in=True,
        late=submission.late,
        times=times,
        canvas=submission.identifiers.get("canvas", ""),
        moodle=submission.identifiers.get("moodle", ""),
        email=person.row.get(roster.column("email"), "") if person and roster else "",
        upload=submission.member[-1] if submission.member else submission.path.name,
        nbgrader=str(submission.nbgraders_feedback or ""),
    )


def read_record(folder: Path) -> Record:
    """Read what is kept of a graded exercise.

    Raises:
        LookupError: if nothing is.
        ValueError: if it cannot be read.

    """
    path = folder / FILE
    if not path.is_file():
        raise LookupError(f"{folder} has no {FILE}: grade it once more, which judges nothing again")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = {each.name for each in fields(Learner)}
        learners = {
            student: Learner(**{name: value for name, value in each.items() if name in known})
            for student, each in content["learners"].items()
        }
        due = datetime.fromisoformat(content["due"]) if content["due"] else None
        return Record(content["exercise"], folder, due, learners, content.get("doubtful", False))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: remove it, and grade once more, which judges nothing again") from error


def read_records(graded: Path) -> list[Record]:
    """Read all exercises that were graded into a folder, in the order of the chapters.

    Raises:
        LookupError: if there is none, or one of them was not finished.

    """
    if not graded.is_dir():
        raise LookupError(f"there is no folder {graded}")
    records = [read_record(folder) for folder in sorted(graded.iterdir()) if (folder / "results").is_dir()]
    if not records:
        raise LookupError(f"{graded} holds no graded exercises; grade first: cnncourse grade … --to {graded}/EXERCISE")
    order = [record.chapter for record in CATALOGUE if record.has_chapter]
    return sorted(records, key=lambda record: order.index(record.exercise))
