"""Answers to chapter 2's exercise as learners write them: wrong ones, one a misconception, and right ones."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Wrong:
    """A wrong answer and what the learner must be told."""

    part: str
    answer: object
    check: str
    said: str  # part of the message or of the misconception's name


# Dropout, wrong ------------------------------------------------------------------------------------------------------


class Masked(nn.Module):
    """A right answer that many write; the wrong ones below change one line of it."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, units):
        if not self.training:
            return self.at_test_time(units)
        return units * self.mask(units)

    def mask(self, units):
        return (torch.rand_like(units) >= self.p).float()

    def at_test_time(self, units):
        return units * (1 - self.p)


class KeepProbability(Masked):
    def __init__(self, p):
        super().__init__(1 - p)


class AlwaysOneHalf(Masked):
    def __init__(self, p):
        super().__init__(0.5)


class WrongWayRound(Masked):
    def forward(self, units):
        return units * self.mask(units) if not self.training else units * (1 - self.p)


class NothingDropped(Masked):
    def mask(self, units):
        return torch.ones_like(units)


class GaussianNoise(Masked):
    def forward(self, units):
        return units + self.p * torch.randn_like(units) if self.training else self.at_test_time(units)


class MeanInPlaceOfZero(Masked):
    def forward(self, units):
        if not self.training:
            return self.at_test_time(units)
        mask = self.mask(units)
        return units * mask + (1 - mask) * units.mean()


class Inverted(Masked):
    def mask(self, units):
        return super().mask(units) / (1 - self.p)

    def at_test_time(self, units):
        return units


class InvertedByP(Inverted):
    def mask(self, units):
        return Masked.mask(self, units) / max(self.p, 1e-6)


class ScaledTwice(Masked):
    def mask(self, units):
        return super().mask(units) / max(1 - self.p, 1e-6)


class ScaledInTrainingToo(Masked):
    def mask(self, units):
        return super().mask(units) * (1 - self.p)


class TimesP(Masked):
    def at_test_time(self, units):
        return units * self.p


class NeverScaled(Masked):
    def at_test_time(self, units):
        return units


class DividedAtTestTime(Masked):
    def at_test_time(self, units):
        return units / max(1 - self.p, 1e-6)


class HalvedAtTestTime(Masked):
    def at_test_time(self, units):
        return units * 0.5


class AlwaysActive(Masked):
    def at_test_time(self, units):
        return units * self.mask(units)


class FixedMaskAtTestTime(Masked):
    def at_test_time(self, units):
        pattern = (torch.arange(units.numel()) % 5 > 0).view(units.shape)
        return units * pattern


class MaskDrawnOnce(Masked):
    def __init__(self, p):
        super().__init__(p)
        self.kept = {}

    def mask(self, units):
        if units.shape not in self.kept:
            self.kept[units.shape] = super().mask(units)
        return self.kept[units.shape]


class SeededEachTime(Masked):
    def mask(self, units):
        torch.manual_seed(0)
        return super().mask(units)


class OneMaskForTheBatch(Masked):
    def mask(self, units):
        return super().mask(units[:1])


class WholeMaps(Masked):
    def mask(self, units):
        return super().mask(units[(..., *[slice(0, 1)] * (units.dim() - 2))])


class OneMaskForAllMaps(Masked):
    def mask(self, units):
        return super().mask(units[:, :1] if units.dim() > 2 else units)


class WholePictures(Masked):
    def mask(self, units):
        return super().mask(units.flatten(1)[:, 0]).view(-1, *[1] * (units.dim() - 1))


class FixedShare(Masked):
    def mask(self, units):
        mask = torch.ones(units.numel())
        mask[torch.randperm(units.numel())[: round(self.p * units.numel())]] = 0
        return mask.view(units.shape)


class StraightThrough(Masked):
    def forward(self, units):
        return units + (super().forward(units) - units).detach()


class DetachedUnits(Masked):
    def forward(self, units):
        return super().forward(units.detach())


class ZeroWithoutGradient(Masked):
    def at_test_time(self, units):
        return units.detach() * (1 - self.p)


class SpoilsItsInput(Masked):
    def forward(self, units):
        if self.training:
            units.data.mul_(self.mask(units))
            return units
        return self.at_test_time(units)


class NothingAtTheExtremes(Masked):
    def __init__(self, p):
        super().__init__(min(max(p, 0.01), 0.99))


class KnowsTheNotebooksP(Masked):
    def __init__(self, p):
        super().__init__(p if p in (0.0, 0.2, 0.5, 1.0) else 0.5)


class ForgotReturn(Masked):
    def forward(self, units):
        super().forward(units)


