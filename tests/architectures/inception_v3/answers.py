"""Answers to chapter 5's exercise as learners write them: wrong ones, one a misconception, and right ones."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Wrong:
    """A wrong answer and what the learner must be told."""

    part: str
    answer: object
    check: str
    said: str  # part of the message or of the misconception's name


# The factorised convolution, wrong -----------------------------------------------------------------------------------


class Factorised(nn.Module):
    """A right answer that many write; the wrong ones below change a line or two of it."""

    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__()
        self.wide = self.first(in_channels, mid_channels, n)
        self.norm_wide = self.norm(mid_channels)
        self.high = self.second(mid_channels, out_channels, n)
        self.norm_high = self.norm(out_channels)

    def first(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(0, n // 2), bias=False)

    def second(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=(n // 2, 0), bias=False)

    def norm(self, channels):
        return nn.BatchNorm2d(channels)

    def forward(self, maps):
        maps = F.relu(self.norm_wide(self.wide(maps)))
        return F.relu(self.norm_high(self.high(maps)))


class PaddedAllAround(Factorised):
    def first(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=n // 2, bias=False)

    def second(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=n // 2, bias=False)


class NotPadded(Factorised):
    def first(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), bias=False)

    def second(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), bias=False)


class HighNotPadded(Factorised):
    def second(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), bias=False)


class WideNotPadded(Factorised):
    def first(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), bias=False)


class PaddingsSwapped(Factorised):
    def first(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(n // 2, 0), bias=False)

    def second(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=(0, n // 2), bias=False)


class Strided(Factorised):
    def second(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=(n // 2, 0), stride=2, bias=False)


class SideBySideAdded(nn.Module):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__()
        self.wide = nn.Conv2d(in_channels, out_channels, (1, n), padding=(0, n // 2), bias=False)
        self.high = nn.Conv2d(in_channels, out_channels, (n, 1), padding=(n // 2, 0), bias=False)
        self.norm_wide, self.norm_high = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(out_channels)

    def forward(self, maps):
        return F.relu(self.norm_wide(self.wide(maps))) + F.relu(self.norm_high(self.high(maps)))


class SideBySideStacked(SideBySideAdded):
    def forward(self, maps):
        return torch.cat([F.relu(self.norm_wide(self.wide(maps))), F.relu(self.norm_high(self.high(maps)))], dim=1)


class OnlyWide(nn.Module):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__()
        self.wide = nn.Conv2d(in_channels, out_channels, (1, n), padding=(0, n // 2), bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, maps):
        return F.relu(self.norm(self.wide(maps)))


class WithoutSecond(nn.Module):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__()
        self.wide = nn.Conv2d(in_channels, mid_channels, (1, n), padding=(0, n // 2), bias=False)
        self.norm = nn.BatchNorm2d(mid_channels)

    def forward(self, maps):
        return F.relu(self.norm(self.wide(maps)))


class NotFactorised(nn.Module):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__()
        self.square = nn.Conv2d(in_channels, out_channels, n, padding=n // 2, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, maps):
        return F.relu(self.norm(self.square(maps)))


class SecondIsSquare(Factorised):
    def second(self, i, o, n):
        return nn.Conv2d(i, o, n, padding=n // 2, bias=False)


class BothHigh(Factorised):
    def first(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=(n // 2, 0), bias=False)


class BothWide(Factorised):
    def second(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(0, n // 2), bias=False)


class Depthwise(Factorised):
    def first(self, i, o, n):
        depthwise = nn.Conv2d(i, i, (1, n), padding=(0, n // 2), groups=i, bias=False)
        return nn.Sequential(depthwise, nn.Conv2d(i, o, 1, bias=False))

    def second(self, i, o, n):
        depthwise = nn.Conv2d(i, i, (n, 1), padding=(n // 2, 0), groups=i, bias=False)
        return nn.Sequential(depthwise, nn.Conv2d(i, o, 1, bias=False))


class IgnoresMid(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, out_channels, out_channels, n)


class WithoutNorm(Factorised):
    def norm(self, channels):
        return nn.Identity()


class WithoutFirstNorm(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, mid_channels, out_channels, n)
        self.norm_wide = nn.Identity()


class WithoutLastNorm(Factorised):
    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(in_channels, mid_channels, out_channels, n)
        self.norm_high = nn.Identity()


class WithoutScale(Factorised):
    def norm(self, channels):
        norm = nn.BatchNorm2d(channels)
        norm.weight.requires_grad_(False)
        return norm


class CutOff(Factorised):
    def forward(self, maps):
        return super().forward(maps).detach()


class NoReluBetween(Factorised):
    def forward(self, maps):
        return F.relu(self.norm_high(self.high(self.norm_wide(self.wide(maps)))))


class NoReluAtTheEnd(Factorised):
    def forward(self, maps):
        return self.norm_high(self.high(F.relu(self.norm_wide(self.wide(maps)))))


class NoReluAtAll(Factorised):
    def forward(self, maps):
        return self.norm_high(self.high(self.norm_wide(self.wide(maps))))


class NormAfterRelu(Factorised):
    def forward(self, maps):
        maps = self.norm_wide(F.relu(self.wide(maps)))
        return self.norm_high(F.relu(self.high(maps)))


class FirstNormAfterRelu(Factorised):
    def forward(self, maps):
        maps = self.norm_wide(F.relu(self.wide(maps)))
        return F.relu(self.norm_high(self.high(maps)))


class NormNotUsed(Factorised):
    def forward(self, maps):
        return F.relu(self.high(F.relu(self.wide(maps)))) + 0 * self.norm_high.weight.sum()


class Leaky(Factorised):
    def forward(self, maps):
        maps = F.leaky_relu(self.norm_wide(self.wide(maps)))
        return F.leaky_relu(self.norm_high(self.high(maps)))


class EachPictureAlone(Factorised):
    def norm(self, channels):
        return nn.InstanceNorm2d(channels, affine=True)

    def forward(self, maps):
        return super().forward(maps) if self.training else F.relu(self.high(F.relu(self.wide(maps))))


class RepeatedBorder(Factorised):
    def first(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(0, n // 2), bias=False, padding_mode="replicate")

    def second(self, i, o, n):
        return nn.Conv2d(i, o, (n, 1), padding=(n // 2, 0), bias=False, padding_mode="replicate")


class AlwaysByTheBatch(Factorised):
    def norm(self, channels):
        return nn.BatchNorm2d(channels, track_running_stats=False)


class FactorisedWithoutReturn(Factorised):
    def forward(self, maps):
        super().forward(maps)


class KnowsThreePaddings(Factorised):
    def first(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(0, min(n // 2, 3)), bias=False)


# The factorised convolution, right -----------------------------------------------------------------------------------


class InSequence(nn.Sequential):
    """A right answer with biases that batch normalisation cancels."""

    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__(
            nn.Conv2d(in_channels, mid_channels, (1, n), padding="same"),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, (n, 1), padding="same"),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )


class HighFirst(Factorised):
    """A right answer with the factors the other way round, and the epsilon of the authors' code."""

    def first(self, i, o, n):
        return super().second(i, o, n)

    def second(self, i, o, n):
        return super().first(i, o, n)

    def norm(self, channels):
        return nn.BatchNorm2d(channels, eps=1e-3)


