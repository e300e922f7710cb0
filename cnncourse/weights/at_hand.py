"""What chapters show of a trained network where its weights are, and what they say where they are not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from cnncourse.data.preprocessing import as_picture
from cnncourse.display import bundle
from cnncourse.drawing import Picture
from cnncourse.weights.checkpoints import Checkpoint, checkpoint
from cnncourse.weights.classify import Classification, classify
from cnncourse.weights.downloads import found_weights
from cnncourse.weights.trained import TrainedNetwork, trained_network

if TYPE_CHECKING:
    from numpy import ndarray

PHOTOGRAPHS = ("chelsea", "coffee", "rocket", "motorcycle")  # of scikit-image, with things that ImageNet has, too
ACROSS = 8  # kernels of a row


@dataclass(frozen=True)
class Wanted:
    """Stands for a trained network whose weights are not on this machine; it is false, and says how to get them.

    Attributes:
        published: the record of the weights.
        briefly: whether it has been said before.

    """

    published: Checkpoint
    briefly: bool = False

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        if self.briefly:
            return f"(needs the weights of {self.published.name}, see above)"
        return (
            f"The trained weights of {self.published.name} are not on this machine. With a network, type\n"
            f"    cnncourse classify PICTURE --model {self.published.name}\n"
            f"once, which fetches {self.published.file_name}. Or get that file elsewhere, and put it into the folder\n"
            "“weights” of your user cache folder, or of $CNNCOURSE_DATA. Then run this section again."
        )


def at_hand(name: str) -> TrainedNetwork | Wanted:
    """Return a network with its published weights if they are on this machine; nothing is downloaded.

    Args:
        name: such as "resnet-50".

    Raises:
        LookupError: if nobody publishes weights of it.

    """
    published = checkpoint(name)
    found = found_weights(published)
    return Wanted(published) if found is None else trained_network(name, published.source, found)


def photographs() -> "dict[str, ndarray]":
    """Return photographs that come with scikit-image, shape (height, width, 3), by name."""
    import skimage.data

    special = {"motorcycle": lambda: skimage.data.stereo_motorcycle()[0]}
    return {name: special.get(name, getattr(skimage.data, name, None))() for name in PHOTOGRAPHS}


@dataclass(frozen=True, eq=False)
class Several:
    """Classifications of several pictures, shown one below the other."""

    classified: tuple[Classification, ...]

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.classified))

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, object]:
        shown = [each._repr_mimebundle_()[0]["text/html"] for each in self.classified]
        return bundle("<br>".join(shown), str(self))


def classify_photographs(network: TrainedNetwork | Wanted) -> Several | Wanted:
    """Show the course's photographs to a network."""
    if isinstance(network, Wanted):
        return replace(network, briefly=True)
    return Several(tuple(classify(pixels, network) for pixels in photographs().values()))


def first_kernels(network: TrainedNetwork | Wanted) -> Picture | Wanted:
    """Draw the kernels of a network's first convolution, each scaled to the full range of colours."""
    if isinstance(network, Wanted):
        return replace(network, briefly=True)
    from matplotlib.figure import Figure

    first = next(layer for layer in network.model.modules() if isinstance(layer, nn.Conv2d))
    kernels = first.weight.detach()
    lowest, highest = (getattr(kernels, bound)(dim=(1, 2, 3), keepdim=True) for bound in ("amin", "amax"))
    scaled = ((kernels - lowest) / (highest - lowest).clamp_min(1e-12)).permute(0, 2, 3, 1)
    rows = -(-len(scaled) // ACROSS)
    figure = Figure(figsize=(6, 6 * rows / ACROSS), layout="constrained")
    for axes, kernel in zip(figure.subplots(rows, ACROSS).flat, scaled, strict=False):
        axes.imshow(kernel.numpy())
    for axes in figure.axes:
        axes.set_axis_off()
    size = "×".join(map(str, first.kernel_size))
    return Picture(figure, f"The {len(kernels)} kernels of {size} pixels of the first convolution of {network.name}.")


@torch.no_grad()
def without_each_block(network: TrainedNetwork | Wanted) -> Picture | Wanted:
    """Leave out one block of a trained residual network after the other, and draw what becomes of its guesses.

    Where a block changes the shape, its projection stays; elsewhere only the identity does. What is drawn is the
    probability of the guess of the whole network, mean of the photographs.
    """
    if isinstance(network, Wanted):
        return replace(network, briefly=True)
    from matplotlib.figure import Figure

    pictures = torch.stack([network.preprocessing(as_picture(pixels)) for pixels in photographs().values()])
    whole = network.scores(pictures).softmax(dim=1)
    guesses = whole.argmax(dim=1, keepdim=True)
    blocks = {
        f"{stage.removesuffix('_x')}_{number}": block
        for stage, chain in network.model.stages.named_children()
        for number, block in enumerate(chain, start=1)
    }
    left = {name: _without(block, network, pictures).gather(1, guesses).mean().item() for name, block in blocks.items()}
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    axes.bar(list(left), [100 * each for each in left.values()], color="#0072b2")
    kept = 100 * whole.gather(1, guesses).mean().item()
    axes.axhline(kept, color="#666666", linestyle=":", label="the whole network")
    axes.set(ylabel="probability of its guess (%)", xlabel="the block that is left out", ylim=(0, 100))
    axes.tick_params(axis="x", rotation=90)
    axes.legend()
    told = ", ".join(f"{name} {each:.0%}" for name, each in left.items())
    return Picture(figure, f"Probability of the whole network's guess ({kept:.0f}%) without one block: {told}.")


def _without(block: nn.Module, network: TrainedNetwork, pictures: Tensor) -> Tensor:
    """Return the probabilities when only a block's shortcut is left."""
    hook = block.register_forward_hook(lambda left_out, arguments, _out: left_out.shortcut(arguments[0]).relu())
    try:
        return network.scores(pictures).softmax(dim=1)
    finally:
        hook.remove()
