"""Part 3: a network whose perceptron is one linear filter and whose average looks at a corner only, to be mended."""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.probing import build, run
from cnncourse.checking.wording import differing_text, shape_text

SHOWN = (2, 5, 4)  # in_channels, width, num_classes
WINDOW = 8  # what the broken network averages over
SIZES = {"square": (WINDOW, WINDOW), "larger": (12, 20), "smaller": (5, 6)}
TOLERANCE = 1e-4
RELUS = ("conv", "mix", "classify")


def _shown_images(generator: torch.Generator) -> Inputs:
    return {
        "sizes": torch.tensor(SHOWN),
        **{name: 3 * torch.randn(3, SHOWN[0], *size, generator=generator) for name, size in SIZES.items()},
    }


def _drawn_images(generator: torch.Generator) -> Inputs:
    """Draw maps, width and classes, and a size of the images that nobody has seen."""
    sizes = torch.randint(2, 8, (3,), generator=generator)
    rows, columns = (9 + torch.randperm(10, generator=generator)[:2]).tolist()
    return {"sizes": sizes, "drawn": 3 * torch.randn(3, int(sizes[0]), rows, columns, generator=generator)}


def _numbers(network: nn.Module, sizes: tuple[int, int, int]) -> dict[str, Tensor]:
    """Return weights and biases of the three layers by name.

    Raises:
        RefusedAnswerError: if one is missing, has another size, or if there are others.

    """
    found = dict(network.named_parameters())
    in_channels, width, classes = sizes
    for name, shape in (
        ("conv", (width, in_channels, 3, 3)),
        ("mix", (width, width, 1, 1)),
        ("classify", (classes, width, 1, 1)),
    ):
        weight = found.get(f"{name}.weight")
        if weight is None or f"{name}.bias" not in found:
            raise RefusedAnswerError(
                Fault(
                    f"{name} has no weight and bias: keep the names conv, mix and classify, each for the layer itself"
                )
            )
        if weight.numel() != torch.Size(shape).numel():
            raise RefusedAnswerError(
                Fault(
                    f"{name} has weights of another shape",
                    shape_text(shape),
                    shape_text(weight.shape),
                    "a 3×3 kernel in the place of 1×1" if weight.numel() == 9 * torch.Size(shape).numel() else "",
                )
            )
    more = [name for name in found if name.partition(".")[0] not in RELUS]
    if more:
        raise RefusedAnswerError(
            Fault(
                "the network has more layers than conv, mix and classify",
                expected="three layers",
                got=", ".join(more[:2]),
                misconception="a layer behind the averages; the class maps are averaged, and that is all",
            )
        )
    return found


def _probe(answer: Callable, inputs: Inputs) -> Observation:
    sizes = tuple(inputs["sizes"].tolist())
    images = {name: value for name, value in inputs.items() if name != "sizes"}
    network = build(answer, *sizes)
    run(network, next(iter(images.values())))
    numbers = _numbers(network, sizes)
    with torch.no_grad():
        for number in numbers.values():
            # Weights large enough that every layer has units on both sides of zero.
            drawn = torch.randn(number.shape) / (number.numel() / len(number)) ** 0.5
            # In each layer one unit is never silent, and one is below zero unless a ReLU forbids it.
            drawn[0], drawn[-1] = drawn[0].abs(), -drawn[-1].abs()
            number.copy_(drawn)
    seen: dict[str, object] = {name: number.detach() for name, number in numbers.items()}
    for name, value in images.items():
        try:
            seen[f"{name} scores"] = run(network, value)
        except RuntimeError as error:
            seen[f"{name} error"] = str(error).splitlines()[0]
    return seen


