"""Several processes, started by torch's own launcher, do together what one does; one that dies is started again."""

import csv
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import torch

from cnncourse.full_size.interrupts import stop_requests
from cnncourse.full_size.processes import launcher_line, these_processes
from cnncourse.full_size.snapshots import Snapshots
from tests.full_size.pictures import write_pictures

LONGEST = 120  # seconds, for what hangs


def command(root, to, *options):
    return [
        *("-m", "cnncourse.cli", "train", "lenet-5", "--data", str(root), "--to", str(to)),
        *("--batch-size", "8", "--workers", "0", "--device", "cpu", "--note-every", "1", *options),
    ]


def launched(arguments, **options):
    """Start two processes by torch's launcher, as ``launcher_line`` says."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node=2", "--max-restarts=2"]
    return subprocess.Popen(
        [sys.executable, "-m", *launcher, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def told(process):
    try:
        return process.communicate(timeout=LONGEST)[0]
    finally:
        process.kill()


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def workers(launcher):
    """The processes that train, by their rank."""
    children = psutil.Process(launcher.pid).children()
    return {child.environ()["RANK"]: child for child in children if "cnncourse.cli" in child.cmdline()}


def wait_for(condition):
    until = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


@pytest.mark.slow
def test_two_processes_give_what_one_gives_to_rounding(tmp_path):
    root = write_pictures(tmp_path / "pictures")
    options = ("--epochs", "2")
    subprocess.run([sys.executable, *command(root, tmp_path / "one", *options)], check=True, capture_output=True)
    process = launched(command(root, tmp_path / "two", *options))
    said = told(process)
    assert process.returncode == 0, said
    for name in ("steps.csv", "epochs.csv"):
        one, two = (rows(tmp_path / run / name) for run in ("one", "two"))
        column = "loss" if name == "steps.csv" else "top1"
        assert [float(row[column]) for row in two] == pytest.approx([float(row[column]) for row in one], rel=1e-4)
    weights = [
        torch.load(tmp_path / run / "snapshots/step-000000012.pt", weights_only=True)["network"]
        for run in ("one", "two")
    ]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_a_killed_process_costs_one_interval_at_most(tmp_path):
    root = write_pictures(tmp_path / "pictures")
    to = tmp_path / "run"
    process = launched(command(root, to, "--epochs", "25", "--snapshot-every", "4", "--keep", "100"))
    try:
        wait_for(lambda: (to / "snapshots").is_dir() and len(Snapshots(to / "snapshots", 1).paths()) > 2)
        workers(process)["1"].kill()
        last = int(Snapshots(to / "snapshots", 1).paths()[-1].stem.removeprefix("step-"))
    finally:
        said = told(process)
    assert process.returncode == 0, said
    begun = [int(line.split()[4].replace(",", "")) for line in said.splitlines() if "going on from step" in line]
    assert len(begun) == 1, said
    assert begun[0] >= last
    assert [int(row["step"]) for row in rows(to / "steps.csv")] == list(range(1, 151))
    assert len(rows(to / "epochs.csv")) == 25


@pytest.mark.slow
def test_the_launcher_that_is_told_to_end_leaves_a_snapshot(tmp_path):
    root = write_pictures(tmp_path / "pictures")
    to = tmp_path / "run"
    process = launched(command(root, to, "--epochs", "2000", "--snapshot-every", "100000"))
    try:
        wait_for(lambda: (to / "epochs.csv").exists())
        process.send_signal(signal.SIGTERM)
    finally:
        said = told(process)
    assert process.returncode != 0
    assert "the same command goes on from there" in said
    noted = int(rows(to / "steps.csv")[-1]["step"])
    assert int(Snapshots(to / "snapshots", 1).paths()[-1].stem.removeprefix("step-")) == noted


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no graphics card here")
@pytest.mark.slow
def test_on_a_graphics_card_it_is_the_same_command(tmp_path):
    root = write_pictures(tmp_path / "pictures")
    arguments = command(root, tmp_path / "run", "--epochs", "2", "--precision", "bf16")
    arguments[arguments.index("cpu")] = "cuda"
    subprocess.run([sys.executable, *arguments], check=True)
    assert len(rows(tmp_path / "run/epochs.csv")) == 2


def test_one_process_is_alone_unless_the_launcher_says_otherwise():
    with these_processes("cpu") as processes:
        assert (processes.rank, processes.count, processes.device.type) == (0, 1, "cpu")
        assert processes.first
        assert processes.any(said=True)
        assert not processes.any(said=False)
        processes.wait()
    line = launcher_line(["train", "resnet-50", "--data", "here"], 4)
    assert line == (
        "torchrun --standalone --nproc-per-node=4 --max-restarts=3 -m cnncourse.cli train resnet-50 --data here"
    )


def test_who_asks_twice_does_not_want_to_wait():
    before = signal.getsignal(signal.SIGINT)
    with stop_requests() as stop:
        assert not stop
        os.kill(os.getpid(), signal.SIGINT)
        assert stop
        assert stop.exit_status == 130
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
    assert signal.getsignal(signal.SIGINT) == before
