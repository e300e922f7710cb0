"""Inception-v3 as its authors released it.

Source: C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, "Rethinking the Inception architecture for computer
vision", CVPR 2016 (arXiv 1512.00567, 2015): sections 3 (factorised convolutions), 4 (auxiliary classifiers), 5 (grid
reduction) and 6, Table 1; and the authors' code in TensorFlow-Slim (inception_v3.py), which differs from the paper: it
has 256, 288 and 288 maps where the paper writes 288, four modules on 17×17 maps where the paper has five, and keeps a
5×5 convolution in the modules on 35×35 maps that the paper's figure 5 makes two 3×3 ones.

"Inception-v2" means two networks. In this paper it is the new architecture of Table 1, before the four additions
(RMSProp, label smoothing, factorised 7×7, batch normalisation in the auxiliary classifier) that make it Inception-v3.
In the paper on Inception-v4 (arXiv 1602.07261) it is the older batch-normalised Inception-v1 with two 3×3 convolutions
for the 5×5 (S. Ioffe, C. Szegedy, "Batch normalization", ICML 2015), which this paper calls BN-Inception.

The names Inception-A, -B, -C and Reduction-A, -B come from the paper on Inception-v4, for modules that do the same job.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from cnncourse.architectures.expected_images import expect_images
from cnncourse.architectures.inception_v1.model import ConvBatchNormReLU, scaled
from cnncourse.architectures.initialisation import initialise, initialise_for_relu

# Filters after the average pooling in each module on 35×35 maps; the modules have 256, 288 and 288 output maps.
INCEPTION_A_POOL_FILTERS: tuple[int, ...] = (32, 64, 64)
# Filters between the 1×7 and 7×1 convolutions in each module on 17×17 maps.
INCEPTION_B_INNER_FILTERS: tuple[int, ...] = (128, 160, 160, 192)
# Number of modules on 8×8 maps.
INCEPTION_C_MODULES = 2

# A convolution of a branch: number of filters, kernel size.
Step = tuple[int, int | tuple[int, int]]


class Branch(nn.Sequential):
    """A chain of convolutions, each with batch normalisation and ReLU.

    Args:
        in_channels: number of input maps.
        steps: number of filters and kernel size of each convolution, in order.
        stride: of the last convolution.
        valid: whether the last convolution has no padding, so that the map loses its border.
        width: factor on every number of filters.

    """

    def __init__(
        self, in_channels: int, *steps: Step, stride: int = 1, valid: bool = False, width: float = 1.0
    ) -> None:
        super().__init__()
        channels = in_channels
        for number, (filters, kernel_size) in enumerate(steps, start=1):
            last = number == len(steps)
            unit = ConvBatchNormReLU(
                channels,
                scaled(filters, width),
                kernel_size,
                stride=stride if last else 1,
                padding=0 if last and valid else same_padding(kernel_size),
            )
            self.append(unit)
            channels = unit.out_channels
        self.out_channels = channels


class AveragePoolBranch(nn.Sequential):
    """Average over 3×3 windows, then a 1×1 convolution: where Inception-v1 takes the maximum, later networks average.

    The zeros beyond the border do not count in the average, as in the authors' code.

    Args:
        in_channels: number of input maps.
        filters: of the 1×1 convolution.
        width: factor on the number of filters.

    """

    def __init__(self, in_channels: int, filters: int, *, width: float = 1.0) -> None:
        convolution = ConvBatchNormReLU(in_channels, scaled(filters, width), kernel_size=1)
        super().__init__(
            OrderedDict(
                pool=nn.AvgPool2d(kernel_size=3, stride=1, padding=1, count_include_pad=False),
                convolution=convolution,
            )
        )
        self.out_channels = convolution.out_channels


class FilterConcatenation(nn.ModuleDict):
    """Branches that look at the same maps; their outputs are stacked along the channels, in order.

    Args:
        in_channels: number of input maps. A branch without ``out_channels``, such as a pooling, passes all of them on.
        branches: the branches by name.

    """

    def __init__(self, in_channels: int, branches: Mapping[str, nn.Module]) -> None:
        super().__init__(branches)
        self.out_channels = sum(getattr(branch, "out_channels", in_channels) for branch in branches.values())

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H', W')."""
        return torch.cat([branch(maps) for branch in self.values()], dim=1)


