"""Chapters show a trained network where its weights are, and say what is wanted where they are not."""

import hashlib
from functools import partial

import nbformat
import pytest
import torch

from cnncourse.architectures.resnet50.model import ResNet
from cnncourse.architectures.resnet50.transfer import RECIPE
from cnncourse.notebooks import without_own_things
from cnncourse.training import seeded
from cnncourse.weights.at_hand import (
    PHOTOGRAPHS,
    Wanted,
    at_hand,
    classify_photographs,
    first_kernels,
    without_each_block,
)
from cnncourse.weights.checkpoints import Checkpoint, checkpoint
from cnncourse.weights.downloads import weights_folder
from cnncourse.weights.new_head import errors_of_new_heads, in_words


@pytest.fixture
def nothing(tmp_path, monkeypatch):
    """Neither the course nor torchvision has weights here."""
    for name, value in without_own_things(tmp_path).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def put_there(nothing, tmp_path, monkeypatch):
    """A file where the course keeps weights, of a smaller network that stands in for ResNet-50."""
    build = partial(ResNet, depth=18)
    with seeded(0):
        tensors = build().state_dict()
    counted = {name: tensor for name, tensor in tensors.items() if "num_batches" not in name}
    weights_folder().mkdir(parents=True)
    path = weights_folder() / "unnamed.pth"
    torch.save(counted, path)
    name = f"resnet50-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.pth"
    path.rename(weights_folder() / name)
    rule = checkpoint("resnet-50").preprocessing
    record = Checkpoint("resnet-50", "torchvision", build, f"https://example.org/{name}", rule)
    monkeypatch.setattr("cnncourse.weights.checkpoints.CHECKPOINTS", (record,))


def test_where_there_are_no_weights_it_says_once_what_is_wanted(nothing):
    network = at_hand("resnet-50")
    assert isinstance(network, Wanted)
    assert not network
    for said in ("resnet50-0676ba61.pth", "cnncourse classify PICTURE --model resnet-50", "$CNNCOURSE_DATA"):
        assert said in repr(network)
    for show in (classify_photographs, first_kernels, without_each_block, errors_of_new_heads):
        assert repr(show(network)) == "(needs the weights of resnet-50, see above)"
    assert in_words(errors_of_new_heads(network)) == "(needs the weights of resnet-50, see above)"


@pytest.mark.slow
def test_where_they_are_photographs_are_classified(put_there):
    network = at_hand("resnet-50")
    assert repr(network) == "resnet-50 (torchvision): 1,000 classes, images of 224×224 pixels"
    several = classify_photographs(network)
    assert len(several.classified) == len(PHOTOGRAPHS)
    assert several._repr_mimebundle_()["text/html"].count("<img") == len(PHOTOGRAPHS)


@pytest.mark.slow
def test_kernels_are_drawn_as_many_as_there_are(put_there):
    picture = first_kernels(at_hand("resnet-50"))
    assert len(picture.axes) == 64
    assert "64 kernels of 7×7 pixels" in repr(picture)


@pytest.mark.slow
def test_blocks_are_left_out_one_at_a_time_and_put_back(put_there):
    network = at_hand("resnet-50")
    images = torch.randn(1, 3, 64, 64)
    before = network.scores(images)
    # A block whose last batch normalisation gives nothing is its shortcut: leaving it out changes nothing.
    first = network.model.stages.conv2_x[0].bn2
    torch.nn.init.zeros_(first.weight)
    torch.nn.init.zeros_(first.bias)
    unchanged = network.scores(images)
    said = repr(without_each_block(network))
    assert torch.equal(network.scores(images), unchanged)
    assert not torch.equal(before, unchanged)
    assert said.count("conv") == 8
    whole = int(said.partition("(")[2].partition("%")[0])
    assert f"conv2_1 {whole}%" in said


@pytest.mark.slow
def test_new_heads_are_trained_on_its_features(put_there, monkeypatch):
    monkeypatch.setattr("cnncourse.weights.new_head.SIDE", 32)
    errors = errors_of_new_heads(at_hand("resnet-50"))
    assert len(errors) == len(RECIPE.seeds)
    assert max(errors) < 75  # random features, and still better than chance
    assert "over the seeds" in in_words(errors)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", ["06-resnet-50", "appendix-transfer"])
def test_the_notebooks_cells_run_with_weights_too(put_there, project, monkeypatch, notebook):
    monkeypatch.setattr("cnncourse.weights.new_head.SIDE", 32)
    cells = nbformat.read(project / f"chapters/{notebook}.ipynb", as_version=4).cells
    first = next(number for number, cell in enumerate(cells) if "import at_hand" in cell.source)
    names = {}
    for cell in cells[first:]:
        if cell.cell_type == "code" and ("at_hand" in cell.source or "(trained)" in cell.source):
            exec(cell.source, names)
    assert names["trained"]
