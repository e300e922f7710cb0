"""Part 2: a small Inception-ResNet from a plan of its stages, the very last block without scale and without ReLU."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.inception_resnet_v2.exercise.equal_numbers import (
    MISTAKES,
    RIGHT,
    Block,
    Branch,
    Rule,
    Step,
    as_lists,
    close,
    convolved,
    fill,
    named,
    output,
    trainable,
)
from cnncourse.architectures.inception_resnet_v2.exercise.residual_block import ON_8, ON_17, ON_35
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.probing import build, refuse_hidden_layers, run_expecting, settle_lazy_layers
from cnncourse.checking.wording import differing_text, values_text

COUNT, HEIGHT, WIDTH = 4, 10, 12
MOST_CHANNELS = 4
OFFSET = 0.3  # mean of the pictures, so that normalisation changes more than the size of what it is given
FAR_TOO_MANY = 10  # times
TOLERANCE = 2e-3  # scores come from means of maps, in which mistakes and epsilon alike count for less


@dataclass(frozen=True)
class Stage:
    """Some blocks of one kind.

    Attributes:
        branches: of each block.
        count: of blocks.
        scale: of their residuals.

    """

    branches: tuple[Branch, ...]
    count: int
    scale: float


@dataclass(frozen=True)
class Network:
    """A small Inception-ResNet.

    Attributes:
        in_channels: channels of a picture.
        width: maps that all blocks take in and give.
        stages: in order; maps are halved between them.
        num_classes: number of scores.

    """

    in_channels: int
    width: int
    stages: tuple[Stage, ...]
    num_classes: int

    @property
    def arguments(self) -> tuple[object, ...]:
        """What the learner's function is called with."""
        plan = [(as_lists(stage.branches), stage.count, stage.scale) for stage in self.stages]
        return self.in_channels, self.width, plan, self.num_classes

    @property
    def name(self) -> str:
        """The network in a few words."""
        stages = " and ".join(f"{stage.count} of scale {stage.scale}" for stage in self.stages)
        return f"{self.in_channels} → {self.width} maps, blocks: {stages}, {self.num_classes} classes"

    @property
    def blocks(self) -> list[list[Block]]:
        """The blocks, stage by stage."""
        found = [[Block(self.width, each.branches, each.scale)] * each.count for each in self.stages]
        found[-1][-1] = replace(found[-1][-1], scale=1.0, activation=False)
        return found

    @property
    def stem(self) -> int:
        """Number of weights of the first convolution."""
        return 9 * self.in_channels * self.width

    @property
    def head(self) -> int:
        """Trainable numbers of the last layer."""
        return (self.width + 1) * self.num_classes

    @property
    def numbers(self) -> int:
        """Count the trainable numbers."""
        return self.stem + 2 * self.width + self.head + sum(block.numbers for each in self.blocks for block in each)


FIRST = Network(3, 4, (Stage(ON_35, 2, 0.17), Stage(ON_17, 2, 0.1)), 5)
SECOND = Network(1, 5, (Stage(ON_8, 3, 0.2),), 4)
# Few filters and a small scale: with numbers below zero its signal survives to the end, which has no ReLU.
BELOW_ZERO = Network(2, 3, (Stage((((2, 1),), ((1, 1), (2, 3))), 2, 0.03),), 3)
COUNTED = (FIRST, SECOND, BELOW_ZERO)
# What all numbers are, as a multiple of what is drawn. With numbers just below zero the scores are below zero, too.
LARGE, NEGATIVE, FAINT = 1.0, -1.0, -0.05
RUNS = ((FIRST, LARGE), (SECOND, LARGE), (BELOW_ZERO, NEGATIVE), (BELOW_ZERO, FAINT))


def _draw(generator: torch.Generator) -> Inputs:
    return {
        "images": OFFSET + torch.randn(COUNT, MOST_CHANNELS, HEIGHT, WIDTH, generator=generator),
        "size": 1 + 0.3 * torch.rand((), generator=generator),
    }


def _images(network: Network, inputs: Inputs) -> Tensor:
    return inputs["images"][:, : network.in_channels].contiguous()


# What the probes look at ----------------------------------------------------------------------------------------------


def _built(answer: Callable, network: Network, inputs: Inputs) -> nn.Module:
    model = build(answer, *network.arguments)
    refuse_hidden_layers(model)
    settle_lazy_layers(model, _images(network, inputs))
    return model


