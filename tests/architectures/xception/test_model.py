"""Xception is the network of the paper, number by number."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import measure
from cnncourse.architectures.xception.model import VARIANTS, SeparableConv2d, Xception, XceptionModule
from cnncourse.training import seeded
from tests.architectures.shapes import layer_counts, on_meta, output_shapes

# Shapes of the same stages in timm 1.0.31's legacy_xception.
STAGES = {
    "conv1": (32, 149, 149),
    "conv2": (64, 147, 147),
    "entry_flow.0": (128, 74, 74),
    "entry_flow.1": (256, 37, 37),
    "entry_flow.2": (728, 19, 19),
    "middle_flow.0": (728, 19, 19),
    "middle_flow.7": (728, 19, 19),
    "exit_flow.0": (1024, 10, 10),
    "exit_flow.3": (1536, 10, 10),
    "exit_flow.6": (2048, 10, 10),
    "output": (1000,),
}


@pytest.mark.parametrize("build", [Xception, VARIANTS["intermediate-activation"]])
def test_trainable_numbers(build):
    # Table 3 of the paper.
    assert measure.parameters(on_meta(build)).trainable == 22_855_952


def test_multiply_adds():
    # timm 1.0.31 and Keras 3.15.1 agree.
    assert measure.multiply_adds(on_meta(Xception), (3, 299, 299)) == 8_357_403_496


def test_numbers_of_convolutions_linear_layers_and_batch_norms():
    # timm 1.0.31; by figure 5, 2 + 2·34 + 4 shortcuts.
    assert layer_counts(on_meta(Xception)) == (74, 1, 40)


def test_the_paper_counts_36_convolutions():
    model = on_meta(Xception)
    separable = sum(isinstance(module, SeparableConv2d) for module in model.modules())
    assert separable + len([model.conv1, model.conv2]) == 36


@pytest.mark.parametrize("batch", [1, 2])
def test_stages_have_the_shapes_of_figure_5(batch):
    assert output_shapes(on_meta(Xception), 299, tuple(STAGES), batch=batch) == STAGES


def test_epsilon_is_that_of_the_authors_code():
    assert {module.eps for module in on_meta(Xception).modules() if isinstance(module, nn.BatchNorm2d)} == {1e-3}


def test_separable_convolution_is_linear():
    with seeded(0):
        layer, first, second = SeparableConv2d(3, 5), torch.randn(1, 3, 6, 6), torch.randn(1, 3, 6, 6)
    torch.testing.assert_close(layer(first - 2 * second), layer(first) - 2 * layer(second))


def test_separable_convolution_equals_a_full_one_with_kernels_of_rank_one():
    with seeded(0):
        layer, maps = SeparableConv2d(3, 5), torch.randn(1, 3, 6, 6)
    kernel = layer.pointwise.weight * layer.depthwise.weight.transpose(0, 1)
    torch.testing.assert_close(layer(maps), F.conv2d(maps, kernel, padding=1))


def test_the_variant_has_a_relu_between_the_steps():
    with seeded(0):
        layer, maps = SeparableConv2d(3, 5, intermediate_activation=True), torch.randn(1, 3, 6, 6)
    torch.testing.assert_close(layer(maps), layer.pointwise(layer.depthwise(maps).relu()))


def test_the_variant_has_it_in_every_separable_convolution():
    layers = [
        module
        for module in on_meta(VARIANTS["intermediate-activation"]).modules()
        if isinstance(module, SeparableConv2d)
    ]
    assert [type(layer.activation) for layer in layers] == [nn.ReLU] * 34


def test_no_relu_follows_the_addition():
    with seeded(0):
        module, maps = XceptionModule(4, (4, 4, 4)), torch.randn(1, 4, 6, 6)
    assert module(maps).min() < 0


def test_only_the_first_module_has_no_relu_of_its_own():
    model = on_meta(Xception)
    modules = [module for module in model.modules() if isinstance(module, XceptionModule)]
    assert [isinstance(module.residual[0], nn.ReLU) for module in modules] == [False] + [True] * 11


@pytest.mark.parametrize("downsample", [False, True])
def test_a_module_leaves_its_input_as_it_was(downsample):
    maps = torch.randn(1, 4, 6, 6)
    before = maps.clone()
    XceptionModule(4, (4, 4), downsample=downsample)(maps)
    assert torch.equal(maps, before)


@pytest.mark.parametrize(("build", "smallest"), [(Xception, 7), (Xception.small, 5)])
def test_smallest_image_passes_and_a_smaller_one_is_refused(build, smallest):
    model = on_meta(build)
    model(torch.empty(1, 3, smallest, smallest, device="meta"))
    with pytest.raises(ValueError, match=f"height and width of {smallest} or more"):
        model(torch.empty(1, 3, smallest - 1, smallest, device="meta"))
