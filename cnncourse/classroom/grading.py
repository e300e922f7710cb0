"""Judge one submission: the answers run in a sandbox, the checks here."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from cnncourse.checking import Check, Fault, Outcome, Part, Status
from cnncourse.checking.judging import Ended, Seen, look, outcomes_of, told_once
from cnncourse.checking.raised import AnswerError, describe
from cnncourse.classroom.assignment import Assignment
from cnncourse.classroom.remote import Conversation, LostWorkerError
from cnncourse.classroom.results import CheckResult, Result
from cnncourse.classroom.sandbox import Sandbox
from cnncourse.classroom.wire import Packer

LARGEST_NOTEBOOK = 64 * 2**20  # bytes


class UnrunnableError(Exception):
    """A notebook cannot be run at all; carries what to tell the learner."""


@dataclass(frozen=True)
class _Run:
    """What running a notebook's cells gave: for each part the number of definitions, or what its cell raised."""

    found: dict[str, int]
    failures: dict[str, dict]
    remarks: tuple[str, ...]
    attention: tuple[str, ...]


@dataclass(frozen=True)
class Patience:
    """How long a learner's code may take, in seconds; right answers need a hundredth of it.

    Attributes:
        check: for all that one check asks of an answer.
        answer_cell: for a cell with an answer.
        other_cell: for a cell that is no answer, before it is stopped.
        other_cells: for all of these together; what comes after is left out.
        cells: for all cells of a notebook, before their process is ended.
        part: for all checks of one definition of a part.
        submission: for all of it; checks that come after it find no time left.

    """

    check: float = 10
    answer_cell: float = 8
    other_cell: float = 5
    other_cells: float = 12
    cells: float = 30
    part: float = 30
    submission: float = 120


@dataclass(frozen=True)
class Setup:
    """What decides on points, the same for a whole class.

    Attributes:
        assignment: the exercise.
        digest: of the code that judges, where the class is graded from.
        secret: decides the inputs of all checks.
        patience: how long a learner's code may take.

    """

    assignment: Assignment
    digest: str
    secret: bytes
    patience: Patience = Patience()

    @classmethod
    def of(cls, assignment: Assignment, secret: bytes) -> "Setup":
        """Return the set-up for grading an exercise with a secret."""
        return cls(assignment, assignment.digest(), secret)

    def __hash__(self) -> int:
        return hash((self.digest, self.secret))


def grade(student: str, notebook: bytes, setup: Setup, sandbox: Sandbox) -> Result:
    """Judge a submission; whatever the learner handed in, this does not raise on account of it.

    Args:
        student: the learner.
        notebook: the file as it was handed in.
        setup: the exercise and the secret.
        sandbox: where the answers run.

    Raises:
        SandboxError: if no code can be run in the sandbox.

    """
    answers = Answers(notebook, setup, sandbox)
    try:
        outcomes, remarks, attention = _judge(answers, setup)
    finally:
        answers.close()
    return Result(
        student=student,
        exercise=setup.assignment.exercise.name,
        checks=tuple(_check_result(part, outcome) for part, outcome in outcomes),
        remarks=remarks,
        attention=tuple(dict.fromkeys(attention)),
        isolation=sandbox.isolation.value,
        fingerprint=fingerprint(notebook, setup, sandbox.isolation.value),
    )


def fingerprint(notebook: bytes, setup: Setup, isolation: str) -> str:
    """Return a digest of all that a result depends on; it tells nothing of the secret."""
    parts = (notebook, setup.digest.encode(), setup.secret, isolation.encode(), torch.__version__.encode())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def seed_of(secret: bytes, exercise: str, part: str) -> int:
    """Return the seed of a part's inputs."""
    return int.from_bytes(hashlib.sha256(b"\0".join([secret, exercise.encode(), part.encode()])).digest()[:7])


