"""What is changed in place is read by what comes after, whatever name or view it was changed by."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.drawing import draw

IMAGE = (3, 8, 8)


class Net(nn.Module):
    """A convolution, and what is done to its maps."""

    def __init__(self, change):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True)
        self.change = change

    def forward(self, image):
        return self.change(self, self.conv(image))


def then(*steps):
    """Do steps one after the other, and return the maps themselves, by the name that they had before."""

    def change(net, maps):
        for step in steps:
            step(net, maps)
        return maps

    return change


def doubled(net, maps):
    net.relu(maps[:, :2])
    return maps * 2


def doubled_into(net, maps):
    new = torch.empty_like(maps)
    torch.mul(maps, 2, out=new)
    return new


def half_into(net, maps):
    torch.mul(maps[:, 2:], 2, out=maps[:, :2])
    return maps


def first_half_by_second(net, maps):
    first, second = maps.chunk(2, 1)
    first.mul_(second)
    return maps, second


BRANCHES = "2 branches with a shortcut that meet in "


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (then(lambda net, maps: maps.relu_()), "4 and ReLU"),
        (then(lambda net, maps: F.relu(maps, inplace=True)), "4 and ReLU"),
        (then(lambda net, maps: net.relu(maps)), "4 and ReLU"),
        (then(lambda net, maps: torch.relu_(maps)), "4 and ReLU"),
        (then(lambda net, maps: maps.data.relu_()), "4 and ReLU"),
        (then(lambda net, maps: maps.view(4, -1).clamp_(0, 1)), "4, clamp"),
        (then(lambda net, maps: maps.relu_(), lambda net, maps: maps.clamp_(0, 1)), "4 and ReLU, clamp"),
        (then(lambda net, maps: maps.add_(maps.tanh())), f"4, {BRANCHES}“add”"),
        (then(lambda net, maps: maps[:, 0].copy_(maps[:, 1])), f"4, {BRANCHES}“write [:, 0]”"),
        (then(lambda net, maps: maps.transpose(2, 3)[..., 0].zero_()), f"4, {BRANCHES}“write […]”"),
        (doubled, f"4, {BRANCHES}“write [:, :2]”, ×2"),
        (doubled_into, f"4, {BRANCHES}“multiply”"),
        (half_into, "meet in “write [:, :2]”"),
        (first_half_by_second, f"4, {BRANCHES}“write […]”"),
    ],
)
def test_maps_changed_in_place_are_what_comes_after(change, said):
    words = str(draw(Net(change), IMAGE))
    assert said in words
    assert "side branch" not in words


def test_a_part_that_was_not_changed_stays_what_it_was():
    words = str(draw(Net(first_half_by_second), IMAGE))
    assert words.count("write") == 1  # the whole is another, its second half is not


@pytest.mark.parametrize("make", [torch.Tensor, torch.FloatTensor])
def test_tensor_made_by_its_class_is_told_with_its_line(make):
    # Torch's C code would look for the memory of what stands for maps, and the kernel with all that it holds be gone.
    net = Net(lambda net, maps: make(maps))
    with pytest.raises(ValueError, match=r"(?s)by its class.*make\(maps\)"):
        draw(net, IMAGE)


def test_network_that_asks_what_its_maps_are_is_drawn_as_it_answers():
    def by_kind(net, maps):
        match maps:
            case torch.Tensor() if maps.shape[1] == 4:
                return net.relu(maps)
        return maps[:, :1]

    net = Net(by_kind)
    assert "4 and ReLU" in str(draw(net, IMAGE))


def test_inside_inference_mode_it_is_the_same():
    net = Net(then(lambda net, maps: maps.relu_()))
    with torch.inference_mode():
        inside = str(draw(net, IMAGE))
    assert inside == str(draw(net, IMAGE))


def test_where_no_numbers_are_made_it_is_told_as_well():
    with torch.device("meta"):
        assert "4 and ReLU" in str(draw(Net(then(lambda net, maps: maps.relu_())), IMAGE))
