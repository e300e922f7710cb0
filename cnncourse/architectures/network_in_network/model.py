"""Network in Network by Lin, Chen and Yan, for ImageNet and for CIFAR-10.

Source: M. Lin, Q. Chen, S. Yan, "Network in network", ICLR 2014 (arXiv:1312.4400): sections 3.1 (mlpconv layers) and
3.2 (global average pooling). The paper does not print its widths; they are those of the first author's
configurations: ``nin_imagenet`` of the Caffe model zoo, and the CIFAR-10 network of his cuda-convnet.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from torch import Tensor, nn

from cnncourse.architectures.expected_images import expect_images
from cnncourse.architectures.initialisation import initialise_for_relu


class Stage(NamedTuple):
    """One line of the tables below.

    Attributes:
        widths: output channels of the convolution and of the 1×1 convolutions after it; those of the last stage lack
            the last one, which is the number of classes.
        kernel_size: of the convolution.
        stride: of the convolution.
        padding: of the convolution.
        pool: "max" or "average" for a pooling with window 3 and stride 2 after the layer, "none" for none.
        dropout: share of numbers that are dropped after the pooling.

    """

    widths: tuple[int, ...]
    kernel_size: int
    stride: int = 1
    padding: int = 0
    pool: str = "none"
    dropout: float = 0.0


IMAGENET_STAGES = (
    Stage((96, 96, 96), kernel_size=11, stride=4, pool="max"),
    Stage((256, 256, 256), kernel_size=5, padding=2, pool="max"),
    Stage((384, 384, 384), kernel_size=3, padding=1, pool="max", dropout=0.5),
    Stage((1024, 1024), kernel_size=3, padding=1),
)
CIFAR_STAGES = (
    Stage((192, 160, 96), kernel_size=5, padding=2, pool="max", dropout=0.5),
    Stage((192, 192, 192), kernel_size=5, padding=2, pool="average", dropout=0.5),
    Stage((192, 192), kernel_size=3, padding=1),
)


class MLPConv(nn.Sequential):
    """The paper's mlpconv layer: a small multilayer perceptron in place of a linear filter (section 3.1).

    The perceptron's first layer is an ordinary convolution. Its further layers are the same for every place, which
    makes them 1×1 convolutions. A ReLU follows each.

    Args:
        in_channels: channels of the input.
        widths: output channels of the perceptron's layers.
        kernel_size: of the first layer.
        stride: of the first layer.
        padding: of the first layer.

    """

    def __init__(
        self, in_channels: int, widths: tuple[int, ...], kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        layers: list[nn.Module] = [nn.Conv2d(in_channels, widths[0], kernel_size, stride, padding)]
        for source, width in pairwise(widths):
            # The ReLU overwrites the convolution's output, which nothing else needs.
            layers += [nn.ReLU(inplace=True), nn.Conv2d(source, width, kernel_size=1)]
        super().__init__(*layers, nn.ReLU(inplace=True))


class NetworkInNetwork(nn.Module):
    """Network in Network for ImageNet: 7,595,176 trainable parameters, none of them in a fully connected layer.

    The last mlpconv layer makes one map a class; the mean of a map is the class's score (section 3.2). There is
    therefore no image size that the network is bound to.

    Weights follow He et al. 2015, biases are 0; the paper gives no rule.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        stages: the mlpconv layers, the number of classes left out.
        smallest_image: height and width of the smallest images that leave a map in every layer.

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        stages: tuple[Stage, ...] = IMAGENET_STAGES,
        smallest_image: int = 39,
    ) -> None:
        super().__init__()
        expect_images(self, in_channels, at_least=smallest_image)
        layers: list[nn.Module] = []
        for stage in stages:
            last = stage is stages[-1]
            widths = (*stage.widths, num_classes) if last else stage.widths
            layers.append(MLPConv(in_channels, widths, stage.kernel_size, stage.stride, stage.padding))
            # Caffe and cuda-convnet keep a window that sticks out of the map: 54 → 27 pixels, where flooring gives 26.
            if stage.pool == "max":
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True))
            elif stage.pool == "average":
                layers.append(nn.AvgPool2d(kernel_size=3, stride=2, ceil_mode=True))
            if stage.dropout:
                layers.append(nn.Dropout(stage.dropout))
            in_channels = widths[-1]
        self.layers = nn.Sequential(*layers)
        self.global_average_pool = nn.AdaptiveAvgPool2d(1)
        initialise_for_relu(self)

    @classmethod
    def small(cls, num_classes: int = 10, in_channels: int = 3) -> "NetworkInNetwork":
        """Build the CIFAR-10 network with a quarter of its channels: 63,770 trainable parameters for ten classes.

        Nothing else changes, but that a thirteenth of the multiply-adds trains in seconds.
        """
        stages = tuple(stage._replace(widths=tuple(width // 4 for width in stage.widths)) for stage in CIFAR_STAGES)
        return cls(num_classes, in_channels, stages=stages, smallest_image=4)

    def class_maps(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, height, width) into one map a class, (N, num_classes, h, w)."""
        return self.layers(images)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, height, width) into class scores of shape (N, num_classes)."""
        return self.global_average_pool(self.class_maps(images)).flatten(1)


class CIFARNetworkInNetwork(NetworkInNetwork):
    """The first author's network for 32×32 images: 966,986 trainable parameters for ten classes.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.

    """

    def __init__(self, num_classes: int = 10, in_channels: int = 3) -> None:
        super().__init__(num_classes, in_channels, stages=CIFAR_STAGES, smallest_image=4)


VARIANTS: dict[str, Callable[..., nn.Module]] = {"cifar-10": CIFARNetworkInNetwork}
