"""Two of the paper's remedies against overfitting, in miniature: dropout and random crops.

Section 4.2 says of dropout that without it the network "exhibits substantial overfitting", and that it "roughly doubles
the number of iterations required to converge". Section 4.1 says of crops and mirror images that without them there is
"substantial overfitting, which would have forced us to use much smaller networks". The two arms of each experiment have
the same network, first weights, images and order of images; only the dropout, or the crops, are missing in one.
"""

from functools import partial
from math import log2
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.alexnet.model import DROPOUT, initialise_by_fan_in
from cnncourse.data import digits, photo_patches, small_digits
from cnncourse.drawing import Picture
from cnncourse.experiments import Criterion, Experiment, Finding, GridFile, Measurements, Recipe
from cnncourse.training import accuracy, one_thread, seeded

RECIPE = Recipe(rate=0.03, steps=400, batch=50, seeds=tuple(range(100, 108)))
DIGITS = 100  # training digits: few, so that there is something to overfit
FIXED_LOSS = 0.1  # of the training digits, without dropout
LOOK_EVERY = 5  # steps
MARKS = tuple(range(20, RECIPE.steps + 1, 20))  # steps at which loss and error are noted for the picture

CROP_RECIPE = Recipe(rate=0.02, steps=300, batch=50, seeds=(100, 101, 102, 103, 104))
PATCHES = 300
CROP = 24  # pixels of 32; the paper takes 224 of 256


class SmallNetwork(nn.Module):
    """One convolution and overlapping pooling, then a top of three fully connected layers with dropout, as AlexNet's.

    Args:
        first: the convolution.
        features: number of values after the pooling.
        hidden_units: width of fc6 and fc7.
        dropout: probability to drop a unit of fc6 and fc7.

    """

    def __init__(self, first: nn.Conv2d, features: int, hidden_units: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = first
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2)
        self.fc6 = nn.Linear(features, hidden_units)
        self.fc7 = nn.Linear(hidden_units, hidden_units)
        self.fc8 = nn.Linear(hidden_units, 10)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(dropout)
        initialise_by_fan_in(self)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images into class scores of shape (N, 10)."""
        features = self.pool(self.relu(self.conv1(images))).flatten(1)
        features = self.dropout(self.relu(self.fc6(features)))
        features = self.dropout(self.relu(self.fc7(features)))
        return self.fc8(features)


def some_of(count: int, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw some training images: where they stand, and their labels."""
    chosen = torch.randperm(len(labels), generator=generator)[:count]
    return chosen, labels[chosen]


def run_dropout(dropout: float, seed: int, *, recipe: Recipe = RECIPE) -> Measurements:
    """Train on 100 digits; measure the test error (%) at the end, and the steps to a fixed loss.

    The loss is that of the 100 training digits in evaluation mode: with dropout active, it would be larger because
    units are missing, not because less has been learned. "doublings to the loss" are the steps' binary logarithm.
    """
    generator = torch.Generator().manual_seed(seed)
    train_images, test_images = small_digits()
    chosen, labels = some_of(DIGITS, digits().train_labels, generator)
    images = train_images[chosen]
    measured: dict[str, float] = {}
    steps = recipe.steps
    with one_thread(), seeded(seed):
        model = SmallNetwork(nn.Conv2d(1, 16, kernel_size=3, padding=1), 16 * 3 * 3, 256, dropout)
        for step in recipe.train(model, images, labels, generator):
            if step % LOOK_EVERY:
                continue
            model.eval()
            with torch.no_grad():
                loss = F.cross_entropy(model(images), labels).item()
            steps = min(steps, step) if loss < FIXED_LOSS else steps
            if step in MARKS:
                measured[f"loss at step {step}"] = loss
                measured[f"error at step {step}"] = _error(model, test_images, digits().test_labels)
        measured["test error"] = _error(model, test_images, digits().test_labels)
    measured["steps to the loss"] = steps
    return measured | {"doublings to the loss": log2(steps)}


