"""Any size of image and any option gives scores, or an error that says what is expected."""

import re

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnncourse import measure
from cnncourse.architectures import CATALOGUE
from cnncourse.architectures.inception_resnet_v2.model import InceptionResNetV2
from cnncourse.architectures.resnet50.model import ResNet
from cnncourse.architectures.resnext50.model import ResNeXt50
from cnncourse.architectures.vgg16.model import VGG
from cnncourse.measure.shadow import run_on_meta
from tests.architectures.shapes import on_meta

every_network = pytest.mark.parametrize("record", CATALOGUE, ids=lambda record: record.slug)
EXPECTED = re.compile(
    r"expects a batch of images of shape \(N, \d, (?:(\d+), \1\)|height, width\) with .* of (\d+) or)"
)


def said_size(model, channels):
    """Return the size that a network asks for when it gets an image of no pixels, and whether it is the only one."""
    with pytest.raises(ValueError, match=EXPECTED) as error:
        run_on_meta(model, (channels, 0, 0))
    only, smallest = EXPECTED.search(str(error.value)).groups()
    return int(only or smallest), only is not None


@every_network
@pytest.mark.parametrize("small", [False, True], ids=["as published", "small form"])
def test_every_image_gives_scores_or_an_error_that_names_a_size_that_does(record, small):
    model = on_meta(record.small if small else record.build, num_classes=7)
    channels = record.input_shape[0]
    size, is_only = said_size(model, channels)

    @settings(max_examples=12)
    @given(st.integers(1, 400), st.integers(1, 400))
    @example(size, size)
    @example(size - 1, size + 40)
    def holds(height, width):
        fits = (height, width) == (size, size) if is_only else min(height, width) >= size
        if fits:
            assert run_on_meta(model, (channels, height, width)).shape == (1, 7)
        else:
            with pytest.raises(ValueError, match=EXPECTED):
                run_on_meta(model, (channels, height, width))

    holds()


@every_network
def test_no_smaller_image_than_the_smallest_would_pass(record):
    model = on_meta(record.build)
    size, is_only = said_size(model, record.input_shape[0])
    model._forward_pre_hooks.clear()  # the check itself
    if not is_only and size > 1:
        with pytest.raises(RuntimeError):
            model(torch.empty(1, record.input_shape[0], size - 1, size - 1, device="meta"))


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(1, 10), st.integers(1, 5), st.sampled_from(CATALOGUE))
def test_any_number_of_classes_and_channels_gives_that_many_scores(num_classes, in_channels, record):
    model = on_meta(record.build, num_classes=num_classes, in_channels=in_channels)
    assert run_on_meta(model, (in_channels, *record.input_shape[1:])).shape == (1, num_classes)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.sampled_from([18, 34, 50, 101, 152]), st.sampled_from("ABC"))
def test_shortcut_options_cost_what_the_paper_says(depth, shortcuts):
    model = on_meta(ResNet, depth=depth, shortcuts=shortcuts)
    plain = on_meta(ResNet, depth=depth, shortcuts="none")
    extra = measure.parameters(model).trainable - measure.parameters(plain).trainable
    assert measure.depth(model).weight_layers == depth
    assert (extra == 0) == (shortcuts == "A")  # option A has no parameters (section 3.3)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 4, 8]))
def test_forms_of_a_resnext_have_the_same_parameters(cardinality, width):
    counted = {
        measure.parameters(on_meta(ResNeXt50, cardinality=cardinality, width_per_path=width, form=form)).trainable
        for form in ("a", "b", "c")
    }
    assert len(counted) == 1


@settings(max_examples=10)
@given(st.sampled_from("ABCDE"), st.sampled_from([32, 64, 96, 224]))
def test_a_vgg_takes_any_multiple_of_its_five_poolings(configuration, size):
    model = on_meta(VGG, configuration=configuration, image_size=size)
    assert run_on_meta(model, (3, size, size)).shape == (1, 1000)


@pytest.mark.slow
def test_residual_scales_cost_nothing():
    published = on_meta(InceptionResNetV2)
    parameters, multiply_adds = measure.parameters(published), measure.multiply_adds(published, (3, 299, 299))

    @settings(max_examples=5)
    @given(st.tuples(*[st.floats(0, 1)] * 3))
    def holds(scales):
        scaled = on_meta(InceptionResNetV2, residual_scales=scales)
        assert measure.parameters(scaled) == parameters
        assert measure.multiply_adds(scaled, (3, 299, 299)) == multiply_adds

    holds()
