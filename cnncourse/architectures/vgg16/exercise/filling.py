"""What the parts about stacks share: how a stack is filled so that it can be judged, whatever way it is written.

Within a weight all values are made the same, so that neither the order of its axes nor that of the layers matters. With
all of them positive every ReLU is on, and the stack is a sum over windows. With two weights negative and no biases the
first of the two gives a negative sum, which its ReLU turns into zeros, and zeros are all that can come out. Where that
ReLU is missing, minus times minus comes out in their place.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Fault
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.pictures import maps_picture
from cnncourse.checking.probing import build, refuse_hidden_layers, run, settle_lazy_layers
from cnncourse.checking.wording import differing_text, shape_text, values_text

RELATIVE_TOLERANCE = 1e-3
LINEAR = 0.3  # signs alone change a linear stack's largest output by less; a leak loses more


@dataclass(frozen=True)
class Stack:
    """Convolutions that keep the size of their maps, with a ReLU after each.

    Attributes:
        in_channels: of the image.
        out_channels: of every convolution.
        depth: number of convolutions.
        kernel_size: height and width of every kernel.
        pooled: whether a 2×2 max pooling follows the last ReLU.

    """

    in_channels: int
    out_channels: int
    depth: int
    kernel_size: int = 3
    pooled: bool = False

    @property
    def name(self) -> str:
        """The stack as the learner would call for it."""
        of = f"{self.in_channels} → {self.out_channels} channels"
        return f"{self.depth} convolution{'s' * (self.depth > 1)} of {self.kernel_size}×{self.kernel_size}, {of}"

    @property
    def channels(self) -> list[tuple[int, int]]:
        """Input and output channels of every convolution."""
        return [
            (self.in_channels if number == 0 else self.out_channels, self.out_channels) for number in range(self.depth)
        ]

    @property
    def window(self) -> int:
        """Height and width of what one unit of the last convolution sees."""
        return self.depth * (self.kernel_size - 1) + 1

    def numbers(self, *, bias: bool = True) -> int:
        """Count the trainable numbers."""
        return sum(o * (i * self.kernel_size**2 + bias) for i, o in self.channels)

    def shape(self, images: Tensor) -> tuple[int, ...]:
        """Return the shape of what comes out."""
        count, _, height, width = images.shape
        halved = 2 if self.pooled else 1
        return (count, self.out_channels, height // halved, width // halved)

    def output(self, images: Tensor, size: float, bias: float, pad: str = "constant") -> Tensor:
        """Return what comes out if each weight is ``size`` divided by the number of inputs of its unit."""
        maps, half = images, self.kernel_size // 2
        for i, o in self.channels:
            weight = torch.full((o, i, self.kernel_size, self.kernel_size), size / (i * self.kernel_size**2))
            maps = F.conv2d(F.pad(maps, (half,) * 4, mode=pad), weight, torch.full((o,), bias)).relu()
        return F.max_pool2d(maps, 2) if self.pooled else maps


def draw_images(generator: torch.Generator) -> Inputs:
    """Draw positive images, and the size of weights and biases."""
    return {
        "pixels": 0.5 + torch.rand(2, 8, 12, 14, generator=generator),
        "size": 0.5 + torch.rand((), generator=generator),
        "bias": 0.1 + 0.4 * torch.rand((), generator=generator),
    }


def images_for(stack: Stack, inputs: Inputs) -> Tensor:
    """Return the drawn images with the channels that a stack expects."""
    return inputs["pixels"][:, : stack.in_channels].contiguous()


def observe(answer: Callable, stack: Stack, inputs: Inputs, *arguments: object, signs: bool = False) -> Observation:
    """Build a stack and note its shape, its numbers, its output with all ReLUs on, and what one unit sees.

    Args:
        answer: what the learner defined.
        stack: what it should be.
        inputs: as drawn by ``draw_images``.
        arguments: what it is built with.
        signs: whether to try negative weights too.

    """
    module = build(answer, *arguments)
    refuse_hidden_layers(module)
    images = images_for(stack, inputs)
    settle_lazy_layers(module, images)
    strong = _of_both_signs(images)
    images.requires_grad_()
    numbers = [each for each in module.parameters() if each.requires_grad]
    _fill(numbers, stack.out_channels, inputs["size"].item(), inputs["bias"].item())
    output = run(module, images)
    seen: dict[str, object] = {"numbers": sum(each.numel() for each in numbers), "shape": list(output.shape)}
    if tuple(output.shape) != stack.shape(images):
        return seen
    seen["output"] = output
    if output.requires_grad:
        rows, columns = (side // 2 for side in output.shape[2:])
        output[:, :, rows, columns].sum().backward()
    seen["footprint"] = None if images.grad is None else (images.grad[0] != 0).any(dim=0)
    seen["idle"] = sum(each.grad is None or not each.grad.any() for each in numbers)
    with torch.no_grad():
        seen["of both signs"] = run(module, strong)
    if signs:
        seen["signs"] = _with_negative_weights(module, numbers, stack, inputs)
    return seen


def _of_both_signs(images: Tensor) -> Tensor:
    """Turn pixels from 0.5 to 1.5 into pixels from −20 to 20."""
    return 40 * (images.detach() - 1)


def _fill(
    numbers: list[nn.Parameter], out_channels: int, size: float, bias: float, negative: tuple[int, ...] = ()
) -> None:
    with torch.no_grad():
        weights = 0
        for each in numbers:
            if each.numel() == out_channels:
                each.fill_(bias)
            else:
                sign = -1 if weights in negative else 1
                each.fill_(sign * size * out_channels / each.numel())
                weights += 1


def _with_negative_weights(
    module: nn.Module, numbers: list[nn.Parameter], stack: Stack, inputs: Inputs
) -> dict[str, float]:
    """Return the largest output, sign apart, for each weight and each pair of weights that is made negative."""
    count = sum(each.numel() != stack.out_channels for each in numbers)
    images = images_for(stack, inputs)
    largest = {}
    with torch.no_grad():
        for negative in (*combinations(range(count), 1), *combinations(range(count), 2)):
            _fill(numbers, stack.out_channels, inputs["size"].item(), 0.0, negative)
            largest["+".join(map(str, negative))] = run(module, images).abs().max().item()
    return largest


def fault_in_shape(seen: Observation, stack: Stack, inputs: Inputs) -> Fault | None:
    """Say what is wrong with the shape of what comes out."""
    images = images_for(stack, inputs)
    expected, got = stack.shape(images), tuple(seen["shape"])
    if got == expected:
        return None
    sides = tuple(images.shape[2:])
    lost = stack.depth * (stack.kernel_size - 1)
    misconceptions = {
        "no padding: every convolution takes a border away": (
            got[2:] == tuple((side - lost) // (2 if stack.pooled else 1) for side in sides)
        ),
        "the padding is 1, whatever the kernel: it must be half of the kernel, rounded down": (
            stack.kernel_size != 3 and got[2:] == tuple(side - lost + 2 * stack.depth for side in sides)
        ),
        "something halves the maps: a pooling or a stride inside the stack": (
            not stack.pooled and len(got) == 4 and got[2] < sides[0] and sides[0] % got[2] == 0
        ),
        "the pooling is gone": stack.pooled and got[2:] == sides,
        "the number of output channels is wrong": got[2:] == expected[2:] and got[1] != expected[1],
    }
    return Fault(
        f"{stack.name}: for an input of shape {shape_text(images.shape)} the output has the wrong shape",
        expected=shape_text(expected),
        got=shape_text(got),
        misconception=next((name for name, applies in misconceptions.items() if applies), ""),
    )


def fault_in_numbers(seen: Observation, stack: Stack) -> Fault | None:
    """Say what is wrong with the number of trainable numbers, or with those that are never used."""
    expected, got = stack.numbers(), seen["numbers"]
    if got == expected and not seen.get("idle"):
        return None
    if got == expected:
        return Fault(
            f"{stack.name}: some of the numbers have no effect on the output",
            expected="every weight and every bias gets a gradient",
            got=f"{seen['idle']} without",
            misconception="convolutions are made and then not used, or one of them is used in their place",
        )
    first, *others = (o * (i * stack.kernel_size**2 + 1) for i, o in stack.channels)
    candidates = {
        "one convolution object is used several times: it has one set of weights, and so have all of its uses": (
            first + (others[0] if others else 0)
        ),
        "the biases are left out": stack.numbers(bias=False),
        "batch normalisation is added; it came a year later": expected + 2 * stack.depth * stack.out_channels,
        "one convolution too few": expected - (others[0] if others else first),
        "one convolution too many": expected + stack.out_channels * (stack.out_channels * stack.kernel_size**2 + 1),
        "the kernel size is ignored: these are 3×3 kernels": (
            Stack(stack.in_channels, stack.out_channels, stack.depth).numbers()
        ),
        "one large kernel in place of the stack": (stack.out_channels * (stack.in_channels * stack.window**2 + 1)),
        "each map has a kernel of its own (groups): a convolution sees all maps": (
            sum(o * (stack.kernel_size**2 + 1) for _, o in stack.channels)
        ),
    }
    return Fault(
        f"{stack.name}: the number of trainable numbers is wrong",
        expected=f"{expected:,}",
        got=f"{got:,}",
        misconception=next((name for name, number in candidates.items() if number == got), ""),
    )


def fault_in_window(seen: Observation, stack: Stack) -> Fault | None:
    """Say what is wrong with what one unit sees."""
    footprint = seen["footprint"]
    if footprint is None:
        return Fault(
            "no gradient gets through the stack: what lies before it would never learn",
            expected="a gradient at the pixels that a unit sees",
            got="none",
            misconception="the maps are cut off from the gradient",
        )
    rows, columns = (side // 2 for side in footprint.shape)
    expected, half = torch.zeros_like(footprint), stack.window // 2
    expected[rows - half : rows + half + 1, columns - half : columns + half + 1] = True
    if torch.equal(footprint, expected):
        return None
    height, width = (_extent(footprint.any(dim=axis)) for axis in (1, 0))
    full = bool(footprint.any()) and int(footprint.sum()) == height * width
    misconceptions = {
        "there are holes in the window: a dilation spreads the kernels": not full,
        "one convolution too few": height == width == stack.window - stack.kernel_size + 1,
        "one convolution too many": height == width == stack.window + stack.kernel_size - 1,
    }
    return Fault(
        f"{stack.name}: one unit depends on the wrong pixels",
        expected=f"{stack.window}×{stack.window} pixels",
        got=f"{int(footprint.sum())} pixels, within {height}×{width}",
        misconception=next((name for name, applies in misconceptions.items() if applies), ""),
    )


def _extent(seen: Tensor) -> int:
    """Return the distance from the first to the last True, both counted."""
    places = seen.nonzero().flatten().tolist()
    return places[-1] - places[0] + 1 if places else 0


def fault_in_output(seen: Observation, stack: Stack, inputs: Inputs) -> Fault | None:
    """Say what is wrong with the output where all weights are positive, and every ReLU is on."""
    images, size, bias = images_for(stack, inputs), inputs["size"].item(), inputs["bias"].item()
    expected, got = stack.output(images, size, bias), seen["output"]
    if close(got, expected):
        return None
    misconceptions = {
        "the border is not filled with zeros": any(
            close(got, stack.output(images, size, bias, pad)) for pad in ("replicate", "circular", "reflect")
        )
        and stack.kernel_size > 1,
        "the biases have no effect": close(got, stack.output(images, size, 0.0)),
        "the pooling takes the mean; the paper takes the largest": stack.pooled
        and close(got, F.avg_pool2d(replace(stack, pooled=False).output(images, size, bias), 2)),
        "an activation that changes positive numbers: ReLU leaves them as they are": all(seen["signs"].values()),
    }
    return Fault(
        f"{stack.name}: with positive weights and images the output is not the sum over windows",
        expected=values_text(expected),
        got=values_text(got),
        misconception=next((name for name, applies in misconceptions.items() if applies), ""),
        picture=maps_picture(expected[0, 0, :4, :4], got[0, 0, :4, :4]),
    )


def fault_with_both_signs(seen: Observation, stack: Stack, inputs: Inputs) -> Fault | None:
    """Say what is wrong with the output for large pixels, some of them below zero, if every ReLU is in its place."""
    images, size, bias = images_for(stack, inputs), inputs["size"].item(), inputs["bias"].item()
    images, got = _of_both_signs(images), seen["of both signs"]
    expected = stack.output(images, size, bias)
    if close(got, expected):
        return None
    misconceptions = {
        "a ReLU stands before the first convolution: what is below zero in the image is lost": close(
            got, stack.output(images.relu(), size, bias)
        ),
        "an activation that cuts off large values, such as ReLU6; ReLU leaves them as they are": (
            got.max().item() < 0.9 * expected.max().item() and bool((got == got.max()).sum() > 1)
        ),
    }
    return Fault(
        f"{stack.name}: with large pixels of both signs the output is not that of convolutions and ReLUs",
        *differing_text(expected, got),
        misconception=next((name for name, applies in misconceptions.items() if applies), ""),
        hints=(
            "Give your module an image times 40, some pixels of it below zero. What does each of its steps make of it?",
            "Convolutions and ReLUs, nothing else: no other activation, no normalisation, nothing before the first.",
        ),
    )


def fault_in_relus(seen: Observation, stack: Stack) -> Fault | None:
    """Say which ReLU is missing: with a negative weight in it the stack can give nothing but zeros."""
    largest = seen["signs"]
    leaks = {name for name, value in largest.items() if value != 0}
    if not leaks:
        return None
    after_last = str(stack.depth - 1) in leaks
    between = [number for number in range(1, stack.depth) if f"{number - 1}+{number}" in leaks]
    everywhere = len(leaks) == len(largest)
    misconceptions = {
        "an activation that lets negative numbers through; ReLU gives exactly 0 for them": (
            everywhere and min(largest.values()) < LINEAR * max(largest.values())
        ),
        "there is no ReLU at all: convolutions in a row are one linear map (linear collapse)": (
            everywhere and stack.depth > 1
        ),
        "the ReLU after the last convolution is missing": after_last and not between,
        "ReLUs are missing, also after the last convolution": after_last,
        "there is one ReLU, at the end: the convolutions before it are one linear map (linear collapse)": (
            len(between) == stack.depth - 1
        ),
        "a ReLU between two convolutions is missing: the two are one linear map": bool(between),
    }
    return Fault(
        f"{stack.name}: with negative weights something other than 0 gets through",
        expected="only zeros: a ReLU stands behind every convolution",
        got=f"{max(largest.values()):.3g} at most",
        misconception=next((name for name, applies in misconceptions.items() if applies), ""),
    )


def close(got: Tensor, expected: Tensor) -> bool:
    """Whether two outputs agree but for the rounding of sums in another order."""
    return got.shape == expected.shape and bool(
        torch.allclose(got, expected, rtol=RELATIVE_TOLERANCE, atol=RELATIVE_TOLERANCE * expected.abs().max().item())
    )
