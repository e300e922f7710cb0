"""Mistakes in the trunk: each is the reference with a line or two changed."""

import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.inception_v4.exercise.reduction_mistakes import AveragePooled, PaddedEverywhere, given
from cnncourse.architectures.inception_v4.exercise.units import Module, Reduction, Trunk
from cnncourse.checking import Misconception

SHAPES, NUMBERS, MODULE, ROW, BETWEEN = (
    "shapes",
    "trainable numbers",
    "one module",
    "modules in a row",
    "reductions between modules",
)

# The module -----------------------------------------------------------------------------------------------------------


class BordersCount(Module):
    def pooling(self):
        return nn.AvgPool2d(3, stride=1, padding=1)


class MaximumInModule(Module):
    def pooling(self):
        return nn.MaxPool2d(3, stride=1, padding=1)


class MaximumInEvaluation(Module):
    def branches(self, maps):
        if self.training:
            return super().branches(maps)
        return [*super().branches(maps)[:3], self.pool[1](F.max_pool2d(maps, 3, 1, 1))]


class PoolFirstInStack(Module):
    def branches(self, maps):
        *others, pool = super().branches(maps)
        return [pool, *others]


class LongerBeforeShorter(Module):
    def branches(self, maps):
        one, three, twice, pool = super().branches(maps)
        return [one, twice, three, pool]


class PoolsLate(Module):
    def last(self, i, f):
        return nn.Sequential(self.unit(i, f), self.pooling())


class PoolsForAll(Module):
    def last(self, i, f):
        return self.unit(i, f)

    def branches(self, maps):
        return super().branches(self.pooling()(maps))


class WithoutRelu(Module):
    def behind(self, channels):
        return [nn.BatchNorm2d(channels, self.eps)]


class ReluBeforeNorm(Module):
    def behind(self, channels):
        return nn.ReLU(), nn.BatchNorm2d(channels, self.eps)


