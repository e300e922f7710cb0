"""Part 2: how many parameters each layer of a network of AlexNet's kind has."""

from collections.abc import Callable, Sequence
from functools import partial

import torch

from cnncourse.architectures.alexnet.model import HIDDEN_UNITS, WIDTHS
from cnncourse.checking import Case, Check, Misconception, Part

PUBLISHED_TOWERS, KERNELS, CHANNELS, IMAGE, CLASSES = (1, 2, 1, 2, 2), (11, 5, 3, 3, 3), 3, 227, 1000


def _windows(side: int, window: int, stride: int) -> int:
    return (side - window) // stride + 1


def ledger(
    widths: Sequence[int],
    towers: Sequence[int],
    image_size: int,
    hidden_units: int,
    num_classes: int,
    *,
    inputs: Callable[[int, int], int] = lambda before, groups: before // groups,
    kernels: Callable[[int, int], int] = lambda width, groups: width,
    biases: Callable[[int, int], int] = lambda width, groups: width,
    side_of: Callable[[int, int, int], int] = _windows,
    flat: Callable[[int, int, Sequence[int]], int] = lambda channels, side, towers: channels * side**2,
    linear_biases: Callable[[int], int] = lambda width: width,
    pooled: Sequence[int] = (0, 1, 4),
    padding: int = 0,
) -> dict[str, int]:
    """Count the parameters of each layer; what is given by name are the steps that a mistake can change.

    Args:
        widths: output channels of the five convolutions, of all towers together.
        towers: groups of each convolution.
        image_size: height and width of the image, which has three channels.
        hidden_units: units of fc6 and fc7.
        num_classes: units of fc8.
        inputs: input channels of a kernel, from the channels before and the groups.
        kernels: number of kernels.
        biases: number of biases.
        side_of: side behind windows, from the side before, the window and the stride.
        flat: units that fc6 sees.
        linear_biases: number of biases of a fully connected layer.
        pooled: convolutions with a pooling behind them.
        padding: of conv1.

    """
    counts, before, side = {}, CHANNELS, side_of(image_size + 2 * padding, 11, 4)
    for number, (width, groups, kernel) in enumerate(zip(widths, towers, KERNELS, strict=True)):
        weights = kernels(width, groups) * kernel**2 * inputs(before, groups)
        counts[f"conv{number + 1}"] = weights + biases(width, groups)
        before = width
        side = side_of(side, 3, 2) if number in pooled else side
    units = flat(before, side, towers)
    for name, width in (("fc6", hidden_units), ("fc7", hidden_units), ("fc8", num_classes)):
        counts[name] = units * width + linear_biases(width)
        units = width
    return counts


