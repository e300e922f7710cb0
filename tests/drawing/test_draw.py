"""A picture is right, legible, steady and small enough for a page."""

import re
from functools import cache
from io import BytesIO
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from cnncourse import measure
from cnncourse.architectures import CATALOGUE, LeNet5, ResNet50
from cnncourse.architectures.inception_v1.model import InceptionV1
from cnncourse.architectures.inception_v3.model import InceptionV3
from cnncourse.display import text_width
from cnncourse.drawing import Picture, cost_bars, draw, image_grid
from cnncourse.drawing.palette import KINDS
from cnncourse.drawing.parts import Box, Frame, Towers, boxes_of, frames_of
from tests.architectures.shapes import on_meta

SVG = "{http://www.w3.org/2000/svg}"
every_network = pytest.mark.parametrize("record", CATALOGUE, ids=lambda record: record.slug)


def drawn_anew(record, **options):
    return draw(on_meta(record.build), record.input_shape, f"{record.title} ({record.year})", **options)


drawing_of = cache(drawn_anew)  # most tests only look at it


def size(svg):
    return tuple(float(side) for side in re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups())


def texts(svg):
    """Return each text of a picture with its left, right and baseline."""
    found = []

    def walk(element, x, y):
        moved = re.match(r"translate\((\S+) (\S+)\)", element.get("transform", ""))
        if moved:
            x, y = x + float(moved[1]), y + float(moved[2])
        if element.tag == SVG + "text":
            width = text_width(element.text, float(element.get("font-size")))
            left = x + float(element.get("x")) - width * {"middle": 0.5, "end": 1}.get(element.get("text-anchor"), 0)
            found.append((element.text, left, left + width, y + float(element.get("y"))))
        for child in element:
            walk(child, x, y)

    walk(ElementTree.fromstring(svg), 0.0, 0.0)
    return found


@every_network
@pytest.mark.parametrize("detail", ["blocks", "layers"])
def test_no_text_lies_over_another_or_outside_the_picture(record, detail):
    svg = drawing_of(record, detail=detail).svg
    width, height = size(svg)
    rows = {}
    for text, left, right, baseline in texts(svg):
        assert left >= 0 <= baseline <= height, text
        assert right <= width, text
        rows.setdefault(round(baseline / 4), []).append((left, right, text))
    for row in rows.values():
        row.sort()
        for (_, right, first), (left, _, second) in pairwise(row):
            assert right <= left + 1, (first, second)


@every_network
def test_folded_picture_fits_a_page(record):
    svg = drawing_of(record).svg
    width, height = size(svg)
    assert width <= 1100
    assert height <= 1650
    assert len(svg.encode()) <= 100_000


@every_network
def test_picture_is_well_formed_and_the_same_every_time(record):
    drawing = drawing_of(record)
    root = ElementTree.fromstring(drawing.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == drawing.alternative_text
    assert drawing.svg == drawn_anew(record).svg
    assert "http" not in drawing.svg.replace("http://www.w3.org/2000/svg", "")


def test_pictures_of_weights_and_of_none_are_the_same():
    assert draw(LeNet5(), (1, 32, 32)).svg == draw(on_meta(LeNet5), (1, 32, 32)).svg


@pytest.mark.slow
def test_repeats_are_folded_and_counted():
    drawing = drawing_of(next(record for record in CATALOGUE if record.slug == "inception-v4"))
    folded = {frame.title: frame.times for frame in frames_of(drawing.column)}
    assert folded["Inception-A"] == 4
    assert folded["Inception-B"] == 7
    assert folded["Inception-C"] == 3
    assert folded["Reduction-A"] == folded["Reduction-B"] == folded["Stem"] == 1


def layers_behind(part):
    """Count the layers that a part of a picture stands for."""
    match part:
        case Towers(branches, join):
            inside = sum(count * sum(map(layers_behind, column.items)) for column, count in branches)
            return inside + (0 if join is None else len(join.all_layers))
        case _:
            return len(part.all_layers)


@every_network
def test_every_layer_is_behind_something_that_is_drawn(record):
    drawing = drawing_of(record)
    in_blocks = {layer for frame in frames_of(drawing.column) for layer in frame.all_layers}
    reshaping = [each for each in drawing.layers if each.kind is KINDS["reshaping"] and each not in in_blocks]
    hidden = [each for each in reshaping if not each.label.startswith("dropout")]
    assert sum(map(layers_behind, drawing.column.items)) + len(hidden) == len(drawing.layers)


@every_network
def test_full_view_has_a_box_for_every_layer(record):
    drawing = drawing_of(record, detail="layers")
    assert sum(1 for _ in boxes_of(drawing.column)) == len(drawing.layers)


def test_shortcut_and_projection_are_branches_that_meet_in_a_sum():
    model = on_meta(ResNet50)
    first, second, *_ = (frame for frame in frames_of(draw(model, (3, 224, 224)).column) if frame.title == "Bottleneck")
    for frame, projected in ((first, True), (second, False)):
        (towers,) = frame.body.items
        assert isinstance(towers, Towers)
        assert towers.join.label == "add"
        assert [name for _, name in towers.join.chips] == ["ReLU"]
        shortcut, _ = towers.branches[1]
        assert bool(shortcut.items) == projected


@pytest.mark.slow
def test_scaled_addition_is_named():
    record = next(record for record in CATALOGUE if record.slug == "inception-resnet-v2")
    joins = {box.label for box in boxes_of(drawing_of(record).column) if isinstance(box, Box)}
    assert {"scaled add", "concatenate", "×0.17", "×0.1", "×0.2"} <= joins


def test_block_view_opens_one_block_to_single_layers():
    drawing = draw(on_meta(InceptionV1), (3, 224, 224), block="inception.3a")
    boxes = list(boxes_of(drawing.column))
    assert drawing.title == "Inception module · 3a"
    assert boxes[0].shape == (192, 28, 28)
    assert [box.label for box in boxes].count("ReLU") == 6
    assert "5×5 conv, 32" in drawing.svg
    assert not any(isinstance(box, Frame) for box in boxes)


def test_unknown_block_is_refused_with_those_there_are():
    with pytest.raises(LookupError, match=r"no block 'inception\.9z' to draw; it has .*inception\.3a"):
        draw(on_meta(InceptionV1), (3, 224, 224), block="inception.9z")


def test_unknown_detail_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="'blocks', 'layers', not 'all'"):
        draw(on_meta(LeNet5), (1, 32, 32), detail="all")


