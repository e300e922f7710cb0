"""What happens to signal and gradient in plain and residual networks before any training.

Everything is computed in double precision, so that what is printed is the same on every processor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.resnet50.experiment import small_network
from cnncourse.architectures.resnet50.model import ResidualNetwork
from cnncourse.data import digits, small_digits
from cnncourse.drawing import Picture
from cnncourse.training import one_thread, seeded

IMAGES = 32
DEPTH = 12  # blocks of each stage: 50 layers
LOOKS = {
    "plain, with batch normalisation": ("#d55e00", "-"),
    "plain, without": ("#d55e00", ":"),
    "residual, with batch normalisation": ("#0072b2", "-"),
    "residual, without": ("#0072b2", ":"),
}


@dataclass(frozen=True)
class Sizes:
    """How large things are along a network.

    Attributes:
        signal: root of the mean square behind the first layer and behind each block.
        gradient: norm of the loss's gradient by the weights of each convolution, from the image to the scores.

    """

    signal: tuple[float, ...]
    gradient: tuple[float, ...]

    @property
    def growth(self) -> float:
        """How many times larger the gradient of the first convolution is than that of the last."""
        return self.gradient[0] / self.gradient[-1]


def _network(blocks: int, shortcuts: str, seed: int) -> ResidualNetwork:
    with seeded(seed):
        return small_network(blocks, shortcuts).double().train()


def without_normalisation(module: nn.Module) -> None:
    """Put the identity in the place of every batch normalisation."""
    for name, layer in module.named_children():
        if isinstance(layer, nn.BatchNorm2d):
            setattr(module, name, nn.Identity())
        else:
            without_normalisation(layer)


def _images() -> tuple[Tensor, Tensor]:
    return small_digits()[0][:IMAGES].double(), digits().train_labels[:IMAGES]


@cache
def sizes(blocks: int, shortcuts: str, *, normalise: bool = True, scale: float = 1.0, seed: int = 0) -> Sizes:
    """Send digits through a new network and the gradient back, and measure both on the way.

    Args:
        blocks: of each of the two stages; there are 4 · blocks + 2 layers with weights.
        shortcuts: "A", or "none" for a plain network.
        normalise: whether the network keeps its batch normalisation.
        scale: what the first weights of all convolutions are multiplied by.
        seed: of the first weights.

    """
    network = _network(blocks, shortcuts, seed)
    if not normalise:
        without_normalisation(network)
    weights = [parameter for parameter in network.parameters() if parameter.dim() == 4]
    with torch.no_grad():
        for weight in weights:
            weight *= scale
    images, labels = _images()
    with one_thread():
        maps = network.relu(network.bn1(network.conv1(images)))
        signal = [_root_mean_square(maps)]
        for stage in network.stages:
            for block in stage:
                maps = block(maps)
                signal.append(_root_mean_square(maps))
        scores = network.fc(network.global_average_pool(maps).flatten(1))
        gradients = torch.autograd.grad(F.cross_entropy(scores, labels), weights)
    return Sizes(tuple(signal), tuple(gradient.norm().item() for gradient in gradients))


def _root_mean_square(maps: Tensor) -> float:
    return maps.detach().square().mean().sqrt().item()


def four_networks(blocks: int = DEPTH) -> dict[str, Sizes]:
    """Return the sizes along plain and residual networks, with and without batch normalisation."""
    settings = [(shortcuts, normalise) for shortcuts in ("none", "A") for normalise in (True, False)]
    return {
        name: sizes(blocks, shortcuts, normalise=normalise)
        for name, (shortcuts, normalise) in zip(LOOKS, settings, strict=True)
    }


def plot_gradients(networks: Mapping[str, Sizes]) -> Picture:
    """Draw the gradient's size at each convolution, a line a network."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8.6, 3.6), layout="constrained")
    for name, found in networks.items():
        colour, style = LOOKS[name]
        axes.semilogy(range(1, len(found.gradient) + 1), found.gradient, style, color=colour, label=name)
    axes.set(xlabel="convolution, from the image to the scores", ylabel="size of the gradient")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ends = "; ".join(f"{name}: {found.gradient[0]:.1g} to {found.gradient[-1]:.1g}" for name, found in networks.items())
    return Picture(figure, f"Size of the gradient from the first to the last convolution, before training: {ends}.")


def moved_without_each_block(blocks: int, shortcuts: str, seed: int = 0) -> list[float]:
    """Take one block after the other out of a new network; return how far the last features move each time.

    The features are what the last layer is given. How far they move is measured in their own size. Blocks whose output
    has another shape than their input stay.

    Args:
        blocks: of each of the two stages.
        shortcuts: "A", or "none" for a plain network.
        seed: of the first weights.

    """
    network = _network(blocks, shortcuts, seed)
    images, _ = _images()
    with torch.no_grad(), one_thread():
        stem = network.relu(network.bn1(network.conv1(images)))
        chain = [block for stage in network.stages for block in stage]
        whole = _features(stem, chain)
        removable = [number for number in range(len(chain)) if number != blocks]
        return [
            ((_features(stem, chain[:number] + chain[number + 1 :]) - whole).norm() / whole.norm()).item()
            for number in removable
        ]


def _features(maps: Tensor, chain: Sequence[nn.Module]) -> Tensor:
    for block in chain:
        maps = block(maps)
    return maps.mean(dim=(2, 3))
