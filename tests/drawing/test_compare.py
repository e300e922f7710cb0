"""Two drawings beside each other: what the second has and the first has not is marked."""

import re

import pytest
import torch
from torch import nn

from cnncourse.architectures.lenet5.model import LeNet5, ModernLeNet5
from cnncourse.architectures.resnet50.model import BasicBlock, Bottleneck
from cnncourse.architectures.resnext50.model import AggregatedBlock
from cnncourse.drawing import draw, draw_side_by_side
from cnncourse.drawing.compare import WIDEST
from cnncourse.drawing.palette import NEW

SHAPE = (64, 14, 14)


def test_shortcut_is_what_a_residual_block_adds():
    plain = draw(BasicBlock(64, 64, shortcut="none"), SHAPE, "plain")
    residual = draw(BasicBlock(64, 64), SHAPE, "residual")
    both = draw_side_by_side(plain, residual)
    assert both.new == ("add",)
    assert both.svg.count(f'stroke="{NEW}"') == 3  # the join, the shortcut, and the legend
    assert "New on the right: add." in both.alternative_text


def test_grouped_convolution_is_what_resnext_adds():
    before = draw(Bottleneck(64, 16), SHAPE, "ResNet")
    after = draw(AggregatedBlock(64, 16, cardinality=8, path_width=4), SHAPE, "ResNeXt")
    assert draw_side_by_side(before, after).new == ("3×3 conv, 32, 8 groups",)


def test_more_channels_alone_are_not_new():
    before, after = (draw(nn.Sequential(nn.Conv2d(64, width, 3)), SHAPE) for width in (8, 128))
    both = draw_side_by_side(before, after)
    assert both.new == ()
    assert NEW not in both.svg
    assert "Nothing is new" in both.alternative_text


def test_counterparts_are_found_by_name_where_there_is_one():
    before, after = (draw(build(), (1, 32, 32)) for build in (LeNet5, ModernLeNet5))
    both = draw_side_by_side(before, after)
    boxes = [words for words in both.new if "behind" not in words]
    assert boxes == ["2×2 max pool /2", "5×5 conv, 16", "2×2 max pool /2", "FC, 120", "FC, 10"]  # F6 is not new
    assert "ReLU behind FC, 84" in both.new


def test_activation_that_the_first_lacks_is_marked():
    plain, active = nn.Conv2d(4, 4, 3), nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU())
    both = draw_side_by_side(draw(nn.Sequential(plain), (4, 8, 8)), draw(active, (4, 8, 8)))
    assert both.new == ("ReLU behind 3×3 conv, 4",)
    assert both.svg.count(f'stroke="{NEW}"') == 2  # the letter in the box, and the legend


def test_picture_is_steady_and_can_be_saved(tmp_path):
    drawing = draw(BasicBlock(64, 64), SHAPE)
    both = draw_side_by_side(drawing, drawing)
    assert both.svg == draw_side_by_side(drawing, draw(BasicBlock(64, 64), SHAPE)).svg
    both.save(tmp_path / "both.svg")
    assert (tmp_path / "both.svg").read_text(encoding="utf-8") == both.svg + "\n"


def test_words_name_all_that_the_picture_marks():
    def stack(*behind, groups=32):
        return draw(nn.Sequential(nn.Conv2d(64, 64, 3, groups=groups), *behind, nn.MaxPool2d(2)), (64, 16, 16))

    plain = stack(nn.ReLU())
    assert draw_side_by_side(plain, stack(nn.BatchNorm2d(64), nn.ReLU())).new == (
        "batch norm behind 3×3 conv, 64, 32 groups",
    )
    assert draw_side_by_side(plain, stack(nn.ReLU(), groups=8)).new == ("3×3 conv, 64, 8 groups",)
    assert draw_side_by_side(plain, plain).alternative_text.endswith("Nothing is new on the right.")


class Branches(nn.Module):
    """Convolutions side by side, so that the picture is as wide as there are many."""

    def __init__(self, number):
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(64, 16 * width, 3, padding=1) for width in range(2, number + 2))

    def forward(self, maps):
        return torch.cat([branch(maps) for branch in self.branches], 1)


@pytest.mark.parametrize("number", [1, 2, 4, 6, 8])
def test_two_that_are_wide_stand_one_below_the_other(number):
    one, other = draw(Branches(number), SHAPE, "one"), draw(Branches(number + 1), SHAPE, "other")
    both = draw_side_by_side(one, other)
    wide, high = sizes(both.svg)
    alone = [sizes(each.svg) for each in (one, other)]
    is_beside = high < 1.3 * max(height for _, height in alone)
    assert ("Beside it" in both.alternative_text) == ("on the right" in both.alternative_text) == is_beside
    assert wide <= WIDEST + 100 or not is_beside
    assert both.svg.count(">3×3 conv, ") == 2 * number + 1


def sizes(svg):
    return [float(each) for each in re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups()]
