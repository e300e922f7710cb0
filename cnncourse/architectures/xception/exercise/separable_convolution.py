"""Part 1: a depthwise separable convolution.

With all weights random, the gradient of one unit in each output map is the kernel of the ordinary convolution that
does the same. All that is asked can be read from that kernel, however the answer is written.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.pictures import connections_picture
from cnncourse.checking.probing import (
    build,
    fill_with_random_numbers,
    refuse_hidden_layers,
    run,
    settle_lazy_layers,
)
from cnncourse.checking.wording import differing_text, shape_text, values_text

HEIGHT, WIDTH = 13, 14  # a unit near the middle sees no border, with kernels to 9×9 and strides to 4
MOST_CHANNELS = 7
TOLERANCE = 1e-3  # values are about 1
NEGLIGIBLE = 1e-4  # of a singular value, compared with the largest; rounding leaves about 1e-6


class Setting(NamedTuple):
    """The arguments of one separable convolution."""

    in_channels: int
    out_channels: int
    kernel_size: int = 3
    stride: int = 1
    multiplier: int = 1
    bias: bool = False

    @property
    def name(self) -> str:
        """The arguments as the learner would write them, those that are left out apart."""
        given = zip(self._fields[2:], self[2:], (3, 1, 1, False), strict=True)
        further = [f"{name}={value}" for name, value, usual in given if value != usual]
        return f"SeparableConv2d({', '.join([*map(str, self[:2]), *further])})"

    @property
    def weights(self) -> tuple[int, int]:
        """Number of weights of the depthwise and of the pointwise step."""
        between = self.in_channels * self.multiplier
        return self.kernel_size**2 * between, between * self.out_channels

    @property
    def numbers(self) -> int:
        """All trainable numbers."""
        return sum(self.weights) + self.bias * self.out_channels

    def shape_for(self, images: int) -> tuple[int, ...]:
        """Return the shape of the output for some images."""
        return (images, self.out_channels, (HEIGHT - 1) // self.stride + 1, (WIDTH - 1) // self.stride + 1)


PLAIN = Setting(3, 5)  # no two mistakes have the same count of numbers
STRIDED = Setting(4, 4, kernel_size=5, stride=2)
SEVERAL = Setting(2, 5, multiplier=3)
BIASED = Setting(3, 4, bias=True)
FIRST = (PLAIN, STRIDED)


def _draw(generator: torch.Generator) -> Inputs:
    maps = torch.randn(MOST_CHANNELS, HEIGHT, WIDTH, generator=generator)
    return {"maps": maps, "positive": 0.1 + torch.rand(MOST_CHANNELS, HEIGHT, WIDTH, generator=generator)}


def _built(answer: Callable, setting: Setting) -> nn.Module:
    try:
        return build(answer, *setting)
    except ValueError as error:
        if "divisible by groups" not in str(error):
            raise
        raise RefusedAnswerError(
            Fault(
                f"{setting.name}: a convolution cannot be divided into the groups that it is given",
                expected="as many groups as there are input channels, in the depthwise step",
                got=str(error).splitlines()[0],
                misconception="the number of groups is not that of the input channels, or the pointwise step has "
                "groups too",
            )
        ) from error


def _look(answer: Callable, setting: Setting, inputs: Inputs) -> dict[str, object]:
    """Count the numbers; with random ones, see some maps together and the gradients of a unit near the middle."""
    module = _built(answer, setting)
    maps, positive = (inputs[name][: setting.in_channels] for name in ("maps", "positive"))
    refuse_hidden_layers(module)
    settle_lazy_layers(module, maps[None])
    fill_with_random_numbers(module)
    asked = [-maps, positive, -positive, maps + positive, torch.zeros_like(maps)]
    together = torch.stack([maps] * setting.out_channels + asked).requires_grad_()
    output = run(module, together)
    seen: dict[str, object] = {
        "numbers": sum(each.numel() for each in module.parameters() if each.requires_grad),
        "shape": list(output.shape),
    }
    if tuple(output.shape) != setting.shape_for(len(together)):
        return seen
    if output.requires_grad:
        each = range(setting.out_channels)
        output[each, each, *_unit(setting)].sum().backward()
    gradient = together.grad
    return seen | {
        "outputs": output[setting.out_channels - 1 :],
        "gradient": None if gradient is None else gradient[: setting.out_channels],
    }


def _unit(setting: Setting) -> tuple[int, int]:
    """Return row and column of the unit whose gradients are looked at."""
    return HEIGHT // 2 // setting.stride, WIDTH // 2 // setting.stride


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    for setting in (PLAIN, STRIDED, BIASED, SEVERAL):
        yield {setting.name: _look(answer, setting, inputs)}


def _fault_in_shape(seen: Observation, setting: Setting) -> Fault | None:
    got = tuple(seen["shape"])
    expected = setting.shape_for(setting.out_channels + 5)
    if got == expected:
        return None
    reach = setting.kernel_size // 2
    named = ""
    if len(got) == 4 and got[1] != setting.out_channels:
        depthwise = setting.in_channels * setting.multiplier
        named = "the pointwise step is missing: what comes out is one map a channel" if got[1] == depthwise else ""
    elif len(got) == 4:
        sizes = {
            (HEIGHT - 2 * reach - 1) // setting.stride + 1: "no zeros round the maps: padding is missing",
            (expected[2] - 1) // setting.stride + 1: "the stride is in both steps; it belongs to the depthwise one",
            HEIGHT: "the stride is left out",
        }
        sizes |= {expected[2] + 2 * reach: "zeros are put round the maps twice: the 1×1 step needs none"}
        named = sizes.get(got[2], "") if got[2] != expected[2] else ""
    return Fault(
        f"{setting.name}: for maps of {HEIGHT}×{WIDTH} the output has the wrong shape",
        f"{shape_text(expected[1:])} a picture",
        f"{shape_text(got[1:])} a picture",
        named,
    )


def _mistaken_counts(setting: Setting) -> Mapping[str, int]:
    """Return the counts that some mistakes give."""
    i, o, k, _, m, bias = setting
    expected, (depthwise, pointwise) = setting.numbers, setting.weights
    biases = "a bias in the depthwise step too; one of the two is enough" if bias else "a bias in the depthwise step"
    return {
        "groups are missing: the first step sees all channels, as an ordinary convolution does": (
            k * k * i * i * m + pointwise
        ),
        "one ordinary convolution: nothing is separated": k * k * i * o,
        "1×1 comes first and k×k works on what it gives: that is the order of Inception; here k×k comes first": (
            i * o + k * k * o
        ),
        "one kernel for all channels; each channel has one of its own": k * k * m + pointwise,
        "k×1 and 1×k in the place of k×k: chapter 5's separable kernels, which is another thing": (
            2 * k * i * m + pointwise
        ),
        "k×1 and 1×k, with all channels in both: chapter 5's factorised convolution, which is another thing": (
            k * i * o + k * o * o
        ),
        "the channels are added up before the pointwise step; it must see each of them": depthwise + o,
        "the pointwise step is missing": depthwise,
        "the pointwise step has groups; it must mix all channels": depthwise + i * m,
        "batch normalisation between the two steps": expected + 2 * i * m,
        "batch normalisation at the end: that is a layer of its own": expected + 2 * o,
        "batch normalisation between and behind the steps": expected + 2 * i * m + 2 * o,
        biases: expected + i * m,
        "a bias in the depthwise step only; it belongs to the pointwise one": expected - bias * o + bias * i * m,
        "a bias where none is asked for": expected + o,
        "a bias in both steps where none is asked for": expected + i * m + o,
        "bias is ignored": sum(setting.weights),
        "multiplier is ignored": k * k * i + i * o + bias * o,
        "the weights are frozen, or are no parameters": bias * o,
    }


def _fault_in_numbers(seen: Observation, setting: Setting) -> Fault | None:
    got, expected = seen["numbers"], setting.numbers
    if got == expected:
        return None
    depthwise, pointwise = setting.weights
    biases = f" + {setting.out_channels} biases" if setting.bias else ""
    return Fault(
        f"{setting.name}: the number of trainable numbers is wrong",
        expected=f"{depthwise} + {pointwise} weights{biases}: {expected}",
        got=str(got),
        misconception=next((name for name, count in _mistaken_counts(setting).items() if count == got), ""),
    )


def _fault_in_sums(seen: Observation, setting: Setting) -> Fault | None:
    """Judge whether sums of maps give sums of answers, as they do when nothing but weights is at work."""
    maps, minus, positive, below, together, nothing = seen["outputs"]
    if not setting.bias and not torch.allclose(nothing, torch.zeros_like(nothing), atol=TOLERANCE):
        return Fault(
            f"{setting.name}: maps of zeros give something else than zeros",
            "zeros",
            values_text(nothing),
            "a bias where none is asked for",
        )
    expected = maps + positive - nothing
    opposite = 2 * nothing - maps
    if torch.allclose(together, expected, rtol=TOLERANCE, atol=TOLERANCE) and torch.allclose(
        minus, opposite, rtol=TOLERANCE, atol=TOLERANCE
    ):
        return None
    outputs = seen["outputs"]
    if torch.allclose(below, nothing, atol=TOLERANCE):
        named = "a ReLU before the depthwise step: in Xception it stands there, but outside of this layer"
    elif (outputs >= -TOLERANCE).all():
        named = "a ReLU at the end: in Xception it stands before the next layer, outside of this one"
    else:
        named = "a ReLU, another activation or a normalisation between the two steps; there is nothing"
    shown = differing_text(opposite, minus)
    return Fault(
        f"{setting.name}: the same maps with the opposite sign do not give the opposite answer"
        if not torch.allclose(minus, opposite, rtol=TOLERANCE, atol=TOLERANCE)
        else f"{setting.name}: the sum of two pictures does not give the sum of their answers",
        *(shown if shown[0] != shown[1] else differing_text(expected, together)),
        misconception=named,
    )


def _kernel(seen: Observation, setting: Setting) -> Tensor:
    """Return the kernel of the ordinary convolution that does the same: (out, in, kernel_size, kernel_size)."""
    reach = setting.kernel_size // 2
    top, left = (setting.stride * place - reach for place in _unit(setting))
    return seen["gradient"][:, :, top : top + setting.kernel_size, left : left + setting.kernel_size]


def _products(matrices: Tensor) -> Tensor:
    """Return the rank of each matrix: how many products of a column and a row it is the sum of."""
    values = torch.linalg.svdvals(matrices)
    return (values > NEGLIGIBLE * values[..., :1]).sum(dim=-1)


def _fault_in_gradient(seen: Observation, setting: Setting) -> Fault | None:
    if seen["gradient"] is not None:
        return None
    return Fault(
        f"{setting.name}: no gradient gets from the output to the maps",
        misconception="the output is cut off, by detach, .data or no_grad",
    )


def _fault_in_kernels(seen: Observation, setting: Setting) -> Fault | None:
    """Judge whether each channel has as many kernels as it should, which all output maps share."""
    fault = _fault_in_gradient(seen, setting)
    if fault is not None:
        return fault
    kernel = _kernel(seen, setting)
    connected = kernel.abs().amax(dim=(2, 3)) > NEGLIGIBLE
    if not connected.all():
        return Fault(
            f"{setting.name}: some output maps do not depend on some input channels",
            f"all {connected.numel()} pairs are connected",
            f"{int(connected.sum())} pairs are",
            "the pointwise step has groups; it must mix all channels",
            picture=connections_picture(torch.ones_like(connected), connected),
        )
    of_channels = kernel.flatten(2).transpose(0, 1)  # (in, out, kernel_size²)
    found = int(_products(of_channels).max())
    if found > setting.multiplier:
        by_output = setting.multiplier == 1 and bool((_products(kernel.flatten(2)) == 1).all())
        return Fault(
            f"{setting.name}: a lit pixel in one channel does not leave the same mark in all output maps",
            f"{setting.multiplier} kernel{'s' * (setting.multiplier > 1)} a channel, times a number for each output",
            f"{found} different ones",
            "1×1 comes first and k×k works on what it gives: each output map has a kernel, not each channel"
            if by_output
            else "groups are missing, so that each output map has kernels of its own, as in an ordinary convolution",
        )
    if setting.in_channels > 1 and _products(of_channels.flatten(0, 1)[None])[0] <= setting.multiplier:
        return Fault(
            f"{setting.name}: all channels leave the same mark",
            "a kernel of its own for each channel",
            "one and the same",
            "one kernel for all channels",
        )
    if setting.multiplier == 1 and (_products(kernel) == 1).all():
        return Fault(
            f"{setting.name}: each kernel is a column times a row",
            "any k×k kernel",
            "columns times rows only",
            "k×1 and 1×k in the place of k×k: chapter 5's separable kernels, which is another thing",
        )
    return None


def _fault_in_convolution(seen: Observation, setting: Setting) -> Fault | None:
    """Compare with the ordinary convolution that has the same kernel."""
    fault = _fault_in_gradient(seen, setting)
    if fault is not None:
        return fault
    maps, nothing = seen["outputs"][0], seen["outputs"][-1]
    pictures = seen["maps"]
    reach = setting.kernel_size // 2
    expected = F.conv2d(pictures[None], _kernel(seen, setting), stride=setting.stride, padding=reach)[0] + nothing
    if torch.allclose(maps, expected, rtol=TOLERANCE, atol=TOLERANCE):
        return None
    inside = slice(reach, -reach)
    at_border = torch.allclose(maps[:, inside, inside], expected[:, inside, inside], rtol=TOLERANCE, atol=TOLERANCE)
    return Fault(
        f"{setting.name}: it is not the convolution that its own kernels make",
        *differing_text(expected, maps),
        misconception="only the border is wrong: zeros belong round the maps, no other values" if at_border else "",
    )


def _case(seen: Observation, setting: Setting, inputs: Inputs) -> Observation:
    return {**seen[setting.name], "maps": inputs["maps"][: setting.in_channels]}


def _first_fault(
    seen: Observation, inputs: Inputs, settings: tuple[Setting, ...], *judges: Callable[..., Fault | None]
) -> Fault | None:
    """Return the first fault: for each setting that of the shape, and then those that some judges find."""
    for setting in settings:
        case = _case(seen, setting, inputs)
        for judge in (_fault_in_shape, *judges):
            fault = judge(case, setting)
            if fault is not None:
                return fault
    return None


def _judge_shape(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first_fault(seen, inputs, FIRST)


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    faults = (_fault_in_numbers(seen[setting.name], setting) for setting in FIRST)
    return next((fault for fault in faults if fault is not None), None)


def _judge_sums(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first_fault(seen, inputs, FIRST, _fault_in_sums)


def _judge_kernels(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first_fault(seen, inputs, FIRST, _fault_in_kernels)


def _judge_convolution(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first_fault(seen, inputs, FIRST, _fault_in_sums, _fault_in_convolution)


def _judge_bias(seen: Observation, inputs: Inputs) -> Fault | None:
    fault = _fault_in_numbers(seen[BIASED.name], BIASED)
    fault = fault or _first_fault(seen, inputs, (BIASED,), _fault_in_sums, _fault_in_kernels, _fault_in_convolution)
    if fault is not None:
        return fault
    nothing = seen[BIASED.name]["outputs"][-1]
    if (nothing.amax(dim=(1, 2)) - nothing.amin(dim=(1, 2)) < TOLERANCE).all() and (nothing.abs() > TOLERANCE).all():
        return None
    return Fault(
        f"{BIASED.name}: for maps of zeros every output map should be its own bias, all over",
        "one number other than zero for each map",
        values_text(nothing),
        "the bias is there and is not added" if (nothing.abs() < TOLERANCE).all() else "",
    )


def _judge_several(seen: Observation, inputs: Inputs) -> Fault | None:
    fault = _fault_in_numbers(seen[SEVERAL.name], SEVERAL)
    return fault or _first_fault(seen, inputs, (SEVERAL,), _fault_in_sums, _fault_in_kernels, _fault_in_convolution)


def _draw_setting(generator: torch.Generator) -> Inputs:
    """Draw all arguments, none of them as learners see them."""
    in_channels, more, wide, stride, several, bias = (
        torch.randint(low, high, (), generator=generator).item()
        for low, high in ((5, MOST_CHANNELS + 1), (1, 4), (0, 2), (3, 5), (0, 2), (0, 2))
    )
    drawn = Setting(in_channels, in_channels + more, (7, 9)[wide], stride, (2, 4)[several], bool(bias))
    return {**_draw(generator), "setting": torch.tensor([int(value) for value in drawn])}


def _setting(inputs: Inputs) -> Setting:
    *numbers, bias = inputs["setting"].tolist()
    return Setting(*numbers, bool(bias))


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    setting = _setting(inputs)
    return {setting.name: _look(answer, setting, inputs)}


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    setting = _setting(inputs)
    fault = _fault_in_numbers(seen[setting.name], setting)
    return fault or _first_fault(seen, inputs, (setting,), _fault_in_sums, _fault_in_kernels, _fault_in_convolution)


SEPARABLE_CONVOLUTION = Part(
    name="SeparableConv2d",
    task="build",
    minutes=20,
    checks=(
        Check(
            "shape of what comes out",
            1,
            _probe,
            _judge_shape,
            (
                "Which of the two steps looks at neighbours, and so needs zeros round the maps?",
                "The depthwise step has padding kernel_size // 2 and the stride; the pointwise one has neither.",
            ),
            _draw,
        ),
        Check(
            "trainable numbers",
            1,
            _probe,
            _judge_numbers,
            (
                "On paper: three channels in, five maps out, 3×3. How many weights has each of the two steps?",
                "Depthwise: one kernel for each channel. Pointwise: a weight for each pair of channel and output map.",
                "In torch a convolution with groups=in_channels gives each channel kernels of its own.",
            ),
            _draw,
        ),
        Check(
            "nothing between the steps, nothing behind them",
            2,
            _probe,
            _judge_sums,
            (
                "Give your layer some maps, then the same maps times −1. What should come out the second time?",
                "What in your forward is more than multiplying by weights and adding up?",
            ),
            _draw,
        ),
        Check(
            "a kernel for each channel, shared by all output maps",
            2,
            _probe,
            _judge_kernels,
            (
                "Light one pixel of channel 0 and look at two output maps: they must show the same small picture, one "
                "brighter than the other.",
                "First k×k within each channel, then 1×1 across all channels.",
            ),
            _draw,
        ),
        Check(
            "as an ordinary convolution with the same kernel",
            1,
            _probe,
            _judge_convolution,
            (
                "Compare with nn.functional.conv2d on small maps: is the border right? Does the stride begin at the "
                "first pixel?",
                "Zeros round the maps, kernel_size // 2 on each side, and the stride in one place.",
            ),
            _draw,
        ),
        Check(
            "bias",
            1,
            _probe,
            _judge_bias,
            (
                "How many numbers does a bias add if every output map has one?",
                "Only the pointwise step has it: what the depthwise step adds would be mixed by it anyway.",
            ),
            _draw,
        ),
        Check(
            "several kernels a channel",
            1,
            _probe,
            _judge_several,
            (
                "With multiplier=3 each channel becomes three maps. How many maps does the pointwise step see?",
                "The depthwise step gives in_channels * multiplier maps, still in in_channels groups.",
            ),
            _draw,
        ),
        Check(
            "other sizes, strides and multipliers",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of 3×3, of stride 1 or 2 or of one multiplier only?",
                "Kernel, padding, stride and channels must all come from the arguments.",
            ),
            _draw_setting,
            public=False,
        ),
    ),
)
