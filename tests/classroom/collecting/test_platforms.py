"""Downloads as the platforms really name them: everybody is found, under the right name, and nobody else is."""

import io
import zipfile
from datetime import datetime

import pytest

from cnncourse.classroom.collecting.collect import collect, read

EXERCISE = "01-lenet-5"
NOTEBOOK = "partial-connection.ipynb"
METADATA = """---
submission_900:
  :submitters:
  - :name: Ann Lee
    :sid: '4711'
    :email: ann@example.org
submission_901:
  :submitters:
  - :name: Bob Poe
    :sid: '4712'
  - :name: Zoe Zed
    :sid: '4713'
"""
# Files, and of whom: (key, name, late).
DOWNLOADS = {
    "Canvas": (
        [f"leeann_LATE_12_900_{NOTEBOOK}", f"poebob_13_901_{NOTEBOOK}"],
        [("12", "leeann", True), ("13", "poebob", False)],
    ),
    "Canvas, years ago": ([f"leeann_late_12_900_{NOTEBOOK}"], [("12", "leeann", True)]),
    "Canvas, names with underscores": (
        [f"van_der_bergjan_124_901_{NOTEBOOK}", f"garcía_lópezana_LATE_123_900_{NOTEBOOK}"],
        [("123", "garcía_lópezana", True), ("124", "van_der_bergjan", False)],
    ),
    "Canvas, anonymous": (
        [f"anon_aB3x9_900_{NOTEBOOK}", f"LATE_anon_Zz0k1_901_{NOTEBOOK}"],
        [("anon_Zz0k1", "anon_Zz0k1", True), ("anon_aB3x9", "anon_aB3x9", False)],
    ),
    "Canvas, groups": ([f"projectgroup2_LATE_56_901_{NOTEBOOK}"], [("56", "projectgroup2", True)]),
    "Canvas, texts beside": (
        ["leeann_123_text.html", f"poebob_124_901_{NOTEBOOK}", "zedzoe_125_link.html"],
        [("124", "poebob", False)],
    ),
    "Moodle 3, folders": (
        [f"Ann Lee_12_assignsubmission_file_/{NOTEBOOK}", f"Bob_1 Poe_13_assignsubmission_file_/deeper/{NOTEBOOK}"],
        [("12", "Ann Lee", None), ("13", "Bob_1 Poe", None)],
    ),
    "Moodle 4, folders": (
        [
            f"Ann Lee_12_assignsubmission_file/{NOTEBOOK}",
            "Bob Poe_13_assignsubmission_onlinetext/onlinetext.html",
            f"Séan O'Brien_14_assignsubmission_file/{NOTEBOOK}",
        ],
        [("12", "Ann Lee", None), ("14", "Séan O'Brien", None)],
    ),
    "Moodle, flat": ([f"Ann Lee_12_assignsubmission_file_{NOTEBOOK}"], [("12", "Ann Lee", None)]),
    "Moodle, blind": ([f"Participant_12_assignsubmission_file_/{NOTEBOOK}"], [("12", "Participant", None)]),
    "Moodle, teams": ([f"Team A-Ann Lee_12_assignsubmission_file_/{NOTEBOOK}"], [("12", "Team A-Ann Lee", None)]),
    "Blackboard": (
        [
            f"gradebook_BB101_Assignment201_alee_attempt_2026-11-30-10-00-00_{NOTEBOOK}",
            "gradebook_BB101_Assignment201_alee_attempt_2026-11-30-10-00-00.txt",
            f"gradebook_BB101_Assignment201_bpoe_attempt_2026-12-02-10-00-00_{NOTEBOOK}",
        ],
        [("alee", "alee", False), ("bpoe", "bpoe", True)],
    ),
    "Blackboard in German": ([f"Aufgabe 1_alee_Versuch_2026-12-02-10-00-00_{NOTEBOOK}"], [("alee", "alee", True)]),
    "Brightspace": (
        [
            "index.html",
            f"123-98 - Ann Lee - Nov 30, 2026 1005 AM/{NOTEBOOK}",
            f"124-98 - Bob Poe- Dec 2, 2026 905 PM/{NOTEBOOK}",
        ],
        [("123-98", "Ann Lee", False), ("124-98", "Bob Poe", True)],
    ),
    "Gradescope": (
        [
            ("assignment_77_export/submission_metadata.yml", METADATA),
            f"assignment_77_export/submission_900/{NOTEBOOK}",
            f"assignment_77_export/submission_901/{NOTEBOOK}",
        ],
        [("4711", "Ann Lee", None), ("4712", "Bob Poe", None), ("4713", "Zoe Zed", None)],
    ),
    "Google Classroom": (
        [f"Ann Lee - {NOTEBOOK}", f"Bob Poe - {NOTEBOOK}"],
        [("Ann_Lee", "Ann Lee", None), ("Bob_Poe", "Bob Poe", None)],
    ),
    "GitHub Classroom": (
        [f"{EXERCISE}-annlee/exercises/{EXERCISE}/{NOTEBOOK}", f"{EXERCISE}-bobpoe/exercises/{EXERCISE}/{NOTEBOOK}"],
        [("annlee", "annlee", None), ("bobpoe", "bobpoe", None)],
    ),
    "nbgrader, packed on Windows": (
        [f"submitted\\ann\\{EXERCISE}\\{NOTEBOOK}", f"submitted\\bob\\{EXERCISE}\\{NOTEBOOK}"],
        [("ann", "ann", None), ("bob", "bob", None)],
    ),
    "decomposed Unicode, as macOS writes it": (["Se\u0301an.ipynb"], [("Séan", "Se\u0301an", None)]),
}


