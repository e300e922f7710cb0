"""A class is graded completely and once, whatever is interrupted, killed or damaged on the way."""

import os
import signal
import subprocess
import sys
import time
from itertools import islice
from multiprocessing import get_context

import psutil
import pytest
import torch

from cnncourse import cli
from cnncourse.architectures.lenet5.model import TrainableSubsampling
from cnncourse.checking.judging import UnsoundReferenceError
from cnncourse.classroom.grading import batch, cluster
from cnncourse.classroom.grading.batch import (
    ResultFiles,
    Task,
    attempts,
    grade_here,
    isolation_here,
    read_secret,
    unjudged,
)
from cnncourse.classroom.grading.cluster import grade_on_cluster
from cnncourse.classroom.grading.grade import Setup
from cnncourse.classroom.grading.processes import in_processes
from cnncourse.classroom.grading.results import Result
from cnncourse.classroom.isolation.sandbox import Isolation, SandboxError
from tests.classroom.clusters import cluster_of
from tests.classroom.handed_in import EXERCISE, answered, as_file, released, short_assignment
from tests.classroom.hostile import OURS


def end_with_some(task):
    """End the process that judges some submissions."""
    if task.notebook == b"ends it":
        os._exit(1)
    return "judged"


def what_was_set(task):
    """Return what a judging process finds in its environment."""
    return os.environ.get("CNNCOURSE_SET_LATER", f"nothing for {task.student}")


@pytest.fixture(scope="module")
def setup(project):
    return Setup.of(short_assignment(EXERCISE, project), b"secret")


@pytest.fixture(scope="module")
def notebooks(project):
    return {"right": as_file(answered(project, C3=OURS)), "untouched": as_file(released(project))}


def the_class(notebooks, count):
    """Return tasks, right and untouched in turn."""
    names = sorted(notebooks)
    return [Task(f"student-{number:02}", notebooks[names[number % 2]]) for number in range(count)]


def points(results):
    return {student: Result.from_json(result).points for student, result in results}


def expected(setup, count):
    full = sum(part.points for part in setup.assignment.exercise.parts)
    return {f"student-{number:02}": 0 if number % 2 else full for number in range(count)}


