"""Part 1: dropout as the paper of 2012 has it: units are dropped in training, and scaled at test time."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Case, Check, Misconception, Part, images
from cnncourse.checking.comparing import CHANCE

COINS = 20_000  # tossed, to tell a share
DEVIATIONS = 6  # standard ones, that luck does not reach
PLAIN = (0, 1, 4, 5)  # cases with a p between 0 and 1
SHARE, KEPT, TEST_TIME, COIN, GRADIENT = (
    "in training a share p is dropped",
    "what is kept passes as it is",
    "at test time every unit counts, times 1 − p",
    "each unit has its own coin, at every call",
    "the gradient has the same mask",
)


class Dropout(nn.Module):
    """Drop each unit with probability p in training; multiply every unit by 1 − p at test time (section 4.2).

    Args:
        p: probability to drop a unit.

    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def mask(self, units: Tensor) -> Tensor:
        return (torch.rand_like(units) >= self.p).to(units.dtype)

    def in_training(self, units: Tensor) -> Tensor:
        return units * self.mask(units)

    def at_test_time(self, units: Tensor) -> Tensor:
        return units * (1 - self.p)

    def forward(self, units: Tensor) -> Tensor:
        return self.in_training(units) if self.training else self.at_test_time(units)


# The share ------------------------------------------------------------------------------------------------------------


class KeepProbability(Dropout):
    def __init__(self, p):
        super().__init__(1 - p)


class AlwaysOneHalf(Dropout):
    def __init__(self, p):
        super().__init__(0.5)


class WrongWayRound(Dropout):
    def forward(self, units):
        return self.at_test_time(units) if self.training else self.in_training(units)


class NothingDropped(Dropout):
    def mask(self, units):
        return torch.ones_like(units)


class GaussianNoise(Dropout):
    def in_training(self, units):
        return units + self.p * torch.randn_like(units)


class MeanInPlaceOfZero(Dropout):
    def in_training(self, units):
        mask = self.mask(units)
        return units * mask + (1 - mask) * units.mean()


# The scale ------------------------------------------------------------------------------------------------------------


class Inverted(Dropout):
    def in_training(self, units):
        return F.dropout(units, self.p)

    def at_test_time(self, units):
        return units


class InvertedByHand(Inverted):
    def in_training(self, units):
        return units * self.mask(units) / torch.tensor(1 - self.p)


class InvertedByP(Inverted):
    def in_training(self, units):
        return units * self.mask(units) / max(self.p, 1e-6)


class ScaledTwice(Dropout):
    def in_training(self, units):
        return F.dropout(units, self.p)


class ScaledInTrainingToo(Dropout):
    def in_training(self, units):
        return super().in_training(units) * (1 - self.p)


class TimesP(Dropout):
    def at_test_time(self, units):
        return units * self.p


class NeverScaled(Dropout):
    def at_test_time(self, units):
        return units


class DividedAtTestTime(Dropout):
    def at_test_time(self, units):
        return units / max(1 - self.p, 1e-6)


class HalvedAtTestTime(Dropout):
    def at_test_time(self, units):
        return units * 0.5


class AlwaysActive(Dropout):
    def at_test_time(self, units):
        return self.in_training(units)


class ActiveAndScaledAtTestTime(Dropout):
    def at_test_time(self, units):
        return self.in_training(units) * (1 - self.p)


# The coins ------------------------------------------------------------------------------------------------------------


class MaskDrawnOnce(Dropout):
    def __init__(self, p):
        super().__init__(p)
        self.kept = {}

    def mask(self, units):
        if units.shape not in self.kept:
            self.kept[units.shape] = super().mask(units)
        return self.kept[units.shape]


class OneMaskForTheBatch(Dropout):
    def mask(self, units):
        return super().mask(units[:1])


class WholeMaps(Dropout):
    def mask(self, units):
        return super().mask(units[(..., *[slice(0, 1)] * (units.dim() - 2))])


class OneMaskForAllMaps(Dropout):
    def mask(self, units):
        return super().mask(units[:, :1] if units.dim() > 2 else units)


class WholePictures(Dropout):
    def mask(self, units):
        return super().mask(units.flatten(1)[:, 0]).view(-1, *[1] * (units.dim() - 1))


class FixedShare(Dropout):
    def mask(self, units):
        mask = torch.ones(units.numel())
        mask[torch.randperm(units.numel())[: round(self.p * units.numel())]] = 0
        return mask.view(units.shape)


