"""Inception-v3 is the network that its authors released, number by number."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import measure
from cnncourse.architectures.inception_v3.model import (
    VARIANTS,
    AveragePoolBranch,
    Branch,
    InceptionV3,
    ReductionA,
    ReductionB,
)
from tests.architectures.shapes import layer_counts, on_meta, output_shapes

# Shapes of the same stages in torchvision 0.29.1's network.
STAGES = {
    "stem.conv1a": (32, 149, 149),
    "stem.conv2a": (32, 147, 147),
    "stem.conv2b": (64, 147, 147),
    "stem.pool1": (64, 73, 73),
    "stem.conv3b": (80, 73, 73),
    "stem.conv4a": (192, 71, 71),
    "stem.pool2": (192, 35, 35),
    "inception_a.0": (256, 35, 35),
    "inception_a.1": (288, 35, 35),
    "inception_a.2": (288, 35, 35),
    "reduction_a": (768, 17, 17),
    "inception_b.0": (768, 17, 17),
    "inception_b.3": (768, 17, 17),
    "reduction_b": (1280, 8, 8),
    "inception_c.0": (2048, 8, 8),
    "inception_c.1": (2048, 8, 8),
    "average": (2048, 1, 1),
    "output": (1000,),
}


@pytest.mark.parametrize(
    ("build", "options", "trainable"),
    [
        (InceptionV3, {}, 23_834_568),  # torchvision 0.29.1 and timm 1.0.31
        (InceptionV3, {"auxiliary": True}, 27_161_264),  # torchvision 0.29.1
        (VARIANTS["batch-norm-without-scale"], {}, 23_817_352),  # Keras 3.15.1
    ],
)
def test_trainable_numbers(build, options, trainable):
    assert measure.parameters(on_meta(build, **options)).trainable == trainable


def test_without_scale_all_numbers_are_those_that_keras_counts():
    # Keras 3.15.1 has no scales at all; here 17,216 of them stay at one.
    model = on_meta(VARIANTS["batch-norm-without-scale"])
    assert measure.parameters(model).with_running_stats == 23_851_784


def test_fixed_scales_are_one():
    model = InceptionV3(width=1 / 16, batch_norm_scale=False)
    scales = [module.weight for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert all(torch.equal(scale, torch.ones_like(scale)) and not scale.requires_grad for scale in scales)


def test_multiply_adds():
    # torchvision 0.29.1, timm 1.0.31 and Keras 3.15.1 agree.
    assert measure.multiply_adds(on_meta(InceptionV3), (3, 299, 299)) == 5_713_216_096


@pytest.mark.parametrize(("auxiliary", "counts"), [(False, (94, 1, 94)), (True, (96, 2, 96))])  # torchvision 0.29.1
def test_numbers_of_convolutions_linear_layers_and_batch_norms(auxiliary, counts):
    assert layer_counts(on_meta(InceptionV3, auxiliary=auxiliary)) == counts


@pytest.mark.parametrize("batch", [1, 2])
def test_stages_have_the_released_shapes(batch):
    assert output_shapes(on_meta(InceptionV3), 299, tuple(STAGES), batch=batch) == STAGES


def test_epsilon_is_that_of_the_released_code():
    assert {module.eps for module in on_meta(InceptionV3).modules() if isinstance(module, nn.BatchNorm2d)} == {1e-3}


def test_auxiliary_scores_come_in_training_mode():
    model = on_meta(InceptionV3, auxiliary=True).train()
    outputs = model(torch.empty(2, 3, 299, 299, device="meta"))
    assert [scores.shape for scores in outputs] == [(2, 1000)] * 2


def test_auxiliary_scores_do_not_come_in_evaluation_mode():
    model = on_meta(InceptionV3, auxiliary=True)
    assert model(torch.empty(1, 3, 299, 299, device="meta")).shape == (1, 1000)


@pytest.mark.parametrize("reduction", [ReductionA, ReductionB])
def test_reductions_pass_the_maximum_of_their_input_on(reduction):
    maps = torch.randn(2, 6, 9, 9)
    output = reduction(6, width=1 / 32)(maps)
    torch.testing.assert_close(output[:, -6:], F.max_pool2d(maps, 3, stride=2))


def test_factorised_convolutions_see_a_full_square():
    # Without batch statistics and ReLU's zeros in the way: evaluation mode and positive weights.
    branch, maps = Branch(1, (1, (1, 7)), (1, (7, 1))).eval(), torch.rand(1, 1, 13, 13, requires_grad=True)
    for parameter in branch.parameters():
        nn.init.constant_(parameter, 0.1)
    branch(maps)[0, 0, 6, 6].backward()
    expected = torch.zeros(13, 13, dtype=torch.bool)
    expected[3:10, 3:10] = True
    assert torch.equal(maps.grad[0, 0] > 0, expected)


def test_average_pools_leave_the_border_out():
    branch = AveragePoolBranch(1, 1)
    assert branch.pool(torch.ones(1, 1, 5, 5))[0, 0, 0, 0].item() == pytest.approx(1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "options", "smallest"),
    [(InceptionV3, {}, 75), (InceptionV3, {"auxiliary": True}, 299), (InceptionV3.small, {}, 15)],
)
def test_smallest_image_passes_and_a_smaller_one_is_refused(build, options, smallest):
    model = on_meta(build, **options).train()
    model(torch.empty(2, 3, smallest, smallest, device="meta"))
    with pytest.raises(ValueError, match=f"height and width of {smallest} or more"):
        model(torch.empty(2, 3, smallest, smallest - 1, device="meta"))
