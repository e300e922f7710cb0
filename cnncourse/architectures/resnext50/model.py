"""ResNeXt-50 by Xie, Girshick, Dollár, Tu and He, at any cardinality and width, with its block in three equal forms.

Source: S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He, "Aggregated residual transformations for deep neural networks",
CVPR 2017 (arXiv:1611.05431): Tables 1 and 2 (templates), equations 2 and 3, Fig. 3 (the three forms), section 4 (where
batch normalisation and ReLU go, stride, shortcuts).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from cnncourse.architectures.resnet50.model import SMALL_WIDTHS, WIDTHS, ResidualNetwork, make_shortcut

# Table 1: number of blocks in conv2_x to conv5_x, by number of weighted layers.
REPEATS: dict[int, tuple[int, int, int, int]] = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
EXPANSION = 4  # a block's output has four times the channels of the ResNet bottleneck that it stands for


def narrowing_layers(in_channels: int, width: int, stride: int, groups: int = 1) -> OrderedDict[str, nn.Module]:
    """Return the first two convolutions of a path, each with batch normalisation and ReLU.

    The stride is in the 3×3 convolution, as in the paper's released code.
    """
    # Each ReLU overwrites the output of the batch normalisation before it, which nothing else needs.
    return OrderedDict(
        conv1=nn.Conv2d(in_channels, width, kernel_size=1, bias=False),
        bn1=nn.BatchNorm2d(width),
        relu1=nn.ReLU(inplace=True),
        conv2=nn.Conv2d(width, width, kernel_size=3, stride=stride, padding=1, groups=groups, bias=False),
        bn2=nn.BatchNorm2d(width),
        relu2=nn.ReLU(inplace=True),
    )


class SummedPaths(nn.Module):
    """Form (a) of Fig. 3: paths of three convolutions each, added up.

    Batch normalisation comes after the sum (section 4): one for each path would be another function while training.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        cardinality: number of paths.
        path_width: channels within a path.
        stride: of the 3×3 convolutions.

    """

    def __init__(self, in_channels: int, out_channels: int, cardinality: int, path_width: int, stride: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList()
        for _path in range(cardinality):
            layers = narrowing_layers(in_channels, path_width, stride)
            layers["conv3"] = nn.Conv2d(path_width, out_channels, kernel_size=1, bias=False)
            self.paths.append(nn.Sequential(layers))
        self.bn3 = nn.BatchNorm2d(out_channels)

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H/stride, W/stride)."""
        return self.bn3(sum(path(maps) for path in self.paths))


class ConcatenatedPaths(nn.Module):
    """Form (b) of Fig. 3: paths of two convolutions each, side by side, and one 1×1 convolution on all their channels.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        cardinality: number of paths.
        path_width: channels within a path.
        stride: of the 3×3 convolutions.

    """

    def __init__(self, in_channels: int, out_channels: int, cardinality: int, path_width: int, stride: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.Sequential(narrowing_layers(in_channels, path_width, stride)) for _path in range(cardinality)
        )
        self.conv3 = nn.Conv2d(cardinality * path_width, out_channels, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H/stride, W/stride)."""
        return self.bn3(self.conv3(torch.cat([path(maps) for path in self.paths], dim=1)))


class GroupedConvolution(nn.Sequential):
    """Form (c) of Fig. 3: one bottleneck whose 3×3 convolution has a group for each path.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        cardinality: number of groups.
        path_width: channels within a group.
        stride: of the 3×3 convolution.

    """

    def __init__(self, in_channels: int, out_channels: int, cardinality: int, path_width: int, stride: int) -> None:
        width = cardinality * path_width
        layers = narrowing_layers(in_channels, width, stride, groups=cardinality)
        layers["conv3"] = nn.Conv2d(width, out_channels, kernel_size=1, bias=False)
        layers["bn3"] = nn.BatchNorm2d(out_channels)
        super().__init__(layers)


FORMS: dict[str, type[nn.Module]] = {"a": SummedPaths, "b": ConcatenatedPaths, "c": GroupedConvolution}
# The layers of which each path has its own, by form.
PATH_LAYERS: dict[str, tuple[str, ...]] = {
    "a": ("conv1", "bn1", "conv2", "bn2", "conv3"),
    "b": ("conv1", "bn1", "conv2", "bn2"),
    "c": (),
}


class AggregatedBlock(nn.Module):
    """The sum of many paths of the same shape, and a shortcut past them (equation 3 of the paper).

    Args:
        in_channels: channels of the input.
        width: of the ResNet bottleneck that the block stands for; its output has four times as many channels.
        stride: of the block.
        shortcut: option "A", "B", "C" or "none", as in ResNet.
        cardinality: number of paths.
        path_width: channels within a path.
        form: of Fig. 3, "a", "b" or "c"; ``convert_weights`` takes weights from one to the other.

    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        shortcut: str = "B",
        *,
        cardinality: int = 32,
        path_width: int = 4,
        form: str = "c",
    ) -> None:
        super().__init__()
        if form not in FORMS:
            raise ValueError(f"the block has forms 'a', 'b' and 'c', not {form!r}")
        self.out_channels = EXPANSION * width
        self.transformation = FORMS[form](in_channels, self.out_channels, cardinality, path_width, stride)
        self.shortcut = make_shortcut(shortcut, in_channels, self.out_channels, stride)
        self.relu = nn.ReLU(inplace=True)  # overwrites the sum, which nothing else needs

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, in_channels, H, W) into (N, out_channels, H/stride, W/stride)."""
        residual = self.transformation(maps)
        if self.shortcut is not None:
            residual = residual + self.shortcut(maps)
        return self.relu(residual)


class ResNeXt(ResidualNetwork):
    """The template of Table 1 at any cardinality and width.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        depth: number of weighted layers, 50 or 101.
        cardinality: number of paths of a block, the paper's C.
        width_per_path: channels within a path in conv2_x, the paper's d; they double in each stage.
        form: of Fig. 3, "a", "b" or "c".
        shortcuts: option "A", "B", "C" or "none", as in ResNet.

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        depth: int = 50,
        cardinality: int = 32,
        width_per_path: int = 4,
        form: str = "c",
        shortcuts: str = "B",
    ) -> None:
        if depth not in REPEATS:
            raise ValueError(f"ResNeXt has depths {', '.join(map(str, REPEATS))}, not {depth}")
        block = partial(
            scaled_block,
            first_width=WIDTHS[0],
            cardinality=cardinality,
            width_per_path=width_per_path,
            shortcut=shortcuts,
            form=form,
        )
        super().__init__(num_classes, in_channels, block, REPEATS[depth], WIDTHS)

    @staticmethod
    def small(
        num_classes: int = 10,
        in_channels: int = 3,
        *,
        cardinality: int = 8,
        width_per_path: int = 4,
        form: str = "c",
    ) -> ResidualNetwork:
        """Build the form for 32×32 images: 247,898 trainable parameters for ten classes.

        As in the paper's networks for CIFAR (section 5.3), conv1 is 3×3 and three stages follow, here of two blocks
        each and with a quarter of the channels: 64, 128 and 256 on maps of 32, 16 and 8 pixels.
        """
        block = partial(
            scaled_block,
            first_width=SMALL_WIDTHS[0],
            cardinality=cardinality,
            width_per_path=width_per_path,
            shortcut="B",
            form=form,
        )
        return ResidualNetwork(num_classes, in_channels, block, (2, 2, 2), SMALL_WIDTHS, small_images=True)


