"""Part 3: a stage whose convolutions share their weights, and whose first one has no ReLU, to be mended."""

from collections.abc import Callable

import torch

from cnncourse.architectures.vgg16.exercise.filling import (
    Stack,
    draw_images,
    fault_in_numbers,
    fault_in_output,
    fault_in_relus,
    fault_in_shape,
    fault_with_both_signs,
    observe,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation

CASES = tuple(Stack(2, 3, depth, pooled=True) for depth in (3, 2, 1))  # 1 has nothing to share


def _look(answer: Callable, stack: Stack, inputs: Inputs) -> Observation:
    arguments = (stack.in_channels, stack.out_channels, stack.depth)
    return observe(answer, stack, inputs, *arguments, signs=True)


def _probe(answer: Callable, inputs: Inputs) -> Observation:
    return {stack.name: _look(answer, stack, inputs) for stack in CASES}


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    faults = (fault_in_numbers(seen[stack.name], stack) for stack in CASES)
    return next((fault for fault in faults if fault is not None), None)


def _judge_relus(seen: Observation, inputs: Inputs) -> Fault | None:
    for stack in CASES:
        case = seen[stack.name]
        fault = fault_in_shape(case, stack, inputs) or fault_in_relus(case, stack)
        if fault is not None:
            return fault
    return None


def _judge_output(seen: Observation, inputs: Inputs) -> Fault | None:
    """Judge what was right before: an answer that is not mended at all must not live on it."""
    for stack in CASES:
        case = seen[stack.name]
        fault = (
            fault_in_shape(case, stack, inputs) or fault_in_numbers(case, stack) or fault_in_output(case, stack, inputs)
        )
        if fault is not None:
            return fault
    return None


def _draw(generator: torch.Generator) -> Inputs:
    """Draw channels, and a depth that learners have not seen."""
    channels = torch.randperm(5, generator=generator)[:2] + 2
    depth = 4 + torch.randint(2, (), generator=generator)
    return {**draw_images(generator), "stage": torch.tensor([*channels.tolist(), depth])}


def _stage(inputs: Inputs) -> Stack:
    return Stack(*inputs["stage"].tolist(), pooled=True)


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    return _look(answer, _stage(inputs), inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    stack = _stage(inputs)
    return (
        fault_in_shape(seen, stack, inputs)
        or fault_in_numbers(seen, stack)
        or fault_in_relus(seen, stack)
        or fault_in_output(seen, stack, inputs)
        or fault_with_both_signs(seen, stack, inputs)
    )


STAGE = Part(
    name="MendedStage",
    task="mend",
    minutes=15,
    checks=(
        Check(
            "every convolution has weights of its own",
            2,
            _probe,
            _judge_numbers,
            (
                "Count the numbers of BrokenStage for depth 2, 3 and 4. Which of them should be different?",
                "In Python [layer] * 3 is a list that names one and the same layer three times.",
                "Make the layer inside a loop, so that each turn makes another one.",
            ),
            draw_images,
        ),
        Check(
            "a ReLU after every convolution",
            2,
            _probe,
            _judge_relus,
            (
                "Print a BrokenStage of depth 1 and one of depth 3. Which convolution has no ReLU behind it?",
                "Depth 1 is the case that shows it best: can a number below zero come out behind a ReLU?",
            ),
            draw_images,
        ),
        Check(
            "the stage does what it did, otherwise",
            1,
            _probe,
            _judge_output,
            (
                "What was right must stay: 3×3 kernels, zeros at the border, biases, a 2×2 max pooling at the end.",
                "One pooling behind the last ReLU, none in between.",
            ),
            draw_images,
        ),
        Check(
            "other channels, another depth",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of some depths only?",
                "The loop must run over the depth that is asked for.",
            ),
            _draw,
            public=False,
        ),
    ),
)
