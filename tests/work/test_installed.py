"""An installed course, without a clone, hands out what a clone does."""

import shutil
import subprocess
import sys
import tomllib

import pytest


def test_every_folder_with_notebooks_is_installed(project):
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "data-files"
    ]
    folders = {path.parent.relative_to(project).as_posix() for path in project.glob("exercises/*/*.ipynb")} | {
        "chapters"
    }
    settings = {"etc/jupyter/jupyter_server_config.d": ["cnncourse/lab_settings/cnncourse.json"]}
    assert declared == {f"share/cnncourse/{folder}": [f"{folder}/*.ipynb"] for folder in folders} | settings


@pytest.mark.slow
def test_a_folder_is_started_from_the_wheel_alone(project, tmp_path):
    def run(*command, **options):
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, **options)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    copy = tmp_path / "course"  # what a build leaves about is left there
    for folder in ("cnncourse", "chapters", "exercises"):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(project / folder, copy / folder, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(project / file, copy)
    pip = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", str(tmp_path), str(copy))
    (wheel,) = tmp_path.glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "environment"))
    scripts = tmp_path / "environment" / ("Scripts" if sys.platform == "win32" else "bin")
    run(*pip, "--python", str(scripts / "python"), "install", "--no-deps", str(wheel))
    said = run(str(scripts / "cnncourse"), "start", "mine")  # of all that the course needs, this needs nothing yet
    assert "cnncourse lab" in said
    theirs = {path.relative_to(tmp_path / "mine") for path in (tmp_path / "mine").rglob("*.ipynb")}
    assert theirs == {
        path.relative_to(project)
        for part in ("chapters", "exercises")
        for path in (project / part).rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }
