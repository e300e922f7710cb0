"""Part 1: the residual Inception block, branches side by side whose result is scaled down and added to the input."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from cnncourse.architectures.inception_resnet_v2.exercise.equal_numbers import (
    UNSCALED,
    Block,
    Branch,
    close,
    fault_in_numbers,
    fill,
    mistaken_outputs,
    named,
    output,
    run_block,
    trainable,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.pictures import maps_picture
from cnncourse.checking.probing import build, refuse_hidden_layers, settle_lazy_layers
from cnncourse.checking.wording import differing_text, values_text

COUNT, HEIGHT, WIDTH = 3, 7, 9
MOST_CHANNELS = 7
SPREAD = 3.0  # of the maps, so large that epsilon hardly counts, and that no residual hides their sign
IN_EVALUATION = 0.25  # all numbers in evaluation, where nothing normalises: larger ones would outgrow the input

# Kinds of branches as the released network has them, with few filters.
ON_35 = (((2, 1),), ((2, 1), (3, 3)), ((2, 1), (3, 3), (4, 3)))
ON_17 = (((3, 1),), ((2, 1), (3, (1, 7)), (4, (7, 1))))
ON_8 = (((3, 1),), ((2, 1), (3, (1, 3)), (5, (3, 1))))
BLOCK_35, BLOCK_17, LAST = Block(5, ON_35, 0.17), Block(6, ON_17, 0.1), Block(5, ON_8, 0.2, activation=False)
CASES = (BLOCK_35, BLOCK_17, LAST)


def _draw(generator: torch.Generator) -> Inputs:
    return {
        "maps": SPREAD * torch.randn(COUNT, MOST_CHANNELS, HEIGHT, WIDTH, generator=generator),
        "size": 1 + 0.5 * torch.rand((), generator=generator),
    }


def _maps(block: Block, inputs: Inputs) -> Tensor:
    return inputs["maps"][:, : block.channels].contiguous()


# What the probe looks at ----------------------------------------------------------------------------------------------


def _built(answer: Callable, block: Block, inputs: Inputs) -> nn.Module:
    module = build(answer, *block.arguments)
    refuse_hidden_layers(module)
    settle_lazy_layers(module.eval(), _maps(block, inputs))  # in evaluation, so that no average moves
    return module


def _shortcut_alone(module: nn.Module, block: Block, inputs: Inputs) -> Observation:
    """Note what comes out if all numbers are zero, and the gradient of its sum by what went in."""
    fill(module, 0.0)
    pixels = _maps(block, inputs).requires_grad_()
    found = run_block(module, pixels, block.name)
    if found.requires_grad:
        found.sum().backward()
    return {"alone": found, "gradient": pixels.grad}


def _look(module: nn.Module, block: Block, inputs: Inputs) -> Iterator[Observation]:
    """Look at the block in evaluation, while its averages are new, then in training with both signs, then again."""
    maps, size = _maps(block, inputs), inputs["size"].item()
    yield {f"shortcut of {block.name}": _shortcut_alone(module.eval(), block, inputs)}
    fill(module, IN_EVALUATION)
    new = run_block(module, maps, block.name)
    fill(module, size)
    above = run_block(module.train(), maps, block.name)
    with_gradient = torch.autograd.grad(above.sum(), trainable(module), allow_unused=True)
    fill(module, -size)
    below = run_block(module, maps, block.name)
    yield {
        f"above of {block.name}": above,
        f"below of {block.name}": below,
        f"without gradient of {block.name}": sum(gradient is None for gradient in with_gradient),
    }
    fill(module, IN_EVALUATION)
    yield {f"new of {block.name}": new, f"later of {block.name}": run_block(module.eval(), maps, block.name)}


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    built = {}
    for block in CASES:
        built[block] = _built(answer, block, inputs)
        yield {f"numbers of {block.name}": sum(each.numel() for each in trainable(built[block]))}
    for block, module in built.items():
        yield from _look(module, block, inputs)


# The judges -----------------------------------------------------------------------------------------------------------


def _fault(got: Tensor, expected: Tensor, block: Block, what: str, misconception: str) -> Fault:
    return Fault(
        f"{block.name}: {what}",
        *differing_text(expected, got),
        misconception=misconception,
        picture=maps_picture(expected[0, 0, :4, :4], got[0, 0, :4, :4]),
    )


def _fault_in_count(seen: Observation, block: Block) -> Fault | None:
    return fault_in_numbers(seen[f"numbers of {block.name}"], block, block.name)


def _fault_in_shortcut(seen: Observation, block: Block, inputs: Inputs) -> Fault | None:
    maps, alone = _maps(block, inputs), seen[f"shortcut of {block.name}"]
    expected, got, gradient = output(maps, block, 0.0), alone["alone"], alone["gradient"]
    if not close(got, expected):
        what = "with all its trainable numbers at zero, what is left is not the input" + (
            " behind a ReLU" if block.activation else ""
        )
        return _fault(got, expected, block, what, named(got, mistaken_outputs(maps, block, 0.0)))
    slope = (maps > 0).float() if block.activation else torch.ones_like(maps)
    if gradient is not None and close(gradient, slope):
        return None
    cut_off = gradient is None or not gradient.any()
    return Fault(
        f"{block.name}: the gradient does not come back through the shortcut as it went in",
        expected=values_text(slope),
        got="none" if gradient is None else values_text(gradient),
        misconception="the shortcut is cut off from the gradient, by detach or no_grad" if cut_off else "",
    )


def _fault_in_training(seen: Observation, block: Block, inputs: Inputs, sign: int) -> Fault | None:
    maps, size = _maps(block, inputs), sign * inputs["size"].item()
    got = seen[f"{'above' if sign > 0 else 'below'} of {block.name}"]
    expected = output(maps, block, size)
    if not close(got, expected):
        what = f"in training, with all trainable numbers {size:.2f}, the output is wrong".replace("-", "−")
        return _fault(got, expected, block, what, named(got, mistaken_outputs(maps, block, size)))
    if without := seen[f"without gradient of {block.name}"]:
        return Fault(
            f"{block.name}: some of its trainable numbers have no share in the output, or get no gradient",
            got=f"{without} parameters without a gradient",
        )
    return None


def _fault_in_evaluation(seen: Observation, block: Block, inputs: Inputs) -> Fault | None:
    maps, got = _maps(block, inputs), seen[f"new of {block.name}"]
    expected = output(maps, block, IN_EVALUATION, training=False)
    if not close(got, expected):
        wrong = mistaken_outputs(maps, block, IN_EVALUATION, training=False)
        wrong["in evaluation, too, the batch's own mean and variance decide"] = output(maps, block, IN_EVALUATION)
        name = named(got, wrong)
        return _fault(
            got,
            expected,
            block,
            f"in evaluation, with all trainable numbers {IN_EVALUATION}, the output is wrong",
            f"in evaluation {name}" if name == UNSCALED else name,
        )
    if close(seen[f"later of {block.name}"], got):
        return Fault(
            f"{block.name}: after training, evaluation gives the same as before",
            misconception="batch normalisation keeps no averages for evaluation",
        )
    return None


def _first(faults: Iterator[Fault | None]) -> Fault | None:
    return next(filter(None, faults), None)


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _first(_fault_in_count(seen, block) for block in CASES)


def _judge_shortcut(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_shortcut(seen, BLOCK_35, inputs)


def _judge_scaled(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first(_fault_in_training(seen, block, inputs, 1) for block in (BLOCK_35, BLOCK_17))


def _judge_takes_away(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first(_fault_in_training(seen, block, inputs, -1) for block in (BLOCK_35, BLOCK_17))


def _judge_last(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_shortcut(seen, LAST, inputs) or _first(
        _fault_in_training(seen, LAST, inputs, sign) for sign in (1, -1)
    )


def _judge_evaluation(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first(_fault_in_evaluation(seen, block, inputs) for block in CASES)


# At grading -----------------------------------------------------------------------------------------------------------

KERNELS = (1, 3, 5, (1, 5), (5, 1), (3, 1), (1, 3), (3, 5), (5, 3))


def _draw_block(generator: torch.Generator) -> Inputs:
    """Draw a block with four branches, which no block in the notebook has, and kernels that none has."""
    lengths = (1, *torch.randint(1, 4, (2,), generator=generator).tolist(), 2)
    steps = [
        [int(torch.randint(2, 6, (), generator=generator)), int(torch.randint(len(KERNELS), (), generator=generator))]
        for _ in range(sum(lengths))
    ]
    steps[-1][1] = KERNELS.index((3, 5))  # told apart from (5, 3), and unknown to a table of common kernels
    channels = int(torch.randint(3, MOST_CHANNELS + 1, (), generator=generator))
    scale = 0.25 + 0.25 * torch.rand((), generator=generator)
    return {
        **_draw(generator),
        "channels": torch.tensor(channels),
        "lengths": torch.tensor(lengths),
        "steps": torch.tensor(steps),
        "scale": scale,
    }


def _drawn(inputs: Inputs) -> tuple[Block, Block]:
    """Return the block that was drawn, with and without a ReLU at its end."""
    steps = [(filters, KERNELS[number]) for filters, number in inputs["steps"].tolist()]
    branches: list[Branch] = []
    for length in inputs["lengths"].tolist():
        branches.append(tuple(steps[:length]))
        steps = steps[length:]
    channels, scale = inputs["channels"].item(), round(inputs["scale"].item(), 3)
    return tuple(Block(channels, tuple(branches), scale, activation) for activation in (True, False))


def _probe_drawn(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    for block in _drawn(inputs):
        module = _built(answer, block, inputs)
        yield {f"numbers of {block.name}": sum(each.numel() for each in trainable(module))}
        yield from _look(module, block, inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    for block in _drawn(inputs):
        fault = (
            _fault_in_count(seen, block)
            or _fault_in_shortcut(seen, block, inputs)
            or _fault_in_training(seen, block, inputs, 1)
            or _fault_in_training(seen, block, inputs, -1)
            or _fault_in_evaluation(seen, block, inputs)
        )
        if fault is not None:
            return fault
    return None


RESIDUAL_BLOCK = Part(
    name="InceptionResidualBlock",
    task="build",
    minutes=30,
    checks=(
        Check(
            "trainable numbers",
            2,
            _probe,
            _judge_numbers,
            (
                "On paper: which layers of your block have something to learn, and which of them has a bias?",
                "Each convolution in the branches has a batch normalisation, 2 numbers a map, and no bias.",
                "The last 1×1 convolution takes in the maps of all branches; it has a bias and no normalisation.",
            ),
            _draw,
        ),
        Check(
            "the input gets through",
            1,
            _probe,
            _judge_shortcut,
            (
                "If every number of the branches and of the last convolution is zero, what should come out?",
                "The input is added as it came: not scaled, not rectified, not detached.",
            ),
            _draw,
        ),
        Check(
            "what the branches find is scaled and added",
            2,
            _probe,
            _judge_scaled,
            (
                "Write down what happens to the input, step by step. Where does the scale come in, and how often?",
                "All branches look at the same input. A kernel is (rows, columns), and so is torch's padding.",
                "Stack the branches' maps, last 1×1 convolution, times the scale, plus the input, ReLU.",
            ),
            _draw,
        ),
        Check(
            "the residual may take away",
            1,
            _probe,
            _judge_takes_away,
            (
                "Print the smallest value just before the addition. What should be possible, and what is?",
                "Nothing at all stands between the last 1×1 convolution and the scale.",
            ),
            _draw,
        ),
        Check(
            "a last block without a ReLU",
            1,
            _probe,
            _judge_last,
            (
                "What is left out if activation is False, and what is not?",
                "Only the ReLU behind the addition goes; those in the branches stay. The scale is as it is given.",
            ),
            _draw,
        ),
        Check(
            "in evaluation too",
            1,
            _probe,
            _judge_evaluation,
            (
                "Which layers of your block behave differently in training and in evaluation?",
                "Batch normalisation does, by itself. The scale is the same in both.",
            ),
            _draw,
        ),
        Check(
            "other branches, another scale",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of the released network's branches only?",
                "Any number of branches, any odd kernel: padding is half of it, rounded down, for rows and columns.",
            ),
            _draw_block,
            public=False,
        ),
    ),
)
