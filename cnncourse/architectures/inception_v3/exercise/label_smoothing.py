"""Part 2: the cross-entropy with smoothed labels, in training; the plain one in evaluation."""

from collections.abc import Callable, Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.probing import build
from cnncourse.checking.wording import shape_text, values_text

SHOWN = 0.1
LARGE = 1000.0  # scores of this size overflow an exponential
TOLERANCE = 1e-4
MEND_FIRST = ("Mend first what “the paper's loss” says.",)


def _draw(generator: torch.Generator) -> Inputs:
    """Draw scores of five classes and labels; every class but one is somebody's."""
    labels = torch.tensor([0, 1, 2, 3, 3, 1])[torch.randperm(6, generator=generator)]
    return {"scores": 2 * torch.randn(6, 5, generator=generator), "labels": labels}


def _draw_other(generator: torch.Generator) -> Inputs:
    """Draw an epsilon, a number of classes and a batch that learners have not seen."""
    classes = int(torch.randint(6, 40, (), generator=generator))  # learners have seen five
    count = int(torch.randint(3, 40, (), generator=generator))
    return {
        "scores": 3 * torch.randn(count, classes, generator=generator),
        "labels": torch.randint(classes, (count,), generator=generator),
        "epsilon": 0.15 + 0.5 * torch.rand((), generator=generator),
    }


def _epsilon(inputs: Inputs) -> float:
    return round(inputs["epsilon"].item(), 3) if "epsilon" in inputs else SHOWN


def _loss(module: nn.Module, scores: Tensor, labels: Tensor) -> Tensor:
    """Run the loss; refuse what is no single finite number, and what spoils its scores or labels."""
    before = scores.detach().clone(), labels.clone()
    loss = module(scores, labels)
    if loss is None:
        raise RefusedAnswerError(Fault("forward returns None: is a return missing?", "a tensor", "None"))
    if not isinstance(loss, Tensor):
        raise RefusedAnswerError(Fault("forward returns no tensor", "a tensor", type(loss).__name__))
    if loss.numel() != 1:
        count, classes = scores.shape
        misconceptions = {
            "one loss a picture: the mean over the batch is missing": tuple(loss.shape) == (count,),
            "the sum over the classes is missing": tuple(loss.shape) == (count, classes),
        }
        raise RefusedAnswerError(
            Fault(
                "the loss is more than one number",
                "one number for the batch",
                f"shape {shape_text(loss.shape)}",
                next((name for name, applies in misconceptions.items() if applies), ""),
            )
        )
    if not (torch.equal(scores.detach(), before[0]) and torch.equal(labels, before[1])):
        scores.data.copy_(before[0])
        labels.copy_(before[1])
        raise RefusedAnswerError(Fault("forward changes the scores or labels it is given"))
    return loss.reshape(())


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    module = build(answer, _epsilon(inputs))
    scores, labels = inputs["scores"].clone().requires_grad_(), inputs["labels"]
    loss = _loss(module.train(), scores, labels)
    yield {"training": loss}
    if loss.requires_grad:
        loss.backward()
    yield {"gradient": scores.grad}
    yield {"large": _loss(module, LARGE * inputs["scores"], labels)}
    yield {"evaluation": _loss(module.eval(), inputs["scores"], labels)}