class Fork(nn.Sequential):
    """A chain whose end is split into 1×3 and 3×1 convolutions side by side (figure 7).

    They widen the output where the map is smallest, which the paper's second principle asks for.

    Args:
        chain: the convolutions before the split.
        filters: of each of the two.
        width: factor on the number of filters.

    """

    def __init__(self, chain: Branch, filters: int, *, width: float = 1.0) -> None:
        ends = FilterConcatenation(
            chain.out_channels,
            {
                "wide": Branch(chain.out_channels, (filters, (1, 3)), width=width),
                "high": Branch(chain.out_channels, (filters, (3, 1)), width=width),
            },
        )
        super().__init__(OrderedDict(chain=chain, ends=ends))
        self.out_channels = ends.out_channels


class Stem(nn.Sequential):
    """The layers before the first module: from 299×299×3 to 35×35×192.

    Args:
        in_channels: channels of the input image.
        width: factor on every number of filters.
        small_images: whether to shrink the image by two in place of eight: the first convolution has stride 1, every
            convolution keeps the border, and there is no second pooling.
        second_pool: whether a pooling ends the stem; without it, and for large images, the maps are 71×71.

    """

    def __init__(
        self, in_channels: int, *, width: float = 1.0, small_images: bool = False, second_pool: bool = True
    ) -> None:
        first_stride, valid = (1, False) if small_images else (2, True)
        filters = [scaled(number, width) for number in (32, 32, 64, 80, 192)]
        layers = OrderedDict(
            conv1a=Branch(in_channels, (filters[0], 3), stride=first_stride, valid=valid),
            conv2a=Branch(filters[0], (filters[1], 3), valid=valid),
            conv2b=Branch(filters[1], (filters[2], 3)),
            pool1=nn.MaxPool2d(kernel_size=3, stride=2),
            conv3b=Branch(filters[2], (filters[3], 1)),
            conv4a=Branch(filters[3], (filters[4], 3), valid=valid),
        )
        if second_pool and not small_images:
            layers["pool2"] = nn.MaxPool2d(kernel_size=3, stride=2)
        super().__init__(layers)
        self.out_channels = filters[-1]


class InceptionA(FilterConcatenation):
    """The module on 35×35 maps (figure 5; a 5×5 convolution in one branch, as in the released code).

    Args:
        in_channels: number of input maps.
        one: filters of the 1×1 branch.
        pool: filters after the average pooling.
        width: factor on every number of filters.

    """

    def __init__(self, in_channels: int, *, one: int = 64, pool: int, width: float = 1.0) -> None:
        branches = {
            "one": Branch(in_channels, (one, 1), width=width),
            "five": Branch(in_channels, (48, 1), (64, 5), width=width),
            "three": Branch(in_channels, (64, 1), (96, 3), (96, 3), width=width),
            "pool": AveragePoolBranch(in_channels, pool, width=width),
        }
        super().__init__(in_channels, branches)


class ReductionA(FilterConcatenation):
    """Halve 35×35 maps to 17×17 by convolutions and a pooling side by side (figure 10).

    Pooling first would squeeze the maps through a bottleneck, pooling last would cost three times as much.

    Args:
        in_channels: number of input maps.
        filters: k, l, m and n of the paper on Inception-v4: the branch of three convolutions has k, l and m filters,
            the branch of one has n.
        width: factor on every number of filters.

    """

    def __init__(
        self, in_channels: int, *, filters: tuple[int, int, int, int] = (64, 96, 96, 384), width: float = 1.0
    ) -> None:
        first, second, third, single = filters
        branches = {
            "single": Branch(in_channels, (single, 3), stride=2, valid=True, width=width),
            "triple": Branch(in_channels, (first, 1), (second, 3), (third, 3), stride=2, valid=True, width=width),
            "pool": nn.MaxPool2d(kernel_size=3, stride=2),
        }
        super().__init__(in_channels, branches)


