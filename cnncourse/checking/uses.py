"""Unusual uses of a module that a text allows, and cases seldom show: many images, large ones, values far from zero."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from cnncourse.checking.canonical_weights import Weights
from cnncourse.checking.derivatives import fill_unevenly, has_true_gradients
from cnncourse.checking.plain import Plain, plain
from cnncourse.checking.subject import Subject

USED = "used on "  # how the names of these notes begin
THE_GRADIENT = "the gradient"
LEFT_ALONE = "left alone"  # how names of notes begin that say what was changed beside what comes out
MANY, FEW = 35, 2  # images; few, where they are large
LARGER = 32  # pixels more than usual, each way: halved as often as networks do, sides that fit go on to fit
STRIP = 64  # pixels more than usual, one way
MORE = 120  # features more than usual, where there are no maps
FAR = 1e4  # from zero
ONE_IMAGE, MANY_IMAGES, LARGE = "one image", "many images", "larger images"
AS_MANY = "as many images as channels or classes"
CUT_OFF = (ONE_IMAGE, MANY_IMAGES, LARGE)  # uses where a gradient is likeliest to be cut off
OTHER_SEED = 2000


def unusual_uses(inputs: Sequence[Tensor], seed: int) -> Iterator[tuple[str, list[Tensor]]]:
    """Yield what else a module can be run on, with a name.

    Args:
        inputs: a usual batch; tensors of numbers are images, (N, channels, height, width), or scores, (N, classes).
        seed: of what is drawn.

    """
    generator = torch.Generator().manual_seed(seed + OTHER_SEED)
    numbers = [each for each in inputs if each.is_floating_point()]

    def changed(change: Callable[[Tensor], Tensor]) -> list[Tensor]:
        return [change(each).detach().requires_grad_() if each.is_floating_point() else each for each in inputs]

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    def few(more_rows: int, more_columns: int) -> list[Tensor]:
        def grown(each: Tensor) -> Tensor:
            return drawn(FEW, each.shape[1], each.shape[2] + more_rows, each.shape[3] + more_columns)

        # Drawn as leaves: what is cut out of one has no gradient of its own.
        return [each if each.requires_grad else each[:FEW] for each in changed(grown)]

    yield ONE_IMAGE, [each[:1].detach().requires_grad_(each.requires_grad) for each in inputs]
    rows = torch.arange(MANY) % len(inputs[0])
    many = [each.detach()[rows] for each in inputs]
    yield (
        MANY_IMAGES,
        [(each + drawn(*each.shape)).requires_grad_() if each.is_floating_point() else each for each in many],
    )
    in_a_row = torch.arange(inputs[0].shape[1]) % len(inputs[0]) if inputs[0].dim() > 1 else []
    if 0 < len(in_a_row) <= MANY:
        alike = [each.detach()[in_a_row] for each in inputs]
        yield AS_MANY, [each.requires_grad_() if each.is_floating_point() else each for each in alike]
    yield "values far below zero", changed(lambda each: each - FAR)
    yield "large values", changed(lambda each: each * FAR)
    if {each.dim() for each in numbers} == {4}:
        yield LARGE, few(LARGER, LARGER)
        yield "wide images", few(0, STRIP)
        yield "high images", few(STRIP, 0)
        yield "images of one pixel", changed(lambda each: each[..., :1, :1])
        side = min(side for each in numbers for side in each.shape[2:])
        yield "square images", changed(lambda each: each[..., :side, :side])
    if {each.dim() for each in numbers} == {2}:
        yield "more classes", changed(lambda each: drawn(len(each), each.shape[1] + MORE))


def used(
    subject: Subject, weights: Weights, name: str, inputs: Sequence[Tensor], first: Sequence[Tensor]
) -> dict[str, Plain]:
    """Return what a use gives, and what the usual one gives afterwards; ``{"raised": …}`` if it cannot be used so.

    What comes out may be large, so only a weighted sum is kept for each image.

    Args:
        subject: a module.
        weights: of the module.
        name: of the use.
        inputs: of the use.
        first: usual ones.

    """
    seed = subject.question.seed
    try:
        weights.fill_alike()
        # A way that is gone twice in a step, as with checkpoints, moves its running averages twice.
        with torch.set_grad_enabled(name in CUT_OFF):
            _, outputs = subject.train_from_the_start(inputs, with_gradients=name in CUT_OFF)
        notes: dict[str, Plain] = {"what comes out in training": _sums(outputs, seed)}
        subject.module.eval()
        notes["what comes out in evaluation"] = _sums(subject.values(inputs), seed)
        notes["what comes out in evaluation for other images afterwards"] = plain(subject.values(first))
        if name in CUT_OFF:
            fill_unevenly(weights)
            subject.train()
            notes[THE_GRADIENT] = has_true_gradients(subject, weights, inputs)
        notes[LEFT_ALONE] = sorted(subject.disturbed)
    except Exception as error:  # many parts cannot be used so, the course's own among them
        return {"raised": type(error).__name__}
    return notes


def _sums(tensors: Sequence[Tensor], seed: int) -> list[Plain]:
    sums: list[Plain] = []
    for each in tensors:
        rows = each.detach().double().reshape(len(each) if each.dim() else 1, -1)
        generator = torch.Generator().manual_seed(seed)
        sums.append(rows @ torch.randn(rows.shape[1], dtype=torch.float64, generator=generator))
    return sums
