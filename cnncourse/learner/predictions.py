"""Predictions: the learner commits to one before the cell that answers it; it is recorded and never judged."""

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass

from cnncourse.display import STATUS, bundle, live
from cnncourse.learner.progress import Predicted, record_event, recorded_events

NONE_MADE = "You made no prediction"


@dataclass(frozen=True)
class Prediction:
    """Something to predict: one of the options, a number, or, with neither options nor unit, in one's own words.

    Attributes:
        name: short and unique within its chapter; the record refers to it.
        text: what is to be predicted.
        options: to choose from.
        unit: of the number.

    """

    name: str
    text: str
    options: tuple[str, ...] = ()
    unit: str = ""

    def noted(self, value: str) -> str:
        """Say that a prediction is recorded, as HTML."""
        shown = html.escape(_with_unit(value, self.unit))
        return f"✓ Noted: <b>{shown}</b>. Now run on; you can change it until then, and nothing is judged."

    @property
    def refusal(self) -> str:
        """What is told, as HTML, where a number is asked for and something else was given."""
        return f"A number, please ({html.escape(self.unit)})."

    def recalled(self, value: str | None) -> str:
        """Say what was predicted, ``None`` for nothing."""
        return NONE_MADE if value is None else f"You said: {_with_unit(value, self.unit)}"

    @property
    def demand(self) -> str:
        """How it is to be answered, for those who have no widget."""
        if self.options:
            return "Choose one before you run on."
        if self.unit:
            return f"Write down a number ({self.unit}) before you run on."
        return "Write it down before you run on."

    def read(self, value: str) -> str | None:
        """Return what the learner gave as it is recorded, ``None`` if it is no prediction."""
        value = value.strip()
        if not value or not self.unit:
            return value or None
        try:
            number = float(value.replace(",", "").replace("_", "").replace(" ", ""))
        except ValueError:
            return None
        return f"{number:.10g}" if math.isfinite(number) else None


class PredictionAsked:
    """A prediction as a widget where there is a kernel, and as text, always the same, where there is none.

    Args:
        chapter: for example "01-lenet-5".
        prediction: what is to be predicted.

    """

    def __init__(self, chapter: str, prediction: Prediction) -> None:
        self.chapter = chapter
        self.prediction = prediction

    def __repr__(self) -> str:
        lines = [f"Your prediction: {self.prediction.text}", *(f"   - {each}" for each in self.prediction.options)]
        return "\n".join([*lines, self.prediction.demand])

    def _static_html(self) -> str:
        options = "".join(f"<li>{html.escape(option)}</li>" for option in self.prediction.options)
        choice = f"<ul>{options}</ul>" if options else ""
        return f"{self._heading()}{choice}<i>{html.escape(self.prediction.demand)}</i>"

    def _heading(self) -> str:
        return f"<div><b>Your prediction:</b> {html.escape(self.prediction.text)}</div>"

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, object]:
        return bundle(self._static_html(), repr(self), live(self.widget()))

    def latest(self) -> str | None:
        """Return the prediction that was recorded last, ``None`` if there is none."""
        made = [
            event.value
            for event in recorded_events()
            if isinstance(event, Predicted)
            and (event.chapter, event.prediction) == (self.chapter, self.prediction.name)
        ]
        return made[-1] if made else None

    def beside(self, truth: object) -> str:
        """Say what was predicted last, beside what is true.

        Args:
            truth: a number, or text; "" where it is shown otherwise.

        """
        said = self.prediction.recalled(self.latest())
        return f"{said}; it is {_with_unit(truth, self.prediction.unit)}." if truth != "" else f"{said}."

    def widget(self) -> object:
        """Return the prediction as a widget; it shows the latest one made and records every change."""
        import ipywidgets

        latest = self.latest()
        given, feedback = self._input(latest), ipywidgets.HTML().add_class(STATUS)
        if latest is not None:
            feedback.value = self.prediction.noted(latest)

        def changed(change: Mapping) -> None:
            value = self.prediction.read(change["new"] or "")
            if value is None:
                feedback.value = self.prediction.refusal if change["new"] else ""
                return
            reason = record_event(Predicted(self.chapter, self.prediction.name, value))
            feedback.value = self.prediction.noted(value) + (
                f" It could not be recorded: {html.escape(reason)}" if reason else ""
            )

        given.observe(changed, names="value")
        return ipywidgets.VBox([ipywidgets.HTML(self._heading()), given, feedback])

    def _input(self, latest: str | None) -> object:
        import ipywidgets

        if self.prediction.options:
            known = latest if latest in self.prediction.options else None
            return ipywidgets.RadioButtons(
                options=self.prediction.options, value=known, layout=ipywidgets.Layout(width="auto")
            )
        if self.prediction.unit:
            return ipywidgets.Text(
                value=latest or "",
                placeholder=f"a number ({self.prediction.unit}), then Enter",
                continuous_update=False,
                layout=ipywidgets.Layout(width="340px"),
            )
        return ipywidgets.Textarea(
            value=latest or "",
            placeholder="in a sentence or two; then click elsewhere",
            continuous_update=False,
            layout=ipywidgets.Layout(width="100%", max_width="640px", height="64px"),
        )


def _with_unit(value: object, unit: str) -> str:
    try:
        shown = f"{float(value):,.10g}" if unit else str(value)
    except ValueError:  # in words
        shown = str(value)
    return f"{shown} {unit}".strip()
