"""A class's designs are trained and ranked by what they are, whatever the notebooks that they come from try."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from cnncourse import cli
from cnncourse.capstone import BRIEF
from cnncourse.classroom.grading.assignment import CAPSTONE, assignment, capstone
from cnncourse.classroom.leaderboard import REFERENCE, Entry, Leaderboard, make_leaderboard, ranks

QUICK = replace(BRIEF, epochs=1, accuracy=0.3, time=1000)
SMALL = """
NETWORK_NAME = "small & <b>bold</b>"


def design():
    output = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)]
    return nn.Sequential(nn.Conv2d(3, 8, 5, stride=2), nn.BatchNorm2d(8), nn.ReLU(), *output)
"""
LARGE = SMALL.replace("8", "5000").replace("small & <b>bold</b>", "large")
# What is handed in is text; whoever forges it can only say another network.
FORGED = SMALL + "\n\nBlueprint.of = lambda model: type('', (), {'to_json': lambda self: '{\"accuracy\": 1.0}'})()\n"
ENDLESS = "NETWORK_NAME = 'endless'\n\n\ndef design():\n    while True:\n        pass\n"


@pytest.fixture(scope="module")
def handed_out(project):
    return nbformat.read(project / CAPSTONE, as_version=4)


def with_cell(handed_out, name, source):
    notebook = nbformat.from_dict(json.loads(json.dumps(handed_out)))
    (cell,) = (cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)
    cell.source = source
    return notebook


@pytest.fixture(scope="module")
def ranked(handed_out, project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("contest")
    designs = {"ada": SMALL, "bob": LARGE, "cy": FORGED, "di": ENDLESS}
    notebooks = {student: with_cell(handed_out, "design", source) for student, source in designs.items()}
    notebooks |= {"eve": handed_out, "gil": with_cell(handed_out, "handed-in", "handed_in = 5")}
    for student, notebook in notebooks.items():
        place = folder / "submitted" / student / CAPSTONE.parent.name
        place.mkdir(parents=True)
        nbformat.write(notebook, place / CAPSTONE.name)
    (folder / "submitted/hal" / CAPSTONE.parent.name).mkdir(parents=True)
    (folder / "submitted/hal" / CAPSTONE.parent.name / "design.py").write_text("")
    (folder / "submitted/notes.txt").write_text("")
    (folder / "class.csv").write_text("id,name\nada,Ada Ångström\nfay,Fay\n", encoding="utf-8")

    def again():
        return make_leaderboard(
            folder, folder / "out", project, roster=folder / "class.csv", jobs=1, brief=QUICK, seeds=1
        )

    return again(), again, folder


def entry_of(board, student):
    return next(entry for entry in board.entries if entry.student == student)


def test_design_within_the_budget_is_trained_and_ranked_beside_the_reference(ranked):
    board, _, _ = ranked
    assert {entry.student for entry in board.entries if entry.accuracies} == {"", "ada"}
    assert entry_of(board, "").network == REFERENCE
    accuracies = [entry.accuracy for entry in board.entries if not entry.problem]
    assert accuracies == sorted(accuracies, reverse=True)


@pytest.mark.slow
def test_designs_that_are_as_good_share_a_rank():
    good, other = Entry("ann", "A", (0.9,), 10, 100), Entry("eve", "C", (0.8,), 10, 100)
    same = replace(good, student="bob", network="B")
    assert [(rank, entry.student) for rank, entry in ranks([good, same, other])] == [(1, "ann"), (1, "bob"), (3, "eve")]


@pytest.mark.parametrize(
    ("student", "said"),
    [
        ("bob", "parameters"),
        ("cy", "no blueprint"),
        ("di", "takes too long"),
        ("eve", "not written yet"),
        ("gil", "not callable"),
    ],
)
def test_what_does_not_count_says_why(ranked, student, said):
    assert said in entry_of(ranked[0], student).problem


def test_table_has_everybody_with_names_and_the_page_has_networks_only(ranked):
    board, _, folder = ranked
    rows = list(csv.DictReader((folder / "out/leaderboard.csv").open(encoding="utf-8-sig")))
    assert {row["student"] for row in rows} == {"", "ada", "bob", "cy", "di", "eve", "fay", "gil", "hal"}
    remarks = {row["student"]: row["remark"] for row in rows}
    assert (remarks["fay"], board.missing) == ("nothing was handed in", ("fay",))
    assert "no notebook is there, but “design.py”" in remarks["hal"]
    assert not remarks[""], "what is about nobody is not about the reference"
    assert {row["student"]: row["name"] for row in rows}["ada"] == "Ada Ångström"
    page = board.page.read_text(encoding="utf-8")
    assert "small &amp; &lt;b&gt;bold&lt;/b&gt;" in page
    assert "Ångström" not in page
    assert "ada" not in page
    assert "5 more designs do not count" in page


def test_second_time_nothing_is_trained_again_and_all_is_identical(ranked):
    board, again, folder = ranked
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (folder / "out/designs").iterdir()}
    assert again().entries == board.entries
    assert before == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (folder / "out/designs").iterdir()}


def test_entries_are_ranked_by_accuracy_then_by_multiply_adds():
    best, cheap, dear = (
        Entry("a", "", (0.9, 0.8), multiply_adds=9),
        Entry("b", "", (0.8,), multiply_adds=1),
        Entry("c", "", (0.8,), multiply_adds=2),
    )
    assert sorted([dear, best, cheap], key=lambda entry: entry.rank_by) == [best, cheap, dear]


def test_command_says_that_the_roster_is_of_others(monkeypatch, capsys):
    board = Leaderboard(Path("page.html"), (), (), "a list of others", ("“junk” belongs to nobody",))
    monkeypatch.setattr("cnncourse.classroom.leaderboard.make_leaderboard", lambda *_, **__: board)
    assert cli.main(["leaderboard", "in"]) == 3
    said = capsys.readouterr()
    assert "0 missing: page.html" in said.out
    assert "“junk” belongs to nobody" in said.err
    assert "a list of others. Is it the right roster?" in said.err


def test_command_says_what_it_lacks(project, tmp_path, capsys):
    assert cli.main(["leaderboard", str(tmp_path / "nothing")]) == 2
    assert "nothing" in capsys.readouterr().err


def test_capstone_is_its_notebook_alone_and_no_part_of_the_exercise_beside_it(project):
    assert list(capstone(project).notebooks) == [CAPSTONE.name]
    assert CAPSTONE.name not in assignment(CAPSTONE.parent.name, project).notebooks
