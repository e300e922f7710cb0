"""Answers to chapter 5's exercise as learners write them: right ones, and wrong ones beside the misconceptions."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.inception_v3.model import Branch
from tests.architectures.bank import Wrong

# The factorised convolution -------------------------------------------------------------------------------------------


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


def from_the_course(in_channels, mid_channels, out_channels, n):
    return Branch(in_channels, (mid_channels, (1, n)), (out_channels, (n, 1)))


class OwnNorm(nn.Module):
    """Batch normalisation by hand; ``update`` is what becomes of the running averages."""

    def __init__(self, channels):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def update(self, mean, var):
        pass

    def forward(self, maps):
        mean, var = self.mean, self.var
        if self.training:
            mean, var = maps.mean(dim=(0, 2, 3)), maps.var(dim=(0, 2, 3), unbiased=False)
            self.update(mean.detach(), var.detach())
        maps = (maps - mean[:, None, None]) * torch.rsqrt(var[:, None, None] + 1e-5)
        return self.gamma[:, None, None] * maps + self.beta[:, None, None]


class ExchangedNorm(OwnNorm):
    def update(self, mean, var):
        self.mean.lerp_(mean, 0.9)
        self.var.lerp_(var, 0.9)


class OwnNormNeverUpdated(Factorised):
    def norm(self, channels):
        return OwnNorm(channels)


class OwnNormUpdated(OwnNorm):
    def update(self, mean, var):
        self.mean.lerp_(mean, 0.1)
        self.var.lerp_(var, 0.1)


class WithOwnNorm(Factorised):
    def norm(self, channels):
        return OwnNormUpdated(channels)


class OwnNormExchanged(Factorised):
    def norm(self, channels):
        return ExchangedNorm(channels)


class KnowsSmallKernels(Factorised):
    def first(self, i, o, n):
        return nn.Conv2d(i, o, (1, n), padding=(0, min(n // 2, 3)), bias=False)


# Label smoothing ------------------------------------------------------------------------------------------------------


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


class OfNumpy(Smoothing):
    def targets(self, labels, classes):
        return (1 - self.epsilon) * torch.from_numpy(np.eye(classes)[labels.numpy()]) + self.epsilon / classes


class FiveClasses(Smoothing):
    def targets(self, labels, classes):
        return super().targets(labels, classes) + self.epsilon / 5 - self.epsilon / classes


class SqueezesScores(Smoothing):
    def forward(self, scores, labels):
        return super().forward(scores.squeeze(), labels)


class SpoilsLabels(Smoothing):
    def targets(self, labels, classes):
        targets = torch.full((len(labels), classes), self.epsilon / classes)
        return targets.scatter_(1, labels.unsqueeze_(1), 1 - self.epsilon + self.epsilon / classes)


# The mended batch normalisation ---------------------------------------------------------------------------------------


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


class NamesChanged(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__(channels, eps, momentum)
        self.gamma = self.weight
        del self.weight

    def scaled(self, maps):
        return self.gamma.view(1, -1, 1, 1) * maps + self.bias.view(1, -1, 1, 1)


class GraphKeptInPlace(Mended):
    def remember(self, mean, variance):
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_var += self.momentum * (variance - self.running_var)

    def forward(self, maps):
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = self.statistics(maps)
            self.remember(mean, variance)
        return self.scaled(self.normalised(maps, mean, variance))


class KnowsTwoMomenta(Mended):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__(channels, eps, 0.1 if momentum == 0.1 else 0.3)


A, B, C = "FactorisedConv", "LabelSmoothing", "MendedBatchNorm"

WRONG = [
    Wrong(A, OwnNormNeverUpdated, "the running averages never move"),
    Wrong(A, OwnNormExchanged),
    Wrong(A, KnowsSmallKernels, "wrong shape"),
    Wrong(B, SpoilsLabels),
    Wrong(B, SqueezesScores),
    Wrong(B, FiveClasses, "wrong"),
    Wrong(C, GraphKeptInPlace),
    Wrong(C, KnowsTwoMomenta),
]

RIGHT = [
    (A, Factorised),
    (A, InSequence),
    (A, HighFirst),
    (A, WithUnfold),
    (A, WithShifts),
    (A, PlaceByPlace),
    (A, Lazy),
    (A, from_the_course),
    (A, WithOwnNorm),
    (B, Smoothing),
    (B, OfTorch),
    (B, TwoEntropies),
    (B, FilledTargets),
    (B, OfNumpy),
    (C, Mended),
    (C, OfTorchItself),
    (C, WithSquares),
    (C, NamesChanged),
]
