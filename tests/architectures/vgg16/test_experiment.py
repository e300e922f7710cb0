"""Chapter 3's experiments compare arms that differ in one thing, and its measurements measure what they say."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from cnncourse import measure
from cnncourse.architectures.vgg16 import experiment, kernels
from cnncourse.architectures.vgg16.fields import effective_field, footprint
from cnncourse.architectures.vgg16.model import VGG16, ConvolutionStack
from cnncourse.architectures.vgg16.signals import RULES, signal_sizes
from cnncourse.architectures.vgg16.sizes import by_stage
from cnncourse.data import digits, small_digits
from cnncourse.experiments import Recipe
from cnncourse.training import seeded
from tests.architectures.shapes import on_meta


def built(configuration, share):
    with seeded(0):
        return experiment.MiniVGG(configuration, share)


FEW = replace(experiment.RECIPE, steps=2)


@pytest.mark.parametrize(("configuration", "convolutions"), [("A", 8), ("D", 13)])
def test_miniatures_have_the_paper_s_convolutions(configuration, convolutions):
    model = built(configuration, 1.0)
    assert len(model.convolutions) == convolutions
    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_share_scales_the_variance_of_the_same_first_weights():
    poor, suitable = (built("D", share).convolutions[5].weight for share in (0.25, 1.0))
    torch.testing.assert_close(2 * poor, suitable)


def test_copies_are_the_trained_a_s_first_four_convolutions_and_its_top(monkeypatch):
    source = experiment.trained("A", 0.4, 0, FEW)
    monkeypatch.setattr(Recipe, "train", lambda *_, **__: ())  # so that what D begins with can be seen
    alone, copy = (experiment.trained("D", 0.4, 0, FEW, from_a=from_a) for from_a in (False, True))
    experiment.trained.cache_clear()
    for number, (own, other) in enumerate(zip(copy.convolutions, source.convolutions, strict=False)):
        assert torch.equal(own.weight, other.weight) == (number < 4)
    assert all(
        torch.equal(own, other) for own, other in zip(copy.top.parameters(), source.top.parameters(), strict=True)
    )
    assert torch.equal(copy.convolutions[4].weight, alone.convolutions[4].weight)


def test_a_run_is_the_same_again_and_leaves_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    first = experiment.run("A", 0.4, 3, recipe=FEW)
    experiment.trained.cache_clear()
    assert experiment.run("A", 0.4, 3, recipe=FEW) == first
    assert torch.equal(torch.random.get_rng_state(), before)


def test_arms_in_common_are_trained_once():
    assert experiment.trained("D", 0.4, 0, FEW) is experiment.trained("D", 0.4, 0, replace(experiment.RECIPE, steps=2))
    assert experiment.DEPTH_STALLS.control is experiment.COPIES_HELP.control is experiment.VARIANCE_HELPS.control


def test_both_kernels_make_stages_that_see_as_much():
    fields = []
    for sizes in ((5,), (3, 3)):
        convolutions = kernels.TwoStages(sizes).layers[:-2]
        fields.append(footprint(convolutions, kernels.SIDE))
    assert torch.equal(*fields)


def test_scattered_digits_are_whole_and_lie_in_different_places():
    images, labels = small_digits()[0], digits().train_labels
    fields, names = kernels.scattered(images, labels, torch.Generator().manual_seed(0))
    assert fields.shape == (kernels.IMAGES, 1, 12, 12)
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randint(len(images), (kernels.IMAGES,), generator=generator)
    places = torch.randint(5, (kernels.IMAGES, 2), generator=generator)
    assert torch.equal(names, labels[chosen])
    assert len(set(map(tuple, places.tolist()))) == 25
    top, left = places[0].tolist()
    noise = fields[0, 0, top : top + 8, left : left + 8] - images[chosen[0], 0]
    assert 0.2 < noise.std() < 0.4


@pytest.mark.parametrize(("depth", "side"), [(1, 3), (2, 5), (3, 7)])
def test_footprint_of_stacked_3_by_3_convolutions(depth, side):
    convolutions = nn.Sequential(*[nn.Conv2d(1, 1, 3, padding=1) for _ in range(depth)])
    before = [weight.detach().clone() for weight in convolutions.parameters()]
    seen = footprint(convolutions, 11)
    assert seen.sum() == side**2
    assert seen.any(dim=0).sum() == seen.any(dim=1).sum() == side
    assert all(torch.equal(*pair) for pair in zip(before, convolutions.parameters(), strict=True))


def test_effective_field_lies_within_the_receptive_field_and_in_its_middle():
    field = effective_field()
    torch.testing.assert_close(field.sum(), torch.tensor(1.0))
    rows = field.sum(dim=1).nonzero().flatten()
    fields = measure.receptive_field(on_meta(VGG16), (3, 224, 224))
    (last,) = [each for each in fields if each.name == "stage3.4"]
    assert rows[-1] - rows[0] + 1 == last.size[0] == len(rows)
    assert field[20:40, 20:40].sum() > 0.6


@pytest.mark.slow
def test_signal_keeps_its_size_under_he_s_rule_alone():
    sizes = {rule: signal_sizes(rule) for rule in RULES}
    assert {len(values) for values in sizes.values()} == {13}
    assert all(0.5 < value < 3 for value in sizes["He 2015"])
    assert sizes["Glorot 2010"][-1] < 0.01
    assert sizes["variance 0.01"][-1] > 1e5
    ratio = sizes["variance 0.01"][-1] / sizes["standard deviation 0.01"][-1]
    assert ratio == pytest.approx(10.0**13, rel=1e-2)  # ten times the weights in each of thirteen layers


def test_sums_by_stage_are_those_of_the_whole_network():
    model = on_meta(VGG16)
    sums = by_stage(measure.layers(model, (3, 224, 224)))
    assert sum(numbers for numbers, _ in sums.values()) == measure.parameters(model).trainable
    assert sums["stage1"] == (1_792 + 36_928, 2 * 64 * 224 * 224)
    assert ConvolutionStack.__name__ not in sums
