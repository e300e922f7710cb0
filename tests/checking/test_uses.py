"""Answers that are right in usual cases alone are refused at grading; what right ones may do costs nothing."""

from dataclasses import replace
from functools import lru_cache

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from cnncourse.checking import Case, Check, Part, images, judge
from cnncourse.checking.canonical_weights import Weights
from cnncourse.checking.derivatives import has_true_gradients
from cnncourse.checking.subject import settled

from .toy import HINTS, UNIT, Unit


class Many(Unit):
    def forward(self, maps):
        output = super().forward(maps)
        return torch.cat([output[:32], torch.ones_like(output[32:])])


class CutForMany(Unit):
    def forward(self, maps):
        return super().forward(maps.detach() if len(maps) > 16 else maps)


class CutForOne(Unit):
    def forward(self, maps):
        return super().forward(maps.detach() if len(maps) == 1 else maps)


class CutForLarge(Unit):
    def forward(self, maps):
        return super().forward(maps.detach() if maps.shape[2] > 30 and maps.shape[3] > 30 else maps)


class AsManyColumnsAsTwiceTheRows(Unit):
    def forward(self, maps):
        return super().forward(maps[..., : 2 * maps.shape[2]])


class SpoilsMany(Unit):
    def forward(self, maps):
        output = super().forward(maps)
        if len(maps) > 16 and not torch.is_grad_enabled():
            maps.zero_()
        return output


class Cropped(Unit):
    def forward(self, maps):
        return super().forward(maps[..., :30, :])


class SizeOfTheFirst(Unit):
    size = None

    def forward(self, maps):
        self.size = self.size or maps.shape[2:]
        return super().forward(maps[..., : self.size[0], : self.size[1]])


class Clamped(Unit):
    def forward(self, maps):
        return super().forward(maps.clamp(-100, 100))


class Landscape(Unit):
    def forward(self, maps):
        return super().forward(maps if maps.shape[2] >= maps.shape[3] else maps.flip(2))


class Square(Unit):
    def forward(self, maps):
        return super().forward(maps.flip(2) if maps.shape[2] == maps.shape[3] else maps)


class OnePixel(Unit):
    def forward(self, maps):
        return super().forward(maps + (maps.shape[2:] == (1, 1)))


class OneImage(Unit):
    def forward(self, maps):
        return super().forward(maps + (self.training and len(maps) == 1))


class KeptForTheSameTensor(Unit):
    seen = result = None

    def forward(self, maps):
        if torch.is_grad_enabled() or self.training:
            return super().forward(maps)
        if maps is not self.seen:
            self.seen, self.result = maps, super().forward(maps)
        return self.result


class KeptAveragesOfTheFirstEvaluation(Unit):
    kept = None

    def forward(self, maps):
        if not self.training:
            now = self.normalisation.running_mean.clone(), self.normalisation.running_var.clone()
            self.kept = self.kept or now
            self.normalisation.running_mean.copy_(self.kept[0])
            self.normalisation.running_var.copy_(self.kept[1])
        return super().forward(maps)


class RunAgainForTheGradient(Unit):
    def forward(self, maps):
        return checkpoint(super().forward, maps, use_reentrant=False) if self.training else super().forward(maps)


class SquareBatch(Unit):
    def forward(self, maps):
        return super().forward(maps.transpose(0, 1) if maps.shape[0] == maps.shape[1] else maps)


class OnePlaceForAllResults(Unit):
    place = None

    def forward(self, maps):
        result = super().forward(maps)
        if torch.is_grad_enabled():
            return result
        self.place = result if self.place is None or self.place.shape != result.shape else self.place.copy_(result)
        return self.place


class ForgotWhatTrainReturns(Unit):
    def train(self, mode=True):
        super().train(mode)


class BegunInEvaluation(Unit):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.eval()


class NormBegunInEvaluation(Unit):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.normalisation.eval()


class InInferenceMode(Unit):
    def forward(self, maps):
        with torch.inference_mode(not self.training):
            return super().forward(maps)


@lru_cache
def made_once(in_channels, out_channels, stride=1):
    return Unit(in_channels, out_channels, stride)


