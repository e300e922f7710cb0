"""The learner's commands: a folder of one's own, and nothing overwritten without a question."""

import os

import pytest

from cnncourse import cli
from cnncourse.commands import learner
from cnncourse.work.folder import WorkFolder
from tests.work.conftest import CHAPTER, EXERCISE, source, write


@pytest.fixture
def here(own, course, monkeypatch):
    """The learner's folder, as the place where commands are typed, and with it the small course."""
    monkeypatch.setattr(learner, "handed_out", lambda: course)
    monkeypatch.chdir(own.path)
    return own


@pytest.fixture
def opened(monkeypatch):
    """What is opened in JupyterLab."""
    commands = []
    monkeypatch.setenv("NO_BROWSER", "1")
    monkeypatch.setattr("os.execv", lambda program, command: commands.append(command))
    monkeypatch.setattr("subprocess.call", commands.append)
    monkeypatch.setattr("cnncourse.work.start_page._timeline", lambda _folder: '<svg viewBox="0 0 1 1" aria-label="x">')
    return commands


def place(commands):
    (command,) = commands
    return next(each for each in command if each.startswith("--LabApp.default_url=")).removeprefix(
        "--LabApp.default_url=/lab/tree/"
    )


def test_the_first_time_lab_opens_the_start_page(here, opened):
    cli.main(["lab"])
    assert place(opened) == "START.md"
    assert "--no-browser" in opened[0]
    assert "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate" in opened[0]
    text = (here.path / "START.md").read_text(encoding="utf-8")
    assert "Begin with [chapter 1, LeNet-5](chapters/01-lenet-5.ipynb)" in text
    assert "| 3 | [VGG-16](chapters/03-vgg-16.ipynb) | 2014 | " in text


def test_later_it_opens_where_one_was(here, opened):
    write(here.path / EXERCISE, "my answer")
    cli.main(["lab"])
    assert place(opened) == EXERCISE
    text = (here.path / "START.md").read_text(encoding="utf-8")
    assert f"Go on with [exercise 3, VGG-16]({EXERCISE})" in text


@pytest.mark.parametrize("name", ["3", "03", "vgg-16", "03-vgg-16"])
def test_a_chapter_is_opened_by_number_or_name(name, here, opened):
    cli.main(["lab", name])
    assert place(opened) == CHAPTER


def test_a_newer_course_is_said_and_not_forced(here, course, opened, capsys):
    write(course / EXERCISE, "newer")
    cli.main(["lab"])
    assert "cnncourse update" in capsys.readouterr().out
    assert source(here.path / EXERCISE) == ["your code here"]


