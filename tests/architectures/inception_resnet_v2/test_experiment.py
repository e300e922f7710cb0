"""Chapter 9's experiments compare networks that differ in one thing, and its measurements measure what they say."""

from dataclasses import replace
from math import log2

import pytest
import torch

from cnncourse import measure
from cnncourse.architectures.inception_resnet_v2 import experiment, signals, variants
from cnncourse.architectures.inception_resnet_v2.experiment import (
    SCALING,
    PlainInceptionBlock,
    SmallNetwork,
    error_name,
)
from cnncourse.architectures.inception_resnet_v2.model import ResidualInceptionBlock
from cnncourse.training import seeded


def built(block, scale=1.0):
    with seeded(0):
        return SmallNetwork(block, scale=scale)


FEW = replace(experiment.SCALING_RECIPE, steps=3)
FEW_SPEED = replace(experiment.SPEED_RECIPE, steps=12)


@pytest.fixture
def two_rates(monkeypatch):
    monkeypatch.setattr(experiment, "RATES", (0.1, 1.0))
    monkeypatch.setattr(experiment, "SCALES", (1.0, 0.5, 0.2))


def test_plain_and_residual_networks_have_the_same_first_weights():
    plain, residual = (list(built(block).parameters()) for block in (PlainInceptionBlock, ResidualInceptionBlock))
    assert len(plain) == len(residual)
    assert all(torch.equal(one, other) for one, other in zip(plain, residual, strict=True))


def test_plain_block_is_the_residual_one_without_the_addition():
    plain, residual = built(PlainInceptionBlock).blocks[0], built(ResidualInceptionBlock).blocks[0]
    maps = torch.rand(4, experiment.CHANNELS, 4, 4)
    added = residual.up(residual.branches(maps))
    torch.testing.assert_close(plain(maps), added.relu())
    torch.testing.assert_close(residual(maps), (maps + added).relu())


@pytest.mark.slow
def test_a_run_is_the_same_again_and_leaves_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    assert experiment.errors(0.2, 3, recipe=FEW) == experiment.errors(0.2, 3, recipe=FEW)
    assert experiment.steps_to_loss(experiment.RESIDUAL, 3, recipe=FEW_SPEED)["steps"] == 12
    assert torch.equal(torch.random.get_rng_state(), before)


def test_steps_end_when_the_mean_of_the_last_losses_is_reached(monkeypatch):
    monkeypatch.setattr(experiment, "LOSS", 100.0)
    measured = experiment.steps_to_loss(experiment.PLAIN, 0, recipe=FEW_SPEED)
    assert measured == {"steps": experiment.WINDOW, "doublings": pytest.approx(log2(experiment.WINDOW))}


@pytest.mark.slow
def test_grid_has_every_scale_and_rate_and_takes_over_what_is_known(two_rates):
    finding = SCALING.run((0, 1), recipe=FEW, progress=False)
    grid = experiment.whole_grid(finding)
    assert set(grid) == {(scale, rate) for scale in (1.0, 0.5, 0.2) for rate in (0.1, 1.0)}
    for arm, scale in (("scale 1", 1.0), ("scale 0.2", 0.2)):
        assert grid[scale, 1.0] == finding.values(arm, error_name(1.0))
    assert all(len(values) == 2 for values in grid.values())
    assert "scale 0.5" in experiment.plot_grid(grid).alternative_text


def test_maps_that_are_zero_for_all_digits_are_silent(monkeypatch):
    class WithTwoSilentMaps(SmallNetwork):
        def features(self, images):
            maps = 1 + super().features(images)
            return torch.cat([torch.zeros_like(maps[:, :4]), maps[:, 4:]], dim=1)

    monkeypatch.setattr(experiment, "SmallNetwork", WithTwoSilentMaps)
    assert experiment.errors(0.2, 0, recipe=FEW)["silent maps at rate 1"] == 100 * 4 / experiment.CHANNELS


@pytest.mark.slow
@pytest.mark.parametrize("scale", signals.SCALES)
def test_stream_grows_as_independent_residuals_make_it_grow(scale):
    assert signals.growth(scale, relu=False) == pytest.approx(signals.expected_growth(scale), rel=0.06)
    assert signals.growth(scale) < signals.growth(scale, relu=False)


def test_stream_is_measured_behind_each_block():
    found = signals.stream(0.5, blocks=3)
    assert (len(found.sizes), len(found.spreads), len(found.steps)) == (4, 4, 3)
    assert found.sizes[0] == pytest.approx(0.5**0.5, rel=0.03)
    assert found.steps[0] == pytest.approx(0.5 / 0.5**0.5, rel=0.15)


@pytest.mark.slow
def test_parts_add_up_to_the_networks():
    table = variants.parts_table()
    for column, total in ((2, 55_843_464), (4, 32_433_928)):
        numbers = [int(row[column].replace(",", "")) for row in table.rows if row[column] != "–"]
        assert numbers[-1] == total == sum(numbers[:-1])
    assert measure.multiply_adds(variants.network("as released"), variants.SHAPE) == 13_155_794_016
