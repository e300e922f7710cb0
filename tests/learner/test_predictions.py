"""Predictions are recorded and never judged; what is shown without a kernel is always the same."""

import re

import pytest

from cnncourse import predict
from cnncourse.architectures import CATALOGUE
from cnncourse.learner import Prediction
from cnncourse.learner.predictions import PredictionAsked
from cnncourse.learner.progress import record_file, recorded_events

NUMBER = Prediction("how-many", "How many?", unit="weights")
CHOICE = Prediction("which", "Which one?", options=("this <b>", "that"))
WORDS = Prediction("why", "Why?")
CHAPTERS = [record for record in CATALOGUE if record.has_chapter]


def parts(prediction):
    _, given, feedback = PredictionAsked("01-lenet-5", prediction).widget().children
    return given, feedback


@pytest.mark.parametrize(
    ("prediction", "value", "recorded"),
    [(NUMBER, "10,000", "10000"), (NUMBER, " 0.5 ", "0.5"), (CHOICE, "that", "that"), (WORDS, "Because.", "Because.")],
)
def test_prediction_is_recorded(prediction, value, recorded):
    given, feedback = parts(prediction)
    given.value = value
    (event,) = recorded_events()
    assert (event.chapter, event.prediction, event.value) == ("01-lenet-5", prediction.name, recorded)
    assert f"✓ Noted: <b>{float(recorded):,.10g}" in feedback.value if prediction.unit else recorded in feedback.value


@pytest.mark.parametrize("value", ["many", "nan", "inf"])
def test_what_is_no_number_is_asked_for_again(value):
    given, feedback = parts(NUMBER)
    given.value = value
    assert "A number, please (weights)" in feedback.value
    assert recorded_events() == []


def test_every_change_is_kept_and_the_latest_is_shown_again():
    given, _ = parts(NUMBER)
    given.value = "1"
    given.value = "2"
    assert [event.value for event in recorded_events()] == ["1", "2"]
    given, feedback = parts(NUMBER)
    assert given.value == "2"
    assert "<b>2 weights</b>" in feedback.value


def test_choice_that_is_no_longer_offered_is_not_shown():
    parts(CHOICE)[0].value = "that"
    changed = Prediction(CHOICE.name, CHOICE.text, options=("this", "neither"))
    assert parts(changed)[0].value is None


@pytest.mark.parametrize("prediction", [NUMBER, CHOICE, WORDS], ids=lambda prediction: prediction.name)
def test_without_a_kernel_it_is_the_same_before_and_after(prediction):
    asked = PredictionAsked("01-lenet-5", prediction)
    before = asked._repr_mimebundle_()
    parts(prediction)[0].value = {"how-many": "3", "which": "that", "why": "so"}[prediction.name]
    after = asked._repr_mimebundle_()
    for kind in ("text/html", "text/plain"):
        assert before[kind] == after[kind]


@pytest.mark.parametrize(
    ("prediction", "value", "truth", "said"),
    [
        (NUMBER, "2000", 156, "You said: 2,000 weights; it is 156 weights."),
        (NUMBER, "95.5", "96.2", "You said: 95.5 weights; it is 96.2 weights."),
        (CHOICE, "that", "", "You said: that."),
    ],
)
def test_prediction_and_truth_stand_side_by_side(prediction, value, truth, said):
    asked = PredictionAsked("01-lenet-5", prediction)
    told = f"it is {truth} weights." if truth else ""
    assert asked.beside(truth) == f"You made no prediction{'; ' + told if told else '.'}"
    parts(prediction)[0].value = value
    assert asked.beside(truth) == said


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_what_was_predicted_is_told_again_where_it_is_answered(record, project):
    text = (project / f"chapters/{record.chapter}.ipynb").read_text(encoding="utf-8")
    told = re.findall(rf'predicted\(\\"{record.chapter}\\", \\"([a-z0-9-]+)\\"', text)
    assert set(told) <= {prediction.name for prediction in record.predictions()}
    assert len(told) >= len(record.predictions()) / 2


def test_showing_it_records_nothing():
    PredictionAsked("01-lenet-5", NUMBER)._repr_mimebundle_()
    assert not record_file().exists()


def test_options_and_what_was_predicted_are_escaped():
    assert "this &lt;b&gt;" in PredictionAsked("01-lenet-5", CHOICE)._repr_mimebundle_()["text/html"]
    given, feedback = parts(WORDS)
    given.value = "<script>"
    assert "<script>" not in feedback.value


def test_record_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNCOURSE_PROGRESS", str(tmp_path / "file" / "progress.jsonl"))
    given, feedback = parts(WORDS)
    given.value = "so"
    assert "could not be recorded" in feedback.value


def test_unknown_prediction_is_refused_with_those_that_exist():
    with pytest.raises(LookupError, match="numbers-of-c1"):
        predict("01-lenet-5", "nothing")


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_chapter_asks_for_every_prediction_it_defines(record, project):
    text = (project / f"chapters/{record.chapter}.ipynb").read_text(encoding="utf-8")
    names = [prediction.name for prediction in record.predictions()]
    assert len(names) >= 2
    for name in names:
        assert f'predict(\\"{record.chapter}\\", \\"{name}\\")' in text
