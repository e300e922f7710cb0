"""LeNet-5 as LeCun, Bottou, Bengio and Haffner published it, and the network that most tutorials call so.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 86(11), 1998: section II-B and Table I (layers), section II-C and equation 9 (loss),
appendix A (squashing function, initialisation).
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.expected_images import expect_images

# Table I of the paper: the S2 maps that each of the sixteen C3 maps looks at.
C3_TABLE: tuple[tuple[int, ...], ...] = (
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (4, 5, 0),
    (5, 0, 1),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (3, 4, 5, 0),
    (4, 5, 0, 1),
    (5, 0, 1, 2),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)

# One stylised 7×12 bitmap a digit, in the format of the paper's Fig. 3. The drawings are our own.
DIGIT_BITMAPS: tuple[tuple[str, ...], ...] = tuple(
    tuple(block.split())
    for block in """
    ....... ..###.. .##.##. ##...## ##...## ##...## ##...## ##...## .##.##. ..###.. ....... .......
    ....... ...##.. ..###.. .####.. ...##.. ...##.. ...##.. ...##.. ...##.. .###### ....... .......
    ....... .#####. ##...## ##...## .....## ....##. ..###.. .##.... ##..... ####### ....... .......
    ....... .#####. ##...## .....## ..####. .....## .....## .....## ##...## .#####. ....... .......
    ....... ....##. ...###. ..####. .##.##. ##..##. ####### ....##. ....##. ....##. ....... .......
    ....... ####### ##..... ##..... ######. .....## .....## .....## ##...## .#####. ....... .......
    ....... ..####. .##.... ##..... ##.###. ###..## ##...## ##...## ###..## .#####. ....... .......
    ....... ####### ##...## .....## ....##. ....##. ...##.. ...##.. ..##... ..##... ....... .......
    ....... .#####. ##...## ##...## .##.##. ..###.. .##.##. ##...## ##...## .#####. ....... .......
    ....... .#####. ##..### ##...## ##...## ##..### .###.## .....## ....##. .####.. ....... .......
    """.strip().split("\n")
)


def digit_codes() -> Tensor:
    """Return the fixed targets of the output layer: one 7×12 bitmap a digit, ink +1, background −1.

    Returns:
        Tensor of shape (10, 84).

    """
    return torch.tensor(
        [[1.0 if pixel == "#" else -1.0 for row in bitmap for pixel in row] for bitmap in DIGIT_BITMAPS]
    )


class ScaledTanh(nn.Module):
    """The paper's squashing function, f(a) = 1.7159 tanh(2a/3), for which f(±1) = ±1 (appendix A)."""

    amplitude = 1.7159
    slope = 2 / 3

    def forward(self, activation: Tensor) -> Tensor:
        """Squash a tensor of any shape, element by element."""
        return self.amplitude * torch.tanh(self.slope * activation)


