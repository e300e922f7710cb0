"""Answers to chapter 4's exercise as learners write them: right ones, and wrong ones that no misconception explains."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.inception_v1.exercise.inception_module_mistakes import Module
from cnncourse.architectures.inception_v1.exercise.ledger_mistakes import Ledger
from cnncourse.architectures.inception_v1.exercise.two_heads_mistakes import Heads, SilentHeadLeftOut
from tests.architectures.bank import Wrong


class UnpaddedFive(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.five.padding = (0, 0)


class AllTooSmall(Module):
    def forward(self, maps):
        return super().forward(maps)[:, :, 2:-2, 2:-2]


class PooledFirst(Module):
    """All branches are given the pooled maps."""

    def forward(self, maps):
        pooled = self.pool(maps)
        return torch.cat([F.relu(self.one(maps)), *self.towers(pooled)[1:]], dim=1)


class ForgotReturn(Module):
    def forward(self, maps):
        torch.cat(self.towers(maps), dim=1)


class SpoilsItsInput(Module):
    def forward(self, maps):
        return super().forward(maps.data.relu_())


class KnowsEightMaps(Module):
    """Reduces to no more than three maps, as in the rows that learners can see."""

    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__(in_channels, one, min(three_reduce, 3), three, min(five_reduce, 2), five, pool_projection)
        if in_channels not in (3, 8):
            self.five_reduce.requires_grad_(False)


class SmallMapsNotPooled(Module):
    def pool(self, maps):
        return super().pool(maps) if min(maps.shape[2:]) >= 3 else maps


class ReluBeforeThePooling(Module):
    def forward(self, maps):
        self.rectified = F.relu(maps)
        return super().forward(maps)

    def pool(self, maps):
        return super().pool(self.rectified)


class InSequences(nn.Module):
    """A right answer of small sequences, with ReLUs in place."""

    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__()

        def unit(before, after, kernel=1):
            return nn.Sequential(nn.Conv2d(before, after, kernel, padding=kernel // 2), nn.ReLU(inplace=True))

        self.branches = nn.ModuleList(
            [
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), unit(in_channels, pool_projection)),
                nn.Sequential(unit(in_channels, five_reduce), unit(five_reduce, five, 5)),
                nn.Sequential(unit(in_channels, three_reduce), unit(three_reduce, three, 3)),
                unit(in_channels, one),
            ]
        )

    def forward(self, maps):
        return torch.cat([branch(maps) for branch in reversed(self.branches)], dim=1)


class FusedReductions(nn.Module):
    """A right answer with one 1×1 convolution for all that sees the input as it is."""

    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__()
        self.sizes = [one, three_reduce, five_reduce]
        self.fused = nn.Conv2d(in_channels, sum(self.sizes), 1)
        self.three = nn.Conv2d(three_reduce, three, 3, padding="same")
        self.five = nn.Conv2d(five_reduce, five, 5, padding="same")
        self.pool = nn.MaxPool2d(3, 1, 1)
        self.projection = nn.Conv2d(in_channels, pool_projection, 1)

    def forward(self, maps):
        one, three, five = self.fused(maps).relu().split(self.sizes, dim=1)
        return torch.cat([one, self.three(three), self.five(five), self.projection(self.pool(maps))], dim=1).relu()


class OverChannels(nn.Module):
    """A right answer with fully connected layers over the channels of each position, for every 1×1 convolution."""

    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__()
        self.one = nn.Linear(in_channels, one)
        self.three_reduce = nn.Linear(in_channels, three_reduce)
        self.three = nn.Conv2d(three_reduce, three, 3, padding=1)
        self.five_reduce = nn.Linear(in_channels, five_reduce)
        self.five = nn.Conv2d(five_reduce, five, 5, padding=2)
        self.projection = nn.Linear(in_channels, pool_projection)

    @staticmethod
    def over(linear, maps):
        return linear(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).relu()

    def forward(self, maps):
        three = self.three(self.over(self.three_reduce, maps)).relu()
        five = self.five(self.over(self.five_reduce, maps)).relu()
        pool = self.over(self.projection, F.max_pool2d(maps, 3, 1, 1))
        return torch.cat([self.over(self.one, maps), three, five, pool], dim=1)


class WithUnfold(nn.Module):
    """A right answer that cuts out patches, with weights of its own."""

    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__()
        sizes = [(in_channels, one), (in_channels, three_reduce), (9 * three_reduce, three)]
        sizes += [(in_channels, five_reduce), (25 * five_reduce, five), (in_channels, pool_projection)]
        self.weights = nn.ParameterList(nn.Parameter(torch.randn(size) / size[0] ** 0.5) for size in sizes)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(size[1])) for size in sizes)

    def apply_layer(self, number, maps, side):
        patches = F.unfold(maps, side, padding=side // 2)
        answers = torch.einsum("npl,po->nol", patches, self.weights[number]) + self.biases[number][:, None]
        return answers.view(len(maps), -1, *maps.shape[2:]).clamp(min=0)

    def forward(self, maps):
        beyond = F.pad(maps, (1, 1, 1, 1), value=float("-inf"))
        largest = beyond.unfold(2, 3, 1).unfold(3, 3, 1).amax(dim=(4, 5))
        three = self.apply_layer(2, self.apply_layer(1, maps, 1), 3)
        five = self.apply_layer(4, self.apply_layer(3, maps, 1), 5)
        return torch.cat([self.apply_layer(0, maps, 1), three, five, self.apply_layer(5, largest, 1)], dim=1)


class Lazy(nn.Module):
    """A right answer that finds out by itself how many maps come in."""

    def __init__(self, _in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__()
        self.one = nn.LazyConv2d(one, 1)
        self.three = nn.Sequential(
            nn.LazyConv2d(three_reduce, 1), nn.ReLU(), nn.LazyConv2d(three, 3, padding=1), nn.ReLU()
        )
        self.five = nn.Sequential(
            nn.LazyConv2d(five_reduce, 1), nn.ReLU(), nn.LazyConv2d(five, 5, padding=2), nn.ReLU()
        )
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.LazyConv2d(pool_projection, 1), nn.ReLU())

    def forward(self, maps):
        return torch.cat([self.one(maps).relu(), self.three(maps), self.five(maps), self.pool(maps)], dim=1)


class FirstRowNeverPools(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        return super().__call__(in_channels, side * (2 if rows and rows[0] == "max pool" else 1), rows, reduced)


class NaiveModulesRead(Ledger):
    def joined(self, maps, row, reduced):
        return super().joined(maps, row, reduced) if reduced or row[5] else row[0] + row[2] + row[4]


def counted_by_torch(in_channels, side, rows, reduced):
    """A right answer that lets torch count its layers."""
    entries = []
    for row in rows:
        layers = nn.ModuleList()
        if isinstance(row, str):
            side //= 2
        else:
            n1, r3, n3, r5, n5, projection = row
            layers.append(nn.Conv2d(in_channels, n1, 1, device="meta"))
            if reduced:
                pairs = [(in_channels, r3, 1), (r3, n3, 3), (in_channels, r5, 1), (r5, n5, 5)]
                pairs.append((in_channels, projection, 1))
            else:
                pairs, projection = [(in_channels, n3, 3), (in_channels, n5, 5)], in_channels
            layers.extend(nn.Conv2d(*pair, device="meta") for pair in pairs)
            in_channels = n1 + n3 + n5 + projection
        numbers = sum(number.numel() for number in layers.parameters())
        weights = sum(layer.weight.numel() for layer in layers)
        entries.append({"maps": in_channels, "side": side, "numbers": numbers, "multiply_adds": weights * side * side})
    return entries


def branch_by_branch(in_channels, side, rows, reduced):
    """A right answer that adds up the branches, with a key of its own as well."""

    def branch(before, reduce, after, kernel):
        if not reduced:
            return kernel * kernel * before * after, after
        return before * reduce + kernel * kernel * reduce * after, reduce + after

    def module(before, row):
        n1, r3, n3, r5, n5, projection = row
        parts = [(before * n1, n1), branch(before, r3, n3, 3), branch(before, r5, n5, 5)]
        if reduced:
            parts.append((before * projection, projection))
        return tuple(map(sum, zip(*parts, strict=True)))

    entries = []
    for row in rows:
        weights = biases = 0
        if row == "max pool":
            side = side // 2
        else:
            weights, biases = module(in_channels, row)
            in_channels = sum(row[0:5:2]) + (row[5] if reduced else in_channels)
        entry = {"row": row, "maps": in_channels, "side": side}
        entries.append(entry | {"numbers": weights + biases, "multiply_adds": weights * side**2})
    return tuple(entries)


class OtherNames(Heads):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.side = self.auxiliary
        del self.auxiliary

    def both(self, images):
        maps = F.relu(self.first(images))
        return self.output(F.relu(self.second(maps)).mean(dim=(2, 3))), self.side(maps.mean(dim=(2, 3)))


class KnowsTheWeight(Heads):
    """Takes the weight of the example for granted."""

    def __init__(self, in_channels, width, num_classes, weight):
        super().__init__(in_channels, width, num_classes, 0.3)


class ZeroIsNotSaid(Heads):
    def __init__(self, in_channels, width, num_classes, weight):
        super().__init__(in_channels, width, num_classes, weight or 0.3)


class HeadsWithModules(nn.Module):
    """A right answer with modules for all steps."""

    def __init__(self, in_channels, width, num_classes, weight):
        super().__init__()
        self.first = nn.Conv2d(in_channels, width, 3, padding="same")
        self.second = nn.Conv2d(width, width, 3, padding="same")
        self.auxiliary, self.output = nn.Linear(width, num_classes), nn.Linear(width, num_classes)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.relu, self.criterion, self.weight = nn.ReLU(inplace=True), nn.CrossEntropyLoss(), weight

    def forward(self, images, labels=None):
        lower = self.relu(self.first(images))
        upper = self.relu(self.second(lower))
        scores = self.output(self.pool(upper))
        if not self.training:
            return scores
        return self.criterion(scores, labels) + self.criterion(self.auxiliary(self.pool(lower)), labels) * self.weight


class HeadsByLabels(Heads):
    """A right answer that computes the auxiliary classifier only where it is needed, and its loss by hand."""

    def forward(self, images, labels=None):
        lower = self.first(images).clamp(min=0)
        scores = self.output(self.second(lower).clamp(min=0).flatten(2).mean(dim=-1))
        if not self.training:
            return scores
        total = 0
        for weight, each in ((1, scores), (self.weight, self.auxiliary(lower.flatten(2).mean(dim=-1)))):
            total = total - weight * each.log_softmax(dim=1)[torch.arange(len(labels)), labels].mean()
        return total


def empties_the_rows(in_channels, side, rows, reduced):
    entries = []
    for row in rows:
        entries += Ledger()(in_channels, side, [row if row == "max pool" else [row.pop(0) for _ in range(6)]], reduced)
        in_channels, side = entries[-1]["maps"], entries[-1]["side"]
    return entries


class LargestOfAMap(Heads):
    """Right in evaluation, and as long as all weights are alike."""

    def both(self, images):
        maps = F.relu(self.first(images))
        auxiliary = self.auxiliary(maps.amax(dim=(2, 3)))
        maps = F.relu(self.second(maps))
        return self.output(maps.mean(dim=(2, 3))), auxiliary


class SqueezedInEvaluation(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores.squeeze()


WRONG = [
    Wrong("Inception", UnpaddedFive, "maps that are to be joined differ in height or width, by stride or padding"),
    Wrong("Inception", AllTooSmall, "the output has the wrong shape"),
    Wrong("Inception", PooledFirst, "the gradients of its parameters are wrong"),
    Wrong("Inception", ForgotReturn, "forward returns None"),
    Wrong(
        "Inception",
        SpoilsItsInput,
        "forward changes the tensor that it is given",
    ),
    Wrong("Inception", KnowsEightMaps, "the number of trainable parameters is wrong"),
    Wrong("Inception", SmallMapsNotPooled),
    Wrong("Inception", ReluBeforeThePooling, "the pooling is given rectified maps"),
    Wrong("inception_ledger", FirstRowNeverPools()),
    Wrong("inception_ledger", NaiveModulesRead()),
    Wrong("MendedHeads", ZeroIsNotSaid),
    Wrong("MendedHeads", KnowsTheWeight, "what comes out is wrong"),
    Wrong("inception_ledger", empties_the_rows, "it changes the arguments that it is given"),
    Wrong("MendedHeads", SqueezedInEvaluation, "a batch of one loses its first dimension"),
    Wrong("MendedHeads", LargestOfAMap, "a pooling too many, too few or of another kind"),
]

RIGHT = [
    ("Inception", Module),
    ("Inception", InSequences),
    ("Inception", FusedReductions),
    ("Inception", OverChannels),
    ("Inception", WithUnfold),
    ("Inception", Lazy),
    ("inception_ledger", Ledger()),
    ("inception_ledger", counted_by_torch),
    ("inception_ledger", branch_by_branch),
    ("MendedHeads", Heads),
    ("MendedHeads", SilentHeadLeftOut),
    ("MendedHeads", HeadsWithModules),
    ("MendedHeads", HeadsByLabels),
    ("MendedHeads", OtherNames),
]
