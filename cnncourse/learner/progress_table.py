"""The learner's progress as a table: live where there is a kernel, with controls to begin again, else still."""

import html
from collections.abc import Callable, Mapping, Sequence

from cnncourse.display import STATUS, bundle, live
from cnncourse.learner.progress import (
    ChapterProgress,
    Forgotten,
    PartProgress,
    UnreadableRecordError,
    record_event,
)

BAR = "#0072b2"  # shows on light and on dark pages; the numbers beside it say the same


class ProgressTable:
    """How far the learner has come, a line a chapter, and a line a part of the chapter that one is in.

    Args:
        read: gives the chapters' progress; called anew after something was forgotten.
        start_over: starts the exercise of a chapter over, and says what it did.
        unfolded: the chapter that one is in, for example "01-lenet-5"; "" for none.

    """

    def __init__(
        self,
        read: Callable[[], Sequence[ChapterProgress]],
        start_over: Callable[[str], str],
        unfolded: str = "",
    ) -> None:
        self.read, self.start_over, self.unfolded = read, start_over, unfolded

    def __repr__(self) -> str:
        try:
            chapters = self.read()
        except UnreadableRecordError as error:
            return str(error)
        width = max(len(chapter.title) for chapter in chapters)
        return "\n".join(line for chapter in chapters for line in self._lines(chapter, width))

    def _lines(self, chapter: ChapterProgress, width: int) -> list[str]:
        lines = [
            f"{chapter.title:<{width}}  {f'{chapter.points:g} of {chapter.possible}':>8} points  "
            f"{chapter.right} of {chapter.questions} right  {chapter.predicted} of {chapter.predictions} predicted"
        ]
        if chapter.chapter == self.unfolded:
            lines += [f"    {part.name}: {_attempts(part)}" for part in chapter.parts]
        return lines

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, object]:
        return bundle(self._html(), repr(self), live(self.widget()))

    def _html(self) -> str:
        try:
            rows = "".join(self._row(chapter) for chapter in self.read())
        except UnreadableRecordError as error:
            return f"<p><b>{html.escape(str(error))}</b></p>"
        heads = "".join(
            f'<th scope="col" style="text-align:left;padding:2px 14px 2px 0">{head}</th>'
            for head in ("chapter", "exercise", "quiz", "predictions")
        )
        style = "border-collapse:collapse;color:inherit;font:inherit"
        return f'<table class="cnncourse-progress" style="{style}"><tr>{heads}</tr>{rows}</table>'

    def _row(self, chapter: ChapterProgress) -> str:
        cells = (
            _bar(chapter.points, chapter.possible, "points"),
            _bar(chapter.right, chapter.questions, "right"),
            _bar(chapter.predicted, chapter.predictions, "made"),
        )
        style = "text-align:left;vertical-align:top;padding:2px 14px 2px 0"
        is_here = chapter.chapter == self.unfolded
        title = f"<b>{html.escape(chapter.title)}</b>" if is_here else html.escape(chapter.title)
        row = f'<td style="{style}">{title}</td>' + "".join(f'<td style="{style}">{cell}</td>' for cell in cells)
        parts = "".join(f"<div>{html.escape(part.name)}: {_attempts(part)}</div>" for part in chapter.parts)
        unfolded = f'<tr><td></td><td colspan="3" style="{style}">{parts}</td></tr>' if is_here else ""
        return f"<tr>{row}</tr>{unfolded}"

    def forget(self, name: str) -> str:
        """Forget what was recorded of a chapter and say what that was.

        Args:
            name: the chapter, for example "01-lenet-5".

        Raises:
            LookupError: if there is no such chapter; the message lists those that exist.

        """
        try:
            chapters = {chapter.chapter: chapter for chapter in self.read()}
        except UnreadableRecordError as error:
            return f"{name}: nothing is forgotten. {error}"
        if name not in chapters:
            raise LookupError(f"no chapter {name!r}; there is progress to forget in {', '.join(chapters)}")
        reason = record_event(Forgotten(name))
        if reason:
            return f"{name}: nothing is forgotten, because the record cannot be written: {reason}"
        chapter = chapters[name]
        tried = sum(part.best is not None for part in chapter.parts)
        return (
            f"{name}: forgot the attempts at {tried} of {len(chapter.parts)} parts, {chapter.answered} of "
            f"{chapter.questions} answers and {chapter.predicted} of {chapter.predictions} predictions"
        )

    def widget(self) -> object:
        """Return the table as a widget, with controls to forget a chapter and to start over, which ask once more."""
        import ipywidgets

        try:
            chapters = self.read()
        except UnreadableRecordError as error:
            return ipywidgets.HTML(f"<b>{html.escape(str(error))}</b>").add_class(STATUS)
        table = ipywidgets.HTML(self._html())
        said = ipywidgets.HTML().add_class(STATUS)
        chosen = ipywidgets.Dropdown(
            options=[(chapter.title, chapter.chapter) for chapter in chapters],
            description="chapter",
            layout=ipywidgets.Layout(width="260px"),
        )
        if self.unfolded:
            chosen.value = self.unfolded
        renew = ipywidgets.Button(
            description="Bring up to date",
            tooltip="show what was recorded since",
            layout=ipywidgets.Layout(align_self="flex-start"),
        )
        forget = ipywidgets.Button(description="Forget it …", tooltip="forget what was recorded for this chapter")
        over = ipywidgets.Button(
            description="Start its exercise over …", tooltip="a fresh copy; what you wrote is kept under another name"
        )
        sure = ipywidgets.Button(button_style="danger")
        leave = ipywidgets.Button(description="No, leave it")
        asking = ipywidgets.HBox([sure, leave], layout=ipywidgets.Layout(display="none"))
        agreed: list[Callable[[str], str]] = []  # what is done when the learner is sure

        def show(_button: object = None) -> None:
            table.value = self._html()

        def ask(question: str, answer: str, action: Callable[[str], str]) -> None:
            said.value = html.escape(question.format(chosen.label))
            sure.description, agreed[:] = answer, [action]
            asking.layout.display = ""

        def quiet(_change: object = None) -> None:
            asking.layout.display = "none"
            said.value = ""

        def go_on(_button: object) -> None:
            quiet()
            said.value = html.escape(agreed[0](chosen.value))
            show()

        def ask_to_forget(_button: object) -> None:
            question = "Forget all that was recorded for {}? Your notebooks stay as they are."
            ask(question, "Yes, forget it", self.forget)

        def ask_to_start_over(_button: object) -> None:
            question = "Start the exercise of {} over? What you wrote is kept under another name."
            ask(question, "Yes, start over", self.start_over)

        renew.on_click(show)
        forget.on_click(ask_to_forget)
        over.on_click(ask_to_start_over)
        sure.on_click(go_on)
        leave.on_click(quiet)
        chosen.observe(quiet, names="value")
        return ipywidgets.VBox([table, renew, ipywidgets.HBox([chosen, forget, over]), said, asking])


def _attempts(part: PartProgress) -> str:
    if part.best is None:
        return f"not tried yet ({part.possible} points)"
    return f"{part.best:g} of {part.possible} points at best, {part.latest:g} at the latest attempt"


def _bar(done: float, possible: int, what: str) -> str:
    share = 100 * min(done / possible, 1) if possible else 0
    return (
        '<div style="width:90px;height:8px;border-radius:4px;background:rgba(128,128,128,.3)">'
        f'<div style="width:{share:.0f}%;height:8px;border-radius:4px;background:{BAR}"></div></div>'
        f"{done:g} of {possible} {what}"
    )