def test_kernel_stride_channels_and_groups_stand_in_the_boxes():
    class Strided(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Conv2d(4, 8, (1, 7), stride=2, groups=2), nn.Conv2d(8, 8, 3, groups=8))

    svg = draw(Strided(), (4, 16, 32)).svg
    assert "1×7 conv /2, 8, 2 groups" in svg
    assert "3×3 depthwise, 8" in svg


@pytest.mark.slow
def test_drawing_leaves_model_mode_and_random_state_alone():
    model = InceptionV3(auxiliary=True).train()
    model.average.eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    held, state = set(vars(model)), torch.get_rng_state()
    draw(model, (3, 299, 299))
    assert model.training
    assert not model.average.training
    assert set(vars(model)) == held
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_model_that_cannot_be_traced_is_refused_with_its_line_and_a_way_out():
    class Branching(nn.Module):
        def forward(self, images):
            if images.sum() > 0:
                return images
            return -images

    with pytest.raises(ValueError, match="Branching cannot be traced") as error:
        draw(Branching(), (1, 4, 4))
    assert "if images.sum() > 0:" in str(error.value)
    assert "Put such a step into a module of its own" in str(error.value)


def test_images_of_another_shape_are_refused_in_the_networks_words():
    with pytest.raises(ValueError, match=r"LeNet5 expects a batch of images of shape \(N, 1, 32, 32\)"):
        draw(on_meta(LeNet5), (3, 32, 32))


def test_text_says_everything_indented():
    text = draw(LeNet5(), (1, 32, 32)).text()
    assert "c3: 5×5 partial conv, 16 → 16×10×10, 1,516 parameters, " in text
    assert "squash (call 2): scaled tanh → 6×14×14" in text
    nested = draw(on_meta(InceptionV1), (3, 224, 224)).text().splitlines()
    assert "[Inception module · 3a] inception.3a" in nested
    assert "    branch 1 of 4" in nested


@every_network
def test_words_of_a_picture_are_short(record):
    words = drawing_of(record).alternative_text
    assert words.startswith(f"{record.title} ({record.year}), from top to bottom: image")
    assert len(words) < 900


def test_files_have_the_format_of_their_ending(tmp_path):
    drawing = draw(LeNet5(), (1, 32, 32))
    starts = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}
    for ending, start in starts.items():
        drawing.save(tmp_path / "new" / ending / f"lenet.{ending}")
        assert (tmp_path / "new" / ending / f"lenet.{ending}").read_bytes().startswith(start)
    with pytest.raises(ValueError, match=r"as \.svg, \.png or \.pdf, not as 'lenet\.jpg'"):
        drawing.save(tmp_path / "lenet.jpg")


def test_png_without_its_library_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cairosvg", None)
    with pytest.raises(ImportError, match=r"pip install 'cnncourse\[figures\]'"):
        draw(LeNet5(), (1, 32, 32)).save(tmp_path / "lenet.png")


def test_pictures_carry_alternative_text():
    picture = image_grid(torch.randn(3, 4, 4), ["a", "b", "c"], "three random squares", columns=3, signed=True)
    assert isinstance(picture, Picture)
    content, metadata = picture._repr_mimebundle_()
    assert 'alt="three random squares" src="data:image/png;base64,' in content["text/html"]
    assert content["text/plain"] == "three random squares"
    assert metadata == {"text/html": {"axes": ["1 images | a", "1 images | b", "1 images | c", "1 areas | value"]}}


def test_colour_images_are_shown_in_colour():
    colours = torch.tensor([[1.0, -1, -1], [-1, -1, 1]]).view(2, 3, 1, 1).expand(2, 3, 4, 4)
    shown = plt.imread(BytesIO(image_grid(colours, ["red", "blue"], "a red and a blue square", columns=2).png))
    assert (shown[..., :3] == torch.tensor([1.0, 0, 0]).numpy()).all(axis=-1).any()
    assert (shown[..., :3] == torch.tensor([0, 0, 1.0]).numpy()).all(axis=-1).any()


def test_costs_are_told_in_words_layer_by_layer():
    table = measure.layers(LeNet5(), (1, 32, 32))
    words = repr(cost_bars(table))
    assert "parameters: c1 0.3 %, s2 0.0 %, c3 2.5 %" in words
    assert "c5 80.2 %" in words
    assert "squash" not in words
