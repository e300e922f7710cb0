"""What notebooks call by the name of a chapter."""

from cnncourse.architectures import architecture
from cnncourse.checking import Report, judge
from cnncourse.checking.quiz import Quiz


def check(exercise: str, answer: object, part: str | None = None) -> Report:
    """Judge an answer to an exercise at once and say, check by check, what is right and what is not.

    Args:
        exercise: the exercise's folder, for example "01-lenet-5".
        answer: what you defined: the class or function itself, not an instance.
        part: name that the exercise gives it; the answer's own name if left out.

    Returns:
        A report that shows itself in a notebook; ``report.points`` is what the answer earns.

    """
    name = part or getattr(answer, "__name__", type(answer).__name__)
    return judge(architecture(exercise).exercise().part(name), answer)


def quiz(chapter: str) -> Quiz:
    """Show a chapter's questions; answers are judged at once and recorded for ``cnncourse progress``.

    Args:
        chapter: for example "01-lenet-5".

    """
    record = architecture(chapter)
    return Quiz(record.chapter, record.questions())
