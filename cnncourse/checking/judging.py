"""Judge one answer: run a check's probe beside it, then let the check's judge look at what came back."""

import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from enum import Enum
from io import StringIO

import torch
from torch import Tensor

from cnncourse.checking.exercise import Check, Fault, Inputs, Observation, Part, Plain, RefusedAnswerError
from cnncourse.checking.report import Report
from cnncourse.training.threads import one_thread


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
    outcomes: list[Outcome] = []
    first_with: dict[tuple[str, ...], str] = {}
    for check in part.checks if at_grading else part.public_checks:
        with one_thread(), torch.enable_grad():  # whatever the notebook has set
            outcome = _outcome(part, check, answer, seed)
        if outcome.fault is not None:  # one mistake is told once
            first = first_with.setdefault(outcome.fault.mistake, check.name)
            if first != check.name:
                outcome = Outcome(check, outcome.status, Fault(f"the same as at “{first}”", hints=()))
        outcomes.append(outcome)
    return Report(part, tuple(outcomes))


def _outcome(part: Part, check: Check, answer: object, seed: int) -> Outcome:
    try:
        observation = observe(check, answer, draw_inputs(check, seed), seed)
    except RefusedAnswerError as refused:
        return Outcome(check, Status.FAILED, refused.fault)
    except NotImplementedError as error:
        return _unwritten(part, check, answer, error)
    except (Exception, SystemExit) as error:
        return Outcome(check, Status.FAILED, _crash(error))
    return decide(check, observation, draw_inputs(check, seed))


def draw_inputs(check: Check, seed: int) -> Inputs:
    """Draw the inputs that a check's probe and judge share."""
    return check.inputs(torch.Generator().manual_seed(seed))


def observe(check: Check, answer: object, inputs: Inputs, seed: int) -> Observation:
    """Run a check's probe on an answer and return plain values only.

    Args:
        check: the check.
        answer: the learner's object.
        inputs: from ``draw_inputs``.
        seed: makes random initial weights the same every time; the global random state is left alone.

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
        return {name: _plain(value) for name, value in check.probe(answer, inputs).items()}


def decide(check: Check, observation: Observation, inputs: Inputs) -> Outcome:
    """Let a check's judge decide; an observation that it cannot read is a failure, never a pass."""
    try:
        fault = check.judge(observation, inputs)
    except (KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
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


def _unwritten(part: Part, check: Check, answer: object, error: NotImplementedError) -> Outcome:
    """Tell a stub from an answer that needs another part's stub, and from what torch itself cannot do."""
    if "is missing the required" in str(error):
        return Outcome(check, Status.FAILED, Fault("your module has no forward", expected="def forward(self, maps): …"))
    if str(error):
        return Outcome(check, Status.FAILED, _crash(error))
    frame = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][-1]
    owner = frame.f_code.co_qualname.replace(".<locals>", "").removesuffix(".__init__").removesuffix(".forward")
    owner = owner.rpartition(".")[2]
    if owner in {part.name, getattr(answer, "__name__", "")}:
        return Outcome(check, Status.NOT_ATTEMPTED)
    return Outcome(check, Status.NOT_ATTEMPTED, Fault(f"it needs {owner}, which is not written yet", hints=()))


def _crash(error: BaseException) -> Fault:
    """Say what was raised, and on which line of the learner's code; or that the check itself stumbled."""
    frames = [
        (frame.f_globals.get("__name__", ""), summary)
        for (frame, _), summary in zip(
            traceback.walk_tb(error.__traceback__), traceback.extract_tb(error.__traceback__), strict=True
        )
    ]
    own = [(module, summary) for module, summary in frames if not module.startswith("torch")]
    module, summary = own[-1]
    reason = next(iter(str(error).strip().splitlines()), "")
    raised = f"{type(error).__name__}: {reason}"
    if module.startswith("cnncourse.checking.judging") or ".exercise" in module:
        return Fault("what your code returns cannot be examined", got=raised)
    return Fault(
        "your code raises an error",
        expected="no error",
        got=raised,
        line=summary.line or "",
        hints=("Call it yourself in a new cell, with the shapes of the text above: the full error shows the line.",),
    )