# The gradient ---------------------------------------------------------------------------------------------------------


class StraightThrough(Dropout):
    def in_training(self, units):
        return units + (super().in_training(units) - units).detach()


class DetachedUnits(Dropout):
    def forward(self, units):
        return super().forward(units.detach())


class DetachedInTraining(Dropout):
    def in_training(self, units):
        return super().in_training(units.detach())


class DetachedAtTestTime(Dropout):
    def at_test_time(self, units):
        return super().at_test_time(units.detach())


class NothingAtTheExtremes(Dropout):
    def __init__(self, p):
        super().__init__(min(max(p, 0.01), 0.99))


MISCONCEPTIONS = (
    Misconception(
        "p is taken for the probability to keep a unit; it is the probability to drop it", KeepProbability, (SHARE,)
    ),
    Misconception(
        "inverted dropout, as libraries have it today: it scales in training, the paper at test time",
        Inverted,
        (KEPT, TEST_TIME),
    ),
    Misconception(
        "inverted dropout, by hand: it scales in training, the paper at test time", InvertedByHand, (KEPT, TEST_TIME)
    ),
    Misconception("dropout is still active at test time", AlwaysActive, (TEST_TIME,)),
    Misconception(
        "nothing is scaled at test time: the next layer gets more than it was trained on", NeverScaled, (TEST_TIME,)
    ),
    Misconception(
        "training and evaluation are mixed up: the factor of test time acts in training",
        WrongWayRound,
        (SHARE, TEST_TIME),
    ),
    Misconception("p is ignored: one half is dropped, whatever p is", AlwaysOneHalf, (SHARE,)),
    Misconception("dropout never acts in training", NothingDropped, (SHARE,)),
    Misconception(
        "noise is added; dropout sets units to exactly 0 and leaves the others alone", GaussianNoise, (SHARE,)
    ),
    Misconception("a dropped unit gives exactly 0, not the mean or another number", MeanInPlaceOfZero, (SHARE,)),
    Misconception(
        "inverted dropout with p in the place of 1 − p; and the paper scales at test time, not in training",
        InvertedByP,
        (KEPT,),
    ),
    Misconception("scaled twice: in training, as libraries have it today, and at test time", ScaledTwice, (KEPT,)),
    Misconception("the factor of test time, 1 − p, is applied in training too", ScaledInTrainingToo, (KEPT,)),
    Misconception("scaled by p; what is kept in training is the share 1 − p", TimesP, (TEST_TIME,)),
    Misconception("divided by 1 − p in place of multiplied", DividedAtTestTime, (TEST_TIME,)),
    Misconception("one half is written down, whatever p is", HalvedAtTestTime, (TEST_TIME,)),
    Misconception("dropout is still active at test time, and scaled", ActiveAndScaledAtTestTime, (TEST_TIME,)),
    Misconception(
        "the mask is drawn once and kept, or the generator gets the same seed at every call", MaskDrawnOnce, (COIN,)
    ),
    Misconception("one mask for all pictures of a batch", OneMaskForTheBatch, (COIN,)),
    Misconception("whole maps are dropped; that is Dropout2d, a later idea", WholeMaps, (COIN,)),
    Misconception("one mask for all maps of a picture", OneMaskForAllMaps, (COIN,)),
    Misconception("whole pictures are dropped: one coin for all units of a picture", WholePictures, (COIN,)),
    Misconception("a fixed share is dropped; each unit has a coin of its own", FixedShare, (COIN,)),
    Misconception(
        "the gradient flows through dropped units too: their mask is cut off from it", StraightThrough, (GRADIENT,)
    ),
    Misconception("the units are cut off from the gradient, by detach, .data or no_grad", DetachedUnits, (GRADIENT,)),
    Misconception(
        "in training the units are cut off from the gradient, by detach, .data or no_grad",
        DetachedInTraining,
        (GRADIENT,),
    ),
    Misconception(
        "in evaluation no gradient reaches the units: they are cut off by detach, .data or no_grad",
        DetachedAtTestTime,
        (GRADIENT,),
    ),
    Misconception("p = 0 must drop nothing, and p = 1 everything", NothingAtTheExtremes),
)