@pytest.mark.parametrize("unpacked", [False, True])
@pytest.mark.parametrize("platform", DOWNLOADS)
def test_everybody_is_found_under_the_right_name(tmp_path, platform, unpacked):
    files, expected = DOWNLOADS[platform]
    source = tmp_path / "download.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for file in files:
            name, content = (file, "{}") if isinstance(file, str) else file
            archive.writestr(name, content)
    if unpacked and "Windows" not in platform:
        with zipfile.ZipFile(source) as archive:
            archive.extractall(tmp_path / "download")
        source = tmp_path / "download"
    found = collect(source, EXERCISE, due=datetime(2026, 12, 1, 12), expected_names=[NOTEBOOK])
    assert [(each.student, each.name, each.late) for each in found.submissions] == expected
    assert all(read(each, 10) == b"{}" for each in found.submissions)
    assert "" not in found.remarks


def test_moodles_worksheet_says_when_it_was_handed_in(tmp_path):
    source, roster = tmp_path / "download.zip", tmp_path / "worksheet.csv"
    with zipfile.ZipFile(source, "w") as archive:
        for learner in ("Ann Lee_12", "Bob Poe_13", "Zoe Zed_14"):
            archive.writestr(f"{learner}_assignsubmission_file/{NOTEBOOK}", "{}")
    roster.write_text(
        "Identifier,Full name,Status,Grade,Last modified (submission)\n"
        'Participant 12,Ann Lee,s,,"Monday, 30 November 2026, 10:00 AM"\n'
        'Participant 13,Bob Poe,s,,"Wednesday, 2 December 2026, 1:00 PM"\n'
        "Participant 14,Zoe Zed,s,,-\n",
        encoding="utf-8",
    )
    found = collect(source, EXERCISE, due=datetime(2026, 12, 1, 12), roster=roster)
    assert [each.late for each in found.submissions] == [False, True, None]


def test_a_learners_own_zip_file_is_looked_into(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"work/{NOTEBOOK}", "mine")
        archive.writestr("work/notes.txt", "")
    source = tmp_path / "download.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("Ann Lee_12_assignsubmission_file_/work.zip", inner.getvalue())
        archive.writestr("Bob Poe_13_assignsubmission_file_/work.zip", b"PK no archive")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "zoe.zip").write_bytes(inner.getvalue())
    found = collect(source, EXERCISE, expected_names=[NOTEBOOK])
    assert [(each.student, read(each, 10)) for each in found.submissions] == [("12", b"mine")]
    assert "cannot be read" in found.remarks["13"][0]
    found = collect(folder, EXERCISE, expected_names=[NOTEBOOK])
    assert [(each.student, read(each, 10)) for each in found.submissions] == [("zoe", b"mine")]


def test_one_notebook_alone_is_one_learners(tmp_path):
    (tmp_path / "ann.ipynb").write_text("{}")
    found = collect(tmp_path / "ann.ipynb", EXERCISE)
    assert [each.student for each in found.submissions] == ["ann"]
