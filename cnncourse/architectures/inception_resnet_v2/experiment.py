"""The paper's two claims in miniature: shortcuts make Inception train faster, and scaled residuals keep it alive.

Szegedy et al. 2016, sections 3.3 and 4. Our networks have eight blocks of two branches each and learn digits of 8×8
pixels. The paper's failure needs more than 1,000 filters and tens of thousands of steps; ours are narrow, and it is the
learning rate that drives them to it.
"""

from collections.abc import Callable, Mapping
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.inception_resnet_v2.model import ResidualInceptionBlock, Steps
from cnncourse.architectures.inception_v3.model import Branch
from cnncourse.architectures.initialisation import initialise_for_relu
from cnncourse.data import digits, small_digits
from cnncourse.drawing import Picture
from cnncourse.experiments import Criterion, Experiment, Finding, Measurements
from cnncourse.training import one_thread, seeded, training_steps

BLOCKS, CHANNELS = 8, 16
BRANCHES: tuple[Steps, ...] = (((8, 1),), ((8, 1), (8, 3)))
MOMENTUM = 0.9

SPEED_SEEDS = (0, 1, 2)
RATE = 0.1
LOSS = 0.5
WINDOW = 10  # steps whose mean loss must fall to it
MOST_STEPS = 300

SCALING_SEEDS = (3, 4, 5)
RATES = (0.1, 0.3, 1.0)
SCALES = (1.0, 0.2, 0.1)
UNSCALED, SCALED = 1.0, 0.2
STEPS = 60


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


def steps_to_loss(block: Callable[..., ResidualInceptionBlock], scale: float, seed: int) -> Measurements:
    """Train until the mean loss of the last steps has fallen to ``LOSS``; say how many steps that took.

    Args:
        block: of the network.
        scale: factor on the residuals.
        seed: of first weights and order of digits.

    Returns:
        "steps", ``MOST_STEPS`` if it was not reached.

    """
    losses: list[float] = []

    def noted(scores: Tensor, labels: Tensor) -> Tensor:
        loss = F.cross_entropy(scores, labels)
        losses.append(loss.item())
        return loss

    generator = torch.Generator().manual_seed(seed)
    with one_thread(), seeded(seed):
        network = SmallNetwork(block, scale=scale)
        optimizer = torch.optim.SGD(network.parameters(), RATE, MOMENTUM)
        images, labels = small_digits()[0], digits().train_labels
        for step in training_steps(network, images, labels, optimizer, MOST_STEPS, generator, loss=noted):
            if step >= WINDOW and sum(losses[-WINDOW:]) / WINDOW <= LOSS:
                return {"steps": float(step)}
    return {"steps": float(MOST_STEPS)}


SPEED = Experiment(
    claim="With shortcuts an Inception network of the same size needs fewer steps to the same training loss.",
    source="Szegedy et al. 2016, sections 1 and 4, Fig. 23 to 26",
    control=("plain", partial(steps_to_loss, PlainInceptionBlock, UNSCALED)),
    treatment=("residual", partial(steps_to_loss, ResidualInceptionBlock, UNSCALED)),
    criteria=(
        Criterion(
            "steps",
            "the plain network needs 30 steps more than the residual one, or more still, in every seed",
            lambda differences: min(differences) >= 30,
        ),
    ),
)


def error_name(rate: float) -> str:
    """Name the measurement of a rate's training error."""
    return f"error at rate {rate:g}"


def silence_name(rate: float) -> str:
    """Name the measurement of the share of maps that are zero."""
    return f"silent maps at rate {rate:g}"


def errors(scale: float, seed: int) -> Measurements:
    """Train residual networks with each of the ``RATES``; measure what became of them.

    Everything is measured in training mode, on every third digit that they were trained on.

    Args:
        scale: factor on the residuals.
        seed: of first weights and order of digits.

    Returns:
        For each rate the training error (%), and the share of the last block's maps that are zero for all digits (%).

    """
    images, labels = small_digits()[0], digits().train_labels
    measured: dict[str, float] = {}
    for rate in RATES:
        generator = torch.Generator().manual_seed(seed)
        with one_thread(), seeded(seed):
            network = SmallNetwork(scale=scale)
            optimizer = torch.optim.SGD(network.parameters(), rate, MOMENTUM)
            for _ in training_steps(network, images, labels, optimizer, STEPS, generator):
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
    control=(f"scale {UNSCALED:g}", partial(errors, UNSCALED)),
    treatment=(f"scale {SCALED:g}", partial(errors, SCALED)),
    criteria=(
        Criterion(
            error_name(RATES[-1]),
            "at the highest rate the training error without scaling is 40 points higher or more, in every seed",
            lambda differences: min(differences) >= 40,
        ),
        Criterion(
            silence_name(RATES[-1]),
            "there the share of last maps that are zero for all digits is 50 points higher without scaling or more, "
            "in every seed",
            lambda differences: min(differences) >= 50,
        ),
        Criterion(
            error_name(RATES[0]),
            "and at the lowest rate it is 10 points lower or more, in every seed: there scaling slows training down",
            lambda differences: max(differences) <= -10,
        ),
    ),
)

Grid = Mapping[tuple[float, float], list[float]]


def whole_grid(finding: Finding) -> Grid:
    """Return the training errors for every scale and rate, one a seed; those of ``SCALING`` are taken over.

    Args:
        finding: of ``SCALING``.

    """
    grid: dict[tuple[float, float], list[float]] = {}
    for scale in SCALES:
        arm = f"scale {scale:g}"
        runs = finding.results[arm] if arm in finding.results else [errors(scale, seed) for seed in finding.seeds]
        for rate in RATES:
            grid[scale, rate] = [run[error_name(rate)] for run in runs]
    return grid


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
        figure, f"Training error after {STEPS} steps, mean of {len(grid[SCALES[0], RATES[0]])} seeds: {words}."
    )
