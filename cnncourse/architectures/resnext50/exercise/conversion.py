"""Part 2: the weights of form a for form c."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.wording import differing_text, shape_text

NAMES = ("first", "second", "third")
IMAGES, HEIGHT, WIDTH = 2, 5, 6
TOLERANCE = 1e-4
NEVER = 1e6  # a distance that no two maps have


class Paths(NamedTuple):
    """Shapes of a block in form a."""

    in_channels: int
    out_channels: int
    cardinality: int
    width: int

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the three weights of form c."""
        inside = self.cardinality * self.width
        return (
            (inside, self.in_channels, 1, 1),
            (inside, self.width, 3, 3),
            (self.out_channels, inside, 1, 1),
        )


FIRST = Paths(5, 4, cardinality=3, width=2)


def _draw_for(paths: Paths, generator: torch.Generator) -> Inputs:
    """Draw weights of all paths, stacked, and maps."""
    i, o, number, d = paths

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return {
        "first": normal(number, d, i, 1, 1),
        "second": normal(number, d, d, 3, 3),
        "third": normal(number, o, d, 1, 1),
        "maps": normal(IMAGES, i, HEIGHT, WIDTH),
    }


def _draw(generator: torch.Generator) -> Inputs:
    return _draw_for(FIRST, generator)


def _probe(answer: Callable, inputs: Inputs) -> Observation:
    """Convert the paths' weights; note what is given back, and whether the paths' own weights are as they were."""
    paths = [[inputs[name][path].clone() for name in NAMES] for path in range(len(inputs["first"]))]
    given = answer(paths)
    if not isinstance(given, (list, tuple)) or len(given) != len(NAMES):
        got = f"{len(given)} of them" if isinstance(given, (list, tuple)) else type(given).__name__
        raise RefusedAnswerError(Fault("convert should give three tensors, first, second and third", "3 of them", got))
    for name, tensor in zip(NAMES, given, strict=True):
        if not isinstance(tensor, Tensor):
            raise RefusedAnswerError(Fault(f"{name} is no tensor", "a tensor", type(tensor).__name__))
    unchanged = all(
        torch.equal(inputs[name][n], path[k]) for n, path in enumerate(paths) for k, name in enumerate(NAMES)
    )
    return {**dict(zip(NAMES, given, strict=True)), "unchanged": unchanged}


def _paths(inputs: Inputs) -> Paths:
    number, d, i = inputs["first"].shape[:3]
    return Paths(i, inputs["third"].shape[1], number, d)


# The oracle -----------------------------------------------------------------------------------------------------------


def _path(inputs: Inputs, number: int) -> Tensor:
    """Return what a path has behind its 3×3 convolution and ReLU."""
    maps = F.conv2d(inputs["maps"], inputs["first"][number]).relu()
    return F.conv2d(maps, inputs["second"][number], padding=1).relu()


def _inside(inputs: Inputs, weights: Mapping[str, Tensor], groups: int) -> Tensor:
    maps = F.conv2d(inputs["maps"], weights["first"]).relu()
    return F.conv2d(maps, weights["second"], padding=1, groups=groups).relu()


def _mistaken_shapes(paths: Paths) -> Mapping[tuple[int, ...], str]:
    i, o, number, d = paths
    inside = number * d
    dense = "the 3×3 kernels of an ordinary convolution; in a grouped one they see the channels of their group alone"
    return {
        (d, number * i, 1, 1): "first is joined along its inputs; every path has outputs of its own here",
        (d, number * d, 3, 3): "second is joined along its inputs; every path has outputs of its own here",
        (
            number * o,
            d,
            1,
            1,
        ): "third is joined along its outputs: that stacks what the paths give, and adds nothing",
        (inside, inside, 3, 3): dense,
        (number, d, i, 1, 1): "stacked along a new dimension; the paths are to lie along one that is there",
        (number, d, d, 3, 3): "stacked along a new dimension; the paths are to lie along one that is there",
        (number, o, d, 1, 1): "stacked along a new dimension; the paths are to lie along one that is there",
        (d, i, 1, 1): "one path's weights, or the sum of all; each path keeps its own",
        (d, d, 3, 3): "one path's weights, or the sum of all; each path keeps its own",
        (o, d, 1, 1): "one path's weights, or the sum of all; each path keeps its own",
    }


def _fault_in_shapes(seen: Observation, inputs: Inputs) -> Fault | None:
    paths = _paths(inputs)
    mistakes = _mistaken_shapes(paths)
    for name, shape in zip(NAMES, paths.shapes, strict=True):
        got = tuple(seen[name].shape)
        if got != shape:
            return Fault(
                f"{paths.cardinality} paths of width {paths.width}: {name} has the wrong shape",
                shape_text(shape),
                shape_text(got),
                mistakes.get(got, ""),
            )
        if seen[name].dtype != inputs[name].dtype or not torch.isfinite(seen[name]).all():
            return Fault(f"{name} holds other kinds of numbers than the paths' weights", "float32, finite", "others")
    return None


def _joined(inputs: Inputs) -> dict[str, Tensor]:
    first, second, third = (inputs[name] for name in NAMES)
    return {"first": first.flatten(0, 1), "second": second.flatten(0, 1), "third": torch.cat(list(third), dim=1)}


