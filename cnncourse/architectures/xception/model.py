"""Xception: Inception taken to its end, one spatial convolution a channel.

Source: F. Chollet, "Xception: Deep learning with depthwise separable convolutions", CVPR 2017 (arXiv 1610.02357, 2016):
section 3 and figure 5 (layers), section 4.3 (dropout), section 4.7 and figure 10 (an activation between the two steps),
and the author's code in Keras (no bias in any convolution, epsilon of batch normalisation 1e-3).

The pools are padded alike on all sides. The author's TensorFlow pads where it must, and so, where it turns 74×74 maps
into 37×37, below and to the right only.
"""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from cnncourse.architectures.expected_images import expect_images
from cnncourse.architectures.inception_v1.model import ConvBatchNormReLU, scaled
from cnncourse.architectures.initialisation import initialise_for_relu

# Figure 5 of the paper: filters of the separable convolutions, module by module.
ENTRY_FLOW: tuple[tuple[int, ...], ...] = ((128, 128), (256, 256), (728, 728))
MIDDLE_FLOW: tuple[int, ...] = (728, 728, 728)
MIDDLE_FLOW_REPEATS = 8
EXIT_FLOW: tuple[int, ...] = (728, 1024)
EXIT_FLOW_AFTER_POOLING: tuple[int, ...] = (1536, 2048)


class SeparableConv2d(nn.Module):
    """A depthwise 3×3 convolution, then a 1×1 convolution across the channels, without bias.

    Args:
        in_channels: number of input maps.
        out_channels: number of output maps.
        intermediate_activation: whether a ReLU stands between the two steps. In the paper there is none: a map of a
            single channel loses by it what no other map keeps (section 4.7).

    """

    def __init__(self, in_channels: int, out_channels: int, *, intermediate_activation: bool = False) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(in_channels, in_channels, kernel_size=3, padding=1, groups=in_channels, bias=False)
        self.activation = nn.ReLU(inplace=True) if intermediate_activation else nn.Identity()
        self.pointwise = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H, W)."""
        return self.pointwise(self.activation(self.depthwise(maps)))


class XceptionModule(nn.Module):
    """Separable convolutions, each after a ReLU, with a shortcut past them; no ReLU after the addition (figure 5).

    Args:
        in_channels: number of input maps.
        filters: of each separable convolution, in order.
        leading_relu: whether a ReLU stands before the first one too.
        downsample: whether a max pooling halves the maps; the shortcut is then a 1×1 convolution with stride 2.
        intermediate_activation: whether a ReLU stands within the separable convolutions.

    """

    def __init__(
        self,
        in_channels: int,
        filters: Sequence[int],
        *,
        leading_relu: bool = True,
        downsample: bool = False,
        intermediate_activation: bool = False,
    ) -> None:
        super().__init__()
        self.out_channels = filters[-1]
        self.shortcut: nn.Module = nn.Identity()
        if downsample:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, self.out_channels, kernel_size=1, stride=2, bias=False),
                nn.BatchNorm2d(self.out_channels, eps=1e-3),
            )
        self.residual = nn.Sequential()
        channels = in_channels
        for number, out_channels in enumerate(filters):
            if leading_relu or number > 0:
                # The first ReLU works on the module's input, which the shortcut needs as it was: not in place.
                self.residual.append(nn.ReLU(inplace=number > 0))
            self.residual.append(
                SeparableConv2d(channels, out_channels, intermediate_activation=intermediate_activation)
            )
            self.residual.append(nn.BatchNorm2d(out_channels, eps=1e-3))
            channels = out_channels
        if downsample:
            self.residual.append(nn.MaxPool2d(kernel_size=3, stride=2, padding=1))

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H, W), or half of H and W where it samples down."""
        return self.residual(maps) + self.shortcut(maps)


class Xception(nn.Module):
    """Xception as in figure 5: 22,855,952 trainable parameters, 36 convolutions in 14 modules.

    Two ordinary convolutions come first, then 34 separable ones; the 1×1 convolutions of four shortcuts are not counted
    among the 36.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        intermediate_activation: whether a ReLU stands within the separable convolutions; see ``VARIANTS``.
        width: factor on every number of filters.
        middle_repeats: number of modules in the middle flow.
        first_stride: stride of the first convolution; see ``small``.

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        intermediate_activation: bool = False,
        width: float = 1.0,
        middle_repeats: int = MIDDLE_FLOW_REPEATS,
        first_stride: int = 2,
    ) -> None:
        super().__init__()
        # Two 3×3 convolutions without padding, the first with its stride, need this much to leave one number.
        expect_images(self, in_channels, at_least=3 + 2 * first_stride)
        first, second = scaled(32, width), scaled(64, width)
        module = partial(XceptionModule, intermediate_activation=intermediate_activation)

        self.conv1 = ConvBatchNormReLU(in_channels, first, kernel_size=3, stride=first_stride)
        self.conv2 = ConvBatchNormReLU(first, second, kernel_size=3)
        channels = second
        self.entry_flow = nn.Sequential()
        for number, filters in enumerate(ENTRY_FLOW):
            # The first module needs no ReLU of its own, because its input has just been through one.
            filters = [scaled(each, width) for each in filters]
            self.entry_flow.append(module(channels, filters, leading_relu=number > 0, downsample=True))
            channels = filters[-1]
        self.middle_flow = nn.Sequential()
        for _ in range(middle_repeats):
            self.middle_flow.append(module(channels, [scaled(each, width) for each in MIDDLE_FLOW]))
        self.exit_flow = nn.Sequential()
        self.exit_flow.append(module(channels, [scaled(each, width) for each in EXIT_FLOW], downsample=True))
        channels = self.exit_flow[0].out_channels
        for filters in EXIT_FLOW_AFTER_POOLING:
            out_channels = scaled(filters, width)
            self.exit_flow.append(
                SeparableConv2d(channels, out_channels, intermediate_activation=intermediate_activation)
            )
            self.exit_flow.append(nn.BatchNorm2d(out_channels, eps=1e-3))
            self.exit_flow.append(nn.ReLU(inplace=True))
            channels = out_channels
        self.average = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(channels, num_classes)
        initialise_for_relu(self)

    @classmethod
    def small(cls, num_classes: int = 10, in_channels: int = 3) -> "Xception":
        """Build the network for 32×32 images: a quarter of the filters, two middle modules, first stride 1.

        The middle flow then works on 4×4 maps in place of 19×19, and the exit flow ends on 2×2 ones. Every kind of
        module is there; of the eight equal ones in the middle, two show what they do.
        """
        return cls(num_classes, in_channels, width=1 / 4, middle_repeats=2, first_stride=1)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, 299, 299) into class scores of shape (N, num_classes)."""
        maps = self.conv2(self.conv1(images))
        maps = self.exit_flow(self.middle_flow(self.entry_flow(maps)))
        return self.output(self.dropout(self.average(maps).flatten(1)))


VARIANTS: dict[str, Callable[..., nn.Module]] = {
    # The same 22,855,952 parameters, with a ReLU between depthwise and pointwise convolution: figure 10 of the paper,
    # where it learns more slowly and ends lower.
    "intermediate-activation": partial(Xception, intermediate_activation=True),
}
