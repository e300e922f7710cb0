"""Answers to chapter 10's exercise as learners write them: wrong ones, one a misconception, and right ones."""

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


# The block in three forms, wrong -------------------------------------------------------------------------------------


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


class RolesSwapped(Block):
    def grouped(self, channels, cardinality, width):
        return super().grouped(channels, width, cardinality)


class NotDivided(Block):
    def grouped(self, channels, cardinality, width):
        return super().grouped(channels, 1, cardinality * width)


class OneByOneDivided(Block):
    def grouped(self, channels, cardinality, width):
        layers = super().grouped(channels, cardinality, width)
        layers[0] = nn.Conv2d(channels, cardinality * width, 1, groups=cardinality, bias=False)
        return layers


class AllDivided(OneByOneDivided):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, cardinality, width, form)
        if form == "c":
            self.last = nn.Conv2d(cardinality * width, in_channels, 1, groups=cardinality, bias=False)


class WidthInAll(Block):
    def grouped(self, channels, cardinality, width):
        return nn.Sequential(
            nn.Conv2d(channels, width, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, groups=cardinality, bias=False),
            nn.ReLU(),
        )


class MeanOfPaths(Block):
    def residual(self, maps):
        return super().residual(maps) / (self.cardinality if self.form == "a" else 1)


class SharedPath(Block):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, cardinality, width, form)
        if form == "a":
            self.paths = nn.ModuleList([self.path(in_channels, width)] * cardinality)
            self.last = nn.ModuleList([self.widen(width, in_channels)] * cardinality)


class FirstPathOnly(Block):
    def inside(self, maps):
        if self.form == "c":
            return self.narrow(maps)
        return torch.cat([self.paths[0](maps) for _ in self.paths], dim=1)


class ShortcutInEveryPath(Block):
    def residual(self, maps):
        return super().residual(maps) + ((self.cardinality - 1) * maps if self.form == "a" else 0)


class WithoutShortcut(Block):
    def forward(self, maps):
        return F.relu(self.residual(maps))


class ReluBehindPaths(Block):
    def residual(self, maps):
        if self.form != "a":
            return super().residual(maps)
        return sum(F.relu(last(path(maps))) for path, last in zip(self.paths, self.last, strict=True))


class ReluBeforeAddition(Block):
    def forward(self, maps):
        return F.relu(maps + F.relu(self.residual(maps)))


class WithoutLastRelu(Block):
    def forward(self, maps):
        return maps + self.residual(maps)


class WithoutFirstRelu(Block):
    def path(self, channels, width):
        return nn.Sequential(*(each for number, each in enumerate(super().path(channels, width)) if number != 1))

    def grouped(self, channels, cardinality, width):
        layers = super().grouped(channels, cardinality, width)
        return nn.Sequential(*(each for number, each in enumerate(layers) if number != 1))


class WithoutSecondRelu(Block):
    def path(self, channels, width):
        return super().path(channels, width)[:-1]

    def grouped(self, channels, cardinality, width):
        return super().grouped(channels, cardinality, width)[:-1]


class WithBiases(Block):
    def widen(self, width, channels):
        return nn.Conv2d(width, channels, 1)

    def grouped(self, channels, cardinality, width):
        inside = cardinality * width
        return nn.Sequential(
            nn.Conv2d(channels, inside, 1),
            nn.ReLU(),
            nn.Conv2d(inside, inside, 3, padding=1, groups=cardinality),
            nn.ReLU(),
        )

    def path(self, channels, width):
        return nn.Sequential(nn.Conv2d(channels, width, 1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU())


class TwoLayers(nn.Module):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__()
        inside = cardinality * width
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, inside, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(inside, in_channels, 3, padding=1, bias=False),
        )

    def forward(self, maps):
        return F.relu(maps + self.layers(maps))


class StacksOutputs(Block):
    def residual(self, maps):
        if self.form != "a":
            return super().residual(maps)
        return torch.cat([last(path(maps)) for path, last in zip(self.paths, self.last, strict=True)], dim=1)


