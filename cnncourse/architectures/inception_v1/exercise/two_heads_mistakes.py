"""Mistakes in mending a network with an auxiliary classifier."""

import torch.nn.functional as F
from torch import nn

from cnncourse.checking import Misconception


class Heads(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, width, num_classes, weight):
        super().__init__()
        self.first = nn.Conv2d(in_channels, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.auxiliary = nn.Linear(width, num_classes)
        self.output = nn.Linear(width, num_classes)
        self.weight = weight

    def both(self, images):
        maps = F.relu(self.first(images))
        auxiliary = self.auxiliary(maps.mean(dim=(2, 3)))
        maps = F.relu(self.second(maps))
        return self.output(maps.mean(dim=(2, 3))), auxiliary

    def loss(self, scores, auxiliary, labels):
        return F.cross_entropy(scores, labels) + self.weight * F.cross_entropy(auxiliary, labels)

    def at_test_time(self, scores, auxiliary):
        return scores

    def forward(self, images, labels=None):
        scores, auxiliary = self.both(images)
        return self.loss(scores, auxiliary, labels) if self.training else self.at_test_time(scores, auxiliary)


class SilentHeadLeftOut(Heads):
    """A right answer: with weight 0 the auxiliary classifier has nothing to say, and needs no gradient of zeros."""

    def loss(self, scores, auxiliary, labels):
        return super().loss(scores, auxiliary, labels) if self.weight else F.cross_entropy(scores, labels)


class StillBroken(Heads):
    def both(self, images):
        maps = F.relu(self.first(images))
        auxiliary = self.auxiliary(maps.detach().mean(dim=(2, 3)))
        maps = F.relu(self.second(maps))
        return self.output(maps.mean(dim=(2, 3))), auxiliary

    def at_test_time(self, scores, auxiliary):
        return scores + self.weight * auxiliary


class StillCutOff(StillBroken):
    def at_test_time(self, scores, auxiliary):
        return scores


class StillTwoVoices(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores + self.weight * auxiliary


class MeanOfBoth(Heads):
    def at_test_time(self, scores, auxiliary):
        return (scores + auxiliary) / 2


class SumOfBoth(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores + auxiliary


class AuxiliaryAnswers(Heads):
    def at_test_time(self, scores, auxiliary):
        return auxiliary


class BothReturned(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores, auxiliary


class Probabilities(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores.softmax(dim=1)


class RectifiedScores(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores.relu()


class WithoutRelus(Heads):
    def both(self, images):
        maps = self.first(images)
        auxiliary = self.auxiliary(maps.mean(dim=(2, 3)))
        return self.output(self.second(maps).mean(dim=(2, 3))), auxiliary


class NoAuxiliaryLoss(Heads):
    def loss(self, scores, auxiliary, labels):
        return F.cross_entropy(scores, labels)


class WeightForgotten(Heads):
    def loss(self, scores, auxiliary, labels):
        return F.cross_entropy(scores, labels) + F.cross_entropy(auxiliary, labels)


class WeightOnTheFinalLoss(Heads):
    def loss(self, scores, auxiliary, labels):
        return super().loss(auxiliary, scores, labels)


class SharedWeight(Heads):
    def loss(self, scores, auxiliary, labels):
        final, extra = F.cross_entropy(scores, labels), F.cross_entropy(auxiliary, labels)
        return (1 - self.weight) * final + self.weight * extra


class ScoresMixed(Heads):
    def loss(self, scores, auxiliary, labels):
        return F.cross_entropy(scores + self.weight * auxiliary, labels)


class AuxiliaryLossAlone(Heads):
    def loss(self, scores, auxiliary, labels):
        return self.weight * F.cross_entropy(auxiliary, labels)


class SummedOverTheBatch(Heads):
    def loss(self, scores, auxiliary, labels):
        return len(labels) * super().loss(scores, auxiliary, labels)


class SoftmaxTwice(Heads):
    def loss(self, scores, auxiliary, labels):
        return super().loss(scores.softmax(dim=1), auxiliary.softmax(dim=1), labels)


class ScoresInTraining(Heads):
    def loss(self, scores, auxiliary, labels):
        return scores


class LossWithoutGradient(Heads):
    def loss(self, scores, auxiliary, labels):
        return super().loss(scores, auxiliary, labels).detach()


class SecondCutOff(Heads):
    def both(self, images):
        maps = F.relu(self.first(images))
        auxiliary = self.auxiliary(maps.mean(dim=(2, 3)))
        maps = F.relu(self.second(maps.detach()))
        return self.output(maps.mean(dim=(2, 3))), auxiliary


class FinalCutOff(Heads):
    def both(self, images):
        maps = F.relu(self.first(images))
        auxiliary = self.auxiliary(maps.mean(dim=(2, 3)))
        maps = F.relu(self.second(maps))
        return self.output(maps.mean(dim=(2, 3)).detach()), auxiliary


# Told apart by nothing: weights that no gradient reaches are all alike in an examination, and pass none on.
AUXILIARY_CUT_OFF = "the auxiliary classifier's loss or weights are cut off from the gradient: item, detach, no_grad"


class FrozenAuxiliary(Heads):
    def both(self, images):
        scores, _ = super().both(images)
        features = F.relu(self.first(images)).mean(dim=(2, 3))
        return scores, F.linear(features, self.auxiliary.weight.detach(), self.auxiliary.bias.detach())


class HiddenLayer(Heads):
    def __init__(self, in_channels, width, num_classes, weight):
        super().__init__(in_channels, width, num_classes, weight)
        self.hidden = nn.Linear(width, width)


class FlattenedHead(Heads):
    def __init__(self, in_channels, width, num_classes, weight):
        super().__init__(in_channels, width, num_classes, weight)
        self.auxiliary = nn.Linear(16 * width, num_classes)


class AuxiliaryWithoutGradient(Heads):
    def loss(self, scores, auxiliary, labels):
        return F.cross_entropy(scores, labels) + self.weight * F.cross_entropy(auxiliary, labels).item()


class NoGradientInEvaluation(Heads):
    def at_test_time(self, scores, auxiliary):
        return scores.detach()


MISTAKES = (
    Misconception(
        "the auxiliary classifier is still cut off, and still has its say at test time",
        StillBroken,
        (
            "one voice at test time",
            "the auxiliary loss teaches the layers below",
        ),
    ),
    Misconception(
        "the auxiliary classifier is given maps that are cut off: its gradient ends there",
        StillCutOff,
        ("the auxiliary loss teaches the layers below",),
    ),
    Misconception(
        "the auxiliary classifier still has its say at test time; it is thrown away there",
        StillTwoVoices,
        ("one voice at test time",),
    ),
    Misconception(
        "the mean of both classifiers; at test time the auxiliary one is thrown away",
        MeanOfBoth,
        ("one voice at test time",),
    ),
    Misconception(
        "the sum of both classifiers; at test time the auxiliary one is thrown away",
        SumOfBoth,
        ("one voice at test time",),
    ),
    Misconception(
        "the auxiliary classifier answers, and not the final one", AuxiliaryAnswers, ("one voice at test time",)
    ),
    Misconception("after eval() the network returns several things", BothReturned, ("one voice at test time",)),
    Misconception("a softmax on the scores: the loss does that", Probabilities, ("one voice at test time",)),
    Misconception("a ReLU on the scores: no score can be below zero", RectifiedScores, ("one voice at test time",)),
    Misconception("the ReLUs are gone", WithoutRelus, ("one voice at test time",)),
    Misconception(
        "the auxiliary classifier has no loss of its own", NoAuxiliaryLoss, ("the loss of both classifiers",)
    ),
    Misconception(
        "the auxiliary loss counts as much as the final one; its weight is forgotten",
        WeightForgotten,
        ("the loss of both classifiers",),
    ),
    Misconception("the weight is on the final loss", WeightOnTheFinalLoss, ("the loss of both classifiers",)),
    Misconception(
        "the two losses share one weight, w and 1 − w; the final loss counts in full",
        SharedWeight,
        ("the loss of both classifiers",),
    ),
    Misconception(
        "the scores are mixed before the loss; each classifier has a loss of its own",
        ScoresMixed,
        ("the loss of both classifiers",),
    ),
    Misconception("the auxiliary loss alone", AuxiliaryLossAlone, ("the loss of both classifiers",)),
    Misconception(
        "losses are summed over the batch; the mean is what torch gives",
        SummedOverTheBatch,
        ("the loss of both classifiers",),
    ),
    Misconception(
        "a softmax before the cross-entropy, which has one already", SoftmaxTwice, ("the loss of both classifiers",)
    ),
    Misconception(
        "in training the scores are returned, and no loss", ScoresInTraining, ("the loss of both classifiers",)
    ),
    Misconception(
        "nothing can learn: the loss is cut off from the weights",
        LossWithoutGradient,
        ("the auxiliary loss teaches the layers below",),
    ),
    Misconception(
        "the layers after the auxiliary classifier are cut off from the first: the final loss must reach it too",
        SecondCutOff,
        ("the auxiliary loss teaches the layers below",),
    ),
    Misconception(
        "the final classifier is cut off from the layers below",
        FinalCutOff,
        ("the auxiliary loss teaches the layers below",),
    ),
    Misconception(
        AUXILIARY_CUT_OFF,
        FrozenAuxiliary,
        ("the auxiliary loss teaches the layers below",),
    ),
    Misconception("the network has more layers than asked for", HiddenLayer, ("one voice at test time",)),
    Misconception(
        "the auxiliary classifier is given all values of the maps, not their means",
        FlattenedHead,
        ("the loss of both classifiers",),
    ),
    Misconception(
        AUXILIARY_CUT_OFF,
        AuxiliaryWithoutGradient,
        ("the auxiliary loss teaches the layers below",),
    ),
    Misconception(
        "in evaluation the scores are cut off from the gradient", NoGradientInEvaluation, ("one voice at test time",)
    ),
)
