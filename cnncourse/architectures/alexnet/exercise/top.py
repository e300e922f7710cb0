"""Part 3: AlexNet's fully connected top with dropout in the wrong place, and at the wrong time."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Case, Check, Misconception, Part, images

PLAIN = (0, 1)
SAME, SCORES, PLACES = (
    "the same picture, the same scores",
    "the right scores",
    "dropout in both hidden layers, and only there",
)


class Top(nn.Module):
    """fc6, fc7 and fc8 with dropout on the units of the first two (section 4.2), scaled as torch scales.

    Args:
        in_features: number of units that the maps are flattened to.
        hidden_units: units of fc6 and of fc7.
        num_classes: units of fc8.
        p: probability to drop a unit.

    """

    def __init__(self, in_features: int, hidden_units: int, num_classes: int, p: float) -> None:
        super().__init__()
        self.p = p
        self.fc6 = nn.Linear(in_features, hidden_units)
        self.fc7 = nn.Linear(hidden_units, hidden_units)
        self.fc8 = nn.Linear(hidden_units, num_classes)

    def drop(self, units: Tensor) -> Tensor:
        return F.dropout(units, self.p, self.training)

    def rectify(self, units: Tensor) -> Tensor:
        return F.relu(units)

    def forward(self, maps: Tensor) -> Tensor:
        units = self.drop(self.rectify(self.fc6(maps.flatten(1))))
        return self.fc8(self.drop(self.rectify(self.fc7(units))))


class StillActive(Top):
    def drop(self, units):
        return F.dropout(units, self.p)


class StillOnTheScores(Top):
    def forward(self, maps):
        units = self.drop(F.relu(self.fc6(maps.flatten(1))))
        return self.drop(self.fc8(F.relu(self.fc7(units))))


class StillBroken(StillOnTheScores, StillActive):
    pass


class OnTheScoresToo(Top):
    def forward(self, maps):
        return self.drop(super().forward(maps))


class SwitchedOff(Top):
    def drop(self, units):
        return units


class OnlyAfterFc6(Top):
    def forward(self, maps):
        units = self.drop(F.relu(self.fc6(maps.flatten(1))))
        return self.fc8(F.relu(self.fc7(units)))


class OnlyAfterFc7(Top):
    def forward(self, maps):
        units = F.relu(self.fc6(maps.flatten(1)))
        return self.fc8(self.drop(F.relu(self.fc7(units))))


class BeforeTheLayers(Top):
    def forward(self, maps):
        units = F.relu(self.fc6(self.drop(maps.flatten(1))))
        return self.fc8(F.relu(self.fc7(self.drop(units))))


class OnTheMapsToo(Top):
    def forward(self, maps):
        return super().forward(self.drop(maps))


class HalfWhateverPIs(Top):
    def __init__(self, in_features, hidden_units, num_classes, p):
        super().__init__(in_features, hidden_units, num_classes, 0.5)


class ScaledAsIn2012(Top):
    def drop(self, units):
        return (1 - self.p) * super().drop(units)


class ScaledAtTestTimeToo(Top):
    def drop(self, units):
        return super().drop(units) if self.training else (1 - self.p) * units


class Alpha(Top):
    def drop(self, units):
        return F.alpha_dropout(units, self.p, self.training)


class OneMaskForTheBatch(Top):
    def drop(self, units):
        return units * F.dropout(torch.ones_like(units[:1]), self.p, self.training)


class WholePictures(Top):
    def drop(self, units):
        return units * F.dropout(torch.ones_like(units[:, :1]), self.p, self.training)


class WithoutRelu(Top):
    def rectify(self, units):
        return units


class WithoutSecondRelu(Top):
    def forward(self, maps):
        return self.fc8(self.drop(self.fc7(self.drop(F.relu(self.fc6(maps.flatten(1)))))))


class Relu6(Top):
    def rectify(self, units):
        return F.relu6(units)


class RectifiedScores(Top):
    def forward(self, maps):
        return F.relu(super().forward(maps))


class Probabilities(Top):
    def forward(self, maps):
        return super().forward(maps).softmax(dim=1)


MISCONCEPTIONS = (
    Misconception("dropout is still active at test time, and still falls on the scores", StillBroken, (SAME, PLACES)),
    Misconception("dropout is still active at test time", StillActive, (SAME,)),
    Misconception(
        "dropout falls on the scores: a class whose score is 0 cannot be learned", StillOnTheScores, (PLACES,)
    ),
    Misconception("dropout falls on the scores as well", OnTheScoresToo, (PLACES,)),
    Misconception("dropout is switched off for good: it belongs to training", SwitchedOff, (PLACES,)),
    Misconception("only one of the two hidden layers has dropout", OnlyAfterFc6, (PLACES,)),
    Misconception("only one of the two hidden layers has dropout", OnlyAfterFc7, (PLACES,)),
    Misconception(
        "dropout stands before the hidden layers, as in today's libraries; in 2012 it stands after each",
        BeforeTheLayers,
        (PLACES,),
    ),
    Misconception("dropout on the maps as well", OnTheMapsToo, (PLACES,)),
    Misconception("p is ignored: one half is dropped, whatever p is", HalfWhateverPIs, (PLACES,)),
    Misconception(
        "the scaling of 2012 and that of today together: torch's dropout has scaled in training already",
        ScaledAsIn2012,
        (PLACES,),
    ),
    Misconception(
        "the units are scaled at test time, as in 2012; F.dropout and nn.Dropout have scaled in training already",
        ScaledAtTestTimeToo,
        (SCORES,),
    ),
    Misconception("AlphaDropout, which sets units to another number than 0", Alpha, (PLACES,)),
    Misconception("the same units are dropped for all pictures of a batch", OneMaskForTheBatch, (PLACES,)),
    Misconception("all units of a picture are dropped, or none", WholePictures, (PLACES,)),
    Misconception("the ReLUs are gone", WithoutRelu, (SCORES,)),
    Misconception("the ReLU after fc7 is gone", WithoutSecondRelu, (SCORES,)),
    Misconception("ReLU6 in place of ReLU: it cuts off above 6", Relu6, (SCORES,)),
    Misconception("a ReLU on the scores", RectifiedScores, (SCORES,)),
    Misconception("a softmax on the scores", Probabilities, (SCORES,)),
)


def _case(channels: int, rows: int, columns: int, units: int, classes: int, p: float, rounds: int = 0) -> Case:
    return Case(
        (channels * rows * columns, units, classes, p),
        inputs=images(4, channels, rows, columns),
        rounds=rounds,
        chance=True,
    )


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw the sizes of maps and layers, and p."""
    channels, rows, columns = torch.randint(1, 4, (3,), generator=generator).tolist()
    units, classes = torch.randint(5, 12, (2,), generator=generator).tolist()
    return (_case(channels, rows, columns, units, classes, (0.25, 0.3, 0.4)[channels - 1], rounds=4),)


