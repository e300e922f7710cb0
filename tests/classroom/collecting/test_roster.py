"""Class lists as they come: whatever the language, the encoding and the spreadsheet, everybody is recognised."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncourse.classroom.collecting.roster import Roster

# By what it is: the file, and what the hand-in of "Jane Doe" is called, (key, name).
LISTS = {
    "plain": ("id,name\n4711,Jane Doe\n4712,Jim Poe\n", ("4711", "4711")),
    "blank lines first": ("\n\nid,name\n4711,Jane Doe\n", ("4711", "4711")),
    "a title first": ("Class of 2026\n\nid,name\n4711,Jane Doe\n", ("4711", "4711")),
    "semicolons": ("id;name\n4711;Jane Doe\n", ("4711", "4711")),
    "semicolons, quoted commas in the headings": ('id;"name, first, last"\n4711;Jane Doe\n', ("4711", "4711")),
    "bars": ("id|name\n4711|Jane Doe\n", ("4711", "4711")),
    "the separator named": ("sep=;\nid;name\n4711;Jane Doe\n", ("4711", "4711")),
    "old line ends": ("id,name\r4711,Jane Doe\r", ("4711", "4711")),
    "spaces": (" ID , Name \n 4711 , Jane Doe \n", ("4711", "4711")),
    "line breaks in headings": ('"id","full\nname"\n4711,Jane Doe\n', ("4711", "4711")),
    "a heading twice": ("id,name,name\n4711,Jane Doe,x\n", ("4711", "4711")),
    "NUL": ("username,name\njdoe,Ja\0ne Doe\n", ("jdoe", "jdoe")),
    "numbers with a point": ("id,name\n4711.0,Jane Doe\n", ("4711", "4711")),
    "numbers with a comma": ('id,name\n"4,711",Jane Doe\n', ("4711", "4711")),
    "zeros lost": ("id,name\n42,Jane Doe\n", ("0042", "0042")),
    "zeros kept as text": ("id,name\n'0042,Jane Doe\n", ("0042", "0042")),
    "zeros kept as a formula": ('id,name\n"=""0042""",Jane Doe\n', ("0042", "0042")),
    "Canvas": ('Student,ID,SIS User ID,SIS Login ID,Section\n"Doe, Jane",123,u1,jane,A\n', ("123", "doejane")),
    "Canvas without numbers": ('Student,SIS Login ID,Section\n"Doe, Jane",jdoe,A\n', ("123", "doejane")),
    "Moodle": ("Identifier,Full name,Email address,Status,Grade\nParticipant 12,Jane Doe,j@x,s,\n", ("12", "Jane Doe")),
    "Moodle in German": ("ID,Vollständiger Name,Status,Bewertung\nTeilnehmer/in12,Jane Doe,s,\n", ("12", "Jane Doe")),
    "Moodle in French": ("Identifiant,Nom complet,Statut,Note\nParticipant 12,Jane Doe,s,\n", ("12", "Jane Doe")),
    "Moodle's participants": ("First name,Surname,ID number,Email address\nJane,Doe,4711,j@x\n", ("12", "Jane Doe")),
    "Moodle's participants in German": ("Vorname;Nachname;E-Mail-Adresse\nJane;Doe;j@x\n", ("12", "Jane Doe")),
    "a German office": ("Matrikelnummer;Nachname;Vorname\n4711;Doe;Jane\n", ("4711", "4711")),
    "Brightspace": (
        "OrgDefinedId,Username,Last Name,First Name,End-of-Line Indicator\n#4711,#jdoe,Doe,Jane,#\n",
        ("jdoe",),
    ),
    "Gradescope": ("First Name,Last Name,SID,Email\nJane,Doe,4711,j@x\n", ("4711", "Jane Doe")),
    "GitHub Classroom": ("identifier,github_username,github_id,name\nj@x,jdoe,1,Jane Doe\n", ("jdoe",)),
    "apostrophes": ("name\nSéan O’Brien\n", ("Séan O'Brien",)),
    "decomposed Unicode": ("name\nSe\u0301an\n", ("Séan",)),
    "a comma in the name": ('name,email\n"Li, Wei",c@x\n', ("Wei Li",)),
    "Moodle in Czech": (
        "Identifikátor,Celé jméno,Stav,Známka,Nejvyšší známka\n"
        "Účastník 12,Jane Doe,s,,20.00\nÚčastník 13,Jim Poe,s,,20.00\n",
        ("12", "Jane Doe"),
    ),
    "Moodle in Japanese": ("識別子,氏名,ステータス,評点,最大評点\n参加者12,Jane Doe,s,,20.00\n", ("12", "Jane Doe")),
    "a Polish office": ("Nr albumu;Imię;Nazwisko\n4711;Jane;Doe\n", ("4711", "4711")),
    "a Chinese office": ("学号,姓名\n4711,Jane Doe\n", ("4711", "4711")),
    "a Russian office": ("Логин;Фамилия;Имя\njdoe;Doe;Jane\n", ("jdoe", "jdoe")),
    "no accents on the keyboard": ("name\nSéan Łukasz Müller\n", ("Sean Lukasz Muller",)),
    "a last name of several words": ("First name,Surname\nAnne-Marie,van der Berg\n", ("12", "vanderberganne-marie")),
    "a full name of several words": ("name\nAnne-Marie van der Berg\n", ("12", "vanderbergannemarie")),
    "names under an unknown heading": ("id,Wvy\n4711,Jane van Doe\n", ("12", "vandoejane")),
    "two letters for an umlaut": ("name\nJürgen Groß\n", ("Juergen Gross",)),
    "numbers with signs": ("student number,name\n12-345.678,Jane Doe\n", ("12345678", "12345678")),
    "roles": ("name,role\nProf Poe,Instructor\nJane Doe,Student\nTim Poe,TA\n", ("Jane Doe",)),
    "addresses in capitals": ("Email,Name\nJane@X.org,Jane Doe\n", ("jane@x.org",)),
}


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_learner_is_recognised(tmp_path, kind, encoding):
    text, words = LISTS[kind]
    if "NUL" in kind and encoding.startswith("utf-16"):
        text = text.replace("\0", "")
    match = Roster.read(written(tmp_path, text, encoding)).match({words[0]: words, "nobody": ("nobody", "No Body")})
    assert list(match.people) == [words[0]]
    assert all("Poe" in person.name for person in match.absent)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no column that identifies learners"),
        (b"4711,Jane Doe\n", "first line is '4711, Jane Doe'"),
        (b"Ann Lee,a@x\nBob Poe,b@x\n", "no column that identifies learners"),
        (b"ann\nbob\n", "no column that identifies learners"),
        (b"PK\x03\x04 rest", "is a spreadsheet"),
        (b"colour,shoe size\nred,42\n", "no column that identifies learners"),
    ],
)
def test_what_is_no_list_is_refused_by_its_reason(tmp_path, data, said):
    path = tmp_path / "roster.csv"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=said):
        Roster.read(path)


