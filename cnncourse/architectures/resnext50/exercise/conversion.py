"""Part 2: the weights of form a for form c."""

from collections.abc import Callable

import torch
from torch import Tensor

from cnncourse.checking import Case, Check, Misconception, Part

SHAPES, INSIDE, OUTPUT = "shapes", "up to the 3×3 convolution, every path is there", "the same output"
Weights = tuple[Tensor, Tensor, Tensor]


class Paths(list[list[Tensor]]):
    """Weights of some paths, which do not fill a page when they are named in a message."""

    def __repr__(self) -> str:
        width, in_channels = self[0][0].shape[:2]
        return f"weights of {len(self)} paths, from {in_channels} channels to {width} to {self[0][2].shape[0]}"


def joined(paths: Paths) -> Weights:
    """Return the weights of form c."""
    first, second, third = zip(*paths, strict=True)
    return torch.cat(first), torch.cat(second), torch.cat(third, dim=1)


def backwards(paths: Paths) -> Weights:
    """Return the same with the last path first, which is as good."""
    return joined(paths[::-1])


def all_along_outputs(paths):
    return tuple(torch.cat(each) for each in zip(*paths, strict=True))


def all_along_inputs(paths):
    return tuple(torch.cat(each, dim=1) for each in zip(*paths, strict=True))


def second_along_inputs(paths):
    first, second, third = zip(*paths, strict=True)
    return torch.cat(first), torch.cat(second, dim=1), torch.cat(third, dim=1)


def stacked(paths):
    return tuple(torch.stack(each) for each in zip(*paths, strict=True))


def dense(paths):
    first, second, third = joined(paths)
    full, width = torch.zeros(len(second), len(second), 3, 3), second.shape[1]
    for start in range(0, len(second), width):
        full[start : start + width, start : start + width] = second[start : start + width]
    return first, full, third


def summed(paths):
    return tuple(sum(each) for each in zip(*paths, strict=True))


def first_alone(paths):
    return tuple(paths[0])


def by_name(paths):
    return dict(zip(("first", "second", "third"), joined(paths), strict=True))


def first_repeated(paths):
    return joined([paths[0]] * len(paths))


def same_mean(paths):
    return joined([[sum(each) / len(paths) for each in zip(*paths, strict=True)]] * len(paths))


def alternating(paths):
    first, second, third = zip(*paths, strict=True)
    inside = [torch.stack(each, dim=1).flatten(0, 1) for each in (first, second)]
    return *inside, torch.stack(third, dim=2).flatten(1, 2)


def out_is_in(paths):
    first, second, third = joined(paths)
    return first, second, third[: first.shape[1]]


def with_third(change: Callable[[Paths], Tensor]) -> Callable[[Paths], Weights]:
    def convert(paths):
        return *joined(paths)[:2], change(paths)

    return convert


def with_second(change: Callable[[Paths], Tensor]) -> Callable[[Paths], Weights]:
    def convert(paths):
        first, _, third = joined(paths)
        return first, change(paths), third

    return convert


def third_reshaped(paths):
    return torch.cat([path[2] for path in paths]).reshape(joined(paths)[2].shape)


