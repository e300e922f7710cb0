"""Notebooks as learners hand them in, made from the exercise's master and its released version."""

import json

import nbformat

from cnncourse.classroom.assignment import CAPSTONE, assignment

EXERCISE = "01-lenet-5"


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
