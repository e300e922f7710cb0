"""VGG is Table 1 of the paper, column by column."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from cnncourse import measure
from cnncourse.architectures.vgg16.model import VARIANTS, VGG, VGG16
from tests.architectures.shapes import on_meta


# Weighted layers of Table 1; parameters and multiply-adds of A and B worked out by hand from it, of D and E those of
# torchvision 0.29 and Keras 3.15 (vgg16, vgg19), of C by hand. Table 2 prints 133, 133, 134, 138 and 144 million.
@pytest.mark.parametrize(
    ("build", "weighted_layers", "parameters", "multiply_adds"),
    [
        (VARIANTS["vgg-11"], 11, 132_863_336, 7_609_090_048),
        (VARIANTS["vgg-13"], 13, 133_047_848, 11_308_466_176),
        (VARIANTS["vgg-16-c"], 16, 133_638_952, 11_770_888_192),
        (VGG16, 16, 138_357_544, 15_470_264_320),
        (VARIANTS["vgg-19"], 19, 143_667_240, 19_632_062_464),
    ],
)
def test_cost_in_all(build, weighted_layers, parameters, multiply_adds):
    model = on_meta(build)
    assert sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in model.modules()) == weighted_layers
    assert measure.parameters(model).trainable == parameters
    assert measure.multiply_adds(model, (3, 224, 224)) == multiply_adds


def test_stages_halve_the_maps_and_double_the_channels():
    table = measure.layers(on_meta(VGG16), (3, 224, 224)).layers
    # torchvision 0.29 vgg16: features.4, 9, 16, 23, 30
    assert [layer.output_shape for layer in table if layer.kind == "MaxPool2d"] == [
        (64, 112, 112),
        (128, 56, 56),
        (256, 28, 28),
        (512, 14, 14),
        (512, 7, 7),
    ]


def test_kernels_of_vgg_16_are_all_3_by_3():
    assert {layer.kernel_size for layer in on_meta(VGG16).modules() if isinstance(layer, nn.Conv2d)} == {(3, 3)}


def test_configuration_c_ends_its_last_three_stages_with_1_by_1():
    model = on_meta(VGG, configuration="C")
    kernels = [layer.kernel_size[0] for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    assert kernels == [3, 3, 3, 3, 3, 3, 1, 3, 3, 1, 3, 3, 1]


def test_every_weighted_layer_but_the_last_is_followed_by_relu():
    kinds = [layer.kind for layer in measure.layers(on_meta(VGG16), (3, 224, 224)).layers]
    followers = [after for kind, after in pairwise(kinds) if kind in ("Conv2d", "Linear")]
    assert followers == ["ReLU"] * 15
    assert kinds[-1] == "Linear"


def test_unknown_configuration_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match="A, B, C, D, E, not 'F'"):
        VGG(configuration="F")


def test_image_size_that_cannot_be_halved_five_times_is_refused():
    with pytest.raises(ValueError, match="multiple of 32, not 100"):
        VGG(image_size=100)


@pytest.mark.parametrize(("build", "size"), [(VGG16, 224), (VGG.small, 32)])
def test_wrong_images_are_refused_with_what_is_expected(build, size):
    with pytest.raises(ValueError, match=rf"expects a batch of images of shape \(N, 3, {size}, {size}\)"):
        on_meta(build)(torch.zeros(1, 1, size, size, device="meta"))
