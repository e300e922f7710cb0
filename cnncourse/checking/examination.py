"""One examination for every module and function: what an answer does, noted as plain data.

It runs beside the learner's object, in the notebook or in a worker, and beside the course's own. It knows nothing of
what is right: two answers are alike if they give the same notes. Nothing of it depends on how an answer is written.
"""

import copy
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict
from io import StringIO

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from cnncourse.checking.canonical_weights import Weights, canonical_weights, count_weights
from cnncourse.checking.chance import chance_notes
from cnncourse.checking.exercise import Fault, Question, RefusedAnswerError
from cnncourse.checking.members import registered_buffers, registered_modules, registered_parameters
from cnncourse.checking.plain import IN_SINGLE_PRECISION, OUTPUTS, Plain, flat, plain, same
from cnncourse.checking.raised import describe

Note = tuple[str, Plain]
Stage = dict[str, object]  # notes that are taken together


class _OfSinglePrecisionError(Exception):
    """An answer gives single precision where all else is in double."""


FILLS = 2  # draws of weights of which the output is noted
LARGEST = 300_000  # parameters of a module that is trained here; all references are far smaller
STEP = 1e-6  # by which weights or inputs are moved to see whether the gradient says what that does
OTHER_SEED = 1000
UNEVEN = 0.01  # standard deviation of weights that are nearly alike
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
    result = plain(answer(*arguments, **keywords))
    left = same(plain([arguments, keywords]), plain([question.arguments, question.keywords]))
    yield {**_result_notes(result), "left alone": [] if left else ["arguments"]}
    arguments, keywords = copy.deepcopy((question.arguments, question.keywords))
    yield {"again": same(plain(answer(*arguments, **keywords)), result)}


def _result_notes(result: Plain) -> Stage:
    """Note a result; one that is a table, rows of dictionaries with the same keys, column by column."""
    rows = result if isinstance(result, list) and result and all(isinstance(row, dict) for row in result) else []
    if not rows or any(row.keys() != rows[0].keys() for row in rows):
        return {"result": result}
    return {f"result: {key}": [row[key] for row in rows] for key in rows[0]}


# Modules --------------------------------------------------------------------------------------------------------------


