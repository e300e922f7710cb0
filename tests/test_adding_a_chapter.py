"""A chapter is added by the instructor's guide's own steps, in a copy of the course, and everything knows of it."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.classroom.handed_in import as_file

pytestmark = pytest.mark.slow
TOY = Path(__file__).with_name("eleventh")


@pytest.fixture(scope="module")
def course(project, tmp_path_factory):
    """The course with an eleventh chapter, and with the master of that one only, to be quick."""
    course = tmp_path_factory.mktemp("course")
    tracked = subprocess.run(["git", "ls-files"], cwd=project, capture_output=True, text=True, check=True).stdout
    for name in tracked.splitlines():
        if not name.startswith(("tests/", "solutions/")) and (project / name).exists():
            (course / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(project / name, course / name)
    catalogue = course / "cnncourse/architectures/catalogue.py"
    text = catalogue.read_text(encoding="utf-8")
    record = (TOY / "record.py").read_text(encoding="utf-8").partition("RECORD = ")[2]
    assert text.count("\n)\n\n\ndef reading_order") == 1
    catalogue.write_text(text.replace("\n)\n\n\ndef reading_order", f"\n{record},)\n\n\ndef reading_order"), "utf-8")
    shutil.copytree(TOY / "toy_net", course / "cnncourse/architectures/toy_net")
    shutil.copy(TOY / "chapter.ipynb", course / "chapters/11-toy-net.ipynb")
    (course / "solutions/11-toy-net").mkdir(parents=True)
    shutil.copy(TOY / "master.ipynb", course / "solutions/11-toy-net/unit.ipynb")
    return course


@pytest.fixture(scope="module")
def run(course):
    """Return what runs a command of that course."""

    def run(*words, folder=course):
        ran = subprocess.run(
            [sys.executable, "-m", "cnncourse.cli", *words],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(course), "CNNCOURSE_PROGRESS": str(course / "progress.jsonl")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return run


@pytest.fixture(scope="module")
def handed_out(course, run):
    """The exercise as learners get it; chapter and master have been run."""
    run("execute", "chapters/11-toy-net.ipynb", "solutions/11-toy-net/unit.ipynb", "--yes")
    run("release", "--yes")
    return course / "exercises/11-toy-net/unit.ipynb"


def test_the_network_is_drawn_and_stands_in_the_history(run, tmp_path):
    run("draw", "toy-net", str(tmp_path / "toy.svg"))
    assert "ToyNet" in (tmp_path / "toy.svg").read_text(encoding="utf-8")
    run("timeline", str(tmp_path / "timeline.svg"))
    assert "ToyNet" in (tmp_path / "timeline.svg").read_text(encoding="utf-8")
    run("gallery", str(tmp_path / "gallery"))
    assert "A toy network" in (tmp_path / "gallery/index.html").read_text(encoding="utf-8")


def test_the_chapter_runs_and_the_learner_gets_both_notebooks(course, run, handed_out, tmp_path):
    chapter = nbformat.read(course / "chapters/11-toy-net.ipynb", as_version=4)
    assert "it is 1,586 parameters" in chapter.cells[3].outputs[0].text
    assert "BEGIN SOLUTION" not in handed_out.read_text(encoding="utf-8")
    run("start", str(tmp_path / "own"))
    assert {path.name for path in (tmp_path / "own").rglob("*.ipynb")} >= {"11-toy-net.ipynb", "unit.ipynb"}
    assert "ToyNet" in run("progress")


def test_the_exercise_is_graded(course, run, handed_out):
    right = nbformat.read(course / "solutions/11-toy-net/unit.ipynb", as_version=4)
    wrong = nbformat.read(handed_out, as_version=4)
    answer = next(cell for cell in wrong.cells if cell.metadata.get("nbgrader", {}).get("solution"))
    answer.source = next(cell.source for cell in right.cells if "class Unit" in cell.source).replace("torch.relu", "")
    (course / "submissions").mkdir()
    for name, notebook in {"right": right, "wrong": wrong}.items():
        (course / f"submissions/{name}.ipynb").write_bytes(as_file(notebook))
    shutil.copy(handed_out, course / "submissions/untouched.ipynb")
    run("grade", "submissions", "--assignment", "11")
    with (course / "graded/11-toy-net/grades.csv").open(encoding="utf-8-sig", newline="") as file:
        totals = {row["student"]: int(row["total"]) for row in csv.DictReader(file)}
    assert totals == {"right": 4, "untouched": 0, "wrong": 2}
    assert "the ReLU is missing" in (course / "graded/11-toy-net/results/wrong.json").read_text(encoding="utf-8")
