"""What learners handed in, wherever it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cnncourse.classroom.collecting.roster import Person, Roster

SECRET = "submission_secret.txt"  # by which nbgrader's exchange knows a learner who comes for feedback


@dataclass(frozen=True)
class Submission:
    """One learner's notebook, not read yet.

    Attributes:
        student: identifies the learner in every table; safe as a file name.
        name: how the learner is called on pages.
        path: the notebook, or the zip file that holds it.
        member: the notebook's name within the zip file, and within a learner's own in that; empty if ``path`` is the
            notebook itself.
        submitted: when it was handed in; ``None`` if the source does not say.
        late: whether it was handed in late; ``None`` if nobody can tell.
        identifiers: what a learning platform calls the learner or the submission, such as {"canvas": "4711"}.

    """

    student: str
    name: str
    path: Path
    member: tuple[str, ...] = ()
    submitted: datetime | None = None
    late: bool | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)

    @property
    def nbgraders_feedback(self) -> Path | None:
        """The folder in which nbgrader looks for feedback; ``None`` if this was not collected from its exchange."""
        handed_in = self.path.absolute().parent
        if self.member or handed_in.parent.parent.name != "submitted" or not (handed_in / SECRET).is_file():
            return None
        return handed_in.parents[2] / "feedback" / handed_in.parent.name / handed_in.name


@dataclass(frozen=True)
class Collection:
    """All that was handed in for an exercise.

    Attributes:
        submissions: one a learner, in order of ``student``.
        missing: learners of whom nothing is there.
        names: by learner, also those who are missing, how they are called where anything says so.
        remarks: by learner ("" for none in particular), what needs the instructor's eye: duplicates and what was
            chosen, files that were left out and why.
        roster: the class, if a list of it was given.
        people: by learner, what the roster says.
        due: the deadline, if one was given.
        problem: why nobody is known to be missing, though there is a roster; "" if there is no such problem.
        unread: learners who handed in something, and no notebook.
        doubtful: of those who are missing, whoever may be one of those who handed in and are not in the roster.

    """

    submissions: tuple[Submission, ...]
    missing: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roster: Roster | None = None
    people: Mapping[str, Person] = field(default_factory=dict)
    due: datetime | None = None
    problem: str = ""
    unread: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()

    @property
    def surely_missing(self) -> tuple[str, ...]:
        """Those of whom it is known that nothing is there."""
        return () if self.problem else tuple(each for each in self.missing if each not in self.doubtful)

    @property
    def of_the_class(self) -> tuple[str, ...]:
        """What needs the instructor's eye and is about no learner in particular, but for the problem."""
        return tuple(said for said in self.remarks.get("", ()) if said != self.problem)
