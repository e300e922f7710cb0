"""What probes have in common does what its names say."""

import pytest
import torch
from torch import nn

from cnncourse.checking.exercise import RefusedAnswerError
from cnncourse.checking.probing import (
    Descent,
    fill_with_random_numbers,
    kept_out,
    moving_numbers,
    refuse_hidden_layers,
    settle_lazy_layers,
)


def test_descent_moves_parameters_as_torch_does():
    ours, theirs = (torch.ones(3).requires_grad_() for _ in range(2))
    settings = {"momentum": 0.9, "weight_decay": 0.1}
    descent, optimizer = Descent([ours], rate=0.05, **settings), torch.optim.SGD([theirs], lr=0.05, **settings)
    for _step in range(4):
        for numbers in (ours, theirs):
            (numbers**3).sum().backward()
        descent.step()
        optimizer.step()
        optimizer.zero_grad()
        torch.testing.assert_close(ours, theirs)


def test_layers_in_a_plain_list_are_refused_by_name():
    module = nn.Module()
    module.layers = [nn.Linear(1, 1)]
    with pytest.raises(RefusedAnswerError) as refused:
        refuse_hidden_layers(module)
    assert "nn.ModuleList" in refused.value.fault.misconception
    refuse_hidden_layers(nn.Linear(1, 1))


def test_lazy_layers_have_their_weights_after_one_run_and_others_are_not_run():
    lazy = nn.LazyLinear(2)
    settle_lazy_layers(lazy, torch.zeros(1, 3))
    assert lazy.weight.shape == (2, 3)
    settle_lazy_layers(nn.Linear(5, 2), torch.zeros(1, 3))


def test_a_weight_that_is_zero_by_chance_is_filled_and_a_masked_kernel_is_not():
    convolution = nn.Conv2d(4, 4, 5)
    with torch.no_grad():
        convolution.weight[0, 0, 0, 0] = 0
    assert not kept_out(convolution.weight).any()
    fill_with_random_numbers(convolution)
    assert convolution.weight.all()

    with torch.no_grad():
        convolution.weight[1, 2] = 0
        convolution.weight[3, 3, 4, 4] = 0
    fill_with_random_numbers(convolution)
    assert kept_out(convolution.weight).sum() == 25
    assert not convolution.weight[1, 2].any()


@pytest.mark.parametrize(("size", "zeros", "moving"), [(400, 1, 400), (400, 2, 398), (16, 1, 15), (1, 1, 0)])
def test_one_gradient_of_many_may_be_zero_by_chance(size, zeros, moving):
    layer = nn.Module()
    layer.weight = nn.Parameter(torch.ones(size))
    layer.weight.grad = torch.arange(1.0, size + 1)
    layer.weight.grad[:zeros] = 0
    assert moving_numbers(layer) == moving
