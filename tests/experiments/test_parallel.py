"""Runs on all cores give what they give one after the other, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import nbformat
import psutil
import pytest
import torch
from joblib.externals.loky import cpu_count, get_reusable_executor
from nbclient import NotebookClient

from cnncourse.architectures.alexnet import activations
from cnncourse.architectures.experiments import experiments
from cnncourse.data import digits, small_digits
from cnncourse.experiments import run_arms
from cnncourse.experiments.parallel import _looks_of, run_parallel
from cnncourse.training import seeded, training_steps

PATIENCE = 120  # seconds, for what hangs

pytestmark = [
    pytest.mark.slow,
    # The number of helpers changes from test to test, and never for who uses them.
    pytest.mark.filterwarnings("ignore:Trying to resize an executor"),
]


def run(runs, processes):
    return run_parallel(runs, [""] * len(runs), processes=processes, progress=False)


def weights(channels, seed):
    """What a few training steps make of a network's last weights, in full."""
    generator = torch.Generator().manual_seed(seed)
    with seeded(seed):
        layers = [torch.nn.Conv2d(1, channels, 3), torch.nn.BatchNorm2d(channels), torch.nn.ReLU(), torch.nn.Flatten()]
        network = torch.nn.Sequential(*layers, torch.nn.Dropout(), torch.nn.Linear(36 * channels, 10))
        optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9)
        for _step in training_steps(network, small_digits()[0], digits().train_labels, optimizer, 20, generator):
            pass
    return network[-1].weight.flatten().tolist()


ARMS = {"narrow": partial(weights, 4), "wide": partial(weights, 16)}
SEEDS = range(3)


@pytest.fixture(scope="module")
def one_by_one():
    return {name: [arm(seed) for seed in SEEDS] for name, arm in ARMS.items()}


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_are_equal_to_the_bit_whatever_the_number_of_processes(processes, one_by_one):
    assert run_arms(ARMS, SEEDS, processes=processes, progress=False) == one_by_one


def test_all_cores_are_used_by_default_with_equal_results(monkeypatch, one_by_one):
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT")
    assert run_arms(ARMS, SEEDS, progress=False) == one_by_one


def appears(path):
    """Wait until another process has written a file."""
    started = time.monotonic()
    while not path.exists():
        assert time.monotonic() - started < PATIENCE, f"nobody wrote {path.name}"
        time.sleep(0.01)


def meet(folder, number, work):
    """Do some work once another run has begun as well: this ends well only if both are done at the same time."""
    (folder / str(number)).touch()
    appears(folder / str(1 - number))
    return os.getpid(), work()


def two_meet(folder, work):
    """Do some work here and in a helper; return this process's result, the helper's, and the helper's number."""
    folder.mkdir()
    results = dict(run([partial(meet, folder, number, work) for number in range(2)], processes=2))
    here = results.pop(os.getpid())
    ((helper, there),) = results.items()
    return here, there, helper


def test_runs_are_done_at_the_same_time_each_with_one_thread(tmp_path):
    assert two_meet(tmp_path / "both", torch.get_num_threads)[:2] == (1, 1)


def test_helpers_stay_for_the_next_experiment(tmp_path):
    assert len({two_meet(tmp_path / name, int)[2] for name in ("first", "second", "third")}) == 1


def test_helper_starts_no_helpers_of_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT")
    assert two_meet(tmp_path / "both", cpu_count)[1] == 1


def test_what_cannot_travel_is_done_here():
    lock = threading.Lock()

    def locked(number):
        with lock:
            return number, os.getpid()

    assert run([partial(locked, number) for number in range(4)], processes=2) == [(n, os.getpid()) for n in range(4)]


def test_what_a_helper_dies_of_is_done_here(tmp_path):
    master = os.getpid()

    def die_elsewhere():
        return os.getpid() == master or os._exit(3)

    runs = [partial(meet, tmp_path, number, die_elsewhere) for number in range(2)]
    assert run(runs, processes=2) == [(master, True)] * 2
    assert run([partial(int, number) for number in range(3)], processes=2) == [0, 1, 2]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_that_fails_says_so_itself(processes):
    def fails(number):
        raise FloatingPointError(f"the loss of {number} is no number")

    with pytest.raises(FloatingPointError, match="is no number"):
        run([partial(fails, number) for number in range(3)], processes=processes)


