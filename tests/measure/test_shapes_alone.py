"""Shapes worked out by rule are those that torch computes, and what torch refuses is refused in its words."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cnncourse.measure.shadow import run_on_meta
from cnncourse.measure.shapes_alone import ShapesAlone

sides = st.tuples(st.integers(1, 13), st.integers(1, 13))
pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
margins = st.tuples(st.integers(0, 2), st.integers(0, 2))


def outcome(run, device, mode):
    """Return the shapes that a computation gives, or the kind of its error."""
    try:
        with torch.no_grad(), torch.device(device), mode:
            result = run()
    except (RuntimeError, IndexError) as error:
        return type(error)
    return tuple(result.shape)


def assert_same(run):
    assert outcome(run, "meta", ShapesAlone()) == outcome(run, "cpu", torch.no_grad())


@given(
    sides, pairs, pairs, margins, pairs, st.sampled_from([(4, 6, 1), (4, 6, 2), (4, 4, 4), (3, 6, 2)]), st.booleans()
)
def test_convolutions(side, window, stride, padding, dilation, channels, bias):
    inputs, outputs, groups = channels
    weight = (outputs, inputs // groups, *window)
    assert_same(
        lambda: F.conv2d(
            torch.rand(2, inputs, *side),
            torch.rand(weight),
            torch.rand(outputs) if bias else None,
            stride,
            padding,
            dilation,
            groups,
        )
    )


@given(sides, pairs, pairs, margins, st.booleans(), st.sampled_from([F.max_pool2d, F.avg_pool2d]))
def test_pooling(side, window, stride, padding, round_up, pool):
    assert_same(lambda: pool(torch.rand(2, 3, *side), window, stride, padding, ceil_mode=round_up))


@given(st.lists(st.sampled_from([1, 1, 2, 5]), max_size=4), st.lists(st.sampled_from([1, 2, 5]), max_size=4))
def test_sums_and_products_with_broadcasting(left, right):
    assert_same(lambda: torch.rand(left) + torch.rand(right))
    assert_same(lambda: torch.rand(left) * torch.rand(right))


@given(st.lists(st.sampled_from([2, 3]), min_size=2, max_size=3), st.integers(-4, 4))
def test_concatenation(channels, axis):
    assert_same(lambda: torch.cat([torch.rand(2, count, 3, 3) for count in channels], axis))


@pytest.mark.parametrize(
    "run",
    [
        lambda: F.linear(torch.rand(2, 3), torch.rand(4, 3), torch.rand(4)),
        lambda: F.linear(torch.rand(2, 3), torch.rand(4, 5), torch.rand(4)),
        lambda: F.linear(torch.rand(2, 3), torch.rand(4, 3), torch.rand(5)),
        lambda: F.batch_norm(torch.rand(2, 3, 4, 4), torch.rand(3), torch.rand(3)),
        lambda: F.batch_norm(torch.rand(2, 3, 4, 4), torch.rand(2), torch.rand(2)),
        lambda: F.adaptive_avg_pool2d(torch.rand(2, 3, 4, 5), 1),
        lambda: F.local_response_norm(torch.rand(2, 7, 4, 5), 5),
        lambda: torch.rand(2, 3, 4).sum(dim=(0, 2)),
        lambda: torch.rand(2, 3, 4).mean(dim=-1, keepdim=True),
        lambda: torch.rand(2, 3) - torch.ones(3, dtype=torch.long),
        lambda: F.conv_transpose2d(torch.rand(1, 2, 5, 5), torch.rand(2, 3, 3, 3), stride=2),
    ],
)
def test_other_operations(run):
    assert_same(run)


def test_what_does_not_fit_is_an_error():
    with pytest.raises(RuntimeError, match="channel"):
        run_on_meta(nn.Conv2d(4, 5, 3), (3, 8, 8))


@pytest.mark.slow
def test_measuring_a_network_loads_no_compiler():
    program = """
import sys
import torch
from cnncourse import measure
from cnncourse.architectures import CATALOGUE
with torch.device("meta"):
    models = [(record, record.build()) for record in CATALOGUE]
made_with = set(sys.modules)  # older versions of torch load some of it for first weights
for record, model in models:
    measure.layers(model, record.input_shape)
    measure.depth(model)
    measure.receptive_field(model, record.input_shape)
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules.keys() - made_with])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
