"""How the papers trained, as far as they print it, and how one would today."""

import math
from dataclasses import dataclass, field, replace

from cnncourse.architectures import architecture
from cnncourse.data.preprocessing import IMAGENET_DEVIATION, IMAGENET_MEAN
from cnncourse.full_size.augmentation import Augmentation

HALF = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Schedule:
    """The learning rate over the training, as a share of the highest.

    Attributes:
        kind: "steps": a tenth after each of ``milestones``; "exponential": times ``factor`` after every ``every``
            epochs; "cosine": half a cosine down to nearly nothing.
        milestones: shares of the training.
        factor: of "exponential".
        every: epochs.

    """

    kind: str
    milestones: tuple[float, ...] = ()
    factor: float = 1.0
    every: float = 1.0

    def share(self, epoch: float, epochs: float) -> float:
        """Return the rate's share of the highest, after so many of all epochs."""
        if self.kind == "steps":
            return 0.1 ** sum(epoch >= milestone * epochs for milestone in self.milestones)
        if self.kind == "exponential":
            return self.factor ** math.floor(epoch / self.every)
        return (1 + math.cos(math.pi * epoch / epochs)) / 2


@dataclass(frozen=True)
class TrainingRecipe:
    """How a network is trained.

    Attributes:
        source: where it is printed.
        differs: what is not printed, or cannot be done the same way here, and what stands in for it.
        epochs: passes over the pictures.
        batch_size: pictures a step, of all processes together.
        rate: highest learning rate, for that batch size.
        schedule: what becomes of the rate.
        optimiser: "sgd" (with momentum) or "rmsprop".
        momentum: of SGD; for RMSProp the decay of its mean of squares.
        weight_decay: of all parameters, or of the kernels and matrices alone.
        decays_all: whether batch normalisation and biases decay, too.
        warm_up: epochs in which the rate rises from a hundredth.
        augmentation: of the pictures.
        smoothing: label smoothing.
        auxiliary: weight of the auxiliary classifiers' losses; 0 trains without them.
        clipping: highest norm of the gradient; 0 for none.
        averaging: decay, per step, of the averaged weights that are judged in the end; 0 for none.
        mixup: parameter α of mixup; 0 for none.
        cutmix: parameter α of CutMix; 0 for none. Where both are given each takes half of the steps.
        mean: subtracted from the pictures' colours, 0 to 1.
        deviation: divides them.
        pictures: what the paper trained on: how many, ImageNet's of 2012 unless it says otherwise.
        classes: and of how many classes.

    """

    source: str
    epochs: int
    batch_size: int
    rate: float
    schedule: Schedule
    differs: str = ""
    optimiser: str = "sgd"
    momentum: float = 0.9
    weight_decay: float = 1e-4
    decays_all: bool = True
    warm_up: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    smoothing: float = 0.0
    auxiliary: float = 0.0
    clipping: float = 0.0
    averaging: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    mean: tuple[float, ...] = IMAGENET_MEAN
    deviation: tuple[float, ...] = IMAGENET_DEVIATION
    pictures: int = 1_281_167
    classes: int = 1000

    def rate_at(self, epoch: float) -> float:
        """Return the learning rate after so many epochs, whole or not."""
        if epoch < self.warm_up:
            return self.rate * (0.01 + 0.99 * epoch / self.warm_up)
        return self.rate * self.schedule.share(epoch - self.warm_up, max(self.epochs - self.warm_up, 1e-9))

    def with_batch_size(self, batch_size: int) -> "TrainingRecipe":
        """Return the recipe for another batch size, with a rate in proportion (P. Goyal et al. 2017)."""
        return replace(self, batch_size=batch_size, rate=self.rate * batch_size / self.batch_size)


_PLATEAU = "The paper divides the rate when the validation error stops falling; here at fixed times."
_THIRDS = Schedule("steps", (1 / 3, 2 / 3, 8 / 9))
_INCEPTIONS = Schedule("exponential", factor=0.94, every=2)
_WINDOWS = Augmentation(area=(0.08, 1.0))
_RESNETS = Augmentation(shorter_side=(256 / 224, 480 / 224), lighting=0.1)