class InceptionB(FilterConcatenation):
    """The module on 17×17 maps: each 7×7 convolution is a 1×7 and a 7×1 one (figure 6).

    Args:
        in_channels: number of input maps.
        inner: filters between the factors of a 7×7 convolution.
        width: factor on every number of filters.

    """

    def __init__(self, in_channels: int, *, inner: int, width: float = 1.0) -> None:
        wide, high = (1, 7), (7, 1)
        branches = {
            "one": Branch(in_channels, (192, 1), width=width),
            "seven": Branch(in_channels, (inner, 1), (inner, wide), (192, high), width=width),
            "double_seven": Branch(
                in_channels, (inner, 1), (inner, high), (inner, wide), (inner, high), (192, wide), width=width
            ),
            "pool": AveragePoolBranch(in_channels, 192, width=width),
        }
        super().__init__(in_channels, branches)


class ReductionB(FilterConcatenation):
    """Halve 17×17 maps to 8×8 (figure 10, with a factorised 7×7 convolution in the longer branch).

    Args:
        in_channels: number of input maps.
        width: factor on every number of filters.

    """

    def __init__(self, in_channels: int, *, width: float = 1.0) -> None:
        seven = (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3)
        branches = {
            "three": Branch(in_channels, (192, 1), (320, 3), stride=2, valid=True, width=width),
            "seven": Branch(in_channels, *seven, stride=2, valid=True, width=width),
            "pool": nn.MaxPool2d(kernel_size=3, stride=2),
        }
        super().__init__(in_channels, branches)


class InceptionC(FilterConcatenation):
    """The module on 8×8 maps, with 2,048 output maps (figure 7).

    Args:
        in_channels: number of input maps.
        width: factor on every number of filters.

    """

    def __init__(self, in_channels: int, *, width: float = 1.0) -> None:
        branches = {
            "one": Branch(in_channels, (320, 1), width=width),
            "three": Fork(Branch(in_channels, (384, 1), width=width), 384, width=width),
            "double_three": Fork(Branch(in_channels, (448, 1), (384, 3), width=width), 384, width=width),
            "pool": AveragePoolBranch(in_channels, 192, width=width),
        }
        super().__init__(in_channels, branches)


class AuxiliaryClassifier(nn.Module):
    """The classifier on the last 17×17 maps, for training only; batch-normalised, it acts as a regulariser (section 4).

    Args:
        in_channels: number of input maps.
        num_classes: number of classes.
        width: factor on every number of filters.

    """

    def __init__(self, in_channels: int, num_classes: int, *, width: float = 1.0) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(kernel_size=5, stride=3)
        self.convolutions = Branch(in_channels, (128, 1), (768, 5), valid=True, width=width)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.output = nn.Linear(self.convolutions.out_channels, num_classes)

    def initialise(self) -> None:
        """Draw the last two layers' weights as the released code does: the classifier starts almost silent."""
        initialise(self.convolutions[-1], partial(nn.init.trunc_normal_, std=0.01))
        initialise(self.output, partial(nn.init.trunc_normal_, std=0.001))

    def forward(self, maps: Tensor) -> Tensor:
        """Turn maps of shape (N, in_channels, 17, 17) into class scores of shape (N, num_classes)."""
        maps = self.average(self.convolutions(self.pool(maps)))
        return self.output(maps.flatten(1))


