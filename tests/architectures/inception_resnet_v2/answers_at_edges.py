"""Wrong answers to chapter 9's exercise that are right but at the edges of what the text allows."""

from torch import nn

from cnncourse.architectures.inception_resnet_v2.exercise.block import Block
from cnncourse.architectures.inception_resnet_v2.exercise.mended_block import Mended
from cnncourse.architectures.inception_resnet_v2.exercise.network_mistakes import Net
from tests.architectures.bank import Wrong


class ZeroCountsAsOne(Block):
    def constant(self, scale):
        return scale or 1.0


class OneAtMost(Block):
    def constant(self, scale):
        return min(scale, 1.0)


class SignLost(Block):
    def constant(self, scale):
        return abs(scale)


class SingleBranchGoesUpAlready(Block):
    def __init__(self, in_channels, branches, scale, activation=True):
        super().__init__(in_channels, branches, scale, activation)
        if len(branches) == 1 and branches[0][-1][0] == in_channels:
            self.up = nn.Identity()


class FourBranchesAtMost(Block):
    def __init__(self, in_channels, branches, scale, activation=True):
        super().__init__(in_channels, branches[:4], scale, activation)


class SixBlocksAStageAtMost(Net):
    def understood(self, plan):
        return [(branches, min(count, 6), scale) for branches, count, scale in plan]


class HalvesTwiceAtMost(Net):
    def __init__(self, in_channels, width, plan, num_classes):
        super().__init__(in_channels, width, plan, num_classes)
        for number, _ in [each for each in enumerate(self.stages) if isinstance(each[1], nn.MaxPool2d)][2:]:
            self.stages[number] = nn.Identity()


class NoMoreFiltersThanChannels(Mended):
    def __init__(self, channels, filters, scale):
        super().__init__(channels, min(filters, channels), scale)


class HalfAtMost(Mended):
    def __init__(self, channels, filters, scale):
        super().__init__(channels, filters, min(scale, 0.5))


class LikeBranchesOnce(Block):
    """Of three branches or more, those that are alike are one."""

    def __init__(self, in_channels, branches, scale, activation=True):
        super().__init__(in_channels, branches, scale, activation)
        made = {}
        for number, steps in enumerate(branches if len(branches) > 2 else ()):
            self.branches[number] = made.setdefault(str(steps), self.branches[number])


WRONG = [
    Wrong("InceptionResidualBlock", LikeBranchesOnce, "the number of trainable parameters is wrong"),
    Wrong("InceptionResidualBlock", ZeroCountsAsOne, "InceptionResidualBlock(4, [[(4, 3)]], 0.0)"),
    Wrong("InceptionResidualBlock", OneAtMost, "what comes out is wrong"),
    Wrong("InceptionResidualBlock", SignLost, "-0.5"),
    Wrong("InceptionResidualBlock", SingleBranchGoesUpAlready, "the number of trainable parameters is wrong"),
    Wrong("InceptionResidualBlock", FourBranchesAtMost, "the number of trainable parameters is wrong"),
    Wrong("make_inception_resnet", SixBlocksAStageAtMost, "the number of trainable parameters is wrong"),
    Wrong("make_inception_resnet", HalvesTwiceAtMost, "what comes out is wrong"),
    Wrong("MendedBlock", NoMoreFiltersThanChannels, "the number of trainable parameters is wrong"),
    Wrong("MendedBlock", HalfAtMost, "MendedBlock(3, 6, 0.9)"),
]
