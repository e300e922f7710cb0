"""The paper's claim in miniature: more layers raise a plain network's training error, and a residual network's not.

He et al. 2015 compare networks of 18 and 34 layers with and without shortcuts (section 4.1; training error in Fig. 4).
Ours have 10 and 26 layers and learn digits of 8×8 pixels. The shortcuts are of option A, so that both kinds of network
have the same number of parameters; for a seed all four see the same digits in the same order.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.resnet50.model import BasicBlock, ResidualNetwork
from cnncourse.data import digits, small_digits
from cnncourse.drawing import Picture
from cnncourse.experiments import Criterion, Experiment, Finding, GridFile, Measurements, Recipe
from cnncourse.training import one_thread, seeded

WIDTHS = (8, 16)  # of the two stages
BLOCKS = {"10 layers": 2, "26 layers": 6}  # of each stage
SHALLOW, DEEP = BLOCKS
KINDS = {"plain": "none", "residual": "A"}  # and their shortcuts
# Rate, momentum and weight decay are the paper's (section 3.4). The criteria were set before these seeds were run.
RECIPE = Recipe(rate=0.1, steps=60, batch=50, seeds=(100, 101, 102, 103, 104), weight_decay=1e-4)
LONGER = replace(RECIPE, steps=300, seeds=RECIPE.seeds[:2])  # the paper tried three times as long (section 4.1)
MARKS = (15, 30, 45)  # steps before the last at which every third digit is looked at, for the picture


def small_network(blocks: int, shortcuts: str) -> ResidualNetwork:
    """Build the paper's network for small images, but narrow and with two stages, for grey digits.

    Args:
        blocks: of each stage; there are 4 · blocks + 2 layers with weights.
        shortcuts: "A", or "none" for a plain network.

    """
    block = partial(BasicBlock, shortcut=shortcuts)
    return ResidualNetwork(10, 1, block, (blocks,) * len(WIDTHS), WIDTHS, small_images=True)


def run(blocks: int, seed: int, *, recipe: Recipe = RECIPE) -> Measurements:
    """Train a plain and a residual network; measure errors (%) and the loss on the digits that they were trained on.

    Everything is measured in training mode, with the statistics of all digits together: after so few steps the
    running averages of batch normalisation lag behind.

    Args:
        blocks: of each stage.
        seed: of first weights and order of digits.
        recipe: of the training.

    """
    (images, test_images), labels = small_digits(), digits().train_labels
    measured: dict[str, float] = {}
    for kind in KINDS:
        generator = torch.Generator().manual_seed(seed)
        with one_thread(), seeded(seed):
            network = small_network(blocks, KINDS[kind])
            for step in recipe.train(network, images, labels, generator):
                if step in MARKS and step < recipe.steps:
                    measured[f"{kind} error at step {step}"] = _error(network, images[::3], labels[::3])
            measured[f"{kind} error"] = measured[f"{kind} error at step {recipe.steps}"] = _error(
                network, images, labels
            )
            measured[f"{kind} loss"] = F.cross_entropy(_scores(network, images), labels).item()
            measured[f"{kind} test error"] = _error(network, test_images, digits().test_labels)
    return measured


@torch.no_grad()
def _scores(network: nn.Module, images: Tensor) -> Tensor:
    return network.train()(images)


def _error(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    return 100 * (_scores(network, images).argmax(dim=1) != labels).float().mean().item()


DEGRADATION = Experiment(
    claim="With more layers a plain network ends with a higher training error; a residual network does not.",
    source="He et al. 2015, sections 1 and 4.1, Fig. 4",
    control=(SHALLOW, partial(run, BLOCKS[SHALLOW])),
    treatment=(DEEP, partial(run, BLOCKS[DEEP])),
    criteria=(
        Criterion(
            "plain error",
            "without shortcuts the training error of 26 layers is higher than that of 10 by more than 10 points",
            below=-10,
        ),
        Criterion(
            "residual error",
            "and with shortcuts it is not higher by as much as 5 points",
            above=-5,
        ),
    ),
    recipe=RECIPE,
    grid=GridFile(Path(__file__).with_name("robustness.json"), "degradation"),
)

_LOOKS = {
    ("plain", SHALLOW): ("#d55e00", "--", "o"),
    ("plain", DEEP): ("#d55e00", "-", "s"),
    ("residual", SHALLOW): ("#0072b2", "--", "o"),
    ("residual", DEEP): ("#0072b2", "-", "s"),
}


def plot_errors(finding: Finding) -> Picture:
    """Draw the training error of the four networks over the steps: means of the seeds, and ranges."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for (kind, depth), (colour, style, marker) in _LOOKS.items():
        marks = (*MARKS, RECIPE.steps)
        values = [finding.values(depth, f"{kind} error at step {mark}") for mark in marks]
        means = [sum(each) / len(each) for each in values]
        axes.plot(marks, means, style, color=colour, marker=marker, label=f"{kind}, {depth}")
        axes.fill_between(marks, list(map(min, values)), list(map(max, values)), color=colour, alpha=0.15)
    axes.axhline(90, color="#666666", linewidth=0.8, linestyle=":")
    axes.set(xlabel="training step", ylabel="training error (%)", ylim=(0, 100), xticks=(*MARKS, RECIPE.steps))
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return Picture(
        figure,
        "Training error of four networks over the steps. Of the plain ones the deeper is far above the shallower; of "
        "the residual ones the deeper is not above the shallower. Dotted: chance.",
    )
