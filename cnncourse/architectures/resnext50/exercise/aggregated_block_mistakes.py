"""Mistakes in the aggregated block: each is the reference with a line or two changed."""

import torch
from torch import nn

from cnncourse.architectures.resnext50.exercise.block import Block
from cnncourse.checking import Misconception

FORM_A, FORM_B, FORM_C, RELUS = (
    "form a: paths added up",
    "form b: paths side by side",
    "form c: one grouped convolution",
    "ReLU where it belongs",
)


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
        return torch.relu(self.residual(maps))


class ReluBehindPaths(Block):
    def residual(self, maps):
        if self.form != "a":
            return super().residual(maps)
        return sum(torch.relu(last(path(maps))) for path, last in zip(self.paths, self.last, strict=True))


class ReluBeforeAddition(Block):
    def forward(self, maps):
        return torch.relu(maps + torch.relu(self.residual(maps)))


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
        return torch.relu(maps + self.layers(maps))


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


class MeanInEvaluation(Block):
    def residual(self, maps):
        return super().residual(maps) / (1 if self.training or self.form != "a" else self.cardinality)


class SharedInB(Block):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, cardinality, width, form)
        if form == "b":
            self.paths = nn.ModuleList([self.paths[0]] * cardinality)


class FirstConvolutionShared(Block):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, cardinality, width, form)
        if form != "c":
            for path in self.paths:
                path[0] = self.paths[0][0]


class WithBiases(Block):
    bias = True


class LastHasBias(Block):
    def widen(self, width, channels):
        return nn.Conv2d(width, channels, 1)


class Normalised(Block):
    def path(self, channels, width):
        one, relu, three, _ = super().path(channels, width)
        return nn.Sequential(one, nn.BatchNorm2d(width), relu, three, nn.BatchNorm2d(width), relu)

    def grouped(self, channels, cardinality, width):
        one, relu, three, _ = super().grouped(channels, cardinality, width)
        inside = cardinality * width
        return nn.Sequential(one, nn.BatchNorm2d(inside), relu, three, nn.BatchNorm2d(inside), relu)


class WithoutRelus(Block):
    def path(self, channels, width):
        return super().path(channels, width)[::2]

    def grouped(self, channels, cardinality, width):
        return super().grouped(channels, cardinality, width)[::2]


class ReluFirst(Block):
    def residual(self, maps):
        return super().residual(torch.relu(maps))


class LastReluMoved(Block):
    def forward(self, maps):
        return maps + torch.relu(self.residual(maps))


class NoLastReluInEvaluation(Block):
    def forward(self, maps):
        return super().forward(maps) if self.training else maps + self.residual(maps)


class PathsInAList(Block):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, cardinality, width, form)
        if form != "c":
            hidden = list(self.paths)
            del self.paths
            self.paths = hidden
        if form == "a":
            hidden = list(self.last)
            del self.last
            self.last = hidden


class ShortcutCutOff(Block):
    def forward(self, maps):
        return torch.relu(maps.detach() + self.residual(maps))


class ResidualCutOff(Block):
    def forward(self, maps):
        return torch.relu(maps + self.residual(maps.detach()))


def _cut(form, number):
    class Cut(Block):
        def inside(self, maps):
            if self.form == "c":
                return self.narrow(maps.detach() if form == "c" else maps)
            return torch.cat([self.seen(path, maps) for path in self.paths], dim=1)

        def seen(self, path, maps):
            return path(maps.detach() if self.form == form and path is self.paths[number] else maps)

        def residual(self, maps):
            if self.form != "a":
                return self.last(self.inside(maps))
            return sum(last(self.seen(path, maps)) for path, last in zip(self.paths, self.last, strict=True))

    return Cut


class MaskedAtTheStart(Block):
    def grouped(self, channels, cardinality, width):
        layers = super().grouped(channels, cardinality, width)
        inside = cardinality * width
        layers[2] = nn.Conv2d(inside, inside, 3, padding=1, bias=False)
        mask = torch.block_diag(*[torch.ones(width, width)] * cardinality)
        layers[2].weight.data *= mask[:, :, None, None]
        return layers


class AddedUpInB(Block):
    def __init__(self, in_channels, cardinality, width, form):
        super().__init__(in_channels, cardinality, width, form)
        if form == "b":
            self.last = self.widen(width, in_channels)

    def inside(self, maps):
        return super().inside(maps) if self.form == "c" else sum(path(maps) for path in self.paths)


