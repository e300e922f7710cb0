"""From what was handed in to grades: everybody is there, and what is odd is said."""

import csv
import json
from pathlib import Path

import pytest

from cnncourse import cli
from cnncourse.architectures import architecture
from cnncourse.classroom.benchmark import benchmark, table
from cnncourse.classroom.collecting.roster import Roster
from cnncourse.classroom.collecting.submissions import Collection, Submission
from cnncourse.classroom.grade_class import with_copies, with_maximum
from cnncourse.classroom.grading.results import CheckResult, Result
from cnncourse.classroom.reports.similarity import Group
from tests.classroom.handed_in import EXERCISE, answered, as_file, released


def result(student, notebook, status="failed", **answers):
    return Result(student, EXERCISE, (CheckResult("C3", "shape", 0, 1, status),), notebook=notebook, answers=answers)


def test_learners_who_handed_in_the_same_file_are_remarked():
    results = [result("a", "x"), result("b", "y"), result("c", "x"), result("d", "x")]
    remarks = with_copies(Collection((), remarks={"c": ("late",)}), results, [], []).remarks
    assert remarks == {
        "a": ("handed in the very same file as c, d",),
        "c": ("late", "handed in the very same file as a, d"),
        "d": ("handed in the very same file as a, c",),
    }


def test_one_upload_of_a_team_is_no_copy():
    team = tuple(Submission(student, student, Path("d.zip"), ("team/x.ipynb",)) for student in "ab")
    other = Submission("c", "c", Path("d.zip"), ("c/x.ipynb",))
    results = [result(student, "x", C3="x") for student in "ab"]
    alike = [Group("C3", ("a", "b"), 1.0, ())]
    assert not with_copies(Collection(team), results, alike, []).remarks
    remarks = with_copies(Collection((*team, other)), [*results, result("c", "x")], alike, []).remarks
    assert remarks["a"] == ("handed in the very same file as b, c",)


def test_learners_who_wrote_the_same_answer_in_other_files_are_remarked_cell_by_cell():
    results = [result("a", "x"), result("b", "y"), result("c", "z"), result("d", "z")]
    alike = [Group("C3", ("a", "b"), 1.0, ()), Group("features", ("c", "d"), 1.0, ())]
    remarks = with_copies(Collection(()), results, alike, []).remarks
    assert remarks["a"] == ("wrote C3 as b did",)
    assert remarks["d"] == ("handed in the very same file as c",)


def test_what_many_write_alike_is_the_usual_way_and_names_nobody():
    names = [f"s{number:02}" for number in range(40)]
    results = [result(name, name) for name in names]
    alike = [Group("C3", tuple(names[:11]), 1.0, ()), Group("features", tuple(names[:10]), 1.0, ())]
    remarks = with_copies(Collection(()), results, alike, []).remarks
    assert set(remarks) == set(names[:10])
    assert remarks["s00"] == ("wrote features as s01, s02, s03, s04, s05 and others did",)


def test_the_courses_own_handed_in_as_an_answer_is_remarked():
    line = "from cnncourse.architectures.lenet5.model import PartialConv2d"
    remarks = with_copies(Collection(()), [result("a", "x", C3=line)], [], []).remarks
    assert remarks == {"a": (f"takes the course's own: {line}",)}


def test_untouched_notebooks_are_no_copies_of_each_other():
    results = [result("a", "x", "not attempted yet"), result("b", "x", "not attempted yet")]
    assert not with_copies(Collection(()), results, [], []).remarks


@pytest.mark.parametrize(("maximum", "is_said"), [("20", False), ("20.00", False), ("100", True), ("", False)])
def test_another_maximum_of_the_platforms_is_remarked(tmp_path, maximum, is_said):
    path = tmp_path / "canvas.csv"
    path.write_text(f"Student,ID,Section,{EXERCISE} (9)\n    Points Possible,,,{maximum}\nAnn,1,A,\n")
    collection = Collection((), remarks={"": ("before",)}, roster=Roster.read(path))
    said = with_maximum(collection, architecture(EXERCISE).exercise()).remarks[""]
    assert said[0] == "before"
    assert len(said) == 1 + is_said
    assert all("gives 100 points for this exercise, and these tables 20" in each for each in said[1:])


@pytest.mark.slow
def test_class_is_graded_from_nbgraders_folder_with_everything_that_is_promised(tmp_path, project, capsys):
    handed_in = {"ada": answered(project), "bob": released(project), "cy": b"{"}
    for student, notebook in handed_in.items():
        folder = tmp_path / "submitted" / student / EXERCISE
        folder.mkdir(parents=True)
        (folder / "partial-connection.ipynb").write_bytes(as_file(notebook))
        (folder / "timestamp.txt").write_text(
            "2026-11-20 10:00:00 UTC" if student == "ada" else "2026-11-22 10:00:00 UTC"
        )
    for student, secret in {"ada": b"s3cret", "bob": b"\xff"}.items():  # what nbgrader's exchange leaves there
        (tmp_path / f"submitted/{student}/{EXERCISE}/submission_secret.txt").write_bytes(secret)
    (tmp_path / "class.csv").write_text("student,name\nada,Ada\nbob,Bob\ncy,Cy\ndi,Di\n")
    out = tmp_path / "out"
    command = ["grade", str(tmp_path), "--assignment", EXERCISE, "--to", str(out), "--due", "2026-11-21T12:00"]
    assert cli.main([*command, "--roster", str(tmp_path / "class.csv"), "--jobs", "1"]) == 0
    said = capsys.readouterr()
    assert "3 submissions (3 judged now), 1 missing" in said.out
    assert "nbgrader's exchange needs to give feedback back is damaged: bob" in said.err

    rows = {row["student"]: row for row in csv.DictReader((out / "grades.csv").open(encoding="utf-8-sig"))}
    assert {student: row["total"] for student, row in rows.items()} == {"ada": "20", "bob": "0", "cy": "0", "di": "0"}
    assert {student for student, row in rows.items() if row["late"] == "yes"} == {"bob", "cy"}
    assert rows["di"]["status"] == "missing"
    assert "damaged" in rows["cy"]["attention"]
    for name in ("index.html", "canvas.csv", "moodle.csv", "feedback/ada.html", "results/ada.json"):
        assert (out / name).is_file(), name
    assert json.loads((out / "gradescope/ada/results.json").read_text())["score"] == 20
    given_back = tmp_path / f"feedback/ada/{EXERCISE}/partial-connection.html"
    assert given_back.read_bytes() == (out / "feedback/ada.html").read_bytes()
    assert json.loads((out / "class.json").read_text())["learners"]["ada"]["nbgrader"] == str(given_back.parent)
    secret = (out / "secret.txt").read_text().strip()
    for path in out.rglob("*"):
        assert path.is_dir() or path.name == "secret.txt" or secret not in path.read_text(encoding="utf-8"), path

    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert cli.main([*command, "--roster", str(tmp_path / "class.csv"), "--jobs", "2"]) == 0
    assert "(0 judged now)" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in before} == before, "run twice, identical"


@pytest.mark.slow
def test_benchmark_grades_the_same_class_with_both(project):
    ours, theirs = benchmark(project, EXERCISE, 2, 1)
    assert (ours.submissions, theirs.submissions) == (2, 2)
    assert ours.rate > 0 < theirs.rate
    assert "nbgrader autograde" in repr(table([ours, theirs]))
