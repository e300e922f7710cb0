"""Show a picture to a trained network: its five best guesses, and where it looked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from cnncourse.data.preprocessing import as_picture
from cnncourse.drawing import Picture
from cnncourse.weights.activation_map import activation_map
from cnncourse.weights.trained import TrainedNetwork, trained_network

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike
    from PIL.Image import Image

BEST = 5
BAR = 30  # characters of a bar in a terminal
BLUE, HEAT = "#0072b2", "inferno"


@dataclass(frozen=True)
class Guess:
    """A class, and how sure the network is.

    Attributes:
        label: number of the class.
        name: of the class, in words.
        probability: softmax of the scores, 0 to 1.

    """

    label: int
    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class Classification:
    """What a network says of a picture.

    Attributes:
        picture: as it was given, in colour.
        network: which network it was, and whose weights.
        guesses: the best five, the best first.
        seen: how much each place speaks for the best guess, shape (height, width) of the network's last maps, 0 to 1.
        window: the part of the picture that the network was shown: left, top, right, bottom.

    """

    picture: "Image"
    network: str
    guesses: tuple[Guess, ...]
    seen: Tensor
    window: tuple[float, float, float, float]

    def __str__(self) -> str:
        width = max(len(guess.name) for guess in self.guesses)
        return "\n".join(
            f"{guess.probability:6.1%}  {guess.name:<{width}}  {'█' * round(BAR * guess.probability)}".rstrip()
            for guess in self.guesses
        )

    def plot(self) -> "Figure":
        """Draw the picture, where the network looked, and its guesses; return the matplotlib figure."""
        from matplotlib.figure import Figure
        from matplotlib.patches import Rectangle

        figure = Figure(figsize=(10, 3.2), layout="constrained")
        given, looked, bars = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
        left, top, right, bottom = self.window
        for axes, title in ((given, "given, and what the network sees of it"), (looked, "what speaks for its guess")):
            axes.imshow(self.picture)
            axes.add_patch(
                Rectangle((left, top), right - left, bottom - top, fill=False, color="white", linestyle="--")
            )
            axes.set_title(title, fontsize=9)
            axes.set_axis_off()
        looked.imshow(
            self.seen.numpy(),
            cmap=HEAT,
            alpha=0.6,
            extent=(left, right, bottom, top),
            interpolation="bilinear",
            vmin=0,
            vmax=1,
        )
        # An image of a few pixels sets the view to itself; the whole picture is to stay.
        looked.set(xlim=(0, self.picture.width), ylim=(self.picture.height, 0))
        places = range(len(self.guesses))
        bars.barh(places, [100 * guess.probability for guess in self.guesses], height=0.3, color=BLUE)
        for place, guess in zip(places, self.guesses, strict=True):
            bars.text(1, place - 0.38, f"{guess.name}, {guess.probability:.1%}", va="center", fontsize=9)
        bars.set(xlim=(0, 100), ylim=(len(self.guesses) - 0.6, -0.7), yticks=[], xlabel="probability (%)")
        bars.set_title(self.network, fontsize=9)
        bars.spines[["top", "right"]].set_visible(False)
        return figure

    def save(self, path: str | Path) -> Path:
        """Write ``plot`` to a file, whose ending says its format, and return its path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.plot().savefig(path, dpi=120)
        return path

    def _repr_mimebundle_(self, **_options: object) -> tuple[Mapping[str, object], Mapping[str, object]]:
        guesses = ", ".join(f"{guess.name} {guess.probability:.1%}" for guess in self.guesses)
        words = (
            f"A picture, the part of it that speaks for the best guess, and the guesses of {self.network}: {guesses}"
        )
        return Picture(self.plot(), words)._repr_mimebundle_()


def classify(
    picture: "str | Path | Image | ArrayLike",
    model: str | TrainedNetwork = "resnet-50",
    *,
    source: str | None = None,
    weights: str | Path | None = None,
) -> Classification:
    """Show a picture to a trained network; weights are downloaded once and kept.

    >>> classify("cat.jpg", "resnet-50")

    Args:
        picture: a file; or a picture of Pillow's; or an array, as scikit-image has them.
        model: name of a network with published weights, such as "resnet-50", "vgg-19" or "inception-v3"; or a
            ``trained_network(…)``, which several pictures can share.
        source: whose weights, "torchvision" or "timm"; the first of them that has some if left out.
        weights: a file with them, or ``network.pt`` of a run of ``cnncourse train``.

    Raises:
        LookupError: if nobody publishes weights of this network.
        OSError: if the picture cannot be read.
        ValueError: if the file of weights does not fit the network.
        WeightsUnavailableError: if the weights are not here and cannot be downloaded; says what file is wanted.

    """
    shown = as_picture(picture)
    network = model if isinstance(model, TrainedNetwork) else trained_network(model, source, weights)
    image = network.preprocessing(shown)
    probabilities = network.scores(image.unsqueeze(0))[0].softmax(dim=0)
    best = probabilities.topk(min(BEST, len(probabilities)))
    guesses = tuple(
        Guess(label, network.said[label], value)
        for value, label in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    )
    seen = activation_map(network.model, image, guesses[0].label)
    return Classification(shown, network.name, guesses, seen, network.preprocessing.seen(shown))
