"""Part 3: a network with an auxiliary classifier that teaches nobody and speaks at the wrong time, to be mended."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.probing import build, run_expecting
from cnncourse.checking.wording import differing_text, shape_text, values_text

SHOWN = (2, 5, 4, 0.3)  # in_channels, width, num_classes, weight
TOLERANCE = 1e-4
Numbers = Mapping[str, Tensor]


def _drawn_images(sizes: Sequence[float], generator: torch.Generator) -> Inputs:
    in_channels, _, classes, _ = sizes
    rows, columns = torch.randint(5, 10, (2,), generator=generator).tolist()
    return {
        "sizes": torch.tensor(sizes, dtype=torch.float64),
        "images": torch.randn(6, int(in_channels), rows, columns, generator=generator),
        "labels": torch.randint(int(classes), (6,), generator=generator),
    }


def _shown(generator: torch.Generator) -> Inputs:
    return _drawn_images(SHOWN, generator)


def _drawn(generator: torch.Generator) -> Inputs:
    """Draw channels, width, classes, the weight of the auxiliary loss, and images of a size drawn too."""
    in_channels, width, classes = torch.randint(2, 8, (3,), generator=generator).tolist()
    weight = int(torch.randint(40, 200, (), generator=generator)) / 100
    return _drawn_images((in_channels, width + 2, classes, weight), generator)


def _arguments(inputs: Inputs) -> tuple[int, int, int, float]:
    *sizes, weight = inputs["sizes"].tolist()
    return (*map(int, sizes), round(weight, 2))


def _numbers(network: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
    """Return weights and biases of the four layers by name.

    Raises:
        RefusedAnswerError: if one is missing or has another size, or if there are others.

    """
    found = dict(network.named_parameters())
    in_channels, width, classes, _ = _arguments(inputs)
    shapes = {
        "first": (width, in_channels, 3, 3),
        "second": (width, width, 3, 3),
        "auxiliary": (classes, width),
        "output": (classes, width),
    }
    for name, shape in shapes.items():
        weight = found.get(f"{name}.weight")
        if weight is None or f"{name}.bias" not in found:
            raise RefusedAnswerError(
                Fault(
                    f"{name} has no weight and bias: keep the names first, second, auxiliary and output, each for the "
                    "layer itself"
                )
            )
        if tuple(weight.shape) != shape:
            raise RefusedAnswerError(
                Fault(f"{name} has weights of another shape", shape_text(shape), shape_text(weight.shape))
            )
    more = [name for name in found if name.partition(".")[0] not in shapes]
    if more:
        raise RefusedAnswerError(
            Fault("the network has more layers than asked for", "four layers", ", ".join(more[:2]))
        )
    return found


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    network = build(answer, *_arguments(inputs))
    numbers = _numbers(network, inputs)
    with torch.no_grad():
        for number in numbers.values():
            # So large that units of both layers lie on both sides of zero, and the two heads disagree.
            number.copy_(torch.randn(number.shape) * (2 / max(1, number[0].numel())) ** 0.5)
    yield {name: number.detach() for name, number in numbers.items()}
    images, labels = inputs["images"], inputs["labels"]
    network.train()  # a learner must be able to come back from training
    network.eval()
    scores = _in_evaluation(network, images)
    yield {"scores": run_expecting(network, images, (len(images), _arguments(inputs)[2])) if scores is None else scores}
    network.train()
    loss = network(images, labels)
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        got = f"a tensor of shape {shape_text(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise RefusedAnswerError(Fault("given labels, in training, the network returns no loss", "one number", got))
    if not loss.requires_grad:
        yield {"loss": loss.reshape(()), "gradients": {}}
        return
    loss.sum().backward()
    gradients = {name: number.grad for name, number in numbers.items() if number.grad is not None}
    yield {"loss": loss.reshape(()), "gradients": gradients}


def _in_evaluation(network: nn.Module, images: Tensor) -> Tensor | None:
    """Return the scores that a network gives, ``None`` if they are to be refused by the usual way."""
    output = network(images)
    if isinstance(output, (tuple, list)):
        raise RefusedAnswerError(
            Fault(
                "after eval() the network returns several things",
                expected="the scores of the final classifier",
                got=f"{len(output)} things",
                misconception="the auxiliary classifier is thrown away at test time",
            )
        )
    return None


def _heads(images: Tensor, numbers: Numbers, *, relus: bool = True, cut: str = "") -> tuple[Tensor, Tensor]:
    """Return the scores of the final and of the auxiliary classifier.

    Args:
        images: shape (N, in_channels, height, width).
        numbers: weights and biases by name.
        relus: whether ReLUs follow the convolutions.
        cut: the head, or the layer, that is given its maps without a way back for the gradient.

    """
    bend = F.relu if relus else (lambda maps: maps)
    maps = bend(F.conv2d(images, numbers["first.weight"], numbers["first.bias"], padding=1))
    for_auxiliary = maps.detach() if cut == "auxiliary" else maps
    auxiliary = F.linear(for_auxiliary.mean(dim=(2, 3)), numbers["auxiliary.weight"], numbers["auxiliary.bias"])
    maps = maps.detach() if cut == "second" else maps
    maps = bend(F.conv2d(maps, numbers["second.weight"], numbers["second.bias"], padding=1))
    features = (maps.detach() if cut == "output" else maps).mean(dim=(2, 3))
    return F.linear(features, numbers["output.weight"], numbers["output.bias"]), auxiliary


def _judge_scores(seen: Observation, inputs: Inputs) -> Fault | None:
    weight, got = _arguments(inputs)[3], seen["scores"]
    scores, auxiliary = _heads(inputs["images"], seen)
    if torch.allclose(got, scores, atol=TOLERANCE, rtol=1e-4):
        return None
    misconceptions = {
        "the auxiliary classifier still has its say at test time; it is thrown away there": scores + weight * auxiliary,
        "the mean of both classifiers; at test time the auxiliary one is thrown away": (scores + auxiliary) / 2,
        "the sum of both classifiers; at test time the auxiliary one is thrown away": scores + auxiliary,
        "the auxiliary classifier answers, and not the final one": auxiliary,
        "a softmax on the scores: the loss does that": scores.softmax(dim=1),
        "the ReLUs are gone": _heads(inputs["images"], seen, relus=False)[0],
        "a ReLU on the scores: no score can be below zero": scores.relu(),
    }
    return Fault(
        "after eval() the scores are not those of the final classifier",
        *differing_text(scores, got),
        misconception=next(
            (name for name, wrong in misconceptions.items() if torch.allclose(got, wrong, atol=TOLERANCE)), ""
        ),
    )


def _judge_loss(seen: Observation, inputs: Inputs) -> Fault | None:
    weight, labels, got = _arguments(inputs)[3], inputs["labels"], seen["loss"]
    scores, auxiliary = _heads(inputs["images"], seen)
    final, extra = F.cross_entropy(scores, labels), F.cross_entropy(auxiliary, labels)
    expected = final + weight * extra
    if torch.allclose(got, expected, atol=TOLERANCE, rtol=1e-4):
        return None
    misconceptions = {
        "the auxiliary classifier has no loss of its own": final,
        "the auxiliary loss counts as much as the final one; its weight is forgotten": final + extra,
        "the weight is that of the paper, whatever is asked for": final + 0.3 * extra,
        "the weight is on the final loss": weight * final + extra,
        "the two losses share one weight, w and 1 − w; the final loss counts in full": (
            (1 - weight) * final + weight * extra
        ),
        "the scores are mixed before the loss; each classifier has a loss of its own": F.cross_entropy(
            scores + weight * auxiliary, labels
        ),
        "the auxiliary loss alone": weight * extra,
        "losses are summed over the batch; the mean is what torch gives": len(labels) * expected,
        "a softmax before the cross-entropy, which has one already": F.cross_entropy(scores.softmax(dim=1), labels)
        + weight * F.cross_entropy(auxiliary.softmax(dim=1), labels),
    }
    return Fault(
        "in training the loss is not the final one plus the weighted auxiliary one",
        expected=f"{expected.item():.4g}",
        got=f"{got.item():.4g}",
        misconception=next(
            (name for name, wrong in misconceptions.items() if torch.allclose(got, wrong, atol=TOLERANCE)), ""
        ),
    )


def _gradients(images: Tensor, labels: Tensor, numbers: Numbers, weight: float, cut: str = "") -> dict[str, Tensor]:
    """Return the gradients of the right loss; with a cut, those that do not pass it."""
    leaves = {name: number.clone().requires_grad_() for name, number in numbers.items()}
    scores, auxiliary = _heads(images, leaves, cut=cut)
    loss = F.cross_entropy(scores, labels) + weight * F.cross_entropy(auxiliary, labels)
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    return {
        name: torch.zeros_like(leaf) if gradient is None else gradient
        for (name, leaf), gradient in zip(leaves.items(), found, strict=True)
    }


def _judge_gradients(seen: Observation, inputs: Inputs) -> Fault | None:
    images, labels, weight = inputs["images"], inputs["labels"], _arguments(inputs)[3]
    layers = [f"{name}.{kind}" for name in ("first", "second", "auxiliary", "output") for kind in ("weight", "bias")]
    numbers = {name: seen[name] for name in layers}
    got = {name: seen["gradients"].get(name, torch.zeros_like(number)) for name, number in numbers.items()}
    expected = _gradients(images, labels, numbers, weight)
    wrong = [name for name in layers if not torch.allclose(got[name], expected[name], atol=TOLERANCE, rtol=1e-3)]
    if not wrong:
        return None

    def is_like(gradients: Mapping[str, Tensor]) -> bool:
        return all(torch.allclose(got[name], gradients[name], atol=TOLERANCE, rtol=1e-3) for name in layers)

    misconceptions = {
        "nothing can learn: the loss is cut off from the weights": all(not each.any() for each in got.values()),
        "the auxiliary classifier is given maps that are cut off: its gradient ends there": is_like(
            _gradients(images, labels, numbers, weight, cut="auxiliary")
        ),
        "the layers after the auxiliary classifier are cut off from the first: the final loss must reach it too": (
            is_like(_gradients(images, labels, numbers, weight, cut="second"))
        ),
        "the final classifier is cut off from the layers below": is_like(
            _gradients(images, labels, numbers, weight, cut="output")
        ),
        "the auxiliary classifier does not learn itself": {name.partition(".")[0] for name in wrong} == {"auxiliary"},
        "the auxiliary classifier has no loss of its own": is_like(_gradients(images, labels, numbers, 0.0)),
    }
    name = wrong[0]
    return Fault(
        f"the gradient that reaches {name} in training is wrong",
        expected=values_text(expected[name]),
        got=values_text(got[name]),
        misconception=next((said for said, applies in misconceptions.items() if applies), ""),
    )


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    fault = _judge_scores(seen, inputs) or _judge_loss(seen, inputs) or _judge_gradients(seen, inputs)
    if fault is None:
        return None
    in_channels, width, classes, weight = _arguments(inputs)
    return Fault(
        f"with {in_channels} channels, width {width}, {classes} classes and weight {weight}: {fault.message}",
        fault.expected,
        fault.got,
        fault.misconception,
    )


TWO_HEADS = Part(
    name="MendedHeads",
    task="mend",
    minutes=15,
    checks=(
        Check(
            "one voice at test time",
            1,
            _probe,
            _judge_scores,
            (
                "What do the scores of the broken network consist of after eval()?",
                "The auxiliary classifier is for training only: at test time the final one alone has the say.",
            ),
            _shown,
        ),
        Check(
            "the loss of both classifiers",
            1,
            _probe,
            _judge_loss,
            (
                "Two cross-entropies, one of each classifier's scores. How are they added?",
                "The final loss counts in full, the auxiliary one times the weight.",
            ),
            _shown,
        ),
        Check(
            "the auxiliary loss teaches the layers below",
            2,
            _probe,
            _judge_gradients,
            (
                "In the symptom, which layer should have a gradient and has none?",
                "What does detach() do to a tensor? What is an auxiliary classifier for?",
            ),
            _shown,
        ),
        Check(
            "other sizes, another weight",
            1,
            _probe,
            _judge_drawn,
            (
                "Is there a number in your class that is true of the example only?",
                "Take sizes, classes and the weight from the arguments.",
            ),
            _drawn,
            public=False,
        ),
    ),
)
