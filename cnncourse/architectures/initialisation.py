"""How a network's weights start out."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

WEIGHTED = (nn.Conv2d, nn.Linear)


def initialise(
    model: nn.Module, draw: Callable[[Tensor], object], kinds: tuple[type[nn.Module], ...] = WEIGHTED
) -> None:
    """Draw the weights of a model's layers and set their biases to zero.

    Args:
        model: any network; on the meta device, where there are no numbers, it stays as it is.
        draw: fills a weight in place.
        kinds: the classes of the layers that it is done for.

    """
    for layer in model.modules():
        # Asked to draw numbers on the meta device, torch would first load its compiler, for a second.
        if isinstance(layer, kinds) and not layer.weight.is_meta:
            draw(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def initialise_for_relu(model: nn.Module) -> None:
    """Draw a model's convolutions from a normal distribution of variance 2 / fan-in; set their biases to zero.

    The variance makes up for the half that ReLU cuts off (K. He et al. 2015, equation 10). It is also what the authors'
    released code of Inception-v3, Inception-v4 and Inception-ResNet does ("variance_scaling_initializer").
    """
    initialise(model, partial(nn.init.kaiming_normal_, nonlinearity="relu"), (nn.Conv2d,))
