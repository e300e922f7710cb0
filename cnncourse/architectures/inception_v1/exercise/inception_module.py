"""Part 1: an Inception module from a row of Table 1.

How the learner splits the work is not looked at. With all weights and biases above zero and maps above zero no ReLU
cuts anything off, so that a lit pixel shows what each branch computes; with one map in each reduction the weights of
both of its convolutions can be told from that, and with maps of both signs the ReLUs show.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.inception_v1.model import ModuleFilters
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.probing import build, fill_with_random_numbers, moving_numbers, run
from cnncourse.checking.wording import differing_text, shape_text

BRANCHES = ("1×1", "3×3", "5×5", "pooling")
HEIGHT, WIDTH = 9, 10  # of the maps: a lit pixel in the middle stays four pixels from every border
MIDDLE = (4, 5)
VISIBLE = 1e-3  # weights are a tenth or more, so that what a lit pixel does to an answer is larger
Convolution = tuple[int, int, int]  # maps before, maps after, kernel


class Setting(NamedTuple):
    """The arguments of one module."""

    in_channels: int
    filters: ModuleFilters

    @property
    def widths(self) -> tuple[int, int, int, int]:
        """How many maps each branch gives, in the order of the output."""
        return (self.filters.one, self.filters.three, self.filters.five, self.filters.pool_projection)

    @property
    def convolutions(self) -> list[Convolution]:
        """The module's six convolutions."""
        maps, (one, three_reduce, three, five_reduce, five, projection) = self
        return [
            (maps, one, 1),
            (maps, three_reduce, 1),
            (three_reduce, three, 3),
            (maps, five_reduce, 1),
            (five_reduce, five, 5),
            (maps, projection, 1),
        ]

    def build(self, answer: Callable) -> nn.Module:
        """Build the learner's module."""
        return build(answer, self.in_channels, *self.filters)


# No two numbers of maps, and no two ways to go wrong, have the same number of weights.
SHOWN = Setting(8, ModuleFilters(one=4, three_reduce=3, three=5, five_reduce=2, five=6, pool_projection=7))
# With one map in each reduction.
SINGLE = Setting(3, ModuleFilters(one=2, three_reduce=1, three=3, five_reduce=1, five=4, pool_projection=5))


def _count(convolutions: Sequence[Convolution]) -> int:
    return sum((kernel**2 * before + 1) * after for before, after, kernel in convolutions)


def _shape_for(maps: Tensor, setting: Setting) -> tuple[int, ...]:
    return (len(maps), sum(setting.widths), *maps.shape[2:])


def _run(module: nn.Module, maps: Tensor, setting: Setting) -> Tensor:
    """Run a module; refuse an output of another shape with its likely reason."""
    try:
        output = run(module, maps)
    except RuntimeError as error:
        raise _refusal(error) from error
    got, expected = tuple(output.shape), _shape_for(maps, setting)
    if got == expected:
        return output
    one, three_reduce, three, five_reduce, five, projection = setting.filters
    channels = {
        "the pooling branch has no projection: all of its maps are passed on": one + three + five + setting.in_channels,
        "the pooling branch is left out": one + three + five,
        "the reductions are joined too; they only feed the larger kernels": sum(setting.filters),
        "“reduce” and the number after it are swapped in the 3×3 branch": one + three_reduce + five + projection,
        "“reduce” and the number after it are swapped in the 5×5 branch": one + three + five_reduce + projection,
        "“reduce” and the number after it are swapped in both branches": one + three_reduce + five_reduce + projection,
        "only the pooling branch comes out: the branches stand side by side, and all are joined": projection,
    }
    named = ""
    if len(got) == 4 and got[2:] == expected[2:]:
        named = next((name for name, count in channels.items() if count == got[1]), "")
    elif len(got) == 4 and got[1] == expected[1]:
        named = "the maps change their size; every branch must keep it"
    raise RefusedAnswerError(
        Fault(
            f"for maps of shape {shape_text(maps.shape)} the output has the wrong shape",
            shape_text(expected),
            shape_text(got),
            named,
        )
    )


