"""Pictures are classified as the library that published the weights does, and the map says where the network looked."""

import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from cnncourse import classify
from cnncourse.architectures import CATALOGUE, architecture
from cnncourse.cli import main
from cnncourse.data.preprocessing import Preprocessing
from cnncourse.training import seeded
from cnncourse.weights.activation_map import activation_map
from cnncourse.weights.checkpoints import CHECKPOINTS, checkpoint
from cnncourse.weights.classes import imagenet_classes
from cnncourse.weights.trained import Form, save_network, trained_network
from tests.data.test_preprocessing import HALF, IMAGENET, as_torchvision


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file as torchvision publishes one for ResNet-18, untrained but for batch normalisation."""
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    with seeded(0):
        model = architecture("resnet-50").build(variant="resnet-18")
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        model(torch.randn(4, 3, 64, 64))
    counted = [tensor for name, tensor in model.state_dict().items() if "num_batches" not in name]
    torch.save({f"their.{number}": tensor for number, tensor in enumerate(counted)}, path)
    return path


@pytest.mark.slow
def test_scores_are_those_of_the_library_for_its_own_tensor(weights):
    """torchvision's transform and softmax, written out, through the same weights."""
    shown = Image.fromarray(skimage.data.coffee())
    expected = torch.from_numpy(as_torchvision(shown, 224, 256, Image.Resampling.BILINEAR, *IMAGENET))
    model = trained_network("resnet-18", "torchvision", weights).model
    with torch.no_grad():
        probabilities = model(expected.unsqueeze(0)).softmax(dim=1)[0]
    found = classify(shown, "resnet-18", weights=weights)
    assert [guess.label for guess in found.guesses] == probabilities.topk(5).indices.tolist()
    assert [guess.probability for guess in found.guesses] == pytest.approx(probabilities.topk(5).values.tolist())
    assert [guess.name for guess in found.guesses] == [str(imagenet_classes()[guess.label]) for guess in found.guesses]


# What the libraries' own configurations say, November 2026: window, scaled side, mean.
DEMANDS = {
    ("torchvision", "alexnet"): (224, 256, "bilinear", IMAGENET),
    ("torchvision", "vgg-16"): (224, 256, "bilinear", IMAGENET),
    ("timm", "vgg-19"): (224, 256, "bilinear", IMAGENET),
    ("torchvision", "inception-v1"): (224, 256, "bilinear", HALF),
    ("torchvision", "inception-v3"): (299, 342, "bilinear", HALF),
    ("timm", "inception-v3"): (299, 341, "bicubic", HALF),
    ("torchvision", "resnet-50"): (224, 256, "bilinear", IMAGENET),
    ("timm", "resnet-50"): (224, 235, "bicubic", IMAGENET),
    ("timm", "resnet-152"): (224, 235, "bicubic", IMAGENET),
    ("torchvision", "resnext-50"): (224, 256, "bilinear", IMAGENET),
    ("timm", "resnext-50"): (224, 256, "bilinear", IMAGENET),
    ("timm", "xception"): (299, 333, "bicubic", HALF),
    ("timm", "inception-v4"): (299, 341, "bicubic", HALF),
    ("timm", "inception-resnet-v2"): (299, 333, "bicubic", HALF),
}


@pytest.mark.parametrize(("source", "name"), DEMANDS, ids="-".join)
def test_each_checkpoint_demands_what_its_library_says(source, name):
    crop, resize, interpolation, (mean, deviation) = DEMANDS[source, name]
    assert checkpoint(name, source).preprocessing == Preprocessing(crop, resize, interpolation, mean, deviation)


def test_torchvisions_inceptions_get_what_its_transform_input_makes():
    shown = Image.fromarray(skimage.data.coffee())
    theirs = as_torchvision(shown, 299, 342, Image.Resampling.BILINEAR, *IMAGENET)
    mean, deviation = (np.float32(each).reshape(3, 1, 1) for each in IMAGENET)
    transformed = theirs * (deviation / 0.5) + (mean - 0.5) / 0.5  # Inception3._transform_input
    np.testing.assert_allclose(checkpoint("inception-v3").preprocessing(shown).numpy(), transformed, atol=1e-6)


@pytest.mark.slow
def test_a_network_fits_each_record_and_has_1000_classes():
    for each in {each.name: each for each in CHECKPOINTS}.values():
        with torch.device("meta"):
            images = torch.empty(1, 3, each.preprocessing.crop, each.preprocessing.crop)
            assert each.build().eval()(images).shape == (1, 1000), each.name


