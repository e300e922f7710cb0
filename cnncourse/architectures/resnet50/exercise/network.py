"""Part 2: a residual network for small images from a list of block numbers.

If all 3×3 weights of the blocks are zero, only shortcuts are left between the first layer and the scores. With known
weights everywhere the scores can be worked out from the pictures alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.resnet50.exercise.known_weights import (
    close,
    convolved,
    fill,
    normalised,
    trainable,
    weight_value,
    zero_padded,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.probing import build, refuse_hidden_layers, run_expecting, settle_lazy_layers
from cnncourse.checking.wording import differing_text, values_text

COLOURS = 3
COUNT, SIDES = 4, (16, 20)
OFFSET = 0.3  # mean of the pictures, so that normalisation changes more than the size of what it is given
HEAD = 0.1  # what the weights of the last layer are filled with
FAR_TOO_MANY = 10  # times


@dataclass(frozen=True)
class Network:
    """A residual network.

    Attributes:
        blocks: number of blocks of each stage.
        width: maps of the first stage.
        num_classes: number of scores.
        option: of the shortcuts, "A" or "B".

    """

    blocks: tuple[int, ...]
    width: int
    num_classes: int
    option: str

    @property
    def arguments(self) -> tuple[list[int], int, int, str]:
        """What the learner's function is called with."""
        return list(self.blocks), self.width, self.num_classes, self.option

    @property
    def name(self) -> str:
        """The network as the learner would call for it."""
        return f"make_resnet({', '.join(map(repr, self.arguments))})".replace("'", '"')

    @property
    def widths(self) -> list[int]:
        """Maps of each stage."""
        return [self.width * 2**number for number in range(len(self.blocks))]

    @property
    def shapes(self) -> list[tuple[int, int, int]]:
        """Input channels, output channels and stride of each block."""
        before, found = self.width, []
        for number, (count, width) in enumerate(zip(self.blocks, self.widths, strict=True)):
            for index in range(count):
                found.append((before, width, 2 if number and not index else 1))
                before = width
        return found

    @property
    def projections(self) -> list[tuple[int, int]]:
        """Input and output channels of each projection."""
        return [(i, o) for i, o, stride in self.shapes if self.option == "B" and (stride != 1 or i != o)]

    @property
    def stem(self) -> int:
        """Number of weights of the first convolution."""
        return 9 * COLOURS * self.width

    @property
    def head(self) -> int:
        """Number of weights of the last layer."""
        return self.widths[-1] * self.num_classes

    @property
    def numbers(self) -> int:
        """Count the trainable numbers."""
        in_blocks = sum(9 * (i + o) * o + 4 * o for i, o, _ in self.shapes)
        in_projections = sum(i * o + 2 * o for i, o in self.projections)
        return self.stem + 2 * self.width + in_blocks + in_projections + self.head + self.num_classes

    def values(self, size: float, bias: float) -> dict[int, float]:
        """Return what each parameter is filled with, by its number of elements.

        Args:
            size: by which the 3×3 weights of the blocks are multiplied.
            bias: of the last layer.

        """
        values = {}
        for i, o, _ in self.shapes:
            values |= {9 * each * o: size * weight_value(3, each) for each in (i, o)}
        values |= {i * o: weight_value(1, i) for i, o in self.projections}
        return values | {self.stem: weight_value(3, COLOURS), self.head: HEAD, self.num_classes: bias}

    @property
    def can_be_told_apart(self) -> bool:
        """Whether the size of a parameter says what it is for."""
        blocks = {9 * each * o for i, o, _ in self.shapes for each in (i, o)}
        groups = [blocks, {i * o for i, o in self.projections}, {self.stem}, {self.head}, {self.num_classes}]
        groups.append(set(self.widths))  # of batch normalisation
        return sum(map(len, groups)) == len(set().union(*groups))


PAPERS = Network((3, 3, 3), 16, 10, "A")  # ResNet-20 for 32×32 images
RUN = (Network((1, 3), 4, 7, "A"), Network((2, 1, 1), 5, 6, "B"))
COUNTED = (PAPERS, *RUN)


def _draw(generator: torch.Generator) -> Inputs:
    images = {
        f"images {side}": OFFSET + torch.randn(COUNT, COLOURS, side, side + 4, generator=generator) for side in SIDES
    }
    return images | {"bias": 0.2 + torch.rand((), generator=generator)}


def _images(inputs: Inputs, number: int) -> Tensor:
    return inputs[f"images {SIDES[number]}"]


# What the probes look at ----------------------------------------------------------------------------------------------


