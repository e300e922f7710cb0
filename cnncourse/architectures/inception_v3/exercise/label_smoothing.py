"""Part 2: the cross-entropy with smoothed labels, in training; the plain one in evaluation."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Case, Check, Misconception, Part
from cnncourse.checking.exercise import Inputs

LOSS, GRADIENT, LARGE, PLAIN = (
    "the paper's loss",
    "the gradient gets through",
    "very large scores",
    "evaluation is plain",
)
OVERFLOWS = 1000.0  # scores of this size overflow an exponential


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Return a one for the label and zeros for the other classes."""
    return F.one_hot(labels, classes).to(torch.get_default_dtype())


class Smoothing(nn.Module):
    """The loss of the text, in steps that a mistake can change one by one.

    Args:
        epsilon: share of the target that is spread over all classes.

    """

    def __init__(self, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon

    def targets(self, labels: Tensor, classes: int) -> Tensor:
        return (1 - self.epsilon) * one_hot(labels, classes) + self.epsilon / classes

    def smoothed(self, scores: Tensor, labels: Tensor) -> Tensor:
        return -(self.targets(labels, scores.shape[1]) * scores.log_softmax(dim=1)).sum(dim=1).mean()

    def forward(self, scores: Tensor, labels: Tensor) -> Tensor:
        return self.smoothed(scores, labels) if self.training else F.cross_entropy(scores, labels)


class NotSmoothed(Smoothing):
    def smoothed(self, scores, labels):
        return F.cross_entropy(scores, labels)


class MoreThanOne(Smoothing):
    def targets(self, labels, classes):
        return one_hot(labels, classes) + self.epsilon / classes


class OtherConvention(Smoothing):
    def targets(self, labels, classes):
        hot = one_hot(labels, classes)
        return (1 - self.epsilon) * hot + self.epsilon / (classes - 1) * (1 - hot)


class OnlySmaller(Smoothing):
    def targets(self, labels, classes):
        return (1 - self.epsilon) * one_hot(labels, classes)


class EpsilonForEach(Smoothing):
    def targets(self, labels, classes):
        return (1 - self.epsilon) * one_hot(labels, classes) + self.epsilon


class Exchanged(Smoothing):
    def targets(self, labels, classes):
        return self.epsilon * one_hot(labels, classes) + (1 - self.epsilon) / classes


class WrongSignInside(Smoothing):
    def targets(self, labels, classes):
        return (1 - self.epsilon) * one_hot(labels, classes) - self.epsilon / classes


class LabelWithoutItsShare(Smoothing):
    def targets(self, labels, classes):
        hot = one_hot(labels, classes)
        return (1 - self.epsilon) * hot + self.epsilon / classes * (1 - hot)


class SoftmaxOverTheBatch(Smoothing):
    def smoothed(self, scores, labels):
        return -(self.targets(labels, scores.shape[1]) * scores.log_softmax(dim=0)).sum(dim=1).mean()


class SmoothedPredictions(Smoothing):
    def smoothed(self, scores, labels):
        probabilities = (1 - self.epsilon) * scores.softmax(dim=1) + self.epsilon / scores.shape[1]
        return F.nll_loss(probabilities.log(), labels)


class SmoothedScores(Smoothing):
    def smoothed(self, scores, labels):
        return F.cross_entropy((1 - self.epsilon) * scores + self.epsilon / scores.shape[1], labels)


class TowardsTheBatch(Smoothing):
    def targets(self, labels, classes):
        hot = one_hot(labels, classes)
        return (1 - self.epsilon) * hot + self.epsilon * hot.mean(dim=0)


class SoftmaxTwice(Smoothing):
    def smoothed(self, scores, labels):
        return super().smoothed(scores.softmax(dim=1), labels)


class Summed(Smoothing):
    def smoothed(self, scores, labels):
        return len(scores) * super().smoothed(scores, labels)


class MeanOverClassesToo(Smoothing):
    def smoothed(self, scores, labels):
        return -(self.targets(labels, scores.shape[1]) * scores.log_softmax(dim=1)).mean()


class WrongSign(Smoothing):
    def smoothed(self, scores, labels):
        return -super().smoothed(scores, labels)


class BaseTwo(Smoothing):
    def smoothed(self, scores, labels):
        return super().smoothed(scores, labels) / torch.log(torch.tensor(2.0))


class SquaredError(Smoothing):
    def smoothed(self, scores, labels):
        return (scores.softmax(dim=1) - self.targets(labels, scores.shape[1])).square().sum(dim=1).mean()


class OneLossEach(Smoothing):
    def smoothed(self, scores, labels):
        return -(self.targets(labels, scores.shape[1]) * scores.log_softmax(dim=1)).sum(dim=1)


class OneLossEachClass(Smoothing):
    def smoothed(self, scores, labels):
        return -(self.targets(labels, scores.shape[1]) * scores.log_softmax(dim=1))


class LossIsANumber(Smoothing):
    def smoothed(self, scores, labels):
        return torch.tensor(super().smoothed(scores, labels).item())


class UniformPartCutOff(Smoothing):
    def smoothed(self, scores, labels):
        uniform = -scores.detach().log_softmax(dim=1).mean()
        return (1 - self.epsilon) * F.cross_entropy(scores, labels) + self.epsilon * uniform


class Overflowing(Smoothing):
    def smoothed(self, scores, labels):
        probabilities = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
        return -(self.targets(labels, scores.shape[1]) * probabilities.log()).sum(dim=1).mean()


class LogOfZero(Smoothing):
    def smoothed(self, scores, labels):
        return -(self.targets(labels, scores.shape[1]) * scores.softmax(dim=1).log()).sum(dim=1).mean()


class KeptFromZero(Smoothing):
    def smoothed(self, scores, labels):
        logs = (scores.softmax(dim=1) + 1e-9).log()
        return -(self.targets(labels, scores.shape[1]) * logs).sum(dim=1).mean()


class SmoothedInEvaluation(Smoothing):
    def forward(self, scores, labels):
        return self.smoothed(scores, labels)


class OnlyInEvaluation(Smoothing):
    def forward(self, scores, labels):
        return F.cross_entropy(scores, labels) if self.training else self.smoothed(scores, labels)


class TenthAlways(Smoothing):
    def __init__(self, epsilon):
        super().__init__(0.1)


class AllCutOff(Smoothing):
    def smoothed(self, scores, labels):
        return super().smoothed(scores.detach(), labels).requires_grad_()


class TargetsKept(Smoothing):
    def targets(self, labels, classes):
        if not hasattr(self, "kept") or self.kept.shape != (len(labels), classes):
            self.kept = super().targets(labels, classes)
        return self.kept


class SmoothedInEvaluationOfTheOtherKind(OtherConvention, SmoothedInEvaluation):
    pass


class SumInEvaluation(Smoothing):
    def forward(self, scores, labels):
        reduction = "mean" if self.training else "sum"
        return self.smoothed(scores, labels) if self.training else F.cross_entropy(scores, labels, reduction=reduction)


MISCONCEPTIONS = (
    Misconception("nothing is smoothed in training", NotSmoothed, (LOSS,)),
    Misconception(
        "ε/K is added everywhere, and nothing is taken from the label: the targets add up to 1 + ε",
        MoreThanOne,
        (LOSS,),
    ),
    Misconception(
        "the label gets 1 − ε and the other classes share ε: another convention. The paper gives every class ε/K, the "
        "label too",
        OtherConvention,
        (LOSS,),
    ),
    Misconception(
        "another convention, in which the other classes share ε; and the labels are smoothed in evaluation too",
        SmoothedInEvaluationOfTheOtherKind,
        (LOSS, PLAIN),
    ),
    Misconception(
        "the label gets 1 − ε only: its own ε/K is missing, and the targets add up to less than 1",
        LabelWithoutItsShare,
        (LOSS,),
    ),
    Misconception("the softmax runs over the batch (dim=0), not over the classes", SoftmaxOverTheBatch, (LOSS,)),
    Misconception("the uniform part is missing: the plain loss is only made smaller", OnlySmaller, (LOSS,)),
    Misconception("every class gets ε, not ε/K", EpsilonForEach, (LOSS,)),
    Misconception("ε and 1 − ε are exchanged", Exchanged, (LOSS,)),
    Misconception(
        "the uniform part has the wrong sign: it is added to the loss, as a cross-entropy", WrongSignInside, (LOSS,)
    ),
    Misconception("the network's probabilities are smoothed, not the labels", SmoothedPredictions, (LOSS,)),
    Misconception("the scores are smoothed, not the labels", SmoothedScores, (LOSS,)),
    Misconception(
        "labels are smoothed towards the batch's own classes; the paper's u is uniform", TowardsTheBatch, (LOSS,)
    ),
    Misconception("a softmax too many: cross_entropy and log_softmax expect scores", SoftmaxTwice, (LOSS,)),
    Misconception("the sum over the batch in place of the mean", Summed, (LOSS,)),
    Misconception("the sum over the batch in evaluation, in place of the mean", SumInEvaluation, (PLAIN,)),
    Misconception("the mean is taken over the classes too", MeanOverClassesToo, (LOSS,)),
    Misconception("the loss has the wrong sign", WrongSign, (LOSS,)),
    Misconception("a logarithm to base 2", BaseTwo, (LOSS,)),
    Misconception("the targets are subtracted from the probabilities: that is a squared error", SquaredError, (LOSS,)),
    Misconception("one loss an image: the mean over the batch is missing", OneLossEach, (LOSS,)),
    Misconception("the sum over the classes is missing", OneLossEachClass, (LOSS,)),
    Misconception("ε is 0.1 whatever is asked for", TenthAlways, (LOSS,)),
    Misconception("the targets of the first batch are kept for all others", TargetsKept, (LOSS,)),
    *(
        Misconception("the loss is cut off, by detach, no_grad or item", wrong, (GRADIENT,))
        for wrong in (LossIsANumber, AllCutOff)
    ),
    Misconception("a part of the loss is cut off from the scores", UniformPartCutOff, (GRADIENT,)),
    *(
        Misconception("a logarithm of an exponential: it overflows, or finds a zero", wrong, (LARGE,))
        for wrong in (Overflowing, LogOfZero, KeptFromZero)
    ),
    Misconception("the labels are smoothed in evaluation too", SmoothedInEvaluation, (PLAIN,)),
    Misconception("smoothed in evaluation, and nothing is smoothed in training", OnlyInEvaluation, (LOSS, PLAIN)),
)


def _scores(count: int, classes: int, size: float = 2.0) -> Inputs:
    def draw(generator: torch.Generator) -> tuple[Tensor, ...]:
        scores = size * torch.randn(count, classes, generator=generator, dtype=torch.float64)
        return scores, torch.randint(classes, (count,), generator=generator)

    return draw


def _case(epsilon: float, inputs: Inputs, rounds: int = 0) -> Case:
    # A loss is one number for the whole batch.
    return Case((epsilon,), inputs=inputs, alone=False, rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw an epsilon, a number of classes and a batch that learners have not seen."""
    classes = int(torch.randint(6, 40, (), generator=generator))  # learners have seen five
    count = int(torch.randint(3, 40, (), generator=generator))
    epsilon = round(0.15 + 0.5 * torch.rand((), generator=generator).item(), 3)
    return (_case(epsilon, _scores(count, classes, 3.0), rounds=1),)


LABEL_SMOOTHING = Part(
    name="LabelSmoothing",
    task="use",
    minutes=20,
    references=(Smoothing,),
    cases=(
        _case(0.1, _scores(6, 5), rounds=1),
        _case(0.3, _scores(4, 5)),
        _case(0.1, _scores(1, 5)),
        _case(0.1, _scores(6, 5, OVERFLOWS)),
    ),
    draw=_draw,
    corners=(
        _case(0.0, _scores(4, 2)),
        _case(1.0, _scores(4, 2)),
        _case(0.5, _scores(1, 2)),
        _case(0, _scores(3, 5, OVERFLOWS)),
        _case(0.1, _scores(3, 1000)),
    ),
    misconceptions=MISCONCEPTIONS,
    checks=(
        Check(
            LOSS,
            2,
            (
                "Write down the targets of one picture with K = 5, ε = 0.1 and label 2. Do they add up to 1?",
                "The label gets 1 − ε + ε/K, every other class ε/K.",
                "Two cross-entropies, one with the label and one with all classes alike, times 1 − ε and ε.",
            ),
            notes=("shape", "alike: output", "drawn 1: output", "drawn 2: output", "drawn: training", "left alone"),
            cases=(0, 1, 2),
        ),
        Check(
            GRADIENT,
            1,
            (
                "Is there a detach, a no_grad or an item on the way from the scores to the loss?",
                "The gradient for one picture is p minus the targets: does yours have both parts?",
            ),
            notes=("parameters", "alike: gradient", "drawn 1: gradient", "drawn 2: gradient"),
            cases=(0, 1, 2),
        ),
        Check(
            LARGE,
            1,
            (
                "What is the exponential of 1000 in float32, and the logarithm of its share?",
                "scores.log_softmax(dim=1) gives the logarithms without ever computing the exponentials alone.",
            ),
            cases=(3,),
        ),
        Check(
            PLAIN,
            1,
            (
                "Which attribute of a module says whether it is in training?",
                "In evaluation the loss is nn.functional.cross_entropy(scores, labels), whatever ε is.",
            ),
            notes=(
                "averages",
                "alike: evaluation",
                "alike, evaluation",
                "drawn: evaluation",
                "drawn, ",
                "beside",
                "copied",
                "saved",
            ),
            cases=(0, 1, 2),
        ),
        Check(
            "another ε, other classes",
            1,
            (
                "Is there a number in your class that is true of ε = 0.1 or of five classes only?",
                "The number of classes is scores.shape[1].",
            ),
            public=False,
        ),
    ),
)
