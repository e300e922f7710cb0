"""Chapter 1's exercise: C3's partial connection, the feature extractor around it, and a sub-sampling to mend."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from cnncourse.architectures.lenet5.model import C3_TABLE, ScaledTanh
from cnncourse.checking import Check, Exercise, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation

IN_MAPS, OUT_MAPS, KERNEL = 6, 16, 5
SMALL_TABLE = ((0, 3), (1, 2, 4, 5), (5,))  # what a C3 that reads its table can also be built from
TOLERANCE = 1e-4


# Part 1: C3 ----------------------------------------------------------------------------------------------------------


def _kernels(c3: nn.Module) -> Tensor:
    """Recover the kernels a layer really applies, (out, in, 5, 5), from its answer to one lit pixel a map."""
    side = 2 * KERNEL - 1
    impulses = torch.zeros(IN_MAPS, IN_MAPS, side, side)
    impulses[range(IN_MAPS), range(IN_MAPS), KERNEL - 1, KERNEL - 1] = 1
    with torch.no_grad():
        response = c3(impulses) - c3(torch.zeros(1, IN_MAPS, side, side))
    return response.flip(2, 3).transpose(0, 1)


def _mask(table: tuple[tuple[int, ...], ...]) -> Tensor:
    mask = torch.zeros(len(table), IN_MAPS, dtype=torch.bool)
    for target, sources in enumerate(table):
        mask[target, list(sources)] = True
    return mask


def _connected(kernels: Tensor) -> Tensor:
    """Return which input map feeds which output map, (out, in)."""
    strength = kernels.abs().amax(dim=(2, 3))
    return strength > 1e-6 * strength.max().clamp(min=1e-30)


def _wrong_patterns() -> dict[str, Tensor]:
    """Return, by misconception, the connections that it leads to."""
    table = [list(sources) for sources in C3_TABLE]
    right = _mask(C3_TABLE)
    contiguous = [*table[:12], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], table[15]]
    no_wrap = [[s for s in sources if o > 11 or s >= sources[0]] for o, sources in enumerate(table)]
    two_groups = [[0, 1, 2] if o < OUT_MAPS // 2 else [3, 4, 5] for o in range(OUT_MAPS)]
    return {
        "every output map sees every input map, as in an ordinary convolution": torch.ones_like(right),
        "grouped convolution instead of the table": _mask(tuple(map(tuple, two_groups))),
        "the table is read along the wrong axis": right.T.reshape(OUT_MAPS, IN_MAPS),
        "no wrap-around: maps 4 and 5 do not go on with map 0": _mask(tuple(map(tuple, no_wrap))),
        "the last three four-map subsets are taken as contiguous": _mask(tuple(map(tuple, contiguous))),
        "the table's maps are counted from 1": right.roll(-1, dims=1),
        "output maps in another order than the table's": right.flip(0),
        "the table says which maps to leave out": ~right,
    }


def _probe_shape(answer: Callable, inputs: Inputs) -> Observation:
    return {"shape": list(answer(C3_TABLE)(inputs["maps"]).shape)}


def _judge_shape(seen: Observation, inputs: Inputs) -> Fault | None:
    count, _, height, width = inputs["maps"].shape
    expected = [count, OUT_MAPS, height - KERNEL + 1, width - KERNEL + 1]
    got = seen["shape"]
    if got == expected:
        return None
    padded = got[2:] == [height, width]
    return Fault(
        "the output has the wrong shape",
        expected=_times(expected),
        got=_times(got),
        misconception="the maps are padded; LeNet-5 has no padding" if padded else "",
    )


def _probe_kernels(answer: Callable, _inputs: Inputs) -> Observation:
    return {"kernels": _kernels(answer(C3_TABLE))}


def _judge_connections(seen: Observation, _inputs: Inputs) -> Fault | None:
    got, expected = _connected(seen["kernels"]), _mask(C3_TABLE)
    if torch.equal(got, expected):
        return None
    misconception = next((name for name, mask in _wrong_patterns().items() if torch.equal(got, mask)), "")
    map_number = int((got != expected).any(dim=1).nonzero()[0])
    return Fault(
        f"{int(got.sum())} connections instead of {int(expected.sum())}; the first map that differs is {map_number}",
        expected=f"map {map_number} sees {_maps(expected[map_number])}",
        got=f"map {map_number} sees {_maps(got[map_number])}",
        misconception=misconception,
    )


def _judge_own_kernels(seen: Observation, _inputs: Inputs) -> Fault | None:
    kernels, mask = seen["kernels"], _connected(seen["kernels"])
    if not mask.any():
        return Fault("no connection responds at all", expected="60 different kernels", got="only zeros")
    real = [kernels[target, source] for target, source in mask.nonzero().tolist()]
    different = len(torch.stack(real).flatten(1).mul(1e4).round().unique(dim=0))
    expected = int(_mask(C3_TABLE).sum())
    if different == len(real) == expected:
        return None
    one_per_map = different <= OUT_MAPS
    return Fault(
        "several connections share one kernel" if different < len(real) else "the number of kernels is wrong",
        expected=f"{expected} different kernels",
        got=f"{different}",
        misconception="the selected maps are summed first and share one kernel" if one_per_map else "",
    )


def _random_maps(generator: torch.Generator) -> Inputs:
    return {"maps": torch.randn(4, IN_MAPS, 14, 14, generator=generator)}


def _probe_trainable(answer: Callable, inputs: Inputs) -> Observation:
    c3 = answer(C3_TABLE)
    c3(inputs["maps"]).square().sum().backward()
    gradients = [p.grad for p in c3.parameters() if p.requires_grad and p.grad is not None]
    return {"moving": sum(int((gradient != 0).sum()) for gradient in gradients)}


def _judge_trainable(seen: Observation, _inputs: Inputs) -> Fault | None:
    kernels = int(_mask(C3_TABLE).sum())
    expected = kernels * KERNEL**2 + OUT_MAPS
    got = seen["moving"]
    if got == expected:
        return None
    misconceptions = {
        OUT_MAPS * IN_MAPS * KERNEL**2 + OUT_MAPS: "all 96 kernels are trained, not the 60 of the table",
        kernels * KERNEL**2 + kernels: "one bias a connection instead of one a map",
        kernels * KERNEL**2: "the biases are missing",
        OUT_MAPS * KERNEL**2 + OUT_MAPS: "one kernel an output map, shared by all its connections",
    }
    return Fault(
        "the number of values that training moves is wrong",
        expected=f"60 × 25 + 16 = {expected:,}",
        got=f"{got:,}",
        misconception=misconceptions.get(got, ""),
    )


def _probe_after_training(answer: Callable, inputs: Inputs) -> Observation:
    c3 = answer(C3_TABLE)
    before = _kernels(c3)
    optimizer = torch.optim.SGD(c3.parameters(), lr=0.01, momentum=0.9, weight_decay=0.01)
    for _ in range(5):
        optimizer.zero_grad()
        c3(inputs["maps"]).square().mean().backward()
        optimizer.step()
    return {"before": before, "after": _kernels(c3)}


def _judge_after_training(seen: Observation, _inputs: Inputs) -> Fault | None:
    before, after = seen["before"], seen["after"]
    if torch.allclose(before, after, atol=1e-7):
        return Fault("five training steps change nothing", expected="changed kernels", got="the same kernels")
    expected, got = _mask(C3_TABLE), _connected(after)
    if torch.equal(expected, got):
        return None
    if not torch.equal(expected, _connected(before)):
        return Fault("the connections are not those of Table I, before training already: mend that first")
    return Fault(
        "connections appear or vanish while the layer is trained",
        expected=f"{int(expected.sum())} connections after 5 steps, as before",
        got=f"{int(got.sum())} connections",
        misconception="the mask is applied once, to the initial weights; training fills the gaps",
        hint="Apply the mask in every forward pass, or keep no weights at all for connections that do not exist.",
    )


def _probe_convolution(answer: Callable, inputs: Inputs) -> Observation:
    c3 = answer(C3_TABLE)
    with torch.no_grad():
        at_zero = c3(torch.zeros(1, IN_MAPS, KERNEL, KERNEL))
        return {
            "kernels": _kernels(c3),
            "bias": at_zero[0, :, 0, 0],
            "once": c3(inputs["maps"]),
            "doubled": c3(2 * inputs["maps"]),
        }


def _judge_convolution(seen: Observation, inputs: Inputs) -> Fault | None:
    expected = F.conv2d(inputs["maps"], seen["kernels"], seen["bias"])
    if seen["once"].shape == expected.shape and torch.allclose(seen["once"], expected, atol=TOLERANCE):
        return None
    bias = seen["bias"].view(1, -1, 1, 1)
    is_linear = torch.allclose(seen["doubled"] - bias, 2 * (seen["once"] - bias), atol=TOLERANCE)
    return Fault(
        "on random maps the output is not the sum of its kernels' convolutions",
        expected=_values(expected),
        got=_values(seen["once"]),
        misconception="" if is_linear else "an activation function inside: the squashing comes after C3, not in it",
    )


def _probe_other_table(answer: Callable, _inputs: Inputs) -> Observation:
    return {"kernels": _kernels(answer(SMALL_TABLE))}


def _judge_other_table(seen: Observation, _inputs: Inputs) -> Fault | None:
    expected, got = _mask(SMALL_TABLE), _connected(seen["kernels"])
    if got.shape == expected.shape and torch.equal(got, expected):
        return None
    ignored = len(got) == OUT_MAPS
    return Fault(
        f"built from another table, {SMALL_TABLE}, the layer does not follow it",
        expected=f"{len(expected)} output maps with {int(expected.sum())} connections",
        got=f"{len(got)} output maps with {int(got.sum())} connections",
        misconception="the table argument is ignored" if ignored else "",
    )


C3 = Part(
    name="C3",
    task="build",
    minutes=25,
    checks=(
        Check(
            "output shape",
            1,
            _probe_shape,
            _judge_shape,
            "A 5×5 kernel fits into a row of 14 pixels at 14 − 5 + 1 places.",
            _random_maps,
        ),
        Check(
            "connections of Table I",
            2,
            _probe_kernels,
            _judge_connections,
            "table[o] lists the input maps of output map o. Print it for the map named above and follow it by hand.",
        ),
        Check(
            "a kernel for each connection",
            1,
            _probe_kernels,
            _judge_own_kernels,
            "Each of the 60 connections has 25 weights of its own; the results are added up for each output map.",
        ),
        Check(
            "trainable numbers",
            1,
            _probe_trainable,
            _judge_trainable,
            "Count on paper first: 60 kernels of 25 weights, and one bias for each of the 16 output maps.",
            _random_maps,
        ),
        Check(
            "still sparse after training",
            1,
            _probe_after_training,
            _judge_after_training,
            "Look at the weights before and after an optimiser step: which of them moved?",
            _random_maps,
        ),
        Check(
            "one convolution, nothing more",
            1,
            _probe_convolution,
            _judge_convolution,
            "C3 only adds up: no activation function, no scaling by the number of maps, one bias a map.",
            _random_maps,
        ),
        Check(
            "follows the table it is given",
            1,
            _probe_other_table,
            _judge_other_table,
            "Nothing in the class may know C3_TABLE: take the number of output maps from len(table).",
        ),
    ),
)


# Part 2: the feature extractor --------------------------------------------------------------------------------------

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
        got=_times(seen["shape"]),
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
        got=_times(seen["shape"]) or seen["error"],
        misconception="" if seen["shape"] else "C5 as a fully connected layer: it is a convolution over all 16 maps",
    )


def _probe_numbers(answer: Callable, inputs: Inputs) -> Observation:
    features = answer()
    (features(inputs["digit"]) * inputs["weights"]).sum().backward()
    return {
        "moving": sum(int((p.grad != 0).sum()) for p in features.parameters() if p.grad is not None),
        "in all": sum(p.numel() for p in features.parameters()),
    }


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


# Part 3: a sub-sampling layer to mend -------------------------------------------------------------------------------


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
            expected=_times(expected.shape),
            got=_times(got.shape),
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
        expected=_values(expected),
        got=_values(got),
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
                expected=_values(gradient),
                got="no gradient",
                misconception=f"the {name} is cut off from the gradient",
                hint=f"Where does forward use something that is not self.{name} itself? .data, .detach(), .item() and "
                "torch.no_grad() all hide a value from autograd.",
            )
        if got.numel() != gradient.numel() or not torch.allclose(got.flatten(), gradient, atol=1e-3):
            return Fault(f"the gradient of the {name} is wrong", expected=_values(gradient), got=_values(got))
    return None


def _judge_input_gradient(seen: Observation, inputs: Inputs) -> Fault | None:
    scaled = _per_map(inputs["coefficient"]) * inputs["weights"]
    expected = scaled.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    got = seen["maps"]
    if got is None:
        return Fault(
            "no gradient reaches the layers before: C1 would never learn",
            expected=_values(expected),
            got="no gradient",
            misconception="the incoming maps are cut off from the gradient",
        )
    if torch.allclose(got, expected, atol=TOLERANCE):
        return None
    return Fault("the gradient of the incoming maps is wrong", expected=_values(expected), got=_values(got))


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

EXERCISE = Exercise(
    name="01-lenet-5",
    title="Partial connection and trainable sub-sampling",
    parts=(C3, FEATURES, SUBSAMPLING),
)


def _times(shape: list[int] | torch.Size) -> str:
    return "×".join(map(str, shape))


def _maps(connected: Tensor) -> str:
    return "{" + ", ".join(map(str, connected.nonzero().flatten().tolist())) + "}"


def _values(tensor: Tensor) -> str:
    """Return the first values of a tensor, enough to compare by eye."""
    shown = ", ".join(f"{value:.3g}" for value in tensor.flatten()[:3].tolist())
    return f"{shown}, …" if tensor.numel() > 3 else shown
