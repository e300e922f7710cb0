"""ResNeXt is the template of the paper's Table 1, and its block is one function in three forms."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import measure
from cnncourse.architectures.resnet50.model import ResNet50
from cnncourse.architectures.resnext50.model import VARIANTS, AggregatedBlock, ResNeXt, ResNeXt50, convert_weights
from cnncourse.training import seeded
from tests.architectures.shapes import on_meta


# ResNeXt-50 32×4d and both ResNeXt-101: torchvision 0.29 (the first also Keras-Applications 1.0.8 and timm 1.0); the
# templates between: worked out by hand from Table 2.
@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (ResNeXt50, 25_028_904),
        (VARIANTS["2x40d"], 25_425_000),
        (VARIANTS["4x24d"], 25_292_968),
        (VARIANTS["8x14d"], 25_603_016),
        (partial(ResNeXt, depth=101, cardinality=32, width_per_path=8), 88_791_336),
        (partial(ResNeXt, depth=101, cardinality=64, width_per_path=4), 83_455_272),
    ],
)
def test_parameters_in_all(build, parameters):
    assert measure.parameters(on_meta(build)).trainable == parameters


def test_cost_of_resnext_50_is_that_of_the_libraries():
    model = on_meta(ResNeXt50)
    kinds = [type(layer) for layer in model.modules()]
    # torchvision 0.29, timm 1.0 and Keras-Applications 1.0.8 agree on all of these
    assert [kinds.count(kind) for kind in (nn.Conv2d, nn.BatchNorm2d, nn.Linear)] == [53, 53, 1]
    assert measure.multiply_adds(model, (3, 224, 224)) == 4_230_479_872
    assert measure.parameters(model).with_running_stats == 25_097_128


def test_stages_have_the_shapes_of_table_1():
    model = on_meta(ResNeXt50)
    maps, shapes = torch.zeros(2, 64, 56, 56, device="meta"), []
    for stage in model.stages:
        maps = stage(maps)
        shapes.append(tuple(maps.shape[1:]))
    assert shapes == [(256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7)]


def test_paths_double_their_width_in_each_stage():
    model = on_meta(ResNeXt50)
    middles = [stage[0].transformation.conv2 for stage in model.stages]
    assert [(layer.groups, layer.in_channels // layer.groups) for layer in middles] == [
        (32, 4),
        (32, 8),
        (32, 16),
        (32, 32),
    ]


def test_one_path_of_64_channels_is_resnet_50_with_the_stride_in_the_3_by_3():
    one_path = on_meta(ResNeXt50, cardinality=1, width_per_path=64)
    resnet = on_meta(ResNet50, stride_in="3x3")
    shapes = [[tensor.shape for tensor in model.state_dict().values()] for model in (one_path, resnet)]
    assert shapes[0] == shapes[1]
    assert measure.multiply_adds(one_path, (3, 224, 224)) == measure.multiply_adds(resnet, (3, 224, 224))


def blocks_in_all_forms(start):
    """Return one block in the three forms, the weights converted from one of them."""
    options = {"in_channels": 8, "width": 4, "stride": 2, "cardinality": 4, "path_width": 3}
    with seeded(0):
        blocks = {form: AggregatedBlock(form=form, **options) for form in "abc"}
        for tensor in blocks[start].state_dict().values():
            if tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5)  # running statistics and scales must not be all alike
    weights = blocks[start].state_dict()
    for form, block in blocks.items():
        block.load_state_dict(convert_weights(weights, form, cardinality=4))
    return blocks


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("start", ["a", "b", "c"])
def test_three_forms_are_one_function(start, training):
    with seeded(1):
        maps = torch.randn(4, 8, 6, 6)
    outputs = {form: block.train(training)(maps) for form, block in blocks_in_all_forms(start).items()}
    torch.testing.assert_close(outputs["a"], outputs["c"], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(outputs["b"], outputs["c"], atol=1e-5, rtol=1e-5)


def test_three_forms_learn_the_same_running_statistics():
    with seeded(1):
        maps = torch.randn(4, 8, 6, 6)
    blocks = blocks_in_all_forms("c")
    for block in blocks.values():
        block.train()(maps)
    learned = {form: convert_weights(block.state_dict(), "c", cardinality=4) for form, block in blocks.items()}
    for form in "ab":
        assert learned[form].keys() == learned["c"].keys()
        torch.testing.assert_close(learned[form], dict(learned["c"]), atol=1e-5, rtol=1e-5)


def test_whole_network_converts():
    with seeded(0):
        grouped, images = ResNeXt50.small().eval(), torch.randn(2, 3, 32, 32)
        summed = ResNeXt50.small(form="a").eval()
    summed.load_state_dict(convert_weights(grouped.state_dict(), "a", cardinality=8))
    torch.testing.assert_close(summed(images), grouped(images), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("form", ["a", "b", "c"])
def test_every_form_has_the_weights_of_equation_4(form):
    block = on_meta(AggregatedBlock, in_channels=256, width=64, form=form)
    weights = sum(layer.weight.numel() for layer in block.modules() if isinstance(layer, nn.Conv2d))
    assert weights == 70_144  # C (256 d + 3 · 3 · d · d + d · 256) with C = 32 and d = 4


@pytest.mark.parametrize("form", ["a", "b", "c"])
def test_block_with_a_silent_sum_is_the_rectified_shortcut(form):
    with seeded(0):
        block, maps = AggregatedBlock(8, 4, 2, cardinality=4, path_width=3, form=form), torch.randn(2, 8, 6, 6)
    nn.init.zeros_(block.transformation.bn3.weight)
    torch.testing.assert_close(block(maps), F.relu(block.shortcut(maps)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (partial(ResNeXt50, form="d"), "'a', 'b' and 'c', not 'd'"),
        (partial(convert_weights, {}, "d", 32), "'a', 'b' and 'c', not 'd'"),
        (partial(ResNeXt, depth=18), "depths 50, 101, not 18"),
    ],
)
def test_options_that_do_not_exist_are_refused_with_those_that_do(call, message):
    with pytest.raises(ValueError, match=message):
        on_meta(call)


def test_wrong_images_are_refused_with_what_is_expected():
    with pytest.raises(ValueError, match=r"expects a batch of images of shape \(N, 3, height, width\)"):
        on_meta(ResNeXt50)(torch.zeros(1, 1, 224, 224, device="meta"))


@pytest.mark.parametrize("form", ["a", "b", "c"])
def test_trace_gives_the_same_scores(form):
    with seeded(0):
        model, images = ResNeXt50.small(form=form).eval(), torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(images), model(images))
