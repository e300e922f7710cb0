"""Our networks are timed beside those of the libraries that are installed."""

import sys
from types import SimpleNamespace

import pytest
from torch import nn

from cnncourse.architectures import architecture
from cnncourse.cli import main
from cnncourse.history.peers import PEERS, Peer, benchmark_peers


def tiny(*_name, **_options):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))


@pytest.fixture
def installed(monkeypatch):
    """Stand in for the two libraries, which the course does not need."""
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(models=SimpleNamespace(get_model=tiny)))
    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=tiny))
    monkeypatch.setattr("cnncourse.history.peers.find_spec", lambda _name: True)
    monkeypatch.setattr(Peer, "ours", lambda self: architecture(self.slug).small())


@pytest.mark.slow
def test_each_network_has_a_row_and_there_is_a_mean(installed):
    chosen = tuple(peer for peer in PEERS if peer.slug in ("inception-v1", "resnet-50"))
    table = benchmark_peers(1, batch_size=2, progress=False, peers=chosen)
    assert [row[0] for row in table.rows] == ["Inception-v1", "ResNet-50", "geometric mean"]
    assert all(float(row[2].split()[0]) > 0 for row in table.rows)


@pytest.mark.slow
def test_the_command_prints_the_table(installed, monkeypatch, capsys):
    monkeypatch.setattr("cnncourse.history.peers.PEERS", PEERS[3:4])
    assert main(["benchmark", "--peers", "--rounds", "1"]) == 0
    assert "geometric mean" in capsys.readouterr().out


def test_without_the_libraries_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr("cnncourse.history.peers.find_spec", lambda _name: None)
    assert main(["benchmark", "--peers"]) == 2
    assert "pip install torchvision timm" in capsys.readouterr().err


def test_the_courses_side_is_the_network_that_the_library_has():
    for peer in PEERS:
        assert peer.variant is None or peer.variant in architecture(peer.slug).variants