ALTERNATE = "channels of different paths alternate; those of one path belong next to each other"
MISCONCEPTIONS = (
    Misconception(
        "third is joined along its outputs: that stacks what the paths give, and adds nothing",
        all_along_outputs,
        (SHAPES, OUTPUT),
    ),
    Misconception(
        "first is joined along its inputs; every path has outputs of its own here", all_along_inputs, (SHAPES, INSIDE)
    ),
    Misconception(
        "second is joined along its inputs; every path has outputs of its own here",
        second_along_inputs,
        (SHAPES, INSIDE),
    ),
    Misconception(
        "stacked along a new dimension; the paths are to lie along one that is there", stacked, (SHAPES, INSIDE, OUTPUT)
    ),
    Misconception(
        "the 3×3 kernels of an ordinary convolution; in a grouped one they see the channels of their group alone",
        dense,
        (SHAPES, INSIDE),
    ),
    *(
        Misconception("one path's weights, or the sum of all; each path keeps its own", wrong, (SHAPES, INSIDE, OUTPUT))
        for wrong in (summed, first_alone)
    ),
    Misconception(
        "the weights come in a dictionary; a tuple or a list is asked for", by_name, (SHAPES, INSIDE, OUTPUT)
    ),
    Misconception("third has as many outputs as first has inputs, not its own", out_is_in, (SHAPES, OUTPUT)),
    Misconception("the first path's weights are there cardinality times", first_repeated, (INSIDE, OUTPUT)),
    Misconception("the same mean for all paths", same_mean, (INSIDE, OUTPUT)),
    Misconception(f"first: {ALTERNATE}", alternating, (INSIDE, OUTPUT)),
    Misconception(f"third: {ALTERNATE}", with_third(lambda paths: alternating(paths)[2]), (OUTPUT,)),
    Misconception(f"second: {ALTERNATE}", with_second(lambda paths: alternating(paths)[1]), (INSIDE,)),
    Misconception(
        "third: divided by the number of paths: a mean, not a sum",
        with_third(lambda paths: joined(paths)[2] / len(paths)),
        (OUTPUT,),
    ),
    Misconception(
        "third: reshaped without moving the dimension of the paths beside that of the inputs",
        with_third(third_reshaped),
        (OUTPUT,),
    ),
    Misconception(
        "third: the paths come in reversed order here, and not in the other weights",
        with_third(lambda paths: backwards(paths)[2]),
        (OUTPUT,),
    ),
    Misconception(
        "second: the paths come in reversed order here, and not in the other weights",
        with_second(lambda paths: backwards(paths)[1]),
        (INSIDE,),
    ),
    Misconception(
        "second: the kernels are turned round", with_second(lambda paths: joined(paths)[1].flip(2, 3)), (INSIDE,)
    ),
    Misconception(
        "second: inputs and outputs of the kernels have changed places",
        with_second(lambda paths: torch.cat([path[1].transpose(0, 1) for path in paths])),
        (INSIDE,),
    ),
)


def _case(
    in_channels: int,
    out_channels: int,
    cardinality: int,
    width: int,
    *,
    seed: int = 0,
    of_zeros: tuple[int, ...] = (),
) -> Case:
    """Return a case; where some of the three weights are zero, it does not matter in which order they come."""
    generator = torch.Generator().manual_seed(seed)
    shapes = (width, in_channels, 1, 1), (width, width, 3, 3), (out_channels, width, 1, 1)

    def weights(number: int) -> Tensor:
        drawn = torch.randn(shapes[number], generator=generator, dtype=torch.float64)
        return torch.zeros_like(drawn) if number in of_zeros else drawn

    return Case((Paths([weights(number) for number in range(3)] for _ in range(cardinality)),))


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels, cardinality and width that learners have not seen."""
    i, o, number, d = (
        int(torch.randint(low, high, (), generator=generator)) for low, high in ((3, 8), (3, 8), (4, 7), (3, 5))
    )
    return (_case(i, o + (i == o), number, d, seed=int(torch.randint(2**31, (), generator=generator))),)


CORNERS = (
    _case(1, 1, 1, 1),
    _case(3, 2, 32, 1),  # as many paths as the chapter's network has
    _case(4, 4, 4, 4),
    _case(2, 1, 8, 3),
    _case(1, 3, 5, 1),
)

CONVERSION = Part(
    name="convert",
    task="use",
    minutes=15,
    references=(joined, backwards),
    cases=(
        _case(5, 4, 3, 2, of_zeros=(0, 1, 2)),
        _case(5, 4, 3, 2, of_zeros=(2,)),
        _case(5, 4, 3, 2),
        _case(2, 2, 2, 2),
        _case(3, 6, 1, 4),
    ),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISCONCEPTIONS,
    checks=(
        Check(
            SHAPES,
            1,
            (
                "Write down the shapes that nn.Conv2d would have for the three convolutions of form c.",
                "A convolution's weights have the shape (outputs, inputs of a group, height, width).",
            ),
            cases=(0,),
        ),
        Check(
            INSIDE,
            2,
            (
                "Each path has output channels of its own in its first and its second convolution. Along which "
                "dimension do outputs lie?",
                "The first group of the 3×3 convolution gets the first channels: those of one path belong together.",
            ),
            cases=(1,),
        ),
        Check(
            OUTPUT,
            3,
            (
                "One 1×1 convolution on all channels inside adds up over its inputs. Where do the paths lie then?",
                "The third weights of the paths lie side by side along dimension 1, in the order of the paths.",
            ),
            cases=(2, 3, 4),
        ),
        Check(
            "other cardinalities and widths",
            1,
            (
                "Is there a number in your function that is true of three paths only?",
                "Take all paths that the list holds, however many they are.",
            ),
            public=False,
        ),
    ),
)
