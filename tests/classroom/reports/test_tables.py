"""Tables say what the results say, in shapes that platforms and spreadsheets read safely."""

import csv
import json
import re
import stat
from dataclasses import replace

import pytest

from cnncourse.classroom.collecting.names import plain_text
from cnncourse.classroom.collecting.roster import Person, Roster
from cnncourse.classroom.collecting.submissions import Collection
from cnncourse.classroom.grading.writing import replacing
from cnncourse.classroom.reports.disclosure import without_paths
from cnncourse.classroom.reports.tables import Gradebook, write_gradescope, write_tables
from tests.classroom.class_of import EXERCISE, check, collection, result, submission


def tables(folder, results, collected):
    gradebook = Gradebook(EXERCISE, collected)
    for one in results:
        gradebook.add(one)
    write_tables(folder, gradebook)
    return folder


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def roster(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_grades_list_points_of_each_part_and_everybody_who_is_missing_or_not_graded(tmp_path):
    collected = collection(
        submission("ann", late=True), submission("bob"), missing=("zoe",), remarks={"zoe": ("no notebook is there",)}
    )
    tables(tmp_path, [result("ann", earned=(1, 0, 3, 1), attention=("look",))], collected)
    assert rows(tmp_path / "grades.csv") == [
        ["student", "name", "C3", "features", "total", "possible", "late", "status", "attention"],
        ["ann", "Ann", "1", "4", "5", "7", "yes", "graded", "look"],
        ["bob", "Bob", "", "", "", "7", "", "not graded", ""],
        ["zoe", "zoe", "0", "0", "0", "7", "", "missing", "no notebook is there"],
    ]


def test_spreadsheets_are_told_the_encoding_and_platforms_get_plain_utf8(tmp_path):
    tables(tmp_path, [result()], collection(submission("ann", "Änn")))
    assert (tmp_path / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    for name in ("canvas.csv", "moodle.csv"):
        assert not (tmp_path / name).read_bytes().startswith(b"\xef\xbb\xbf")
        assert "Änn" in (tmp_path / name).read_text(encoding="utf-8")


def test_canvas_gets_its_own_shape(tmp_path):
    collected = collection(submission("4711", "ann", identifiers={"canvas": "4711"}), missing=("4712",))
    tables(tmp_path, [result("4711")], collected)
    assert rows(tmp_path / "canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01-lenet-5"],
        ["    Points Possible", "", "", "", "", "7"],
        ["ann", "4711", "", "", "", "7"],
        ["4712", "4712", "", "", "", "0"],
    ]


def test_canvas_roster_gives_the_identifying_columns_and_the_assignments_number(tmp_path):
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,01-lenet-50 (1),01-lenet-5 (99)\n"
        '"    Points Possible",,,,,1,7\n"Lee, Ann",4711,s1,ann,A,,\n"Zoe, Zed",4712,s2,zed,B,,\n'
    )
    learner = submission("4711", identifiers={"canvas": "4711"})
    tables(tmp_path, [result("4711")], collection(learner, missing=("4712",), roster=roster(tmp_path, text)))
    assert rows(tmp_path / "canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01-lenet-5 (99)"],
        ["    Points Possible", "", "", "", "", "7"],
        ["Lee, Ann", "4711", "s1", "ann", "A", "7"],
        ["Zoe, Zed", "4712", "s2", "zed", "B", "0"],
    ]


def test_moodle_gets_its_grading_worksheet(tmp_path):
    collected = collection(submission("12", "Ann", identifiers={"moodle": "12"}), missing=("13",))
    tables(tmp_path, [result("12", earned=(1, 0, 3, 1))], collected)
    heading, ann, missing = rows(tmp_path / "moodle.csv")
    assert heading == [
        *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed"),
        *("Last modified (submission)", "Last modified (grade)", "Feedback comments"),
    ]
    assert ann[:7] == ["Participant 12", "Ann", "", "Submitted for grading", "5.00", "7.00", "Yes"]
    assert ann[-1] == "C3: 1 of 3; features: 4 of 4"
    assert missing[:5] == ["Participant 13", "13", "", "No submission", "0.00"]


def test_moodles_own_cells_come_back_as_they_were(tmp_path):
    text = (
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (grade)\n"
        "Participant 12,Ann Lee,a@example.org,Submitted for grading - ,,7.00,Friday\n"
    )
    tables(tmp_path, [result("12")], collection(submission("12"), roster=roster(tmp_path, text)))
    assert rows(tmp_path / "moodle.csv")[1] == [
        *("Participant 12", "Ann Lee", "a@example.org", "Submitted for grading - ", "7.00", "7.00", "Friday"),
        "C3: 3 of 3; features: 4 of 4",
    ]


