"""Answers to chapter 10's exercise as learners write them: right ones, and wrong ones beside the misconceptions."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.architectures.bank import Wrong

# The block in three forms ---------------------------------------------------------------------------------------------


class Block(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, cardinality, width, form):
        super().__init__()
        self.form, self.cardinality = form, cardinality
        inside = cardinality * width
        if form == "c":
            self.narrow = self.grouped(in_channels, cardinality, width)
        else:
            self.paths = nn.ModuleList(self.path(in_channels, width) for _ in range(cardinality))
        if form == "a":
            self.last = nn.ModuleList(self.widen(width, in_channels) for _ in range(cardinality))
        else:
            self.last = self.widen(inside, in_channels)

    def path(self, channels, width):
        return nn.Sequential(
            nn.Conv2d(channels, width, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.ReLU(),
        )

    def grouped(self, channels, cardinality, width):
        inside = cardinality * width
        return nn.Sequential(
            nn.Conv2d(channels, inside, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(inside, inside, 3, padding=1, groups=cardinality, bias=False),
            nn.ReLU(),
        )

    def widen(self, width, channels):
        return nn.Conv2d(width, channels, 1, bias=False)

    def inside(self, maps):
        if self.form == "c":
            return self.narrow(maps)
        return torch.cat([path(maps) for path in self.paths], dim=1)

    def residual(self, maps):
        if self.form != "a":
            return self.last(self.inside(maps))
        return sum(last(path(maps)) for path, last in zip(self.paths, self.last, strict=True))

    def forward(self, maps):
        return F.relu(maps + self.residual(maps))


class OneFormForAll(nn.Module):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__()
        inside = cardinality * width
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, inside, 1, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(inside, inside, 3, padding=1, groups=cardinality, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(inside, in_channels, 1, bias=False),
        )

    def forward(self, maps):
        return F.relu(self.layers(maps) + maps)


class Masked(nn.Module):
    """A dense 3×3 convolution of which a mask keeps the blocks on the diagonal."""

    def __init__(self, in_channels, cardinality, width, form):
        super().__init__()
        inside = cardinality * width
        self.first = nn.Conv2d(in_channels, inside, 1, bias=False)
        self.second = nn.Parameter(torch.randn(inside, inside, 3, 3))
        self.third = nn.Linear(inside, in_channels, bias=False)
        mask = torch.block_diag(*[torch.ones(width, width)] * cardinality)
        self.register_buffer("mask", mask[:, :, None, None])

    def forward(self, maps):
        inside = F.conv2d(self.first(maps).relu(), self.second * self.mask, padding=1).relu()
        return (maps + self.third(inside.movedim(1, -1)).movedim(-1, 1)).relu()


class WithEinsum(nn.Module):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__()
        self.first = nn.Parameter(torch.randn(cardinality, width, in_channels))
        self.second = nn.Parameter(torch.randn(cardinality, width, width, 9))
        self.third = nn.Parameter(torch.randn(in_channels, cardinality, width))

    def forward(self, maps):
        count, _, height, width = maps.shape
        inside = torch.einsum("pwc,nchv->npwhv", self.first, maps).relu()
        windows = F.unfold(inside.flatten(1, 2), 3, padding=1)
        windows = windows.view(count, *self.second.shape[:2], 9, height * width)
        inside = torch.einsum("powk,npwkl->npol", self.second, windows).relu()
        output = torch.einsum("cpo,npol->ncl", self.third, inside)
        return torch.clamp(maps + output.view_as(maps), min=0)


class LazyBlock(nn.Module):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__()
        self.paths = nn.ModuleList(
            nn.Sequential(
                nn.LazyConv2d(width, 1, bias=False),
                nn.ReLU(),
                nn.LazyConv2d(width, 3, padding=1, bias=False),
                nn.ReLU(),
                nn.LazyConv2d(in_channels, 1, bias=False),
            )
            for _ in range(cardinality)
        )

    def forward(self, maps):
        total = maps
        for path in reversed(self.paths):
            total = total + path(maps)
        return F.relu(total)


class InAList(nn.Module):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__()
        self.paths = [Block.widen(self, in_channels, in_channels) for _ in range(cardinality)]

    def forward(self, maps):
        return F.relu(maps + sum(path(maps) for path in self.paths))


class ChangesItsInput(Block):
    def forward(self, maps):
        maps += self.residual(maps)
        return F.relu(maps)


class NothingReturned(Block):
    def forward(self, maps):
        F.relu(maps + self.residual(maps))


class KnowsThreeCardinalities(Block):
    """Right for the numbers of paths that the notebook tries."""

    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, cardinality if cardinality in (2, 4) else 4, width, form)


# The conversion -------------------------------------------------------------------------------------------------------


def joined(paths):
    first, second, third = zip(*paths, strict=True)
    return torch.cat(first), torch.cat(second), torch.cat(third, dim=1)


def backwards(paths):
    return joined(paths[::-1])


def as_list(paths):
    number, width = len(paths), paths[0][0].shape[0]
    first = torch.empty(number * width, *paths[0][0].shape[1:])
    second = torch.empty(number * width, width, 3, 3)
    third = torch.empty(paths[0][2].shape[0], number * width, 1, 1)
    for index, path in enumerate(paths):
        rows = slice(index * width, (index + 1) * width)
        first[rows], second[rows], third[:, rows] = path
    return [first, second, third]


def with_parameters(paths):
    return tuple(nn.Parameter(each) for each in joined(paths))


def two_tensors(paths):
    return joined(paths)[:2]


def in_place(paths):
    converted = joined(paths)
    for path in paths:
        path[2].mul_(2)
    return converted


def knows_three_paths(paths):
    return joined(paths[:3])


def pops(paths):
    firsts, seconds, thirds = ([path.pop(0) for path in paths] for _ in range(3))
    return torch.cat(firsts), torch.cat(seconds), torch.cat(thirds, dim=1)


# The block to mend ----------------------------------------------------------------------------------------------------


class Mended(nn.Module):
    """A right answer; the wrong ones below change a line or two of it."""

    def __init__(self, channels, cardinality, width):
        super().__init__()
        self.paths = nn.ModuleList(self.path(channels, width) for _ in range(cardinality))
        self.norm = nn.BatchNorm2d(channels)

    def path(self, channels, width):
        return nn.Sequential(
            nn.Conv2d(channels, width, kernel_size=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, channels, kernel_size=1, bias=False),
        )

    def total(self, maps):
        return sum(path(maps) for path in self.paths)

    def forward(self, maps):
        return F.relu(self.norm(self.total(maps)) + maps)


class MendedGrouped(nn.Module):
    def __init__(self, channels, cardinality, width):
        super().__init__()
        inside = cardinality * width
        self.layers = nn.Sequential(
            nn.Conv2d(channels, inside, kernel_size=1, bias=False),
            nn.BatchNorm2d(inside, eps=1e-3),
            nn.ReLU(inplace=True),
            nn.Conv2d(inside, inside, kernel_size=3, padding=1, groups=cardinality, bias=False),
            nn.BatchNorm2d(inside, eps=1e-3),
            nn.ReLU(inplace=True),
            nn.Conv2d(inside, channels, kernel_size=1, bias=False),
            nn.BatchNorm2d(channels, eps=1e-3),
        )

    def forward(self, maps):
        return F.relu(maps + self.layers(maps))


class MendedWithLoop(Mended):
    def forward(self, maps):
        total = torch.zeros_like(maps)
        for path in self.paths:
            total += path(maps)
        return (self.norm(total) + maps).clamp(min=0)


PART1, PART2, PART3 = "AggregatedBlock", "convert", "MendedBlock"


class KnowsThreePaths(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, min(cardinality, 3), width)


class Frozen(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        self.norm.momentum = 0


class NormalisedByHand(Mended):
    def forward(self, maps):
        total = self.total(maps)
        variance, mean = torch.var_mean(total, dim=(0, 2, 3), correction=0, keepdim=True)
        scale, shift = (each[:, None, None] for each in (self.norm.weight, self.norm.bias))
        return F.relu((total - mean) / (variance + 1e-5).sqrt() * scale + shift + maps)


A, B, C = "AggregatedBlock", "convert", "MendedBlock"

WRONG = [
    Wrong(A, InAList),
    Wrong(A, ChangesItsInput, "forward changes a tensor that the gradient still needs"),
    Wrong(A, NothingReturned, "forward returns None"),
    Wrong(A, KnowsThreeCardinalities),
    Wrong(B, two_tensors),
    Wrong(B, in_place, "it changes the arguments that it is given"),
    Wrong(B, pops, "it changes the arguments that it is given"),
    Wrong(B, knows_three_paths),
    Wrong(C, KnowsThreePaths, "the number of trainable parameters is wrong"),
    Wrong(C, Frozen, "training is right and evaluation is not"),
    Wrong(C, NormalisedByHand),
]

RIGHT = [
    (A, Block),
    (A, OneFormForAll),
    (A, Masked),
    (A, WithEinsum),
    (A, LazyBlock),
    (B, joined),
    (B, backwards),
    (B, as_list),
    (B, with_parameters),
    (C, Mended),
    (C, MendedGrouped),
    (C, MendedWithLoop),
]
