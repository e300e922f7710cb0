"""What is particular to chapter 6's exercise."""

import pytest

from cnncourse import check
from cnncourse.architectures.resnet50.exercise import bottleneck
from cnncourse.architectures.resnet50.exercise.residual_block_mistakes import (
    Averaged,
    OnlyAdds,
    StrideInBoth,
    padded_by,
)
from cnncourse.architectures.resnet50.model import ResNet

from .answers import Net

CHAPTER = "06-resnet-50"


def test_the_paper_s_own_small_network_is_a_right_answer():
    def make_resnet(blocks, width, num_classes, shortcut):
        network = ResNet.small(num_classes, depth=6 * blocks[0] + 2, shortcuts=shortcut)
        return network if (blocks, width) == ([3, 3, 3], 16) else Net(blocks, width, num_classes, shortcut)

    assert check(CHAPTER, make_resnet).passed


@pytest.mark.slow
def test_each_bug_of_the_bottleneck_has_points_of_its_own():
    points = {
        each: check(CHAPTER, getattr(bottleneck, each), part="MendedBottleneck").points
        for each in ("StillBroken", "StillOnlyAdds", "StillShared")
    }
    assert points == {"StillBroken": 1, "StillOnlyAdds": 3, "StillShared": 3}


def test_maps_that_do_not_fit_are_told_in_plain_words_and_wrong_ones_are_drawn():
    assert "smaller twice" in repr(check(CHAPTER, StrideInBoth, part="BasicBlock"))
    report = check(CHAPTER, padded_by(Averaged), part="BasicBlock")
    (picture,) = [outcome.fault.picture for outcome in report.outcomes if outcome.fault]
    assert "numbers differ" in picture


@pytest.mark.slow
@pytest.mark.parametrize("block", [OnlyAdds])
def test_a_wrong_block_costs_once(block):
    names = {"__name__": "answers", "BasicBlock": block, "Net": Net}
    source = """
class OfOwnBlocks(Net):
    def make(self, *arguments):
        return BasicBlock(*arguments)

def make_resnet(*arguments):
    return OfOwnBlocks(*arguments)
"""
    exec(source, names)
    report = check(CHAPTER, names["make_resnet"])
    assert report.passed, report
    assert "the course's own BasicBlock" in repr(report)
