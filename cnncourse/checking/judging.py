"""Judge one answer: run a check's probe beside it, then let the check's judge look at what came back."""

import traceback
import warnings
from contextlib import redirect_stderr
from dataclasses import dataclass
from enum import Enum
from io import StringIO

import torch
from torch import Tensor

from cnncourse.checking.exercise import Check, Fault, Inputs, Observation, Part, Plain
from cnncourse.checking.report import Report


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
    def points(self) -> int:
        """Points earned: all of the check's or none."""
        return self.check.points if self.status is Status.PASSED else 0


def judge(part: Part, answer: object, seed: int = 0) -> Report:
    """Judge an answer to one part of an exercise, here and now.

    The probe runs in this very process, beside the learner's code: good for advice, not for grades.

    Args:
        part: what was asked for.
        answer: what the learner defined.
        seed: decides the inputs.

    """
    return Report(part, tuple(_outcome(check, answer, seed) for check in part.checks))


def _outcome(check: Check, answer: object, seed: int) -> Outcome:
    inputs = draw_inputs(check, seed)
    try:
        observation = observe(check, answer, inputs, seed)
    except NotImplementedError:
        return Outcome(check, Status.NOT_ATTEMPTED)
    except Exception as error:
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
        redirect_stderr(StringIO()),  # nbgrader gives no points for a cell that writes to stderr, whatever it says
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


def _crash(error: Exception) -> Fault:
    """Say what was raised and, where it is known, on which line of the learner's own code."""
    learners_frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "ipykernel" in frame.filename or frame.filename.startswith("<")
    ]
    where = f", at: {learners_frames[-1].line}" if learners_frames and learners_frames[-1].line else ""
    reason = str(error).strip().splitlines()
    return Fault(
        message="your code raised an error before anything could be compared",
        expected="no error",
        got=f"{type(error).__name__}: {reason[0] if reason else ''}{where}",
        hint="Call it yourself in a new cell, with the shapes of the text above: the full error shows the line.",
    )
