"""From what was handed in to grades: everybody is there, and what is odd is said."""

import csv
import json

import pytest

from cnncourse import cli
from cnncourse.classroom.benchmark import benchmark, table
from cnncourse.classroom.grade_class import with_copies
from cnncourse.classroom.results import CheckResult, Result
from cnncourse.classroom.submissions import Collection

from .handed_in import EXERCISE, answered, as_file, released


def result(student, fingerprint, status="failed"):
    return Result(student, EXERCISE, (CheckResult("C3", "shape", 0, 1, status),), fingerprint=fingerprint)


def test_learners_who_handed_in_the_same_file_are_remarked():
    results = [result("a", "x"), result("b", "y"), result("c", "x"), result("d", "x")]
    remarks = with_copies(Collection((), remarks={"c": ("late",)}), results).remarks
    assert remarks == {
        "a": ("handed in the very same file as c, d",),
        "c": ("late", "handed in the very same file as a, d"),
        "d": ("handed in the very same file as a, c",),
    }


def test_untouched_notebooks_are_no_copies_of_each_other():
    results = [result("a", "x", "not attempted yet"), result("b", "x", "not attempted yet")]
    assert not with_copies(Collection(()), results).remarks


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
    (tmp_path / "class.csv").write_text("student,name\nada,Ada\nbob,Bob\ncy,Cy\ndi,Di\n")
    out = tmp_path / "out"
    command = ["grade", str(tmp_path), "--assignment", EXERCISE, "--to", str(out), "--due", "2026-11-21T12:00"]
    assert cli.main([*command, "--roster", str(tmp_path / "class.csv"), "--jobs", "1"]) == 0
    assert "3 submissions (3 judged now), 1 missing" in capsys.readouterr().out

    rows = {row["student"]: row for row in csv.DictReader((out / "grades.csv").open(encoding="utf-8-sig"))}
    assert {student: row["total"] for student, row in rows.items()} == {"ada": "20", "bob": "0", "cy": "0", "di": "0"}
    assert {student for student, row in rows.items() if row["late"] == "yes"} == {"bob", "cy"}
    assert rows["di"]["status"] == "missing"
    assert "damaged" in rows["cy"]["attention"]
    for name in ("index.html", "canvas.csv", "moodle.csv", "feedback/ada.html", "results/ada.json"):
        assert (out / name).is_file(), name
    assert json.loads((out / "gradescope/ada/results.json").read_text())["score"] == 20
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
