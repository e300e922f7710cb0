"""What is particular to chapter 7's exercise: the steps that mistakes change, and a mend that counts bug by bug."""

import pytest
import torch

from cnncourse.architectures.xception.exercise import modules
from cnncourse.architectures.xception.exercise.mended_module import CARRIES, MENDED_MODULE, OWN, StillBroken, middle
from cnncourse.architectures.xception.exercise.separable_convolution_mistakes import PointwiseFirst, Separable
from cnncourse.architectures.xception.exercise.xception_module import XCEPTION_MODULE, of_the_course
from cnncourse.architectures.xception.model import SeparableConv2d
from cnncourse.checking import judge


def test_separable_convolution_in_steps_is_the_course_s_own():
    steps, own = Separable(3, 5), SeparableConv2d(3, 5)
    own.load_state_dict(steps.state_dict())
    maps = torch.randn(2, 3, 7, 8)
    torch.testing.assert_close(steps(maps), own(maps))


def test_course_s_own_module_passes():
    assert judge(XCEPTION_MODULE, of_the_course, 1, at_grading=True).passed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mended", "lost"),
    [
        (StillBroken, {OWN, CARRIES, "all else as it was"}),
        (modules.InPlace, {CARRIES}),
        (modules.PointwiseStepFirst, {OWN}),
    ],
)
def test_each_bug_of_the_module_has_points_of_its_own(mended, lost):
    report = judge(MENDED_MODULE, middle(mended))
    assert {outcome.check.name for outcome in report.outcomes if outcome.fault} == lost


@pytest.mark.parametrize("seed", range(20))
def test_drawn_modules_have_both_kinds_of_shortcut(seed):
    cases = XCEPTION_MODULE.draw(torch.Generator().manual_seed(seed))
    assert [case.arguments[3] for case in cases] == [True, False]
    assert cases[1].arguments[0] == cases[1].arguments[1][-1]


@pytest.mark.slow
def test_wrong_step_costs_once_in_a_module_of_the_learner_s_own():
    namespace = {"Module": modules.Module, "SeparableConv2d": PointwiseFirst}
    exec(OF_OWN_STEPS, namespace)
    report = judge(XCEPTION_MODULE, namespace["XceptionModule"])
    assert report.passed
    assert "the course's own SeparableConv2d" in repr(report)


OF_OWN_STEPS = """
class XceptionModule(Module):
    def __init__(self, in_channels, filters, leading_relu=True, downsample=False):
        self.separable = lambda *sizes: SeparableConv2d(*sizes)
        super().__init__(in_channels, filters, leading_relu, downsample)
"""
