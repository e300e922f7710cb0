"""What a design costs, and how well it does for it, trained as everybody's is trained on the same images."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.initialisation import initialise_for_relu
from cnncourse.capstone.blueprint import Blueprint, BlueprintError
from cnncourse.data import ImageData, photo_patches
from cnncourse.measure import Table, parameters
from cnncourse.measure.speed import Ratio, time_side_by_side
from cnncourse.measure.tracing import LayerTracer, output_shape, step_multiply_adds, trace
from cnncourse.training import fit, one_thread, seeded

IMAGE = (3, 32, 32)
CLASSES = 10
BATCH = 64
LEARNING_RATE = 0.03
PATCHES = (500, 200)  # from each photograph, to train on and to be tested by
CONTRAST, BRIGHTNESS = 0.3, 0.2  # how far training patches are changed
ROUNDS = 5
Design = nn.Module | Blueprint | Callable[[], nn.Module]
BUDGET = ("parameters", "multiply_adds", "activations")


@dataclass(frozen=True)
class Brief:
    """What a design may cost, and what it must reach.

    Attributes:
        parameters: trainable numbers at most.
        multiply_adds: for one image, at most.
        activations: numbers that all steps together give for one image, at most.
        time: of a training step, at most, as a multiple of the reference network's on the same machine.
        accuracy: share of test patches classified correctly, at least; mean over the seeds.
        epochs: of training.

    """

    parameters: int = 10_000
    multiply_adds: int = 1_000_000
    activations: int = 100_000
    time: float = 3.0
    accuracy: float = 0.80
    epochs: int = 6

    @property
    def table(self) -> Table:
        """What is asked for, a line each."""
        rows = [(name.replace("_", "-"), f"at most {getattr(self, name):,}") for name in BUDGET]
        rows.append(("time of a training step", f"at most {self.time:g} × the reference network's"))
        rows.append((f"test accuracy after {self.epochs} epochs", f"at least {self.accuracy:.0%}"))
        return Table(("", "asked for"), tuple(rows), "lr")

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


BRIEF = Brief()


@dataclass(frozen=True)
class Cost:
    """What a design costs.

    Attributes:
        parameters: trainable numbers.
        multiply_adds: for one image.
        activations: numbers that all steps together give for one image.

    """

    parameters: int
    multiply_adds: int
    activations: int

    def excess(self, brief: Brief) -> tuple[str, ...]:
        """Return what is too much, in words."""
        return tuple(
            f"{used:,} {name.replace('_', '-')}, {used - most:,} more than {most:,}"
            for name, used, most in ((name, getattr(self, name), getattr(brief, name)) for name in BUDGET)
            if used > most
        )


@dataclass(frozen=True)
class Score:
    """What a design costs and what it reaches; shows itself as a table.

    Attributes:
        brief: what it was measured by.
        cost: what it costs; ``None`` if it cannot be built.
        time: of a training step, as a multiple of the reference network's; ``None`` if it was not trained.
        accuracies: one a seed, 0 to 1; none if it was not trained.
        problems: why it does not count, in words; none if it does.

    """

    brief: Brief
    cost: Cost | None = None
    time: Ratio | None = None
    accuracies: tuple[float, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it keeps to the budget and was trained."""
        return bool(self.accuracies) and not self.problems

    @property
    def accuracy(self) -> float:
        """Mean over the seeds; 0 if it was not trained."""
        return statistics.mean(self.accuracies) if self.accuracies else 0.0

    @property
    def passes(self) -> bool:
        """Whether it keeps to the budget and reaches the accuracy that is asked for."""
        return self.counts and self.accuracy >= self.brief.accuracy

    @property
    def table(self) -> Table:
        """What is asked for beside what there is."""
        rows = []
        if self.cost is not None:
            for name in BUDGET:
                most, used = getattr(self.brief, name), getattr(self.cost, name)
                rows.append((name.replace("_", "-"), f"at most {most:,}", f"{used:,}", _sign(used <= most)))
        if self.time is not None:
            rows.append(
                (
                    "time of a training step",
                    f"at most {self.brief.time:g} × the reference network's",
                    f"{self.time.median:.1f} ×",
                    _sign(self.time.median <= self.brief.time),
                )
            )
        if self.accuracies:
            wanted = f"at least {self.brief.accuracy:.0%}"
            rows.append(("test accuracy", wanted, f"{self.accuracy:.1%}", _sign(self.accuracy >= self.brief.accuracy)))
        return Table(("", "asked for", "yours", ""), tuple(rows), "lrrl")

    @property
    def verdict(self) -> str:
        """What it comes to, in a sentence."""
        if self.problems:
            return "It does not count yet: " + "; ".join(self.problems) + "."
        if not self.accuracies:
            return "Within the budget; not trained yet."
        reached = "It passes" if self.passes else "Within the budget, but not accurate enough"
        return f"{reached}: {self.accuracy:.1%} (mean of {len(self.accuracies)})."

    def __repr__(self) -> str:
        return f"{self.table}\n{self.verdict}" if self.table.rows else self.verdict

    def _repr_html_(self) -> str:
        from html import escape

        return f"{self.table._repr_html_() if self.table.rows else ''}<p>{escape(self.verdict)}</p>"


def _sign(holds: bool) -> str:
    return "✓" if holds else "✗"


def reference_network() -> nn.Sequential:
    """Return the plain network that time is measured by: three 3×3 convolutions, two of which halve the maps."""

    def convolution(in_channels: int, out_channels: int, stride: int = 1) -> list[nn.Module]:
        layer = nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False)
        return [layer, nn.BatchNorm2d(out_channels), nn.ReLU()]

    layers = [*convolution(3, 12, stride=2), *convolution(12, 20, stride=2), *convolution(20, 20)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(20, CLASSES))


