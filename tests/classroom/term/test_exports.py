"""The gradebook's tables say what the rules say, in the shapes that platforms read; feedback goes back to its owner."""

import csv
import json
import zipfile
from email import message_from_bytes
from email.policy import default

import pytest

from cnncourse import cli
from cnncourse.classroom.grade_term import make_gradebook
from cnncourse.classroom.term.page import pseudonyms
from cnncourse.classroom.term.rules import ExerciseRule, LearnerRule, Term
from tests.classroom.term.a_term import EXERCISES, possible, write

LENET, ALEXNET, VGG = EXERCISES
HOSTILE = '=HYPERLINK("http://x")'
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,01-lenet-5 (77),Final
Points Possible,,,,,20,
"Ångström, Ada",11,s-11,ann,A,,
"Doe, Bob",22,s-22,bob,A,,
"Late, Zoe",33,s-33,zoe,A,,
"""


@pytest.fixture
def graded(tmp_path):
    folder = tmp_path / "graded"
    write(folder, LENET, {"ann": 1, "bob": 0.5}, missing=["cy"], ann={"name": "Ada Ångström"}, bob={"name": HOSTILE})
    write(folder, ALEXNET, {"ann": 1, "bob": 1, "cy": 1}, ann={"name": "Ada Ångström"}, bob={"name": HOSTILE})
    return folder


def rows(path):
    return list(csv.DictReader(path.open(encoding="utf-8-sig", newline="")))


def made(graded, term=None):
    out = graded.parent / "out"
    make_gradebook(graded, term or Term(), out)
    return out


def test_the_plain_table_has_everybody_with_totals_and_reasons(graded):
    out = made(graded, Term(drop=1, exercises={LENET: ExerciseRule(maximum=100)}))
    head, *people = rows(out / "gradebook.csv")
    assert (head[LENET], head[ALEXNET]) == ("100", str(possible(ALEXNET)))
    by = {row["student"]: row for row in people}
    assert by["ann"][LENET] == "100"
    assert by["cy"]["percent of all points"] == "100.0"
    assert (by["cy"]["missing"], by["cy"]["dropped"]) == (LENET, LENET)


def test_no_table_holds_a_formula(graded):
    out = made(graded)
    for path in out.glob("*.csv"):
        cells = [cell for row in csv.reader(path.open(encoding="utf-8-sig", newline="")) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))], path


def test_canvas_gets_its_own_columns_back_with_points_in_its_own_assignments(graded, tmp_path):
    (tmp_path / "canvas.csv").write_text(CANVAS, encoding="utf-8")
    term = Term(roster=tmp_path / "canvas.csv", learners={"bob": LearnerRule(excused=frozenset({ALEXNET}))})
    first, ann, bob = rows(made(graded, term) / "canvas.csv")
    assert list(first) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01-lenet-5 (77)", ALEXNET]
    assert (ann["Student"], ann["ID"], ann["SIS User ID"]) == ("Ångström, Ada", "11", "s-11")
    assert ann["01-lenet-5 (77)"] == str(possible(LENET))
    assert bob[ALEXNET] == "EX"


def test_moodle_and_gradescope_get_who_it_is_and_the_points(graded, tmp_path):
    (tmp_path / "class.csv").write_text(
        "Username,ID number,Email address,SID\nann,4711,ann@x.org,s1\n", encoding="utf-8"
    )
    out = made(graded, Term(roster=tmp_path / "class.csv", missing="blank"))
    ann, _, cy = rows(out / "moodle.csv")
    assert (ann["Email address"], ann["ID number"], ann["Username"]) == ("ann@x.org", "4711", "ann")
    assert (ann[LENET], cy[LENET]) == (str(possible(LENET)), "")
    ann, *_ = rows(out / "gradescope.csv")
    assert (ann["SID"], ann[f"{LENET} - Max Points"]) == ("s1", str(possible(LENET)))


def test_excel_has_the_same_as_text_and_numbers_and_no_formula(graded):
    from openpyxl import load_workbook

    workbook = load_workbook(made(graded) / "gradebook.xlsx")
    assert workbook.sheetnames == ["Gradebook", "Parts", "Exercises"]
    cells = {cell.value: cell.data_type for row in workbook["Gradebook"].iter_rows() for cell in row}
    assert cells[HOSTILE] == "s"
    assert cells[possible(LENET)] == "n"


def test_points_by_hand_come_back_from_the_table_that_was_written(graded, tmp_path):
    out = made(graded)
    lines = rows(out / "by-hand.csv")
    bob = next(line for line in lines if (line["student"], line["exercise"]) == ("bob", LENET))
    bob |= {"points": bob["possible"], "comment": "Right, but for <b>a typing error</b>."}
    with (tmp_path / "changes.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, lines[0].keys())
        table.writeheader()
        table.writerows(lines)
    made(graded, Term(changes=tmp_path / "changes.csv"))
    page = (graded / LENET / "feedback/bob.html").read_text(encoding="utf-8")
    assert "From your teacher" in page
    assert "Right, but for &lt;b&gt;a typing error&lt;/b&gt;." in page
    assert "From your teacher" not in (graded / LENET / "feedback/ann.html").read_text(encoding="utf-8")
    again = next(line for line in rows(out / "by-hand.csv") if line["student"] == "bob" and line["exercise"] == LENET)
    assert again["graded"] == bob["graded"], "what was graded is not forgotten"


def test_a_change_for_nobody_is_refused(graded, tmp_path):
    (tmp_path / "changes.csv").write_text("student,exercise,points,comment\nnobody,1,3,\n")
    with pytest.raises(LookupError, match="nobody"):
        made(graded, Term(changes=tmp_path / "changes.csv"))


def test_marking_without_names_shows_answers_and_takes_changes_by_pseudonym(graded, tmp_path):
    made(graded)  # pages with names, which must not stay
    out = made(graded, Term(anonymous=True))
    hidden = pseudonyms(["ann", "bob", "cy"], (out / "pseudonyms.txt").read_bytes().strip())
    shown = [out / "index.html", *(out / "marking").rglob("*.html"), out / "by-hand.csv"]
    assert len(shown) == 2 + 5
    for path in shown:
        text = path.read_text(encoding="utf-8") + path.name
        assert "Ångström" not in text
        assert "ann" not in text.replace("annotation", "").replace("cannot", "").split(), path
    (page,) = (out / "marking" / LENET).glob(f"{hidden['ann']}.html")
    assert "class C3: pass" in page.read_text(encoding="utf-8")
    (tmp_path / "changes.csv").write_text(f"student,exercise,points,comment\n{hidden['ann']},1,3,less\n")
    made(graded, Term(anonymous=True, changes=tmp_path / "changes.csv"))
    ann = next(row for row in rows(out / "gradebook.csv") if row["student"] == "ann")
    assert ann[LENET] == "3"
    assert "class C3" not in (graded / LENET / "feedback/ann.html").read_text(encoding="utf-8"), "learners know it"


def test_feedback_goes_back_under_the_names_that_platforms_know(tmp_path):
    folder = tmp_path / "graded"
    moodle = {"name": "Doe_Ann", "identifiers": {"moodle": "4711"}}
    canvas = {"name": "Bob", "identifiers": {"canvas": "22"}, "member": ("zip/bob_LATE_22_987_my_work-1.ipynb",)}
    write(folder, LENET, {"ann": 1, "bob": 1, "cy": 1}, ann=moodle, bob=canvas)
    made(folder)
    with zipfile.ZipFile(folder / LENET / "feedback-moodle.zip") as packed:
        assert packed.namelist() == ["Doe Ann_4711_assignsubmission_file_feedback.html"]
        assert packed.read(packed.namelist()[0]) == (folder / LENET / "feedback/ann.html").read_bytes()
    with zipfile.ZipFile(folder / LENET / "feedback-canvas.zip") as packed:
        assert packed.namelist() == ["bob_LATE_22_987_feedback.html"]


def test_feedback_is_ready_to_be_mailed_to_those_whose_address_is_known(tmp_path):
    folder, place = tmp_path / "graded", tmp_path / "graded" / LENET
    write(folder, LENET, {"ann": 1, "bob": 1, "cy": 1})
    known = json.loads((place / "class.json").read_text(encoding="utf-8"))
    known["learners"]["ann"]["email"] = "ann@x.org"
    known["learners"]["bob"]["email"] = "bob@x.org\r\nBcc: everybody@x.org"
    (place / "class.json").write_text(json.dumps(known), encoding="utf-8")
    made(folder, Term(title="Networks\nBcc: all@x.org"))
    (path,) = (place / "mail").iterdir()
    mail = message_from_bytes(path.read_bytes(), policy=default)
    assert (path.name, mail["To"], mail["Bcc"]) == ("ann.eml", "ann@x.org", None)
    (page,) = mail.iter_attachments()
    assert page.get_content() == (place / "feedback/ann.html").read_text(encoding="utf-8")
    before = path.read_bytes()
    made(folder, Term(title="Networks\nBcc: all@x.org"))
    assert path.read_bytes() == before


def test_no_zip_file_is_left_where_no_numbers_are_known(graded):
    (graded / LENET / "feedback-moodle.zip").write_text("of another class")
    made(graded)
    assert not list((graded / LENET).glob("*.zip"))


def test_what_is_written_twice_is_the_same(graded):
    def everything(out):
        return {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and p.suffix != ".xlsx"}

    assert everything(made(graded)) == everything(made(graded))


def test_command_finds_the_rules_where_it_is_called(graded, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "term.toml").write_text('title = "Autumn <2026>"\n')
    assert cli.main(["gradebook", "graded"]) == 0
    assert capsys.readouterr().out.strip() == "gradebook/index.html"
    assert "Autumn &lt;2026&gt;" in (tmp_path / "gradebook/index.html").read_text(encoding="utf-8")
    (tmp_path / "term.toml").write_text("[learners.anne]\nexcused = [1]\n")
    assert cli.main(["gradebook", "graded"]) == 0
    assert "[learners.anne] in the rules is for nobody" in capsys.readouterr().err
    (tmp_path / "term.toml").write_text("titel = 1\n")
    assert cli.main(["gradebook", "graded"]) == 2
    assert "titel" in capsys.readouterr().err


def test_what_the_term_keeps_of_a_class_is_for_its_owner_only(graded):
    path = graded / LENET / "class.json"
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text(encoding="utf-8"))["learners"]["cy"]["handed_in"] is False
