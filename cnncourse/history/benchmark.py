"""What the course's ideas cost on this machine: each construction beside the plain one that it replaces.

``cnncourse benchmark`` prints these tables. Figures are ratios, taken side by side; they differ between machines, and
the savings in multiply-adds seldom arrive whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from cnncourse import measure
from cnncourse.architectures.inception_v1.model import ConvBatchNormReLU
from cnncourse.architectures.inception_v3.model import Branch
from cnncourse.architectures.resnet50.model import Bottleneck, ResNet50
from cnncourse.architectures.resnext50.model import AggregatedBlock
from cnncourse.architectures.xception.model import SeparableConv2d
from cnncourse.display import progress_bar
from cnncourse.measure import Table
from cnncourse.measure.speed import saved_for_backward, time_side_by_side
from cnncourse.training import channels_last, for_inference, seeded


@dataclass(frozen=True)
class Construction:
    """One of the things that are compared.

    Attributes:
        name: as the table prints it.
        build: makes it.
        trains: whether it can be trained, or only gives scores.
        layout: of the images in memory.

    """

    name: str
    build: Callable[[], nn.Module]
    trains: bool = True
    layout: torch.memory_format = torch.contiguous_format


@dataclass(frozen=True)
class Comparison:
    """Constructions that do the same work; the first is what the others are compared with.

    Attributes:
        title: what is compared, and where the course meets it.
        constructions: at least two.
        input_shape: of one image or map: (channels, height, width).
        batch_size: number of images.

    """

    title: str
    constructions: tuple[Construction, ...]
    input_shape: tuple[int, int, int]
    batch_size: int = 8


def _separable(channels: int) -> nn.Module:
    return nn.Sequential(SeparableConv2d(channels, channels), nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


COMPARISONS = (
    Comparison(
        "32 towers against one grouped convolution (ResNeXt-50, conv2_x)",
        (
            Construction("ResNet's bottleneck", partial(Bottleneck, 256, 64)),
            Construction("32 towers, added up", partial(AggregatedBlock, 256, 64, form="a")),
            Construction("32 towers, concatenated", partial(AggregatedBlock, 256, 64, form="b")),
            Construction("grouped convolution", partial(AggregatedBlock, 256, 64, form="c")),
        ),
        (256, 56, 56),
    ),
    Comparison(
        "a full 7×7 convolution against 1×7 and 7×1 (Inception-v3, 17×17)",
        (
            Construction("7×7", partial(ConvBatchNormReLU, 192, 192, 7, padding=3)),
            Construction("1×7, 7×1", partial(Branch, 192, (192, (1, 7)), (192, (7, 1)))),
        ),
        (192, 17, 17),
    ),
    Comparison(
        "a 5×5 convolution against two 3×3 (VGG, Inception-v3, 35×35)",
        (
            Construction("5×5", partial(ConvBatchNormReLU, 64, 64, 5, padding=2)),
            Construction("3×3, 3×3", partial(Branch, 64, (64, 3), (64, 3))),
        ),
        (64, 35, 35),
    ),
    Comparison(
        "a dense convolution against a depthwise separable one (Xception, middle flow)",
        (
            Construction("dense 3×3", partial(ConvBatchNormReLU, 728, 728, 3, padding=1)),
            Construction("depthwise 3×3, 1×1", partial(_separable, 728)),
        ),
        (728, 19, 19),
    ),
    Comparison(
        "torch's defaults against the course's fast path (ResNet-50)",
        (
            Construction("default", ResNet50),
            Construction("channels last", lambda: channels_last(ResNet50()), layout=torch.channels_last),
            Construction(
                "and batch norm folded",
                lambda: for_inference(ResNet50()),
                trains=False,
                layout=torch.channels_last,
            ),
        ),
        (3, 224, 224),
        batch_size=4,
    ),
)


def benchmark(rounds: int = 10, *, progress: bool = True) -> Iterator[tuple[str, Table]]:
    """Measure one comparison after the other, and yield each one's title and table as soon as it is done.

    Args:
        rounds: how often each construction is timed.
        progress: whether to show a bar.

    """
    calls = sum(
        (rounds + 1) * (1 + construction.trains)
        for comparison in COMPARISONS
        for construction in comparison.constructions
    )
    with progress_bar(total=calls, unit="run", disable=not progress) as bar:
        for comparison in COMPARISONS:
            table = _measure(comparison, rounds, bar.update)
            bar.clear()  # so that what the caller prints has the line to itself
            yield comparison.title, table


def _measure(comparison: Comparison, rounds: int, tick: Callable[[], object]) -> Table:
    with seeded(0):
        models = {each.name: each.build() for each in comparison.constructions}
        images = torch.randn(comparison.batch_size, *comparison.input_shape)
    inputs = {each.name: images.contiguous(memory_format=each.layout) for each in comparison.constructions}
    forwards = {name: partial(forward_pass, model.eval(), inputs[name]) for name, model in models.items()}
    forward = time_side_by_side(forwards, rounds=rounds, tick=tick)
    trained = {each.name: models[each.name].train() for each in comparison.constructions if each.trains}
    kept = {name: saved_for_backward(model, inputs[name]) for name, model in trained.items()}
    steps = {name: partial(training_step, model, inputs[name]) for name, model in trained.items()}
    step = time_side_by_side(steps, rounds=rounds, tick=tick)
    first = comparison.constructions[0].name
    rows = [
        (
            name,
            f"{measure.parameters(model).trainable:,}",
            f"{measure.multiply_adds(model, comparison.input_shape):,}",
            f"{kept[name] / kept[first]:.2f}" if name in kept else "–",
            str(forward[name]),
            str(step.get(name, "–")),
        )
        for name, model in models.items()
    ]
    heads = ("", "parameters", "multiply-adds", "memory to train", "time forward", "time of a step")
    return Table(heads, tuple(rows), "lrrrrr")


@torch.no_grad()
def forward_pass(model: nn.Module, images: Tensor) -> None:
    """Do what is timed of a network in use."""
    model(images)


def training_step(model: nn.Module, images: Tensor) -> None:
    """Do what is timed of a step of training; what an optimiser does is alike for all."""
    model.zero_grad()
    model(images).square().mean().backward()
