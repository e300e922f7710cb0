"""Every exercise recognises the misconceptions in its bank of answers and accepts every right answer."""

from importlib import import_module

import pytest

from cnncourse.architectures import CATALOGUE
from cnncourse.checking import judge

CHAPTERS = [record for record in CATALOGUE if record.has_chapter]


def name_of(value):
    return getattr(value, "__name__", repr(value))


def bank(record):
    return import_module(f"tests.architectures.{record.module}.answers")


def hidden(exercise):
    return {(part.name, check.name) for part in exercise.parts for check in part.checks if not check.public}


def caught_at_grading(record):
    only_there = hidden(record.exercise())
    return [wrong for wrong in bank(record).WRONG if (wrong.part, wrong.check) in only_there]


def wrong_answers(choose):
    return [
        pytest.param(
            record.exercise().part(wrong.part), wrong, id=f"{record.slug}-{wrong.part}-{name_of(wrong.answer)}"
        )
        for record in CHAPTERS
        for wrong in choose(record)
    ]


RIGHT = [
    pytest.param(record.exercise().part(part), answer, id=f"{record.slug}-{part}-{name_of(answer)}")
    for record in CHAPTERS
    for part, answer in bank(record).RIGHT
]


@pytest.mark.parametrize(("part", "wrong"), wrong_answers(lambda record: bank(record).WRONG))
def test_wrong_answer_is_refused_with_its_own_message(part, wrong):
    report = judge(part, wrong.answer, at_grading=True)
    faults = {outcome.check.name: outcome.fault for outcome in report.outcomes if outcome.fault}
    assert wrong.check in faults, report
    fault = faults[wrong.check]
    assert wrong.said in f"{fault.message} {fault.misconception}", report
    assert report.points < part.points


@pytest.mark.parametrize("seed", [0, 1, 2**40 + 3])
@pytest.mark.parametrize(("part", "answer"), RIGHT)
def test_right_answer_gets_full_marks_whatever_is_drawn(part, answer, seed):
    report = judge(part, answer, seed, at_grading=True)
    assert report.passed, report
    assert report.points == part.points


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("part", "wrong"), wrong_answers(caught_at_grading))
def test_answer_made_for_the_notebook_s_own_inputs_passes_there_and_not_at_grading(part, wrong, seed):
    assert judge(part, wrong.answer, seed).passed
    assert not judge(part, wrong.answer, seed, at_grading=True).passed


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_every_part_has_a_check_at_grading_only_and_an_answer_that_needs_it(record):
    exercise = record.exercise()
    assert {(wrong.part, wrong.check) for wrong in caught_at_grading(record)} == hidden(exercise)
    assert {part for part, _ in hidden(exercise)} == {part.name for part in exercise.parts}


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_every_check_has_two_or_three_hints(record):
    for part in record.exercise().parts:
        for each in part.checks:
            assert 2 <= len(each.hints) <= 3, each.name
            assert len(set(each.hints)) == len(each.hints)
