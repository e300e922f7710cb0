"""What no misconception explains is told by what the notes prove, whatever the exercise."""

from dataclasses import replace

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


class OneBiasForBoth(Two):
    def __init__(self, channels):
        super().__init__(channels)
        self.second.bias = self.first.bias


class FirstIsFixed(Two):
    def __init__(self, channels):
        super().__init__(channels)
        self.first.requires_grad_(False)


class AveragesInAnAttribute(Two):
    """It normalises by what it has seen, and torch does not know of it."""

    def normalisation(self, channels):
        norm = nn.BatchNorm2d(channels)
        norm.register_buffer("running_mean", None)
        self.mean = torch.zeros(channels)
        return norm

    def forward(self, maps):
        convolved, norm = self.convolved(maps), self.norm
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * convolved.mean((0, 2, 3)).detach()
            variance = norm.running_var.clone()
            by_batch = F.batch_norm(convolved, self.mean.clone(), variance, norm.weight, norm.bias, training=True)
            norm.running_var.copy_(variance)
            return torch.relu(by_batch)
        return torch.relu(F.batch_norm(convolved, self.mean, norm.running_var, norm.weight, norm.bias))


class CutForMany(Two):
    def convolved(self, maps):
        return super().convolved(maps if len(maps) < 16 else maps.detach())


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
        (OneBiasForBoth, diagnosis.TIED),
        (FirstIsFixed, diagnosis.UNTRAINED),
        (AveragesInAnAttribute, diagnosis.UNREGISTERED),
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


def test_a_gradient_that_is_cut_in_an_unusual_use_is_told_as_one():
    hidden = replace(PART, draw=lambda _: PART.cases, checks=(replace(PART.checks[0], public=False),))
    (outcome,) = judge(hidden, CutForMany, at_grading=True).outcomes
    assert outcome.fault.misconception == diagnosis.CUT


def growing(channels, layers=[]):  # noqa: B006
    layers.append(nn.Conv2d(channels, channels + 1, 3, padding=1))
    return nn.Sequential(*layers)


def test_an_error_that_an_earlier_call_brought_about_is_told_as_that():
    in_the_second = replace(PART.checks[0], cases=(1,))
    grown = replace(
        PART,
        references=(lambda channels: nn.Conv2d(channels, channels + 1, 3, padding=1),),
        cases=PART.cases * 2,
        checks=(in_the_second,),
    )
    (outcome,) = judge(grown, growing).outcomes
    assert "error" in outcome.fault.message
    assert outcome.fault.misconception == diagnosis.TOGETHER


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