def test_elsewhere_an_installed_course_says_what_to_type(course, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(learner, "handed_out", lambda: course)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lab"]) == 2
    assert "cnncourse start FOLDER" in capsys.readouterr().err


def test_a_clone_makes_the_folder_itself(course, opened, monkeypatch, capsys):
    (course / "pyproject.toml").write_text("")
    monkeypatch.setattr(learner, "handed_out", lambda: course)
    monkeypatch.chdir(course)
    cli.main(["lab"])
    assert WorkFolder.around(course / "my-work", course) is not None
    assert "my-work" in capsys.readouterr().out


@pytest.mark.slow
def test_start_says_where_to_go(course, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(learner, "handed_out", lambda: course)
    assert cli.main(["start", str(tmp_path / "mine")]) == 0
    assert f"cd {tmp_path / 'mine'}" in capsys.readouterr().out
    assert (tmp_path / "mine" / EXERCISE).is_file()
    assert (tmp_path / "mine/START.md").is_file()  # what Binder opens


needs_posix = pytest.mark.skipif(os.name != "posix", reason="a JupyterHub needs POSIX")


@pytest.fixture
def behind_a_hub(course, tmp_path, monkeypatch, opened):
    """What a JupyterHub starts for a learner whose home is ``tmp_path``; gives the commands."""
    monkeypatch.setattr(learner, "handed_out", lambda: course)
    monkeypatch.setenv("HOME", str(tmp_path))
    before = os.umask(0o022)
    yield opened
    os.umask(before)


@needs_posix
def test_behind_a_hub_a_learner_finds_a_folder_that_nobody_else_can_open(behind_a_hub, tmp_path):
    cli.main(["hub", "~/mine", "--MappingKernelManager.cull_idle_timeout=3600"])
    (command,) = behind_a_hub
    assert command[1:4] == ["-m", "jupyterhub.singleuser", f"--ServerApp.root_dir={tmp_path / 'mine'}"]
    assert command[-2:] == [
        "--ServerApp.default_url=/lab/tree/START.md",
        "--MappingKernelManager.cull_idle_timeout=3600",
    ]
    assert "--LabApp.news_url=None" in command
    assert (tmp_path / "mine" / EXERCISE).is_file()
    for path in (tmp_path / "mine", tmp_path / "mine" / EXERCISE):
        assert not path.stat().st_mode & 0o077, path


@needs_posix
def test_behind_a_hub_nothing_is_overwritten(behind_a_hub, tmp_path):
    cli.main(["hub", "~/mine"])
    write(tmp_path / "mine" / EXERCISE, "my answer")
    cli.main(["hub", "~/mine"])
    assert source(tmp_path / "mine" / EXERCISE) == ["my answer"]


@needs_posix
def test_behind_a_hub_a_folder_of_something_else_is_opened_as_it_is(behind_a_hub, tmp_path):
    (tmp_path / "course-of-a-teacher").mkdir()
    (tmp_path / "course-of-a-teacher/term.toml").write_text("")
    cli.main(["hub", "~/course-of-a-teacher"])
    (command,) = behind_a_hub
    assert command[-1] == "--ServerApp.default_url=/lab"
    assert [path.name for path in (tmp_path / "course-of-a-teacher").iterdir()] == ["term.toml"]


def test_update_asks_before_it_replaces_what_was_run(here, course, capsys):
    write(here.path / CHAPTER, "chapter", printed="what came out")
    write(course / CHAPTER, "newer")
    assert cli.main(["update"]) == 2  # nobody is there to answer
    assert source(here.path / CHAPTER) == ["chapter"]
    assert cli.main(["update", "--yes"]) == 0
    assert source(here.path / CHAPTER) == ["newer"]
    assert "what you had is 03-vgg-16-kept-" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["3", "vgg-16", "03-vgg-16"])
def test_reset_asks_and_keeps(name, here, monkeypatch, capsys):
    write(here.path / EXERCISE, "my answer")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: "n")
    assert cli.main(["reset", name]) == 0
    assert source(here.path / EXERCISE) == ["my answer"]
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    assert cli.main(["reset", name]) == 0
    assert source(here.path / EXERCISE) == ["your code here"]
    assert "what you had is kept as convolution-stacks-kept-" in capsys.readouterr().out


def test_running_a_learners_notebook_asks_and_keeps_a_copy(here, course, monkeypatch, capsys):
    monkeypatch.setattr("cnncourse.commands.instructor.handed_out", lambda: course)
    monkeypatch.setattr("cnncourse.notebooks.execute", lambda path: write(path, "run"))
    write(here.path / EXERCISE, "my answer")
    assert cli.main(["execute", str(here.path / EXERCISE)]) == 2
    assert cli.main(["execute", "--yes", str(here.path / EXERCISE)]) == 0
    (kept,) = (path for path in (here.path / EXERCISE).parent.iterdir() if "-kept-" in path.name)
    assert source(kept) == ["my answer"]


def test_making_the_exercises_asks_before_it_replaces_an_answer(project, course, monkeypatch, capsys):
    import nbformat

    (course / "solutions").mkdir()
    monkeypatch.setattr("cnncourse.commands.instructor.handed_out", lambda: course)
    notebook = nbformat.read(course / EXERCISE, as_version=4)
    monkeypatch.setattr("cnncourse.notebooks.generated_exercises", lambda _project: [(notebook, course / EXERCISE)])
    monkeypatch.setattr("cnncourse.notebooks.execute", lambda _path: None)
    assert cli.main(["release"]) == 0  # nothing is written there
    write(course / EXERCISE, "my answer")
    assert cli.main(["release"]) == 2
    assert source(course / EXERCISE) == ["my answer"]
    assert cli.main(["release", "--yes"]) == 0
    (kept,) = (path for path in (course / EXERCISE).parent.iterdir() if "-kept-" in path.name)
    assert source(kept) == ["my answer"]


def test_a_chapters_minutes_come_from_what_it_holds(project):
    import json

    from cnncourse.work.start_page import chapter_minutes

    for path in (project / "chapters").glob("[01]*.ipynb"):
        assert 20 <= chapter_minutes(json.loads(path.read_bytes())) <= 60
