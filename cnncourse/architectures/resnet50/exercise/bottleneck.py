"""Part 3: a bottleneck block whose residual can only add and two of whose convolutions share a normalisation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from cnncourse.architectures.resnet50.exercise.known_weights import (
    close,
    convolved,
    fill,
    trainable,
    weight_value,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.pictures import maps_picture
from cnncourse.checking.probing import (
    build,
    fault_in_use,
    in_use,
    refuse_hidden_layers,
    run_expecting,
    settle_lazy_layers,
)
from cnncourse.checking.wording import differing_text

COUNT, HEIGHT, WIDTH = 4, 9, 11
MOST_CHANNELS = 24
OFFSET = 0.3  # mean of the maps, so that running averages differ from those that a layer begins with
EPSILON, MOMENTUM = 1e-5, 0.1  # torch's own
EXPANSION = 4


@dataclass(frozen=True)
class Bottleneck:
    """A bottleneck block.

    Attributes:
        in_channels: maps that come in.
        width: maps of the first two convolutions; four times as many go out.
        stride: of the block.

    """

    in_channels: int
    width: int
    stride: int

    @property
    def out_channels(self) -> int:
        """Maps that go out."""
        return EXPANSION * self.width

    @property
    def arguments(self) -> tuple[int, ...]:
        """What it is built with; a stride of 1 is left out."""
        return (self.in_channels, self.width) + (() if self.stride == 1 else (self.stride,))

    @property
    def name(self) -> str:
        """The block as the learner would call for it."""
        return f"MendedBottleneck({', '.join(map(str, self.arguments))})"

    @property
    def has_projection(self) -> bool:
        """Whether the shape changes."""
        return self.stride != 1 or self.in_channels != self.out_channels

    @property
    def weights(self) -> tuple[int, int, int, int]:
        """Number of weights of the three convolutions and of the projection, 0 if there is none."""
        projection = self.in_channels * self.out_channels if self.has_projection else 0
        return self.in_channels * self.width, 9 * self.width**2, self.width * self.out_channels, projection

    @property
    def numbers(self) -> int:
        """Count the trainable numbers."""
        maps = 2 * self.width + self.out_channels * (2 if self.has_projection else 1)
        return sum(self.weights) + 2 * maps

    @property
    def values(self) -> dict[int, float]:
        """What each weight is filled with, by its number of elements; no two that differ have the same number."""
        first, second, third, projection = self.weights
        values = {
            third: weight_value(1, self.width),
            first: weight_value(1, self.in_channels),
            second: weight_value(3, self.width),
        }
        return values | ({projection: weight_value(1, self.in_channels)} if projection else {})

    @property
    def can_be_told_apart(self) -> bool:
        """Whether weights of the same size belong to convolutions that have the same part in the block."""
        return len(set(self.weights)) == len(self.weights)


SAME, CHANGED, HALVED = Bottleneck(8, 2, 1), Bottleneck(3, 2, 2), Bottleneck(8, 2, 2)


def _draw(generator: torch.Generator) -> Inputs:
    return {"maps": OFFSET + torch.randn(COUNT, MOST_CHANNELS, HEIGHT, WIDTH, generator=generator)}


def _maps(block: Bottleneck, inputs: Inputs) -> Tensor:
    return inputs["maps"][:, : block.in_channels].contiguous()


def _observed(answer: Callable, block: Bottleneck, inputs: Inputs) -> Observation:
    """With known weights, note what comes out in training, then in evaluation; turn the last weights' sign; again."""
    maps = _maps(block, inputs)
    module = build(answer, *block.arguments)
    refuse_hidden_layers(module)
    settle_lazy_layers(module, maps)
    numbers = sum(each.numel() for each in trainable(module))
    filled = fill(module, block.values)
    sides = ((side - 1) // block.stride + 1 for side in (HEIGHT, WIDTH))
    shape = (block.out_channels, *sides)
    training = run_expecting(module.train(), maps, (COUNT, *shape))
    used = in_use(module, maps, training)
    evaluation = run_expecting(module.eval(), maps, (COUNT, *shape))
    return {
        "numbers": numbers,
        "filled": filled,
        "training": training,
        "evaluation": evaluation,
        "use": used,
    }


def _probe_same(answer: Callable, inputs: Inputs) -> Observation:
    return _observed(answer, SAME, inputs)


def _probe_changed(answer: Callable, inputs: Inputs) -> Observation:
    return {block.name: _observed(answer, block, inputs) for block in (CHANGED, HALVED)}


# The oracle -----------------------------------------------------------------------------------------------------------


class _Norm:
    """Batch normalisation that remembers, worked out step by step; one for several layers if they share it."""

    def __init__(self) -> None:
        self.mean, self.variance = 0.0, 1.0

    def __call__(self, maps: Tensor, *, training: bool) -> Tensor:
        """Normalise maps that are all alike, and, in training, remember."""
        if not training:
            return (maps - self.mean) / (self.variance + EPSILON) ** 0.5
        variance, mean = torch.var_mean(maps[:, 0])
        self.mean = (1 - MOMENTUM) * self.mean + MOMENTUM * mean.item()
        self.variance = (1 - MOMENTUM) * self.variance + MOMENTUM * variance.item()
        return (maps - mean) / (maps[:, 0].var(correction=0) + EPSILON) ** 0.5


@dataclass(frozen=True)
class _Rule:
    """How a block is put together, rightly or with a mistake.

    Attributes:
        shared: which of the convolutions' normalisations are one and the same; the fourth is the projection's.
        relu_on_residual: whether a ReLU stands before the addition.
        relu_on_shortcut: whether one stands on the shortcut.
        relu_at_end: whether one stands behind the addition.
        relus: whether they stand behind the first and the second convolution.
        stride_in: the convolution that has the stride, 0 or 1.
        join: how residual and shortcut meet.

    """

    shared: tuple[int, ...] = ()
    relu_on_residual: bool = False
    relu_on_shortcut: bool = False
    relu_at_end: bool = True
    relus: tuple[bool, bool] = (True, True)
    stride_in: int = 0
    join: Callable[[Tensor, Tensor], Tensor] = torch.add


RIGHT = _Rule()
MISTAKES: Mapping[str, _Rule] = {
    "a ReLU still stands before the addition: the residual can only add": _Rule(relu_on_residual=True),
    "the ReLU behind the addition went as well": _Rule(relu_at_end=False),
    "the ReLU before the addition stayed, and the one behind it went": _Rule(relu_on_residual=True, relu_at_end=False),
    "the ReLU has moved from the residual to the shortcut": _Rule(relu_on_shortcut=True),
    "the residual is subtracted": _Rule(join=lambda residual, carried: carried - residual),
    "there is no shortcut any more": _Rule(join=lambda residual, _carried: residual),
    "the sum is halved": _Rule(join=lambda residual, carried: (residual + carried) / 2),
    "the stride has moved to the 3×3 convolution; the paper has it in the first": _Rule(stride_in=1),
    "the ReLU between the 1×1 and the 3×3 convolution went as well": _Rule(relus=(False, True)),
    "the ReLU between the 3×3 and the last convolution went as well": _Rule(relus=(True, False)),
}


def _outputs(block: Bottleneck, maps: Tensor, rule: _Rule) -> tuple[Tensor, Tensor]:
    """Return what comes out in training and then, with what was remembered, in evaluation."""
    norms = [_Norm() for _ in range(4)]
    for number in rule.shared[1:]:
        norms[number] = norms[rule.shared[0]]
    return tuple(_output(block, maps, rule, norms, training=each) for each in (True, False))


def _output(block: Bottleneck, maps: Tensor, rule: _Rule, norms: list[_Norm], *, training: bool) -> Tensor:
    strides = [block.stride if number == rule.stride_in else 1 for number in range(3)]
    residual = maps
    for number, (kernel, out_channels) in enumerate(((1, block.width), (3, block.width), (1, block.out_channels))):
        value = block.values[block.weights[number]]
        residual = convolved(residual, out_channels, kernel, value, strides[number])
        residual = norms[number](residual, training=training)
        if number < 2 and rule.relus[number]:
            residual = residual.relu()
    carried = maps
    if block.has_projection:
        carried = convolved(maps, block.out_channels, 1, block.values[block.weights[3]], block.stride)
        carried = norms[3](carried, training=training)
    residual = residual.relu() if rule.relu_on_residual else residual
    joined = rule.join(residual, carried.relu() if rule.relu_on_shortcut else carried)
    return joined.relu() if rule.relu_at_end else joined


# The judges -----------------------------------------------------------------------------------------------------------


def _fault_in_training(seen: Observation, block: Bottleneck, inputs: Inputs) -> Fault | None:
    maps, got = _maps(block, inputs), seen["training"]
    if not seen["filled"]:
        return _weights_missing(block)
    expected = _outputs(block, maps, RIGHT)[0]
    if close(got, expected):
        return None
    named = (name for name, rule in MISTAKES.items() if close(got, _outputs(block, maps, rule)[0]))
    return Fault(
        f"{block.name}: in training, with weights that are all alike, the output is wrong",
        *differing_text(expected, got),
        misconception=next(named, ""),
        picture=maps_picture(expected[0, 0, :4, :4], got[0, 0, :4, :4]),
    )


def _weights_missing(block: Bottleneck) -> Fault:
    return Fault(
        f"{block.name}: the weights of its convolutions are not those of the broken class, or cannot be trained",
        expected=", ".join(map(str, filter(None, block.weights))) + " weights",
        hints=("Only the two bugs are to be mended: 1×1, 3×3 and 1×1 convolutions stay as they are.",),
    )


def _fault_in_numbers(seen: Observation, block: Bottleneck) -> Fault | None:
    got, width, out = seen["numbers"], block.width, block.out_channels
    if got == block.numbers:
        return fault_in_use(seen["use"], block.name)
    misconceptions = {
        "one batch normalisation still serves the first two convolutions": block.numbers - 2 * width,
        "the convolutions have biases; behind them batch normalisation takes every bias away": block.numbers
        + 2 * width
        + out * (2 if block.has_projection else 1),
        "there is no batch normalisation left": sum(block.weights),
        "the projection has lost its batch normalisation": block.numbers - 2 * out if block.has_projection else -1,
        "the projection is there even where the shape stays": -1
        if block.has_projection
        else block.numbers + block.in_channels * out + 2 * out,
        "there are more normalisations than convolutions": block.numbers + 2 * width,
    }
    return Fault(
        f"{block.name}: the number of trainable numbers is wrong",
        expected=f"{sum(block.weights)} weights, {block.numbers - sum(block.weights)} of batch normalisation: "
        f"{block.numbers}",
        got=f"{got:,}",
        misconception=next((name for name, number in misconceptions.items() if number == got), ""),
    )


def _fault_in_evaluation(seen: Observation, block: Bottleneck, inputs: Inputs) -> Fault | None:
    maps, got = _maps(block, inputs), seen["evaluation"]
    if not seen["filled"]:
        return _weights_missing(block)
    # Whichever ReLUs there are, what was remembered can be judged.
    ways = [_Rule(relu_on_residual=first, relu_at_end=last) for first in (False, True) for last in (True, False)]
    if any(close(got, _outputs(block, maps, rule)[1]) for rule in (*ways, *MISTAKES.values())):
        return None
    shared = [_Rule(shared=(0, 1), relu_on_residual=each) for each in (False, True)]
    mixed = any(close(got, _outputs(block, maps, rule)[1]) for rule in shared)
    return Fault(
        f"{block.name}: in evaluation, after one step of training, the output is wrong",
        *differing_text(_outputs(block, maps, RIGHT)[1], got),
        misconception="one batch normalisation still serves the first two convolutions: its averages are a mixture"
        if mixed
        else "",
    )


def _judge_takes_away(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_training(seen, SAME, inputs)


def _judge_remembers(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_numbers(seen, SAME) or _fault_in_evaluation(seen, SAME, inputs)


def _fault_in_all(seen: Observation, block: Bottleneck, inputs: Inputs) -> Fault | None:
    return (
        _fault_in_numbers(seen, block)
        or _fault_in_training(seen, block, inputs)
        or _fault_in_evaluation(seen, block, inputs)
    )


def _judge_changed(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_all(seen[CHANGED.name], CHANGED, inputs) or _fault_in_all(seen[HALVED.name], HALVED, inputs)


# At grading -----------------------------------------------------------------------------------------------------------


def _draw_block(generator: torch.Generator) -> Inputs:
    """Draw channels, a width and a stride that learners have not seen."""
    while True:
        in_channels = int(torch.randint(5, MOST_CHANNELS, (), generator=generator))
        width = int(torch.randint(3, 6, (), generator=generator))
        if Bottleneck(in_channels, width, 3).can_be_told_apart:
            break
    return {**_draw(generator), "block": torch.tensor([in_channels, width, 3])}


def _drawn(inputs: Inputs) -> Bottleneck:
    return Bottleneck(*inputs["block"].tolist())


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    return _observed(answer, _drawn(inputs), inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_all(seen, _drawn(inputs), inputs)


BOTTLENECK = Part(
    name="MendedBottleneck",
    task="mend",
    minutes=20,
    checks=(
        Check(
            "the residual may take away",
            2,
            _probe_same,
            _judge_takes_away,
            (
                "Print residual.min() just before the addition. What should be possible, and what is?",
                "Count the ReLUs on the way of the residual: how many does the picture in the chapter show?",
                "The third convolution is followed by its normalisation, and then at once by the addition.",
            ),
            _draw,
        ),
        Check(
            "each convolution has its own averages",
            2,
            _probe_same,
            _judge_remembers,
            (
                "Training and evaluation differ. Which layers behave differently in the two?",
                "How many batch normalisations are made in __init__, and how many are called in forward?",
                "Two convolutions have the same number of maps; that does not make their maps alike.",
            ),
            _draw,
        ),
        Check(
            "both, where the shape changes",
            1,
            _probe_changed,
            _judge_changed,
            (
                "Pass both other checks first.",
                "Stride, projection and its normalisation stay as they are in the broken class.",
            ),
            _draw,
        ),
        Check(
            "other channels, another stride",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of a width of 2 or of stride 2 only?",
                "Channels, width and stride must come from the arguments.",
            ),
            _draw_block,
            public=False,
        ),
    ),
)
