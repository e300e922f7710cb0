"""Part 1: an n×n convolution in two factors, 1×n and n×1, each with batch normalisation and ReLU.

Within a factor all weights are made the same, so that neither the order of their axes nor their use matters.
All positive, every ReLU is on, and a unit's gradient shows what it sees. In training mode the batch's own statistics
decide, whatever biases there are, so that what comes out can be worked out from the maps alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.pictures import maps_picture
from cnncourse.checking.probing import build, run
from cnncourse.checking.wording import differing_text, shape_text, values_text

TOLERANCE = 5e-3  # the values are about 1; it leaves room for any small epsilon
SPREAD = 3.0  # standard deviation of a factor's sums, so large that epsilon hardly counts
HEIGHT, WIDTH = 10, 11
SIGNS = (1, -1)  # of the second factor's weights: what is above zero with one of them is below it with the other
MIDDLE = (6, 6)  # with the corner, the units whose view is looked at

Step = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Factors:
    """A factorised convolution that keeps the size of its maps.

    Attributes:
        in_channels: maps before it.
        mid_channels: maps between the factors.
        out_channels: maps that it gives; other than ``in_channels``, so that the factors can be told apart.
        n: height and width of what a unit sees, odd.

    """

    in_channels: int
    mid_channels: int
    out_channels: int
    n: int

    @property
    def name(self) -> str:
        """The convolution as the learner would call for it."""
        return f"n = {self.n}, {self.in_channels} → {self.mid_channels} → {self.out_channels} channels"

    @property
    def arguments(self) -> tuple[int, int, int, int]:
        """What it is built with."""
        return self.in_channels, self.mid_channels, self.out_channels, self.n

    @property
    def weights(self) -> tuple[int, int]:
        """Number of weights of the first and of the second factor."""
        return self.n * self.in_channels * self.mid_channels, self.n * self.mid_channels * self.out_channels

    @property
    def numbers(self) -> int:
        """Count the trainable numbers, without biases that batch normalisation would cancel."""
        return sum(self.weights) + 2 * (self.mid_channels + self.out_channels)


CASES = (Factors(2, 4, 3, 5), Factors(3, 2, 5, 3), Factors(3, 5, 4, 7))
FIRST = CASES[0]


def _draw(generator: torch.Generator) -> Inputs:
    """Draw maps above zero, maps round zero, and a sign for the first factor's weights."""
    return {
        "maps": 0.2 + torch.rand(4, 6, HEIGHT, WIDTH, generator=generator),
        "around zero": torch.randn(4, 6, HEIGHT, WIDTH, generator=generator),
        "sign": 1.0 - 2 * torch.randint(2, (), generator=generator),
    }


def _maps(factors: Factors, inputs: Inputs) -> Tensor:
    return inputs["maps"][:, : factors.in_channels].contiguous()


def _maps_of_both_signs(factors: Factors, inputs: Inputs) -> Tensor:
    """Return maps whose sums over a 1×n window are on both sides of zero, and more often above it."""
    return inputs["around zero"][:, : factors.in_channels] + 0.75 / (factors.in_channels * factors.n) ** 0.5


def _first_sight(module: nn.Module, maps: Tensor) -> dict[str, object]:
    """Count the numbers; in evaluation mode, note the shape of what comes out, and what two units see."""
    if any(map(nn.parameter.is_lazy, module.parameters())):  # these have their numbers only when they have run
        run(module.eval(), maps)
    numbers = [each for each in module.parameters() if each.requires_grad]
    before = [each.detach().clone() for each in numbers]
    with torch.no_grad():
        for each in numbers:
            each.fill_(0.1)
    pixels = maps.clone().requires_grad_()
    output = run(module.eval(), pixels)
    seen: dict[str, object] = {
        "numbers": sum(each.numel() for each in numbers),
        "shape": list(output.shape),
        "footprint": None,
    }
    if output.dim() == 4 and output.shape[2:] == maps.shape[2:]:
        if output.requires_grad:
            (output[0, :, 0, 0].sum() + output[0, :, *MIDDLE].sum()).backward()
        if pixels.grad is not None:
            seen["footprint"] = (pixels.grad != 0).any(dim=1).any(dim=0)
    with torch.no_grad():
        for each, value in zip(numbers, before, strict=True):
            each.copy_(value)
    return seen