def _refusal(error: RuntimeError) -> Exception:
    """Return what to tell of branches that do not fit together; the error itself if that is not what it is about."""
    said = (str(error).splitlines() or [""])[0]
    misconceptions = {
        "must match except in dimension 0": "joined along the batch (dim=0), not along the maps (dim=1)",
        "must match except in dimension 2": "joined along the rows (dim=2), not along the maps (dim=1)",
        "must match except in dimension 3": "joined along the columns (dim=3), not along the maps (dim=1)",
        "must match except in dimension 1": "a branch changes the size of its maps: its stride or its padding",
        "The size of tensor a": "the branches are added up; they are to be joined, each with maps of its own",
    }
    named = next((name for words, name in misconceptions.items() if words in said), "")
    return RefusedAnswerError(Fault("the branches do not fit together", "no error", said, named)) if named else error


def _drawn_maps(setting: Setting, single: Setting, generator: torch.Generator) -> Inputs:
    random = torch.randn(2, setting.in_channels, HEIGHT, WIDTH, generator=generator)
    return {
        "maps": random.abs() + 0.1,
        "weights": torch.rand(2, sum(setting.widths), HEIGHT, WIDTH, generator=generator) + 0.1,
        "signed": 3 * torch.randn(3, single.in_channels, HEIGHT, WIDTH, generator=generator),
    }


def _shown(generator: torch.Generator) -> Inputs:
    return _drawn_maps(SHOWN, SINGLE, generator)


def _lit(channels: int) -> Tensor:
    """Return dark maps, then one lit pixel in each channel, then two neighbouring pixels of channel 0."""
    maps = torch.zeros(channels + 2, channels, HEIGHT, WIDTH)
    row, column = MIDDLE
    maps[range(1, channels + 1), range(channels), row, column] = 1
    maps[-1, 0, row, column - 1 : column + 1] = 1
    return maps


def _make_positive(module: nn.Module) -> None:
    fill_with_random_numbers(module)
    with torch.no_grad():
        for number in module.parameters():
            number.copy_(number.abs())


def _look(answer: Callable, setting: Setting, single: Setting, inputs: Inputs) -> Iterator[Observation]:
    module = setting.build(answer)
    maps = inputs["maps"]
    _run(module, maps, setting)
    yield {"shape": "as asked"}
    _make_positive(module)
    lit = _lit(setting.in_channels)
    output = _run(module, torch.cat([lit, maps]), setting)
    if output.requires_grad:
        (output[len(lit) :] * inputs["weights"]).sum().backward()
    yield {
        "moving": moving_numbers(module),
        "numbers": sum(number.numel() for number in module.parameters() if number.requires_grad),
        "parameters": sum(1 for _ in module.parameters()),
        "answers": output[: len(lit)],
    }
    module = single.build(answer)
    _run(module, inputs["signed"], single)
    _make_positive(module)
    lit = _lit(single.in_channels)
    output = _run(module, torch.cat([lit, inputs["signed"]]), single)
    with torch.no_grad():
        for number in module.parameters():
            number.neg_()
    yield {"lit": output[: len(lit)], "above": output[len(lit) :], "below": _run(module, inputs["signed"], single)}


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    return _look(answer, SHOWN, SINGLE, inputs)


def _judge_shape(seen: Observation, _inputs: Inputs) -> Fault | None:
    return None if seen["shape"] == "as asked" else Fault("the output has the wrong shape")


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _fault_in_numbers(seen, SHOWN)


def _fault_in_numbers(seen: Observation, setting: Setting) -> Fault | None:
    expected, moving, numbers = _count(setting.convolutions), seen["moving"], seen["numbers"]
    if moving == expected:
        return None
    if seen["parameters"] == 0:
        return Fault(
            "the module has no parameters at all, so an optimiser finds nothing to train",
            misconception="layers in a plain list or dictionary are invisible to PyTorch: use nn.ModuleList",
        )
    maps, (one, three_reduce, three, five_reduce, five, projection) = setting
    outputs = sum(after for _, after, _ in setting.convolutions)
    first, *_, last = setting.convolutions
    to_three, to_five = setting.convolutions[1:3], setting.convolutions[3:5]
    other_ways = {
        "a 3×3 kernel in the 5×5 branch, as torchvision and TF-Slim have it": _count(
            [first, *to_three, to_five[0], (five_reduce, five, 3), last]
        ),
        "two 3×3 kernels in place of the 5×5 one: that is the module of a year later": _count(
            [first, *to_three, to_five[0], (five_reduce, five, 3), (five, five, 3), last]
        ),
        "no reductions: the 3×3 and 5×5 kernels see all maps, as in the naive module": _count(
            [first, (maps, three, 3), (maps, five, 5), last]
        ),
        "the 1×1 convolution comes after the large kernel, where it saves nothing": _count(
            [
                first,
                (maps, three_reduce, 3),
                (three_reduce, three, 1),
                (maps, five_reduce, 5),
                (five_reduce, five, 1),
                last,
            ]
        ),
        "one reduction for both branches; each has its own": _count(
            [first, to_three[0], to_three[1], (three_reduce, five, 5), last]
        ),
        "the branches stand in series: each is given what the one before it made": _count(
            [first, (one, three_reduce, 1), to_three[1], (three, five_reduce, 1), to_five[1], (five, projection, 1)]
        ),
        "the projection has a 3×3 kernel": _count([first, *to_three, *to_five, (maps, projection, 3)]),
        "the biases are left out": expected - outputs,
        "batch normalisation, which came half a year later, has numbers of its own": expected + 2 * outputs,
        "batch normalisation, which came half a year later, in place of the biases": expected + outputs,
    }
    named = next((name for name, count in other_ways.items() if count == numbers), "")
    if not named and numbers == expected:
        named = (
            "nothing can learn: the weights are cut off from the gradient"
            if moving == 0
            else "some convolutions are cut off from the gradient"
        )
    return Fault(
        "the number of values that training moves is wrong",
        expected=f"{expected:,}, weights and biases of six convolutions",
        got=f"{moving:,}",
        misconception=named,
    )


