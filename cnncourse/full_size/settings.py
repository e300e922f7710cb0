"""What is trained, on what, and how: the same settings give the same run."""

import json
from dataclasses import asdict, dataclass, field, replace

import torch
from torch import nn

from cnncourse.architectures import architecture
from cnncourse.data.preprocessing import Preprocessing
from cnncourse.full_size.pictures import PictureFolder
from cnncourse.full_size.recipes import TrainingRecipe, recipe_for
from cnncourse.full_size.step import Computing
from cnncourse.weights.trained import Form

WITH_AUXILIARY = {"inception-v1", "inception-v3"}
SMALL_SIZE = 32


@dataclass(frozen=True)
class Settings:
    """What is trained, and how; with the same settings a run is the same.

    Attributes:
        model: an architecture's slug.
        recipe: of the training.
        size: height and width that the network sees.
        variant: one of the network's, or ``None``.
        small: whether its form for 32×32 images is meant.
        seed: decides weights, order, changes and dropout.

    """

    model: str
    recipe: TrainingRecipe
    size: int
    variant: str | None = None
    small: bool = False
    seed: int = 0

    @property
    def channels(self) -> int:
        """Of an image: those of the recipe's mean."""
        return len(self.recipe.mean)

    @property
    def rule(self) -> Preprocessing:
        """Preprocessing of what is judged: seven eighths of the shorter side, as nearly everybody has it."""
        resize = self.size if self.small else round(self.size * 8 / 7)
        return Preprocessing(self.size, resize, "bilinear", self.recipe.mean, self.recipe.deviation)

    def form(self, classes: int) -> Form:
        """Return which network it is, for so many classes."""
        return Form(self.model, classes, self.variant, self.small, self.channels)

    def network(self, classes: int) -> nn.Module:
        """Build the network, with the seed's weights."""
        with_auxiliary = self.model in WITH_AUXILIARY and self.recipe.auxiliary and not self.small
        torch.manual_seed(self.seed)
        return self.form(classes).build(**({"auxiliary": True} if with_auxiliary else {}))

    def record(self, folder: PictureFolder) -> dict[str, object]:
        """Return them as plain data, with what they are applied to."""
        held = asdict(self) | {"classes": list(folder.classes), "pictures": len(folder.paths)}
        return json.loads(json.dumps(held))


@dataclass(frozen=True)
class Running:
    """What may change when a run is gone on with, since it does not change its result but for rounding.

    Attributes:
        workers: loading processes.
        computing: precision, layout and the like.
        snapshot_every: steps from one snapshot to the next; there is one at the end of each epoch besides.
        keep: how many snapshots.
        note_every: steps from one line of ``steps.csv`` to the next.
        tensorboard: whether TensorBoard's events are written.
        device: "cpu", "cuda" or the like; a graphics card, if there is one, if left out.

    """

    workers: int = 2
    computing: Computing = field(default_factory=Computing)
    snapshot_every: int = 1000
    keep: int = 3
    note_every: int = 20
    tensorboard: bool = False
    device: str | None = None


def settings_for(
    model: str,
    *,
    recipe: str | None = None,
    variant: str | None = None,
    small: bool = False,
    size: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    rate: float | None = None,
    warm_up: float | None = None,
    averaging: float | None = None,
    seed: int = 0,
) -> Settings:
    """Return the settings of a network, by its own paper's recipe where nothing else is said.

    Args:
        model: an architecture's slug, number or title.
        recipe: name of another recipe.
        variant: one of the network's.
        small: whether its form for 32×32 images is meant.
        size: height and width that the network sees; what it was made for if left out.
        epochs: instead of the recipe's.
        batch_size: instead of the recipe's; the rate changes in proportion.
        rate: highest learning rate, instead of that.
        warm_up: epochs in which the rate rises, instead of the recipe's.
        averaging: decay of the averaged weights, instead of the recipe's.
        seed: decides weights, order, changes and dropout.

    Raises:
        LookupError: if there is no such network, variant or recipe.

    """
    record = architecture(model)
    chosen = recipe_for(record.slug, recipe)
    if record.input_shape[0] == 1:  # LeNet-5 sees grey pictures, whoever's recipe it is trained by
        chosen = replace(chosen, mean=chosen.mean[:1], deviation=chosen.deviation[:1])
    elif len(chosen.mean) == 1:
        chosen = replace(chosen, mean=chosen.mean * 3, deviation=chosen.deviation * 3)
    if small:
        # Of a picture of 32 pixels nothing is left over that could be cut away.
        chosen = replace(chosen, augmentation=replace(chosen.augmentation, shorter_side=(1, 40 / 32)))
    if batch_size is not None:
        chosen = chosen.with_batch_size(batch_size)
    changed = {"epochs": epochs, "rate": rate, "warm_up": warm_up, "averaging": averaging}
    chosen = replace(chosen, **{name: value for name, value in changed.items() if value is not None})
    usual = SMALL_SIZE if small else record.shape_of(variant)[1]
    return Settings(record.slug, chosen, size or usual, variant, small, seed)
