"""Chapter 1's exercise recognises misconceptions and accepts every right answer."""

import pytest

from cnncourse import check
from cnncourse.checking import Status

from .answers import RIGHT, WRONG


def name_of(value):
    return getattr(value, "__name__", repr(value))


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.part}-{name_of(wrong.answer)}")
def test_wrong_answer_is_refused_with_its_own_message(wrong):
    report = check("01-lenet-5", wrong.answer, part=wrong.part)
    faults = {outcome.check.name: outcome.fault for outcome in report.outcomes if outcome.fault}
    assert wrong.check in faults, report
    fault = faults[wrong.check]
    assert wrong.said in f"{fault.message} {fault.misconception}", report
    assert report.points < report.part.points


@pytest.mark.parametrize(("part", "answer"), RIGHT, ids=lambda value: name_of(value))
def test_right_answer_gets_full_marks(part, answer):
    report = check("01-lenet-5", answer, part=part)
    assert report.passed, report
    assert report.points == report.part.points


def test_every_misconception_is_told_apart():
    said = [(wrong.part, wrong.check, wrong.said) for wrong in WRONG if "raised an error" not in wrong.said]
    assert len(said) == len(set(said))


def test_same_answer_gets_the_same_report():
    wrong = WRONG[0]
    first, second = (repr(check("01-lenet-5", wrong.answer, part=wrong.part)) for _ in range(2))
    assert first == second


def test_stub_is_not_attempted_and_raises_nothing():
    def C3(table):  # noqa: N802 -- the name that the exercise asks for
        raise NotImplementedError

    report = check("01-lenet-5", C3)
    assert {outcome.status for outcome in report.outcomes} == {Status.NOT_ATTEMPTED}
    assert report.points == 0
    assert "not attempted yet" in repr(report)
