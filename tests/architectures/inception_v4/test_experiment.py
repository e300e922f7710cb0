"""Chapter 8's experiment differs in the layout alone, and its ledger adds up."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from cnncourse import measure
from cnncourse.architectures import InceptionV3, InceptionV4, ResNet50
from cnncourse.architectures.inception_v3.reductions import LAYOUTS
from cnncourse.architectures.inception_v4 import experiment, ledger
from cnncourse.training import seeded


@pytest.fixture
def few(monkeypatch):
    """Look at few photographs."""
    monkeypatch.setattr(experiment, "PHOTOS", 40)
    monkeypatch.setattr(experiment, "OTHER_PHOTOS", 20)


@pytest.fixture(scope="module")
def networks():
    with torch.device("meta"):
        return InceptionV3(), InceptionV4()


def test_layouts_make_maps_of_one_shape_from_the_same_maps(few):
    fitted, judged = experiment.maps_to_keep(0)
    assert fitted.shape == (40, 8, 17, 17)
    assert judged.shape == (20, 8, 17, 17)
    for layout in LAYOUTS:
        with seeded(0):
            assert experiment.reduction(layout)(judged).shape == (20, 16, 8, 8)


def test_maps_are_above_zero_so_that_the_last_relu_leaves_pooled_ones_alone(few):
    fitted, _ = experiment.maps_to_keep(1)
    with seeded(1):
        module = experiment.reduction(experiment.SIDE_BY_SIDE)
    pooled = nn.functional.max_pool2d(fitted, 3, stride=2)
    assert torch.equal(module(fitted)[:, 8:], pooled)
    assert fitted.min() == 0


def test_windows_are_what_the_reduction_s_kernels_see():
    maps = torch.arange(2 * 17 * 17, dtype=torch.float32).view(1, 2, 17, 17)
    seen = experiment.windows(maps)
    assert torch.equal(seen[0, :9, 3, 5].view(3, 3), maps[0, 0, 6:9, 10:13])
    assert torch.equal(seen[0, 9:, 7, 7].view(3, 3), maps[0, 1, 14:, 14:])


class AllPlaces(nn.Module):
    """Keeps every value: the nine places of each window, as maps of their own."""

    def forward(self, maps):
        return experiment.windows(maps)


def test_nothing_is_lost_where_all_is_kept_and_all_where_nothing_is():
    generator = torch.Generator().manual_seed(0)
    fitted, judged = torch.randn(2, 60, 1, 17, 17, generator=generator)
    assert experiment.share_lost(AllPlaces(), fitted, judged) < 1e-3
    blind = nn.Sequential(nn.MaxPool2d(3, stride=2), nn.Threshold(1e9, 0.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.linalg, "solve", lambda products, other: torch.zeros_like(other))
        assert experiment.share_lost(blind, fitted, judged) == pytest.approx(1, abs=0.01)


def test_a_run_is_the_same_again_and_leaves_the_session_s_random_numbers_alone(few):
    before = torch.random.get_rng_state()
    for recipe in (None, replace(experiment.TRAINED_RECIPE, steps=2)):
        first, second = (experiment.run_keeping(experiment.POOL_FIRST, 3, recipe=recipe) for _ in range(2))
        assert first == second
    few_steps = replace(experiment.CLASSIFIER_RECIPE, steps=2)
    first, second = (experiment.run_classifier(experiment.SIDE_BY_SIDE, 3, recipe=few_steps) for _ in range(2))
    assert first == second
    assert torch.equal(torch.random.get_rng_state(), before)


def test_classifiers_have_nearly_equal_parameters():
    first, beside = (
        measure.parameters(experiment.Classifier(layout)).trainable
        for layout in (experiment.POOL_FIRST, experiment.SIDE_BY_SIDE)
    )
    assert abs(first - beside) / first < 0.01


@pytest.mark.slow
def test_ledgers_add_up_to_the_whole_networks(networks):
    for network in networks:
        stages = ledger.stages(network)
        assert sum(stage.parameters for stage in stages) == measure.parameters(network).trainable
        assert sum(stage.multiply_adds for stage in stages) == measure.multiply_adds(network, ledger.IMAGE)


@pytest.mark.slow
def test_ledger_s_table_gives_the_ratios_of_the_totals(networks):
    table = ledger.compare(*map(ledger.stages, networks))
    assert table.rows[-1][-1] == "1.8, 2.1"
    assert table.rows[3][0] == "Inception-B, ×4 and ×7"


def test_joins_are_told_apart(networks):
    assert ledger.joins(networks[1]) == {"concatenations": 25, "additions": 0}
    with torch.device("meta"):
        assert ledger.joins(ResNet50())["additions"] == 16


def test_joins_written_otherwise_are_counted_too():
    class Both(nn.Module):
        def forward(self, maps):
            total = torch.add(maps, maps)
            total += maps
            return torch.concat([total.add(maps), maps], dim=1)

    assert ledger.joins(Both()) == {"concatenations": 1, "additions": 3}
