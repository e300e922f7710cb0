"""One examination for every module and function: what an answer does, noted as plain data.

It runs beside the learner's object, in the notebook or in a worker, and beside the course's own. It knows nothing of
what is right: two answers are alike if they give the same notes. Nothing of it depends on how an answer is written.
"""

import copy
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import asdict
from io import StringIO

import numpy as np
import torch
from torch import Tensor, nn

from cnncourse.checking.canonical_weights import Weights, count_weights, tell_apart
from cnncourse.checking.chance import chance_notes
from cnncourse.checking.derivatives import fill_unevenly, has_true_gradients
from cnncourse.checking.exercise import Fault, Question, RefusedAnswerError
from cnncourse.checking.members import registered_buffers, registered_modules, registered_parameters
from cnncourse.checking.plain import IN_SINGLE_PRECISION, OUTPUTS, Plain, flat, plain, same
from cnncourse.checking.raised import describe
from cnncourse.checking.subject import Subject, settled
from cnncourse.checking.uses import LEFT_ALONE, USED, unusual_uses, used

Note = tuple[str, Plain]
Stage = dict[str, object]  # notes that are taken together


class _OfSinglePrecisionError(Exception):
    """An answer gives single precision where all else is in double."""


FILLS = 2  # draws of weights of which the output is noted
LARGEST = 300_000  # parameters of a module that is trained here; all references are far smaller
LARGER = 1.25  # times the weights, to see whether an answer remembers those before
# What torch says of an answer that has made something in single precision while all else is in double.
ABOUT_PRECISION = ("dtype", "scalar type", "Input type")


def examine(answer: object, question: Question) -> Iterator[Note]:
    """Examine an answer; yield what it does, note by note, and at last how it ended, if not well.

    Args:
        answer: what the learner defined: a class or function, or the course's own in its place.
        question: a case of the exercise.

    Yields:
        A name and a plain value. The last may be "ended": what was raised or refused, in plain data.

    """
    look = _examine_module if question.inputs else _examine_function
    try:
        yield from _isolated(look(answer, question), question)
    except RefusedAnswerError as refused:
        yield "ended", {"refused": asdict(refused.fault)}
    except (Exception, SystemExit) as error:
        raised = describe(error)
        in_double = question.inputs and not (question.single_precision or question.why)
        if in_double and any(said in raised.text for said in ABOUT_PRECISION):
            yield "single precision", True
            yield from examine(answer, question._replace(single_precision=True))
        else:
            yield "ended", {"raised": asdict(raised)}


def _isolated(stages: Iterator[Stage], question: Question) -> Iterator[Note]:
    """Take stage by stage, each in a world of its own that is left as it was."""
    while True:
        with _own_world(question):
            stage = next(stages, None)
        if stage is None:
            return
        yield from ((name, plain(value)) for name, value in stage.items())


@contextmanager
def _own_world(question: Question) -> Iterator[None]:
    """Double precision for modules, gradients on, silence; the random state and all of this as it was afterwards."""
    default, gradients, device = torch.get_default_dtype(), torch.is_grad_enabled(), torch.empty(0).device
    state, of_python, of_numpy = torch.get_rng_state(), random.getstate(), np.random.get_state()
    with (
        warnings.catch_warnings(),
        redirect_stdout(StringIO()),  # what an answer prints would come dozens of times
        redirect_stderr(StringIO()),
    ):
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(question.seed)
        random.seed(question.seed)
        np.random.seed(question.seed)
        in_double = question.inputs and not question.single_precision
        torch.set_default_dtype(torch.float64 if in_double else torch.float32)
        torch.set_default_device(None)
        torch.set_grad_enabled(True)
        try:
            yield
        finally:
            torch.set_default_dtype(default)
            torch.set_grad_enabled(gradients)
            torch.set_default_device(None if device.type == "cpu" else device)
            torch.set_rng_state(state)
            random.setstate(of_python)
            np.random.set_state(of_numpy)