def _maps(images: Tensor, seen: Observation, without_relu: tuple[str, ...] = ()) -> Tensor:
    maps = images
    for name in RELUS:
        weight, bias = seen[f"{name}.weight"], seen[f"{name}.bias"]
        side = 3 if name == "conv" else 1
        maps = F.conv2d(maps, weight.reshape(len(weight), -1, side, side), bias, padding=side // 2)
        maps = maps if name in without_relu else F.relu(maps)
    return maps


def _mean(maps: Tensor) -> Tensor:
    return maps.mean(dim=(2, 3))


def _in_window(maps: Tensor) -> Tensor:
    return maps[:, :, :WINDOW, :WINDOW].mean(dim=(2, 3))


# What is done with the class maps, by the name of the mistake, which is none for the first.
ENDINGS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "": _mean,
    f"only the {WINDOW}×{WINDOW} positions in a corner count": _in_window,
    "the mean of windows that lie side by side: what no window fits is left out": lambda maps: _mean(
        F.avg_pool2d(maps, WINDOW) if min(maps.shape[2:]) >= WINDOW else maps
    ),
    "the largest value of each map, not the mean": lambda maps: maps.amax(dim=(2, 3)),
    "the sum of each map, not the mean": lambda maps: maps.sum(dim=(2, 3)),
    "the sum of each map is divided by a fixed number of positions": lambda maps: maps.sum(dim=(2, 3)) / WINDOW**2,
    "a softmax at each position, before the mean; the loss has the softmax": lambda maps: _mean(maps.softmax(dim=1)),
    "the means are turned into probabilities; the loss does that": lambda maps: _mean(maps).softmax(dim=1),
}
# Where ReLUs are missing, by the name of the mistake.
MISSING: Mapping[str, tuple[str, ...]] = {
    "": (),
    "no ReLU between the layers: the perceptron is still one linear filter": ("conv", "mix"),
    "the ReLU after conv is missing": ("conv",),
    "the ReLU after mix is missing": ("mix",),
    "the ReLU after classify is gone": ("classify",),
    "no ReLU at all": RELUS,
}


def _fault(seen: Observation, name: str, images: Tensor) -> Fault | None:
    where = f"for images of {images.shape[2]}×{images.shape[3]} pixels"
    maps = _maps(images, seen)
    expected = _mean(maps)
    if f"{name} error" in seen:
        return Fault(
            f"{where} there is an error",
            expected="a score for each class, whatever the size",
            got=seen[f"{name} error"],
            misconception="the window of the average still has a fixed size",
        )
    got = seen[f"{name} scores"]
    if got.shape != expected.shape:
        misconceptions = {
            (*expected.shape, 1, 1): "the two dimensions of size 1 are left; a score is one number",
            tuple(maps.shape): "the class maps are returned; their means are the scores",
            (len(images), *images.shape[2:]): "the mean is taken over the classes, not over the positions",
        }
        return Fault(
            f"{where} the scores have the wrong shape",
            shape_text(expected.shape),
            shape_text(got.shape),
            misconceptions.get(tuple(got.shape), ""),
        )
    if _alike(got, expected):
        return None
    found = [
        " and ".join(filter(None, (missing, ending)))
        for missing, layers in MISSING.items()
        for ending, end in ENDINGS.items()
        if _alike(got, end(_maps(images, seen, layers)))
    ]
    return Fault(
        f"{where} the scores are wrong",
        *differing_text(expected, got),
        misconception=found[0] if found else "",
    )


def _judge_square(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault(seen, "square", inputs["square"])


def _judge_larger(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_mean(seen, "larger", inputs["larger"])


def _judge_smaller(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_mean(seen, "smaller", inputs["smaller"])


def _fault_in_mean(seen: Observation, name: str, images: Tensor) -> Fault | None:
    """Say what is wrong with the mean; where ReLUs are missing is another check's business."""
    scores = seen.get(f"{name} scores")
    for missing in MISSING.values():
        expected = _mean(_maps(images, seen, missing))
        if scores is not None and scores.shape == expected.shape and _alike(scores, expected):
            return None
    return _fault(seen, name, images)


def _alike(got: Tensor, expected: Tensor) -> bool:
    return torch.allclose(got, expected, atol=TOLERANCE, rtol=1e-4)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault(seen, "drawn", inputs["drawn"])


MENDED = Part(
    name="MendedNetwork",
    task="mend",
    minutes=15,
    checks=(
        Check(
            "three layers, not one linear filter",
            1,
            _probe,
            _judge_square,
            (
                "Write down what forward should do, step by step, and compare with what the broken one does.",
                "Two linear layers without anything between them are one linear layer. What is missing, and how often?",
                "conv, ReLU; mix, ReLU; classify, ReLU; then the mean.",
            ),
            _shown_images,
        ),
        Check(
            "every position counts",
            2,
            _probe,
            _judge_larger,
            (
                "In the symptom, where is the spot when the scores no longer change?",
                "Which number in forward is the height of the picture that the colleague had in mind?",
                "Take the mean over all positions there are: nn.AdaptiveAvgPool2d(1), or mean with two dimensions.",
            ),
            _shown_images,
        ),
        Check(
            "smaller images too",
            1,
            _probe,
            _judge_smaller,
            (
                "Give your network images of 5×6 pixels and read the error.",
                "No window of fixed size fits every image.",
            ),
            _shown_images,
        ),
        Check(
            "other layers, other sizes",
            1,
            _probe,
            _judge_drawn,
            (
                "Is there a number in your class that is true of some sizes only?",
                "Take the sizes of the layers from the arguments, and the number of positions from the maps.",
            ),
            _drawn_images,
            public=False,
        ),
    ),
)
