"""Published weights are matched by order and shape, or refused before the model is touched."""

import pytest
import torch
from torch import nn

from cnncourse import load_pretrained
from cnncourse.architectures import architecture
from cnncourse.architectures.inception_v1.model import InceptionV1
from cnncourse.training import seeded


def resnet_18(seed=0, **options):
    with seeded(seed):
        return architecture("resnet-50").build(variant="resnet-18", **options)


def library_file(model, path, change=lambda tensors: tensors):
    """Save a model's tensors as a library has them: the same order and shapes under other names."""
    counted = {name: tensor for name, tensor in model.state_dict().items() if "num_batches" not in name}
    torch.save(change({f"library.{number}": tensor for number, tensor in enumerate(counted.values())}), path)
    return path


@pytest.mark.slow
def test_weights_of_the_same_network_give_the_same_scores(tmp_path):
    source, model = resnet_18(seed=1).eval(), resnet_18(seed=2).eval()
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    load_pretrained(model, "torchvision", library_file(source, tmp_path / "weights.pt"))
    assert torch.equal(model(images), source(images))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensors: tensors | {"one more": torch.zeros(3)}, "the model has 102 tensors, the checkpoint 103"),
        (lambda tensors: dict(list(tensors.items())[:-1]), "the checkpoint 101"),
        (lambda tensors: dict(reversed(tensors.items())), "conv1.weight has shape"),
        (lambda tensors: tensors | {"library.101": torch.zeros(10)}, "fc.bias has shape"),
    ],
    ids=["one too many", "one missing", "another order", "another number of classes"],
)
def test_checkpoint_that_does_not_fit_leaves_the_model_as_it_was(tmp_path, change, said):
    model = resnet_18()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ValueError, match=said):
        load_pretrained(model, "torchvision", library_file(model, tmp_path / "weights.pt", change))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_network_with_other_strides_is_refused_though_its_tensors_fit(tmp_path):
    with torch.device("meta"):
        model = architecture("resnet-50").build()  # the paper's; libraries have the stride in another convolution
    with pytest.raises(LookupError, match="its layers, strides or classes are others"):
        load_pretrained(model, "torchvision", tmp_path / "not even read.pt")


def test_unknown_source_is_refused_with_those_that_exist():
    with pytest.raises(LookupError, match="weights come from timm or torchvision"):
        load_pretrained(resnet_18(), "keras")


@pytest.mark.slow
def test_what_the_library_does_differently_is_set_and_said(tmp_path, capsys):
    with seeded(0):
        model = architecture("xception").build()
    load_pretrained(model, "timm", library_file(model, tmp_path / "weights.pt"))
    load_pretrained(model, "timm", tmp_path / "weights.pt")  # once more, as when a cell is run again
    assert {module.eps for module in model.modules() if isinstance(module, nn.BatchNorm2d)} == {1e-5}
    assert "epsilon of 1e-5" in capsys.readouterr().out


@pytest.mark.slow
def test_class_for_none_of_them_is_left_out(tmp_path):
    with seeded(0):
        source, model = architecture("inception-v4").build(), architecture("inception-v4").build()

    def with_background(tensors):
        *_, weight, bias = tensors
        extra = {name: torch.cat([tensors[name][:1] + 1, tensors[name]]) for name in (weight, bias)}
        return tensors | extra

    load_pretrained(model, "timm", library_file(source, tmp_path / "weights.pt", with_background))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), source.parameters(), strict=True))


@pytest.mark.slow
def test_fully_connected_layers_kept_as_convolutions_fit(tmp_path):
    def as_convolutions(tensors):
        shapes = {(4096, 25088): (4096, 512, 7, 7), (4096, 4096): (4096, 4096, 1, 1)}
        return {name: tensor.reshape(shapes.get(tuple(tensor.shape), tensor.shape)) for name, tensor in tensors.items()}

    source, model = (architecture("vgg-16").build(variant="vgg-11") for _ in range(2))
    load_pretrained(model, "timm", library_file(source, tmp_path / "weights.pt", as_convolutions))
    assert torch.equal(model.fc1.weight, source.fc1.weight)


def test_auxiliary_classifiers_of_a_checkpoint_are_left_out_where_the_model_has_none(tmp_path):
    with seeded(0):
        source, model = (InceptionV1(batch_norm=True, auxiliary=auxiliary) for auxiliary in (True, False))
    names = {"auxiliary_4a": "aux1", "auxiliary_4d": "aux2"}
    tensors = {
        ".".join(names.get(part, part) for part in name.split(".")): tensor
        for name, tensor in source.state_dict().items()
    }
    torch.save(tensors, tmp_path / "weights.pt")
    load_pretrained(model, "torchvision", tmp_path / "weights.pt")
    assert torch.equal(model.output.weight, source.output.weight)
