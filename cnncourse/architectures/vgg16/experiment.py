"""Deep plain networks and their first weights, in miniature.

Section 3.1 says that "bad initialisation can stall learning", that configuration A was "shallow enough to be trained
with random initialisation", and how the deeper ones were then helped: their first four convolutions and the fully
connected layers began with those of the trained A. Here are A, with eight convolutions, and D, with thirteen, on digits
of 8×8 pixels; training error is compared, for it is learning that stalls.
"""

from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor, nn

from cnncourse.architectures.initialisation import initialise
from cnncourse.architectures.vgg16.model import CONFIGURATIONS
from cnncourse.data import digits, small_digits
from cnncourse.drawing import Picture
from cnncourse.experiments import Criterion, Experiment, Finding, GridFile, Measurements, Recipe
from cnncourse.training import accuracy, channels_last, one_thread, seeded

RECIPE = Recipe(rate=0.03, steps=250, batch=32, seeds=tuple(range(100, 108)))  # chosen with seeds 0 to 4
WIDTH = 12  # maps of every convolution
HIDDEN_UNITS = 64
# Share of the variance that keeps the signal as large as it was behind ReLUs. In the trials with 0.5 and 300 steps 13
# convolutions stalled in four seeds of five, and copies helped in three only.
POOR = 0.4
POOLED = (0, 4)  # the stages that end with a pooling: 8×8 pixels leave room for two
COPIED = 4  # convolutions that D takes over from A


class MiniVGG(nn.Module):
    """A configuration of Table 1 with twelve maps in every convolution, two poolings and two fully connected layers.

    Args:
        configuration: column of the paper's Table 1.
        share: of the variance that keeps the signal's size behind ReLUs (K. He et al. 2015), in the first weights.

    """

    def __init__(self, configuration: str, share: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for stage, kernels in enumerate(CONFIGURATIONS[configuration]):
            for kernel in kernels:
                layers += [nn.Conv2d(channels, WIDTH, kernel, padding=kernel // 2), nn.ReLU()]
                channels = WIDTH
            layers += [nn.MaxPool2d(2)] if stage in POOLED else []
        self.maps = nn.Sequential(*layers)
        self.top = nn.Sequential(
            nn.Flatten(), nn.Linear(WIDTH * 2 * 2, HIDDEN_UNITS), nn.ReLU(), nn.Linear(HIDDEN_UNITS, 10)
        )
        initialise(self, partial(_draw, share=share))

    @property
    def convolutions(self) -> list[nn.Conv2d]:
        """The convolutions, from the image on."""
        return [layer for layer in self.maps if isinstance(layer, nn.Conv2d)]

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, 1, 8, 8) into class scores of shape (N, 10)."""
        return self.top(self.maps(images))


def _draw(weight: Tensor, share: float) -> Tensor:
    return nn.init.normal_(weight, std=(2 * share / weight[0].numel()) ** 0.5)


@cache
def trained(configuration: str, share: float, seed: int, recipe: Recipe = RECIPE, *, from_a: bool = False) -> MiniVGG:
    """Train one network and keep it: the copies are taken from one that was trained already.

    Args:
        configuration: "A" or "D".
        share: of the suitable variance in the first weights.
        seed: of first weights and order of digits.
        recipe: of the training.
        from_a: whether the first four convolutions and the fully connected layers begin with those of the trained A.

    """
    images, labels = small_digits()[0], digits().train_labels
    generator = torch.Generator().manual_seed(seed)
    with one_thread(), seeded(seed):
        model = channels_last(MiniVGG(configuration, share))
        if from_a:
            source = trained("A", share, seed, recipe)
            for own, other in zip(model.convolutions[:COPIED], source.convolutions[:COPIED], strict=True):
                own.load_state_dict(other.state_dict())
            model.top.load_state_dict(source.top.state_dict())
        for _step in recipe.train(model, images, labels, generator):
            pass
    return model


def run(configuration: str, share: float, seed: int, *, recipe: Recipe = RECIPE, **start: bool) -> Measurements:
    """Train one network; measure its error (%) on the digits it was trained with.

    Args:
        configuration: "A" or "D".
        share: of the suitable variance in the first weights.
        seed: of first weights and order of digits.
        recipe: of the training.
        start: ``from_a`` of ``trained``, if anything; said otherwise, the cache would take one network for two.

    """
    model = trained(configuration, share, seed, recipe, **start)
    with one_thread():
        return {"training error": 100 * (1 - accuracy(model, small_digits()[0], digits().train_labels))}


def _lower(statement: str) -> tuple[Criterion, ...]:
    return (Criterion("training error", f"{statement} by more than 20 points", above=20),)


def _grid(name: str) -> GridFile:
    return GridFile(Path(__file__).with_name("robustness.json"), name)


DEEP = ("13 convolutions", partial(run, "D", POOR))

DEPTH_STALLS = Experiment(
    claim="From poor first weights a shallow plain network learns, and a deep one stalls.",
    source="Simonyan and Zisserman 2014, section 3.1",
    control=DEEP,
    treatment=("8 convolutions", partial(run, "A", POOR)),
    criteria=_lower("the training error is lower with 8 convolutions"),
    recipe=RECIPE,
    grid=_grid("depth stalls"),
)

COPIES_HELP = Experiment(
    claim="A deep network learns if its first and last layers begin with those of a trained shallow one.",
    source="Simonyan and Zisserman 2014, section 3.1",
    control=DEEP,
    treatment=("13 convolutions, copies from A", partial(run, "D", POOR, from_a=True)),
    criteria=_lower("the training error is lower with copies"),
    recipe=RECIPE,
    grid=_grid("copies help"),
)

VARIANCE_HELPS = Experiment(
    claim="A deep network learns from random first weights if their variance makes up for the ReLUs.",
    source="He et al. 2015, section 2.2",
    control=DEEP,
    treatment=("13 convolutions, suitable variance", partial(run, "D", 1.0)),
    criteria=_lower("the training error is lower with the suitable variance"),
    recipe=RECIPE,
    grid=_grid("variance helps"),
)


def plot_errors(findings: list[Finding]) -> Picture:
    """Draw every run's training error, a row an arm; arms that findings have in common are drawn once."""
    import matplotlib.pyplot as plt

    arms: dict[str, list[float]] = {}
    for finding in findings:
        arms |= {arm: finding.values(arm, "training error") for arm in finding.results}
    figure, axes = plt.subplots(figsize=(8, 0.55 * len(arms) + 1.1), layout="constrained")
    for row, (arm, errors) in enumerate(arms.items()):
        axes.plot(errors, [row] * len(errors), "o", color="#0072b2", alpha=0.6, markersize=9, label=arm)
        axes.plot(sum(errors) / len(errors), row, "|", color="#d55e00", markersize=26, markeredgewidth=3)
    axes.set(xlabel="training error (%)", xlim=(0, 100), ylim=(len(arms) - 0.5, -0.5))
    axes.set_yticks(range(len(arms)), list(arms))
    axes.axvline(90, color="#666666", linewidth=0.8, linestyle=":")
    axes.grid(axis="x", alpha=0.3)
    return Picture(figure, "Training error of every run, an arm a row: circles are seeds, bars means; dotted: chance.")
