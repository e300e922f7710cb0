"""What notebooks call by the name of a chapter."""

from dataclasses import replace
from pathlib import Path

from cnncourse.architectures import architecture, reading_order
from cnncourse.checking import Outcome, Report, Status, judge
from cnncourse.checking.in_notebook import saying_where_it_is, watch_cells, why_not_defined
from cnncourse.checking.judging import told_once
from cnncourse.checking.kind import wrong_kind
from cnncourse.learner.predictions import PredictionAsked
from cnncourse.learner.progress import ChapterProgress, Checked, chapter_progress, read_record, record_event
from cnncourse.learner.progress_table import ProgressTable
from cnncourse.learner.quiz import Quiz
from cnncourse.work.folder import WorkFolder, handed_out


def check(exercise: str, answer: object, part: str | None = None) -> Report:
    """Judge an answer to an exercise at once, say check by check what is right and what is not, and record the result.

    Args:
        exercise: the exercise's folder, for example "01-lenet-5".
        answer: what you defined: the class or function itself, not an instance.
        part: name that the exercise gives it; the answer's own name if left out.

    Returns:
        A report that shows itself in a notebook; ``report.points`` is what the answer earns there. An answer whose cell
        did not run is not judged.

    Raises:
        LookupError: if the exercise asks for nothing of that name; the message lists what it asks for.
        StoppedError: if the learner stops it; says in which line of the learner's.

    """
    name = part or getattr(answer, "__name__", type(answer).__name__)
    definition = architecture(exercise).exercise()
    asked = definition.part(name)
    error = why_not_defined(getattr(answer, "__name__", name))
    if error is not None:
        line = f", in the line  {error.line}" if error.line else ""
        reason = f"The cell that defines it did not run: {error}{line}. Mend that and run it again, then this one."
        return Report(asked, (), unjudged=reason)
    refused = wrong_kind(asked, answer)
    if refused is not None:
        return Report(asked, told_once([Outcome(check, Status.FAILED, refused) for check in asked.public_checks]))
    with saying_where_it_is():
        report = judge(asked, answer)
    if not report.attempted:
        return report
    passed = {outcome.check.name: outcome.status is Status.PASSED for outcome in report.outcomes}
    reason = record_event(Checked(definition.name, name, float(report.points), report.possible, passed))
    return replace(report, remark=f"This result could not be recorded: {reason}") if reason else report


def quiz(chapter: str) -> Quiz:
    """Show a chapter's questions; answers are judged at once and recorded for ``cnncourse progress``.

    Args:
        chapter: for example "01-lenet-5".

    """
    record = architecture(chapter)
    return Quiz(record.chapter, record.questions())


def predict(chapter: str, name: str) -> PredictionAsked:
    """Ask for a prediction, which is recorded for ``cnncourse progress`` and never judged.

    Args:
        chapter: for example "01-lenet-5".
        name: the prediction's name.

    Raises:
        LookupError: if the chapter asks for no such prediction; the message lists those it asks for.

    """
    record = architecture(chapter)
    for prediction in record.predictions():
        if prediction.name == name:
            return PredictionAsked(record.chapter, prediction)
    names = ", ".join(prediction.name for prediction in record.predictions())
    raise LookupError(f"chapter {record.chapter} asks for the predictions {names}, not for {name!r}")


def predicted(chapter: str, name: str, truth: object = "") -> str:
    """Say what you predicted, beside what is true.

    Args:
        chapter: for example "01-lenet-5".
        name: the prediction's name.
        truth: a number, or text; "" where it is shown otherwise.

    Raises:
        LookupError: if the chapter asks for no such prediction; the message lists those it asks for.

    """
    return predict(chapter, name).beside(truth)


def progress(chapter: str = "") -> ProgressTable:
    """Show how far you have come with every chapter: exercises, quizzes and predictions.

    Args:
        chapter: the one whose parts are shown, for example "01-lenet-5"; "" for none.

    """
    return ProgressTable(_chapters, _start_over, architecture(chapter).chapter if chapter else "")


def _start_over(chapter: str) -> str:
    own = WorkFolder.around(Path.cwd(), handed_out())
    if own is None:
        return "Nothing is changed: an exercise starts over in a folder of your own, as cnncourse lab makes it."
    told = [
        f"{path.name} {f'starts over; what you had is kept as {kept.name}' if kept else 'is as it was handed out'}."
        for path, kept in own.reset(chapter)
    ]
    return " ".join([*told, "Where it is open, choose File → Reload Notebook from Disk."])


def _chapters() -> list[ChapterProgress]:
    events = read_record()
    return [
        chapter_progress(
            each.chapter,
            f"{each.number} · {each.title}",
            {part.name: part.public_points for part in each.exercise().parts},
            [question.name for question in each.questions()],
            [prediction.name for prediction in each.predictions()],
            events,
        )
        for each in reading_order()
        if each.has_chapter
    ]


watch_cells()  # from the cell on that imports this, so that a check knows which of those before it did not run
