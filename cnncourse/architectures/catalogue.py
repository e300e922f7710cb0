"""The course's networks, in order of publication. Whatever walks over the course walks over this list.

Chapters keep the numbers of the article that the course grew from, which differ from that order in two places.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from cnncourse.checking import Exercise
    from cnncourse.learner import Prediction, Question


@dataclass(frozen=True)
class Reported:
    """An error that a paper reports. Protocols differ so much that two of them seldom can be compared.

    Attributes:
        error: in percent.
        protocol: of what, on what, and how many crops.

    """

    error: float
    protocol: str


@dataclass(frozen=True)
class Inheritance:
    """What a network takes over from an earlier one.

    Attributes:
        slug: the earlier network.
        idea: what is taken over.

    """

    slug: str
    idea: str


@dataclass(frozen=True)
class Architecture:
    """A network of the course.

    Attributes:
        chapter: name of its notebook and of its exercise's folder, for example "01-lenet-5".
        slug: its name in files, for example "lenet-5".
        module: its package under ``cnncourse.architectures``.
        title: its name in prose.
        class_name: its class in ``model.py``.
        published: day or month of first publication, for example "1998-11".
        authors: as the paper lists them.
        venue: where the paper appeared.
        paper: the paper's title.
        input_shape: one image: (channels, height, width).
        what_is_new: in a sentence.
        improves_on: what was there before.
        reported: the error in its paper.
        inherits: what it takes over from earlier networks of the course.
        variants: names of the variants, which ``model.py`` defines and documents.
        variant_shapes: the image of those variants that take another.
        read_before: the chapter that needs what it teaches, "" if its own number says where it is read.

    """

    chapter: str
    slug: str
    module: str
    title: str
    class_name: str
    published: str
    authors: str
    venue: str
    paper: str
    input_shape: tuple[int, int, int]
    what_is_new: str
    improves_on: str
    reported: Reported
    inherits: tuple[Inheritance, ...] = ()
    variants: tuple[str, ...] = ()
    variant_shapes: Mapping[str, tuple[int, int, int]] = field(default_factory=dict, hash=False)
    read_before: str = ""

    @property
    def year(self) -> int:
        """Year of first publication."""
        return int(self.published[:4])

    @property
    def number(self) -> str:
        """Number of the chapter, "A" for the appendix."""
        first = self.chapter.partition("-")[0]
        return first.lstrip("0") if first.isdigit() else first[0].upper()

    @property
    def has_chapter(self) -> bool:
        """Whether the chapter is there: its notebook, exercise and quiz, and not the network alone."""
        return find_spec(f"cnncourse.architectures.{self.module}.exercise") is not None

    def shape_of(self, variant: str | None = None) -> tuple[int, int, int]:
        """Return the image that a variant takes, or the network as published: (channels, height, width)."""
        return self.variant_shapes.get(variant, self.input_shape)

    def build(self, *, variant: str | None = None, **options: object) -> "nn.Module":
        """Build the network.

        Args:
            variant: one of ``variants``; the network as published if left out.
            options: passed on to the class, such as ``num_classes``.

        Raises:
            LookupError: if there is no such variant.

        """
        if variant is not None and variant not in self.variants:
            known = ", ".join(self.variants) or "none"
            raise LookupError(f"{self.title} has no variant {variant!r}; its variants: {known}")
        model = self._load("model")
        build = getattr(model, self.class_name) if variant is None else model.VARIANTS[variant]
        return build(**options)

    def small(self, **options: object) -> "nn.Module":
        """Build the network's form for 32×32 images, which trains on the course's own data in seconds.

        Args:
            options: ``num_classes`` (ten if left out) and ``in_channels`` (those of ``input_shape`` if left out).

        """
        return getattr(self._load("model"), self.class_name).small(**options)

    def exercise(self) -> "Exercise":
        """Return the definition of the chapter's exercise."""
        return self._load("exercise").EXERCISE

    def questions(self) -> "tuple[Question, ...]":
        """Return the questions of the chapter's quiz."""
        return self._load("questions").QUESTIONS

    def predictions(self) -> "tuple[Prediction, ...]":
        """Return the predictions that the chapter asks for."""
        return self._load("questions").PREDICTIONS

    def _load(self, name: str) -> object:
        return import_module(f"cnncourse.architectures.{self.module}.{name}")


