"""What is particular to chapter 3's exercise."""

from cnncourse import check
from cnncourse.architectures.vgg16.exercise.network_mistakes import network
from cnncourse.architectures.vgg16.exercise.stage_mistakes import FirstStillLinear, StillBroken, StillShared
from cnncourse.architectures.vgg16.model import VGG16
from tests.architectures.shapes import on_meta


def test_reference_has_as_many_parameters_as_the_course_s_network():
    column = [["conv3-64"] * 2, ["conv3-128"] * 2, ["conv3-256"] * 3, ["conv3-512"] * 3, ["conv3-512"] * 3]
    configuration = [step for stage in column for step in (*stage, "maxpool")]
    own = on_meta(lambda: network(configuration, 224, 4096, 1000))
    assert sum(each.numel() for each in own.parameters()) == sum(each.numel() for each in on_meta(VGG16).parameters())


def test_each_bug_of_the_stage_has_points_of_its_own():
    points = [
        check("03-vgg-16", each, part="MendedStage").points for each in (StillBroken, StillShared, FirstStillLinear)
    ]
    assert points == [1, 3, 3]
