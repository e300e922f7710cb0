"""Judge one answer: run a check's probe beside it, then let the check's judge look at what came back."""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from enum import Enum
from io import StringIO

import torch
from torch import Tensor

from cnncourse.checking.exercise import Check, Fault, Inputs, Part, Plain, RefusedAnswerError
from cnncourse.checking.raised import Raised, describe
from cnncourse.checking.report import Report
from cnncourse.training.threads import one_thread

NOT_EXAMINED = "what your code returns cannot be examined"
CALL_IT = ("Call it yourself in a new cell, with the shapes of the text above: the full error shows the line.",)
# Parts of what torch says, and what is most often behind it.
SAID_BY_TORCH = {
    "channels, but got": "a convolution is given another number of maps than it was built for: the input channels of a "
    "layer are the output channels of the one before",
    "mat1 and mat2 shapes cannot be multiplied": "a fully connected layer is given another number of values than it "
    "was built for",
    "must match the size of tensor b": "two tensors of different shapes are added, multiplied or compared: print both "
    "shapes just before",
    "must match except in dimension 0": "maps are joined along the pictures; torch.cat(…, dim=1) joins them along the "
    "channels",
    "must match except in dimension 1": "maps that are to be joined differ in height or width, by stride or padding",
    "a leaf Variable that requires grad": "forward changes what it is given, by += or by an operation whose name ends "
    "with an underscore",
    "Module.__init__() call": "super().__init__() is missing, or not the first line of __init__",
    "has no attribute '_modules'": "super().__init__() is missing, or not the first line of __init__",
    "has no attribute '_parameters'": "super().__init__() is missing, or not the first line of __init__",
}
SAME_AS = "the same as at"  # how a mistake that was told before is referred to


