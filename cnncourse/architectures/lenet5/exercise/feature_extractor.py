"""Part 2: the layers up to C5, assembled around the learner's own C3."""

from collections.abc import Callable

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from cnncourse.architectures.lenet5.model import ScaledTanh
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.probing import moving_numbers
from cnncourse.checking.wording import shape_text

SQUASHED_LAYERS = {
    "C1": [6, 28, 28],
    "S2": [6, 14, 14],
    "C3": [16, 10, 10],
    "S4": [16, 5, 5],
    "C5": [120, 1, 1],
}


class _SquashRecorder(TorchDispatchMode):
    """Notes the shape of everything that is squashed while it is active, however the learner wrote it."""

    SQUASHING = (torch.ops.aten.tanh.default, torch.ops.aten.sigmoid.default)

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[list[int]] = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        if operation in self.SQUASHING:
            self.shapes.append(list(result.shape[1:]))
        return result


def _image_inputs(generator: torch.Generator) -> Inputs:
    return {
        "digit": torch.randn(2, 1, 32, 32, generator=generator),
        "larger": torch.randn(1, 1, 48, 48, generator=generator),
        "weights": torch.randn(2, 120, 1, 1, generator=generator),
    }


def _probe_digit(answer: Callable, inputs: Inputs) -> Observation:
    return {"shape": list(answer()(inputs["digit"]).shape)}


def _judge_digit(seen: Observation, _inputs: Inputs) -> Fault | None:
    if seen["shape"] == [2, 120, 1, 1]:
        return None
    misconceptions = {
        (2, 120): "the maps are flattened; C5's output is 120 maps of one pixel",
        (2, 120, 2, 2): "C1 is padded: 32×32 already has the margin that the digits need",
        (2, 84): "F6 is included; the extractor ends with C5",
    }
    return Fault(
        "two digits of 32×32 pixels give the wrong shape",
        expected="2×120×1×1",
        got=shape_text(seen["shape"]),
        misconception=misconceptions.get(tuple(seen["shape"]), ""),
    )


def _probe_larger(answer: Callable, inputs: Inputs) -> Observation:
    features = answer()
    features(inputs["digit"])
    try:
        return {"shape": list(features(inputs["larger"]).shape)}
    except RuntimeError as error:
        return {"shape": [], "error": str(error).splitlines()[0]}


def _judge_larger(seen: Observation, _inputs: Inputs) -> Fault | None:
    if seen["shape"] == [1, 120, 5, 5]:
        return None
    return Fault(
        "a larger picture, 48×48, does not give larger maps",
        expected="1×120×5×5",
        got=shape_text(seen["shape"]) or seen["error"],
        misconception="" if seen["shape"] else "C5 as a fully connected layer: it is a convolution over all 16 maps",
    )


def _probe_numbers(answer: Callable, inputs: Inputs) -> Observation:
    features = answer()
    (features(inputs["digit"]) * inputs["weights"]).sum().backward()
    return {"moving": moving_numbers(features)}


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    expected = 156 + 12 + 1516 + 32 + 48120
    got = seen["moving"]
    if got == expected:
        return None
    misconceptions = {
        expected + 900: "an ordinary convolution as C3",
        expected - 12 - 32: "pooling without trainable numbers; S2 and S4 have a coefficient and a bias a map",
        expected - 12 - 32 + 900: "the modern simplification: ordinary C3, plain pooling",
        156 + 12 + 1516 + 48120: "S2 used twice: S4 has a coefficient and a bias for each of its own 16 maps",
    }
    return Fault(
        "the number of values that training moves is wrong",
        expected=f"156 + 12 + 1,516 + 32 + 48,120 = {expected:,}",
        got=f"{got:,}",
        misconception=misconceptions.get(got, ""),
    )


def _probe_squashing(answer: Callable, inputs: Inputs) -> Observation:
    features = answer()
    with torch.no_grad():
        with _SquashRecorder() as recorder:
            features(inputs["digit"])
        for parameter in features.parameters():
            parameter.mul_(1000)  # so strong that the last squashing function shows its limit
        limit = features(inputs["digit"]).abs().max().item()
    return {"shapes": recorder.shapes, "limit": limit}


def _judge_squashing(seen: Observation, _inputs: Inputs) -> Fault | None:
    got = [layer for layer, shape in SQUASHED_LAYERS.items() if shape in seen["shapes"]]
    missing = [layer for layer in SQUASHED_LAYERS if layer not in got]
    if missing:
        subsampling_only = missing == ["S2", "S4"]
        misconception = "sub-sampling layers are not squashed" if subsampling_only else "a squashing is left out"
        return Fault(
            "not every layer is squashed",
            expected="ScaledTanh after C1, S2, C3, S4 and C5",
            got=f"after {', '.join(got) or 'none'}",
            misconception=misconception,
        )
    if len(seen["shapes"]) > len(SQUASHED_LAYERS):
        return Fault("a layer is squashed more than once", expected="5 squashings", got=f"{len(seen['shapes'])}")
    if abs(seen["limit"] - ScaledTanh.amplitude) < 0.01:
        return None
    return Fault(
        "the squashing function has another limit than the paper's",
        expected=f"up to {ScaledTanh.amplitude} for strong inputs",
        got=f"up to {seen['limit']:.4g}",
        misconception="plain tanh instead of the paper's 1.7159 tanh(2a/3)" if abs(seen["limit"] - 1) < 0.01 else "",
    )


FEATURES = Part(
    name="lenet5_features",
    task="use",
    minutes=15,
    checks=(
        Check(
            "a digit becomes 120 numbers",
            1,
            _probe_digit,
            _judge_digit,
            "Follow the sizes: 32 → 28 → 14 → 10 → 5 → 1.",
            _image_inputs,
        ),
        Check(
            "a larger picture becomes larger maps",
            1,
            _probe_larger,
            _judge_larger,
            "A 5×5 convolution with 16 input and 120 output maps does for 5×5 maps what a fully connected layer does.",
            _image_inputs,
        ),
        Check(
            "trainable numbers",
            2,
            _probe_numbers,
            _judge_numbers,
            "Add up the layers' own numbers with measure.layers and compare them with the paper's table.",
            _image_inputs,
        ),
        Check(
            "squashed after every layer",
            1,
            _probe_squashing,
            _judge_squashing,
            "In 1998 every layer up to F6 ends with the squashing function, the sub-sampling layers too.",
            _image_inputs,
        ),
    ),
)