def _built(answer: Callable, network: Network) -> nn.Module:
    model = build(answer, *network.arguments)
    refuse_hidden_layers(model)
    settle_lazy_layers(model, torch.zeros(2, COLOURS, SIDES[0], SIDES[0]))
    return model


def _scores(model: nn.Module, network: Network, inputs: Inputs, number: int = 0) -> Iterator[Observation]:
    """Note the scores in training with the 3×3 weights at zero, then with known ones, then those in evaluation."""
    images, bias = _images(inputs, number), -inputs["bias"].item()
    shape = (COUNT, network.num_classes)
    with torch.no_grad():
        filled = fill(model, network.values(0.0, bias))
        yield {"filled": filled, "shortcuts": run_expecting(model.train(), images, shape)}
        fill(model, network.values(1.0, bias))
        yield {"scores": run_expecting(model, images, shape)}
        together = run_expecting(model.eval(), images, shape)
        yield {"together": together[:1], "alone": run_expecting(model, images[:1], (1, network.num_classes))}


def _in_stages(model: nn.Module, network: Network, inputs: Inputs, number: int) -> Iterator[Observation]:
    for stage in _scores(model, network, inputs, number):
        yield {f"{name} of {network.name}": value for name, value in stage.items()}


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    built = {}
    for network in COUNTED:
        built[network] = _built(answer, network)
        got = sum(each.numel() for each in trainable(built[network]))
        yield {f"numbers of {network.name}": got}
        if got > FAR_TOO_MANY * network.numbers:
            break
    for number, network in enumerate(RUN):
        if network in built:
            yield from _in_stages(built[network], network, inputs, number)


# The oracle -----------------------------------------------------------------------------------------------------------

Step = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class _Rule:
    """How a network is put together, rightly or with a mistake.

    Attributes:
        before: what stands between the stem's convolution and the first block.
        stem_stride: stride of the stem.
        strides: stride of each stage's first block, by the number of the stage.
        every: whether every block of a stage has the stage's stride.
        pool: turns the last maps (N, C, H, W) into (N, C).
        scores: what follows the last layer.
        join: what a block makes of its residual and of what its shortcut carries.

    """

    before: tuple[Step, ...] = (normalised, F.relu)
    stem_stride: int = 1
    strides: Callable[[int], int] = lambda number: 2 if number else 1
    every: bool = False
    pool: Step = lambda maps: maps.mean(dim=(2, 3))
    scores: Step = lambda scores: scores
    join: Callable[[Tensor, Tensor], Tensor] = lambda residual, carried: (residual + carried).relu()


RIGHT = _Rule()
MISTAKES: Mapping[str, _Rule] = {
    "the first stage halves the maps too; only the later ones do": _Rule(strides=lambda _number: 2),
    "no stage halves the maps: the first block of each later stage has stride 2": _Rule(strides=lambda _number: 1),
    "every block of a later stage halves the maps; only its first does": _Rule(every=True),
    "the first layer halves the maps: for small images it has stride 1": _Rule(stem_stride=2),
    "a pooling behind the first layer; for small images there is none": _Rule(
        before=(normalised, F.relu, lambda maps: F.max_pool2d(maps, 3, 2, 1))
    ),
    "a pooling of 2×2 behind the first layer; for small images there is none": _Rule(
        before=(normalised, F.relu, lambda maps: F.max_pool2d(maps, 2))
    ),
    "the ReLU behind the first layer is missing": _Rule(before=(normalised,)),
    "the first layer is not normalised": _Rule(before=(F.relu,)),
    "the largest value of each map is taken in place of the mean": _Rule(pool=lambda maps: maps.amax(dim=(2, 3))),
    "a softmax on the scores: the loss does that": _Rule(scores=lambda scores: scores.softmax(dim=1)),
    "a logarithm of the softmax on the scores: the loss does that": _Rule(
        scores=lambda scores: scores.log_softmax(dim=1)
    ),
    "a ReLU on the scores: no score can be below zero": _Rule(scores=F.relu),
    "nothing of the picture arrives: the blocks have no shortcut": _Rule(join=lambda residual, _: residual.relu()),
    "your block can only add: a ReLU stands before the addition": _Rule(
        join=lambda residual, carried: (residual.relu() + carried).relu()
    ),
    "the ReLU behind the addition is missing in your block": _Rule(join=torch.add),
}


def _expected(network: Network, images: Tensor, size: float, bias: float, rule: _Rule = RIGHT) -> Tensor:
    """Return the scores in training, with weights as in ``Network.values``."""
    maps = convolved(images, network.width, 3, weight_value(3, COLOURS), rule.stem_stride)
    for step in rule.before:
        maps = step(maps)
    for number, (count, width) in enumerate(zip(network.blocks, network.widths, strict=True)):
        for index in range(count):
            stride = rule.strides(number) if rule.every or not index else 1
            maps = rule.join(*_two_ways(maps, width, stride, network.option, size))
    scores = HEAD * rule.pool(maps).sum(dim=1, keepdim=True) + bias
    return rule.scores(scores.expand(-1, network.num_classes))