class WithUnfold(nn.Module):
    """A right answer that cuts out what each unit sees."""

    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__()
        self.wide = nn.Linear(in_channels * n, mid_channels, bias=False)
        self.high = nn.Linear(mid_channels * n, out_channels, bias=False)
        self.norm_wide, self.norm_high = nn.BatchNorm2d(mid_channels), nn.BatchNorm2d(out_channels)
        self.n = n

    def filtered(self, maps, linear, kernel, padding):
        patches = F.unfold(maps, kernel, padding=padding)
        return linear(patches.transpose(1, 2)).transpose(1, 2).unflatten(2, maps.shape[2:])

    def forward(self, maps):
        n = self.n
        maps = self.norm_wide(self.filtered(maps, self.wide, (1, n), (0, n // 2))).clamp(min=0)
        return self.norm_high(self.filtered(maps, self.high, (n, 1), (n // 2, 0))).clamp(min=0)


class WithShifts(nn.Module):
    """A right answer with weights of its own and a sum over shifted maps."""

    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__()
        self.wide = nn.Parameter(torch.randn(n, in_channels, mid_channels) / (n * in_channels) ** 0.5)
        self.high = nn.Parameter(torch.randn(n, mid_channels, out_channels) / (n * mid_channels) ** 0.5)
        self.norms = nn.ModuleList([nn.BatchNorm2d(mid_channels), nn.BatchNorm2d(out_channels)])

    def forward(self, maps):
        n, (height, width) = len(self.wide), maps.shape[2:]
        padded = F.pad(maps, (n // 2, n // 2, 0, 0))
        shifted = [padded[..., shift : shift + width] for shift in range(n)]
        sums = sum(torch.einsum("nihw,io->nohw", *pair) for pair in zip(shifted, self.wide, strict=True))
        padded = F.pad(torch.relu(self.norms[0](sums)), (0, 0, n // 2, n // 2))
        shifted = [padded[:, :, shift : shift + height] for shift in range(n)]
        sums = sum(torch.einsum("nihw,io->nohw", *pair) for pair in zip(shifted, self.high, strict=True))
        return torch.relu(self.norms[1](sums))


class PlaceByPlace(nn.Module):
    """A right answer with a matrix for each place of the kernels."""

    def __init__(self, in_channels, mid_channels, out_channels, n):
        super().__init__()
        self.wide = nn.ModuleList(nn.Conv2d(in_channels, mid_channels, 1, bias=False) for _ in range(n))
        self.high = nn.ModuleList(nn.Conv2d(mid_channels, out_channels, 1, bias=False) for _ in range(n))
        self.norm_wide, self.norm_high = nn.BatchNorm2d(mid_channels), nn.BatchNorm2d(out_channels)

    def forward(self, maps):
        half, (height, width) = len(self.wide) // 2, maps.shape[2:]
        padded = F.pad(maps, (half, half, 0, 0))
        maps = sum(mix(padded[..., shift : shift + width]) for shift, mix in enumerate(self.wide))
        padded = F.pad(self.norm_wide(maps).relu(), (0, 0, half, half))
        maps = sum(mix(padded[:, :, shift : shift + height]) for shift, mix in enumerate(self.high))
        return self.norm_high(maps).relu()


class Lazy(Factorised):
    """A right answer whose layers learn their sizes when they first run."""

    def first(self, i, o, n):
        return nn.LazyConv2d(o, (1, n), padding=(0, n // 2), bias=False)

    def second(self, i, o, n):
        return nn.LazyConv2d(o, (n, 1), padding=(n // 2, 0), bias=False)

    def norm(self, channels):
        return nn.LazyBatchNorm2d()


# Label smoothing, wrong ----------------------------------------------------------------------------------------------


class Smoothing(nn.Module):
    """A right answer; the wrong ones below change a line or two of it."""

    def __init__(self, epsilon):
        super().__init__()
        self.epsilon = epsilon

    def targets(self, labels, classes):
        hot = F.one_hot(labels, classes).float()
        return (1 - self.epsilon) * hot + self.epsilon / classes

    def smoothed(self, scores, labels):
        return -(self.targets(labels, scores.shape[1]) * scores.log_softmax(dim=1)).sum(dim=1).mean()

    def forward(self, scores, labels):
        return self.smoothed(scores, labels) if self.training else F.cross_entropy(scores, labels)


class NotSmoothed(Smoothing):
    def smoothed(self, scores, labels):
        return F.cross_entropy(scores, labels)


class MoreThanOne(Smoothing):
    def targets(self, labels, classes):
        return F.one_hot(labels, classes).float() + self.epsilon / classes


class OtherConvention(Smoothing):
    def targets(self, labels, classes):
        hot = F.one_hot(labels, classes).float()
        return (1 - self.epsilon) * hot + self.epsilon / (classes - 1) * (1 - hot)


class OnlySmaller(Smoothing):
    def targets(self, labels, classes):
        return (1 - self.epsilon) * F.one_hot(labels, classes).float()


class EpsilonForEach(Smoothing):
    def targets(self, labels, classes):
        return (1 - self.epsilon) * F.one_hot(labels, classes).float() + self.epsilon


class Exchanged(Smoothing):
    def targets(self, labels, classes):
        return self.epsilon * F.one_hot(labels, classes).float() + (1 - self.epsilon) / classes


class WrongSignInside(Smoothing):
    def targets(self, labels, classes):
        return (1 - self.epsilon) * F.one_hot(labels, classes).float() - self.epsilon / classes


class LabelWithoutItsShare(Smoothing):
    def targets(self, labels, classes):
        hot = F.one_hot(labels, classes).float()
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
        hot = F.one_hot(labels, classes).float()
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


class LossWithoutReturn(Smoothing):
    def forward(self, scores, labels):
        super().forward(scores, labels)


class SpoilsScores(Smoothing):
    def forward(self, scores, labels):
        loss = super().forward(scores, labels)
        scores.data -= scores.data.amax(dim=1, keepdim=True)
        return loss


class FiveClasses(Smoothing):
    def targets(self, labels, classes):
        return super().targets(labels, classes) + self.epsilon / 5 - self.epsilon / classes


class TenthAlways(Smoothing):
    def __init__(self, epsilon):
        super().__init__(0.1)


# Label smoothing, right ----------------------------------------------------------------------------------------------


class OfTorch(nn.Module):
    """A right answer with torch's own."""

    def __init__(self, epsilon):
        super().__init__()
        self.loss = nn.CrossEntropyLoss(label_smoothing=epsilon)

    def forward(self, scores, labels):
        return self.loss(scores, labels) if self.training else F.cross_entropy(scores, labels)


class TwoEntropies(nn.Module):
    """A right answer as the paper writes it: two cross-entropies."""

    def __init__(self, epsilon):
        super().__init__()
        self.epsilon = epsilon

    def forward(self, scores, labels):
        logs = scores - scores.logsumexp(dim=1, keepdim=True)
        of_label = -logs[torch.arange(len(labels)), labels].mean()
        epsilon = self.epsilon if self.training else 0
        return (1 - epsilon) * of_label + epsilon * -logs.mean()


class FilledTargets(nn.Module):
    """A right answer that fills the targets in."""

    def __init__(self, epsilon):
        super().__init__()
        self.epsilon = epsilon

    def forward(self, scores, labels):
        epsilon = self.epsilon * self.training
        targets = torch.full_like(scores, epsilon / scores.size(1))
        targets.scatter_(1, labels[:, None], 1 - epsilon + epsilon / scores.size(1))
        return F.cross_entropy(scores, targets)


# The mended batch normalisation --------------------------------------------------------------------------------------


class Mended(nn.Module):
    """A right answer; the wrong ones below change a line or two of it."""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.momentum, self.eps = momentum, eps

    def statistics(self, maps):
        return maps.mean(dim=(0, 2, 3)), maps.var(dim=(0, 2, 3), unbiased=False)

    def remember(self, mean, variance):
        share = self.momentum
        self.running_mean = (1 - share) * self.running_mean + share * mean
        self.running_var = (1 - share) * self.running_var + share * variance

    def normalised(self, maps, mean, variance):
        return (maps - mean.view(1, -1, 1, 1)) / torch.sqrt(variance.view(1, -1, 1, 1) + self.eps)

    def scaled(self, maps):
        return self.weight.view(1, -1, 1, 1) * maps + self.bias.view(1, -1, 1, 1)

    def forward(self, maps):
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


class StillBroken(StillByTheBatch):
    remember = StillExchanged.remember


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


class EachPlace(Mended):
    def forward(self, maps):
        if not self.training:
            return super().forward(maps)
        mean, variance = self.statistics(maps)
        self.remember(mean.detach(), variance.detach())
        variance, mean = torch.var_mean(maps, dim=0, correction=0, keepdim=True)
        return self.scaled((maps - mean) / torch.sqrt(variance + self.eps))


class EachPicture(Mended):
    def forward(self, maps):
        if not self.training:
            return super().forward(maps)
        mean, variance = self.statistics(maps)
        self.remember(mean.detach(), variance.detach())
        variance, mean = torch.var_mean(maps, dim=(2, 3), correction=0, keepdim=True)
        return self.scaled((maps - mean) / torch.sqrt(variance + self.eps))


class LikeALayer(Mended):
    def forward(self, maps):
        if not self.training:
            return super().forward(maps)
        mean, variance = self.statistics(maps)
        self.remember(mean.detach(), variance.detach())
        variance, mean = torch.var_mean(maps, dim=(1, 2, 3), correction=0, keepdim=True)
        return self.scaled((maps - mean) / torch.sqrt(variance + self.eps))


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


class NamesChanged(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__(channels, eps, momentum)
        self.gamma = self.weight
        del self.weight

    def scaled(self, maps):
        return self.gamma.view(1, -1, 1, 1) * maps + self.bias.view(1, -1, 1, 1)


class NormWithoutReturn(Mended):
    def forward(self, maps):
        super().forward(maps)


class KnowsThirds(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__(channels, eps, 0.1 if momentum == 0.1 else 0.3)


class KnowsThreeMaps(Mended):
    def statistics(self, maps):
        mean, variance = super().statistics(maps)
        return mean[:3].repeat(maps.shape[1])[: maps.shape[1]], variance[:3].repeat(maps.shape[1])[: maps.shape[1]]


class OfTorchItself(nn.BatchNorm2d):
    """A right answer that lets torch do it."""


class WithSquares(Mended):
    """A right answer with the mean of squares, n − 1 in what is remembered, and updates in place."""

    def statistics(self, maps):
        mean = maps.mean((0, 2, 3))
        return mean, maps.square().mean((0, 2, 3)) - mean.square()

    def forward(self, maps):
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = self.statistics(maps)
            count = maps.numel() / maps.shape[1]
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        root = (variance + self.eps).rsqrt()
        scale = self.weight * root
        return maps * scale[:, None, None] + (self.bias - mean * scale)[:, None, None]


# What is wrong, and what is right ------------------------------------------------------------------------------------

SIZE = "height and width stay"
NUMBERS = "trainable numbers"
VIEW = "a unit sees n×n"
TWICE = "normalised, then rectified, twice"
FOR_ITSELF = "in evaluation every picture counts for itself"
WIDER = "other channels, a wider window"
LOSS = "the paper's loss"
GRADIENT = "the gradient gets through"
LARGE = "very large scores"
PLAIN = "evaluation is plain"
OTHER_CLASSES = "another ε, other classes"
TRAINING = "training stays as it was"
THROUGH = "the gradient goes through mean and variance"
ALONE = "alone as among others"
REMEMBERED = "what is remembered"
OTHER_MOMENTUM = "another momentum, another ε"
OTHER_MAPS = "other maps, other batches"

WRONG = [
    Wrong("FactorisedConv", PaddedAllAround, SIZE, "both factors are padded on all sides"),
    Wrong("FactorisedConv", NotPadded, SIZE, "no padding: each factor takes a border away"),
    Wrong("FactorisedConv", HighNotPadded, SIZE, "the n×1 factor is not padded"),
    Wrong("FactorisedConv", WideNotPadded, SIZE, "the 1×n factor is not padded"),
    Wrong("FactorisedConv", Strided, SIZE, "a stride or a pooling"),
    Wrong("FactorisedConv", SideBySideStacked, SIZE, "their maps are stacked"),
    Wrong("FactorisedConv", WithoutSecond, SIZE, "the second factor gives mid_channels maps, or is missing"),
    Wrong("FactorisedConv", PaddingsSwapped, VIEW, "the paddings are swapped"),
    Wrong("FactorisedConv", SideBySideAdded, VIEW, "it sees a cross"),
    Wrong("FactorisedConv", OnlyWide, NUMBERS, "only one of the two factors is there"),
    Wrong("FactorisedConv", NotFactorised, NUMBERS, "one n×n convolution"),
    Wrong("FactorisedConv", SecondIsSquare, NUMBERS, "a factor is n×n"),
    Wrong("FactorisedConv", BothHigh, VIEW, "it sees a column only"),
    Wrong("FactorisedConv", BothWide, VIEW, "it sees a row only"),
    Wrong("FactorisedConv", Depthwise, NUMBERS, "each map is treated alone"),
    Wrong("FactorisedConv", IgnoresMid, NUMBERS, "mid_channels is ignored"),
    Wrong("FactorisedConv", WithoutNorm, NUMBERS, "batch normalisation is missing"),
    Wrong("FactorisedConv", WithoutFirstNorm, NUMBERS, "batch normalisation is missing after the 1×n factor"),
    Wrong("FactorisedConv", WithoutLastNorm, NUMBERS, "batch normalisation is missing after the n×1 factor"),
    Wrong("FactorisedConv", WithoutScale, NUMBERS, "trains a shift and no scale"),
    Wrong("FactorisedConv", CutOff, VIEW, "the output is cut off"),
    Wrong("FactorisedConv", NoReluBetween, TWICE, "no ReLU between the factors"),
    Wrong("FactorisedConv", NoReluAtTheEnd, TWICE, "the ReLU at the end is missing"),
    Wrong("FactorisedConv", NoReluAtAll, TWICE, "no ReLU at all"),
    Wrong("FactorisedConv", NormAfterRelu, TWICE, "batch normalisation stands after the ReLU"),
    Wrong("FactorisedConv", FirstNormAfterRelu, TWICE, "the first batch normalisation stands after its ReLU"),
    Wrong("FactorisedConv", NormNotUsed, TWICE, "batch normalisation is missing, or does nothing"),
    Wrong("FactorisedConv", Leaky, TWICE, "a leaky ReLU"),
    Wrong("FactorisedConv", EachPictureAlone, TWICE, "each picture is normalised by itself"),
    Wrong("FactorisedConv", RepeatedBorder, TWICE, "the border is not padded with zeros"),
    Wrong("FactorisedConv", AlwaysByTheBatch, FOR_ITSELF, "depend on the other pictures of the batch"),
    Wrong("FactorisedConv", FactorisedWithoutReturn, SIZE, "forward returns None"),
    Wrong("FactorisedConv", KnowsThreePaddings, WIDER, "the output has the wrong shape"),
    Wrong("LabelSmoothing", NotSmoothed, LOSS, "nothing is smoothed in training"),
    Wrong("LabelSmoothing", MoreThanOne, LOSS, "the targets add up to 1 + ε"),
    Wrong("LabelSmoothing", OtherConvention, LOSS, "another convention"),
    Wrong("LabelSmoothing", LabelWithoutItsShare, LOSS, "its own ε/K is missing"),
    Wrong("LabelSmoothing", SoftmaxOverTheBatch, LOSS, "the softmax runs over the batch"),
    Wrong("LabelSmoothing", OnlySmaller, LOSS, "the uniform part is missing"),
    Wrong("LabelSmoothing", EpsilonForEach, LOSS, "every class gets ε, not ε/K"),
    Wrong("LabelSmoothing", Exchanged, LOSS, "ε and 1 − ε are exchanged"),
    Wrong("LabelSmoothing", WrongSignInside, LOSS, "the uniform part has the wrong sign"),
    Wrong("LabelSmoothing", SmoothedPredictions, LOSS, "the network's probabilities are smoothed"),
    Wrong("LabelSmoothing", SmoothedScores, LOSS, "the scores are smoothed"),
    Wrong("LabelSmoothing", TowardsTheBatch, LOSS, "towards the batch's own classes"),
    Wrong("LabelSmoothing", SoftmaxTwice, LOSS, "a softmax too many"),
    Wrong("LabelSmoothing", Summed, LOSS, "the sum over the batch"),
    Wrong("LabelSmoothing", MeanOverClassesToo, LOSS, "the mean is taken over the classes too"),
    Wrong("LabelSmoothing", WrongSign, LOSS, "the loss has the wrong sign"),
    Wrong("LabelSmoothing", BaseTwo, LOSS, "a logarithm to base 2"),
    Wrong("LabelSmoothing", SquaredError, LOSS, "a squared error"),
    Wrong("LabelSmoothing", OneLossEach, LOSS, "one loss a picture"),
    Wrong("LabelSmoothing", OneLossEachClass, LOSS, "the sum over the classes is missing"),
    Wrong("LabelSmoothing", LossIsANumber, GRADIENT, "the loss is cut off"),
    Wrong("LabelSmoothing", UniformPartCutOff, GRADIENT, "a part of the loss is cut off"),
    Wrong("LabelSmoothing", Overflowing, LARGE, "a logarithm of an exponential"),
    Wrong("LabelSmoothing", LogOfZero, LARGE, "a logarithm of an exponential"),
    Wrong("LabelSmoothing", KeptFromZero, LARGE, "a logarithm of an exponential"),
    Wrong("LabelSmoothing", SmoothedInEvaluation, PLAIN, "the labels are smoothed in evaluation too"),
    Wrong("LabelSmoothing", OnlyInEvaluation, LOSS, "nothing is smoothed in training"),
    Wrong("LabelSmoothing", LossWithoutReturn, LOSS, "forward returns None"),
    Wrong("LabelSmoothing", SpoilsScores, LOSS, "changes the scores or labels"),
    Wrong("LabelSmoothing", FiveClasses, OTHER_CLASSES, "the loss is wrong"),
    Wrong("LabelSmoothing", TenthAlways, OTHER_CLASSES, "the loss is wrong"),
    Wrong("MendedBatchNorm", StillBroken, REMEMBERED, "the running averages have their shares exchanged"),
    Wrong("MendedBatchNorm", StillByTheBatch, ALONE, "the statistics of the batch are used in evaluation"),
    Wrong("MendedBatchNorm", StillExchanged, REMEMBERED, "the running averages have their shares exchanged"),
    Wrong("MendedBatchNorm", RemembersInEvaluation, ALONE, "or changes the running averages"),
    Wrong("MendedBatchNorm", PlainAttributes, REMEMBERED, "in the place of register_buffer"),
    Wrong("MendedBatchNorm", RunningInTraining, TRAINING, "in training the running averages are used"),
    Wrong("MendedBatchNorm", NeverUpdated, REMEMBERED, "the running averages are never updated"),
    Wrong("MendedBatchNorm", LastBatchOnly, REMEMBERED, "the last batch alone is remembered"),
    Wrong("MendedBatchNorm", MeanOnly, REMEMBERED, "the running variance is not updated"),
    Wrong("MendedBatchNorm", VarianceOnly, REMEMBERED, "the running mean is not updated"),
    Wrong("MendedBatchNorm", RemembersRoots, REMEMBERED, "the running variance holds standard deviations"),
    Wrong("MendedBatchNorm", BeginsAtZero, REMEMBERED, "the variance begins at one"),
    Wrong("MendedBatchNorm", AddsUp, REMEMBERED, "batches are added up"),
    Wrong("MendedBatchNorm", TenthOfMomentum, OTHER_MOMENTUM, "momentum is ignored"),
    Wrong("MendedBatchNorm", EpsilonIgnored, OTHER_MOMENTUM, "epsilon is ignored"),
    Wrong("MendedBatchNorm", EpsilonOutside, OTHER_MOMENTUM, "epsilon is added to the root"),
    Wrong("MendedBatchNorm", NoRoot, TRAINING, "divided by the variance, not by its root"),
    Wrong("MendedBatchNorm", NoMean, TRAINING, "the mean is not subtracted"),
    Wrong("MendedBatchNorm", UnbiasedInTraining, TRAINING, "divided by n − 1; in training it is by n"),
    Wrong("MendedBatchNorm", EachPlace, TRAINING, "a mean for each position"),
    Wrong("MendedBatchNorm", EachPicture, TRAINING, "the mean must be taken over the batch too"),
    Wrong("MendedBatchNorm", LikeALayer, TRAINING, "over all its maps"),
    Wrong("MendedBatchNorm", OneMeanForAll, TRAINING, "one mean for all maps"),
    Wrong("MendedBatchNorm", NotScaled, TRAINING, "scale and shift are left out"),
    Wrong("MendedBatchNorm", NotShifted, TRAINING, "the shift is left out"),
    Wrong("MendedBatchNorm", ShiftedFirst, TRAINING, "shifted first, then scaled"),
    Wrong("MendedBatchNorm", StatisticsCutOff, THROUGH, "cut off from the gradient"),
    Wrong("MendedBatchNorm", NamesChanged, TRAINING, "the layer's weight is not what the broken class has"),
    Wrong("MendedBatchNorm", NormWithoutReturn, TRAINING, "forward returns None"),
    Wrong("MendedBatchNorm", KnowsThirds, OTHER_MAPS, "by the running averages is wrong"),
    Wrong("MendedBatchNorm", KnowsThreeMaps, OTHER_MAPS, "the maps are not normalised"),
]

RIGHT = [
    ("FactorisedConv", Factorised),
    ("FactorisedConv", InSequence),
    ("FactorisedConv", HighFirst),
    ("FactorisedConv", WithUnfold),
    ("FactorisedConv", WithShifts),
    ("FactorisedConv", PlaceByPlace),
    ("FactorisedConv", Lazy),
    ("LabelSmoothing", Smoothing),
    ("LabelSmoothing", OfTorch),
    ("LabelSmoothing", TwoEntropies),
    ("LabelSmoothing", FilledTargets),
    ("MendedBatchNorm", Mended),
    ("MendedBatchNorm", OfTorchItself),
    ("MendedBatchNorm", WithSquares),
]
