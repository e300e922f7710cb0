"""A recipe trains as it says, and a setting changes what it says and nothing else."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from cnncourse.experiments import SETTINGS, Recipe, Setting
from cnncourse.training import seeded

RECIPE = Recipe(rate=0.4, steps=6, batch=4, seeds=(100, 101))


def trained(recipe, **options):
    """Train one weight that starts at zero and has a gradient of -1: it becomes what the steps add up to."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    images = labels = torch.ones(8, 1)
    steps = recipe.train(
        model, images, labels, torch.Generator().manual_seed(0), loss=lambda scores, _: -scores.mean(), **options
    )
    return list(steps)[-1], model.weight.item()


def test_constant_rate_stays_and_a_falling_one_ends_near_zero():
    plain = replace(RECIPE, momentum=0.0, schedule="constant")
    assert trained(plain) == (6, pytest.approx(6 * 0.4))
    _, moved = trained(replace(plain, schedule="falling"))
    assert moved == pytest.approx(0.4 * (6 + 1) / 2)  # a cosine's mean is a half, the first step counts whole


def test_momentum_none_is_adam():
    _, moved = trained(replace(RECIPE, momentum=None, schedule="constant"))
    assert moved == pytest.approx(6 * 0.4, rel=1e-4)  # Adam's steps are of the rate's size, whatever the gradient


def test_rates_have_names_if_there_are_several():
    two = replace(RECIPE, rate={"one": 0.1, "other": 0.2}, momentum=0.0, schedule="constant")
    assert [trained(two, rate=name)[1] for name in two.rate] == pytest.approx([0.6, 1.2])
    with pytest.raises(KeyError, match="third"):
        trained(two, rate="third")


def test_weight_decay_and_batch_are_the_recipe_s():
    seen = []

    def loss(scores, labels):
        seen.append(len(labels))
        return scores.sum() * 0

    with seeded(0):
        model = nn.Linear(1, 1, bias=False)
    before = model.weight.item()
    recipe = replace(RECIPE, weight_decay=0.5, momentum=0.0, steps=2, schedule="constant", batch=3)
    list(recipe.train(model, torch.ones(8, 1), torch.ones(8), torch.Generator().manual_seed(0), loss=loss))
    assert model.weight.item() == pytest.approx(before * (1 - 0.4 * 0.5) ** 2)
    assert max(seen) == 3


def test_settings_are_the_twelve_and_change_what_they_say():
    assert len(set(map(str, SETTINGS))) == len(SETTINGS) == 12
    changed = RECIPE.at(Setting(rate=0.5, schedule="constant", steps=2))
    assert changed == replace(RECIPE, rate=0.2, schedule="constant", steps=12)
    several = replace(RECIPE, rate={"one": 0.1, "other": 0.3}).at(Setting(2.0, "falling", 1))
    assert several.rate == {"one": 0.2, "other": 0.6}
    assert sum(RECIPE.at(setting) == RECIPE for setting in SETTINGS) == 1


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (RECIPE, "SGD with momentum 0.9, learning rate 0.4, falling along a cosine to zero; 6 steps of 4 images; "
                 "seeds 100 to 101"),
        (replace(RECIPE, rate={"0.1": 0.1, "plain": 0.3}, schedule="constant", weight_decay=1e-4, seeds=(1, 4)),
         "SGD with momentum 0.9 and weight decay 0.0001, learning rates 0.1, 0.3 (plain), kept constant; "
         "6 steps of 4 images; seeds 1, 4"),
        (replace(RECIPE, momentum=None), "Adam, learning rate 0.4"),
    ],
)  # fmt: skip
def test_recipe_is_told_in_words(recipe, words):
    assert str(recipe).startswith(words)
