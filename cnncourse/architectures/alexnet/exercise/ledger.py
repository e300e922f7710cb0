"""Part 2: a ledger of where AlexNet's trainable numbers sit, for any widths, towers and image size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
CONVOLUTIONS = LAYERS[:5]
KERNELS = (11, 5, 3, 3, 3)
POOLED = {0, 1, 4}  # the convolutions that a pooling follows


@dataclass(frozen=True)
class Case:
    """A network to be counted.

    Attributes:
        widths: output maps of the five convolutions.
        towers: into how many groups each of them is split.
        image_size: height and width of the image.
        hidden_units: of fc6 and fc7.
        num_classes: of fc8.

    """

    widths: tuple[int, ...] = (96, 256, 384, 384, 256)
    towers: tuple[int, ...] = (1, 2, 1, 2, 2)
    image_size: int = 227
    hidden_units: int = 4096
    num_classes: int = 1000

    @property
    def last_side(self) -> int:
        """Height and width of the maps that fc6 sees."""
        side = (self.image_size - 11) // 4 + 1
        for _pooling in POOLED:
            side = (side - 3) // 2 + 1
        return side

    def ledger(self, *, grouped: bool = True, bias: bool = True) -> dict[str, int]:
        """Count the numbers of every layer as torch's own layers have them."""
        layers, maps = [], 3
        for width, groups, kernel in zip(self.widths, self.towers, KERNELS, strict=True):
            groups = groups if grouped else 1
            layers.append(torch.nn.Conv2d(maps, width, kernel, groups=groups, bias=bias, device="meta"))
            maps = width
        units = maps * self.last_side**2
        for width in (self.hidden_units, self.hidden_units, self.num_classes):
            layers.append(torch.nn.Linear(units, width, bias=bias, device="meta"))
            units = width
        counts = (sum(number.numel() for number in layer.parameters()) for layer in layers)
        return dict(zip(LAYERS, counts, strict=True))


AS_PUBLISHED = Case()
ONE_TOWER = Case(widths=(64, 192, 384, 384, 256), towers=(1, 1, 1, 1, 1))
# At 160 pixels no division comes out even, so that rounding up shows.
SMALLER = Case(image_size=160, hidden_units=512, num_classes=20)


def _ledger(answer: Callable, case: Case) -> Observation:
    """Ask for a ledger and return it as plain numbers."""
    ledger = answer(case.widths, case.towers, case.image_size, case.hidden_units, case.num_classes)
    if not isinstance(ledger, Mapping):
        raise RefusedAnswerError(
            Fault(
                "the ledger is not a dictionary",
                expected='{"conv1": …, …, "fc8": …}',
                got="None: is a return missing?" if ledger is None else type(ledger).__name__,
                misconception="only the sum is returned" if type(ledger) is int else "",
            )
        )
    if sorted(map(str, ledger)) != sorted(LAYERS):
        raise RefusedAnswerError(
            Fault("the ledger has other layers", expected=", ".join(LAYERS), got=", ".join(map(str, ledger)) or "none")
        )
    for name, value in ledger.items():
        if type(value) is not int:
            raise RefusedAnswerError(
                Fault(
                    f"the ledger's {name} is not one of Python's own whole numbers",
                    expected="an int, as int(…) makes one of any whole number",
                    got=type(value).__name__,
                    misconception="/ makes a float; a count needs //" if type(value) is float else "",
                )
            )
    return {name: ledger[name] for name in LAYERS}


def _fault(seen: Observation, case: Case, layers: tuple[str, ...]) -> Fault | None:
    expected = case.ledger()
    wrong = [name for name in layers if seen[name] != expected[name]]
    if not wrong:
        return None
    return Fault(
        f"{wrong[0]} has the wrong number of trainable numbers",
        expected=f"{expected[wrong[0]]:,}",
        got=f"{seen[wrong[0]]:,}",
        misconception=_misconception(seen, case, wrong[0]),
    )


def _misconception(seen: Observation, case: Case, layer: str) -> str:
    """Name what leads to the number that a layer was given, "" if nothing known does."""
    got = seen[layer]
    without_bias = case.ledger(bias=False)
    weights, numbers = without_bias[layer], case.ledger()[layer]
    biases = numbers - weights
    if layer in CONVOLUTIONS:
        groups = case.towers[CONVOLUTIONS.index(layer)]
        ungrouped = case.ledger(grouped=False)[layer]
        candidates = {
            "the biases are left out": weights,
            "the towers are left out: in a group a kernel sees only that group's maps": ungrouped,
            "both sides are divided by the towers; there are as many kernels as before": weights // groups + biases,
            "one tower's numbers only": numbers // groups,
            "the biases are divided by the towers, or there is one for each tower": weights + biases // groups,
            "a bias for each group of a kernel": weights + biases * groups,
            "the weights are multiplied by the towers": weights * groups**2 + biases,
            "one kernel for all input maps: a kernel has a slice for each map it sees": (
                biases * (KERNELS[CONVOLUTIONS.index(layer)] ** 2 + 1)
            ),
        }
    else:
        side, maps = case.last_side, case.widths[-1]
        candidates = {
            "the biases are left out": weights,
            "fc6 sees the maps of one tower only": weights // case.towers[-1] + biases,
            "the last pooling is forgotten": maps * (2 * side + 1) ** 2 * biases + biases,
            "the maps are flattened to one number each": maps * biases + biases,
            "the size of the image is ignored: fc6 is that of 227 pixels": (
                maps * AS_PUBLISHED.last_side**2 * biases + biases
            ),
            "a division was rounded up: the text's 224 pixels, or a window that hangs over the edge": (
                maps * (side + 1) ** 2 * biases + biases
            ),
        }
    return next((name for name, number in candidates.items() if number == got != numbers), "")


