"""The learner's record survives crashes and notebooks that run at the same time, and adds up to the right numbers."""

import multiprocessing
import os
from dataclasses import dataclass

import pytest
from torch import nn

from cnncourse import check, cli, progress
from cnncourse.architectures import architecture
from cnncourse.architectures.lenet5.exercise.partial_connection_mistakes import full_connection
from cnncourse.learner.progress import (
    Answered,
    Checked,
    Forgotten,
    Predicted,
    record_event,
    record_file,
    recorded_events,
)
from cnncourse.work.folder import WorkFolder
from tests.architectures.lenet5.answers import MaskedConv

CHAPTER = "01-lenet-5"
QUESTION = architecture("lenet-5").questions()[0].name
EVENTS = [
    Answered(CHAPTER, QUESTION, "one\nof “them”\u2028", True, 1.0),
    Predicted(CHAPTER, "shift-error", "10", 2.5),
    Checked(CHAPTER, "C3", 7.0, 8, {"output shape": True, "trainable numbers": False}, 3),
]


def record_all(events):
    for event in events:
        assert record_event(event) == ""


def test_what_was_recorded_comes_back():
    record_all(EVENTS)
    assert recorded_events() == EVENTS


@pytest.mark.parametrize("kept", [0.2, 0.9])
def test_line_that_a_crash_cut_short_loses_only_itself(kept):
    record_all(EVENTS)
    whole = record_file().read_bytes()
    last = whole.rindex(b"{")
    record_file().write_bytes(whole[: last + int(kept * (len(whole) - last))])
    record_all(EVENTS[:1])
    assert recorded_events() == [*EVENTS[:2], EVENTS[0]]


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[1, 2]",
        b"null",
        b'{"event": "something else"}',
        b'{"event": "check", "chapter": "01-lenet-5"}',
        b'{"event": "check", "chapter": "01-lenet-5", "part": "C3", "points": "8", "possible": 8, "passed": {}}',
        b"\xff\xfe",
    ],
)
def test_line_that_cannot_be_read_is_passed_over(line):
    record_all(EVENTS[:1])
    with record_file().open("ab") as file:
        file.write(line + b"\n")
    record_all(EVENTS[1:])
    assert recorded_events() == EVENTS


def test_answers_of_the_first_records_which_named_no_event_are_still_read():
    line = '{"chapter": "01-lenet-5", "question": "tolerance", "chosen": "this", "is_right": true, "time": 1.5}\n'
    record_file().write_text(line)
    assert recorded_events() == [Answered(CHAPTER, "tolerance", "this", True, 1.5)]


def _record_many(number):
    for count in range(100):
        record_event(Predicted(CHAPTER, "shift-error", f"{number}-{count} " + "x" * 500))


def test_notebooks_that_record_at_the_same_time_lose_nothing():
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_record_many, args=(number,)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    values = [event.value.split()[0] for event in recorded_events()]
    assert sorted(values) == sorted(f"{number}-{count}" for number in range(4) for count in range(100))


def test_an_event_is_one_write(monkeypatch):
    written = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: written.append(data) or write(file, data))
    record_event(EVENTS[0])
    assert len(written) == 1


def test_forgetting_a_chapter_leaves_the_others_and_what_comes_after():
    other = Predicted("02-alexnet", "size", "1")
    record_all([*EVENTS, other, Forgotten(CHAPTER), EVENTS[1]])
    assert recorded_events() == [other, EVENTS[1]]


def test_check_is_recorded_with_each_of_its_checks():
    report = check(CHAPTER, full_connection, part="C3")
    (event,) = recorded_events()
    assert (event.part, event.points, event.possible) == ("C3", report.points, 8)
    assert event.passed["output shape"] is True
    assert event.passed["connections of Table I"] is False


def test_answer_that_is_not_written_yet_is_no_attempt():
    class C3(nn.Module):
        def __init__(self, table):
            raise NotImplementedError

    check(CHAPTER, C3)
    assert recorded_events() == []


