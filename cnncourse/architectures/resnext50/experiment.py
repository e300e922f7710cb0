"""The claim in miniature: with the same number of weights, more paths fit the training data better.

S. Xie et al., "Aggregated residual transformations for deep neural networks" (CVPR 2017), section 5.1 and figure 5: at
constant cost the training error falls as cardinality rises, so that the gain is one of representation. The arms here
see the same digits in the same order; only the blocks' cardinality and width differ.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import mean

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.resnext50.model import AggregatedBlock
from cnncourse.data import digits, small_digits
from cnncourse.drawing import Picture
from cnncourse.experiments import Criterion, Experiment, GridFile, Measurements, Recipe
from cnncourse.training import one_thread, seeded

CHANNELS = 32
BLOCKS = {"1×8d": (1, 8), "4×3d": (4, 3)}  # cardinality and width of equal cost
ONE_PATH, FOUR_PATHS = BLOCKS
RECIPE = Recipe(rate=0.1, steps=100, batch=50, seeds=tuple(range(100, 120)))
COUNTED = 20  # last steps, whose losses are averaged
MARK_EVERY = 10
LOSS, ERROR = "training loss × 100", "test error (%)"


class TwoBlocks(nn.Module):
    """A convolution and two aggregated blocks of 32 channels for 8×8 digits, the second on halved maps.

    Args:
        cardinality: number of paths of a block.
        path_width: channels within a path.

    """

    def __init__(self, cardinality: int, path_width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(CHANNELS), nn.ReLU())
        # Before the blocks, so that both arms begin with the same weights outside of them.
        self.output = nn.Linear(CHANNELS, 10)
        self.first, self.second = (
            AggregatedBlock(CHANNELS, CHANNELS // 4, cardinality=cardinality, path_width=path_width) for _ in range(2)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Turn (N, 1, 8, 8) into class scores (N, 10)."""
        maps = F.max_pool2d(self.first(self.stem(images)), 2)
        return self.output(self.second(maps).mean(dim=(2, 3)))


def run_two_blocks(name: str, seed: int, *, recipe: Recipe = RECIPE) -> Measurements:
    """Train a network; measure the training loss, averaged over the last 20 steps, and the test error.

    Args:
        name: of ``BLOCKS``.
        seed: decides first weights and the order of digits.
        recipe: of the training.

    """
    losses: list[float] = []

    def noted(scores: Tensor, labels: Tensor) -> Tensor:
        loss = F.cross_entropy(scores, labels)
        losses.append(loss.item())
        return loss

    generator = torch.Generator().manual_seed(seed)
    images, test_images = small_digits()[:2]
    labels, test_labels = digits().train_labels, digits().test_labels
    with one_thread(), seeded(seed):
        network = TwoBlocks(*BLOCKS[name])
        for _step in recipe.train(network, images, labels, generator, loss=noted):
            pass
        network.eval()
        with torch.no_grad():
            wrong = network(test_images).argmax(dim=1) != test_labels
    marks = {f"loss to step {step}": mean(losses[step - MARK_EVERY : step]) for step in _marks(recipe)}
    return {LOSS: 100 * mean(losses[-COUNTED:]), ERROR: 100 * wrong.float().mean().item()} | marks


def _marks(recipe: Recipe = RECIPE) -> range:
    return range(MARK_EVERY, recipe.steps + 1, MARK_EVERY)


CARDINALITY = Experiment(
    claim="With as many weights, blocks of four paths reach a lower training loss than blocks of one.",
    source="Xie et al. 2016, section 5.1 and figure 5",
    control=(ONE_PATH, partial(run_two_blocks, ONE_PATH)),
    treatment=(FOUR_PATHS, partial(run_two_blocks, FOUR_PATHS)),
    criteria=(
        Criterion(
            LOSS,
            "over the last 20 steps the training loss is lower",
            above=0,
        ),
    ),
    recipe=RECIPE,
    grid=GridFile(Path(__file__).with_name("robustness.json"), "cardinality"),
)

_LOOKS = {ONE_PATH: ("#d55e00", "--", "o"), FOUR_PATHS: ("#0072b2", "-", "s")}


def plot_losses(results: Mapping[str, Sequence[Measurements]]) -> Picture:
    """Draw the training loss of both arms over the steps, and the difference in each seed.

    Args:
        results: for names of ``BLOCKS``, the measurements by seed.

    """
    import matplotlib.pyplot as plt

    figure, (curves, pairs) = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
    for arm, measured in results.items():
        colour, style, marker = _LOOKS[arm]
        values = [mean(each[f"loss to step {step}"] for each in measured) for step in _marks()]
        curves.plot(_marks(), values, style, color=colour, marker=marker, label=arm)
    curves.set(xlabel="training step", ylabel="training loss, mean of the seeds", yscale="log")
    curves.yaxis.set_major_formatter("{x:g}")
    curves.grid(alpha=0.3, which="both")
    curves.legend()
    differences = [one[LOSS] - four[LOSS] for one, four in zip(results[ONE_PATH], results[FOUR_PATHS], strict=True)]
    above = sum(each > 0 for each in differences)
    colours = ["#0072b2" if each > 0 else "#d55e00" for each in differences]
    pairs.bar(range(len(differences)), sorted(differences), color=sorted(colours, key=lambda c: c != "#d55e00"))
    pairs.axhline(0, color="#555555", linewidth=0.8)
    pairs.set(
        xlabel="seeds, in order of the difference", xticks=[], ylabel=f"{ONE_PATH} minus {FOUR_PATHS}, hundredths"
    )
    pairs.grid(alpha=0.3, axis="y")
    pairs.set_axisbelow(True)
    return Picture(
        figure,
        f"Left, the training loss over the steps for {ONE_PATH} and {FOUR_PATHS}, means of the seeds. Right, the "
        f"difference of the losses at the end, seed by seed: above zero in {above} of {len(differences)}.",
    )