# Dropout, right ------------------------------------------------------------------------------------------------------


class Bernoulli(nn.Module):
    """A right answer with a distribution's own function."""

    def __init__(self, p):
        super().__init__()
        self.keep = 1 - p

    def forward(self, units):
        if self.training:
            return units * torch.bernoulli(torch.full_like(units, self.keep))
        return units * self.keep


class UndoesTorch(nn.Module):
    """A right answer that takes back what torch's dropout scales."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, units):
        if self.p == 1:
            return units * 0
        return (1 - self.p) * F.dropout(units, self.p, self.training)


class MaskedFill(nn.Module):
    """A right answer with a truth mask."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, units):
        if not self.training:
            return (1 - self.p) * units
        return units.masked_fill(torch.rand(units.shape) < self.p, 0.0)


class WithNumpy(nn.Module):
    """A right answer whose coins come from somewhere else."""

    def __init__(self, p):
        super().__init__()
        import numpy

        self.p, self.coins = p, numpy.random.default_rng(3)

    def forward(self, units):
        if self.training:
            return units * torch.tensor(self.coins.random(units.shape) >= self.p, dtype=units.dtype)
        return units - self.p * units


# The ledger, wrong ---------------------------------------------------------------------------------------------------


def count(widths, towers, image_size, hidden_units, num_classes, **changed):
    """A right answer; the wrong ones below change a thing or two."""
    how = {
        "groups": lambda number, groups: number // groups,
        "kernels": lambda width, groups: width,
        "bias": lambda width, groups: width,
        "side": lambda side, window, stride: (side - window) // stride + 1,
        "flat": lambda maps, side: maps * side**2,
        "linear_bias": lambda width: width,
        "poolings": (0, 1, 4),
    } | changed
    ledger, maps, side = {}, 3, how["side"](image_size, 11, 4)
    for number, (width, groups, kernel) in enumerate(zip(widths, towers, (11, 5, 3, 3, 3), strict=True)):
        weights = how["kernels"](width, groups) * kernel**2 * how["groups"](maps, groups)
        ledger[f"conv{number + 1}"] = weights + how["bias"](width, groups)
        maps = width
        if number in how["poolings"]:
            side = how["side"](side, 3, 2)
    units = how["flat"](maps, side)
    for name, width in (("fc6", hidden_units), ("fc7", hidden_units), ("fc8", num_classes)):
        ledger[name] = units * width + how["linear_bias"](width)
        units = width
    return ledger


def towers_left_out(*network):
    return count(*network, groups=lambda maps, groups: maps)


