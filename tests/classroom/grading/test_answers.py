"""What grading says of an answer is what the notebook says of it: the banks, judged in a sandbox with a secret seed."""

from importlib import import_module

import pytest

from cnncourse.architectures import CATALOGUE
from cnncourse.checking import judge
from cnncourse.classroom.grading.assignment import grade_id
from cnncourse.classroom.grading.grade import Setup, grade, seed_of
from cnncourse.classroom.isolation.sandbox import Sandbox, strongest_isolation
from tests.classroom.handed_in import (
    as_file,
    bank_answer,
    bank_source,
    cell_with,
    released,
    short_assignment,
    short_exercise,
)

SECRET = b"secret"


def bank(record):
    return import_module(f"tests.architectures.{record.module}.answers")


def cases():
    for record in CATALOGUE:
        if record.has_chapter:
            for number, wrong in enumerate(bank(record).WRONG):
                yield pytest.param(
                    record, "WRONG", number, wrong.part, wrong.answer, id=f"{record.slug}-wrong-{number}"
                )
            for number, (part, answer) in enumerate(bank(record).RIGHT):
                yield pytest.param(record, "RIGHT", number, part, answer, id=f"{record.slug}-right-{number}")


@pytest.fixture(scope="module")
def sandboxes(project):
    """A sandbox for each exercise, as a judging process keeps it."""
    kept = {}

    def sandbox(exercise):
        if exercise not in kept:
            setup = Setup.of(short_assignment(exercise, project), SECRET)
            kept[exercise] = (setup, Sandbox(strongest_isolation(), setup.assignment.modules))
        return kept[exercise]

    yield sandbox
    for _, opened in kept.values():
        opened.close()


@pytest.mark.slow
@pytest.mark.parametrize(("record", "which", "number", "name", "answer"), list(cases()))
def test_answer_is_judged_in_the_sandbox_as_in_the_notebook(record, which, number, name, answer, project, sandboxes):
    notebook = released(project, record.chapter)
    part = short_exercise(record.chapter).part(name)
    cell_with(notebook, grade_id(part)).source = bank_answer(bank_source(project, record.module), name, which, number)
    setup, sandbox = sandboxes(record.chapter)
    result = grade("learner", as_file(notebook), setup, sandbox)
    here = judge(part, answer, seed_of(SECRET, record.chapter, name), at_grading=True)
    assert not result.attention
    told = [(check.check, check.points, check.misconception) for check in result.checks if check.part == name]
    assert told == [
        (each.check.name, each.points, each.fault.misconception if each.fault else "") for each in here.outcomes
    ]