def test_a_worksheet_in_german_gets_its_grades_in_its_own_columns_and_decimal_sign(tmp_path):
    text = (
        "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Zuletzt geändert (Bewertung),"
        "Feedback als Kommentar\n"
        'Teilnehmer/in12,Ann Lee,a@example.org,Zur Bewertung abgegeben,,"20,00",-,\n'
        'Teilnehmer/in13,Zoe Zed,z@example.org,Keine Abgabe,,"20,00",-,\n'
    )
    learner = submission("12", identifiers={"moodle": "12"})
    tables(tmp_path, [result("12")], collection(learner, missing=("13",), roster=roster(tmp_path, text)))
    heading, ann, zoe = rows(tmp_path / "moodle.csv")
    assert heading == rows(tmp_path / "roster.csv")[0]
    assert ann == [
        *("Teilnehmer/in12", "Ann Lee", "a@example.org", "Zur Bewertung abgegeben", "7,00", "20,00", "-"),
        "C3: 3 of 3; features: 4 of 4",
    ]
    assert zoe[4] == "0,00"


def test_names_with_signs_keep_their_row(tmp_path):
    text = "Student,ID,SIS User ID,SIS Login ID,Section\n\"O'Brien, Séan\",501,u501,s.o'brien@example.org,A\n"
    path = roster(tmp_path, text)
    by_number = collection(submission("501", identifiers={"canvas": "501"}), roster=path)
    tables(tmp_path, [result("501")], by_number)
    assert rows(tmp_path / "canvas.csv")[2] == ["O'Brien, Séan", "501", "u501", "s.o'brien@example.org", "A", "7"]


def test_a_list_of_others_makes_nobody_a_zero(tmp_path):
    text = "Student,ID,SIS User ID,SIS Login ID,Section\nLee,1,,,A\nPoe,2,,,A\n"
    listed = Roster.read(roster(tmp_path, text))
    collected = Collection((submission("ann"),), ("Lee", "Poe"), roster=listed, problem="a list of others")
    tables(tmp_path, [result("ann")], collected)
    assert [row[-1] for row in rows(tmp_path / "canvas.csv")[2:]] == ["", "", "7"]
    assert [row[4] for row in rows(tmp_path / "moodle.csv")[1:]] == ["", "", "7.00"]


def test_nobody_gets_a_zero_who_handed_in_something_or_may_have(tmp_path):
    listed = Roster.read(
        roster(tmp_path, "Student,ID,SIS User ID,SIS Login ID,Section\nLee,1,,,A\nPoe,2,,,A\nRoe,3,,,A\n")
    )
    collected = Collection((), ("1", "2"), roster=listed, unread=("3",), doubtful=("2",))
    tables(tmp_path, [], collected)
    assert [row[-1] for row in rows(tmp_path / "canvas.csv")[2:]] == ["0", "", ""]
    assert [row[-1] for row in rows(tmp_path / "moodle.csv")[1:]] == ["Nothing was handed in.", "", ""]
    assert [row[-2] for row in rows(tmp_path / "grades.csv")[1:]] == ["missing", "not found", "not graded"]


def test_a_list_of_somebody_elses_gives_nobody_a_number_on_the_platform(tmp_path):
    listed = Roster.read(roster(tmp_path, "id,name\n12,Zoe\n13,Bob\n"))
    people = {"12 Zoe": Person("12", "Zoe", listed.rows[0]), "14": Person("13", "Bob", listed.rows[1])}
    ann = submission("12", "Ann", identifiers={"moodle": "12"})
    collected = Collection((ann,), ("12 Zoe",), roster=listed, people=people)
    tables(tmp_path, [result("12")], replace(collected, unread=("14",)))
    assert [(row[0], row[4]) for row in rows(tmp_path / "moodle.csv")[1:]] == [
        ("Participant 12", "7.00"),
        ("", "0.00"),
        ("Participant 14", ""),
    ]


def test_moodle_gets_rows_of_those_whom_it_knows(tmp_path):
    text = "ID,Vollständiger Name,Status,Bewertung\nTeilnehmer/in12,Ann Lee,s,\n"
    late_comer = submission("13", "Bob", identifiers={"moodle": "13"})
    collected = collection(submission("12"), late_comer, submission("eve"), roster=roster(tmp_path, text))
    tables(tmp_path, [result("12"), result("13"), result("eve")], collected)
    assert [row[:4] for row in rows(tmp_path / "moodle.csv")[1:]] == [
        ["Teilnehmer/in12", "Ann Lee", "s", "7.00"],
        ["Teilnehmer/in13", "Bob", "", "7.00"],
    ]


