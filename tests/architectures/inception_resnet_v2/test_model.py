"""Inception-ResNet-v2 is the network that its authors released, number by number."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import measure
from cnncourse.architectures.inception_resnet_v2.model import (
    RELEASED,
    VARIANTS,
    InceptionResNetV2,
    ReductionB,
    ResidualInceptionBlock,
)
from cnncourse.training import seeded
from tests.architectures.shapes import layer_counts, on_meta, output_shapes

# Shapes of the same stages in timm 1.0.31.
STAGES = {
    "stem.layers": (192, 35, 35),
    "stem": (320, 35, 35),
    "blocks_35": (320, 35, 35),
    "reduction_a": (1088, 17, 17),
    "blocks_17": (1088, 17, 17),
    "reduction_b": (2080, 8, 8),
    "blocks_8": (2080, 8, 8),
    "final": (1536, 8, 8),
    "average": (1536, 1, 1),
    "output": (1000,),
}

# Worked out by hand from the filters of the paper's figures 15 to 19, and 10 to 14.
STAGES_OF_VARIANTS = {
    "paper": {"stem": (384, 35, 35), "reduction_a": (1152, 17, 17), "reduction_b": (2144, 8, 8)},
    "inception-resnet-v1": {"stem": (256, 35, 35), "reduction_a": (896, 17, 17), "reduction_b": (1792, 8, 8)},
}

# Channels, branches and, by hand with scale and shift of batch normalisation, parameters of the released blocks.
BLOCKS = [
    (320, RELEASED.block_35, 123_168),
    (1088, RELEASED.block_17, 1_126_784),
    (2080, RELEASED.block_8, 2_035_424),
]


@pytest.mark.parametrize(
    ("build", "trainable"),
    [
        (InceptionResNetV2, 55_843_464),  # timm 1.0.31; Keras 3.15.1 has 30,272 scales less
        (VARIANTS["paper"], 32_433_928),  # by hand from the figures
        (VARIANTS["inception-resnet-v1"], 22_756_328),  # by hand from the figures
    ],
)
def test_trainable_numbers(build, trainable):
    assert measure.parameters(on_meta(build)).trainable == trainable


def test_multiply_adds():
    # timm 1.0.31 and Keras 3.15.1 agree.
    assert measure.multiply_adds(on_meta(InceptionResNetV2), (3, 299, 299)) == 13_155_794_016


def test_numbers_of_convolutions_linear_layers_and_batch_norms():
    # timm 1.0.31.
    assert layer_counts(on_meta(InceptionResNetV2)) == (244, 1, 204)


def test_only_the_40_convolutions_before_the_sums_have_a_bias():
    # timm 1.0.31 and Keras 3.15.1 agree on their number.
    with_bias = [
        name
        for name, module in on_meta(InceptionResNetV2).named_modules()
        if isinstance(module, nn.Conv2d) and module.bias is not None
    ]
    assert len(with_bias) == 40
    assert all(name.endswith(".up") for name in with_bias)


@pytest.mark.parametrize("batch", [1, 2])
def test_stages_have_the_released_shapes(batch):
    assert output_shapes(on_meta(InceptionResNetV2), 299, tuple(STAGES), batch=batch) == STAGES


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_have_the_widths_of_the_papers_figures(variant):
    stages = STAGES_OF_VARIANTS[variant]
    assert output_shapes(on_meta(VARIANTS[variant]), 299, tuple(stages)) == stages


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_have_the_papers_numbers_of_blocks(variant):
    model = on_meta(VARIANTS[variant])
    assert (len(model.blocks_35), len(model.blocks_17), len(model.blocks_8)) == (5, 10, 5)


@pytest.mark.slow
def test_released_scales():
    model = on_meta(InceptionResNetV2)
    scales = [block.scale for blocks in (model.blocks_35, model.blocks_17, model.blocks_8) for block in blocks]
    assert scales == [0.17] * 10 + [0.10] * 20 + [0.20] * 9 + [1.0]


def test_scales_are_an_argument():
    model = on_meta(VARIANTS["paper"], residual_scales=(0.3, 0.2, 0.1))
    scales = [block.scale for blocks in (model.blocks_35, model.blocks_17, model.blocks_8) for block in blocks]
    assert scales == [0.3] * 5 + [0.2] * 10 + [0.1] * 5


@pytest.mark.parametrize("build", [InceptionResNetV2, *VARIANTS.values()])
def test_only_the_last_released_block_has_no_relu(build):
    blocks = [module for module in on_meta(build).modules() if isinstance(module, ResidualInceptionBlock)]
    last = nn.Identity if build is InceptionResNetV2 else nn.ReLU
    assert [type(block.relu) for block in blocks] == [nn.ReLU] * (len(blocks) - 1) + [last]


def test_epsilon_is_that_of_the_released_code():
    norms = [module for module in on_meta(InceptionResNetV2).modules() if isinstance(module, nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {1e-3}


def test_average_pool_leaves_the_border_out():
    pools = [module for module in on_meta(InceptionResNetV2).modules() if isinstance(module, nn.AvgPool2d)]
    assert [pool.count_include_pad for pool in pools] == [False]


@pytest.mark.parametrize(("channels", "branches", "parameters"), BLOCKS)
def test_blocks_have_the_parameters_of_their_figures(channels, branches, parameters):
    block = on_meta(ResidualInceptionBlock, channels=channels, branches=branches, scale=1.0)
    assert measure.parameters(block).trainable == parameters


def block_and_maps(**options):
    with seeded(0):
        block = ResidualInceptionBlock(32, RELEASED.block_35, width=1 / 8, **options)
        return block.eval(), torch.randn(2, 32, 5, 5)


def test_scale_zero_leaves_only_the_relu():
    block, maps = block_and_maps(scale=0.0)
    torch.testing.assert_close(block(maps), maps.relu())


def test_a_block_adds_what_it_found_times_its_scale():
    block, maps = block_and_maps(scale=0.3, activation=False)
    torch.testing.assert_close(block(maps), maps + 0.3 * block.up(block.branches(maps)))


def test_without_activation_a_block_may_be_negative():
    block, maps = block_and_maps(scale=1.0, activation=False)
    assert block(maps).min() < 0


def test_with_activation_a_block_is_not_negative():
    block, maps = block_and_maps(scale=1.0)
    assert block(maps).min() == 0


def test_a_block_leaves_its_input_as_it_was():
    block, maps = block_and_maps(scale=1.0)
    before = maps.clone()
    block(maps)
    assert torch.equal(maps, before)


def test_reduction_passes_the_maximum_of_its_input_on():
    maps = torch.randn(2, 6, 9, 9)
    output = ReductionB(6, RELEASED.reduction_b, width=1 / 32)(maps)
    torch.testing.assert_close(output[:, -6:], F.max_pool2d(maps, 3, stride=2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "smallest"),
    [(InceptionResNetV2, 75), *((build, 75) for build in VARIANTS.values()), (InceptionResNetV2.small, 15)],
)
def test_smallest_image_passes_and_a_smaller_one_is_refused(build, smallest):
    model = on_meta(build)
    model(torch.empty(1, 3, smallest, smallest, device="meta"))
    with pytest.raises(ValueError, match=f"height and width of {smallest} or more"):
        model(torch.empty(1, 3, smallest - 1, smallest, device="meta"))
