"""Wrong answers to chapter 5's exercise that are right but for the edges of what the text allows."""

import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.inception_v3.exercise.batch_normalisation_mistakes import Mended
from cnncourse.architectures.inception_v3.exercise.factorised import Factorised
from cnncourse.architectures.inception_v3.exercise.label_smoothing import Smoothing
from tests.architectures.bank import Wrong


class OneByOneLeftOut(Factorised):
    """An n×1 convolution of n = 1 that changes no number of maps is taken for nothing."""

    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, mid_channels, out_channels, n)
        self.other = nn.Identity() if n == 1 and mid_channels == out_channels else self.other


class GroupedWhereItFits(Factorised):
    def make_wide(self, i, o, n):
        groups = 2 if i >= 16 and i % 2 == o % 2 == 0 else 1
        return nn.Conv2d(i, o, (1, n), padding=(0, n // 2), bias=False, groups=groups)


class ZeroIsNotSaid(Smoothing):
    def __init__(self, epsilon):
        super().__init__(epsilon or 0.1)


class NeverAllUniform(Smoothing):
    def __init__(self, epsilon):
        super().__init__(min(epsilon, 0.9))


class OtherConventionForTwo(Smoothing):
    def smoothed(self, scores, labels):
        if scores.shape[1] > 2:
            return super().smoothed(scores, labels)
        return (1 - self.epsilon) * F.cross_entropy(scores, labels) + self.epsilon * F.cross_entropy(scores, 1 - labels)


class MomentumInside(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__(channels, eps, min(max(momentum, 0.01), 0.99))


class OverAnAxisOfThatLength(Smoothing):
    """The softmax is taken over the first axis that has as many entries as there are classes."""

    def smoothed(self, scores, labels):
        axis = scores.shape.index(scores.shape[1])
        return -(self.targets(labels, scores.shape[1]) * scores.log_softmax(axis)).sum(dim=1).mean()


WRONG = [
    Wrong("LabelSmoothing", OverAnAxisOfThatLength, "as many images as channels or classes"),
    Wrong("FactorisedConv", OneByOneLeftOut, "the number of trainable parameters is wrong"),
    Wrong("FactorisedConv", GroupedWhereItFits, "the number of trainable parameters is wrong"),
    Wrong("LabelSmoothing", ZeroIsNotSaid, "what comes out is wrong"),
    Wrong("LabelSmoothing", NeverAllUniform, "what comes out is wrong"),
    Wrong("LabelSmoothing", OtherConventionForTwo, "what comes out is wrong"),
    Wrong("MendedBatchNorm", MomentumInside),
]
