"""Part 2: a network for small images, from the number of blocks of each stage."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cnncourse.architectures.resnet50.exercise.residual_block_mistakes import (
    NoReluAtEnd,
    NoShortcut,
    OnlyAdds,
    OptionC,
)
from cnncourse.architectures.resnet50.model import BasicBlock
from cnncourse.checking import Case, Check, Misconception, Part, images

NUMBERS, CARRIED, SCORES = "trainable numbers", "the shortcuts carry the signal", "the scores"


class Network(nn.Module):
    """The network of the text, in steps that a mistake can change one by one.

    Args:
        blocks: number of blocks of each stage.
        width: channels of the first stage; each further stage has twice as many as the one before.
        num_classes: number of classes.
        shortcut: option "A" or "B".

    """

    block: Callable[..., nn.Module] = BasicBlock
    head_bias = True

    def __init__(self, blocks: Sequence[int], width: int, num_classes: int, shortcut: str) -> None:
        super().__init__()
        self.stem = self.first(width)
        layers, before = [], width
        for number, count in enumerate(blocks):
            channels = self.channels(width, number)
            for index in range(self.count(count)):
                layers.append(self.make(before, channels, self.stride(number, index), shortcut))
                before = channels
        self.blocks = nn.Sequential(*layers)
        self.fc = nn.Linear(before, num_classes, bias=self.head_bias)

    def first(self, width: int) -> nn.Module:
        return nn.Sequential(self.convolution(width), nn.BatchNorm2d(width), nn.ReLU())

    def convolution(self, width: int) -> nn.Module:
        return nn.Conv2d(3, width, 3, padding=1, bias=False)

    def channels(self, width: int, number: int) -> int:
        return width * 2**number

    def count(self, count: int) -> int:
        return count

    def stride(self, number: int, index: int) -> int:
        return 2 if number > 0 and index == 0 else 1

    def make(self, before: int, channels: int, stride: int, shortcut: str) -> nn.Module:
        return self.block(before, channels, stride, shortcut)

    def pool(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.pool(self.blocks(self.stem(images))))


class FirstStageHalves(Network):
    def stride(self, number, index):
        return 2 if index == 0 else 1


class NothingHalves(Network):
    def stride(self, number, index):
        return 1


class EveryBlockHalves(Network):
    def stride(self, number, index):
        return 2 if number > 0 else 1


class LastBlockHalves(Network):
    def __init__(self, blocks, width, num_classes, shortcut):
        self.left = list(blocks)
        super().__init__(blocks, width, num_classes, shortcut)

    def stride(self, number, index):
        return 2 if number > 0 and index == self.left[number] - 1 else 1


class StemHalves(Network):
    def convolution(self, width):
        return nn.Conv2d(3, width, 3, stride=2, padding=1, bias=False)


class StemPools(Network):
    def first(self, width):
        return nn.Sequential(super().first(width), nn.MaxPool2d(3, 2, 1))


class StemPoolsTwoByTwo(Network):
    def first(self, width):
        return nn.Sequential(super().first(width), nn.MaxPool2d(2))


class ImageNetStem(Network):
    def convolution(self, width):
        return nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)


class StemWithoutRelu(Network):
    def first(self, width):
        return super().first(width)[:2]


class StemNotNormalised(Network):
    def first(self, width):
        return nn.Sequential(self.convolution(width), nn.ReLU())


class StemWithBias(Network):
    def convolution(self, width):
        return nn.Conv2d(3, width, 3, padding=1)


class AlwaysA(Network):
    def make(self, before, channels, stride, shortcut):
        return self.block(before, channels, stride, "A")


class OptionForgotten(Network):
    def make(self, before, channels, stride, shortcut):
        return self.block(before, channels, stride)


class WidthStays(Network):
    def channels(self, width, number):
        return width


class OneBlockAStage(Network):
    def count(self, count):
        return 1


class OneBlockTooMany(Network):
    def count(self, count):
        return count + 1


class OneBlockTooFew(Network):
    def count(self, count):
        return max(1, count - 1)


class BlocksShared(Network):
    def make(self, before, channels, stride, shortcut):
        if (before, stride) != (channels, 1):
            return super().make(before, channels, stride, shortcut)
        self.same = self.__dict__.setdefault("same_blocks", {})
        return self.same.setdefault(channels, super().make(before, channels, stride, shortcut))


class HeadWithoutBias(Network):
    head_bias = False


class LargestOfEachMap(Network):
    def pool(self, maps):
        return maps.amax(dim=(2, 3))


class SumOfEachMap(Network):
    def pool(self, maps):
        return maps.sum(dim=(2, 3))


class SoftmaxAtEnd(Network):
    def forward(self, images):
        return super().forward(images).softmax(dim=1)


class LogSoftmaxAtEnd(Network):
    def forward(self, images):
        return super().forward(images).log_softmax(dim=1)


class ReluAtEnd(Network):
    def forward(self, images):
        return super().forward(images).relu()


class BlocksInAList(Network):
    def __init__(self, blocks, width, num_classes, shortcut):
        super().__init__(blocks, width, num_classes, shortcut)
        self.hidden = [self.blocks]
        del self.blocks

    def forward(self, images):
        return self.fc(self.pool(self.hidden[0](self.stem(images))))


class OfOnlyAddingBlocks(Network):
    block = OnlyAdds


class OfBlocksWithoutRelu(Network):
    block = NoReluAtEnd


class OfPlainBlocks(Network):
    block = NoShortcut


class ProjectsEverywhere(Network):
    block = OptionC


class CutBetweenStages(Network):
    def forward(self, images):
        return self.fc(self.pool(self.blocks(self.stem(images).detach())))


MISCONCEPTIONS = (
    Misconception("the first stage halves the maps; only later ones do", FirstStageHalves, (CARRIED,)),
    Misconception("no stage halves the maps", NothingHalves, (CARRIED,)),
    Misconception("every block of a later stage halves the maps; only its first does", EveryBlockHalves, (CARRIED,)),
    Misconception("the last block of a later stage halves the maps; its first should", LastBlockHalves, (CARRIED,)),
    Misconception("option B is asked for, and the blocks have option A", AlwaysA, (NUMBERS,)),
    Misconception("option A is asked for, and the blocks have option B", OptionForgotten, (NUMBERS,)),
    Misconception("the width stays; each stage has twice as many maps as the one before", WidthStays, (NUMBERS,)),
    Misconception("each stage has one block only", OneBlockAStage, (NUMBERS,)),
    Misconception("each stage has one block too many", OneBlockTooMany, (NUMBERS,)),
    Misconception("each stage has one block too few", OneBlockTooFew, (NUMBERS,)),
    Misconception("blocks of a stage share their weights: one object stands there several times", BlocksShared),
    Misconception("the first layer halves the maps", StemHalves, (CARRIED,)),
    Misconception("a pooling behind the first layer; the network for small images has none", StemPools, (CARRIED,)),
    Misconception("a pooling of 2×2 behind the first layer; there is none", StemPoolsTwoByTwo, (CARRIED,)),
    Misconception("the first convolution is 7×7, as for large images", ImageNetStem, (NUMBERS,)),
    Misconception("the ReLU behind the first layer is missing", StemWithoutRelu, (SCORES,)),
    Misconception("the first convolution is not normalised", StemNotNormalised, (NUMBERS,)),
    Misconception("the first convolution has a bias", StemWithBias, (NUMBERS,)),
    Misconception("the last layer has no bias", HeadWithoutBias, (NUMBERS,)),
    Misconception("the largest value of each map, not its mean", LargestOfEachMap, (CARRIED,)),
    Misconception("the sum of each map, not its mean", SumOfEachMap, (CARRIED,)),
    Misconception("a softmax on the scores", SoftmaxAtEnd, (SCORES,)),
    Misconception("a logarithm of the softmax on the scores", LogSoftmaxAtEnd, (SCORES,)),
    Misconception("a ReLU on the scores", ReluAtEnd, (SCORES,)),
    Misconception(
        "only the first and the last layer can be trained: layers in a plain list are invisible to PyTorch",
        BlocksInAList,
        (NUMBERS,),
    ),
    Misconception("your block can only add: a ReLU stands before its addition", OfOnlyAddingBlocks, (SCORES,)),
    Misconception("your block has no ReLU behind its addition", OfBlocksWithoutRelu, (SCORES,)),
    Misconception("your block has no shortcut", OfPlainBlocks, (CARRIED,)),
    Misconception("your block projects even where the shape stays: that is option C", ProjectsEverywhere, (NUMBERS,)),
    Misconception("the gradient does not get back to the first layer: detach or no_grad", CutBetweenStages, (SCORES,)),
)


def _case(blocks: list[int], width: int, num_classes: int, shortcut: str, rounds: int = 0) -> Case:
    return Case((blocks, width, num_classes, shortcut), inputs=images(3, 3, 9, 11), rounds=rounds)


def _counted(*arguments: object) -> Case:
    return Case(arguments, inputs=images(2, 3, 6, 7), counted=True)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw a network with four stages, which no network in the notebook has."""
    blocks = torch.randint(1, 3, (4,), generator=generator).tolist()
    width, classes = (torch.randint(0, 4, (2,), generator=generator) + torch.tensor([2, 11])).tolist()
    option = "AB"[int(torch.randint(2, (), generator=generator))]
    return (_case(blocks, width, classes, option),)


