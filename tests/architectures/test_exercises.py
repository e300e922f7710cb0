"""Every exercise knows its misconceptions, accepts every right answer, and refuses wrong ones it has never seen."""

import inspect
import sys
import zlib
from importlib import import_module
from importlib.util import find_spec

import pytest
import torch.nn.functional as F

from cnncourse.architectures import CATALOGUE
from cnncourse.checking import evenly_pooled, judge
from cnncourse.checking.examination import examine
from cnncourse.checking.judging import SAME_AS, bank_of, judge_asking

CHAPTERS = [record for record in CATALOGUE if record.has_chapter]
PARTS = [
    pytest.param(record.exercise().part(part.name), id=f"{record.slug}-{part.name}")
    for record in CHAPTERS
    for part in record.exercise().parts
]
MISCONCEPTIONS = [
    pytest.param(part.values[0], misconception, id=f"{part.id}-{misconception.said[:60]}")
    for part in PARTS
    for misconception in part.values[0].misconceptions
]


def banks(record):
    """A chapter's answers, and those that only grading refuses, at the edges of what the text allows."""
    names = (f"tests.architectures.{record.module}.{bank}" for bank in ("answers", "answers_at_edges"))
    return [import_module(name) for name in names if find_spec(name)]


def answers(which):
    for record in CHAPTERS:
        exercise = record.exercise()
        for each in (each for bank in banks(record) for each in getattr(bank, which, ())):
            name, answer = (each.part, each.answer) if which == "WRONG" else each
            shown = getattr(answer, "__name__", type(answer).__name__)
            yield pytest.param(exercise.part(name), each, id=f"{record.slug}-{name}-{shown}")


def seeded(cases):
    """Each with a seed of its own, always the same: what is drawn differs from answer to answer."""
    return [pytest.param(*case.values, zlib.crc32(case.id.encode()), id=case.id) for case in cases]


def told(report):
    return " ".join(f"{each.fault.message} {each.fault.misconception}" for each in report.outcomes if each.fault)


@pytest.mark.parametrize(("part", "misconception"), MISCONCEPTIONS)
def test_misconception_is_called_by_its_name_and_costs_once(part, misconception):
    # What it does is asked once, for the bank and for the answer: the next test asks for both.
    outcomes, _ = judge_asking(
        part, lambda question, _: bank_of(part, 0).notes(misconception.wrong, question).items(), (), 0, at_grading=False
    )
    faults = {outcome.check.name: outcome.fault for outcome in outcomes if outcome.fault}
    assert faults, "it is not refused"
    assert next(iter(faults.values())).misconception == misconception.said, outcomes
    assert all(fault.message.startswith(SAME_AS) for fault in list(faults.values())[1:]), outcomes
    assert set(faults) <= set(misconception.checks) or len(faults) == 1
    assert sum(outcome.points for outcome in outcomes) < part.public_points


@pytest.mark.parametrize("part", PARTS)
def test_answer_of_a_misconception_is_called_by_its_name(part):
    for misconception in part.misconceptions[:3]:
        assert misconception.said in told(judge(part, misconception.wrong))


@pytest.mark.parametrize("part", PARTS)
def test_misconceptions_can_be_called_as_the_reference_is_in_every_case(part):
    for _, question in part.questions(0, at_grading=True):
        for misconception in part.misconceptions:
            inspect.signature(misconception.wrong).bind(*question.arguments, **question.keywords)


@pytest.mark.parametrize(("part", "right", "seed"), seeded(answers("RIGHT")))
def test_right_answer_gets_full_marks_whatever_is_drawn(part, right, seed):
    report = judge(part, right[1], seed, at_grading=True)
    assert report.passed, report
    assert report.points == part.points


@pytest.mark.parametrize(("part", "wrong"), list(answers("WRONG")))
def test_wrong_answer_that_no_misconception_explains_is_refused(part, wrong):
    report = judge(part, wrong.answer, 2**33 + 1, at_grading=True)
    assert report.points < part.points
    assert wrong.said in told(report), report


@pytest.mark.parametrize("part", PARTS)
def test_every_note_of_every_case_is_looked_at(part):
    for case, question in part.questions(0, at_grading=True):
        for note, _ in examine(part.references[0], question):
            looking = [check.name for check in part.checks if check.looks_at(case, note)]
            assert looking or note in part.leaves_open, f"{question.call}: {note}"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("seed", range(2))
def test_parameters_of_the_reference_count_in_every_case(part, seed):
    """What never moves could be wrong and nobody would know; some stand behind a ReLU that lets nothing through."""
    for _, question in part.questions(seed, at_grading=True):
        notes = dict(examine(part.references[0], question))
        assert "ended" not in notes, notes["ended"]
        count = notes.get("parameters", 0)
        assert notes.get("parameters that move", count) >= count / 4, question.call
        assert notes.get("copied", True)
        assert notes.get("saved", True)


@pytest.mark.parametrize("part", [part for part in PARTS if part.values[0].cases[0].inputs])
def test_equal_values_of_a_window_may_share_its_gradient(part, monkeypatch):
    def pooled_evenly(*arguments, **keywords):
        module = part.references[0](*arguments, **keywords)
        usual = type(module)

        def forward(self, *inputs):
            with monkeypatch.context() as patch:
                patch.setattr(F, "max_pool2d", evenly)
                return usual.forward(self, *inputs)

        module.__class__ = type(usual.__name__, (usual,), {"forward": forward})
        return module

    def evenly(maps, size, stride=None, padding=0, *_others, **_named):
        return evenly_pooled(maps, size, stride, padding)

    report = judge(part, pooled_evenly, at_grading=True)
    assert report.passed, report


@pytest.mark.parametrize("part", PARTS)
def test_part_has_points_for_what_is_drawn_at_grading_and_hints_for_all(part):
    hidden = [check for check in part.checks if not check.public]
    assert hidden
    assert any(case is None for case, _ in part.questions(0, at_grading=True))
    names = [check.name for check in part.checks]
    for misconception in part.misconceptions:
        assert set(misconception.checks) <= set(names), misconception.said
    for check in part.checks:
        assert 2 <= len(check.hints) <= 3, check.name
        assert len(set(check.hints)) == len(check.hints)


@pytest.mark.parametrize("part", PARTS)
def test_what_stands_in_for_an_earlier_answer_can_be_sent_as_text(part):
    """A sandbox holds no exercise, so its module must not import any."""
    for own in part.needs.values():
        source = inspect.getsource(sys.modules[own.__module__])
        assert ".exercise" not in source
        names = {"__name__": "own"}
        exec(source, names)
        assert callable(names[own.__name__])
