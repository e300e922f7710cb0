"""Part 3: AlexNet's fully connected top with dropout at the wrong time and in the wrong place, to be mended."""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.probing import build, run_expecting
from cnncourse.checking.wording import shape_text, values_text

SIDE = 48  # units of every layer where masks are looked at: all alike, so that a layer can pass its input on
PICTURES = 1500  # so many that the tolerance below is six standard deviations of a right answer or more
HALF = 0.5
TOLERANCE = 1e-4
SHARE_TOLERANCE = 0.06


def _pictures(generator: torch.Generator) -> Inputs:
    return {"maps": torch.randn(5, 2, 3, 4, generator=generator), "sizes": torch.tensor([24, 16, 7])}


def _drawn_top(generator: torch.Generator) -> Inputs:
    """Draw the sizes of maps and layers, and p, less than one half, so that enough units are left to be counted."""
    channels, rows, columns = torch.randint(2, 7, (3,), generator=generator).tolist()
    units, classes = torch.randint(20, 60, (2,), generator=generator).tolist()
    return {
        "maps": torch.randn(4, channels, rows, columns, generator=generator),
        "sizes": torch.tensor([channels * rows * columns, units, classes]),
        "p": torch.tensor([0.2, 0.3, 0.4])[torch.randint(3, (), generator=generator)],
    }


def _numbers(top: nn.Module, sizes: tuple[int, int, int]) -> dict[str, Tensor]:
    """Return the weights and biases of the three layers by name.

    Raises:
        RefusedAnswerError: if a layer is missing or has another size.

    """
    numbers = dict(top.named_parameters())
    in_features, units, classes = sizes
    for name, shape in (("fc6", (units, in_features)), ("fc7", (units, units)), ("fc8", (classes, units))):
        weight = numbers.get(f"{name}.weight")
        if weight is None or f"{name}.bias" not in numbers:
            raise RefusedAnswerError(
                Fault(f"{name} has no weight and bias: keep the names fc6, fc7 and fc8, each for the layer itself")
            )
        if tuple(weight.shape) != shape:
            raise RefusedAnswerError(
                Fault(f"{name} has weights of another shape", shape_text(shape), shape_text(weight.shape))
            )
    return numbers


def _fill(numbers: Mapping[str, Tensor], **how: str) -> None:
    """Let each layer pass its input on ("pass"), or give 1 whatever it gets ("ones")."""
    with torch.no_grad():
        for name, what in how.items():
            passing = what == "pass"
            numbers[f"{name}.weight"].copy_(torch.eye(SIDE) if passing else torch.zeros(SIDE, SIDE))
            numbers[f"{name}.bias"].fill_(0.0 if passing else 1.0)


def _mode(top: nn.Module, *, training: bool) -> nn.Module:
    return top.train() if training else top.eval()


def _probe_evaluation(answer: Callable, inputs: Inputs) -> Observation:
    sizes = tuple(inputs["sizes"].tolist())
    top = build(answer, *sizes, inputs["p"].item() if "p" in inputs else HALF)
    numbers = _numbers(top, sizes)
    with torch.no_grad():
        # Weights large enough that every layer has units on both sides of zero.
        for number in numbers.values():
            number.copy_(torch.randn(number.shape) / number.shape[-1] ** 0.5)
    shape = (len(inputs["maps"]), sizes[2])
    run_expecting(_mode(top, training=True), inputs["maps"], shape)
    first, again = (run_expecting(_mode(top, training=False), inputs["maps"], shape) for _ in range(2))
    return {"first": first, "again": again, **{name: number.detach() for name, number in numbers.items()}}


def _judge_same(seen: Observation, _inputs: Inputs) -> Fault | None:
    if torch.allclose(seen["first"], seen["again"], atol=TOLERANCE):
        return None
    return Fault(
        "after eval() the same pictures get other scores at every call",
        expected=values_text(seen["first"]),
        got=values_text(seen["again"]),
        misconception="dropout is still active at test time",
    )


def _scores(
    maps: Tensor, seen: Observation, *, factor: float = 1.0, rectify: tuple[bool, bool] = (True, True)
) -> Tensor:
    features = maps.flatten(1)
    for layer, rectified in zip(("fc6", "fc7"), rectify, strict=True):
        features = F.linear(features, seen[f"{layer}.weight"], seen[f"{layer}.bias"])
        features = factor * (features.relu() if rectified else features)
    return F.linear(features, seen["fc8.weight"], seen["fc8.bias"])


def _judge_scores(seen: Observation, inputs: Inputs) -> Fault | None:
    maps, got = inputs["maps"], seen["first"]
    p = inputs["p"].item() if "p" in inputs else HALF
    expected = _scores(maps, seen)
    if torch.allclose(got, expected, atol=TOLERANCE):
        return None
    misconceptions = {
        "the units are scaled at test time, as in 2012; F.dropout and nn.Dropout have scaled in training already": (
            _scores(maps, seen, factor=1 - p)
        ),
        "the ReLUs are gone": _scores(maps, seen, rectify=(False, False)),
        "the ReLU after fc6 is gone": _scores(maps, seen, rectify=(False, True)),
        "the ReLU after fc7 is gone": _scores(maps, seen, rectify=(True, False)),
        "a ReLU on the scores: no score can be below zero": expected.relu(),
        "a softmax on the scores: the loss does that": expected.softmax(dim=1),
    }
    return Fault(
        "after eval() the scores are not those of the three layers",
        expected=values_text(expected),
        got=values_text(got),
        misconception=next(
            (n for n, wrong in misconceptions.items() if torch.allclose(got, wrong, atol=TOLERANCE)), ""
        ),
    )