# Functions ------------------------------------------------------------------------------------------------------------


def _examine_function(answer: object, question: Question) -> Iterator[Stage]:
    if not callable(answer) or isinstance(answer, type):
        raise RefusedAnswerError(
            Fault("the check needs the function itself", "its name, without parentheses", type(answer).__name__)
        )
    arguments, keywords = copy.deepcopy((question.arguments, question.keywords))
    # Noted before the second call: what is given back may be the function's own.
    given = answer(*arguments, **keywords)
    result = plain(given)
    left = same(plain([arguments, keywords]), plain([question.arguments, question.keywords]))
    yield {**_result_notes(result), "left alone": [] if left else ["arguments"]}
    others, by_name = copy.deepcopy(question.neighbour)
    answer(*others, **by_name)
    is_kept = same(plain(given), result)
    arguments, keywords = copy.deepcopy((question.arguments, question.keywords))
    again = plain(answer(*arguments, **keywords))
    yield {"again": is_kept and same(again, result)}


def _result_notes(result: Plain) -> Stage:
    """Note a result; one that is a table, rows of dictionaries with the same keys, column by column."""
    rows = result if isinstance(result, list) and result and all(isinstance(row, dict) for row in result) else []
    if not rows or any(row.keys() != rows[0].keys() for row in rows):
        return {"result": result}
    return {f"result: {key}": [row[key] for row in rows] for key in rows[0]}


# Modules --------------------------------------------------------------------------------------------------------------


def _examine_module(answer: object, question: Question) -> Iterator[Stage]:
    first, second = (_prepared(inputs) for inputs in (question.inputs, question.other_inputs))
    subject = settled(answer, question, first)
    start = {"starting values": subject.starting_values()} if question.begins else {}
    subject.train()
    count = count_weights(subject.module)
    if question.counted or count > LARGEST:
        shapes = [list(each.shape) for each in subject.values(first)]
        yield {"shape": shapes, "parameters": count}
        return
    weights = Weights(subject.module, question.seed, question.spread)
    if question.why:
        yield _why(subject, weights, first) | {"why: remembers": _remembers(answer, subject, weights, first, second)}
        return
    weights.fill_alike()
    outputs, projected = subject.projected(first)
    if not question.single_precision and any(each.dtype in (torch.float16, torch.float32) for each in outputs):
        raise _OfSinglePrecisionError("dtype")
    shapes = [list(each.shape) for each in outputs]
    gradients = _gradient_notes(weights, projected, first, "alike")
    yield {"shape": shapes, "parameters": weights.count, **start, "alike: output": outputs, **gradients}
    if question.chance and question.copies:
        subject.module.train()
        notes = chance_notes(weights.parameters, lambda inputs: flat(subject.run(inputs))[0], first, question.copies)
        yield {f"chance: {name}": value for name, value in notes.items()}
    notes = _evaluation_notes(subject, weights, first, second, "alike")
    yield {**notes, LEFT_ALONE: sorted(subject.disturbed)}
    if question.rounds and question.copied:
        yield _copies(answer, subject, first)
    if question.rounds and not question.single_precision:
        yield from _drawn_notes(subject, weights, first, second)
    if question.in_all_ways and not question.single_precision:
        for name, inputs in unusual_uses(first, question.seed):
            yield {USED + name: used(subject, weights, name, inputs, first)}


def _drawn_notes(
    subject: Subject, weights: Weights, first: Sequence[Tensor], second: Sequence[Tensor]
) -> Iterator[Stage]:
    """Note what comes out with weights that are drawn at random."""
    question = subject.question
    subject.train()
    tell_apart(weights, lambda: subject.projected(first)[1], question.rounds)
    notes = {"parameters that move": int(weights.ever_moved.sum())}
    for number in range(FILLS):
        weights.fill(question.rounds + number)
        outputs, projected = subject.projected(first)
        prefix = f"drawn {number + 1}"
        notes |= {f"{prefix}: output": outputs, **_gradient_notes(weights, projected, first, prefix)}
    yield notes
    yield _evaluation_notes(subject, weights, first, second, "drawn")


