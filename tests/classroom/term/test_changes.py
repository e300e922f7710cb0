"""Points and comments by hand change what they name, and nothing else."""

import os

import pytest

from cnncourse.classroom.term.changes import Change, changed, read_changes
from tests.classroom.class_of import result

HEADING = "student,exercise,part,check,points,comment\n"


def by_hand(part="", check="", points=None, comment="", student="ann"):
    return Change(student, "01-lenet-5", part, check, points, comment)


def test_a_check_has_the_teachers_points_and_what_was_graded_is_kept():
    before = result("ann", earned=(0, 2, 3, 1))
    after = changed(before, [by_hand("C3", "shape", 1, "The shape is right after all.")])
    assert after.points == before.points + 1
    check = after.checks[0]
    assert (check.points, check.graded, check.by_hand) == (1, 0, "The shape is right after all.")
    assert after.checks[1:] == before.checks[1:]


def test_a_part_and_an_exercise_have_the_teachers_points_in_all():
    graded = result("ann", earned=(0, 2, 3, 1))
    assert changed(graded, [by_hand("C3", "", 2.5)]).parts["C3"][0] == 2.5
    assert changed(graded, [by_hand(points=7)]).points == 7
    assert changed(graded, [by_hand(points=5), by_hand("C3", "", 3), by_hand("C3", "shape", 1)]).points == 5


def test_a_comment_alone_changes_no_points():
    graded = result("ann")
    after = changed(graded, [by_hand("C3", "shape", comment="Well done."), by_hand(comment="See me.")])
    assert after.points == graded.points
    assert [check.by_hand for check in after.checks if check.by_hand] == ["Well done.", "See me."]


def test_changes_of_others_change_nothing():
    graded = result("ann")
    assert changed(graded, [by_hand("C3", "shape", 0, student="bob")]) == graded


def test_a_change_of_what_does_not_exist_is_refused_with_what_does():
    with pytest.raises(LookupError, match="C3: shape"):
        changed(result("ann"), [by_hand("C3", "shapes", 0)])


def test_the_table_is_read_with_any_separator_and_empty_lines_left_out(tmp_path):
    path = tmp_path / "changes.csv"
    path.write_text(HEADING.replace(",", ";") + 'ann;1;C3;shape;"1,5";well done\nbob;1;;;;\n\n', encoding="utf-8-sig")
    assert read_changes(path) == (Change("ann", "01-lenet-5", "C3", "shape", 1.5, "well done"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADING + "ann,1,C3,shape,many,\n", "line 2.*many"),
        (HEADING + "ann,1,C3,shape,-1,\n", "-1"),
        (HEADING + "ann,1,C3,shape,nan,\n", "nan"),
        ("name,points\n", "no column 'student'"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(tmp_path, text, said):
    path = tmp_path / "changes.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        read_changes(path)


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.encode("utf-16"),
        lambda text: b"sep=;\r\n" + text.replace(",", ";").encode(),
        lambda text: b"Changes by hand\n\n" + text.encode(),
        lambda text: text.replace(",", " , ").title().replace("Ann", "ann").encode(),
        lambda text: text.replace("\n", "\r").encode(),
    ],
    ids=["Unicode text", "the separator named", "a title", "spaces and capitals", "old line ends"],
)
def test_the_table_is_read_as_spreadsheets_save_it(tmp_path, write):
    (tmp_path / "changes.csv").write_bytes(write("student,exercise,part,check,points,comment\nann,1,C3,,7.5,\n"))
    (change,) = read_changes(tmp_path / "changes.csv")
    assert (change.student, change.exercise, change.part, change.points) == ("ann", "01-lenet-5", "C3", 7.5)


def test_all_tables_of_a_folder_count_and_of_the_same_the_last(tmp_path):
    for number, lines in enumerate(("ann,1,C3,shape,1,\nann,1,,,,See me.\n", "ann,1,C3,shape,2,Right.\nbob,1,,,3,\n")):
        path = tmp_path / f"{'ba'[number]}.csv"
        path.write_text(HEADING + lines, encoding="utf-8")
        os.utime(path, (number, number))
    (tmp_path / "notes.txt").write_text("not a table")
    assert read_changes(tmp_path) == (
        by_hand("C3", "shape", 2, "Right."),
        by_hand(comment="See me."),
        by_hand(points=3, student="bob"),
    )


def test_points_and_comment_on_the_same_may_come_one_after_the_other(tmp_path):
    (tmp_path / "changes.csv").write_text(HEADING + "ann,1,C3,shape,1,\nann,1,C3,shape,,Right.\n", encoding="utf-8")
    assert read_changes(tmp_path / "changes.csv") == (by_hand("C3", "shape", 1, "Right."),)


def test_an_exercise_that_does_not_exist_is_refused_by_its_line(tmp_path):
    (tmp_path / "changes.csv").write_text("student,exercise,points,comment\nann,1,1,\nann,99,1,\n")
    with pytest.raises(LookupError, match=r"changes.csv, line 3: no architecture '99'"):
        read_changes(tmp_path / "changes.csv")


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"PK\x03\x04", "is a spreadsheet"), (b'student,exercise,points,comment\nann,1,1,"\nbob,1,2,\n', "not in pairs")],
)
def test_a_table_that_would_lose_points_is_refused(tmp_path, data, said):
    (tmp_path / "changes.csv").write_bytes(data)
    with pytest.raises(ValueError, match=said):
        read_changes(tmp_path / "changes.csv")
