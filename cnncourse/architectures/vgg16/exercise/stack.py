"""Part 1: a stack of convolutions that keep the size of their maps, each followed by a ReLU."""

from collections.abc import Callable

import torch

from cnncourse.architectures.vgg16.exercise.filling import (
    Stack,
    draw_images,
    fault_in_numbers,
    fault_in_output,
    fault_in_relus,
    fault_in_shape,
    fault_in_window,
    fault_with_both_signs,
    observe,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation

CASES = (
    Stack(2, 4, depth=2),
    Stack(2, 3, depth=1),
    Stack(3, 4, depth=3),
    Stack(2, 3, depth=2, kernel_size=5),
    Stack(3, 2, depth=2, kernel_size=1),
)


def _look(answer: Callable, stack: Stack, inputs: Inputs) -> Observation:
    arguments = (stack.in_channels, stack.out_channels, stack.depth)
    # 3 is what the kernel size is if nothing is said.
    more = () if stack.kernel_size == 3 else (stack.kernel_size,)
    return observe(answer, stack, inputs, *arguments, *more, signs=True)


def _probe(answer: Callable, inputs: Inputs) -> Observation:
    return {stack.name: _look(answer, stack, inputs) for stack in CASES}


def _first_fault(
    seen: Observation, inputs: Inputs, judge: Callable[[Observation, Stack], Fault | None]
) -> Fault | None:
    """Judge case by case; what has the wrong shape cannot be judged any further."""
    for stack in CASES:
        fault = fault_in_shape(seen[stack.name], stack, inputs) or judge(seen[stack.name], stack)
        if fault is not None:
            return fault
    return None


def _judge_shape(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first_fault(seen, inputs, lambda _seen, _stack: None)


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    faults = (fault_in_numbers(seen[stack.name], stack) for stack in CASES)
    return next((fault for fault in faults if fault is not None), None)


def _judge_window(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first_fault(seen, inputs, fault_in_window)


def _judge_relus(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first_fault(
        seen,
        inputs,
        lambda case, stack: (
            fault_in_output(case, stack, inputs)
            or fault_in_relus(case, stack)
            or fault_with_both_signs(case, stack, inputs)
        ),
    )


def _draw(generator: torch.Generator) -> Inputs:
    """Draw channels, and a depth and kernel that learners have not seen together."""
    depths_and_kernels = ((4, 3), (5, 3), (3, 1), (1, 7), (1, 9))
    channels = torch.randperm(6, generator=generator)[:2] + 2
    chosen = depths_and_kernels[torch.randint(len(depths_and_kernels), (), generator=generator)]
    return {**draw_images(generator), "stack": torch.tensor([*channels.tolist(), *chosen])}


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    return _look(answer, Stack(*inputs["stack"].tolist()), inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    stack = Stack(*inputs["stack"].tolist())
    return (
        fault_in_shape(seen, stack, inputs)
        or fault_in_numbers(seen, stack)
        or fault_in_window(seen, stack)
        or fault_in_output(seen, stack, inputs)
        or fault_in_relus(seen, stack)
        or fault_with_both_signs(seen, stack, inputs)
    )


STACK = Part(
    name="conv_stack",
    task="build",
    minutes=20,
    checks=(
        Check(
            "height and width stay",
            1,
            _probe,
            _judge_shape,
            (
                "A kernel of 3×3 without padding takes one pixel away on each side. What must be added there?",
                "For an odd kernel size k the padding is k // 2. There is no pooling and no stride here.",
            ),
            draw_images,
        ),
        Check(
            "every convolution has weights of its own",
            2,
            _probe,
            _judge_numbers,
            (
                "On paper: the numbers of two 3×3 convolutions, 2 → 3 and 3 → 3 channels, biases included.",
                "Is a layer made once and used several times, or made anew in every turn of the loop?",
                "Only the first convolution has in_channels; from the second on both sides have out_channels.",
            ),
            draw_images,
        ),
        Check(
            "one unit sees the right window",
            1,
            _probe,
            _judge_window,
            (
                "Two 3×3 convolutions see 5×5 pixels, three of them 7×7. Which window does yours have?",
                "Each convolution adds kernel_size − 1 pixels to height and width; no stride, no dilation.",
            ),
            draw_images,
        ),
        Check(
            "a ReLU after every convolution",
            2,
            _probe,
            _judge_relus,
            (
                "Print your stack. Is there a ReLU between any two convolutions, and one at the end?",
                "Without a ReLU between them, two 3×3 convolutions are a 5×5 convolution that has fewer numbers.",
                "Convolution, ReLU, convolution, ReLU, …: in a loop over the depth, two layers a turn.",
            ),
            draw_images,
        ),
        Check(
            "other channels, another depth, another kernel",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your function that is true of some depths or kernels only?",
                "Channels, depth, kernel size and padding must all come from the arguments.",
            ),
            _draw,
            public=False,
        ),
    ),
)