def random_crop(images: Tensor, generator: torch.Generator) -> Tensor:
    """Cut a 24×24 window out of each image at random, and mirror every second one on average (section 4.1)."""
    count, _, height, width = images.shape
    tops = torch.randint(height - CROP + 1, (count,), generator=generator).tolist()
    lefts = torch.randint(width - CROP + 1, (count,), generator=generator).tolist()
    mirrored = torch.randint(2, (count,), generator=generator).bool().view(-1, 1, 1, 1)
    windows = zip(images, tops, lefts, strict=True)
    cut = torch.stack([image[:, top : top + CROP, left : left + CROP] for image, top, left in windows])
    return torch.where(mirrored, cut.flip(3), cut)


def centre_crop(images: Tensor) -> Tensor:
    """Cut the 24×24 window in the middle of each image."""
    top, left = ((side - CROP) // 2 for side in images.shape[2:])
    return images[:, :, top : top + CROP, left : left + CROP]


def run_crops(seed: int, *, at_random: bool, recipe: Recipe = CROP_RECIPE) -> Measurements:
    """Train on 300 patches of photographs, without dropout; measure errors (%) on centre crops."""
    generator = torch.Generator().manual_seed(seed)
    data = photo_patches()
    chosen, labels = some_of(PATCHES, data.train_labels, generator)
    images = data.train_images[chosen]
    crop = partial(random_crop, generator=generator) if at_random else centre_crop
    with one_thread(), seeded(seed):
        model = SmallNetwork(nn.Conv2d(3, 16, kernel_size=5, stride=2), 16 * 4 * 4, 128, dropout=0.0)
        for _step in recipe.train(model, images, labels, generator, change=crop):
            pass
        test_error = _error(model, centre_crop(data.test_images), data.test_labels)
        training_error = _error(model, centre_crop(images), labels)
    return {"test error": test_error, "gap": test_error - training_error}


def _error(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    return 100 * (1 - accuracy(model, images, labels))


DROPOUT_OVERFITS_LESS = Experiment(
    claim="Dropout makes a network overfit less, and learn more slowly.",
    source="Krizhevsky et al. 2012, section 4.2",
    control=("without dropout", partial(run_dropout, 0.0)),
    treatment=("with dropout", partial(run_dropout, DROPOUT)),
    criteria=(
        Criterion(
            "test error",
            "with dropout the test error is lower",
            above=0,
        ),
        Criterion(
            "doublings to the loss",
            "to the same training loss it takes more steps by more than half a doubling",
            below=-0.5,
        ),
    ),
    recipe=RECIPE,
    grid=GridFile(Path(__file__).with_name("robustness.json"), "dropout"),
)

CROPS_OVERFIT_LESS = Experiment(
    claim="Training on random crops and their mirror images makes a network overfit less.",
    source="Krizhevsky et al. 2012, section 4.1",
    control=("centre crops", partial(run_crops, at_random=False)),
    treatment=("random crops", partial(run_crops, at_random=True)),
    criteria=(
        Criterion(
            "gap",
            "with random crops the gap between training and test error is smaller",
            above=0,
        ),
        Criterion(
            "test error",
            "and the test error is lower",
            above=0,
        ),
    ),
    recipe=CROP_RECIPE,
    grid=GridFile(Path(__file__).with_name("robustness.json"), "crops"),
)


def plot_learning(finding: Finding) -> Picture:
    """Draw training loss and test error of both arms over the steps: means of the seeds, and ranges."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.3), layout="constrained")
    for arm, colour, style in zip(finding.results, ("#d55e00", "#0072b2"), ("--", "-"), strict=True):
        for axis, measure in zip(axes, ("loss", "error"), strict=True):
            values = [finding.values(arm, f"{measure} at step {step}") for step in MARKS]
            means = [sum(each) / len(each) for each in values]
            axis.plot(MARKS, means, style, color=colour, label=arm)
            axis.fill_between(MARKS, list(map(min, values)), list(map(max, values)), color=colour, alpha=0.2)
    axes[0].axhline(FIXED_LOSS, color="#666666", linewidth=0.8)
    axes[0].set(xlabel="training step", ylabel="training loss, dropout off", yscale="log")
    axes[1].set(xlabel="training step", ylabel="test error (%)", ylim=(0, 40))
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.legend()
    return Picture(
        figure,
        "Training loss and test error over the steps: with dropout the loss falls later, and the error ends lower.",
    )
