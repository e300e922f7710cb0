"""Answers to chapter 4's exercise as learners write them: wrong ones, one a misconception, and right ones."""

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


# The Inception module, wrong -----------------------------------------------------------------------------------------


class Module(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__()
        self.one = nn.Conv2d(in_channels, one, 1)
        self.three_reduce = nn.Conv2d(in_channels, three_reduce, 1)
        self.three = nn.Conv2d(three_reduce, three, 3, padding=1)
        self.five_reduce = nn.Conv2d(in_channels, five_reduce, 1)
        self.five = nn.Conv2d(five_reduce, five, 5, padding=2)
        self.projection = nn.Conv2d(in_channels, pool_projection, 1)

    def pool(self, maps):
        return F.max_pool2d(maps, 3, stride=1, padding=1)

    def towers(self, maps):
        return [
            F.relu(self.one(maps)),
            F.relu(self.three(F.relu(self.three_reduce(maps)))),
            F.relu(self.five(F.relu(self.five_reduce(maps)))),
            F.relu(self.projection(self.pool(maps))),
        ]

    def forward(self, maps):
        return torch.cat(self.towers(maps), dim=1)


class ThreeForFive(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.five = nn.Conv2d(arguments[4], arguments[5], 3, padding=1)


class TwoThreesForFive(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        five_reduce, five = arguments[4:6]
        self.five = nn.Sequential(
            nn.Conv2d(five_reduce, five, 3, padding=1), nn.ReLU(), nn.Conv2d(five, five, 3, padding=1)
        )


class Summed(Module):
    def forward(self, maps):
        one, three, five, pool = self.towers(maps)
        return one + three + five + pool


class JoinedOverTheBatch(Module):
    def forward(self, maps):
        return torch.cat(self.towers(maps), dim=0)


class JoinedSideBySide(Module):
    def forward(self, maps):
        return torch.cat(self.towers(maps), dim=3)


class ReducedAfterwards(nn.Module):
    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__()
        self.one = nn.Conv2d(in_channels, one, 1)
        self.three = nn.Conv2d(in_channels, three_reduce, 3, padding=1)
        self.three_after = nn.Conv2d(three_reduce, three, 1)
        self.five = nn.Conv2d(in_channels, five_reduce, 5, padding=2)
        self.five_after = nn.Conv2d(five_reduce, five, 1)
        self.projection = nn.Conv2d(in_channels, pool_projection, 1)

    def forward(self, maps):
        three = F.relu(self.three_after(F.relu(self.three(maps))))
        five = F.relu(self.five_after(F.relu(self.five(maps))))
        pool = F.relu(self.projection(F.max_pool2d(maps, 3, stride=1, padding=1)))
        return torch.cat([F.relu(self.one(maps)), three, five, pool], dim=1)


class NaiveWithProjection(nn.Module):
    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__()
        self.one = nn.Conv2d(in_channels, one, 1)
        self.three = nn.Conv2d(in_channels, three, 3, padding=1)
        self.five = nn.Conv2d(in_channels, five, 5, padding=2)
        self.projection = nn.Conv2d(in_channels, pool_projection, 1)

    def forward(self, maps):
        pool = self.projection(F.max_pool2d(maps, 3, stride=1, padding=1))
        return F.relu(torch.cat([self.one(maps), self.three(maps), self.five(maps), pool], dim=1))


class OneReductionForBoth(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.five_reduce = None
        self.five = nn.Conv2d(arguments[2], arguments[5], 5, padding=2)

    def towers(self, maps):
        reduced = F.relu(self.three_reduce(maps))
        pool = F.relu(self.projection(self.pool(maps)))
        return [F.relu(self.one(maps)), F.relu(self.three(reduced)), F.relu(self.five(reduced)), pool]


class NoProjection(Module):
    def towers(self, maps):
        return [*super().towers(maps)[:3], self.pool(maps)]


class NoPoolingBranch(Module):
    def towers(self, maps):
        return super().towers(maps)[:3]


class ReductionsJoinedToo(Module):
    def towers(self, maps):
        one, three, five, pool = super().towers(maps)
        return [one, F.relu(self.three_reduce(maps)), three, F.relu(self.five_reduce(maps)), five, pool]


class OnlyTheLastBranch(Module):
    def forward(self, maps):
        return self.towers(maps)[-1]


class SwappedInThree(Module):
    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__(in_channels, one, three, three_reduce, five_reduce, five, pool_projection)


class SwappedInBoth(Module):
    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__(in_channels, one, three, three_reduce, five, five_reduce, pool_projection)


class PoolingWithStrideTwo(Module):
    def pool(self, maps):
        return F.max_pool2d(maps, 3, stride=2, padding=1)


class UnpaddedFive(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.five.padding = (0, 0)


class AllTooSmall(Module):
    def forward(self, maps):
        return super().forward(maps)[:, :, 2:-2, 2:-2]


class InSeries(nn.Module):
    def __init__(self, in_channels, one, three_reduce, three, five_reduce, five, pool_projection):
        super().__init__()
        self.one = nn.Conv2d(in_channels, one, 1)
        self.three_reduce = nn.Conv2d(one, three_reduce, 1)
        self.three = nn.Conv2d(three_reduce, three, 3, padding=1)
        self.five_reduce = nn.Conv2d(three, five_reduce, 1)
        self.five = nn.Conv2d(five_reduce, five, 5, padding=2)
        self.projection = nn.Conv2d(five, pool_projection, 1)

    def forward(self, maps):
        one = F.relu(self.one(maps))
        three = F.relu(self.three(F.relu(self.three_reduce(one))))
        five = F.relu(self.five(F.relu(self.five_reduce(three))))
        pool = F.relu(self.projection(F.max_pool2d(five, 3, stride=1, padding=1)))
        return torch.cat([one, three, five, pool], dim=1)


class PooledFirst(Module):
    """All branches are given the pooled maps."""

    def forward(self, maps):
        pooled = self.pool(maps)
        return torch.cat([F.relu(self.one(maps)), *self.towers(pooled)[1:]], dim=1)


class LargeProjection(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.projection = nn.Conv2d(arguments[0], arguments[-1], 3, padding=1)


class WithoutBiases(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        for layer in self.children():
            layer.bias = None


class Normalised(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        _, one, three_reduce, three, five_reduce, five, projection = arguments
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(width) for width in (one, three_reduce, three, five_reduce, five, projection)
        )

    def towers(self, maps):
        one, three_reduce, three, five_reduce, five, projection = self.norms
        return [
            F.relu(one(self.one(maps))),
            F.relu(three(self.three(F.relu(three_reduce(self.three_reduce(maps)))))),
            F.relu(five(self.five(F.relu(five_reduce(self.five_reduce(maps)))))),
            F.relu(projection(self.projection(self.pool(maps)))),
        ]


class NormalisedWithoutBiases(Normalised):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        for layer in (self.one, self.three_reduce, self.three, self.five_reduce, self.five, self.projection):
            layer.bias = None


class PlainList(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.hidden = {name: getattr(self, name) for name in list(self._modules)}
        self._modules.clear()

    def __getattr__(self, name):
        hidden = self.__dict__.get("hidden", {})
        return hidden[name] if name in hidden else super().__getattr__(name)


class CutOff(Module):
    def forward(self, maps):
        with torch.no_grad():
            return super().forward(maps)


class ReductionsCutOff(Module):
    def towers(self, maps):
        one, _, _, pool = super().towers(maps)
        three = F.relu(self.three(F.relu(self.three_reduce(maps)).detach()))
        five = F.relu(self.five(F.relu(self.five_reduce(maps)).detach()))
        return [one, three, five, pool]


class PoolFirstInTheOutput(Module):
    def towers(self, maps):
        one, three, five, pool = super().towers(maps)
        return [pool, one, three, five]


class LargestFirst(Module):
    def towers(self, maps):
        one, three, five, pool = super().towers(maps)
        return [five, three, one, pool]


class NoPooling(Module):
    def pool(self, maps):
        return maps


class Averaged(Module):
    def pool(self, maps):
        return F.avg_pool2d(maps, 3, stride=1, padding=1)


class PooledEverywhere(Module):
    """The maps of every branch are pooled."""

    def towers(self, maps):
        one, three, five, pool = super().towers(maps)
        return [self.pool(one), three, five, pool]


class DilatedThree(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.three.dilation, self.three.padding = (2, 2), (2, 2)


class ProjectedBeforePooling(Module):
    def towers(self, maps):
        return [*super().towers(maps)[:3], self.pool(F.relu(self.projection(maps)))]


class NoReluAfterReductions(Module):
    def towers(self, maps):
        one, _, _, pool = super().towers(maps)
        return [one, F.relu(self.three(self.three_reduce(maps))), F.relu(self.five(self.five_reduce(maps))), pool]


class NoReluAfterFiveReduce(Module):
    def towers(self, maps):
        one, three, _, pool = super().towers(maps)
        return [one, three, F.relu(self.five(self.five_reduce(maps))), pool]


class NoReluAtTheEnd(Module):
    def towers(self, maps):
        return [
            self.one(maps),
            self.three(F.relu(self.three_reduce(maps))),
            self.five(F.relu(self.five_reduce(maps))),
            self.projection(self.pool(maps)),
        ]


class NoReluAfterThree(Module):
    def towers(self, maps):
        one, _, five, pool = super().towers(maps)
        return [one, self.three(F.relu(self.three_reduce(maps))), five, pool]


class NoReluAfterProjection(Module):
    def towers(self, maps):
        return [*super().towers(maps)[:3], self.projection(self.pool(maps))]


class NoReluInThree(Module):
    def towers(self, maps):
        one, _, five, pool = super().towers(maps)
        return [one, self.three(self.three_reduce(maps)), five, pool]


class Leaky(Module):
    def towers(self, maps):
        one, _, _, pool = super().towers(maps)
        three = F.leaky_relu(self.three(F.leaky_relu(self.three_reduce(maps))))
        five = F.leaky_relu(self.five(F.leaky_relu(self.five_reduce(maps))))
        return [one, three, five, pool]


class ZerosRoundThePooling(Module):
    def pool(self, maps):
        return F.max_pool2d(F.pad(maps, (1, 1, 1, 1)), 3, stride=1)


class PaddedBeforeTheReduction(Module):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.three_reduce.padding, self.three.padding = (1, 1), (0, 0)
        self.five_reduce.padding, self.five.padding = (2, 2), (0, 0)


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


# The Inception module, right -----------------------------------------------------------------------------------------


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


# The ledger, wrong ---------------------------------------------------------------------------------------------------


class Ledger:
    """A right answer whose steps the wrong ones change; as learners write it, it is a function."""

    __name__ = "inception_ledger"

    def __call__(self, in_channels, side, rows, reduced):
        maps, entries = in_channels, []
        for row in rows:
            if row == "max pool":
                side = self.after_pooling(side)
                entries.append(self.entry(maps, side, 0, 0))
                continue
            layers = self.layers(self.maps_seen(maps, in_channels), row, reduced)
            entries.append(self.entry(self.joined(maps, row, reduced), side, self.numbers(layers), 0))
            entries[-1]["multiply_adds"] = self.work(layers, side)
            maps = self.passed_on(maps, entries[-1]["maps"])
        return entries

    def entry(self, maps, side, numbers, work):
        return {"maps": maps, "side": side, "numbers": numbers, "multiply_adds": work}

    def maps_seen(self, maps, in_channels):
        return maps

    def passed_on(self, before, after):
        return after

    def after_pooling(self, side):
        return side // 2

    def layers(self, maps, row, reduced):
        n1, r3, n3, r5, n5, projection = row
        if not reduced:
            return [(maps, n1, 1), (maps, n3, 3), (maps, n5, 5)]
        return [(maps, n1, 1), (maps, r3, 1), (r3, n3, 3), (maps, r5, 1), (r5, n5, 5), (maps, projection, 1)]

    def joined(self, maps, row, reduced):
        return row[0] + row[2] + row[4] + (row[5] if reduced else maps)

    def numbers(self, layers):
        return sum((side**2 * before + 1) * after for before, after, side in layers)

    def work(self, layers, side):
        return side**2 * sum(kernel**2 * before * after for before, after, kernel in layers)


class LedgerWithoutBiases(Ledger):
    def numbers(self, layers):
        return sum(side**2 * before * after for before, after, side in layers)


class LedgerOneBias(Ledger):
    def numbers(self, layers):
        return LedgerWithoutBiases().numbers(layers) + 1


class LedgerBiasesAtTheEnd(Ledger):
    def numbers(self, layers):
        ends = [after for before, after, side in layers]
        outputs = sum(ends[number] for number in ((0, 2, 4, 5) if len(ends) == 6 else range(len(ends))))
        return LedgerWithoutBiases().numbers(layers) + outputs


class LedgerThreeForFive(Ledger):
    def layers(self, maps, row, reduced):
        return [(before, after, min(side, 3)) for before, after, side in super().layers(maps, row, reduced)]


class LedgerUnreducedInput(Ledger):
    def layers(self, maps, row, reduced):
        return [(maps, after, side) for before, after, side in super().layers(maps, row, reduced)]


class LedgerNoReductions(Ledger):
    def layers(self, maps, row, reduced):
        layers = super().layers(maps, row, reduced)
        return [layers[0], layers[2], layers[4], layers[5]] if reduced else layers


class LedgerNoProjection(Ledger):
    def layers(self, maps, row, reduced):
        return super().layers(maps, row, reduced)[: 5 if reduced else 3]


class LedgerKernelNotSquared(Ledger):
    def numbers(self, layers):
        return sum((side * before + 1) * after for before, after, side in layers)


class LedgerFirstMaps(Ledger):
    def maps_seen(self, maps, in_channels):
        return in_channels


class LedgerReductionsCounted(Ledger):
    def joined(self, maps, row, reduced):
        return super().joined(maps, row, reduced) + (row[1] + row[3] if reduced else 0)


class LedgerNoPoolingBranch(Ledger):
    def joined(self, maps, row, reduced):
        return row[0] + row[2] + row[4]


class LedgerReductionsAsOutput(Ledger):
    def joined(self, maps, row, reduced):
        return row[0] + row[1] + row[3] + row[5] if reduced else super().joined(maps, row, reduced)


class LedgerPoolingKeepsTheSide(Ledger):
    def after_pooling(self, side):
        return side


class LedgerQuarter(Ledger):
    def after_pooling(self, side):
        return side // 4


class LedgerBiasesAsWork(Ledger):
    def work(self, layers, side):
        return side**2 * self.numbers(layers)


class LedgerOneRow(Ledger):
    def work(self, layers, side):
        return super().work(layers, side) // side


class LedgerOnePlace(Ledger):
    def work(self, layers, side):
        return super().work(layers, 1)


class LedgerTwoOperations(Ledger):
    def work(self, layers, side):
        return 2 * super().work(layers, side)


class LedgerFirstSide(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        self.first = side
        return super().__call__(in_channels, side, rows, reduced)

    def work(self, layers, side):
        return super().work(layers, self.first)


class LedgerFloats(Ledger):
    def after_pooling(self, side):
        return side / 2


class LedgerIgnoresReduced(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        return super().__call__(in_channels, side, rows, reduced=True)


class LedgerNaiveProjected(Ledger):
    def joined(self, maps, row, reduced):
        return super().joined(maps, row, reduced=True)


class LedgerSkipsPoolings(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        entries = super().__call__(in_channels, side, rows, reduced)
        return [entry for entry, row in zip(entries, rows, strict=True) if row != "max pool"]


class LedgerTuples(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        return [tuple(entry.values()) for entry in super().__call__(in_channels, side, rows, reduced)]


class LedgerReturnsNothing(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        super().__call__(in_channels, side, rows, reduced)


class LedgerKnowsTable1(Ledger):
    """Knows where the poolings of Table 1 are, and looks no further."""

    def __call__(self, in_channels, side, rows, reduced):
        entries = super().__call__(in_channels, side, rows, reduced)
        for entry, known in zip(entries, [28, 28, 14, 14, 14, 14, 14, 14, 7, 7, 7], strict=False):
            entry["side"] = known
        return entries


# The ledger, right ---------------------------------------------------------------------------------------------------


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


# The two heads, wrong ------------------------------------------------------------------------------------------------


class Heads(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, width, num_classes, weight):
        super().__init__()
        self.first = nn.Conv2d(in_channels, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.auxiliary = nn.Linear(width, num_classes)
        self.output = nn.Linear(width, num_classes)
        self.weight = weight

    def both(self, images):
        maps = F.relu(self.first(images))
        auxiliary = self.auxiliary(maps.mean(dim=(2, 3)))
        maps = F.relu(self.second(maps))
        return self.output(maps.mean(dim=(2, 3))), auxiliary

    def loss(self, scores, auxiliary, labels):
        return F.cross_entropy(scores, labels) + self.weight * F.cross_entropy(auxiliary, labels)

    def at_test_time(self, scores, auxiliary):
        return scores

    def forward(self, images, labels=None):
        scores, auxiliary = self.both(images)
        return self.loss(scores, auxiliary, labels) if self.training else self.at_test_time(scores, auxiliary)


class StillBroken(Heads):
    def both(self, images):
        maps = F.relu(self.first(images))
        auxiliary = self.auxiliary(maps.detach().mean(dim=(2, 3)))
        maps = F.relu(self.second(maps))
        return self.output(maps.mean(dim=(2, 3))), auxiliary

    def at_test_time(self, scores, auxiliary):
        return scores + self.weight * auxiliary


class StillCutOff(StillBroken):
    def at_test_time(self, scores, auxiliary):
        return scores


class StillTwoVoices(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores + self.weight * auxiliary


class MeanOfBoth(Heads):
    def at_test_time(self, scores, auxiliary):
        return (scores + auxiliary) / 2


class SumOfBoth(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores + auxiliary


class AuxiliaryAnswers(Heads):
    def at_test_time(self, scores, auxiliary):
        return auxiliary


class BothReturned(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores, auxiliary


class Probabilities(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores.softmax(dim=1)


class RectifiedScores(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores.relu()


class WithoutRelus(Heads):
    def both(self, images):
        maps = self.first(images)
        auxiliary = self.auxiliary(maps.mean(dim=(2, 3)))
        return self.output(self.second(maps).mean(dim=(2, 3))), auxiliary


class NoAuxiliaryLoss(Heads):
    def loss(self, scores, auxiliary, labels):
        return F.cross_entropy(scores, labels)


class WeightForgotten(Heads):
    def loss(self, scores, auxiliary, labels):
        return F.cross_entropy(scores, labels) + F.cross_entropy(auxiliary, labels)


class WeightOnTheFinalLoss(Heads):
    def loss(self, scores, auxiliary, labels):
        return super().loss(auxiliary, scores, labels)


class SharedWeight(Heads):
    def loss(self, scores, auxiliary, labels):
        final, extra = F.cross_entropy(scores, labels), F.cross_entropy(auxiliary, labels)
        return (1 - self.weight) * final + self.weight * extra


class ScoresMixed(Heads):
    def loss(self, scores, auxiliary, labels):
        return F.cross_entropy(scores + self.weight * auxiliary, labels)


class AuxiliaryLossAlone(Heads):
    def loss(self, scores, auxiliary, labels):
        return self.weight * F.cross_entropy(auxiliary, labels)


class SummedOverTheBatch(Heads):
    def loss(self, scores, auxiliary, labels):
        return len(labels) * super().loss(scores, auxiliary, labels)


class SoftmaxTwice(Heads):
    def loss(self, scores, auxiliary, labels):
        return super().loss(scores.softmax(dim=1), auxiliary.softmax(dim=1), labels)


class ScoresInTraining(Heads):
    def loss(self, scores, auxiliary, labels):
        return scores


class LossWithoutGradient(Heads):
    def loss(self, scores, auxiliary, labels):
        return super().loss(scores, auxiliary, labels).detach()


class SecondCutOff(Heads):
    def both(self, images):
        maps = F.relu(self.first(images))
        auxiliary = self.auxiliary(maps.mean(dim=(2, 3)))
        maps = F.relu(self.second(maps.detach()))
        return self.output(maps.mean(dim=(2, 3))), auxiliary


class FinalCutOff(Heads):
    def both(self, images):
        maps = F.relu(self.first(images))
        auxiliary = self.auxiliary(maps.mean(dim=(2, 3)))
        maps = F.relu(self.second(maps))
        return self.output(maps.mean(dim=(2, 3)).detach()), auxiliary


class FrozenAuxiliary(Heads):
    def both(self, images):
        scores, _ = super().both(images)
        features = F.relu(self.first(images)).mean(dim=(2, 3))
        return scores, F.linear(features, self.auxiliary.weight.detach(), self.auxiliary.bias.detach())


class OtherNames(Heads):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.side = self.auxiliary
        del self.auxiliary

    def both(self, images):
        maps = F.relu(self.first(images))
        return self.output(F.relu(self.second(maps)).mean(dim=(2, 3))), self.side(maps.mean(dim=(2, 3)))


class HiddenLayer(Heads):
    def __init__(self, in_channels, width, num_classes, weight):
        super().__init__(in_channels, width, num_classes, weight)
        self.hidden = nn.Linear(width, width)


class FlattenedHead(Heads):
    def __init__(self, in_channels, width, num_classes, weight):
        super().__init__(in_channels, width, num_classes, weight)
        self.auxiliary = nn.Linear(16 * width, num_classes)


class KnowsTheWeight(Heads):
    """Takes the weight of the example for granted."""

    def __init__(self, in_channels, width, num_classes, weight):
        super().__init__(in_channels, width, num_classes, 0.3)


# The two heads, right ------------------------------------------------------------------------------------------------


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


# What is wrong, and what is right ------------------------------------------------------------------------------------

SHAPE = "four branches, joined"
NUMBERS = "trainable numbers"
VIEWS = "what each branch sees"
VALUES = "the right values, ReLUs included"
MAPS = "maps and sides of Table 1"
WORK = "multiply-adds"
NAIVE = "the naive modules"
ONE_VOICE = "one voice at test time"
LOSS = "the loss of both classifiers"
TEACHES = "the auxiliary loss teaches the layers below"

WRONG = [
    Wrong("Inception", ThreeForFive, NUMBERS, "a 3×3 kernel in the 5×5 branch, as torchvision"),
    Wrong("Inception", TwoThreesForFive, NUMBERS, "two 3×3 kernels in place of the 5×5 one"),
    Wrong("Inception", Summed, SHAPE, "the branches are added up"),
    Wrong("Inception", JoinedOverTheBatch, SHAPE, "joined along the batch"),
    Wrong("Inception", JoinedSideBySide, SHAPE, "joined along the columns"),
    Wrong("Inception", ReducedAfterwards, NUMBERS, "comes after the large kernel"),
    Wrong("Inception", NaiveWithProjection, NUMBERS, "no reductions"),
    Wrong("Inception", OneReductionForBoth, NUMBERS, "one reduction for both branches"),
    Wrong("Inception", NoProjection, SHAPE, "the pooling branch has no projection"),
    Wrong("Inception", NoPoolingBranch, SHAPE, "the pooling branch is left out"),
    Wrong("Inception", ReductionsJoinedToo, SHAPE, "the reductions are joined too"),
    Wrong("Inception", OnlyTheLastBranch, SHAPE, "only the pooling branch comes out"),
    Wrong("Inception", SwappedInThree, SHAPE, "swapped in the 3×3 branch"),
    Wrong("Inception", SwappedInBoth, SHAPE, "swapped in both branches"),
    Wrong("Inception", PoolingWithStrideTwo, SHAPE, "a branch changes the size of its maps"),
    Wrong("Inception", UnpaddedFive, SHAPE, "a branch changes the size of its maps"),
    Wrong("Inception", AllTooSmall, SHAPE, "the maps change their size"),
    Wrong("Inception", InSeries, NUMBERS, "the branches stand in series"),
    Wrong("Inception", PooledFirst, VIEWS, "the branch is given what another one made"),
    Wrong("Inception", LargeProjection, NUMBERS, "the projection has a 3×3 kernel"),
    Wrong("Inception", WithoutBiases, NUMBERS, "the biases are left out"),
    Wrong("Inception", Normalised, NUMBERS, "batch normalisation, which came half a year later, has numbers"),
    Wrong("Inception", NormalisedWithoutBiases, NUMBERS, "in place of the biases"),
    Wrong("Inception", PlainList, NUMBERS, "layers in a plain list or dictionary"),
    Wrong("Inception", CutOff, NUMBERS, "nothing can learn"),
    Wrong("Inception", ReductionsCutOff, NUMBERS, "some convolutions are cut off"),
    Wrong("Inception", PoolFirstInTheOutput, VIEWS, "joined in another order"),
    Wrong("Inception", LargestFirst, VIEWS, "joined in another order"),
    Wrong("Inception", NoPooling, VIEWS, "no pooling before the projection"),
    Wrong("Inception", Averaged, VIEWS, "average pooling"),
    Wrong("Inception", PooledEverywhere, VIEWS, "the maps of the 1×1 branch do not see what they should"),
    Wrong("Inception", DilatedThree, VIEWS, "the maps of the 3×3 branch do not see what they should"),
    Wrong("Inception", ProjectedBeforePooling, VALUES, "the projection comes before the pooling"),
    Wrong("Inception", NoReluAfterReductions, VALUES, "no ReLU after the reduction"),
    Wrong("Inception", NoReluAfterFiveReduce, VALUES, "no ReLU after the reduction"),
    Wrong("Inception", NoReluAtTheEnd, VALUES, "no ReLU after the 1×1 convolution"),
    Wrong("Inception", NoReluAfterThree, VALUES, "no ReLU after the 3×3 convolution"),
    Wrong("Inception", NoReluAfterProjection, VALUES, "no ReLU after the projection"),
    Wrong("Inception", NoReluInThree, VALUES, "no ReLU in the whole branch"),
    Wrong("Inception", Leaky, VALUES, "a leaky ReLU"),
    Wrong("Inception", ZerosRoundThePooling, VALUES, "the pooling sees zeros beyond the border"),
    Wrong("Inception", PaddedBeforeTheReduction, VALUES, "the border is added before the reduction"),
    Wrong("Inception", ForgotReturn, SHAPE, "forward returns None"),
    Wrong("Inception", SpoilsItsInput, VALUES, "forward changes the tensor it is given"),
    Wrong("Inception", KnowsEightMaps, "another row, other maps", "the number of values that training moves"),
    Wrong("inception_ledger", LedgerWithoutBiases(), NUMBERS, "the biases are left out"),
    Wrong("inception_ledger", LedgerOneBias(), NUMBERS, "one bias a module"),
    Wrong("inception_ledger", LedgerBiasesAtTheEnd(), NUMBERS, "biases for the maps that come out only"),
    Wrong("inception_ledger", LedgerThreeForFive(), NUMBERS, "a 3×3 kernel in the 5×5 branch"),
    Wrong("inception_ledger", LedgerUnreducedInput(), NUMBERS, "the large kernels see all maps"),
    Wrong("inception_ledger", LedgerNoReductions(), NUMBERS, "the reductions are left out"),
    Wrong("inception_ledger", LedgerNoProjection(), NUMBERS, "the projection of the pooling branch is left out"),
    Wrong("inception_ledger", LedgerKernelNotSquared(), NUMBERS, "a kernel of side k has k·k weights"),
    Wrong("inception_ledger", LedgerFirstMaps(), NUMBERS, "counted on the maps that come into the first"),
    Wrong("inception_ledger", LedgerReductionsCounted(), MAPS, "the reductions are counted"),
    Wrong("inception_ledger", LedgerNoPoolingBranch(), MAPS, "the pooling branch is left out"),
    Wrong("inception_ledger", LedgerReductionsAsOutput(), MAPS, "the reductions of the row are what comes out"),
    Wrong("inception_ledger", LedgerPoolingKeepsTheSide(), MAPS, "the pooling does not halve the side"),
    Wrong("inception_ledger", LedgerQuarter(), MAPS, "the area of which a quarter is left"),
    Wrong("inception_ledger", LedgerBiasesAsWork(), WORK, "the biases are counted"),
    Wrong("inception_ledger", LedgerOneRow(), WORK, "once for each row of the map"),
    Wrong("inception_ledger", LedgerOnePlace(), WORK, "the multiply-adds of one place only"),
    Wrong("inception_ledger", LedgerTwoOperations(), WORK, "a multiply-add is one operation"),
    Wrong("inception_ledger", LedgerFirstSide(), WORK, "the side of the very first maps"),
    Wrong("inception_ledger", LedgerFloats(), MAPS, "/ makes a float"),
    Wrong("inception_ledger", LedgerIgnoresReduced(), NAIVE, "the argument reduced is ignored"),
    Wrong("inception_ledger", LedgerNaiveProjected(), NAIVE, "its pooling branch passes all maps on"),
    Wrong("inception_ledger", LedgerSkipsPoolings(), MAPS, "a pooling row has an entry too"),
    Wrong("inception_ledger", LedgerTuples(), MAPS, "an entry is not a dictionary"),
    Wrong("inception_ledger", LedgerReturnsNothing(), MAPS, "the ledger is not a list"),
    Wrong("inception_ledger", LedgerKnowsTable1(), "bodies drawn at random", "wrong side"),
    Wrong("MendedHeads", StillBroken, ONE_VOICE, "still has its say at test time"),
    Wrong("MendedHeads", StillCutOff, TEACHES, "given maps that are cut off"),
    Wrong("MendedHeads", StillTwoVoices, ONE_VOICE, "still has its say at test time"),
    Wrong("MendedHeads", MeanOfBoth, ONE_VOICE, "the mean of both classifiers"),
    Wrong("MendedHeads", SumOfBoth, ONE_VOICE, "the sum of both classifiers"),
    Wrong("MendedHeads", AuxiliaryAnswers, ONE_VOICE, "the auxiliary classifier answers"),
    Wrong("MendedHeads", BothReturned, ONE_VOICE, "after eval() the network returns several things"),
    Wrong("MendedHeads", Probabilities, ONE_VOICE, "a softmax on the scores"),
    Wrong("MendedHeads", RectifiedScores, ONE_VOICE, "a ReLU on the scores"),
    Wrong("MendedHeads", WithoutRelus, ONE_VOICE, "the ReLUs are gone"),
    Wrong("MendedHeads", NoAuxiliaryLoss, LOSS, "has no loss of its own"),
    Wrong("MendedHeads", WeightForgotten, LOSS, "its weight is forgotten"),
    Wrong("MendedHeads", WeightOnTheFinalLoss, LOSS, "the weight is on the final loss"),
    Wrong("MendedHeads", SharedWeight, LOSS, "the two losses share one weight"),
    Wrong("MendedHeads", ScoresMixed, LOSS, "the scores are mixed before the loss"),
    Wrong("MendedHeads", AuxiliaryLossAlone, LOSS, "the auxiliary loss alone"),
    Wrong("MendedHeads", SummedOverTheBatch, LOSS, "losses are summed over the batch"),
    Wrong("MendedHeads", SoftmaxTwice, LOSS, "a softmax before the cross-entropy"),
    Wrong("MendedHeads", ScoresInTraining, LOSS, "the network returns no loss"),
    Wrong("MendedHeads", LossWithoutGradient, TEACHES, "nothing can learn"),
    Wrong("MendedHeads", SecondCutOff, TEACHES, "cut off from the first"),
    Wrong("MendedHeads", FinalCutOff, TEACHES, "the final classifier is cut off"),
    Wrong("MendedHeads", FrozenAuxiliary, TEACHES, "does not learn itself"),
    Wrong("MendedHeads", OtherNames, ONE_VOICE, "keep the names first, second, auxiliary and output"),
    Wrong("MendedHeads", HiddenLayer, ONE_VOICE, "more layers than asked for"),
    Wrong("MendedHeads", FlattenedHead, ONE_VOICE, "auxiliary has weights of another shape"),
    Wrong("MendedHeads", KnowsTheWeight, "other sizes, another weight", "the weight is that of the paper"),
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
    ("MendedHeads", HeadsWithModules),
    ("MendedHeads", HeadsByLabels),
]
