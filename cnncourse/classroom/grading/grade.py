"""Judge one submission: the answers run in a sandbox, the checks here."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch

from cnncourse.checking import Fault, Outcome, Part, Status
from cnncourse.checking.examination import Note
from cnncourse.checking.exercise import Question
from cnncourse.checking.judging import UnsoundReferenceError, judge_asking, told_once
from cnncourse.checking.raised import AnswerError, describe
from cnncourse.classroom.grading.assignment import Assignment
from cnncourse.classroom.grading.replies import Run, read_run, read_sources, read_text
from cnncourse.classroom.grading.results import CheckResult, Result
from cnncourse.classroom.isolation.remote import Conversation, LostWorkerError
from cnncourse.classroom.isolation.sandbox import Sandbox
from cnncourse.classroom.isolation.wire import Packer

LARGEST_NOTEBOOK = 120 * 2**20  # bytes


class UnrunnableError(Exception):
    """A notebook cannot be run at all; carries what to tell the learner."""


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


def grade(student: str, notebook: bytes, setup: Setup, sandbox: Sandbox, attempt: int = 1) -> Result:
    """Judge a submission; whatever the learner handed in, this does not raise on account of it.

    Args:
        student: the learner.
        notebook: the file as it was handed in.
        setup: the exercise and the secret.
        sandbox: where the answers run.
        attempt: how often the learner has handed in, this time included; another attempt meets other inputs.

    Raises:
        SandboxError: if no code can be run in the sandbox.

    """
    answers = Answers(notebook, setup, sandbox)
    try:
        outcomes, remarks, attention = _judge(answers, setup, attempt)
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
        attempt=attempt,
        notebook=digest(notebook),
        answers=answers.written,
    )


def digest(notebook: bytes) -> str:
    """Return a digest of a file as it was handed in, by which another attempt is known."""
    return hashlib.sha256(notebook).hexdigest()


def fingerprint(notebook: bytes, setup: Setup, isolation: str) -> str:
    """Return a digest of all that a result depends on; it tells nothing of the secret."""
    parts = (notebook, setup.digest.encode(), setup.secret, isolation.encode(), torch.__version__.encode())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def seed_of(secret: bytes, exercise: str, part: str, attempt: int = 1) -> int:
    """Return the seed of a part's inputs, the same for a whole class, and another for those who hand in again."""
    words = [secret, exercise.encode(), part.encode(), *([b"%d" % attempt] if attempt > 1 else [])]
    return int.from_bytes(hashlib.sha256(b"\0".join(words)).digest()[:7])


def _judge(
    answers: "Answers", setup: Setup, attempt: int
) -> tuple[list[tuple[Part, Outcome]], tuple[str, ...], tuple[str, ...]]:
    exercise = setup.assignment.exercise
    try:
        run = answers.run()
    except UnrunnableError as error:
        fault = Fault(str(error), hints=())
        outcomes = [(part, Outcome(check, Status.FAILED, fault)) for part in exercise.parts for check in part.checks]
        return outcomes, (str(error),), (str(error), *answers.attention)
    judged: list[tuple[Part, Outcome]] = []
    remarks: list[str] = []
    seeds = {part: seed_of(setup.secret, exercise.name, part.name, attempt) for part in exercise.parts}
    found = {part: range(run.found.get(part.name, 0)) for part in exercise.parts}
    # All that learners will see is asked for before any answer has met a hidden input.
    for part, seed in seeds.items():
        answers.expect(part, seed)
        for number in found[part]:
            _judge_candidate(answers, part, number, seed, at_grading=False)
    for part, seed in seeds.items():
        tried = [_judge_candidate(answers, part, number, seed, at_grading=True) for number in found[part]]
        if tried:
            best = answers.chosen[part.name] = max(range(len(tried)), key=lambda number: _points(tried[number][0]))
        outcomes, remark = tried[best] if tried else (told_once(_absent(part, run)), "")
        judged += [(part, outcome) for outcome in outcomes]
        remarks += [f"{part.name}: {remark}"] if remark else []
    return judged, (*run.remarks, *remarks), (*run.attention, *answers.attention)


def _points(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.points for outcome in outcomes)


def _absent(part: Part, run: Run) -> list[Outcome]:
    """Say why there is nothing to judge."""
    raised = run.failures.get(part.name)
    if raised is None:
        fault, status = Fault(f"the notebook defines no {part.name}", hints=()), Status.NOT_ATTEMPTED
    else:
        said = f"{raised['type']}: {raised['text']}"
        fault = Fault("the cell with your answer raises an error", "no error", said, line=raised["line"], hints=())
        status = Status.FAILED
    return [Outcome(check, status, fault) for check in part.checks]


