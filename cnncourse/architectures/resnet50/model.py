"""ResNet-50 by He, Zhang, Ren and Sun, and the paper's other depths, shortcuts and plain networks.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016 (arXiv:1512.03385):
Table 1 (layers), Fig. 5 (blocks), sections 3.3 (shortcuts), 3.4 (batch normalisation, initialisation), 4.1 (options A,
B and C) and 4.2 (networks for 32×32 images).
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.expected_images import expect_images
from cnncourse.architectures.initialisation import initialise


class ZeroPaddedShortcut(nn.Module):
    """Option A: the identity on every stride-th pixel, with zeros for the channels that are new (section 4.1).

    Args:
        in_channels: channels of the block's input.
        out_channels: channels of the block's output, as many or more.
        stride: of the block.

    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.new_channels = out_channels - in_channels

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H/stride, W/stride)."""
        # F.pad counts from the last dimension: columns, rows, channels.
        return F.pad(maps[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))

    def extra_repr(self) -> str:
        """Describe the layer in a printed model."""
        return f"stride={self.stride}, new_channels={self.new_channels}"


def make_shortcut(option: str, in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """Return what carries a block's input past its layers (section 4.1).

    Args:
        option: "A": identity, zero-padded where there are new channels; "B": projection where the shape changes,
            identity elsewhere; "C": projection everywhere; "none": no shortcut, which makes the network plain.
        in_channels: channels of the block's input.
        out_channels: channels of the block's output.
        stride: of the block.

    """
    shape_changes = stride != 1 or in_channels != out_channels
    if option == "none":
        return None
    if option == "C" or (option == "B" and shape_changes):
        return nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
        )
    if option == "A" and shape_changes:
        return ZeroPaddedShortcut(in_channels, out_channels, stride)
    if option in ("A", "B"):
        return nn.Identity()
    raise ValueError(f"shortcuts are 'A', 'B', 'C' or 'none', not {option!r}")


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut past both (Fig. 5, left).

    Args:
        in_channels: channels of the input.
        width: channels of both convolutions, and of the output.
        stride: of the first convolution.
        shortcut: option "A", "B", "C" or "none", see ``make_shortcut``.

    """

    def __init__(self, in_channels: int, width: int, stride: int = 1, shortcut: str = "B") -> None:
        super().__init__()
        self.out_channels = width
        self.conv1 = nn.Conv2d(in_channels, width, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = make_shortcut(shortcut, in_channels, self.out_channels, stride)
        self.relu = nn.ReLU(inplace=True)  # it only ever overwrites what the line that calls it has just made

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H/stride, W/stride)."""
        residual = self.relu(self.bn1(self.conv1(maps)))
        residual = self.bn2(self.conv2(residual))
        if self.shortcut is not None:
            residual = residual + self.shortcut(maps)
        return self.relu(residual)


class Bottleneck(nn.Module):
    """A 1×1 convolution to few channels, a 3×3 among them, a 1×1 back to many, and a shortcut (Fig. 5, right).

    Args:
        in_channels: channels of the input.
        width: channels of the first two convolutions; the output has four times as many.
        stride: of the block.
        shortcut: option "A", "B", "C" or "none", see ``make_shortcut``.
        stride_in: the convolution that has the stride: the first "1x1", as in the paper and its released networks, or
            the "3x3", as in Facebook's ``fb.resnet.torch`` and today's libraries, which call it version 1.5.

    """

    expansion = 4

    def __init__(
        self, in_channels: int, width: int, stride: int = 1, shortcut: str = "B", stride_in: str = "1x1"
    ) -> None:
        super().__init__()
        if stride_in not in ("1x1", "3x3"):
            raise ValueError(f"the stride is in the '1x1' or in the '3x3' convolution, not in {stride_in!r}")
        first_stride, second_stride = (stride, 1) if stride_in == "1x1" else (1, stride)
        self.out_channels = self.expansion * width
        self.conv1 = nn.Conv2d(in_channels, width, kernel_size=1, stride=first_stride, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, kernel_size=3, stride=second_stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, self.out_channels, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(self.out_channels)
        self.shortcut = make_shortcut(shortcut, in_channels, self.out_channels, stride)
        self.relu = nn.ReLU(inplace=True)  # it only ever overwrites what the line that calls it has just made

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H/stride, W/stride)."""
        residual = self.relu(self.bn1(self.conv1(maps)))
        residual = self.relu(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        if self.shortcut is not None:
            residual = residual + self.shortcut(maps)
        return self.relu(residual)


# Table 1 of the paper, by number of weighted layers: the block, and how many of them conv2_x to conv5_x have.
TABLE_1: dict[int, tuple[type[nn.Module], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}
WIDTHS = (64, 128, 256, 512)  # Table 1: kernels of the 3×3 convolutions of conv2_x to conv5_x
SMALL_WIDTHS = (16, 32, 64)  # section 4.2: the same for 32×32 images


class ResidualNetwork(nn.Module):
    """What the networks of this family share: conv1, stages of blocks, average pooling and one linear layer.

    The stages are called as in Table 1, from ``conv2_x``. Each but the first halves height and width.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        block: makes a block from its input channels, its width and its stride.
        repeats: number of blocks of each stage.
        widths: width of each stage's blocks; conv1 has as many channels as the first.
        small_images: whether conv1 is 3×3 without stride or pooling, as for 32×32 images (section 4.2), and not 7×7
            with stride 2 and a pooling.

    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        block: Callable[[int, int, int], nn.Module],
        repeats: Sequence[int],
        widths: Sequence[int],
        *,
        small_images: bool = False,
    ) -> None:
        super().__init__()
        expect_images(self, in_channels, at_least=1)  # padding keeps a map of one pixel even for an image of one
        channels = widths[0]
        if small_images:
            self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=3, padding=1, bias=False)
        else:
            self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)  # overwrites the output of bn1, which nothing else needs
        self.pool = nn.Identity() if small_images else nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.stages = nn.Sequential()
        for number, (repeat, width) in enumerate(zip(repeats, widths, strict=True), start=2):
            stage = nn.Sequential()
            for index in range(repeat):
                stage.append(block(channels, width, 2 if index == 0 and number > 2 else 1))
                channels = stage[-1].out_channels
            self.stages.add_module(f"conv{number}_x", stage)
        self.global_average_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        # He et al. 2015, as section 3.4 has it; batch normalisation starts as the identity, torch's default.
        initialise(self, partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu"), (nn.Conv2d,))

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, height, width) into class scores of shape (N, num_classes)."""
        maps = self.pool(self.relu(self.bn1(self.conv1(images))))
        maps = self.stages(maps)
        return self.fc(self.global_average_pool(maps).flatten(1))


class ResNet(ResidualNetwork):
    """A column of Table 1.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        depth: number of weighted layers, 18, 34, 50, 101 or 152.
        shortcuts: option "A", "B", "C" or "none", see ``make_shortcut``; the paper's deeper networks have B.
        stride_in: convolution of a bottleneck that has the stride, "1x1" or "3x3", see ``Bottleneck``.

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        depth: int = 50,
        shortcuts: str = "B",
        stride_in: str = "1x1",
    ) -> None:
        if depth not in TABLE_1:
            raise ValueError(f"ResNet has depths {', '.join(map(str, TABLE_1))}, not {depth}")
        block, repeats = TABLE_1[depth]
        options = {"stride_in": stride_in} if block is Bottleneck else {}
        super().__init__(num_classes, in_channels, partial(block, shortcut=shortcuts, **options), repeats, WIDTHS)

    @staticmethod
    def small(num_classes: int = 10, in_channels: int = 3, *, depth: int = 20, shortcuts: str = "A") -> ResidualNetwork:
        """Build the paper's own form for 32×32 images: 269,722 trainable parameters for ten classes at depth 20.

        conv1 is 3×3, three stages of basic blocks follow, with 16, 32 and 64 channels on maps of 32, 16 and 8 pixels,
        and all shortcuts are of option A, so that the plain network has exactly as many parameters (section 4.2).

        Args:
            num_classes: number of classes.
            in_channels: channels of the input image.
            depth: number of weighted layers, 6n + 2; the paper has 20, 32, 44, 56, 110 and 1202.
            shortcuts: option "A", "B", "C" or "none".

        """
        repeat, remainder = divmod(depth - 2, 6)
        if repeat < 1 or remainder:
            raise ValueError(f"a ResNet for small images has 6n + 2 layers (8, 14, 20, …), not {depth}")
        block = partial(BasicBlock, shortcut=shortcuts)
        return ResidualNetwork(num_classes, in_channels, block, (repeat,) * 3, SMALL_WIDTHS, small_images=True)


class ResNet50(ResNet):
    """ResNet-50 as published: 25,557,032 trainable parameters, 3.858 billion multiply-adds.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        shortcuts: option "A", "B", "C" or "none", see ``make_shortcut``.
        stride_in: convolution of a bottleneck that has the stride, "1x1" or "3x3", see ``Bottleneck``.

    """

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, *, shortcuts: str = "B", stride_in: str = "1x1"
    ) -> None:
        super().__init__(num_classes, in_channels, depth=50, shortcuts=shortcuts, stride_in=stride_in)


VARIANTS: dict[str, Callable[..., nn.Module]] = {
    "v1.5": partial(ResNet50, stride_in="3x3"),  # 6 % more multiply-adds: the stride comes a convolution later
    "resnet-18": partial(ResNet, depth=18),
    "resnet-34": partial(ResNet, depth=34),
    "resnet-101": partial(ResNet, depth=101),
    "resnet-152": partial(ResNet, depth=152),
    # Table 2: what the residual networks are compared with, the same layers without shortcuts.
    "plain-18": partial(ResNet, depth=18, shortcuts="none"),
    "plain-34": partial(ResNet, depth=34, shortcuts="none"),
}
