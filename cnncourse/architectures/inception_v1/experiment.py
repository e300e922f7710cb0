"""Auxiliary classifiers in miniature: how much of the gradient reaches the first layer, with them and without.

Section 5 adds two classifiers half-way so that gradients reach the lower layers. The network here has the nine modules
of Table 1, with an eighth of the filters and 8×8 digits in place of photographs, and is looked at before any training.
The two arms have the same weights and the same digits. With its auxiliary classifiers a network has more loss, 1 + 0.3
+ 0.3 times as much at the start; the control's loss is therefore multiplied by 1.6, so that it is not merely a larger
loss that is seen.
"""

import math
from functools import cache, partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.inception_v1.model import TABLE_1, ConvReLU, InceptionModule, scaled
from cnncourse.architectures.initialisation import initialise
from cnncourse.data import digits, small_digits
from cnncourse.drawing import Picture
from cnncourse.experiments import Criterion, Experiment, Measurements
from cnncourse.training import one_thread, seeded

WITHOUT, WITH = "without auxiliary classifiers, loss × 1.6", "with auxiliary classifiers"
COLOURS = {WITHOUT: "#0072b2", WITH: "#d55e00"}
SEEDS = tuple(range(100, 110))
WEIGHT = 0.3  # of each auxiliary loss, as in the paper
WIDTH = 1 / 8
BATCH = 128
CLASSES = 10
AUXILIARY_ON = ("4a", "4d")
POOLED = ("3b", "4e")  # the modules that a pooling follows

# The variance of a weight is this over the number of inputs of its unit. One keeps the size of signals between linear
# layers, and was usual before 2015; two makes up for the half that a ReLU cuts off (K. He et al. 2015).
BEFORE_2015, HE = 1.0, 2.0
NAMES = {BEFORE_2015: "variance 1 / inputs", HE: "variance 2 / inputs (He 2015)"}


def _draw(weight: Tensor, variance: float) -> None:
    nn.init.normal_(weight, std=math.sqrt(variance / weight[0].numel()))


class NineModules(nn.Module):
    """A convolution, the nine modules of Table 1 with an eighth of their filters, and three linear classifiers.

    Args:
        variance: of the first weights, times the number of inputs.

    """

    def __init__(self, variance: float) -> None:
        super().__init__()
        channels = scaled(192, WIDTH)
        self.first = ConvReLU(1, channels, kernel_size=3, padding=1)
        self.inception = nn.ModuleDict()
        for name, filters in TABLE_1.items():
            self.inception[name] = InceptionModule(channels, filters.scaled(WIDTH))
            channels = self.inception[name].out_channels
        self.auxiliary = nn.ModuleDict(
            {name: nn.Linear(self.inception[name].out_channels, CLASSES) for name in AUXILIARY_ON}
        )
        self.output = nn.Linear(channels, CLASSES)
        initialise(self, partial(_draw, variance=variance))

    def forward(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
        """Turn images of shape (N, 1, 8, 8) into scores, the auxiliary scores, and the maps after each step."""
        maps = self.first(images)
        after, auxiliary = {"first": maps}, {}
        for name, module in self.inception.items():
            maps = after[name] = module(maps)
            if name in self.auxiliary:
                auxiliary[name] = self.auxiliary[name](maps.mean(dim=(2, 3)))
            if name in POOLED:
                maps = F.max_pool2d(maps, 2)
        return self.output(maps.mean(dim=(2, 3))), auxiliary, after


def losses(network: NineModules, images: Tensor, labels: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the loss of each arm, and the maps after each step."""
    scores, auxiliary, after = network(images)
    final = F.cross_entropy(scores, labels)
    extra = sum(F.cross_entropy(each, labels) for each in auxiliary.values())
    return {WITHOUT: (1 + len(auxiliary) * WEIGHT) * final, WITH: final + WEIGHT * extra}, after


@cache
def look_at_gradients(variance: float, seed: int) -> dict[str, dict[str, float]]:
    """Return for each arm how large the gradient of its loss is: at the first weights, and at the maps of each step.

    Args:
        variance: of the first weights, times the number of inputs.
        seed: decides weights and digits.

    """
    with one_thread(), seeded(seed):
        network = NineModules(variance)
        chosen = torch.randperm(len(digits().train_labels))[:BATCH]
        by_arm, after = losses(network, small_digits()[0][chosen], digits().train_labels[chosen])
        weight = network.first.convolution.weight
        found = {}
        for arm, loss in by_arm.items():
            gradients = torch.autograd.grad(loss, [weight, *after.values()], retain_graph=True)
            names = ("first weights", *after)
            found[arm] = {name: each.norm().item() for name, each in zip(names, gradients, strict=True)}
    return found


def run_arm(arm: str, variance: float, seed: int) -> Measurements:
    """Measure the gradient at the first weights, in doublings: one more is twice as large."""
    return {"doublings": math.log2(look_at_gradients(variance, seed)[arm]["first weights"])}


def _experiment(variance: float) -> Experiment:
    return Experiment(
        claim="Auxiliary classifiers increase the gradient that gets back to the first layer "
        f"(first weights of {NAMES[variance]}).",
        source="Szegedy et al. 2014, section 5",
        control=(WITHOUT, partial(run_arm, WITHOUT, variance)),
        treatment=(WITH, partial(run_arm, WITH, variance)),
        criteria=(
            Criterion(
                "doublings",
                "the gradient at the first weights is more than twice as large with them, one doubling",
                below=-1,
            ),
        ),
    )


MORE_GRADIENT = _experiment(BEFORE_2015)
MORE_GRADIENT_WITH_HE = _experiment(HE)


def plot_gradients() -> Picture:
    """Draw how large the gradient is at the maps of each step, with and without auxiliary classifiers."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", sharey=True)
    for axis, (variance, title) in zip(axes, NAMES.items(), strict=True):
        seen = [look_at_gradients(variance, seed) for seed in SEEDS]
        steps = [name for name in seen[0][WITH] if name != "first weights"]
        for (arm, colour), marker in zip(COLOURS.items(), ("o", "s"), strict=True):
            values = [[each[arm][step] for each in seen] for step in steps]
            means = [math.exp(sum(map(math.log, each)) / len(each)) for each in values]
            axis.semilogy(steps, means, marker=marker, color=colour, label=arm)
            axis.fill_between(steps, list(map(min, values)), list(map(max, values)), color=colour, alpha=0.2)
        for name in AUXILIARY_ON:
            axis.axvline(name, color="#888888", linestyle="--", linewidth=0.9)
        axis.set(xlabel="maps after", title=f"first weights of {title}")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("size of the gradient")
    axes[0].legend(fontsize=9)
    return Picture(
        figure,
        "The size of the gradient at the maps after each module. With weights of variance 1 / inputs it shrinks "
        "more than twentyfold from the end to the first layer without auxiliary classifiers; with them it rises "
        "again below 4a. With variance 2 / inputs both curves run level, and nothing rises below 4a.",
    )
