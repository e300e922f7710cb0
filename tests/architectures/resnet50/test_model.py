"""ResNet is Table 1 of the paper, and its blocks do what sections 3 and 4 say."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import measure
from cnncourse.architectures.resnet50.model import (
    VARIANTS,
    BasicBlock,
    Bottleneck,
    ResNet,
    ResNet50,
    ZeroPaddedShortcut,
)
from cnncourse.training import seeded
from tests.architectures.shapes import on_meta


# Parameters and layers: torchvision 0.29, and by hand for plain networks and options A and C. Multiply-adds: Keras 3.15
# for the stride in the first 1×1 (ResNet50, 101, 152), torchvision for version 1.5 and basic blocks.
@pytest.mark.parametrize(
    ("build", "convolutions", "parameters", "multiply_adds"),
    [
        (ResNet50, 53, 25_557_032, 3_857_973_248),
        (VARIANTS["v1.5"], 53, 25_557_032, 4_089_184_256),
        (VARIANTS["resnet-18"], 20, 11_689_512, 1_814_073_344),
        (VARIANTS["resnet-34"], 36, 21_797_672, 3_663_761_408),
        (VARIANTS["resnet-101"], 104, 44_549_160, 7_570_194_432),
        (VARIANTS["resnet-152"], 155, 60_192_808, 11_282_415_616),
        (VARIANTS["plain-18"], 17, 11_515_688, 1_794_805_760),
        (VARIANTS["plain-34"], 33, 21_623_848, 3_644_493_824),
        (partial(ResNet, depth=34, shortcuts="A"), 33, 21_623_848, 3_644_493_824),
        (partial(ResNet, depth=34, shortcuts="C"), 49, 22_716_840, 3_830_747_136),
    ],
)
def test_cost_in_all(build, convolutions, parameters, multiply_adds):
    model = on_meta(build)
    kinds = [type(layer) for layer in model.modules()]
    assert [kinds.count(kind) for kind in (nn.Conv2d, nn.BatchNorm2d, nn.Linear)] == [convolutions, convolutions, 1]
    assert measure.parameters(model).trainable == parameters
    assert measure.multiply_adds(model, (3, 224, 224)) == multiply_adds


def test_running_statistics_are_those_of_the_libraries():
    assert measure.parameters(on_meta(ResNet50)).with_running_stats == 25_610_152  # torchvision 0.29, timm 1.0


@pytest.mark.parametrize(
    ("build", "channels"), [(VARIANTS["resnet-18"], (64, 128, 256, 512)), (ResNet50, (256, 512, 1024, 2048))]
)
def test_stages_have_the_shapes_of_table_1(build, channels):
    model = on_meta(build)
    maps, shapes = torch.zeros(2, 64, 56, 56, device="meta"), []
    for stage in model.stages:
        maps = stage(maps)
        shapes.append(tuple(maps.shape[1:]))
    assert shapes == [(width, size, size) for width, size in zip(channels, (56, 28, 14, 7), strict=True)]


def test_maps_are_56_pixels_wide_before_the_first_block():
    table = measure.layers(on_meta(ResNet50), (3, 224, 224)).layers
    assert [layer.output_shape for layer in table if layer.name in ("conv1", "pool")] == [(64, 112, 112), (64, 56, 56)]


def test_state_dict_has_the_order_of_torchvisions():
    shapes = [tuple(tensor.shape) for tensor in on_meta(ResNet50).parameters() if tensor.ndim == 4][:6]
    # torchvision 0.29 resnet50: conv1, layer1.0.conv1, conv2, conv3, downsample.0, layer1.1.conv1
    assert shapes == [
        (64, 3, 7, 7),
        (64, 64, 1, 1),
        (64, 64, 3, 3),
        (256, 64, 1, 1),
        (256, 64, 1, 1),
        (64, 256, 1, 1),
    ]


# Millions of parameters as Table 6 of the paper prints them.
@pytest.mark.parametrize(("depth", "millions"), [(20, "0.27"), (32, "0.46"), (44, "0.66"), (56, "0.85"), (110, "1.7")])
def test_networks_for_small_images_have_the_papers_size(depth, millions):
    model = on_meta(ResNet.small, depth=depth)
    decimals = len(millions) - 2
    assert f"{measure.parameters(model).trainable / 1e6:.{decimals}f}" == millions
    assert sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in model.modules()) == depth


def test_plain_network_and_zero_padded_shortcuts_have_equally_many_parameters():
    plain, residual = (on_meta(ResNet.small, shortcuts=option) for option in ("none", "A"))
    assert measure.parameters(plain) == measure.parameters(residual)


@pytest.mark.parametrize("shortcut", ["A", "B", "C"])
@pytest.mark.parametrize(("block", "last"), [(BasicBlock, "bn2"), (Bottleneck, "bn3")])
def test_block_with_a_silent_residual_is_the_rectified_shortcut(block, last, shortcut):
    with seeded(0):
        layer, maps = block(8, 16, stride=2, shortcut=shortcut), torch.randn(2, 8, 6, 6)
    nn.init.zeros_(getattr(layer, last).weight)
    torch.testing.assert_close(layer(maps), F.relu(layer.shortcut(maps)))


def test_plain_block_with_a_silent_last_layer_passes_nothing_on():
    layer = BasicBlock(8, 8, shortcut="none")
    nn.init.zeros_(layer.bn2.weight)
    assert layer(torch.ones(2, 8, 6, 6)).abs().max() == 0


def test_zero_padded_shortcut_takes_every_second_pixel_and_adds_empty_channels():
    maps = torch.arange(2.0 * 3 * 4 * 4).view(2, 3, 4, 4)
    output = ZeroPaddedShortcut(3, 5, stride=2)(maps)
    torch.testing.assert_close(output[:, :3], maps[:, :, [0, 2]][:, :, :, [0, 2]])
    assert output.shape == (2, 5, 2, 2)
    assert not output[:, 3:].any()


@pytest.mark.parametrize(("stride_in", "strides"), [("1x1", [2, 1, 1]), ("3x3", [1, 2, 1])])
def test_stride_is_where_it_is_asked_for(stride_in, strides):
    block = Bottleneck(8, 4, stride=2, stride_in=stride_in)
    assert [layer.stride[0] for layer in (block.conv1, block.conv2, block.conv3)] == strides


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (partial(ResNet, depth=51), "depths 18, 34, 50, 101, 152, not 51"),
        (partial(ResNet.small, depth=21), r"6n \+ 2 layers"),
        (partial(ResNet50, shortcuts="D"), "'A', 'B', 'C' or 'none', not 'D'"),
        (partial(ResNet50, stride_in="7x7"), "not in '7x7'"),
    ],
)
def test_options_that_do_not_exist_are_refused_with_those_that_do(build, message):
    with pytest.raises(ValueError, match=message):
        on_meta(build)


def test_image_of_one_pixel_is_scored():
    assert on_meta(ResNet50).eval()(torch.zeros(1, 3, 1, 1, device="meta")).shape == (1, 1000)


def test_wrong_images_are_refused_with_what_is_expected():
    with pytest.raises(ValueError, match=r"expects a batch of images of shape \(N, 3, height, width\)"):
        on_meta(ResNet50)(torch.zeros(1, 1, 224, 224, device="meta"))


@pytest.mark.parametrize("shortcuts", ["A", "B", "C", "none"])
def test_gradient_reaches_every_parameter(shortcuts):
    with seeded(0):
        model, images = ResNet50.small(depth=14, shortcuts=shortcuts), torch.randn(8, 3, 32, 32)
    F.cross_entropy(model(images), torch.arange(8)).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())


@pytest.mark.parametrize("build", [partial(ResNet50, num_classes=10), partial(ResNet.small, depth=8)])
def test_trace_gives_the_same_scores(build):
    with seeded(0):
        model, images = build().eval(), torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(images), model(images))
