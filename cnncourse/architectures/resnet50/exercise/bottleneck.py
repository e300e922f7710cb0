"""Part 3: a bottleneck block whose residual can only add and two of whose convolutions share a normalisation."""

import torch
from torch import Tensor, nn

from cnncourse.architectures.resnet50.model import Bottleneck
from cnncourse.checking import Case, Check, Misconception, Part, images

TAKES_AWAY, AVERAGES, CHANGED = (
    "the residual may take away",
    "each convolution has its own averages",
    "both, where the shape changes",
)


class Block(Bottleneck):
    """The course's own block, in steps that a mistake can change one by one."""

    strides = staticmethod(lambda stride: (stride, 1))
    bias = False

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__(in_channels, width, stride)
        first, second = self.strides(stride)
        self.conv1 = nn.Conv2d(in_channels, width, 1, first, bias=self.bias)
        self.conv2 = nn.Conv2d(width, width, 3, second, padding=1, bias=self.bias)
        self.conv3 = nn.Conv2d(width, self.out_channels, 1, bias=self.bias)

    def residual(self, maps: Tensor) -> Tensor:
        residual = torch.relu(self.bn1(self.conv1(maps)))
        return self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(residual)))))

    def join(self, residual: Tensor, carried: Tensor) -> Tensor:
        return torch.relu(residual + carried)

    def forward(self, maps: Tensor) -> Tensor:
        return self.join(self.residual(maps), self.shortcut(maps))


class StillShared(Block):
    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        self.bn2 = self.bn1


class StillOnlyAdds(Block):
    def join(self, residual, carried):
        return torch.relu(torch.relu(residual) + carried)


class StillBroken(StillOnlyAdds, StillShared):
    pass


class OnlyAddsInEvaluation(Block):
    def join(self, residual, carried):
        return torch.relu((residual if self.training else torch.relu(residual)) + carried)


class ReluAtEndWent(Block):
    def join(self, residual, carried):
        return residual + carried


class WrongReluWent(Block):
    def join(self, residual, carried):
        return torch.relu(residual) + carried


class ReluOnShortcut(Block):
    def join(self, residual, carried):
        return torch.relu(residual + torch.relu(carried))


class TakenAway(Block):
    def join(self, residual, carried):
        return torch.relu(carried - residual)


class ShortcutLost(Block):
    def join(self, residual, carried):
        return torch.relu(residual)


class ShortcutCutOff(Block):
    def join(self, residual, carried):
        return torch.relu(residual + carried.detach())


class HalfTheSum(Block):
    def join(self, residual, carried):
        return torch.relu((residual + carried) / 2)


class StrideMoved(Block):
    strides = staticmethod(lambda stride: (1, stride))


class FirstReluLost(Block):
    def residual(self, maps):
        residual = self.bn1(self.conv1(maps))
        return self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(residual)))))


class SecondReluLost(Block):
    def residual(self, maps):
        residual = torch.relu(self.bn1(self.conv1(maps)))
        return self.bn3(self.conv3(self.bn2(self.conv2(residual))))


class BatchAlways(Block):
    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        self.bn1, self.bn2 = (nn.BatchNorm2d(width, track_running_stats=False) for _ in range(2))


class NormsWent(Block):
    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        self.bn1 = self.bn2 = self.bn3 = nn.Identity()
        if isinstance(self.shortcut, nn.Sequential):
            self.shortcut[1] = nn.Identity()


class BiasesCame(Block):
    bias = True


class ProjectionNotNormalised(Block):
    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        if isinstance(self.shortcut, nn.Sequential):
            self.shortcut[1] = nn.Identity()


class SharedThree(Block):
    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        if isinstance(self.shortcut, nn.Sequential):
            self.shortcut[1] = self.bn3


class ExpandsByTwo(Block):
    expansion = 2


class ProjectsForOtherChannelsOnly(Block):
    def __init__(self, in_channels, width, stride=1):
        super().__init__(in_channels, width, stride)
        if in_channels == self.out_channels:
            self.shortcut = nn.Identity()