def _judge_training(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_loss(seen["training"], inputs["scores"], inputs["labels"], _epsilon(inputs))


def smoothed_loss(scores: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    """Return the paper's loss, (1 − ε)·H(labels, p) + ε·H(uniform, p), as a mean over the batch."""
    log_p = scores.log_softmax(dim=1)
    return (1 - epsilon) * F.nll_loss(log_p, labels) - epsilon * log_p.mean()


def _mistakes(scores: Tensor, labels: Tensor, epsilon: float) -> Mapping[str, Tensor]:
    """Return what some mistakes give."""
    log_p = scores.log_softmax(dim=1)
    count, classes = scores.shape
    hot = F.one_hot(labels, classes).to(scores.dtype)
    targets = (1 - epsilon) * hot + epsilon / classes

    def against(wanted: Tensor, logs: Tensor = log_p) -> Tensor:
        return -(wanted * logs).sum(dim=1).mean()

    prior = hot.mean(dim=0).expand_as(hot)
    return {
        "nothing is smoothed in training": against(hot),
        "ε/K is added everywhere, and nothing is taken from the label: the targets add up to 1 + ε": against(
            hot + epsilon / classes
        ),
        "the label gets 1 − ε and the other classes share ε: another convention. The paper gives every class ε/K, "
        "the label too": against((1 - epsilon) * hot + epsilon / (classes - 1) * (1 - hot)),
        "the label gets 1 − ε only: its own ε/K is missing, and the targets add up to less than 1": (
            against((1 - epsilon) * hot + epsilon / classes * (1 - hot))
        ),
        "the softmax runs over the batch (dim=0), not over the classes": against(targets, scores.log_softmax(dim=0)),
        "the uniform part is missing: the plain loss is only made smaller": (1 - epsilon) * against(hot),
        "every class gets ε, not ε/K": against((1 - epsilon) * hot + epsilon),
        "ε and 1 − ε are exchanged": against(epsilon * hot + (1 - epsilon) / classes),
        "the uniform part has the wrong sign: it is added to the loss, as a cross-entropy": against(
            (1 - epsilon) * hot - epsilon / classes
        ),
        "the network's probabilities are smoothed, not the labels": -(
            ((1 - epsilon) * log_p.exp() + epsilon / classes).gather(1, labels.view(-1, 1)).log().mean()
        ),
        "the scores are smoothed, not the labels": against(
            hot, ((1 - epsilon) * scores + epsilon / classes).log_softmax(dim=1)
        ),
        "labels are smoothed towards the batch's own classes; the paper's u is uniform": against(
            (1 - epsilon) * hot + epsilon * prior
        ),
        "a softmax too many: cross_entropy and log_softmax expect scores": against(
            targets, scores.softmax(dim=1).log_softmax(dim=1)
        ),
        "the sum over the batch in place of the mean": count * against(targets),
        "the mean is taken over the classes too": against(targets) / classes,
        "the loss has the wrong sign": -against(targets),
        "a logarithm to base 2": against(targets) / torch.tensor(2.0).log(),
        "the targets are subtracted from the probabilities: that is a squared error": (
            (scores.softmax(dim=1) - targets).square().sum(dim=1).mean()
        ),
    }


def _fault_in_loss(got: Tensor, scores: Tensor, labels: Tensor, epsilon: float) -> Fault | None:
    expected = smoothed_loss(scores, labels, epsilon)
    if torch.allclose(got, expected, atol=TOLERANCE, rtol=TOLERANCE):
        return None
    mistakes = _mistakes(scores, labels, epsilon)
    return Fault(
        f"in training, with ε = {epsilon:g} and {scores.shape[1]} classes, the loss is wrong",
        expected=f"{expected.item():.4f}",
        got=f"{got.item():.4f}",
        misconception=next(
            (name for name, wrong in mistakes.items() if torch.allclose(got, wrong, atol=TOLERANCE, rtol=TOLERANCE)), ""
        ),
    )


def _judge_gradient(seen: Observation, inputs: Inputs) -> Fault | None:
    scores = inputs["scores"].clone().requires_grad_()
    (expected,) = torch.autograd.grad(smoothed_loss(scores, inputs["labels"], _epsilon(inputs)), scores)
    got = seen["gradient"]
    if got is None:
        return Fault(
            "no gradient gets from the loss to the scores",
            expected=values_text(expected),
            got="none",
            misconception="the loss is cut off, by detach, no_grad or item",
        )
    if torch.allclose(got, expected, atol=TOLERANCE):
        return None
    wrong_loss = _judge_training(seen, inputs) is not None
    return Fault(
        "the gradient of the loss by the scores is wrong",
        expected=values_text(expected),
        got=values_text(got),
        misconception="it is the gradient of a wrong loss"
        if wrong_loss
        else "a part of the loss is cut off from the scores",
        hints=MEND_FIRST if wrong_loss else None,
    )


def _judge_large(seen: Observation, inputs: Inputs) -> Fault | None:
    expected = smoothed_loss(LARGE * inputs["scores"], inputs["labels"], _epsilon(inputs))
    got = seen["large"]
    if torch.allclose(got, expected, rtol=1e-3):
        return None
    wrong_loss = bool(got.isfinite()) and _judge_training(seen, inputs) is not None
    return Fault(
        "with very large scores the loss is wrong",
        expected=f"{expected.item():.1f}",
        got=f"{got.item():.1f}",
        misconception="it is wrong for small scores too"
        if wrong_loss
        else "a logarithm of an exponential: it overflows, or finds a zero",
        hints=MEND_FIRST if wrong_loss else None,
    )


def _fault_in_evaluation(got: Tensor, inputs: Inputs) -> Fault | None:
    scores, labels = inputs["scores"], inputs["labels"]
    expected = F.cross_entropy(scores, labels)
    if torch.allclose(got, expected, atol=TOLERANCE):
        return None
    smoothed = torch.allclose(got, smoothed_loss(scores, labels, _epsilon(inputs)), atol=TOLERANCE)
    return Fault(
        "after eval() the loss is not the plain cross-entropy",
        expected=f"{expected.item():.4f}",
        got=f"{got.item():.4f}",
        misconception="the labels are smoothed in evaluation too"
        if smoothed
        else "evaluation has the mistake of training as well",
    )


def _judge_evaluation(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_evaluation(seen["evaluation"], inputs)


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    module = build(answer, _epsilon(inputs))
    training = _loss(module.train(), inputs["scores"], inputs["labels"])
    return {"training": training, "evaluation": _loss(module.eval(), inputs["scores"], inputs["labels"])}


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    return _judge_training(seen, inputs) or _judge_evaluation(seen, inputs)


LABEL_SMOOTHING = Part(
    name="LabelSmoothing",
    task="use",
    minutes=20,
    checks=(
        Check(
            "the paper's loss",
            2,
            _probe,
            _judge_training,
            (
                "Write down the targets of one picture with K = 5, ε = 0.1 and label 2. Do they add up to 1?",
                "The label gets 1 − ε + ε/K, every other class ε/K.",
                "Two cross-entropies, one with the label and one with all classes alike, times 1 − ε and ε.",
            ),
            _draw,
        ),
        Check(
            "the gradient gets through",
            1,
            _probe,
            _judge_gradient,
            (
                "Is there a detach, a no_grad or an item on the way from the scores to the loss?",
                "The gradient for one picture is p minus the targets: does yours have both parts?",
            ),
            _draw,
        ),
        Check(
            "very large scores",
            1,
            _probe,
            _judge_large,
            (
                "What is the exponential of 1000 in float32, and the logarithm of its share?",
                "scores.log_softmax(dim=1) gives the logarithms without ever computing the exponentials alone.",
            ),
            _draw,
        ),
        Check(
            "evaluation is plain",
            1,
            _probe,
            _judge_evaluation,
            (
                "Which attribute of a module says whether it is in training?",
                "In evaluation the loss is nn.functional.cross_entropy(scores, labels), whatever ε is.",
            ),
            _draw,
        ),
        Check(
            "another ε, other classes",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of ε = 0.1 or of five classes only?",
                "The number of classes is scores.shape[1].",
            ),
            _draw_other,
            public=False,
        ),
    ),
)