WRONG = [
    (Many, "used on many images, what comes out in training is wrong"),
    (CutForMany, "used on many images, the gradient is wrong"),
    (CutForOne, "used on one image, the gradient is wrong"),
    (CutForLarge, "used on larger images, the gradient is wrong"),
    (AsManyColumnsAsTwiceTheRows, "used on wide images, what comes out in training is wrong"),
    (SpoilsMany, "used on many images, it changes what is not its own"),
    (Cropped, "used on larger images, what comes out in training is wrong"),
    (SizeOfTheFirst, "used on larger images, what comes out in training is wrong"),
    (Clamped, "used on values far below zero, what comes out in training is wrong"),
    (Landscape, "used on wide images"),
    (Square, "used on square images, what comes out in training is wrong"),
    (OnePixel, "used on images of one pixel, what comes out in evaluation is wrong"),
    (OneImage, "used on one image, what comes out in training is wrong"),
    (KeptForTheSameTensor, "when its weights change, what comes out in evaluation does not follow"),
    (KeptAveragesOfTheFirstEvaluation, ""),
    (made_once, ""),
    (RunAgainForTheGradient, "used on one image, what comes out in evaluation is wrong"),
    (SquareBatch, "used on as many images as channels or classes"),
    (OnePlaceForAllResults, "what a call gave back is overwritten by the next"),
    (ForgotWhatTrainReturns, "end your own with return self"),
    (InInferenceMode, "a way is cut off from the gradient"),
    (BegunInEvaluation, "the module begins in evaluation"),
    (NormBegunInEvaluation, "the module begins in evaluation"),
]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=lambda each: getattr(each, "__name__", ""))
def test_what_is_right_in_usual_cases_alone_is_refused(wrong, said, seed):
    drawn_wider = replace(UNIT, draw=lambda _generator: (Case((2, 5, 1), inputs=images(3, 2, 7, 6)),))
    report = judge(drawn_wider, wrong, seed, at_grading=True)
    assert report.points < UNIT.points
    faults = [outcome.fault for outcome in report.outcomes if outcome.fault]
    assert said in " ".join(f"{fault.message} {fault.misconception}" for fault in faults)


