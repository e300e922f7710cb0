"""Judge one answer: what it does is compared with what the reference does, and with the known misconceptions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

from cnncourse.checking.comparing import Notes, differences, told
from cnncourse.checking.diagnosis import TOGETHER, can_say_why, proven, reasons
from cnncourse.checking.examination import FILLS, Note, examine
from cnncourse.checking.exercise import ATTEMPTS, Check, Fault, Misconception, Part, Question
from cnncourse.checking.faults import Ended, ended_by
from cnncourse.checking.outcome import Outcome, Status
from cnncourse.checking.plain import Plain
from cnncourse.checking.raised import Raised
from cnncourse.checking.report import Report
from cnncourse.training.threads import one_thread

SAME_AS = "the same as at"  # how a mistake that was told before is referred to
# How notes begin that may differ where values are equal, as with weights that are all alike, or behind a ReLU.
AT_TIES = tuple(
    f"{stage}: gradient" for stage in ("alike", "alike, evaluation", "drawn 1", "drawn 2", "drawn, evaluation")
)
# How notes begin that were taken with weights that are drawn, and those by which they are drawn.
DRAWN = "drawn"
DRAWN_BY = (
    "parameters",
    *(f"alike: {what}" for what in ("output", "gradient")),
    *(f"drawn {number + 1}: " for number in range(FILLS)),
)
KEPT = 12  # parts, each with its seed, whose references' notes are kept
# What stands for an answer's own words where they may tell what was drawn for a hidden check.
UNTOLD, UNTOLD_OWNER = "what your code gives cannot be examined", "something of yours"

# Puts a question to an answer; the second argument says whether the course's own answers stand in for what it needs.
Asking = Callable[[Question, bool], Iterable[Note]]


def judge(part: Part, answer: object, seed: int = 0, at_grading: bool = False) -> Report:
    """Judge an answer to one part of an exercise, here and now.

    The examination runs in this very process, beside the learner's code: good for advice, not for grades.

    Args:
        part: what was asked for.
        answer: what the learner defined.
        seed: decides the inputs.
        at_grading: whether to run the checks too that learners do not see in the notebook.

    """

    def ask(question: Question, own: bool) -> Iterator[Note]:
        with _in_place(answer, part.needs if own else {}):
            yield from examine(answer, question)

    names = {part.name, getattr(answer, "__name__", "")}
    needs_any = bool(_replaceable(answer, part.needs))
    outcomes, remark = judge_asking(part, ask, names, seed, at_grading=at_grading, needs_any=needs_any)
    return Report(part, outcomes, remark)


def judge_asking(
    part: Part, ask: Asking, names: Iterable[str], seed: int, *, at_grading: bool, needs_any: bool = True
) -> tuple[tuple[Outcome, ...], str]:
    """Judge an answer by asking for what it does; return the outcomes, and a remark, "" if there is none.

    Args:
        part: what was asked for.
        ask: puts a question to the answer.
        names: what the answer is called.
        seed: decides the questions.
        at_grading: whether to run the checks too that learners do not see in the notebook.
        needs_any: whether the answer may use any of the earlier ones that the part needs.

    """
    with one_thread():
        judged = _Judged(part, ask, set(names), seed, at_grading, own=False)
        if not (part.needs and needs_any) or judged.points == judged.possible or judged.is_stub:
            return judged.outcomes, ""
        # One mistake costs once: an earlier part's answer that is wrong is not this one's fault.
        with_own = _Judged(part, ask, set(names), seed, at_grading, own=True)
    if with_own.points <= judged.points:
        return judged.outcomes, ""
    needed = " and ".join(part.needs)
    return with_own.outcomes, f"Judged with the course's own {needed}, because with yours there is a mistake in it."


@contextmanager
def _in_place(answer: object, own: Mapping[str, object]) -> Iterator[None]:
    """Let an answer find the course's own under some names."""
    names, before = _names(answer), _replaceable(answer, own)
    names.update({name: own[name] for name in before})
    try:
        yield
    finally:
        names.update(before)


def _replaceable(answer: object, own: Mapping[str, object]) -> dict[str, object]:
    """Return what an answer finds under the names of the course's own and is not that itself."""
    names = _names(answer)
    return {name: names[name] for name in own if name in names and names[name] is not own[name]}


def _names(answer: object) -> dict[str, object]:
    """Return what an answer finds by name in its notebook or module."""
    function = answer if hasattr(answer, "__globals__") else getattr(answer, "__init__", None)
    return getattr(function, "__globals__", {})


