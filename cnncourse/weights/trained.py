"""A trained network with all that it needs to look at a picture: preprocessing, and names for its scores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from cnncourse.architectures import architecture
from cnncourse.data.preprocessing import Preprocessing
from cnncourse.weights.checkpoints import Checkpoint, checkpoint
from cnncourse.weights.classes import imagenet_classes
from cnncourse.weights.downloads import weights_file
from cnncourse.weights.pretrained import fill, read_tensors

FORMAT = "cnncourse network 1"


@dataclass(frozen=True)
class Form:
    """Which network a file's tensors are for.

    Attributes:
        name: an architecture's slug, "resnet-50".
        variant: one of its variants, or ``None`` for the network as published.
        small: whether it is the form for 32×32 images.
        num_classes: number of classes.
        channels: of its image.

    """

    name: str
    num_classes: int
    variant: str | None = None
    small: bool = False
    channels: int = 3

    def build(self, **options: object) -> nn.Module:
        """Build the network, untrained.

        Args:
            options: passed on, such as ``auxiliary``.

        Raises:
            LookupError: if there is no such network, or variant.
            ValueError: if a small form of a variant is asked for.

        """
        record = architecture(self.name)
        options |= {"num_classes": self.num_classes, "in_channels": self.channels}
        if not self.small:
            return record.build(variant=self.variant, **options)
        if self.variant is not None:
            raise ValueError(f"the small form of {record.title} has no variants")
        return record.small(**options)


@dataclass(frozen=True, repr=False)
class TrainedNetwork:
    """A network that can be shown a picture.

    Attributes:
        name: of the network, and whose weights it has.
        model: in evaluation mode.
        preprocessing: what its weights demand of a picture.
        class_names: for each score, what the folder of its pictures is called.
        said: what the classes are called in words, in the same order.

    """

    name: str
    model: nn.Module
    preprocessing: Preprocessing
    class_names: tuple[str, ...]
    said: tuple[str, ...]

    def __repr__(self) -> str:
        size = self.preprocessing.crop
        return f"{self.name}: {len(self.class_names):,} classes, images of {size}×{size} pixels"

    @torch.no_grad()
    def scores(self, images: Tensor) -> Tensor:
        """Return the scores (N, classes) of images (N, channels, height, width)."""
        return self.model(images)


def trained_network(
    name: str = "resnet-50", source: str | None = None, weights: str | Path | None = None
) -> TrainedNetwork:
    """Return a network with its weights: published ones, or those of a run of ``cnncourse train``.

    Args:
        name: of the network, such as "resnet-50" or "vgg-19"; of no account where ``weights`` is of a run.
        source: "torchvision" or "timm"; the first of them that has some if left out.
        weights: a file with the publisher's weights, or ``network.pt`` of a run; downloaded and kept if left out.

    Raises:
        LookupError: if there is no such network, or nobody publishes weights of it.
        ValueError: if the file does not fit.
        WeightsUnavailableError: if there is no file, and it cannot be downloaded.

    """
    if weights is None:
        published = checkpoint(name, source)
        return _published(published, read_tensors(weights_file(published)))
    held = read_tensors(Path(weights))
    return _of_a_run(held) if held.get("format") == FORMAT else _published(checkpoint(name, source), held)


def save_network(
    path: Path, model: nn.Module, form: Form, preprocessing: Preprocessing, class_names: tuple[str, ...]
) -> None:
    """Write a network of one's own to a file that ``trained_network`` reads.

    Args:
        path: of the file.
        model: the network; its auxiliary classifiers are left out, since only training needs them.
        form: which network it is.
        preprocessing: what it was trained with.
        class_names: for each score, its folder's name.

    """
    wanted = _untrained(form.build).state_dict().keys()
    tensors = {name: tensor.cpu() for name, tensor in model.state_dict().items() if name in wanted}
    held = {
        "format": FORMAT,
        "form": vars(form),
        "preprocessing": preprocessing.record(),
        "class_names": list(class_names),
        "tensors": tensors,
    }
    torch.save(held, path)


def _published(published: Checkpoint, tensors: Mapping[str, Tensor]) -> TrainedNetwork:
    model = published.build()
    fill(model, published, tensors)
    classes = imagenet_classes()
    return TrainedNetwork(
        f"{published.name} ({published.source})",
        model.eval(),
        published.preprocessing,
        tuple(each.identifier for each in classes),
        tuple(map(str, classes)),
    )


def _of_a_run(held: Mapping[str, object]) -> TrainedNetwork:
    form = Form(**held["form"])
    model = form.build()
    model.load_state_dict(held["tensors"])
    names = tuple(held["class_names"])
    words = {each.identifier: str(each) for each in imagenet_classes()}
    return TrainedNetwork(
        f"{form.variant or form.name} (a run of one's own)",
        model.eval(),
        Preprocessing(**held["preprocessing"]),
        names,
        tuple(words.get(name, name) for name in names),
    )


def _untrained(build: Callable[[], nn.Module]) -> nn.Module:
    with torch.device("meta"):
        return build()
