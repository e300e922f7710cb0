"""Whatever shape a class comes in, everybody is found once, and nobody's upload stops the others'."""

import os
import stat
import time
import zipfile
import zlib
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from cnncourse.classroom.collecting.collect import collect, read

EXERCISE = "01-lenet-5"
NOTEBOOK = "partial-connection.ipynb"


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def zipped(path, members):
    """Write a zip file whose members are (name or ZipInfo, content), as they come: also twice, and unsafe ones."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            with pytest.warns(match="Duplicate") if name in archive.namelist() else nullcontext():
                archive.writestr(name, content)
    return path


def students(collection):
    return [submission.student for submission in collection.submissions]


def text(submission):
    return read(submission, 1000).decode()


# Sources -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("below", ["", "submitted"])
def test_nbgraders_tree_is_read_from_the_course_folder_and_from_submitted(tmp_path, below):
    write(tmp_path / "submitted", {f"ann/{EXERCISE}/{NOTEBOOK}": "a", f"bob/{EXERCISE}/{NOTEBOOK}": "b"})
    write(tmp_path / "solutions", {f"{EXERCISE}/{NOTEBOOK}": "secret"})
    collection = collect(tmp_path / below, EXERCISE)
    assert [(s.student, text(s)) for s in collection.submissions] == [("ann", "a"), ("bob", "b")]


def test_nbgraders_time_stamp_decides_who_is_late(tmp_path):
    for student, stamp in {
        "early": "2026-03-01 11:59:59.000000 UTC",
        "late": "2026-03-01 12:00:01.000000 UTC",
        "abroad": "2026-03-01 12:59:00.000000 Europe/Berlin",
        "odd": "yesterday",
    }.items():
        folder = tmp_path / "submitted" / student / EXERCISE
        write(folder, {NOTEBOOK: "", "timestamp.txt": stamp})
    write(tmp_path / "submitted", {f"unknown/{EXERCISE}/{NOTEBOOK}": ""})
    collection = collect(tmp_path, EXERCISE, due=datetime(2026, 3, 1, 12, tzinfo=UTC))
    late = {submission.student: submission.late for submission in collection.submissions}
    assert late == {"early": False, "late": True, "abroad": False, "odd": None, "unknown": None}
    assert "timestamp.txt" in collection.remarks["odd"][0]


def test_a_flat_folder_is_named_after_its_learners(tmp_path):
    write(tmp_path, {"ann.ipynb": "a", "bob.IPYNB": "b", "notes.txt": ""})
    collection = collect(tmp_path, EXERCISE)
    assert students(collection) == ["ann", "bob"]
    assert collection.remarks == {"": ("“notes.txt” belongs to nobody; it was left out",)}


def test_a_folder_a_learner_may_have_folders_within(tmp_path):
    write(tmp_path, {f"ann/{NOTEBOOK}": "a", f"jane.doe/mine/{NOTEBOOK}": "b", "carl/x.ipynb": ""})
    (tmp_path / "dave.empty").mkdir()
    collection = collect(tmp_path, EXERCISE)
    assert students(collection) == ["ann", "carl", "jane.doe"]
    assert collection.missing == ("dave.empty",)
    assert collection.remarks["dave.empty"] == ("no notebook is there",)


CANVAS = [
    ("doejane_LATE_12345_67890_partial-connection.ipynb", "old"),
    ("doejane_LATE_12345_67899_partial-connection-1.ipynb", "new"),
    ("doejane_LATE_12345_67900_scratch.ipynb", "scratch"),
    ("roejohn_777_67891_my_own_1_2_name.ipynb", "john"),
    ("poejim_778_67892_work.7z", "7z"),
]
MOODLE = [
    ("Jane Doe_12345_assignsubmission_file_/partial-connection.ipynb", "jane"),
    ("Jane Doe_777_assignsubmission_file_/deeper/x.ipynb", "other jane"),
    ("Jim Poe_778_assignsubmission_onlinetext_/onlinetext.html", "<p>"),
    ("Ann_1 Lee_779_assignsubmission_file_1_2_x.ipynb", "ann"),
]


def unpacked(tmp_path, members):
    return write(tmp_path / "unpacked", dict(members))


def in_a_folder(tmp_path, members):
    return write(tmp_path / "outer", {f"download/{name}": content for name, content in members}) and tmp_path / "outer"


def as_zip(tmp_path, members):
    return zipped(tmp_path / "download.zip", members)


def as_zip_of_a_folder(tmp_path, members):
    return zipped(tmp_path / "download.zip", [(f"download/{name}", content) for name, content in members])


@pytest.mark.parametrize("shape", [as_zip, as_zip_of_a_folder, unpacked, in_a_folder])
def test_canvas_download_knows_late_ones_and_takes_the_last_upload_of_the_exercise(tmp_path, shape):
    collection = collect(shape(tmp_path, CANVAS), EXERCISE, expected_names=[NOTEBOOK])
    assert [(s.student, s.name, s.late, text(s)) for s in collection.submissions] == [
        ("12345", "doejane", True, "new"),
        ("777", "roejohn", False, "john"),
    ]
    assert collection.submissions[0].identifiers == {"canvas": "12345"}
    assert "3 notebooks: “partial-connection-1.ipynb” counts" in collection.remarks["12345"][0]
    assert "“scratch.ipynb”" in collection.remarks["12345"][0]
    assert collection.unread == ("778",)
    assert "“work.7z”, an archive, which is not opened" in collection.remarks["778"][0]


@pytest.mark.parametrize("shape", [as_zip, as_zip_of_a_folder, unpacked, in_a_folder])
def test_moodle_download_tells_learners_of_the_same_name_apart(tmp_path, shape):
    collection = collect(shape(tmp_path, MOODLE), EXERCISE)
    assert [(s.student, s.name, text(s)) for s in collection.submissions] == [
        ("12345", "Jane Doe", "jane"),
        ("777", "Jane Doe", "other jane"),
        ("779", "Ann_1 Lee", "ann"),
    ]
    assert collection.unread == ("778",)
    assert collection.names == {"12345": "Jane Doe", "777": "Jane Doe", "778": "Jim Poe", "779": "Ann_1 Lee"}


def test_without_the_exercises_name_the_latest_notebook_counts(tmp_path):
    folder = write(tmp_path, {"ann/a.ipynb": "old", "ann/b.ipynb": "new", "ann/c.ipynb": "oldest"})
    for name, seconds in {"a": 200, "b": 300, "c": 100}.items():
        os.utime(folder / f"ann/{name}.ipynb", (seconds, seconds))
    collection = collect(folder, EXERCISE, expected_names=[NOTEBOOK])
    assert text(collection.submissions[0]) == "new"
    assert "“b.ipynb” counts, which is the latest" in collection.remarks["ann"][0]


def test_the_exercises_name_goes_before_a_later_copy(tmp_path):
    folder = write(tmp_path, {f"ann/{NOTEBOOK}": "right", "ann/partial-connection-Copy1.ipynb": "copy"})
    os.utime(folder / "ann" / NOTEBOOK, (1, 1))
    collection = collect(folder, EXERCISE, expected_names=[NOTEBOOK])
    assert text(collection.submissions[0]) == "right"
    assert "bears the exercise's name" in collection.remarks["ann"][0]


# Sources that are none -----------------------------------------------------------------------------------------------


def test_an_empty_source_says_what_was_expected(tmp_path):
    with pytest.raises(LookupError, match=r"is empty; expected nbgrader's submitted/STUDENT/01-lenet-5"):
        collect(tmp_path, EXERCISE)


def test_a_source_that_is_not_there_is_said(tmp_path):
    with pytest.raises(LookupError, match="there is no "):
        collect(tmp_path / "nowhere", EXERCISE)


def test_a_source_without_notebooks_says_what_was_found(tmp_path):
    with pytest.raises(ValueError, match=r"expected nbgrader's .* found 1 files and folders, such as “report.pdf”"):
        collect(write(tmp_path, {"report.pdf": ""}), EXERCISE)


def test_another_exercise_of_nbgraders_tree_is_named(tmp_path):
    write(tmp_path / "submitted", {f"ann/02-alexnet/{NOTEBOOK}": ""})
    with pytest.raises(LookupError, match=r"nobody handed in 01-lenet-5 .* there is 02-alexnet"):
        collect(tmp_path, EXERCISE)


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x05\x06" + bytes(10)])
def test_a_damaged_zip_file_is_said(tmp_path, content):
    (tmp_path / "download.zip").write_bytes(content)
    with pytest.raises(ValueError, match="neither a folder nor a zip file"):
        collect(tmp_path / "download.zip", EXERCISE)


def test_one_learners_folder_names_do_not_decide_for_the_class(tmp_path):
    write(tmp_path, {f"ann/{NOTEBOOK}": "", f"bob/{NOTEBOOK}": "", f"eve/{EXERCISE}/{NOTEBOOK}": ""})
    write(tmp_path, {"mallory_1_2_x.ipynb": ""})
    collection = collect(tmp_path, EXERCISE)
    assert students(collection) == ["ann", "bob", "eve", "mallory_1_2_x"]


# Hostile uploads -----------------------------------------------------------------------------------------------------


def link_info(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def pipe_info(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFIFO | 0o644) << 16
    return info


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("eve_66_1_../../../evil.ipynb", "leads out of its folder"),
        (link_info("eve_66_1_evil.ipynb"), "is a link"),
        (pipe_info("eve_66_1_evil.ipynb"), "no ordinary file"),
    ],
    ids=["zip slip", "link", "pipe"],
)
def test_an_unsafe_member_is_left_out_and_the_others_are_read(tmp_path, member, said):
    source = zipped(tmp_path / "download.zip", [*CANVAS, (member, "/etc/passwd")])
    collection = collect(source, EXERCISE)
    assert students(collection) == ["12345", "777"]
    assert "66" in collection.unread
    assert said in collection.remarks["66"][0]


@pytest.mark.parametrize("name", ["../../x.ipynb", "/abs/x.ipynb", "C:\\x.ipynb", "..\\x.ipynb"])
def test_a_member_that_leads_out_belongs_to_nobody(tmp_path, name):
    collection = collect(zipped(tmp_path / "d.zip", [("ann.ipynb", ""), ("bob.ipynb", ""), (name, "")]), EXERCISE)
    assert students(collection) == ["ann", "bob"]
    assert "leads out of its folder" in collection.remarks[""][0]


def test_of_members_with_the_same_name_the_last_counts(tmp_path):
    source = zipped(tmp_path / "d.zip", [("ann.ipynb", "first"), ("bob.ipynb", ""), ("ann.ipynb", "last")])
    collection = collect(source, EXERCISE)
    assert text(collection.submissions[0]) == "last"
    assert "more than once" in collection.remarks["ann"][0]


def test_an_encrypted_member_is_left_out(tmp_path):
    source = zipped(tmp_path / "d.zip", [("ann.ipynb", "a"), ("bob.ipynb", "b")])
    data = bytearray(source.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in ann's entry of the zip file's directory
    source.write_bytes(data)
    collection = collect(source, EXERCISE)
    assert students(collection) == ["bob"]
    assert "is encrypted" in collection.remarks["ann"][0]


def test_a_name_cut_by_a_nul_does_not_stand_in_for_another(tmp_path):
    source = zipped(tmp_path / "d.zip", [("ann.ipynb", "ann's"), ("ann.ipynbXX", "evil"), ("bob.ipynb", "")])
    source.write_bytes(source.read_bytes().replace(b"ann.ipynbXX", b"ann.ipynb\0X"))
    collection = collect(source, EXERCISE)
    assert text(collection.submissions[0]) == "ann's"
    assert "a name that ends in the middle" in collection.remarks["ann"][0]


def test_reading_stops_at_the_limit(tmp_path):
    source = zipped(tmp_path / "d.zip", [("ann.ipynb", "x" * 2000), ("bob.ipynb", "y" * 1000)])
    ann, bob = collect(source, EXERCISE).submissions
    with pytest.raises(ValueError, match="larger than 1,000 bytes"):
        read(ann, 1000)
    assert read(bob, 1000) == b"y" * 1000


def test_a_bomb_that_declares_a_small_size_is_not_blown_up(tmp_path, monkeypatch):
    source = zipped(tmp_path / "d.zip", [("ann.ipynb", bytes(50_000_000)), ("bob.ipynb", "")])
    data = source.read_bytes()
    source.write_bytes(data.replace((50_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    ann, _ = collect(source, EXERCISE).submissions
    sizes = []
    decompressobj = zlib.decompressobj

    class Watched:
        def __init__(self, *arguments):
            self.own = decompressobj(*arguments)

        def decompress(self, *arguments):
            data = self.own.decompress(*arguments)
            sizes.append(len(data))
            return data

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    with pytest.raises(ValueError, match="larger than 1,000 bytes"):
        read(ann, 1000)
    assert sizes == [1001]


def test_a_damaged_member_is_said(tmp_path):
    source = zipped(tmp_path / "d.zip", [("ann.ipynb", "the same text again " * 20), ("bob.ipynb", "")])
    data = bytearray(source.read_bytes())
    data[30 + len("ann.ipynb") + 3] ^= 0xFF
    source.write_bytes(data)
    with pytest.raises(ValueError, match="cannot be read: it is damaged"):
        read(collect(source, EXERCISE).submissions[0], 1000)


def test_a_notebook_that_went_away_is_said(tmp_path):
    collection = collect(write(tmp_path, {"ann.ipynb": ""}), EXERCISE)
    (tmp_path / "ann.ipynb").unlink()
    with pytest.raises(ValueError, match="the file cannot be read: No such file"):
        read(collection.submissions[0], 1000)


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
def test_links_pipes_and_folders_that_are_called_notebooks_are_left_out(tmp_path):
    secret = write(tmp_path / "elsewhere", {"secret.ipynb": "secret", f"{EXERCISE}/{NOTEBOOK}": "secret"})
    source = write(
        tmp_path / "in", {"ann/a.ipynb": "", "link/readme.md": "", "pipe/readme.md": "", "dir/readme.md": ""}
    )
    (source / "link/x.ipynb").symlink_to(secret / "secret.ipynb")
    (source / "linked-folder").symlink_to(secret)
    os.mkfifo(source / "pipe/x.ipynb")
    (source / "dir/x.ipynb").mkdir()
    (source / "eve.ipynb").symlink_to(secret / "secret.ipynb")
    collection = collect(source, EXERCISE)
    assert students(collection) == ["ann"]
    assert set(collection.unread) == {"link", "pipe", "dir", "eve"}
    assert "is a link" in collection.remarks["link"][0]
    assert "is a link" in collection.remarks["eve"][0]
    assert "is a link" in collection.remarks[""][0]
    assert "no ordinary file" in collection.remarks["pipe"][0]
    assert "is a folder, not a notebook" in collection.remarks["dir"][0]


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
@pytest.mark.parametrize("replacement", ["link", "pipe"])
def test_what_takes_a_notebooks_place_after_collecting_is_not_read(tmp_path, replacement):
    (submission,) = collect(write(tmp_path / "in", {"ann.ipynb": ""}), EXERCISE).submissions
    submission.path.unlink()
    if replacement == "link":
        submission.path.symlink_to(write(tmp_path, {"secret": "secret"}) / "secret")
    else:
        os.mkfifo(submission.path)
    with pytest.raises(ValueError, match="cannot be read"):
        read(submission, 1000)


HOSTILE_NAMES = [
    "=cmd()|'",
    "line\nbreak",
    "<script>alert(1)</script>",
    "bell\a\x1b[31m",
    "-rf",
    "con",
    "...",
    "n" * 240,
    "\u202egnp.exe",
    "\udcff\udcfe",
]


@pytest.mark.skipif(os.name != "posix", reason="these names exist on POSIX only")
def test_names_become_safe_and_unique(tmp_path):
    for name in HOSTILE_NAMES:
        (tmp_path / f"{name.replace('/', '∕')}.ipynb").write_text("{}")
    collection = collect(tmp_path, EXERCISE)
    names = students(collection)
    assert len({name.casefold() for name in names}) == len(names) == len(HOSTILE_NAMES) - 1  # "..." is hidden
    for submission in collection.submissions:
        assert all(c.isalnum() or c in "-_.@+" for c in submission.student)
        assert submission.student[0] not in "-.@+"
        assert submission.student.casefold() != "con"
        assert len(submission.student.encode()) <= 100
        assert submission.name.isprintable()
        assert read(submission, 10) == b"{}"
    for said in [remark for remarks in collection.remarks.values() for remark in remarks]:
        assert said.isprintable()


def test_names_that_differ_in_case_only_are_told_apart(tmp_path):
    source = zipped(tmp_path / "d.zip", [("Ann.ipynb", "1"), ("ann.ipynb", "2"), ("bob.ipynb", "3")])
    collection = collect(source, EXERCISE)
    names = students(collection)
    assert len({name.casefold() for name in names}) == 3
    assert "bob" in names
    assert all(collection.remarks[name] for name in names if name != "bob")


def test_nobody_takes_anothers_name(tmp_path):
    source = zipped(tmp_path / "d.zip", [("ann.ipynb", "ann's"), ("-ann.ipynb", "eve's")])
    assert {s.student: text(s) for s in collect(source, EXERCISE).submissions}["ann"] == "ann's"


def test_macos_names_without_the_utf8_flag_are_read(tmp_path):
    source = zipped(tmp_path / "d.zip", [("XX.ipynb", "a"), ("bob.ipynb", "b")])
    source.write_bytes(source.read_bytes().replace(b"XX.ipynb", "é.ipynb".encode()))
    collection = collect(source, EXERCISE)
    assert students(collection) == ["bob", "é"]
    assert text(collection.submissions[1]) == "a"


def test_names_in_no_known_encoding_are_read(tmp_path):
    source = zipped(tmp_path / "d.zip", [("XX.ipynb", "a"), ("bob.ipynb", "b")])
    source.write_bytes(source.read_bytes().replace(b"XX.ipynb", b"\xff\xfe.ipynb"))
    collection = collect(source, EXERCISE)
    assert len(students(collection)) == 2
    assert {text(submission) for submission in collection.submissions} == {"a", "b"}


def test_a_zip_file_that_lies_about_its_encoding_says_what_to_do(tmp_path):
    source = zipped(tmp_path / "d.zip", [("é.ipynb", "a")])
    source.write_bytes(source.read_bytes().replace("é.ipynb".encode(), b"\xff\xfe.ipynb"))
    with pytest.raises(ValueError, match="unpack it, and give the folder instead"):
        collect(source, EXERCISE)


def test_hidden_copies_are_passed_over(tmp_path):
    files = {f"ann/{NOTEBOOK}": "right", f"ann/.ipynb_checkpoints/{NOTEBOOK}": "old", f"__MACOSX/ann/._{NOTEBOOK}": ""}
    for source in (write(tmp_path / "in", files), zipped(tmp_path / "d.zip", [*files.items(), ("bob/x.ipynb", "")])):
        collection = collect(source, EXERCISE)
        assert text(collection.submissions[0]) == "right"
        assert not collection.remarks


# Rosters -------------------------------------------------------------------------------------------------------------


CANVAS_ROSTER = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,01-lenet-5 (99)\r\n"
    "    Points Possible,,,,,17\r\n"
    '"Doe, Jane",12345,s1,jane,A,\r\n'
    '"Roe, John",777,s2,john,A,\r\n'
    '"Zoe, Zed",779,s3,zed,A,\r\n'
    '"Student, Test",1,,,A,\r\n'
)
MOODLE_ROSTER = (
    "Identifier,Full name,Email address,Status,Grade\n"
    "Participant 12345,Jane Doe,jane@example.org,Submitted,\n"
    "Participant 779,Zed Zoe,zed@example.org,No submission,\n"
)


@pytest.mark.parametrize(
    ("roster", "missing", "name"),
    [
        (CANVAS_ROSTER, "779", "Doe, Jane"),
        (MOODLE_ROSTER, "779", "Jane Doe"),
        ("id;first_name;last_name\n12345;Jane;Doe\n779;Zed;Zoe\n", "779", "Jane Doe"),
        ("login\tStudent ID\nx\t12345\nz\t779\n", "779", "doejane"),
    ],
    ids=["canvas", "moodle", "semicolons", "tabs"],
)
def test_whoever_is_in_the_roster_only_is_missing(tmp_path, roster, missing, name):
    (tmp_path / "roster.csv").write_bytes(roster.encode())
    collection = collect(as_zip(tmp_path, CANVAS), EXERCISE, roster=tmp_path / "roster.csv")
    assert collection.missing == (missing,)
    assert collection.submissions[0].name == name


def test_whoever_is_not_in_the_roster_is_remarked(tmp_path):
    roster = write(tmp_path, {"roster.csv": "student\nAnn\nzed\n"}) / "roster.csv"
    collection = collect(write(tmp_path / "in", {"ann.ipynb": "", "eve.ipynb": ""}), EXERCISE, roster=roster)
    assert collection.missing == ("zed",)
    assert collection.remarks == {"eve": ("is not in the roster",)}


def test_a_roster_that_knows_nobody_is_remarked(tmp_path):
    roster = write(tmp_path, {"roster.csv": "email\nzoe@example.org\n"}) / "roster.csv"
    collection = collect(write(tmp_path / "in", {"ann.ipynb": ""}), EXERCISE, roster=roster)
    assert "nobody who handed in is in the roster: it knows learners as “zoe@example.org”" in collection.remarks[""][0]
    assert collection.problem == collection.remarks[""][0]


@pytest.mark.parametrize("upload", ["zed.py", "zed.html", "zed.7z", "zed.zip", "zed.ipynb.gz", "zed_text.html"])
def test_whoever_handed_in_no_notebook_is_not_missing(tmp_path, upload):
    files = {f"ann/{NOTEBOOK}": "", f"zed/{upload}": "no notebook"}
    collection = collect(write(tmp_path / "in", files), EXERCISE)
    assert (collection.missing, collection.unread) == ((), ("zed",))
    assert "no notebook is there, but" in collection.remarks["zed"][-1] or upload == "zed.zip"


# A list, the files, whose each is, and who cannot be told from who handed in.
DOUBTS = {
    "two of one name": ("id,name\n1,Ann Lee\n2,Ann Lee\n3,Bob\n4,Zed\n", ["Ann Lee", "Bob"], {"Bob"}, {"1", "2"}),
    "a number of another kind": ("username,number\nann,71\nbob,72\nzed,73\n", ["ann", "72"], {"ann"}, {"bob"}),
    "by name and by number": ("id,name\n71,Ann Lee\n72,Bob Poe\n73,Zed\n", ["Ann Lee", "72"], {"Ann_Lee", "72"}, set()),
    "a section's name": (
        "id,name,section\n" + "".join(f"{n},Ann{n},A\n" for n in range(1, 9)),
        ["1", "A"],
        {"1"},
        set(),
    ),
    "a stranger": ("id,name\n71,Ann Lee\n72,Bob Poe\n73,Zed\n", ["Ann Lee", "Eve"], {"Ann_Lee"}, set()),
}


@pytest.mark.parametrize("kind", DOUBTS)
def test_whoever_may_have_handed_in_is_not_said_to_be_missing(tmp_path, kind):
    listed, files, known, doubtful = DOUBTS[kind]
    roster = write(tmp_path, {"roster.csv": listed}) / "roster.csv"
    collection = collect(write(tmp_path / "in", {f"{name}.ipynb": "" for name in files}), EXERCISE, roster=roster)
    assert {s for s in students(collection) if "is not in the roster" not in collection.remarks.get(s, ())} == known
    assert set(collection.doubtful) == doubtful
    assert all("may be who handed in as" in collection.remarks[student][0] for student in doubtful)
    assert doubtful < set(collection.missing) | {"nobody"}


def test_groups_of_canvas_make_nobody_missing(tmp_path):
    roster = write(tmp_path, {"roster.csv": CANVAS_ROSTER}) / "roster.csv"
    files = [(f"projectgroup1_12345_900_{NOTEBOOK}", ""), (f"projectgroup2_LATE_777_901_{NOTEBOOK}", "")]
    collection = collect(zipped(tmp_path / "d.zip", files), EXERCISE, roster=roster)
    assert "the files are named after groups, such as “projectgroup1”" in collection.problem


def test_a_roster_of_nobody_knows_nobody(tmp_path):
    roster = write(tmp_path, {"roster.csv": "email,name\n"}) / "roster.csv"
    collection = collect(write(tmp_path / "in", {"ann.ipynb": ""}), EXERCISE, roster=roster)
    assert "it knows learners as “nobody”" in collection.problem


def test_a_roster_without_identifying_column_says_what_was_expected(tmp_path):
    roster = write(tmp_path, {"roster.csv": "colour,shoe size\nred,42\n"}) / "roster.csv"
    with pytest.raises(ValueError, match="its first line is 'colour, shoe size'; expected Canvas' gradebook"):
        collect(write(tmp_path / "in", {"ann.ipynb": ""}), EXERCISE, roster=roster)


# Size ----------------------------------------------------------------------------------------------------------------


def test_two_thousand_submissions_are_collected_and_read_quickly(tmp_path):
    members = [(f"learner{n}_{n}_{5000 + n}_{NOTEBOOK}", "{}") for n in range(2000)]
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    for source in (tmp_path / "d.zip", unpacked(tmp_path, members)):
        start = time.perf_counter()
        collection = collect(source, EXERCISE)
        assert len({read(submission, 10) for submission in collection.submissions}) == 1
        assert len(collection.submissions) == 2000
        assert time.perf_counter() - start < 120
