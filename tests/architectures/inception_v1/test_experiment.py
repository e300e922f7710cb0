"""Chapter 4's experiments compare losses that differ in one thing, and its costs are the network's."""

import pytest
import torch

from cnncourse import measure
from cnncourse.architectures.inception_v1.costs import body
from cnncourse.architectures.inception_v1.experiment import (
    BEFORE_2015,
    HE,
    WIDTH,
    WITH,
    WITHOUT,
    NineModules,
    look_at_gradients,
    losses,
)
from cnncourse.architectures.inception_v1.model import TABLE_1, InceptionV1
from cnncourse.data import digits, small_digits
from cnncourse.training import seeded
from tests.architectures.shapes import on_meta

IMAGES, LABELS = small_digits()[0][:16], digits().train_labels[:16]


def test_both_arms_have_equally_much_loss_where_all_classifiers_know_nothing():
    with seeded(0):
        network = NineModules(HE)
    for head in (network.output, *network.auxiliary.values()):
        torch.nn.init.zeros_(head.weight)
    by_arm, _ = losses(network, IMAGES, LABELS)
    assert by_arm[WITH].item() == pytest.approx(by_arm[WITHOUT].item(), rel=1e-5)


def test_control_s_loss_does_not_reach_the_auxiliary_classifiers():
    with seeded(0):
        network = NineModules(HE)
    by_arm, _ = losses(network, IMAGES, LABELS)
    heads = list(network.auxiliary.parameters())
    assert all(
        each is None for each in torch.autograd.grad(by_arm[WITHOUT], heads, retain_graph=True, allow_unused=True)
    )
    assert all(each.any() for each in torch.autograd.grad(by_arm[WITH], heads))


def test_network_has_the_nine_modules_of_table_1_with_an_eighth_of_their_filters():
    modules = NineModules(HE).inception
    assert list(modules) == list(TABLE_1)
    for name, module in modules.items():
        assert module.three[0].convolution.out_channels == round(TABLE_1[name].three_reduce * WIDTH)


def test_first_weights_have_the_variance_that_is_asked_for():
    weight = NineModules(BEFORE_2015).inception["5b"].three[1].convolution.weight
    assert weight.var().item() * weight[0].numel() == pytest.approx(1, rel=0.1)


def test_a_look_is_the_same_again_and_leaves_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    first = look_at_gradients(HE, 3)
    look_at_gradients.cache_clear()
    assert look_at_gradients(HE, 3) == first
    assert torch.equal(torch.random.get_rng_state(), before)


def test_maps_behind_both_classifiers_get_the_final_loss_s_gradient_only():
    seen = look_at_gradients(BEFORE_2015, 0)
    for name in ("4e", "5a", "5b"):
        assert seen[WITHOUT][name] == pytest.approx(1.6 * seen[WITH][name], rel=1e-4)


def test_costs_of_the_nine_modules_are_those_of_the_network():
    model = on_meta(InceptionV1)
    for cost in body(reduced=True):
        module = model.inception[cost.name]
        assert cost.maps == module.out_channels
        biases = sum(number.numel() for number in module.parameters() if number.dim() == 1)
        assert cost.weights == measure.parameters(module).trainable - biases


def test_naive_modules_take_the_work_that_convolutions_without_reductions_take():
    maps = 192
    for cost in body(reduced=False)[:3]:
        filters, side = TABLE_1[cost.name], 28 if cost.name.startswith("3") else 14
        convolutions = [torch.nn.Conv2d(maps, filters.one, 1, device="meta")]
        convolutions.append(torch.nn.Conv2d(maps, filters.three, 3, padding=1, device="meta"))
        convolutions.append(torch.nn.Conv2d(maps, filters.five, 5, padding=2, device="meta"))
        assert cost.multiply_adds == sum(measure.multiply_adds(each, (maps, side, side)) for each in convolutions)
        maps += filters.one + filters.three + filters.five
        assert cost.maps == maps
