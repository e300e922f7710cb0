"""Part 3: a sub-sampling layer that gives the right output and never learns, to be mended."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.pictures import maps_picture
from cnncourse.checking.probing import Descent, build, run, run_expecting
from cnncourse.checking.wording import shape_text, values_text

MAPS = 5
TOLERANCE = 1e-4


def _subsampling_inputs(generator: torch.Generator) -> Inputs:
    return {
        "maps": torch.randn(3, MAPS, 6, 8, generator=generator),
        "coefficient": torch.tensor([0.7, -1.2, 0.9, -0.6, 1.1]),
        "bias": torch.randn(MAPS, generator=generator),
        "weights": torch.randn(3, MAPS, 3, 4, generator=generator),
    }


def _drawn_inputs(generator: torch.Generator) -> Inputs:
    """Draw the number of maps and their sizes too; another number than learners can see."""
    count = MAPS + int(torch.randint(1, 8, (), generator=generator))
    rows, columns = (2 * side for side in torch.randint(2, 9, (2,), generator=generator).tolist())
    signs = torch.randint(0, 2, (count,), generator=generator) * 2.0 - 1
    return {
        "maps": torch.randn(2, count, rows, columns, generator=generator),
        "coefficient": signs * (0.5 + torch.rand(count, generator=generator)),
        "bias": torch.randn(count, generator=generator),
    }


def _with_known_numbers(answer: Callable, inputs: Inputs) -> nn.Module:
    """Build the learner's layer for a few maps and give it a known coefficient and bias for each."""
    maps = inputs["maps"].shape[1]
    layer = build(answer, maps)
    run(layer, inputs["maps"])
    for name in ("coefficient", "bias"):
        number = getattr(layer, name, None)
        if not isinstance(number, Tensor):
            raise RefusedAnswerError(Fault(f"the layer has no {name}: keep the names of the broken class"))
        if number.numel() not in (1, maps):
            per_input = number.numel() == 4 * maps
            raise RefusedAnswerError(
                Fault(
                    f"for {maps} maps the {name} has the wrong number of values",
                    expected=f"{maps}, one a map",
                    got=f"{number.numel()}",
                    misconception="a weight for each of the four inputs instead of one a map" if per_input else "",
                )
            )
        with torch.no_grad():
            number.copy_(inputs[name][: number.numel()].view(number.shape))
    return layer


def _window_sums(maps: Tensor) -> Tensor:
    return maps.unfold(2, 2, 2).unfold(3, 2, 2).sum(dim=(4, 5))


def _per_map(number: Tensor) -> Tensor:
    return number.view(1, -1, 1, 1)


def _probe_values(answer: Callable, inputs: Inputs) -> Observation:
    return {"output": run(_with_known_numbers(answer, inputs), inputs["maps"])}


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
        picture=_first_difference(expected, got),
    )


def _first_difference(expected: Tensor, got: Tensor) -> str:
    """Draw the first map that is wrong, if it is small enough to be read."""
    if expected[0, 0].numel() > 12:
        return ""
    wrong = (got - expected).abs().amax(dim=(2, 3)) > TOLERANCE
    picture, number = wrong.nonzero()[0].tolist()
    return maps_picture(expected[picture, number], got[picture, number])


def _probe_training(answer: Callable, inputs: Inputs) -> Observation:
    layer = _with_known_numbers(answer, inputs)
    moved = _moved_by_training(answer, inputs)
    maps = inputs["maps"].clone().requires_grad_()
    output = run_expecting(layer, maps, tuple(inputs["weights"].shape))
    if output.requires_grad:
        (output * inputs["weights"]).sum().backward()
    return {
        "coefficient": layer.coefficient.grad,
        "bias": layer.bias.grad,
        "maps": maps.grad,
        "trainable": sum(p.numel() for p in layer.parameters() if p.requires_grad),
        "moved": moved,
    }


def _moved_by_training(answer: Callable, inputs: Inputs) -> list[str]:
    """Return which of the two numbers an optimiser moves that was made, as always, before the first forward pass."""
    layer = build(answer, MAPS)
    parameters = [parameter for parameter in layer.parameters() if parameter.requires_grad]
    if not parameters:
        return []
    descent = Descent(parameters, rate=0.1)
    before = {name: getattr(layer, name).detach().clone() for name in ("coefficient", "bias")}
    for _ in range(2):
        output = run(layer, inputs["maps"])
        if output.requires_grad:
            output.square().sum().backward()
            descent.step()
    return [name for name, value in before.items() if not torch.equal(getattr(layer, name).detach(), value)]


def _judge_training(seen: Observation, inputs: Inputs) -> Fault | None:
    fault = _fault_in_count(seen) or _fault_in_gradients(seen, inputs) or _fault_in_input_gradient(seen, inputs)
    if fault is not None:
        return fault
    unmoved = [name for name in ("coefficient", "bias") if name not in seen["moved"]]
    if not unmoved:
        return None
    return Fault(
        f"two steps of an optimiser do not move the {' and the '.join(unmoved)}",
        expected="both numbers move",
        got=f"moved: {', '.join(seen['moved']) or 'nothing'}",
        misconception="forward makes a new parameter, which the optimiser does not know",
    )


def _fault_in_gradients(seen: Observation, inputs: Inputs) -> Fault | None:
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
                hints=(
                    f"Follow self.{name} through forward: where does something else take its place?",
                    ".data, .detach(), .item() and torch.no_grad() all hide a value from autograd.",
                    f"Multiply and add with self.{name} itself, as it is.",
                ),
            )
        if got.numel() != gradient.numel() or not torch.allclose(got.flatten(), gradient, atol=1e-3):
            return Fault(f"the gradient of the {name} is wrong", expected=values_text(gradient), got=values_text(got))
    return None


def _fault_in_input_gradient(seen: Observation, inputs: Inputs) -> Fault | None:
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


def _fault_in_count(seen: Observation) -> Fault | None:
    if seen["trainable"] == 2 * MAPS:
        return None
    misconceptions = {
        2: "one coefficient and one bias for all maps",
        MAPS: "only one of the two numbers is trainable",
        MAPS + 1: "one of the two numbers is shared by all maps",
    }
    return Fault(
        f"a layer for {MAPS} maps has the wrong number of trainable numbers",
        expected=f"{2 * MAPS}: a coefficient and a bias for each map",
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
            (
                "Take one window of the first map and compute its output on paper, in the order of the text.",
                "coefficient × (sum of the four) + bias, and each map has its own two numbers.",
                "F.avg_pool2d(maps, 2) is a quarter of the sum; a coefficient of shape channels×1×1 meets its own map.",
            ),
            _subsampling_inputs,
        ),
        Check(
            "training",
            3,
            _probe_training,
            _judge_training,
            (
                "Compare the .grad of coefficient, bias and a picture with requires_grad=True after backward(), in the "
                "broken class and in yours.",
                "Both numbers must be made once, in __init__, as nn.Parameter, with one value a map; forward only uses "
                "them.",
                "forward needs two lines: the window sums of maps, and self.coefficient × sums + self.bias, with "
                "nothing hidden from autograd.",
            ),
            _subsampling_inputs,
        ),
        Check(
            "other maps of other sizes",
            1,
            _probe_values,
            _judge_values,
            (
                "Which numbers in your class are true of some maps only?",
                "Take the number of maps from channels, and height and width from the maps that forward is given.",
            ),
            _drawn_inputs,
            public=False,
        ),
    ),
)
