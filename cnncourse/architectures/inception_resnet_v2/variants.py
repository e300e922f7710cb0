"""The released network and the one that the paper draws, part by part."""

from collections.abc import Callable
from functools import cache

import torch
from torch import nn

from cnncourse import measure
from cnncourse.architectures.inception_resnet_v2.model import VARIANTS, InceptionResNetV2
from cnncourse.measure import Table

SHAPE = (3, 299, 299)
NETWORKS: dict[str, Callable[..., nn.Module]] = {"as released": InceptionResNetV2, "in the paper": VARIANTS["paper"]}
PARTS = {
    "stem": "stem",
    "blocks_35": "blocks on 35×35",
    "reduction_a": "Reduction-A",
    "blocks_17": "blocks on 17×17",
    "reduction_b": "Reduction-B",
    "blocks_8": "blocks on 8×8",
    "final": "last 1×1 convolution",
    "output": "fully connected",
}


@cache
def network(name: str) -> nn.Module:
    """Return one of the ``NETWORKS``, without numbers in it."""
    with torch.device("meta"):
        return NETWORKS[name]().eval()


@torch.no_grad()
def shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Return the shape behind each part that works on maps."""
    model, found = network(name), {}
    maps = torch.zeros(1, *SHAPE, device="meta")
    for part in list(PARTS)[:-1]:
        maps = getattr(model, part)(maps)
        found[part] = tuple(maps.shape[1:])
    return found


def parts_table() -> Table:
    """Return for each part of both networks how many blocks it has, what shape it gives and what it learns."""
    rows = []
    for part, words in PARTS.items():
        cells = [words]
        for name in NETWORKS:
            each = getattr(network(name), part)
            learned = measure.parameters(each).trainable
            count = f" ×{len(each)}" if part.startswith("blocks") else ""
            shape = shapes(name).get(part)
            maps = "1,000" if shape is None else "×".join(map(str, shape))
            cells += [f"{maps}{count}", f"{learned:,}"] if learned else ["–", "–"]
        rows.append(tuple(cells))
    totals = [f"{measure.parameters(network(name)).trainable:,}" for name in NETWORKS]
    rows.append(("all", "", totals[0], "", totals[1]))
    heads = ["part"]
    for name in NETWORKS:
        heads += [f"{name}: maps", f"{name}: numbers to train"]
    return Table(tuple(heads), tuple(rows), "llrlr", total=True)
