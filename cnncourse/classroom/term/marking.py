"""Pages for marking: an answer beside its checks, with room for the teacher's points and comments."""

import base64
import hashlib
from importlib.resources import files

from markupsafe import Markup

from cnncourse.checking import Exercise
from cnncourse.classroom.grading.results import Result
from cnncourse.classroom.reports.pages import feedback_page
from cnncourse.classroom.term.changes import COLUMNS


def marking_page(exercise: Exercise, result: Result, called: str, student: str, *, late: bool, penalty: float) -> str:
    """Return a page for marking, which makes a table for ``read_changes`` of what is filled in.

    What a learner wrote stands on it, so that the page lets no other script run than its own.

    Args:
        exercise: what was graded.
        result: what was earned.
        called: what the learner is called on it.
        student: what the table calls the learner.
        late: whether it was handed in late.
        penalty: points that this costs.

    """
    script = files("cnncourse.classroom.reports").joinpath("templates/marking.js").read_text(encoding="utf-8")
    return feedback_page(
        exercise,
        result,
        called,
        late=late,
        penalty=penalty,
        answers=result.answers,
        template="marking.html",
        student=student,
        columns=",".join(COLUMNS),
        script=Markup(script),
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