class ScaleAndShiftInOne(Unit):
    """Right: scale and shift of the normalisation are rows of one parameter, and an empty one does no harm."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.normalisation = nn.BatchNorm2d(out_channels, affine=False)
        self.both = nn.Parameter(torch.stack([torch.ones(out_channels), torch.zeros(out_channels)]))
        self.none = nn.Parameter(torch.zeros(0, 3))

    def forward(self, maps):
        normalised = self.normalisation(self.convolution(maps))
        return torch.relu(normalised * self.both[0].view(-1, 1, 1) + self.both[1].view(-1, 1, 1))


class Keeps(Unit):
    """Right: it keeps what it has worked out, for whoever wants to look at it."""

    def forward(self, maps):
        self.convolved = self.convolution(maps)
        return torch.relu(self.normalisation(self.convolved))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("right", [ScaleAndShiftInOne, Keeps])
def test_what_a_text_leaves_to_its_reader_costs_nothing(right, seed):
    assert judge(UNIT, right, seed, at_grading=True).passed


class Pooled(nn.Module):
    """After a ReLU, sums of alike weights are often equal from place to place, and so are values in a window."""

    def __init__(self, channels):
        super().__init__()
        self.unit, self.last = Unit(channels, channels), nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, maps):
        return self.pool(self.last(self.unit(maps)))

    def pool(self, maps):
        return F.max_pool2d(maps, 3, 2, 1)


class PooledByHalves(Pooled):
    """The largest values, whose gradient equal ones share."""

    def pool(self, maps):
        windows = F.pad(maps, (1, 1, 1, 1), value=-torch.inf).unfold(2, 3, 2).unfold(3, 3, 2)
        return windows.amax((4, 5))


class PooledAndCut(PooledByHalves):
    def pool(self, maps):
        return super().pool(maps).detach() + 0 * maps.sum()


POOLED = Part(
    name="Pooled",
    task="build",
    minutes=5,
    references=(Pooled,),
    cases=(Case((2,), inputs=images(3, 2, 7, 8)),),
    checks=(Check("the right values", 1, HINTS),),
)


@pytest.mark.parametrize("seed", range(12))
def test_which_of_two_equal_values_has_the_gradient_does_not_matter(seed):
    assert judge(POOLED, PooledByHalves, seed).passed
    assert not judge(POOLED, PooledAndCut, seed).passed


def counts():
    counted = {"calls": 0}

    def count(number):
        counted["number"] = number
        return counted

    return count


def test_a_function_whose_later_calls_change_what_it_gave_back_is_refused():
    part = Part(
        name="count",
        task="use",
        minutes=5,
        references=(lambda number: {"calls": 0, "number": number},),
        cases=(Case((1,)), Case((2,))),
        checks=(Check("the right numbers", 1, HINTS),),
    )
    assert judge(part, lambda number: {"calls": 0, "number": number}).passed
    (outcome,) = judge(part, counts()).outcomes
    assert "what was given back has changed" in outcome.fault.message


class RootOfNothing(Unit):
    def forward(self, maps):
        return super().forward((0 * maps).abs().sqrt() + maps)


def test_gradients_that_are_no_numbers_leave_what_is_looked_at_as_it_was():
    question = Case(arguments=(3, 4), inputs=images(2, 3, 4, 4)).question("unit", Case(), 0, 0)
    inputs = [each.float().requires_grad_() for each in question.inputs]
    subject = settled(RootOfNothing, question, inputs)
    assert not has_true_gradients(subject, Weights(subject.module, 0, (0.5, 2.0)), inputs)
    assert all(each.isfinite().all() for each in (*inputs, *subject.module.parameters()))


class TurnsOnHere(nn.Module):
    def __init__(self, slope):
        super().__init__()
        self.weight, self.slope = nn.Parameter(torch.ones(1)), slope

    def forward(self, units):
        return torch.relu(units) * self.weight + self.slope * (units - units.detach())


@pytest.mark.parametrize(("slope", "is_true"), [(0.0, True), (0.4, False)])
def test_where_a_relu_just_turns_on_the_gradient_of_one_side_is_true(slope, is_true):
    question = Case(arguments=(slope,), inputs=images(1, 2)).question("unit", Case(), 0, 0)
    inputs = [torch.tensor([[0.0, 1.0]], dtype=torch.float64, requires_grad=True)]
    subject = settled(TurnsOnHere, question, inputs)
    subject.module.double()
    assert has_true_gradients(subject, Weights(subject.module, 0, (0.5, 2.0)), inputs) == is_true


class Dropped(nn.Module):
    """A linear layer and a dropout, as torch has it."""

    def __init__(self, features, p):
        super().__init__()
        self.linear, self.p = nn.Linear(features, features), p

    def forward(self, units):
        return F.dropout(self.linear(units), self.p, self.training)


class NotForOne(Dropped):
    def forward(self, units):
        return super().forward(units) if len(units) > 1 else self.linear(units)


class DropsMore(Dropped):
    """As large on average, and spread more widely."""

    def forward(self, units):
        return F.dropout(self.linear(units), 1 - (1 - self.p) / 3, self.training)


def _dropped(p):
    case = Case((6, p), inputs=images(3, 6), rounds=0, chance=True)
    return Part("Dropped", "build", 5, (Dropped,), (case,), (Check("chance", 1, HINTS),))


@pytest.mark.parametrize("p", [0.0, 0.02, 0.5, 0.98, 1.0])
def test_a_single_image_is_left_to_chance_as_many_are(p):
    assert judge(_dropped(p), Dropped).passed
    (outcome,) = judge(_dropped(p), NotForOne).outcomes
    assert bool(outcome.fault) == (p > 0)
    assert outcome.fault is None or "for a batch of one image" in outcome.fault.message


def test_a_spread_that_is_wrong_is_not_taken_for_a_wrong_mean():
    (outcome,) = judge(_dropped(0.5), DropsMore).outcomes
    assert "spreads too little or too much" in outcome.fault.message
