"""Part 3: a batch normalisation that forgets too fast and does not use what it remembers, to be mended."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.probing import build, run_expecting
from cnncourse.checking.wording import differing_text, shape_text, values_text

CHANNELS, EPSILON, MOMENTUM = 3, 1e-5, 0.1  # of what learners see first
OTHER = (2, 0.25, 0.3)  # an epsilon so large that its place shows
TOLERANCE = 1e-3
REMEMBERED = ("running_mean", "running_var")
BATCHES = ("first", "second", "third")

State = tuple[Tensor, Tensor]


def _batches(generator: torch.Generator, channels: int, count: int, rows: int, columns: int) -> Inputs:
    """Draw batches whose maps differ in mean and spread, and a scale and a shift for each map."""
    drawn = {}
    for number, name in enumerate(BATCHES):
        maps = torch.randn(count, channels, rows, columns, generator=generator)
        centre = torch.randn(1, channels, 1, 1, generator=generator) + 2 * (number + 1)
        pictures = torch.randn(count, 1, 1, 1, generator=generator)
        places = torch.randn(1, 1, rows, columns, generator=generator)
        drawn[name] = (1 + number) * (maps + pictures + places) + centre
    weight = 0.5 + torch.rand(channels, generator=generator)
    return drawn | {"weight": weight, "bias": torch.randn(channels, generator=generator)}


def _draw(generator: torch.Generator) -> Inputs:
    return _batches(generator, CHANNELS, 4, 3, 5) | {"settings": torch.tensor([EPSILON, MOMENTUM])}


def _draw_other(generator: torch.Generator) -> Inputs:
    return _batches(generator, OTHER[0], 3, 4, 4) | {"settings": torch.tensor(OTHER[1:])}


def _draw_hidden(generator: torch.Generator) -> Inputs:
    """Draw the number of maps, the size of batch and maps, epsilon and momentum."""
    channels, count, rows, columns = (
        torch.randint(0, 4, (4,), generator=generator) + torch.tensor([4, 2, 2, 3])
    ).tolist()
    settings = torch.rand(2, generator=generator) * torch.tensor([0.3, 0.5]) + torch.tensor([0.3, 0.35])
    return _batches(generator, channels, count, rows, columns) | {"settings": settings}


def _settings(inputs: Inputs) -> tuple[int, float, float]:
    """Return channels, epsilon and momentum."""
    epsilon, momentum = (round(value, 5) for value in inputs["settings"].tolist())
    return len(inputs["weight"]), epsilon, momentum


def _fill(layer: nn.Module, inputs: Inputs) -> None:
    """Give scale and shift known values.

    Raises:
        RefusedAnswerError: if one is missing or has another size.

    """
    found = dict(layer.named_parameters())
    for name in ("weight", "bias"):
        number, wanted = found.get(name), inputs[name]
        if number is None or number.numel() != wanted.numel():
            raise RefusedAnswerError(
                Fault(
                    f"the layer's {name} is not what the broken class has",
                    expected=f"a parameter {name} with a number for each map, {wanted.numel()}",
                    got="none of that name" if number is None else f"shape {shape_text(number.shape)}",
                )
            )
        with torch.no_grad():
            number.copy_(wanted.view(number.shape))


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    layer = build(answer, *_settings(inputs))
    _fill(layer, inputs)
    first, second, third = (inputs[name] for name in BATCHES)
    maps = first.clone().requires_grad_()
    training = run_expecting(layer.train(), maps, tuple(first.shape))
    yield {"training": training}
    if training.requires_grad:
        (training * second).sum().backward()
    yield {"gradient": maps.grad}
    run_expecting(layer, second, tuple(second.shape))
    yield {name: _buffer(layer, name, len(inputs["weight"])) for name in REMEMBERED}
    yield {"kept": [name for name, _ in layer.named_buffers()]}
    together = run_expecting(layer.eval(), third, tuple(third.shape))
    yield {"together": together, "alone": run_expecting(layer, third[:1], (1, *third.shape[1:]))}


def _buffer(layer: nn.Module, name: str, count: int) -> Tensor | None:
    """Return what a layer remembers under a name, if it has it."""
    value = getattr(layer, name, None)
    return value.reshape(count) if isinstance(value, Tensor) and value.numel() == count else None


def _column(values: Tensor) -> Tensor:
    return values.view(1, -1, 1, 1)


def _scaled(normalised: Tensor, inputs: Inputs) -> Tensor:
    return _column(inputs["weight"]) * normalised + _column(inputs["bias"])


def _by_batch(maps: Tensor, inputs: Inputs, axes: tuple[int, ...] = (0, 2, 3)) -> Tensor:
    epsilon = _settings(inputs)[1]
    variance, mean = torch.var_mean(maps, dim=axes, correction=0, keepdim=True)
    return _scaled((maps - mean) / (variance + epsilon).sqrt(), inputs)


def _mistakes_in_training(maps: Tensor, inputs: Inputs) -> Mapping[str, Tensor]:
    channels, epsilon, _ = _settings(inputs)
    variance, mean = torch.var_mean(maps, dim=(0, 2, 3), correction=0, keepdim=True)
    plain = (maps - mean) / (variance + epsilon).sqrt()
    positions = maps.numel() / channels
    return {
        "a mean for each position: it must be taken over batch, height and width": _by_batch(maps, inputs, (0,)),
        "each picture is normalised by itself: the mean must be taken over the batch too": _by_batch(
            maps, inputs, (2, 3)
        ),
        "each picture is normalised by itself, over all its maps": _by_batch(maps, inputs, (1, 2, 3)),
        "one mean for all maps: each map has a mean of its own": _by_batch(maps, inputs, (0, 1, 2, 3)),
        "scale and shift are left out": plain,
        "the scale is left out": plain + _column(inputs["bias"]),
        "the shift is left out": plain * _column(inputs["weight"]),
        "shifted first, then scaled; it is scale times the value, plus shift": (plain + _column(inputs["bias"]))
        * _column(inputs["weight"]),
        "the mean is not subtracted": _scaled(maps / (variance + epsilon).sqrt(), inputs),
        "divided by the variance, not by its root": _scaled((maps - mean) / (variance + epsilon), inputs),
        "epsilon is added to the root; it belongs under it": _scaled(
            (maps - mean) / (variance.sqrt() + epsilon), inputs
        ),
        "epsilon is ignored": _scaled((maps - mean) / (variance + EPSILON).sqrt(), inputs),
        "the batch's variance is divided by n − 1; in training it is by n": _scaled(
            (maps - mean) / (variance * positions / (positions - 1) + epsilon).sqrt(), inputs
        ),
        "in training the running averages are used; that is for evaluation": _scaled(
            maps / torch.tensor(1 + epsilon).sqrt(), inputs
        ),
    }


def _named(got: Tensor, mistakes: Mapping[str, Tensor]) -> str:
    return next((name for name, wrong in mistakes.items() if torch.allclose(got, wrong, atol=TOLERANCE)), "")


def _judge_training(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_training(seen, inputs) or _fault_if_not_mended(seen, inputs)


def _fault_if_not_mended(seen: Observation, inputs: Inputs) -> Fault | None:
    """Give nothing for what the broken class does right already."""
    if not torch.allclose(seen["together"], _by_batch(inputs["third"], inputs), atol=TOLERANCE):
        return None
    return Fault("training is right, as it was in the broken class: this counts when evaluation is mended", hints=())


def _fault_in_training(seen: Observation, inputs: Inputs) -> Fault | None:
    maps, got = inputs["first"], seen["training"]
    expected = _by_batch(maps, inputs)
    if torch.allclose(got, expected, atol=TOLERANCE):
        return None
    return Fault(
        "in training the maps are not normalised as they should be",
        *differing_text(expected, got),
        misconception=_named(got, _mistakes_in_training(maps, inputs)),
    )


def _judge_gradient(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_gradient(seen, inputs) or _fault_if_not_mended(seen, inputs)


def _fault_in_gradient(seen: Observation, inputs: Inputs) -> Fault | None:
    maps = inputs["first"].clone().requires_grad_()
    (expected,) = torch.autograd.grad((_by_batch(maps, inputs) * inputs["second"]).sum(), maps)
    got = seen["gradient"]
    if got is not None and torch.allclose(got, expected, atol=TOLERANCE):
        return None
    variance = inputs["first"].var(dim=(0, 2, 3), correction=0) + _settings(inputs)[1]
    direct = _column(inputs["weight"] / variance.sqrt()) * inputs["second"]
    return Fault(
        "in training the gradient by the maps is wrong",
        expected=values_text(expected),
        got="none" if got is None else values_text(got),
        misconception="the batch's mean and variance are cut off from the gradient; they depend on the maps too"
        if got is not None and torch.allclose(got, direct, atol=TOLERANCE)
        else "",
    )


def _remembered(inputs: Inputs, share: float, *, corrected: bool, batches: tuple[str, ...] = BATCHES[:2]) -> State:
    """Return the running mean and variance after some batches, each of which counts a share."""
    channels = _settings(inputs)[0]
    state = (torch.zeros(channels), torch.ones(channels))
    for name in batches:
        variance, mean = torch.var_mean(inputs[name], dim=(0, 2, 3), correction=int(corrected))
        state = tuple((1 - share) * old + share * new for old, new in zip(state, (mean, variance), strict=True))
    return state


def _by_state(maps: Tensor, state: State, inputs: Inputs) -> Tensor:
    mean, variance = map(_column, state)
    return _scaled((maps - mean) / (variance + _settings(inputs)[1]).sqrt(), inputs)


def _mistakes_in_evaluation(maps: Tensor, inputs: Inputs) -> Mapping[str, Tensor]:
    epsilon, momentum = _settings(inputs)[1:]
    mistakes = {}
    for corrected in (True, False):
        mean, variance = right = _remembered(inputs, momentum, corrected=corrected)
        others = {
            "the running averages have their shares exchanged: momentum is the share of the new batch": (
                _remembered(inputs, 1 - momentum, corrected=corrected)
            ),
            "momentum is ignored": _remembered(inputs, MOMENTUM, corrected=corrected),
            "the running averages are never updated": (torch.zeros_like(mean), torch.ones_like(mean)),
            "the last batch alone is remembered: these are no running averages": (
                _remembered(inputs, 1.0, corrected=corrected)
            ),
            "only the first batch is remembered": (
                _remembered(inputs, momentum, corrected=corrected, batches=BATCHES[:1])
            ),
            "the running mean is not updated": (torch.zeros_like(mean), variance),
            "the running variance is not updated": (mean, torch.ones_like(mean)),
            "the running variance holds standard deviations": (
                mean,
                _roots(inputs, momentum, corrected=corrected),
            ),
            "the running averages begin at zero; the variance begins at one": (
                mean,
                variance - (1 - momentum) ** 2,
            ),
            "batches are added up: the old averages do not fade": _added(inputs, momentum, corrected=corrected),
        }
        for name, (means, variances) in others.items():
            wrong = _by_state(maps, (means, variances), inputs)
            mistakes[f"{name} ({corrected})"] = wrong
        spread = (_column(variance).sqrt() + epsilon, _column(variance) + epsilon)
        centred = maps - _column(mean)
        mistakes[f"in evaluation epsilon is added to the root; it belongs under it ({corrected})"] = _scaled(
            centred / spread[0], inputs
        )
        mistakes[f"in evaluation divided by the variance, not by its root ({corrected})"] = _scaled(
            centred / spread[1], inputs
        )
        mistakes[f"in evaluation scale and shift are left out ({corrected})"] = centred / spread[1].sqrt()
        mistakes[f"in evaluation epsilon is ignored ({corrected})"] = _by_state(
            maps, (right[0], right[1] + EPSILON - epsilon), inputs
        )
    return mistakes


def _roots(inputs: Inputs, share: float, *, corrected: bool) -> Tensor:
    kept = torch.ones(_settings(inputs)[0])
    for name in BATCHES[:2]:
        kept = (1 - share) * kept + share * inputs[name].std(dim=(0, 2, 3), correction=int(corrected))
    return kept


def _added(inputs: Inputs, share: float, *, corrected: bool) -> State:
    channels = _settings(inputs)[0]
    state = (torch.zeros(channels), torch.ones(channels))
    for name in BATCHES[:2]:
        variance, mean = torch.var_mean(inputs[name], dim=(0, 2, 3), correction=int(corrected))
        state = (state[0] + share * mean, state[1] + share * variance)
    return state


def _judge_alone(seen: Observation, inputs: Inputs) -> Fault | None:
    together, alone = seen["together"][:1], seen["alone"]
    if torch.allclose(together, alone, atol=TOLERANCE):
        return None
    batch = _by_batch(inputs["third"], inputs)
    return Fault(
        "in evaluation the same picture gives something else alone than among others",
        expected=f"the same: {values_text(together)}",
        got=f"alone: {values_text(alone)}",
        misconception="the statistics of the batch are used in evaluation"
        if torch.allclose(seen["together"], batch, atol=TOLERANCE)
        else "evaluation still uses the batch's mean or its variance, or changes the running averages",
    )


def _judge_evaluation(seen: Observation, inputs: Inputs) -> Fault | None:
    momentum = _settings(inputs)[2]
    maps, got = inputs["third"], seen["together"]
    # The running variance may be that of n or of n − 1: torch has the latter, the text asks for neither.
    expected = [_by_state(maps, _remembered(inputs, momentum, corrected=each), inputs) for each in (True, False)]
    if any(torch.allclose(got, each, atol=TOLERANCE) for each in expected):
        return _fault_in_buffers(seen)
    if torch.allclose(got, _by_batch(maps, inputs), atol=TOLERANCE):
        if seen["running_mean"] is None or seen["running_var"] is None:
            return Fault("running_mean and running_var cannot be found", hints=("Keep the broken class's names.",))
        # Used or not, what is remembered is there to be seen.
        got = _by_state(maps, (seen["running_mean"], seen["running_var"]), inputs)
        if any(torch.allclose(got, each, atol=TOLERANCE) for each in expected):
            return None
    named = _named(got, _mistakes_in_evaluation(maps, inputs)).rpartition(" (")[0]
    return Fault(
        f"after two batches with momentum {momentum:g}, what evaluation gives by the running averages is wrong",
        *differing_text(expected[0], got),
        misconception=named,
    )


def _fault_in_buffers(seen: Observation) -> Fault | None:
    """Say which of the running averages is right and no buffer any more."""
    lost = [name for name in REMEMBERED if name not in seen["kept"]]
    if not lost:
        return None
    return Fault(
        f"{lost[0]} is no buffer of the layer: it would not be saved with it",
        expected=" and ".join(REMEMBERED),
        got=", ".join(seen["kept"]) or "no buffers",
        misconception="a plain attribute, or a parameter, in the place of register_buffer",
        hints=("How does the broken class make running_mean? Keep that line, and its name.",),
    )


def _judge_all(seen: Observation, inputs: Inputs) -> Fault | None:
    return (
        _fault_in_training(seen, inputs)
        or _fault_in_gradient(seen, inputs)
        or _judge_alone(seen, inputs)
        or _judge_evaluation(seen, inputs)
    )


BATCH_NORMALISATION = Part(
    name="MendedBatchNorm",
    task="mend",
    minutes=20,
    checks=(
        Check(
            "training stays as it was",
            1,
            _probe,
            _judge_training,
            (
                "The broken class is right here: in training, mean and variance are those of the batch.",
                "One mean for each map, over all pictures and all positions: dim=(0, 2, 3).",
            ),
            _draw,
        ),
        Check(
            "the gradient goes through mean and variance",
            1,
            _probe,
            _judge_gradient,
            (
                "The batch's mean depends on the maps. Does your gradient know?",
                "Only the running averages may be detached; they are of no use to training.",
            ),
            _draw,
        ),
        Check(
            "alone as among others",
            1,
            _probe,
            _judge_alone,
            (
                "Where in forward does the broken class ask whether it is in training? What depends on it?",
                "In evaluation mean and variance are those that were remembered.",
                "An if with two branches: each says what mean and variance are.",
            ),
            _draw,
        ),
        Check(
            "what is remembered",
            2,
            _probe,
            _judge_evaluation,
            (
                "Work out the running mean by hand: it begins at 0, and a batch with mean 5 comes. momentum is 0.1.",
                "momentum is the share of the new batch: 0.9 times what was, plus 0.1 times what is new.",
            ),
            _draw,
        ),
        Check(
            "another momentum, another ε",
            1,
            _probe,
            _judge_all,
            (
                "Do momentum and eps come from the arguments everywhere?",
                "ε is added to the variance, and the root is taken of the sum.",
            ),
            _draw_other,
        ),
        Check(
            "other maps, other batches",
            1,
            _probe,
            _judge_all,
            (
                "Is there a number in your class that is true of some sizes, of one momentum or of one ε only?",
                "Everything is to be read from the maps and from the arguments.",
            ),
            _draw_hidden,
            public=False,
        ),
    ),
)