class InceptionV3(nn.Module):
    """Inception-v3 as released: 23,834,568 trainable parameters, 27,161,264 with the auxiliary classifier.

    With ``auxiliary=True``, ``forward`` returns in training mode a tuple: the scores and the auxiliary classifier's
    scores, whose loss the released code adds times 0.4. In evaluation mode it returns the scores alone.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        auxiliary: whether to have the auxiliary classifier, which needs maps of 17×17 or more.
        batch_norm_scale: whether batch normalisation trains a scale beside its shift; see ``VARIANTS``.
        width: factor on every number of filters.
        small_images: whether the stem shrinks the image by two in place of eight; see ``small``.

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        auxiliary: bool = False,
        *,
        batch_norm_scale: bool = True,
        width: float = 1.0,
        small_images: bool = False,
    ) -> None:
        super().__init__()
        expect_images(self, in_channels, at_least=smallest_image(auxiliary=auxiliary, small_images=small_images))

        self.stem = Stem(in_channels, width=width, small_images=small_images)
        channels = self.stem.out_channels
        self.inception_a = nn.Sequential()
        for filters in INCEPTION_A_POOL_FILTERS:
            self.inception_a.append(InceptionA(channels, pool=filters, width=width))
            channels = self.inception_a[-1].out_channels
        self.reduction_a = ReductionA(channels, width=width)
        channels = self.reduction_a.out_channels
        self.inception_b = nn.Sequential()
        for filters in INCEPTION_B_INNER_FILTERS:
            self.inception_b.append(InceptionB(channels, inner=filters, width=width))
            channels = self.inception_b[-1].out_channels
        self.auxiliary = AuxiliaryClassifier(channels, num_classes, width=width) if auxiliary else None
        self.reduction_b = ReductionB(channels, width=width)
        channels = self.reduction_b.out_channels
        self.inception_c = nn.Sequential()
        for _ in range(INCEPTION_C_MODULES):
            self.inception_c.append(InceptionC(channels, width=width))
            channels = self.inception_c[-1].out_channels
        self.average = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(channels, num_classes)

        initialise_for_relu(self)
        if self.auxiliary is not None:
            self.auxiliary.initialise()
        if not batch_norm_scale:
            fix_batch_norm_scale(self)

    @classmethod
    def small(cls, num_classes: int = 10, in_channels: int = 3) -> "InceptionV3":
        """Build the network for 32×32 images: a quarter of the filters, and a stem that shrinks them only by two.

        The modules then work on 15×15, 7×7 and 3×3 maps in place of 35×35, 17×17 and 8×8. All modules are there.
        """
        return cls(num_classes, in_channels, width=1 / 4, small_images=True)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Turn images of shape (N, in_channels, 299, 299) into class scores of shape (N, num_classes).

        Returns:
            The scores, in training mode with the auxiliary classifier's scores where the network has one.

        """
        maps = self.inception_a(self.stem(images))
        maps_17 = self.inception_b(self.reduction_a(maps))
        maps = self.inception_c(self.reduction_b(maps_17))
        scores = self.output(self.dropout(self.average(maps).flatten(1)))
        if self.training and self.auxiliary is not None:
            return scores, self.auxiliary(maps_17)
        return scores


def same_padding(kernel_size: int | tuple[int, int]) -> int | tuple[int, int]:
    """Return the padding with which an odd kernel leaves the size of a map as it is."""
    if isinstance(kernel_size, int):
        return kernel_size // 2
    return kernel_size[0] // 2, kernel_size[1] // 2


def smallest_image(*, auxiliary: bool, small_images: bool) -> int:
    """Return the smallest height and width that leave a map in every layer, without and with the auxiliary head."""
    if small_images:
        return 71 if auxiliary else 15
    return 299 if auxiliary else 75


def fix_batch_norm_scale(model: nn.Module) -> None:
    """Leave the scale of every batch normalisation at one: the shift alone is trained."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.requires_grad_(False)


VARIANTS: dict[str, Callable[..., nn.Module]] = {
    # 23,817,352 trainable parameters: the released code (batch_norm_scale=False in inception_utils.py) and Keras train
    # no scale in batch normalisation, because the next convolution, after a ReLU, can learn it as well.
    "batch-norm-without-scale": partial(InceptionV3, batch_norm_scale=False),
}
