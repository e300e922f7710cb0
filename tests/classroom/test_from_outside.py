"""Whatever comes from outside is read as it was meant, or refused by its own error: nothing else ever happens."""

import csv
import io
import json
import re
import string
import zipfile

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cnncourse.classroom.collecting.collect import collect, read
from cnncourse.classroom.collecting.names import LONGEST_FILE_NAME, RESERVED, file_names, plain_text
from cnncourse.classroom.collecting.roster import Roster
from cnncourse.classroom.collecting.uploads import contents, find
from cnncourse.classroom.isolation.notebook import UnreadableNotebookError, defined_names, read_notebook
from tests.corpus import corpus, spoiled

EXERCISE = "01-lenet-5"
LIMIT = 100_000  # bytes
kept = {
    kind: pytest.mark.parametrize("path", corpus(kind), ids=lambda path: path.name)
    for kind in ("rosters", "uploads", "notebooks")
}
names = st.text(min_size=1, max_size=30)
cells = st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from(',;\t" '), min_size=1, max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for all examples of a module: Hypothesis makes many within one test."""
    return tmp_path_factory.mktemp("outside")


# Names ---------------------------------------------------------------------------------------------------------------


@given(st.sets(names, max_size=8))
@example({"a", "A"})
@example({"con", "CON.", "learner-con"})
@example({"ﬁ", "fi", "FI"})
@example({"", ".", "..", "/", "\ud800"})
def test_file_names_are_safe_and_differ_in_more_than_case(keys):
    found = file_names(keys)
    assert found.keys() == keys
    assert len({name.casefold() for name in found.values()}) == len(keys)
    for name in found.values():
        assert re.fullmatch(r"[\w\-.@+]+", name) and name[0] not in "-.@+" and name[-1] != "."
        assert name.partition(".")[0].casefold() not in RESERVED
        assert len(name.encode()) <= LONGEST_FILE_NAME + len("learner-") + 65


@given(st.sets(st.text(string.ascii_lowercase + string.digits, min_size=4, max_size=10), max_size=8))
def test_safe_names_stay_as_they_are(keys):
    assume(not keys & RESERVED)
    assert file_names(keys) == {key: key for key in keys}


@given(st.text(max_size=200), st.integers(2, 90))
def test_plain_text_is_one_line_no_longer_than_asked(text, longest):
    line = plain_text(text, longest)
    assert len(line) <= longest and line.isprintable()
    assert plain_text(line, longest) == line


# Rosters -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.text(string.ascii_letters, min_size=1), cells), min_size=1, max_size=6),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["username", "ID number", "Email address"]),
)
def test_roster_is_read_as_it_was_written(folder, rows, separator, encoding, line_end, column):
    assume(len({key.casefold() for key, _ in rows}) == len(rows))
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=line_end).writerows([(column, "full name"), *rows])
    path = folder / "roster.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    match = Roster.read(path).match({key: (key,) for key, _ in rows})
    assert {key: person.name for key, person in match.people.items()} == {k: " ".join(n.split()) for k, n in rows}
    assert not match.absent


def read_any_roster(folder, raw):
    path = folder / "any.csv"
    path.write_bytes(raw)
    try:
        roster = Roster.read(path)
    except ValueError as error:
        assert "any.csv" in str(error)
        return
    assert roster.columns
    assert all(person.key for person in roster.match({}).absent)


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: f"id,name\n{text}".encode("utf-8", "replace")))
def test_any_bytes_are_a_roster_or_are_refused(folder, raw):
    read_any_roster(folder, raw)


@kept["rosters"]
def test_kept_rosters_are_read_or_refused_however_spoiled(folder, path):
    for raw in spoiled(path.read_bytes()):
        read_any_roster(folder, raw)


# Uploads -------------------------------------------------------------------------------------------------------------

learners = st.dictionaries(
    st.integers(1, 10**6), st.text(string.ascii_letters, min_size=1, max_size=8), min_size=1, max_size=6
)


@given(learners, st.sampled_from(["canvas", "moodle", "moodle 3", "nbgrader"]), st.booleans())
def test_everybody_is_found_once_in_the_zip_file_of_any_platform(folder, class_of, platform, wrapped):
    assume(len(class_of) > 1 or platform != "nbgrader")  # one folder may be what a zip program put around everything
    members = {
        "canvas": "{name}_{number}_9{number}_x.ipynb",
        "moodle": "{name}_{number}_assignsubmission_file/x.ipynb",
        "moodle 3": "{name}_{number}_assignsubmission_file_/x.ipynb",
        "nbgrader": "{number}/01-lenet-5/x.ipynb",
    }
    path = folder / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in class_of.items():
            member = members[platform].format(name=name, number=number)
            archive.writestr(f"download/{member}" if wrapped else member, str(number))
    collection = collect(path, EXERCISE)
    handed_in = {submission.student: read(submission, LIMIT) for submission in collection.submissions}
    assert handed_in == {str(number): str(number).encode() for number in class_of}
    assert not collection.missing


def collect_any(folder, raw):
    path = folder / "any.zip"
    path.write_bytes(raw)
    try:
        uploads = list(find(path))
    except ValueError as error:
        assert "any.zip" in str(error)
        return
    for upload in uploads:
        assert upload.parts and upload.path == path
        if not upload.objection:
            assert ".." not in upload.parts and upload.parts[0] and "/" not in "".join(upload.parts)
            try:
                assert len(contents(path, upload.member, LIMIT)) <= LIMIT
            except ValueError as error:
                assert str(error).startswith("the file ")
    try:
        collection = collect(path, EXERCISE)
    except (LookupError, ValueError):
        return
    students = [submission.student for submission in collection.submissions]
    assert len(set(students) | set(collection.missing)) == len(students) + len(collection.missing)


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.binary(max_size=20), max_size=5))
@example({"../x.ipynb": b"", "a/../x.ipynb": b""})
def test_any_zip_file_is_collected_or_refused(folder, members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            try:
                archive.writestr(name, content)
            except UnicodeEncodeError:  # no zip program writes such a name
                continue
    collect_any(folder, packed.getvalue())


@kept["uploads"]
def test_kept_uploads_are_collected_or_refused_however_spoiled(folder, path):
    for raw in spoiled(path.read_bytes()):
        collect_any(folder, raw)


# Notebooks -----------------------------------------------------------------------------------------------------------


def read_any_notebook(raw):
    try:
        notebook = read_notebook(raw)
    except UnreadableNotebookError as error:
        assert str(error).startswith("the file ")
        return
    for cell in notebook.cells:
        assert cell.source.strip() and cell.kind in ("code", "markdown", "raw")
        assert all(map(str.isidentifier, defined_names(cell.source)))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_notebook_or_are_refused(raw):
    read_any_notebook(raw)


@pytest.mark.slow
@given(st.lists(JSON | st.fixed_dictionaries({"cell_type": JSON, "source": JSON, "metadata": JSON}), max_size=4), JSON)
def test_any_json_is_a_notebook_or_is_refused(listed, other):
    read_any_notebook(json.dumps({"cells": listed, "metadata": other}).encode())
    read_any_notebook(json.dumps({"worksheets": listed, "metadata": other}).encode())
    read_any_notebook(json.dumps(other).encode())


@given(st.lists(st.text(min_size=1, max_size=30).filter(str.strip), max_size=5), st.sampled_from(["utf-8", "utf-16"]))
def test_sources_are_read_as_they_were_written(sources, encoding):
    listed = [{"cell_type": "code", "source": source.splitlines(keepends=True)} for source in sources]
    notebook = read_notebook(json.dumps({"cells": listed, "metadata": {}}).encode(encoding))
    assert [cell.source for cell in notebook.cells] == sources


@kept["notebooks"]
def test_kept_notebooks_are_read_or_refused_however_spoiled(path):
    for raw in spoiled(path.read_bytes()):
        read_any_notebook(raw)
