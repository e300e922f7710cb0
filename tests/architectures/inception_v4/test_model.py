"""Inception-v4 is the network of the paper, number by number."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import measure
from cnncourse.architectures.inception_v3.model import ReductionA
from cnncourse.architectures.inception_v4.model import InceptionV4, ReductionB
from tests.architectures.shapes import layer_counts, on_meta, output_shapes

# Output sizes of figures 3 and 9 of the paper; timm 1.0.31 has the same.
STAGES = {
    "stem.conv1a": (32, 149, 149),
    "stem.conv2a": (32, 147, 147),
    "stem.conv2b": (64, 147, 147),
    "stem.mixed3a": (160, 73, 73),
    "stem.mixed4a": (192, 71, 71),
    "stem.mixed5a": (384, 35, 35),
    "inception_a": (384, 35, 35),
    "reduction_a": (1024, 17, 17),
    "inception_b": (1024, 17, 17),
    "reduction_b": (1536, 8, 8),
    "inception_c": (1536, 8, 8),
    "average": (1536, 1, 1),
    "output": (1000,),
}


def test_trainable_numbers():
    # timm 1.0.31.
    assert measure.parameters(on_meta(InceptionV4)).trainable == 42_679_816


def test_multiply_adds():
    # timm 1.0.31.
    assert measure.multiply_adds(on_meta(InceptionV4), (3, 299, 299)) == 12_253_974_624


def test_numbers_of_convolutions_linear_layers_and_batch_norms():
    # timm 1.0.31.
    assert layer_counts(on_meta(InceptionV4)) == (149, 1, 149)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 2])
def test_stages_have_the_shapes_of_the_figures(batch):
    assert output_shapes(on_meta(InceptionV4), 299, tuple(STAGES), batch=batch) == STAGES


def test_numbers_of_modules_are_those_of_figure_9():
    model = on_meta(InceptionV4)
    assert (len(model.inception_a), len(model.inception_b), len(model.inception_c)) == (4, 7, 3)


def test_epsilon_is_that_of_the_released_code():
    assert {module.eps for module in on_meta(InceptionV4).modules() if isinstance(module, nn.BatchNorm2d)} == {1e-3}


def test_average_pools_leave_the_border_out():
    pools = [module for module in on_meta(InceptionV4).modules() if isinstance(module, nn.AvgPool2d)]
    assert [pool.count_include_pad for pool in pools] == [False] * 14


@pytest.mark.parametrize("reduction", [ReductionA, ReductionB])
def test_reductions_pass_the_maximum_of_their_input_on(reduction):
    maps = torch.randn(2, 6, 9, 9)
    output = reduction(6, width=1 / 32)(maps)
    torch.testing.assert_close(output[:, -6:], F.max_pool2d(maps, 3, stride=2))


def test_reduction_a_has_n_m_and_the_input_maps_in_this_order():
    reduction = ReductionA(8, filters=(2, 3, 5, 7))
    assert [branch.out_channels for branch in (reduction["single"], reduction["triple"])] == [7, 5]
    assert reduction(torch.randn(1, 8, 35, 35)).shape == (1, 7 + 5 + 8, 17, 17)


@pytest.mark.parametrize(("build", "smallest"), [(InceptionV4, 75), (InceptionV4.small, 15)])
def test_smallest_image_passes_and_a_smaller_one_is_refused(build, smallest):
    model = on_meta(build)
    model(torch.empty(1, 3, smallest, smallest, device="meta"))
    with pytest.raises(ValueError, match=f"height and width of {smallest} or more"):
        model(torch.empty(1, 3, smallest - 1, smallest, device="meta"))
