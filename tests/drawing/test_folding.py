"""What is folded into ×N stands for every layer once, in order, and nothing alike is left unfolded side by side."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnncourse.drawing import draw
from cnncourse.drawing.alike import signature
from cnncourse.drawing.parts import Frame


class Step(nn.Module):
    """A block with a frame of its own."""

    def __init__(self, width):
        super().__init__()
        self.wide, self.relu, self.narrow = nn.Conv2d(4, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 4, 1)

    def forward(self, maps):
        return self.narrow(self.relu(self.wide(maps)))


def layers(kind, width):
    """One link of a chain: it takes and gives four channels."""
    if kind == "block":
        return Step(width)
    return nn.Conv2d(4, 4, width, padding="same")


runs = st.lists(
    st.tuples(st.sampled_from(["block", "convolution"]), st.sampled_from([1, 3, 5]), st.integers(1, 4)),
    min_size=1,
    max_size=5,
)


def shown(part):
    """Return the layers that a box or a folded block stands for."""
    if isinstance(part, Frame):
        inside = [layer for item in part.body.items for layer in shown(item)] if part.body else []
        return inside * part.times
    return [layer for layer in part.all_layers if layer.calls]


@pytest.mark.slow
@settings(max_examples=40)
@given(runs)
def test_folding_loses_no_layer_and_leaves_nothing_alike_side_by_side(described):
    network = nn.Sequential(*(layers(kind, width) for kind, width, times in described for _ in range(times)))
    drawing = draw(network, (4, 8, 8))
    parts = drawing.column.items
    leaves = [module for module in network.modules() if not list(module.children())]
    assert sum(len(shown(part)) for part in parts) == len(leaves)
    for one, other in pairwise(parts):
        assert signature(one) != signature(other)
    blocks = [part for part in parts if isinstance(part, Frame)]
    assert sum(frame.times for frame in blocks) == sum(times for kind, _, times in described if kind == "block")
    assert all(len(set(frame.calls)) == frame.times for frame in blocks)
