"""What is particular to chapter 4's exercise."""

from cnncourse import check
from cnncourse.architectures.inception_v1.exercise.two_heads_mistakes import StillBroken, StillCutOff, StillTwoVoices


def test_each_bug_of_the_network_has_points_of_its_own():
    points = [
        check("04-inception-v1", each, part="MendedHeads").points for each in (StillBroken, StillCutOff, StillTwoVoices)
    ]
    assert points == [1, 2, 3]