class WithoutPadding(Block):
    def path(self, channels, width):
        layers = super().path(channels, width)
        layers[2] = nn.Conv2d(width, width, 3, bias=False)
        return layers


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


class KnowsFourPaths(Block):
    """Right for four paths, which is all that the notebook tries."""

    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, 4, width, form)


# The block in three forms, right -------------------------------------------------------------------------------------


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


# The conversion, wrong -----------------------------------------------------------------------------------------------


def joined(paths):
    first, second, third = zip(*paths, strict=True)
    return torch.cat(first), torch.cat(second), torch.cat(third, dim=1)


def all_along_outputs(paths):
    return tuple(torch.cat(each) for each in zip(*paths, strict=True))


def all_along_inputs(paths):
    return tuple(torch.cat(each, dim=1) for each in zip(*paths, strict=True))


def stacked(paths):
    return tuple(torch.stack(each) for each in zip(*paths, strict=True))


def dense(paths):
    first, second, third = joined(paths)
    number, width = len(paths), second.shape[1]
    full = torch.zeros(number * width, number * width, 3, 3)
    for index in range(number):
        rows = slice(index * width, (index + 1) * width)
        full[rows, rows] = second[rows]
    return first, full, third


def summed(paths):
    return tuple(sum(each) for each in zip(*paths, strict=True))


def mean_of_paths(paths):
    first, second, third = joined(paths)
    return first, second, third / len(paths)


def first_path_repeated(paths):
    return joined([paths[0]] * len(paths))


def alternating(paths):
    first, second, third = zip(*paths, strict=True)
    return (
        torch.stack(first, dim=1).flatten(0, 1),
        torch.stack(second, dim=1).flatten(0, 1),
        torch.stack(third, dim=2).flatten(1, 2),
    )


def alternating_in_the_third(paths):
    return *joined(paths)[:2], alternating(paths)[2]


def third_reshaped(paths):
    first, second, third = joined(paths)
    return first, second, torch.cat([path[2] for path in paths]).reshape(third.shape)


def third_reversed(paths):
    first, second, _ = joined(paths)
    return first, second, torch.cat([path[2] for path in paths[::-1]], dim=1)


def second_reversed(paths):
    first, _, third = joined(paths)
    return first, torch.cat([path[1] for path in paths[::-1]]), third


def kernels_turned(paths):
    first, second, third = joined(paths)
    return first, second.flip(2, 3), third


def inputs_and_outputs_exchanged(paths):
    first, _, third = joined(paths)
    return first, torch.cat([path[1].transpose(0, 1) for path in paths]), third


def two_tensors(paths):
    return joined(paths)[:2]


def in_place(paths):
    converted = joined(paths)
    for path in paths:
        path[2].mul_(2)
    return converted


def knows_three_paths(paths):
    return joined(paths[:3])


# The conversion, right -----------------------------------------------------------------------------------------------


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


# The block to mend, wrong --------------------------------------------------------------------------------------------


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


