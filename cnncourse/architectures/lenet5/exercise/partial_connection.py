"""Part 1: C3, the convolution whose maps look at some of the input maps only."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.lenet5.model import C3_TABLE
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.pictures import connections_picture
from cnncourse.checking.probing import Descent, build, fill_with_random_numbers, moving_numbers, run, run_expecting
from cnncourse.checking.wording import shape_text, values_text

IN_MAPS, OUT_MAPS, KERNEL = 6, 16, 5
# What a C3 that reads its table can also be built from: fewer and more maps than the paper's.
OTHER_TABLES = (((0, 3), (1, 2, 4, 5), (5,)), tuple((number % 6, (number + 2) % 6) for number in range(20)))
TOLERANCE = 1e-4
TRAINING_STEPS = 3


def _impulses() -> Tensor:
    """Return six pictures of six maps, one lit pixel in the middle of one map each, just within a kernel's reach.

    Then the same with darkness for light, and a picture that is all zeros: thirteen pictures.
    """
    side = 2 * KERNEL - 1
    impulses = torch.zeros(IN_MAPS, IN_MAPS, side, side)
    impulses[range(IN_MAPS), range(IN_MAPS), KERNEL - 1, KERNEL - 1] = 1
    return torch.cat([impulses, -impulses, torch.zeros(1, IN_MAPS, side, side)])


def _kernels(c3: nn.Module, out_maps: int) -> tuple[Tensor, Tensor]:
    """Recover the kernels a layer really applies, (out, in, 5, 5), from its answer to one lit pixel a map.

    Returns them as they are for light, and as they are for darkness: the same, unless something bends what comes out.
    """
    impulses = _impulses()
    with torch.no_grad():
        response = run_expecting(c3, impulses, (len(impulses), out_maps, KERNEL, KERNEL))
    light, darkness = (response[:-1] - response[-1]).flip(2, 3).transpose(0, 1).split(IN_MAPS, dim=1)
    return light, -darkness


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


def _probe_layer(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    c3 = build(answer, C3_TABLE)
    yield {"shape": list(run(c3, inputs["maps"]).shape)}
    as_built = _kernels(c3, OUT_MAPS)
    fill_with_random_numbers(c3)
    kernels, for_darkness = _kernels(c3, OUT_MAPS)
    # Starting with weights of zero is allowed, but it hides the connections.
    light, darkness = as_built if as_built[0].any() else (kernels, for_darkness)
    yield {"as built": light, "as built, for darkness": darkness, "kernels": kernels}
    yield _what_training_moves(c3, inputs["maps"])
    yield _as_convolution(c3, inputs["maps"])
    yield {"after training": _after_training(c3, inputs["maps"])}


def _judge_shape(seen: Observation, inputs: Inputs) -> Fault | None:
    count, _, height, width = inputs["maps"].shape
    expected = [count, OUT_MAPS, height - KERNEL + 1, width - KERNEL + 1]
    got = seen["shape"]
    if got == expected:
        return None
    misconceptions = {
        "the maps are padded; LeNet-5 has no padding": got == [count, OUT_MAPS, height, width],
        "the results are joined along the batch (dim=0), not along the maps (dim=1)": got[:2] == [count * OUT_MAPS, 1],
        "the batch is lost: forward takes N pictures at once and returns N": len(got) != 4 or got[0] != count,
        "the maps come last; PyTorch has them second, (N, maps, H, W)": got[-1:] == [OUT_MAPS],
        "a single output map": got[1:2] == [1],
    }
    return Fault(
        "the output has the wrong shape",
        expected=shape_text(expected),
        got=shape_text(got),
        misconception=next((name for name, applies in misconceptions.items() if applies), ""),
    )


def _judge_connections(seen: Observation, _inputs: Inputs) -> Fault | None:
    got, expected = _connected(seen["as built"]), _mask(C3_TABLE)
    if torch.equal(got, expected):
        return None
    if torch.allclose(seen["as built, for darkness"], seen["as built"], atol=TOLERANCE):
        misconception = next((name for name, mask in _wrong_patterns().items() if torch.equal(got, mask)), "")
    else:
        misconception = "an activation function inside: the squashing comes after C3, not in it"
    map_number = int((got != expected).any(dim=1).nonzero()[0])
    return Fault(
        f"the connections ({int(got.sum())}) are not those of the table; map {map_number} is the first to differ",
        expected=f"map {map_number} sees {_maps(expected[map_number])}",
        got=f"map {map_number} sees {_maps(got[map_number])}",
        misconception=misconception,
        picture=connections_picture(expected, got),
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
    return {"maps": torch.randn(4, IN_MAPS, 14, 18, generator=generator)}  # not square: forward takes any H and W


def _what_training_moves(c3: nn.Module, maps: Tensor) -> Observation:
    maps = maps.clone().requires_grad_()
    output = run(c3, maps)
    if output.requires_grad:
        output.square().sum().backward()
    return {
        "moving": moving_numbers(c3),
        "frozen": sum(parameter.numel() for parameter in c3.parameters() if not parameter.requires_grad),
        "parameters": sum(1 for _ in c3.parameters()),
        "output": output,
        "gradient": maps.grad,
    }


def _judge_trainable(seen: Observation, _inputs: Inputs) -> Fault | None:
    kernels = int(_mask(C3_TABLE).sum())
    expected = kernels * KERNEL**2 + OUT_MAPS
    got = seen["moving"]
    if got == expected:
        return None
    misconceptions = {
        OUT_MAPS * IN_MAPS * KERNEL**2 + OUT_MAPS: "all 96 kernels get a gradient, not the 60 of the table",
        kernels * KERNEL**2 + kernels: "one bias a connection instead of one a map",
        kernels * KERNEL**2: "the biases are missing",
        OUT_MAPS * KERNEL**2 + OUT_MAPS: "one kernel an output map, shared by all its connections",
        OUT_MAPS: "the kernels are frozen: their requires_grad is False"
        if seen["frozen"] >= kernels * KERNEL**2  # a mask may be frozen, but it has fewer values
        else "kernels in a plain list are invisible to PyTorch: use nn.ModuleList or nn.ParameterList",
        0: "forward hides its weights from the gradient: torch.no_grad, .detach or .data",
    }
    if seen["parameters"] == 0:
        return Fault(
            "the module has no parameters at all, so an optimiser finds nothing to train",
            misconception="layers in a plain list are invisible to PyTorch: use nn.ModuleList",
        )
    return Fault(
        "the number of values that training moves is wrong",
        expected=f"60 × 25 + 16 = {expected:,}",
        got=f"{got:,}",
        misconception=misconceptions.get(got, ""),
    )


def _after_training(c3: nn.Module, maps: Tensor) -> Tensor:
    """Train a layer for some steps and return its kernels."""
    c3.train()
    parameters = [parameter for parameter in c3.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.grad = None
    descent = Descent(parameters, rate=0.01, momentum=0.9, weight_decay=0.01)
    for _ in range(TRAINING_STEPS):
        output = run(c3, maps)
        if not output.requires_grad:
            break
        (output - 1).square().mean().backward()
        descent.step()
    return _kernels(c3, OUT_MAPS)[0]


def _judge_after_training(seen: Observation, _inputs: Inputs) -> Fault | None:
    before, after = seen["kernels"], seen["after training"]
    if torch.allclose(before, after, atol=1e-7):
        return Fault(
            f"{TRAINING_STEPS} training steps change nothing", expected="changed kernels", got="the same kernels"
        )
    expected, got = _mask(C3_TABLE), _connected(after)
    if torch.equal(expected, got):
        return None
    if before.any() and not torch.equal(expected, _connected(before)):
        return Fault("the connections are not those of Table I, before training already: mend that first")
    return Fault(
        "connections appear or vanish while the layer is trained",
        expected=f"{int(expected.sum())} connections after {TRAINING_STEPS} steps, as before",
        got=f"{int(got.sum())} connections",
        misconception="the mask is applied once, to the initial weights; training fills the gaps",
        hints=(
            "Look at the weights before and after an optimiser step: which of them moved that must not?",
            "A weight of zero still gets a gradient. What in forward would keep that gradient from mattering?",
            "Apply the mask in every forward pass, or keep no weights at all for connections that do not exist.",
        ),
    )


def _as_convolution(c3: nn.Module, maps: Tensor) -> Observation:
    with torch.no_grad():
        strong, dark = run(c3, torch.cat([1000 * maps, torch.zeros_like(maps)])).chunk(2)
        return {"strong": strong, "dark": dark, "in evaluation": run(c3.eval(), maps)}


def _judge_convolution(seen: Observation, inputs: Inputs) -> Fault | None:
    maps, bias = inputs["maps"].clone().requires_grad_(), seen["dark"][0, :, 0, 0]
    expected = F.conv2d(maps, seen["kernels"], bias)
    strong = F.conv2d(1000 * maps, seen["kernels"], bias)
    got = seen["output"]
    if got.shape != expected.shape or not (
        torch.allclose(got, expected, atol=0.01) and torch.allclose(seen["strong"], strong, atol=1, rtol=1e-3)
    ):
        dark = seen["dark"]
        misconceptions = {
            "an activation function inside: the squashing comes after C3, not in it": not torch.allclose(
                seen["strong"] - dark, 1000 * (got - dark), atol=1, rtol=1e-2
            ),
            "the bias is not added at every place of its map": not torch.allclose(
                dark, dark[:, :, :1, :1].expand_as(dark), atol=TOLERANCE
            ),
        }
        return Fault(
            "on random maps the output is not the sum of its kernels' convolutions and one bias a map",
            expected=values_text(expected),
            got=values_text(got),
            misconception=next((name for name, applies in misconceptions.items() if applies), ""),
        )
    if not torch.allclose(seen["in evaluation"], got, atol=TOLERANCE):
        return Fault(
            "after eval() the layer gives something else", values_text(got), values_text(seen["in evaluation"])
        )
    expected.square().sum().backward()
    if seen["gradient"] is None or not torch.allclose(seen["gradient"], maps.grad, rtol=1e-3, atol=0.1):
        return Fault(
            "the gradient that reaches the layers before is wrong: C1 and S2 would not learn",
            expected=values_text(maps.grad),
            got="none" if seen["gradient"] is None else values_text(seen["gradient"]),
            misconception="the incoming maps are cut off from the gradient" if seen["gradient"] is None else "",
        )
    return None


def _kernels_as_built(c3: nn.Module) -> Tensor:
    """Recover a layer's kernels, however many maps it gives."""
    kernels, _ = _kernels(c3, run(c3, _impulses()[:1]).shape[1])
    if not kernels.any():  # weights of zero hide the connections
        fill_with_random_numbers(c3)
        kernels, _ = _kernels(c3, len(kernels))
    return kernels


