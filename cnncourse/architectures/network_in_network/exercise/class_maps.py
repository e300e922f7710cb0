"""Part 2: a small network of mlpconv layers that ends in one map a class, and in their means."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.network_in_network.exercise.known_numbers import (
    Layer,
    are_distinct,
    draw_numbers,
    expected_maps,
    fill,
    perceptron,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.probing import build, fill_with_random_numbers, moving_numbers, refuse_hidden_layers, run
from cnncourse.checking.wording import differing_text, shape_text

TOLERANCE = 1e-4


class Setting(NamedTuple):
    """The arguments of one network."""

    in_channels: int
    stages: tuple[tuple[int, ...], ...]
    num_classes: int

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of all its perceptrons."""
        layers, source = [], self.in_channels
        for number, widths in enumerate(self.stages, start=1):
            last = number == len(self.stages)
            every = (*widths, self.num_classes) if last else widths
            layers += perceptron(source, every, kernel_size=3, padding=1, pooled=not last)
            source = widths[-1]
        return tuple(layers)

    def shape_for(self, images: Tensor) -> tuple[int, ...]:
        """Return the shape of its class maps."""
        halved = 2 ** (len(self.stages) - 1)
        return (len(images), self.num_classes, images.shape[2] // halved, images.shape[3] // halved)

    def build(self, answer: Callable) -> nn.Module:
        """Build the learner's network."""
        network = build(answer, self.in_channels, [list(widths) for widths in self.stages], self.num_classes)
        refuse_hidden_layers(network)
        return network


# Every layer has another number of weights, and of biases, so that each can be recognised by it.
SHOWN = Setting(in_channels=2, stages=((4, 6), (5,)), num_classes=7)
SIDE = 8
SIZES = {"square": (SIDE, SIDE), "larger": (12, 20)}


def _shown_images(generator: torch.Generator) -> Inputs:
    images = {name: torch.randn(2, SHOWN.in_channels, *size, generator=generator) for name, size in SIZES.items()}
    weights = torch.rand(2, SHOWN.num_classes, generator=generator) + 0.1
    return {**images, "weights": weights, **draw_numbers(images["square"], SHOWN.layers, generator)}


def _class_maps(network: nn.Module, images: Tensor, setting: Setting) -> Tensor:
    """Ask a network for its class maps; refuse maps of another shape with the likely reason."""
    method = getattr(network, "class_maps", None)
    if not callable(method):
        raise RefusedAnswerError(
            Fault("your network has no method class_maps", expected="def class_maps(self, images)")
        )
    maps = method(images)
    if not isinstance(maps, Tensor):
        raise RefusedAnswerError(
            Fault("class_maps returns no tensor", expected="a tensor", got="None" if maps is None else "something else")
        )
    expected, got = setting.shape_for(images), tuple(maps.shape)
    if got == expected:
        return maps
    rows = images.shape[2]
    misconceptions = {
        "class_maps returns the scores; they are made of the maps in forward": len(got) < 4 or got[2:] == (1, 1),
        "a pooling too many: none follows the last mlpconv layer": got[1:]
        == (expected[1], expected[2] // 2, expected[3] // 2),
        "the pooling between the mlpconv layers is missing": len(got) == 4 and got[2] == rows != expected[2],
        "the last width, the number of classes, is missing": len(got) == 4 and got[1] == setting.stages[-1][-1],
    }
    raise RefusedAnswerError(
        Fault(
            f"for images of {images.shape[2]}×{images.shape[3]} pixels the class maps have the wrong shape",
            shape_text(expected),
            shape_text(got),
            next((name for name, applies in misconceptions.items() if applies), ""),
        )
    )


def _probe_numbers(answer: Callable, inputs: Inputs) -> Observation:
    """Count what moves in a network in which no unit is off: all numbers and all images are above zero."""
    network, images = SHOWN.build(answer), inputs["square"].abs()
    run(network, images)
    fill_with_random_numbers(network)
    with torch.no_grad():
        for number in network.parameters():
            number.copy_(number.abs())
    scores = run(network, images)
    if scores.requires_grad:
        weights = inputs["weights"]
        # Scores of another shape are the business of the checks below.
        (
            scores.flatten()[:1] if scores.numel() != weights.numel() else scores.reshape(weights.shape) * weights
        ).sum().backward()
    numbers = sum(number.numel() for number in network.parameters() if number.requires_grad)
    return {"moving": moving_numbers(network), "numbers": numbers}


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    expected, got = sum(layer.numbers for layer in SHOWN.layers), seen["moving"]
    if got == expected:
        return None
    if 0 < got < seen["numbers"] == expected:
        return Fault(
            "the numbers are all there, and some of them get no gradient from the scores",
            expected=f"a gradient at all {expected:,}",
            got=f"at {got:,} of them",
            hints=("What does forward do with the class maps? The check “a score is the mean of its map” says more.",),
        )
    classes = SHOWN.num_classes
    positions = (SIDE // 2) ** 2
    misconceptions = {
        "a fully connected layer behind the averages; later networks have one, Network in Network has none": (
            expected + classes * (classes + 1)
        ),
        "a fully connected layer on the flattened maps: the very thing that the averages replace": (
            expected + classes * (classes * positions + 1)
        ),
        "the last width, the number of classes, is missing": expected - SHOWN.layers[-1].numbers,
        "nothing can learn: the weights are cut off from the gradient": 0,
    }
    return Fault(
        "the number of values that training moves is wrong",
        expected=f"{expected:,}, those of the mlpconv layers",
        got=f"{got:,}",
        misconception=next((name for name, count in misconceptions.items() if count == got), ""),
    )


def _probe_maps(answer: Callable, inputs: Inputs) -> Observation:
    network = SHOWN.build(answer)
    return {"maps": _known_maps(network, inputs["square"], SHOWN, inputs)}


def _known_maps(network: nn.Module, images: Tensor, setting: Setting, inputs: Inputs) -> Tensor:
    _class_maps(network, images, setting)  # lazy layers have their weights only now
    fill(network, setting.layers, inputs)
    return _class_maps(network, images, setting)


def _judge_maps(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_maps(seen["maps"], inputs["square"], SHOWN, inputs)


def _fault_in_maps(got: Tensor, images: Tensor, setting: Setting, inputs: Inputs) -> Fault | None:
    layers = setting.layers
    expected = expected_maps(images, layers, inputs)
    if torch.allclose(got, expected, atol=TOLERANCE, rtol=1e-4):
        return None

    def with_activations(activations: Sequence[Callable[[Tensor], Tensor]]) -> Tensor:
        return expected_maps(images, layers, inputs, activations)

    relu, others = F.relu, len(layers) - 1
    mistakes = {
        "the pooling takes the mean of a window, not the largest value": expected_maps(
            images, layers, inputs, pool=F.avg_pool2d
        ),
        "the last layer is a bare convolution; it belongs to the perceptron and has its ReLU": with_activations(
            [*[relu] * others, _same]
        ),
        "no ReLU at all": with_activations([_same] * (others + 1)),
        "a softmax over the classes at each position": expected.softmax(dim=1),
        "the maps are divided by their number of positions already; the mean belongs to forward": (
            expected / expected[0, 0].numel()
        ),
    }
    return Fault(
        "with known weights and biases the class maps are wrong",
        *differing_text(expected, got),
        misconception=next(
            (name for name, wrong in mistakes.items() if torch.allclose(got, wrong, atol=TOLERANCE, rtol=1e-4)), ""
        ),
    )


def _same(maps: Tensor) -> Tensor:
    return maps


def _probe_scores(answer: Callable, inputs: Inputs) -> Observation:
    """Let one network score images of two sizes; what it does with the second need not be known to judge the first."""
    network = SHOWN.build(answer)
    _class_maps(network, inputs["square"], SHOWN)
    fill_with_random_numbers(network, largest=0.5)
    seen: dict[str, object] = {}
    for name in SIZES:
        seen[f"{name} maps"] = _class_maps(network, inputs[name], SHOWN)
        try:
            seen[f"{name} scores"] = run(network, inputs[name])
        except RuntimeError as error:
            seen[f"{name} error"] = str(error).splitlines()[0]
    return seen


def _judge_mean(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_scores(seen, "square", inputs["square"])


def _judge_larger(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_scores(seen, "larger", inputs["larger"])


def _fault_in_scores(seen: Observation, name: str, images: Tensor) -> Fault | None:
    maps = seen[f"{name} maps"]
    where = f"for images of {images.shape[2]}×{images.shape[3]} pixels"
    if f"{name} error" in seen:
        return Fault(
            f"{where} there is an error",
            expected="a score for each class, whatever the size",
            got=seen[f"{name} error"],
            misconception="a fully connected layer on the flattened maps is bound to one size",
        )
    scores, expected = seen[f"{name} scores"], maps.mean(dim=(2, 3))
    if scores.shape != expected.shape:
        misconceptions = {
            (*expected.shape, 1, 1): "the two dimensions of size 1 are left; a score is one number",
            (len(maps), *maps.shape[2:]): "the mean is taken over the classes, not over the positions",
            (1, expected.shape[1]): "the mean is taken over the batch as well",
            expected.shape[1:]: "the mean is taken over the batch as well",
            maps.shape: "the class maps are returned; their means are the scores",
        }
        return Fault(
            f"{where} the scores have the wrong shape",
            shape_text(expected.shape),
            shape_text(scores.shape),
            misconceptions.get(tuple(scores.shape), ""),
        )
    if torch.allclose(scores, expected, atol=TOLERANCE, rtol=1e-4):
        return None
    window = maps[:, :, : SIDE // 2, : SIDE // 2]
    mistakes = {
        "a softmax at each position, before the mean; the loss has the softmax": maps.softmax(dim=1).mean(dim=(2, 3)),
        "the means are turned into probabilities; the loss does that": expected.softmax(dim=1),
        "the largest value of each map, not the mean": maps.amax(dim=(2, 3)),
        "the sum of each map, not the mean: larger images get larger scores": maps.sum(dim=(2, 3)),
        f"a window of fixed size, {SIDE // 2}×{SIDE // 2}: the rest of a larger map is not looked at": window.mean(
            dim=(2, 3)
        ),
        "the sum of each map is divided by a fixed number of positions": maps.sum(dim=(2, 3)) / (SIDE // 2) ** 2,
        "all pictures of the batch are averaged": expected.mean(dim=0, keepdim=True).expand_as(expected),
    }
    return Fault(
        f"{where} the scores are not the means of the network's own class maps",
        *differing_text(expected, scores),
        misconception=next(
            (each for each, wrong in mistakes.items() if torch.allclose(scores, wrong, atol=TOLERANCE, rtol=1e-4)), ""
        ),
    )


def _drawn_network(generator: torch.Generator) -> Inputs:
    """Draw one or three mlpconv layers, where learners see two, their widths, the classes and the image's size."""
    count = 1 + 2 * int(torch.randint(2, (), generator=generator))
    while True:
        in_channels, num_classes = (int(torch.randint(low, 14, (), generator=generator)) for low in (1, 2))
        lengths = [int(torch.randint(1, 4, (), generator=generator)) for _ in range(count)]
        stages = tuple(tuple(torch.randint(2, 14, (length,), generator=generator).tolist()) for length in lengths)
        setting = Setting(in_channels, stages, num_classes)
        if are_distinct(setting.layers):
            break
    rows, columns = (4 * torch.randint(2, 5, (2,), generator=generator)).tolist()
    images = torch.randn(2, in_channels, rows, columns, generator=generator)
    return {
        "ends": torch.tensor([in_channels, num_classes]),
        "lengths": torch.tensor(lengths),
        "widths": torch.tensor([width for widths in stages for width in widths]),
        "images": images,
        **draw_numbers(images, setting.layers, generator),
    }


def _setting(inputs: Inputs) -> Setting:
    in_channels, num_classes = inputs["ends"].tolist()
    stages = inputs["widths"].split(inputs["lengths"].tolist())
    return Setting(in_channels, tuple(tuple(widths.tolist()) for widths in stages), num_classes)


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    setting = _setting(inputs)
    network = setting.build(answer)
    maps = _known_maps(network, inputs["images"], setting, inputs)
    return {"drawn maps": maps, "drawn scores": run(network, inputs["images"])}


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    setting = _setting(inputs)
    fault = _fault_in_maps(seen["drawn maps"], inputs["images"], setting, inputs) or _fault_in_scores(
        seen, "drawn", inputs["images"]
    )
    if fault is None:
        return None
    return Fault(
        f"with stages {setting.stages} and {setting.num_classes} classes: {fault.message}",
        fault.expected,
        fault.got,
        fault.misconception,
    )


NETWORK = Part(
    name="SmallNetwork",
    task="use",
    minutes=20,
    checks=(
        Check(
            "trainable numbers",
            1,
            _probe_numbers,
            _judge_numbers,
            (
                "Print [p.shape for p in your_network.parameters()]. What should its mlpconv layers have?",
                "Only mlpconv layers have trainable numbers here. What else does your network train?",
                "The number of classes is the last width of the last mlpconv layer; the mean has no numbers at all.",
            ),
            _shown_images,
        ),
        Check(
            "one map a class",
            2,
            _probe_maps,
            _judge_maps,
            (
                "Print the shape of the maps after each step, for images of 8×8 pixels.",
                "Between two mlpconv layers the maps are halved by nn.MaxPool2d(2); after the last one they are not.",
                "class_maps stops there: what the last mlpconv layer gives, ReLU and all, is what it returns.",
            ),
            _shown_images,
        ),
        Check(
            "a score is the mean of its map",
            2,
            _probe_scores,
            _judge_mean,
            (
                "What does self.class_maps(images).shape say, and which two of its dimensions must go?",
                "The mean over height and width, and nothing before or after it: no softmax, no layer.",
                "A mean takes the dimensions it runs over as dim=(…, …).",
            ),
            _shown_images,
        ),
        Check(
            "images of any size",
            1,
            _probe_scores,
            _judge_larger,
            (
                "Give your network images of 12×20 pixels. Which step knows about 8×8?",
                "The mean must run over as many positions as there are; no size may stand in your class.",
            ),
            _shown_images,
        ),
        Check(
            "other stages, other classes",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Does your network work with one mlpconv layer, and with three?",
                "Loop over the stages; the maps before one are the last width of the one before.",
            ),
            _drawn_network,
            public=False,
        ),
    ),
)
