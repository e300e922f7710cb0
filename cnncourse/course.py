"""What notebooks call by the name of a chapter."""

from dataclasses import replace

from cnncourse.architectures import CATALOGUE, architecture
from cnncourse.checking import Report, Status, judge
from cnncourse.checking.predictions import PredictionAsked
from cnncourse.checking.progress import ChapterProgress, Checked, chapter_progress, record_event, recorded_events
from cnncourse.checking.progress_table import ProgressTable
from cnncourse.checking.quiz import Quiz


def check(exercise: str, answer: object, part: str | None = None) -> Report:
    """Judge an answer to an exercise at once, say check by check what is right and what is not, and record the result.

    Args:
        exercise: the exercise's folder, for example "01-lenet-5".
        answer: what you defined: the class or function itself, not an instance.
        part: name that the exercise gives it; the answer's own name if left out.

    Returns:
        A report that shows itself in a notebook; ``report.points`` is what the answer earns there.

    """
    name = part or getattr(answer, "__name__", type(answer).__name__)
    definition = architecture(exercise).exercise()
    report = judge(definition.part(name), answer)
    if not report.attempted:
        return report
    passed = {outcome.check.name: outcome.status is Status.PASSED for outcome in report.outcomes}
    reason = record_event(Checked(definition.name, name, report.points, report.possible, passed))
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


def progress() -> ProgressTable:
    """Show how far you have come with every chapter: exercises, quizzes and predictions."""
    return ProgressTable(_chapters)


def _chapters() -> list[ChapterProgress]:
    events = recorded_events()
    return [
        chapter_progress(
            each.chapter,
            f"{each.number} · {each.title}",
            {part.name: part.public_points for part in each.exercise().parts},
            [question.name for question in each.questions()],
            [prediction.name for prediction in each.predictions()],
            events,
        )
        for each in CATALOGUE
        if each.has_chapter
    ]