class ResNeXt50(ResNeXt):
    """ResNeXt-50 (32×4d) as published: 25,028,904 trainable parameters, 4.230 billion multiply-adds.

    Args:
        num_classes: number of classes.
        in_channels: channels of the input image.
        cardinality: number of paths of a block, the paper's C.
        width_per_path: channels within a path in conv2_x, the paper's d; they double in each stage.
        form: of Fig. 3, "a", "b" or "c".

    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        cardinality: int = 32,
        width_per_path: int = 4,
        form: str = "c",
    ) -> None:
        super().__init__(
            num_classes, in_channels, depth=50, cardinality=cardinality, width_per_path=width_per_path, form=form
        )


# Table 2: templates that cost about as much as ResNet-50, which is 1×64d, and ResNeXt-50, which is 32×4d.
VARIANTS: dict[str, Callable[..., nn.Module]] = {
    "2x40d": partial(ResNeXt50, cardinality=2, width_per_path=40),
    "4x24d": partial(ResNeXt50, cardinality=4, width_per_path=24),
    "8x14d": partial(ResNeXt50, cardinality=8, width_per_path=14),
}


def scaled_block(
    in_channels: int,
    width: int,
    stride: int,
    *,
    first_width: int,
    cardinality: int,
    width_per_path: int,
    shortcut: str,
    form: str,
) -> AggregatedBlock:
    """Build a block whose paths are as much wider than those of the first stage as the block itself is."""
    path_width = width_per_path * width // first_width
    return AggregatedBlock(
        in_channels, width, stride, shortcut, cardinality=cardinality, path_width=path_width, form=form
    )


def convert_weights(weights: Mapping[str, Tensor], form: str, cardinality: int) -> dict[str, Tensor]:
    """Return the weights of a block, or of a whole network, for another form of Fig. 3.

    The three forms differ only in how they cut the same numbers: a path's first two convolutions and batch
    normalisations are a slice of output channels of form (c), its last convolution a slice of input channels.

    Args:
        weights: the ``state_dict`` of an ``AggregatedBlock`` or of a network of them, in any form.
        form: "a", "b" or "c", the form to convert to.
        cardinality: number of paths of a block.

    Returns:
        A ``state_dict`` for the same block or network in the other form.

    """
    if form not in FORMS:
        raise ValueError(f"the block has forms 'a', 'b' and 'c', not {form!r}")
    converted: dict[str, Tensor] = {}
    for name, tensor in _join_paths(weights).items():
        block, inside, layer = name.rpartition("transformation.")
        if inside and layer.partition(".")[0] in PATH_LAYERS[form]:
            # A batch normalisation's count of batches has no channels to cut: every path has seen them all.
            slices = tensor.chunk(cardinality, _path_dimension(layer)) if tensor.ndim else [tensor] * cardinality
            converted |= {f"{block}{inside}paths.{path}.{layer}": part.clone() for path, part in enumerate(slices)}
        else:
            converted[name] = tensor.clone()
    return converted


def _join_paths(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of form (c) that those of any form are slices of."""
    slices: dict[str, list[Tensor]] = {}
    for name, tensor in weights.items():
        block, inside, layer = name.rpartition("transformation.")
        if inside and layer.startswith("paths."):
            layer = layer.split(".", maxsplit=2)[2]  # without "paths" and the path's number
        slices.setdefault(f"{block}{inside}{layer}", []).append(tensor)
    return {
        name: torch.cat(parts, _path_dimension(name.rpartition("transformation.")[2])) if parts[0].ndim else parts[0]
        for name, parts in slices.items()
    }


def _path_dimension(layer: str) -> int:
    """Return the dimension of a layer's tensors along which the paths lie: inputs for conv3, outputs for the others."""
    return 1 if layer.startswith("conv3") else 0