def _mistaken_weights(inputs: Inputs, name: str) -> Mapping[str, Tensor]:
    """Return weights of the right shape and the wrong values."""
    each, joined = inputs[name], _joined(inputs)[name]
    number = len(each)
    dimension = 1 if name == "third" else 0
    mistakes = {
        "the first path's weights are there cardinality times": torch.cat([each[0]] * number, dim=dimension),
        "the paths come in reversed order here, and not in the other weights": torch.cat(
            list(each.flip(0)), dim=dimension
        ),
        "channels of different paths alternate; those of one path belong next to each other": each.transpose(
            1, 2
        ).reshape(joined.shape)
        if name == "third"
        else each.transpose(0, 1).flatten(0, 1),
        "divided by the number of paths: a mean, not a sum": joined / number,
        "reshaped without moving the dimension of the paths beside that of the inputs": each.reshape(joined.shape),
        "inputs and outputs of the kernels have changed places": each.transpose(1, 2).reshape(joined.shape),
        "the kernels are turned round": joined.flip(2, 3),
        "the same mean for all paths": torch.cat([each.mean(dim=0)] * number, dim=dimension),
    }
    if name == "third":
        mistakes["channels of different paths alternate; those of one path belong next to each other"] = torch.stack(
            list(each), dim=2
        ).reshape(joined.shape)
    return {text: wrong for text, wrong in mistakes.items() if not _alike(wrong, joined)}


def _alike(first: Tensor, second: Tensor) -> bool:
    return first.shape == second.shape and torch.allclose(first, second, rtol=TOLERANCE, atol=TOLERANCE)


def _misconception(seen: Observation, inputs: Inputs, names: tuple[str, ...]) -> str:
    for name in names:
        for text, wrong in _mistaken_weights(inputs, name).items():
            if _alike(seen[name], wrong):
                return f"{name}: {text}"
    return ""


def _fault_in_paths(seen: Observation, inputs: Inputs) -> Fault | None:
    """Compare the maps inside the block with those of the paths, in any order."""
    paths = _paths(inputs)
    expected = torch.cat([_path(inputs, number) for number in range(paths.cardinality)], dim=1)
    got = _inside(inputs, seen, paths.cardinality)
    distances = torch.cdist(expected.transpose(0, 1).flatten(1), got.transpose(0, 1).flatten(1))
    scale = 1 + expected.transpose(0, 1).flatten(1).norm(dim=1)
    missing = int((distances.amin(dim=1) > 1e-2 * scale).sum())
    if missing == 0:
        return None
    return Fault(
        "first and second: behind the grouped 3×3 convolution some maps of the paths are missing",
        f"all {len(expected[0])} maps of the {paths.cardinality} paths, in any order",
        f"{len(expected[0]) - missing} of them",
        _misconception(seen, inputs, ("first", "second")),
    )


def _fault_in_output(seen: Observation, inputs: Inputs) -> Fault | None:
    paths = _paths(inputs)
    each = [F.conv2d(_path(inputs, number), inputs["third"][number]) for number in range(paths.cardinality)]
    expected = torch.stack(each).sum(dim=0)
    got = F.conv2d(_inside(inputs, seen, paths.cardinality), seen["third"])
    scale = expected.std()
    if not _alike(got / scale, expected / scale):
        return Fault(
            "the grouped form gives another output than the sum of the paths",
            *differing_text(expected, got),
            _misconception(seen, inputs, NAMES),
        )
    if not seen["unchanged"]:
        return Fault(
            "convert changes the weights that it is given", "the paths' weights as they were", "others", "", hints=()
        )
    return None


def _judge_shapes(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_shapes(seen, inputs)


def _judge_paths(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_shapes(seen, inputs) or _fault_in_paths(seen, inputs)


def _judge_output(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_shapes(seen, inputs) or _fault_in_output(seen, inputs)


def _draw_paths(generator: torch.Generator) -> Inputs:
    """Draw channels, cardinality and width that learners have not seen."""
    i, o, number, d = (
        torch.randint(low, high, (), generator=generator).item() for low, high in ((3, 8), (3, 8), (4, 7), (3, 5))
    )
    return _draw_for(Paths(i, o, number, d), generator)


CONVERSION = Part(
    name="convert",
    task="use",
    minutes=15,
    checks=(
        Check(
            "shapes",
            1,
            _probe,
            _judge_shapes,
            (
                "Write down the shapes that nn.Conv2d would have for the three convolutions of form c.",
                "A convolution's weights have the shape (outputs, inputs of a group, height, width).",
            ),
            _draw,
        ),
        Check(
            "up to the 3×3 convolution, every path is there",
            2,
            _probe,
            _judge_paths,
            (
                "Each path has output channels of its own in its first and its second convolution. Along which "
                "dimension do outputs lie?",
                "The first group of the 3×3 convolution gets the first channels: those of one path belong together.",
            ),
            _draw,
        ),
        Check(
            "the same output",
            3,
            _probe,
            _judge_output,
            (
                "One 1×1 convolution on all channels inside adds up over its inputs. Where do the paths lie then?",
                "The third weights of the paths lie side by side along dimension 1, in the order of the paths.",
            ),
            _draw,
        ),
        Check(
            "other cardinalities and widths",
            1,
            _probe,
            _judge_output,
            (
                "Is there a number in your function that is true of three paths only?",
                "Take all paths that the list holds, however many they are.",
            ),
            _draw_paths,
            public=False,
        ),
    ),
)
