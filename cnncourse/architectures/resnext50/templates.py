"""Cardinality against width: the paper's templates, what they cost, and three forms compared to the last digits."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnncourse import measure
from cnncourse.architectures.resnext50.model import AggregatedBlock, ResNeXt50, convert_weights
from cnncourse.measure import Table
from cnncourse.training import seeded

CHANNELS = 256  # of a block's input and output in conv2_x
SIDE = 56  # of its maps
IMAGE = (3, 224, 224)


@dataclass(frozen=True)
class Template:
    """So many paths, each so wide, in conv2_x.

    Attributes:
        cardinality: number of paths, the paper's C.
        width: channels within a path, the paper's d.
        top_1: error in % that the paper reports for 50 layers, one crop; ``None`` if it reports none.

    """

    cardinality: int
    width: int
    top_1: float | None = None

    @property
    def name(self) -> str:
        """The template as the paper writes it."""
        return f"{self.cardinality}×{self.width}d"

    @property
    def inside(self) -> int:
        """Channels that the 3×3 convolution works on."""
        return self.cardinality * self.width

    @property
    def parts(self) -> tuple[int, int, int]:
        """Weights of the three convolutions of a block with 256 channels."""
        return CHANNELS * self.inside, 9 * self.width * self.inside, self.inside * CHANNELS

    @property
    def weights(self) -> int:
        """Weights of the block: C (256 d + 9 d² + 256 d)."""
        return sum(self.parts)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of the block's convolutions on maps of 56×56."""
        return self.weights * SIDE**2


TEMPLATES = (
    Template(1, 64, 23.9),
    Template(2, 40, 23.0),
    Template(4, 24, 22.6),
    Template(8, 14, 22.3),
    Template(32, 4, 22.2),
)  # Tables 2 and 3


def template_table() -> Table:
    """Return a line a template: weights of a block by the formula; parameters and work of the whole network."""
    rows = []
    for template in TEMPLATES:
        with torch.device("meta"):
            network = ResNeXt50(cardinality=template.cardinality, width_per_path=template.width)
        work = measure.multiply_adds(network, IMAGE)
        counts = template.inside, template.weights, measure.parameters(network).trainable
        rows.append((template.name, *(f"{count:,}" for count in counts), f"{work / 1e9:.2f}", f"{template.top_1:.1f}"))
    heads = (
        "template",
        "channels inside",
        "weights of a block",
        "parameters, 50 layers",
        "multiply-adds (10⁹)",
        "top-1 error (%), paper",
    )
    return Table(heads, tuple(rows), "lrrrrr")


def in_three_forms(seed: int = 0, dtype: torch.dtype = torch.float32) -> dict[str, tuple[Tensor, Tensor]]:
    """Run one set of weights in the forms (a), (b) and (c), in training mode.

    Args:
        seed: of the weights and the maps.
        dtype: of all numbers.

    Returns:
        For each form the block's output and the gradient of its squared sum by the input, both (4, 64, 8, 8).

    """
    shape = {"in_channels": 64, "width": 16, "cardinality": 8, "path_width": 4}
    with seeded(seed):
        weights = AggregatedBlock(**shape, form="a").to(dtype).state_dict()
        maps = torch.randn(4, 64, 8, 8, dtype=dtype)
    seen = {}
    for form in "abc":
        block = AggregatedBlock(**shape, form=form).to(dtype)
        block.load_state_dict(convert_weights(weights, form, cardinality=shape["cardinality"]))
        given = maps.clone().requires_grad_()
        output = block(given)
        (output**2).sum().backward()
        seen[form] = output.detach(), given.grad
    return seen


def largest_difference(first: Tensor, second: Tensor) -> float:
    """Return the largest difference of two tensors, as a share of the largest value of the first."""
    return ((first - second).abs().max() / first.abs().max()).item()


def same_function(template: Template, form: str, channels: int = 64) -> nn.Module:
    """Build a block for timing.

    Args:
        template: cardinality and width.
        form: "a", "b" or "c".
        channels: of input and output.

    """
    return AggregatedBlock(
        channels, channels // 4, cardinality=template.cardinality, path_width=template.width, form=form
    )
