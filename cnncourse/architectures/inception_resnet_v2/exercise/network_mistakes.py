"""Mistakes in the network: each is the reference with a line or two changed."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cnncourse.architectures.inception_resnet_v2.exercise.block import Block, BlockWithLargerEpsilon
from cnncourse.architectures.inception_resnet_v2.exercise.residual_block_mistakes import (
    BiasesInBranches,
    NormOnUp,
    ReluOnUp,
    ScalesShortcut,
    UpWithoutBias,
)
from cnncourse.checking import Misconception

NUMBERS, STAGES, END = "trainable numbers", "stages and scales", "the end is linear"
Plan = Sequence[tuple[object, int, float]]


class Net(nn.Module):
    """The network of the text, in steps that a mistake can change one by one."""

    block = Block
    halve = nn.MaxPool2d

    def __init__(self, in_channels: int, width: int, plan: Plan, num_classes: int) -> None:
        super().__init__()
        self.stem = self.make_stem(in_channels, width)
        self.stages = nn.Sequential()
        plan = self.understood(plan)
        for number, (branches, count, scale) in enumerate(plan):
            last_stage = number == len(plan) - 1
            for index in range(count):
                options = self.options(scale, index == count - 1, last_stage)
                self.stages.append(self.block(width, branches, *options))
            if self.is_halved(last_stage):
                self.stages.append(self.halve(2))
        self.head = self.make_head(width, num_classes)

    def understood(self, plan: Plan) -> Plan:
        return plan

    def make_stem(self, in_channels: int, width: int) -> nn.Sequential:
        convolution = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(width, self.block.eps), nn.ReLU())

    def options(self, scale: float, last_of_stage: bool, last_stage: bool) -> tuple[object, ...]:
        return (1.0, False) if last_of_stage and last_stage else (scale,)

    def is_halved(self, last_stage: bool) -> bool:
        return not last_stage

    def make_head(self, width: int, num_classes: int) -> nn.Module:
        return nn.Linear(width, num_classes)

    def pool(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.pool(self.stages(self.stem(images))))


class NetWithLargerEpsilon(Net):
    """The same with the epsilon of the paper's authors."""

    block = BlockWithLargerEpsilon


class LastLikeTheOthers(Net):
    def options(self, scale, _last_of_stage, _last_stage):
        return (scale,)


class LastKeepsScale(Net):
    def options(self, scale, last_of_stage, last_stage):
        return (scale, False) if last_of_stage and last_stage else (scale,)


class LastKeepsRelu(Net):
    def options(self, scale, last_of_stage, last_stage):
        return (1.0,) if last_of_stage and last_stage else (scale,)


class LastOfEveryStage(Net):
    def options(self, scale, last_of_stage, _last_stage):
        return (1.0, False) if last_of_stage else (scale,)


class WholeLastStage(Net):
    def options(self, scale, _last_of_stage, last_stage):
        return (1.0, False) if last_stage else (scale,)


class NoReluAnywhere(Net):
    def options(self, scale, last_of_stage, last_stage):
        return (1.0 if last_of_stage and last_stage else scale, False)


class NothingScaled(Net):
    def options(self, _scale, last_of_stage, last_stage):
        return (1.0, not (last_of_stage and last_stage))


class HalvesAtTheEndToo(Net):
    def is_halved(self, _last_stage):
        return True


class NeverHalves(Net):
    def is_halved(self, _last_stage):
        return False


class Averages(Net):
    halve = nn.AvgPool2d


class StemNotNormalised(Net):
    def make_stem(self, in_channels, width):
        return nn.Sequential(nn.Conv2d(in_channels, width, 3, padding=1, bias=False), nn.ReLU())


class StemWithBias(Net):
    def make_stem(self, in_channels, width):
        return nn.Sequential(
            nn.Conv2d(in_channels, width, 3, padding=1), nn.BatchNorm2d(width, self.block.eps), nn.ReLU()
        )


class StemWithoutRelu(Net):
    def make_stem(self, in_channels, width):
        return super().make_stem(in_channels, width)[:2]


class HeadWithoutBias(Net):
    def make_head(self, width, num_classes):
        return nn.Linear(width, num_classes, bias=False)


class LargestOfEachMap(Net):
    def pool(self, maps):
        return maps.amax(dim=(2, 3))


class SoftmaxAtEnd(Net):
    def forward(self, images):
        return super().forward(images).softmax(dim=1)


class ReluOnScores(Net):
    def forward(self, images):
        return torch.relu(super().forward(images))


