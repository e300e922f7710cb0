"""VGG-16, configuration D of Simonyan and Zisserman, and the paper's other configurations.

Source: K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015
(arXiv:1409.1556): Table 1 (configurations), sections 2.1 (layers) and 3.1 (dropout, initialisation). Configuration
A-LRN, A with local response normalisation, is left out: the paper found no gain in it.
"""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from cnncourse.architectures.expected_images import expect_images
from cnncourse.architectures.initialisation import initialise

# Table 1 of the paper: the kernel sizes of the convolutions in each of the five stages.
CONFIGURATIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}
# Table 1: output channels of every convolution of a stage; they double until 512.
WIDTHS = (64, 128, 256, 512, 512)
HIDDEN_UNITS = 4096
DROPOUT = 0.5


class ConvolutionStack(nn.Sequential):
    """One stage: convolutions that keep height and width, a ReLU after each, and a 2×2 max pooling that halves them.

    Args:
        in_channels: of the first convolution's input.
        out_channels: of every convolution.
        kernel_sizes: one for each convolution.

    """

    def __init__(self, in_channels: int, out_channels: int, kernel_sizes: Sequence[int]) -> None:
        layers: list[nn.Module] = []
        for kernel_size in kernel_sizes:
            layers.append(nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2))
            layers.append(nn.ReLU(inplace=True))  # overwrites the convolution's output, which nothing else needs
            in_channels = out_channels
        super().__init__(*layers, nn.MaxPool2d(kernel_size=2))


class VGG(nn.Module):
    """Any configuration of Table 1: five stacks of convolutions and three fully connected layers.

    Weights follow Glorot and Bengio 2010, biases are 0. The paper's networks took their first weights from a trained
    configuration A; section 3.1 notes that Glorot and Bengio's rule makes this unnecessary.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        configuration: column of Table 1, "A" to "E".
        widths: output channels of the five stages.
        hidden_units: width of the two hidden fully connected layers.
        image_size: height and width of the images, a multiple of 32.
        initialise_weight: draws the weights of a layer in place.

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        configuration: str = "D",
        widths: tuple[int, int, int, int, int] = WIDTHS,
        hidden_units: int = HIDDEN_UNITS,
        image_size: int = 224,
        initialise_weight: Callable[[Tensor], Tensor] = nn.init.xavier_uniform_,
    ) -> None:
        super().__init__()
        if configuration not in CONFIGURATIONS:
            raise ValueError(f"VGG has configurations {', '.join(CONFIGURATIONS)}, not {configuration!r}")
        if image_size < 32 or image_size % 32:
            raise ValueError(f"VGG halves its images five times: their size must be a multiple of 32, not {image_size}")
        expect_images(self, in_channels, size=image_size)
        sources = (in_channels, *widths[:-1])
        self.stage1, self.stage2, self.stage3, self.stage4, self.stage5 = (
            ConvolutionStack(source, width, kernel_sizes)
            for source, width, kernel_sizes in zip(sources, widths, CONFIGURATIONS[configuration], strict=True)
        )
        self.fc1 = nn.Linear(widths[-1] * (image_size // 32) ** 2, hidden_units)
        self.fc2 = nn.Linear(hidden_units, hidden_units)
        self.fc3 = nn.Linear(hidden_units, num_classes)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(DROPOUT)
        initialise(self, initialise_weight)

    @staticmethod
    def small(num_classes: int = 10, in_channels: int = 3) -> "VGG":
        """Build configuration D for 32×32 images: 955,098 trainable parameters for ten classes.

        The stacks are those of the paper with a quarter of its channels; five poolings leave one pixel, so that the
        first fully connected layer is small, and the hidden layers have 128 units. Weights follow He et al. 2015:
        Glorot and Bengio's rule halves the signal's variance at every ReLU, and thirteen halvings stall a short run.
        """
        return VGG(
            num_classes,
            in_channels,
            widths=(16, 32, 64, 128, 128),
            hidden_units=128,
            image_size=32,
            initialise_weight=nn.init.kaiming_normal_,
        )

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, 224, 224) into class scores of shape (N, num_classes)."""
        maps = self.stage1(images)
        maps = self.stage2(maps)
        maps = self.stage3(maps)
        maps = self.stage4(maps)
        maps = self.stage5(maps)
        features = self.dropout(self.relu(self.fc1(maps.flatten(1))))
        features = self.dropout(self.relu(self.fc2(features)))
        return self.fc3(features)


class VGG16(VGG):
    """Configuration D: 13 convolutions, all 3×3, and 138,357,544 trainable parameters.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.

    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__(num_classes, in_channels, configuration="D")


VARIANTS: dict[str, Callable[..., nn.Module]] = {
    "vgg-11": partial(VGG, configuration="A"),
    "vgg-13": partial(VGG, configuration="B"),
    "vgg-16-c": partial(VGG, configuration="C"),  # as deep as D, with 1×1 where D has its last 3×3 of a stage
    "vgg-19": partial(VGG, configuration="E"),
}