def _judge_candidate(
    answers: "Answers", part: Part, candidate: int, seed: int, *, at_grading: bool
) -> tuple[Sequence[Outcome], str]:
    answers.allow(part.name, candidate)
    try:
        return judge_asking(part, partial(answers.examine, part), {part.name}, seed, at_grading=at_grading)
    except UnsoundReferenceError:
        raise
    except Exception as error:  # notes may be of any kind, and say anything
        answers.attention += (f"{part.name}: what comes back cannot be compared ({describe(error)})",)
        fault = Fault("what your code gives back could not be compared", hints=())
        return told_once([Outcome(check, Status.FAILED, fault) for check in part.checks]), ""


def _ended(fault: Fault) -> list[Note]:
    return [("ended", fault)]


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
        self.standing_in = ""  # the part for which the course's own answers stand in
        self.public: dict[str, set[int]] = {}  # the seeds of each part's questions that learners see the answers to
        self.taken: dict[tuple, list[Note]] = {}  # what answers did, by part, definition and question
        self.has_met_hidden = False  # whether the worker knows hidden inputs
        self.written: dict[str, str] = {}  # what the learner wrote, by part, and "" for all else

    @property
    def time_left(self) -> float:
        """Seconds left for the notebook's cells, or for the part that is judged."""
        return self.end - time.monotonic()

    def run(self) -> Run:
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

    def _run_once(self) -> Run:
        self.close()
        self.has_met_hidden = False
        self.conversation = Conversation(self.sandbox.start_worker(), self._lost)
        self.conversation.deadline = time.monotonic() + min(self.patience.cells, max(self.time_left, 1))
        packer = Packer()
        packer.body += self.notebook
        question = self.assignment.question(only_definitions=self.only_definitions)
        seconds = {name: getattr(self.patience, name) for name in ("answer_cell", "other_cell", "other_cells")}
        try:
            read = self.conversation.ask("read", packer, **question)
            if "unreadable" in read.head:
                raise UnrunnableError(read_text(read.head["unreadable"]))
            self.written = self.written or read_sources(read.head, self.assignment)
            reply = self.conversation.ask("run", prelude=list(self.assignment.given), seconds=seconds)
        except AnswerError as error:
            raise UnrunnableError(f"the notebook cannot be run: {error.raised}") from error
        finally:
            self.announced = self.conversation.announced
        self.sandbox.end_others()
        return read_run(reply.head, self.assignment)

    def expect(self, part: Part, seed: int) -> None:
        """Take note of which questions about a part learners see the answers to."""
        self.public[part.name] = part.public_seeds(seed)

    def allow(self, part: str, candidate: int) -> None:
        """Start judging one of a part's definitions: it has its own time, and other parts' answers find it."""
        self.end = min(time.monotonic() + self.patience.part, self.last)
        self.chosen[part] = candidate

    def examine(self, part: Part, question: Question, own: bool) -> list[Note]:
        """Put a question to the answer, once; whatever happens, notes come back.

        A worker that has met hidden inputs could tell them in what learners see of any later answer: it is asked no
        public question any more, but a new one is.

        Args:
            part: what was asked for.
            question: about it.
            own: whether the course's own answers stand in for the earlier ones that it needs.

        """
        key = (part.name, self.chosen[part.name], question.seed, question.why, own)
        if key not in self.taken:
            is_hidden = question.seed not in self.public[part.name]
            if self.has_met_hidden and not is_hidden:
                self.close()
            self.taken[key] = self._examine(part, question, own)
            self.has_met_hidden |= is_hidden
        return self.taken[key]

    def _examine(self, part: Part, question: Question, own: bool) -> list[Note]:
        if own and self.standing_in != part.name:
            self.standing_in = part.name
            self.allow(part.name, self.chosen[part.name])  # what the learner's own took is no fault of the course's
        if self.time_left <= 0:
            return _ended(Fault("no time was left for this check: your code takes too long", hints=()))
        try:
            self._start_again_if_lost(part.name)
            self.conversation.deadline = time.monotonic() + min(self.patience.check, max(self.time_left, 1))
            notes = self.conversation.examine(part.name, self.chosen[part.name], question, part.needs if own else {})
        except LostWorkerError as lost:
            return _ended(lost.fault)
        except Exception as error:  # whatever the worker says
            return _ended(Fault("your answer cannot be examined", got=str(describe(error)), hints=()))
        fault = self.finish()
        return notes if fault is None else _ended(fault)

    def _start_again_if_lost(self, part: str) -> None:
        if self.conversation is None or self.conversation.fault is not None:
            found = self.run().found.get(part, 0)
            if self.chosen[part] >= found:
                raise UnrunnableError(f"run again, the notebook defines {part} no more")

    def call(self, part: str) -> object:
        """Call an answer without arguments and return what it gives, plain data."""
        self._start_again_if_lost(part)
        self.conversation.deadline = time.monotonic() + min(self.patience.check, max(self.time_left, 1))
        return self.conversation.call(part, self.chosen[part])

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