class Status(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not attempted yet"


@dataclass(frozen=True)
class Outcome:
    """How one check ended.

    Attributes:
        check: the check.
        status: passed, failed or not attempted yet.
        fault: what is wrong, if it failed.

    """

    check: Check
    status: Status
    fault: Fault | None = None

    @property
    def hints(self) -> tuple[str, ...]:
        """Ways forward, each plainer than the one before: the fault's own, or else the check's."""
        if self.fault is None:
            return ()
        return self.check.hints if self.fault.hints is None else self.fault.hints

    @property
    def points(self) -> int:
        """Points earned: all of the check's or none."""
        return self.check.points if self.status is Status.PASSED else 0


def judge(part: Part, answer: object, seed: int = 0, at_grading: bool = False) -> Report:
    """Judge an answer to one part of an exercise, here and now.

    The probe runs in this very process, beside the learner's code: good for advice, not for grades.

    Args:
        part: what was asked for.
        answer: what the learner defined.
        seed: decides the inputs.
        at_grading: whether to run the checks too that learners do not see in the notebook.

    """
    checks = part.checks if at_grading else part.public_checks
    return Report(part, told_once(outcomes_of(checks, lambda check: look(part, check, answer, seed), seed)))


def outcomes_of(checks: Sequence[Check], looking: Callable[[Check], "Seen"], seed: int) -> list[Outcome]:
    """Judge what the probes of some checks see; checks with the same probe and inputs share what is seen.

    Args:
        checks: what must be true.
        looking: runs a check's probe.
        seed: decides the inputs.

    """
    seen: dict[tuple[object, object], Seen] = {}
    outcomes = []
    for check in checks:
        looked = (check.probe, check.inputs)
        if looked not in seen:
            seen[looked] = looking(check)
        with one_thread(), torch.enable_grad():
            outcomes.append(decide(check, seen[looked], draw_inputs(check, seed)))
    return outcomes


def told_once(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Return outcomes in which a mistake that several checks met is told at the first of them."""
    told: list[Outcome] = []
    first_with: dict[tuple[str, ...], str] = {}
    for outcome in outcomes:
        if outcome.fault is not None:
            first = first_with.setdefault(outcome.fault.mistake, outcome.check.name)
            if first != outcome.check.name:
                outcome = Outcome(outcome.check, outcome.status, Fault(f"{SAME_AS} “{first}”", hints=()))
        told.append(outcome)
    return tuple(told)


@dataclass(frozen=True)
class Ended:
    """A probe that did not get to its end.

    Attributes:
        status: failed or not attempted yet.
        fault: why, ``None`` if there is nothing to say.

    """

    status: Status
    fault: Fault | None = None


class Seen(dict[str, Plain]):
    """What a probe has seen, and why it saw no more.

    Attributes:
        ended: why the probe did not get to its end, ``None`` if it did.

    """

    def __init__(self, values: Mapping[str, Plain] | None = None, ended: Ended | None = None) -> None:
        super().__init__(values or {})
        self.ended = ended

    def __missing__(self, name: str) -> Plain:
        raise KeyError(name) if self.ended is None else _NotSeenError


class _NotSeenError(Exception):
    """A judge asks for what its probe did not get to see."""


def look(part: Part, check: Check, answer: object, seed: int) -> Seen:
    """Run a check's probe on an answer; whatever the answer does, this does not raise.

    Args:
        part: the part that the check belongs to.
        check: the check.
        answer: the learner's object, or what stands for it if it lives in another process.
        seed: decides the inputs and random initial weights.

    """
    seen = Seen()
    try:
        with one_thread(), torch.enable_grad():  # whatever the notebook has set
            observe(check, answer, draw_inputs(check, seed), seed, seen)
    except RefusedAnswerError as refused:
        seen.ended = Ended(Status.FAILED, refused.fault)
    except (Exception, SystemExit) as error:
        seen.ended = _ended_by(describe(error), {part.name, getattr(answer, "__name__", "")})
    return seen


def draw_inputs(check: Check, seed: int) -> Inputs:
    """Draw the inputs that a check's probe and judge share."""
    return check.inputs(torch.Generator().manual_seed(seed))


def observe(check: Check, answer: object, inputs: Inputs, seed: int, seen: Seen) -> None:
    """Run a check's probe on an answer and note plain values only.

    Args:
        check: the check.
        answer: the learner's object.
        inputs: from ``draw_inputs``.
        seed: makes random initial weights the same every time; the global random state is left alone.
        seen: where the values go; what a probe in stages saw before an error stays there.

    Raises:
        NotImplementedError: if the answer is still a stub.
        TypeError: if the probe brings back anything but plain values.

    """
    with (
        torch.random.fork_rng(devices=[]),
        warnings.catch_warnings(),
        # Every check runs the answer anew: what it prints would come many times over, and nbgrader gives no points
        # for a cell that writes to stderr, whatever it says.
        redirect_stdout(StringIO()),
        redirect_stderr(StringIO()),
    ):
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        probed = check.probe(answer, inputs)
        for stage in [probed] if isinstance(probed, Mapping) else probed:
            seen.update({name: _plain(value) for name, value in stage.items()})


def decide(check: Check, seen: Seen, inputs: Inputs) -> Outcome:
    """Let a check's judge decide; what it cannot read is a failure, never a pass."""
    if seen.ended is not None and not seen:
        return Outcome(check, seen.ended.status, seen.ended.fault)
    try:
        fault = check.judge(seen, inputs)
    except _NotSeenError:
        return Outcome(check, seen.ended.status, seen.ended.fault)
    except Exception as error:  # it reads what an answer gave
        fault = Fault(f"what came back could not be compared: {error}")
    return Outcome(check, Status.PASSED if fault is None else Status.FAILED, fault)


def _plain(value: object) -> Plain:
    """Return a value free of the learner's own classes and of autograd."""
    if isinstance(value, Tensor):
        return value.detach().as_subclass(Tensor).clone()
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    raise TypeError(f"expected tensors, numbers or text, got {type(value).__name__}")


def _ended_by(raised: Raised, names: Collection[str]) -> Ended:
    """Tell a stub, an answer that needs another part's stub, an error of the learner's, and one that only we meet.

    Args:
        raised: what was raised.
        names: what the answer is called.

    """
    if "is missing the required" in raised.text and raised.type == "NotImplementedError":
        return Ended(Status.FAILED, Fault("your module has no forward", expected="def forward(self, maps): …"))
    if raised.is_stub:
        needed = Fault(f"it needs {raised.owner}, which is not written yet", hints=())
        return Ended(Status.NOT_ATTEMPTED, None if raised.owner in names else needed)
    misconception = next((name for said, name in SAID_BY_TORCH.items() if said in raised.text), "")
    if not raised.line and not raised.owner:
        message = "your layers raise an error when they are run" if misconception else NOT_EXAMINED
        return Ended(Status.FAILED, Fault(message, got=str(raised), misconception=misconception, hints=CALL_IT))
    fault = Fault(
        "your code raises an error",
        expected="no error",
        got=str(raised),
        misconception=misconception,
        line=raised.line,
        hints=CALL_IT,
    )
    return Ended(Status.FAILED, fault)
