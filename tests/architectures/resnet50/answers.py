"""Answers to chapter 6's exercise as learners write them: right ones, and wrong ones that no misconception explains."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.architectures.bank import Wrong

# The basic block -----------------------------------------------------------------------------------------------------


class PaddedShortcut(nn.Module):
    """Option A; the wrong ones below change a line of it."""

    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        self.stride, self.new = stride, out_channels - in_channels

    def smaller(self, maps):
        return maps[:, :, :: self.stride, :: self.stride]

    def more(self, maps):
        return F.pad(maps, (0, 0, 0, 0, 0, self.new))

    def forward(self, maps):
        return self.more(self.smaller(maps))


class Block(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    padded = PaddedShortcut
    bias = False

    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__()
        self.conv1, self.conv2 = self.convolutions(in_channels, out_channels, stride)
        self.bn1, self.bn2 = self.norms(in_channels, out_channels)
        self.shortcut = self.make_shortcut(in_channels, out_channels, stride, shortcut)

    def convolutions(self, i, o, stride):
        return (
            nn.Conv2d(i, o, 3, stride, padding=1, bias=self.bias),
            nn.Conv2d(o, o, 3, padding=1, bias=self.bias),
        )

    def norms(self, _i, o):
        return nn.BatchNorm2d(o), nn.BatchNorm2d(o)

    def make_shortcut(self, i, o, stride, option):
        if stride == 1 and i == o:
            return nn.Identity()
        return self.padded(i, o, stride) if option == "A" else self.projection(i, o, stride)

    def projection(self, i, o, stride):
        return nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def residual(self, maps):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(maps)))))

    def forward(self, maps):
        return F.relu(self.residual(maps) + self.shortcut(maps))


class WithCat(nn.Module):
    """Zeros by torch.cat, no module for the identity, in-place ReLUs where nothing is lost."""

    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.stride, self.new = stride, out_channels - in_channels
        self.downsample = None
        if shortcut == "B" and (stride > 1 or self.new):
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, maps):
        residual = self.residual(maps)
        if self.downsample is not None:
            maps = self.downsample(maps)
        else:
            maps = F.avg_pool2d(maps, 1, self.stride)
            if self.new:
                n, _, height, width = maps.shape
                maps = torch.cat([maps, maps.new_zeros(n, self.new, height, width)], dim=1)
        residual += maps
        return residual.relu_()


class WithFrozenKernel(Block):
    """Option A as a 1×1 convolution that is not trained, and a frozen bias that is zero."""

    class padded(nn.Conv2d):  # noqa: N801
        def __init__(self, i, o, stride):
            super().__init__(i, o, 1, stride)
            self.requires_grad_(False)
            nn.init.zeros_(self.bias)
            nn.init.dirac_(self.weight)


class WithUnfold(nn.Module):
    """Convolutions as matrix products of unfolded windows."""

    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__()
        self.stride, self.option, self.out = stride, shortcut, out_channels
        self.first = nn.Linear(9 * in_channels, out_channels, bias=False)
        self.second = nn.Linear(9 * out_channels, out_channels, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(out_channels) for _ in range(2))
        self.projects = shortcut == "B" and (stride, in_channels) != (1, out_channels)
        if self.projects:
            self.mix = nn.Parameter(torch.randn(in_channels, out_channels))
            self.norms.append(nn.BatchNorm2d(out_channels))

    def windows(self, maps, layer, stride):
        columns = layer(F.unfold(maps, 3, padding=1, stride=stride).transpose(1, 2)).transpose(1, 2)
        height, width = ((side - 1) // stride + 1 for side in maps.shape[2:])
        return columns.unflatten(2, (height, width))

    def forward(self, maps):
        residual = torch.relu(self.norms[0](self.windows(maps, self.first, self.stride)))
        residual = self.norms[1](self.windows(residual, self.second, 1))
        maps = maps[..., :: self.stride, :: self.stride]
        if self.projects:
            maps = self.norms[2](torch.einsum("nihw,io->nohw", maps, self.mix))
        carried = torch.zeros_like(residual)
        carried[:, : maps.shape[1]] = maps
        return (carried + residual).clamp(min=0)


class LazyBlock(Block):
    """With layers that find out their input channels by themselves."""

    def convolutions(self, _i, o, stride):
        return nn.LazyConv2d(o, 3, stride, padding=1, bias=False), nn.LazyConv2d(o, 3, padding=1, bias=False)


class SpoilsInput(Block):
    def forward(self, maps):
        residual = self.residual(maps)
        return F.relu(residual + self.shortcut(maps.relu_()))


class AddsInPlace(Block):
    def forward(self, maps):
        maps += self.residual(maps)
        return F.relu(maps)


class PaddedInSpace(Block):
    class padded(PaddedShortcut):  # noqa: N801
        def more(self, maps):
            return F.pad(maps, (0, self.new))


class WithoutReturn(Block):
    def forward(self, maps):
        F.relu(self.residual(maps) + self.shortcut(maps))


class KnowsStrideTwo(Block):
    """Strides 1 and 2 only, as in the notebook."""

    class padded(PaddedShortcut):  # noqa: N801
        def smaller(self, maps):
            return maps[:, :, ::2, ::2] if self.stride != 1 else maps


class ResidualHalvedInEvaluation(Block):
    def residual(self, maps):
        return super().residual(maps) * (1 if self.training else 0.5)


class ResidualSeesNoGradient(Block):
    def residual(self, maps):
        return super().residual(maps.detach())


class CutBetweenConvolutions(Block):
    def residual(self, maps):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(maps))).detach()))


class Squeezed(Block):
    def forward(self, maps):
        return super().forward(maps).squeeze()


class BatchNormOfItsOwn(Block):
    """The running averages are kept, and used in training too."""

    def norms(self, i, o):
        first, second = super().norms(i, o)
        second.momentum = 0.0
        return first, second


class BackwardsThroughNothing(Block):
    @torch.no_grad()
    def forward(self, maps):
        return super().forward(maps)


class MeanWeight(Block):
    """A sum over windows in place of the second convolution."""

    def residual(self, maps):
        maps = F.relu(self.bn1(self.conv1(maps)))
        alike = self.conv2.weight.mean(dim=(1, 2, 3), keepdim=True).expand_as(self.conv2.weight)
        return self.bn2(F.conv2d(maps, alike, padding=1))


class WeightsInOneMemory(Block):
    """The second convolution's weights are a view of one row."""

    def __init__(self, in_channels, out_channels, stride=1, shortcut="B"):
        super().__init__(in_channels, out_channels, stride, shortcut)
        row = torch.randn(1, out_channels, 3, 3)
        self.conv2.weight = nn.Parameter(row.expand(out_channels, -1, -1, -1))