@pytest.fixture
def no_place_to_write(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNCOURSE_PROGRESS", str(tmp_path / "file" / "progress.jsonl"))


def test_record_that_cannot_be_written_does_not_spoil_a_check(no_place_to_write):
    report = check(CHAPTER, MaskedConv, part="C3")
    assert report.passed
    assert "could not be recorded" in repr(report)
    assert "could not be recorded" in report._repr_html_()


def test_record_that_cannot_be_written_is_said_when_a_chapter_is_to_be_forgotten(no_place_to_write):
    assert "nothing is forgotten" in progress().forget(CHAPTER)


@dataclass
class Shown:
    table: object
    renew: object
    chosen: object
    forget: object
    over: object
    said: object
    asking: object

    @classmethod
    def of(cls, widget):
        table, renew, row, said, asking = widget.children
        return cls(table, renew, *row.children, said, asking)


def test_command_shows_a_line_a_chapter_in_the_courses_order_and_the_parts_of_one(capsys):
    for points in (3.0, 8.0, 6.0):
        record_event(Checked(CHAPTER, "C3", points, 8, {}))
    record_all(EVENTS[:2])
    cli.main(["progress"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ·")[0] for line in lines] == ["1", "2", "3", "A", *map(str, range(4, 11))]
    assert "8 of 17 points  1 of 5 right  1 of 3 predicted" in lines[0]
    cli.main(["progress", "1"])
    said = capsys.readouterr().out
    assert "C3: 8 of 8 points at best, 6 at the latest attempt" in said
    assert "MendedSubsampling: not tried yet (4 points)" in said
    assert "conv_stack" not in said


def test_command_forgets_a_chapter_and_says_what(capsys):
    record_all(EVENTS)
    assert cli.main(["progress", "--reset", CHAPTER]) == 0
    assert "forgot the attempts at 1 of 3 parts, 1 of 5 answers and 1 of 3 predictions" in capsys.readouterr().out
    assert recorded_events() == []


def test_command_refuses_to_forget_a_chapter_that_is_not_there(capsys):
    assert cli.main(["progress", "--reset", "99-nothing"]) == 2
    assert "no architecture '99-nothing'" in capsys.readouterr().err


def test_table_forgets_only_after_asking():
    record_all(EVENTS)
    shown = Shown.of(progress().widget())
    assert "1 of 5 right" in shown.table.value
    assert shown.asking.layout.display == "none"
    shown.forget.click()
    assert shown.asking.layout.display == ""
    assert len(recorded_events()) == 3
    shown.asking.children[0].click()
    assert recorded_events() == []
    assert "0 of 5 right" in shown.table.value
    assert "forgot" in shown.said.value


def test_exercise_starts_over_from_the_table_after_asking(tmp_path, project, monkeypatch):
    own = WorkFolder.start(tmp_path / "own", project)
    monkeypatch.chdir(own.path / "chapters")
    exercise = own.path / "exercises/01-lenet-5/partial-connection.ipynb"
    exercise.write_text("my answer")
    shown = Shown.of(progress(CHAPTER).widget())
    assert shown.chosen.value == CHAPTER
    shown.over.click()
    assert exercise.read_text() == "my answer"
    shown.asking.children[0].click()
    assert "kept as partial-connection-kept-" in shown.said.value
    assert exercise.read_bytes() == (project / "exercises/01-lenet-5/partial-connection.ipynb").read_bytes()
    assert [path.read_text() for path in exercise.parent.glob("*-kept-*")] == ["my answer"]


def test_without_a_folder_of_ones_own_nothing_starts_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = Shown.of(progress().widget())
    shown.over.click()
    shown.asking.children[0].click()
    assert "Nothing is changed" in shown.said.value


def test_table_unfolds_the_chapter_that_one_is_in():
    shown = progress(CHAPTER)._html()
    assert "MendedSubsampling: not tried yet" in shown
    assert "conv_stack" not in shown
    assert shown.count("<tr>") == 1 + 11 + 1


@pytest.mark.parametrize("content", [b"PK\x03\x04 rubbish", b"\xff\xfe\n{broken"])
def test_record_of_which_nothing_can_be_read_is_said_kept_and_never_shown_as_zeros(content):
    record_file().write_bytes(content)
    said = repr(progress())
    assert "nothing can be read" in said
    assert "0 of" not in said
    (kept,) = record_file().parent.glob("*-unreadable-*")
    assert str(kept) in said
    assert kept.read_bytes() == content
    record_all(EVENTS)
    assert recorded_events() == EVENTS


def test_record_that_may_not_be_read_is_said_where_the_table_would_be():
    record_file().mkdir(parents=True)
    for said in (progress()._html(), progress().widget().value):
        assert "cannot be read" in said
    assert record_file().is_dir()


def test_table_can_be_brought_up_to_date():
    shown = Shown.of(progress().widget())
    record_all(EVENTS)
    shown.renew.click()
    assert "1 of 5 right" in shown.table.value


def test_table_keeps_what_the_learner_wants_to_keep():
    record_all(EVENTS)
    shown = Shown.of(progress().widget())
    shown.forget.click()
    shown.asking.children[1].click()
    assert len(recorded_events()) == 3
    assert shown.asking.layout.display == "none"


def test_showing_the_table_records_nothing():
    progress()._repr_mimebundle_()
    assert not record_file().exists()