def test_an_old_code_page_is_read_and_remarked(tmp_path):
    roster = Roster.read(written(tmp_path, "id,name\n4711,Zoë\n", "cp1252"))
    assert roster.match({"4711": ("4711",)}).people["4711"].name == "Zoë"
    assert "is not in UTF-8" in roster.remark


def test_canvas_may_have_names_in_two_columns(tmp_path):
    text = (
        "LastName,FirstName,ID,SIS Login ID,Section,01-lenet-5 (9)\n,,,,,Manual Posting\n"
        "    Points Possible,,,,,20.00\nvan der Berg,Jan,7,jan,A,\nStudent,Test,8,,A,\n"
    )
    roster = Roster.read(written(tmp_path, text))
    assert (roster.platform, roster.maximum("01-lenet-5"), len(roster.rows)) == ("canvas", 20, 1)
    assert roster.match({"7": ("7", "vanderbergjan")}).people["7"].name == "Jan van der Berg"


def test_who_teaches_is_not_missing(tmp_path):
    roster = Roster.read(written(tmp_path, LISTS["roles"][0]))
    assert [row["name"] for row in roster.rows] == ["Jane Doe"]


@pytest.mark.parametrize("last", ["Total: 3", "Total,,3", ",TOTAL STUDENTS: 3", "Summe;;3", "Anzahl Teilnehmer;3"])
def test_a_sum_below_all_is_nobody(tmp_path, last):
    separator = ";" if ";" in last else ","
    lines = ["name,id,points", "Jane Doe,4711,1", "Suma Rao,4712,1", "Jim Total,4713,1"]
    (tmp_path / "class.csv").write_text("\n".join([line.replace(",", separator) for line in lines] + [last, ""]))
    assert len(Roster.read(tmp_path / "class.csv").rows) == 3