class NoLastRelu(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.one = self.one[:2]
        for branch in (self.three, self.twice, self.pool):
            branch[-1] = branch[-1][:2]


class BatchInEvaluation(Module):
    def behind(self, channels):
        return nn.BatchNorm2d(channels, self.eps, track_running_stats=False), nn.ReLU()


class PoolWithoutConvolution(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.out_channels = 3 * filters + in_channels

    def last(self, i, f):
        return self.pooling()


class PoolOfReducedMaps(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.pool = self.last(in_channels, reduce)
        self.out_channels = 3 * filters + reduce


class ThreeBranches(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.out_channels = 3 * filters
        del self.pool

    def branches(self, maps):
        return [self.one(maps), self.three(maps), self.twice(maps)]


class AddedUp(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.out_channels = filters

    def forward(self, maps):
        return sum(self.branches(maps))


class SharesNarrow(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.twice[0] = self.three[0]


class GoesOn(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, reduce, filters)
        self.twice = nn.Sequential(self.three, self.twice[2])


class OnlyOneThree(Module):
    def two_by_three(self, i, r, f):
        return nn.Sequential(self.unit(i, r), self.unit(r, f, 3, padding=1))


class FiveByFive(Module):
    def two_by_three(self, i, r, f):
        return nn.Sequential(self.unit(i, r), self.unit(r, f, 5, padding=2))


class Biased(Module):
    bias = True


class NotNormalised(Module):
    def behind(self, channels):
        return [nn.ReLU()]


class NotNormalisedButBiased(NotNormalised):
    bias = True


class Exchanged(Module):
    def __init__(self, in_channels, reduce, filters):
        super().__init__(in_channels, filters, reduce)


class CutOff(Module):
    def branches(self, maps):
        return super().branches(maps.detach())


def _cut(name, behind):
    class Cut(Module):
        def branches(self, maps):
            ways = [getattr(self, each) for each in ("one", "three", "twice", "pool")]
            cut = getattr(self, name)
            if behind:
                return [way(maps).detach() if way is cut else way(maps) for way in ways]
            return [way(maps.detach() if way is cut else maps) for way in ways]

    return Cut


def trunk_of(module=Module, reduction=Reduction):
    return type(f"TrunkOf{module.__name__}{reduction.__name__}", (Trunk,), {"module": module, "reduction": reduction})


# The trunk ------------------------------------------------------------------------------------------------------------


class OneModuleARow(Trunk):
    def row(self, repeats, reduce, filters):
        super().row(1, reduce, filters)


class OneModuleTooMany(Trunk):
    def row(self, repeats, reduce, filters):
        super().row(repeats + 1, reduce, filters)


class SharesModules(Trunk):
    alone = 1

    def row(self, repeats, reduce, filters):
        super().row(min(repeats, self.alone), reduce, filters)
        if repeats > self.alone:
            same = self.module(self.channels, reduce, filters)
            for _ in range(repeats - self.alone):
                self.take(same)


class SharesFromTheThirdOn(SharesModules):
    alone = 2


class ChannelsStay(Trunk):
    def take(self, layer):
        self.append(layer)


class ChannelsOfTheRowStay(Trunk):
    def row(self, repeats, reduce, filters):
        before = self.channels
        for _ in range(repeats):
            self.append(self.module(before, reduce, filters))
        self.channels = 4 * filters


class WithoutReductions(Trunk):
    def __init__(self, in_channels, table):
        super().__init__(in_channels, [row for row in table if row[0] == "inception"])


class ReductionsFirst(Trunk):
    def __init__(self, in_channels, table):
        super().__init__(in_channels, sorted(table, key=lambda row: row[0] == "inception"))


class ReductionsLast(Trunk):
    def __init__(self, in_channels, table):
        super().__init__(in_channels, sorted(table, key=lambda row: row[0] == "reduction"))


class ModulesInAList(Trunk):
    def __init__(self, in_channels, table):
        super().__init__(in_channels, table)
        self.hidden = list(self)
        for number, layer in enumerate(self.hidden):
            self[number] = nn.Identity() if isinstance(layer, Module) else layer

    def forward(self, maps):
        for layer in self.hidden:
            maps = layer(maps)
        return maps


class CutBeforeReductions(Trunk):
    def forward(self, maps):
        for layer in self:
            maps = layer(maps.detach() if isinstance(layer, Reduction) else maps)
        return maps


MISTAKES = (
    Misconception(
        "the zeros beyond the border count in the average: count_include_pad=False leaves them out",
        trunk_of(BordersCount),
        (MODULE,),
    ),
    Misconception("max pooling in the module; it is average pooling", trunk_of(MaximumInModule), (MODULE,)),
    Misconception(
        "max pooling in the module in evaluation; it is average pooling", trunk_of(MaximumInEvaluation), (MODULE,)
    ),
    *(
        Misconception(
            "the branches are stacked in another order: 1×1, one 3×3, two 3×3, pooling", trunk_of(wrong), (MODULE,)
        )
        for wrong in (PoolFirstInStack, LongerBeforeShorter)
    ),
    Misconception(
        "the average pooling comes behind its 1×1 convolution; it comes before", trunk_of(PoolsLate), (MODULE,)
    ),
    Misconception("the average pooling works on the maps for all branches", trunk_of(PoolsForAll), (MODULE,)),
    Misconception("all ReLUs are missing in the module", trunk_of(WithoutRelu), (MODULE,)),
    Misconception("ReLU comes before batch normalisation in the module", trunk_of(ReluBeforeNorm), (MODULE,)),
    Misconception("the last ReLU of each branch is missing in the module", trunk_of(NoLastRelu), (MODULE,)),
    Misconception("batch normalisation uses the batch in evaluation too", trunk_of(BatchInEvaluation), (MODULE,)),
    Misconception(
        "the pooling branch has no convolution; here it makes filters maps, too",
        trunk_of(PoolWithoutConvolution),
        (SHAPES,),
    ),
    Misconception(
        "the pooling branch makes reduce maps in the place of filters", trunk_of(PoolOfReducedMaps), (SHAPES,)
    ),
    Misconception("the pooling branch of the module is missing", trunk_of(ThreeBranches), (SHAPES,)),
    Misconception("the branches are added up; they are to be stacked", trunk_of(AddedUp), (SHAPES,)),
    Misconception("reduce and filters are exchanged", trunk_of(Exchanged), (SHAPES,)),
    Misconception(
        "the 1×1 convolution before the two 3×3 is shared with the other branch", trunk_of(SharesNarrow), (NUMBERS,)
    ),
    Misconception(
        "the branch of two 3×3 convolutions goes on from the other branch; it has layers of its own",
        trunk_of(GoesOn),
        (NUMBERS,),
    ),
    Misconception("the branch of two 3×3 convolutions has only one", trunk_of(OnlyOneThree), (NUMBERS,)),
    Misconception("a 5×5 convolution in the place of two 3×3", trunk_of(FiveByFive), (NUMBERS,)),
    Misconception(
        "the convolutions of the modules have biases; batch normalisation cancels them", trunk_of(Biased), (NUMBERS,)
    ),
    Misconception("batch normalisation is missing in the modules", trunk_of(NotNormalised), (NUMBERS,)),
    Misconception(
        "batch normalisation is missing in the modules, and the convolutions have biases",
        trunk_of(NotNormalisedButBiased),
        (NUMBERS,),
    ),
    Misconception("there is one module a row, whatever repeats says", OneModuleARow, (NUMBERS,)),
    Misconception("there is one module too many in each row", OneModuleTooMany, (NUMBERS,)),
    Misconception(
        "the modules of a row share their weights, but for the first: each is to have its own", SharesModules, (ROW,)
    ),
    Misconception(
        "the third module of a row and those behind it share their weights: each is to have its own",
        SharesFromTheThirdOn,
        (ROW,),
    ),
    Misconception(
        "every layer is made for the maps that the trunk is given: keep count of the maps so far", ChannelsStay
    ),
    Misconception(
        "every module of a row is made for the maps that the row is given: from the second on they are 4 · filters",
        ChannelsOfTheRowStay,
        (ROW,),
    ),
    Misconception("nothing is halved: the reductions are missing", WithoutReductions, (BETWEEN,)),
    Misconception("the reductions come before all modules; the table says where", ReductionsFirst, (BETWEEN,)),
    Misconception("the reductions come behind all modules; the table says where", ReductionsLast, (BETWEEN,)),
    Misconception(
        "the modules are hidden in a plain list, where PyTorch does not see them: use nn.ModuleList",
        ModulesInAList,
        (NUMBERS,),
    ),
    Misconception(
        "zeros round the maps in the layers that halve: they are to have none",
        trunk_of(reduction=PaddedEverywhere),
        (BETWEEN,),
    ),
    Misconception("average pooling in the reduction", trunk_of(reduction=AveragePooled), (BETWEEN,)),
    Misconception("m and n are exchanged in the reduction", trunk_of(reduction=given(0, 1, 3, 2)), (BETWEEN,)),
    Misconception("the modules are cut off from the gradient of their maps, by detach", trunk_of(CutOff), (ROW,)),
    Misconception("the gradient does not get back through the reductions", CutBeforeReductions, (BETWEEN,)),
    *(
        Misconception(
            f"the branch of {said} is cut off from the gradient, by detach or no_grad",
            trunk_of(_cut(name, behind)),
            (MODULE,),
        )
        for name, said in {"one": "1×1", "three": "one 3×3", "twice": "two 3×3", "pool": "pooling"}.items()
        for behind in (True, False)
    ),
)