def _probe_places(answer: Callable, inputs: Inputs) -> Observation:
    """Look at one place after the other: what lies before a layer that always gives 1 can't be seen behind it."""
    p = round(inputs["p"].item(), 1) if "p" in inputs else HALF
    top = build(answer, SIDE, SIDE, SIDE, p)
    numbers = _numbers(top, (SIDE, SIDE, SIDE))
    seen = {}
    for place, how in (
        ("scores", {"fc6": "ones", "fc7": "ones", "fc8": "ones"}),
        ("fc7", {"fc6": "ones", "fc7": "ones", "fc8": "pass"}),
        ("fc6", {"fc6": "ones", "fc7": "pass", "fc8": "pass"}),
        ("maps", {"fc6": "pass", "fc7": "pass", "fc8": "pass"}),
    ):
        _fill(numbers, **how)
        _mode(top, training=False)  # a learner must be able to come back from evaluation
        seen[place] = run_expecting(_mode(top, training=True), torch.ones(PICTURES, SIDE), (PICTURES, SIDE))
    return seen


def _judge_places(seen: Observation, inputs: Inputs) -> Fault | None:
    p = round(inputs["p"].item(), 1) if "p" in inputs else HALF
    kept = {place: (output != 0).float().mean().item() for place, output in seen.items()}
    # What passes the places from here to the scores, next to what passes those behind.
    behind = {"scores": 1.0, "fc7": kept["scores"], "fc6": kept["fc7"], "maps": kept["fc6"]}
    passing = {place: kept[place] / max(behind[place], 1e-9) for place in kept}
    dropped = {place: 1 - share for place, share in passing.items() if share < 1 - SHARE_TOLERANCE}
    if not dropped:
        return Fault(
            "in training no unit is dropped at all",
            expected=f"{p:.0%} of fc6's and of fc7's units",
            got="none",
            misconception="dropout is switched off for good: it belongs to training",
        )
    names = {"scores": "the scores", "fc7": "fc7's units", "fc6": "fc6's units", "maps": "the maps before fc6"}
    if set(dropped) != {"fc6", "fc7"}:
        misconceptions = {
            "dropout falls on the scores: a class whose score is 0 cannot be learned": "scores" in dropped,
            "dropout stands before the hidden layers, as in today's libraries; in 2012 it stands after each": (
                set(dropped) == {"maps", "fc6"}
            ),
            "dropout on the maps as well; the paper has it in the two hidden layers": "maps" in dropped,
            "only one of the two hidden layers has dropout": len(dropped) == 1,
        }
        return Fault(
            "in training dropout is not where the paper has it",
            expected="on fc6's units and on fc7's units",
            got="on " + " and on ".join(names[place] for place in reversed(dropped)),
            misconception=next((name for name, applies in misconceptions.items() if applies), ""),
        )
    if any(abs(share - p) > SHARE_TOLERANCE for share in dropped.values()):
        return Fault(
            f"in training, with p = {p}, the wrong share is dropped",
            expected=f"{p:.0%} of fc6's and of fc7's units",
            got=f"{dropped['fc6']:.0%} and {dropped['fc7']:.0%}",
            misconception="p is ignored" if all(abs(share - HALF) < 0.05 for share in dropped.values()) else "",
        )
    scale = seen["fc7"].max().item()
    if abs(scale - 1 / (1 - p)) > 0.01:
        return Fault(
            "in training the kept units do not have the scale of torch's dropout",
            expected=f"times {1 / (1 - p):.3g}",
            got=f"times {scale:.3g}",
            misconception="the scaling of 2012; keep torch's own here" if abs(scale - 1) < 0.01 else "",
        )
    return None


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    seen = {f"place {name}": value for name, value in _probe_places(answer, inputs).items()}
    return seen | dict(_probe_evaluation(answer, inputs))


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    places = {name.removeprefix("place "): value for name, value in seen.items() if name.startswith("place ")}
    return _judge_same(seen, inputs) or _judge_scores(seen, inputs) or _judge_places(places, inputs)


TOP = Part(
    name="MendedTop",
    task="mend",
    minutes=15,
    checks=(
        Check(
            "the same picture, the same scores",
            1,
            _probe_evaluation,
            _judge_same,
            (
                "What is the difference between nn.Dropout and nn.functional.dropout when you call eval()?",
                "help(nn.functional.dropout): look at its third argument and at what it is if you say nothing.",
                "A function does not know whether its caller is in training: hand it self.training.",
            ),
            _pictures,
        ),
        Check(
            "the right scores",
            1,
            _probe_evaluation,
            _judge_scores,
            (
                "Write down what forward should do at test time: three layers, two ReLUs, nothing else.",
                "torch's dropout scales in training, so that at test time there is nothing to multiply.",
            ),
            _pictures,
        ),
        Check(
            "dropout in both hidden layers, and only there",
            2,
            _probe_places,
            _judge_places,
            (
                "In training mode, print some scores of the broken top. Why are so many exactly 0?",
                "The paper: “in the first two fully-connected layers”. Which of the three is not one of them?",
                "fc6, ReLU, dropout; fc7, ReLU, dropout; fc8.",
            ),
        ),
        Check(
            "other sizes, another p",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of some sizes or of p = 0.5 only?",
                "Take p from the argument; flatten whatever maps you are given.",
            ),
            _drawn_top,
            public=False,
        ),
    ),
)
