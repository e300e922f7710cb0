"""Inception-ResNet-v2 as its authors released it, as the paper draws it, and Inception-ResNet-v1.

Source: C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the impact of residual
connections on learning", AAAI 2017 (arXiv 1602.07261, 2016): section 3.2 (residual Inception blocks), section 3.3 and
figure 20 (scaling of the residuals), figures 10 to 14 (Inception-ResNet-v1), figures 15 to 19 (Inception-ResNet-v2),
Table 1 (filters of Reduction-A); and the authors' code in TensorFlow-Slim (inception_resnet_v2.py).

Paper and released code differ. The paper's network has the stem of Inception-v4 and 5, 10 and 5 blocks; the released
one has that of Inception-v3 with an Inception module, 10, 20 and 10 blocks, and a 1×1 convolution before the average.
The figures that the field quotes (56 million parameters) are those of the released network, which is the default here.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from cnncourse.architectures.expected_images import expect_images
from cnncourse.architectures.inception_v3.model import Branch, FilterConcatenation, InceptionA, ReductionA, Step
from cnncourse.architectures.inception_v3.model import Stem as InceptionV3Stem
from cnncourse.architectures.inception_v4.model import Stem as InceptionV4Stem
from cnncourse.architectures.initialisation import initialise_for_relu

# The released code's factors on the residuals of the blocks on 35×35, 17×17 and 8×8 maps; the paper says 0.1 to 0.3.
RESIDUAL_SCALES: tuple[float, float, float] = (0.17, 0.10, 0.20)

# A branch: number of filters and kernel size of each convolution, in order.
Steps = tuple[Step, ...]


class ReleasedStem(nn.Sequential):
    """The stem of Inception-v3, to 35×35×192, and an Inception-A module ("Mixed_5b"), to 35×35×320.

    Args:
        in_channels: channels of the input image.
        width: factor on every number of filters.
        small_images: whether to shrink the image by two in place of eight.

    """

    def __init__(self, in_channels: int, *, width: float = 1.0, small_images: bool = False) -> None:
        layers = InceptionV3Stem(in_channels, width=width, small_images=small_images)
        module = InceptionA(layers.out_channels, one=96, pool=64, width=width)
        super().__init__(OrderedDict(layers=layers, inception_a=module))
        self.out_channels = module.out_channels


class InceptionResNetV1Stem(nn.Sequential):
    """The stem of Inception-v3 with a convolution for its second pooling, to 35×35×256 (figure 14).

    Args:
        in_channels: channels of the input image.
        width: factor on every number of filters.
        small_images: whether to shrink the image by two in place of eight.

    """

    def __init__(self, in_channels: int, *, width: float = 1.0, small_images: bool = False) -> None:
        layers = InceptionV3Stem(in_channels, width=width, small_images=small_images, second_pool=False)
        stride, valid = (1, False) if small_images else (2, True)
        conv4b = Branch(layers.out_channels, (256, 3), stride=stride, valid=valid, width=width)
        super().__init__(OrderedDict(layers=layers, conv4b=conv4b))
        self.out_channels = conv4b.out_channels


@dataclass(frozen=True)
class Design:
    """The numbers in which the networks of the family differ.

    Attributes:
        stem: the layers before the first block.
        repeats: numbers of blocks on 35×35, 17×17 and 8×8 maps.
        block_35: branches of a block on 35×35 maps.
        reduction_a: k, l, m and n of Reduction-A.
        block_17: branches of a block on 17×17 maps.
        reduction_b: branches of Reduction-B; the last convolution of each halves the maps.
        block_8: branches of a block on 8×8 maps.
        linear_end: whether the last block has no ReLU, and scale 1.
        final_filters: of a 1×1 convolution before the average, if there is one.

    """

    stem: Callable[..., nn.Module]
    repeats: tuple[int, int, int]
    block_35: tuple[Steps, ...]
    reduction_a: tuple[int, int, int, int]
    block_17: tuple[Steps, ...]
    reduction_b: tuple[Steps, ...]
    block_8: tuple[Steps, ...]
    linear_end: bool = False
    final_filters: int | None = None


# Figures 15 to 19: the paper's Inception-ResNet-v2.
PAPER = Design(
    stem=InceptionV4Stem,
    repeats=(5, 10, 5),
    block_35=(((32, 1),), ((32, 1), (32, 3)), ((32, 1), (48, 3), (64, 3))),
    reduction_a=(256, 256, 384, 384),
    block_17=(((192, 1),), ((128, 1), (160, (1, 7)), (192, (7, 1)))),
    reduction_b=(((256, 1), (384, 3)), ((256, 1), (288, 3)), ((256, 1), (288, 3), (320, 3))),
    block_8=(((192, 1),), ((192, 1), (224, (1, 3)), (256, (3, 1)))),
)

# inception_resnet_v2.py: the same blocks, twice as many, between another stem and another end.
RELEASED = Design(
    stem=ReleasedStem,
    repeats=(10, 20, 10),
    block_35=PAPER.block_35,
    reduction_a=PAPER.reduction_a,
    block_17=PAPER.block_17,
    reduction_b=PAPER.reduction_b,
    block_8=PAPER.block_8,
    linear_end=True,
    final_filters=1536,
)

# Figures 10 to 14: Inception-ResNet-v1, made to cost what Inception-v3 costs.
INCEPTION_RESNET_V1 = Design(
    stem=InceptionResNetV1Stem,
    repeats=(5, 10, 5),
    block_35=(((32, 1),), ((32, 1), (32, 3)), ((32, 1), (32, 3), (32, 3))),
    reduction_a=(192, 192, 256, 384),
    block_17=(((128, 1),), ((128, 1), (128, (1, 7)), (128, (7, 1)))),
    reduction_b=(((256, 1), (384, 3)), ((256, 1), (256, 3)), ((256, 1), (256, 3), (256, 3))),
    block_8=(((192, 1),), ((192, 1), (192, (1, 3)), (192, (3, 1)))),
)


class ResidualInceptionBlock(nn.Module):
    """Add to the input what parallel branches find in it, scaled down: relu(x + scale · up(branches(x))).

    The 1×1 convolution "up" brings the branches' maps to the number of input maps. It is linear: it has a bias, no
    batch normalisation and no ReLU, so that a block can also take away from its input. Unscaled, the sums of wide
    networks made the last layers die early in training (section 3.3).

    Args:
        channels: number of input maps and of output maps.
        branches: number of filters and kernel size of each convolution, branch by branch.
        scale: factor on what is added.
        activation: whether a ReLU follows the sum.
        width: factor on every number of filters in the branches.

    """

    def __init__(
        self,
        channels: int,
        branches: Sequence[Steps],
        *,
        scale: float,
        activation: bool = True,
        width: float = 1.0,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.branches = parallel(channels, branches, width=width)
        self.up = nn.Conv2d(self.branches.out_channels, channels, kernel_size=1)
        # In place on the sum, which is a new tensor; the input stays as it is.
        self.relu = nn.ReLU(inplace=True) if activation else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, channels, H, W) into (N, channels, H, W)."""
        return self.relu(maps + self.scale * self.up(self.branches(maps)))

    def extra_repr(self) -> str:
        """Describe the block in a printed model."""
        return f"scale={self.scale}"


