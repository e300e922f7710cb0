"""Inception-v1 is the network of the paper, number by number."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse import measure
from cnncourse.architectures.inception_v1.model import TABLE_1, VARIANTS, InceptionModule, InceptionV1
from cnncourse.training import seeded
from tests.architectures.shapes import layer_counts, on_meta, output_shapes

# The column "output size" of Table 1.
STAGES = {
    "conv1": (64, 112, 112),
    "pool1": (64, 56, 56),
    "conv2": (192, 56, 56),
    "pool2": (192, 28, 28),
    "inception.3a": (256, 28, 28),
    "inception.3b": (480, 28, 28),
    "pool3": (480, 14, 14),
    "inception.4a": (512, 14, 14),
    "inception.4b": (512, 14, 14),
    "inception.4c": (512, 14, 14),
    "inception.4d": (528, 14, 14),
    "inception.4e": (832, 14, 14),
    "pool4": (832, 7, 7),
    "inception.5a": (832, 7, 7),
    "inception.5b": (1024, 7, 7),
    "average": (1024, 1, 1),
    "output": (1000,),
}

# Weights and biases of each module, worked out by hand from the filter numbers of Table 1.
MODULE_PARAMETERS = {
    "3a": 163_696,
    "3b": 388_736,
    "4a": 376_176,
    "4b": 449_160,
    "4c": 510_104,
    "4d": 605_376,
    "4e": 868_352,
    "5a": 1_043_456,
    "5b": 1_444_080,
}


@pytest.mark.parametrize(
    ("build", "without", "with_auxiliaries"),
    [
        (InceptionV1, 6_998_552, 13_378_280),  # Table 1 by hand, biases counted
        (VARIANTS["separable"], 6_991_856, 13_371_584),  # by hand: 49·24 + 24·64 for 49·3·64 weights
        (VARIANTS["batch-norm"], 6_624_904, 13_004_888),  # torchvision 0.29.1
    ],
)
def test_trainable_numbers(build, without, with_auxiliaries):
    assert measure.parameters(on_meta(build)).trainable == without
    assert measure.parameters(on_meta(build, auxiliary=True)).trainable == with_auxiliaries


@pytest.mark.parametrize(
    ("build", "multiply_adds"),
    [
        (InceptionV1, 1_582_671_872),  # Table 1 by hand
        (VARIANTS["separable"], 1_498_677_248),  # by hand; the paper's budget is 1.5 billion
        (VARIANTS["batch-norm"], 1_498_376_192),  # torchvision 0.29.1
    ],
)
def test_multiply_adds(build, multiply_adds):
    assert measure.multiply_adds(on_meta(build), (3, 224, 224)) == multiply_adds


@pytest.mark.parametrize(
    ("build", "options", "counts"),
    [
        (InceptionV1, {}, (57, 1, 0)),  # three before the modules, six in each of nine
        (InceptionV1, {"auxiliary": True}, (59, 5, 0)),
        (VARIANTS["separable"], {}, (58, 1, 0)),
        (VARIANTS["batch-norm"], {"auxiliary": True}, (59, 5, 59)),  # torchvision 0.29.1
    ],
)
def test_numbers_of_convolutions_linear_layers_and_batch_norms(build, options, counts):
    assert layer_counts(on_meta(build, **options)) == counts


@pytest.mark.parametrize("build", [InceptionV1, *VARIANTS.values()])
def test_stages_have_the_shapes_of_table_1(build):
    shapes = output_shapes(on_meta(build), 224, tuple(STAGES), batch=2)
    assert shapes == STAGES


@pytest.mark.parametrize(("name", "parameters"), MODULE_PARAMETERS.items())
def test_every_module_has_the_parameters_of_its_row(name, parameters):
    assert measure.parameters(on_meta(InceptionV1).inception[name]).trainable == parameters


def test_modules_stack_their_branches_in_the_order_of_the_table():
    with seeded(0):
        module, maps = InceptionModule(192, TABLE_1["3a"]), torch.randn(1, 192, 5, 5)
    one, three, five, pool = module(maps).split([64, 128, 32, 32], dim=1)
    torch.testing.assert_close(one, module.one(maps))
    torch.testing.assert_close(three, module.three(maps))
    torch.testing.assert_close(five, module.five(maps))
    torch.testing.assert_close(pool, module.pool[1](F.max_pool2d(maps, 3, stride=1, padding=1)))


@pytest.mark.parametrize(("five_kernel", "pixels"), [(5, 5), (3, 3)])
def test_the_5x5_branch_looks_as_far_as_it_says(five_kernel, pixels):
    with seeded(0):
        module, maps = InceptionModule(4, TABLE_1["3a"], five_kernel=five_kernel), torch.randn(1, 4, 9, 9)
    maps.requires_grad_()
    module.five(maps)[:, :, 4, 4].sum().backward()
    assert maps.grad.abs().sum(dim=(0, 1, 2)).count_nonzero() == pixels


def test_a_module_leaves_its_input_as_it_was():
    maps = torch.randn(1, 192, 5, 5)
    before = maps.clone()
    InceptionModule(192, TABLE_1["3a"])(maps)
    assert torch.equal(maps, before)


@pytest.mark.parametrize("build", [InceptionV1, VARIANTS["batch-norm"]])
def test_auxiliary_scores_come_in_training_mode(build):
    model = on_meta(build, auxiliary=True).train()
    outputs = model(torch.empty(2, 3, 224, 224, device="meta"))
    assert [scores.shape for scores in outputs] == [(2, 1000)] * 3


def test_auxiliary_scores_do_not_come_in_evaluation_mode():
    model = on_meta(InceptionV1, auxiliary=True)
    assert model(torch.empty(1, 3, 224, 224, device="meta")).shape == (1, 1000)


@pytest.mark.parametrize(
    ("build", "options", "smallest"),
    [(InceptionV1, {}, 31), (VARIANTS["batch-norm"], {}, 15), (InceptionV1.small, {}, 16)],
)
def test_smallest_image_passes_and_a_smaller_one_is_refused(build, options, smallest):
    model = on_meta(build, **options)
    model(torch.empty(1, 3, smallest, smallest, device="meta"))
    with pytest.raises(ValueError, match=f"height and width of {smallest} or more"):
        model(torch.empty(1, 3, smallest - 1, smallest, device="meta"))


def test_the_papers_auxiliary_classifiers_need_the_papers_images():
    with pytest.raises(ValueError, match=r"\(N, 3, 224, 224\), not \(1, 3, 256, 256\)"):
        on_meta(InceptionV1, auxiliary=True)(torch.empty(1, 3, 256, 256, device="meta"))
