"""AlexNet is the network of the paper, and its one-tower successor that of today's libraries."""

from functools import partial

import pytest
import torch
from torch import nn

from cnncourse import measure
from cnncourse.architectures.alexnet.model import VARIANTS, AlexNet, OneTowerAlexNet
from cnncourse.training import seeded
from tests.architectures.shapes import on_meta

# Output shapes as sections 3.4 and 3.5 of the paper give them; trainable numbers and multiply-adds worked out by hand
# from the kernels that they print, conv2 for example 256 × (5 × 5 × 48 + 1) and 27 × 27 × 256 × 5 × 5 × 48.
PAPER = {
    "conv1": ((96, 55, 55), 34_944, 105_415_200),
    "conv2": ((256, 27, 27), 307_456, 223_948_800),
    "conv3": ((384, 13, 13), 885_120, 149_520_384),
    "conv4": ((384, 13, 13), 663_936, 112_140_288),
    "conv5": ((256, 13, 13), 442_624, 74_760_192),
    "fc6": ((4096,), 37_752_832, 37_748_736),
    "fc7": ((4096,), 16_781_312, 16_777_216),
    "fc8": ((1000,), 4_097_000, 4_096_000),
}


def test_layers_have_the_papers_shapes_and_costs():
    table = measure.layers(on_meta(AlexNet), (3, 227, 227)).layers
    weighted = {
        layer.name: (layer.output_shape, layer.parameters, layer.multiply_adds) for layer in table if layer.parameters
    }
    assert weighted == PAPER


def test_pooling_overlaps_and_normalisation_precedes_it():
    table = measure.layers(on_meta(AlexNet), (3, 227, 227)).layers
    assert [(layer.name, layer.output_shape) for layer in table if layer.name in ("normalise", "pool")] == [
        ("normalise", (96, 55, 55)),
        ("pool", (96, 27, 27)),
        ("normalise", (256, 27, 27)),
        ("pool", (256, 13, 13)),
        ("pool", (256, 6, 6)),
    ]


@pytest.mark.parametrize(
    ("build", "size", "parameters", "multiply_adds"),
    [
        (AlexNet, 227, 60_965_224, 724_406_816),  # sums of the table above
        (VARIANTS["one-weird-trick"], 224, 61_100_840, 714_188_480),  # torchvision 0.29 alexnet
    ],
)
def test_cost_in_all(build, size, parameters, multiply_adds):
    model = on_meta(build)
    assert measure.parameters(model).trainable == parameters
    assert measure.multiply_adds(model, (3, size, size)) == multiply_adds


def test_one_tower_has_the_shapes_of_torchvisions_state_dict_in_its_order():
    shapes = [tuple(tensor.shape) for tensor in on_meta(OneTowerAlexNet).state_dict().values()]
    # torchvision 0.29 alexnet: features.0, 3, 6, 8, 10 and classifier.1, 4, 6
    assert shapes[::2] == [
        (64, 3, 11, 11),
        (192, 64, 5, 5),
        (384, 192, 3, 3),
        (256, 384, 3, 3),
        (256, 256, 3, 3),
        (4096, 9216),
        (4096, 4096),
        (1000, 4096),
    ]


def test_towers_meet_in_the_third_layer_only():
    model = on_meta(AlexNet)
    assert [layer.groups for layer in model.children() if isinstance(layer, nn.Conv2d)] == [1, 2, 1, 2, 2]


def test_one_tower_of_the_same_widths_is_larger():
    model = on_meta(partial(AlexNet, towers=1))
    assert measure.parameters(model).trainable == 62_378_344  # 96, 256 and 384 maps seen in full by conv2, 4 and 5
    assert measure.multiply_adds(model, (3, 227, 227)) == 1_135_256_096


def test_normalisation_is_the_papers_formula():
    with seeded(0):
        maps = 30 * torch.rand(1, 7, 2, 2)  # large enough for the sum to count
    squares = [maps[:, max(0, i - 2) : i + 3].square().sum(1) for i in range(7)]
    expected = maps / (2 + 1e-4 * torch.stack(squares, dim=1)) ** 0.75
    torch.testing.assert_close(AlexNet.small().normalise(maps), expected)


@pytest.mark.parametrize(
    ("build", "size", "order"),
    [
        (AlexNet, 227, ["fc6", "dropout", "fc7", "dropout", "fc8"]),
        (OneTowerAlexNet, 224, ["dropout", "fc6", "dropout", "fc7", "fc8"]),
    ],
)
def test_dropout_is_where_paper_and_torchvision_have_it(build, size, order):
    calls = [layer.name for layer in measure.layers(on_meta(build), (3, size, size)).layers]
    assert [name for name in calls if name.startswith(("fc", "dropout"))] == order


def test_initial_weights_are_the_papers():
    with seeded(0):
        model = AlexNet(hidden_units=64)
    assert model.conv2.weight.std().item() == pytest.approx(0.01, rel=0.02)
    first_biases = [layer.bias.unique().tolist() for layer in model.children() if hasattr(layer, "bias")]
    assert first_biases == [[0], [1], [0], [1], [1], [1], [1], [0]]


@pytest.mark.parametrize(("build", "size"), [(AlexNet, 227), (OneTowerAlexNet, 224), (AlexNet.small, 32)])
def test_wrong_images_are_refused_with_what_is_expected(build, size):
    with pytest.raises(ValueError, match=rf"expects a batch of images of shape \(N, 3, {size}, {size}\)"):
        on_meta(build)(torch.zeros(1, 3, size - 1, size - 1, device="meta"))