class TrainableSubsampling(nn.Module):
    """S2 and S4: add up each 2×2 window, times one coefficient and plus one bias a map (section II-B).

    The squashing function that follows in the paper is a module of its own here.

    Args:
        channels: number of maps; the layer has two trainable numbers for each.

    """

    kernel_size = stride = 2

    def __init__(self, channels: int) -> None:
        super().__init__()
        # A quarter makes the layer start as an average; the fan-in rule of the paper gives the same order of size.
        self.coefficient = nn.Parameter(torch.full((channels, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Halve maps of shape (N, channels, H, W) to (N, channels, H/2, W/2)."""
        window_sums = 4 * F.avg_pool2d(maps, self.kernel_size)
        return self.coefficient * window_sums + self.bias


class PartialConv2d(nn.Module):
    """C3: a convolution in which each output map looks at its own subset of the input maps (Table I).

    Only the kernels that exist are parameters: one (kernel_size × kernel_size) kernel a connection, one bias a map.

    Args:
        in_channels: number of input maps.
        table: for each output map, the input maps it is connected to.
        kernel_size: height and width of a kernel.

    """

    def __init__(self, in_channels: int, table: Sequence[Sequence[int]], kernel_size: int) -> None:
        super().__init__()
        connections = [(target, source) for target, sources in enumerate(table) for source in sources]
        if not all(0 <= source < in_channels for _, source in connections):
            raise ValueError(f"the table names input maps outside 0 to {in_channels - 1}")
        self.in_channels = in_channels
        self.out_channels = len(table)
        self.kernel_size = kernel_size
        self.weight = nn.Parameter(torch.empty(len(connections), kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.empty(self.out_channels))
        self.register_buffer("targets", torch.tensor([target for target, _ in connections]), persistent=False)
        self.register_buffer("sources", torch.tensor([source for _, source in connections]), persistent=False)
        self.fan_in = tuple(len(sources) * kernel_size**2 for sources in table)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights and biases uniformly within ±2.4 / fan-in of the map they feed (appendix A)."""
        if self.weight.is_meta:  # as in initialise_by_fan_in
            return
        with torch.no_grad():
            bound = 2.4 / torch.tensor(self.fan_in, device=self.bias.device)
            self.weight.uniform_(-1, 1).mul_(bound[self.targets].view(-1, 1, 1))
            self.bias.uniform_(-1, 1).mul_(bound)

    def dense_weight(self) -> Tensor:
        """Return the equivalent full kernel, (out_channels, in_channels, k, k), zero where nothing is connected."""
        shape = (self.out_channels, self.in_channels, self.kernel_size, self.kernel_size)
        return self.weight.new_zeros(shape).index_put((self.targets, self.sources), self.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Convolve (N, in_channels, H, W) to (N, out_channels, H − k + 1, W − k + 1)."""
        return F.conv2d(maps, self.dense_weight(), self.bias)

    def extra_repr(self) -> str:
        """Describe the layer in a printed model."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, connections={len(self.weight)}"
        )


class RadialBasisOutput(nn.Module):
    """OUTPUT: how far the 84 numbers of F6 are from each digit's fixed bitmap, y_i = Σ_j (x_j − w_ij)² (equation 7).

    The paper's output is a penalty. This layer returns −y, so that, as in every network of the course, the largest
    output is the network's answer.

    Args:
        codes: fixed targets, shape (classes, features), each element −1 or +1.

    """

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, features: Tensor) -> Tensor:
        """Turn features of shape (N, features) into negative squared distances of shape (N, classes)."""
        return -(features.unsqueeze(1) - self.codes).square().sum(dim=2)


class LeNet5(nn.Module):
    """LeNet-5 as published in 1998: 60,000 trainable parameters.

    Layers and trainable numbers: C1 156, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164, OUTPUT 0 (fixed bitmaps).

    Args:
        num_classes: number of digits to tell apart, 10 at most, because the output layer has a bitmap for each.
        in_channels: channels of the input image; the paper's images have one.

    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        if not 1 <= num_classes <= len(DIGIT_BITMAPS):
            raise ValueError(
                f"LeNet-5 of 1998 has output bitmaps for {len(DIGIT_BITMAPS)} digits, not for {num_classes} classes; "
                "use ModernLeNet5 for anything else"
            )
        expect_images(self, in_channels, size=32)
        self.c1 = nn.Conv2d(in_channels, 6, kernel_size=5)
        self.s2 = TrainableSubsampling(6)
        self.c3 = PartialConv2d(6, C3_TABLE, kernel_size=5)
        self.s4 = TrainableSubsampling(16)
        self.c5 = nn.Conv2d(16, 120, kernel_size=5)
        self.f6 = nn.Linear(120, 84)
        self.output = RadialBasisOutput(digit_codes()[:num_classes])
        self.squash = ScaledTanh()
        for layer in (self.c1, self.c5, self.f6):
            initialise_by_fan_in(layer)

    @classmethod
    def small(cls, num_classes: int = 10, in_channels: int = 1) -> "LeNet5":
        """Build the form for 32×32 images, which is the paper's own."""
        return cls(num_classes, in_channels)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, 32, 32) into class scores of shape (N, num_classes)."""
        maps = self.squash(self.c1(images))
        maps = self.squash(self.s2(maps))
        maps = self.squash(self.c3(maps))
        maps = self.squash(self.s4(maps))
        maps = self.squash(self.c5(maps))
        features = self.squash(self.f6(maps.flatten(1)))
        return self.output(features)


class ModernLeNet5(nn.Module):
    """The LeNet-5 of most tutorials: 61,706 trainable parameters.

    What changed, and why: C3 sees all six maps (a full convolution is one call, and memory is no longer short), the
    sub-sampling has no trainable numbers (max pooling), ReLU replaces the scaled tanh, and ten trained linear outputs
    replace the fixed bitmaps, so that any number of classes can be told apart with the usual cross-entropy.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.

    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        expect_images(self, in_channels, size=32)
        self.c1 = nn.Conv2d(in_channels, 6, kernel_size=5)
        self.c3 = nn.Conv2d(6, 16, kernel_size=5)
        self.c5 = nn.Linear(16 * 5 * 5, 120)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, num_classes)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, in_channels, 32, 32) into class scores of shape (N, num_classes)."""
        maps = self.pool(self.relu(self.c1(images)))
        maps = self.pool(self.relu(self.c3(maps)))
        features = self.relu(self.c5(maps.flatten(1)))
        features = self.relu(self.f6(features))
        return self.output(features)


VARIANTS: dict[str, Callable[..., nn.Module]] = {"modern": ModernLeNet5}


def initialise_by_fan_in(layer: nn.Conv2d | nn.Linear) -> None:
    """Draw a layer's weights and biases uniformly within ±2.4 / fan-in, as the paper does (appendix A)."""
    if layer.weight.is_meta:  # there are no numbers to draw, and torch would import its compiler to find out
        return
    bound = 2.4 / layer.weight[0].numel()
    nn.init.uniform_(layer.weight, -bound, bound)
    nn.init.uniform_(layer.bias, -bound, bound)


def bitmap_loss(scores: Tensor, labels: Tensor, rubbish_distance: float = 10.0) -> Tensor:
    """Return the paper's discriminative loss (equation 9), averaged over the batch.

    The right digit's distance must be small and all others large; a "rubbish" class at a fixed distance j keeps
    digits that are far from every bitmap from being pushed further away.

    Args:
        scores: output of ``LeNet5``, negative squared distances, shape (N, classes).
        labels: right classes, shape (N,).
        rubbish_distance: the constant j of equation 9. The paper gives no value; 10 trains well here, 60 does not.

    """
    rubbish = scores.new_full((len(scores), 1), -rubbish_distance)
    return F.cross_entropy(torch.cat([scores, rubbish], dim=1), labels)
