"""Layers whose numbers are known, whatever the learner calls them and in whichever order the weights lie.

Every layer has a number of weights of its own, by which it is recognised. All weights of a layer get the same value, so
that their order does not matter; the biases of a layer differ.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking.exercise import Fault, Inputs, RefusedAnswerError


class Layer(NamedTuple):
    """A layer of a perceptron that slides over the image.

    Attributes:
        inputs: number of maps before it.
        outputs: number of maps it gives.
        kernel_size: height and width of what it sees.
        padding: rows and columns of zeros on each side.
        pooled: whether a 2×2 max pooling follows its ReLU.

    """

    inputs: int
    outputs: int
    kernel_size: int = 1
    padding: int = 0
    pooled: bool = False

    @property
    def weights(self) -> int:
        """How many weights it has."""
        return self.inputs * self.outputs * self.kernel_size**2

    @property
    def numbers(self) -> int:
        """How many trainable numbers it has, biases included."""
        return self.weights + self.outputs


def perceptron(
    in_channels: int, widths: Sequence[int], kernel_size: int, padding: int, *, pooled: bool = False
) -> tuple[Layer, ...]:
    """Return the layers of one mlpconv layer."""
    sources = (in_channels, *widths[:-1])
    return tuple(
        Layer(
            source,
            width,
            1 if number else kernel_size,
            0 if number else padding,
            pooled and number == len(widths) - 1,
        )
        for number, (source, width) in enumerate(zip(sources, widths, strict=True))
    )


def are_distinct(layers: Sequence[Layer]) -> bool:
    """Whether each layer's weights and biases can be told from all others by their number."""
    sizes = [size for layer in layers for size in (layer.weights, layer.outputs)]
    return len(set(sizes)) == len(sizes)


def draw_numbers(images: Tensor, layers: Sequence[Layer], generator: torch.Generator) -> Inputs:
    """Draw a weight and biases for each layer such that about half of its units are below zero, for these images."""
    drawn: dict[str, Tensor] = {}
    maps = images
    for number, layer in enumerate(layers):
        sums = _sums(maps, layer)
        sign = 1.0 - 2 * torch.randint(2, (), generator=generator)
        drawn[f"weight {number}"] = sign / sums.std()
        # Round the median and to both sides, so that no layer is silent everywhere, and none without a unit that is.
        spread = torch.linspace(-0.8, 0.8, layer.outputs)[torch.randperm(layer.outputs, generator=generator)]
        drawn[f"bias {number}"] = spread - sign * sums.median() / sums.std()
        maps = _applied(sums, number, drawn, F.relu)
        maps = F.max_pool2d(maps, 2) if layer.pooled else maps
    return drawn


def fill(module: nn.Module, layers: Sequence[Layer], numbers: Inputs) -> None:
    """Give the layers of a module, which has run once, the numbers of ``draw_numbers``.

    Raises:
        RefusedAnswerError: if a layer cannot be found.

    """
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    with torch.no_grad():
        for number, layer in enumerate(layers):
            weight, bias = _only(parameters, layer.weights), _only(parameters, layer.outputs)
            weight.fill_(numbers[f"weight {number}"].item())
            bias.copy_(numbers[f"bias {number}"].view(bias.shape))


def expected_maps(
    images: Tensor,
    layers: Sequence[Layer],
    numbers: Inputs,
    activations: Sequence[Callable[[Tensor], Tensor]] | None = None,
    pool: Callable[[Tensor, int], Tensor] = F.max_pool2d,
) -> Tensor:
    """Return what the layers give; other activations, one a layer, and another pooling give what a mistake gives."""
    maps = images
    for number, layer in enumerate(layers):
        activation = F.relu if activations is None else activations[number]
        maps = _applied(_sums(maps, layer), number, numbers, activation)
        if layer.pooled:
            maps = pool(maps, 2)
    return maps


def _sums(maps: Tensor, layer: Layer) -> Tensor:
    """Add up all that a unit sees, at each position: shape (N, 1, height, width)."""
    window = torch.ones(1, layer.inputs, layer.kernel_size, layer.kernel_size)
    return F.conv2d(maps, window, padding=layer.padding)


def _applied(sums: Tensor, number: int, numbers: Inputs, activation: Callable[[Tensor], Tensor]) -> Tensor:
    return activation(numbers[f"weight {number}"] * sums + numbers[f"bias {number}"].view(1, -1, 1, 1))


def _only(parameters: Sequence[Tensor], count: int) -> Tensor:
    found = [parameter for parameter in parameters if parameter.numel() == count]
    if len(found) != 1:
        raise RefusedAnswerError(
            Fault(
                "the layers cannot be told apart yet: each must have the weights and biases that the text asks for",
                hints=("Mend first what “trainable numbers” says.",),
            )
        )
    return found[0]