def test_what_a_platform_has_of_those_who_are_not_graded_stays(tmp_path):
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,01-lenet-5 (99)\n    Points Possible,,,,,7\n"
        "Lee,1,,,A,3\nPoe,2,,,A,4\nRoe,3,,,A,EX\nZoe,4,,,A,EX\nZed,5,,,A,6\nNil,6,,,A,\n"
    )
    listed = Roster.read(roster(tmp_path, text))
    collected = Collection((submission("1"), submission("2")), ("4", "5", "6"), roster=listed, unread=("3",))
    people = listed.match({n: (n,) for n in "123456"}).people
    tables(tmp_path, [result("1")], replace(collected, people=people))
    assert [row[-1] for row in rows(tmp_path / "canvas.csv")[2:]] == ["7", "4", "EX", "EX", "6", "0"]
    text = (
        "Identifier,Full name,Status,Grade,Maximum grade,Feedback comments\n"
        "Participant 1,Lee,s,3.00,7.00,before\nParticipant 2,Poe,s,4.00,7.00,by word of mouth\n"
        "Participant 4,Zoe,s,5.00,7.00,\nParticipant 5,Zed,s,-,7.00,\n"
    )
    collected = replace(collected, roster=Roster.read(roster(tmp_path, text)), unread=(), missing=("4", "5"))
    people = collected.roster.match({n: (n,) for n in "1245"}).people
    tables(tmp_path, [result("1")], replace(collected, people=people))
    assert [row[3] for row in rows(tmp_path / "moodle.csv")[1:]] == ["7.00", "4.00", "5.00", "0.00"]
    assert rows(tmp_path / "moodle.csv")[2][-1] == "by word of mouth"


@pytest.mark.parametrize("cell", ["-", "-1", "+1.5", "-0,5"])
def test_a_platforms_signs_and_numbers_come_back_unchanged(tmp_path, cell):
    text = f'Identifier,Full name,Status,Grade,Last modified (grade)\nParticipant 12,Ann,x,,"{cell}"\n'
    tables(tmp_path, [result("12")], collection(submission("12"), roster=roster(tmp_path, text)))
    assert rows(tmp_path / "moodle.csv")[1][4] == cell


@pytest.mark.parametrize("name", ["=cmd()", "+x", "-x", "@x", "\tx", "\rx", " =x", "\n=x", "＝cmd()"])
def test_no_name_becomes_a_formula(tmp_path, name):
    tables(tmp_path, [result()], collection(submission("ann", name), remarks={"ann": (f"{name} was left out",)}))
    for table in ("grades.csv", "canvas.csv", "moodle.csv"):
        cells = [cell for row in rows(tmp_path / table) for cell in row]
        assert not [cell for cell in cells if re.match(r"\s*[=+\-@\t\r＝]", cell)]
        assert any(cell.endswith(plain_text(name)) for cell in cells)


def test_the_same_results_in_any_order_give_the_same_bytes(tmp_path):
    collected = collection(submission("ann"), submission("bob"))
    both = [result("ann"), result("bob", earned=(0, 0, 3, 0))]
    tables(tmp_path / "a", both, collected)
    tables(tmp_path / "b", both[::-1], collected)
    for name in ("grades.csv", "canvas.csv", "moodle.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_points_possible_are_the_definitions_where_nobody_has_a_result(tmp_path):
    tables(tmp_path, [], collection(submission("ann"), missing=("bob",)))
    assert [row[5] for row in rows(tmp_path / "grades.csv")] == ["possible", "7", "7"]


def test_gradescope_gets_a_test_a_check(tmp_path):
    wrong = check("C3", "table", 0, 2, message="wrong map", expected="{1}", got="{2}", hints=("look",))
    path = write_gradescope(tmp_path, result("ann", [check(), wrong], remarks=("a cell raised",)))
    assert path == tmp_path / "gradescope/ann/results.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["score"] == 1
    assert content["output"] == "a cell raised"
    assert [(test["name"], test["score"], test["max_score"]) for test in content["tests"]] == [
        ("C3: shape", 1, 1),
        ("C3: table", 0, 2),
    ]
    assert content["tests"][1]["output"] == "failed\nwrong map\nexpected {1}, got {2}\nhint 1: look"
    assert content["tests"][1]["visibility"] == "visible"


def test_gradescope_is_not_told_what_secret_inputs_gave(tmp_path):
    secret = check("C3", "table", 0, 2, public=False, message="wrong map", expected="SECRET", got="SECRET")
    drawn = check("C3", "table", 0, 2, public=False, message="C3([[SECRET], (1, 2)]): the output has the wrong shape")
    output = write_gradescope(tmp_path, result("ann", [secret, drawn])).read_text(encoding="utf-8")
    assert "SECRET" not in output
    assert "C3(…): the output has the wrong shape" in output
    assert "wrong map" in output


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("No such file: '/home/ann lee/data/x.csv'", "No such file: '…/x.csv'"),
        ("C:\\Users\\ann\\x.csv is gone", "…/x.csv is gone"),
        ("a ratio of 3/4/5, stride /2, a//b", "a ratio of 3/4/5, stride /2, a//b"),
        ("see https://pytorch.org/docs/stable", "see https://pytorch.org/docs/stable"),
    ],
)
def test_the_grading_machines_paths_are_cut_down(told, kept):
    assert without_paths(told) == kept


def test_others_can_neither_read_nor_list_what_is_written(tmp_path):
    with replacing(tmp_path / "feedback" / "ann.html") as file:
        file.write("mine")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("feedback", "feedback/ann.html")]
    assert modes == [0o700, 0o600]


def test_an_interruption_leaves_the_old_file(tmp_path):
    path = tmp_path / "grades.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
