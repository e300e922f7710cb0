"""Counts agree with independent ones and leave the model as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from cnncourse import measure


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1, groups=1)
        self.norm = nn.BatchNorm2d(8)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 5)

    def forward(self, images):
        return self.head(self.pool(self.norm(self.conv(images))).flatten(1))


def test_parameters_with_and_without_running_statistics():
    counted = measure.parameters(Small())
    assert counted.trainable == (3 * 8 * 9 + 8) + 16 + (8 * 5 + 5)
    assert counted.with_running_stats == counted.trainable + 16


def test_shared_and_frozen_parameters():
    shared = nn.Linear(4, 4)
    frozen = nn.Linear(4, 4).requires_grad_(False)
    assert measure.parameters(nn.Sequential(shared, shared, frozen)).trainable == 20


def test_parameters_by_block_add_up():
    model = Small()
    blocks = measure.parameters_by_block(model)
    assert blocks == {"conv": 224, "norm": 16, "head": 45}
    assert sum(blocks.values()) == measure.parameters(model).trainable


def test_size_on_disk_is_nearly_that_of_a_saved_file(tmp_path):
    model = nn.Sequential(nn.Conv2d(16, 64, 3), nn.BatchNorm2d(64), nn.Flatten(), nn.Linear(64, 1000))
    torch.save(model.state_dict(), tmp_path / "model.pt")
    size = measure.size_on_disk(model)
    assert size < (tmp_path / "model.pt").stat().st_size < 1.05 * size


def test_activation_memory_counts_every_output_of_every_image():
    one = 4 * (8 * 4 * 4 + 8 * 4 * 4 + 8 + 5)
    assert measure.activation_memory(Small(), (3, 8, 8), batch_size=1) == one
    assert measure.activation_memory(Small(), (3, 8, 8), batch_size=7) == 7 * one


def test_multiply_adds_are_those_of_convolutions_and_linear_layers():
    assert measure.multiply_adds(Small(), (3, 8, 8)) == 4 * 4 * 8 * 27 + 8 * 5


def test_layers_add_up_to_the_whole():
    model = Small()
    table = measure.layers(model, (3, 8, 8)).layers
    assert [layer.name for layer in table] == ["conv", "norm", "pool", "head"]
    assert table[0].output_shape == (8, 4, 4)
    assert sum(layer.parameters for layer in table) == measure.parameters(model).trainable
    assert sum(layer.multiply_adds for layer in table) == measure.multiply_adds(model, (3, 8, 8))


def test_layer_called_twice_is_counted_once():
    shared = nn.Conv2d(2, 2, 1)
    table = measure.layers(nn.Sequential(shared, shared), (2, 4, 4)).layers
    assert [layer.parameters for layer in table] == [6, 0]


@pytest.mark.parametrize("count", [measure.multiply_adds, measure.layers])
def test_counting_leaves_model_mode_and_random_state_alone(count):
    model = Small()
    model.norm.eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    count(model, (3, 8, 8))
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    assert not model.norm.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert next(model.parameters()).device.type == "cpu"


def test_no_hook_stays_behind_when_counting_fails():
    model = Small()
    with pytest.raises(ValueError, match="does not take images of shape"):
        measure.layers(model, (4, 8, 8))
    assert not model.conv._forward_hooks
    assert measure.multiply_adds(model, (3, 8, 8)) > 0


def test_table_reads_as_text_and_html():
    table = measure.layers(Small(), (3, 8, 8))
    assert "8×4×4" in repr(table)
    assert "<td style=text-align:right>224</td>" in table._repr_html_()


def asks(question):
    class Asking(nn.Module):
        def forward(self, x):
            return x * question(x)

    return Asking()


VALUE = "it asks for the value of a number that depends on the image or on weights"
SHAPE_OF_RESULT = "it has a step whose result's shape torch knows only with the numbers in the image"
QUESTIONS = {
    "a condition": (lambda x: 1 if x.sum() > 0 else 2, VALUE),
    "a number": (lambda x: x.sum().item(), VALUE),
    "a list": (lambda x: x.tolist()[0], VALUE),
    "an array": (lambda x: np.ptp(x.numpy()), VALUE),
    "a choice": (lambda x: x[x > 0].sum(), SHAPE_OF_RESULT),
    "places": (lambda x: torch.nonzero(x).sum(), SHAPE_OF_RESULT),
    "different numbers": (lambda x: x.unique().sum(), SHAPE_OF_RESULT),
}


@pytest.mark.parametrize(("question", "reason"), QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(
    "measured", [measure.layers, measure.multiply_adds, measure.receptive_field], ids=lambda each: each.__name__
)
def test_network_that_depends_on_numbers_is_refused_with_its_line(measured, question, reason):
    with pytest.raises(ValueError, match=reason) as error:
        measured(asks(question), (3, 8, 8))
    assert "It stopped in <lambda>, line" in str(error.value)
    assert "of test_counts.py: " in str(error.value)
