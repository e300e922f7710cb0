"""The fast forms of a network give the same scores."""

import pytest
import torch

from cnncourse.architectures import CATALOGUE
from cnncourse.training import channels_last, for_inference, seeded


def network_with_statistics(record):
    """Build a small form whose batch normalisation has seen images, so that there is something to fold."""
    with seeded(0):
        model, images = record.small(), torch.randn(8, record.input_shape[0], 32, 32)
        with torch.no_grad():
            model.train()(images)
    return model, images


@pytest.mark.parametrize("record", CATALOGUE, ids=lambda record: record.slug)
def test_fast_forms_give_the_same_scores(record):
    model, images = network_with_statistics(record)
    fast = for_inference(model)
    expected = model.eval()(images)
    laid_out = images.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(fast(laid_out), expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(channels_last(model)(laid_out), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_no_batch_normalisation_is_left_for_inference_and_the_model_keeps_its_own():
    model, _ = network_with_statistics(next(record for record in CATALOGUE if record.slug == "resnet-50"))
    kinds = [type(module).__name__ for module in for_inference(model).modules()]
    assert "BatchNorm2d" not in kinds
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in model.modules())
    assert model.training
