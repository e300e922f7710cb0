"""What no misconception explains is told by what the notes prove, whatever the exercise."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.checking import Case, Check, Part, diagnosis, images, judge
from tests.checking.toy import HINTS


class Two(nn.Module):
    """The reference: two convolutions of equal shape, a batch normalisation, a ReLU."""

    def __init__(self, channels):
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        self.norm = self.normalisation(channels)

    def normalisation(self, channels):
        return nn.BatchNorm2d(channels)

    def convolved(self, maps):
        return self.second(self.first(maps))

    def forward(self, maps):
        return torch.relu(self.norm(self.convolved(maps)))


class InputCut(Two):
    def convolved(self, maps):
        return super().convolved(maps.detach())


class CutBetween(Two):
    def convolved(self, maps):
        return self.second(self.first(maps).detach())


class CutInEvaluation(Two):
    def convolved(self, maps):
        return super().convolved(maps if self.training else maps.detach())


class OneForBoth(Two):
    def __init__(self, channels):
        super().__init__(channels)
        self.second = self.first


class MadeAndNotUsed(Two):
    def convolved(self, maps):
        return self.first(self.first(maps))


class OneTooMany(Two):
    def __init__(self, channels):
        super().__init__(channels)
        self.third = nn.Conv2d(channels, channels, 1)


class ByTheBatch(Two):
    def normalisation(self, channels):
        return nn.BatchNorm2d(channels, track_running_stats=False)


class Frozen(Two):
    def forward(self, maps):
        norm = self.norm
        if self.training:
            return torch.relu(F.batch_norm(self.convolved(maps), None, None, norm.weight, norm.bias, training=True))
        return super().forward(maps)


class DroppedInEvaluation(Two):
    def forward(self, maps):
        return super().forward(maps) if self.training else F.dropout(super().forward(maps), 0.5)


class WithoutReluInEvaluation(Two):
    def forward(self, maps):
        return super().forward(maps) if self.training else self.norm(self.convolved(maps))


class Spoils(Two):
    def convolved(self, maps):
        return super().convolved(maps.mul_(2).div_(2).add_(1e-3))


PART = Part(
    name="Two",
    task="build",
    minutes=5,
    references=(Two,),
    cases=(Case((3,), inputs=images(4, 3, 6, 5)),),
    checks=(Check("all of it", 1, HINTS),),
)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("answer", "proven"),
    [
        (InputCut, diagnosis.CUT),
        (CutBetween, diagnosis.CUT),
        (CutInEvaluation, diagnosis.CUT),
        (OneForBoth, diagnosis.SHARED),
        (MadeAndNotUsed, diagnosis.UNUSED),
        (OneTooMany, diagnosis.UNUSED),
        (ByTheBatch, diagnosis.NO_AVERAGES),
        (Frozen, diagnosis.FROZEN),
        (DroppedInEvaluation, diagnosis.CHANCE_IN_EVALUATION),
        (WithoutReluInEvaluation, diagnosis.EVALUATION),
        (Spoils, diagnosis.SPOILS),
    ],
)
def test_unknown_mistake_is_told_by_what_is_proven(answer, proven, seed):
    (outcome,) = judge(PART, answer, seed).outcomes
    assert outcome.fault.misconception == proven


class Averaged(Two):
    def convolved(self, maps):
        return (self.first(maps) + self.second(maps)) / 2


class Rectified(Two):
    def convolved(self, maps):
        return self.second(torch.relu(self.first(maps)))


@pytest.mark.parametrize("answer", [Averaged, Rectified])
def test_what_is_not_proven_is_not_said(answer):
    (outcome,) = judge(PART, answer).outcomes
    assert outcome.fault.misconception == ""


class Unlooked(Two):
    """A right answer whose own methods are of no use to whoever looks for layers."""

    def modules(self):
        raise RuntimeError("nobody may look")

    def register_forward_hook(self, *_arguments, **_options):
        raise RuntimeError("nobody may look")


def test_what_is_no_fault_never_becomes_one():
    assert judge(PART, Unlooked).passed