CORNERS = (
    _counted([9, 9, 9], 1, 1, "A"),  # as deep as ResNet-56
    _counted([3, 4, 6, 3], 1, 10, "B"),
    _counted([1, 1, 1, 1, 1], 2, 1, "A"),
    Case(([1], 2, 3, "B"), inputs=images(2, 3, 66, 5), rounds=0),  # a single stage, in which no map is halved
)

NETWORK = Part(
    name="make_resnet",
    task="use",
    minutes=20,
    references=(Network,),
    cases=(
        _counted([3, 3, 3], 16, 10, "A"),  # ResNet-20 for 32×32 images
        _counted([1, 1, 1, 1], 20, 3, "B"),
        _case([1, 3], 4, 7, "A", rounds=4),
        _case([2, 1, 1], 5, 6, "B", rounds=3),
    ),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISCONCEPTIONS,
    needs={"BasicBlock": BasicBlock},
    checks=(
        Check(
            NUMBERS,
            2,
            (
                "Print your network: how many blocks has each stage, and how many maps go in and out of each?",
                "Keep a variable for the maps that came out of the block before; the next block takes them in.",
                "The first convolution is normalised; the last layer has a bias; the option goes to every block.",
            ),
            notes=("shape", "parameters", "left alone"),
        ),
        Check(
            CARRIED,
            2,
            (
                "Follow the height of the maps: behind which blocks does it change?",
                "The first stage keeps it. The first block of each later stage halves it, the others keep it.",
                "Before the blocks: convolve, normalise, ReLU. Behind them: the mean of each map, one linear layer.",
            ),
            notes=("alike: output", "alike: gradient"),
        ),
        Check(
            SCORES,
            2,
            (
                "If only this check fails, look into your block: does it pass part 1?",
                "Nothing stands between the last layer and the scores.",
            ),
        ),
        Check(
            "a network drawn at random",
            1,
            (
                "Is there a number in your function that belongs to three stages, or to ten classes?",
                "Stages, width, classes and option must all come from the arguments.",
            ),
            public=False,
        ),
    ),
)
