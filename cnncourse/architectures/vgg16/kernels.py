"""Two 3×3 convolutions against one of 5×5, in training: a claim of section 4.1, in a setting that does not decide it.

The paper replaced each pair of 3×3 convolutions of configuration B by one 5×5 convolution, and found the top-1 error of
that shallow net 7 % higher. Here digits of 8×8 pixels lie anywhere in a noisy field of 12×12.
"""

from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from cnncourse.architectures.initialisation import initialise_for_relu
from cnncourse.data import digits, small_digits
from cnncourse.experiments import Criterion, Experiment, GridFile, Measurements, Recipe
from cnncourse.training import accuracy, channels_last, one_thread, seeded

RECIPE = Recipe(rate=0.003, steps=300, batch=32, seeds=(100, 101, 102, 103), momentum=None)
IMAGES = 1500
SIDE = 12  # pixels of the field
NOISE = 0.3  # standard deviation
WIDTH = 16


def scattered(images: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Put digits of shape (N, 1, 8, 8) at random places of noisy fields; return 1,500 fields and their labels."""
    chosen = torch.randint(len(images), (IMAGES,), generator=generator)
    places = torch.randint(SIDE - 7, (IMAGES, 2), generator=generator).tolist()
    fields = torch.full((IMAGES, 1, SIDE, SIDE), images.min().item())
    for field, image, (top, left) in zip(fields, images[chosen], places, strict=True):
        field[:, top : top + 8, left : left + 8] = image
    return fields + NOISE * torch.randn(fields.shape, generator=generator), labels[chosen]


class TwoStages(nn.Module):
    """A 3×3 convolution, then two stages with a pooling each, whose unit sees 5×5 of the maps before it.

    Args:
        kernels: sizes of a stage's convolutions: (5,) or (3, 3).

    """

    def __init__(self, kernels: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, WIDTH, 3, padding=1), nn.ReLU()]
        for _stage in range(2):
            for kernel in kernels:
                layers += [nn.Conv2d(WIDTH, WIDTH, kernel, padding=kernel // 2), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(WIDTH * (SIDE // 4) ** 2, 10))
        initialise_for_relu(self)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, 1, 12, 12) into class scores of shape (N, 10)."""
        return self.layers(images)


def run(kernels: tuple[int, ...], seed: int, *, recipe: Recipe = RECIPE) -> Measurements:
    """Train one network; measure its errors (%) on fields with training digits, and on others with test digits."""
    train, test = small_digits()
    generator = torch.Generator().manual_seed(seed)
    images, labels = scattered(train, digits().train_labels, generator)
    with one_thread(), seeded(seed):
        model = channels_last(TwoStages(kernels))
        for _step in recipe.train(model, images, labels, generator):
            pass
        others = scattered(test, digits().test_labels, torch.Generator().manual_seed(1000 + seed))
        errors = {"training error": accuracy(model, images, labels), "test error": accuracy(model, *others)}
    return {name: 100 * (1 - right) for name, right in errors.items()}


TWO_SMALL_BEAT_ONE_LARGE = Experiment(
    claim="Two 3×3 convolutions in place of each 5×5 one lower the error.",
    source="Simonyan and Zisserman 2014, section 4.1",
    control=("one 5×5", partial(run, (5,))),
    treatment=("two 3×3", partial(run, (3, 3))),
    criteria=(
        Criterion(
            "test error",
            "with two 3×3 convolutions the test error is lower",
            above=0,
        ),
    ),
    recipe=RECIPE,
    grid=GridFile(Path(__file__).with_name("robustness.json"), "two small beat one large"),
)
