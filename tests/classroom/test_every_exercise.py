"""Every exercise is graded from end to end, by the command as typed: for each, four learners; one by a cluster too."""

import csv
from importlib import import_module

import nbformat
import pytest

from cnncourse import cli
from cnncourse.architectures import CATALOGUE
from cnncourse.classroom.grading.assignment import CAPSTONE, grade_id
from tests.classroom.clusters import cluster_of
from tests.classroom.handed_in import as_file, bank_answer, bank_source, cell_with, released

pytestmark = pytest.mark.slow
CHAPTERS = [record for record in CATALOGUE if record.has_chapter]


def class_of_four(record, project, folder):
    """Hand in the master, the untouched exercise, a wrong answer, and a right one written differently."""
    paths = sorted((project / "solutions" / record.chapter).glob("*.ipynb"))
    (path,) = (each for each in paths if each.name != CAPSTONE.name)
    parts = record.exercise().parts
    bank = import_module(f"tests.architectures.{record.module}.answers")
    last = parts[-1].name
    wrong = next(number for number, each in enumerate(bank.WRONG) if each.part == last)
    right = max(number for number, (name, _) in enumerate(bank.RIGHT) if name == last)
    source = bank_source(project, record.module)
    answers = {
        "wrong": bank_answer(source, last, "WRONG", wrong),
        "differently": bank_answer(source, last, "RIGHT", right),
    }
    notebooks = {"master": nbformat.read(path, as_version=4), "untouched": released(project, record.chapter)}
    for student, answer in answers.items():
        notebooks[student] = nbformat.read(path, as_version=4)
        cell_with(notebooks[student], grade_id(parts[-1])).source = answer
    folder.mkdir()
    for student, notebook in notebooks.items():
        (folder / f"{student}.ipynb").write_bytes(as_file(notebook))


def rows_of(path):
    """Return the row of each learner in the table of grades."""
    with (path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="session")
def scheduler():
    """Start one cluster for all; test_batch.py loses workers of others."""
    with cluster_of(1) as cluster:
        yield cluster.scheduler_address


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_class_is_graded_by_the_command_here_and_by_a_cluster(record, project, tmp_path, monkeypatch, scheduler):
    monkeypatch.chdir(tmp_path)
    class_of_four(record, project, tmp_path / "submissions")
    assert cli.main(["grade", "submissions", "--assignment", record.chapter]) == 0
    rows = rows_of(tmp_path / "graded" / record.chapter)
    totals = {student: int(row["total"]) for student, row in rows.items()}
    parts = record.exercise().parts
    possible = sum(part.points for part in parts)
    assert totals["master"] == totals["differently"] == possible
    assert totals["untouched"] == 0
    lost = {part.name: part.points - int(rows["wrong"][part.name]) for part in parts}
    assert lost.pop(parts[-1].name) > 0
    assert not any(lost.values())
    # The answers are the same but for one, and some of the bank's begin with the course's own: nothing else is odd.
    said = {line for row in rows.values() for line in row["attention"].split("; ") if line}
    assert not [line for line in said if not line.startswith(("wrote ", "takes the course's own: "))]
    assert rows["untouched"]["attention"] == ""
    assert all(f"wrote {parts[0].name}" in rows[student]["attention"] for student in ("master", "wrong"))
    (tmp_path / "one").mkdir()
    (tmp_path / "submissions/wrong.ipynb").rename(tmp_path / "one/wrong.ipynb")
    secret = ["--secret", f"graded/{record.chapter}/secret.txt"]
    options = ["--to", "far", "--scheduler", scheduler, *secret]
    assert cli.main(["grade", "one", "--assignment", record.chapter, *options]) == 0
    (far,) = rows_of(tmp_path / "far").values()
    # Alone, nobody resembles it.
    assert {**far, "attention": ""} == {**rows["wrong"], "attention": ""}
