"""A training can be stopped, killed and gone on with, and loses nothing."""

import csv
import errno
import os
import signal
from dataclasses import replace
from itertools import count

import pytest
import torch

from cnncourse.cli import main
from cnncourse.full_size.evaluation import evaluate
from cnncourse.full_size.settings import Running, settings_for
from cnncourse.full_size.snapshots import Snapshots, expect_room, write_whole
from cnncourse.full_size.step import Computing, Learner
from cnncourse.full_size.train import train
from cnncourse.weights.trained import trained_network
from tests.full_size.pictures import CLASSES, write_pictures

SETTINGS = settings_for("resnet-50", small=True, epochs=3, batch_size=8, rate=0.05)
RUNNING = Running(workers=0, snapshot_every=4, note_every=1, device="cpu")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures") / "all")


@pytest.fixture(scope="module")
def uninterrupted(root, tmp_path_factory):
    to = tmp_path_factory.mktemp("runs") / "uninterrupted"
    return to, train(SETTINGS, root, to, RUNNING)


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def losses(to):
    return [(row["step"], row["loss"]) for row in rows(to / "steps.csv")]


@pytest.mark.slow
def test_it_learns_and_writes_everything_down(uninterrupted, root):
    to, outcome = uninterrupted
    assert (outcome.exit_status, outcome.step, outcome.left_out) == (0, 18, 0)
    epochs = rows(to / "epochs.csv")
    assert [row["epoch"] for row in epochs] == ["1", "2", "3"]
    assert float(epochs[-1]["training_loss"]) < float(epochs[0]["training_loss"])
    assert float(epochs[-1]["top1"]) == outcome.accuracy.top1
    mean = sum(float(loss) for _, loss in losses(to)[:6]) / 6
    assert float(epochs[0]["training_loss"]) == pytest.approx(mean)
    assert [path.name for path in Snapshots(to / "snapshots", 3).paths()] == [
        f"step-{step:09d}.pt" for step in (12, 16, 18)
    ]


def test_the_best_network_is_kept_and_can_be_judged_again(uninterrupted, root):
    to, _ = uninterrupted
    network = trained_network(weights=to / "network.pt")
    assert network.class_names == CLASSES
    accuracy = evaluate(network, root / "val", batch_size=5, workers=0, device="cpu")
    assert accuracy.top1 == max(float(row["top1"]) for row in rows(to / "epochs.csv"))
    assert accuracy.top5 == 1
    assert accuracy.pictures == 12
    assert "centre crop, 12 pictures" in str(accuracy)
    assert evaluate(network, root / "val", crops=10, workers=0, device="cpu").crops == 10


