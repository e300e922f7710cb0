"""Fill a network with the weights that torchvision or timm publish for it.

Nothing is matched by name: the tensors of a checkpoint and those of the model must agree in number, order and
shape, and everything is compared before the model is touched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from cnncourse.architectures.alexnet.model import OneTowerAlexNet
from cnncourse.architectures.inception_resnet_v2.model import InceptionResNetV2
from cnncourse.architectures.inception_v1.model import InceptionV1
from cnncourse.architectures.inception_v3.model import InceptionV3
from cnncourse.architectures.inception_v4.model import InceptionV4
from cnncourse.architectures.resnet50.model import ResNet, ResNet50
from cnncourse.architectures.resnext50.model import ResNeXt50
from cnncourse.architectures.vgg16.model import VGG, VGG16
from cnncourse.architectures.xception.model import Xception

TORCHVISION = "https://download.pytorch.org/models/"
TIMM = "https://github.com/huggingface/pytorch-image-models/releases/download/"
AUXILIARY_NAMES = ("aux1.", "aux2.", "AuxLogits.")  # of torchvision's auxiliary classifiers


@dataclass(frozen=True)
class Checkpoint:
    """Weights that a library publishes.

    Attributes:
        source: "torchvision" or "timm".
        build: makes the network that the weights are for.
        address: where they are downloaded; the file name ends with the beginning of its SHA-256.
        adjust: sets what weights cannot carry and the library does differently from the authors; says what it set.
        background: whether the published file has a class before the others, for "none of them", which is left out.

    """

    source: str
    build: Callable[..., nn.Module]
    address: str
    adjust: Callable[[nn.Module], str] | None = None
    background: bool = False


def _average_with_border(model: nn.Module) -> str:
    for module in model.modules():
        if isinstance(module, nn.AvgPool2d):
            module.count_include_pad = True
    return "average pools count the zeros beyond the border, which those of the authors do not"


def _own_normalisation(_model: nn.Module) -> str:
    return "images are to be normalised with mean 0.5 and standard deviation 0.5, not with ImageNet's"


def _as_torchvisions_inception_v3(model: nn.Module) -> str:
    return f"{_average_with_border(model)}; {_own_normalisation(model)}"


def _small_epsilon(model: nn.Module) -> str:
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-5
    return "batch normalisation has an epsilon of 1e-5, the author's has 1e-3"


_FACEBOOK_STRIDE = {"stride_in": "3x3"}
CHECKPOINTS: tuple[Checkpoint, ...] = (
    Checkpoint("torchvision", OneTowerAlexNet, TORCHVISION + "alexnet-owt-7be5be79.pth"),
    Checkpoint("torchvision", partial(VGG, configuration="A"), TORCHVISION + "vgg11-8a719046.pth"),
    Checkpoint("torchvision", partial(VGG, configuration="B"), TORCHVISION + "vgg13-19584684.pth"),
    Checkpoint("torchvision", VGG16, TORCHVISION + "vgg16-397923af.pth"),
    Checkpoint("torchvision", partial(VGG, configuration="E"), TORCHVISION + "vgg19-dcbb9e9d.pth"),
    Checkpoint("timm", partial(VGG, configuration="A"), TORCHVISION + "vgg11-8a719046.pth"),
    Checkpoint("timm", partial(VGG, configuration="B"), TORCHVISION + "vgg13-19584684.pth"),
    Checkpoint("timm", VGG16, TORCHVISION + "vgg16-397923af.pth"),
    Checkpoint("timm", partial(VGG, configuration="E"), TORCHVISION + "vgg19-dcbb9e9d.pth"),
    Checkpoint(
        "torchvision", partial(InceptionV1, batch_norm=True), TORCHVISION + "googlenet-1378be20.pth", _own_normalisation
    ),
    Checkpoint(
        "torchvision", InceptionV3, TORCHVISION + "inception_v3_google-0cc3c7bd.pth", _as_torchvisions_inception_v3
    ),
    Checkpoint("timm", InceptionV3, TORCHVISION + "inception_v3_google-0cc3c7bd.pth", _as_torchvisions_inception_v3),
    Checkpoint("torchvision", partial(ResNet, depth=18), TORCHVISION + "resnet18-f37072fd.pth"),
    Checkpoint("torchvision", partial(ResNet, depth=34), TORCHVISION + "resnet34-b627a593.pth"),
    Checkpoint("torchvision", partial(ResNet50, **_FACEBOOK_STRIDE), TORCHVISION + "resnet50-0676ba61.pth"),
    Checkpoint("timm", partial(ResNet50, **_FACEBOOK_STRIDE), TIMM + "v0.1-rsb-weights/resnet50_a1_0-14fe96d1.pth"),
    Checkpoint("torchvision", partial(ResNet, depth=101, **_FACEBOOK_STRIDE), TORCHVISION + "resnet101-63fe2227.pth"),
    Checkpoint("torchvision", partial(ResNet, depth=152, **_FACEBOOK_STRIDE), TORCHVISION + "resnet152-394f9c45.pth"),
    Checkpoint("timm", partial(ResNet, depth=18), TIMM + "v0.1-rsb-weights/resnet18_a1_0-d63eafa0.pth"),
    Checkpoint("timm", partial(ResNet, depth=34), TIMM + "v0.1-rsb-weights/resnet34_a1_0-46f8f793.pth"),
    Checkpoint(
        "timm", partial(ResNet, depth=101, **_FACEBOOK_STRIDE), TIMM + "v0.1-rsb-weights/resnet101_a1_0-cdcb52a9.pth"
    ),
    Checkpoint(
        "timm", partial(ResNet, depth=152, **_FACEBOOK_STRIDE), TIMM + "v0.1-rsb-weights/resnet152_a1_0-2eee8a7a.pth"
    ),
    Checkpoint("torchvision", ResNeXt50, TORCHVISION + "resnext50_32x4d-7cdf4587.pth"),
    Checkpoint("timm", ResNeXt50, TORCHVISION + "resnext50_32x4d-7cdf4587.pth"),
    Checkpoint("timm", Xception, TIMM + "v0.1-cadene/xception-43020ad28.pth", _small_epsilon),
    Checkpoint("timm", InceptionV4, TIMM + "v0.1-cadene/inceptionv4-8e4777a0.pth", background=True),
    Checkpoint("timm", InceptionResNetV2, TIMM + "v0.1-weights/inception_resnet_v2-940b1cd6.pth", background=True),
)


def load_pretrained(model: nn.Module, source: str, path: str | Path | None = None) -> None:
    """Fill a network of the course with published weights.

    Where a library does something differently from the authors that weights cannot carry, that is set too, and
    printed.

    Args:
        model: the network, with 1,000 classes, in the form that the library has: AlexNet's "one-weird-trick", ResNet-50
            "v1.5", Inception-v1 "batch-norm" and so on.
        source: "torchvision" or "timm".
        path: file with the library's ``state_dict``; downloaded, checked and kept in torch's own cache if left out.

    Raises:
        LookupError: if the source has no weights for this network; the message says which it has.
        ValueError: if the checkpoint does not fit the model, which is then left as it was.
        OSError: if the weights cannot be downloaded.

    """
    checkpoint = _checkpoint_for(model, source)
    tensors = _fetched(checkpoint) if path is None else torch.load(path, map_location="cpu", weights_only=True)
    matched = _match(model, tensors, background=checkpoint.background)
    model.load_state_dict(matched)
    if checkpoint.adjust is not None:
        print(f"As in {source}, {checkpoint.adjust(model)}.")


def _checkpoint_for(model: nn.Module, source: str) -> Checkpoint:
    known = sorted({checkpoint.source for checkpoint in CHECKPOINTS})
    if source not in known:
        raise LookupError(f"weights come from {' or '.join(known)}, not from {source!r}")
    offered = [checkpoint for checkpoint in CHECKPOINTS if checkpoint.source == source]
    description = repr(model)  # tells every layer, kernel, stride, padding and epsilon
    for checkpoint in offered:
        for auxiliary in ({}, {"auxiliary": True}):
            if description in _described(checkpoint, auxiliary):
                return checkpoint
    names = ", ".join(Path(checkpoint.address).name.rpartition("-")[0] for checkpoint in offered)
    raise LookupError(
        f"{source} has no weights for this {type(model).__name__}: its layers, strides or classes are others. "
        f"It has weights for {names}"
    )


def _described(checkpoint: Checkpoint, options: Mapping[str, bool]) -> set[str]:
    """Return what a checkpoint's network looks like, before and after it has been adjusted."""
    with torch.device("meta"):
        try:
            model = checkpoint.build(**options)
        except TypeError:  # a network without auxiliary classifiers
            return set()
    described = {repr(model)}
    if checkpoint.adjust is not None:
        checkpoint.adjust(model)
        described.add(repr(model))
    return described


