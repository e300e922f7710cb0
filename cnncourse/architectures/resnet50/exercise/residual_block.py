"""Part 1: the basic block, two 3×3 convolutions and a shortcut of option A or B.

With all weights of the 3×3 convolutions at zero nothing is left of a block but its shortcut and the ReLU behind it.
With known weights the whole block can be worked out from the maps alone.
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
    with_gradient,
    zero_padded,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.pictures import maps_picture
from cnncourse.checking.probing import build, fault_in_use, in_use, refuse_hidden_layers, run, settle_lazy_layers
from cnncourse.checking.wording import differing_text, shape_text, values_text

COUNT, HEIGHT, WIDTH = 4, 7, 9  # odd, so that "every second pixel" has to be read with care
MOST_CHANNELS = 6
OFFSET = 0.3  # mean of the maps, so that normalisation changes more than their size
SIGNS = (1, -1)  # of the 3×3 weights: what lies above zero with one of them lies below it with the other


@dataclass(frozen=True)
class Block:
    """A basic block.

    Attributes:
        in_channels: maps that come in.
        out_channels: maps that go out.
        stride: of the block.
        option: of its shortcut, "A" or "B".

    """

    in_channels: int
    out_channels: int
    stride: int
    option: str

    @property
    def arguments(self) -> tuple[int | str, ...]:
        """What it is built with; what is the default is left out."""
        given = (self.in_channels, self.out_channels)
        if self.option == "B":
            return given if self.stride == 1 else (*given, self.stride)
        return (*given, self.stride, self.option)

    @property
    def name(self) -> str:
        """The block as the learner would call for it."""
        return f"BasicBlock({', '.join(map(repr, self.arguments))})".replace("'", '"')

    @property
    def has_projection(self) -> bool:
        """Whether the shortcut is a projection."""
        return self.option == "B" and (self.stride != 1 or self.in_channels != self.out_channels)

    @property
    def first(self) -> int:
        """Number of weights of the first convolution."""
        return 9 * self.in_channels * self.out_channels

    @property
    def second(self) -> int:
        """Number of weights of the second convolution."""
        return 9 * self.out_channels**2

    @property
    def projection(self) -> int:
        """Number of weights that a projection has, or would have."""
        return self.in_channels * self.out_channels

    @property
    def numbers(self) -> int:
        """Count the trainable numbers."""
        of_shortcut = self.projection + 2 * self.out_channels if self.has_projection else 0
        return self.first + self.second + 4 * self.out_channels + of_shortcut

    def shape(self, maps: Tensor) -> tuple[int, ...]:
        """Return the shape of what comes out."""
        sides = ((side - 1) // self.stride + 1 for side in maps.shape[2:])
        return (len(maps), self.out_channels, *sides)


IDENTITY, PADDED, PROJECTED = Block(4, 4, 1, "B"), Block(3, 5, 2, "A"), Block(3, 5, 2, "B")
ONLY_SMALLER, ONLY_MORE, ONLY_THINNED = Block(4, 4, 2, "B"), Block(3, 5, 1, "A"), Block(4, 4, 2, "A")
CASES = (IDENTITY, PADDED, PROJECTED, ONLY_SMALLER, ONLY_MORE, ONLY_THINNED)
WORKED_OUT = (IDENTITY, PADDED, PROJECTED)  # whose output is compared, not their shortcut alone


def _draw(generator: torch.Generator) -> Inputs:
    return {"maps": OFFSET + torch.randn(COUNT, MOST_CHANNELS, HEIGHT, WIDTH, generator=generator)}


def _maps(block: Block, inputs: Inputs) -> Tensor:
    return inputs["maps"][:, : block.in_channels].contiguous()


# What the probe looks at ----------------------------------------------------------------------------------------------


def _built(answer: Callable, block: Block, inputs: Inputs) -> nn.Module:
    module = build(answer, *block.arguments)
    refuse_hidden_layers(module)
    settle_lazy_layers(module, _maps(block, inputs))
    return module


def _values(block: Block, sign: float) -> dict[int, float]:
    """Return what each weight is filled with, by its number of elements."""
    value = sign * weight_value(3, block.in_channels)
    values = {block.first: value, block.second: value}
    if block.has_projection:
        values[block.projection] = weight_value(1, block.in_channels)
    return values


def _shortcut_alone(module: nn.Module, block: Block, inputs: Inputs) -> Observation:
    """Note what comes out in training if the 3×3 weights are zero, and the gradient by what went in."""
    filled = fill(module, _values(block, 0.0))
    output, gradient = with_gradient(module.train(), _maps(block, inputs))
    return {"filled": filled, "alone": output, "gradient": gradient}


def _whole(module: nn.Module, block: Block, inputs: Inputs) -> Observation:
    """Note what comes out with known weights: in training for both signs, in evaluation with others and alone."""
    maps, outputs = _maps(block, inputs), []
    for sign in SIGNS:
        fill(module, _values(block, sign))
        outputs.append(run(module.train(), maps))
    return {"outputs": torch.stack(outputs), "use": in_use(module, maps, outputs[-1])}


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    blocks = {block: _built(answer, block, inputs) for block in CASES}
    yield {
        f"numbers of {block.name}": sum(each.numel() for each in trainable(module)) for block, module in blocks.items()
    }
    for block, module in blocks.items():
        yield {block.name: _shortcut_alone(module, block, inputs)}
    for block in WORKED_OUT:
        yield {f"whole {block.name}": _whole(blocks[block], block, inputs)}


# Shapes and numbers ---------------------------------------------------------------------------------------------------


def _fault_in_shape(alone: Observation, block: Block, inputs: Inputs) -> Fault | None:
    expected, got = block.shape(_maps(block, inputs)), tuple(alone["alone"].shape)
    if got == expected:
        return None
    misconceptions = {
        "the maps are stacked (concatenated); a residual block adds them": (
            len(got) == 4 and got[1] in (block.in_channels + block.out_channels, 2 * block.out_channels)
        ),
        "the stride is ignored: nothing makes the maps smaller": got[2:] == (HEIGHT, WIDTH),
    }
    return Fault(
        f"{block.name}: for maps of shape {shape_text(_maps(block, inputs).shape)} the output has the wrong shape",
        shape_text(expected),
        shape_text(got),
        next((name for name, applies in misconceptions.items() if applies), ""),
    )


def _mistaken_counts(block: Block) -> Mapping[str, tuple[int, ...]]:
    """Return the counts that some mistakes give."""
    i, o, numbers = block.in_channels, block.out_channels, block.numbers
    of_shortcut = block.projection + 2 * o
    pre_activation = numbers + 2 * (i - o)
    mistakes = {
        "nothing can learn": (0,),
        "the convolutions have biases; behind them batch normalisation takes every bias away": (
            numbers + 2 * o,
            numbers + 3 * o if block.has_projection else numbers + 2 * o,
        ),
    }
    if block.has_projection:
        mistakes |= {
            "the projection is missing: option B has one wherever the shape changes": (numbers - of_shortcut,),
            "the projection has no batch normalisation": (numbers - 2 * o, numbers - o),
            "the projection has a bias": (numbers + o,),
            "the projection is 3×3; the paper's is 1×1": (numbers + 8 * block.projection,),
        }
    else:
        mistakes |= {
            "the projection is there even where the shape stays: that is option C": (
                (numbers + of_shortcut,) if block.option == "B" else ()
            ),
            "option A has a projection; it must have nothing to learn": (
                (numbers + of_shortcut,) if block.option == "A" else ()
            ),
            "one batch normalisation serves both convolutions, or one is missing": (numbers - 2 * o,),
        }
    return mistakes | {
        "batch normalisation before the first convolution: that is the later block of He et al. 2016 (version 2)": (
            (pre_activation,) if i != o else ()
        ),
        "there is no batch normalisation": (numbers - 4 * o, block.first + block.second),
        "there is only one convolution": (block.first + 2 * o, block.second + 2 * o),
        "there are three convolutions": (numbers + block.second + 2 * o,),
    }


def _fault_in_numbers(got: int, block: Block) -> Fault | None:
    if got == block.numbers:
        return None
    terms = f"{block.first} + {block.second} weights, 4·{block.out_channels} of batch normalisation"
    if block.has_projection:
        terms += f", {block.projection} + 2·{block.out_channels} of the projection"
    return Fault(
        f"{block.name}: the number of trainable numbers is wrong",
        expected=f"{terms}: {block.numbers}",
        got=f"{got:,}",
        misconception=next((name for name, counts in _mistaken_counts(block).items() if got in counts), ""),
    )


# The shortcut alone ---------------------------------------------------------------------------------------------------


def _shortcut(block: Block, maps: Tensor, stride: int | None = None) -> Tensor:
    """Return what the shortcut carries, in training, with all weights of a projection alike."""
    stride = block.stride if stride is None else stride
    if block.has_projection:
        value = weight_value(1, block.in_channels)
        return normalised(convolved(maps, block.out_channels, 1, value, stride))
    return zero_padded(maps, block.out_channels, stride)


def _mistaken_shortcuts(block: Block, maps: Tensor) -> Mapping[str, Tensor]:
    """Return what comes out if nothing but the shortcut is left, for some mistakes."""
    carried, stride, new = _shortcut(block, maps), block.stride, block.out_channels - block.in_channels
    small = maps[:, :, ::stride, ::stride]
    mistakes = {
        "nothing of the input arrives: there is no shortcut, it begins behind the first convolution, or the two ways "
        "are multiplied": torch.zeros_like(carried),
        "the ReLU behind the addition is missing; that order is of the later block (version 2)": carried,
        "the sum is halved": carried.relu() / 2,
        "the shortcut is added twice": (2 * carried).relu(),
        "the shortcut is subtracted": (-carried).relu(),
        "the shortcut is normalised, or there is a batch normalisation behind the addition": normalised(carried).relu(),
    }
    if stride > 1:
        pooled = {
            "averages over windows in the shortcut; the paper takes every second pixel": F.avg_pool2d(
                maps, stride, ceil_mode=True
            ),
            "largest values over windows in the shortcut; the paper takes every second pixel": F.max_pool2d(
                maps, stride, ceil_mode=True
            ),
        }
        mistakes |= {
            name: _shortcut(
                Block(*_ends(block), 1, block.option) if not block.has_projection else block, each, 1
            ).relu()
            for name, each in pooled.items()
        }
    if block.has_projection:
        value = weight_value(1, block.in_channels)
        mistakes["the projection is not normalised"] = convolved(maps, block.out_channels, 1, value, stride).relu()
    elif new > 0:
        half = new // 2
        mistakes |= {
            "the new channels stand before the old ones": F.pad(small, (0, 0, 0, 0, new, 0)).relu(),
            "half of the new channels stand before the old ones": (F.pad(small, (0, 0, 0, 0, half, new - half)).relu()),
            "the new channels are copies of old ones; option A fills them with zeros": (
                torch.cat([small, small], dim=1)[:, : block.out_channels].relu()
            ),
        }
    return mistakes


def _ends(block: Block) -> tuple[int, int]:
    return block.in_channels, block.out_channels


def _fault_in_shortcut(alone: Observation, block: Block, inputs: Inputs) -> Fault | None:
    maps = _maps(block, inputs)
    if fault := _fault_in_shape(alone, block, inputs):
        return fault
    if not alone["filled"]:
        return Fault(
            f"{block.name}: the weights of its convolutions are not there, or cannot be trained",
            expected=" and ".join(f"a weight of {size} numbers" for size in _values(block, 0.0)),
            hints=("Mend first what “trainable numbers” says.",),
        )
    expected, got = _shortcut(block, maps).relu(), alone["alone"]
    if not close(got, expected):
        return Fault(
            f"{block.name}: with all 3×3 weights at zero, what is left is not the shortcut and a ReLU",
            *differing_text(expected, got),
            misconception=next(
                (name for name, wrong in _mistaken_shortcuts(block, maps).items() if close(got, wrong)), ""
            ),
            picture=maps_picture(expected[0, 0, :4, :4], got[0, 0, :4, :4]),
        )
    return _fault_in_gradient(alone["gradient"], block, maps)


def _fault_in_gradient(gradient: Tensor | None, block: Block, maps: Tensor) -> Fault | None:
    pixels = maps.clone().requires_grad_()
    (expected,) = torch.autograd.grad(_shortcut(block, pixels).relu().sum(), pixels)
    # A sum over a normalised map hardly depends on the map; there is nothing to compare then.
    if block.has_projection or (gradient is not None and close(gradient, expected)):
        return None
    cut_off = gradient is None or not gradient.any()
    return Fault(
        f"{block.name}: the gradient does not come back through the shortcut as it went in",
        expected=values_text(expected),
        got="none" if gradient is None else values_text(gradient),
        misconception="the shortcut is cut off from the gradient, by detach or no_grad" if cut_off else "",
    )


# The whole block ------------------------------------------------------------------------------------------------------

Step = Callable[[Tensor], Tensor]


def _residual(
    block: Block,
    maps: Tensor,
    sign: float,
    between: tuple[Step, ...] = (normalised, F.relu),
    after: tuple[Step, ...] = (normalised,),
    strides: tuple[int, int] | None = None,
    pad: str = "constant",
) -> Tensor:
    """Return what the two convolutions give, with known weights and given steps behind each."""
    value, o = sign * weight_value(3, block.in_channels), block.out_channels
    strides = (block.stride, 1) if strides is None else strides
    for stride, steps in zip(strides, (between, after), strict=True):
        maps = convolved(maps, o, 3, value, stride, pad)
        for step in steps:
            maps = step(maps)
    return maps


def _output(block: Block, maps: Tensor, sign: float) -> Tensor:
    return (_residual(block, maps, sign) + _shortcut(block, maps)).relu()


def _plain(maps: Tensor) -> Tensor:
    return maps


def _pre_activated(block: Block, maps: Tensor, sign: float) -> Tensor:
    ready = normalised(maps).relu()
    return _residual(block, ready, sign, after=()) + _shortcut(block, maps)


def _from_the_middle(block: Block, maps: Tensor, sign: float) -> Tensor:
    value, o = sign * weight_value(3, block.in_channels), block.out_channels
    middle = normalised(convolved(maps, o, 3, value, block.stride)).relu()
    return (normalised(convolved(middle, o, 3, value)) + middle).relu()


MISTAKES: Mapping[str, Callable[[Block, Tensor, float], Tensor]] = {
    "a ReLU stands before the addition: the residual can only add, never take away": lambda block, maps, sign: (
        _residual(block, maps, sign).relu() + _shortcut(block, maps)
    ).relu(),
    "the ReLU behind the addition is missing, and one stands before it": lambda block, maps, sign: (
        _residual(block, maps, sign).relu() + _shortcut(block, maps)
    ),
    "the ReLU behind the addition is missing": lambda block, maps, sign: (
        _residual(block, maps, sign) + _shortcut(block, maps)
    ),
    "normalisation and ReLU stand before the convolutions: that is the later block of He et al. 2016 (version 2)": (
        _pre_activated
    ),
    "there is no shortcut": lambda block, maps, sign: _residual(block, maps, sign).relu(),
    "the shortcut begins behind the first convolution": _from_the_middle,
    "the shortcut carries what a ReLU has cut off below zero": lambda block, maps, sign: (
        _residual(block, maps, sign) + _shortcut(block, maps).relu()
    ).relu(),
    "the input goes through a ReLU first": lambda block, maps, sign: (
        _residual(block, maps.relu(), sign) + _shortcut(block, maps.relu())
    ).relu(),
    "the two ways are multiplied; a residual block adds them": lambda block, maps, sign: (
        _residual(block, maps, sign) * _shortcut(block, maps)
    ).relu(),
    "the sum is halved": lambda block, maps, sign: ((_residual(block, maps, sign) + _shortcut(block, maps)) / 2).relu(),
    "the residual is subtracted": lambda block, maps, sign: (
        _shortcut(block, maps) - _residual(block, maps, sign)
    ).relu(),
    "no ReLU between the two convolutions": lambda block, maps, sign: (
        _residual(block, maps, sign, between=(normalised,)) + _shortcut(block, maps)
    ).relu(),
    "the second convolution is not normalised": lambda block, maps, sign: (
        _residual(block, maps, sign, after=(_plain,)) + _shortcut(block, maps)
    ).relu(),
    "the first convolution is not normalised": lambda block, maps, sign: (
        _residual(block, maps, sign, between=(F.relu,)) + _shortcut(block, maps)
    ).relu(),
    "batch normalisation stands behind the ReLU; here it stands before": lambda block, maps, sign: (
        _residual(block, maps, sign, between=(F.relu, normalised)) + _shortcut(block, maps)
    ).relu(),
    "batch normalisation stands behind the addition; it belongs before": lambda block, maps, sign: normalised(
        _residual(block, maps, sign, after=()) + _shortcut(block, maps)
    ).relu(),
    "the stride is in the second convolution": lambda block, maps, sign: (
        _residual(block, maps, sign, strides=(1, block.stride)) + _shortcut(block, maps)
    ).relu(),
    "the border is not padded with zeros": lambda block, maps, sign: (
        _residual(block, maps, sign, pad="replicate") + _shortcut(block, maps)
    ).relu(),
    "the last batch normalisation does not begin with γ = 1": lambda block, maps, _sign: _shortcut(block, maps).relu(),
}


def _fault_in_whole(whole: Observation, block: Block, inputs: Inputs) -> Fault | None:
    maps, got = _maps(block, inputs), whole["outputs"]

    def gives(rule: Callable[[Block, Tensor, float], Tensor]) -> Tensor:
        return torch.stack([rule(block, maps, sign) for sign in SIGNS])

    expected = gives(_output)
    if not close(got, expected):
        return Fault(
            f"{block.name}: in training, with weights that are all alike, the output is wrong",
            *differing_text(expected, got),
            misconception=next((name for name, rule in MISTAKES.items() if close(got, gives(rule))), ""),
            picture=maps_picture(expected[0, 0, 0, :4, :4], got[0, 0, 0, :4, :4]),
        )
    return fault_in_use(whole["use"], block.name)


def _judge_shapes(seen: Observation, inputs: Inputs) -> Fault | None:
    return next(filter(None, (_fault_in_shape(seen[block.name], block, inputs) for block in CASES)), None)


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    faults = (_fault_in_numbers(seen[f"numbers of {block.name}"], block) for block in CASES)
    return next(filter(None, faults), None)


def _judge_identity(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_shortcut(seen[IDENTITY.name], IDENTITY, inputs)


def _judge_option_a(seen: Observation, inputs: Inputs) -> Fault | None:
    faults = (_fault_in_shortcut(seen[block.name], block, inputs) for block in (PADDED, ONLY_MORE, ONLY_THINNED))
    return next(filter(None, faults), None)


def _judge_option_b(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_shortcut(seen[PROJECTED.name], PROJECTED, inputs)


def _judge_whole(seen: Observation, inputs: Inputs) -> Fault | None:
    for block in WORKED_OUT:
        if fault := _fault_in_shape(seen[block.name], block, inputs):
            return fault
        if fault := _fault_in_whole(seen[f"whole {block.name}"], block, inputs):
            return fault
    return None


# At grading -----------------------------------------------------------------------------------------------------------


def _draw_blocks(generator: torch.Generator) -> Inputs:
    """Draw channels for two blocks whose stride is one that learners have not seen."""
    few, many = sorted((torch.randperm(4, generator=generator)[:2] + 2).tolist())
    return {**_draw(generator), "channels": torch.tensor([few, many + 1])}


def _drawn(inputs: Inputs) -> tuple[Block, Block]:
    few, many = inputs["channels"].tolist()
    return Block(few, many, 3, "A"), Block(many, few, 3, "B")


def _probe_drawn(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    for block in _drawn(inputs):
        module = _built(answer, block, inputs)
        yield {f"numbers of {block.name}": sum(each.numel() for each in trainable(module))}
        yield {block.name: _shortcut_alone(module, block, inputs)}
        yield {f"whole {block.name}": _whole(module, block, inputs)}


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    for block in _drawn(inputs):
        fault = (
            _fault_in_numbers(seen[f"numbers of {block.name}"], block)
            or _fault_in_shortcut(seen[block.name], block, inputs)
            or _fault_in_whole(seen[f"whole {block.name}"], block, inputs)
        )
        if fault is not None:
            return fault
    return None


RESIDUAL_BLOCK = Part(
    name="BasicBlock",
    task="build",
    minutes=30,
    checks=(
        Check(
            "shapes",
            1,
            _probe,
            _judge_shapes,
            (
                "Which of the layers has the stride, and which keep height and width?",
                "A 3×3 convolution with padding 1 keeps height and width; with stride 2 it halves them.",
                "The first convolution and the shortcut have the block's stride, the second convolution has none.",
            ),
            _draw,
        ),
        Check(
            "trainable numbers",
            2,
            _probe,
            _judge_numbers,
            (
                "On paper: which layers of your block have something to learn, for each of the two options?",
                "Each convolution has a batch normalisation of its own behind it, with 2 numbers a map, and no bias.",
                "Option A learns nothing in the shortcut. Option B does where stride or channels change, only there.",
            ),
            _draw,
        ),
        Check(
            "the identity gets through",
            1,
            _probe,
            _judge_identity,
            (
                "Put zeros into your two convolutions by hand. What should come out for a map of 1 and −1?",
                "What is added is what came *in*, untouched by any layer of the block.",
                "Keep what forward is given under its own name until the addition; the last step is a ReLU.",
            ),
            _draw,
        ),
        Check(
            "option A: every second pixel, and zeros",
            1,
            _probe,
            _judge_option_a,
            (
                "No layer is needed, an expression is enough.",
                "maps[:, :, ::2, ::2] are every second row and column, beginning with the first.",
                "torch.cat with a tensor of zeros, or F.pad: it counts from the last dimension, two numbers for each.",
            ),
            _draw,
        ),
        Check(
            "option B: a projection",
            1,
            _probe,
            _judge_option_b,
            (
                "A projection is a convolution. How large is its kernel, and what is its stride?",
                "It is normalised as all convolutions of the network are, and no ReLU follows before the addition.",
            ),
            _draw,
        ),
        Check(
            "normalised, added, then rectified",
            2,
            _probe,
            _judge_whole,
            (
                "Write the seven steps down, in the order in which your forward takes them.",
                "Can your block make a value smaller than what the shortcut brings? It must be able to.",
                "Convolve, normalise, ReLU, convolve, normalise, add the shortcut, ReLU.",
            ),
            _draw,
        ),
        Check(
            "other channels, another stride",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of stride 1 and 2 only?",
                "Channels and stride must come from the arguments, in the shortcut as well.",
            ),
            _draw_blocks,
            public=False,
        ),
    ),
)
