"""The command line says what it does, and what to do when it cannot."""

import pytest

from cnncourse import cli, doctor


def test_draw_saves_a_picture(tmp_path, capsys):
    assert cli.main(["draw", "lenet-5", str(tmp_path / "picture.svg"), "--variant", "modern"]) == 0
    assert "LeNet-5 (modern)" in capsys.readouterr().out
    assert (tmp_path / "picture.svg").read_text(encoding="utf-8").startswith("<svg")


def test_unknown_network_is_said_in_a_line(tmp_path, capsys):
    assert cli.main(["draw", "lenet-6", str(tmp_path / "picture.svg")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("cnncourse: no architecture 'lenet-6'; the course has lenet-5, ")
    assert said.count("\n") == 1


def test_interruption_is_quiet(monkeypatch, capsys):
    def interrupted(_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_progress", interrupted)
    assert cli.main(["progress"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_lab_opens_chapter_1_and_asks_nothing_of_the_network(monkeypatch):
    commands = []
    monkeypatch.setattr(cli.os, "execv", lambda program, command: commands.append(command))
    monkeypatch.setattr(cli.os, "name", "posix")
    monkeypatch.setenv("NO_BROWSER", "1")
    cli.main(["lab"])
    (command,) = commands
    assert "--LabApp.default_url=/lab/tree/chapters/01-lenet-5.ipynb" in command
    assert "--no-browser" in command
    assert "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate" in command


def test_lab_without_the_chapters_says_what_to_type(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cli, "PROJECT", tmp_path)
    assert cli.main(["lab"]) == 2
    assert "pip install -e ." in capsys.readouterr().err


def test_doctor_finds_nothing_wrong_here(capsys):
    assert cli.main(["doctor"]) == 0
    said = capsys.readouterr().out
    for subject in ("Python", "torch", "kernel", "widgets", "write access", "data", "isolation"):
        assert f" {subject}: " in said
    assert "All is well." in said


@pytest.mark.parametrize(
    ("target", "replacement", "subject", "remedy"),
    [
        ("OLDEST_PYTHON", (99, 0), "Python", "make lab PYTHON="),
        ("os.access", lambda *_: False, "write access", "chmod -R u+w"),
        ("metadata.version", lambda name: 1 / 0, "widgets", "pip install"),
    ],
    ids=["old Python", "read-only folder", "surprise"],
)
def test_doctor_says_what_to_type(monkeypatch, project, target, replacement, subject, remedy):
    monkeypatch.setattr(f"cnncourse.doctor.{target}", replacement)
    problems = [finding for finding in doctor.examine(project) if finding.is_problem]
    assert [finding.subject for finding in problems] == [subject]
    assert remedy in str(problems[0])
