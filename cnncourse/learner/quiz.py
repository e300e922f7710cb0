"""Short self-checks with recorded answers."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnncourse.display import STATUS, bundle, live
from cnncourse.learner.progress import Answered, record_event, recorded_events


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

    def verdict(self, chosen: str) -> str:
        """Say whether an option is right, and why, as HTML."""
        is_right = chosen == self.options[self.right]
        sign = "✓ Right" if is_right else "✗ Not quite; think again, or unfold the reason"
        return (
            f"{sign}. <details {'open' if is_right else ''}><summary>Why</summary>{html.escape(self.because)}</details>"
        )


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
        return bundle(self._static_html(), repr(self), live(self.widget()))

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
        feedback = ipywidgets.HTML().add_class(STATUS)
        latest = self._latest(question)
        if latest is not None:
            choice.value = latest
            feedback.value = f"{question.verdict(latest)}<div><i>Your earlier answer.</i></div>"

        def answered(change: Mapping) -> None:
            if change["new"] is None:
                return
            is_right = change["new"] == question.options[question.right]
            reason = record_event(Answered(self.chapter, question.name, change["new"], is_right))
            feedback.value = question.verdict(change["new"]) + (
                f"<div>Your answer could not be recorded: {html.escape(reason)}</div>" if reason else ""
            )

        choice.observe(answered, names="value")
        return ipywidgets.VBox([heading, choice, feedback])

    def _latest(self, question: Question) -> str | None:
        """Return the answer that was recorded last, ``None`` if there is none, or if it is no longer offered."""
        given = [
            event.chosen
            for event in recorded_events()
            if isinstance(event, Answered) and (event.chapter, event.question) == (self.chapter, question.name)
        ]
        return given[-1] if given and given[-1] in question.options else None
