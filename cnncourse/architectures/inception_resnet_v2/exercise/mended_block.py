"""Part 3: a block on 17×17 maps that scales its shortcut and whose 1×7 convolution is followed by another 1×7."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from cnncourse.architectures.inception_resnet_v2.exercise.equal_numbers import (
    MISTAKES,
    ONE_WAY,
    RIGHT,
    Block,
    Rule,
    close,
    fault_in_numbers,
    fill,
    named,
    output,
    run_block,
    trainable,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.pictures import maps_picture
from cnncourse.checking.probing import build, fault_in_use, in_use, refuse_hidden_layers, settle_lazy_layers
from cnncourse.checking.wording import differing_text

COUNT, HEIGHT, WIDTH = 3, 9, 10
MOST_CHANNELS = 9
SPREAD = 3.0
IN_EVALUATION = 0.25
SIGNS = (1, -1)


def _block(channels: int, filters: int, scale: float) -> Block:
    return Block(channels, (((filters, 1),), ((filters, 1), (filters, (1, 7)), (filters, (7, 1)))), scale)


SEEN = _block(5, 3, 0.1)
# One bug is judged whatever becomes of the other: these are the ways for each.
RULES = {"": RIGHT} | {name: rule for name, rule in MISTAKES.items() if rule.kernels is RIGHT.kernels}
TALL = "both halves of the factorised convolution are 7×1 now: the first must stay 1×7"
OTHER_ORDER = "7×1 comes before 1×7 now; only the second of the two was wrong"
KERNELS = {
    "": RIGHT.kernels,
    ONE_WAY: MISTAKES[ONE_WAY].kernels,
    TALL: lambda kernels: [kernel if 1 in kernel and kernel[0] >= kernel[1] else kernel[::-1] for kernel in kernels],
    OTHER_ORDER: lambda kernels: [kernel[::-1] for kernel in kernels],
    "the kernels are 7×7 now": lambda kernels: [(max(kernel), max(kernel)) for kernel in kernels],
}


def _name(block: Block) -> str:
    return f"MendedBlock({block.channels}, {block.branches[0][0][0]}, {block.scale})"


def _draw(generator: torch.Generator) -> Inputs:
    return {
        "maps": SPREAD * torch.randn(COUNT, MOST_CHANNELS, HEIGHT, WIDTH, generator=generator),
        "size": 1 + 0.5 * torch.rand((), generator=generator),
    }


def _maps(block: Block, inputs: Inputs) -> Tensor:
    return inputs["maps"][:, : block.channels].contiguous()


def _observed(answer: Callable, block: Block, inputs: Inputs) -> Iterator[Observation]:
    maps, name = _maps(block, inputs), _name(block)
    module = build(answer, block.channels, block.branches[0][0][0], block.scale)
    refuse_hidden_layers(module)
    settle_lazy_layers(module.eval(), maps)
    yield {"numbers": sum(each.numel() for each in trainable(module))}
    fill(module, IN_EVALUATION)
    evaluation = run_block(module, maps, name)
    outputs = []
    for sign in SIGNS:
        fill(module, sign * inputs["size"].item())
        outputs.append(run_block(module.train(), maps, name))
    yield {"evaluation": evaluation, "outputs": torch.stack(outputs), "use": in_use(module, maps, outputs[-1])}


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    return _observed(answer, SEEN, inputs)


# The judges -----------------------------------------------------------------------------------------------------------


def _outputs(maps: Tensor, block: Block, inputs: Inputs, rule: Rule = RIGHT) -> Tensor:
    return torch.stack([output(maps, block, sign * inputs["size"].item(), rule) for sign in SIGNS])


def _fault(got: Tensor, expected: Tensor, block: Block, what: str, misconception: str) -> Fault:
    return Fault(
        f"{_name(block)}: {what}",
        *differing_text(expected, got),
        misconception=misconception,
        picture=maps_picture(expected[0, 0, :4, :4], got[0, 0, :4, :4]),
    )


def _found(got: Tensor, maps: Tensor, block: Block, inputs: Inputs) -> tuple[str, str] | None:
    """Return the mistakes in joining and in the kernels that give what came back, "" for none; ``None`` if none do."""
    ways = {(name, kernels): replace(RULES[name], kernels=KERNELS[kernels]) for name in RULES for kernels in KERNELS}
    if close(got, _outputs(maps, block, inputs, ways["", ""])):
        return "", ""
    fitting = {}
    for names, rule in ways.items():
        each = _outputs(maps, block, inputs, rule)
        if close(got, each):
            fitting[names] = (got - each).abs().max().item()
    return min(fitting, key=fitting.__getitem__, default=None)


def _fault_in_outputs(seen: Observation, block: Block, inputs: Inputs, which: int, what: str) -> Fault | None:
    """Judge how input and residual are joined (0) or the kernels (1), whatever the other is."""
    maps, got = _maps(block, inputs), seen["outputs"]
    found = _found(got, maps, block, inputs)
    if found is not None and not found[which]:
        return None
    expected = _outputs(maps, block, inputs)
    message = f"in training, with all trainable numbers alike, {what}"
    return _fault(got.flatten(0, 1), expected.flatten(0, 1), block, message, found[which] if found else "")


def _fault_in_joining(seen: Observation, block: Block, inputs: Inputs) -> Fault | None:
    return _fault_in_outputs(seen, block, inputs, 0, "input and residual do not meet as they should")


def _fault_in_kernels(seen: Observation, block: Block, inputs: Inputs) -> Fault | None:
    return _fault_in_outputs(seen, block, inputs, 1, "the branches do not find what they should")


def _fault_in_numbers(seen: Observation, block: Block) -> Fault | None:
    return fault_in_numbers(seen["numbers"], block, _name(block)) or fault_in_use(seen["use"], _name(block))


def _fault_in_evaluation(seen: Observation, block: Block, inputs: Inputs) -> Fault | None:
    maps, got = _maps(block, inputs), seen["evaluation"]
    expected = output(maps, block, IN_EVALUATION, training=False)
    if close(got, expected):
        return None
    wrong = {
        f"in evaluation {name}": output(maps, block, IN_EVALUATION, rule, training=False)
        for name, rule in MISTAKES.items()
    }
    wrong["in evaluation, too, the batch's own mean and variance decide"] = output(maps, block, IN_EVALUATION)
    return _fault(got, expected, block, "in evaluation the output is wrong", named(got, wrong))


def _judge_joining(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_joining(seen, SEEN, inputs)


def _judge_kernels(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_numbers(seen, SEEN) or _fault_in_kernels(seen, SEEN, inputs)


def _fault_in_all(seen: Observation, block: Block, inputs: Inputs) -> Fault | None:
    return (
        _fault_in_numbers(seen, block)
        or _fault_in_joining(seen, block, inputs)
        or _fault_in_kernels(seen, block, inputs)
        or _fault_in_evaluation(seen, block, inputs)
    )


def _judge_all(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_all(seen, SEEN, inputs)


# At grading -----------------------------------------------------------------------------------------------------------


def _draw_block(generator: torch.Generator) -> Inputs:
    channels = int(torch.randint(6, MOST_CHANNELS + 1, (), generator=generator))
    filters = int(torch.randint(4, 7, (), generator=generator))
    scale = 0.15 + 0.2 * torch.rand((), generator=generator)
    return {**_draw(generator), "block": torch.tensor([channels, filters]), "scale": scale}


def _drawn(inputs: Inputs) -> Block:
    return _block(*inputs["block"].tolist(), round(inputs["scale"].item(), 3))


def _probe_drawn(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    return _observed(answer, _drawn(inputs), inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_all(seen, _drawn(inputs), inputs)


MENDED_BLOCK = Part(
    name="MendedBlock",
    task="mend",
    minutes=20,
    checks=(
        Check(
            "the residual is scaled, and nothing else",
            2,
            _probe,
            _judge_joining,
            (
                "Look at the last line of forward: which of the two is multiplied by the scale?",
                "Ten blocks in a row multiply the input by the scale ten times. What is 0.1 to the power of 10?",
                "The input is added as it is; what the last 1×1 convolution gives is multiplied by the scale.",
            ),
            _draw,
        ),
        Check(
            "rows and columns are seen",
            2,
            _probe,
            _judge_kernels,
            (
                "Light a single pixel: how far does it show to the left and to the right, how far up and down?",
                "A 7×7 convolution is factorised into a row and a column. Which kernels has your second branch?",
                "Its last convolution has 7 rows and 1 column, and needs padding for rows, not for columns.",
            ),
            _draw,
        ),
        Check(
            "both, and in evaluation too",
            1,
            _probe,
            _judge_all,
            (
                "Pass both other checks first.",
                "The scale is the same in training and in evaluation; all else stays as in the broken class.",
            ),
            _draw,
        ),
        Check(
            "other filters, another scale",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of a scale of 0.1 only?",
                "Channels, filters and scale must come from the arguments.",
            ),
            _draw_block,
            public=False,
        ),
    ),
)
