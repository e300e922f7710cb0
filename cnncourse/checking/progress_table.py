"""The learner's progress as a table: live where there is a kernel, with a control to forget a chapter, else still."""

import html
from collections.abc import Callable, Mapping, Sequence

from cnncourse.checking.progress import ChapterProgress, Forgotten, PartProgress, record_event

BAR = "#0072b2"  # shows on light and on dark pages; the numbers beside it say the same


class ProgressTable:
    """How far the learner has come with every chapter.

    Args:
        read: gives the chapters' progress; called anew after something was forgotten.

    """

    def __init__(self, read: Callable[[], Sequence[ChapterProgress]]) -> None:
        self.read = read

    def __repr__(self) -> str:
        return "\n".join(_chapter_text(chapter) for chapter in self.read())

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, object]:
        return {**self.widget()._repr_mimebundle_(), "text/html": self._html(), "text/plain": repr(self)}

    def _html(self) -> str:
        rows = "".join(_row(chapter) for chapter in self.read())
        heads = "".join(
            f'<th style="text-align:left;padding:2px 14px 2px 0">{head}</th>'
            for head in ("chapter", "exercise, best attempts", "quiz", "predictions")
        )
        style = "border-collapse:collapse;color:inherit;font:inherit;white-space:nowrap"
        return f'<table class="cnncourse-progress" style="{style}"><tr>{heads}</tr>{rows}</table>'

    def forget(self, name: str) -> str:
        """Forget what was recorded of a chapter and say what that was.

        Args:
            name: the chapter, for example "01-lenet-5".

        Raises:
            LookupError: if there is no such chapter; the message lists those that exist.

        """
        chapters = {chapter.chapter: chapter for chapter in self.read()}
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
        """Return the table as a widget, with a control to forget a chapter, which asks once more."""
        import ipywidgets

        table = ipywidgets.HTML(self._html())
        said = ipywidgets.HTML()
        chapters = self.read()
        chosen = ipywidgets.Dropdown(
            options=[(chapter.title, chapter.chapter) for chapter in chapters],
            description="chapter",
            layout=ipywidgets.Layout(width="260px"),
        )
        renew = ipywidgets.Button(description="Bring up to date", tooltip="show what was recorded since")
        forget = ipywidgets.Button(description="Forget it …", tooltip="forget what was recorded for this chapter")
        sure = ipywidgets.Button(description="Yes, forget it", button_style="danger")
        keep = ipywidgets.Button(description="No, keep it")
        asking = ipywidgets.HBox([sure, keep], layout=ipywidgets.Layout(display="none"))

        def show(_button: object = None) -> None:
            table.value = self._html()

        def ask(_button: object) -> None:
            said.value = (
                f"Forget all that was recorded for {html.escape(chosen.label)}? Your notebooks stay as they are."
            )
            asking.layout.display = ""

        def leave(_change: object = None) -> None:
            asking.layout.display = "none"
            said.value = ""

        def go_on(_button: object) -> None:
            leave()
            said.value = html.escape(self.forget(chosen.value))
            show()

        renew.on_click(show)
        forget.on_click(ask)
        sure.on_click(go_on)
        keep.on_click(leave)
        chosen.observe(leave, names="value")
        return ipywidgets.VBox([table, renew, ipywidgets.HBox([chosen, forget]), said, asking])


def _chapter_text(chapter: ChapterProgress) -> str:
    lines = [chapter.chapter, *(f"  {part.name}: {_attempts(part)}" for part in chapter.parts)]
    lines.append(f"  quiz: {chapter.right} of {chapter.questions} right, {chapter.answered} answered")
    lines.append(f"  predictions: {chapter.predicted} of {chapter.predictions} made")
    return "\n".join(lines)


def _attempts(part: PartProgress) -> str:
    if part.best is None:
        return f"not tried yet ({part.possible} points)"
    return f"{part.best:g} of {part.possible} points at best, {part.latest:g} at the latest attempt"


def _row(chapter: ChapterProgress) -> str:
    parts = "".join(f"<div>{html.escape(part.name)}: {_attempts(part)}</div>" for part in chapter.parts)
    cells = (
        html.escape(chapter.title),
        _bar(chapter.points, chapter.possible, "points") + f'<div style="opacity:.8">{parts}</div>',
        _bar(chapter.right, chapter.questions, "right"),
        _bar(chapter.predicted, chapter.predictions, "made"),
    )
    joined = "".join(
        f'<td style="text-align:left;vertical-align:top;padding:4px 14px 4px 0">{cell}</td>' for cell in cells
    )
    return f"<tr>{joined}</tr>"


def _bar(done: float, possible: int, what: str) -> str:
    share = 100 * min(done / possible, 1) if possible else 0
    return (
        '<div style="width:120px;height:8px;border-radius:4px;background:rgba(128,128,128,.3)">'
        f'<div style="width:{share:.0f}%;height:8px;border-radius:4px;background:{BAR}"></div></div>'
        f"{done:g} of {possible} {what}"
    )
