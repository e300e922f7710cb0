"""The table of six networks in the article that the course grew from, rebuilt from our networks.

R. Karim, "Illustrated: 10 CNN architectures" (2019), took it from Keras' documentation of that year. Its parameters are
those of Keras' own networks and count more than what is trained; its depth counts Keras' layers. Every difference is
worked out here from our network, and what is left after that is shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from cnncourse import measure
from cnncourse.architectures.catalogue import architecture
from cnncourse.measure import Table

BYTES_OF_A_FLOAT = 4
MEBIBYTE = 2**20


@dataclass(frozen=True)
class PrintedRow:
    """A row as the article prints it, and how Keras' network differs from the paper's.

    Attributes:
        slug: the network in our catalogue.
        parameters: as printed.
        megabytes: as printed.
        depth: as printed, ``None`` where the article has a dash.
        norm_has_scale: whether Keras' batch normalisation multiplies by a number of its own.
        convolutions_have_bias: whether Keras' convolutions have a bias though batch normalisation follows.
        activation_in_layer: whether Keras' convolutions and dense layers apply their activation themselves.
        separable_is_one_layer: whether a depthwise and a pointwise convolution are one layer.
        flattening_is_layer: whether turning maps into a vector is a layer of its own.

    """

    slug: str
    parameters: int
    megabytes: int
    depth: int | None
    norm_has_scale: bool = True
    convolutions_have_bias: bool = False
    activation_in_layer: bool = False
    separable_is_one_layer: bool = False
    flattening_is_layer: bool = False


PRINTED = (
    PrintedRow("vgg-16", 138_357_544, 528, 23, activation_in_layer=True, flattening_is_layer=True),
    PrintedRow("inception-v3", 23_851_784, 92, 159, norm_has_scale=False),
    PrintedRow("resnet-50", 25_636_712, 98, None, convolutions_have_bias=True),
    PrintedRow("xception", 22_910_480, 88, 126, separable_is_one_layer=True),
    PrintedRow("inception-resnet-v2", 55_873_736, 215, 572, norm_has_scale=False),
    PrintedRow("resnext-50", 25_097_128, 96, None),
)


@dataclass(frozen=True)
class Comparison:
    """A number of the article beside ours.

    Attributes:
        printed: the article's.
        ours: measured on our network, by our convention.
        differences: what the article's convention adds to ours, by reason; each is measured on our network.

    """

    printed: int
    ours: int
    differences: dict[str, int]

    @property
    def unexplained(self) -> int:
        """What is left of the article's number after ours and all differences; 0 when they explain it whole."""
        return self.printed - self.ours - sum(self.differences.values())

    @property
    def explanation(self) -> str:
        """The differences in words, with what is left unexplained."""
        reasons = [f"{amount:+,} {reason}" for reason, amount in self.differences.items() if amount]
        reasons += [f"{self.unexplained:+,} unexplained"] if self.unexplained else []
        return ", ".join(reasons) or "the same"


@dataclass(frozen=True)
class ComparedNetwork:
    """A row of the article's table beside ours.

    Attributes:
        title: the network.
        parameters: the article's count, ours, and why they differ.
        depth: likewise; ``None`` where the article prints none.
        our_depth: layers on the longest way in our network.
        printed_megabytes: size of Keras' file, as the article prints it.
        rebuilt_megabytes: four bytes for each number that Keras keeps, in MiB; its file holds names besides.
        our_megabytes: likewise for what our network saves.

    """

    title: str
    parameters: Comparison
    depth: Comparison | None
    our_depth: int
    printed_megabytes: int
    rebuilt_megabytes: float
    our_megabytes: float


@dataclass(frozen=True)
class ArticleTable:
    """The article's six networks beside ours; shows itself as a table."""

    networks: tuple[ComparedNetwork, ...]

    @property
    def table(self) -> Table:
        """Three lines a network: parameters, depth and size, as printed, as ours, and why they differ."""
        rows = []
        for network in self.networks:
            for name, comparison in (("parameters", network.parameters), ("depth", network.depth)):
                if comparison is None:
                    rows.append((network.title, name, "–", f"{network.our_depth:,}", "the article prints none"))
                else:
                    compared = (f"{comparison.printed:,}", f"{comparison.ours:,}", comparison.explanation)
                    rows.append((network.title, name, *compared))
            size = f"{network.rebuilt_megabytes:.1f} MiB of numbers in Keras' file, the rest of it names"
            rows.append(
                (network.title, "size", f"{network.printed_megabytes} MB", f"{network.our_megabytes:.1f}", size)
            )
        return Table(("network", "what", "article", "ours", "why they differ"), tuple(rows), "llrrl")

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


# Millions of parameters, as the article's text rounds them.
PRINTED_IN_TEXT = {
    "lenet-5": 0.06,
    "alexnet": 60,
    "vgg-16": 138,
    "inception-v1": 5,
    "inception-v3": 24,
    "resnet-50": 26,
    "xception": 23,
    "inception-v4": 43,
    "inception-resnet-v2": 56,
    "resnext-50": 25,
}
ROUNDING = 0.02  # how far off a rounded number may be, as a share of ours


def text_counts() -> Table:
    """Return the numbers of parameters in the article's text beside ours, each with a verdict."""
    rows = []
    for slug, printed in PRINTED_IN_TEXT.items():
        record = architecture(slug)
        with torch.device("meta"):
            ours = measure.parameters(record.build()).trainable / 1e6
        verdict = "holds" if abs(printed - ours) <= ROUNDING * ours else "wrong"
        rows.append((record.title, f"{printed:g} million", f"{ours:.2f} million", verdict))
    return Table(("network", "article", "ours", "verdict"), tuple(rows), "lrrl")


def article_table() -> ArticleTable:
    """Rebuild the article's table of six networks from our own; no weight is allocated."""
    return ArticleTable(tuple(_compare(row) for row in PRINTED))


def _compare(row: PrintedRow) -> ComparedNetwork:
    record = architecture(row.slug)
    with torch.device("meta"):
        model = record.build()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    counted = measure.parameters(model)
    parameters = Comparison(
        row.parameters,
        counted.trainable,
        {
            "running means and variances": counted.with_running_stats - counted.trainable,
            "scales that Keras' batch normalisation lacks": 0
            if row.norm_has_scale
            else -sum(norm.num_features for norm in norms),
            "biases that batch normalisation cancels": _missing_biases(model) if row.convolutions_have_bias else 0,
        },
    )
    path = measure.longest_path(model)
    depth = Comparison(
        row.depth or 0,
        len(path),
        {
            "activations inside other layers": -_count(path, nn.ReLU) if row.activation_in_layer else 0,
            "depthwise and pointwise as one": -sum(map(_is_depthwise, path)) if row.separable_is_one_layer else 0,
            "flattening": int(row.flattening_is_layer),
        },
    )
    rebuilt = parameters.ours + sum(parameters.differences.values())
    return ComparedNetwork(
        record.title,
        parameters,
        depth if row.depth is not None else None,
        len(path),
        row.megabytes,
        BYTES_OF_A_FLOAT * rebuilt / MEBIBYTE,
        measure.size_on_disk(model) / MEBIBYTE,
    )


def _missing_biases(model: nn.Module) -> int:
    return sum(
        module.out_channels for module in model.modules() if isinstance(module, nn.Conv2d) and module.bias is None
    )


def _count(path: Iterable[nn.Module | str], kind: type[nn.Module]) -> int:
    return sum(isinstance(layer, kind) for layer in path)


def _is_depthwise(layer: nn.Module | str) -> bool:
    return isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels > 1
