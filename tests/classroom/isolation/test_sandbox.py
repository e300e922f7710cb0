"""Learners' code is kept apart as far as the machine allows, and what it leaves is ended, on every rung."""

import dataclasses
import os
import time

import nbformat
import psutil
import pytest

from cnncourse.classroom.grading.grade import Patience, Setup, grade
from cnncourse.classroom.isolation import sandbox as sandbox_module
from cnncourse.classroom.isolation.sandbox import (
    ORDER_SECONDS,
    Isolation,
    Limits,
    Sandbox,
    SandboxError,
    strongest_isolation,
)
from tests.classroom.handed_in import EXERCISE, answered, as_file, short_assignment
from tests.classroom.hostile import BANK

# What the ladder's lower rungs must stand too; the whole bank is for the highest.
EVERYWHERE = (
    "loop in a cell that swallows everything",
    "os._exit in forward",
    "process left behind",
    "6 GB of memory",
    "object that equals everything",
    "patched grader",
    "forged replies in forward",
    "empty file",
)
IN_ANY_SANDBOX = ("calling out over the network", "changing the course's files", "importing the judges", "2 GB of disk")
QUICK = Patience(check=3, answer_cell=3, other_cell=2, other_cells=3, cells=8, part=9)


@pytest.fixture(scope="module")
def setup(project):
    return dataclasses.replace(Setup.of(short_assignment(EXERCISE, project), b"secret"), patience=QUICK)


@pytest.fixture(scope="module", params=[Isolation.OWN_NAMESPACE, Isolation.LIMITS_ONLY], ids=lambda rung: rung.name)
def sandbox(request, setup):
    if request.param.is_sandbox and not strongest_isolation().is_sandbox:
        pytest.fail("these tests need bubblewrap; install it (for example: apt install bubblewrap)")
    with Sandbox(request.param, setup.assignment.modules) as sandbox:
        yield sandbox


@pytest.mark.slow
@pytest.mark.parametrize(
    "submission", [s for s in BANK if s.name in EVERYWHERE + IN_ANY_SANDBOX], ids=lambda submission: submission.name
)
def test_lower_rungs_keep_to_the_points_too(submission, project, setup, sandbox):
    if submission.name in IN_ANY_SANDBOX and not sandbox.isolation.is_sandbox:
        return  # nothing keeps it from these: that is what the loud word is about
    result = grade("odd", as_file(submission.make(project)), setup, sandbox)
    for part, (points, possible) in result.parts.items():
        if part in submission.earns:
            assert points == possible, result
        elif part == "C3" and part not in submission.plain:  # the attacked one; others may be judged with the course's
            assert points <= 1, result
    right = grade("right", as_file(answered(project)), setup, sandbox)
    assert right.points == right.possible, right
    assert right.isolation == sandbox.isolation.value


def commands():
    return [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]


@pytest.mark.slow
def test_closing_leaves_no_process(project, setup, sandbox):
    grade("right", as_file(answered(project)), setup, sandbox)
    sandbox.close()
    assert not [command for command in commands() if "time.sleep(61.25)" in command]
    assert not [command for command in commands() if f"classroom.isolation.forkserver {os.getpid()}" in command]


@pytest.mark.slow
def test_sandbox_starts_anew_after_its_server_was_killed(project, setup):
    with Sandbox(strongest_isolation(), setup.assignment.modules) as sandbox:
        grade("right", as_file(answered(project)), setup, sandbox)
        for process in psutil.Process().children(recursive=True):
            if "forkserver" in " ".join(process.cmdline()):
                process.kill()
        time.sleep(0.2)
        result = grade("right", as_file(answered(project)), setup, sandbox)
    assert result.points == result.possible


@pytest.mark.slow
def test_server_that_an_answer_stops_costs_some_seconds_only(project, setup, sandbox):
    (stop,) = (submission for submission in BANK if submission.name == "stop of the parent")
    started = time.monotonic()
    for notebook in (stop.make(project), answered(project)):
        result = grade("odd", as_file(notebook), setup, sandbox)
        assert result.points == result.possible, result
    assert time.monotonic() - started < ORDER_SECONDS / 2


def test_sandbox_shows_nowhere_where_the_course_is(project, monkeypatch):
    environment, note = project / ".venv", project / ".venv/lib/__editable__.cnncourse.pth"
    monkeypatch.setattr(sandbox_module, "_python_folders", lambda: [environment])
    monkeypatch.setattr(sandbox_module, "_notes_of_installation", lambda: [note])
    command = sandbox_module._bubblewrap(Isolation.OWN_NAMESPACE, Limits())
    binds = {command[n + 2]: command[n + 1] for n, word in enumerate(command) if word.startswith("--ro-bind")}
    assert binds["/course/.venv"] == str(environment)
    assert binds["/course/.venv/lib/__editable__.cnncourse.pth"] == os.devnull
    assert not [place for place in binds if str(project) in place]


@pytest.mark.slow
def test_what_pip_keeps_says_nothing_of_the_course_s_place(project, setup):
    told = """
from pathlib import Path
packages = Path(nn.__file__).parents[2]
notes = [*packages.glob("*cnncourse*/direct_url.json"), *packages.glob("__editable__*cnncourse*")]
def told(path):
    try: return path.read_bytes()
    except OSError: return b""
raise ValueError([path.name for path in notes if told(path)])
"""
    notebook = answered(project)
    notebook.cells.insert(2, nbformat.v4.new_code_cell(told))
    with Sandbox(strongest_isolation(), setup.assignment.modules) as sandbox:
        result = grade("curious", as_file(notebook), setup, sandbox)
    assert "ValueError: []" in "\n".join(result.remarks), result.remarks


def test_sandbox_that_cannot_start_says_why(setup):
    with (
        Sandbox(strongest_isolation(), ["no_such_module"]) as sandbox,
        pytest.raises(SandboxError, match="no_such_module"),
    ):
        sandbox.start_worker()


def test_limits_leave_room_for_torch():
    assert Limits().address_space > 2 * 2**30 > 0.81 * 2**30


def test_only_a_sandbox_is_called_isolated():
    assert [rung.is_sandbox for rung in Isolation] == [True, True, False]
    assert "NOT ISOLATED" in Isolation.LIMITS_ONLY.value
