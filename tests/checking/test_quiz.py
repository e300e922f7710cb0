"""Quiz answers are judged at once and kept."""

import pytest

from cnncourse import quiz
from cnncourse.architectures import CATALOGUE
from cnncourse.checking import recorded_results
from cnncourse.checking.quiz import record_file

CHAPTERS = [record for record in CATALOGUE if record.has_chapter]


def choices(shown):
    return [question.children[1] for question in shown.widget().children]


def test_choice_is_judged_and_recorded():
    shown = quiz("01-lenet-5")
    first = shown.questions[0]
    wrong = next(option for option in first.options if option != first.options[first.right])
    choice, feedback = shown.widget().children[0].children[1:]
    choice.value = wrong
    assert "✗" in feedback.value
    choice.value = first.options[first.right]
    assert "✓ Right" in feedback.value
    assert [(result.chosen, result.is_right) for result in recorded_results()] == [
        (wrong, False),
        (first.options[first.right], True),
    ]


def test_showing_the_quiz_records_nothing():
    quiz("01-lenet-5")._repr_mimebundle_()
    assert not record_file().exists()


def test_damaged_record_loses_only_its_damaged_lines():
    shown = quiz("01-lenet-5")
    choices(shown)[0].value = shown.questions[0].options[0]
    with record_file().open("a", encoding="utf-8") as file:
        file.write('{"chapter": "01-len\n')
    choices(shown)[1].value = shown.questions[1].options[0]
    assert len(recorded_results()) == 2


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_questions_have_one_right_answer_and_a_reason(record):
    for question in record.questions():
        assert 0 <= question.right < len(question.options) >= 3
        assert len(set(question.options)) == len(question.options)
        assert question.because


def test_without_a_kernel_questions_and_answers_can_be_read():
    bundle = quiz("01-lenet-5")._repr_mimebundle_()
    assert bundle["text/html"].count("<details>") == 5