def _case(*arguments: int, rounds: int) -> Case:
    return Case(arguments, inputs=images(4, arguments[0], 9, 11), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels, a width and a stride that learners have not seen."""
    in_channels = int(torch.randint(5, 12, (), generator=generator))
    width = int(torch.randint(3, 6, (), generator=generator))
    return (_case(in_channels, width, 3, rounds=4),)


MISCONCEPTIONS = (
    Misconception(
        "a ReLU still stands before the addition, and one batch normalisation still serves the first two convolutions",
        StillBroken,
        (TAKES_AWAY, AVERAGES),
    ),
    Misconception(
        "a ReLU still stands before the addition: the residual can only add, never take away",
        StillOnlyAdds,
        (TAKES_AWAY,),
    ),
    Misconception("one batch normalisation still serves the first two convolutions", StillShared, (AVERAGES,)),
    Misconception("in evaluation a ReLU stands before the addition", OnlyAddsInEvaluation, (TAKES_AWAY,)),
    Misconception("the ReLU behind the addition went", ReluAtEndWent, (TAKES_AWAY,)),
    Misconception(
        "the ReLU before the addition is still there, and the one behind it went", WrongReluWent, (TAKES_AWAY,)
    ),
    Misconception("the ReLU moved from the residual to the shortcut", ReluOnShortcut, (TAKES_AWAY,)),
    Misconception("the residual is subtracted", TakenAway, (TAKES_AWAY,)),
    Misconception("there is no shortcut", ShortcutLost, (TAKES_AWAY,)),
    Misconception("the shortcut is cut off from the gradient, by detach or no_grad", ShortcutCutOff, (TAKES_AWAY,)),
    Misconception("the sum is halved", HalfTheSum, (TAKES_AWAY,)),
    Misconception("the stride has moved to the 3×3 convolution; in the paper the first 1×1 has it", StrideMoved),
    Misconception("the ReLU between the 1×1 and the 3×3 convolution is missing", FirstReluLost, (TAKES_AWAY,)),
    Misconception("the ReLU between the 3×3 and the last convolution is missing", SecondReluLost, (TAKES_AWAY,)),
    Misconception("batch normalisation uses the batch in evaluation too", BatchAlways, (AVERAGES,)),
    Misconception("there is no batch normalisation left", NormsWent, (AVERAGES,)),
    Misconception(
        "the convolutions have biases; behind them batch normalisation takes every bias away", BiasesCame, (AVERAGES,)
    ),
    Misconception("the projection has lost its batch normalisation", ProjectionNotNormalised, (CHANGED,)),
    Misconception("the projection has no batch normalisation of its own: it shares one", SharedThree, (CHANGED,)),
    Misconception("four times as many maps come out as the width says, not twice as many", ExpandsByTwo),
    Misconception("the projection is missing where only the stride changes", ProjectsForOtherChannelsOnly, (CHANGED,)),
)

CORNERS = (
    _case(9, 2, rounds=0),  # fewer maps out than in, without a stride
    _case(2, 2, rounds=0),  # as many as the width, as in ResNet-50's first block
    Case((1, 1, 2), inputs=images(4, 1, 12, 6), rounds=0),
    Case((64, 64), inputs=images(2, 64, 3, 3), counted=True),
)

BOTTLENECK = Part(
    name="MendedBottleneck",
    task="mend",
    minutes=20,
    references=(Bottleneck,),
    cases=(_case(8, 2, rounds=6), _case(3, 2, 2, rounds=6), _case(8, 2, 2, rounds=0)),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISCONCEPTIONS,
    checks=(
        Check(
            TAKES_AWAY,
            2,
            (
                "Print residual.min() just before the addition. What should be possible, and what is?",
                "Count the ReLUs on the way of the residual: how many does the picture in the chapter show?",
                "The third convolution is followed by its normalisation, and then at once by the addition.",
            ),
            notes=(
                "shape",
                "left alone",
                "alike: output",
                "alike: gradient",
                "drawn 1",
                "drawn 2",
                "copied",
                "saved",
                "beside",
            ),
            cases=(0,),
        ),
        Check(
            AVERAGES,
            2,
            (
                "Training and evaluation differ. Which layers behave differently in the two?",
                "How many batch normalisations are made in __init__, and how many are called in forward?",
                "Two convolutions have the same number of maps; that does not make their maps alike.",
            ),
            notes=("parameters", "averages", "alike: evaluation", "alike: a", "alike,", "drawn:", "drawn,"),
            cases=(0,),
        ),
        Check(
            CHANGED,
            1,
            (
                "Pass both other checks first.",
                "Stride, projection and its normalisation stay as they are in the broken class.",
            ),
            cases=(1, 2),
        ),
        Check(
            "other channels, another stride",
            1,
            (
                "Is there a number in your class that is true of a width of 2 or of stride 2 only?",
                "Channels, width and stride must come from the arguments.",
            ),
            public=False,
        ),
    ),
)