class ReductionB(FilterConcatenation):
    """Halve 17×17 maps to 8×8 by three branches and a pooling side by side (figures 12 and 18).

    Args:
        in_channels: number of input maps.
        branches: number of filters and kernel size of each convolution, branch by branch.
        width: factor on every number of filters.

    """

    def __init__(self, in_channels: int, branches: Sequence[Steps], *, width: float = 1.0) -> None:
        reductions = parallel(in_channels, branches, stride=2, valid=True, width=width)
        super().__init__(in_channels, {**reductions, "pool": nn.MaxPool2d(kernel_size=3, stride=2)})


class InceptionResNetV2(nn.Module):
    """Inception-ResNet-v2 as released: 55,843,464 trainable parameters.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        design: the numbers of the network; see ``VARIANTS`` for the others of the family.
        residual_scales: factors on the residuals of the blocks on 35×35, 17×17 and 8×8 maps.
        repeats: numbers of these blocks; those of the design if left out.
        width: factor on every number of filters.
        small_images: whether the stem shrinks the image by two in place of eight; see ``small``.

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        design: Design = RELEASED,
        residual_scales: tuple[float, float, float] = RESIDUAL_SCALES,
        repeats: tuple[int, int, int] | None = None,
        width: float = 1.0,
        small_images: bool = False,
    ) -> None:
        super().__init__()
        expect_images(self, in_channels, at_least=15 if small_images else 75)
        repeats = design.repeats if repeats is None else repeats

        self.stem = design.stem(in_channels, width=width, small_images=small_images)
        channels = self.stem.out_channels
        self.blocks_35 = nn.Sequential(
            *(
                ResidualInceptionBlock(channels, design.block_35, scale=residual_scales[0], width=width)
                for _ in range(repeats[0])
            )
        )
        self.reduction_a = ReductionA(channels, filters=design.reduction_a, width=width)
        channels = self.reduction_a.out_channels
        self.blocks_17 = nn.Sequential(
            *(
                ResidualInceptionBlock(channels, design.block_17, scale=residual_scales[1], width=width)
                for _ in range(repeats[1])
            )
        )
        self.reduction_b = ReductionB(channels, design.reduction_b, width=width)
        channels = self.reduction_b.out_channels
        self.blocks_8 = nn.Sequential()
        for number in range(1, repeats[2] + 1):
            linear = design.linear_end and number == repeats[2]
            self.blocks_8.append(
                ResidualInceptionBlock(
                    channels,
                    design.block_8,
                    scale=1.0 if linear else residual_scales[2],
                    activation=not linear,
                    width=width,
                )
            )
        self.final: nn.Module = nn.Identity()
        if design.final_filters is not None:
            self.final = Branch(channels, (design.final_filters, 1), width=width)
            channels = self.final.out_channels
        self.average = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(channels, num_classes)
        initialise_for_relu(self)

    @classmethod
    def small(cls, num_classes: int = 10, in_channels: int = 3) -> "InceptionResNetV2":
        """Build the network for 32×32 images: a quarter of the filters, fewer blocks, a stem that shrinks by two.

        Two, four and two blocks work on 15×15, 7×7 and 3×3 maps in place of 35×35, 17×17 and 8×8. The last has no
        ReLU and scale 1, as in the released network.
        """
        return cls(num_classes, in_channels, repeats=(2, 4, 2), width=1 / 4, small_images=True)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, 299, 299) into class scores of shape (N, num_classes)."""
        maps = self.blocks_35(self.stem(images))
        maps = self.blocks_17(self.reduction_a(maps))
        maps = self.blocks_8(self.reduction_b(maps))
        return self.output(self.dropout(self.average(self.final(maps)).flatten(1)))


def parallel(
    in_channels: int, branches: Sequence[Steps], *, stride: int = 1, valid: bool = False, width: float
) -> FilterConcatenation:
    """Return branches side by side, "branch0" and so on, each built from its filters and kernel sizes."""
    return FilterConcatenation(
        in_channels,
        {
            f"branch{number}": Branch(in_channels, *steps, stride=stride, valid=valid, width=width)
            for number, steps in enumerate(branches)
        },
    )


VARIANTS: dict[str, Callable[..., nn.Module]] = {
    # 32,433,928 parameters: the network of the paper's figures. Reduction-A gives 1,152 and Reduction-B 2,144 maps by
    # the numbers of their own filters, where the figures of the blocks after them print 1154 and 2048.
    "paper": partial(InceptionResNetV2, design=PAPER),
    # 22,756,328 parameters. Batch normalisation has scale and shift, as everywhere here; the authors' has shift alone.
    "inception-resnet-v1": partial(InceptionResNetV2, design=INCEPTION_RESNET_V1),
}
