"""Addresses follow from the repository's name, and the project's files agree with it."""

import json
import os
import subprocess
import tomllib

import pytest
import yaml

from cnncourse.site.repository import Repository


def test_addresses_follow_from_the_name():
    ours = Repository.read("Ada/course")
    assert ours.site == "https://ada.github.io/course/"
    assert ours.edit("chapters/a.ipynb") == "https://github.com/Ada/course/edit/main/chapters/a.ipynb"
    assert "Ada/course/blob/notebooks/chapters/a.ipynb" in ours.colab("chapters/a.ipynb")
    assert "lab%2Ftree%2Fmy-work%2Fchapters%2Fa.ipynb" in ours.binder("chapters/a.ipynb")


@pytest.mark.parametrize("words", ["", "course", "ada/", "/course", "https://github.com/ada/course"])
def test_what_is_no_name_is_refused(words):
    with pytest.raises(ValueError, match="OWNER/NAME"):
        Repository.read(words)


def test_readme_names_the_repository_that_the_project_names(project):
    readme, ours = (project / "README.md").read_text(encoding="utf-8"), Repository.of_course(project)
    assert ours.install in readme
    assert f"({ours.binder('START.md')})" in readme


def test_workflows_call_what_is_there(project):
    makefile = (project / "Makefile").read_text(encoding="utf-8")
    extras = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for name in ("site", "test"):
        workflow = yaml.safe_load((project / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                words = step.get("run", "").split()
                if words[:1] == ["make"]:
                    assert f"\n{words[1]}:" in makefile
                if "-e" in words:
                    assert set(words[-1].strip('".[]').split(",")) <= set(extras)


def test_container_sets_itself_up_by_a_target_that_is_there(project):
    container = json.loads((project / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == "make doctor"


def test_binder_makes_a_learners_folder_and_opens_it_with_the_courses_settings(project, tmp_path):
    assert os.access(project / "postBuild", os.X_OK)
    programs, environment = tmp_path / "programs", tmp_path / "environment"
    programs.mkdir()
    for name, says in (("cnncourse", '"$@"'), ("python", f"'{environment}'")):
        (programs / name).write_text(f"#!/bin/sh\necho {says}\n")
        (programs / name).chmod(0o755)
    path = os.pathsep.join((str(programs), os.environ["PATH"]))
    command = ["bash", str(project / "postBuild")]
    ran = subprocess.run(
        command, cwd=project, env=os.environ | {"PATH": path}, stdout=subprocess.PIPE, text=True, check=True
    )
    assert ran.stdout == "start my-work\n"
    settings = project / "cnncourse/lab_settings"
    for place in ("share/jupyter/lab/settings/overrides.json", "etc/jupyter/jupyter_server_config.d/cnncourse.json"):
        copied = environment / place
        assert copied.read_bytes() == (settings / copied.name).read_bytes()