def cost(design: Design, brief: Brief = BRIEF) -> Score:
    """Measure what a design costs, at once: nothing is trained.

    Args:
        design: the network, a function that makes it, or its blueprint.
        brief: what it is measured by.

    """
    try:
        blueprint = _blueprint(design)
        measured = _cost(blueprint)
    except BlueprintError as error:
        return Score(brief, problems=(str(error),))
    return Score(brief, measured, problems=measured.excess(brief))


def _blueprint(design: Design) -> Blueprint:
    if isinstance(design, Blueprint):
        return design
    if isinstance(design, nn.Module) or not callable(design):
        return Blueprint.of(design)
    try:
        return Blueprint.of(design())
    except NotImplementedError as error:
        raise BlueprintError("the design is not written yet") from error


def _cost(blueprint: Blueprint) -> Cost:
    """Measure a network without weights, so that even an enormous one costs nothing."""
    with torch.device("meta"):
        network = blueprint.build()
    try:
        steps = trace(network, LayerTracer(), IMAGE).nodes
    except ValueError as error:
        raise BlueprintError(f"it does not take images of shape {IMAGE}: {error}") from error
    if output_shape(steps[-1]) != (CLASSES,):
        given = "×".join(map(str, output_shape(steps[-1]))) or "nothing"
        raise BlueprintError(f"for an image it gives {given}, expected {CLASSES} scores")
    return Cost(
        parameters(network).trainable,
        sum(step_multiply_adds(step) for step in steps),
        sum(math.prod(output_shape(step)) for step in steps if output_shape(step)),
    )


def score(
    design: Design,
    *,
    seeds: Sequence[int] = (0,),
    data: ImageData | None = None,
    brief: Brief = BRIEF,
    progress: bool = True,
) -> Score:
    """Train a design that keeps to the budget as everybody's is trained, and say what it reaches.

    Weights are drawn anew for each seed: convolutions as He et al. (2015) have it, the rest as PyTorch does. Patches
    are mirrored and changed in contrast and brightness at random.

    Args:
        design: the network, which is left as it is, a function that makes it, or its blueprint.
        seeds: decide initial weights, order of images and their changes.
        data: images to train on and to be tested by; 7,000 photo patches if left out.
        brief: what it is measured by.
        progress: whether to show a progress bar.

    """
    priced = cost(design, brief)
    if priced.problems:
        return priced
    blueprint = _blueprint(design)
    images = _shuffled(photo_patches(*PATCHES) if data is None else data)
    try:
        time = _time(blueprint, images)
    except (RuntimeError, ValueError) as error:
        return Score(brief, priced.cost, problems=(f"a training step raises an error: {error}",))
    if time.median > brief.time:
        problems = (f"a training step takes {time.median:.1f} times the reference network's, more than {brief.time:g}",)
        return Score(brief, priced.cost, time, problems=problems)
    accuracies = []
    for seed in seeds:
        network = _built(blueprint, seed)
        try:
            history = fit(
                network,
                images,
                epochs=brief.epochs,
                learning_rate=LEARNING_RATE,
                batch_size=BATCH,
                augment=_changed,
                seed=seed,
                progress=progress,
            )
        except (FloatingPointError, RuntimeError, ValueError) as error:
            return Score(brief, priced.cost, time, problems=(f"the training failed: {error}",))
        if not _sees_one_at_a_time(network, images.test_images[:BATCH]):
            problems = ("what it says of an image depends on the others of its batch",)
            return Score(brief, priced.cost, time, problems=problems)
        accuracies.append(history.test_accuracy)
    return Score(brief, priced.cost, time, tuple(accuracies))


def _built(blueprint: Blueprint, seed: int) -> nn.Module:
    with seeded(seed):
        network = blueprint.build()
        initialise_for_relu(network)
    return network


def _shuffled(data: ImageData) -> ImageData:
    """Put test images into another order: one that is sorted by class would tell a network what comes next."""
    order = torch.randperm(len(data.test_labels), generator=torch.Generator().manual_seed(len(data.test_labels)))
    return replace(data, test_images=data.test_images[order], test_labels=data.test_labels[order])


@torch.no_grad()
def _sees_one_at_a_time(network: nn.Module, images: Tensor) -> bool:
    together = network.eval()(images)
    alone = torch.cat([network(image) for image in images.split(1)])
    return torch.allclose(together, alone, rtol=1e-2, atol=1e-2)


def _changed(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror images at random, and change their contrast and brightness."""

    def drawn() -> Tensor:
        return torch.rand(len(images), 1, 1, 1, generator=generator)

    for dimension in (2, 3):
        images = torch.where(drawn() < 0.5, images.flip(dimension), images)
    return images * (1 + CONTRAST * (2 * drawn() - 1)) + BRIGHTNESS * (2 * drawn() - 1)


def _time(blueprint: Blueprint, data: ImageData) -> Ratio:
    """Time a training step beside the reference network's, on one thread, in turns."""
    images, labels = data.train_images[:BATCH], data.train_labels[:BATCH]

    def step_of(network: nn.Module) -> object:
        def step() -> None:
            network.zero_grad()
            F.cross_entropy(network(images), labels).backward()

        return step

    with one_thread(), seeded(0):
        steps = {"reference": step_of(reference_network().train()), "design": step_of(blueprint.build().train())}
        return time_side_by_side(steps, rounds=ROUNDS)["design"]