def _case(p: float, *shape: int, copies: int = 0) -> Case:
    # A picture may be a single unit, and a share is known well only from many coins.
    copies = copies or max(Case.copies, COINS // math.prod(shape[1:]), _copies_by_spread(p))
    return Case((p,), inputs=images(*shape), rounds=0, chance=True, copies=copies)


def _copies_by_spread(p: float) -> int:
    """Return of how many copies mean and spread are known so well that luck alone refuses no right answer.

    Both this answer's and the reference's are known to within a sixth of what is allowed (``comparing.CHANCE``).
    """
    variance = p * (1 - p)
    if not variance:
        return 0
    of_mean = variance / (1 - p + math.sqrt(variance)) ** 2 / CHANCE["chance: mean"] ** 2
    of_spread = (1 / variance - 4) / 4 / CHANCE["chance: log spread"] ** 2
    return math.ceil(2 * DEVIATIONS**2 * max(of_mean, of_spread))


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw p, none of those that learners can see, and a shape of one to four dimensions."""
    p = [0.1, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9][int(torch.randint(7, (), generator=generator))]
    shape = ((9,), (4, 23), (3, 5, 7), (3, 2, 3, 5))[int(torch.randint(4, (), generator=generator))]
    return (_case(p, *shape),)


DROPOUT = Part(
    name="Dropout",
    task="build",
    minutes=25,
    references=(Dropout,),
    cases=(
        _case(0.2, 3, 2, 3, 4),
        _case(0.5, 4, 30),
        _case(0.0, 3, 8),
        _case(1.0, 3, 8),
        _case(0.5, 3, 4, 3, 2),
        _case(0.2, 5),
    ),
    draw=_draw,
    corners=(
        _case(0.25, 1, 80),
        _case(2 / 3, 1, 1, 4, 4),
        _case(0.2, 1, 6000, copies=1),  # one picture in training: the share is told by its many units
        _case(1, 1, 3),
    ),
    misconceptions=MISCONCEPTIONS,
    checks=(
        Check(
            "in training a share p is dropped",
            2,
            (
                "Run Dropout(0.2) on torch.ones(1000) and count the zeros. How many should there be?",
                "p is the probability to drop. A unit is kept where torch.rand(…) is at least p.",
                "Multiply the units by a mask of ones and zeros, but only if self.training is true.",
            ),
            notes=("shape", "chance: zeros"),
            cases=PLAIN,
        ),
        Check(
            "what is kept passes as it is",
            1,
            (
                "Run Dropout(0.2) on torch.ones(10): which numbers besides 0 come out?",
                "In the paper training does nothing but set units to 0; the factor belongs to test time.",
                "Two ways are right in general; here we ask for the paper's. In training: units × mask, no more.",
            ),
            notes=("chance: mean", "chance: log spread"),
            cases=PLAIN,
        ),
        Check(
            "at test time every unit counts, times 1 − p",
            2,
            (
                "Call eval() on your layer and give it the same units twice. What comes out, and how often?",
                "In training the next layer gets, on average, the share 1 − p of each unit. What must it get now?",
                "if not self.training: the units times (1 − p), no mask.",
            ),
            notes=("alike: output", "alike: evaluation", "alike: a", "parameters", "left alone", "averages"),
            cases=PLAIN,
        ),
        Check(
            "each unit has its own coin, at every call",
            2,
            (
                "Print the mask for a small input, twice. Which of its rows are alike?",
                "The mask must have the shape of the units, with the batch and all, and be drawn anew in forward.",
                "torch.rand_like(units) draws a number for each unit.",
            ),
            notes=(
                "chance: unlike",
                "chance: linked",
                "chance: alone",
                "chance: together",
                "chance: zeros together",
                "chance: as many zeros",
            ),
            cases=PLAIN,
        ),
        Check(
            "the gradient has the same mask",
            1,
            (
                "Which operations stand between the units and your output, and does autograd see all of them?",
                "Plain multiplication is enough: autograd then multiplies the gradient by the same mask.",
                "No .data, no .detach(), no torch.no_grad() round the units.",
            ),
            notes=(
                "chance: gradient",
                "chance: log gradient",
                "chance: unreached",
                "alike: gradient",
                "alike, evaluation: gradient",
            ),
            cases=PLAIN,
        ),
        Check(
            "p = 0 and p = 1",
            1,
            (
                "What should become of the units if none is dropped, and if all are?",
                "torch.rand gives numbers from 0 up to but not including 1: think about < and <=.",
            ),
            cases=(2, 3),
        ),
        Check(
            "another p, another shape",
            1,
            (
                "Is there a number in your class that is true of some p or of some shapes only?",
                "Everything must be computed from self.p and from the units that forward is given.",
            ),
            public=False,
        ),
    ),
)
