"""What is particular to the appendix's exercise."""

from cnncourse import check
from cnncourse.architectures.network_in_network.exercise.mended_network_mistakes import (
    StillBroken,
    StillInOneCorner,
    StillLinear,
)

from .answers import LazyMlpconv


def test_each_bug_of_the_network_has_points_of_its_own():
    points = [
        check("appendix-network-in-network", each, part="MendedNetwork").points
        for each in (StillBroken, StillInOneCorner, StillLinear)
    ]
    assert points == [0, 1, 3]


def test_lazy_layers_are_right():
    assert check("appendix-network-in-network", LazyMlpconv, part="MLPConv").passed
