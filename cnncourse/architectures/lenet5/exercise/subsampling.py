"""Part 3: a sub-sampling layer that gives the right output and never learns, to be mended."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.wording import shape_text, values_text

TOLERANCE = 1e-4


def _subsampling_inputs(generator: torch.Generator) -> Inputs:
    return {
        "maps": torch.randn(3, 4, 6, 6, generator=generator),
        "coefficient": torch.rand(4, generator=generator) + 0.5,
        "bias": torch.randn(4, generator=generator),
        "weights": torch.randn(3, 4, 3, 3, generator=generator),
    }


@contextmanager
def _with_known_numbers(answer: Callable, inputs: Inputs) -> Iterator[nn.Module]:
    """Build the learner's layer for four maps and give it a known coefficient and bias for each."""
    layer = answer(4)
    with torch.no_grad():
        for name in ("coefficient", "bias"):
            number = getattr(layer, name)
            given = inputs[name] if number.numel() == len(inputs[name]) else inputs[name][:1]
            number.copy_(given.view(number.shape))
    yield layer


def _window_sums(maps: Tensor) -> Tensor:
    return maps.unfold(2, 2, 2).unfold(3, 2, 2).sum(dim=(4, 5))


def _per_map(number: Tensor) -> Tensor:
    return number.view(1, -1, 1, 1)


def _probe_values(answer: Callable, inputs: Inputs) -> Observation:
    with _with_known_numbers(answer, inputs) as layer, torch.no_grad():
        return {"output": layer(inputs["maps"])}


def _judge_values(seen: Observation, inputs: Inputs) -> Fault | None:
    maps, coefficient, bias = inputs["maps"], _per_map(inputs["coefficient"]), _per_map(inputs["bias"])
    sums = _window_sums(maps)
    expected = coefficient * sums + bias
    got = seen["output"]
    if got.shape != expected.shape:
        overlapping = got.shape[-1] == maps.shape[-1] - 1
        return Fault(
            "the output has the wrong shape",
            expected=shape_text(expected.shape),
            got=shape_text(got.shape),
            misconception="the windows overlap; they must lie side by side, stride 2" if overlapping else "",
        )
    if torch.allclose(got, expected, atol=TOLERANCE):
        return None
    misconceptions = {
        "the four values are averaged; the paper adds them": coefficient * sums / 4 + bias,
        "the largest of the four instead of their sum": coefficient * F.max_pool2d(maps, 2) + bias,
        "the bias is added before the product": coefficient * (sums + bias),
        "one coefficient for all maps": coefficient[:, :1] * sums + bias,
        "one coefficient and one bias for all maps": coefficient[:, :1] * sums + bias[:, :1],
        "the bias is left out": coefficient * sums,
        "the squashing is done inside; here it is a module of its own": 1.7159 * torch.tanh(expected * 2 / 3),
        "the coefficient is left out": sums + bias,
    }
    misconception = next((n for n, wrong in misconceptions.items() if torch.allclose(got, wrong, atol=TOLERANCE)), "")
    return Fault(
        "with a known coefficient and bias the output is wrong",
        expected=values_text(expected),
        got=values_text(got),
        misconception=misconception,
    )


def _probe_gradients(answer: Callable, inputs: Inputs) -> Observation:
    with _with_known_numbers(answer, inputs) as layer:
        maps = inputs["maps"].clone().requires_grad_()
        output = layer(maps)
        if output.requires_grad:
            (output * inputs["weights"]).sum().backward()
        numbers = [p for p in layer.parameters() if p.requires_grad]
        return {
            "coefficient": layer.coefficient.grad,
            "bias": layer.bias.grad,
            "maps": maps.grad,
            "trainable": sum(p.numel() for p in numbers),
        }


def _judge_gradients(seen: Observation, inputs: Inputs) -> Fault | None:
    weights = inputs["weights"]
    expected = {
        "coefficient": (weights * _window_sums(inputs["maps"])).sum(dim=(0, 2, 3)),
        "bias": weights.sum(dim=(0, 2, 3)),
    }
    for name, gradient in expected.items():
        got = seen[name]
        if got is None:
            return Fault(
                f"no gradient reaches the {name}: training will never change it",
                expected=values_text(gradient),
                got="no gradient",
                misconception=f"the {name} is cut off from the gradient",
                hint=f"Where does forward use something that is not self.{name} itself? .data, .detach(), .item() and "
                "torch.no_grad() all hide a value from autograd.",
            )
        if got.numel() != gradient.numel() or not torch.allclose(got.flatten(), gradient, atol=1e-3):
            return Fault(f"the gradient of the {name} is wrong", expected=values_text(gradient), got=values_text(got))
    return None


def _judge_input_gradient(seen: Observation, inputs: Inputs) -> Fault | None:
    scaled = _per_map(inputs["coefficient"]) * inputs["weights"]
    expected = scaled.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    got = seen["maps"]
    if got is None:
        return Fault(
            "no gradient reaches the layers before: C1 would never learn",
            expected=values_text(expected),
            got="no gradient",
            misconception="the incoming maps are cut off from the gradient",
        )
    if torch.allclose(got, expected, atol=TOLERANCE):
        return None
    return Fault("the gradient of the incoming maps is wrong", expected=values_text(expected), got=values_text(got))


def _judge_two_a_map(seen: Observation, _inputs: Inputs) -> Fault | None:
    if seen["trainable"] == 8:
        return None
    misconceptions = {
        2: "one coefficient and one bias for all maps",
        4: "only one of the two numbers is trainable",
        5: "one number for all maps where each map has its own",
        20: "a weight for each of the four inputs instead of one coefficient a map",
    }
    return Fault(
        "a layer for 4 maps has the wrong number of trainable numbers",
        expected="8: a coefficient and a bias for each map",
        got=f"{seen['trainable']}",
        misconception=misconceptions.get(seen["trainable"], ""),
    )


SUBSAMPLING = Part(
    name="MendedSubsampling",
    task="mend",
    minutes=15,
    checks=(
        Check(
            "output",
            1,
            _probe_values,
            _judge_values,
            "coefficient × (sum of the four) + bias, and each map has its own two numbers.",
            _subsampling_inputs,
        ),
        Check(
            "two trainable numbers a map",
            1,
            _probe_gradients,
            _judge_two_a_map,
            "Both are nn.Parameter, with one value for each map.",
            _subsampling_inputs,
        ),
        Check(
            "training reaches coefficient and bias",
            1,
            _probe_gradients,
            _judge_gradients,
            "Compare self.coefficient.grad after backward() in the broken class and in yours.",
            _subsampling_inputs,
        ),
        Check(
            "training reaches the layers before",
            1,
            _probe_gradients,
            _judge_input_gradient,
            "Let a picture with requires_grad=True through the layer and look at its .grad.",
            _subsampling_inputs,
        ),
    ),
)
