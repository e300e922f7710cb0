"""Learners are handed all they need, and nothing that gives an answer away."""

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest

from cnncourse import cli
from cnncourse.architectures import CATALOGUE
from cnncourse.classroom import bundle
from cnncourse.classroom.bundle import start_here, write_bundle

ASSIGNMENTS = sorted(record.chapter for record in CATALOGUE if record.has_chapter)
NAME = f"cnncourse-{'+'.join(ASSIGNMENTS)}"


@pytest.fixture(scope="module")
def bundle_of_all(project, tmp_path_factory):
    """The bundle of all exercises, as a learner unpacks it; test_notebooks.py asks nbgrader about each."""
    folder = tmp_path_factory.mktemp("learner")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "find_spec", lambda _name: None)
        made = write_bundle(project, ASSIGNMENTS, folder)
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder)
    return folder / NAME


@pytest.fixture
def course(project, tmp_path, monkeypatch):
    """A small course whose files a test may spoil; checked without nbgrader, which takes seconds."""
    monkeypatch.setattr(bundle, "find_spec", lambda _name: None)
    for folder in ("solutions", "exercises"):
        shutil.copytree(project / folder, tmp_path / "course" / folder)
    for name in bundle.FILES:
        shutil.copy(project / name, tmp_path / "course" / name)
    return tmp_path / "course"


def squeezed(text):
    return " ".join(text.split())


def sources(path):
    """Return a file's text; of a notebook, the text of its cells."""
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8", errors="replace")  # an icon is no text
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


def test_bundle_holds_what_learners_need_and_nothing_else(bundle_of_all):
    top = {path.name for path in bundle_of_all.iterdir()}
    folders = {"chapters", "cnncourse", "exercises", "images"}
    assert top == {*bundle.FILES, "START-HERE.md", *folders}
    assert {path.name for path in (bundle_of_all / "exercises").iterdir()} == set(ASSIGNMENTS)
    for path in bundle_of_all.rglob("*"):
        assert not path.name.startswith((".", "__pycache__"))


def test_every_part_of_the_package_is_bundled(project, bundle_of_all):
    tracked = subprocess.run(
        ["git", "ls-files", "cnncourse", "chapters", "images"], cwd=project, capture_output=True, text=True, check=False
    )
    if tracked.returncode != 0:
        pytest.skip("this is no clone")
    assert [name for name in tracked.stdout.split() if not (bundle_of_all / name).is_file()] == []


def test_no_solution_is_in_any_file_of_the_bundle(project, bundle_of_all):
    everything = {path: squeezed(sources(path)) for path in bundle_of_all.rglob("*") if path.is_file()}
    assert everything
    found = 0
    for master in project.glob("solutions/*/*.ipynb"):
        text = sources(master)
        shown = squeezed(bundle.SOLUTION.sub("", text))
        for block in re.findall(r"### BEGIN SOLUTION(.*?)### END SOLUTION", text, re.DOTALL):
            found += 1
            if squeezed(block) in shown:  # the exercise itself shows these lines, in the code to mend
                continue
            if len(block.strip().splitlines()) == 1:  # return self.layers(maps) stands everywhere
                continue
            assert [path for path, content in everything.items() if squeezed(block) in content] == []
    assert found


def test_no_answer_of_the_tests_is_in_any_file_of_the_bundle(project, bundle_of_all):
    everything = {path: squeezed(sources(path)) for path in bundle_of_all.rglob("*") if path.is_file()}
    bodies = []
    for path in project.glob("tests/architectures/*/answers.py"):
        text = path.read_text(encoding="utf-8")
        bodies += [
            ast.get_source_segment(text, node) for node in ast.parse(text).body if isinstance(node, ast.ClassDef)
        ]
    assert bodies
    for body in bodies:
        assert [path for path, content in everything.items() if squeezed(body) in content] == []


def test_bundled_notebooks_are_the_committed_ones(project, bundle_of_all):
    for path in (bundle_of_all / "exercises").rglob("*.ipynb"):
        assert path.read_bytes() == (project / path.relative_to(bundle_of_all)).read_bytes()