def _why(subject: Subject, weights: Weights, inputs: Sequence[Tensor]) -> Stage:
    """Note what is no fault, and says where one comes from.

    Returns:
        How many layers with weights run several times or never, how many parameters belong to several layers, how many
        numbers no training moves and how many its buffers have, and whether the gradients are those of what comes out,
        in training and in evaluation: if not, some way is cut off from them.

    """
    fill_unevenly(weights)
    layers = [
        each
        for each in registered_modules(subject.module)
        if any(parameter is not None for parameter in vars(each)["_parameters"].values())
    ]
    calls = dict.fromkeys(map(id, layers), 0)

    def count(layer: nn.Module, _inputs: object, _output: object) -> None:
        calls[id(layer)] += 1

    # A module with weights of its own that holds others is no layer, and its own call counts for it.
    hooks = [each.register_forward_hook(count) for each in layers]
    subject.train()
    subject.values(inputs)
    for hook in hooks:
        hook.remove()
    in_training = has_true_gradients(subject, weights, inputs)
    subject.module.eval()
    return {
        "why: layers that run several times": sum(number > 1 for number in calls.values()),
        "why: layers that never run": sum(number == 0 for number in calls.values()),
        "why: parameters of several layers": _in_several(layers),
        "why: numbers that no training moves": sum(
            each.numel() for each in registered_parameters(subject.module) if not each.requires_grad
        ),
        "why: running averages": sum(each.numel() for each in subject.buffers.values() if each.is_floating_point()),
        "why: true gradients": in_training and has_true_gradients(subject, weights, inputs),
    }


def _in_several(layers: Sequence[nn.Module]) -> int:
    """Return how many parameters belong to several layers."""
    owned = [id(each) for layer in layers for each in vars(layer)["_parameters"].values() if each is not None]
    return len(owned) - len(set(owned))


def _remembers(
    answer: object, subject: Subject, weights: Weights, first: Sequence[Tensor], second: Sequence[Tensor]
) -> bool:
    """Whether what comes out depends on what came before, with the same weights: one made anew gives something else."""
    fresh = settled(answer, subject.question, second)
    for each in (weights, Weights(fresh.module, subject.question.seed, subject.question.spread)):
        each.fill_alike()
    for training in (True, False):
        for each in (subject, fresh):
            each.train_from_the_start()
            if not training:
                each.module.eval()
        subject.values(first)
        if not _alike(subject.values(second), fresh.values(second)):
            return True
    return False


def _prepared(inputs: Sequence[Tensor]) -> list[Tensor]:
    default = torch.get_default_dtype()
    return [each.to(default).requires_grad_() if each.is_floating_point() else each for each in inputs]


def _gradient_notes(weights: Weights, projected: Tensor, inputs: Sequence[Tensor], prefix: str) -> Stage:
    """Note the gradients of a run."""
    for each in inputs:
        each.grad = None
    gradients = weights.gradients(projected)
    reached = [each.grad for each in inputs if each.requires_grad]
    if not prefix.startswith("alike"):
        of_parameters = weights.by_class(gradients.values)
    elif torch.get_default_dtype() is torch.float64:
        of_parameters = gradients.sorted()
    else:  # which of them are zero but for rounding cannot be told
        of_parameters = torch.from_numpy(gradients.values).norm()
    notes: Stage = {"parameters that no gradient reaches": gradients.missing} if prefix == "alike" else {}
    return notes | {
        f"{prefix}: gradients of the parameters": of_parameters,
        f"{prefix}: gradient of the input": [None if each is None else each.clone() for each in reached],
    }