class StillShared(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        self.paths = nn.ModuleList([self.path(channels, width)] * cardinality)


class StillInEveryPath(Mended):
    def total(self, maps):
        return sum(path(maps) + maps for path in self.paths)

    def forward(self, maps):
        return F.relu(self.norm(self.total(maps)))


class StillBroken(StillShared, StillInEveryPath):
    pass


class OnceButInside(Mended):
    def forward(self, maps):
        return F.relu(self.norm(self.total(maps) + maps))


class ManyTimesBehind(Mended):
    def forward(self, maps):
        return F.relu(self.norm(self.total(maps)) + len(self.paths) * maps)


class InsideAndBehind(Mended):
    def forward(self, maps):
        return F.relu(self.norm(self.total(maps)) + (len(self.paths) + 1) * maps)


class ShortcutRemoved(Mended):
    def forward(self, maps):
        return F.relu(self.norm(self.total(maps)))


class NormInPaths(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        self.norm = nn.Identity()

    def path(self, channels, width):
        return super().path(channels, width).append(nn.BatchNorm2d(channels))


class SumOfNormalised(Mended):
    def forward(self, maps):
        return F.relu(sum(self.norm(path(maps)) for path in self.paths) + maps)


class NormRemoved(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        self.norm = nn.Identity()


class LastReluRemoved(Mended):
    def forward(self, maps):
        return self.norm(self.total(maps)) + maps


class ReluBeforeTheAddition(Mended):
    def forward(self, maps):
        return F.relu(F.relu(self.norm(self.total(maps))) + maps)


class InnerReluRemoved(Mended):
    def path(self, channels, width):
        return nn.Sequential(*(each for index, each in enumerate(super().path(channels, width)) if index != 2))


class OtherReluRemoved(Mended):
    def path(self, channels, width):
        return nn.Sequential(*(each for index, each in enumerate(super().path(channels, width)) if index != 5))


class NormsShared(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        first = nn.BatchNorm2d(width)
        for path in self.paths:
            path[1] = path[4] = first


class KnowsThreePaths(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, 3, width)


# The block to mend, right --------------------------------------------------------------------------------------------


class MendedGrouped(nn.Module):
    def __init__(self, channels, cardinality, width):
        super().__init__()
        inside = cardinality * width
        self.layers = nn.Sequential(
            nn.Conv2d(channels, inside, kernel_size=1, bias=False),
            nn.BatchNorm2d(inside),
            nn.ReLU(inplace=True),
            nn.Conv2d(inside, inside, kernel_size=3, padding=1, groups=cardinality, bias=False),
            nn.BatchNorm2d(inside),
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
FORM_A, FORM_B, FORM_C = "form a: paths added up", "form b: paths side by side", "form c: one grouped convolution"
RELUS, OTHER = "ReLU where it belongs", "other cardinalities and widths"
SHAPES, INSIDE, OUTPUT = "shapes", "up to the 3×3 convolution, every path is there", "the same output"
OWN, ONCE, REST = "paths of their own", "the shortcut once", "all else as it was"

WRONG = [
    Wrong(PART1, RolesSwapped, FORM_C, "cardinality and width have changed roles"),
    Wrong(PART1, NotDivided, FORM_C, "the 3×3 convolution is not divided"),
    Wrong(PART1, OneByOneDivided, FORM_C, "one of the 1×1 convolutions is divided"),
    Wrong(PART1, AllDivided, FORM_C, "both 1×1 convolutions are divided"),
    Wrong(PART1, WidthInAll, FORM_C, "your code raises an error"),
    Wrong(PART1, MeanOfPaths, FORM_A, "the mean of the paths"),
    Wrong(PART1, SharedPath, FORM_A, "all paths are one and the same"),
    Wrong(PART1, FirstPathOnly, FORM_B, "the number of trainable numbers is wrong"),
    Wrong(PART1, ShortcutInEveryPath, FORM_A, "cardinality times instead of once"),
    Wrong(PART1, WithoutShortcut, FORM_A, "the shortcut is missing"),
    Wrong(PART1, ReluBehindPaths, RELUS, "they can only add"),
    Wrong(PART1, ReluBeforeAddition, RELUS, "they can only add"),
    Wrong(PART1, WithoutLastRelu, FORM_A, "there is no ReLU behind the addition"),
    Wrong(PART1, WithoutFirstRelu, FORM_A, "no ReLU between the 1×1 and the 3×3"),
    Wrong(PART1, WithoutSecondRelu, RELUS, "no ReLU between the 3×3 and the last"),
    Wrong(PART1, WithBiases, FORM_A, "the convolutions have biases, in each path"),
    Wrong(PART1, TwoLayers, FORM_A, "two layers only"),
    Wrong(PART1, StacksOutputs, FORM_A, "two tensors of different shapes"),
    Wrong(PART1, WithoutPadding, FORM_A, "two tensors of different shapes"),
    Wrong(PART1, InAList, FORM_A, "layers in a plain list"),
    Wrong(PART1, ChangesItsInput, FORM_A, "forward changes the tensor"),
    Wrong(PART1, NothingReturned, FORM_A, "forward returns None"),
    Wrong(PART1, KnowsFourPaths, OTHER, "the number of trainable numbers is wrong"),
    Wrong(PART2, all_along_outputs, SHAPES, "third is joined along its outputs"),
    Wrong(PART2, all_along_inputs, SHAPES, "first is joined along its inputs"),
    Wrong(PART2, stacked, SHAPES, "stacked along a new dimension"),
    Wrong(PART2, dense, SHAPES, "the 3×3 kernels of an ordinary convolution"),
    Wrong(PART2, summed, SHAPES, "one path's weights, or the sum of all"),
    Wrong(PART2, mean_of_paths, OUTPUT, "a mean, not a sum"),
    Wrong(PART2, first_path_repeated, INSIDE, "are there cardinality times"),
    Wrong(PART2, alternating, INSIDE, "first: channels of different paths alternate"),
    Wrong(PART2, alternating_in_the_third, OUTPUT, "third: channels of different paths alternate"),
    Wrong(PART2, third_reshaped, OUTPUT, "reshaped without moving"),
    Wrong(PART2, third_reversed, OUTPUT, "third: the paths come in reversed order"),
    Wrong(PART2, second_reversed, INSIDE, "second: the paths come in reversed order"),
    Wrong(PART2, kernels_turned, INSIDE, "the kernels are turned round"),
    Wrong(PART2, inputs_and_outputs_exchanged, INSIDE, "inputs and outputs of the kernels have changed places"),
    Wrong(PART2, two_tensors, SHAPES, "should give three tensors"),
    Wrong(PART2, in_place, OUTPUT, "changes the weights that it is given"),
    Wrong(PART2, knows_three_paths, OTHER, "first has the wrong shape"),
    Wrong(PART3, StillBroken, REST, "this counts when a bug is mended"),
    Wrong(PART3, StillShared, OWN, "still one and the same"),
    Wrong(PART3, StillInEveryPath, ONCE, "still added in every path"),
    Wrong(PART3, OnceButInside, ONCE, "added before the batch normalisation"),
    Wrong(PART3, ManyTimesBehind, ONCE, "once for every path"),
    Wrong(PART3, InsideAndBehind, ONCE, "in every path and behind the sum"),
    Wrong(PART3, ShortcutRemoved, ONCE, "there is no shortcut any more"),
    Wrong(PART3, NormInPaths, OWN, "each path has a third batch normalisation"),
    Wrong(PART3, SumOfNormalised, REST, "each path is normalised by itself"),
    Wrong(PART3, NormRemoved, OWN, "the batch normalisation behind the sum is gone"),
    Wrong(PART3, LastReluRemoved, ONCE, "the ReLU behind the addition is gone"),
    Wrong(PART3, ReluBeforeTheAddition, REST, "the residual can only add"),
    Wrong(PART3, InnerReluRemoved, REST, "behind a path's first convolution is gone"),
    Wrong(PART3, OtherReluRemoved, REST, "behind a path's second convolution is gone"),
    Wrong(PART3, NormsShared, OWN, "the number of trainable numbers is wrong"),
    Wrong(PART3, KnowsThreePaths, OTHER, "the number of trainable numbers is wrong"),
]

RIGHT = [
    (PART1, Block),
    (PART1, OneFormForAll),
    (PART1, Masked),
    (PART1, WithEinsum),
    (PART1, LazyBlock),
    (PART2, joined),
    (PART2, backwards),
    (PART2, as_list),
    (PART2, with_parameters),
    (PART3, Mended),
    (PART3, MendedGrouped),
    (PART3, MendedWithLoop),
]
