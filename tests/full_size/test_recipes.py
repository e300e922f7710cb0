"""Recipes say what the papers say."""

import pytest

from cnncourse.architectures import CATALOGUE
from cnncourse.full_size.recipes import RECIPES, Schedule, recipe_for
from cnncourse.full_size.settings import settings_for


def test_each_network_has_its_papers_recipe_and_there_is_a_modern_one():
    assert set(RECIPES) == {record.slug for record in CATALOGUE} | {"modern"}
    for recipe in RECIPES.values():
        assert recipe.source
        assert recipe.rate_at(0) > 0
    with pytest.raises(LookupError, match="no recipe 'ancient'; there are alexnet, "):
        recipe_for("resnet-50", "ancient")


def test_printed_numbers():
    alexnet, vgg, resnet = (RECIPES[name] for name in ("alexnet", "vgg-16", "resnet-50"))
    assert (alexnet.batch_size, alexnet.momentum, alexnet.weight_decay, alexnet.rate) == (128, 0.9, 5e-4, 0.01)
    assert (vgg.batch_size, vgg.weight_decay, vgg.epochs) == (256, 5e-4, 74)
    assert (resnet.batch_size, resnet.weight_decay, resnet.rate) == (256, 1e-4, 0.1)
    inception = RECIPES["inception-v3"]
    assert (inception.optimiser, inception.momentum, inception.smoothing, inception.clipping) == (
        "rmsprop",
        0.9,
        0.1,
        2,
    )
    assert [inception.rate_at(epoch) for epoch in (0, 1.9, 2, 4)] == pytest.approx(
        [0.045, 0.045, 0.0423, 0.045 * 0.94**2]
    )
    assert RECIPES["inception-v1"].auxiliary == 0.3
    assert RECIPES["xception"].weight_decay == 1e-5


def test_alexnets_rate_is_divided_by_ten_three_times():
    recipe = RECIPES["alexnet"]
    rates = {round(recipe.rate_at(epoch), 7) for epoch in range(90)}
    assert rates == {0.01, 0.001, 0.0001, 0.00001}


def test_warm_up_rises_to_the_rate_and_a_cosine_falls_to_nothing():
    recipe = RECIPES["modern"]
    assert recipe.rate_at(0) == pytest.approx(0.005)
    assert recipe.rate_at(5) == pytest.approx(0.5)
    assert recipe.rate_at(52.5) == pytest.approx(0.25)
    assert recipe.rate_at(99.99) < 1e-4
    assert Schedule("exponential", factor=0.5, every=2).share(5, 10) == 0.25


def test_the_rate_goes_with_the_batch_size_and_can_be_given():
    assert settings_for("resnet-50", batch_size=64).recipe.rate == pytest.approx(0.025)
    assert settings_for("resnet-50", batch_size=64, rate=0.3).recipe.rate == 0.3
    changed = settings_for("resnet-50", epochs=30, warm_up=2, averaging=0.99).recipe
    assert (changed.epochs, changed.warm_up, changed.averaging) == (30, 2, 0.99)
    assert settings_for("6").model == "resnet-50"


def test_sizes_and_colours_are_those_of_the_network():
    assert settings_for("inception-v4").size == 299
    assert settings_for("alexnet", variant="one-weird-trick").size == 224
    assert settings_for("vgg-16", small=True).size == 32
    assert settings_for("lenet-5", recipe="modern").channels == 1
    assert settings_for("resnet-50", recipe="lenet-5").channels == 3


@pytest.mark.parametrize("record", CATALOGUE, ids=lambda record: record.slug)
def test_each_network_is_built_for_a_folders_classes(record):
    import torch

    settings = settings_for(record.slug)
    with torch.device("meta"):
        model = settings.network(7)
        images = torch.empty(2, settings.channels, settings.size, settings.size)
        scores = model.train()(images)
    heads = scores if isinstance(scores, tuple) else (scores,)
    assert {tuple(head.shape) for head in heads} == {(2, 7)}
    assert (len(heads) > 1) == bool(settings.recipe.auxiliary)
