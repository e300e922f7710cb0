"""Inception-v4: Inception without residual connections, with one choice of filters for each size of map.

Source: C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the impact of residual
connections on learning", AAAI 2017 (arXiv 1602.07261, 2016): figure 3 (stem), figures 4 to 6 (Inception-A, -B, -C),
figures 7 and 8 (Reduction-A, -B), figure 9 (the whole), Table 1 (filters of Reduction-A); and, for the order of 1×7 and
7×1 convolutions, for epsilon and for average pools that leave the border out, the authors' code in TensorFlow-Slim
(inception_v4.py). The auxiliary classifier of that code is not in the paper, and not here.
"""

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn

from cnncourse.architectures.expected_images import expect_images
from cnncourse.architectures.inception_v3.model import (
    AveragePoolBranch,
    Branch,
    FilterConcatenation,
    Fork,
    ReductionA,
)
from cnncourse.architectures.initialisation import initialise_for_relu

# Figure 9 of the paper: numbers of Inception-A, -B and -C modules.
REPEATS: tuple[int, int, int] = (4, 7, 3)
# Table 1 of the paper: k, l, m and n of Reduction-A.
REDUCTION_A_FILTERS: tuple[int, int, int, int] = (192, 224, 256, 384)


class Stem(nn.Sequential):
    """The layers before the first module: from 299×299×3 to 35×35×384 (figure 3).

    Args:
        in_channels: channels of the input image.
        width: factor on every number of filters.
        small_images: whether to shrink the image by two in place of eight: the first convolution and the last step
            have stride 1, and every convolution but those that halve keeps the border.

    """

    def __init__(self, in_channels: int, *, width: float = 1.0, small_images: bool = False) -> None:
        ends, valid = {"stride": 1 if small_images else 2, "valid": not small_images}, not small_images
        entry = Branch(in_channels, (32, 3), **ends, width=width)
        second = Branch(entry.out_channels, (32, 3), valid=valid, width=width)
        third = Branch(second.out_channels, (64, 3), width=width)
        mixed3a = FilterConcatenation(
            third.out_channels,
            {
                "pool": nn.MaxPool2d(kernel_size=3, stride=2),
                "three": Branch(third.out_channels, (96, 3), stride=2, valid=True, width=width),
            },
        )
        channels = mixed3a.out_channels
        mixed4a = FilterConcatenation(
            channels,
            {
                "three": Branch(channels, (64, 1), (96, 3), valid=valid, width=width),
                "seven": Branch(channels, (64, 1), (64, (1, 7)), (64, (7, 1)), (96, 3), valid=valid, width=width),
            },
        )
        channels = mixed4a.out_channels
        mixed5a = FilterConcatenation(
            channels,
            {
                "three": Branch(channels, (192, 3), **ends, width=width),
                "pool": nn.MaxPool2d(kernel_size=3, stride=ends["stride"], padding=1 if small_images else 0),
            },
        )
        super().__init__(
            OrderedDict(conv1a=entry, conv2a=second, conv2b=third, mixed3a=mixed3a, mixed4a=mixed4a, mixed5a=mixed5a)
        )
        self.out_channels = mixed5a.out_channels


class InceptionA(FilterConcatenation):
    """The module on 35×35 maps, with 384 output maps (figure 4).

    Args:
        in_channels: number of input maps.
        width: factor on every number of filters.

    """

    def __init__(self, in_channels: int, *, width: float = 1.0) -> None:
        branches = {
            "one": Branch(in_channels, (96, 1), width=width),
            "three": Branch(in_channels, (64, 1), (96, 3), width=width),
            "double_three": Branch(in_channels, (64, 1), (96, 3), (96, 3), width=width),
            "pool": AveragePoolBranch(in_channels, 96, width=width),
        }
        super().__init__(in_channels, branches)


class InceptionB(FilterConcatenation):
    """The module on 17×17 maps, with 1,024 output maps (figure 5).

    Args:
        in_channels: number of input maps.
        width: factor on every number of filters.

    """

    def __init__(self, in_channels: int, *, width: float = 1.0) -> None:
        wide, high = (1, 7), (7, 1)
        branches = {
            "one": Branch(in_channels, (384, 1), width=width),
            "seven": Branch(in_channels, (192, 1), (224, wide), (256, high), width=width),
            "double_seven": Branch(
                in_channels, (192, 1), (192, high), (224, wide), (224, high), (256, wide), width=width
            ),
            "pool": AveragePoolBranch(in_channels, 128, width=width),
        }
        super().__init__(in_channels, branches)