def _look(model: nn.Module, network: Network, factor: float, inputs: Inputs) -> Observation:
    """Note the scores in training with all numbers alike, then in evaluation, of all pictures and of one alone."""
    images = _images(network, inputs)
    fill(model, factor * inputs["size"].item())
    with torch.no_grad():
        scores = run_expecting(model.train(), images, (COUNT, network.num_classes))
        together = run_expecting(model.eval(), images, (COUNT, network.num_classes))
        alone = run_expecting(model, images[:1], (1, network.num_classes))
    return {f"scores of {network.name} at {factor}": [scores, together[:1], alone]}


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    models = {}
    for network in COUNTED:
        models[network] = _built(answer, network, inputs)
        got = sum(each.numel() for each in trainable(models[network]))
        yield {f"numbers of {network.name}": got}
        if got > FAR_TOO_MANY * network.numbers:
            return
    for network, factor in RUNS:
        yield _look(models[network], network, factor, inputs)


# The oracle -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    """How a network is put together, rightly or with a mistake.

    Attributes:
        before: what stands between the first convolution and the first block; given maps and what normalises them.
        blocks: makes the blocks of those that are asked for.
        rule: how each block is put together.
        between: what halves the maps.
        halved: whether the maps are halved behind a stage, given its number and how many there are.
        pool: turns the last maps (N, C, H, W) into (N, C).
        scores: what follows the last layer.

    """

    before: Callable[[Tensor, Step], Tensor] = lambda maps, normalise: normalise(maps).relu()
    blocks: Callable[[Network], list[list[Block]]] = lambda network: network.blocks
    rule: Rule = RIGHT
    between: Step = lambda maps: F.max_pool2d(maps, 2)
    halved: Callable[[int, int], bool] = lambda number, count: number < count - 1
    pool: Step = lambda maps: maps.mean(dim=(2, 3))
    scores: Step = lambda scores: scores


def _ends(
    changed: Callable[[int, int, Network], bool], **change: object
) -> Callable[[Network], Sequence[Sequence[Block]]]:
    """Return what changes some blocks of a network whose blocks have a scale and a ReLU.

    Args:
        changed: which, given the numbers of stage and block, and the network.
        change: what becomes of them.

    """

    def blocks(network: Network) -> list[list[Block]]:
        return [
            [
                replace(block, **(change if changed(number, index, network) else {}))
                for index, block in enumerate([Block(network.width, stage.branches, stage.scale)] * stage.count)
            ]
            for number, stage in enumerate(network.stages)
        ]

    return blocks


def _is_last(number: int, index: int, network: Network) -> bool:
    return number == len(network.stages) - 1 and index == network.stages[-1].count - 1


def _first_scale_everywhere(network: Network) -> list[list[Block]]:
    first = network.stages[0].scale
    return replace(network, stages=tuple(replace(stage, scale=first) for stage in network.stages)).blocks


LINEAR = {"scale": 1.0, "activation": False}
PLANS: Mapping[str, _Plan] = {
    # Where nothing is below zero these two are one.
    "the last block's scale is that of its stage; it should be 1": _Plan(blocks=_ends(_is_last, activation=False)),
    "the last block is like the others: it should have scale 1 and no ReLU": _Plan(
        blocks=_ends(lambda _number, _index, _network: False)
    ),
    "the last block has a ReLU; it should have none": _Plan(blocks=_ends(_is_last, scale=1.0)),
    "the last block of every stage has scale 1 and no ReLU; only the very last should": _Plan(
        blocks=_ends(lambda number, index, network: index == network.stages[number].count - 1, **LINEAR)
    ),
    "all blocks of the last stage have scale 1 and no ReLU; only the very last should": _Plan(
        blocks=_ends(lambda number, _index, network: number == len(network.stages) - 1, **LINEAR)
    ),
    "no block has a ReLU behind the addition; only the very last has none": _Plan(
        blocks=lambda network: [[replace(block, activation=False) for block in each] for each in network.blocks]
    ),
    "no block is scaled; only the very last has scale 1": _Plan(
        blocks=lambda network: [[replace(block, scale=1.0) for block in each] for each in network.blocks]
    ),
    "the scale of the first stage is used everywhere": _Plan(blocks=_first_scale_everywhere),
    "the maps are halved behind the last stage too": _Plan(halved=lambda _number, _count: True),
    "the maps are not halved between stages": _Plan(halved=lambda _number, _count: False),
    "average pooling between stages; it should be max pooling": _Plan(between=lambda maps: F.avg_pool2d(maps, 2)),
    "the ReLU behind the first layer is missing": _Plan(before=lambda maps, normalise: normalise(maps)),
    "the first layer is not normalised": _Plan(before=lambda maps, _normalise: maps.relu()),
    "the largest value of each map is taken in place of the mean": _Plan(pool=lambda maps: maps.amax(dim=(2, 3))),
    "a softmax on the scores: the loss does that": _Plan(scores=lambda scores: scores.softmax(dim=1)),
    "a logarithm of the softmax on the scores: the loss does that": _Plan(
        scores=lambda scores: scores.log_softmax(dim=1)
    ),
    "a ReLU on the scores: no score can be below zero": _Plan(scores=F.relu),
} | {f"in your block: {name}": _Plan(rule=rule) for name, rule in MISTAKES.items()}


def _expected(network: Network, images: Tensor, size: float, plan: _Plan | None = None) -> Tensor:
    """Return the scores in training if all trainable numbers are ``size``."""
    plan = _Plan() if plan is None else plan

    def normalise(maps: Tensor) -> Tensor:
        return size * F.batch_norm(maps, None, None, training=True) + size

    maps = plan.before(convolved(images, (3, 3), size), normalise).expand(-1, network.width, -1, -1)
    stages = plan.blocks(network)
    for number, stage in enumerate(stages):
        for block in stage:
            maps = output(maps, block, size, plan.rule)
        if plan.halved(number, len(stages)):
            maps = plan.between(maps)
    scores = size * plan.pool(maps).sum(dim=1, keepdim=True) + size
    return plan.scores(scores.expand(-1, network.num_classes))


# The judges -----------------------------------------------------------------------------------------------------------


def _mistaken_counts(network: Network) -> Mapping[str, int]:
    numbers, width, classes = network.numbers, network.width, network.num_classes
    blocks = [stage[0].numbers for stage in network.blocks]
    filters = sum(o for stage in network.blocks for block in stage for _, o, _ in block.convolutions)
    count = sum(stage.count for stage in network.stages)
    pixels = (HEIGHT // 2 ** (len(blocks) - 1)) * (WIDTH // 2 ** (len(blocks) - 1))
    return {
        "the blocks of a stage share their weights: each must be made anew": numbers
        - sum(each * (stage.count - 1) for each, stage in zip(blocks, network.stages, strict=True)),
        "there is one block too few": numbers - blocks[-1],
        "there is one block too many": numbers + blocks[-1],
        "each stage has one block too many": numbers + sum(blocks),
        "the branches of the first stage are used everywhere": numbers
        - sum(each * stage.count for each, stage in zip(blocks, network.stages, strict=True))
        + blocks[0] * count,
        "the first layer is not normalised": numbers - 2 * width,
        "the first convolution has a bias": numbers + width,
        "the first convolution is 1×1; it is 3×3": numbers - 8 * network.stem // 9,
        "the last layer has no bias": numbers - classes,
        "the last layer is given flattened maps; their mean is to be taken first": numbers
        + width * classes * (pixels - 1),
        "only the first and the last layer are found: blocks in a plain list are invisible to PyTorch, use "
        "nn.Sequential or nn.ModuleList": network.stem + 2 * width + network.head,
        "in your block: the convolutions in the branches have biases": numbers + filters,
        "in your block: the last 1×1 convolution has no bias": numbers - count * width,
        "in your block: batch normalisation behind the last 1×1 convolution": numbers + count * width,
    }


def _fault_in_numbers(seen: Observation, network: Network) -> Fault | None:
    got = seen[f"numbers of {network.name}"]
    if got == network.numbers:
        return None
    return Fault(
        f"{network.name}: the number of trainable numbers is wrong",
        f"{network.numbers:,}",
        f"{got:,}",
        next((name for name, count in _mistaken_counts(network).items() if count == got), ""),
    )


def _fault_in_scores(seen: Observation, network: Network, factor: float, inputs: Inputs) -> Fault | None:
    images, size = _images(network, inputs), factor * inputs["size"].item()
    got, together, alone = seen[f"scores of {network.name} at {factor}"]
    expected = _expected(network, images, size)
    if not close(got, expected, TOLERANCE):
        wrong = {name: _expected(network, images, size, plan) for name, plan in PLANS.items()}
        return Fault(
            f"{network.name}: in training, with all trainable numbers {size:.2f}, the scores are wrong".replace(
                "-", "−"
            ),
            *differing_text(expected[:, 0], got[:, 0]),
            misconception=named(got, wrong, TOLERANCE),
        )
    if not close(alone, together):
        return Fault(
            f"{network.name}: in evaluation a picture's scores depend on the other pictures of the batch",
            expected=f"as in the batch, {values_text(together)}",
            got=f"alone, {values_text(alone)}",
            misconception="batch normalisation uses the batch in evaluation too",
        )
    return None


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    return next(filter(None, (_fault_in_numbers(seen, network) for network in COUNTED)), None)


def _judge_stages(seen: Observation, inputs: Inputs) -> Fault | None:
    return next(filter(None, (_fault_in_scores(seen, network, LARGE, inputs) for network in (FIRST, SECOND))), None)


def _judge_end(seen: Observation, inputs: Inputs) -> Fault | None:
    faults = (_fault_in_scores(seen, BELOW_ZERO, factor, inputs) for factor in (NEGATIVE, FAINT))
    return next(filter(None, faults), None)


# At grading -----------------------------------------------------------------------------------------------------------


def _draw_network(generator: torch.Generator) -> Inputs:
    """Draw a network with three stages, which no network in the notebook has; the last has one block, as the first."""
    return {
        **_draw(generator),
        "counts": torch.cat([torch.randint(1, 3, (2,), generator=generator), torch.ones(1, dtype=torch.int64)]),
        "filters": torch.randint(2, 4, (2, 2), generator=generator)[[0, 1, 0]],
        "scales": 0.1 + 0.2 * torch.rand(3, generator=generator),
        "rest": torch.randint(0, 3, (3,), generator=generator) + torch.tensor([2, 3, 6]),
    }


def _drawn(inputs: Inputs) -> Network:
    kernels = ((3, 3), ((1, 3), (3, 1)), (3, 3))
    stages = []
    for (one, other), pair, count, scale in zip(
        inputs["filters"].tolist(), kernels, inputs["counts"].tolist(), inputs["scales"].tolist(), strict=True
    ):
        first, second = pair
        branches = (((one, 1),), ((2, 1), (other, first), (other, second)))
        stages.append(Stage(branches, count, round(scale, 3)))
    channels, width, classes = inputs["rest"].tolist()
    return Network(channels, width, tuple(stages), classes)


def _probe_drawn(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    network = _drawn(inputs)
    model = _built(answer, network, inputs)
    yield {f"numbers of {network.name}": sum(each.numel() for each in trainable(model))}
    yield _look(model, network, LARGE, inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    network = _drawn(inputs)
    return _fault_in_numbers(seen, network) or _fault_in_scores(seen, network, LARGE, inputs)


NETWORK = Part(
    name="make_inception_resnet",
    task="use",
    minutes=20,
    checks=(
        Check(
            "trainable numbers",
            2,
            _probe,
            _judge_numbers,
            (
                "Print your network: how many blocks has each stage, and what stands before and behind them?",
                "A block that is made once and used three times learns one set of weights only.",
                "The first convolution is normalised and has no bias; the last layer has one.",
            ),
            _draw,
        ),
        Check(
            "stages and scales",
            2,
            _probe,
            _judge_stages,
            (
                "Follow height and width through your network: where do they change?",
                "Each stage has its own scale. Which is the only block that does not have its stage's?",
                "Pool between two stages only; take the mean of each map at the end; nothing follows the last layer.",
            ),
            _draw,
        ),
        Check(
            "the end is linear",
            1,
            _probe,
            _judge_end,
            (
                "Can what your last block gives be below zero?",
                "The very last block is built with a scale of 1 and with activation=False.",
            ),
            _draw,
        ),
        Check(
            "a plan drawn at random",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your function that belongs to two stages, or to one of the networks above?",
                "Channels, width, plan and classes must all come from the arguments.",
            ),
            _draw_network,
            public=False,
        ),
    ),
)
