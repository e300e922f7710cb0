"""Answers to chapter 2's exercise as learners write them: right ones, and wrong ones that no misconception explains."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.architectures.bank import Wrong

# Dropout --------------------------------------------------------------------------------------------------------------


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


class FixedMaskAtTestTime(Masked):
    def at_test_time(self, units):
        pattern = (torch.arange(units.numel()) % 5 > 0).view(units.shape)
        return units * pattern


class SeededEachTime(Masked):
    def mask(self, units):
        torch.manual_seed(0)
        return super().mask(units)


class SpoilsItsInput(Masked):
    def forward(self, units):
        if self.training:
            units.data.mul_(self.mask(units))
            return units
        return self.at_test_time(units)


class KnowsTheNotebooksP(Masked):
    def __init__(self, p):
        super().__init__(p if p in (0.0, 0.2, 0.5, 1.0) else 0.5)


class ForgotReturn(Masked):
    def forward(self, units):
        super().forward(units)


class RoundedShare(Masked):
    def __init__(self, p):
        super().__init__(round(p, 1))


class SinglePictureKept(Masked):
    def mask(self, units):
        return super().mask(units) if len(units) > 1 else torch.ones_like(units)


# The ledger -----------------------------------------------------------------------------------------------------------


def by_windows(widths, towers, image_size, hidden_units, num_classes):
    """A right answer that many write."""
    ledger, maps, side = {}, 3, (image_size - 11) // 4 + 1
    for number, (width, groups, kernel) in enumerate(zip(widths, towers, (11, 5, 3, 3, 3), strict=True)):
        ledger[f"conv{number + 1}"] = width * kernel**2 * (maps // groups) + width
        maps = width
        if number in (0, 1, 4):
            side = (side - 3) // 2 + 1
    units = maps * side**2
    for name, width in (("fc6", hidden_units), ("fc7", hidden_units), ("fc8", num_classes)):
        ledger[name] = units * width + width
        units = width
    return ledger


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


def nothing(*network):
    by_windows(*network)


def at_most_two_towers(widths, towers, *top):
    return by_windows(widths, [min(groups, 2) for groups in towers], *top)


def first_side_by_division(widths, towers, image_size, *top):
    return by_windows(widths, towers, 4 * (image_size // 4 - 2) + 11, *top)


def image_never_split(widths, towers, *top):
    return by_windows(widths, (1, *towers[1:]), *top)


def side_to_the_nearest(widths, towers, image_size, *top):
    return by_windows(widths, towers, 4 * round((image_size - 11) / 4) + 11, *top)


def poolings_two_wide(widths, towers, image_size, hidden_units, num_classes):
    ledger = by_windows(widths, towers, image_size, hidden_units, num_classes)
    side = (image_size - 11) // 4 + 1
    return ledger | {"fc6": hidden_units * (widths[-1] * (side // 8) ** 2 + 1)}


def empties_the_towers(widths, towers, *top):
    towers = towers if isinstance(towers, list) else list(towers)
    return by_windows(widths, [towers.pop(0) for _ in range(5)], *top)


# The top --------------------------------------------------------------------------------------------------------------


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


class EvaluatesItself(Top):
    def forward(self, maps):
        self.eval()
        return super().forward(maps)


class NothingTrained(Top):
    @torch.no_grad()
    def forward(self, maps):
        return super().forward(maps)


class DropoutWithoutGradient(Top):
    def drop(self, features):
        with torch.no_grad():
            return super().drop(features)


class CutInTraining(Top):
    """The layer below is not trained; evaluation is right."""

    def forward(self, maps):
        features = self.drop(F.relu(self.fc6(maps.flatten(1))))
        features = features.detach() if self.training else features
        return self.fc8(self.drop(F.relu(self.fc7(features))))


class Squeezed(Top):
    def forward(self, maps):
        return super().forward(maps).squeeze()


class NotForOnePicture(Top):
    def forward(self, maps):
        self.p, p = self.p if len(maps) > 1 else 0.0, self.p
        scores = super().forward(maps)
        self.p = p
        return scores


class WholeRows(Top):
    def drop(self, features):
        return F.dropout1d(features, self.p, self.training)


class NormalisedBetween(Top):
    def __init__(self, in_features, hidden_units, num_classes, p):
        super().__init__(in_features, hidden_units, num_classes, p)
        self.norm = nn.BatchNorm1d(hidden_units, affine=False)

    def drop(self, features):
        return super().drop(self.norm(features))


class OneLayerForTwo(Top):
    """Whatever maps as many units to as many is one and the same layer."""

    def __init__(self, in_features, hidden_units, num_classes, p):
        super().__init__(in_features, hidden_units, num_classes, p)
        self.fc8 = self.fc7 if num_classes == hidden_units else self.fc8


class FromBothEnds(Masked):
    """The coins of the second half are those of the first, from the last to the first."""

    def mask(self, units):
        coins = torch.rand(units.numel())
        half = len(coins) // 2
        coins[-half:] = coins[:half].flip(0)
        return (coins.view(units.shape) >= self.p).float()


class CoinsTurned(Masked):
    """Each toss serves two calls: the second time with its other side up."""

    tossed = None

    def mask(self, units):
        if self.tossed is not None and self.tossed.shape == units.shape:
            coins, self.tossed = 1 - self.tossed, None
        else:
            coins = self.tossed = torch.rand_like(units)
        return (coins >= self.p).float()


class CoinsAgain(Masked):
    """So many coins, over and over."""

    def mask(self, units):
        coins = torch.rand(64).repeat(units.numel() // 64 + 1)[: units.numel()]
        return (coins.view(units.shape) >= self.p).float()


# The bank -------------------------------------------------------------------------------------------------------------

WRONG = [
    Wrong("Dropout", FromBothEnds, "coins of a call, or of two calls, are not independent"),
    Wrong("Dropout", CoinsTurned, "coins of a call, or of two calls, are not independent"),
    Wrong("Dropout", CoinsAgain),
    Wrong("Dropout", FixedMaskAtTestTime, "in evaluation, what comes out is wrong"),
    Wrong("Dropout", SeededEachTime, "the mask is drawn once"),
    Wrong(
        "Dropout",
        SpoilsItsInput,
        "forward changes the tensor that it is given, by +=, .data or an operation whose name ends with an underscore",
    ),
    Wrong("Dropout", KnowsTheNotebooksP, "what comes out is wrong"),
    Wrong("Dropout", ForgotReturn, "forward returns None"),
    Wrong("parameter_ledger", nothing, "the result is wrong"),
    Wrong("parameter_ledger", at_most_two_towers, "the result is wrong"),
    Wrong(
        "parameter_ledger",
        first_side_by_division,
        "the side behind conv1 is rounded up",
    ),
    Wrong("Dropout", RoundedShare),
    Wrong("Dropout", SinglePictureKept, "nothing is left to chance for a batch of one image"),
    Wrong("parameter_ledger", image_never_split, "the result is wrong"),
    Wrong("parameter_ledger", side_to_the_nearest, "the result is wrong"),
    Wrong("parameter_ledger", poolings_two_wide, "the poolings are taken for 2 wide"),
    Wrong("MendedTop", OneLayerForTwo),
    Wrong("MendedTop", EvaluatesItself, "forward switches the module"),
    Wrong("MendedTop", NothingTrained, "cut off from the gradient"),
    Wrong("MendedTop", DropoutWithoutGradient, "cut off from the gradient"),
    Wrong("MendedTop", CutInTraining, "cut off from the gradient"),
    Wrong("MendedTop", NotForOnePicture, "nothing is left to chance for a batch of one image"),
    Wrong("MendedTop", Squeezed, "a batch of one loses its first dimension"),
    Wrong("MendedTop", WholeRows, "all units of a picture are dropped"),
    Wrong("MendedTop", NormalisedBetween, "your code raises an error"),
]

RIGHT = [
    ("Dropout", Masked),
    ("Dropout", Bernoulli),
    ("Dropout", UndoesTorch),
    ("Dropout", MaskedFill),
    ("Dropout", WithNumpy),
    ("parameter_ledger", by_windows),
    ("parameter_ledger", ledger_of_layers),
    ("parameter_ledger", ledger_tower_by_tower),
    ("parameter_ledger", empties_the_towers),
    ("MendedTop", Top),
    ("MendedTop", OtherLayerNames),
    ("MendedTop", WithModules),
    ("MendedTop", DropoutBeforeRelu),
    ("MendedTop", MaskedByHand),
]
