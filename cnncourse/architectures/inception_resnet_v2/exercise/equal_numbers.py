"""What a residual Inception block gives when all of its trainable numbers are the same, worked out without any module.

Then neither the order of branches nor the way in which weights are stored matters, and all maps that a convolution
gives are alike, so that one of them is enough. In training mode the batch's own mean and variance decide. With numbers
above zero every residual is above zero, with numbers below zero it is below.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Fault
from cnncourse.checking.exercise import RefusedAnswerError
from cnncourse.checking.probing import run
from cnncourse.checking.wording import shape_text

EPSILON = 1e-5  # torch's own
TOLERANCE = 1e-2  # the values are about 1 and more; it leaves room for any small epsilon

Kernel = int | tuple[int, int]
Branch = tuple[tuple[int, Kernel], ...]  # filters and kernel of each convolution, in order
Step = Callable[[Tensor], Tensor]


def sides(kernel: Kernel) -> tuple[int, int]:
    """Return a kernel's rows and columns."""
    return (kernel, kernel) if isinstance(kernel, int) else kernel


@dataclass(frozen=True)
class Block:
    """A residual Inception block.

    Attributes:
        channels: maps that come in and go out.
        branches: filters and kernel of each convolution, branch by branch.
        scale: factor on the residual.
        activation: whether a ReLU follows the sum.

    """

    channels: int
    branches: tuple[Branch, ...]
    scale: float
    activation: bool = True

    @property
    def arguments(self) -> tuple[object, ...]:
        """What it is built with, as plain lists; an activation is left out."""
        given = (self.channels, as_lists(self.branches), self.scale)
        return given if self.activation else (*given, False)

    @property
    def name(self) -> str:
        """The block as the learner would call for it."""
        return f"InceptionResidualBlock({', '.join(map(repr, self.arguments))})"

    @property
    def filters(self) -> int:
        """Maps that the branches give together."""
        return sum(branch[-1][0] for branch in self.branches)

    @property
    def convolutions(self) -> list[tuple[int, int, Kernel]]:
        """Input maps, filters and kernel of each convolution in the branches."""
        found = []
        for branch in self.branches:
            before = self.channels
            for filters, kernel in branch:
                found.append((before, filters, kernel))
                before = filters
        return found

    @property
    def up(self) -> int:
        """Trainable numbers of the last 1×1 convolution, with its biases."""
        return (self.filters + 1) * self.channels

    @property
    def numbers(self) -> int:
        """Count the trainable numbers."""
        weights = sum(i * o * sides(kernel)[0] * sides(kernel)[1] for i, o, kernel in self.convolutions)
        return weights + 2 * sum(o for _, o, _ in self.convolutions) + self.up


def as_lists(branches: Iterable[Branch]) -> list[list[tuple[int, Kernel]]]:
    """Return branches as the learner is given them."""
    return [list(branch) for branch in branches]


@dataclass(frozen=True)
class Rule:
    """How a block is put together, rightly or with a mistake.

    Attributes:
        behind: what follows each convolution of a branch; it is given maps and what normalises them.
        behind_up: what follows the last 1×1 convolution.
        join: makes the output, but for the last ReLU, of the input, the residual and the scale.
        at_end: whether a ReLU follows, given whether one is asked for.
        kernels: what becomes of a branch's kernels.
        pad: how the border is filled.
        biases_scaled: whether the last convolution's biases are scaled with the rest.

    """

    behind: Callable[[Tensor, Step], Tensor] = lambda maps, normalise: normalise(maps).relu()
    behind_up: Step = lambda maps: maps
    join: Callable[[Tensor, Tensor, float], Tensor] = lambda maps, residual, scale: maps + scale * residual
    at_end: Callable[[bool], bool] = lambda asked: asked
    kernels: Callable[[list[tuple[int, int]]], list[tuple[int, int]]] = lambda kernels: kernels
    pad: str = "constant"
    biases_scaled: bool = True