@pytest.mark.parametrize("last", ["Suma Rao,4712,1", "Total Ann,4713,", "Sum,4714,"])
def test_whoever_is_called_like_a_sum_is_somebody(tmp_path, last):
    (tmp_path / "class.csv").write_text(f"name,id,points\nJane Doe,4711,1\n{last}\n")
    assert len(Roster.read(tmp_path / "class.csv").rows) == 2


def test_headings_may_be_in_a_language_that_nobody_here_knows(tmp_path):
    roster = Roster.read(written(tmp_path, "Qxz;Wvy\nJane Doe;4711\nJim Poe;4712\n"))
    match = roster.match({"4711": ("4711",)})
    assert match.people["4711"].row["Qxz"] == "Jane Doe"
    assert [person.key for person in match.absent] == ["4712"]


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_quotation_mark_that_is_never_closed_swallows_nobody(tmp_path, separator):
    text = 'id,name\n1,"Doe, Jane"\n2,"Jim\n3,Zoe\n'.replace(",", separator)
    roster = Roster.read(written(tmp_path, text))
    match = roster.match({str(n): (str(n),) for n in (1, 2, 3)})
    assert [person.name for person in match.people.values()] == [f"Doe{separator} Jane", "Jim", "Zoe"]
    assert "quotation marks are not in pairs" in roster.remark


@pytest.mark.parametrize(
    ("text", "maximum"),
    [
        ("Student,ID,SIS User ID,Section,01-lenet-5 (99)\n    Points Possible,,,,30\nAnn,1,u,A,\n", 30),
        ("Student,ID,Section,01-lenet-5 (99)\n,,,Manual Posting\n    Points Possible,,,7.5\nAnn,1,A,\n", 7.5),
        ("Student,ID,Section,02-alexnet (99)\n    Points Possible,,,30\nAnn,1,A,\n", None),
        ("Student,ID,Section,01-lenet-5 (99)\nAnn,1,A,\n", None),
        ('ID,Vollständiger Name,Bewertung,Bestwertung\nTeilnehmer/in1,Ann,,"100,00"\n', 100),
        ("Identifier,Full name,Grade,Scale\nParticipant 1,Ann,,Poor/Good\n", None),
        ("Identifier,Full name,Grade\nParticipant 1,Ann,\n", None),
        ("id,name,grade,maximum grade\n1,Ann,,30\n", None),
    ],
)
def test_a_platform_says_the_points_that_it_gives(tmp_path, text, maximum):
    assert Roster.read(written(tmp_path, text)).maximum("01-lenet-5") == maximum


def test_moodles_grades_go_where_they_stand_in_any_language(tmp_path):
    kind = "Identifikátor,Celé jméno,Stav,Známka,Nejvyšší známka,Komentář\n"
    roster = Roster.read(written(tmp_path, kind + "Účastník 12,Ann,s,,20.00,\nÚčastník 13,Bob,t,,20.00,\n"))
    assert (roster.platform, roster.column("grade"), roster.column("name")) == ("moodle", "Známka", "Celé jméno")


def test_two_people_of_one_name_are_nobodys_guess(tmp_path):
    roster = Roster.read(written(tmp_path, "id,name\n1,Jane Doe\n2,Jane Doe\n"))
    match = roster.match({"Jane Doe": ("Jane Doe",)})
    assert not match.people
    assert len(match.absent) == 2


def test_a_number_is_not_looked_for_where_it_is_another_ones(tmp_path):
    roster = Roster.read(written(tmp_path, "id,id number,name\n1,7,Ann\n2,8,Bob\n3,9,Zoe\n"))
    match = roster.match({"1": ("1",), "2": ("2",), "9": ("9",)})
    assert {key: person.name for key, person in match.people.items()} == {"1": "Ann", "2": "Bob"}


CELLS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), max_size=5)


@pytest.fixture(scope="module")
def one_folder(tmp_path_factory):
    """A folder for all examples."""
    return tmp_path_factory.mktemp("lists")


@pytest.mark.slow
@given(CELLS, st.sampled_from(",;\t|"))
def test_whatever_stands_in_cells_is_read_or_refused_with_a_reason(one_folder, cells, separator):
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([["id", "name"], *([str(n), cell] for n, cell in enumerate(cells))])
    path = one_folder / "roster.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    try:
        roster = Roster.read(path)
    except ValueError as error:
        assert str(error)
        return
    numbers = {str(number): (str(number),) for number in range(len(cells))}
    assert set(roster.match(numbers).people) == set(numbers)
