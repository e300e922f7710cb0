"""Part 2: the whole network from a configuration in the paper's own notation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.vgg16.exercise.filling import LINEAR, close
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.probing import build, refuse_hidden_layers, run_expecting, settle_lazy_layers
from cnncourse.checking.wording import values_text

COLOURS = 3
POOLING = 0  # a pooling's place in a configuration that is written in numbers
# Table 1 of the paper with a sixteenth of its channels.
COLUMNS = {
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}
WIDTHS = (4, 8, 16, 32, 32)
TOLERANCE = 1e-4
FAR_TOO_MANY = 10  # times
ROUND_NUMBERS = (64, 100, 128, 256, 512, 1024, 2048, 4096)  # of units, as answers have them written down

PICTURES = 5000  # so many that the tolerances below are six standard deviations of a right answer or more
HALF = 0.5
UNSEEN = 5  # a kernel size that no configuration in the notebook has
SHARE_TOLERANCE = 0.12
UNITS = 8  # of both hidden layers, where dropout is looked at


@dataclass(frozen=True)
class Network:
    """A network to be built.

    Attributes:
        steps: (kernel size, output channels) for a convolution, (0, 0) for a pooling.
        image_size: height and width of the colour images.
        hidden_units: of the two hidden fully connected layers.
        num_classes: of the last one.

    """

    steps: tuple[tuple[int, int], ...]
    image_size: int
    hidden_units: int
    num_classes: int

    @property
    def configuration(self) -> list[str]:
        """The configuration as the paper writes it."""
        return [f"conv{kernel}-{width}" if kernel else "maxpool" for kernel, width in self.steps]

    @property
    def arguments(self) -> tuple[list[str], int, int, int]:
        """What the learner's function is called with."""
        return self.configuration, self.image_size, self.hidden_units, self.num_classes

    @property
    def convolutions(self) -> list[tuple[int, int, int]]:
        """Kernel size, input and output channels of each convolution."""
        found = [step for step in self.steps if step[0]]
        return [(kernel, before, width) for (_, before), (kernel, width) in pairwise([(0, COLOURS), *found])]

    @property
    def flat(self) -> int:
        """Number of values that the first fully connected layer sees."""
        poolings = sum(not kernel for kernel, _ in self.steps)
        return self.convolutions[-1][2] * (self.image_size // 2**poolings) ** 2

    @property
    def linear(self) -> list[tuple[int, int]]:
        """Inputs and outputs of each fully connected layer."""
        units = [self.flat, self.hidden_units, self.hidden_units, self.num_classes]
        return list(pairwise(units))

    @property
    def weights(self) -> list[int]:
        """Number of weights of each layer, from the image to the scores."""
        return [kernel**2 * i * o for kernel, i, o in self.convolutions] + [i * o for i, o in self.linear]

    @property
    def fan_in(self) -> list[int]:
        """Number of inputs of a unit of each layer, from the image to the scores."""
        return [kernel**2 * i for kernel, i, _ in self.convolutions] + [i for i, _ in self.linear]

    @property
    def biases(self) -> list[int]:
        """Number of biases of each layer, from the image to the scores."""
        return [o for _, _, o in self.convolutions] + [o for _, o in self.linear]

    @property
    def numbers(self) -> int:
        """Number of all weights and biases."""
        return sum(self.weights) + sum(self.biases)

    @property
    def can_be_told_apart(self) -> bool:
        """Whether the size of a parameter says which it is, but for the biases of the two hidden layers."""
        sizes = self.weights + self.biases
        return len(set(sizes)) == len(sizes) - 1


def _column(name: str, image_size: int) -> Network:
    steps = []
    for kernels, width in zip(COLUMNS[name], WIDTHS, strict=True):
        steps += [(kernel, width) for kernel in kernels] + [(0, 0)]
    return Network(tuple(steps), image_size, 16, 10)


PAPERS = {name: _column(name, 64 if name == "B" else 32) for name in COLUMNS}
# Every weight has a size of its own here, so that each can be filled whatever it is called.
PUBLIC = Network(((3, 2), (3, 4), (0, 0), (3, 5), (0, 0), (3, 6), (1, 7), (0, 0)), 16, 11, 12)
TO_DROP = Network(((1, 3), (1, 2)), 1, UNITS, 5)  # one pixel, so that few maps scatter much


# How many numbers -----------------------------------------------------------------------------------------------------


def _built(answer: Callable, network: "Network") -> nn.Module:
    """Build a network; it has all its weights, even if it has lazy layers."""
    model = build(answer, *network.arguments)
    refuse_hidden_layers(model)
    settle_lazy_layers(model, torch.zeros(1, COLOURS, network.image_size, network.image_size))
    return model


def _trainable(model: nn.Module) -> list[nn.Parameter]:
    return [each for each in model.parameters() if each.requires_grad]


def _probe_numbers(answer: Callable, _inputs: Inputs) -> Observation:
    seen: dict[str, int] = {}
    for name, network in PAPERS.items():
        seen[name] = sum(each.numel() for each in _trainable(_built(answer, network)))
        if seen[name] > FAR_TOO_MANY * network.numbers:
            break  # five networks as large as the paper's would take all the time and memory there is
    return seen


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    for name, network in PAPERS.items():
        if seen[name] != network.numbers:
            return Fault(
                f"configuration {name}, with narrow layers and images of {network.image_size} pixels, has the wrong "
                "number of trainable numbers",
                expected=f"{network.numbers:,}",
                got=f"{seen[name]:,}",
                misconception=_misconception(seen[name], network),
            )
    return None


def _misconception(got: int, network: Network) -> str:
    numbers, units, flat = network.numbers, network.hidden_units, network.flat
    maps = network.convolutions[-1][2]
    widths = [o for _, _, o in network.convolutions]
    distinct = dict.fromkeys(network.convolutions)
    candidates = {
        "the biases are left out": sum(network.weights),
        "the convolutions have no biases": numbers - sum(widths),
        "a 1×1 convolution is built as a 3×3 one": numbers
        + sum(8 * i * o for kernel, i, o in network.convolutions if kernel == 1),
        "batch normalisation is added; it came a year later": numbers + 2 * sum(widths),
        "one hidden fully connected layer in place of two": numbers - units * (units + 1),
        "a third hidden fully connected layer": numbers + units * (units + 1),
        "the maps are averaged to one number each before the first fully connected layer": (
            numbers - (flat - maps) * units
        ),
        "a pooling is missing before the first fully connected layer": numbers + 3 * flat * units,
        "the size of the image is ignored: the first fully connected layer is that of 224 pixels": (
            numbers + (49 * maps - flat) * units
        ),
        "convolutions that look alike share their weights": numbers
        - sum(kernel**2 * i * o + o for kernel, i, o in network.convolutions)
        + sum(kernel**2 * i * o + o for kernel, i, o in distinct),
    }
    for other in ROUND_NUMBERS:
        changed = pairwise([flat, other, other, network.num_classes])
        difference = sum(i * o + o for i, o in changed) - sum(i * o + o for i, o in network.linear)
        candidates[f"the number of hidden units is ignored: these have {other:,}"] = numbers + difference
    return next((name for name, number in candidates.items() if number == got != numbers), "")


# The scores at test time ----------------------------------------------------------------------------------------------


def _draw_images(network: Network, generator: torch.Generator) -> Inputs:
    """Draw positive images of different brightness, and numbers to fill a network with so that its scores have signs.

    Within a weight all values are alike: the order of its axes does not matter then, nor how the maps are flattened.
    """
    side = network.image_size
    brightness = 0.5 + torch.rand(4, 1, 1, 1, generator=generator)
    inputs = {
        "images": brightness * (0.2 + torch.rand(4, COLOURS, side, side, generator=generator)),
        "size": 0.8 + 0.4 * torch.rand((), generator=generator),
        "bias": 0.05 + 0.1 * torch.rand((), generator=generator),
    }
    inputs["last"] = torch.zeros(())
    return {**inputs, "last": -_expected(network, inputs).mean()}


def _public_images(generator: torch.Generator) -> Inputs:
    return _draw_images(PUBLIC, generator)


def _expected(
    network: Network,
    inputs: Inputs,
    pool: Callable[[Tensor], Tensor] = lambda maps: F.max_pool2d(maps, 2),
    factor: float = 1.0,
) -> Tensor:
    """Return the scores of a network whose weights are all ``size`` divided by the number of a unit's inputs.

    Args:
        network: what is built.
        inputs: as drawn.
        pool: the pooling.
        factor: of the hidden units.

    """
    maps, size, bias = inputs["images"], inputs["size"], inputs["bias"]
    for kernel, width in network.steps:
        if kernel:
            weight = torch.full((width, maps.shape[1], kernel, kernel), size.item() / (maps.shape[1] * kernel**2))
            maps = F.conv2d(maps, weight, bias.expand(width), padding=kernel // 2)
        else:
            maps = pool(maps)
    features = maps.flatten(1)
    for last in (False, False, True):
        features = size * features.mean(dim=1, keepdim=True) + (inputs["last"] if last else bias)
        features = features if last else factor * features
    return features.expand(-1, network.num_classes)


def _fill(model: nn.Module, network: Network, weights: Sequence[float], biases: Mapping[int, float]) -> None:
    """Fill each weight with one number, known by its size, and each bias with that for its size.

    Raises:
        RefusedAnswerError: if the network has other weights and biases than its configuration.

    """
    numbers = _trainable(model)
    sizes = network.weights + network.biases
    if sorted(each.numel() for each in numbers) != sorted(sizes):
        strange = ", ".join(str(each.numel()) for each in numbers if each.numel() not in sizes)
        raise RefusedAnswerError(
            Fault(
                f"the network of {' '.join(network.configuration)} does not have the weights and biases it asks for",
                expected=f"{len(network.weights)} weights and as many biases, {network.numbers:,} numbers",
                got=f"{len(numbers)} parameters, {sum(each.numel() for each in numbers):,} numbers"
                + (f"; in these there should be none: {strange}" if strange else ""),
                misconception=_misconception(sum(each.numel() for each in numbers), network),
            )
        )
    of_size = dict(zip(network.weights, weights, strict=True))
    with torch.no_grad():
        for each in numbers:
            size = each.numel()
            each.fill_(of_size[size] if size in of_size else biases[size])


def _scores(answer: Callable, network: Network, inputs: Inputs) -> Observation:
    """Note the scores, and, layer by layer, what gets through if this layer's and the next one's weights are negative.

    Without biases the first of the two gives a negative sum, which its ReLU turns into zeros; all that follows is 0.
    Where that ReLU is missing, minus times minus comes out.
    """
    model = _built(answer, network)
    size, images = inputs["size"].item(), inputs["images"]
    weights = [size / fan_in for fan_in in network.fan_in]
    biases = dict.fromkeys(network.biases, inputs["bias"].item()) | {network.num_classes: inputs["last"].item()}
    _fill(model, network, weights, biases)
    shape = (len(images), network.num_classes)
    seen: dict[str, object] = {}
    with torch.no_grad():
        run_expecting(model.train(), images, shape)
        model.eval()
        seen |= {name: run_expecting(model, images, shape) for name in ("first", "again")}
        _fill(model, network, weights, dict.fromkeys(network.biases, 0.0))
        seen["all on"] = run_expecting(model, images[:1], (1, network.num_classes)).abs().max().item()
        for number in range(len(weights) - 1):
            signs = [-1 if place in (number, number + 1) else 1 for place in range(len(weights))]
            negative = [sign * weight for sign, weight in zip(signs, weights, strict=True)]
            _fill(model, network, negative, dict.fromkeys(network.biases, 0.0))
            largest = run_expecting(model, images[:1], (1, network.num_classes)).abs().max()
            seen[f"behind {number}"] = largest.item()
    return seen


def _probe_scores(answer: Callable, inputs: Inputs) -> Observation:
    return _scores(answer, PUBLIC, inputs)


def _judge_scores(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_scores(seen, PUBLIC, inputs) or _fault_in_relus(seen, PUBLIC)


def _fault_in_scores(seen: Observation, network: Network, inputs: Inputs) -> Fault | None:
    expected, got = _expected(network, inputs), seen["first"]
    if not torch.allclose(got, seen["again"], atol=TOLERANCE):
        return Fault(
            "after eval() the same pictures get other scores at every call",
            expected=values_text(got),
            got=values_text(seen["again"]),
            misconception="dropout is still active at test time",
        )
    if close(got, expected):
        return None
    misconceptions = {
        "a ReLU on the scores: no score can be below zero": expected.relu(),
        "a softmax on the scores: the loss does that": expected.softmax(dim=1),
        "a logarithm of the softmax on the scores: the loss does that": expected.log_softmax(dim=1),
        "the poolings take the mean; the paper takes the largest": (
            _expected(network, inputs, pool=lambda maps: F.avg_pool2d(maps, 2))
        ),
        "every second value is left out, by a stride, in place of a pooling": (
            _expected(network, inputs, pool=lambda maps: maps[:, :, ::2, ::2])
        ),
        "the units are scaled at test time, as in 2012; torch's dropout has scaled in training already": (
            _expected(network, inputs, factor=HALF)
        ),
    }
    return Fault(
        "after eval() the scores are not those of the configuration",
        expected=values_text(expected[:, 0]),
        got=values_text(got[:, 0]),
        misconception=next((name for name, wrong in misconceptions.items() if close(got, wrong)), ""),
    )


def _fault_in_relus(seen: Observation, network: Network) -> Fault | None:
    kernels = [f"{kernel}×{kernel}" for kernel, _, _ in network.convolutions]
    layers = [*kernels, "the first fully connected", "the second fully connected"]
    leaking = [number for number in range(len(layers)) if seen[f"behind {number}"] != 0]
    if not leaking:
        return None
    convolutions, top = set(range(len(kernels))), {len(kernels), len(kernels) + 1}
    one_by_one = {number for number in convolutions if kernels[number] == "1×1"}
    misconceptions = {
        "no layer is followed by a ReLU": convolutions | top,
        "the ReLUs between the convolutions are missing": convolutions,
        "the ReLU after a 1×1 convolution is missing: without it the 1×1 adds no non-linearity": one_by_one,
        "the ReLUs between the fully connected layers are missing": top,
        "the ReLU after the first fully connected layer is missing": {len(kernels)},
        "the ReLU after the second fully connected layer is missing": {len(kernels) + 1},
    }
    misconception = next((name for name, places in misconceptions.items() if places == set(leaking)), "")
    if all(seen[f"behind {number}"] < LINEAR * seen["all on"] for number in leaking):
        misconception = "an activation that lets negative numbers through; ReLU gives exactly 0 for them"
    return Fault(
        f"a negative sum gets past layer {leaking[0] + 1}, {layers[leaking[0]]}",
        expected="0, from its ReLU",
        got=f"{seen[f'behind {leaking[0]}']:.3g} in the scores",
        misconception=misconception,
    )


# Dropout in training --------------------------------------------------------------------------------------------------


def _probe_dropout(answer: Callable, _inputs: Inputs) -> Observation:
    """Note how the scores of equal pictures scatter in training, looking at one place after the other.

    A layer whose weights are 0 hides what is dropped before it. The maps are 1 throughout; a hidden unit adds nine
    tenths of its inputs' mean to one tenth, so that it is 1 unless something was dropped.
    """
    model, network = _built(answer, TO_DROP), TO_DROP
    mean = [1 / inputs for inputs in network.fan_in]
    seen = {}
    for place, weights in (
        ("the scores", (0.0, 0.0, 0.0)),
        ("the second hidden layer", (0.0, 0.0, mean[-1])),
        ("the first hidden layer", (0.0, 0.9 * mean[-2], mean[-1])),
        ("the maps", (0.9 * mean[-3], 0.9 * mean[-2], mean[-1])),
    ):
        hidden = 1.0 if place in ("the scores", "the second hidden layer") else 0.1
        biases = dict.fromkeys(network.biases[:2], 0.0)
        # Where the first hidden layer is looked at, its own bias must make it 1, and there is one number for both.
        if place == "the first hidden layer":
            hidden, weights = 1.0, (0.0, 9 * mean[-2], mean[-1])
        biases |= {UNITS: hidden, network.num_classes: 1.0 if place == "the scores" else 0.0}
        _fill(model, network, [*mean[:2], *weights], biases)
        images = torch.ones(PICTURES, COLOURS, network.image_size, network.image_size)
        with torch.no_grad():
            scores = run_expecting(model.train(), images, (PICTURES, network.num_classes))[:, 0]
        seen[place] = [scores.mean().item(), scores.var().item()]
    return seen


def _judge_dropout(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _fault_in_dropout(seen)


def _fault_in_dropout(seen: Observation) -> Fault | None:
    """Work out from the scatter which units are dropped, and with which probability."""
    relative = {place: variance / max(mean**2, 1e-9) for place, (mean, variance) in seen.items()}
    # Dropping each of n equal units with probability p makes their mean scatter by p / ((1 − p) n).
    second, both = relative["the second hidden layer"], relative["the first hidden layer"]
    first = ((1 + both) / (1 + second) - 1) / 0.9**2
    dropped = {
        "on the scores": relative["the scores"] > 0.02,
        "on the units of the second hidden layer": second > 0.02,
        "on the units of the first hidden layer": first > 0.03,
        "on the maps": relative["the maps"] > 1.6 * both + 0.02,
    }
    hidden = ("on the units of the first hidden layer", "on the units of the second hidden layer")
    got = [place for place, there in dropped.items() if there]
    if sorted(got) != sorted(hidden):
        misconceptions = {
            "dropout never acts in training": not got,
            "dropout falls on the scores: a class whose score is 0 cannot be learned": dropped["on the scores"],
            "dropout on the maps; the paper has it in the two hidden layers only": dropped["on the maps"],
            "only one of the two hidden layers has dropout": len(got) == 1,
        }
        return Fault(
            "in training dropout is not where the paper has it",
            expected=" and ".join(hidden),
            got=" and ".join(got) or "nowhere",
            misconception=next((name for name, applies in misconceptions.items() if applies), ""),
        )
    mean = seen["the second hidden layer"][0]
    if abs(mean - 1) > 0.1:
        return Fault(
            "in training the kept units do not have the scale of torch's dropout",
            expected="a mean of 1, as without dropout",
            got=f"{mean:.2f}",
            misconception="the scaling of 2012; keep torch's own here" if abs(mean - HALF) < 0.1 else "",
        )
    for place, scatter in zip(hidden, (first, second), strict=True):
        p = scatter * UNITS / (1 + scatter * UNITS)
        if abs(p - HALF) > SHARE_TOLERANCE:
            return Fault(f"the wrong share is dropped {place}", expected=f"{HALF:.0%}", got=f"about {p:.0%}")
    return None


# At grading -----------------------------------------------------------------------------------------------------------


def _draw_network(generator: torch.Generator) -> Inputs:
    """Draw a configuration with two to four poolings whose weights can be told apart by their sizes."""
    while True:
        poolings = int(torch.randint(2, 5, (), generator=generator))
        widths = (torch.randperm(9, generator=generator) + 2).tolist()
        steps: list[tuple[int, int]] = []
        for _ in range(poolings):
            for _ in range(int(torch.randint(1, 3, (), generator=generator))):
                kernel = (1, 3, 3, 5)[torch.randint(4, (), generator=generator)]
                steps.append((kernel, widths.pop()))
            steps.append((0, 0))
        times = int(torch.randint(1, 4, (), generator=generator))
        hidden, classes = (torch.randperm(8, generator=generator)[:2] + 12).tolist()
        network = Network(tuple(steps), times * 2**poolings, hidden, classes)
        if network.can_be_told_apart and any(kernel == UNSEEN for kernel, _ in steps):
            break
    sizes = torch.tensor([network.image_size, hidden, classes])
    return {**_draw_images(network, generator), "steps": torch.tensor(steps), "sizes": sizes}


def _network(inputs: Inputs) -> Network:
    return Network(tuple(map(tuple, inputs["steps"].tolist())), *inputs["sizes"].tolist())


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    return _scores(answer, _network(inputs), inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    network = _network(inputs)
    return _fault_in_scores(seen, network, inputs) or _fault_in_relus(seen, network)


NETWORK = Part(
    name="make_vgg",
    task="use",
    minutes=25,
    checks=(
        Check(
            "the numbers of the five configurations",
            2,
            _probe_numbers,
            _judge_numbers,
            (
                "Which configuration is the first that is wrong, and what does it have that those before it have not?",
                "“conv1-16” is a 1×1 convolution with 16 output maps: both numbers are in the text.",
                "The first fully connected layer sees maps × side × side values; each maxpool halves the side.",
            ),
        ),
        Check(
            "the scores at test time",
            2,
            _probe_scores,
            _judge_scores,
            (
                "Print your network and read it beside the configuration, layer by layer, to the very end.",
                "A ReLU stands behind every layer with weights but one. Which is that, and why?",
                "maxpool is a max pooling of 2×2 values with stride 2, and behind fc3 there is nothing at all.",
            ),
            _public_images,
        ),
        Check(
            "dropout in both hidden layers, in training only",
            2,
            _probe_dropout,
            _judge_dropout,
            (
                "The paper: dropout “for the first two fully-connected layers”, with one half.",
                "fc1, ReLU, dropout; fc2, ReLU, dropout; fc3. nn.Dropout knows when it is in training.",
            ),
        ),
        Check(
            "a configuration drawn at random",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your function that belongs to one configuration only?",
                "Kernel sizes, widths and the number of poolings are all read from the list.",
            ),
            _draw_network,
            public=False,
        ),
    ),
)
