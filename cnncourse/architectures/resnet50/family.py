"""The family of networks in one table, and one of its members without its name."""

import torch

from cnncourse import measure
from cnncourse.architectures.resnet50.model import TABLE_1, Bottleneck, ResNet, ResNet50
from cnncourse.drawing import Drawing, draw
from cnncourse.measure import Table

SHAPE = (3, 224, 224)
# torchvision 0.29.1 and timm 1.0.31 have the same numbers to train.
REFERENCE = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}
PRINTED = {18: 1.8, 34: 3.6, 50: 3.8, 101: 7.6, 152: 11.3}  # thousand million multiply-adds, Table 1 of the paper


def family_table() -> Table:
    """Return the networks of the paper's Table 1 with what their code costs."""
    rows = []
    for depth, (block, repeats) in TABLE_1.items():
        with torch.device("meta"):
            network = ResNet(depth=depth)
        rows.append(
            (
                f"ResNet-{depth}",
                "bottleneck" if block is Bottleneck else "basic",
                " + ".join(map(str, repeats)),
                str(measure.depth(network, SHAPE).weight_layers),
                f"{measure.parameters(network).trainable:,}",
                f"{measure.multiply_adds(network, SHAPE) / 1e9:.2f}",
                f"{PRINTED[depth]}",
            )
        )
    heads = ("network", "block", "blocks", "layers with weights", "numbers to train", "multiply-adds (10⁹)", "paper")
    return Table(heads, tuple(rows), "lllrrrr")


def one_of_them() -> Drawing:
    """Draw one network of the course without saying which."""
    with torch.device("meta"):
        network = ResNet50()
    return draw(network, SHAPE, "Which architecture is this?")