RECIPES: dict[str, TrainingRecipe] = {
    "lenet-5": TrainingRecipe(
        source="LeCun et al. 1998, section III-C",
        differs="The paper's stochastic diagonal Levenberg-Marquardt method, on batches of one, is no part of torch: "
        "gradient descent with momentum and a cosine instead, and cross-entropy on its scores.",
        epochs=20,
        batch_size=32,
        rate=0.01,
        schedule=Schedule("cosine"),
        weight_decay=0.0,
        augmentation=Augmentation(shorter_side=(1, 1), mirror=False),
        mean=(0.5,),
        deviation=(0.5,),
        pictures=60_000,
        classes=10,
    ),
    "alexnet": TrainingRecipe(
        source="Krizhevsky et al. 2012, sections 4 and 5",
        differs=_PLATEAU,
        epochs=90,
        batch_size=128,
        rate=0.01,
        schedule=_THIRDS,
        weight_decay=5e-4,
        augmentation=Augmentation(lighting=0.1),
    ),
    "network-in-network": TrainingRecipe(
        source="Lin et al. 2014, section 4: as Krizhevsky et al. 2012",
        differs=f"{_PLATEAU} Its epochs are not printed; AlexNet's here.",
        epochs=90,
        batch_size=128,
        rate=0.01,
        schedule=_THIRDS,
        weight_decay=5e-4,
        augmentation=Augmentation(lighting=0.1),
    ),
    "vgg-16": TrainingRecipe(
        source="Simonyan and Zisserman 2014, section 3.1",
        differs=f"{_PLATEAU} The deeper networks' first layers came from a trained shallow one; here all start from "
        "Glorot and Bengio's rule, of which the paper says that it does as well.",
        epochs=74,
        batch_size=256,
        rate=0.01,
        schedule=_THIRDS,
        weight_decay=5e-4,
        augmentation=Augmentation(shorter_side=(256 / 224, 512 / 224), lighting=0.1),
    ),
    "inception-v1": TrainingRecipe(
        source="Szegedy et al. 2014, sections 5 and 6",
        differs="Asynchronous on many machines there. First rate, batch size, epochs and weight decay are not printed: "
        "those of Caffe's replication here; Polyak's average is an exponential one.",
        epochs=60,
        batch_size=32,
        rate=0.01,
        schedule=Schedule("exponential", factor=0.96, every=8),
        weight_decay=2e-4,
        augmentation=replace(_WINDOWS, jitter=0.4),
        auxiliary=0.3,
        averaging=0.9999,
    ),
    "inception-v3": TrainingRecipe(
        source="Szegedy et al. 2015, sections 7 and 8",
        differs="Fifty replicas of batches of 32 there, each with its own step; one here. torch's RMSProp adds its ε "
        "of 1.0 to the root, TensorFlow's under it. The auxiliary loss's weight is that of the released code.",
        epochs=100,
        batch_size=32,
        rate=0.045,
        schedule=_INCEPTIONS,
        optimiser="rmsprop",
        weight_decay=4e-5,
        augmentation=replace(_WINDOWS, jitter=0.4),
        smoothing=0.1,
        auxiliary=0.4,
        clipping=2.0,
        averaging=0.9999,
        mean=HALF,
        deviation=HALF,
    ),
    "resnet-50": TrainingRecipe(
        source="He et al. 2015, section 3.4",
        differs=_PLATEAU,
        epochs=120,
        batch_size=256,
        rate=0.1,
        schedule=Schedule("steps", (1 / 3, 2 / 3)),
        augmentation=_RESNETS,
    ),
    "xception": TrainingRecipe(
        source="Chollet 2016, section 4.3 and 4.4",
        differs="Sixty graphics cards there; batch size and epochs are not printed: those of Inception-v3 here.",
        epochs=100,
        batch_size=32,
        rate=0.045,
        schedule=_INCEPTIONS,
        weight_decay=1e-5,
        augmentation=replace(_WINDOWS, jitter=0.4),
        averaging=0.9999,
        mean=HALF,
        deviation=HALF,
    ),
    "resnext-50": TrainingRecipe(
        source="Xie et al. 2016, section 4, after He et al. and Facebook's released code",
        epochs=90,
        batch_size=256,
        rate=0.1,
        schedule=Schedule("steps", (1 / 3, 2 / 3)),
        augmentation=replace(_WINDOWS, lighting=0.1, jitter=0.4),
    ),
    "modern": TrainingRecipe(
        source="after torchvision's recipe of 2021 (V. Vryniotis), shortened from 600 epochs",
        differs="It is for batch-normalised networks; those without want a rate ten times lower (--rate).",
        epochs=100,
        batch_size=1024,
        rate=0.5,
        schedule=Schedule("cosine"),
        weight_decay=2e-5,
        decays_all=False,
        warm_up=5,
        augmentation=replace(_WINDOWS, trivial=True, erasing=0.1),
        smoothing=0.1,
        averaging=0.9998,
        mixup=0.2,
        cutmix=1.0,
    ),
}
RECIPES["inception-v4"] = replace(
    RECIPES["inception-v3"],
    source="Szegedy et al. 2016, section 4",
    differs="Twenty replicas there, each with its own step; one here. Batch size, epochs and weight decay are not "
    "printed: those of Inception-v3. torch's RMSProp adds its ε of 1.0 to the root, TensorFlow's under it.",
    auxiliary=0.0,
)
RECIPES["inception-resnet-v2"] = RECIPES["inception-v4"]


def recipe_for(model: str, name: str | None = None) -> TrainingRecipe:
    """Return a recipe: by default that of the network's own paper.

    Args:
        model: an architecture's slug, number or title.
        name: of another recipe: "modern", or another network's slug.

    Raises:
        LookupError: if there is no such recipe.

    """
    chosen = name or architecture(model).slug
    if chosen not in RECIPES:
        raise LookupError(f"there is no recipe {chosen!r}; there are {', '.join(sorted(RECIPES))}")
    return RECIPES[chosen]