def _probe_published(answer: Callable, _inputs: Inputs) -> Observation:
    return _ledger(answer, AS_PUBLISHED)


def _judge_convolutions(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _fault(seen, AS_PUBLISHED, CONVOLUTIONS)


def _judge_linear(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _fault(seen, AS_PUBLISHED, LAYERS[5:])


def _probe_one_tower(answer: Callable, _inputs: Inputs) -> Observation:
    return _ledger(answer, ONE_TOWER)


def _judge_one_tower(seen: Observation, _inputs: Inputs) -> Fault | None:
    fault = _fault(seen, ONE_TOWER, LAYERS)
    if fault is None:
        return None
    ignored = seen == AS_PUBLISHED.ledger()
    return Fault(
        f"in one tower, with other widths: {fault.message}",
        expected=fault.expected,
        got=fault.got,
        misconception="the arguments are ignored: these are the numbers of 2012" if ignored else fault.misconception,
    )


def _probe_smaller(answer: Callable, _inputs: Inputs) -> Observation:
    return _ledger(answer, SMALLER)


def _judge_smaller(seen: Observation, _inputs: Inputs) -> Fault | None:
    fault = _fault(seen, SMALLER, LAYERS)
    if fault is None:
        return None
    return Fault(f"for images of 160 pixels: {fault.message}", fault.expected, fault.got, fault.misconception)


def _drawn_case(generator: torch.Generator) -> Inputs:
    """Draw a network: widths that every number of towers divides, from one tower to four, an image, a top."""
    sizes = torch.randint(67, 400, (), generator=generator)
    return {
        "widths": 12 * torch.randint(2, 30, (5,), generator=generator),
        "towers": torch.tensor([1, 2, 3, 4])[torch.randint(4, (5,), generator=generator)],
        "top": torch.stack([sizes, *torch.randint(10, 2000, (2,), generator=generator)]),
    }


def _case(inputs: Inputs) -> Case:
    towers = [1, *inputs["towers"].tolist()[1:]]  # an image has three channels, which two towers cannot share
    return Case(tuple(inputs["widths"].tolist()), tuple(towers), *inputs["top"].tolist())


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    return _ledger(answer, _case(inputs))


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    case = _case(inputs)
    fault = _fault(seen, case, LAYERS)
    if fault is None:
        return None
    return Fault(
        f"for a network drawn at random, with {case.towers} towers: {fault.message}",
        fault.expected,
        fault.got,
        fault.misconception,
    )


LEDGER = Part(
    name="parameter_ledger",
    task="use",
    minutes=20,
    checks=(
        Check(
            "the paper's convolutions",
            2,
            _probe_published,
            _judge_convolutions,
            (
                "Do conv1 and conv2 on paper: how many kernels, and how many numbers in each?",
                "A kernel of conv2 is 5×5×48, not 5×5×256 and not 5×5×96: what are the 48?",
                "width × (kernel² × maps before // towers + 1).",
            ),
        ),
        Check(
            "the paper's fully connected layers",
            1,
            _probe_published,
            _judge_linear,
            (
                "How many numbers does fc6 see? It is not 256.",
                "Follow the side: 227 → 55 → 27 → 13 → 6; each pooling is 3 wide, with stride 2.",
                "units before × units + units, and the units before fc6 are maps × side × side.",
            ),
        ),
        Check(
            "one tower, other widths",
            1,
            _probe_one_tower,
            _judge_one_tower,
            (
                "Call your function with widths (64, 192, 384, 384, 256) and five times 1 as towers.",
                "Nothing in the function may know the widths or the towers of 2012.",
            ),
        ),
        Check(
            "a smaller image, a smaller top",
            1,
            _probe_smaller,
            _judge_smaller,
            (
                "Follow the side of an image of 160 pixels through conv1 and the three poolings.",
                "A window that does not fit is not taken: (side − window) // stride + 1.",
            ),
        ),
        Check(
            "a network drawn at random",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your function that belongs to one network only?",
                "Every layer reads its maps, towers and sides from the arguments and from the layer before it.",
            ),
            _drawn_case,
            public=False,
        ),
    ),
)
