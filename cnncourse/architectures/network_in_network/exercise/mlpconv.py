"""Part 1: an mlpconv layer, a small multilayer perceptron that slides over the image."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.network_in_network.exercise.known_numbers import (
    Layer,
    are_distinct,
    draw_numbers,
    expected_maps,
    fill,
    perceptron,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.pictures import maps_picture
from cnncourse.checking.probing import build, fill_with_random_numbers, moving_numbers, refuse_hidden_layers, run
from cnncourse.checking.wording import differing_text, shape_text, values_text

TOLERANCE = 1e-4
PLACE = (3, 4)  # of the output unit whose view is looked at


class Setting(NamedTuple):
    """The arguments of one mlpconv layer."""

    in_channels: int
    widths: tuple[int, ...]
    kernel_size: int
    padding: int

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Its layers."""
        return perceptron(*self)

    def shape_for(self, maps: Tensor) -> tuple[int, ...]:
        """Return the shape of what it gives."""
        grown = 2 * self.padding - self.kernel_size + 1
        return (len(maps), self.widths[-1], maps.shape[2] + grown, maps.shape[3] + grown)

    def build(self, answer: Callable) -> nn.Module:
        """Build the learner's layer."""
        layer = build(answer, self.in_channels, list(self.widths), self.kernel_size, self.padding)
        refuse_hidden_layers(layer)
        return layer


# Every layer has another number of weights, and of biases, so that each can be recognised by it.
SHOWN = Setting(in_channels=2, widths=(3, 6, 12), kernel_size=3, padding=1)


def _run(layer: nn.Module, maps: Tensor, setting: Setting) -> Tensor:
    """Run a layer; refuse an output of another shape with its likely reason."""
    output = run(layer, maps)
    got, expected = tuple(output.shape), setting.shape_for(maps)
    if got == expected:
        return output
    later = len(setting.widths) - 1
    misconceptions = {
        "the 1×1 convolutions are padded too, so that the maps grow": 2 * setting.padding * later,
        "the later layers have k×k kernels: a 1×1 kernel takes nothing off the maps": -(setting.kernel_size - 1)
        * later,
        "the padding is left out": -2 * setting.padding,
    }
    named = ""
    if len(got) == 4 and got[1] == expected[1]:
        larger = (got[2] - expected[2], got[3] - expected[3])
        named = next((name for name, grown in misconceptions.items() if larger == (grown, grown)), "")
    elif got == (expected[0], *expected[2:], expected[1]):
        named = "the channels are left in the last place; put them back into the second"
    elif len(got) == 4 and got[1] == setting.widths[0]:
        named = "the first layer only: the rest of the perceptron is missing"
    raise RefusedAnswerError(
        Fault(
            f"for maps of shape {shape_text(maps.shape)} the output has the wrong shape",
            shape_text(expected),
            shape_text(got),
            named,
        )
    )


def _shown_maps(generator: torch.Generator) -> Inputs:
    maps = torch.randn(2, SHOWN.in_channels, 3, 4, generator=generator)
    return {
        "maps": torch.randn(2, SHOWN.in_channels, 7, 8, generator=generator),
        "weights": torch.rand(2, SHOWN.widths[-1], 7, 8, generator=generator) + 0.1,
        "few": maps,
        **draw_numbers(maps, SHOWN.layers, generator),
    }


def _patches(maps: Tensor, setting: Setting) -> Tensor:
    """Cut out what each output unit sees, zeros around the maps included: shape (N × places, channels, k, k)."""
    side = setting.kernel_size
    patches = F.unfold(maps, side, padding=setting.padding).transpose(1, 2)
    return patches.reshape(-1, setting.in_channels, side, side)


def _probe_positions(answer: Callable, inputs: Inputs) -> Observation:
    """Run the layer over maps, and the same layer, without padding, on each of their patches."""
    layer, alone = SHOWN.build(answer), SHOWN._replace(padding=0).build(answer)
    maps, patches = inputs["maps"], _patches(inputs["maps"], SHOWN)
    _run(layer, maps, SHOWN)
    _run(alone, patches, SHOWN._replace(padding=0))
    fill_with_random_numbers(layer, largest=0.5)
    with torch.no_grad():
        for number, same in zip(layer.parameters(), alone.parameters(), strict=True):
            same.copy_(number)
    sliding = _run(layer, maps, SHOWN)
    one_by_one = _run(alone, patches, SHOWN._replace(padding=0))
    return {"sliding": sliding, "one by one": one_by_one}


def _judge_positions(seen: Observation, inputs: Inputs) -> Fault | None:
    sliding = seen["sliding"]
    count, width, rows, columns = SHOWN.shape_for(inputs["maps"])
    expected = seen["one by one"].view(count, rows, columns, width).permute(0, 3, 1, 2)
    if torch.allclose(sliding, expected, atol=TOLERANCE):
        return None
    inner = torch.allclose(sliding[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1], atol=TOLERANCE)
    return Fault(
        "over whole maps the layer gives something else than on their 3×3 patches one by one",
        expected=values_text(expected),
        got=values_text(sliding),
        misconception="the border is not padded with zeros"
        if inner
        else "what it does at a position depends on other positions than the patch",
    )


