"""A drawing shows what the code does, and nothing else."""

from xml.etree import ElementTree

import pytest
import torch
from torch import nn

from cnncourse.architectures import LeNet5
from cnncourse.architectures.lenet5.model import ModernLeNet5
from cnncourse.drawing import Picture, draw, image_grid


class Block(nn.Module):
    """Two branches and a shortcut."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.norm, self.relu = nn.BatchNorm2d(4), nn.ReLU()

    def forward(self, maps):
        return self.relu(self.norm(self.left(maps)) + self.right(maps) + maps)


@pytest.mark.parametrize("build", [LeNet5, ModernLeNet5])
def test_layers_are_those_of_the_network_in_order(build):
    drawing = draw(build(), (1, 32, 32))
    names = [box.name for box in drawing.boxes if box.kind.name != "sub-sampling"]
    assert names == ["input", "c1", "c3", "c5", "f6", "output"]


def test_shapes_and_activations_are_traced():
    boxes = {box.name: box for box in draw(LeNet5(), (1, 32, 32)).boxes}
    assert boxes["c3"].shape == (16, 10, 10)
    assert boxes["c3"].activation == "ScaledTanh"
    assert boxes["output"].activation == ""


def test_branches_and_shortcuts_keep_their_connections():
    boxes = draw(Block(), (4, 8, 8)).boxes
    fed_by = {box.name: {boxes[source].name for source in box.inputs} for box in boxes}
    assert fed_by == {
        "input": set(),
        "left": {"input"},
        "norm": {"left"},
        "right": {"input"},
        "add": {"norm", "right"},
        "add_1": {"add", "input"},
    }


@pytest.mark.parametrize(("model", "shape"), [(LeNet5(), (1, 32, 32)), (Block(), (4, 8, 8))])
def test_picture_is_well_formed_and_the_same_every_time(model, shape):
    svg = draw(model, shape).svg
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert "from left to right" in root.get("aria-label")
    assert svg == draw(model, shape).svg


def test_drawing_leaves_the_model_alone():
    model = Block().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    draw(model, (4, 8, 8))
    assert model.norm.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_model_that_cannot_be_traced_is_refused_with_a_reason():
    class Branching(nn.Module):
        def forward(self, images):
            return images if images.sum() > 0 else -images

    with pytest.raises(ValueError, match="Branching cannot be traced"):
        draw(Branching(), (1, 4, 4))


def test_pictures_carry_alternative_text():
    picture = image_grid(torch.randn(3, 4, 4), ["a", "b", "c"], "three random squares", columns=3, signed=True)
    assert isinstance(picture, Picture)
    content, metadata = picture._repr_mimebundle_()
    assert content["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == content["text/plain"] == "three random squares"