def _one_way_twice(kernels: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give a factorised pair the kernel of its first half twice."""
    changed = list(kernels)
    for number in range(1, len(changed)):
        if changed[number] == kernels[number - 1][::-1]:
            changed[number] = changed[number - 1]
    return changed


RIGHT = Rule()
UNSCALED = "the residual is not scaled"
SHORTCUT_SCALED = "the scale is on the shortcut; it belongs on the residual"
SUM_SCALED = "the sum is scaled, the shortcut included; the scale belongs on the residual alone"
NO_SHORTCUT = "there is no shortcut: the input is not added"
RELU_ON_UP = "a ReLU on the last 1×1 convolution: the residual can only add, never take away"
SHORTCUT_RECTIFIED = "the shortcut carries what a ReLU has left of the input"
NO_RELU = "the ReLU behind the addition is missing"
RELU = "a ReLU behind the addition, although activation=False"
ONE_WAY = "both halves of the factorised convolution lie the same way: 1×n must be followed by n×1"
TURNED = "rows and columns of the kernels are swapped"
STACKED_ELSEWHERE = "maps are stacked along another dimension than the channels: torch.cat(…, dim=1)"
NOT_PADDED = "a convolution changes height and width: each needs half of its kernel's rows and columns as padding"
MISTAKES: Mapping[str, Rule] = {
    UNSCALED: Rule(join=lambda maps, residual, _scale: maps + residual),
    SHORTCUT_SCALED: Rule(join=lambda maps, residual, scale: scale * maps + residual),
    SUM_SCALED: Rule(join=lambda maps, residual, scale: scale * (maps + residual)),
    "the residual is divided by the scale": Rule(join=lambda maps, residual, scale: maps + residual / scale),
    "the input is given the rest of the weight: 1 − scale; it stays as it is": Rule(
        join=lambda maps, residual, scale: (1 - scale) * maps + scale * residual
    ),
    NO_SHORTCUT: Rule(join=lambda _maps, residual, scale: scale * residual),
    "the residual is subtracted": Rule(join=lambda maps, residual, scale: maps - scale * residual),
    "input and residual are multiplied": Rule(join=lambda maps, residual, scale: maps * scale * residual),
    RELU_ON_UP: Rule(behind_up=F.relu),
    NO_RELU: Rule(at_end=lambda _asked: False),
    "a ReLU stands before the addition and none behind it": Rule(behind_up=F.relu, at_end=lambda _asked: False),
    RELU: Rule(at_end=lambda _asked: True),
    "the ReLU stands there only where activation=False": Rule(at_end=lambda asked: not asked),
    SHORTCUT_RECTIFIED: Rule(join=lambda maps, residual, scale: maps.relu() + scale * residual),
    "the biases of the last 1×1 convolution are not scaled": Rule(biases_scaled=False),
    "the ReLUs in the branches are missing": Rule(behind=lambda maps, normalise: normalise(maps)),
    "batch normalisation stands behind the ReLU in the branches; here it stands before": Rule(
        behind=lambda maps, normalise: normalise(maps.relu())
    ),
    "the convolutions in the branches are not normalised": Rule(behind=lambda maps, _normalise: maps.relu()),
    TURNED: Rule(kernels=lambda kernels: [kernel[::-1] for kernel in kernels]),
    ONE_WAY: Rule(kernels=_one_way_twice),
    "the border is not filled with zeros": Rule(pad="replicate"),
}


def _normalised(maps: Tensor) -> Tensor:
    variance, mean = torch.var_mean(maps, correction=0)
    return (maps - mean) / (variance + EPSILON).sqrt()


def _as_new(maps: Tensor) -> Tensor:
    """Normalise with the averages that a batch normalisation begins with."""
    return maps / (1 + EPSILON) ** 0.5


def convolved(maps: Tensor, kernel: tuple[int, int], size: float, pad: str = "constant") -> Tensor:
    """Return one of the maps that a convolution gives whose weights all are ``size``; height and width stay."""
    rows, columns = kernel
    border = (columns // 2, columns // 2, rows // 2, rows // 2)
    return F.conv2d(F.pad(maps.sum(dim=1, keepdim=True), border, mode=pad), torch.full((1, 1, *kernel), size))


def output(maps: Tensor, block: Block, size: float, rule: Rule = RIGHT, *, training: bool = True) -> Tensor:
    """Return what a block gives if all of its trainable numbers are ``size``.

    Args:
        maps: shape (N, channels, height, width).
        block: the block.
        size: of all trainable numbers.
        rule: how it is put together.
        training: whether the batch decides, or the averages that batch normalisation begins with.

    """
    normal = _normalised if training else _as_new

    def normalise(found: Tensor) -> Tensor:
        return size * normal(found) + size

    total = torch.zeros_like(maps[:, :1])
    for branch in block.branches:
        found = maps
        for (filters, _), kernel in zip(branch, rule.kernels([sides(each) for _, each in branch]), strict=True):
            found = rule.behind(convolved(found, kernel, size, rule.pad), normalise)
            found = found.expand(-1, filters, -1, -1)
        total = total + size * found.sum(dim=1, keepdim=True)
    bias = size if rule.biases_scaled else size / block.scale
    joined = rule.join(maps, rule.behind_up(total + bias).expand_as(maps), block.scale)
    return joined.relu() if rule.at_end(block.activation) else joined


# What probes do -------------------------------------------------------------------------------------------------------


def trainable(module: nn.Module) -> list[nn.Parameter]:
    """Return what of a module can be trained."""
    return [each for each in module.parameters() if each.requires_grad]


def fill(module: nn.Module, size: float) -> None:
    """Give every trainable number the same value."""
    with torch.no_grad():
        for parameter in trainable(module):
            parameter.fill_(size)


def run_block(module: nn.Module, maps: Tensor, name: str) -> Tensor:
    """Run a block, and refuse an output of another shape than its input.

    Raises:
        RefusedAnswerError: if it has one, or for whatever ``run`` refuses.

    """
    try:
        found = run(module, maps)
    except RuntimeError as error:
        said = str(error)
        not_added = "must match the size of tensor b" in said and "dimension 1" not in said
        if not not_added and not any(each in said for each in ("Sizes of tensors must match", "Kernel size can't be")):
            raise
        message = f"{name}: the maps do not fit where they are convolved, stacked or added"
        along_pictures = "must match except in dimension" in said and "dimension 1" not in said
        why = STACKED_ELSEWHERE if along_pictures else NOT_PADDED
        raise RefusedAnswerError(Fault(message, got=said.splitlines()[0], misconception=why)) from error
    if found.shape == maps.shape:
        return found
    named = ""
    if found.dim() == 4 and found.shape[2:] != maps.shape[2:]:
        named = NOT_PADDED
    elif found.dim() == 4 and found.shape[1] > maps.shape[1]:
        named = "maps are stacked (concatenated) where they are to be added"
    raise RefusedAnswerError(
        Fault(
            f"{name}: for maps of shape {shape_text(maps.shape)} the output has the wrong shape",
            shape_text(maps.shape),
            shape_text(found.shape),
            named,
        )
    )


# What judges do -------------------------------------------------------------------------------------------------------


def close(got: Tensor, expected: Tensor, tolerance: float = TOLERANCE) -> bool:
    """Whether two tensors have the same shape and, but for rounding and a small epsilon, the same values."""
    return got.shape == expected.shape and torch.allclose(got, expected, rtol=tolerance, atol=tolerance)


def named(got: Tensor, wrong: Mapping[str, Tensor], tolerance: float = TOLERANCE) -> str:
    """Return the mistake that gives what came back; of several the one that comes nearest; "" if none does."""
    fitting = {name: (got - each).abs().max().item() for name, each in wrong.items() if close(got, each, tolerance)}
    return min(fitting, key=fitting.__getitem__, default="")


def mistaken_outputs(
    maps: Tensor, block: Block, size: float, *, training: bool = True, only: Sequence[str] | None = None
) -> dict[str, Tensor]:
    """Return what a block gives with each of the mistakes."""
    rules = MISTAKES if only is None else {name: MISTAKES[name] for name in only}
    return {name: output(maps, block, size, rule, training=training) for name, rule in rules.items()}


def mistaken_counts(block: Block) -> Mapping[str, int]:
    """Return the number of trainable numbers that some mistakes give."""
    numbers, channels = block.numbers, block.channels
    filters = sum(o for _, o, _ in block.convolutions)
    firsts = sum(channels * branch[0][0] * sides(branch[0][1])[0] * sides(branch[0][1])[1] for branch in block.branches)
    first_filters = sum(branch[0][0] for branch in block.branches)
    square = sum(i * o * (max(sides(k)) ** 2 - sides(k)[0] * sides(k)[1]) for i, o, k in block.convolutions)
    return {
        "the last 1×1 convolution has no bias; it is the only one that has one": numbers - channels,
        "batch normalisation behind the last 1×1 convolution, in place of a bias": numbers + channels,
        "batch normalisation behind the last 1×1 convolution, or a 1×1 convolution with a bias for each branch: one "
        "bias for each map is enough": numbers + 2 * channels,
        "the convolutions in the branches have biases; behind them batch normalisation takes every bias away": numbers
        + filters,
        "no convolution in the branches is normalised": numbers - 2 * filters,
        "the convolutions in the branches have biases, and none is normalised": numbers - filters,
        "the last 1×1 convolution is missing": numbers - block.up,
        "the scale is trained; here it is a constant": numbers + 1,
        "a scale for each map is trained; here it is one constant for all": numbers + 2 * channels - channels,
        "n×n kernels in place of 1×n and n×1": numbers + square,
        "each branch has its first convolution only": firsts + 2 * first_filters + (first_filters + 1) * channels,
        "only the last 1×1 convolution is found: layers in a plain list are invisible to PyTorch, use nn.ModuleList or "
        "nn.Sequential": block.up,
        "nothing can be trained": 0,
    }


def fault_in_numbers(got: int, block: Block, name: str) -> Fault | None:
    """Judge the number of trainable numbers of one block."""
    if got == block.numbers:
        return None
    filters = sum(o for _, o, _ in block.convolutions)
    weights = block.numbers - block.up - 2 * filters
    return Fault(
        f"{name}: the number of trainable numbers is wrong",
        f"{weights} weights and 2·{filters} of batch normalisation in the branches, {block.filters}·{block.channels} "
        f"weights and {block.channels} biases behind them: {block.numbers:,}",
        f"{got:,}",
        next((each for each, count in mistaken_counts(block).items() if count == got), ""),
    )
