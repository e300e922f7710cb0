"""nbgrader takes the course's exercises all the way: release, grade, feedback, grades."""

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from torch import nn

from cnncourse import check
from cnncourse.architectures import CATALOGUE
from cnncourse.classroom.grading.assignment import CAPSTONE

pytestmark = pytest.mark.slow

OWN_PROGRESS = "own-progress.jsonl"  # of whoever grades
CHAPTERS = [record.chapter for record in CATALOGUE if record.has_chapter]
WRONG = """class {name}(nn.Module):
    def __init__(self, *_settings):
        super().__init__()

    def forward(self, maps):
        return maps
"""


class Unchanged(nn.Module):
    """What the wrong answer does, to ask the course itself what it is worth."""

    def __init__(self, *_settings):
        super().__init__()

    def forward(self, maps):
        return maps


@dataclass(frozen=True)
class Graded:
    """A class that nbgrader graded: points are those of the check cells, scores what each has of how many."""

    exercise: str
    folder: Path
    points: dict[str, int]
    scores: dict[str, tuple[float, float]]

    @property
    def possible(self):
        return sum(self.points.values())

    @property
    def last(self):
        return list(self.points)[-1]

    def score(self, student):
        return self.scores[student][0]


def nbgrader(folder, *command):
    ran = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=folder,
        env={
            **os.environ,
            # nbgrader calls other commands of its environment by name.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "JUPYTER_CONFIG_DIR": str(folder / "no-settings-of-the-user"),
            "CNNCOURSE_PROGRESS": str(folder / OWN_PROGRESS),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def commands(project, exercise):
    """The README's commands, for an exercise."""
    lines = (project / "README.md").read_text(encoding="utf-8").splitlines()
    return [line.replace(CHAPTERS[0], exercise).split()[1:] for line in lines if line.startswith("nbgrader ")]


def graded_cells(notebook):
    """Return, in order, (answer cell, check cell) of each part."""
    marked = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    checks = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return list(zip(marked, checks, strict=True))


def hand_in(folder, student, exercise, name, notebook):
    place = folder / "submitted" / student / exercise
    place.mkdir(parents=True)
    nbformat.write(notebook, place / name)


@pytest.fixture(scope="module", params=CHAPTERS)
def graded(request, project, tmp_path_factory):
    """Release an exercise, hand in the master, and grade it.

    Of the first exercise there are the untouched version and two odd answers too, which differ from the master in the
    last part only, and feedback and the table of grades: what nbgrader makes of those is the same in all.
    """
    from nbgrader.api import Gradebook

    exercise, folder = request.param, tmp_path_factory.mktemp("course")
    is_first = exercise == CHAPTERS[0]
    shutil.copy(project / "nbgrader_config.py", folder)
    shutil.copytree(project / "solutions" / exercise, folder / "solutions" / exercise)
    generate, grade, *tell = commands(project, exercise)
    nbgrader(folder, *generate)
    parts = next(record for record in CATALOGUE if record.chapter == exercise).exercise().parts
    (path,) = (path for path in (folder / "solutions" / exercise).glob("*.ipynb") if path.name != CAPSTONE.name)
    master = nbformat.read(path, as_version=4)
    last = parts[-1].name
    odd = {"wrong": WRONG.format(name=last), "unreadable": f"class {last}(:"} if is_first else {}
    for student, source in {"right": None, **odd}.items():
        notebook = nbformat.read(path, as_version=4)
        if source:
            graded_cells(notebook)[-1][0].source = source
        hand_in(folder, student, exercise, path.name, notebook)
    if is_first:
        untouched = nbformat.read(folder / "release" / exercise / path.name, as_version=4)
        hand_in(folder, "untouched", exercise, path.name, untouched)
    for command in (grade, *(tell if is_first else ())):
        nbgrader(folder, *command)
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        submissions = gradebook.assignment_submissions(exercise)
        scores = {each.student.id: (each.score, each.max_score) for each in submissions}
    cells = zip(parts, graded_cells(master), strict=True)
    points = {part.name: check_cell.metadata.nbgrader.points for part, (_, check_cell) in cells}
    return Graded(exercise, folder, points, scores)


only_first = pytest.mark.parametrize("graded", CHAPTERS[:1], indirect=True)


def test_readme_names_the_whole_way_and_nothing_of_it_is_in_git(project):
    assert [command[0] for command in commands(project, "x")] == [
        "generate_assignment", "autograde", "generate_feedback", "export",
    ]  # fmt: skip
    written = ["release/x/x.ipynb", "submitted/a/x/x.ipynb", "autograded/a/x/x.ipynb", "feedback/a/x/x.html"]
    written += ["gradebook.db", "grades.csv"]
    ignored = subprocess.run(
        ["git", "check-ignore", *written], cwd=project, capture_output=True, text=True, check=False
    )
    assert ignored.stdout.splitlines() == written


def test_learners_version_is_what_nbgrader_makes_of_the_master(graded, project):
    made, committed = (
        {path.name: nbformat.read(path, as_version=4) for path in (folder / graded.exercise).glob("*.ipynb")}
        for folder in (graded.folder / "release", project / "exercises")
    )
    assert made.keys() == committed.keys()
    for name, notebook in made.items():
        assert [cell.source for cell in committed[name].cells] == [cell.source for cell in notebook.cells], (
            "make exercises"
        )
        assert [cell.metadata for cell in committed[name].cells] == [cell.metadata for cell in notebook.cells]


def test_everybody_is_graded_out_of_all_points(graded):
    assert {possible for _, possible in graded.scores.values()} == {graded.possible}


def test_the_master_has_full_marks(graded):
    assert graded.score("right") == graded.possible


@only_first
def test_the_untouched_exercise_earns_nothing(graded):
    assert graded.score("untouched") == 0


@only_first
def test_a_wrong_answer_earns_what_the_course_itself_gives_for_it(graded):
    earned = check(graded.exercise, Unchanged, part=graded.last).points
    assert earned < graded.points[graded.last]
    assert graded.score("wrong") == graded.possible - graded.points[graded.last] + earned


@only_first
def test_a_syntax_error_costs_that_part_only(graded):
    assert graded.score("unreadable") == graded.possible - graded.points[graded.last]


def test_grading_leaves_the_graders_own_progress_alone(graded):
    assert not (graded.folder / OWN_PROGRESS).exists()


@only_first
def test_everybody_gets_feedback(graded):
    for student in graded.scores:
        (page,) = (graded.folder / "feedback" / student / graded.exercise).glob("*.html")
        assert graded.last in page.read_text(encoding="utf-8")


@only_first
def test_table_of_grades_has_everybodys_score(graded):
    with (graded.folder / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    exported = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in rows}
    assert exported == graded.scores
