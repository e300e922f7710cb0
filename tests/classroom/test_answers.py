"""Every answer of the banks is judged in a sandbox as it is in the notebook: from outside, with a secret seed."""

from importlib import import_module
from pathlib import Path

import pytest

from cnncourse.architectures import CATALOGUE
from cnncourse.classroom.assignment import assignment, grade_id
from cnncourse.classroom.grading import Setup, grade
from cnncourse.classroom.sandbox import Sandbox, strongest_isolation

from .handed_in import as_file, cell_with, released


def bank(record):
    return import_module(f"tests.architectures.{record.module}.answers")


def cases():
    for record in CATALOGUE:
        if record.has_chapter:
            for number, wrong in enumerate(bank(record).WRONG):
                yield pytest.param(
                    record, wrong.part, f"WRONG[{number}].answer", wrong, id=f"{record.slug}-wrong-{number}"
                )
            for number, (part, _) in enumerate(bank(record).RIGHT):
                yield pytest.param(record, part, f"RIGHT[{number}][1]", None, id=f"{record.slug}-right-{number}")


@pytest.fixture(scope="module")
def sandboxes(project):
    """A sandbox for each exercise, as a judging process keeps it."""
    kept = {}

    def sandbox(exercise):
        if exercise not in kept:
            setup = Setup.of(assignment(exercise, project), b"secret")
            kept[exercise] = (setup, Sandbox(strongest_isolation(), setup.assignment.modules))
        return kept[exercise]

    yield sandbox
    for _, opened in kept.values():
        opened.close()


@pytest.mark.slow
@pytest.mark.parametrize(("record", "name", "expression", "wrong"), list(cases()))
def test_answer_is_judged_in_the_sandbox_as_in_the_notebook(record, name, expression, wrong, project, sandboxes):
    notebook = released(project, record.chapter)
    part = record.exercise().part(name)
    source = Path(bank(record).__file__).read_text(encoding="utf-8")
    cell_with(notebook, grade_id(part)).source = f"{source}\n{name} = {expression}"
    setup, sandbox = sandboxes(record.chapter)
    result = grade("learner", as_file(notebook), setup, sandbox)
    points, possible = result.parts[name]
    assert not result.attention
    if wrong is None:
        assert points == possible, result
        return
    assert points < possible
    (told,) = [check for check in result.checks if (check.part, check.check) == (name, wrong.check)]
    assert wrong.said in f"{told.message} {told.misconception}", result