def _probe_views(answer: Callable, inputs: Inputs) -> Observation:
    """Look at the gradients of a layer in which no unit is off: all numbers and all maps are above zero."""
    layer = SHOWN.build(answer)
    maps = inputs["maps"].abs().requires_grad_()
    _run(layer, maps.detach(), SHOWN)
    fill_with_random_numbers(layer)
    with torch.no_grad():
        for number in layer.parameters():
            number.copy_(number.abs())
    output = _run(layer, maps, SHOWN)
    if not output.requires_grad:
        return {"moving": 0, "view": torch.zeros(maps.shape[2:])}
    row, column = PLACE
    (view,) = torch.autograd.grad(output[0, :, row, column].sum(), maps, retain_graph=True, allow_unused=True)
    (output * inputs["weights"]).sum().backward()
    view = torch.zeros(maps.shape) if view is None else view
    return {"moving": moving_numbers(layer), "view": view[0].abs().sum(dim=0)}


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    expected, got = sum(layer.numbers for layer in SHOWN.layers), seen["moving"]
    return None if got == expected else _fault_in_count(got, SHOWN)


def _fault_in_count(got: int, setting: Setting) -> Fault:
    first, *later = setting.layers
    expected = sum(layer.numbers for layer in setting.layers)
    area, last = setting.kernel_size**2, setting.widths[-1]
    biases = sum(setting.widths)
    misconceptions = {
        "the later layers have k×k kernels; each unit of theirs sees one position, 1×1": first.numbers
        + sum(area * layer.weights + layer.outputs for layer in later),
        "only one 1×1 convolution: a width is left out": first.numbers + (first.outputs + 1) * last,
        "the 1×1 convolutions treat each channel alone; they must see all channels of a position": first.numbers
        + sum(2 * layer.outputs for layer in later),
        "an ordinary convolution: the perceptron's other layers are missing": (area * setting.in_channels + 1) * last,
        "the biases are left out": expected - biases,
        "the biases of the 1×1 convolutions are left out": expected - biases + first.outputs,
        "batch normalisation, which came two years later, has numbers of its own": expected + 2 * biases,
        "the first layer only can learn: the others are cut off, or frozen": first.numbers,
        "nothing can learn: the weights are cut off from the gradient": 0,
    }
    sums = " + ".join(f"({layer.weights:,} + {layer.outputs})" for layer in setting.layers)
    return Fault(
        "the number of values that training moves is wrong",
        expected=f"{sums} = {expected:,}",
        got=f"{got:,}",
        misconception=next((name for name, count in misconceptions.items() if count == got), ""),
    )


def _judge_view(seen: Observation, _inputs: Inputs) -> Fault | None:
    row, column = PLACE
    expected = torch.zeros(seen["view"].shape, dtype=torch.bool)
    top, left = row - SHOWN.padding, column - SHOWN.padding
    expected[top : top + SHOWN.kernel_size, left : left + SHOWN.kernel_size] = True
    got = seen["view"] != 0
    if torch.equal(got, expected):
        return None
    misconceptions = {
        "every unit sees the whole image: something adds up, or averages, over positions": got.all(),
        "the first kernel is 1×1 as well": got.sum() == 1,
        "a second k×k kernel widens the view; after the first layer nothing may look beyond its own position": (
            got.sum() > expected.sum()
        ),
    }
    return Fault(
        f"the unit at row {row}, column {column} does not see what it should of the image",
        expected=f"the {SHOWN.kernel_size}×{SHOWN.kernel_size} = {int(expected.sum())} pixels around it",
        got=f"{int(got.sum())} pixels",
        misconception=next((name for name, applies in misconceptions.items() if applies), ""),
    )


def _known_output(answer: Callable, maps: Tensor, setting: Setting, inputs: Inputs) -> Tensor:
    layer = setting.build(answer)
    _run(layer, maps, setting)  # lazy layers have their weights only now
    fill(layer, setting.layers, inputs)
    return _run(layer, maps, setting)


def _probe_known(answer: Callable, inputs: Inputs) -> Observation:
    return {"output": _known_output(answer, inputs["few"], SHOWN, inputs)}