class OfBlocksThatScaleTheirShortcut(Net):
    block = ScalesShortcut


class OfBlocksWithoutBias(Net):
    block = UpWithoutBias


class OfOnlyAddingBlocks(Net):
    block = ReluOnUp


class OfBiasedBlocks(Net):
    block = BiasesInBranches


class OfNormalisingBlocks(Net):
    block = NormOnUp


class FirstScale(Net):
    def understood(self, plan):
        return [(branches, count, plan[0][2]) for branches, count, _ in plan]


class FirstBranches(Net):
    def understood(self, plan):
        return [(plan[0][0], count, scale) for _, count, scale in plan]


class OneTooMany(Net):
    def understood(self, plan):
        return [(branches, count + 1, scale) for branches, count, scale in plan]


class OneTooFew(Net):
    def understood(self, plan):
        return [(branches, max(1, count - 1), scale) for branches, count, scale in plan]


class LastStageByValue(Net):
    def __init__(self, in_channels, width, plan, num_classes):
        super().__init__(in_channels, width, plan, num_classes)
        layers = iter(list(self.stages))
        for number, stage in enumerate(plan):
            blocks = [next(layers) for _ in range(stage[1])]
            if number < len(plan) - 1:
                next(layers)
            if stage == plan[-1]:
                blocks[-1].scale, blocks[-1].activation = 1.0, False


class FirstStageByValue(Net):
    def __init__(self, in_channels, width, plan, num_classes):
        super().__init__(in_channels, width, plan, num_classes)
        if list(plan).index(plan[-1]) < len(plan) - 1:
            self.stages[-1].scale, self.stages[-1].activation = plan[-1][2], True


class SharedBlocks(Net):
    def __init__(self, in_channels, width, plan, num_classes):
        super().__init__(in_channels, width, plan, num_classes)
        stages = []
        for number, (branches, count, scale) in enumerate(plan):
            stages += [self.block(width, branches, scale)] * count
            stages += [self.halve(2)] * (number < len(plan) - 1)
        self.stages = nn.Sequential(*stages)


class SharedButTheLast(SharedBlocks):
    def __init__(self, in_channels, width, plan, num_classes):
        super().__init__(in_channels, width, plan, num_classes)
        self.stages[-1] = self.block(width, plan[-1][0], 1.0, False)


class BlocksInAList(Net):
    def __init__(self, in_channels, width, plan, num_classes):
        super().__init__(in_channels, width, plan, num_classes)
        self.hidden = [self.stages]
        del self.stages

    def forward(self, images):
        return self.head(self.pool(self.hidden[0](self.stem(images))))


class FirstConvolutionOneByOne(Net):
    def make_stem(self, in_channels, width):
        return nn.Sequential(nn.Conv2d(in_channels, width, 1, bias=False), *super().make_stem(in_channels, width)[1:])


class StemHalves(Net):
    def make_stem(self, in_channels, width):
        first = nn.Conv2d(in_channels, width, 3, stride=2, padding=1, bias=False)
        return nn.Sequential(first, *super().make_stem(in_channels, width)[1:])


class StemWithoutReluInEvaluation(Net):
    def forward(self, images):
        stem = self.stem if self.training else self.stem[:2]
        return self.head(self.pool(self.stages(stem(images))))


class LogSoftmaxAtEnd(Net):
    def forward(self, images):
        return super().forward(images).log_softmax(dim=1)


class Rounded(nn.MaxPool2d):
    def __init__(self, size):
        super().__init__(size, ceil_mode=True)


class RoundsUp(Net):
    halve = Rounded


class OnlyTheHeadLearns(Net):
    def pool(self, maps):
        return super().pool(maps).detach()


class StemCutOff(Net):
    def forward(self, images):
        return self.head(self.pool(self.stages(self.stem(images).detach())))


class CutBeforeEveryStage(Net):
    def forward(self, images):
        maps = self.stem(images).detach()
        for layer in self.stages:
            maps = layer(maps.detach() if isinstance(layer, nn.MaxPool2d) else maps)
        return self.head(self.pool(maps))


class CutBetweenStages(Net):
    def forward(self, images):
        maps = self.stem(images)
        for layer in self.stages:
            maps = layer(maps.detach() if isinstance(layer, nn.MaxPool2d) else maps)
        return self.head(self.pool(maps))


