"""Notebooks as learners hand them in, made from the exercise's master and its released version."""

import ast
import inspect
import json
from dataclasses import fields
from functools import lru_cache
from importlib import import_module

import nbformat

from cnncourse.architectures import architecture
from cnncourse.checking import Exercise, Part
from cnncourse.classroom.grading.assignment import CAPSTONE, Assignment, assignment

EXERCISE = "01-lenet-5"


class ShortPart(Part):
    """A part of which grading asks little more than learners see: one case that is drawn, in usual ways."""

    def questions(self, seed, *, at_grading, attempt=0):
        asked = super().questions(seed, at_grading=at_grading, attempt=attempt)
        return [(case, question._replace(in_all_ways=False)) for case, question in asked[: len(self.cases) + 1]]


@lru_cache
def short_exercise(name):
    """Return an exercise of such parts; always the same, so that what its references do is kept."""
    exercise = architecture(name).exercise()
    parts = (ShortPart(**{field.name: getattr(part, field.name) for field in fields(part)}) for part in exercise.parts)
    return Exercise(exercise.name, exercise.title, tuple(parts))


class ShortAssignment(Assignment):
    """An assignment for tests of what surrounds the judge: it asks less, so that more can be tried."""

    @property
    def exercise(self):
        return short_exercise(self.name)


def short_assignment(name, project):
    """Return a short assignment."""
    whole = assignment(name, project)
    return ShortAssignment(**{field.name: getattr(whole, field.name) for field in fields(whole)})


def released(project, exercise=EXERCISE):
    """Return the notebook as learners get it."""
    # The capstone, which has no parts to be judged, may stand beside the exercise.
    (path,) = (path for path in (project / "exercises" / exercise).glob("*.ipynb") if path.name != CAPSTONE.name)
    return nbformat.read(path, as_version=4)


def right_answers(project):
    """Return a right answer for each part, by its name."""
    (path,) = (project / "solutions" / EXERCISE).glob("*.ipynb")
    master = nbformat.read(path, as_version=4)
    answers = {part.grade_id: part.name for part in assignment(EXERCISE, project).asked}
    cells = [cell for cell in master.cells if cell.metadata.get("nbgrader", {}).get("grade_id") in answers]
    return {answers[cell.metadata.nbgrader.grade_id]: cell.source for cell in cells}


def answered(project, **answers):
    """Return the released notebook with a right answer in each part but those that are given."""
    notebook = released(project)
    sources = right_answers(project) | answers
    for part in assignment(EXERCISE, project).asked:
        cell_with(notebook, part.grade_id).source = sources[part.name]
    return notebook


def cell_with(notebook, grade_id):
    """Return the cell of that name."""
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def as_file(notebook):
    """Return the bytes that a learner hands in."""
    return notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()


@lru_cache
def bank_source(project, module):
    """Return a chapter's bank of answers as the text of one cell, which needs nothing of these tests."""
    source = written = (project / f"tests/architectures/{module}/answers.py").read_text(encoding="utf-8")
    for statement in ast.parse(written).body:
        if isinstance(statement, ast.ImportFrom) and ".exercise." in statement.module:
            # A sandbox holds no exercise: what mistakes and answers have in common travels along.
            given = import_module(statement.module)
            definitions = [inspect.getsource(getattr(given, name.name)) for name in statement.names]
            source = source.replace(ast.get_source_segment(written, statement), "\n\n".join(definitions))
    own = "from collections import namedtuple\nWrong = namedtuple('Wrong', 'part answer said', defaults=[''])"
    return source.replace("from tests.architectures.bank import Wrong", own)


def bank_answer(source, part, which, number):
    """Return the text of a cell with an answer of a bank, which holds of the bank what the answer needs.

    Args:
        source: of the bank, as ``bank_source`` gives it.
        part: what the answer is for.
        which: "RIGHT" or "WRONG".
        number: of the answer in that list.

    """
    statements = ast.parse(source).body
    bound = {}
    for statement in statements:
        for name in _bound(statement):
            bound.setdefault(name, []).append(statement)
    (listed,) = bound[which]
    entry = listed.value.elts[number]
    answer = (entry.args if isinstance(entry, ast.Call) else entry.elts)[1]
    needed = {each for each in statements if isinstance(each, ast.Import | ast.ImportFrom)}
    asked = [answer]
    while asked:
        for name in (each.id for each in ast.walk(asked.pop()) if isinstance(each, ast.Name)):
            new = [each for each in bound.get(name, ()) if each not in needed]
            needed.update(new)
            asked += new
    kept = [ast.unparse(each) for each in statements if each in needed]
    return "\n\n".join([*kept, f"{part} = {ast.unparse(answer)}"])


def _bound(statement):
    """Return the names that a statement of a module gives a value or changes; imports apart."""
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