CATALOGUE: tuple[Architecture, ...] = (
    Architecture(
        chapter="01-lenet-5",
        slug="lenet-5",
        module="lenet5",
        title="LeNet-5",
        class_name="LeNet5",
        published="1998-11",
        authors="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner",
        venue="Proceedings of the IEEE 86(11), 1998",
        paper="Gradient-based learning applied to document recognition",
        input_shape=(1, 32, 32),
        what_is_new="convolutions with shared weights, alternating with sub-sampling, trained as a whole",
        improves_on="hand-made features, and fully connected networks that must learn each position anew",
        reported=Reported(0.95, "MNIST test error, without distorted training data"),
        variants=("modern",),
    ),
    Architecture(
        chapter="02-alexnet",
        slug="alexnet",
        module="alexnet",
        title="AlexNet",
        class_name="AlexNet",
        published="2012-12",
        authors="A. Krizhevsky, I. Sutskever, G. E. Hinton",
        venue="NIPS 2012",
        paper="ImageNet classification with deep convolutional neural networks",
        input_shape=(3, 227, 227),
        what_is_new="a convolutional network of sixty million parameters, with ReLU and dropout, on two graphics cards",
        improves_on="LeNet-5, whose size and data were those of the 1990s",
        reported=Reported(18.2, "ImageNet top-5 error, validation, one network, ten crops"),
        inherits=(Inheritance("lenet-5", "convolution and sub-sampling, trained as a whole"),),
        variants=("one-weird-trick",),
        variant_shapes={"one-weird-trick": (3, 224, 224)},
    ),
    Architecture(
        chapter="appendix-network-in-network",
        slug="network-in-network",
        module="network_in_network",
        title="Network in Network",
        class_name="NetworkInNetwork",
        published="2013-12-16",
        authors="M. Lin, Q. Chen, S. Yan",
        venue="ICLR 2014 (arXiv:1312.4400)",
        paper="Network in network",
        input_shape=(3, 227, 227),
        what_is_new="a small perceptron slides over the image in place of a linear filter; global average pooling",
        improves_on="AlexNet, whose fully connected layers hold most of its parameters",
        reported=Reported(10.41, "CIFAR-10 test error, of its CIFAR network, not the one measured here"),
        inherits=(Inheritance("alexnet", "ReLU, dropout"),),
        variants=("cifar-10",),
        variant_shapes={"cifar-10": (3, 32, 32)},
        read_before="04-inception-v1",
    ),
    Architecture(
        chapter="03-vgg-16",
        slug="vgg-16",
        module="vgg16",
        title="VGG-16",
        class_name="VGG16",
        published="2014-09-04",
        authors="K. Simonyan, A. Zisserman",
        venue="ICLR 2015 (arXiv:1409.1556)",
        paper="Very deep convolutional networks for large-scale image recognition",
        input_shape=(3, 224, 224),
        what_is_new="sixteen to nineteen weight layers, by stacking 3×3 convolutions only",
        improves_on="AlexNet, whose layers are few and whose kernels are large",
        reported=Reported(8.1, "ImageNet top-5 error, validation, one scale, whole image"),
        inherits=(Inheritance("alexnet", "ReLU, dropout, large fully connected layers"),),
        variants=("vgg-11", "vgg-13", "vgg-16-c", "vgg-19"),
    ),
    Architecture(
        chapter="04-inception-v1",
        slug="inception-v1",
        module="inception_v1",
        title="Inception-v1",
        class_name="InceptionV1",
        published="2014-09-17",
        authors="C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke, A. Rabinovich",
        venue="CVPR 2015 (arXiv:1409.4842)",
        paper="Going deeper with convolutions",
        input_shape=(3, 224, 224),
        what_is_new="modules of parallel convolutions of several sizes, with 1×1 convolutions to keep them cheap",
        improves_on="networks that grow in one direction only, deeper or wider, at a quadratic cost",
        reported=Reported(10.07, "ImageNet top-5 error, validation, one crop"),
        inherits=(
            Inheritance("network-in-network", "1×1 convolutions, global average pooling"),
            Inheritance("alexnet", "local response normalisation, dropout"),
        ),
        variants=("separable", "batch-norm"),
    ),
    Architecture(
        chapter="05-inception-v3",
        slug="inception-v3",
        module="inception_v3",
        title="Inception-v3",
        class_name="InceptionV3",
        published="2015-12-02",
        authors="C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna",
        venue="CVPR 2016 (arXiv:1512.00567)",
        paper="Rethinking the Inception architecture for computer vision",
        input_shape=(3, 299, 299),
        what_is_new="convolutions factorised into 1×n and n×1, grids reduced without a bottleneck, label smoothing",
        improves_on="Inception-v1, with batch normalisation added",
        reported=Reported(5.6, "ImageNet top-5 error, 48,238 validation images, one crop"),
        inherits=(
            Inheritance("inception-v1", "parallel branches with 1×1 reduction, auxiliary classifiers"),
            Inheritance("vgg-16", "small convolutions in place of large ones"),
        ),
        variants=("batch-norm-without-scale",),
    ),
    Architecture(
        chapter="06-resnet-50",
        slug="resnet-50",
        module="resnet50",
        title="ResNet-50",
        class_name="ResNet50",
        published="2015-12-10",
        authors="K. He, X. Zhang, S. Ren, J. Sun",
        venue="CVPR 2016 (arXiv:1512.03385)",
        paper="Deep residual learning for image recognition",
        input_shape=(3, 224, 224),
        what_is_new="shortcuts past every few layers, so that depth no longer makes training harder",
        improves_on="plain networks, whose training error grows with depth",
        reported=Reported(6.71, "ImageNet top-5 error, validation, ten crops"),
        inherits=(
            Inheritance("vgg-16", "3×3 convolutions, channels that double as the map halves"),
            Inheritance("network-in-network", "global average pooling"),
        ),
        variants=("v1.5", "resnet-18", "resnet-34", "resnet-101", "resnet-152", "plain-18", "plain-34"),
    ),
    Architecture(
        chapter="08-inception-v4",
        slug="inception-v4",
        module="inception_v4",
        title="Inception-v4",
        class_name="InceptionV4",
        published="2016-02-23",
        authors="C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi",
        venue="AAAI 2017 (arXiv:1602.07261)",
        paper="Inception-v4, Inception-ResNet and the impact of residual connections on learning",
        input_shape=(3, 299, 299),
        what_is_new="uniform modules for each grid size, a branching stem, and reduction blocks of their own",
        improves_on="Inception-v3, whose modules still followed the limits of older software",
        reported=Reported(5.0, "ImageNet top-5 error, 48,238 validation images, one crop"),
        inherits=(Inheritance("inception-v3", "factorised convolutions, parallel grid reduction"),),
    ),
    Architecture(
        chapter="09-inception-resnet-v2",
        slug="inception-resnet-v2",
        module="inception_resnet_v2",
        title="Inception-ResNet-v2",
        class_name="InceptionResNetV2",
        published="2016-02-23",
        authors="C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi",
        venue="AAAI 2017 (arXiv:1602.07261)",
        paper="Inception-v4, Inception-ResNet and the impact of residual connections on learning",
        input_shape=(3, 299, 299),
        what_is_new="Inception modules with shortcuts, their results scaled down before they are added",
        improves_on="Inception-v4, which trains more slowly without shortcuts",
        reported=Reported(4.9, "ImageNet top-5 error, 48,238 validation images, one crop (here: as released)"),
        inherits=(
            Inheritance("inception-v4", "Inception modules and reductions"),
            Inheritance("resnet-50", "shortcuts"),
        ),
        variants=("paper", "inception-resnet-v1"),
    ),
    Architecture(
        chapter="07-xception",
        slug="xception",
        module="xception",
        title="Xception",
        class_name="Xception",
        published="2016-10-07",
        authors="F. Chollet",
        venue="CVPR 2017 (arXiv:1610.02357)",
        paper="Xception: deep learning with depthwise separable convolutions",
        input_shape=(3, 299, 299),
        what_is_new="depthwise separable convolutions throughout: space and channels are treated apart",
        improves_on="Inception-v3, whose modules separate the two in part",
        reported=Reported(5.5, "ImageNet top-5 error, validation, one crop"),
        inherits=(
            Inheritance("inception-v3", "channels and space treated apart, in part"),
            Inheritance("resnet-50", "shortcuts"),
        ),
        variants=("intermediate-activation",),
    ),
    Architecture(
        chapter="10-resnext-50",
        slug="resnext-50",
        module="resnext50",
        title="ResNeXt-50",
        class_name="ResNeXt50",
        published="2016-11-16",
        authors="S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He",
        venue="CVPR 2017 (arXiv:1611.05431)",
        paper="Aggregated residual transformations for deep neural networks",
        input_shape=(3, 224, 224),
        what_is_new="many paths of the same shape, added up: their number, cardinality, is a dimension of its own",
        improves_on="ResNet-50, at the same cost",
        reported=Reported(22.2, "ImageNet top-1 error, validation, one crop (top-5 not given)"),
        inherits=(
            Inheritance("resnet-50", "bottleneck blocks and shortcuts"),
            Inheritance("inception-v1", "split, transform, merge"),
            Inheritance("alexnet", "grouped convolution"),
        ),
        variants=("2x40d", "4x24d", "8x14d"),
    ),
)


def reading_order() -> tuple[Architecture, ...]:
    """Return the networks in reading order: by chapter, an appendix before the chapter that needs it."""
    return tuple(sorted(CATALOGUE, key=lambda record: (record.read_before or record.chapter, not record.read_before)))


def architecture(name: str) -> Architecture:
    """Return a network's record by its slug ("lenet-5"), its chapter ("01-lenet-5") or its number ("1").

    Raises:
        LookupError: if there is none; the message lists those that exist.

    """
    for record in CATALOGUE:
        if name in (record.slug, record.chapter) or name.lstrip("0").upper() == record.number:
            return record
    raise LookupError(f"no architecture {name!r}; the course has {', '.join(record.slug for record in CATALOGUE)}")