def start(folder, out, jobs):
    command = [sys.executable, "-m", "cnncourse.cli", "grade", str(folder), "--assignment", EXERCISE, "--to", str(out)]
    return subprocess.Popen([*command, "--jobs", str(jobs)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_results(out, count):
    end = time.monotonic() + 600
    while len(list((out / "results").glob("*.json"))) < count:
        assert time.monotonic() < end
        time.sleep(0.05)


def judging():
    """Return the judging processes of this one: copies of one of its children."""
    servers = (each for each in psutil.Process().children() if "multiprocessing.forkserver" in " ".join(each.cmdline()))
    return [each for server in servers for each in server.children()]


def hand_in(folder, tasks):
    folder.mkdir()
    for task in tasks:
        (folder / f"{task.student}.ipynb").write_bytes(task.notebook)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_interrupted_run_goes_on_where_it_stopped(how, tmp_path, setup, notebooks):
    hand_in(tmp_path / "class", the_class(notebooks, 8))
    first = start(tmp_path / "class", tmp_path / "out", jobs=2)
    wait_for_results(tmp_path / "out", 3)
    children = psutil.Process(first.pid).children(recursive=True)
    first.send_signal(how)
    said = first.communicate(timeout=600)[1]
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(children, timeout=120)
    assert not alive, "processes are left"
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/results").glob("*.json")}

    second = start(tmp_path / "class", tmp_path / "out", jobs=1)
    said, errors = second.communicate(timeout=600)
    assert second.returncode == 0, errors
    assert f"8 submissions ({8 - len(before)} judged now)" in said
    assert {path: path.stat().st_mtime_ns for path in before} == before, "nothing is judged twice"
    files = ResultFiles(tmp_path / "out/results", setup, require_sandbox=False)
    assert {f"student-{n:02}": files.read(f"student-{n:02}").points for n in range(8)} == expected(setup, 8)
    assert len((tmp_path / "out/grades.csv").read_text().splitlines()) == 9


@pytest.mark.slow
def test_judging_process_that_dies_loses_no_submission(setup, notebooks):
    graded = {}
    # Two are judged before, up to four when it dies, and some are left.
    results = grade_here(setup, the_class(notebooks, 8), 2, require_sandbox=False)
    for number, (student, result) in enumerate(results):
        assert student not in graded, "nothing is graded twice"
        graded[student] = Result.from_json(result).points
        if number == 1:
            judging()[0].kill()
    assert graded == expected(setup, 8)


@pytest.mark.slow
def test_submission_with_which_processes_end_is_given_up_and_costs_nobody_else():
    todo = [Task("ann", b"fine"), Task("bob", b"ends it"), Task("cy", b"fine"), Task("di", b"fine")]
    results = in_processes(end_with_some, todo, 1, lambda task, why: f"{task.student}: {why}")
    assert sorted(results) == [
        ("ann", "judged"),
        ("bob", "bob: the judging process ends whenever this is judged"),
        ("cy", "judged"),
        ("di", "judged"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("value", ["before", "and after"])
def test_judging_processes_have_the_environment_of_whoever_starts_them(value, monkeypatch):
    # The second time there is a process already of which they are copies.
    monkeypatch.setenv("CNNCOURSE_SET_LATER", value)
    results = in_processes(what_was_set, [Task("ann", b"")], 1, lambda _task, why: why)
    assert list(results) == [("ann", value)]


@pytest.mark.slow
@pytest.mark.parametrize("taken", [2, 1], ids=["to the end", "left early"])
def test_other_processes_of_the_same_program_are_left_alone(taken, setup, notebooks):
    other = get_context("forkserver").Process(target=time.sleep, args=(3600,))
    other.start()
    try:
        results = grade_here(setup, the_class(notebooks, 2), 1, require_sandbox=False)
        assert len(list(islice(results, taken))) == taken
        results.close()
        assert other.is_alive()
        assert [each.pid for each in judging()] == [other.pid], "judging processes are left"
    finally:
        other.kill()
        other.join()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 1], ids=["one of two", "its only one"])
def test_cluster_that_loses_a_machine_loses_no_submission(workers, setup, notebooks):
    with cluster_of(workers) as losing:
        graded = {}
        todo = the_class(notebooks, 8)
        for number, (student, result) in enumerate(
            grade_on_cluster(setup, todo, losing.scheduler_address, require_sandbox=False)
        ):
            assert student not in graded, "nothing is graded twice"
            graded[student] = Result.from_json(result).points
            if number == 2:
                next(iter(losing.workers.values())).process.process.kill()
    assert graded == expected(setup, 8)


@pytest.mark.slow
def test_cluster_without_workers_is_said(setup, notebooks, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with cluster_of(0) as empty:
        address = empty.scheduler_address
        with pytest.raises(SandboxError, match=f"{address} has no worker: start some"):
            next(grade_on_cluster(setup, the_class(notebooks, 2), address, require_sandbox=False))


@pytest.mark.slow
def test_cluster_that_ends_is_said(setup, notebooks):
    with cluster_of(1) as ending:
        results = grade_on_cluster(setup, the_class(notebooks, 12), ending.scheduler_address, require_sandbox=False)
        next(results)
        ending.close()
        with pytest.raises(SandboxError, match="is gone; what was judged is kept"):
            list(results)


OTHER = {
    "has no such course": "import sys\nfor name in [*sys.modules, 'cnncourse']:\n"
    "    if name.partition('.')[0] == 'cnncourse': sys.modules[name] = None\n",
    "has another version of the course": "import cnncourse.classroom.grading.assignment as handed_out\n"
    "handed_out.code_digest = lambda module: 'of last year'\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("problem", OTHER)
def test_cluster_with_a_worker_of_another_course_is_refused_by_its_name(problem, setup, notebooks, tmp_path):
    from distributed import Client

    (tmp_path / "other.py").write_text(OTHER[problem])
    with cluster_of(1) as mixed:
        address = mixed.scheduler_address
        command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--no-dashboard"]
        command += ["--nthreads", "1", "--preload", str(tmp_path / "other.py"), "--local-directory", str(tmp_path)]
        worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with Client(address, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=300)
            with pytest.raises(SandboxError, match=f"the worker tcp://[0-9.:]+ {problem}: install the same"):
                next(grade_on_cluster(setup, the_class(notebooks, 2), address, require_sandbox=False))
        finally:
            worker.kill()
            worker.wait()


def test_cluster_without_its_extra_says_what_to_install(setup, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match="cluster"):
        next(grade_on_cluster(setup, [], "tcp://127.0.0.1:1", require_sandbox=False))


@pytest.mark.slow
def test_result_is_out_of_date_once_anything_it_depends_on_changes(tmp_path, setup, project, notebooks):
    task = Task("student", notebooks["untouched"])
    ((_, result),) = grade_here(setup, [task], 1, require_sandbox=False)
    files = ResultFiles(tmp_path, setup, require_sandbox=False)
    files.write("student", result)
    assert files.is_up_to_date(task)
    assert not files.is_up_to_date(Task("student", notebooks["right"]))
    other = Setup.of(setup.assignment, b"another secret")
    assert not ResultFiles(tmp_path, other, require_sandbox=False).is_up_to_date(task)
    changed = Setup(setup.assignment, "the digest of other checks", setup.secret)
    assert not ResultFiles(tmp_path, changed, require_sandbox=False).is_up_to_date(task)


def test_another_file_is_another_attempt_and_what_the_earlier_earned_is_kept(tmp_path, setup):
    files = ResultFiles(tmp_path, setup, require_sandbox=False)
    for notebook in (b"first", b"first", b"second", b"third"):
        task = Task("ann", notebook, files.next_attempt("ann", notebook))
        files.write("ann", unjudged(setup, task, f"{notebook}").to_json())
    assert [result.attempt for result in attempts(tmp_path, "ann")] == [1, 2, 3]
    assert [result.remarks for result in attempts(tmp_path, "ann")] == [("b'first'",), ("b'second'",), ("b'third'",)]
    assert files.next_attempt("ann", b"third") == 3
    assert files.next_attempt("bob", b"third") == 1
    assert attempts(tmp_path, "bob") == []


def test_damaged_result_is_judged_again(tmp_path, setup, notebooks):
    files = ResultFiles(tmp_path, setup, require_sandbox=False)
    (tmp_path / "student.json").write_text('{"student": "stu')
    assert not files.is_up_to_date(Task("student", notebooks["right"]))


def test_secret_is_made_once_and_is_nobody_elses_business(tmp_path):
    made = read_secret(tmp_path / "out/secret.txt")
    assert len(made) >= 32
    assert read_secret(tmp_path / "out/secret.txt") == made
    assert (tmp_path / "out/secret.txt").stat().st_mode & 0o077 == 0


def test_empty_secret_is_refused(tmp_path):
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(ValueError, match="is empty"):
        read_secret(tmp_path / "secret")


@pytest.mark.slow
def test_nobody_gets_a_zero_where_the_courses_own_answer_does_not_run(monkeypatch, setup, notebooks, capsys, tmp_path):
    def broken(_self, _maps):
        raise AttributeError("of another version of torch")

    monkeypatch.setattr(TrainableSubsampling, "forward", broken)
    grader = batch.Grader(Setup.of(setup.assignment, b"of nothing that is known"), require_sandbox=False)
    with pytest.raises(UnsoundReferenceError, match="of another version of torch"):
        grader.grade(the_class(notebooks, 1)[0])
    grader.sandbox.close()
    assert torch.backends.mkldnn.enabled, "whatever else this process does is slow now"

    def grade_class(*_arguments, **_keywords):
        raise UnsoundReferenceError("nothing can be judged")

    monkeypatch.setattr("cnncourse.classroom.grade_class.grade_class", grade_class)
    (tmp_path / "class").mkdir()
    assert cli.main(["grade", str(tmp_path / "class"), "--assignment", EXERCISE]) == 2
    assert "cnncourse: nothing can be judged" in capsys.readouterr().err


def test_sandbox_that_is_required_is_insisted_on(monkeypatch):
    monkeypatch.setattr(batch, "strongest_isolation", lambda: Isolation.LIMITS_ONLY)
    with pytest.raises(SandboxError, match="install bubblewrap"):
        isolation_here(require_sandbox=True)
    assert isolation_here(require_sandbox=False) is Isolation.LIMITS_ONLY


def test_grading_without_a_sandbox_is_said_aloud(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(batch, "strongest_isolation", lambda: Isolation.LIMITS_ONLY)
    (tmp_path / "class").mkdir()
    assert cli.main(["grade", str(tmp_path / "class"), "--assignment", EXERCISE, "--to", str(tmp_path / "out")]) == 2
    assert "WARNING: no sandbox" in capsys.readouterr().err


@pytest.mark.slow
def test_file_that_cannot_be_read_costs_its_owner_only(tmp_path, project, capsys):
    (tmp_path / "class").mkdir()
    (tmp_path / "class/large.ipynb").touch()
    os.truncate(tmp_path / "class/large.ipynb", 150 * 2**20)
    (tmp_path / "class/untouched.ipynb").write_bytes(as_file(released(project)))
    assert cli.main(["grade", str(tmp_path / "class"), "--assignment", EXERCISE, "--to", str(tmp_path / "out")]) == 0
    rows = (tmp_path / "out/grades.csv").read_text().splitlines()
    assert len(rows) == 3
    assert "larger than" in rows[1] or "more than" in rows[1], rows[1]


def test_unknown_assignment_is_said_in_a_line(tmp_path, capsys):
    assert cli.main(["grade", str(tmp_path), "--assignment", "11-nothing"]) == 2
    assert capsys.readouterr().err.count("\n") <= 2
