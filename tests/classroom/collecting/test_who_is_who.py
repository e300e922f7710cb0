"""Any download beside any class list: nobody is taken for another, and nobody who handed in is said to be missing."""

import csv
import re
import zipfile
from itertools import product
from typing import NamedTuple

import pytest

from cnncourse.classroom.collecting.collect import collect, read

EXERCISE = "01-lenet-5"
NOTEBOOK = "partial-connection.ipynb"


class Learner(NamedTuple):
    """One of the class, as the platforms know everybody."""

    user: str
    first: str
    last: str
    number: str
    platform: str
    address: str

    def letters(self):
        """Return the name as Canvas puts it before a file's."""
        return re.sub(r"[^\w]", "", f"{self.last}{self.first}".lower())


CLASS = [
    Learner("jdoe", "Jane", "Doe", "4711", "101", "jane.doe@example.org"),
    Learner("sobrien", "Séan", "O'Brien", "4712", "102", "sean@example.org"),
    Learner("jberg", "Jan", "van der Berg", "4713", "103", "jan@example.org"),
    Learner("aml", "Anne-Marie", "Le Goff", "4714", "104", "aml@example.org"),
    Learner("wxm", "小明", "王", "4715", "105", "w@example.org"),
    Learner("lukasz", "Łukasz", "Żak", "4716", "106", "lz@example.org"),
    Learner("mm", "Mary Jo", "Smith-Jones", "4717", "107", "mm@example.org"),
    Learner("nil1", "No", "Nil", "4718", "108", "n@example.org"),
    Learner("nil2", "Nora", "Nix", "4719", "109", "nn@example.org"),
]
PRESENT = 7
DOWNLOADS = {
    "Moodle": lambda one: f"{one.first} {one.last}_{one.platform}_assignsubmission_file/{NOTEBOOK}",
    "Moodle, last names first": lambda one: f"{one.last} {one.first}_{one.platform}_assignsubmission_file_{NOTEBOOK}",
    "Canvas": lambda one: f"{one.letters()}_{one.platform}_9{one.platform}_{NOTEBOOK}",
    "Blackboard": lambda one: f"Ex_1_{one.user}_attempt_2026-11-28-10-15-22_{NOTEBOOK}",
    "Brightspace": lambda one: f"{one.platform}-77 - {one.first} {one.last} - Nov 28, 2026 1015 AM/{NOTEBOOK}",
    "Google Classroom": lambda one: f"Ex 1/{one.first} {one.last} - {NOTEBOOK}",
    "GitHub Classroom": lambda one: f"fall-{one.user}/{NOTEBOOK}",
    "nbgrader": lambda one: f"submitted/{one.user}/{EXERCISE}/{NOTEBOOK}",
    "by number": lambda one: f"{one.number}.ipynb",
    "by address": lambda one: f"{one.address}/{NOTEBOOK}",
    "last names first": lambda one: f"{one.last}, {one.first}.ipynb",
    "names and the exercise's": lambda one: f"{one.last}_{one.first}_{NOTEBOOK}",
}
LISTS = {
    "Moodle's worksheet": {
        "Identifier": lambda one: f"Participant {one.platform}",
        "Full name": lambda one: f"{one.first} {one.last}",
        "Grade": lambda _: "",
    },
    "Moodle's participants": {
        "First name": lambda one: one.first,
        "Last name": lambda one: one.last,
        "ID number": lambda one: one.number,
        "Email address": lambda one: one.address,
    },
    "Canvas": {
        "Student": lambda one: f"{one.last}, {one.first}",
        "ID": lambda one: one.platform,
        "SIS User ID": lambda one: one.number,
        "SIS Login ID": lambda one: one.user,
        "Section": lambda _: "A",
    },
    "Brightspace": {
        "OrgDefinedId": lambda one: f"#{one.number}",
        "Username": lambda one: f"#{one.user}",
        "Last Name": lambda one: one.last,
        "First Name": lambda one: one.first,
    },
    "Gradescope": {
        "Name": lambda one: f"{one.first} {one.last}",
        "SID": lambda one: one.number,
        "Email": lambda one: one.address,
    },
    "names only": {"Name": lambda one: f"{one.last}, {one.first}"},
    "an unknown language": {
        "Aaa": lambda one: one.user,
        "Bbb": lambda one: one.number,
        "Ccc": lambda one: f"{one.first} {one.last}",
    },
}


# With the platform's number of the next in place of one's own.
ODDLY_NUMBERED = [one._replace(number=CLASS[place - 1].platform) for place, one in enumerate(CLASS)]
# Files named after numbers alone say nothing else, and the platform's own table has others by them.
UNDECIDABLE = {("by number", "Moodle's worksheet"), ("by number", "Canvas")}
CASES = [
    *product([CLASS], DOWNLOADS, LISTS),
    *((ODDLY_NUMBERED, *pair) for pair in product(DOWNLOADS, LISTS) if pair not in UNDECIDABLE),
]


@pytest.mark.parametrize(("people", "download", "listed"), CASES)
def test_nobody_is_another_and_nobody_who_handed_in_is_missing(tmp_path, people, download, listed):
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        for one in people[:PRESENT]:
            archive.writestr(DOWNLOADS[download](one), one.last)
    with (tmp_path / "class.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(LISTS[listed])
        table.writerows([cell(one) for cell in LISTS[listed].values()] for one in people)
    found = collect(tmp_path / "download.zip", EXERCISE, roster=tmp_path / "class.csv", expected_names=[NOTEBOOK])
    assert len(found.submissions) == PRESENT
    if found.problem:  # the two have nothing in common: nobody gets a zero
        assert set(found.people) == set(found.missing)
        return
    last_names = {each.student: read(each, 100).decode() for each in found.submissions}
    assert all(last in " ".join(found.people[student].row.values()) for student, last in last_names.items())
    assert len(found.missing) == len(CLASS) - PRESENT
    assert not found.doubtful
    assert "is not in the roster" not in str(found.remarks)


def test_a_number_is_no_name(tmp_path):
    """The list's numbers are the platform's of others: names decide, and nobody's row is another's."""
    (tmp_path / "class.csv").write_text("id,name\n101,Bob Poe\n102,Ann Lee\n103,Zed Zoe\n104,Eve Roe\n")
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        for person in ("Ann Lee_101", "Bob B. Poe_102", "Cid Doe_103"):
            archive.writestr(f"{person}_assignsubmission_file/{NOTEBOOK}", person)
    found = collect(tmp_path / "download.zip", EXERCISE, roster=tmp_path / "class.csv", expected_names=[NOTEBOOK])
    assert found.people["101"].name == "Ann Lee"
    assert {each.student for each in found.submissions} == {"101", "102", "103"}
    assert {found.people[student].name for student in found.missing} == {"Bob Poe", "Zed Zoe", "Eve Roe"}
    assert {found.people[student].name for student in found.doubtful} == {"Zed Zoe"}