MISTAKES = (
    Misconception("the last block's scale is that of its stage; it should be 1", LastKeepsScale, (STAGES,)),
    Misconception("the last block is like the others: it should have scale 1 and no ReLU", LastLikeTheOthers, (END,)),
    Misconception("the last block has a ReLU; it should have none", LastKeepsRelu, (END,)),
    Misconception(
        "the last block of every stage has scale 1 and no ReLU; only the very last should", LastOfEveryStage, (STAGES,)
    ),
    Misconception(
        "all blocks of the last stage have scale 1 and no ReLU; only the very last should", WholeLastStage, (STAGES,)
    ),
    Misconception(
        "no block has a ReLU behind the addition, or your block forgets it; only the very last has none",
        NoReluAnywhere,
        (END,),
    ),
    Misconception(
        "no block is scaled, or your block forgets its scale; only the very last has scale 1", NothingScaled, (STAGES,)
    ),
    Misconception(
        "every stage that is written like the last one ends like it: compare numbers of stages, not stages",
        LastStageByValue,
        (STAGES,),
    ),
    Misconception(
        "the last stage is looked up by index(): if an earlier one is written like it, that one is found",
        FirstStageByValue,
        (STAGES,),
    ),
    Misconception("the scale of the first stage is used everywhere", FirstScale, (STAGES,)),
    Misconception("the branches of the first stage are used everywhere", FirstBranches, (NUMBERS,)),
    Misconception("each stage has one block too many", OneTooMany, (NUMBERS,)),
    Misconception("each stage has one block too few", OneTooFew, (NUMBERS,)),
    *(
        Misconception("the blocks of a stage share their weights: each must be made anew", wrong, (NUMBERS,))
        for wrong in (SharedBlocks, SharedButTheLast)
    ),
    Misconception(
        "only the first and the last layer are found: blocks in a plain list are invisible to PyTorch, use "
        "nn.Sequential or nn.ModuleList",
        BlocksInAList,
        (NUMBERS,),
    ),
    Misconception("the maps are halved behind the last stage too", HalvesAtTheEndToo, (STAGES,)),
    Misconception("the maps are not halved between stages", NeverHalves, (STAGES,)),
    Misconception("average pooling between stages; it should be max pooling", Averages, (STAGES,)),
    Misconception("the pooling rounds sizes up (ceil_mode); half a window is left out", RoundsUp, (STAGES,)),
    Misconception("the ReLU behind the first layer is missing", StemWithoutRelu, (STAGES,)),
    Misconception("the ReLU behind the first layer is missing in evaluation", StemWithoutReluInEvaluation, (STAGES,)),
    Misconception("the first layer is not normalised", StemNotNormalised, (NUMBERS,)),
    Misconception("the first convolution has a bias", StemWithBias, (NUMBERS,)),
    Misconception("the first convolution is 1×1; it is 3×3", FirstConvolutionOneByOne, (NUMBERS,)),
    Misconception("the first convolution halves the maps; it has stride 1", StemHalves, (STAGES,)),
    Misconception("the last layer has no bias", HeadWithoutBias, (NUMBERS,)),
    Misconception("the largest value of each map is taken in place of the mean", LargestOfEachMap, (STAGES,)),
    Misconception("a softmax on the scores: the loss does that", SoftmaxAtEnd, (STAGES,)),
    Misconception("a logarithm of the softmax on the scores: the loss does that", LogSoftmaxAtEnd, (STAGES,)),
    Misconception("a ReLU on the scores: no score can be below zero", ReluOnScores, (END,)),
    Misconception("only the last layer learns: the gradient is cut off before it", OnlyTheHeadLearns, (STAGES,)),
    Misconception("the first layer learns nothing: the gradient is cut off behind it", StemCutOff, (STAGES,)),
    *(
        Misconception("the gradient does not get back from one stage to what stands before it", wrong, (STAGES,))
        for wrong in (CutBetweenStages, CutBeforeEveryStage)
    ),
    Misconception(
        "in your block: the scale is on the shortcut; it belongs on the residual",
        OfBlocksThatScaleTheirShortcut,
        (STAGES,),
    ),
    Misconception(
        "in your block: a ReLU on the last 1×1 convolution: the residual can only add, never take away",
        OfOnlyAddingBlocks,
        (STAGES,),
    ),
    Misconception("in your block: the last 1×1 convolution has no bias", OfBlocksWithoutBias, (NUMBERS,)),
    Misconception("in your block: the convolutions in the branches have biases", OfBiasedBlocks, (NUMBERS,)),
    Misconception(
        "in your block: batch normalisation behind the last 1×1 convolution", OfNormalisingBlocks, (NUMBERS,)
    ),
)
