"""The paper's two claims in miniature: shortcuts make Inception train faster, and scaled residuals keep it alive.

Szegedy et al. 2016, sections 3.3 and 5. Our networks have eight blocks of two branches each and learn digits of 8×8
pixels. The paper's failure needs more than 1,000 filters and tens of thousands of steps; ours are narrow, and it is the
learning rate that drives them to it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import log2
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.inception_resnet_v2.model import ResidualInceptionBlock, Steps
from cnncourse.architectures.inception_v3.model import Branch
from cnncourse.architectures.initialisation import initialise_for_relu
from cnncourse.data import digits, small_digits
from cnncourse.drawing import Picture
from cnncourse.experiments import Criterion, Experiment, Finding, GridFile, Measurements, Recipe, run_arms
from cnncourse.training import one_thread, seeded

BLOCKS, CHANNELS = 8, 16
BRANCHES: tuple[Steps, ...] = (((8, 1),), ((8, 1), (8, 3)))

PLAIN, RESIDUAL = "plain", "residual"
# The best constant rate for each: of 0.01, 0.03, 0.1, 0.3 and 1 that of the fewest steps on average, seeds 0 to 2.
SPEED_RECIPE = Recipe(
    rate={PLAIN: 0.3, RESIDUAL: 0.03}, steps=400, batch=50, seeds=(100, 101, 102, 103, 104), schedule="constant"
)
LOSS = 0.5
WINDOW = 10  # steps whose mean loss must fall to it

RATES = (0.1, 0.3, 1.0)
SCALES = (1.0, 0.2, 0.1)
UNSCALED, SCALED = 1.0, 0.2
SCALING_RECIPE = Recipe(rate={f"{rate:g}": rate for rate in RATES}, steps=60, batch=50, seeds=(100, 101, 102, 103))


class PlainInceptionBlock(ResidualInceptionBlock):
    """The block with all its layers but without the addition: relu(up(branches(x)))."""

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, channels, H, W) into (N, channels, H, W)."""
        return self.relu(self.up(self.branches(maps)))


class SmallNetwork(nn.Module):
    """A row of blocks between a first convolution, which halves the digits, and the mean of each map.

    Args:
        block: makes each block, of a number of channels and branches.
        scale: factor on the residuals.
        blocks: how many.

    """

    def __init__(
        self,
        block: Callable[..., ResidualInceptionBlock] = ResidualInceptionBlock,
        *,
        scale: float,
        blocks: int = BLOCKS,
    ) -> None:
        super().__init__()
        self.stem = Branch(1, (CHANNELS, 3), stride=2)
        self.blocks = nn.Sequential(*(block(CHANNELS, BRANCHES, scale=scale) for _ in range(blocks)))
        self.output = nn.Linear(CHANNELS, 10)
        initialise_for_relu(self)

    def features(self, images: Tensor) -> Tensor:
        """Turn (N, 1, 8, 8) into the last maps (N, CHANNELS, 4, 4)."""
        return self.blocks(self.stem(images))

    def forward(self, images: Tensor) -> Tensor:
        """Turn (N, 1, 8, 8) into (N, 10)."""
        return self.output(self.features(images).mean(dim=(2, 3)))


SPEED_BLOCKS = {PLAIN: PlainInceptionBlock, RESIDUAL: ResidualInceptionBlock}


def steps_to_loss(kind: str, seed: int, *, recipe: Recipe = SPEED_RECIPE) -> Measurements:
    """Train until the mean loss of the last steps has fallen to ``LOSS``; say how many steps that took.

    Args:
        kind: "plain" or "residual"; each has its own rate.
        seed: of first weights and order of digits.
        recipe: of the training.

    Returns:
        "steps", those of the recipe if the loss was not reached, and their binary logarithm, "doublings".

    """
    losses: list[float] = []

    def noted(scores: Tensor, labels: Tensor) -> Tensor:
        loss = F.cross_entropy(scores, labels)
        losses.append(loss.item())
        return loss

    generator = torch.Generator().manual_seed(seed)
    with one_thread(), seeded(seed):
        network = SmallNetwork(SPEED_BLOCKS[kind], scale=UNSCALED)
        images, labels = small_digits()[0], digits().train_labels
        for step in recipe.train(network, images, labels, generator, rate=kind, loss=noted):
            if step >= WINDOW and sum(losses[-WINDOW:]) / WINDOW <= LOSS:
                break
    return {"steps": float(step), "doublings": log2(step)}


SPEED = Experiment(
    claim="With shortcuts an Inception network of the same size needs fewer steps to the same training loss.",
    source="Szegedy et al. 2016, section 5; Figs 21 to 24, which show validation error",
    control=(PLAIN, partial(steps_to_loss, PLAIN)),
    treatment=(RESIDUAL, partial(steps_to_loss, RESIDUAL)),
    criteria=(
        Criterion(
            "doublings",
            "each at its own best constant rate, the plain network needs more steps (a doubling is twice as many)",
            above=0,
        ),
    ),
    recipe=SPEED_RECIPE,
    grid=GridFile(Path(__file__).with_name("robustness.json"), "speed"),
)