TOP = Part(
    name="MendedTop",
    task="mend",
    minutes=15,
    references=(Top,),
    # Of many values and few units: dropout on the maps hardly shows in the second, that behind each layer does.
    cases=(_case(2, 2, 3, 9, 5, 0.5, rounds=6), _case(5, 6, 6, 3, 4, 0.2)),
    draw=_draw,
    corners=(
        _case(1, 4, 5, 20, 20, 0.9),  # all layers of one size
        _case(3, 5, 5, 70, 1, 0.25),
        _case(2, 1, 1, 1, 10, 0.0),
        _case(1, 1, 1, 12, 3, 2 / 3),
    ),
    misconceptions=MISCONCEPTIONS,
    checks=(
        Check(
            "the same picture, the same scores",
            1,
            (
                "What is the difference between nn.Dropout and nn.functional.dropout when you call eval()?",
                "help(nn.functional.dropout): look at its third argument and at what it is if you say nothing.",
                "A function does not know whether its caller is in training: hand it self.training.",
            ),
            notes=("left alone", "drawn: evaluation again", "alike: a", "drawn: a"),
            cases=PLAIN,
        ),
        Check(
            "the right scores",
            1,
            (
                "Write down what forward should do at test time: three layers, two ReLUs, nothing else.",
                "torch's dropout scales in training, so that at test time there is nothing to multiply.",
            ),
            cases=PLAIN,
        ),
        Check(
            "dropout in both hidden layers, and only there",
            2,
            (
                "In training mode, print some scores of the broken top. Why are so many exactly 0?",
                "The paper: “in the first two fully-connected layers”. Which of the three is not one of them?",
                "fc6, ReLU, dropout; fc7, ReLU, dropout; fc8.",
            ),
            notes=("chance",),
        ),
        Check(
            "other sizes, another p",
            1,
            (
                "Is there a number in your class that is true of some sizes or of p = 0.5 only?",
                "Take p from the argument; flatten whatever maps you are given.",
            ),
            public=False,
        ),
    ),
)