def _judge(answers: "Answers", setup: Setup) -> tuple[list[tuple[Part, Outcome]], tuple[str, ...], tuple[str, ...]]:
    exercise = setup.assignment.exercise
    try:
        run = answers.run()
    except UnrunnableError as error:
        fault = Fault(str(error), hints=())
        outcomes = [(part, Outcome(check, Status.FAILED, fault)) for part in exercise.parts for check in part.checks]
        return outcomes, (str(error),), (str(error), *answers.attention)
    judged: list[tuple[Part, Outcome]] = []
    for part in exercise.parts:
        seed = seed_of(setup.secret, exercise.name, part.name)
        tried = [_judge_candidate(answers, part, number, seed) for number in range(run.found.get(part.name, 0))]
        if tried:
            best = answers.chosen[part.name] = max(range(len(tried)), key=lambda number: _points(tried[number]))
        judged += [(part, outcome) for outcome in told_once(tried[best] if tried else _absent(part, run))]
    return judged, run.remarks, (*run.attention, *answers.attention)


def _points(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.points for outcome in outcomes)


def _absent(part: Part, run: _Run) -> list[Outcome]:
    """Say why there is nothing to judge."""
    raised = run.failures.get(part.name)
    if raised is None:
        fault, status = Fault(f"the notebook defines no {part.name}", hints=()), Status.NOT_ATTEMPTED
    else:
        said = f"{raised['type']}: {raised['text']}"
        fault = Fault("the cell with your answer raises an error", "no error", said, line=raised["line"], hints=())
        status = Status.FAILED
    return [Outcome(check, status, fault) for check in part.checks]


def _judge_candidate(answers: "Answers", part: Part, candidate: int, seed: int) -> list[Outcome]:
    answers.allow(part.name, candidate)
    return outcomes_of(part.checks, lambda check: _look(answers, part, check, seed), seed)


def _look(answers: "Answers", part: Part, check: Check, seed: int) -> Seen:
    if answers.time_left <= 0:
        return _nothing(Fault("no time was left for this check: your code takes too long", hints=()))
    try:
        answer = answers.begin(part.name, seed)
    except LostWorkerError as lost:
        return _nothing(lost.fault)
    except Exception as error:  # whatever the worker says its answer is
        return _nothing(Fault("your answer cannot be examined", got=str(describe(error)), hints=()))
    seen = look(part, check, answer, seed)
    fault = answers.finish()
    if fault is None or (seen.ended is not None and seen.ended.fault is fault):  # what came before it was sound
        return seen
    return _nothing(fault)


def _nothing(fault: Fault) -> Seen:
    return Seen(ended=Ended(Status.FAILED, fault))


def _check_result(part: Part, outcome: Outcome) -> CheckResult:
    fault = outcome.fault or Fault("")
    return CheckResult(
        part=part.name,
        check=outcome.check.name,
        points=outcome.points,
        possible=outcome.check.points,
        status=outcome.status.value,
        public=outcome.check.public,
        message=fault.message,
        expected=fault.expected,
        got=fault.got,
        misconception=fault.misconception,
        line=fault.line,
        hints=outcome.hints,
        picture=fault.picture,
    )