def _split(answers: Tensor, setting: Setting) -> tuple[Tensor, ...]:
    return answers.split(list(setting.widths), dim=1)


def _sides(answers: Tensor, setting: Setting) -> list[int]:
    """Return for each output map how many pixels in a row it answers to a lit one with, at most over the channels."""
    lit = (answers[1 : 1 + setting.in_channels] - answers[0]).abs() > VISIBLE
    return lit.any(dim=2).sum(dim=-1).amax(dim=0).tolist()


def _judge_views(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _fault_in_views(seen["answers"], SHOWN)


def _fault_in_views(answers: Tensor, setting: Setting) -> Fault | None:
    wanted = {"1×1": 1, "3×3": 3, "5×5": 5, "pooling": 3}
    row, column = MIDDLE
    sides = _sides(answers, setting)
    in_order = [wanted[name] for name, width in zip(BRANCHES, setting.widths, strict=True) for _ in range(width)]
    if sides != in_order:
        widths = dict(zip(BRANCHES, setting.widths, strict=True))
        for order in permutations(BRANCHES):
            if order != BRANCHES and sides == [wanted[name] for name in order for _ in range(widths[name])]:
                return Fault(
                    "the branches are joined in another order than the text's",
                    expected=", ".join(BRANCHES),
                    got=", ".join(order),
                    misconception="the order of the joined maps is part of what the next module relies on",
                )
    responses = zip(BRANCHES, _split(answers, setting), strict=True)
    for name, response in responses:
        side, half = wanted[name], wanted[name] // 2
        lit = (response[1 : 1 + setting.in_channels] - response[0]).abs() > VISIBLE
        should = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
        should[row - half : row + half + 1, column - half : column + half + 1] = True
        if (lit == should).all():
            continue
        got = int(lit.any(dim=(0, 1)).sum())
        misconceptions = {
            "a map of this branch does not see all maps that come in": (lit.any(dim=(0, 1)) == should).all(),
            "no pooling before the projection": name == "pooling" and got == 1,
            "a 3×3 kernel in the 5×5 branch": name == "5×5" and got == 9,
            "the branch is given what another one made; all four are given the module's input": got > side**2,
        }
        return Fault(
            f"the maps of the {name} branch do not see what they should",
            expected=f"{side}×{side} = {side**2} pixels of every map",
            got=f"{got} pixels in all",
            misconception=next((said for said, applies in misconceptions.items() if applies), ""),
        )
    pooled = _split(answers, setting)[-1] - _split(answers, setting)[-1][0]
    one_pixel, two_pixels = pooled[1], pooled[-1]
    in_both = (slice(None), row, column)
    if torch.allclose(two_pixels[in_both], one_pixel[in_both], rtol=1e-4):
        return None
    twice = torch.allclose(two_pixels[in_both], 2 * one_pixel[in_both], rtol=1e-3)
    return Fault(
        "the pooling branch does not take the largest value",
        expected="two lit pixels in a window count as one",
        got=f"{(two_pixels[in_both] / one_pixel[in_both]).mean().item():.3g} times as much",
        misconception="average pooling: Inception-v3 has it, this network does not" if twice else "",
    )


class _Weights(NamedTuple):
    """What a module with one map in each reduction computes, up to scales that cancel."""

    one: tuple[Tensor, Tensor]
    three: tuple[Tensor, Tensor, Tensor, Tensor]
    five: tuple[Tensor, Tensor, Tensor, Tensor]
    projection: tuple[Tensor, Tensor]


def _weights(lit: Tensor, setting: Setting) -> _Weights:
    """Recover the weights from a module's answers to lit pixels: all of them are above zero."""
    one, three, five, pooled = _split(lit.double(), setting)
    row, column = MIDDLE
    at_pixel = (slice(1, 1 + setting.in_channels), slice(None), row, column)

    def direct(answers: Tensor) -> tuple[Tensor, Tensor]:
        bias = answers[0, :, row, column]
        return (answers[at_pixel] - bias).T, bias

    def reduced(answers: Tensor, half: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        window = (slice(row - half, row + half + 1), slice(column - half, column + half + 1))
        differences = (answers[1 : 1 + setting.in_channels] - answers[0])[(..., *window)].flip(2, 3)
        reduction = differences.sum(dim=(1, 2, 3)) / differences.sum()
        kernel = differences.sum(dim=0)
        # In the dark, a corner lacks what the kernel's rows and columns beyond the border would add.
        inside, corner = answers[0, :, row, column], answers[0, :, 0, 0]
        beyond = kernel.sum(dim=(1, 2)) - kernel[:, half:, half:].sum(dim=(1, 2))
        bias = ((inside - corner) / beyond).mean()
        return reduction, bias, kernel, inside - kernel.sum(dim=(1, 2)) * bias

    return _Weights(direct(one), reduced(three, 1), reduced(five, 2), direct(pooled))


def _relu(maps: Tensor) -> Tensor:
    return maps.relu()


def _same(maps: Tensor) -> Tensor:
    return maps


def _padded_pool(maps: Tensor) -> Tensor:
    return F.max_pool2d(F.pad(maps, (1, 1, 1, 1)), 3, stride=1)


def _pool(maps: Tensor) -> Tensor:
    return F.max_pool2d(maps, 3, stride=1, padding=1)


Activation = Callable[[Tensor], Tensor]


def _direct(maps: Tensor, weights: tuple[Tensor, Tensor], sign: int, end: Activation = _relu) -> Tensor:
    weight, bias = (sign * each for each in weights)
    return end(F.conv2d(maps, weight[:, :, None, None], bias))


def _reduced(
    maps: Tensor, weights: tuple[Tensor, ...], sign: int, middle: Activation = _relu, end: Activation = _relu
) -> Tensor:
    reduction, reduction_bias, kernel, bias = (sign * each for each in weights)
    few = middle(F.conv2d(maps, reduction[None, :, None, None], reduction_bias.view(1)))
    return end(F.conv2d(few, kernel[:, None], bias, padding=kernel.shape[-1] // 2))


def _ways(maps: Tensor, weights: _Weights, sign: int) -> dict[str, dict[str, Tensor]]:
    """Return for each branch what is right, named "", and what known mistakes give."""
    projection = weights.projection
    return {
        "1×1": {
            "": _direct(maps, weights.one, sign),
            "no ReLU after the 1×1 convolution": _direct(maps, weights.one, sign, _same),
        },
        **{
            f"{side}×{side}": {
                "": _reduced(maps, of_branch, sign),
                "no ReLU after the reduction: both convolutions together are one linear filter": _reduced(
                    maps, of_branch, sign, middle=_same
                ),
                f"no ReLU after the {side}×{side} convolution": _reduced(maps, of_branch, sign, end=_same),
                "no ReLU in the whole branch": _reduced(maps, of_branch, sign, _same, _same),
                "a leaky ReLU: below zero a ReLU gives exactly 0": _reduced(
                    maps, of_branch, sign, F.leaky_relu, F.leaky_relu
                ),
            }
            for side, of_branch in ((3, weights.three), (5, weights.five))
        },
        "pooling": {
            "": _direct(_pool(maps), projection, sign),
            "the projection comes before the pooling; the paper has it after": _pool(_direct(maps, projection, sign)),
            "no ReLU after the projection": _direct(_pool(maps), projection, sign, _same),
            "the pooling sees zeros beyond the border; torch's own takes the largest of what there is": _direct(
                _padded_pool(maps), projection, sign
            ),
        },
    }


def _judge_values(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_values(seen, SINGLE, inputs)


def _fault_in_values(seen: Observation, setting: Setting, inputs: Inputs) -> Fault | None:
    maps, weights = inputs["signed"].double(), _weights(seen["lit"], setting)
    ways = {sign: _ways(maps, weights, sign) for sign in (1, -1)}
    got = {sign: _split(seen[name].double(), setting) for sign, name in ((1, "above"), (-1, "below"))}
    for number, branch in enumerate(BRANCHES):
        faults = {}
        for name in ways[1][branch]:
            faults[name] = all(
                torch.allclose(got[sign][number], ways[sign][branch][name], rtol=1e-3, atol=1e-2) for sign in (1, -1)
            )
        if faults[""]:
            continue
        sign = 1 if not torch.allclose(got[1][number], ways[1][branch][""], rtol=1e-3, atol=1e-2) else -1
        corner = seen["lit"][0]
        border_alike = torch.allclose(corner[:, 0, 0], corner[:, MIDDLE[0], MIDDLE[1]], rtol=1e-4)
        named = next((name for name, applies in faults.items() if applies), "")
        if branch in ("3×3", "5×5") and border_alike:
            named = "the border is added before the reduction; zeros belong round the maps that the large kernel sees"
        return Fault(
            f"with known weights the {branch} branch gives wrong values",
            *differing_text(ways[sign][branch][""], got[sign][number]),
            misconception=named,
        )
    return None


def _drawn(generator: torch.Generator) -> Inputs:
    """Draw two modules: widths and maps that nobody has seen, and then one map in each reduction."""
    filters = torch.randint(2, 9, (2, 6), generator=generator)
    filters[1, [1, 3]] = 1
    channels = torch.randint(2, 9, (2,), generator=generator)
    settings = [
        Setting(each, ModuleFilters(*row)) for each, row in zip(channels.tolist(), filters.tolist(), strict=True)
    ]
    return {"channels": channels, "filters": filters, **_drawn_maps(*settings, generator)}


def _settings(inputs: Inputs) -> tuple[Setting, Setting]:
    first, second = (
        Setting(channels, ModuleFilters(*row))
        for channels, row in zip(inputs["channels"].tolist(), inputs["filters"].tolist(), strict=True)
    )
    return first, second


def _probe_drawn(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    return _look(answer, *_settings(inputs), inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    setting, single = _settings(inputs)
    fault = (
        _fault_in_numbers(seen, setting)
        or _fault_in_views(seen["answers"], setting)
        or _fault_in_values(seen, single, inputs)
    )
    if fault is None:
        return None
    return Fault(
        f"with the row {tuple(setting.filters)} on {setting.in_channels} maps: {fault.message}",
        fault.expected,
        fault.got,
        fault.misconception,
    )


INCEPTION = Part(
    name="Inception",
    task="build",
    minutes=25,
    checks=(
        Check(
            "four branches, joined",
            1,
            _probe,
            _judge_shape,
            (
                "Print the shape that each branch gives, before they are joined.",
                "Height and width stay as they are in every branch: which padding does a kernel of 3 need, which of 5?",
                "torch.cat([…], dim=1) joins along the channels; the pooling has stride 1 and padding 1.",
            ),
            _shown,
        ),
        Check(
            "trainable numbers",
            2,
            _probe,
            _judge_numbers,
            (
                "Print [p.shape for p in your_module.parameters()]. Six weights, and six biases?",
                "Which maps does each of them see? Four see the input, two see what a reduction made of it.",
                "A convolution from a to b maps with kernel k has (k·k·a + 1)·b numbers.",
            ),
            _shown,
        ),
        Check(
            "what each branch sees",
            2,
            _probe,
            _judge_views,
            (
                "Light one pixel and look at each slice of the output: how large is the spot?",
                "1×1, 3×3, 5×5, and 3×3 again for the pooling, whose largest value it is that counts.",
                "All four branches are given the input itself, and are joined in the order of the table.",
            ),
            _shown,
        ),
        Check(
            "the right values, ReLUs included",
            2,
            _probe,
            _judge_values,
            (
                "How many convolutions are in your module, and how many ReLUs?",
                "A ReLU follows every convolution, the reductions and the projection included.",
                "The pooling branch is: pool, then project, then ReLU. The reduced branches: reduce, ReLU, convolve, "
                "ReLU.",
            ),
            _shown,
        ),
        Check(
            "another row, other maps",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of some rows only?",
                "All widths come from the arguments, and nothing depends on the size of the maps.",
            ),
            _drawn,
            public=False,
        ),
    ),
)
