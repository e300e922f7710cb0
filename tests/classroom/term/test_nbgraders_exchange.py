"""Feedback goes back by nbgrader's exchange, to whoever handed in there."""

import getpass
import json
import os
import subprocess
import sys

import pytest

from cnncourse.classroom.collecting.submissions import Submission
from cnncourse.classroom.grade_term import make_gradebook
from cnncourse.classroom.term.rules import Term
from cnncourse.classroom.term.sending import write_for_nbgrader
from tests.classroom.term.a_term import write

LENET = "01-lenet-5"


@pytest.fixture
def course(tmp_path):
    """A teacher's course folder, with a graded page for Ann and for Bob."""
    (tmp_path / "graded" / LENET / "feedback").mkdir(parents=True)
    for student in ("ann", "bob"):
        (tmp_path / "graded" / LENET / "feedback" / f"{student}.html").write_text(f"feedback for {student}")
    return tmp_path


def collected(course, student="ann", names=("partial-connection.ipynb",), secret=b"s3cret", time=b"2026-11-20 UTC"):
    folder = course / "submitted" / student / LENET
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("{}")
    for name, content in {"submission_secret.txt": secret, "timestamp.txt": time}.items():
        if content is not None:
            (folder / name).write_bytes(content)
    return Submission(student, student.title(), folder / names[0])


def given(course, *submissions):
    without = write_for_nbgrader(course / "graded" / LENET, submissions)
    found = course / "feedback"
    return without, {path.relative_to(found).as_posix(): path.read_text() for path in found.rglob("*.*")}


def test_there_is_a_page_for_each_notebook_and_what_says_whose_it_is(course):
    ann = collected(course, names=("partial-connection.ipynb", "Untitled.ipynb"))
    assert given(course, ann) == (
        [],
        {
            f"ann/{LENET}/partial-connection.html": "feedback for ann",
            f"ann/{LENET}/Untitled.html": "feedback for ann",
            f"ann/{LENET}/submission_secret.txt": "s3cret",
            f"ann/{LENET}/timestamp.txt": "2026-11-20 UTC",
        },
    )


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX' rights")
def test_pages_can_be_read_where_nbgrader_puts_them_and_not_here(course):
    given(course, collected(course))
    place = course / "feedback/ann" / LENET
    assert (place / "partial-connection.html").stat().st_mode & 0o777 == 0o644  # nbgrader copies that
    assert place.stat().st_mode & 0o077 == 0
    assert (place / "submission_secret.txt").stat().st_mode & 0o077 == 0


def test_what_came_from_elsewhere_is_given_back_elsewhere(course):
    elsewhere = [collected(course, secret=None), Submission("bob", "Bob", course / "submissions.zip", ("bob/x.ipynb",))]
    assert given(course, *elsewhere) == ([], {})


@pytest.mark.parametrize("damaged", [{"secret": b"\xff"}, {"secret": b"x" * 1001}, {"time": None}, {"time": b"\xff"}])
def test_what_a_learner_damaged_is_that_learners_loss_alone(course, damaged):
    without, pages = given(course, collected(course, "ann", **damaged), collected(course, "bob"))
    assert without == ["ann"]
    assert {place.partition("/")[0] for place in pages} == {"bob"}


def test_the_gradebook_brings_the_pages_up_to_date_and_leaves_what_says_whose_they_are(tmp_path):
    place = write(tmp_path / "graded", LENET, {"ann": 1, "bob": 1})
    record = json.loads((place / "class.json").read_text(encoding="utf-8"))
    record["learners"]["ann"]["nbgrader"] = str(tmp_path / "feedback/ann" / LENET)
    (place / "class.json").write_text(json.dumps(record), encoding="utf-8")
    (tmp_path / "feedback/ann" / LENET).mkdir(parents=True)
    for name in ("partial-connection.html", "submission_secret.txt"):
        (tmp_path / "feedback/ann" / LENET / name).write_text("before")
    (tmp_path / "changes.csv").write_text("student,exercise,points,comment\nann,1,3,Come and see me.\n")
    make_gradebook(tmp_path / "graded", Term(changes=tmp_path / "changes.csv"), tmp_path / "out")
    assert "Come and see me." in (tmp_path / "feedback/ann" / LENET / "partial-connection.html").read_text("utf-8")
    assert (tmp_path / "feedback/ann" / LENET / "submission_secret.txt").read_text() == "before"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="nbgrader's exchange needs POSIX")
def test_nbgrader_takes_hand_ins_and_brings_feedback_by_the_hubs_settings(project, tmp_path):
    learner, exercises = getpass.getuser(), tmp_path / "cnncourse/exercises"
    for place in (exercises, tmp_path / "course/release"):
        (place / LENET).mkdir(parents=True)
        (place / LENET / "partial-connection.ipynb").write_text("{}")
    (tmp_path / "exchange").mkdir(mode=0o777)

    def nbgrader(*command):
        ran = subprocess.run(
            [sys.executable, "-m", "nbgrader", *command, f"--Exchange.root={tmp_path / 'exchange'}"],
            cwd=tmp_path / "course",
            env={
                **os.environ,
                "HOME": str(tmp_path),
                "JUPYTER_CONFIG_DIR": str(tmp_path / "no-settings-of-the-user"),
                "JUPYTER_CONFIG_PATH": str(project / "docs/jupyterhub/jupyter"),
                "JUPYTER_DATA_DIR": str(tmp_path / "data"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stderr

    nbgrader("release_assignment", LENET)
    nbgrader("submit", LENET)
    assert f"collected {tmp_path / 'course/submitted' / learner / LENET}" in nbgrader("collect", LENET)
    (page,) = (tmp_path / "course/submitted").rglob("*.ipynb")
    graded = tmp_path / "course/graded" / LENET
    (graded / "feedback").mkdir(parents=True)
    (graded / "feedback" / f"{learner}.html").write_text("well done")
    assert write_for_nbgrader(graded, [Submission(learner, learner, page)]) == []
    nbgrader("release_feedback", LENET)
    nbgrader("fetch_feedback", LENET)
    (fetched,) = (exercises / LENET / "feedback").glob("*/partial-connection.html")
    assert fetched.read_text() == "well done"