# The network --------------------------------------------------------------------------------------------------------


class Net(nn.Module):
    """A right network that many write; the wrong ones below change a line or two of it."""

    block = Block
    head_bias = True

    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__()
        self.conv1 = self.first(width)
        self.bn1 = self.norm(width)
        layers, before = [], width
        for number, count in enumerate(blocks):
            maps = self.maps(width, number)
            for index in range(self.count(count)):
                layers.append(self.make(before, maps, self.stride(number, index), shortcut))
                before = maps
        self.blocks = nn.Sequential(*layers)
        self.fc = nn.Linear(before, num_classes, bias=self.head_bias)

    def first(self, width):
        return nn.Conv2d(3, width, 3, padding=1, bias=False)

    def norm(self, width):
        return nn.BatchNorm2d(width)

    def maps(self, width, number):
        return width * 2**number

    def count(self, count):
        return count

    def stride(self, number, index):
        return 2 if number > 0 and index == 0 else 1

    def make(self, before, maps, stride, shortcut):
        return self.block(before, maps, stride, shortcut)

    def stem(self, images):
        return F.relu(self.bn1(self.conv1(images)))

    def pool(self, maps):
        return maps.mean(dim=(2, 3))

    def forward(self, images):
        return self.fc(self.pool(self.blocks(self.stem(images))))


def by_function(blocks, width, num_classes, shortcut):
    """Everything in one Sequential, blocks of another kind."""
    layers = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    before = width
    for number, count in enumerate(blocks):
        stage = []
        for index in range(count):
            stage.append(WithCat(before, width << number, 2 if number and not index else 1, shortcut))
            before = width << number
        layers.append(nn.Sequential(*stage))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, num_classes))


class HeadAsConvolution(Net):
    """The last layer as a 1×1 convolution."""

    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__(blocks, width, num_classes, shortcut)
        self.fc = nn.Conv2d(self.fc.in_features, num_classes, 1)

    def forward(self, images):
        return self.fc(self.blocks(self.stem(images))).mean(dim=(2, 3))