def _fetched(checkpoint: Checkpoint) -> Mapping[str, Tensor]:
    try:
        return torch.hub.load_state_dict_from_url(
            checkpoint.address, map_location="cpu", progress=True, check_hash=True, weights_only=True
        )
    except OSError as error:
        raise OSError(
            f"the weights could not be downloaded from {checkpoint.address} ({error}). Check the network, or download "
            "the file elsewhere and give its path: load_pretrained(model, source, path)"
        ) from error


def _match(model: nn.Module, tensors: Mapping[str, Tensor], *, background: bool) -> dict[str, Tensor]:
    """Return the checkpoint's tensors under the model's names, matched by order and shape."""
    own = {name: tensor for name, tensor in model.state_dict().items() if not _is_counter(name)}
    given = {name: tensor for name, tensor in tensors.items() if not _is_counter(name)}
    if getattr(model, "auxiliary_4a", None) is None and getattr(model, "auxiliary", None) is None:
        given = {name: tensor for name, tensor in given.items() if not name.startswith(AUXILIARY_NAMES)}
    if background:
        classifier = list(given)[-2:]  # weight and bias
        classes = next(reversed(own.values())).shape[0]
        given |= {name: given[name][1:] for name in classifier if given[name].shape[0] == classes + 1}
    for (own_name, own_tensor), (name, tensor) in zip(own.items(), given.items(), strict=False):
        if own_tensor.ndim == 2 and tensor.ndim == 4 and own_tensor.shape == tensor.flatten(1).shape:
            given[name] = tensor.flatten(1)  # timm keeps the fully connected layers of a VGG as convolutions
        elif own_tensor.shape != tensor.shape:
            raise ValueError(
                f"the checkpoint does not fit: {own_name} has shape {tuple(own_tensor.shape)}, "
                f"and the tensor in its place, {name}, {tuple(tensor.shape)}"
            )
    if len(own) != len(given):
        raise ValueError(f"the checkpoint does not fit: the model has {len(own)} tensors, the checkpoint {len(given)}")
    counters = {name: tensor for name, tensor in model.state_dict().items() if _is_counter(name)}
    return dict(zip(own, given.values(), strict=True)) | counters


def _is_counter(name: str) -> bool:
    """Whether a tensor only counts the batches that a batch normalisation has seen: old checkpoints lack them."""
    return name.endswith("num_batches_tracked")
