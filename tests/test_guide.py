"""The instructor's guide agrees with the course, and what it gives to copy works."""

import base64
import json
import re
import runpy
import shutil

import pytest
import yaml

from cnncourse.architectures import CATALOGUE
from cnncourse.classroom.term.rules import Term
from cnncourse.cli import main
from tests.classroom.handed_in import EXERCISE, answered, as_file, released


@pytest.fixture(scope="module")
def guide(project):
    return (project / "docs/instructors-guide.md").read_text(encoding="utf-8")


def section(guide, record):
    found = re.search(
        rf"^### {record.number}\. {re.escape(record.title)}\n(.*?)(?=^##)", guide, re.MULTILINE | re.DOTALL
    )
    return " ".join(found[1].split())


@pytest.mark.parametrize("record", [record for record in CATALOGUE if record.has_chapter], ids=lambda each: each.slug)
def test_where_learners_stumble_is_what_the_checks_recognise(record, guide):
    parts = {part.name: part for part in record.exercise().parts}
    text = section(guide, record)
    told = [each.split("`: ", 1) for each in text.split(" - `")[1:]]
    assert {name for name, _ in told} == set(parts)
    for name, said in told:
        assert said in {misconception.said for misconception in parts[name].misconceptions}
    points, minutes = (sum(getattr(part, each) for part in parts.values()) for each in ("points", "minutes"))
    assert f"{points} points and takes about {minutes} minutes" in text


def test_guides_links_lead_somewhere(project, guide):
    for target in re.findall(r"\]\(([^)]+)\)", guide):
        assert target.startswith("https://") or (project / "docs" / target.partition("#")[0]).exists(), target


def test_the_rules_that_it_shows_are_read(guide, tmp_path):
    (tmp_path / "term.toml").write_text(re.search(r"```toml\n(.*?)```", guide, re.DOTALL)[1], encoding="utf-8")
    term = Term.read(tmp_path / "term.toml")
    assert term.exercise(EXERCISE).maximum == 100
    assert term.learner("jdoe").excused == {"03-vgg-16"}


def test_the_commands_that_it_names_exist(guide, capsys):
    for command in sorted(set(re.findall(r"`?cnncourse ([a-z-]+)", guide)) - {"is"}):
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0, command
    capsys.readouterr()


# GitHub Classroom -----------------------------------------------------------------------------------------------------


@pytest.fixture
def action(project):
    return runpy.run_path(str(project / "docs/github-classroom/grade.py"))


def graded(action, notebook, folder, monkeypatch):
    """Grade a repository with a notebook somewhere in it, as GitHub would."""
    place = folder / "repository/exercises" / EXERCISE
    place.mkdir(parents=True)
    (place / "partial-connection.ipynb").write_bytes(as_file(notebook))
    for variable in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(variable, str(folder / variable))
    action["main"]("1", str(folder / "repository"))
    output = dict(line.split("=", 1) for line in (folder / "GITHUB_OUTPUT").read_text().splitlines())
    return output, json.loads(base64.b64decode(output["result"])), (folder / "GITHUB_STEP_SUMMARY").read_text()


@pytest.mark.slow
def test_action_reports_each_check_to_the_classroom(action, project, tmp_path, monkeypatch):
    output, result, summary = graded(action, answered(project), tmp_path, monkeypatch)
    assert (output["points"], output["possible"]) == ("20", "20")
    assert (result["version"], result["status"], result["max_score"]) == (1, "pass", 20)
    assert sum(test["score"] for test in result["tests"]) == 20
    assert "20 of 20 points" in summary


@pytest.mark.slow
def test_action_writes_no_markdown_of_a_learners(action, project, tmp_path, monkeypatch):
    c3 = "raise ValueError('| <img src=x> [a](b)')"
    _, result, summary = graded(action, answered(project, C3=c3), tmp_path, monkeypatch)
    assert result["status"] == "fail"
    assert "&#60;img src=x>".replace(">", "&#62;") in summary
    assert "<img" not in summary
    assert "[a](b)" not in summary


def test_action_says_what_is_missing(action, tmp_path):
    with pytest.raises(LookupError, match=r"no partial-connection\.ipynb"):
        action["find"](tmp_path, ("partial-connection.ipynb",))


def test_action_takes_the_notebook_nearest_to_the_top(action, project, tmp_path):
    for folder in ("a/b", "a", ".ipynb_checkpoints"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "x.ipynb").write_bytes(as_file(released(project)))
    assert action["find"](tmp_path, ("x.ipynb",)) == tmp_path / "a/x.ipynb"
    shutil.rmtree(tmp_path / "a")
    with pytest.raises(LookupError):
        action["find"](tmp_path, ("x.ipynb",))


def test_workflow_runs_the_script_and_hands_its_result_over(project):
    workflow = yaml.safe_load((project / "docs/github-classroom/classroom.yml").read_text(encoding="utf-8"))
    steps = {step.get("id") or step.get("name"): step for step in workflow["jobs"]["run-autograding-tests"]["steps"]}
    assert "grade.py 01-lenet-5" in steps["grade"]["run"]
    reporter = steps["Report to GitHub Classroom"]
    assert reporter["with"]["runners"] == "grade"
    assert reporter["env"] == {"GRADE_RESULTS": "${{ steps.grade.outputs.result }}"}
