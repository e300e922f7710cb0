"""The command line says what it does, and what to do when it cannot."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from cnncourse import cli, doctor
from cnncourse.experiments import Criterion, Experiment, GridFile, Recipe


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
    def interrupted(_chapter):
        raise KeyboardInterrupt

    monkeypatch.setattr("cnncourse.course.progress", interrupted)
    assert cli.main(["progress"]) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_whoever_reads_the_beginning_only_hears_nothing_more():
    program = f"{sys.executable} -m cnncourse.cli progress | head -n 1"
    ran = subprocess.run(["bash", "-o", "pipefail", "-c", program], capture_output=True, text=True, check=False)
    assert ran.stdout.count("\n") == 1
    assert ran.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_a_terminal_in_an_old_code_page_is_no_reason_to_fail(encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for command in (["progress"], ["--help"], ["grade", "no such “folder” ×", "--assignment", "1"]):
        ran = subprocess.run(
            [sys.executable, "-m", "cnncourse.cli", *command], env=environment, capture_output=True, check=False
        )
        assert ran.returncode == (2 if "grade" in command else 0)
        assert b"charmap" not in ran.stderr
        assert b"Traceback" not in ran.stderr


def test_help_lists_every_command_and_the_instructors_apart(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    learners, instructors = capsys.readouterr().out.split("for instructors")
    for command in ("lab", "start", "update", "reset", "progress", "draw"):
        assert f"\n  {command} " in learners
    for command in ("release", "grade", "leaderboard", "execute"):
        assert f"\n  {command} " in instructors


@pytest.mark.parametrize("command", cli.command_line().parsers)
def test_usage_of_a_command_is_what_is_typed(command, capsys):
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: cnncourse {command} [-h]")


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


def test_experiments_fills_the_grids_of_a_chapter_and_says_what_came_out(monkeypatch, tmp_path, capsys):
    arms = ("control", lambda seed, *, recipe: {"error": 3.0}), ("treatment", lambda seed, *, recipe: {"error": 0.0})
    grid = GridFile(tmp_path / "robustness.json", "toy")
    recipe = Recipe(rate=1.0, steps=1, batch=1, seeds=(0, 1))
    trained = Experiment("", "", *arms, (Criterion("error", "less", above=0),), recipe=recipe, grid=grid)
    asked = []
    monkeypatch.setattr(
        "cnncourse.architectures.experiments.experiments",
        lambda chapter: asked.append(chapter) or {"trained": trained, "untrained": replace(trained, grid=None)},
    )
    assert cli.main(["experiments", "6"]) == 0
    assert asked == ["resnet50"]
    assert capsys.readouterr().out == "trained: holds in 12 of 12 settings\n"
    assert trained.robustness.complete
