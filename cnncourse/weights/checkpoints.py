"""What is published: for each file of weights its network, where it lies, and what it demands of a picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from torch import nn

from cnncourse.architectures import architecture
from cnncourse.architectures.alexnet.model import OneTowerAlexNet
from cnncourse.architectures.inception_resnet_v2.model import InceptionResNetV2
from cnncourse.architectures.inception_v1.model import InceptionV1
from cnncourse.architectures.inception_v3.model import InceptionV3
from cnncourse.architectures.inception_v4.model import InceptionV4
from cnncourse.architectures.resnet50.model import ResNet, ResNet50
from cnncourse.architectures.resnext50.model import ResNeXt50
from cnncourse.architectures.vgg16.model import VGG, VGG16
from cnncourse.architectures.xception.model import Xception
from cnncourse.data.preprocessing import Preprocessing

TORCHVISION = "https://download.pytorch.org/models/"
TIMM = "https://github.com/huggingface/pytorch-image-models/releases/download/"


@dataclass(frozen=True)
class Checkpoint:
    """Weights that a library publishes.

    Attributes:
        name: the network's in the course: an architecture's slug, or that of one of its family.
        source: "torchvision" or "timm".
        build: makes the network that the weights are for.
        address: where they are downloaded; the file name ends with the beginning of its SHA-256.
        preprocessing: what they demand of a picture.
        adjust: sets what weights cannot carry and the library does differently from the authors; says what it set.
        background: whether the published file has a class before the others, for "none of them", which is left out.

    """

    name: str
    source: str
    build: Callable[..., nn.Module]
    address: str
    preprocessing: Preprocessing
    adjust: Callable[[nn.Module], str] | None = None
    background: bool = False

    @property
    def file_name(self) -> str:
        """Name of the file that is downloaded."""
        return self.address.rpartition("/")[2]

    @property
    def checksum(self) -> str:
        """The beginning of the file's SHA-256, in hexadecimal digits: eight or nine of them, as its name has them."""
        return self.file_name.rpartition(".")[0].rpartition("-")[2]


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
# torchvision's references/classification and timm's default configurations, November 2026. Torchvision normalises for
# its two Inceptions with ImageNet's mean and then turns that into 0.5 within the network ("transform_input").
_HALF = {"mean": (0.5, 0.5, 0.5), "deviation": (0.5, 0.5, 0.5)}
_USUAL = Preprocessing()
_GOOGLENET = replace(_USUAL, **_HALF)
_STRIKES_BACK = replace(_USUAL, resize=235, interpolation="bicubic")  # 224 / 0.95, rounded down
_TORCHVISIONS_V3 = Preprocessing(299, 342, "bilinear", **_HALF)
_TIMMS_V3 = Preprocessing(299, 341, "bicubic", **_HALF)  # 299 / 0.875, rounded down
_LARGE_WINDOW = Preprocessing(299, 333, "bicubic", **_HALF)  # 299 / 0.8975, rounded down
_V3_FILE = TORCHVISION + "inception_v3_google-0cc3c7bd.pth"
_A1 = TIMM + "v0.1-rsb-weights/"

CHECKPOINTS: tuple[Checkpoint, ...] = (
    Checkpoint("alexnet", "torchvision", OneTowerAlexNet, TORCHVISION + "alexnet-owt-7be5be79.pth", _USUAL),
    *(
        Checkpoint(name, source, build, TORCHVISION + file_name, _USUAL)
        for source in ("torchvision", "timm")
        for name, build, file_name in (
            ("vgg-11", partial(VGG, configuration="A"), "vgg11-8a719046.pth"),
            ("vgg-13", partial(VGG, configuration="B"), "vgg13-19584684.pth"),
            ("vgg-16", VGG16, "vgg16-397923af.pth"),
            ("vgg-19", partial(VGG, configuration="E"), "vgg19-dcbb9e9d.pth"),
        )
    ),
    Checkpoint(
        "inception-v1",
        "torchvision",
        partial(InceptionV1, batch_norm=True),
        TORCHVISION + "googlenet-1378be20.pth",
        _GOOGLENET,
        _own_normalisation,
    ),
    Checkpoint("inception-v3", "torchvision", InceptionV3, _V3_FILE, _TORCHVISIONS_V3, _as_torchvisions_inception_v3),
    Checkpoint("inception-v3", "timm", InceptionV3, _V3_FILE, _TIMMS_V3, _as_torchvisions_inception_v3),
    *(
        Checkpoint(f"resnet-{depth}", source, partial(ResNet, depth=depth, **stride), address, preprocessing)
        for depth, stride, theirs, a1 in (
            (18, {}, "resnet18-f37072fd.pth", "resnet18_a1_0-d63eafa0.pth"),
            (34, {}, "resnet34-b627a593.pth", "resnet34_a1_0-46f8f793.pth"),
            (101, _FACEBOOK_STRIDE, "resnet101-63fe2227.pth", "resnet101_a1_0-cdcb52a9.pth"),
            (152, _FACEBOOK_STRIDE, "resnet152-394f9c45.pth", "resnet152_a1_0-2eee8a7a.pth"),
        )
        for source, address, preprocessing in (
            ("torchvision", TORCHVISION + theirs, _USUAL),
            ("timm", _A1 + a1, _STRIKES_BACK),
        )
    ),
    Checkpoint(
        "resnet-50", "torchvision", partial(ResNet50, **_FACEBOOK_STRIDE), TORCHVISION + "resnet50-0676ba61.pth", _USUAL
    ),
    Checkpoint(
        "resnet-50", "timm", partial(ResNet50, **_FACEBOOK_STRIDE), _A1 + "resnet50_a1_0-14fe96d1.pth", _STRIKES_BACK
    ),
    *(
        Checkpoint("resnext-50", source, ResNeXt50, TORCHVISION + "resnext50_32x4d-7cdf4587.pth", _USUAL)
        for source in ("torchvision", "timm")
    ),
    Checkpoint(
        "xception", "timm", Xception, TIMM + "v0.1-cadene/xception-43020ad28.pth", _LARGE_WINDOW, _small_epsilon
    ),
    Checkpoint(
        "inception-v4",
        "timm",
        InceptionV4,
        TIMM + "v0.1-cadene/inceptionv4-8e4777a0.pth",
        _TIMMS_V3,
        background=True,
    ),
    Checkpoint(
        "inception-resnet-v2",
        "timm",
        InceptionResNetV2,
        TIMM + "v0.1-weights/inception_resnet_v2-940b1cd6.pth",
        _LARGE_WINDOW,
        background=True,
    ),
)


def checkpoint(name: str, source: str | None = None) -> Checkpoint:
    """Return the record of a network's published weights.

    Args:
        name: of a network with weights, such as "resnet-50" or "vgg-19"; numbers of chapters will do.
        source: "torchvision" or "timm"; the first of the two that has some if left out.

    Raises:
        LookupError: if nobody publishes weights for this network, or not this source; the message says who does.

    """
    names = {each.name: each for each in CHECKPOINTS}
    slug = name if name in names else architecture(name).slug
    offered = [each for each in CHECKPOINTS if each.name == slug]
    if not offered:
        raise LookupError(f"nobody publishes weights of {slug}; there are some of {', '.join(sorted(names))}")
    for each in offered:
        if source in (None, each.source):
            return each
    raise LookupError(
        f"{source} publishes no weights of {slug}; {' and '.join(each.source for each in offered)} can be given"
    )