@pytest.mark.slow
@pytest.mark.parametrize(
    "interruption",
    [pytest.param(signal.SIGINT, id="Ctrl-C"), pytest.param(signal.SIGTERM, id="SIGTERM", marks=pytest.mark.slow)],
)
def test_stopped_and_gone_on_with_the_losses_are_the_same_to_the_bit(
    uninterrupted, root, tmp_path, monkeypatch, interruption
):
    steps = count(1)
    learn = Learner.step

    def step(self, *arguments):
        if next(steps) == 9:
            os.kill(os.getpid(), interruption)
        return learn(self, *arguments)

    monkeypatch.setattr(Learner, "step", step)
    stopped = train(SETTINGS, root, tmp_path / "run", RUNNING)
    assert (stopped.exit_status, stopped.step, stopped.accuracy) == (128 + interruption, 9, None)
    finished = train(SETTINGS, root, tmp_path / "run", RUNNING)
    to, outcome = uninterrupted
    assert losses(tmp_path / "run") == losses(to)
    assert finished.accuracy == outcome.accuracy
    mine, theirs = (
        torch.load(folder / "snapshots/step-000000018.pt", weights_only=True)["network"]
        for folder in (tmp_path / "run", to)
    )
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in mine.items())


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["modern", "inception-v3"])
def test_averages_mixing_and_dropout_are_gone_on_with_too(root, tmp_path, monkeypatch, recipe):
    settings = settings_for("network-in-network", recipe=recipe, small=True, epochs=2, batch_size=8)
    train(settings, root, tmp_path / "whole", RUNNING)
    steps = count(1)
    learn = Learner.step

    def killed(self, *arguments):
        if next(steps) == 11:
            raise RuntimeError("killed")  # three steps after the last snapshot
        return learn(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", killed)
        with pytest.raises(RuntimeError, match="killed"):
            train(settings, root, tmp_path / "broken", RUNNING)
    assert len(losses(tmp_path / "broken")) == 10
    train(settings, root, tmp_path / "broken", RUNNING)
    assert losses(tmp_path / "broken") == losses(tmp_path / "whole")
    epochs = [rows(tmp_path / name / "epochs.csv") for name in ("whole", "broken")]
    assert [row["top1"] for row in epochs[0]] == [row["top1"] for row in epochs[1]]
    assert epochs[0][-1]["training_loss"] == pytest.approx(epochs[1][-1]["training_loss"])


@pytest.mark.slow
def test_loading_processes_change_nothing(uninterrupted, root, tmp_path):
    settings = replace(SETTINGS, recipe=replace(SETTINGS.recipe, epochs=1))
    train(settings, root, tmp_path / "none", RUNNING)
    train(settings, root, tmp_path / "two", replace(RUNNING, workers=1))
    assert losses(tmp_path / "none") == losses(tmp_path / "two")


def test_parts_of_a_batch_give_nearly_the_same(root, tmp_path):
    settings = settings_for("lenet-5", epochs=1, batch_size=8)
    for parts in (1, 4):
        train(settings, root, tmp_path / str(parts), replace(RUNNING, computing=Computing(parts=parts)))
    whole, divided = ([float(loss) for _, loss in losses(tmp_path / name)] for name in ("1", "4"))
    assert divided == pytest.approx(whole, rel=1e-4)


def test_broken_pictures_are_named_counted_and_left_out(tmp_path, capsys):
    root = write_pictures(tmp_path / "pictures")
    broken = [root / "train/dots/003.png", root / "val/across/001.png"]
    for path in broken:
        path.write_bytes(path.read_bytes()[:200])
    settings = replace(SETTINGS, recipe=replace(SETTINGS.recipe, epochs=1))
    outcome = train(settings, root, tmp_path / "run", RUNNING)
    assert outcome.left_out == 2
    assert outcome.accuracy.pictures == 11
    assert outcome.accuracy.left_out == (str(broken[1]),)
    assert set((tmp_path / "run/left-out.txt").read_text().splitlines()) == set(map(str, broken))
    assert capsys.readouterr().out.count("cannot be read, and is left out") == 2


def test_a_folder_of_another_run_is_refused(uninterrupted, root):
    to, _ = uninterrupted
    other = replace(SETTINGS, seed=1)
    with pytest.raises(ValueError, match="is the folder of another run, with another seed"):
        train(other, root, to, RUNNING)


def test_batches_that_cannot_be_filled_or_divided_are_refused(root, tmp_path):
    with pytest.raises(ValueError, match="48 pictures, and a batch 256: give a smaller --batch-size"):
        train(settings_for("resnet-50", small=True), root, tmp_path, RUNNING)
    with pytest.raises(ValueError, match="a batch of 8 cannot be divided among 1 processes, 3 parts each"):
        train(SETTINGS, root, tmp_path, replace(RUNNING, computing=Computing(parts=3)))


def test_a_loss_that_runs_away_stops_the_run_with_advice(root, tmp_path):
    wild = replace(SETTINGS, recipe=replace(SETTINGS.recipe, rate=1e20))
    with pytest.raises(FloatingPointError, match=r"try a learning rate below 1e\+20"):
        train(wild, root, tmp_path / "run", RUNNING)


# On disk --------------------------------------------------------------------------------------------------------------


def test_a_full_disk_loses_nothing_that_was_there(tmp_path, monkeypatch):
    snapshots = Snapshots(tmp_path, keep=2)
    snapshots.save(1, {"step": 1})

    def full(_state, path):
        path.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(OSError, match=r"MB are free there. Nothing that was there before is lost: make room"):
            snapshots.save(2, {"step": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000001.pt"]
    assert snapshots.newest()[1] == {"step": 1}


def test_a_disk_that_is_too_small_is_refused_before_it_begins(tmp_path):
    expect_room(tmp_path, 1)
    with pytest.raises(OSError, match=r"the snapshots need .* MB in .*\(--keep\)"):
        expect_room(tmp_path, 10**18)


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file.pt"
    write_whole(path, lambda unfinished: unfinished.write_text("first"))
    with pytest.raises(ZeroDivisionError):
        write_whole(path, lambda unfinished: (unfinished.write_text("second"), 1 / 0))
    assert path.read_text() == "first"


def test_a_snapshot_that_was_cut_off_gives_way_to_the_one_before(tmp_path, capsys):
    snapshots = Snapshots(tmp_path, keep=3)
    for step in (8, 9, 10):
        snapshots.save(step, {"step": step})
    last = snapshots.paths()[-1]
    last.write_bytes(last.read_bytes()[:100])
    assert snapshots.newest()[1] == {"step": 9}
    assert "step-000000010.pt cannot be read" in capsys.readouterr().out
    for path in snapshots.paths():
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="remove them to begin anew"):
        snapshots.newest()


# In the terminal ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_commands_train_judge_and_show(root, tmp_path, capsys):
    run = str(tmp_path / "run")
    fast = ["--batch-size", "8", "--workers", "0", "--device", "cpu"]
    command = ["train", "vgg-16", "--small", "--data", str(root), "--to", run, "--epochs", "1", *fast]
    assert main(command) == 0
    assert "Simonyan and Zisserman" in capsys.readouterr().out
    assert main(command) == 0  # nothing is left to do
    assert "going on from step 6" in capsys.readouterr().out
    network = f"{run}/network.pt"
    assert main(["evaluate", "--weights", network, "--data", str(root / "val"), "--crops", "10", *fast]) == 0
    assert "ten crops, 12 pictures" in capsys.readouterr().out
    picture = str(root / "val/dots/000.png")
    assert main(["classify", picture, "--weights", network, "--to", str(tmp_path / "drawn")]) == 0
    assert "dots" in capsys.readouterr().out


def test_a_dry_run_writes_nothing_and_says_how_long_it_would_take(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fast = ["--small", "--dry-run", "--batch-size", "8", "--workers", "0", "--device", "cpu"]
    assert main(["train", "lenet-5", *fast]) == 0
    told = capsys.readouterr().out
    assert "20 epochs of 60,000 pictures" in told
    assert "waiting" not in told
    assert main(["train", "lenet-5", "--data", str(root), *fast]) == 0
    assert "of it waiting for pictures" in capsys.readouterr().out
    assert not list(tmp_path.glob("*"))


def test_what_is_wrong_is_said_in_a_line(root, tmp_path, capsys):
    for arguments, said in (
        (["--data", str(tmp_path / "none")], "there is no folder"),
        ([], "--data FOLDER is needed to train"),
        (["--data", str(root), "--recipe", "ancient"], "there is no recipe 'ancient'"),
    ):
        assert main(["train", "resnet-50", *arguments]) == 2
        told = capsys.readouterr().err
        assert said in told
        assert "Traceback" not in told


@pytest.mark.slow
def test_tensorboard_gets_the_same_numbers(root, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    settings = replace(SETTINGS, recipe=replace(SETTINGS.recipe, epochs=1))
    train(settings, root, tmp_path, replace(RUNNING, tensorboard=True))
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("step/loss")] == [1, 2, 3, 4, 5, 6]
    told = [float(loss) for _, loss in losses(tmp_path)]
    assert [event.value for event in events.Scalars("step/loss")] == pytest.approx(told)
    assert len(events.Scalars("epoch/top1")) == 1


def test_judging_by_unknown_classes_is_refused(uninterrupted, tmp_path):
    to, _ = uninterrupted
    (tmp_path / "zigzag").mkdir()
    network = trained_network(weights=to / "network.pt")
    with pytest.raises(ValueError, match="classes that the network does not know: zigzag"):
        evaluate(network, tmp_path, workers=0, device="cpu")
    with pytest.raises(ValueError, match="1 crop or by 10, not by 5"):
        evaluate(network, tmp_path, crops=5)