def _two_ways(maps: Tensor, width: int, stride: int, option: str, size: float) -> tuple[Tensor, Tensor]:
    """Return a block's residual, and what its shortcut carries."""
    before = maps.shape[1]
    residual = normalised(convolved(maps, width, 3, size * weight_value(3, before), stride)).relu()
    residual = normalised(convolved(residual, width, 3, size * weight_value(3, width)))
    if option == "B" and (stride != 1 or before != width):
        return residual, normalised(convolved(maps, width, 1, weight_value(1, before), stride))
    return residual, zero_padded(maps, width, stride)


# The judges -----------------------------------------------------------------------------------------------------------


def _mistaken_count(network: Network) -> Mapping[str, int]:
    numbers, shapes, last = network.numbers, network.shapes, network.widths[-1]
    everywhere = sum(i * o + 2 * o for i, o, _ in shapes)
    changed = sum(i * o + 2 * o for i, o, stride in shapes if stride != 1 or i != o)
    of_blocks = [9 * (i + o) * o + 4 * o for i, o, _ in shapes]
    distinct = sum(9 * (i + o) * o + 4 * o for i, o, _ in dict.fromkeys(shapes))
    biases = network.width + sum(2 * o for _, o, _ in shapes) + sum(o for _, o in network.projections)
    a, b = network.option == "A", network.option == "B"
    narrow = len(shapes) * (18 * network.width**2 + 4 * network.width)
    flat = network.stem + 2 * network.width + narrow + (network.width + 1) * network.num_classes
    mistakes = {
        "option A is asked for, and there are projections: the option is not handed on": numbers + changed if a else 0,
        "option B is asked for, and there are no projections: the option is not handed on": (
            numbers - changed if b else 0
        ),
        "there is a projection in every block: that is option C": (numbers - (changed if b else 0) + everywhere),
        "the first convolution is not normalised": numbers - 2 * network.width,
        "the last layer has no bias": numbers - network.num_classes,
        "the convolutions have biases; behind them batch normalisation takes every bias away": numbers + biases,
        "blocks that look alike share their weights: each must be made anew": numbers - sum(of_blocks) + distinct,
        "the width stays: each stage has twice as many maps as the one before": flat if a else 0,
        "the first convolution is 7×7; for small images it is 3×3": numbers + 40 * COLOURS * network.width,
        "the first convolution has a bias": numbers + network.width,
        "only the first and the last layer are found: blocks in a plain list are invisible to PyTorch, use "
        "nn.Sequential or nn.ModuleList": network.stem + 2 * network.width + network.head + network.num_classes,
    }
    stages, start = [], 0
    for count in network.blocks:
        stages.append(of_blocks[start : start + count])
        start += count
    one_less = numbers - sum(stage[-1] for stage in stages if len(stage) > 1)
    one_more = numbers + sum(18 * width**2 + 4 * width for width in network.widths)
    only_firsts = numbers - sum(sum(stage[1:]) for stage in stages)
    return mistakes | {
        "each stage has one block too few": one_less,
        "each stage has one block too many": one_more,
        "each stage has one block only": only_firsts,
        "the last layer is given flattened maps; their mean is to be taken first": (
            numbers + last * network.num_classes * (32 // 2 ** (len(network.blocks) - 1)) ** 2 - network.head
        ),
    }


def _fault_in_numbers(got: int, network: Network) -> Fault | None:
    if got == network.numbers:
        return None
    named = (name for name, number in _mistaken_count(network).items() if number == got)
    return Fault(
        f"{network.name}: the number of trainable numbers is wrong",
        expected=f"{network.numbers:,}",
        got=f"{got:,}",
        misconception=next(named, ""),
    )


def _fault_in_scores(
    got: Tensor, network: Network, images: Tensor, size: float, bias: float, what: str
) -> Fault | None:
    expected = _expected(network, images, size, bias)
    if close(got, expected):
        return None
    wrong = {name: _expected(network, images, size, bias, rule) for name, rule in MISTAKES.items()}
    # Two mistakes may give nearly the same: the nearer one is named.
    nearest = min(wrong, key=lambda name: (got - wrong[name]).abs().max().item())
    return Fault(
        f"{network.name}: {what}, the scores are wrong",
        *differing_text(expected[:, 0], got[:, 0]),
        misconception=nearest if close(got, wrong[nearest]) else "",
    )


def _not_filled(network: Network) -> Fault:
    return Fault(
        f"{network.name}: some of its weights are not there, or cannot be trained",
        hints=("Mend first what “trainable numbers” says.",),
    )


def _fault_with_shortcuts(seen: Observation, network: Network, inputs: Inputs, number: int) -> Fault | None:
    if not seen[f"filled of {network.name}"]:
        return _not_filled(network)
    return _fault_in_scores(
        seen[f"shortcuts of {network.name}"],
        network,
        _images(inputs, number),
        0.0,
        -inputs["bias"].item(),
        "with all 3×3 weights of the blocks at zero, so that shortcuts alone carry the signal",
    )


def _fault_with_weights(seen: Observation, network: Network, inputs: Inputs, number: int) -> Fault | None:
    if not seen[f"filled of {network.name}"]:
        return _not_filled(network)
    fault = _fault_in_scores(
        seen[f"scores of {network.name}"],
        network,
        _images(inputs, number),
        1.0,
        -inputs["bias"].item(),
        "in training, with weights that are all alike",
    )
    together, alone = seen[f"together of {network.name}"], seen[f"alone of {network.name}"]
    if fault is None and not close(alone, together):
        return Fault(
            f"{network.name}: in evaluation a picture's scores depend on the other pictures of the batch",
            expected=f"as in the batch, {values_text(together)}",
            got=f"alone, {values_text(alone)}",
            misconception="batch normalisation uses the batch in evaluation too",
        )
    return fault


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    for network in COUNTED:
        if fault := _fault_in_numbers(seen[f"numbers of {network.name}"], network):
            return fault
    return None


def _judge_shortcuts(seen: Observation, inputs: Inputs) -> Fault | None:
    for number, network in enumerate(RUN):
        if fault := _fault_with_shortcuts(seen, network, inputs, number):
            return fault
    return None


def _judge_scores(seen: Observation, inputs: Inputs) -> Fault | None:
    for number, network in enumerate(RUN):
        if fault := _fault_with_weights(seen, network, inputs, number):
            return fault
    return None


# At grading -----------------------------------------------------------------------------------------------------------


def _draw_network(generator: torch.Generator) -> Inputs:
    """Draw a network with four stages, which no network in the notebook has."""
    while True:
        blocks = torch.randint(1, 3, (4,), generator=generator).tolist()
        width, classes = (torch.randint(0, 4, (2,), generator=generator) + torch.tensor([2, 11])).tolist()
        option = int(torch.randint(2, (), generator=generator))
        if Network(tuple(blocks), width, classes, "AB"[option]).can_be_told_apart:
            break
    return {**_draw(generator), "network": torch.tensor([*blocks, width, classes, option])}


def _drawn(inputs: Inputs) -> Network:
    *blocks, width, classes, option = inputs["network"].tolist()
    return Network(tuple(blocks), width, classes, "AB"[option])


def _probe_drawn(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    network = _drawn(inputs)
    model = _built(answer, network)
    yield {f"numbers of {network.name}": sum(each.numel() for each in trainable(model))}
    yield from _in_stages(model, network, inputs, 1)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    network = _drawn(inputs)
    return (
        _fault_in_numbers(seen[f"numbers of {network.name}"], network)
        or _fault_with_shortcuts(seen, network, inputs, 1)
        or _fault_with_weights(seen, network, inputs, 1)
    )


NETWORK = Part(
    name="make_resnet",
    task="use",
    minutes=20,
    checks=(
        Check(
            "trainable numbers",
            2,
            _probe,
            _judge_numbers,
            (
                "Print your network: how many blocks has each stage, and how many maps go in and out of each?",
                "Keep a variable for the maps that came out of the block before; the next block takes them in.",
                "The first convolution is normalised; the last layer has a bias; the option goes to every block.",
            ),
            _draw,
        ),
        Check(
            "the shortcuts carry the signal",
            2,
            _probe,
            _judge_shortcuts,
            (
                "Follow the height of the maps: behind which blocks does it change?",
                "The first stage keeps it. The first block of each later stage halves it, the others keep it.",
                "Before the blocks: convolve, normalise, ReLU. Behind them: the mean of each map, one linear layer.",
            ),
            _draw,
        ),
        Check(
            "the scores",
            2,
            _probe,
            _judge_scores,
            (
                "If only this check fails, look into your block: does it pass part 1?",
                "Nothing stands between the last layer and the scores.",
            ),
            _draw,
        ),
        Check(
            "a network drawn at random",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your function that belongs to three stages, or to ten classes?",
                "Stages, width, classes and option must all come from the arguments.",
            ),
            _draw_network,
            public=False,
        ),
    ),
)
