"""Depth and receptive field agree with hand counts and with what changing pixels shows."""

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from cnncourse import measure
from cnncourse.architectures import LeNet5


class Branched(nn.Module):
    """A long and a short way from image to scores."""

    def __init__(self):
        super().__init__()
        self.long = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, (1, 5), padding=(0, 2)))
        self.short = nn.Conv2d(3, 4, 1)
        self.pool, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(4, 2)
        self.dropout = nn.Dropout()

    def forward(self, images):
        merged = self.long(images) + self.short(images)
        return self.head(self.dropout(self.pool(merged).flatten(1)))


def test_depth_is_that_of_the_longest_way():
    assert measure.depth(Branched()) == measure.Depth(weight_layers=3, longest_path=7)


def test_depth_of_lenet_5():
    # C1, C3, C5, F6 have weights; S2, S4, the output, six squashings and the input come on top.
    assert measure.depth(LeNet5()) == measure.Depth(weight_layers=4, longest_path=14)


def test_receptive_field_of_lenet_5_is_the_whole_picture_at_c5():
    fields = measure.receptive_field(LeNet5(), (1, 32, 32))
    assert [field.size[0] for field in fields] == [5, 6, 14, 16, 32]
    assert [field.stride[0] for field in fields] == [1, 2, 2, 4, 4]


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 3, padding=1)],
        [nn.Conv2d(1, 1, 7, stride=2), nn.MaxPool2d(3, 2), nn.Conv2d(1, 1, (1, 3))],
        [nn.Conv2d(1, 1, 3, dilation=2), nn.AvgPool2d(2)],
    ],
    ids=["two 3×3", "strides and pooling", "dilation"],
)
def test_receptive_field_is_every_pixel_that_matters(layers):
    model = nn.Sequential(*layers)
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.ones_(layer.weight)
    image = torch.rand(1, 1, 41, 41, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        output = model(image)
        row, column = (side // 2 for side in output.shape[2:])
        touched = torch.zeros(41, 41, dtype=torch.bool)
        for place in range(41 * 41):
            brighter = image.clone()
            brighter.view(-1)[place] += 100  # so much that it is the largest of any pooling window
            touched.view(-1)[place] = model(brighter)[0, 0, row, column] != output[0, 0, row, column]
    seen = touched.nonzero()
    footprint = tuple((seen.max(dim=0).values - seen.min(dim=0).values + 1).tolist())
    (*_, last) = measure.receptive_field(model, (1, 41, 41))
    assert last.size == footprint


def test_branches_meet_with_the_larger_field():
    fields = {field.name: field.size for field in measure.receptive_field(Branched(), (3, 8, 8))}
    assert fields == {"long.0": (3, 3), "long.2": (3, 7), "short": (1, 1)}


def test_measuring_leaves_model_and_random_state_alone():
    model = Branched()
    state = torch.get_rng_state()
    measure.depth(model)
    measure.receptive_field(model, (3, 8, 8))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(module.training for module in model.modules())


def test_networks_on_the_meta_device_can_be_measured():
    with torch.device("meta"):
        model = Branched()
    assert measure.depth(model).weight_layers == 3
    assert len(measure.receptive_field(model, (3, 8, 8))) == 3
    assert measure.multiply_adds(model, (3, 8, 8)) > 0


def test_longest_path_lists_what_depth_counts():
    model = Branched()
    path = measure.longest_path(model)
    assert len(path) == measure.depth(model).longest_path
    kinds = [layer if isinstance(layer, str) else type(layer).__name__ for layer in path]
    assert kinds == ["images", "Conv2d", "ReLU", "Conv2d", "add", "AdaptiveAvgPool2d", "Linear"]


def test_field_by_call_follows_each_call_and_is_the_whole_image_behind_global_pooling():
    layer = nn.Conv2d(3, 3, 3, padding=1)
    model = nn.Sequential(layer, nn.MaxPool2d(2), layer, nn.AdaptiveAvgPool2d(1))
    found = measure.receptive_field_by_call(model, (3, 16, 16))
    assert {name: field.size for name, field in found.items()} == {
        "0": (3, 3),
        "1": (4, 4),
        "0@1": (8, 8),
        "3": (16, 16),
    }
    assert found["3"].stride == (0, 0)


class Scale(nn.Module):
    """A layer of one's own that multiplies by its weight."""

    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape))

    def forward(self, x):
        return x * self.weight


@pytest.mark.parametrize(
    ("layer", "depth"),
    [
        (lambda: nn.utils.weight_norm(nn.Conv2d(3, 3, 1)), 1),
        (lambda: nn.utils.spectral_norm(nn.Conv2d(3, 3, 1)), 1),
        (lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 3, 1)), 1),
        (lambda: prune.l1_unstructured(nn.Conv2d(3, 3, 1), "weight", 0.5), 1),
        (lambda: nn.GroupNorm(1, 3), 0),
        (lambda: nn.PReLU(3), 0),
        (lambda: Scale(3, 1, 1), 0),
        (lambda: Scale(1, 3, 1, 1), 0),
        (lambda: Scale(8, 8), 1),
        (lambda: Scale(1, 8), 1),
    ],
)
def test_layers_with_weights_count_however_their_weights_are_kept(layer, depth):
    assert measure.depth(nn.Sequential(nn.Conv2d(3, 3, 1), layer())).weight_layers == 1 + depth
