"""Of nbgrader's exchange only what is a learner's own is collected, whatever it is called and wherever it leads."""

import os
from types import SimpleNamespace

import pytest

pytest.importorskip("pwd", reason="nbgrader's exchange needs POSIX")

from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError
from traitlets.config import Config

from cnncourse.classroom.collecting import exchange
from cnncourse.classroom.collecting.exchange import OwnHandIns

NAME = "partial-connection.ipynb"
EARLY, LATE = "2026-11-20 10:00:00.000000 UTC", "2026-11-21 10:00:00.000000 UTC"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course whose exchange has one learner's files, Ada's: whoever runs the tests is her."""
    (tmp_path / "exchange/course/inbound").mkdir(parents=True)
    monkeypatch.setattr(exchange.pwd, "getpwuid", lambda _number: SimpleNamespace(pw_name="ada"))
    return tmp_path


def hand_in(course, student="ada", time=EARLY, text="answer", exercise="01-lenet-5"):
    folder = course / f"exchange/course/inbound/{student}+{exercise}+{time}+x7"
    folder.mkdir()
    (folder / NAME).write_text(text)
    (folder / "timestamp.txt").write_text("whenever")
    (folder / "submission_secret.txt").write_text("s3")
    return folder


def collect(course, **settings):
    config = Config()
    config.Exchange.root = str(course / "exchange")
    directory = CourseDirectory(root=str(course), course_id="course", assignment_id="01-lenet-5")
    directory.max_file_size = 1
    OwnHandIns(coursedir=directory, config=config, **settings).start()


def collected(course):
    return {
        path.relative_to(course / "submitted").as_posix(): path.read_text()
        for path in (course / "submitted").rglob("*")
        if path.is_file()
    }


def test_a_learners_latest_hand_in_is_collected_with_the_time_that_its_name_says(course):
    hand_in(course, time=EARLY, text="first")
    hand_in(course, time=LATE, text="second")
    hand_in(course, exercise="02-alexnet")
    collect(course)
    assert collected(course) == {
        f"ada/01-lenet-5/{NAME}": "second",
        "ada/01-lenet-5/submission_secret.txt": "s3",
        "ada/01-lenet-5/timestamp.txt": LATE,
    }


def test_what_is_there_is_replaced_by_a_later_one_only_and_only_if_that_is_asked_for(course):
    hand_in(course, time=EARLY, text="first")
    collect(course)
    hand_in(course, time=LATE, text="second")
    collect(course)
    assert collected(course)[f"ada/01-lenet-5/{NAME}"] == "first"
    collect(course, update=True)
    assert collected(course)[f"ada/01-lenet-5/{NAME}"] == "second"
    (course / "submitted/ada/01-lenet-5" / NAME).write_text("marked by hand")
    collect(course, update=True)
    assert collected(course)[f"ada/01-lenet-5/{NAME}"] == "marked by hand"


def test_nobody_hands_in_for_somebody_else(course, caplog):
    hand_in(course, student="bob")
    collect(course)
    assert collected(course) == {}
    assert "not written by bob, but by ada" in caplog.text


def test_no_link_is_followed_and_no_pipe_waited_for(course, caplog):
    (course / "solutions").mkdir()
    secret = course / "solutions" / NAME
    secret.write_text("the solution")
    folder = hand_in(course)
    (folder / NAME).unlink()
    (folder / NAME).symlink_to(secret)
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "folder.ipynb").mkdir()
    (course / f"exchange/course/inbound/ada+01-lenet-5+{LATE}+x8").symlink_to(course / "solutions")
    collect(course)
    assert set(collected(course)) == {"ada/01-lenet-5/submission_secret.txt", "ada/01-lenet-5/timestamp.txt"}
    for name in (NAME, "pipe.ipynb", "folder.ipynb", "x8"):
        assert name in caplog.text


def test_files_of_somebody_else_in_a_learners_folder_are_left_out(course, monkeypatch, caplog):
    hand_in(course, text="of somebody else")
    real = os.fstat

    def fstat(descriptor):
        about = real(descriptor)
        is_anothers = about.st_size == len("of somebody else")
        return os.stat_result((*about[:4], about.st_uid + is_anothers, *about[5:10]))

    monkeypatch.setattr(os, "fstat", fstat)
    collect(course)
    assert set(collected(course)) == {"ada/01-lenet-5/submission_secret.txt", "ada/01-lenet-5/timestamp.txt"}
    assert "written by somebody else" in caplog.text


@pytest.mark.parametrize("name", ["ada+01-lenet-5+not a time+x", "ada+01-lenet-5+99999999999999+x", "ada", "+++"])
def test_one_odd_name_stops_nobody(course, name):
    (course / "exchange/course/inbound" / name).mkdir()
    hand_in(course)
    collect(course)
    assert f"ada/01-lenet-5/{NAME}" in collected(course)


def test_a_hand_in_that_is_taken_away_stops_nobody(course, monkeypatch, caplog):
    hand_in(course, student="ann")
    hand_in(course, student="bob")
    owners = iter(["ann", "bob"])
    monkeypatch.setattr(exchange.pwd, "getpwuid", lambda _number: SimpleNamespace(pw_name=next(owners)))
    found = OwnHandIns.init_src

    def then_ann_takes_hers_away(self):
        found(self)
        next((course / "exchange/course/inbound").glob("ann*")).rename(course / "taken away")

    monkeypatch.setattr(OwnHandIns, "init_src", then_ann_takes_hers_away)
    collect(course)
    assert set(collected(course)) == {
        f"bob/01-lenet-5/{name}" for name in (NAME, "submission_secret.txt", "timestamp.txt")
    }
    assert "ann/01-lenet-5 could not be collected" in caplog.text


def test_large_files_and_more_than_anybody_hands_in_are_left_out(course, caplog):
    folder = hand_in(course)
    (folder / "large.ipynb").write_text("x" * 1001)
    for number in range(exchange.MOST_FILES):
        (folder / f"z{number}").write_text("")
    collect(course)
    assert "larger than 1 kB" in caplog.text
    assert "4 files are left out" in caplog.text
    assert len(collected(course)) == exchange.MOST_FILES - 1


def test_a_time_that_the_files_do_not_bear_out_is_said(course, caplog):
    hand_in(course, time="2001-01-01 10:00:00.000000 UTC")
    collect(course)
    assert "says that it was handed in at 2001-01-01" in caplog.text


def test_a_file_written_when_its_name_says_is_no_reason_for_a_word(course, caplog):
    hand_in(course, time="9999-12-31 23:59:59.999999 UTC")
    collect(course)
    assert "says that it was handed in" not in caplog.text


def test_one_learners_alone_can_be_collected(course):
    hand_in(course)
    config = Config()
    config.Exchange.root = str(course / "exchange")
    directory = CourseDirectory(
        root=str(course), course_id="course", assignment_id="01-lenet-5", student_id="somebody-else"
    )
    OwnHandIns(coursedir=directory, config=config).start()
    assert collected(course) == {}


def test_where_nothing_can_be_collected_that_is_said(course):
    with pytest.raises(ExchangeError, match="deadlines"):
        collect(course, before_duedate=True)
    (course / "exchange/course/inbound").rmdir()
    with pytest.raises(ExchangeError, match="no folder of hand-ins"):
        collect(course)