def _fault_in_table(expected: Tensor, kernels: Tensor) -> Fault | None:
    got = _connected(kernels)
    if len(got) != len(expected):
        return Fault(
            f"built from another table, of {len(expected)} rows, the layer does not follow it",
            expected=f"{len(expected)} output maps",
            got=f"{len(got)} output maps",
            misconception="the table argument is ignored" if len(got) == OUT_MAPS else "",
        )
    if torch.equal(got, expected):
        return None
    number = int((got != expected).any(dim=1).nonzero()[0])
    return Fault(
        f"built from another table, of {len(expected)} rows, the layer does not follow it",
        expected=f"map {number} sees {_maps(expected[number])}",
        got=f"map {number} sees {_maps(got[number])}",
        picture=connections_picture(expected, got),
    )


def _probe_other_tables(answer: Callable, _inputs: Inputs) -> Observation:
    layers = [build(answer, table) for table in OTHER_TABLES]  # all, before one is run: none may know of another
    return {"kernels": [_kernels_as_built(c3) for c3 in layers]}


def _judge_other_tables(seen: Observation, _inputs: Inputs) -> Fault | None:
    for table, kernels in zip(OTHER_TABLES, seen["kernels"], strict=True):
        fault = _fault_in_table(_mask(table), kernels)
        if fault is not None:
            return fault
    return None