def scale_name(scale: float) -> str:
    """Name the arm of a scale."""
    return f"scale {scale:g}"


def error_name(rate: float) -> str:
    """Name the measurement of a rate's training error."""
    return f"error at rate {rate:g}"


def silence_name(rate: float) -> str:
    """Name the measurement of the share of maps that are zero."""
    return f"silent maps at rate {rate:g}"


def errors(scale: float, seed: int, *, recipe: Recipe = SCALING_RECIPE) -> Measurements:
    """Train residual networks with each rate of the recipe; measure what became of them.

    Everything is measured in training mode, on every third digit that they were trained on.

    Args:
        scale: factor on the residuals.
        seed: of first weights and order of digits.
        recipe: of the training; its rates have the names of ``RATES``.

    Returns:
        For each rate the training error (%), and the share of the last block's maps that are zero for all digits (%).

    """
    images, labels = small_digits()[0], digits().train_labels
    measured: dict[str, float] = {}
    for rate in RATES:
        generator = torch.Generator().manual_seed(seed)
        with one_thread(), seeded(seed):
            network = SmallNetwork(scale=scale)
            for _ in recipe.train(network, images, labels, generator, rate=f"{rate:g}"):
                pass
            with torch.no_grad():
                maps = network.features(images[::3])
                wrong = network.output(maps.mean(dim=(2, 3))).argmax(dim=1) != labels[::3]
        measured[error_name(rate)] = 100 * wrong.float().mean().item()
        measured[silence_name(rate)] = 100 * (maps.amax(dim=(0, 2, 3)) <= 0).float().mean().item()
    return measured


SCALING = Experiment(
    claim="Scaling the residuals down keeps training stable.",
    source="Szegedy et al. 2016, section 3.3; here by the learning rate",
    control=(scale_name(UNSCALED), partial(errors, UNSCALED)),
    treatment=(scale_name(SCALED), partial(errors, SCALED)),
    criteria=(
        Criterion(
            error_name(RATES[-1]),
            "at the highest rate the training error without scaling is higher by more than 20 points",
            above=20,
        ),
        Criterion(
            silence_name(RATES[-1]),
            "and the share of last maps that are zero for all digits is higher by more than 20 points",
            above=20,
            changed="a third rule, that scaling harms at the lowest rate, was dropped: the paper denies it",
        ),
    ),
    recipe=SCALING_RECIPE,
    grid=GridFile(Path(__file__).with_name("robustness.json"), "scaling"),
)

Grid = Mapping[tuple[float, float], list[float]]


def whole_grid(finding: Finding) -> Grid:
    """Return the training errors for every scale and rate, one a seed; those of ``SCALING`` are taken over.

    Args:
        finding: of ``SCALING``.

    """
    arms = {scale_name(scale): partial(errors, scale, recipe=finding.recipe) for scale in SCALES}
    known = finding.results
    results = {**known} | run_arms({name: arm for name, arm in arms.items() if name not in known}, finding.seeds)
    return {
        (scale, rate): [run[error_name(rate)] for run in results[scale_name(scale)]]
        for scale in SCALES
        for rate in RATES
    }


def plot_grid(grid: Grid) -> Picture:
    """Draw the mean training error for every scale and rate, the worst and the best seed below it."""
    import matplotlib.pyplot as plt

    means = [[sum(grid[scale, rate]) / len(grid[scale, rate]) for rate in RATES] for scale in SCALES]
    figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    image = axes.imshow(means, cmap="cividis_r", vmin=0, vmax=90, aspect="auto")
    for row, scale in enumerate(SCALES):
        for column, rate in enumerate(RATES):
            values, mean = grid[scale, rate], means[row][column]
            text = f"{mean:.0f} %\n{min(values):.0f} to {max(values):.0f}"
            axes.text(column, row, text, ha="center", va="center", color="white" if mean > 35 else "black")
    axes.set(xlabel="learning rate", ylabel="scale of the residuals")
    axes.set_xticks(range(len(RATES)), [f"{rate:g}" for rate in RATES])
    axes.set_yticks(range(len(SCALES)), [f"{scale:g}" for scale in SCALES])
    figure.colorbar(image, label="training error (%)")
    words = "; ".join(
        f"scale {scale:g}: "
        + ", ".join(f"{mean:.0f} % at rate {rate:g}" for rate, mean in zip(RATES, row, strict=True))
        for scale, row in zip(SCALES, means, strict=True)
    )
    return Picture(
        figure,
        f"Training error after {SCALING_RECIPE.steps} steps, mean of {len(grid[SCALES[0], RATES[0]])} seeds: {words}.",
    )