def _all_windows(side: int, window: int, stride: int) -> int:
    return -(-(side - window) // stride) + 1


def _first_rounded_up(side: int, window: int, stride: int) -> int:
    return (_all_windows if window == KERNELS[0] else _windows)(side, window, stride)


def _pooled_by_two(side: int, window: int, stride: int) -> int:
    return _windows(side, window if window == KERNELS[0] else 2, stride)


def _divided(width: int, groups: int) -> int:
    return width // groups


def _none(*_sizes: int) -> int:
    return 0


def towers_of_the_layer_before(widths, towers, *sizes):
    return ledger(widths, (1, *towers[:-1]), *sizes)


def knows_2012(*_network):
    return ledger(WIDTHS, PUBLISHED_TOWERS, IMAGE, HIDDEN_UNITS, CLASSES)


def knows_the_towers(widths, _towers, *sizes):
    return ledger(widths, PUBLISHED_TOWERS, *sizes)


def only_the_sum(*network):
    return sum(ledger(*network).values())


def other_names(*network):
    return {name.upper(): count for name, count in ledger(*network).items()}


CONVOLUTIONS, LINEAR, ONE_TOWER, SMALLER = (
    "the paper's convolutions",
    "the paper's fully connected layers",
    "one tower, other widths",
    "a smaller image, a smaller top",
)
MISCONCEPTIONS = (
    Misconception(
        "the towers are left out: a kernel sees the maps of its own tower only",
        partial(ledger, inputs=lambda before, groups: before),
        (CONVOLUTIONS,),
    ),
    Misconception("the biases are left out", partial(ledger, biases=_none, linear_biases=_none), (CONVOLUTIONS,)),
    Misconception("the biases of the convolutions are left out", partial(ledger, biases=_none), (CONVOLUTIONS,)),
    Misconception(
        "the biases of the fully connected layers are left out", partial(ledger, linear_biases=_none), (LINEAR,)
    ),
    Misconception(
        "both sides are divided by the towers: each tower has its own kernels, and all of them count",
        partial(ledger, kernels=_divided),
        (CONVOLUTIONS,),
    ),
    Misconception("one tower's parameters only", partial(ledger, kernels=_divided, biases=_divided), (CONVOLUTIONS,)),
    Misconception("the biases are divided by the towers", partial(ledger, biases=_divided), (CONVOLUTIONS,)),
    Misconception(
        "a bias for each group of a kernel; an output map has one",
        partial(ledger, biases=lambda width, groups: width * groups),
        (CONVOLUTIONS,),
    ),
    Misconception(
        "the weights are multiplied by the towers",
        partial(ledger, inputs=lambda before, groups: before * groups),
        (CONVOLUTIONS,),
    ),
    Misconception(
        "one kernel for all input maps; a kernel has a slice for each map that it sees",
        partial(ledger, inputs=lambda before, groups: 1),
        (CONVOLUTIONS,),
    ),
    Misconception("the towers of the layer before are taken", towers_of_the_layer_before, (CONVOLUTIONS,)),
    Misconception(
        "fc6 sees the maps of one tower only; it sees both",
        partial(ledger, flat=lambda channels, side, towers: channels * side**2 // towers[-1]),
        (LINEAR,),
    ),
    Misconception("the last pooling is forgotten", partial(ledger, pooled=(0, 1)), (LINEAR,)),
    Misconception(
        "the maps are flattened to one number each; each of them has side × side",
        partial(ledger, flat=lambda channels, side, towers: channels),
        (LINEAR,),
    ),
    Misconception("the arguments are ignored: these are always the paper's numbers", knows_2012, (ONE_TOWER,)),
    Misconception("the towers are the paper's, whatever is given", knows_the_towers, (ONE_TOWER,)),
    Misconception(
        "the size of the image is ignored: the last maps are not always 6×6",
        partial(ledger, flat=lambda channels, side, towers: channels * 36),
        (SMALLER,),
    ),
    Misconception(
        "the poolings are taken for 2 wide; they are 3 wide, with stride 2",
        partial(ledger, side_of=_pooled_by_two),
        (SMALLER,),
    ),
    Misconception(
        "the side behind conv1 is rounded up; a window that does not fit is left out",
        partial(ledger, side_of=_first_rounded_up),
        (SMALLER,),
    ),
    Misconception(
        "windows that do not fit are counted too; they are left out",
        partial(ledger, side_of=_all_windows),
        (SMALLER,),
    ),
    Misconception(
        "conv1 has a padding of 2, as in today's libraries for images of 224; here it has none",
        partial(ledger, padding=2),
        (SMALLER,),
    ),
    Misconception("only the sum is returned; a dictionary of all layers is asked for", only_the_sum, (CONVOLUTIONS,)),
    Misconception(
        "/ makes a float; // divides whole numbers",
        partial(ledger, inputs=lambda before, groups: before / groups),
        (CONVOLUTIONS,),
    ),
    Misconception("the ledger has other keys than the text asks for", other_names, (CONVOLUTIONS,)),
)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw a network: widths that every number of towers divides, from one tower to four, an image, a top."""
    widths = (12 * torch.randint(2, 30, (5,), generator=generator)).tolist()
    towers = (1 + torch.randint(4, (5,), generator=generator)).tolist()
    image, *top = (
        int(torch.randint(67, 400, (), generator=generator)),
        *torch.randint(10, 2000, (2,), generator=generator).tolist(),
    )
    towers[0] = 1  # an image has three channels, which two towers cannot share
    towers[2] = 3
    return (Case((tuple(widths), tuple(towers), image, *top)),)


LEDGER = Part(
    name="parameter_ledger",
    task="use",
    minutes=20,
    references=(ledger,),
    cases=(
        Case((WIDTHS, PUBLISHED_TOWERS, IMAGE, HIDDEN_UNITS, CLASSES)),
        Case((WIDTHS, (1, 2, 1, 2, 2), IMAGE, 128, 7)),
        Case(((64, 192, 384, 384, 256), (1, 1, 1, 1, 1), IMAGE, 100, 9)),
        Case(((48, 96, 96, 60, 36), (1, 2, 2, 1, 2), IMAGE, 512, 10)),
        Case((WIDTHS, PUBLISHED_TOWERS, 160, 256, 10)),
        Case((WIDTHS, PUBLISHED_TOWERS, 224, 256, 10)),
        Case((WIDTHS, PUBLISHED_TOWERS, 167, 256, 10)),
        # Together these tell apart what is rounded, what is padded, and which windows are counted.
        *(Case((WIDTHS, PUBLISHED_TOWERS, image, 256, 10)) for image in (89, 95, 97, 111, 229)),
    ),
    draw=_draw,
    corners=(
        Case(((60,) * 5, (3, 1, 1, 1, 1), 67, 1, 1)),  # an image of three channels can be split as well
        Case(((96, 96, 48, 24, 24), (1, 6, 8, 12, 24), 96, 7, 7)),
        Case(((1, 2, 3, 4, 5), (1,) * 5, 130, 3, 12)),
        Case(((8, 16, 8, 16, 8), (1, 8, 8, 8, 8), 68, 8, 8)),
        Case((WIDTHS, PUBLISHED_TOWERS, 230, 2, 1)),
        Case((WIDTHS, PUBLISHED_TOWERS, 299, 20, 20)),
    ),
    misconceptions=MISCONCEPTIONS,
    checks=(
        Check(
            "the paper's convolutions",
            2,
            (
                "Do conv1 and conv2 on paper: how many kernels, and how many numbers in each?",
                "A kernel of conv2 is 5×5×48, not 5×5×256 and not 5×5×96: what are the 48?",
                "width × (kernel² × maps before // towers + 1).",
            ),
            cases=(0,),
        ),
        Check(
            "the paper's fully connected layers",
            1,
            (
                "How many numbers does fc6 see? It is not 256.",
                "Follow the side: 227 → 55 → 27 → 13 → 6; each pooling is 3 wide, with stride 2.",
                "units before × units + units, and the units before fc6 are maps × side × side.",
            ),
            cases=(0, 1),
        ),
        Check(
            "one tower, other widths",
            1,
            (
                "Call your function with widths (64, 192, 384, 384, 256) and five times 1 as towers.",
                "Nothing in the function may know the widths or the towers of 2012.",
            ),
            cases=(2, 3),
        ),
        Check(
            "a smaller image, a smaller top",
            1,
            (
                "Follow the side of an image of 160 pixels through conv1 and the three poolings.",
                "A window that does not fit is not taken: (side − window) // stride + 1.",
            ),
            cases=tuple(range(4, 12)),
        ),
        Check(
            "a network drawn at random",
            1,
            (
                "Is there a number in your function that belongs to one network only?",
                "Every layer reads its maps, towers and sides from the arguments and from the layer before it.",
            ),
            public=False,
        ),
    ),
)
