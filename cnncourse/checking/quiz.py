"""Short self-checks with recorded answers."""

import html
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Question:
    """A question with one right answer.

    Attributes:
        name: short and unique within its chapter; the record refers to it.
        text: the question.
        options: possible answers.
        right: position of the right one, from 0.
        because: why it is right.

    """

    name: str
    text: str
    options: tuple[str, ...]
    right: int
    because: str


@dataclass(frozen=True)
class QuizResult:
    """One recorded answer.

    Attributes:
        chapter: for example "01-lenet-5".
        question: the question's name.
        chosen: the option that was chosen.
        is_right: whether it is the right one.
        time: seconds since 1970.

    """

    chapter: str
    question: str
    chosen: str
    is_right: bool
    time: float


def record_file() -> Path:
    """Return the file that keeps the learner's answers: $CNNCOURSE_PROGRESS, or one in the user's data folder."""
    from platformdirs import user_data_path

    return Path(os.environ.get("CNNCOURSE_PROGRESS") or user_data_path("cnncourse") / "progress.jsonl")


def record(chapter: str, question: Question, chosen: int) -> QuizResult:
    """Add an answer to the learner's record and return it."""
    result = QuizResult(chapter, question.name, question.options[chosen], chosen == question.right, time.time())
    path = record_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
    return result


def recorded_results() -> list[QuizResult]:
    """Return all recorded answers, oldest first; lines that cannot be read are passed over."""
    path = record_file()
    if not path.exists():
        return []
    results = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            results.append(QuizResult(**json.loads(line)))
        except (json.JSONDecodeError, TypeError):
            continue
    return results


class Quiz:
    """A chapter's questions: widgets where there is a kernel, the questions as text where there is none."""

    def __init__(self, chapter: str, questions: Sequence[Question]) -> None:
        self.chapter = chapter
        self.questions = tuple(questions)

    def __repr__(self) -> str:
        lines = []
        for number, question in enumerate(self.questions, start=1):
            lines.append(f"{number}. {question.text}")
            lines += [f"   - {option}" for option in question.options]
        return "\n".join(lines)

    def _static_html(self) -> str:
        items = "".join(
            f"<li>{html.escape(question.text)}<ul>"
            + "".join(f"<li>{html.escape(option)}</li>" for option in question.options)
            + f"</ul><details><summary>Answer</summary>{html.escape(question.options[question.right])}: "
            f"{html.escape(question.because)}</details></li>"
            for question in self.questions
        )
        return f"<ol>{items}</ol>"

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, object]:
        widget_bundle = self.widget()._repr_mimebundle_()
        return {**widget_bundle, "text/html": self._static_html(), "text/plain": repr(self)}

    def widget(self) -> "object":
        """Return the questions as widgets; a choice is judged and recorded at once."""
        import ipywidgets

        return ipywidgets.VBox(
            [self._question_widget(number, question) for number, question in enumerate(self.questions, start=1)]
        )

    def _question_widget(self, number: int, question: Question) -> "object":
        import ipywidgets

        heading = ipywidgets.HTML(f"<b>{number}. {html.escape(question.text)}</b>")
        choice = ipywidgets.RadioButtons(
            options=question.options, value=None, layout=ipywidgets.Layout(width="auto", margin="0 0 0 16px")
        )
        feedback = ipywidgets.HTML()

        def answered(change: Mapping) -> None:
            if change["new"] is None:
                return
            result = record(self.chapter, question, question.options.index(change["new"]))
            sign = "✓ Right" if result.is_right else "✗ Not quite; think again, or unfold the reason"
            feedback.value = (
                f"{sign}. <details {'open' if result.is_right else ''}><summary>Why</summary>"
                f"{html.escape(question.because)}</details>"
            )

        choice.observe(answered, names="value")
        return ipywidgets.VBox([heading, choice, feedback])
