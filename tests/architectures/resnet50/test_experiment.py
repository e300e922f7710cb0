"""Chapter 6's experiment compares networks that differ in depth only, and its measurements measure what they say."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from cnncourse import measure
from cnncourse.architectures.resnet50 import experiment, family, signals
from cnncourse.architectures.resnet50.experiment import BLOCKS, small_network
from cnncourse.training import seeded


def built(blocks, shortcuts):
    with seeded(0):
        return small_network(blocks, shortcuts)


FEW = replace(experiment.RECIPE, steps=3)


@pytest.fixture
def marks(monkeypatch):
    monkeypatch.setattr(experiment, "MARKS", (1, 2))


@pytest.mark.parametrize("depth", list(BLOCKS))
def test_plain_and_residual_networks_have_the_same_first_weights(depth):
    plain, residual = (built(BLOCKS[depth], shortcuts) for shortcuts in ("none", "A"))
    weights = [list(network.parameters()) for network in (plain, residual)]
    assert len(weights[0]) == len(weights[1])
    assert all(torch.equal(one, other) for one, other in zip(*weights, strict=True))


@pytest.mark.parametrize("depth", list(BLOCKS))
def test_depths_are_what_the_arms_are_called(depth):
    network = built(BLOCKS[depth], "A")
    assert f"{measure.depth(network, (1, 8, 8)).weight_layers} layers" == depth


def test_a_run_is_the_same_again_and_leaves_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    assert experiment.run(1, 3, recipe=FEW) == experiment.run(1, 3, recipe=FEW)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_shortcuts_are_what_makes_the_kinds_differ(marks):
    measured = experiment.run(2, 0, recipe=FEW)
    assert measured["plain loss"] != measured["residual loss"]
    assert measured["plain error"] == measured["plain error at step 3"]


def test_gradients_are_those_of_autograd_in_order():
    found = signals.sizes(2, "A", seed=5)
    with seeded(5):
        network = small_network(2, "A").double().train()
    images, labels = signals._images()
    nn.functional.cross_entropy(network(images), labels).backward()
    convolutions = [layer.weight.grad.norm().item() for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert found.gradient == pytest.approx(convolutions, rel=1e-9)
    assert len(found.signal) == 1 + 4
    assert found.growth == pytest.approx(convolutions[0] / convolutions[-1])


@pytest.mark.parametrize("seed", [0, 1])
def test_gradient_grows_towards_the_input_in_deep_plain_networks_with_batch_normalisation(seed):
    plain, residual = (signals.sizes(signals.DEPTH, each, seed=seed).growth for each in ("none", "A"))
    assert plain > 200
    assert residual < plain / 10


def test_without_normalisation_nothing_normalises():
    network = built(2, "A")
    signals.without_normalisation(network)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
    assert network(torch.randn(2, 1, 8, 8)).shape == (2, 10)


def test_batch_normalisation_makes_the_size_of_first_weights_unimportant_to_the_signal():
    usual, double = (signals.sizes(3, "none", scale=scale).signal for scale in (1.0, 2.0))
    assert usual == pytest.approx(double, rel=1e-3)
    usual, double = (signals.sizes(3, "none", normalise=False, scale=scale).signal for scale in (1.0, 2.0))
    assert double[-1] == pytest.approx(usual[-1] * 2 ** (1 + 2 * 6), rel=1e-6)


def test_a_block_that_is_the_identity_is_not_missed(monkeypatch):
    def with_an_idle_block(blocks, shortcuts):
        network = small_network(blocks, shortcuts)
        nn.init.zeros_(network.stages[0][1].bn2.weight)
        return network

    monkeypatch.setattr(signals, "small_network", with_an_idle_block)
    moved = signals.moved_without_each_block(2, "A")
    assert len(moved) == 3  # the first block of the second stage changes the shape, and stays
    assert moved[1] == 0 < min(moved[0], moved[2])


@pytest.mark.slow
def test_family_has_the_reference_s_numbers():
    table = family.family_table()
    assert [row[4] for row in table.rows] == [f"{number:,}" for number in family.REFERENCE.values()]
    assert [row[3] for row in table.rows] == [str(depth) for depth in family.REFERENCE]
    assert all(float(row[5]) == pytest.approx(float(row[6]), rel=0.02) for row in table.rows)


def test_network_without_a_name_does_not_give_it_away():
    drawing = family.one_of_them()
    assert "resnet" not in drawing.svg.lower()
    assert "25,557,032" in drawing.alternative_text
