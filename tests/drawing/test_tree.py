"""A drawing shows every layer that is called, once, with the shapes and the cost that measuring finds."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnncourse import measure
from cnncourse.architectures import CATALOGUE
from cnncourse.architectures.inception_v1.model import InceptionV1
from cnncourse.architectures.inception_v3.model import InceptionV3
from cnncourse.drawing import draw
from cnncourse.drawing.layers import network_graph
from cnncourse.drawing.tree import Block, Leaf, Parallel, Sequence, Side, Tangle, blocks_of, network_tree
from tests.architectures.shapes import on_meta

every_network = pytest.mark.parametrize("record", CATALOGUE, ids=lambda record: record.slug)


def called(layers):
    """Return what tells one called layer from another: its name, shape and cost."""
    return Counter((layer.name, layer.shape, layer.parameters, layer.multiply_adds) for layer in layers if layer.calls)


def measured(model, input_shape):
    called_layers = [layer for layer in measure.layers(model, input_shape).layers if layer.kind]
    return Counter((layer.name, layer.output_shape, layer.parameters, layer.multiply_adds) for layer in called_layers)


@every_network
def test_every_called_layer_stands_in_the_tree_once(record):
    for variant in (None, *record.variants):
        model = on_meta(record.build, variant=variant)
        shape = record.shape_of(variant)
        drawing = draw(model, shape)
        assert called(drawing.layers) == measured(model, shape), variant
        assert sum(layer.multiply_adds for layer in drawing.layers) == measure.multiply_adds(model, shape)


@every_network
def test_whole_networks_are_made_of_sequences_and_branches(record):
    def tangles(tree):
        match tree:
            case Tangle():
                return 1
            case Sequence(items):
                return sum(map(tangles, items))
            case Parallel(branches, _):
                return sum(map(tangles, branches))
        return tangles(tree.body) if hasattr(tree, "body") else 0

    assert tangles(draw(on_meta(record.build), record.input_shape).tree) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "shape", "heads"),
    [(InceptionV1, (3, 224, 224), 2), pytest.param(InceptionV3, (3, 299, 299), 1, marks=pytest.mark.slow)],
)
def test_auxiliary_classifiers_are_side_branches(build, shape, heads):
    model = on_meta(build, auxiliary=True)
    drawing = draw(model, shape)
    sides = [item for item in drawing.tree.items if isinstance(item, Side)]
    assert len(sides) == heads
    assert sum(layer.parameters for layer in drawing.layers) == measure.parameters(model).trainable
    assert drawing.alternative_text.count("side branch") == heads
    assert "Drawn as it trains" in drawing.svg
    assert "Drawn as it trains" not in draw(on_meta(build), shape).svg


def test_blocks_are_the_modules():
    drawing = draw(on_meta(InceptionV3), (3, 299, 299))
    titles = Counter(block.title for block in blocks_of(drawing.tree) if "Inception" in block.title)
    assert titles == {"Inception-A": 3, "Inception-B": 4, "Inception-C": 2}


class Recurrent(nn.Module):
    """The same convolution twice."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()

    def forward(self, maps):
        return self.relu(self.conv(self.relu(self.conv(maps))))


def test_shared_layers_are_marked_and_their_numbers_counted_once():
    drawing = draw(Recurrent(), (4, 8, 8))
    first, second = (layer for layer in drawing.layers if layer.name == "conv")
    assert (first.is_shared, first.parameters, second.parameters) == (True, 148, 0)
    assert first.multiply_adds == second.multiply_adds > 0
    assert "(shared)" in drawing.svg
    assert not any(layer.is_shared for layer in drawing.layers if layer.name == "relu")  # it has no numbers to share


class Dense(nn.Module):
    """Every layer sees all earlier ones."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(4 * number, 4, 3, padding=1) for number in (1, 2, 3))

    def forward(self, maps):
        found = [maps]
        for layer in self.layers:
            found.append(layer(torch.cat(found, 1)))
        return torch.cat(found, 1)


class Crossed(nn.Module):
    """Two branches with a connection from one to the other."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
        self.left_again, self.right_again = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

    def forward(self, maps):
        left, right = self.left(maps), self.right(maps)
        return self.left_again(left + right) * self.right_again(right)