MISTAKES = (
    Misconception("in form c cardinality and width have changed roles", RolesSwapped, (FORM_C,)),
    Misconception("the 3×3 convolution is not divided into groups", NotDivided, (FORM_C,)),
    Misconception(
        "the 3×3 convolution is masked only once, at the start: training changes what the mask has made zero",
        MaskedAtTheStart,
        (FORM_C,),
    ),
    Misconception(
        "form b adds the paths' maps up; they lie side by side, and the last convolution sees them all",
        AddedUpInB,
        (FORM_B,),
    ),
    Misconception("one of the 1×1 convolutions is divided, too; only the 3×3 is", OneByOneDivided, (FORM_C,)),
    Misconception("both 1×1 convolutions are divided, too; only the 3×3 is", AllDivided, (FORM_C,)),
    Misconception("form c has width channels inside, not cardinality · width", WidthInAll, (FORM_C,)),
    Misconception("the mean of the paths, or only one of them; they are added up", MeanOfPaths, (FORM_A,)),
    Misconception("the mean of the paths in evaluation; they are added up", MeanInEvaluation, (FORM_A,)),
    Misconception("all paths are one and the same: they share their weights", SharedPath, (FORM_A,)),
    Misconception("all paths of form b are one and the same: they share their weights", SharedInB, (FORM_B,)),
    Misconception("in form b the first path is taken again and again", FirstPathOnly, (FORM_B,)),
    Misconception("all paths share their first 1×1 convolution", FirstConvolutionShared, (FORM_A,)),
    Misconception(
        "the shortcut is added in every path, cardinality times instead of once", ShortcutInEveryPath, (FORM_A,)
    ),
    Misconception("the shortcut is missing", WithoutShortcut, (FORM_A,)),
    Misconception(
        "a ReLU stands behind the last convolution of the paths: they can only add", ReluBehindPaths, (RELUS,)
    ),
    Misconception("a ReLU stands before the addition: the paths can only add", ReluBeforeAddition, (RELUS,)),
    Misconception("the last ReLU stands before the addition, not behind it", LastReluMoved, (RELUS,)),
    Misconception("there is no ReLU behind the addition", WithoutLastRelu, (RELUS,)),
    Misconception("there is no ReLU behind the addition in evaluation", NoLastReluInEvaluation, (RELUS,)),
    Misconception("there is no ReLU between the 1×1 and the 3×3 convolution", WithoutFirstRelu, (RELUS,)),
    Misconception("there is no ReLU between the 3×3 and the last 1×1 convolution", WithoutSecondRelu, (RELUS,)),
    Misconception("there is no ReLU between the convolutions", WithoutRelus, (RELUS,)),
    Misconception("a ReLU stands before the first convolution", ReluFirst, (RELUS,)),
    Misconception("the convolutions have biases, in each path; this part leaves them out", WithBiases, (FORM_A,)),
    Misconception("the last convolutions have biases; this part leaves them out", LastHasBias, (FORM_A,)),
    Misconception("batch normalisation has come in; this part leaves it out", Normalised, (FORM_A,)),
    Misconception("two layers only, both 3×3; a path has three", TwoLayers, (FORM_A,)),
    Misconception(
        "what the paths give is stacked (concatenated) in form a, where it is to be added", StacksOutputs, (FORM_A,)
    ),
    Misconception("the 3×3 convolution has no padding, so the maps become smaller", WithoutPadding, (FORM_A,)),
    Misconception(
        "layers in a plain list are invisible to PyTorch: use nn.ModuleList or nn.Sequential", PathsInAList, (FORM_A,)
    ),
    Misconception("the shortcut is cut off from the gradient, by detach or no_grad", ShortcutCutOff, (FORM_A,)),
    Misconception("the paths are cut off from the gradient of the input", ResidualCutOff, (FORM_A,)),
    Misconception("in form c the paths are cut off from the gradient of the input", _cut("c", 0), (FORM_C,)),
    *(
        Misconception(f"a path of form {form} is cut off from the gradient of the input", _cut(form, number), (check,))
        for form, check in (("a", FORM_A), ("b", FORM_B))
        for number in (0, -1)
    ),
)