def _evaluation_notes(
    subject: Subject, weights: Weights, first: Sequence[Tensor], second: Sequence[Tensor], prefix: str
) -> Stage:
    """Note what comes out in evaluation after two steps of training; with drawn weights also what is remembered."""
    question, (moved, of_second) = subject.question, subject.train_from_the_start(first, second)
    notes: Stage = {"averages": moved} if prefix == "alike" else {}
    subject.module.eval()
    outputs, projected = subject.projected(first)
    notes[f"{prefix}: evaluation"] = outputs
    if question.alone:
        alone = subject.values([each[:1] for each in first])
        notes[f"{prefix}: a batch of one"] = alone
        notes[f"{prefix}: alone as among others"] = _alike(alone, [each[:1] for each in outputs])
    notes |= _gradient_notes(weights, projected, first[: question.evaluated], f"{prefix}, evaluation")
    notes |= {f"{prefix}: {name}": subject.values_of(name, first) for name in question.methods}
    if prefix == "alike":
        return notes
    notes[f"{prefix}: training of another batch"] = of_second
    notes[f"{prefix}: evaluation of another batch"] = subject.values(second)
    notes[f"{prefix}: evaluation again"] = _alike(subject.values(first), outputs)
    with torch.no_grad():
        for parameter in weights.parameters:
            parameter.mul_(LARGER)
    notes[f"{prefix}: evaluation with larger weights"] = subject.values(first)
    return notes | {f"{LEFT_ALONE}, {prefix}": sorted(subject.disturbed)}


def _copies(answer: object, subject: Subject, inputs: Sequence[Tensor]) -> Stage:
    """Note whether a copy, and a module made anew and given what was saved, do the same."""
    question, does = subject.question, _behaviour(subject, inputs)
    saved = {
        name: value.clone() if isinstance(value, Tensor) else value
        for name, value in subject.module.state_dict().items()
    }

    def loaded() -> nn.Module:
        # With another seed: what is not saved must not be drawn alike.
        module = settled(answer, question._replace(seed=question.seed + 1), inputs).module
        Subject(module.eval(), question).values(inputs)  # what it has worked out so far is not to stay
        module.load_state_dict(saved)
        return module

    def beside_another() -> nn.Module:
        other = settled(answer, question, inputs).module
        arguments, keywords = copy.deepcopy(question.neighbour)
        with suppress(Exception):  # that it cannot be made is a fault of its own, which is told where it is asked for
            answer(*arguments, **keywords)
        is_shared = {*map(id, subject.module.parameters())} & {*map(id, other.parameters())}
        return nn.Identity() if is_shared else subject.module

    return {
        "beside another": _does_the_same(beside_another, question, inputs, does),
        "copied": _does_the_same(lambda: copy.deepcopy(subject.module), question, inputs, does),
        "saved": _does_the_same(loaded, question, inputs, does),
    }


def _behaviour(subject: Subject, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Return what a module gives in evaluation and, if that is not left to chance, in training; it stays as it is."""
    subject.module.eval()
    outputs = subject.values(inputs)
    if subject.question.chance:
        return outputs
    before = {name: buffer.clone() for name, buffer in registered_buffers(subject.module).items()}
    subject.module.train()
    outputs += subject.values(inputs)
    subject.module.eval()
    with torch.no_grad():
        for name, buffer in registered_buffers(subject.module).items():
            buffer.copy_(before[name])
    return outputs


def _alike(one: list[Tensor], other: list[Tensor]) -> bool:
    return same(one, other, *OUTPUTS if torch.get_default_dtype() is torch.float64 else IN_SINGLE_PRECISION)


def _does_the_same(
    make: Callable[[], nn.Module], question: Question, inputs: Sequence[Tensor], does: list[Tensor]
) -> bool:
    try:
        return _alike(_behaviour(Subject(make(), question), inputs), does)
    except Exception:  # an answer that can be run, and not be copied or saved
        return False
