"""Modules that do the same get the same weights, however they keep them; others do not do the same afterwards."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cnncourse.checking.canonical_weights import Weights, tell_apart
from cnncourse.checking.exercise import RefusedAnswerError
from cnncourse.checking.members import registered_buffers, registered_modules, registered_parameters

DOUBLE = torch.float64


@pytest.fixture(autouse=True)
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Stack(nn.Module):
    """Convolutions in a row, with or without normalisation, and a shortcut past all but the first."""

    def __init__(self, widths, normalised, shortcut):
        super().__init__()
        self.convolutions = nn.ModuleList(self.convolution(i, o) for i, o in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) if normalised else nn.Identity() for o in widths[1:])
        self.shortcut = shortcut

    def convolution(self, i, o):
        return nn.Conv2d(i, o, 3, padding=1)

    def forward(self, maps):
        first = None
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            maps = torch.relu(norm(convolution(maps)))
            first = maps if first is None else first
        return maps + first.mean(dim=1, keepdim=True) if self.shortcut else maps


class Split(nn.Module):
    """A convolution as one for each output channel, of which the last is made first."""

    def __init__(self, i, o):
        super().__init__()
        self.of_each = nn.ModuleList(nn.Conv2d(i, 1, 3, padding=1) for _ in range(o))

    def forward(self, maps):
        return torch.cat([convolution(maps) for convolution in reversed(self.of_each)], dim=1)


class Unfolded(nn.Module):
    """A convolution as a product of matrices, with its weight transposed."""

    def __init__(self, i, o):
        super().__init__()
        self.bias, self.weight = nn.Parameter(torch.randn(o)), nn.Parameter(torch.randn(9 * i, o))

    def forward(self, maps):
        columns = nn.functional.unfold(maps, 3, padding=1)
        return (self.weight.mT @ columns + self.bias[:, None]).unflatten(2, maps.shape[2:])


class Masked(nn.Module):
    """A convolution of twice as many inputs, half of which a mask keeps out."""

    def __init__(self, i, o):
        super().__init__()
        self.wide = nn.Conv2d(2 * i, o, 3, padding=1)
        self.register_buffer("mask", torch.cat([torch.ones(i), torch.zeros(i)])[:, None, None])

    def forward(self, maps):
        doubled = torch.cat([maps, maps], dim=1)
        return nn.functional.conv2d(doubled, self.wide.weight * self.mask, self.wide.bias, padding=1)


def written(convolution):
    return type("Written", (Stack,), {"convolution": lambda _self, i, o: convolution(i, o)})


def filled(module, maps, seed=3):
    def projection():
        output = module(maps)
        return (torch.randn(output.shape, generator=torch.Generator().manual_seed(1)) * output).sum()

    weights = Weights(module, seed, (0.5, 2.0))
    tell_apart(weights, projection, 12)
    weights.fill(99)
    return weights, module(maps).detach()


def images(channels):
    return 0.3 + torch.randn(3, channels, 5, 6, generator=torch.Generator().manual_seed(7))


@pytest.mark.slow
@given(
    widths=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    normalised=st.booleans(),
    shortcut=st.booleans(),
    convolution=st.sampled_from([Split, Unfolded, Masked]),
    seed=st.integers(0, 2**31),
)
def test_modules_that_do_the_same_give_the_same_whatever_holds_their_weights(
    widths, normalised, shortcut, convolution, seed
):
    maps = images(widths[0])
    _, expected = filled(Stack(widths, normalised, shortcut), maps, seed)
    _, got = filled(written(convolution)(widths, normalised, shortcut), maps, seed)
    assert torch.allclose(got, expected, rtol=1e-6, atol=1e-6 * float(expected.abs().max()))


class Averaging(nn.Module):
    """No convolution at all: the mean weight times the sum of the window."""

    def __init__(self, i, o):
        super().__init__()
        self.convolution = nn.Conv2d(i, o, 3, padding=1)

    def forward(self, maps):
        mean = self.convolution.weight.mean(dim=(1, 2, 3), keepdim=True).expand_as(self.convolution.weight)
        return nn.functional.conv2d(maps, mean, self.convolution.bias, padding=1)


class ChannelsShifted(nn.Module):
    """Output channels whose biases are those of their neighbours."""

    def __init__(self, i, o):
        super().__init__()
        self.convolution = nn.Conv2d(i, o, 3, padding=1)

    def forward(self, maps):
        return nn.functional.conv2d(maps, self.convolution.weight, self.convolution.bias.roll(1), padding=1)


def test_mean_weight_is_no_convolution():
    maps = images(2)
    assert not torch.allclose(
        filled(Stack([2, 3], False, False), maps)[1], filled(written(Averaging)([2, 3], False, False), maps)[1]
    )


def test_exchange_that_nobody_can_see_is_none():
    maps = images(2)
    assert torch.allclose(
        filled(Stack([2, 3], False, False), maps)[1], filled(written(ChannelsShifted)([2, 3], False, False), maps)[1]
    )


def test_shared_memory_is_counted_once():
    module = nn.Module()
    memory = torch.randn(12)
    module.one, module.other = nn.Parameter(memory[:8]), nn.Parameter(memory[4:])
    module.frozen = nn.Parameter(torch.randn(3), requires_grad=False)
    assert Weights(module, 0, (0.5, 2.0)).count == 12


def test_parameter_whose_numbers_are_one_in_memory_is_refused():
    module = nn.Module()
    module.spread = nn.Parameter(torch.randn(1).expand(5))
    with pytest.raises(RefusedAnswerError, match="weights share their memory"):
        Weights(module, 0, (0.5, 2.0))


def test_zeros_among_other_values_stay_and_all_zeros_do_not():
    module = nn.Module()
    module.masked, module.new = nn.Parameter(torch.tensor([0.0, 1.0, 0.0, 2.0])), nn.Parameter(torch.zeros(3))
    weights = Weights(module, 0, (0.5, 2.0))
    weights.fill_alike()
    assert module.masked.tolist() == [0.0, 1.0, 0.0, 1.0]
    assert module.new.tolist() == [1.0] * 3


@pytest.mark.parametrize(
    "method",
    ["named_parameters", "parameters", "_named_members", "named_modules", "modules", "named_children", "children"],
)
def test_module_hides_no_parameter(method):
    hiding = type("Hiding", (nn.Sequential,), {method: lambda _self, *_arguments, **_keywords: iter(())})
    assert Weights(hiding(nn.Linear(2, 3), nn.BatchNorm1d(3)), 0, (0.5, 2.0)).count == 15
    assert len(registered_buffers(hiding(nn.Linear(2, 3), nn.BatchNorm1d(3)))) == 3


def test_what_is_registered_is_what_torch_finds_in_its_order():
    shared = nn.Linear(2, 2)
    module = nn.ModuleDict(
        {"a": shared, "b": nn.Sequential(nn.BatchNorm1d(2), shared), "c": nn.Conv2d(1, 1, 1, bias=False)}
    )
    assert list(map(id, registered_parameters(module))) == list(map(id, module.parameters()))
    assert list(map(id, registered_modules(module))) == list(map(id, module.modules()))
    assert list(map(id, registered_buffers(module).values())) == list(map(id, module.buffers()))


def test_module_without_parameters_has_no_weights():
    weights = Weights(nn.ReLU(), 0, (0.5, 2.0))
    tell_apart(weights, lambda: torch.zeros(()), 4)
    assert weights.count == 0
    assert not weights.by_class(weights.gradients(torch.zeros(())).values).numel()


def test_magnitudes_keep_to_the_spread():
    module = Stack([2, 3], True, False)
    weights, _ = filled(module, images(2))
    weights.fill(5)
    values = torch.cat([each.detach().flatten() for each in module.parameters()]).abs()
    assert values.min() >= 0.5
    assert values.max() <= 2.0
