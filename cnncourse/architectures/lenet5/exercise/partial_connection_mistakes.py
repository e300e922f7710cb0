"""Mistakes in C3's partial connection."""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures.lenet5.model import C3_TABLE
from cnncourse.checking import Misconception


def mask_of(table):
    mask = torch.zeros(len(table), 6, 1, 1)
    for target, sources in enumerate(table):
        mask[target, list(sources)] = 1
    return mask


class MaskedConv(nn.Module):
    """A right answer that many write; the wrong ones below change one line of it."""

    def __init__(self, table):
        super().__init__()
        self.conv = nn.Conv2d(6, len(table), 5)
        self.register_buffer("mask", self.make_mask(table))

    def make_mask(self, table):
        return mask_of(table)

    def forward(self, maps):
        return F.conv2d(maps, self.conv.weight * self.mask, self.conv.bias)


def full_connection(table):
    return nn.Conv2d(6, len(table), 5)


def grouped(table):
    return nn.Conv2d(6, len(table) // 2 * 2, 5, groups=2)


class MaskedOnce(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.conv = nn.Conv2d(6, len(table), 5)
        with torch.no_grad():
            self.conv.weight *= mask_of(table)

    def forward(self, maps):
        return self.conv(maps)


class WrongAxis(MaskedConv):
    def make_mask(self, table):
        return mask_of(table).transpose(0, 1).reshape(len(table), 6, 1, 1)


class NoWrapAround(MaskedConv):
    def make_mask(self, table):
        mask = mask_of(table)
        for target, sources in enumerate(table[:12]):
            mask[target, [source for source in sources if source < sources[0]]] = 0
        return mask


class Contiguous(MaskedConv):
    def make_mask(self, table):
        return mask_of([*table[:12], (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), *table[15:]][: len(table)])


class CountedFromOne(MaskedConv):
    def make_mask(self, table):
        return mask_of([[source - 1 for source in sources] for sources in table])


class LeftOut(MaskedConv):
    def make_mask(self, table):
        return 1 - mask_of(table)


class BiasPerConnection(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = table
        self.convs = nn.ModuleList([nn.ModuleList([nn.Conv2d(1, 1, 5) for _ in sources]) for sources in table])

    def forward(self, maps):
        rows = zip(self.table, self.convs, strict=True)
        return torch.cat(
            [sum(conv(maps[:, s : s + 1]) for s, conv in zip(sources, convs, strict=True)) for sources, convs in rows],
            dim=1,
        )


class NoBias(MaskedConv):
    def forward(self, maps):
        return F.conv2d(maps, self.conv.weight * self.mask)


class Padded(MaskedConv):
    def forward(self, maps):
        return F.conv2d(maps, self.conv.weight * self.mask, self.conv.bias, padding=2)


class SumFirst(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = table
        self.convs = nn.ModuleList([nn.Conv2d(1, 1, 5) for _ in table])

    def forward(self, maps):
        rows = zip(self.table, self.convs, strict=True)
        return torch.cat([conv(maps[:, list(sources)].sum(1, keepdim=True)) for sources, conv in rows], dim=1)


class Squashed(MaskedConv):
    def forward(self, maps):
        return torch.tanh(super().forward(maps))


class IgnoresTable(MaskedConv):
    def __init__(self, table):
        super().__init__(C3_TABLE)


class Frozen(MaskedConv):
    def __init__(self, table):
        super().__init__(table)
        self.conv.requires_grad_(False)
        self.conv.bias.requires_grad_(True)


class JoinedAlongBatch(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = [list(sources) for sources in table]
        self.convs = nn.ModuleList([nn.Conv2d(len(sources), 1, 5) for sources in table])

    def forward(self, maps):
        rows = zip(self.table, self.convs, strict=True)
        return torch.cat([conv(maps[:, sources]) for sources, conv in rows])


class PlainList(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = [list(sources) for sources in table]
        self.convs = [nn.Conv2d(len(sources), 1, 5) for sources in table]

    def forward(self, maps):
        rows = zip(self.table, self.convs, strict=True)
        return torch.cat([conv(maps[:, sources]) for sources, conv in rows], dim=1)


class Rectified(MaskedConv):
    def forward(self, maps):
        return torch.relu(super().forward(maps))


class DetachedInput(MaskedConv):
    def forward(self, maps):
        return super().forward(maps.detach())


class DenseInEvaluation(MaskedConv):
    def forward(self, maps):
        return super().forward(maps) if self.training else self.conv(maps)


class OverwritesWeights(MaskedConv):
    def forward(self, maps):
        self.conv.weight.data *= self.mask
        return self.conv(maps)


class WithoutGradient(MaskedConv):
    @torch.no_grad()
    def forward(self, maps):
        return super().forward(maps)


class CountsItsMapsByTheTable(MaskedConv):
    def __init__(self, table):
        super().__init__(table)
        self.channels = 1 + max(max(sources) for sources in table)
        self.conv = nn.Conv2d(self.channels, len(table), 5)
        self.mask = self.mask[:, : self.channels]


class Stale(MaskedConv):
    def __init__(self, table):
        super().__init__(table)
        self.kernels = (self.conv.weight * self.mask).detach()

    def forward(self, maps):
        return F.conv2d(maps, self.kernels, self.conv.bias)


class OneKernelForEachNumber(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = [list(sources) for sources in table]
        self.of_number = nn.ModuleDict({str(len(sources)): nn.Conv2d(len(sources), 1, 5) for sources in table})

    def forward(self, maps):
        return torch.cat([self.of_number[str(len(sources))](maps[:, sources]) for sources in self.table], dim=1)


MISTAKES = (
    Misconception(
        "every output map sees every input map, as in an ordinary convolution",
        full_connection,
        ("connections of Table I",),
    ),
    Misconception("grouped convolution instead of the table", grouped, ("connections of Table I",)),
    Misconception(
        "the mask does not reach what training moves: all 96 kernels get a gradient, not the 60 of the table",
        MaskedOnce,
        ("still sparse after training",),
    ),
    Misconception("the table is read along the wrong axis", WrongAxis, ("connections of Table I",)),
    Misconception("no wrap-around: maps 4 and 5 do not go on with map 0", NoWrapAround, ("connections of Table I",)),
    Misconception("the last three four-map subsets are taken as contiguous", Contiguous, ("connections of Table I",)),
    Misconception("the table's maps are counted from 1", CountedFromOne, ("connections of Table I",)),
    Misconception("the table says which maps to leave out", LeftOut, ("connections of Table I",)),
    Misconception("one bias a connection instead of one a map", BiasPerConnection, ("trainable numbers",)),
    Misconception("the biases are missing", NoBias, ("trainable numbers",)),
    Misconception("the maps are padded; LeNet-5 has no padding", Padded, ("output shape",)),
    Misconception(
        "the selected maps are summed first and share one kernel", SumFirst, ("a kernel for each connection",)
    ),
    Misconception(
        "an activation function inside: the squashing comes after C3, not in it",
        Squashed,
        ("one convolution, nothing more",),
    ),
    Misconception("the table argument is ignored", IgnoresTable, ("follows the table it is given",)),
    Misconception("the kernels are frozen: their requires_grad is False", Frozen, ("trainable numbers",)),
    Misconception(
        "the results are joined along the batch (dim=0), not along the channels (dim=1)",
        JoinedAlongBatch,
        ("output shape",),
    ),
    Misconception(
        "layers in a plain list are invisible to PyTorch: use nn.ModuleList", PlainList, ("trainable numbers",)
    ),
    Misconception(
        "a ReLU inside: the squashing comes after C3, not in it", Rectified, ("one convolution, nothing more",)
    ),
    Misconception("what comes in is cut off from the gradient", DetachedInput, ("one convolution, nothing more",)),
    Misconception(
        "after eval() the mask is forgotten: every map sees every map",
        DenseInEvaluation,
        ("one convolution, nothing more",),
    ),
    Misconception(
        "the mask does not reach what training moves: all 96 kernels get a gradient, not the 60 of the table",
        OverwritesWeights,
        ("still sparse after training",),
    ),
    Misconception(
        "forward hides its weights from the gradient: torch.no_grad, .detach or .data",
        WithoutGradient,
        ("trainable numbers",),
    ),
    Misconception(
        "the number of input maps is taken from the table; forward is always given six",
        CountsItsMapsByTheTable,
        ("follows the table it is given",),
    ),
    Misconception(
        "the kernels are worked out once, in __init__: training never changes the output",
        Stale,
        ("still sparse after training",),
    ),
    Misconception(
        "output maps with as many sources share their kernels",
        OneKernelForEachNumber,
        ("a kernel for each connection",),
    ),
)
