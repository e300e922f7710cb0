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
  :created_at: 2026-11-30 20:00:00.123456789 Z
submission_901:
  :submitters:
  - :name: Bob Poe
    :sid: '4712'
  - :name: Zoe Zed
    :sid: '4713'
  :created_at: 2026-12-02 20:00:00 Z
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
    "Canvas, letters that are put together": (
        [f"garci\u0301aana_124_901_{NOTEBOOK}", f"\u0936\u0930\u094d\u092e\u093e_125_902_{NOTEBOOK}"],
        [("124", "garci\u0301aana", False), ("125", "\u0936\u0930\u094d\u092e\u093e", False)],
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
    "Moodle 4, teams": (
        [f"Team A_31_assignsubmission_file/{NOTEBOOK}", f"Default group_assignsubmission_file/{NOTEBOOK}"],
        [("31", "Team A", None), ("Default_group", "Default group", None)],
    ),
    "Moodle, flat teams": (
        [f"Default group_assignsubmission_file_{NOTEBOOK}", f"Team A_31_assignsubmission_file_{NOTEBOOK}"],
        [("31", "Team A", None), ("Default_group", "Default group", None)],
    ),
    "Moodle, and what came by e-mail": (
        [f"Ann Lee_12_assignsubmission_file/{NOTEBOOK}", "Bob Poe.ipynb"],
        [("12", "Ann Lee", None), ("Bob_Poe", "Bob Poe", None)],
    ),
    "Blackboard": (
        [
            f"gradebook_BB101_Assignment201_alee_attempt_2026-11-30-10-00-00_{NOTEBOOK}",
            "gradebook_BB101_Assignment201_alee_attempt_2026-11-30-10-00-00.txt",
            f"gradebook_BB101_Assignment201_bpoe_attempt_2026-12-02-10-00-00_{NOTEBOOK}",
        ],
        [("alee", "alee", False), ("bpoe", "bpoe", True)],
    ),
    "Blackboard, underscores": (
        [
            (
                "Exercise_1_ann_lee_attempt_2026-11-30-10-00-00.txt",
                "Name: Ann Lee (ann_lee)\nAssignment: Exercise_1\nComments: (bpoe)\n",
            ),
            f"Exercise_1_ann_lee_attempt_2026-11-30-10-00-00_{NOTEBOOK}",
            ("Exercise_1_bpoe_attempt_2026-11-30-10-00-00.txt", "\ufeffNom : Bob Poe (bpoe)\r\n"),
            f"Exercise_1_bpoe_attempt_2026-11-30-10-00-00_for_ann_lee_attempt_2026-11-30-11-00-00_{NOTEBOOK}",
        ],
        [("ann_lee", "Ann Lee", False), ("bpoe", "Bob Poe", False)],
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
    "Brightspace in other languages": (
        [
            f"123-98 - Jean-Luc O'Brien-Lee - 30 November, 2026 10 05/{NOTEBOOK}",
            f"124-98 - Bob Poe - 2 déc. 2026 905/{NOTEBOOK}",
            f"125-98 - 王 小明 - 2026年11月30日 1005/{NOTEBOOK}",
            f"126-98 - Åsa Öst - 2026-11-30 1005/{NOTEBOOK}",
            f"127-98 - Zoe Zed - Nov 30, 2026 10-05 AM/{NOTEBOOK}",
        ],
        [
            *(("123-98", "Jean-Luc O'Brien-Lee", False), ("124-98", "Bob Poe", True), ("125-98", "王 小明", False)),
            *(("126-98", "Åsa Öst", False), ("127-98", "Zoe Zed", False)),
        ],
    ),
    "Brightspace, flat": (
        [
            f"123-98 - N0123456 - Ann Lee- 30 November, 2026 1005 AM - {NOTEBOOK}",
            "124-98 - 4712 - Bob Poe - Dec 2, 2026 905 PM - mine - 2026 1.ipynb",
        ],
        [("123-98", "Ann Lee", False), ("124-98", "Bob Poe", True)],
    ),
    "Gradescope": (
        [
            ("assignment_77_export/submission_metadata.yml", METADATA),
            f"assignment_77_export/submission_900/{NOTEBOOK}",
            f"assignment_77_export/submission_901/{NOTEBOOK}",
        ],
        [("4711", "Ann Lee", False), ("4712", "Bob Poe", True), ("4713", "Zoe Zed", True)],
    ),
    "Google Classroom": (
        [f"Ann Lee - {NOTEBOOK}", f"Bob Poe - {NOTEBOOK}"],
        [("Ann_Lee", "Ann Lee", None), ("Bob_Poe", "Bob Poe", None)],
    ),
    "GitHub Classroom": (
        [f"{EXERCISE}-annlee/exercises/{EXERCISE}/{NOTEBOOK}", f"{EXERCISE}-bobpoe/exercises/{EXERCISE}/{NOTEBOOK}"],
        [("annlee", "annlee", None), ("bobpoe", "bobpoe", None)],
    ),
    "nbgrader's course folder, packed": (
        [
            f"course/submitted/ann/{EXERCISE}/{NOTEBOOK}",
            f"course/source/{EXERCISE}/{NOTEBOOK}",
            f"course/autograded/ann/{EXERCISE}/{NOTEBOOK}",
            "course/nbgrader_config.py",
        ],
        [("ann", "ann", None)],
    ),
    "browsers that add an ending": (
        ["ann.ipynb.txt", "bob.IPYNB.json", f"zoe/{NOTEBOOK}.txt"],
        [("ann", "ann", None), ("bob", "bob", None), ("zoe", "zoe", None)],
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


def test_zip_files_in_a_learners_own_are_looked_into_to_a_depth(tmp_path):
    data = b"mine"
    name = NOTEBOOK
    for depth in range(4):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(name, data)
        data, name = packed.getvalue(), "again.zip"
        source = tmp_path / f"{depth}"
        source.mkdir()
        (source / "ann.zip").write_bytes(data)
        (source / "bob.ipynb").write_text("")
        found = collect(source, EXERCISE, expected_names=[NOTEBOOK])
        assert ("ann" in found.unread) == (depth == 3)
        assert [read(each, 10) for each in found.submissions][:-1] == [b"mine"] * (depth < 3)


def test_of_brightspaces_attempts_the_last_counts(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for day, content in ((30, "old"), (31, "new"), (29, "older")):
            archive.writestr(f"123-98 - Ann Lee - Oct {day}, 2026 905 PM/{NOTEBOOK}", content)
    (found,) = collect(tmp_path / "d.zip", EXERCISE, expected_names=[NOTEBOOK]).submissions
    assert (read(found, 10), found.submitted.day) == (b"new", 31)


WORKSHEET = """Identifier,Full name,Email address,Status,Group,Grade,Maximum grade,Grade can be changed
Participant 12,Ann Lee,a@x,s,Team_A,,20.00,Yes
Participant 13,Bob Poe,b@x,s,Team_A,,20.00,Yes
Participant 31,Cid Roe,c@x,s,Team B,,20.00,Yes
Participant 15,Zed Nil,z@x,s,Default group,,20.00,Yes
"""


def test_what_a_team_of_moodles_handed_in_is_that_of_all_its_members(tmp_path):
    (tmp_path / "class.csv").write_text(WORKSHEET)
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr(f"Team A_31_assignsubmission_file/{NOTEBOOK}", "a")  # 31 is the team's number here
        archive.writestr(f"Team B_32_assignsubmission_file/{NOTEBOOK}", "b")
    found = collect(tmp_path / "d.zip", EXERCISE, roster=tmp_path / "class.csv")
    handed_in = {each.student: (each.name, read(each, 10), each.identifiers["moodle"]) for each in found.submissions}
    assert handed_in == {
        "12": ("Ann Lee", b"a", "12"),
        "13": ("Bob Poe", b"a", "13"),
        "31": ("Cid Roe", b"b", "31"),
    }
    assert (found.missing, found.problem) == (("15",), "")


GROUPS = {
    "Canvas' list of groups": "name,canvas_user_id,user_id,login_id,sections,group_name,canvas_group_id,group_id\n"
    "Ann Lee,12,,al,A,Project Group 1,7,\nBob Poe,13,,bp,A,Project Group 1,7,\nCid Roe,31,,cr,A,Project-Group 2,8,\n"
    "Zed Nil,15,,zn,A,,,\n",
    "Canvas' gradebook with a column more": "Student,ID,SIS Login ID,Section,Group\n    Points Possible,,,,\n"
    '"Lee, Ann",12,al,A,project group 1\n"Poe, Bob",13,bp,A,project group 1\n"Roe, Cid",31,cr,A,project group 2\n'
    '"Nil, Zed",15,zn,A,\n',
}


@pytest.mark.parametrize("listed", GROUPS.values(), ids=GROUPS)
def test_what_a_group_of_canvas_handed_in_is_that_of_all_its_members(tmp_path, listed):
    (tmp_path / "class.csv").write_text(listed)
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr(f"projectgroup1_13_901_{NOTEBOOK}", "a")  # 13 handed in for the group
        archive.writestr(f"projectgroup2_LATE_31_902_{NOTEBOOK}", "b")
    found = collect(tmp_path / "d.zip", EXERCISE, roster=tmp_path / "class.csv")
    handed_in = {each.student: (read(each, 10), each.identifiers["canvas"], each.late) for each in found.submissions}
    assert handed_in == {"12": (b"a", "12", False), "13": (b"a", "13", False), "31": (b"b", "31", True)}
    assert (found.missing, found.problem) == (("15",), "")


def test_github_puts_the_assignments_name_before_its_users(tmp_path):
    (tmp_path / "class.csv").write_text("identifier,github_username,github_id,name\nj@x,ann-lee,1,\nb@x,bpoe,2,\n")
    for user in ("ann-lee", "bpoe"):
        (tmp_path / f"in/lenet-fall-{user}").mkdir(parents=True)
        (tmp_path / f"in/lenet-fall-{user}" / NOTEBOOK).write_text("")
    found = collect(tmp_path / "in", EXERCISE, roster=tmp_path / "class.csv")
    assert (found.missing, found.problem, set(found.people)) == ((), "", {"lenet-fall-ann-lee", "lenet-fall-bpoe"})


@pytest.mark.parametrize(
    ("source", "files", "student"),
    [
        ("jdoe", [NOTEBOOK], "jdoe"),
        ("j.doe", [NOTEBOOK, "notes.pdf"], "j.doe"),
        ("Jane Doe_12_assignsubmission_file", [NOTEBOOK], "12"),
        ("jdoe.zip", [NOTEBOOK], "jdoe"),
        ("download.zip", [f"jdoe/{NOTEBOOK}"], "jdoe"),
        ("download.zip", [f"class/jdoe/{NOTEBOOK}"], "jdoe"),
        ("download.zip", [f"Jane Doe_12_assignsubmission_file/{NOTEBOOK}"], "12"),
        ("download.zip", ["jdoe.ipynb"], "jdoe"),
    ],
)
def test_one_learner_alone_has_the_name_that_is_there(tmp_path, source, files, student):
    path = tmp_path / source
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.writestr(file, "{}")
    else:
        path.mkdir()
        for file in files:
            (path / file).write_text("{}")
    (found,) = collect(path, EXERCISE, expected_names=[NOTEBOOK]).submissions
    assert (found.student, read(found, 10)) == (student, b"{}")


def test_blackboards_users_with_underscores_are_in_the_list(tmp_path):
    (tmp_path / "class.csv").write_text("username,name\nann_lee,Ann Lee\nbpoe,Bob Poe\nzed_z_z,Zed\n")
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for user in ("ann_lee", "bpoe", "zed_z_z"):
            archive.writestr(f"Exercise_1_{user}_attempt_2026-11-30-10-00-00_{NOTEBOOK}", "")
    found = collect(tmp_path / "d.zip", EXERCISE, roster=tmp_path / "class.csv", expected_names=[NOTEBOOK])
    assert {each.name for each in found.submissions} == {"Ann Lee", "Bob Poe", "Zed"}
    assert (found.missing, found.problem) == ((), "")


def test_of_numbered_folders_the_last_counts(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for version in (9, 10, 1):
            archive.writestr(f"Submitted files/Ann Lee/Exercise/Version {version}/{NOTEBOOK}", str(version))
        archive.writestr(f"Submitted files/Bob Poe/Exercise/Version 1/{NOTEBOOK}", "")
    ann, _ = collect(tmp_path / "d.zip", EXERCISE, expected_names=[NOTEBOOK]).submissions
    assert (ann.name, read(ann, 10)) == ("Ann Lee", b"10")


def test_a_folder_of_downloads_is_that_of_all_who_are_in_them(tmp_path):
    for section, people in (("a", ("Ann Lee_12", "Bob Poe_13")), ("b", ("Cid Roe_14",))):
        with zipfile.ZipFile(tmp_path / f"{section}.zip", "w") as archive:
            for person in people:
                archive.writestr(f"{person}_assignsubmission_file/{NOTEBOOK}", person)
    (tmp_path / "class.csv").write_text("")
    found = collect(tmp_path, EXERCISE, expected_names=[NOTEBOOK]).submissions
    assert [(each.student, read(each, 100)) for each in found] == [
        ("12", b"Ann Lee_12"),
        ("13", b"Bob Poe_13"),
        ("14", b"Cid Roe_14"),
    ]


def test_a_learners_zip_file_speaks_for_nobody_else(tmp_path):
    for name, member in (("ann", NOTEBOOK), ("eve", f"Ann Lee_12_assignsubmission_file/{NOTEBOOK}")):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr(member, name)
    found = collect(tmp_path, EXERCISE, expected_names=[NOTEBOOK]).submissions
    assert [(each.student, read(each, 100)) for each in found] == [("ann", b"ann"), ("eve", b"eve")]


@pytest.mark.parametrize("name", ["work.rar", "work.tar.gz", "answers.py", "work"])
def test_another_archive_says_what_to_do(tmp_path, name):
    (tmp_path / name).write_bytes(b"Rar!")
    with pytest.raises(ValueError, match="nor a zip file; unpack an archive of another kind"):
        collect(tmp_path / name, EXERCISE)


def test_one_notebook_alone_is_one_learners(tmp_path):
    for name in ("ann.ipynb", "ann.ipynb.txt"):
        (tmp_path / name).write_text("{}")
        found = collect(tmp_path / name, EXERCISE)
        assert [each.student for each in found.submissions] == ["ann"]