@pytest.mark.slow
def test_bundle_is_a_course_that_works(bundle_of_all, tmp_path):
    environment = {
        **os.environ,
        "PYTHONPATH": str(bundle_of_all),
        "CNNCOURSE_PROGRESS": str(tmp_path / "progress.jsonl"),
    }
    commands = {
        "print(__import__('cnncourse').__file__)": str(bundle_of_all),
        "import cnncourse; cnncourse.progress()": "",
    }
    for command, said in commands.items():
        ran = subprocess.run(
            [sys.executable, "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        assert said in ran.stdout


@pytest.mark.slow
def test_bundle_can_be_installed(bundle_of_all, tmp_path):
    source = shutil.copytree(bundle_of_all, tmp_path / "source")
    program = (
        "from setuptools import build_meta; import os; os.makedirs('made'); build_meta.prepare_metadata_for_build_wheel"
        "('made'); from setuptools.config.pyprojecttoml import read_configuration as read; "
        "print(*read('pyproject.toml')['tool']['setuptools']['packages'])"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=source, capture_output=True, text=True, check=True)
    packages = ran.stdout.splitlines()[-1].split()
    assert {"cnncourse", "cnncourse.checking", "cnncourse.architectures.lenet5.exercise"} <= set(packages)
    assert list((source / "made").glob("cnncourse-*.dist-info/METADATA"))


def test_the_same_files_give_the_same_bytes(course, tmp_path):
    first = write_bundle(course, ASSIGNMENTS, tmp_path / "a").read_bytes()
    for path in course.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert write_bundle(course, [*ASSIGNMENTS, ASSIGNMENTS[0]], tmp_path / "b").read_bytes() == first
    assert [path.name for path in (tmp_path / "a").iterdir()] == [f"{NAME}.zip"]


def test_what_lies_about_stays_with_the_instructor(course, tmp_path):
    (course / "chapters/.ipynb_checkpoints").mkdir(parents=True)
    for stray in (
        "chapters/.ipynb_checkpoints/x.ipynb",
        "chapters/notes.txt",
        "exercises/01-lenet-5/.secret",
        "key.txt",
    ):
        (course / stray).write_text("not for learners")
    (course / "exercises/01-lenet-5/link.txt").symlink_to(course / "key.txt")
    with zipfile.ZipFile(write_bundle(course, ["01-lenet-5"], tmp_path)) as archive:
        assert not [name for name in archive.namelist() if b"not for learners" in archive.read(name)]


def test_start_here_says_where_the_exercise_is_and_how_to_hand_it_in(project):
    text = start_here(project, ["01-lenet-5"])
    parts = next(record for record in CATALOGUE if record.chapter == "01-lenet-5").exercise().parts
    assert "make lab" in text
    assert "exercises/01-lenet-5/partial-connection.ipynb" in text
    assert f"{len(parts)} parts, about {sum(part.minutes for part in parts)} minutes" in text
    assert "Hand in `partial-connection.ipynb` from `my-work/exercises` under its name" in text


def test_unknown_exercise_is_said_with_those_there_are(project, tmp_path, capsys):
    assert cli.main(["release", "02-nothing", "--to", str(tmp_path)]) == 2
    assert "no architecture '02-nothing'; the course has lenet-5" in capsys.readouterr().err
    assert list(tmp_path.glob("*.zip")) == []


def test_a_folder_without_an_exercise_is_refused_and_nothing_is_made_anew(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("cnncourse.notebooks.generated_exercises", lambda _project: pytest.fail("made exercises"))
    assert cli.main(["release", "--to", str(tmp_path)]) == 2
    assert "--to goes with the exercises" in capsys.readouterr().err


def spoil(path, change):
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def edit_text(notebook):
    notebook.cells[0].source += " More."


def leave_a_solution(notebook):
    notebook.cells[1].source += "\n### BEGIN SOLUTION"


@pytest.mark.parametrize(
    ("change", "said"),
    [(edit_text, "is not what its master gives: make exercises"), (leave_a_solution, "holds a solution")],
)
def test_an_exercise_out_of_step_with_its_master_is_not_bundled(course, tmp_path, change, said):
    spoil(course / "exercises/01-lenet-5/partial-connection.ipynb", change)
    with pytest.raises(ValueError, match=said):
        write_bundle(course, ["01-lenet-5"], tmp_path)
    assert list(tmp_path.glob("*.zip")) == []


def test_a_missing_learners_notebook_is_said(course, tmp_path):
    shutil.move(course / "exercises/01-lenet-5/partial-connection.ipynb", course / "exercises/01-lenet-5/other.ipynb")
    with pytest.raises(ValueError, match="does not hold the same notebooks"):
        write_bundle(course, ["01-lenet-5"], tmp_path)


@pytest.mark.slow
def test_nbgrader_is_asked_where_it_is_installed(course, project, tmp_path, monkeypatch):
    monkeypatch.undo()
    shutil.copy(project / "nbgrader_config.py", course)
    spoil(course / "exercises/01-lenet-5/partial-connection.ipynb", edit_text)
    with pytest.raises(ValueError, match="is not what its master gives"):
        write_bundle(course, ["01-lenet-5"], tmp_path)