class _Subject:
    """A module that is examined, and how it is run.

    Args:
        module: the module.
        question: what it is examined on.

    """

    def __init__(self, module: nn.Module, question: Question) -> None:
        self.module, self.question = module, question
        self.disturbed: set[str] = set()  # what its runs have changed that is not theirs
        known = {name: buffer for name, buffer in registered_buffers(module).items() if not is_lazy(buffer)}
        self.buffers = {name: buffer.detach().clone() for name, buffer in known.items()}

    def starting_values(self) -> dict[str, int]:
        """Count the trainable parameters that begin with the commonest values that are not left to chance."""
        values = [each.detach() for each in registered_parameters(self.module) if each.requires_grad]
        return {f"parameters of {value}": sum(int((each == value).sum()) for each in values) for value in (0, 1)}

    def train(self) -> None:
        """Switch to training, or to evaluation if training is left to chance."""
        self.module.train(not self.question.chance)

    def train_from_the_start(self, *batches: Sequence[Tensor]) -> tuple[str, list[Tensor]]:
        """Set the running averages back and run some batches in training.

        Returns:
            What became of the averages, and what came out for the last batch.

        """
        with torch.no_grad():
            for name, buffer in registered_buffers(self.module).items():
                buffer.copy_(self.buffers[name]) if name in self.buffers else None
        self.train()
        outputs: list[Tensor] = []
        for batch in batches:
            outputs = [each.detach().clone() for each in flat(self.run(batch))]
        buffers = registered_buffers(self.module)
        if any(buffer.requires_grad for buffer in buffers.values()):
            return "hold on to the graph", outputs
        # A batch normalisation counts its batches even if its averages stay.
        averages = {name: before for name, before in self.buffers.items() if before.is_floating_point()}
        moved = [name for name, before in averages.items() if not torch.equal(buffers.get(name, before), before)]
        return "move" if moved else "stay", outputs

    def run(self, inputs: Sequence[Tensor]) -> object:
        """Run the module on copies; note what the run disturbs."""
        if not self.module.training:
            inputs = inputs[: self.question.evaluated]
        given = [each.clone() if each.requires_grad else each.detach().clone() for each in inputs]
        mode, state, parameters = self.module.training, torch.get_rng_state(), self._parameters()
        output = self.module(*given)
        _refuse_nothing(output)
        if not all(torch.equal(one.detach(), other.detach()) for one, other in zip(given, inputs, strict=True)):
            self.disturbed.add("input")
        if self.module.training != mode:
            self.disturbed.add("mode")
        if self._parameters() != parameters:
            self.disturbed.add("parameters that an optimiser knows")
        if not (mode and self.question.chance) and not torch.equal(torch.get_rng_state(), state):
            self.disturbed.add(f"random numbers in {'training' if mode else 'evaluation'}")
        return output

    def _parameters(self) -> list[int]:
        return [id(each) for each in registered_parameters(self.module)]

    def values(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Run the module without gradients and return all tensors that come out."""
        with torch.no_grad():
            return [each.detach().clone() for each in flat(self.run(inputs))]

    def values_of(self, name: str, inputs: Sequence[Tensor]) -> list[Tensor] | None:
        """Return all tensors that another method than forward gives, ``None`` if there is none of that name."""
        method = getattr(self.module, name, None)
        if not callable(method):
            return None
        with torch.no_grad():
            return [each.detach().clone() for each in flat(method(*(each.detach().clone() for each in inputs)))]

    def projected(self, inputs: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Run the module; return what comes out, and one number that depends on all of it."""
        outputs = flat(self.run(inputs))
        total = torch.zeros(())
        for number, output in enumerate(outputs):
            if output.is_floating_point():
                generator = torch.Generator().manual_seed(self.question.seed + number)
                total = total + (torch.randn(output.shape, generator=generator) * output).sum()
        return [output.detach().clone() for output in outputs], total


def _refuse_nothing(output: object) -> None:
    if output is None:
        raise RefusedAnswerError(Fault("forward returns None: is a return missing?", expected="a tensor", got="None"))
    if not flat(output):
        raise RefusedAnswerError(Fault("forward returns no tensor", expected="a tensor", got=type(output).__name__))


def _build(answer: object, question: Question) -> nn.Module:
    """Call what the learner defined, with copies of the arguments, and return the module it gives.

    Raises:
        RefusedAnswerError: if it is not a class or function, gives no module, or damages its arguments.

    """
    if isinstance(answer, nn.Module) or not callable(answer):
        raise RefusedAnswerError(
            Fault(
                "the check needs the class or function itself",
                expected="its name, without parentheses",
                got=f"an object: {type(answer).__name__}",
            )
        )
    arguments, keywords = copy.deepcopy((question.arguments, question.keywords))
    module = answer(*arguments, **keywords)
    if not isinstance(module, nn.Module):
        raise RefusedAnswerError(
            Fault("calling it does not give a module", expected="an nn.Module", got=type(module).__name__)
        )
    if not same((arguments, keywords), (question.arguments, question.keywords)):
        raise RefusedAnswerError(
            Fault(
                "it changes the arguments that it is given; whoever needs them again finds them spoiled",
                hints=(
                    "Look for pop, append, sort and the like on an argument: work on a copy, as in list(argument).",
                ),
            )
        )
    return module


def _settled(answer: object, question: Question, inputs: Sequence[Tensor]) -> _Subject:
    """Build a module; lazy layers have no weights before a first run, in evaluation, where no average moves."""
    torch.default_generator.manual_seed(question.seed)
    module = _build(answer, question)
    if any(is_lazy(each) for each in registered_parameters(module)):
        _Subject(module.eval(), question).values(inputs)
    if not all(_is_finite(each) for each in registered_parameters(module)):
        raise RefusedAnswerError(
            Fault("its parameters begin with values that are not numbers", "numbers", "nan or inf")
        )
    return _Subject(module, question)


def _is_finite(values: Tensor) -> bool:
    """Whether no value is infinite or no number; the sum is one of them if any is, and is quickly made."""
    return bool(torch.isfinite(values.detach().sum())) or bool(torch.isfinite(values).all())


def _examine_module(answer: object, question: Question) -> Iterator[Stage]:
    first, second = (_prepared(inputs) for inputs in (question.inputs, question.other_inputs))
    subject = _settled(answer, question, first)
    start = {"starting values": subject.starting_values()} if question.begins else {}
    subject.train()
    count = count_weights(subject.module)
    if question.counted or count > LARGEST:
        shapes = [list(each.shape) for each in subject.values(first)]
        yield {"shape": shapes, "parameters": count}
        return
    weights = Weights(subject.module, question.seed, question.spread)
    if question.why:
        yield _why(subject, weights, first)
        return
    weights.fill_alike()
    outputs, projected = subject.projected(first)
    if not question.single_precision and any(each.dtype in (torch.float16, torch.float32) for each in outputs):
        raise _OfSinglePrecisionError("dtype")
    shapes = [list(each.shape) for each in outputs]
    gradients = _gradient_notes(weights, projected, first, "alike")
    yield {**start, "shape": shapes, "parameters": weights.count, "alike: output": outputs, **gradients}
    if question.chance and question.copies:
        subject.module.train()
        notes = chance_notes(weights.parameters, lambda inputs: flat(subject.run(inputs))[0], first, question.copies)
        yield {f"chance: {name}": value for name, value in notes.items()}
    notes = _evaluation_notes(subject, weights, first, second, "alike")
    yield {**notes, "left alone": sorted(subject.disturbed)}
    if question.rounds:
        yield _copies(answer, subject, first)
    if question.rounds and not question.single_precision:
        yield from _drawn_notes(subject, first, second)


def _drawn_notes(subject: _Subject, first: Sequence[Tensor], second: Sequence[Tensor]) -> Iterator[Stage]:
    """Note what comes out with weights that are drawn at random."""
    question = subject.question
    subject.train()
    weights = canonical_weights(
        subject.module, lambda: subject.projected(first)[1], question.seed, question.rounds, question.spread
    )
    notes = {"parameters that move": int(weights.ever_moved.sum())}
    for number in range(FILLS):
        weights.fill(question.rounds + number)
        outputs, projected = subject.projected(first)
        prefix = f"drawn {number + 1}"
        notes |= {f"{prefix}: output": outputs, **_gradient_notes(weights, projected, first, prefix)}
    yield notes
    yield _evaluation_notes(subject, weights, first, second, "drawn")


def _why(subject: _Subject, weights: Weights, inputs: Sequence[Tensor]) -> Stage:
    """Note what is no fault, and says where one comes from.

    Returns:
        How many layers with weights run several times or never, whether there are running averages, and whether the
        gradients are those of what comes out, in training and in evaluation: if not, some way is cut off from them.

    """
    weights.fill_alike()
    with torch.no_grad():
        for parameter in weights.parameters:  # where all are alike, the values in a window of a pooling may be too
            parameter.add_(torch.randn(parameter.shape), alpha=UNEVEN)
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
    in_training = _are_true(subject, weights, inputs)
    subject.module.eval()
    return {
        "why: layers that run several times": sum(number > 1 for number in calls.values()),
        "why: layers that never run": sum(number == 0 for number in calls.values()),
        "why: running averages": any(each.is_floating_point() for each in subject.buffers.values()),
        "why: true gradients": in_training and _are_true(subject, weights, inputs),
    }


def _are_true(subject: _Subject, weights: Weights, inputs: Sequence[Tensor]) -> bool:
    """Whether the gradients are those of what comes out, by the inputs and by the parameters."""
    moved = [each for each in inputs if each.requires_grad]
    for each in moved:
        each.grad = None
    state, (_, projected) = torch.get_rng_state(), subject.projected(inputs)
    if projected.requires_grad:
        projected.backward()
    are_true = all(_is_derivative(subject, some, inputs, state) for some in (moved, weights.parameters))
    for each in weights.parameters:
        each.grad = None
    return are_true


def _is_derivative(subject: _Subject, moved: Sequence[Tensor], inputs: Sequence[Tensor], state: Tensor) -> bool:
    """Whether the gradients of some tensors say what comes out if all of them are moved a little."""
    # Not the seed of the inputs: along themselves, what is normalised does not change.
    generator = torch.Generator().manual_seed(subject.question.seed + OTHER_SEED)
    ways = [torch.randn(each.shape, generator=generator) for each in moved]
    predicted = sum(
        float((each.grad * way).sum()) for each, way in zip(moved, ways, strict=True) if each.grad is not None
    )
    reached = []
    with torch.no_grad():
        for steps in (1, -2):
            for each, way in zip(moved, ways, strict=True):
                each.add_(way, alpha=steps * STEP)
            torch.set_rng_state(state)
            reached.append(float(subject.projected(inputs)[1]))
        for each, way in zip(moved, ways, strict=True):
            each.add_(way, alpha=STEP)
    derivative = (reached[0] - reached[1]) / (2 * STEP)
    return abs(derivative - predicted) <= 1e-3 * max(abs(derivative), abs(predicted), 1e-3)


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
    subject: _Subject, weights: Weights, first: Sequence[Tensor], second: Sequence[Tensor], prefix: str
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
    return notes


def _copies(answer: object, subject: _Subject, inputs: Sequence[Tensor]) -> Stage:
    """Note whether a copy, and a module made anew and given what was saved, do the same."""
    subject.module.eval()
    question, outputs = subject.question, subject.values(inputs)
    saved = {
        name: value.clone() if isinstance(value, Tensor) else value
        for name, value in subject.module.state_dict().items()
    }

    def loaded() -> nn.Module:
        # With another seed: what is not saved must not be drawn alike.
        module = _settled(answer, question._replace(seed=question.seed + 1), inputs).module
        module.load_state_dict(saved)
        return module

    def beside_another() -> nn.Module:
        arguments, keywords = copy.deepcopy(question.neighbour)
        answer(*arguments, **keywords)
        return subject.module

    return {
        "beside another": _does_the_same(beside_another, question, inputs, outputs),
        "copied": _does_the_same(lambda: copy.deepcopy(subject.module), question, inputs, outputs),
        "saved": _does_the_same(loaded, question, inputs, outputs),
    }


def _alike(one: list[Tensor], other: list[Tensor]) -> bool:
    return same(one, other, *OUTPUTS if torch.get_default_dtype() is torch.float64 else IN_SINGLE_PRECISION)


def _does_the_same(
    make: Callable[[], nn.Module], question: Question, inputs: Sequence[Tensor], outputs: list[Tensor]
) -> bool:
    try:
        return _alike(_Subject(make().eval(), question).values(inputs), outputs)
    except Exception:  # an answer that can be run, and not be copied or saved
        return False