class Answers:
    """A learner's answers in a worker, which is started anew when it is lost.

    Args:
        notebook: the file as it was handed in.
        setup: what is asked for, and how long to wait.
        sandbox: where the answers run.

    """

    def __init__(self, notebook: bytes, setup: Setup, sandbox: Sandbox) -> None:
        self.notebook = notebook
        self.assignment = setup.assignment
        self.patience = setup.patience
        self.sandbox = sandbox
        self.attention: tuple[str, ...] = ()
        self.conversation: Conversation | None = None
        self.only_definitions = False
        self.last = time.monotonic() + self.patience.submission
        # The cells may be run twice: as a whole, and if need be the definitions only.
        self.end = min(time.monotonic() + 2 * self.patience.cells, self.last)
        self.chosen: dict[str, int] = {}

    @property
    def time_left(self) -> float:
        """Seconds left for the notebook's cells, or for the part that is judged."""
        return self.end - time.monotonic()

    def run(self) -> _Run:
        """Start a worker and run the notebook in it; if that is too much for it, its definitions only.

        Raises:
            UnrunnableError: if that cannot be run either.

        """
        if len(self.notebook) > LARGEST_NOTEBOOK:
            size, limit = (f"{count / 2**20:.0f}" for count in (len(self.notebook), LARGEST_NOTEBOOK))
            raise UnrunnableError(
                f"the file has {size} MiB, more than {limit}; clear the notebook's outputs, save it, hand it in again"
            )
        for _attempt in range(2):
            try:
                return self._run_once()
            except LostWorkerError as lost:
                where = f"cell {self.announced}: {lost.fault.message}"
                if self.only_definitions:
                    break
                self.only_definitions = True
                self.attention += (f"the notebook could not be run as a whole, only what it defines ({where})",)
        raise UnrunnableError(f"the notebook cannot be run ({where})")

    def _run_once(self) -> _Run:
        self.close()
        self.conversation = Conversation(self.sandbox.start_worker(), self._lost)
        self.conversation.deadline = time.monotonic() + min(self.patience.cells, max(self.time_left, 1))
        packer = Packer()
        packer.body += self.notebook
        question = self.assignment.question(only_definitions=self.only_definitions)
        question["seconds"] = {
            name: getattr(self.patience, name) for name in ("answer_cell", "other_cell", "other_cells")
        }
        try:
            reply = self.conversation.ask("run", packer, **question)
        except AnswerError as error:
            raise UnrunnableError(f"the notebook cannot be run: {error.raised}") from error
        finally:
            self.announced = self.conversation.announced
        if "unreadable" in reply.head:
            raise UnrunnableError(_text(reply.head["unreadable"]))
        return _read_run(reply.head, self.assignment)

    def allow(self, part: str, candidate: int) -> None:
        """Start judging one of a part's definitions: it has its own time, and other parts' answers find it."""
        self.end = min(time.monotonic() + self.patience.part, self.last)
        self.chosen[part] = candidate

    def begin(self, part: str, seed: int) -> object:
        """Start a check and return the answer, as it is seen from here."""
        if self.conversation is None or self.conversation.fault is not None:
            found = self.run().found.get(part, 0)
            if self.chosen[part] >= found:
                raise UnrunnableError(f"run again, the notebook defines {part} no more")
        self.conversation.deadline = time.monotonic() + min(self.patience.check, max(self.time_left, 1))
        return self.conversation.begin(part, self.chosen, seed)

    def finish(self) -> Fault | None:
        """End a check; return what is wrong with the worker."""
        return self.conversation.finish()

    def close(self) -> None:
        """End the worker and all that it left."""
        if self.conversation is not None:
            self.conversation.channel.close()
            self.conversation = None
        self.sandbox.end_worker()

    def _lost(self, reason: str) -> Fault:
        why = self.sandbox.end_worker()
        self.attention += (f"the worker was lost: {why or reason}",)
        if why == "memory":
            return Fault("your code takes too much memory", expected="well below 2 GiB", hints=())
        if why == "time" or reason == "it took too long":
            return Fault("your code takes too long", expected="an answer within some seconds", hints=())
        if reason == "it is gone":
            return Fault("your code ends or crashes Python", expected="an answer", hints=())
        return Fault(f"what your code sends back cannot be read: {reason}", hints=())


def _read_run(head: dict, assignment: Assignment) -> _Run:
    """Read what a worker says about a notebook, trusting nothing."""
    found, failures = head.get("found"), head.get("failures")
    found = found if isinstance(found, dict) else {}
    failures = failures if isinstance(failures, dict) else {}
    names = [part.name for part in assignment.asked]
    return _Run(
        found={name: min(found[name], 3) for name in names if type(found.get(name)) is int},
        failures={
            name: {key: _text(failures[name].get(key)) for key in ("type", "text", "line")}
            for name in names
            if isinstance(failures.get(name), dict)
        },
        remarks=_texts(head.get("remarks")),
        attention=_texts(head.get("attention")),
    )


def _text(value: object) -> str:
    return value[:400] if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in value[:40]) if isinstance(value, list) else ()
