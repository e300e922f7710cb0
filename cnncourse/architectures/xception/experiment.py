"""The claim in miniature: no non-linearity between the depthwise and the pointwise step.

F. Chollet, "Xception" (CVPR 2017), section 4.7 and figure 10: with a ReLU or an ELU between the two steps the network
learns more slowly and ends lower. The arms here have the same network, first weights, digits and order of digits; only
what stands between the steps differs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import mean

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.initialisation import initialise_for_relu
from cnncourse.data import digits, small_digits
from cnncourse.drawing import Picture
from cnncourse.experiments import Criterion, Experiment, GridFile, Measurements, Recipe
from cnncourse.training import one_thread, seeded

BETWEEN: Mapping[str, Callable[[], nn.Module]] = {
    "nothing between": nn.Identity,
    "ReLU between": nn.ReLU,
    "ELU between": nn.ELU,
}
NOTHING, RELU, ELU = BETWEEN
RECIPE = Recipe(rate=0.03, steps=80, batch=50, seeds=tuple(range(100, 108)))
FURTHER_RECIPE = replace(RECIPE, seeds=RECIPE.seeds[:5])
MARK_EVERY = 10
CHANNELS, LAYERS = 12, 6
POOLED_AFTER = 3  # separable convolutions
LOSS = "training loss × 100"
COUNTED = 20  # last steps, whose losses are averaged


class SeparableStack(nn.Module):
    """A plain stack for 8×8 digits: an ordinary convolution, then separable ones, each with ReLU before it.

    Args:
        between: what stands between the depthwise and the pointwise step.
        layers: number of separable convolutions.
        shortcuts: whether each of them has a shortcut past it.

    """

    def __init__(self, between: Callable[[], nn.Module], layers: int, *, shortcuts: bool) -> None:
        super().__init__()
        self.shortcuts = shortcuts
        self.stem = nn.Sequential(nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(CHANNELS))
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, groups=CHANNELS, bias=False),
                between(),
                nn.Conv2d(CHANNELS, CHANNELS, 1, bias=False),
                nn.BatchNorm2d(CHANNELS),
            )
            for _ in range(layers)
        )
        self.output = nn.Linear(CHANNELS * 4 * 4, 10)
        initialise_for_relu(self)

    def forward(self, images: Tensor) -> Tensor:
        """Turn (N, 1, 8, 8) into class scores (N, 10)."""
        maps = self.stem(images)
        for number, layer in enumerate(self.layers, start=1):
            maps = maps + layer(maps) if self.shortcuts else layer(maps)
            if number == min(POOLED_AFTER, len(self.layers)):
                maps = F.max_pool2d(maps, 2)
        return self.output(maps.relu().flatten(1))


def run_stack(
    between: str, seed: int, *, layers: int = LAYERS, shortcuts: bool = False, recipe: Recipe = RECIPE
) -> Measurements:
    """Train a stack; measure the training loss, averaged over the last 20 steps.

    Args:
        between: a name of ``BETWEEN``.
        seed: decides first weights and the order of digits.
        layers: number of separable convolutions.
        shortcuts: whether each of them has a shortcut past it.
        recipe: of the training.

    """
    losses: list[float] = []

    def noted(scores: Tensor, labels: Tensor) -> Tensor:
        loss = F.cross_entropy(scores, labels)
        losses.append(loss.item())
        return loss

    generator = torch.Generator().manual_seed(seed)
    images, labels = small_digits()[0], digits().train_labels
    with one_thread(), seeded(seed):
        network = SeparableStack(BETWEEN[between], layers, shortcuts=shortcuts)
        for _step in recipe.train(network, images, labels, generator, loss=noted):
            pass
    marks = {f"loss to step {step}": mean(losses[step - MARK_EVERY : step]) for step in _marks(recipe)}
    return {LOSS: 100 * mean(losses[-COUNTED:])} | marks


def _marks(recipe: Recipe = RECIPE) -> range:
    return range(MARK_EVERY, recipe.steps + 1, MARK_EVERY)


def _nothing_between(recipe: Recipe, **shortcuts: bool) -> Experiment:
    there = ", with shortcuts" if shortcuts else ""
    return Experiment(
        claim="Separable convolutions learn faster with nothing between the depthwise and the pointwise step than with "
        f"a ReLU there{there}.",
        source="Chollet 2016, section 4.7 and figure 10; the paper's network has shortcuts",
        control=(RELU, partial(run_stack, RELU, **shortcuts)),
        treatment=(NOTHING, partial(run_stack, NOTHING, **shortcuts)),
        criteria=(
            Criterion(LOSS, "over the last 20 steps the training loss is lower by more than 2 hundredths", above=2),
        ),
        recipe=recipe,
        grid=GridFile(Path(__file__).with_name("robustness.json"), f"nothing between{there}"),
    )


NOTHING_BETWEEN = _nothing_between(RECIPE)
NOTHING_BETWEEN_WITH_SHORTCUTS = _nothing_between(FURTHER_RECIPE, shortcuts=True)

_LOOKS = {NOTHING: ("#0072b2", "-", "s"), RELU: ("#d55e00", "--", "o"), ELU: ("#009e73", ":", "^")}


def plot_losses(results: Mapping[str, Sequence[Measurements]]) -> Picture:
    """Draw the training loss of some arms over the steps: means of the seeds, and ranges.

    Args:
        results: for names of ``BETWEEN``, the measurements by seed.

    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    for arm, measured in results.items():
        colour, style, marker = _LOOKS[arm]
        values = [[each[f"loss to step {step}"] for each in measured] for step in _marks()]
        axes.plot(_marks(), list(map(mean, values)), style, color=colour, marker=marker, label=arm)
        axes.fill_between(_marks(), list(map(min, values)), list(map(max, values)), color=colour, alpha=0.15)
    axes.set(xlabel="training step", ylabel="training loss, mean of ten steps", ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend()
    return Picture(
        figure,
        f"Training loss over the steps, means and ranges over the seeds, for {', '.join(results)}: with a ReLU between "
        "the two steps it falls most slowly.",
    )