def test_change_to_the_run_s_module_counts_wherever_it_is_done(monkeypatch):
    monkeypatch.setattr(activations, "TARGET", 1000)
    found = run_arms({"ReLU": partial(activations.steps_to_target, "ReLU")}, range(30), processes=2, progress=False)
    assert [each["steps"] for each in found["ReLU"]] == [1] * 30


def helpers_refuse():
    """Name the course's experiments of which a helper would refuse a run."""
    helper = get_reusable_executor(1)
    runs = {name: run for name, each in experiments().items() for _, run in (each.control, each.treatment)}
    assert len(runs) >= 20
    return [name for name, run in runs.items() if helper.submit(_looks_of, run).result() != _looks_of(run)]


def test_helpers_take_every_experiment_of_the_course():
    assert helpers_refuse() == []


def test_helpers_take_them_from_a_kernel(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("""
from tests.experiments.test_parallel import helpers_refuse
print(helpers_refuse())
""")
        ]
    )
    NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3").execute(cwd=str(Path(__file__).parents[2]))
    assert [output.text for output in notebook.cells[0].outputs] == ["[]\n"]


def test_no_run_is_no_work():
    assert run([], processes=2) == []
    assert run_arms({}, range(2), progress=False) == {}


# A session as in a notebook: what is run is defined where it is run, and an interruption reaches all its processes.
SESSION = """
import os, pathlib, sys, time
import cnncourse.experiments.parallel as parallel

folder = pathlib.Path(sys.argv[1])

class Doubled:
    def __init__(self, number):
        self.number = number

    def __call__(self):
        (folder / f"began-{self.number}-{os.getpid()}").touch()
        while not (folder / "go-on").exists():
            time.sleep(0.01)
        return OFFSET + 2 * self.number

OFFSET = 1
try:
    parallel.run_parallel([Doubled(number) for number in range(4)], list("abcd"), processes=3)
except KeyboardInterrupt:
    (folder / "go-on").touch()
print(parallel.run_parallel([Doubled(number) for number in range(4)], list("abcd"), processes=3, progress=False))
"""


@pytest.fixture
def session(tmp_path):
    """A process of its own with two helpers, all three of which have begun a run."""
    process = subprocess.Popen(
        [sys.executable, "-c", SESSION, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started = time.monotonic()
    while len(list(tmp_path.glob("began-*"))) < 3:
        assert process.poll() is None and time.monotonic() - started < PATIENCE
        time.sleep(0.01)
    helpers = psutil.Process(process.pid).children(recursive=True)
    assert len(helpers) >= 2
    yield process, helpers
    for each in (process, *helpers):
        with suppress(psutil.NoSuchProcess):
            each.kill()


def test_what_a_notebook_defines_runs_in_helpers(session, tmp_path):
    process, helpers = session
    (tmp_path / "go-on").touch()
    out, _ = process.communicate(timeout=PATIENCE)
    assert out == "[1, 3, 5, 7]\n"
    assert not psutil.wait_procs(helpers, timeout=PATIENCE)[1]


@pytest.mark.skipif(os.name == "nt", reason="signals to a group of processes")
def test_interrupted_all_helpers_end_without_a_word_and_the_session_goes_on(session):
    process, helpers = session
    os.killpg(process.pid, signal.SIGINT)
    out, said = process.communicate(timeout=PATIENCE)
    assert out == "[1, 3, 5, 7]\n"
    assert "Traceback" not in said and "Error" not in said
    assert not psutil.wait_procs(helpers, timeout=PATIENCE)[1]


@pytest.mark.skipif(os.name == "nt", reason="signals to a group of processes")
def test_helpers_of_a_session_that_was_killed_go(session):
    process, helpers = session
    process.kill()
    process.communicate()
    assert not psutil.wait_procs(helpers, timeout=PATIENCE)[1]
