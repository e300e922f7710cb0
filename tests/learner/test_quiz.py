"""Quiz answers are judged at once and kept."""

import pytest

from cnncourse import quiz
from cnncourse.architectures import CATALOGUE
from cnncourse.learner.progress import record_file, recorded_events

CHAPTERS = [record for record in CATALOGUE if record.has_chapter]


def test_choice_is_judged_and_recorded():
    shown = quiz("01-lenet-5")
    first = shown.questions[0]
    wrong = next(option for option in first.options if option != first.options[first.right])
    choice, feedback = shown.widget().children[0].children[1:]
    choice.value = wrong
    assert "✗" in feedback.value
    choice.value = first.options[first.right]
    assert "✓ Right" in feedback.value
    assert [(result.chosen, result.is_right) for result in recorded_events()] == [
        (wrong, False),
        (first.options[first.right], True),
    ]


def test_earlier_answers_are_shown_when_it_is_run_again():
    shown = quiz("01-lenet-5")
    question = shown.questions[0]
    shown.widget().children[0].children[1].value = question.options[question.right]
    choice, feedback = quiz("01-lenet-5").widget().children[0].children[1:]
    assert choice.value == question.options[question.right]
    assert "✓ Right" in feedback.value
    assert "Your earlier answer" in feedback.value
    assert len(recorded_events()) == 1
    assert quiz("01-lenet-5").widget().children[1].children[1].value is None


def test_showing_the_quiz_records_nothing():
    quiz("01-lenet-5")._repr_mimebundle_()
    assert not record_file().exists()


def test_record_that_cannot_be_written_does_not_spoil_the_verdict(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNCOURSE_PROGRESS", str(tmp_path / "file" / "progress.jsonl"))
    shown = quiz("01-lenet-5")
    choice, feedback = shown.widget().children[0].children[1:]
    choice.value = shown.questions[0].options[shown.questions[0].right]
    assert "✓ Right" in feedback.value
    assert "could not be recorded" in feedback.value


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_questions_have_one_right_answer_and_a_reason(record):
    for question in record.questions():
        assert 0 <= question.right < len(question.options) >= 3
        assert len(set(question.options)) == len(question.options)
        assert question.because


def test_without_a_kernel_questions_and_answers_can_be_read():
    bundle = quiz("01-lenet-5")._repr_mimebundle_()
    assert bundle["text/html"].count("<details>") == 5


def test_right_option_is_not_given_away_by_its_length():
    questions = [question for record in CHAPTERS for question in quiz(record.chapter).questions]
    longest = [
        question
        for question in questions
        if len(question.options[question.right])
        > max(len(option) for number, option in enumerate(question.options) if number != question.right)
    ]
    assert len(longest) <= sum(1 / len(question.options) for question in questions)