def told_once(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Return outcomes in which a mistake that several checks met is told at the first of them."""
    once: list[Outcome] = []
    first_with: dict[tuple[str, ...], str] = {}
    for outcome in outcomes:
        if outcome.fault is not None:
            first = first_with.setdefault(outcome.fault.mistake, outcome.check.name)
            if first != outcome.check.name:
                outcome = replace(outcome, fault=Fault(f"{SAME_AS} “{first}”", hints=()))
        once.append(outcome)
    return tuple(once)


class _Taken(Mapping[str, Plain]):
    """Notes that are taken only as far as they are asked for."""

    def __init__(self, notes: Iterable[Note]) -> None:
        self._left = iter(notes)
        self._taken: dict[str, Plain] = {}

    def _take(self) -> bool:
        note = next(self._left, None)
        if note is not None:
            self._taken[note[0]] = note[1]
        return note is not None

    def __getitem__(self, name: str) -> Plain:
        while name not in self._taken:
            if not self._take():
                raise KeyError(name)
        return self._taken[name]

    def __iter__(self) -> Iterator[str]:
        number = 0
        while number < len(self._taken) or self._take():
            yield list(self._taken)[number]
            number += 1

    def __len__(self) -> int:
        return sum(1 for _ in self)


class UnsoundReferenceError(RuntimeError):
    """The course's own answer cannot be examined on this machine, so that nobody's can be judged by it."""


class Bank:
    """What the references and misconceptions of a part do, kept for a whole class.

    Args:
        part: the part.

    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self._notes: dict[tuple[int, str, int, bool, bool], _Taken] = {}

    def notes(self, answer: Callable[..., object], question: Question) -> Notes:
        """Return what one of the course's own does, as far as it is asked for.

        Raises:
            UnsoundReferenceError: when notes are taken of which the first reference gives none on this machine.

        """
        key = (id(answer), question.call, question.seed, question.single_precision, question.why)
        if key not in self._notes:
            notes = examine(answer, question)
            # Of several references only the first must be able to do all that is asked.
            must_end_well = answer is self.part.references[0]
            self._notes[key] = _Taken(self._sound(notes, question, key) if must_end_well else notes)
        return self._notes[key]

    def _sound(self, notes: Iterable[Note], question: Question, key: tuple[object, ...]) -> Iterator[Note]:
        for name, value in notes:
            if name == "ended":
                del self._notes[key]  # the next answer is told so too
                raised = value.get("raised", {"type": "refused", "text": value})
                raise UnsoundReferenceError(
                    f"nothing can be judged: the course's own {question.call} does not run on this machine "
                    f"({raised['type']}: {raised['text']}); try: cnncourse doctor"
                )
            yield name, value


@lru_cache(maxsize=KEPT)
def bank_of(part: Part, seed: int) -> Bank:
    """Return the bank of a part with a seed; a class has one seed."""
    return Bank(part)


class _Judged:
    """One answer, compared."""

    def __init__(self, part: Part, ask: Asking, names: set[str], seed: int, at_grading: bool, *, own: bool) -> None:
        self.part, self.names, self.ask, self.own = part, names, ask, own
        self.proven: dict[int, str] = {}  # by the question's number
        self.reasons: dict[int, Notes] = {}
        self.checks = part.checks if at_grading else part.public_checks
        self.bank = bank_of(part, seed)
        self.cases, self.questions, self.got = [], [], []
        for case, question in part.questions(seed, at_grading=at_grading):
            got = dict(ask(question, own))
            self.cases.append(case)
            self.got.append(got)
            self.questions.append(question._replace(single_precision="single precision" in got))
            if self._ended(len(self.got) - 1).status is Status.NOT_ATTEMPTED:
                break
        self.reference, self.differing = self._nearest_reference()
        self._ask_again(seed, at_grading)
        self.outcomes = told_once(self._outcomes())
        self.points = sum(outcome.points for outcome in self.outcomes)
        self.possible = sum(check.points for check in self.checks)

    @property
    def is_stub(self) -> bool:
        """Whether there is nothing to judge yet."""
        return any(outcome.status is Status.NOT_ATTEMPTED for outcome in self.outcomes)

    def _nearest_reference(self) -> tuple[Callable[..., object], list[list[str]]]:
        """Return the right answer that this one is longest like, and for each case the notes that differ."""
        longest, nearest = -1, self.part.references[0]
        for reference in self.part.references:
            # No further than to the first difference of each case: the rest need not be run.
            firsts = [next(self._differences(reference, number), None) for number in range(len(self.questions))]
            if not any(firsts):
                return reference, [[] for _ in firsts]
            agreeing = sum(_place(first, got) for first, got in zip(firsts, self.got, strict=True))
            if agreeing > longest:
                longest, nearest = agreeing, reference
        return nearest, [list(self._differences(nearest, number)) for number in range(len(self.questions))]

    def _differences(self, answer: Callable[..., object], number: int) -> Iterator[str]:
        """Yield the notes on a question that differ from those of one of the course's own."""
        return differences(self.got[number], self.bank.notes(answer, self.questions[number]), self.part.leaves_open)

    def _ask_again(self, seed: int, at_grading: bool) -> None:
        """Ask anew where gradients differ, though they are those of what comes out, and that does not.

        Two values in the window of a pooling may be equal. Then either may have the gradient, and what is told apart by
        it differs.
        """
        for number in range(len(self.questions)):
            for attempt in range(1, ATTEMPTS):
                if not self._may_be_a_tie(number):
                    break
                if self.questions[number].rounds and all(name.startswith("alike") for name in self.differing[number]):
                    self.differing[number] = []  # with other weights all agrees, and the gradients too
                    break
                _, question = self.part.questions(seed, at_grading=at_grading, attempt=attempt)[number]
                self.questions[number], self.got[number] = question, dict(self.ask(question, self.own))
                self.differing[number] = list(self._differences(self.reference, number))
                del self.reasons[number]

    def _may_be_a_tie(self, number: int) -> bool:
        first = next(iter(self.differing[number]), "")
        if not first.startswith(AT_TIES):
            return False
        why = self._reasons(number) if can_say_why(self.got[number]) else {}
        return bool(why.get("why: true gradients")) and not why.get("why: remembers", True)

    def _reasons(self, number: int) -> Notes:
        """Return the notes that say where a fault comes from; most answers are right, and need none."""
        if number not in self.reasons:
            self.reasons[number] = reasons(self.ask(self.questions[number]._replace(why=True), self.own))
        return self.reasons[number]

    def _outcomes(self) -> list[Outcome]:
        if not any(self.differing):
            return [Outcome(check, Status.PASSED) for check in self.checks]
        ended = next((self._ended(number) for number, got in enumerate(self.got) if "ended" in got), None)
        if ended is not None and ended.status is Status.NOT_ATTEMPTED:
            return [Outcome(check, ended.status, ended.fault) for check in self.checks]
        known = self._recognised()
        failed = {check.name: self._fault(check, known) for check in self.checks if self._first(check) is not None}
        if known is not None:
            # A mistake that is known costs the checks that it belongs to, once.
            costs = [name for name in known.checks if name in failed] or list(failed)[:1]
            failed = {name: failed[name] for name in costs}
        return [
            Outcome(check, Status.FAILED if check.name in failed else Status.PASSED, failed.get(check.name))
            for check in self.checks
        ]

    def _recognised(self) -> Misconception | None:
        """Return the misconception that does what the answer does."""
        first = next(number for number, names in enumerate(self.differing) if names)
        if self.cases[first] is None:  # every known mistake shows in the cases that learners see
            return None
        order = [first, *(number for number in range(len(self.questions)) if number != first)]
        for misconception in self.part.misconceptions:
            if all(next(self._differences(misconception.wrong, number), None) is None for number in order):
                return misconception
        return None

    def _first(self, check: Check) -> tuple[int, str] | None:
        """Return the first note that differs among those that a check looks at: the question's number and its name."""
        for number, (case, names) in enumerate(zip(self.cases, self.differing, strict=True)):
            for name in names:
                if check.looks_at(case, name):
                    return number, name
        return None

    def _fault(self, check: Check, known: Misconception | None) -> Fault:
        number, name = self._first(check)
        got, question = self.got[number], self.questions[number]
        if name == "ended" or name not in got:
            fault = self._ended(number).fault
            said = known.said if known else self._entangled() or fault.misconception
            return replace(fault, misconception=said)
        if name.startswith(DRAWN) and not known:
            # Weights are drawn by what the gradients in training are: with those of others, all else differs too.
            name = next((each for each in self.differing[number] if each.startswith(DRAWN_BY)), name)
        expected = self.bank.notes(self.reference, question)
        said = known.said if known else self._proven(number)
        return told(name, question, got, expected, said)

    def _proven(self, number: int) -> str:
        """Return what the notes on a question prove, together with those that say where a fault comes from."""
        if number not in self.proven:
            got, question = self.got[number], self.questions[number]
            expected = self.bank.notes(self.reference, question)
            if can_say_why(got):
                got = {**got, **self._reasons(number)}
                why = self.bank.notes(self.reference, question._replace(why=True))
                expected = {**expected, **reasons(why.items())}
            self.proven[number] = proven(got, expected, self.differing[number])
        return self.proven[number]

    def _entangled(self) -> str:
        """Return what is behind an error if an answer did something else as soon as another one was made."""
        return TOGETHER if any(got.get("beside another") is False for got in self.got) else ""

    def _ended(self, number: int) -> Ended:
        """Say how the examination of a question ended that did not get to its end."""
        note, is_hidden = self.got[number].get("ended", {}), self.cases[number] is None
        if isinstance(note, Fault):  # of whoever asked; an answer in another process can send none
            return Ended(Status.FAILED, note)
        if "raised" in note:
            raised = Raised(**note["raised"])
            if is_hidden and raised.owner not in self.names:  # the answer's own word, which may be what was drawn
                raised = replace(raised, owner=raised.owner and UNTOLD_OWNER)
            return ended_by(raised, self.names)
        if "refused" in note:
            told = {name: str(note["refused"][name]) for name in ("message", "expected", "got")}
            hints = note["refused"]["hints"]
            if is_hidden:
                told, hints = {"message": UNTOLD, "got": told["message"]}, ()
            return Ended(Status.FAILED, Fault(**told, hints=None if hints is None else tuple(map(str, hints))))
        return Ended(Status.FAILED, Fault("your code did not get to its end", hints=()))


def _place(name: str | None, got: Notes) -> int:
    """Return how many notes were taken before one, or all if it is not among them."""
    names = list(got)
    return names.index(name) if name in names else len(names)
