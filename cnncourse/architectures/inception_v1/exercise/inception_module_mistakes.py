"""Mistakes in an Inception module that show in its numbers and shapes; and a right answer to change."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.checking import Misconception


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


STRUCTURE_MISTAKES = (
    Misconception(
        "a 3×3 kernel in the 5×5 branch, as torchvision and TF-Slim have it", ThreeForFive, ("trainable numbers",)
    ),
    Misconception(
        "two 3×3 kernels in place of the 5×5 one: that is the module of a year later",
        TwoThreesForFive,
        ("trainable numbers",),
    ),
    Misconception(
        "the branches are added up; they are to be joined, each with maps of its own",
        Summed,
        ("four branches, joined",),
    ),
    Misconception(
        "joined along the batch (dim=0), not along the maps (dim=1)", JoinedOverTheBatch, ("four branches, joined",)
    ),
    Misconception(
        "joined along the columns (dim=3), not along the maps (dim=1)", JoinedSideBySide, ("four branches, joined",)
    ),
    Misconception(
        "the 1×1 convolution comes after the large kernel, where it saves nothing",
        ReducedAfterwards,
        ("trainable numbers",),
    ),
    Misconception(
        "no reductions: the 3×3 and 5×5 kernels see all maps, as in the naive module",
        NaiveWithProjection,
        ("trainable numbers",),
    ),
    Misconception("one reduction for both branches; each has its own", OneReductionForBoth, ("trainable numbers",)),
    Misconception(
        "the pooling branch has no projection: all of its maps are passed on", NoProjection, ("four branches, joined",)
    ),
    Misconception("the pooling branch is left out", NoPoolingBranch, ("four branches, joined",)),
    Misconception(
        "the reductions are joined too; they only feed the larger kernels",
        ReductionsJoinedToo,
        ("four branches, joined",),
    ),
    Misconception(
        "only the pooling branch comes out: the branches stand side by side, and all are joined",
        OnlyTheLastBranch,
        ("four branches, joined",),
    ),
    Misconception(
        "“reduce” and the number after it are swapped in the 3×3 branch", SwappedInThree, ("four branches, joined",)
    ),
    Misconception(
        "“reduce” and the number after it are swapped in both branches", SwappedInBoth, ("four branches, joined",)
    ),
    Misconception(
        "a branch changes the size of its maps: its stride or its padding",
        PoolingWithStrideTwo,
        ("four branches, joined",),
    ),
    Misconception(
        "the branches stand in series: each is given what the one before it made", InSeries, ("trainable numbers",)
    ),
    Misconception("the projection has a 3×3 kernel", LargeProjection, ("trainable numbers",)),
    Misconception("the biases are left out", WithoutBiases, ("trainable numbers",)),
    Misconception(
        "batch normalisation, which came half a year later, has numbers of its own", Normalised, ("trainable numbers",)
    ),
    Misconception(
        "batch normalisation in place of the biases; it came a year later",
        NormalisedWithoutBiases,
        ("trainable numbers",),
    ),
    Misconception(
        "layers in a plain list or dictionary are invisible to PyTorch: use nn.ModuleList",
        PlainList,
        ("trainable numbers",),
    ),
    Misconception("nothing can learn: the loss is cut off from the weights", CutOff, ("trainable numbers",)),
    Misconception("some convolutions are cut off from the gradient", ReductionsCutOff, ("trainable numbers",)),
)