def _random_table(generator: torch.Generator) -> Inputs:
    """Draw a table, as its mask: longer than the paper's and than any that learners can see, each row of any length."""
    rows = int(torch.randint(max(map(len, OTHER_TABLES)) + 1, 33, (), generator=generator))
    lengths = torch.randint(1, IN_MAPS + 1, (rows, 1), generator=generator)
    return {"table": torch.rand(rows, IN_MAPS, generator=generator).argsort(dim=1) < lengths}


def _probe_random_table(answer: Callable, inputs: Inputs) -> Observation:
    table = tuple(tuple(row.nonzero().flatten().tolist()) for row in inputs["table"])
    c3, _another = build(answer, table), build(answer, C3_TABLE)
    return {"kernels": _kernels_as_built(c3)}


def _judge_random_table(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_table(inputs["table"], seen["kernels"])


C3 = Part(
    name="C3",
    task="build",
    minutes=25,
    checks=(
        Check(
            "output shape",
            1,
            _probe_layer,
            _judge_shape,
            (
                "Write down the four numbers of the shape: pictures, maps, rows, columns. Which of them is wrong?",
                "A 5×5 kernel fits into a row of 14 pixels at 14 − 5 + 1 places, and every picture keeps its own maps.",
                "No padding; results of single maps are joined along the maps, torch.cat(…, dim=1).",
            ),
            _random_maps,
        ),
        Check(
            "connections of Table I",
            2,
            _probe_layer,
            _judge_connections,
            (
                "Look at the picture: which output maps see too much, and which too little?",
                "table[o] lists the input maps of output map o. Print it for the map named above and follow it.",
                "With a mask: mask[o, list(table[o])] = 1 for each o. With a convolution a map: it is given "
                "maps[:, list(table[o])].",
            ),
            _random_maps,
        ),
        Check(
            "a kernel for each connection",
            1,
            _probe_layer,
            _judge_own_kernels,
            (
                "How many kernels does your layer have, and how many X are there in Table I?",
                "Each of the 60 connections has 25 weights of its own; the results are added up for each output map.",
                "An output map that sees 4 input maps needs a weight of shape 1×4×5×5, not 1×1×5×5.",
            ),
            _random_maps,
        ),
        Check(
            "trainable numbers",
            1,
            _probe_layer,
            _judge_trainable,
            (
                "Count on paper first: 60 kernels of 25 weights, and one bias for each of the 16 output maps.",
                "Print [(name, p.shape) for name, p in C3(C3_TABLE).named_parameters()]. What is missing or too much?",
                "Layers belong in an nn.ModuleList, weights in an nn.Parameter; a mask multiplies the weights in "
                "forward, so that what it hides gets no gradient.",
            ),
            _random_maps,
        ),
        Check(
            "still sparse after training",
            1,
            _probe_layer,
            _judge_after_training,
            (
                "Look at the weights before and after an optimiser step: which moved?",
                "In forward, multiply by a mask; do not overwrite the weights.",
            ),
            _random_maps,
        ),
        Check(
            "one convolution, nothing more",
            1,
            _probe_layer,
            _judge_convolution,
            (
                "Which steps does your forward take besides convolving and adding?",
                "C3 only adds up: no activation function, one bias a map, the same in training and in evaluation.",
                "Give it zeros: what comes out must be the biases. Give it twice the maps: what is above the biases "
                "must double.",
            ),
            _random_maps,
        ),
        Check(
            "follows the table it is given",
            1,
            _probe_other_tables,
            _judge_other_tables,
            (
                "Build C3(((0, 3), (1, 2, 4, 5), (5,))) yourself and look at the shape of its output.",
                "Nothing in the class may know C3_TABLE: take the number of output maps from len(table).",
            ),
        ),
        Check(
            "follows a table drawn at random",
            1,
            _probe_random_table,
            _judge_random_table,
            (
                "Is there a number in your class that is true of some tables only?",
                "All that depends on the table must be computed from it: the number of maps, of kernels, of biases.",
            ),
            _random_table,
            public=False,
        ),
    ),
)


def _maps(connected: Tensor) -> str:
    return "{" + ", ".join(map(str, connected.nonzero().flatten().tolist())) + "}"
