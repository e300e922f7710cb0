"""A network and the one that is built from its blueprint are the same; what is no blueprint is refused, never run."""

import json

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import measure
from cnncourse.architectures import CATALOGUE
from cnncourse.capstone import Blueprint, BlueprintError
from cnncourse.training import seeded

# LeNet-5 of 1998 has coefficients of its own, outside all layers.
WRITABLE = [record for record in CATALOGUE if record.slug != "lenet-5"]


class Branches(nn.Module):
    """A bit of everything that a forward may do."""

    def __init__(self):
        super().__init__()
        self.names = nn.Conv2d(3, 4, 3, padding="same", bias=False)
        self.steps = nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.last = nn.Linear(10, 10)

    def forward(self, images):
        maps = self.steps(self.names(images))
        left, right = maps.chunk(2, dim=1)
        maps = torch.cat([left + 0.1 * right, F.relu(maps, inplace=True)], 1)
        maps += F.pad(maps[:, :, ::2, ::2], (8, 8, 8, 8))
        joined = torch.cat((maps, maps[:, :4].sigmoid() - 1), dim=1)
        return self.last(torch.flatten(F.adaptive_avg_pool2d(joined, 1), 1))


def same(model, built, shape):
    built.load_state_dict(dict(zip(built.state_dict(), model.state_dict().values(), strict=True)))
    images = torch.rand(2, *shape)
    return torch.equal(model.eval()(images), built.eval()(images))


@pytest.mark.parametrize("record", WRITABLE, ids=lambda record: record.slug)
def test_networks_of_the_course_are_built_again_from_text(record):
    with torch.device("meta"):
        model = record.build()
        built = Blueprint.from_json(Blueprint.of(model).to_json()).build()
    assert measure.parameters(built) == measure.parameters(model)
    assert measure.multiply_adds(built, record.input_shape) == measure.multiply_adds(model, record.input_shape)


def test_what_is_built_computes_the_same():
    with seeded(0):
        model = Branches()
    assert same(model, Blueprint.from_json(Blueprint.of(model).to_json()).build(), (3, 32, 32))


def test_same_network_gives_the_same_text_and_so_does_what_was_built_from_it():
    text = Blueprint.of(Branches()).to_json()
    assert Blueprint.of(Branches()).to_json() == text
    built = Blueprint.from_json(text).build()
    assert Blueprint.of(built).to_json() == Blueprint.of(Blueprint.of(built).build()).to_json()


def test_a_layer_that_is_used_twice_has_one_set_of_weights():
    layer = nn.Conv2d(3, 3, 1)
    built = Blueprint.of(nn.Sequential(layer, nn.ReLU(), layer)).build()
    assert measure.parameters(built).trainable == 12


class Forward(nn.Module):
    """A network whose forward is given."""

    def __init__(self, forward):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 1, 1))
        self.given = forward

    def forward(self, images):
        return self.given(self, images)


@pytest.mark.parametrize(
    ("forward", "said"),
    [
        (lambda _self, images: F.dropout(images), "use nn.Dropout"),
        (lambda self, images: F.conv2d(images, self.weight), "only layers can have numbers"),
        (lambda _self, images: images.view(-1, 10), "use torch.flatten"),
        (lambda _self, images: torch.linalg.inv(images), "cannot be written down"),
        (lambda _self, images: images if images.sum() > 0 else -images, "cannot be traced"),
    ],
    ids=["function dropout", "own parameter", "view", "another function", "depends on the numbers"],
)
def test_what_cannot_be_written_down_is_refused_with_what_to_do(forward, said):
    with pytest.raises(BlueprintError, match=said):
        Blueprint.of(Forward(forward))


@pytest.mark.parametrize(
    ("layer", "said"), [(nn.LSTM(3, 3), "LSTM"), (nn.Transformer(8, 1, 1, 1), "Transformer"), (3, "expected a network")]
)
def test_layers_that_are_not_in_the_list_are_refused(layer, said):
    with pytest.raises(BlueprintError, match=said):
        Blueprint.of(nn.Sequential(layer) if isinstance(layer, nn.Module) else layer)


IMAGES, OUTPUT = ["images", "", [], {}], ["output", "", [{"step": 0}], {}]


def text_of(layers=(), steps=(IMAGES, OUTPUT), **others):
    return json.dumps({"format": 1, "layers": list(layers), "steps": list(steps)} | others)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[" * 100_000,
        "x" * 2_000_000,
        text_of(format=2),
        text_of(steps=()),
        text_of(steps=[IMAGES]),
        text_of(steps=[IMAGES] * 5000 + [OUTPUT]),
        text_of(layers=[["a", "Transformer", {}]]),
        text_of(layers=[["a", "Conv2d", {"in_channels": 10**12, "out_channels": 3, "kernel_size": 1}]]),
        text_of(layers=[["a", "Conv2d", {"surprise": 1}]]),
        text_of(layers=[["a b", "ReLU", {}]]),
        text_of(layers=[["a", "ReLU", {}], ["a", "ReLU", {}]]),
        text_of(layers=[["a", "ReLU", {}], ["a.b", "ReLU", {}]]),
        text_of(steps=[IMAGES, ["function", "__import__", ["os"], {}], OUTPUT]),
        text_of(steps=[IMAGES, ["method", "numpy", [{"step": 0}], {}], OUTPUT]),
        text_of(steps=[IMAGES, ["method", "__class__", [{"step": 0}], {}], OUTPUT]),
        text_of(steps=[IMAGES, ["layer", "forward", [{"step": 0}], {}], OUTPUT]),
        text_of(steps=[["function", "relu", [{"step": 1}], {}], IMAGES, OUTPUT]),
        text_of(steps=[IMAGES, ["function", "relu", [{"step": True}], {}], OUTPUT]),
        text_of(steps=[IMAGES, ["function", "pad", [{"step": 0}, [10**9, 0]], {}], OUTPUT]),
        text_of(steps=[IMAGES, ["function", "multiply", ["x" * 1000, 1000], {}], OUTPUT]),
    ],
)
def test_what_is_no_blueprint_is_refused(text):
    with pytest.raises(BlueprintError):
        Blueprint.from_json(text).build()


def test_a_step_that_gives_no_feature_maps_stops_the_network():
    network = Blueprint.from_json(text_of(steps=[IMAGES, ["function", "multiply", [[0], 9], {}], OUTPUT])).build()
    with pytest.raises(BlueprintError, match="no feature map"):
        network(torch.zeros(1))


class InAList(nn.Module):
    """Layers where PyTorch does not find them."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Conv2d(3, 3, 1)]

    def forward(self, images):
        return self.layers[0](images)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (InAList(), "nn.ModuleList"),
        (Forward(lambda _self, images: nn.Conv2d(3, 3, 1)(images)), "make layers in __init__"),
        (Forward(lambda _self, _images: None), "is a return missing"),
        (Forward(lambda _self, images: (images, images)), "several things"),
        (Forward(lambda self, images: images + 1 if self.training else images), "other steps in training"),
        (Forward(lambda _self, images: images.shape), "their shape"),
    ],
    ids=["plain list", "made in forward", "no return", "two outputs", "depends on the mode", "shape"],
)
def test_usual_slips_are_told_in_the_course_s_own_words(network, said):
    with pytest.raises(BlueprintError, match=said):
        Blueprint.of(network)
