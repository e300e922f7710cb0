"""Inception-v1, also called GoogLeNet: the network of Table 1, and what today's libraries made of it.

Source: C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke, A. Rabinovich, "Going
deeper with convolutions", CVPR 2015 (arXiv 1409.4842, 2014): section 4 and figure 2b (the module), section 5 and Table
1 (layers), figure 3 (local response normalisation, auxiliary classifiers).

The paper gives neither the constants of local response normalisation nor the initialisation. The constants are those
of the replication that the Caffe authors published (bvlc_googlenet: size 5, alpha 1e-4, beta 0.75). Weights are drawn
as K. He et al. proposed ("Delving deep into rectifiers", ICCV 2015), with which 22 layers train without batch norm.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cnncourse.architectures.expected_images import expect_images
from cnncourse.architectures.initialisation import initialise_for_relu


class ModuleFilters(NamedTuple):
    """A row of the paper's Table 1: how many filters each convolution of a module has.

    Attributes:
        one: of the 1×1 branch ("#1×1").
        three_reduce: of the 1×1 convolution before the 3×3 one ("#3×3 reduce").
        three: of the 3×3 convolution ("#3×3").
        five_reduce: of the 1×1 convolution before the 5×5 one ("#5×5 reduce").
        five: of the 5×5 convolution ("#5×5").
        pool_projection: of the 1×1 convolution after the pooling ("pool proj").

    """

    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    pool_projection: int

    def scaled(self, width: float) -> "ModuleFilters":
        """Return the row with every number of filters times ``width``."""
        return ModuleFilters(*(scaled(filters, width) for filters in self))


# Table 1 of the paper. Its parameter column disagrees with these filter numbers in several rows; the filters count.
TABLE_1: dict[str, ModuleFilters] = {
    "3a": ModuleFilters(64, 96, 128, 16, 32, 32),
    "3b": ModuleFilters(128, 128, 192, 32, 96, 64),
    "4a": ModuleFilters(192, 96, 208, 16, 48, 64),
    "4b": ModuleFilters(160, 112, 224, 24, 64, 64),
    "4c": ModuleFilters(128, 128, 256, 24, 64, 64),
    "4d": ModuleFilters(112, 144, 288, 32, 64, 64),
    "4e": ModuleFilters(256, 160, 320, 32, 128, 128),
    "5a": ModuleFilters(256, 160, 320, 32, 128, 128),
    "5b": ModuleFilters(384, 192, 384, 48, 128, 128),
}


def scaled(filters: int, width: float) -> int:
    """Return a number of filters times ``width``, at least one."""
    return max(1, round(filters * width))


class ConvReLU(nn.Module):
    """A convolution with bias and the ReLU that follows every convolution of the paper, reductions included."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.convolution = nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=padding)
        # In place saves a map: nothing but this ReLU reads what the convolution returns.
        self.relu = nn.ReLU(inplace=True)

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H', W'), with no number below zero."""
        return self.relu(self.convolution(maps))


class ConvBatchNormReLU(nn.Module):
    """A convolution, batch normalisation in place of its bias, and ReLU: the unit of every later Inception network.

    The epsilon of 1e-3 is that of the authors' released code.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.convolution = nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=padding, bias=False)
        self.batch_norm = nn.BatchNorm2d(out_channels, eps=1e-3)
        # In place saves a map: nothing but this ReLU reads what batch normalisation returns.
        self.relu = nn.ReLU(inplace=True)

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H', W'), with no number below zero."""
        return self.relu(self.batch_norm(self.convolution(maps)))


Unit = Callable[..., ConvReLU | ConvBatchNormReLU]


class InceptionModule(nn.Module):
    """Look at the same maps at three scales and through a pooling, and stack the results (figure 2b).

    The output channels are, in this order, those of the 1×1, 3×3 and 5×5 branches and of the pool projection.

    Args:
        in_channels: number of input maps.
        filters: a row of Table 1.
        unit: the convolution with what follows it.
        five_kernel: kernel of the "5×5" branch, which today's libraries make 3.

    """

    def __init__(
        self, in_channels: int, filters: ModuleFilters, *, unit: Unit = ConvReLU, five_kernel: int = 5
    ) -> None:
        super().__init__()
        self.out_channels = filters.one + filters.three + filters.five + filters.pool_projection
        self.one = unit(in_channels, filters.one, kernel_size=1)
        self.three = nn.Sequential(
            unit(in_channels, filters.three_reduce, kernel_size=1),
            unit(filters.three_reduce, filters.three, kernel_size=3, padding=1),
        )
        self.five = nn.Sequential(
            unit(in_channels, filters.five_reduce, kernel_size=1),
            unit(filters.five_reduce, filters.five, kernel_size=five_kernel, padding=five_kernel // 2),
        )
        self.pool = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1),
            unit(in_channels, filters.pool_projection, kernel_size=1),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H, W)."""
        return torch.cat([self.one(maps), self.three(maps), self.five(maps), self.pool(maps)], dim=1)


