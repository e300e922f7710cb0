"""Part 2: the layers up to C5, assembled around the learner's own C3."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.architectures.lenet5.model import C3_TABLE, ScaledTanh
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.probing import build, fill_with_random_numbers, moving_numbers, run, run_recording
from cnncourse.checking.recording import Recording
from cnncourse.checking.wording import shape_text, values_text

TOLERANCE = 1e-4
SQUASHING = ("tanh", "sigmoid")
SQUASHED_LAYERS = {
    "C1": [6, 28, 28],
    "S2": [6, 14, 14],
    "C3": [16, 10, 10],
    "S4": [16, 5, 5],
    "C5": [120, 1, 1],
}


def _squashings(recording: Recording) -> list[tuple[Tensor, Tensor]]:
    """Return what each squashing function was given, as tanh would be given it, and what came out."""
    # tanh(x) = 2 sigmoid(2x) − 1: half of what a sigmoid is given is what tanh would be given.
    return [(step.given / 2 if step.function == "sigmoid" else step.given, step.returned) for step in recording.steps]


def _image_inputs(generator: torch.Generator) -> Inputs:
    return {
        "digit": torch.randn(2, 1, 32, 32, generator=generator),
        "larger": torch.randn(1, 1, 48, 48, generator=generator),
        "weights": torch.randn(2, 120, 1, 1, generator=generator),
    }


def _probe_digit(answer: Callable, inputs: Inputs) -> Observation:
    features = build(answer)
    together = run(features, inputs["digit"])
    alone = torch.cat([run(features, digit.unsqueeze(0)) for digit in inputs["digit"]])
    return {"shape": list(together.shape), "together": together, "alone": alone}


def _judge_digit(seen: Observation, _inputs: Inputs) -> Fault | None:
    if seen["shape"] == [2, 120, 1, 1]:
        if torch.allclose(seen["together"], seen["alone"], atol=TOLERANCE):
            return None
        return Fault(
            "a digit gives something else when another one is in the same batch",
            expected=values_text(seen["alone"]),
            got=values_text(seen["together"]),
            hints=("Nothing may look along the first dimension: no batch normalisation, no first picture for all.",),
        )
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
    features = build(answer)
    run(features, inputs["digit"])
    try:
        return {"shape": list(run(features, inputs["larger"]).shape)}
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
    features = build(answer)
    run(features, inputs["digit"])
    fill_with_random_numbers(features, largest=0.2)  # small enough that no unit sits in a flat end
    output = run(features, inputs["digit"])
    if output.requires_grad:
        (output * inputs["weights"]).sum().backward()
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
    features = build(answer)
    run(features, inputs["digit"])
    fill_with_random_numbers(features, largest=0.2)
    squashings = _squashings(run_recording(features, inputs["digit"], SQUASHING))
    shapes = [list(squashed.shape[1:]) for _, squashed in squashings]
    # C1's weights can be told by their shape, and so what its squashing function must be given.
    first = [parameter for parameter in features.parameters() if tuple(parameter.shape) == (6, 1, 5, 5)]
    slope = None
    if shapes and shapes[0] == SQUASHED_LAYERS["C1"] and len(first) == 1:
        c1 = F.conv2d(inputs["digit"], first[0])
        given = squashings[0][0]
        centred = [maps - maps.mean(dim=(0, 2, 3), keepdim=True) for maps in (c1, given)]
        slope = ((centred[0] * centred[1]).sum() / centred[0].square().sum()).item()
        if not torch.allclose(centred[1], slope * centred[0], atol=1e-3):
            slope = float("inf")
    fill_with_random_numbers(features)
    with torch.no_grad():
        for parameter in features.parameters():
            if parameter.requires_grad:
                parameter.mul_(1000)  # so strong that the last squashing function shows its limit
    limit = run(features, inputs["digit"]).abs().max().item()
    return {"shapes": shapes, "limit": limit, "slope": slope}


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
    slope = seen["slope"]
    if slope == float("inf"):
        return Fault(
            "something stands between C1 and its squashing function", expected="C1, then ScaledTanh, nothing else"
        )
    if slope is not None and abs(slope - ScaledTanh.slope) > 0.01:
        return Fault(
            "the squashing function after C1 is steeper or flatter than the paper's",
            expected="1.7159 tanh(2a/3)",
            got=f"tanh of {slope:.3g} times C1",
            misconception="plain tanh instead of the paper's 1.7159 tanh(2a/3)" if abs(slope - 1) < 0.01 else "",
        )
    if abs(seen["limit"] - ScaledTanh.amplitude) < 0.01:
        return None
    return Fault(
        "the squashing function has another limit than the paper's",
        expected=f"up to {ScaledTanh.amplitude} for strong inputs",
        got=f"up to {seen['limit']:.4g}",
        misconception="plain tanh instead of the paper's 1.7159 tanh(2a/3)" if abs(seen["limit"] - 1) < 0.01 else "",
    )


def _probe_layers(answer: Callable, inputs: Inputs) -> Observation:
    features = build(answer)
    run(features, inputs["digit"])
    fill_with_random_numbers(features, largest=0.2)
    recording = run_recording(features, inputs["digit"], SQUASHING)
    steps = dict(zip(SQUASHED_LAYERS, recording.steps, strict=False))
    if [list(step.returned.shape[1:]) for step in steps.values()] != list(SQUASHED_LAYERS.values()):
        return {"layers": False}
    return {
        "layers": True,
        "S2": _influence(recording, steps["S2"].given, steps["C1"].returned),
        "C3": _influence(recording, steps["C3"].given, steps["S2"].returned).abs().amax(dim=(2, 3)),
        "S4": _influence(recording, steps["S4"].given, steps["C3"].returned),
    }


def _influence(recording: Recording, later: Tensor, earlier: Tensor) -> Tensor:
    """Return how much each value of earlier maps adds to the sum of each later map, (later, earlier, height, width)."""
    rows = []
    for target in range(later.shape[1]):
        weights = torch.zeros_like(later)
        weights[:, target] = 1
        rows.append(recording.gradient(later, earlier, weights))
    return torch.stack([torch.zeros_like(earlier[0]) if row is None else row[0] for row in rows])


def _judge_layers(seen: Observation, _inputs: Inputs) -> Fault | None:
    if not seen["layers"]:
        return Fault("the layers cannot be told apart yet: squash after each of C1, S2, C3, S4 and C5 first")
    for layer in ("S2", "S4"):
        influence = seen[layer]
        own = torch.stack([influence[number, number] for number in range(len(influence))])
        if not torch.allclose(own, own[:, :1, :1].expand_as(own), rtol=1e-3, atol=1e-6):
            return Fault(
                f"{layer} does not weigh the four values of a window equally",
                expected="the sum of the four, times one coefficient a map",
                got="some values count more than others",
                misconception="the largest of the four instead of their sum",
            )
    connected = seen["C3"] > 0
    table = torch.zeros_like(connected)
    for target, sources in enumerate(C3_TABLE):
        table[target, list(sources)] = True
    if torch.equal(connected, table):
        return None
    number = int((connected != table).any(dim=1).nonzero()[0])
    return Fault(
        "C3 is not connected as in Table I",
        expected=f"map {number} sees {sorted(C3_TABLE[number])}",
        got=f"map {number} sees {connected[number].nonzero().flatten().tolist()}",
        misconception="" if connected.all() else "another table than C3_TABLE",
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
            1,
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
        Check(
            "each layer is the paper's",
            1,
            _probe_layers,
            _judge_layers,
            "C3 is built with C3_TABLE, and S2 and S4 are TrainableSubsampling layers.",
            _image_inputs,
        ),
    ),
)