def test_the_classes_are_ordered_by_identifier_and_no_two_are_called_alike():
    classes = imagenet_classes()
    identifiers = [each.identifier for each in classes]
    assert len(classes) == 1000
    assert identifiers == sorted(set(identifiers))
    assert len(set(map(str, classes))) == 1000
    # Places that everybody knows who has looked at such scores.
    assert [str(classes[place]) for place in (0, 281, 504, 999)] == ["tench", "tabby", "coffee mug", "toilet tissue"]


# Where it looks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["resnet-50", "resnext-50", "inception-v1", "inception-v3", "xception"])
def test_behind_global_average_pooling_it_is_the_class_activation_map(slug):
    """Zhou et al.'s formula written out: the last maps, each times its weight of the class."""
    with seeded(1):
        model = architecture(slug).small().eval()
        image = torch.randn(3, 64, 64)
    pool = next(module for module in model.modules() if isinstance(module, nn.AdaptiveAvgPool2d))
    kept = []
    hook = pool.register_forward_pre_hook(lambda _module, arguments: kept.append(arguments[0]))
    with torch.no_grad():
        best = model(image.unsqueeze(0)).argmax().item()
    hook.remove()
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    expected = torch.einsum("c,chw->hw", linear.weight[best], kept[0][0]).relu()
    found = activation_map(model, image, best)
    torch.testing.assert_close(found, (expected / expected.max()).detach(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("slug", [record.slug for record in CATALOGUE])
def test_every_network_can_be_asked_where_it_looks(slug):
    record = architecture(slug)
    with seeded(0):
        model = record.small()
    model.requires_grad_(requires_grad=False).train()
    seen = activation_map(model, torch.randn(record.input_shape[0], 32, 32), 1)
    assert seen.ndim == 2
    assert min(seen.shape) > 1
    assert 0 <= seen.min() <= seen.max() <= 1
    assert model.training
    assert not any(module._forward_pre_hooks for module in model.modules() if not list(module.children()))


def test_what_speaks_for_a_class_is_found_where_it_is():
    class BrightSpot(nn.Module):
        def forward(self, images):
            return F.adaptive_avg_pool2d(self.relu(images), 1).flatten(1)

        relu = nn.ReLU()

    image = torch.zeros(3, 8, 8)
    image[1, 2, 5] = 1
    seen = activation_map(BrightSpot(), image, 1)
    assert seen.argmax() == 2 * 8 + 5
    assert seen.sum() == 1


def test_a_network_without_maps_is_refused():
    with pytest.raises(ValueError, match="has no maps"):
        activation_map(nn.Sequential(nn.Flatten(), nn.Linear(3, 2)), torch.zeros(3, 1, 1), 0)


# In the notebook and the terminal -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_prints_guesses_and_draws_where_it_looked(weights, tmp_path, capsys):
    for name in ("coffee", "chelsea"):
        Image.fromarray(getattr(skimage.data, name)()).save(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").write_bytes(b"none")
    pictures = [str(tmp_path / f"{name}.png") for name in ("coffee", "broken", "chelsea")]
    out = tmp_path / "drawn"
    command = ["classify", *pictures, "--model", "resnet-18", "--weights", str(weights), "--to", str(out)]
    assert main(command) == 2
    told = capsys.readouterr()
    assert told.out.count("%") == 10
    assert "broken.png is no picture that can be read" in told.err
    assert sorted(path.name for path in out.iterdir()) == ["chelsea-resnet-18.png", "coffee-resnet-18.png"]


@pytest.mark.slow
def test_in_a_notebook_it_is_a_picture_with_its_words(weights):
    found = classify(skimage.data.coffee(), "resnet-18", weights=weights)
    shown, _ = found._repr_mimebundle_()
    assert 'src="data:image/png;base64,' in shown["text/html"]
    assert f"{found.guesses[0].name} {found.guesses[0].probability:.1%}" in shown["text/html"]
    assert shown["text/plain"] in shown["text/html"]


def test_a_network_of_ones_own_is_read_with_its_names_and_preprocessing(tmp_path):
    form = Form("resnet-50", 3, small=True)
    rule = Preprocessing(32, 36, mean=(0.5,) * 3, deviation=(0.25,) * 3)
    with seeded(0):
        model = form.build().eval()
    save_network(tmp_path / "network.pt", model, form, rule, ("cup", "n02123045", "owl"))
    network = trained_network(weights=tmp_path / "network.pt")
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(network.scores(images), model(images))
    assert (network.preprocessing, network.said) == (rule, ("cup", "tabby", "owl"))
    assert len(classify(skimage.data.coffee(), network).guesses) == 3


def test_files_that_hold_something_else_are_refused(tmp_path):
    (tmp_path / "text.pt").write_text("weights")
    torch.save([1, 2], tmp_path / "list.pt")
    for name, said in (("text.pt", "no file of weights"), ("list.pt", "holds a list")):
        with pytest.raises(ValueError, match=said):
            trained_network("resnet-18", weights=tmp_path / name)