class ReductionB(FilterConcatenation):
    """Halve 17×17 maps to 8×8, with 1,536 output maps (figure 8).

    Args:
        in_channels: number of input maps.
        width: factor on every number of filters.

    """

    def __init__(self, in_channels: int, *, width: float = 1.0) -> None:
        seven = (256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3)
        branches = {
            "three": Branch(in_channels, (192, 1), (192, 3), stride=2, valid=True, width=width),
            "seven": Branch(in_channels, *seven, stride=2, valid=True, width=width),
            "pool": nn.MaxPool2d(kernel_size=3, stride=2),
        }
        super().__init__(in_channels, branches)


class InceptionC(FilterConcatenation):
    """The module on 8×8 maps, with 1,536 output maps (figure 6).

    Args:
        in_channels: number of input maps.
        width: factor on every number of filters.

    """

    def __init__(self, in_channels: int, *, width: float = 1.0) -> None:
        long_chain = Branch(in_channels, (384, 1), (448, (3, 1)), (512, (1, 3)), width=width)
        branches = {
            "one": Branch(in_channels, (256, 1), width=width),
            "three": Fork(Branch(in_channels, (384, 1), width=width), 256, width=width),
            "double_three": Fork(long_chain, 256, width=width),
            "pool": AveragePoolBranch(in_channels, 256, width=width),
        }
        super().__init__(in_channels, branches)


class InceptionV4(nn.Module):
    """Inception-v4: 42,679,816 trainable parameters.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        repeats: numbers of Inception-A, -B and -C modules.
        width: factor on every number of filters.
        small_images: whether the stem shrinks the image by two in place of eight; see ``small``.

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        repeats: tuple[int, int, int] = REPEATS,
        width: float = 1.0,
        small_images: bool = False,
    ) -> None:
        super().__init__()
        expect_images(self, in_channels, at_least=15 if small_images else 75)
        self.stem = Stem(in_channels, width=width, small_images=small_images)
        self.inception_a = repeated(InceptionA, repeats[0], self.stem.out_channels, width=width)
        self.reduction_a = ReductionA(self.inception_a.out_channels, filters=REDUCTION_A_FILTERS, width=width)
        self.inception_b = repeated(InceptionB, repeats[1], self.reduction_a.out_channels, width=width)
        self.reduction_b = ReductionB(self.inception_b.out_channels, width=width)
        self.inception_c = repeated(InceptionC, repeats[2], self.reduction_b.out_channels, width=width)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(self.inception_c.out_channels, num_classes)
        initialise_for_relu(self)

    @classmethod
    def small(cls, num_classes: int = 10, in_channels: int = 3) -> "InceptionV4":
        """Build the network for 32×32 images: a quarter of the filters, fewer modules, a stem that shrinks by two.

        One Inception-A, two Inception-B and one Inception-C module work on 15×15, 7×7 and 3×3 maps in place of
        35×35, 17×17 and 8×8; more of them would cost time and show nothing new.
        """
        return cls(num_classes, in_channels, repeats=(1, 2, 1), width=1 / 4, small_images=True)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, 299, 299) into class scores of shape (N, num_classes)."""
        maps = self.inception_a(self.stem(images))
        maps = self.inception_b(self.reduction_a(maps))
        maps = self.inception_c(self.reduction_b(maps))
        return self.output(self.dropout(self.average(maps).flatten(1)))


def repeated(
    module: Callable[..., FilterConcatenation], times: int, in_channels: int, *, width: float
) -> nn.Sequential:
    """Return a chain of equal modules, at least one, each of which takes what the one before it gives."""
    chain = nn.Sequential()
    channels = in_channels
    for _ in range(times):
        chain.append(module(channels, width=width))
        channels = chain[-1].out_channels
    chain.out_channels = channels
    return chain


# The paper and the released code have one Inception-v4.
VARIANTS: dict[str, Callable[..., nn.Module]] = {}
