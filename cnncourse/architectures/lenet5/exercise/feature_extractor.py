"""Part 2: the layers up to C5, assembled around the learner's own C3."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from cnncourse.architectures.lenet5.exercise.taking_apart import ACTIVATIONS, LAYERS, REACH, TakenApart
from cnncourse.architectures.lenet5.model import C3_TABLE, ScaledTanh
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.pictures import connections_picture
from cnncourse.checking.probing import build, fill_with_random_numbers, moving_numbers, run
from cnncourse.checking.wording import shape_text, values_text

TOLERANCE = 1e-4
TOLERANCE_OF_MOVES = 1e-5  # one and the same sum, at another place
SAME_FOR_ALL = "two different pictures give the same numbers: the output does not depend on what it is given"


def _image_inputs(generator: torch.Generator) -> Inputs:
    return {
        "digit": torch.randn(2, 1, 32, 32, generator=generator),
        "larger": torch.randn(1, 1, 48, 48, generator=generator),
        "weights": torch.randn(2, 120, 1, 1, generator=generator),
        "faint": torch.randn(1, 1, 32, 32, generator=generator),
    }


def _probe_features(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    features = build(answer)
    yield {"shape": list(run(features, inputs["digit"]).shape)}
    yield _on_larger(features, inputs["larger"])
    fill_with_random_numbers(features, largest=0.2)  # small enough that no unit sits in a flat end
    together = run(features, inputs["digit"])
    yield {"together": together, "alone": run(features, inputs["digit"][1:])}
    if together.requires_grad:
        (together * inputs["weights"]).sum().backward()
    yield {"moving": moving_numbers(features)}
    layers = TakenApart(features, inputs["digit"][:1])
    connected = layers.connected()
    yield layers.curves(connected) | {"connected": connected, "reach": layers.reach_of_s4(inputs["faint"])}


def _judge_digit(seen: Observation, _inputs: Inputs) -> Fault | None:
    if seen["shape"] == [2, 120, 1, 1]:
        if torch.allclose(seen["together"][1:], seen["alone"], atol=TOLERANCE):
            if not torch.allclose(*seen["together"], atol=TOLERANCE):
                return None
            return Fault(SAME_FOR_ALL, expected="other numbers for another picture", got=values_text(seen["alone"]))
        return Fault(
            "a digit gives something else when another one is in the same batch",
            expected=values_text(seen["alone"]),
            got=values_text(seen["together"][1:]),
            hints=(
                "Which of your layers looks along the first dimension?",
                "No batch normalisation, and no images[:1]: every picture is treated on its own.",
            ),
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


def _on_larger(features: nn.Module, larger: Tensor) -> Observation:
    try:
        return {"shape of larger": list(run(features, larger).shape)}
    except RuntimeError as error:
        return {"shape of larger": [], "error": str(error).splitlines()[0]}


def _judge_larger(seen: Observation, _inputs: Inputs) -> Fault | None:
    shape = seen["shape of larger"]
    if shape == [1, 120, 5, 5]:
        return None
    return Fault(
        "a larger picture, 48×48, does not give larger maps",
        expected="1×120×5×5",
        got=shape_text(shape) or seen["error"],
        misconception="" if shape else "C5 as a fully connected layer: it is a convolution over all 16 maps",
    )


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


def _squashed(activations: Tensor) -> Tensor:
    return ScaledTanh.amplitude * torch.tanh(ScaledTanh.slope * activations)


def _judge_squashing(seen: Observation, _inputs: Inputs) -> Fault | None:
    asked = torch.tensor(ACTIVATIONS)
    expected = _squashed(asked)
    curves = {layer: torch.tensor(seen[layer]) for layer in LAYERS}

    def where(values: Tensor) -> list[str]:
        """Return the layers after which the activations asked for become these values."""
        return [layer for layer, got in curves.items() if torch.allclose(got, values[:, None], atol=0.01, rtol=0.005)]

    right = where(expected)
    if len(right) == len(LAYERS):
        return None
    unsquashed = where(asked)
    if unsquashed:
        return Fault(
            "not every layer is squashed",
            expected="ScaledTanh after C1, S2, C3, S4 and C5",
            got=f"after {', '.join(layer for layer in LAYERS if layer not in unsquashed) or 'none'}",
            misconception="sub-sampling layers are not squashed"
            if unsquashed == ["S2", "S4"]
            else "a squashing is left out",
        )
    if where(_squashed(expected)):
        return Fault(
            "a layer is squashed more than once", expected="once", got=f"twice after {where(_squashed(expected))[0]}"
        )
    rectified = where(_squashed(asked.clamp(min=0)))
    if rectified:
        return Fault(
            f"something stands between {rectified[0]} and its squashing function: what is below zero is lost",
            expected=f"{rectified[0]}, then ScaledTanh, nothing else",
            got="nothing below zero comes through",
        )
    wrong = {
        "plain tanh instead of the paper's 1.7159 tanh(2a/3)": torch.tanh(asked),
        "the 2/3 inside is missing: 1.7159 tanh(a)": ScaledTanh.amplitude * torch.tanh(asked),
        "the 1.7159 in front is missing: tanh(2a/3)": torch.tanh(ScaledTanh.slope * asked),
    }
    first = next(layer for layer in LAYERS if layer not in right)
    one, low = (curves[first][ACTIVATIONS.index(activation)].mean().item() for activation in (1.0, -3.0))
    return Fault(
        f"the squashing function after {first} is not the paper's",
        expected="f(1) = 1.00 and f(−3) = −1.65",
        got=f"f(1) = {one:.2f} and f(−3) = {low:.2f}".replace("-", "−"),
        misconception=next((name for name, values in wrong.items() if first in where(values)), ""),
    )


def _judge_layers(seen: Observation, _inputs: Inputs) -> Fault | None:
    reach = seen["reach"][:REACH, :REACH] / seen["reach"].abs().max().clamp(min=1e-30)
    half = REACH // 2
    windows = reach.view(half, 2, half, 2)
    # With all kernels alike a row of S4's window counts once at its ends and twice in between.
    once_or_twice = torch.tensor([1.0, *[2.0] * (half - 2), 1.0])
    sums = torch.outer(once_or_twice, once_or_twice) / 4
    weighed_unequally = {
        "S2": not torch.allclose(windows, windows.mean(dim=(1, 3), keepdim=True).expand_as(windows), atol=0.01),
        "S4": not torch.allclose(windows.mean(dim=(1, 3)), sums, atol=0.01),
    }
    for layer, unequally in weighed_unequally.items():
        if unequally:
            return Fault(
                f"{layer} does not weigh the four values of a window equally",
                expected="the sum of the four, times one coefficient a map",
                got="some values count more than others",
                misconception="the largest of the four instead of their sum",
            )
    connected = seen["connected"]
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
        picture=connections_picture(table, connected),
    )


def _drawn_pictures(generator: torch.Generator) -> Inputs:
    """Draw pictures of a size of their own, not square, with at least two places to compare in each direction."""
    rows, columns = (40 + 4 * torch.randperm(6, generator=generator)[:2]).tolist()
    return {"pictures": torch.randn(2, 1, rows, columns, generator=generator)}


def _probe_moved(answer: Callable, inputs: Inputs) -> Observation:
    features, pictures = build(answer), inputs["pictures"]
    run(features, pictures[..., :32, :32])
    fill_with_random_numbers(features, largest=0.2)
    moved = (pictures[..., :-4, :-4], pictures[..., 4:, :-4], pictures[..., :-4, 4:])
    outputs = run(features, torch.cat(moved))
    return dict(zip(("there", "4 rows on", "4 columns on"), outputs.chunk(3), strict=True))


def _judge_moved(seen: Observation, inputs: Inputs) -> Fault | None:
    count, _, rows, columns = inputs["pictures"].shape
    expected = (count, 120, (rows - 36) // 4 + 1, (columns - 36) // 4 + 1)
    there = seen["there"]
    if tuple(there.shape) != expected:
        return Fault(
            f"pictures of {rows - 4}×{columns - 4} pixels give maps of the wrong shape",
            expected=shape_text(expected),
            got=shape_text(there.shape),
        )
    if torch.allclose(*there, atol=TOLERANCE):
        return Fault(SAME_FOR_ALL, expected="other numbers for another picture", got=values_text(there))
    for move, before, after in (
        ("4 rows on", there[:, :, 1:], seen["4 rows on"][:, :, :-1]),
        ("4 columns on", there[..., 1:], seen["4 columns on"][..., :-1]),
    ):
        if not torch.allclose(before, after, atol=TOLERANCE_OF_MOVES):
            return Fault(
                f"looking {move}, C5's maps do not move along by one",
                expected=values_text(before),
                got=values_text(after),
                misconception="a place in the picture is treated in a way of its own",
            )
    return None


FEATURES = Part(
    name="lenet5_features",
    task="use",
    minutes=15,
    checks=(
        Check(
            "a digit becomes 120 numbers",
            1,
            _probe_features,
            _judge_digit,
            (
                "Run your layers one after the other and print the shape after each.",
                "Follow the sizes: 32 → 28 → 14 → 10 → 5 → 1.",
                "Two kinds of step only: a 5×5 kernel without padding takes 4 off, a sub-sampling halves. Nothing "
                "comes after C5 and its squashing.",
            ),
            _image_inputs,
        ),
        Check(
            "a larger picture becomes larger maps",
            1,
            _probe_features,
            _judge_larger,
            (
                "Which of your layers insists on one size?",
                "C5 is a convolution, although its maps are 1×1 for a picture of 32×32.",
                "A 5×5 convolution from 16 to 120 maps does for 5×5 maps what a fully connected layer does.",
            ),
            _image_inputs,
        ),
        Check(
            "trainable numbers",
            1,
            _probe_features,
            _judge_numbers,
            (
                "Add up the layers' own numbers with measure.layers and compare them with the paper's table.",
                "How far off is the sum? 900 is C3's; 12 and 32 are S2's and S4's.",
                "C1 is nn.Conv2d(1, 6, 5), S2 and S4 are TrainableSubsampling of 6 and of 16 maps, C3 is yours, with "
                "C3_TABLE.",
            ),
            _image_inputs,
        ),
        Check(
            "squashed after every layer",
            1,
            _probe_features,
            _judge_squashing,
            (
                "Print your module: what follows each of the five layers?",
                "In 1998 every layer up to F6 ends with the squashing function, the sub-sampling layers too.",
                "Five times ScaledTanh(), once after each of C1, S2, C3, S4 and C5, and nothing else between them.",
            ),
            _image_inputs,
        ),
        Check(
            "each layer is the paper's",
            1,
            _probe_features,
            _judge_layers,
            (
                "Compare each of your layers with the chapter's section “Build it, block by block”.",
                "C3 is built with C3_TABLE, and S2 and S4 are TrainableSubsampling layers.",
            ),
            _image_inputs,
        ),
        Check(
            "moves along with the picture",
            1,
            _probe_moved,
            _judge_moved,
            (
                "Try pictures that are higher than wide, and wider than high.",
                "Every layer must treat every place alike, whatever the size: no cropping, no resizing.",
            ),
            _drawn_pictures,
            public=False,
        ),
    ),
)