def both_sides_divided(*network):
    return count(*network, kernels=lambda width, groups: width // groups)


def one_tower_only(*network):
    return count(*network, kernels=lambda width, groups: width // groups, bias=lambda width, groups: width // groups)


def biases_left_out(*network):
    return count(*network, bias=lambda width, groups: 0, linear_bias=lambda width: 0)


def biases_divided(*network):
    return count(*network, bias=lambda width, groups: width // groups)


def bias_for_each_group(*network):
    return count(*network, bias=lambda width, groups: width * groups)


def towers_multiplied(*network):
    return count(*network, groups=lambda maps, groups: maps * groups)


def one_slice(*network):
    return count(*network, groups=lambda maps, groups: 1)


def linear_biases_left_out(*network):
    return count(*network, linear_bias=lambda width: 0)


def sees_one_tower(*network):
    return count(*network, flat=lambda maps, side: maps * side**2 // network[1][-1])


def last_pooling_forgotten(*network):
    return count(*network, poolings=(0, 1))


def flattened_to_one(*network):
    return count(*network, flat=lambda maps, side: maps)


def knows_2012(*_network):
    return count((96, 256, 384, 384, 256), (1, 2, 1, 2, 2), 227, 4096, 1000)


def knows_the_towers(widths, towers, *top):
    return count(widths, (1, 2, 1, 2, 2), *top)


def knows_the_side(*network):
    return count(*network, flat=lambda maps, side: maps * 36)


def rounded_up(*network):
    return count(*network, side=lambda side, window, stride: -(-(side - window) // stride) + 1)


def only_the_sum(*network):
    return sum(count(*network).values())


def floats(*network):
    return count(*network, groups=lambda maps, groups: maps / groups)


def other_names(*network):
    return {name.upper(): value for name, value in count(*network).items()}


def nothing(*network):
    count(*network)


def at_most_two_towers(widths, towers, *top):
    return count(widths, [min(groups, 2) for groups in towers], *top)


# The ledger, right ---------------------------------------------------------------------------------------------------


def ledger_of_layers(widths, towers, image_size, hidden_units, num_classes):
    """A right answer that builds the layers and asks them."""
    maps, layers = 3, {}
    for number, (width, groups, kernel) in enumerate(zip(widths, towers, (11, 5, 3, 3, 3), strict=True), start=1):
        layers[f"conv{number}"] = nn.Conv2d(maps, width, kernel, groups=groups)
        maps = width
    side = (image_size - 11) // 4 + 1
    for _ in range(3):
        side = (side - 3) // 2 + 1
    layers["fc6"] = nn.Linear(maps * side * side, hidden_units)
    layers["fc7"] = nn.Linear(hidden_units, hidden_units)
    layers["fc8"] = nn.Linear(hidden_units, num_classes)
    return {name: sum(number.numel() for number in layer.parameters()) for name, layer in layers.items()}


def ledger_tower_by_tower(widths, towers, image_size, hidden_units, num_classes):
    """A right answer that adds up each tower's own numbers, in another order."""
    side = image_size - 7
    side //= 4
    for _ in range(3):
        side = (side - 1) // 2
    before = (3, *widths[:4])
    ledger = {
        "fc8": (hidden_units + 1) * num_classes,
        "fc7": (hidden_units + 1) * hidden_units,
        "fc6": (side * side * widths[4] + 1) * hidden_units,
    }
    for i, kernel in enumerate((11, 5, 3, 3, 3)):
        each = [widths[i] // towers[i] * (before[i] // towers[i] * kernel * kernel + 1) for _ in range(towers[i])]
        ledger[f"conv{i + 1}"] = sum(each)
    return ledger


# The mended top ------------------------------------------------------------------------------------------------------


class Top(nn.Module):
    """A right answer; the wrong ones below change one line of it."""

    def __init__(self, in_features, hidden_units, num_classes, p):
        super().__init__()
        self.p = p
        self.fc6 = nn.Linear(in_features, hidden_units)
        self.fc7 = nn.Linear(hidden_units, hidden_units)
        self.fc8 = nn.Linear(hidden_units, num_classes)

    def drop(self, features):
        return F.dropout(features, self.p, self.training)

    def forward(self, maps):
        features = self.drop(F.relu(self.fc6(maps.flatten(1))))
        features = self.drop(F.relu(self.fc7(features)))
        return self.fc8(features)


class StillBroken(Top):
    def forward(self, maps):
        features = F.dropout(F.relu(self.fc6(maps.flatten(1))), self.p)
        features = F.relu(self.fc7(features))
        return F.dropout(self.fc8(features), self.p)


class StillActive(Top):
    def drop(self, features):
        return F.dropout(features, self.p)


class StillOnTheScores(Top):
    def forward(self, maps):
        features = self.drop(F.relu(self.fc6(maps.flatten(1))))
        return self.drop(self.fc8(F.relu(self.fc7(features))))


class SwitchedOff(Top):
    def drop(self, features):
        return F.dropout(features, self.p, training=False)


class EvaluatesItself(Top):
    def forward(self, maps):
        self.eval()
        return super().forward(maps)


class OnlyAfterFc6(Top):
    def forward(self, maps):
        features = self.drop(F.relu(self.fc6(maps.flatten(1))))
        return self.fc8(F.relu(self.fc7(features)))


class BeforeTheLayers(Top):
    def forward(self, maps):
        features = F.relu(self.fc6(self.drop(maps.flatten(1))))
        return self.fc8(F.relu(self.fc7(self.drop(features))))


class OnTheMapsToo(Top):
    def forward(self, maps):
        return super().forward(self.drop(maps))


class HalfWhateverPIs(Top):
    def __init__(self, in_features, hidden_units, num_classes, p):
        super().__init__(in_features, hidden_units, num_classes, 0.5)


class ScaledAsIn2012(Top):
    def drop(self, features):
        return (1 - self.p) * F.dropout(features, self.p, self.training)


class ScaledAtTestTimeToo(Top):
    def drop(self, features):
        return F.dropout(features, self.p) if self.training else (1 - self.p) * features


class WithoutRelu(Top):
    def forward(self, maps):
        return self.fc8(self.drop(self.fc7(self.drop(self.fc6(maps.flatten(1))))))


class WithoutSecondRelu(Top):
    def forward(self, maps):
        features = self.drop(F.relu(self.fc6(maps.flatten(1))))
        return self.fc8(self.drop(self.fc7(features)))


class RectifiedScores(Top):
    def forward(self, maps):
        return F.relu(super().forward(maps))


class Probabilities(Top):
    def forward(self, maps):
        return super().forward(maps).softmax(dim=1)


class OtherLayerNames(nn.Module):
    def __init__(self, in_features, hidden_units, num_classes, p):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(in_features, hidden_units),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(hidden_units, hidden_units),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(hidden_units, num_classes),
        )

    def forward(self, maps):
        return self.layers(maps)


class WithModules(Top):
    """A right answer with modules, which know about training themselves."""

    def __init__(self, in_features, hidden_units, num_classes, p):
        super().__init__(in_features, hidden_units, num_classes, p)
        self.drop = nn.Dropout(p)


class DropoutBeforeRelu(Top):
    """A right answer: a mask and a ReLU may change places."""

    def forward(self, maps):
        features = F.relu(self.drop(self.fc6(maps.flatten(1))))
        features = F.relu(self.drop(self.fc7(features)))
        return self.fc8(features)


class MaskedByHand(Top):
    """A right answer with inverted dropout written out."""

    def drop(self, features):
        if not self.training:
            return features
        return features * (torch.rand_like(features) >= self.p) / (1 - self.p)


# What is wrong, and what is right ------------------------------------------------------------------------------------

SHARE = "in training a share p is dropped"
KEPT = "what is kept passes as it is"
TEST_TIME = "at test time every unit counts, times 1 − p"
COIN = "each unit has its own coin, at every call"
GRADIENT = "the gradient has the same mask"
EXTREMES = "p = 0 and p = 1"
CONVOLUTIONS = "the paper's convolutions"
LINEAR = "the paper's fully connected layers"
ONE_TOWER = "one tower, other widths"
SMALLER = "a smaller image, a smaller top"
SAME = "the same picture, the same scores"
SCORES = "the right scores"
PLACES = "dropout in both hidden layers, and only there"

WRONG = [
    Wrong("Dropout", KeepProbability, SHARE, "p is taken for the probability to keep"),
    Wrong("Dropout", AlwaysOneHalf, SHARE, "p is ignored: one half is dropped"),
    Wrong("Dropout", WrongWayRound, SHARE, "training and evaluation are mixed up"),
    Wrong("Dropout", NothingDropped, SHARE, "dropout never acts"),
    Wrong("Dropout", GaussianNoise, SHARE, "noise is added"),
    Wrong("Dropout", MeanInPlaceOfZero, SHARE, "not the mean or another number"),
    Wrong("Dropout", Inverted, KEPT, "inverted dropout, as libraries have it today"),
    Wrong("Dropout", nn.Dropout, TEST_TIME, "inverted dropout: it has scaled in training"),
    Wrong("Dropout", InvertedByP, KEPT, "inverted dropout with p in the place of 1 − p"),
    Wrong("Dropout", ScaledTwice, KEPT, "inverted dropout, as libraries have it today"),
    Wrong("Dropout", ScaledInTrainingToo, KEPT, "the factor of test time, 1 − p, is applied in training"),
    Wrong("Dropout", TimesP, TEST_TIME, "scaled by p"),
    Wrong("Dropout", NeverScaled, TEST_TIME, "nothing is scaled at test time"),
    Wrong("Dropout", DividedAtTestTime, TEST_TIME, "divided by 1 − p"),
    Wrong("Dropout", HalvedAtTestTime, TEST_TIME, "one half is written down"),
    Wrong("Dropout", AlwaysActive, TEST_TIME, "dropout is still active at test time"),
    Wrong("Dropout", FixedMaskAtTestTime, TEST_TIME, "units are still dropped at test time"),
    Wrong("Dropout", MaskDrawnOnce, COIN, "the mask is drawn once"),
    Wrong("Dropout", SeededEachTime, COIN, "the mask is drawn once"),
    Wrong("Dropout", OneMaskForTheBatch, COIN, "one mask for all pictures of a batch"),
    Wrong("Dropout", WholeMaps, COIN, "whole maps are dropped"),
    Wrong("Dropout", OneMaskForAllMaps, COIN, "one mask for all maps of a picture"),
    Wrong("Dropout", WholePictures, COIN, "whole pictures are dropped"),
    Wrong("Dropout", FixedShare, COIN, "a fixed share is dropped"),
    Wrong("Dropout", StraightThrough, GRADIENT, "the gradient flows through dropped units too"),
    Wrong("Dropout", DetachedUnits, GRADIENT, "the units are cut off from the gradient"),
    Wrong("Dropout", ZeroWithoutGradient, GRADIENT, "in evaluation no gradient reaches"),
    Wrong("Dropout", SpoilsItsInput, SHARE, "forward changes the tensor it is given"),
    Wrong("Dropout", NothingAtTheExtremes, EXTREMES, "with p = 0 the output in training is wrong"),
    Wrong("Dropout", ForgotReturn, SHARE, "forward returns None"),
    Wrong("Dropout", KnowsTheNotebooksP, "another p, another shape", "the wrong share is dropped"),
    Wrong("parameter_ledger", towers_left_out, CONVOLUTIONS, "the towers are left out"),
    Wrong("parameter_ledger", both_sides_divided, CONVOLUTIONS, "both sides are divided by the towers"),
    Wrong("parameter_ledger", one_tower_only, CONVOLUTIONS, "one tower's numbers only"),
    Wrong("parameter_ledger", biases_left_out, CONVOLUTIONS, "the biases are left out"),
    Wrong("parameter_ledger", biases_divided, CONVOLUTIONS, "the biases are divided by the towers"),
    Wrong("parameter_ledger", bias_for_each_group, CONVOLUTIONS, "a bias for each group of a kernel"),
    Wrong("parameter_ledger", towers_multiplied, CONVOLUTIONS, "the weights are multiplied by the towers"),
    Wrong("parameter_ledger", one_slice, CONVOLUTIONS, "one kernel for all input maps"),
    Wrong("parameter_ledger", linear_biases_left_out, LINEAR, "the biases are left out"),
    Wrong("parameter_ledger", sees_one_tower, LINEAR, "fc6 sees the maps of one tower only"),
    Wrong("parameter_ledger", last_pooling_forgotten, LINEAR, "the last pooling is forgotten"),
    Wrong("parameter_ledger", flattened_to_one, LINEAR, "the maps are flattened to one number each"),
    Wrong("parameter_ledger", knows_2012, ONE_TOWER, "the arguments are ignored"),
    Wrong("parameter_ledger", knows_the_towers, ONE_TOWER, "in one tower, with other widths"),
    Wrong("parameter_ledger", knows_the_side, SMALLER, "the size of the image is ignored"),
    Wrong("parameter_ledger", rounded_up, SMALLER, "for images of 160 pixels"),
    Wrong("parameter_ledger", only_the_sum, CONVOLUTIONS, "only the sum is returned"),
    Wrong("parameter_ledger", floats, CONVOLUTIONS, "/ makes a float"),
    Wrong("parameter_ledger", other_names, CONVOLUTIONS, "the ledger has other layers"),
    Wrong("parameter_ledger", nothing, CONVOLUTIONS, "the ledger is not a dictionary"),
    Wrong("parameter_ledger", at_most_two_towers, "a network drawn at random", "for a network drawn at random"),
    Wrong("MendedTop", StillBroken, PLACES, "dropout falls on the scores"),
    Wrong("MendedTop", StillActive, SAME, "dropout is still active at test time"),
    Wrong("MendedTop", StillOnTheScores, PLACES, "dropout falls on the scores"),
    Wrong("MendedTop", SwitchedOff, PLACES, "switched off for good"),
    Wrong("MendedTop", EvaluatesItself, PLACES, "switched off for good"),
    Wrong("MendedTop", OnlyAfterFc6, PLACES, "only one of the two hidden layers has dropout"),
    Wrong("MendedTop", BeforeTheLayers, PLACES, "dropout stands before the hidden layers"),
    Wrong("MendedTop", OnTheMapsToo, PLACES, "dropout on the maps as well"),
    Wrong("MendedTop", ScaledAsIn2012, PLACES, "the scaling of 2012"),
    Wrong("MendedTop", ScaledAtTestTimeToo, SCORES, "the units are scaled at test time, as in 2012"),
    Wrong("MendedTop", WithoutRelu, SCORES, "the ReLUs are gone"),
    Wrong("MendedTop", WithoutSecondRelu, SCORES, "the ReLU after fc7 is gone"),
    Wrong("MendedTop", RectifiedScores, SCORES, "a ReLU on the scores"),
    Wrong("MendedTop", Probabilities, SCORES, "a softmax on the scores"),
    Wrong("MendedTop", OtherLayerNames, SAME, "keep the names fc6, fc7 and fc8"),
    Wrong("MendedTop", HalfWhateverPIs, "other sizes, another p", "the wrong share is dropped"),
]

RIGHT = [
    ("Dropout", Masked),
    ("Dropout", Bernoulli),
    ("Dropout", UndoesTorch),
    ("Dropout", MaskedFill),
    ("Dropout", WithNumpy),
    ("parameter_ledger", count),
    ("parameter_ledger", ledger_of_layers),
    ("parameter_ledger", ledger_tower_by_tower),
    ("MendedTop", Top),
    ("MendedTop", WithModules),
    ("MendedTop", DropoutBeforeRelu),
    ("MendedTop", MaskedByHand),
]
