"""Mistakes in the batch normalisation: each is the reference with a line or two changed."""

import torch
from torch import Tensor, nn

from cnncourse.checking import Misconception

TRAINING, THROUGH, ALONE, REMEMBERED, OTHER = (
    "training stays as it was",
    "the gradient goes through mean and variance",
    "alone as among others",
    "what is remembered",
    "another momentum, another ε",
)


class Mended(nn.Module):
    """The layer as it should be, in steps that a mistake can change one by one.

    Args:
        channels: number of maps.
        eps: what is added to a variance.
        momentum: share of a new batch in the running averages.

    """

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.momentum, self.eps = momentum, eps

    def statistics(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        return maps.mean(dim=(0, 2, 3)), maps.var(dim=(0, 2, 3), unbiased=False)

    def remember(self, mean: Tensor, variance: Tensor) -> None:
        share = self.momentum
        self.running_mean = (1 - share) * self.running_mean + share * mean
        self.running_var = (1 - share) * self.running_var + share * variance

    def normalised(self, maps: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return (maps - mean.view(1, -1, 1, 1)) / torch.sqrt(variance.view(1, -1, 1, 1) + self.eps)

    def scaled(self, maps: Tensor) -> Tensor:
        return self.weight.view(1, -1, 1, 1) * maps + self.bias.view(1, -1, 1, 1)

    def forward(self, maps: Tensor) -> Tensor:
        if self.training:
            mean, variance = self.statistics(maps)
            self.remember(mean.detach(), variance.detach())
        else:
            mean, variance = self.running_mean, self.running_var
        return self.scaled(self.normalised(maps, mean, variance))


class PlainAttributes(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__(channels, eps, momentum)
        del self.running_mean, self.running_var
        self.running_mean, self.running_var = torch.zeros(channels), torch.ones(channels)


class StillExchanged(Mended):
    def remember(self, mean, variance):
        share = self.momentum
        self.running_mean = share * self.running_mean + (1 - share) * mean
        self.running_var = share * self.running_var + (1 - share) * variance


class StillByTheBatch(Mended):
    def forward(self, maps):
        mean, variance = self.statistics(maps)
        if self.training:
            self.remember(mean.detach(), variance.detach())
        return self.scaled(self.normalised(maps, mean, variance))


class RemembersInEvaluation(Mended):
    def forward(self, maps):
        mean, variance = self.statistics(maps)
        self.remember(mean.detach(), variance.detach())
        if not self.training:
            mean, variance = self.running_mean, self.running_var
        return self.scaled(self.normalised(maps, mean, variance))


class RunningInTraining(Mended):
    def forward(self, maps):
        mean, variance = self.running_mean, self.running_var
        if self.training:
            self.remember(*(each.detach() for each in self.statistics(maps)))
        return self.scaled(self.normalised(maps, mean, variance))


class NeverUpdated(Mended):
    def remember(self, mean, variance):
        pass


class LastBatchOnly(Mended):
    def remember(self, mean, variance):
        self.running_mean, self.running_var = mean, variance


class MeanOnly(Mended):
    def remember(self, mean, variance):
        self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean


class VarianceOnly(Mended):
    def remember(self, mean, variance):
        self.running_var = (1 - self.momentum) * self.running_var + self.momentum * variance


class RemembersRoots(Mended):
    def remember(self, mean, variance):
        super().remember(mean, variance.sqrt())


class BeginsAtZero(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__(channels, eps, momentum)
        self.running_var.zero_()


class AddsUp(Mended):
    def remember(self, mean, variance):
        self.running_mean = self.running_mean + self.momentum * mean
        self.running_var = self.running_var + self.momentum * variance


class TenthOfMomentum(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__(channels, eps, 0.1)


class EpsilonIgnored(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__(channels, 1e-5, momentum)


class EpsilonOutside(Mended):
    def normalised(self, maps, mean, variance):
        return (maps - mean.view(1, -1, 1, 1)) / (torch.sqrt(variance.view(1, -1, 1, 1)) + self.eps)


class NoRoot(Mended):
    def normalised(self, maps, mean, variance):
        return (maps - mean.view(1, -1, 1, 1)) / (variance.view(1, -1, 1, 1) + self.eps)


class NoMean(Mended):
    def normalised(self, maps, mean, variance):
        return super().normalised(maps, 0 * mean, variance)


class UnbiasedInTraining(Mended):
    def statistics(self, maps):
        return maps.mean(dim=(0, 2, 3)), maps.var(dim=(0, 2, 3))


class OneMeanForAll(Mended):
    def statistics(self, maps):
        channels = maps.shape[1]
        return maps.mean().expand(channels), maps.var(unbiased=False).expand(channels)


class NotScaled(Mended):
    def scaled(self, maps):
        return maps + 0 * self.weight.sum()


class NotShifted(Mended):
    def scaled(self, maps):
        return self.weight.view(1, -1, 1, 1) * maps


class ShiftedFirst(Mended):
    def scaled(self, maps):
        return self.weight.view(1, -1, 1, 1) * (maps + self.bias.view(1, -1, 1, 1))


class StatisticsCutOff(Mended):
    @torch.no_grad()
    def statistics(self, maps):
        return super().statistics(maps)


def _over(*axes):
    class Over(Mended):
        def normalised(self, maps, mean, variance):
            if self.training:
                variance, mean = torch.var_mean(maps, dim=axes, correction=0, keepdim=True)
                return (maps - mean) / torch.sqrt(variance + self.eps)
            return super().normalised(maps, mean, variance)

    return Over


class GraphKept(Mended):
    def forward(self, maps):
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = self.statistics(maps)
            self.remember(mean, variance)
        return self.scaled(self.normalised(maps, mean, variance))


class NotSaved(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__(channels, eps, momentum)
        self.register_buffer("running_mean", torch.zeros(channels), persistent=False)
        self.register_buffer("running_var", torch.ones(channels), persistent=False)


class ScaleCutOff(Mended):
    def scaled(self, maps):
        return self.weight.detach().view(1, -1, 1, 1) * maps + self.bias.detach().view(1, -1, 1, 1)


class NoGradientInEvaluation(Mended):
    def forward(self, maps):
        return super().forward(maps if self.training else maps.detach())


class NotScaledInEvaluation(Mended):
    def scaled(self, maps):
        return super().scaled(maps) if self.training else maps


class EpsilonOutsideInEvaluation(EpsilonOutside):
    def normalised(self, maps, mean, variance):
        return (EpsilonOutside if not self.training else Mended).normalised(self, maps, mean, variance)


class OtherMomentumByDefault(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.9):
        super().__init__(channels, eps, momentum)


class ArgumentsExchanged(Mended):
    def __init__(self, channels, eps=0.1, momentum=1e-5):
        super().__init__(channels, momentum, eps)


MISTAKES = (
    # Nobody sees running averages that are not used, so that nothing is mended yet.
    Misconception(
        "the statistics of the batch are used in evaluation, whatever the running averages are",
        StillByTheBatch,
        (TRAINING, THROUGH, ALONE, REMEMBERED, OTHER),
    ),
    Misconception(
        "the running averages have their shares exchanged: momentum is the share of the new batch",
        StillExchanged,
        (REMEMBERED,),
    ),
    Misconception("evaluation changes the running averages", RemembersInEvaluation, (ALONE,)),
    *(
        Misconception(
            "the running averages are not saved: a plain attribute, or persistent=False, in the place of "
            "register_buffer",
            wrong,
            (REMEMBERED,),
        )
        for wrong in (PlainAttributes, NotSaved)
    ),
    Misconception("in training the running averages are used; that is for evaluation", RunningInTraining, (TRAINING,)),
    Misconception("the running averages are never updated", NeverUpdated, (REMEMBERED,)),
    Misconception("the last batch alone is remembered: these are no running averages", LastBatchOnly, (REMEMBERED,)),
    Misconception("the running variance is not updated", MeanOnly, (REMEMBERED,)),
    Misconception("the running mean is not updated", VarianceOnly, (REMEMBERED,)),
    Misconception("the running variance holds standard deviations", RemembersRoots, (REMEMBERED,)),
    Misconception("the running averages begin at zero; the variance begins at one", BeginsAtZero, (REMEMBERED,)),
    Misconception("batches are added up: the old averages do not fade", AddsUp, (REMEMBERED,)),
    Misconception(
        "the running averages hold on to the graph: update them under torch.no_grad(), or from detached values",
        GraphKept,
        (REMEMBERED,),
    ),
    Misconception("momentum is ignored", TenthOfMomentum, (OTHER,)),
    Misconception("momentum is 0.9 if it is left out; it should be 0.1", OtherMomentumByDefault, (REMEMBERED,)),
    Misconception("eps and momentum are exchanged: eps comes first", ArgumentsExchanged, (OTHER,)),
    Misconception("epsilon is ignored", EpsilonIgnored, (OTHER,)),
    Misconception("epsilon is added to the root; it belongs under it", EpsilonOutside, (OTHER,)),
    Misconception(
        "in evaluation epsilon is added to the root; it belongs under it", EpsilonOutsideInEvaluation, (OTHER,)
    ),
    Misconception("divided by the variance, not by its root", NoRoot, (TRAINING,)),
    Misconception("the mean is not subtracted", NoMean, (TRAINING,)),
    Misconception("the batch's variance is divided by n − 1; in training it is by n", UnbiasedInTraining, (TRAINING,)),
    Misconception("a mean for each position: it must be taken over batch, height and width", _over(0), (TRAINING,)),
    Misconception(
        "each image is normalised by itself: the mean must be taken over the batch too", _over(2, 3), (TRAINING,)
    ),
    Misconception("each image is normalised by itself, over all its maps", _over(1, 2, 3), (TRAINING,)),
    Misconception("one mean for all maps: each map has a mean of its own", OneMeanForAll, (TRAINING,)),
    Misconception("scale and shift are left out", NotScaled, (TRAINING,)),
    Misconception("in evaluation scale and shift are left out", NotScaledInEvaluation, (REMEMBERED,)),
    Misconception("the shift is left out", NotShifted, (TRAINING,)),
    Misconception("shifted first, then scaled; it is scale times the value, plus shift", ShiftedFirst, (TRAINING,)),
    Misconception(
        "the batch's mean and variance are cut off from the gradient; they depend on the maps too",
        StatisticsCutOff,
        (THROUGH,),
    ),
    Misconception("scale and shift are cut off from the gradient: they learn nothing", ScaleCutOff, (THROUGH,)),
    Misconception(
        "in evaluation no gradient gets to the maps; a network that is trained around the layer needs it",
        NoGradientInEvaluation,
        (THROUGH,),
    ),
)