class InLists(nn.Module):
    """A ModuleList of ModuleLists."""

    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.stages = nn.ModuleList()
        for number, count in enumerate(blocks):
            now = width * 2**number
            first = Block(now // 2, now, 2, shortcut) if number else Block(width, width, 1, shortcut)
            rest = [Block(now, now, shortcut=shortcut) for _ in range(count - 1)]
            self.stages.append(nn.ModuleList([first, *rest]))
        self.head = nn.LazyLinear(num_classes)

    def forward(self, images):
        maps = self.stem(images)
        for stage in self.stages:
            for block in stage:
                maps = block(maps)
        return self.head(maps.flatten(2).mean(dim=2))


class KnowsThreeStages(Net):
    """Up to three stages, as in the notebook."""

    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__(blocks[:3] if len(blocks) > 4 or max(blocks) > 1 else blocks, width, num_classes, shortcut)


class KnowsTenClasses(Net):
    """As many classes as networks in the notebook have at most."""

    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__(blocks, width, min(num_classes, 10), shortcut)


class NeverWiderThan64(Net):
    def maps(self, width, number):
        return min(64, super().maps(width, number))


class EachStageLearnsAlone(Net):
    def forward(self, images):
        maps = self.stem(images)
        for block in self.blocks:
            maps = block(maps.detach())
        return self.fc(self.pool(maps))


class ScaledInEvaluation(Net):
    def pool(self, maps):
        return super().pool(maps) * (1 if self.training else 0.5)


class StemForgets(Net):
    def norm(self, width):
        return nn.BatchNorm2d(width, momentum=0.0)


class OtherBlocksAreOne(Net):
    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__(blocks, width, num_classes, shortcut)
        layers = list(self.blocks)
        for number, layer in enumerate(layers):
            if number and layer.conv1.weight.shape == layers[number - 1].conv1.weight.shape:
                layers[number] = layers[number - 1]
        self.blocks = nn.Sequential(*layers)


class EmptiesTheList(Net):
    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__([blocks.pop(0) for _ in range(len(blocks))], width, num_classes, shortcut)


def not_a_module(blocks, width, num_classes, shortcut):
    return [Block(width, width)]


# The bottleneck -----------------------------------------------------------------------------------------------------


class Mended(nn.Module):
    """The master; the wrong ones below change a line or two of it."""

    expansion = 4
    bias = False
    strides = staticmethod(lambda stride: (stride, 1))

    def __init__(self, in_channels, width, stride=1):
        super().__init__()
        out_channels = self.expansion * width
        first, second = self.strides(stride)
        self.conv1 = nn.Conv2d(in_channels, width, 1, stride=first, bias=self.bias)
        self.conv2 = nn.Conv2d(width, width, 3, stride=second, padding=1, bias=self.bias)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=self.bias)
        self.norm1, self.norm2, self.norm3 = self.norms(width, out_channels)
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = self.projection(in_channels, out_channels, stride)

    def norms(self, width, out_channels):
        return nn.BatchNorm2d(width), nn.BatchNorm2d(width), nn.BatchNorm2d(out_channels)

    def projection(self, in_channels, out_channels, stride):
        return nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
        )

    def residual(self, maps):
        residual = torch.relu(self.norm1(self.conv1(maps)))
        residual = torch.relu(self.norm2(self.conv2(residual)))
        return self.norm3(self.conv3(residual))

    def join(self, residual, carried):
        return torch.relu(residual + carried)

    def forward(self, maps):
        return self.join(self.residual(maps), self.shortcut(maps))


class InSequence(nn.Module):
    """Everything in two Sequentials."""

    def __init__(self, in_channels, width, stride=1):
        super().__init__()

        def unit(i, o, kernel, stride=1):
            return nn.Sequential(nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(o))

        self.residual = nn.Sequential(
            *(unit(in_channels, width, 1, stride), nn.ReLU(inplace=True)),
            *(unit(width, width, 3), nn.ReLU(inplace=True)),
            unit(width, 4 * width, 1),
        )
        self.downsample = None if (stride, in_channels) == (1, 4 * width) else unit(in_channels, 4 * width, 1, stride)

    def forward(self, maps):
        carried = maps if self.downsample is None else self.downsample(maps)
        return F.relu(carried + self.residual(maps), inplace=True)