def _in_both_modes(module: nn.Module, factors: Factors, inputs: Inputs) -> dict[str, object]:
    """With known weights, note what comes out in training, and in evaluation for a batch and for a picture alone."""
    maps = _maps_of_both_signs(factors, inputs)
    numbers = [each for each in module.parameters() if each.requires_grad]
    weights = [_of_factor(numbers, count, factors.n) for count in factors.weights]
    if any(sum(each.numel() for each in found) != count for found, count in zip(weights, factors.weights, strict=True)):
        return {"told apart": False}
    first, second = _sizes(factors, inputs)
    sign = inputs["sign"].item()
    training = []
    for of_second in SIGNS:
        _fill(weights, (sign * first, of_second * second))
        training.append(run(module.train(), maps))
    _fill(weights, (first, second))  # all above zero, so that no ReLU is silent everywhere
    together = run(module.eval(), maps)
    return {
        "told apart": True,
        "training": torch.stack(training),
        "together": together[:1],
        "alone": run(module, maps[:1]),
    }


def _of_factor(numbers: list[nn.Parameter], count: int, n: int) -> list[nn.Parameter]:
    """Return a factor's weights, which are one parameter, or n of them if each place of the kernel has its own."""
    whole = [each for each in numbers if each.numel() == count]
    return whole or [each for each in numbers if each.numel() == count // n]


def _fill(weights: list[list[nn.Parameter]], sizes: tuple[float, ...]) -> None:
    with torch.no_grad():
        for of_factor, size in zip(weights, sizes, strict=True):
            for weight in of_factor:
                weight.fill_(size)


def _sizes(factors: Factors, inputs: Inputs) -> tuple[float, float]:
    """Return the weight of each factor, signs apart, such that its sums differ by about as much as they should."""
    sums = _window(_maps_of_both_signs(factors, inputs), (1, factors.n))
    return SPREAD / sums.std().item(), SPREAD / (factors.mid_channels * factors.n) ** 0.5


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    seen, built = {}, {}
    for factors in CASES:
        built[factors] = build(answer, *factors.arguments)
        seen[factors.name] = _first_sight(built[factors], _maps(factors, inputs))
    yield seen
    if tuple(seen[FIRST.name]["shape"]) == _shape(FIRST, inputs):
        yield {"modes": _in_both_modes(built[FIRST], FIRST, inputs)}
    else:
        yield {"modes": {"told apart": False}}


def _shape(factors: Factors, inputs: Inputs) -> tuple[int, ...]:
    return (len(inputs["maps"]), factors.out_channels, *inputs["maps"].shape[2:])


def _fault_in_shape(seen: Observation, factors: Factors, inputs: Inputs) -> Fault | None:
    expected, got = _shape(factors, inputs), tuple(seen["shape"])
    if got == expected:
        return None
    grown = tuple(there - here for there, here in zip(got[2:], expected[2:], strict=False))
    border = factors.n - 1
    misconceptions = {
        "both factors are padded on all sides: 1×n needs zeros left and right only, n×1 above and below": (
            (border, border)
        ),
        "no padding: each factor takes a border away": (-border, -border),
        "the n×1 factor is not padded": (-border, 0),
        "the 1×n factor is not padded": (0, -border),
    }
    named = next((name for name, change in misconceptions.items() if change == grown), "")
    if not named and len(got) == 4:
        height, width = expected[2:]
        if got[2] <= (height + 1) // 2 or got[3] <= (width + 1) // 2:
            named = "something halves the maps: a stride or a pooling"
        elif got[2:] == (height, width) and got[1] == 2 * factors.out_channels:
            named = "the factors stand side by side and their maps are stacked; n×1 must work on what 1×n gives"
        elif got[2:] == (height, width) and got[1] == factors.mid_channels:
            named = "the second factor gives mid_channels maps, or is missing"
    return Fault(
        f"{factors.name}: for maps of shape {shape_text(_maps(factors, inputs).shape)} the output has the wrong shape",
        shape_text(expected),
        shape_text(got),
        named,
    )


def _right_counts(factors: Factors) -> set[int]:
    """Return the counts that are right: with biases in neither, one or both of the convolutions."""
    biases = (0, factors.mid_channels, factors.out_channels, factors.mid_channels + factors.out_channels)
    return {factors.numbers + bias for bias in biases}


def _mistaken_counts(factors: Factors) -> Mapping[str, set[int]]:
    """Return the counts that some mistakes give."""
    i, m, o, n = factors.arguments
    expected, plain = factors.numbers, sum(factors.weights)

    def also_with(biases: tuple[int, ...], *counts: int) -> set[int]:
        return {count + bias for count in counts for bias in (0, *biases)}

    each, last = (m, o, m + o), (o,)
    return {
        "one n×n convolution: it is not factorised": also_with(last, n * n * i * o + 2 * o, n * n * i * o),
        "batch normalisation is missing": {plain},
        # Biases alone make as many.
        "batch normalisation is missing, or trains a shift and no scale": {plain + m + o},
        "the factors stand side by side; n×1 must work on what 1×n gives": also_with((2 * o,), 2 * n * i * o + 4 * o),
        "batch normalisation is missing after the n×1 factor": also_with(each, plain + 2 * m),
        "batch normalisation is missing after the 1×n factor": also_with(each, plain + 2 * o),
        "only one of the two factors is there": also_with(last, n * i * o + 2 * o, n * i * o),
        "a factor is n×n: it has n times too many weights": also_with(
            each, *(expected + (n - 1) * more for more in (*factors.weights, plain))
        ),
        "mid_channels is ignored": also_with(
            (o, 2 * o, i + o),
            n * i * o + n * o * o + 4 * o,
            n * i * i + n * i * o + 2 * (i + o),
        ),
        "each map is treated alone (depthwise); a factor must see all maps": also_with(
            each, n * i + i * m + n * m + m * o + 2 * (m + o), n * (m + o) + 2 * (m + o)
        ),
        "a third convolution": also_with(
            each, expected + m * o + 2 * o, expected + o * o + 2 * o, expected + i * m + 2 * m
        ),
        "the convolutions cannot learn: their weights are no parameters, or frozen": {2 * (m + o)},
        "nothing can learn": {0},
    }


def _fault_in_numbers(seen: Observation, factors: Factors) -> Fault | None:
    got, (first, second) = seen["numbers"], factors.weights
    if got in _right_counts(factors):
        return None
    norms = f"2·{factors.mid_channels} + 2·{factors.out_channels}"
    return Fault(
        f"{factors.name}: the number of trainable numbers is wrong",
        expected=f"{first} + {second} weights, {norms} of batch normalisation: {factors.numbers} (or with biases)",
        got=f"{got:,}",
        misconception=next((name for name, counts in _mistaken_counts(factors).items() if got in counts), ""),
    )


def _view(factors: Factors, height: int, width: int, *, shape: str = "square") -> Tensor:
    """Return which pixels the unit in the corner and the one in the middle see."""
    seen = torch.zeros(height, width, dtype=torch.bool)
    reach = {"square": (1, 1), "row": (0, 1), "column": (1, 0), "twice": (2, 0), "twice across": (0, 2)}
    for row, column in ((0, 0), MIDDLE):
        for high, wide in [reach[shape]] if shape in reach else [reach["row"], reach["column"]]:
            rows, columns = high * (factors.n // 2), wide * (factors.n // 2)
            seen[max(0, row - rows) : row + rows + 1, max(0, column - columns) : column + columns + 1] = True
    return seen


def _fault_in_view(seen: Observation, factors: Factors, inputs: Inputs) -> Fault | None:
    height, width = inputs["maps"].shape[2:]
    expected, got = _view(factors, height, width), seen["footprint"]
    if got is None:
        return Fault(
            f"{factors.name}: no gradient gets from the output to the maps",
            misconception="the output is cut off, by detach or no_grad",
        )
    if torch.equal(got, expected):
        return None
    crossed = _view(factors, height, width, shape="cross")
    misconceptions = {
        "it sees a cross: the factors stand side by side, and n×1 does not work on what 1×n gives": (
            torch.equal(got, crossed)
        ),
        "it sees a row only: the n×1 factor is missing, or both are 1×n": (
            torch.equal(got, _view(factors, height, width, shape="row"))
            or torch.equal(got, _view(factors, height, width, shape="twice across"))
        ),
        "it sees a column only: the 1×n factor is missing, or both are n×1": (
            torch.equal(got, _view(factors, height, width, shape="column"))
            or torch.equal(got, _view(factors, height, width, shape="twice"))
        ),
        "it sees the whole of every picture: batch normalisation uses the batch in evaluation too": bool(got.all()),
        "the paddings are swapped: at the border units see nothing": not bool(got[0, 0]),
        "one of the factors is n×n, so that more is seen": bool(got[expected].all()),
    }
    return Fault(
        f"{factors.name}: two units, one in the corner and one further in, do not see what they should",
        expected=f"{int(expected.sum())} positions, {factors.n}×{factors.n} around each as far as there are any",
        got=f"{int(got.sum())} positions",
        misconception=next((name for name, applies in misconceptions.items() if applies), ""),
    )


def _first_fault(judge: Callable[[Factors], Fault | None]) -> Fault | None:
    return next((fault for fault in map(judge, CASES) if fault is not None), None)


def _judge_shape(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first_fault(lambda factors: _fault_in_shape(seen[factors.name], factors, inputs))


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _first_fault(lambda factors: _fault_in_numbers(seen[factors.name], factors))


def _judge_view(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first_fault(
        lambda factors: (
            _fault_in_shape(seen[factors.name], factors, inputs) or _fault_in_view(seen[factors.name], factors, inputs)
        )
    )


def _window(maps: Tensor, kernel: tuple[int, int], pad: str = "constant") -> Tensor:
    """Add up all that a unit sees, over all maps: shape (N, 1, height, width)."""
    high, wide = kernel[0] // 2, kernel[1] // 2
    return F.conv2d(F.pad(maps, (wide, wide, high, high), mode=pad), torch.ones(1, maps.shape[1], *kernel))


def _normalised(sums: Tensor) -> Tensor:
    return F.batch_norm(sums, None, None, training=True)


def _each_alone(sums: Tensor) -> Tensor:
    return F.instance_norm(sums)


def _in_training(
    factors: Factors, inputs: Inputs, after: tuple[tuple[Step, ...], tuple[Step, ...]], *, high_first: bool, pad: str
) -> Tensor:
    """Return what comes out in training, for both signs of the second factor, if given steps follow each factor."""
    kernels = [(factors.n, 1), (1, factors.n)] if high_first else [(1, factors.n), (factors.n, 1)]
    first, second = _sizes(factors, inputs)
    maps = inputs["sign"] * first * _window(_maps_of_both_signs(factors, inputs), kernels[0], pad)
    for step in after[0]:
        maps = step(maps)
    outputs = []
    for of_second in SIGNS:
        output = of_second * second * factors.mid_channels * _window(maps, kernels[1], pad)
        for step in after[1]:
            output = step(output)
        outputs.append(output)
    return torch.stack(outputs)


NORM, RELU = _normalised, F.relu
RIGHT = ((NORM, RELU), (NORM, RELU))
MISTAKES: Mapping[str, tuple[tuple[Step, ...], tuple[Step, ...]]] = {
    "no ReLU between the factors: the two are one linear filter": ((NORM,), (NORM, RELU)),
    "the ReLU at the end is missing": ((NORM, RELU), (NORM,)),
    "no ReLU at all": ((NORM,), (NORM,)),
    "batch normalisation stands after the ReLU; the paper has it before": ((RELU, NORM), (RELU, NORM)),
    "the first batch normalisation stands after its ReLU": ((RELU, NORM), (NORM, RELU)),
    "the last batch normalisation stands after its ReLU": ((NORM, RELU), (RELU, NORM)),
    "the first batch normalisation is missing, or does nothing": ((RELU,), (NORM, RELU)),
    "the last batch normalisation is missing, or does nothing": ((NORM, RELU), (RELU,)),
    "batch normalisation is missing, or does nothing": ((RELU,), (RELU,)),
    "a leaky ReLU: below zero a ReLU gives exactly 0": ((NORM, F.leaky_relu), (NORM, F.leaky_relu)),
    "tanh in place of ReLU": ((NORM, torch.tanh), (NORM, torch.tanh)),
    "each picture is normalised by itself, not the batch": ((_each_alone, RELU), (_each_alone, RELU)),
}


def _fault_in_training(modes: Observation, factors: Factors, inputs: Inputs) -> Fault | None:
    if not modes["told apart"]:
        return Fault(
            f"{factors.name}: the two factors cannot be told apart yet",
            hints=("Mend first what “height and width stay” and “trainable numbers” say.",),
        )
    got = modes["training"]

    def gives(after: tuple[tuple[Step, ...], tuple[Step, ...]], pad: str = "constant") -> bool:
        return any(
            torch.allclose(
                got, _in_training(factors, inputs, after, high_first=high, pad=pad).expand_as(got), atol=TOLERANCE
            )
            for high in (False, True)
        )

    if gives(RIGHT):
        return None
    expected = _in_training(factors, inputs, RIGHT, high_first=False, pad="constant").expand_as(got)
    named = next((name for name, after in MISTAKES.items() if gives(after)), "")
    if not named and (gives(RIGHT, "replicate") or gives(RIGHT, "reflect") or gives(RIGHT, "circular")):
        named = "the border is not padded with zeros"
    return Fault(
        f"{factors.name}: in training, with weights that are all alike, the output is wrong",
        *differing_text(expected, got),
        misconception=named,
        picture=maps_picture(expected[0, 0, 0, :4, :4], got[0, 0, 0, :4, :4]),
    )


def _judge_training(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_training(seen["modes"], FIRST, inputs)


def _fault_in_evaluation(modes: Observation) -> Fault | None:
    if not modes["told apart"] or torch.allclose(modes["together"], modes["alone"], atol=TOLERANCE):
        return None
    return Fault(
        "in evaluation a picture's maps depend on the other pictures of the batch",
        expected=f"as in the batch, {values_text(modes['together'])}",
        got=f"alone, {values_text(modes['alone'])}",
        misconception="batch normalisation uses the batch in evaluation too",
    )


def _judge_evaluation(seen: Observation, inputs: Inputs) -> Fault | None:
    modes = seen["modes"]
    return _fault_in_evaluation(modes) if modes["told apart"] else _fault_in_training(modes, FIRST, inputs)


def _draw_factors(generator: torch.Generator) -> Inputs:
    """Draw channels that can be told apart, and a width of the factors that learners have not seen."""
    while True:
        channels = torch.randperm(5, generator=generator)[:3] + 2
        i, m, o = channels.tolist()
        if len({m, o, i * m, m * o}) == 4:
            break
    n = torch.tensor([9, 11])[torch.randint(2, (1,), generator=generator)]
    return {**_draw(generator), "factors": torch.cat([channels, n])}


def _probe_drawn(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    factors = Factors(*inputs["factors"].tolist())
    module = build(answer, *factors.arguments)
    seen = _first_sight(module, _maps(factors, inputs))
    yield seen
    if tuple(seen["shape"]) == _shape(factors, inputs):
        yield _in_both_modes(module, factors, inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    factors = Factors(*inputs["factors"].tolist())
    return (
        _fault_in_shape(seen, factors, inputs)
        or _fault_in_numbers(seen, factors)
        or _fault_in_view(seen, factors, inputs)
        or _fault_in_training(seen, factors, inputs)
        or _fault_in_evaluation(seen)
    )


FACTORISED_CONVOLUTION = Part(
    name="FactorisedConv",
    task="build",
    minutes=25,
    checks=(
        Check(
            "height and width stay",
            1,
            _probe,
            _judge_shape,
            (
                "In which direction does a 1×7 kernel take something away, and in which not?",
                "padding may be a pair: rows above and below, then columns left and right.",
                "For a kernel of (1, n) the padding is (0, n // 2), for (n, 1) it is (n // 2, 0).",
            ),
            _draw,
        ),
        Check(
            "trainable numbers",
            2,
            _probe,
            _judge_numbers,
            (
                "On paper: how many weights has a 1×n convolution from in_channels to mid_channels?",
                "Each factor sees all maps before it, and has a batch normalisation of its own behind it.",
                "A batch normalisation of c maps has 2·c trainable numbers, a scale and a shift for each map.",
            ),
            _draw,
        ),
        Check(
            "a unit sees n×n",
            2,
            _probe,
            _judge_view,
            (
                "Which pixels does one unit of your output depend on? Draw them for n = 3.",
                "A row of columns is a square; a row beside a column is a cross.",
                "The second factor must work on what the first gives, not on the input.",
            ),
            _draw,
        ),
        Check(
            "normalised, then rectified, twice",
            2,
            _probe,
            _judge_training,
            (
                "Print your module: what stands between the two convolutions, and in which order?",
                "The paper's unit is always the same: convolution, batch normalisation, ReLU.",
                "Six steps: 1×n, normalise, ReLU, n×1, normalise, ReLU.",
            ),
            _draw,
        ),
        Check(
            "in evaluation every picture counts for itself",
            1,
            _probe,
            _judge_evaluation,
            (
                "What should batch normalisation use in evaluation, where a batch may be one picture?",
                "nn.BatchNorm2d does it by itself; it needs nothing but the number of maps.",
            ),
            _draw,
        ),
        Check(
            "other channels, a wider window",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of some channels or of n = 3, 5 and 7 only?",
                "Channels, kernels and paddings must all come from the arguments.",
            ),
            _draw_factors,
            public=False,
        ),
    ),
)
