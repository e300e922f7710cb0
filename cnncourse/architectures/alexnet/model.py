"""AlexNet as Krizhevsky, Sutskever and Hinton published it, and its one-tower successor of 2014.

Sources: A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet classification with deep convolutional neural networks",
NIPS 2012: sections 3.3 (normalisation), 3.4 (overlapping pooling), 3.5 (layers), 4.2 (dropout) and 5 (initialisation).
A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", arXiv:1404.5997, 2014: the network
in one tower, in its footnote on the layers, here with the widths that torchvision's ``alexnet`` has.
"""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from cnncourse.architectures.expected_images import expect_images
from cnncourse.architectures.initialisation import initialise

# Section 3.5: kernels of each convolutional layer, of both towers together.
WIDTHS = (96, 256, 384, 384, 256)
# The fourth layer has 256 kernels in torchvision; the footnote of 2014 prints 384.
ONE_TOWER_WIDTHS = (64, 192, 384, 256, 256)
# Section 3.5: each tower ran on a graphics card of its own; conv2, conv4 and conv5 see only their own tower's maps.
TOWERS = 2
HIDDEN_UNITS = 4096
DROPOUT = 0.5


class AlexNet(nn.Module):
    """AlexNet as published in 2012: 60,965,224 trainable parameters, 724 million multiply-adds.

    The two towers are convolutions in two groups: group one is the first card, group two the second.

    The paper's text says that images are 224×224, but only 227 (or a border that it does not mention) gives the 55×55
    maps of its first layer: (227 − 11) / 4 + 1 = 55.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        widths: output channels of the five convolutional layers.
        hidden_units: width of the two hidden fully connected layers.
        image_size: height and width of the images.
        first_kernel_size: of conv1.
        first_stride: of conv1.
        towers: groups of conv2, conv4 and conv5; 1 for the network that the paper's would be on one large card.
        initialise: gives each layer its first weights and biases.

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        widths: tuple[int, int, int, int, int] = WIDTHS,
        hidden_units: int = HIDDEN_UNITS,
        image_size: int = 227,
        first_kernel_size: int = 11,
        first_stride: int = 4,
        towers: int = TOWERS,
        initialise: Callable[["AlexNet"], None] | None = None,
    ) -> None:
        super().__init__()
        expect_images(self, in_channels, size=image_size)
        one, two, three, four, five = widths
        side = (image_size - first_kernel_size) // first_stride + 1
        for _pool in range(3):
            side = (side - 3) // 2 + 1
        self.conv1 = nn.Conv2d(in_channels, one, kernel_size=first_kernel_size, stride=first_stride)
        self.conv2 = nn.Conv2d(one, two, kernel_size=5, padding=2, groups=towers)
        self.conv3 = nn.Conv2d(two, three, kernel_size=3, padding=1)  # the one place where the towers meet
        self.conv4 = nn.Conv2d(three, four, kernel_size=3, padding=1, groups=towers)
        self.conv5 = nn.Conv2d(four, five, kernel_size=3, padding=1, groups=towers)
        self.fc6 = nn.Linear(five * side * side, hidden_units)
        self.fc7 = nn.Linear(hidden_units, hidden_units)
        self.fc8 = nn.Linear(hidden_units, num_classes)
        # The paper multiplies a sum over 5 maps by α = 10⁻⁴, torch their mean: α is five times as large here.
        self.normalise = nn.LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2)  # windows overlap: they are wider than their distance
        self.relu = nn.ReLU(inplace=True)  # it only ever overwrites what a layer has just made
        self.dropout = nn.Dropout(DROPOUT)
        (initialise or initialise_as_published)(self)

    @classmethod
    def small(cls, num_classes: int = 10, in_channels: int = 3) -> "AlexNet":
        """Build the form for 32×32 images: 279,914 trainable parameters for ten classes.

        The first kernel is 5×5 with stride 1, since 11×11 with stride 4 would leave nothing to the three poolings
        (maps are 28, 13, 6 and 2 pixels wide); layers have a quarter of the kernels, and 256 hidden units. Weights
        follow He et al. 2015: the paper's standard deviation of 0.01 is for layers with many more inputs, and lets the
        signal vanish here.
        """
        return cls(
            num_classes,
            in_channels,
            widths=(24, 64, 96, 96, 64),
            hidden_units=256,
            image_size=32,
            first_kernel_size=5,
            first_stride=1,
            initialise=initialise_by_fan_in,
        )

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, 227, 227) into class scores of shape (N, num_classes)."""
        maps = self.pool(self.normalise(self.relu(self.conv1(images))))
        maps = self.pool(self.normalise(self.relu(self.conv2(maps))))
        maps = self.relu(self.conv3(maps))
        maps = self.relu(self.conv4(maps))
        maps = self.pool(self.relu(self.conv5(maps)))
        features = self.dropout(self.relu(self.fc6(maps.flatten(1))))
        features = self.dropout(self.relu(self.fc7(features)))
        return self.fc8(features)


class OneTowerAlexNet(nn.Module):
    """The AlexNet of "One weird trick" that today's libraries mean: 61,100,840 trainable parameters.

    What changed, and why: there is one tower with fewer kernels, since the trick is another way to use several cards;
    the local response normalisation is gone; the 224×224 images have a border of 2 pixels. Dropout comes before each
    hidden layer, not after, as in torchvision. Weights start as torch draws them; the paper does not say how.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.

    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        expect_images(self, in_channels, size=224)
        one, two, three, four, five = ONE_TOWER_WIDTHS
        self.conv1 = nn.Conv2d(in_channels, one, kernel_size=11, stride=4, padding=2)
        self.conv2 = nn.Conv2d(one, two, kernel_size=5, padding=2)
        self.conv3 = nn.Conv2d(two, three, kernel_size=3, padding=1)
        self.conv4 = nn.Conv2d(three, four, kernel_size=3, padding=1)
        self.conv5 = nn.Conv2d(four, five, kernel_size=3, padding=1)
        self.fc6 = nn.Linear(five * 6 * 6, HIDDEN_UNITS)
        self.fc7 = nn.Linear(HIDDEN_UNITS, HIDDEN_UNITS)
        self.fc8 = nn.Linear(HIDDEN_UNITS, num_classes)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, 224, 224) into class scores of shape (N, num_classes)."""
        maps = self.pool(self.relu(self.conv1(images)))
        maps = self.pool(self.relu(self.conv2(maps)))
        maps = self.relu(self.conv3(maps))
        maps = self.relu(self.conv4(maps))
        maps = self.pool(self.relu(self.conv5(maps)))
        features = self.relu(self.fc6(self.dropout(maps.flatten(1))))
        features = self.relu(self.fc7(self.dropout(features)))
        return self.fc8(features)


VARIANTS: dict[str, Callable[..., nn.Module]] = {"one-weird-trick": OneTowerAlexNet}


def initialise_as_published(model: AlexNet) -> None:
    """Draw weights from a normal distribution with standard deviation 0.01 (section 5).

    Biases are 1 in conv2, conv4, conv5 and the hidden fully connected layers, so that their ReLUs start out with
    positive inputs, and 0 in the other layers.
    """
    initialise(model, partial(nn.init.normal_, std=0.01))
    for layer in (model.conv2, model.conv4, model.conv5, model.fc6, model.fc7):
        nn.init.ones_(layer.bias)


def initialise_by_fan_in(model: nn.Module) -> None:
    """Draw weights from a normal distribution of variance 2 / fan-in, biases 0 (He et al. 2015, equation 10)."""
    initialise(model, partial(nn.init.kaiming_normal_, nonlinearity="relu"))