class AuxiliaryClassifier(nn.Module):
    """A small classifier on the maps of a module half-way, for training only (section 5, figure 3).

    Args:
        in_channels: number of maps of the module.
        num_classes: number of classes.
        pool: what makes the maps 4×4.
        unit: the convolution with what follows it.
        width: factor on the numbers of filters and of hidden units.

    """

    def __init__(
        self, in_channels: int, num_classes: int, *, pool: nn.Module, unit: Unit = ConvReLU, width: float = 1.0
    ) -> None:
        super().__init__()
        filters, hidden = scaled(128, width), scaled(1024, width)
        self.pool = pool
        self.reduction = unit(in_channels, filters, kernel_size=1)
        self.hidden = nn.Linear(filters * 4 * 4, hidden)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.7)
        self.output = nn.Linear(hidden, num_classes)

    def forward(self, maps: Tensor) -> Tensor:
        """Turn maps of shape (N, in_channels, 14, 14) into class scores of shape (N, num_classes)."""
        maps = self.reduction(self.pool(maps))
        features = self.relu(self.hidden(maps.flatten(1)))
        return self.output(self.dropout(features))


class InceptionV1(nn.Module):
    """Inception-v1 by the filter numbers of Table 1: 6,998,552 trainable parameters, 13,378,280 with auxiliaries.

    With ``auxiliary=True``, ``forward`` returns in training mode a tuple: the scores, those of the classifier on
    module 4a and those of the classifier on module 4d. The paper's loss adds the latter two times 0.3. In evaluation
    mode it returns the scores alone.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        auxiliary: whether to have the two auxiliary classifiers. The paper's pooling makes their input 4×4 only for
            224×224 images, so that no others are taken (with ``batch_norm`` any are).
        separable: whether the first layer is a depthwise 7×7 convolution with eight filters a channel and a 1×1
            convolution; see ``VARIANTS``.
        batch_norm: whether to be the batch-normalised network of today's libraries; see ``VARIANTS``.
        width: factor on every number of filters.
        first_stride: stride of the first convolution; see ``small``.

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        auxiliary: bool = False,
        *,
        separable: bool = False,
        batch_norm: bool = False,
        width: float = 1.0,
        first_stride: int = 2,
    ) -> None:
        super().__init__()
        if auxiliary and not batch_norm:
            expect_images(self, in_channels, size=112 * first_stride)
        else:
            # Each of the paper's five halvings needs something to halve; the 2×2 pool of the libraries takes one pixel.
            expect_images(self, in_channels, at_least=(8 if batch_norm else 16) * first_stride - (first_stride - 1))
        unit: Unit = ConvBatchNormReLU if batch_norm else ConvReLU
        first, second = scaled(64, width), scaled(192, width)

        self.conv1 = first_layer(in_channels, first, unit=unit, stride=first_stride, separable=separable)
        self.pool1 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.norm1 = nn.Identity() if batch_norm else nn.LocalResponseNorm(size=5, alpha=1e-4, beta=0.75)
        self.conv2_reduce = unit(first, first, kernel_size=1)
        self.conv2 = unit(first, second, kernel_size=3, padding=1)
        self.norm2 = nn.Identity() if batch_norm else nn.LocalResponseNorm(size=5, alpha=1e-4, beta=0.75)
        self.pool2 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)

        self.inception = nn.ModuleDict()
        channels = second
        for name, filters in TABLE_1.items():
            self.inception[name] = InceptionModule(
                channels, filters.scaled(width), unit=unit, five_kernel=3 if batch_norm else 5
            )
            channels = self.inception[name].out_channels
        self.pool3 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.pool4 = nn.MaxPool2d(kernel_size=2 if batch_norm else 3, stride=2, ceil_mode=True)

        self.auxiliary_4a: nn.Module | None = None
        self.auxiliary_4d: nn.Module | None = None
        if auxiliary:
            self.auxiliary_4a, self.auxiliary_4d = (
                AuxiliaryClassifier(
                    self.inception[name].out_channels,
                    num_classes,
                    pool=nn.AdaptiveAvgPool2d(4) if batch_norm else nn.AvgPool2d(kernel_size=5, stride=3),
                    unit=unit,
                    width=width,
                )
                for name in ("4a", "4d")
            )

        self.average = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2 if batch_norm else 0.4)
        self.output = nn.Linear(channels, num_classes)
        initialise_for_relu(self)

    @classmethod
    def small(cls, num_classes: int = 10, in_channels: int = 3) -> "InceptionV1":
        """Build the network for 32×32 images: a quarter of the filters, and a first convolution with stride 1.

        The modules then work on 8×8, 4×4 and 2×2 maps in place of 28×28, 14×14 and 7×7, and a training step takes a
        fraction of a second on a laptop. All nine modules are there.
        """
        return cls(num_classes, in_channels, width=1 / 4, first_stride=1)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """Turn images of shape (N, in_channels, 224, 224) into class scores of shape (N, num_classes).

        Returns:
            The scores, in training mode with the two auxiliary classifiers' scores where the network has them.

        """
        maps = self.norm1(self.pool1(self.conv1(images)))
        maps = self.pool2(self.norm2(self.conv2(self.conv2_reduce(maps))))
        maps = self.inception["3b"](self.inception["3a"](maps))
        maps_4a = self.inception["4a"](self.pool3(maps))
        maps_4d = self.inception["4d"](self.inception["4c"](self.inception["4b"](maps_4a)))
        maps = self.pool4(self.inception["4e"](maps_4d))
        maps = self.inception["5b"](self.inception["5a"](maps))
        scores = self.output(self.dropout(self.average(maps).flatten(1)))
        if self.training and self.auxiliary_4a is not None and self.auxiliary_4d is not None:
            return scores, self.auxiliary_4a(maps_4a), self.auxiliary_4d(maps_4d)
        return scores


def first_layer(in_channels: int, out_channels: int, *, unit: Unit, stride: int, separable: bool) -> nn.Module:
    """Return the 7×7 convolution that the images enter, whole or in two steps.

    Args:
        in_channels: channels of the input image.
        out_channels: number of filters.
        unit: the convolution with what follows it.
        stride: of the 7×7 convolution.
        separable: whether eight 7×7 filters look at each channel alone, and 1×1 filters then mix what they found.

    """
    if not separable:
        return unit(in_channels, out_channels, kernel_size=7, stride=stride, padding=3)
    multiplied = 8 * in_channels
    return nn.Sequential(
        nn.Conv2d(in_channels, multiplied, kernel_size=7, stride=stride, padding=3, groups=in_channels, bias=False),
        unit(multiplied, out_channels, kernel_size=1),
    )


VARIANTS: dict[str, Callable[..., nn.Module]] = {
    # 6,991,856 parameters. Table 1 gives the first layer 2.7 K parameters and 34 M operations, which a plain 7×7
    # convolution (9.4 K, 118 M) does not have, but a separable one with multiplier 8 does. S. Ioffe, C. Szegedy,
    # "Batch normalization", 2015, appendix, describes it; F. Chollet, "Xception", 2016, section 2, confirms it.
    "separable": partial(InceptionV1, separable=True),
    # 6,624,904 parameters, 13,004,888 with auxiliaries: the network of TensorFlow-Slim and torchvision. Batch
    # normalisation replaces biases and local response normalisation, a 3×3 kernel the 5×5 one (known since
    # pytorch/vision issue 906, kept because the weights were trained so), a 2×2 pool the last 3×3 one.
    "batch-norm": partial(InceptionV1, batch_norm=True),
}
