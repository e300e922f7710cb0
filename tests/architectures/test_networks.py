"""What must be true of every network of the catalogue."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse import measure
from cnncourse.architectures import CATALOGUE, architecture
from cnncourse.training import seeded
from tests.architectures.shapes import on_meta

every_network = pytest.mark.parametrize("record", CATALOGUE, ids=lambda record: record.slug)


def small_network(record, batch=2):
    """Build a network's form for small images, with a batch of them."""
    with seeded(0):
        return record.small(), torch.randn(batch, record.input_shape[0], 32, 32)


@every_network
@pytest.mark.parametrize("batch", [1, 2])
def test_every_variant_gives_one_score_a_class(record, batch):
    for variant in (None, *record.variants):
        model = on_meta(record.build, num_classes=7, variant=variant)
        images = torch.zeros(batch, *variant_input_shape(record, model), device="meta")
        assert model(images).shape == (batch, 7), variant


def variant_input_shape(record, model):
    """Return the record's input shape, or the size that a variant asks for in its error."""
    channels, height, width = record.input_shape
    try:
        model(torch.zeros(1, channels, height, width, device="meta"))
    except ValueError as error:
        side = int(str(error).partition("(N, ")[2].split(",")[1])
        return channels, side, side
    return record.input_shape


@every_network
def test_other_channels_are_refused_with_what_is_expected(record):
    model = on_meta(record.build)
    channels, height, width = record.input_shape
    with pytest.raises(ValueError, match=rf"expects a batch of images of shape \(N, {channels}, "):
        model(torch.zeros(1, channels + 1, height, width, device="meta"))


@every_network
def test_other_channels_can_be_asked_for(record):
    _, height, width = record.input_shape
    model = on_meta(record.build, in_channels=2, num_classes=3)
    assert model(torch.zeros(1, 2, height, width, device="meta")).shape == (1, 3)


@every_network
def test_gradient_reaches_every_parameter_of_the_small_form(record):
    model, images = small_network(record, batch=8)
    F.cross_entropy(model.train()(images), torch.arange(8)).backward()
    without = [name for name, parameter in model.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert without == []


@every_network
def test_evaluation_is_deterministic_and_leaves_the_images_alone(record):
    model, images = small_network(record)
    before = images.clone()
    model.eval()
    assert torch.equal(model(images), model(images))
    assert torch.equal(images, before)


@every_network
def test_traces_of_fx_and_export_give_the_same_scores(record):
    model, images = small_network(record)
    expected = model.eval()(images)
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(images), expected)
    torch.testing.assert_close(torch.export.export(model, (images,), strict=False).module()(images), expected)


@every_network
def test_full_network_can_be_traced_and_exported_for_any_batch(record):
    model = on_meta(record.build)
    images = torch.empty(2, *record.input_shape, device="meta")
    scores = model(images)
    exported = torch.export.export(model, (images,), dynamic_shapes=({0: torch.export.Dim("batch")},), strict=False)
    for traced in (torch.fx.symbolic_trace(model), exported.module()):
        assert traced(torch.empty(5, *record.input_shape, device="meta")).shape == (5, *scores.shape[1:])


@every_network
def test_multiply_adds_are_half_of_torchs_floating_point_operations(record):
    from torch.utils.flop_counter import FlopCounterMode

    model, images = small_network(record, batch=1)
    with FlopCounterMode(display=False) as counter:
        model.eval()(images)
    assert 2 * measure.multiply_adds(model, tuple(images.shape[1:])) == counter.get_total_flops()


@every_network
def test_network_can_be_drawn_and_measured_without_weights(record):
    model = on_meta(record.build)
    depth = measure.depth(model, record.input_shape)
    assert 0 < depth.weight_layers < depth.longest_path
    fields = measure.receptive_field(model, record.input_shape)
    assert max(field.size[0] for field in fields) > 20


@pytest.mark.parametrize(("slug", "layers"), [("inception-v3", 159), ("inception-resnet-v2", 572)])
def test_longest_path_is_the_depth_that_keras_documented(slug, layers):
    # Keras' table of 2019, which the article copies; for VGG-16 and Xception it takes two of our layers for one.
    assert measure.depth(on_meta(architecture(slug).build)).longest_path == layers