def _judge_known(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_values(seen["output"], inputs["few"], SHOWN, inputs)


def _fault_in_values(got: Tensor, maps: Tensor, setting: Setting, inputs: Inputs) -> Fault | None:
    layers = setting.layers
    expected = expected_maps(maps, layers, inputs)
    if torch.allclose(got, expected, atol=TOLERANCE, rtol=1e-4):
        return None

    def with_activations(activations: Sequence[Callable[[Tensor], Tensor]]) -> Tensor:
        return expected_maps(maps, layers, inputs, activations)

    count, relu = len(layers), F.relu
    mistakes = {
        "no ReLU at all: the layers together are one linear filter": [_same] * count,
        "a ReLU after the last layer only: the layers before it are one linear filter": [*[_same] * (count - 1), relu],
        "the ReLU after the last layer is missing": [*[relu] * (count - 1), _same],
    }
    for number in range(1, count):
        left_out = [relu] * count
        left_out[number - 1] = _same
        mistakes[f"the ReLU after layer {number} is missing"] = left_out
    mistakes |= {
        "tanh in place of ReLU": [torch.tanh] * count,
        "the logistic function in place of ReLU": [torch.sigmoid] * count,
        "a leaky ReLU: below zero a ReLU gives exactly 0": [F.leaky_relu] * count,
    }
    found = (
        name
        for name, activations in mistakes.items()
        if torch.allclose(got, with_activations(activations), atol=TOLERANCE, rtol=1e-4)
    )
    return Fault(
        "with known weights and biases the output is wrong",
        *differing_text(expected, got),
        misconception=next(found, ""),
        picture=_first_difference(expected, got),
    )


def _same(maps: Tensor) -> Tensor:
    return maps


def _first_difference(expected: Tensor, got: Tensor) -> str:
    """Draw the first map that is wrong, if it is small enough to be read."""
    if expected[0, 0].numel() > 12:
        return ""
    wrong = (got - expected).abs().amax(dim=(2, 3)) > TOLERANCE
    picture, number = wrong.nonzero()[0].tolist()
    return maps_picture(expected[picture, number], got[picture, number])


def _drawn_setting(generator: torch.Generator) -> Inputs:
    """Draw the maps, the kernel, the padding, and one to four widths, whose layers can be told apart."""
    while True:
        in_channels, kernel_size, count = (int(torch.randint(1, 5, (), generator=generator)) for _ in range(3))
        padding = int(torch.randint(kernel_size, (), generator=generator))
        # Three widths are what learners can see.
        widths = tuple(torch.randint(2, 12, (count if count != 3 else 5,), generator=generator).tolist())
        setting = Setting(in_channels, widths, kernel_size, padding)
        if are_distinct(setting.layers):
            break
    rows, columns = torch.randint(5, 9, (2,), generator=generator).tolist()
    maps = torch.randn(2, in_channels, rows, columns, generator=generator)
    return {
        "setting": torch.tensor([in_channels, kernel_size, padding]),
        "widths": torch.tensor(widths),
        "maps": maps,
        **draw_numbers(maps, setting.layers, generator),
    }


def _setting(inputs: Inputs) -> Setting:
    in_channels, kernel_size, padding = inputs["setting"].tolist()
    return Setting(in_channels, tuple(inputs["widths"].tolist()), kernel_size, padding)


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    setting = _setting(inputs)
    layer = setting.build(answer)
    _run(layer, inputs["maps"], setting)
    # A width that is left out, or one too many, is told before the layers are looked for.
    numbers = sum(parameter.numel() for parameter in layer.parameters() if parameter.requires_grad)
    if numbers != sum(each.numbers for each in setting.layers):
        return {"numbers": numbers}
    return {"numbers": numbers, "output": _known_output(answer, inputs["maps"], setting, inputs)}


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    setting = _setting(inputs)
    fault = (
        _fault_in_values(seen["output"], inputs["maps"], setting, inputs)
        if "output" in seen
        else _fault_in_count(seen["numbers"], setting)
    )
    if fault is None:
        return None
    return Fault(
        f"for {setting.in_channels} maps, widths {setting.widths}, kernels of {setting.kernel_size} and padding "
        f"{setting.padding}: {fault.message}",
        fault.expected,
        fault.got,
        fault.misconception,
    )


MLPCONV = Part(
    name="MLPConv",
    task="build",
    minutes=20,
    checks=(
        Check(
            "one perceptron for all positions",
            2,
            _probe_positions,
            _judge_positions,
            (
                "Run your layer on torch.zeros(1, 2, 7, 8) and print the shape after each of its steps.",
                "The first layer is an ordinary convolution with the kernel and the padding that are asked for.",
                "A later layer sees one position only: nn.Conv2d(…, …, kernel_size=1), without padding.",
            ),
            _shown_maps,
        ),
        Check(
            "trainable numbers",
            2,
            _probe_views,
            _judge_numbers,
            (
                "Print [p.shape for p in your_layer.parameters()]: how many layers are there, and how large are they?",
                "As many layers as there are widths. How many weights has a unit of the second, and how many biases?",
                "A unit of a later layer has a weight for each channel before it, and a bias: no more, no less.",
            ),
            _shown_maps,
        ),
        Check(
            "a unit sees one k×k patch",
            1,
            _probe_views,
            _judge_view,
            (
                "Which of your layers looks at more than one position?",
                "Only the first one may: the perceptron grows deeper, its view does not grow.",
            ),
            _shown_maps,
        ),
        Check(
            "a ReLU after every layer",
            2,
            _probe_known,
            _judge_known,
            (
                "Print your layer: what stands between two convolutions, and what after the last one?",
                "Without something that is not linear between them, two layers can always be replaced by one.",
                "As many ReLUs as there are widths, the last of them at the very end.",
            ),
            _shown_maps,
        ),
        Check(
            "other widths, another kernel",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of three widths, of 3×3 kernels or of padding 1 only?",
                "Loop over the widths: each layer's input is the width before it.",
            ),
            _drawn_setting,
            public=False,
        ),
    ),
)
