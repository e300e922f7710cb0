"""What is particular to chapter 3's exercise: judged by what comes out, however it is written."""

import pytest
import torch

from cnncourse import check
from cnncourse.architectures.vgg16.exercise.filling import Stack, draw_images, images_for
from cnncourse.architectures.vgg16.exercise.network import NETWORK, PAPERS, PUBLIC, TO_DROP, WIDTHS, Network
from cnncourse.architectures.vgg16.model import CONFIGURATIONS, VGG
from cnncourse.checking import judge

from .answers import StillBroken, Unfolded, mean_pooling, network, no_relu, one_object_several_times


@pytest.mark.parametrize("seed", range(100, 110))
def test_a_right_answer_s_dropout_is_fair_enough_under_every_seed(seed):
    assert judge(NETWORK, network, seed, at_grading=True).passed


@pytest.mark.parametrize("name", list(CONFIGURATIONS))
def test_oracle_counts_what_the_course_s_configurations_have(name):
    with torch.device("meta"):
        model = VGG(10, configuration=name, widths=WIDTHS, hidden_units=16, image_size=PAPERS[name].image_size)
    assert PAPERS[name].numbers == sum(each.numel() for each in model.parameters())


def test_configurations_are_written_as_in_the_paper():
    assert PUBLIC.configuration[:3] == ["conv3-2", "conv3-4", "maxpool"]
    assert PAPERS["C"].configuration.count("maxpool") == 5
    assert sum(step.startswith("conv1-") for step in PAPERS["C"].configuration) == 3


def test_every_weight_of_a_network_to_be_filled_has_a_size_of_its_own():
    assert PUBLIC.can_be_told_apart
    assert TO_DROP.can_be_told_apart
    assert not Network(((3, 4), (3, 4)), 4, 5, 6).can_be_told_apart


def test_stack_s_oracle_agrees_with_sums_by_hand():
    stack, inputs = Stack(2, 3, depth=1), draw_images(torch.Generator().manual_seed(0))
    images = images_for(stack, inputs)
    output = stack.output(images, size=1.0, bias=0.5)
    assert output.shape == stack.shape(images)
    torch.testing.assert_close(output[0, 1, 4, 4], images[0, :, 3:6, 3:6].mean() + 0.5)
    torch.testing.assert_close(output[0, 2, 0, 0], images[0, :, :2, :2].sum() / 18 + 0.5)


def test_pooling_by_the_mean_is_told_apart_from_the_largest_value_and_keeps_its_other_points():
    report = check("03-vgg-16", mean_pooling, part="make_vgg")
    assert "the poolings take the mean" in repr(report)
    assert report.points == 4


def test_shared_weights_and_missing_relus_are_two_different_faults():
    shared, linear = (
        {outcome.check.name for outcome in check("03-vgg-16", answer, part="conv_stack").outcomes if outcome.fault}
        for answer in (one_object_several_times, no_relu)
    )
    assert shared == {"every convolution has weights of its own"}
    assert linear == {"a ReLU after every convolution"}


def test_layers_in_any_order_and_weights_of_any_shape_are_accepted():
    assert check("03-vgg-16", Unfolded, part="conv_stack").passed


def test_unmended_stage_earns_nothing():
    assert check("03-vgg-16", StillBroken, part="MendedStage").points == 0


def test_checks_leave_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    check("03-vgg-16", network, part="make_vgg")
    assert torch.equal(torch.random.get_rng_state(), before)
