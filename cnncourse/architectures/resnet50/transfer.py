"""Transfer in miniature: a body that was trained on some photographs, frozen, with a new head for others.

The claim is that of J. Yosinski, J. Clune, Y. Bengio, H. Lipson, "How transferable are features in deep neural
networks?", NIPS 2014, and of J. Donahue et al., "DeCAF", ICML 2014, whose bodies had seen more than a million pictures.
Ours sees patches of six photographs of the course, and the head five patches of each of four others.
"""

from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor, nn

from cnncourse.architectures.resnet50.model import BasicBlock, ResidualNetwork
from cnncourse.data import ImageData, photo_patches
from cnncourse.experiments import Criterion, Experiment, GridFile, Measurements, Recipe
from cnncourse.training import accuracy, one_thread, seeded

WIDTHS = (16, 32, 64)  # of the paper's networks for 32×32 images; ours has one block a stage, and 8 layers
SOURCES = 6  # photographs for the body; the other four are for the head
FEW = 5  # patches of each photograph that the head is trained with
BODY = Recipe(rate=0.1, steps=120, batch=32, seeds=(2014,), weight_decay=1e-4)
# Tried out with seeds 0 to 4; the criteria were set before these seeds were run.
RECIPE = Recipe(rate=0.03, steps=40, batch=20, seeds=(100, 101, 102, 103, 104), weight_decay=1e-4)


def network(classes: int) -> ResidualNetwork:
    """Build a residual network of eight layers for 32×32 colour images."""
    return ResidualNetwork(classes, 3, partial(BasicBlock, shortcut="A"), (1, 1, 1), WIDTHS, small_images=True)


@cache
def sources() -> ImageData:
    """Return the patches of the six photographs that the body is trained on."""
    return _of_photographs(range(SOURCES))


@cache
def targets() -> ImageData:
    """Return the patches of the four photographs that are new to the body."""
    return _of_photographs(range(SOURCES, len(photo_patches().class_names)))


def _of_photographs(chosen: range) -> ImageData:
    patches = photo_patches()
    train, test = (
        (labels >= chosen.start) & (labels < chosen.stop) for labels in (patches.train_labels, patches.test_labels)
    )
    return ImageData(
        "photo patches",
        patches.class_names[chosen.start : chosen.stop],
        patches.train_images[train],
        patches.train_labels[train] - chosen.start,
        patches.test_images[test],
        patches.test_labels[test] - chosen.start,
    )


@cache
def trained_body() -> ResidualNetwork:
    """Train the network on the six photographs; always the same."""
    patches, generator = sources(), torch.Generator().manual_seed(BODY.seeds[0])
    with one_thread(), seeded(BODY.seeds[0]):
        model = network(SOURCES)
        for _step in BODY.train(model, patches.train_images, patches.train_labels, generator):
            pass
    return model.eval()


def untrained_body(seed: int) -> ResidualNetwork:
    """Return the same network with random weights, whose batch normalisation knows the six photographs' patches."""
    with seeded(seed):
        model = network(SOURCES)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad(), one_thread():
        model.train()(sources().train_images[::SOURCES])
    return model.eval()


def few_patches(seed: int) -> tuple[Tensor, Tensor]:
    """Draw the few training patches of each new photograph: images (N, 3, 32, 32) and labels (N,)."""
    patches, generator = targets(), torch.Generator().manual_seed(seed)
    chosen = [
        places[torch.randperm(len(places), generator=generator)[:FEW]]
        for places in (torch.nonzero(patches.train_labels == label)[:, 0] for label in range(len(patches.class_names)))
    ]
    return patches.train_images[torch.cat(chosen)], patches.train_labels[torch.cat(chosen)]


@torch.no_grad()
def features(body: ResidualNetwork, images: Tensor) -> Tensor:
    """Return what a body hands to its last layer: images (N, 3, 32, 32) become (N, 64)."""
    maps = body.stages(body.pool(body.relu(body.bn1(body.conv1(images)))))
    return body.global_average_pool(maps).flatten(1)


def frozen(kind: str, seed: int, *, recipe: Recipe = RECIPE) -> Measurements:
    """Train a new head on a frozen body with few patches; measure its error (%) on the new photographs.

    The features are brought to mean 0 and deviation 1 on the body's own photographs: the rate then suits both bodies.

    Args:
        kind: of the body, "trained" or "untrained".
        seed: of the patches, and of first weights.
        recipe: of the head's training.

    """
    body = trained_body() if kind == "trained" else untrained_body(seed)
    images, labels = few_patches(seed)
    with one_thread(), seeded(seed):
        known, train, test = (features(body, each) for each in (sources().train_images, images, targets().test_images))
        deviation, mean = torch.std_mean(known, dim=0)
        head = nn.Linear(known.shape[1], len(targets().class_names))
        for _step in recipe.train(head, (train - mean) / deviation, labels, torch.Generator().manual_seed(seed)):
            pass
        return _error(head, (test - mean) / deviation)


def from_scratch(seed: int, *, recipe: Recipe = RECIPE) -> Measurements:
    """Train the whole network with the same few patches; measure its error (%) on the new photographs.

    Args:
        seed: of the patches, and of first weights.
        recipe: of the training.

    """
    images, labels = few_patches(seed)
    with one_thread(), seeded(seed):
        model = network(len(targets().class_names))
        for _step in recipe.train(model, images, labels, torch.Generator().manual_seed(seed)):
            pass
        return _error(model, targets().test_images)


def _error(model: nn.Module, images: Tensor) -> Measurements:
    return {"test error": 100 * (1 - accuracy(model, images, targets().test_labels))}


_TRAINED = ("frozen trained body", partial(frozen, "trained"))
_KEPT = Path(__file__).with_name("robustness.json")

TRANSFER = Experiment(
    claim="With few pictures, a new head on a frozen trained body does better than training from scratch.",
    source="Yosinski et al. 2014; Donahue et al. 2014",
    control=("from scratch", from_scratch),
    treatment=_TRAINED,
    criteria=(Criterion("test error", "the error is lower with the frozen body by more than 5 points", above=5),),
    recipe=RECIPE,
    grid=GridFile(_KEPT, "transfer"),
)

LEARNED = Experiment(
    claim="What a frozen body has learned from other pictures is what helps the head.",
    source="Yosinski et al. 2014",
    control=("frozen untrained body", partial(frozen, "untrained")),
    treatment=_TRAINED,
    criteria=(Criterion("test error", "the error is lower with the trained body by more than 5 points", above=5),),
    recipe=RECIPE,
    grid=GridFile(_KEPT, "learned features"),
)