class OneByOneAsProduct(Mended):
    """The 1×1 convolutions as products of matrices."""

    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        self.stride = stride
        self.conv1 = nn.Linear(in_channels, width, bias=False)
        self.conv3 = nn.Linear(width, 4 * width, bias=False)

    def residual(self, maps):
        residual = self.conv1(maps[:, :, :: self.stride, :: self.stride].movedim(1, -1)).movedim(-1, 1)
        residual = self.conv2(self.norm1(residual).relu())
        return self.norm3(self.conv3(self.norm2(residual).relu().movedim(1, -1)).movedim(-1, 1))


class MendedWithoutReturn(Mended):
    def forward(self, maps):
        self.join(self.residual(maps), self.shortcut(maps))


class KnowsStrides(Mended):
    """Strides 1 and 2 only, as in the notebook."""

    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, min(stride, 2))


class MendedAndSqueezed(Mended):
    def forward(self, maps):
        return super().forward(maps).squeeze()


class BiasesInAllConvolutions(Mended):
    bias = True

    def projection(self, in_channels, out_channels, stride):
        return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride=stride), nn.BatchNorm2d(out_channels))


# The bank ------------------------------------------------------------------------------------------------------------

WRONG = [
    Wrong(
        "BasicBlock",
        SpoilsInput,
        "forward changes a tensor that the gradient still needs",
    ),
    Wrong(
        "BasicBlock",
        AddsInPlace,
        "forward changes a tensor that the gradient still needs",
    ),
    Wrong("BasicBlock", PaddedInSpace, "two tensors of different shapes"),
    Wrong("BasicBlock", WithoutReturn, "forward returns None"),
    Wrong("BasicBlock", KnowsStrideTwo, "two tensors of different shapes"),
    Wrong("BasicBlock", ResidualHalvedInEvaluation, "training is right and evaluation is not"),
    Wrong("BasicBlock", ResidualSeesNoGradient, "cut off from the gradient"),
    Wrong("BasicBlock", CutBetweenConvolutions, "cut off from the gradient"),
    Wrong("BasicBlock", Squeezed, "a batch of one loses its first dimension"),
    Wrong("BasicBlock", BatchNormOfItsOwn, "training is right and evaluation is not"),
    Wrong("BasicBlock", BackwardsThroughNothing, "cut off from the gradient"),
    Wrong("BasicBlock", MeanWeight, "right as long as all weights are alike"),
    Wrong("BasicBlock", WeightsInOneMemory, "weights share their memory"),
    Wrong("make_resnet", KnowsThreeStages, "the number of trainable parameters is wrong"),
    Wrong("make_resnet", KnowsTenClasses, "the output has the wrong shape"),
    Wrong("make_resnet", NeverWiderThan64, "the number of trainable parameters is wrong"),
    Wrong("make_resnet", EachStageLearnsAlone, "cut off from the gradient"),
    Wrong("make_resnet", ScaledInEvaluation, "training is right and evaluation is not"),
    Wrong("make_resnet", StemForgets, "training is right and evaluation is not"),
    Wrong("make_resnet", OtherBlocksAreOne, "the number of trainable parameters is wrong"),
    Wrong("make_resnet", EmptiesTheList, "it changes the arguments"),
    Wrong("make_resnet", not_a_module, "does not give a module"),
    Wrong("MendedBottleneck", MendedWithoutReturn, "forward returns None"),
    Wrong("MendedBottleneck", KnowsStrides, "the wrong shape"),
    Wrong("MendedBottleneck", MendedAndSqueezed, "a batch of one loses its first dimension"),
    Wrong("MendedBottleneck", BiasesInAllConvolutions, "the number of trainable parameters is wrong"),
]

RIGHT = [
    ("BasicBlock", Block),
    ("BasicBlock", WithCat),
    ("BasicBlock", WithFrozenKernel),
    ("BasicBlock", WithUnfold),
    ("BasicBlock", LazyBlock),
    ("make_resnet", Net),
    ("make_resnet", by_function),
    ("make_resnet", HeadAsConvolution),
    ("make_resnet", InLists),
    ("MendedBottleneck", Mended),
    ("MendedBottleneck", InSequence),
    ("MendedBottleneck", OneByOneAsProduct),
]
