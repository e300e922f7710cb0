"""Network in Network has the layers of its author's configurations, and no fully connected one."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import measure
from cnncourse.architectures.network_in_network.model import VARIANTS, MLPConv, NetworkInNetwork
from cnncourse.training import seeded
from tests.architectures.shapes import on_meta


# Worked out by hand from the author's configurations, nin_imagenet of the Caffe model zoo and CIFAR-10 in cuda-convnet.
@pytest.mark.parametrize(
    ("build", "size", "convolutions", "parameters", "multiply_adds"),
    [
        (NetworkInNetwork, 224, 12, 7_595_176, 1_100_188_800),
        (VARIANTS["cifar-10"], 32, 9, 966_986, 222_486_528),
    ],
)
def test_cost_in_all(build, size, convolutions, parameters, multiply_adds):
    model = on_meta(build)
    kinds = [type(layer) for layer in model.modules()]
    assert (kinds.count(nn.Conv2d), kinds.count(nn.Linear)) == (convolutions, 0)
    assert measure.parameters(model).trainable == parameters
    assert measure.multiply_adds(model, (3, size, size)) == multiply_adds


# Maps after each pooling, windows that stick out kept, as Caffe and cuda-convnet round: 54 → 27 and 32 → 16 → 8.
@pytest.mark.parametrize(
    ("build", "size", "shapes"),
    [
        (NetworkInNetwork, 224, [(96, 27, 27), (256, 13, 13), (384, 6, 6), (1000, 1, 1)]),
        (VARIANTS["cifar-10"], 32, [(96, 16, 16), (192, 8, 8), (10, 1, 1)]),
    ],
)
def test_pooled_maps_have_the_authors_shapes(build, size, shapes):
    table = measure.layers(on_meta(build), (3, size, size)).layers
    assert [layer.output_shape for layer in table if "Pool" in layer.kind] == shapes


def test_mlpconv_is_a_perceptron_with_two_hidden_layers_at_every_place():
    with seeded(0):
        layer, maps = MLPConv(3, (5, 4, 6), kernel_size=3), torch.randn(2, 3, 6, 7)
    first, second, third = (layer[i] for i in (0, 2, 4))
    patches = F.unfold(maps, kernel_size=3).transpose(1, 2)  # (N, places, 3 · 3 · 3)
    hidden = F.relu(patches @ first.weight.flatten(1).T + first.bias)
    hidden = F.relu(hidden @ second.weight.flatten(1).T + second.bias)
    expected = F.relu(hidden @ third.weight.flatten(1).T + third.bias)
    torch.testing.assert_close(layer(maps), expected.transpose(1, 2).unflatten(2, (4, 5)))


def test_score_is_the_mean_of_a_class_map():
    with seeded(0):
        model, images = NetworkInNetwork.small().eval(), torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(model(images), model.class_maps(images).mean(dim=(2, 3)))


@pytest.mark.parametrize(("build", "smallest"), [(NetworkInNetwork, 39), (VARIANTS["cifar-10"], 4)])
def test_smallest_images_are_scored(build, smallest):
    assert on_meta(build, num_classes=7)(torch.zeros(1, 3, smallest, smallest, device="meta")).shape == (1, 7)


@pytest.mark.parametrize(("build", "smallest"), [(NetworkInNetwork, 39), (VARIANTS["cifar-10"], 4)])
def test_smaller_images_are_refused_with_what_is_expected(build, smallest):
    with pytest.raises(ValueError, match=f"height and width of {smallest} or more"):
        on_meta(build)(torch.zeros(1, 3, smallest - 1, 64, device="meta"))