@pytest.mark.parametrize("build", [Dense, Crossed])
def test_connections_across_are_drawn_and_not_refused(build):
    model = build()
    drawing = draw(model, (4, 8, 8))
    assert called(drawing.layers) == measured(model, (4, 8, 8))
    assert "fed by" in drawing.text()


def test_a_long_sum_is_one_join():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.paths = nn.ModuleList(nn.Conv2d(4, 4, 1) for _ in range(5))

        def forward(self, maps):
            return sum(path(maps) for path in self.paths)

    drawing = draw(Sum(), (4, 8, 8))
    assert [layer.label for layer in drawing.layers if not layer.calls] == ["input", "add"]
    assert "… ×5" in drawing.svg


class Generated(nn.Module):
    """A network grown from a list of random choices: chains, branches, shortcuts and connections across."""

    def __init__(self, choices):
        super().__init__()
        self.choices = choices
        self.layers = nn.ModuleList(
            nn.ReLU() if kind == "relu" else nn.Conv2d(4, 4, 1 if kind == "one" else 3, padding=int(kind == "three"))
            for kind, _, _ in choices
        )
        self.squeeze = nn.Conv2d(8, 4, 1)

    def forward(self, maps):
        found = [maps]
        for layer, (_, source, join) in zip(self.layers, self.choices, strict=True):
            maps = layer(found[source % len(found)])
            if join == "add":
                maps = maps + found[-1]
            elif join == "cat":
                maps = self.squeeze(torch.cat([maps, found[-1]], 1))
            found.append(maps)
        return found[-1]


def connections(tree, incoming, found):
    """Note what feeds each layer of a tree, and return what leaves it."""
    match tree:
        case Leaf(layer):
            found[layer] = incoming
            return {layer}
        case Sequence(items):
            for item in items:
                incoming = connections(item, incoming, found)
            return incoming
        case Block():
            return connections(tree.body, incoming, found)
        case Side(body):
            connections(body, incoming, found)
            return incoming
        case Parallel(branches, join):
            leaving = set().union(*(connections(branch, incoming, found) for branch in branches))
            if join is None:
                return leaving
            found[join] = leaving
            return {join}
        case Tangle(layers, sources, _):
            for layer, fed_by in zip(layers, sources, strict=True):
                found[layer] = set().union(*(incoming if source < 0 else {layers[source]} for source in fed_by))
            return {layers[-1]}


def assert_connections_are_those_of_the_code(model, shape):
    graph = network_graph(model, shape)
    found = {}
    connections(network_tree(graph), set(), found)
    assert len(found) == len(graph.layers)
    for layer, sources in zip(graph.layers, graph.sources, strict=True):
        assert found[layer] == {graph.layers[source] for source in sources}, layer.name


@every_network
def test_connections_are_those_of_the_code(record):
    assert_connections_are_those_of_the_code(on_meta(record.build), record.input_shape)


@pytest.mark.parametrize("build", [Dense, Crossed, Recurrent])
def test_connections_across_are_those_of_the_code(build):
    assert_connections_are_those_of_the_code(build(), (4, 8, 8))


choices = st.tuples(
    st.sampled_from(["one", "three", "relu"]), st.integers(0, 9), st.sampled_from(["none", "none", "add", "cat"])
)


@pytest.mark.slow
@settings(max_examples=150)
@given(st.lists(choices, min_size=1, max_size=9))
def test_any_network_is_drawn_with_every_layer_that_it_uses(grown):
    model = Generated(grown)
    expected = measured(model, (4, 6, 6))
    for detail in ("blocks", "layers"):
        drawing = draw(model, (4, 6, 6), detail=detail)
        assert called(drawing.layers) == expected
        assert drawing.svg == draw(model, (4, 6, 6), detail=detail).svg
    assert_connections_are_those_of_the_code(model, (4, 6, 6))
