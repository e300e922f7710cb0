"""The definition of an exercise, the same for instant feedback in the notebook and for grading a class.

What is right is what the examination notes of the part's reference, mostly the course's own network. A misconception is
a reference that is wrong: it is recognised by giving the same notes as the answer.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

Inputs = Callable[[torch.Generator], tuple[Tensor, ...]]
ATTEMPTS = 5  # at a question whose answer may depend on ties
LONGEST = 60  # characters of an argument, where a call is told


@dataclass(frozen=True)
class Fault:
    """What is wrong with an answer, as the learner is told.

    Attributes:
        message: what is wrong, in a sentence.
        expected: what the reference does, "" if the message says it all.
        got: what came back instead.
        misconception: name of the misconception, "" if none is known.
        line: the line of the learner's code that raised an error, "" if none did.
        hints: ways forward, to be unfolded one after the other; ``None`` for the check's own, () for none.
        picture: a drawing from ``checking.pictures``, "" where words say it all.

    """

    message: str
    expected: str = ""
    got: str = ""
    misconception: str = ""
    line: str = ""
    hints: tuple[str, ...] | None = None
    picture: str = ""

    @property
    def mistake(self) -> tuple[str, ...]:
        """What makes two faults the same mistake: the line that raised, the misconception, or all that is told."""
        if self.line:
            return (self.message, self.line)
        return (self.misconception,) if self.misconception else (self.message, self.expected, self.got)


class RefusedAnswerError(Exception):
    """The examination cannot go on, because the answer is not what the exercise asks for; carries what to tell."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def images(*shape: int, mean: float = 0.3) -> Inputs:
    """Return what draws a batch of random images.

    Args:
        shape: of the batch, with the number of images first; odd sides have to be read with care.
        mean: of the values; not zero, so that normalisation changes more than their size.

    """

    def draw(generator: torch.Generator) -> tuple[Tensor, ...]:
        return (mean + torch.randn(shape, generator=generator, dtype=torch.float64),)

    return draw


@dataclass(frozen=True)
class Case:
    """A way to use an answer.

    Attributes:
        arguments: what it is called with; what the text promises as a default is left out.
        keywords: the same, by name.
        inputs: draws what the module is run on; ``None`` for an answer that is a function of plain data.
        evaluated: how many of the inputs it takes in evaluation, ``None`` for all.
        alone: whether each image of a batch counts for itself in evaluation.
        methods: names of further methods that the text asks for; they take what forward takes.
        rounds: how finely its weights are told apart (see ``tell_apart``), 0 to give all the same value only.
        spread: smallest and largest magnitude of the weights that are drawn.
        counted: whether only the output's shape and the parameters are looked at, for networks too large for more.
        chance: whether what comes out in training is left to chance.
        copies: of an image, by which that is told; 0 where the case is not the one to tell it.
        begins: whether the text says with which values its parameters begin: as many ones and zeros as the reference.

    """

    arguments: tuple[object, ...] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)
    inputs: Inputs | None = None
    evaluated: int | None = None
    alone: bool = True
    methods: tuple[str, ...] = ()
    rounds: int = 8
    spread: tuple[float, float] = (0.5, 2.0)
    counted: bool = False
    chance: bool = False
    copies: int = 2000  # a mean is known to 2.2 % of the spread
    begins: bool = False

    def question(self, part: str, neighbour: "Case", number: int, seed: int, *, attempt: int = 0) -> "Question":
        """Return the case as it is put to an answer.

        Args:
            part: the part's name.
            neighbour: another case.
            number: of the case.
            seed: decides the inputs and weights, together with these.
            attempt: counts from 0; each has other inputs and weights.

        """
        digest = hashlib.sha256(f"{part} {number} {seed}{f' {attempt}' * (attempt > 0)}".encode()).digest()
        own = int.from_bytes(digest[:4])
        generator = torch.Generator().manual_seed(own)
        inputs, others = (self.inputs(generator), self.inputs(generator)) if self.inputs else ((), ())
        given = [_shown(each) for each in self.arguments]
        given += [f"{name}={_shown(value)}" for name, value in self.keywords.items()]
        return Question(
            call=f"{part}({', '.join(given)})",
            arguments=self.arguments,
            keywords=dict(self.keywords),
            neighbour=(neighbour.arguments, dict(neighbour.keywords)),
            inputs=inputs,
            other_inputs=others,
            evaluated=self.evaluated,
            alone=self.alone,
            methods=self.methods,
            seed=own,
            rounds=self.rounds,
            spread=self.spread,
            counted=self.counted,
            chance=self.chance,
            copies=self.copies,
            begins=self.begins,
        )


def _shown(value: object) -> str:
    text = repr(value).replace("'", '"')
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"


class Question(NamedTuple):
    """A case with its inputs: plain data, which can be put to an answer in another process.

    Attributes:
        call: how the learner would call for it.
        other_inputs: a second batch.
        neighbour: arguments of another case, to build a second one beside it.
        seed: of the weights that are drawn.
        copied: whether copies of the answer are looked at too.
        in_all_ways: whether the answer is used in unusual ways too: on many images, on large ones, and so on.
        single_precision: whether to go without double precision, for answers that insist on it.
        why: whether to note only what is no fault, and says where one comes from.

    The others are those of ``Case``.

    """

    call: str
    arguments: tuple[object, ...]
    keywords: dict[str, object]
    neighbour: tuple[tuple[object, ...], dict[str, object]]
    inputs: tuple[Tensor, ...]
    other_inputs: tuple[Tensor, ...]
    evaluated: int | None
    alone: bool
    methods: tuple[str, ...]
    seed: int
    rounds: int
    spread: tuple[float, float]
    counted: bool
    chance: bool
    copies: int
    begins: bool
    copied: bool = True
    in_all_ways: bool = False
    single_precision: bool = False
    why: bool = False


@dataclass(frozen=True)
class Check:
    """One thing that must be true of an answer.

    Attributes:
        name: what is checked, in a few words.
        points: what it is worth.
        hints: ways forward, each plainer than the one before, shown with any fault that has none of its own.
        notes: names of the notes that it looks at (see ``examination``), or beginnings of them; () for all.
        cases: numbers of the part's cases that it looks at, ``None`` for all.
        public: whether learners see it in the notebook; the others run at grading only, on cases that are drawn then.

    """

    name: str
    points: int
    hints: tuple[str, ...]
    notes: tuple[str, ...] = ()
    cases: tuple[int, ...] | None = None
    public: bool = True

    def looks_at(self, case: int | None, note: str) -> bool:
        """Whether it looks at a note.

        Args:
            case: number of the part's case; ``None`` for one that was drawn at grading.
            note: its name.

        """
        if self.public != (case is not None):
            return False
        is_case = not self.public or self.cases is None or case in self.cases
        return is_case and (not self.notes or note == "ended" or note.startswith(self.notes))


@dataclass(frozen=True)
class Misconception:
    """A known mistake, as code.

    Attributes:
        said: what the learner is told.
        wrong: an answer that has it, called as the reference is.
        checks: names of the checks that it costs; () for those that look at the first note that differs.

    """

    said: str
    wrong: Callable[..., object]
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)  # a part is itself, whatever else is written like it
class Part:
    """One thing the learner defines.

    Attributes:
        name: the name the learner's notebook gives it.
        task: "build", "use" or "mend".
        minutes: about how long it takes.
        references: right answers: the first is what others are compared with, the rest are as right, where the text
            leaves something open.
        cases: ways to use it, looked at in the notebook and at grading.
        checks: what must be true of it, for learners to see and at grading only.
        misconceptions: known mistakes, the likeliest first.
        draw: draws the cases that are looked at only at grading, the first of them in unusual ways too.
        corners: cases at the edges of what the text allows, looked at only at grading.
        needs: answers to earlier parts that this one may use, and the course's own, to be used if theirs are wrong.
        leaves_open: names of the notes that the text leaves open.

    """

    name: str
    task: str
    minutes: int
    references: tuple[Callable[..., object], ...]
    cases: tuple[Case, ...]
    checks: tuple[Check, ...]
    misconceptions: tuple[Misconception, ...] = ()
    draw: Callable[[torch.Generator], tuple[Case, ...]] = lambda _generator: ()
    corners: tuple[Case, ...] = ()
    needs: Mapping[str, Callable[..., object]] = field(default_factory=dict)
    leaves_open: tuple[str, ...] = ()

    @property
    def public_checks(self) -> tuple[Check, ...]:
        """The checks that learners see in the notebook."""
        return tuple(check for check in self.checks if check.public)

    @property
    def points(self) -> int:
        """What the part is worth at grading."""
        return sum(check.points for check in self.checks)

    @property
    def public_points(self) -> int:
        """What the part is worth in the notebook."""
        return sum(check.points for check in self.public_checks)

    def questions(self, seed: int, *, at_grading: bool, attempt: int = 0) -> list[tuple[int | None, Question]]:
        """Return the cases as they are put to an answer, each with its number, ``None`` if it is drawn.

        Args:
            seed: decides all that is drawn.
            at_grading: whether to draw the cases too that learners do not see in the notebook.
            attempt: counts from 0; each asks the same with other inputs and weights.

        """
        questions = [
            (number, case.question(self.name, self.cases[number - 1], number, seed, attempt=attempt))
            for number, case in enumerate(self.cases)
        ]
        if at_grading:
            drawn = self.draw(torch.Generator().manual_seed(seed))
            for number, case in enumerate((*drawn, *self.corners)):
                question = case.question(self.name, self.cases[0], ~number, seed, attempt=attempt)
                # Each once where that is enough: what is asked costs every learner of a class the same again.
                question = question._replace(in_all_ways=number == 0, copied=number < len(drawn))
                questions.append((None, question))
        return questions

    def public_seeds(self, seed: int) -> set[int]:
        """Return the seeds of all questions whose answers learners see, at whatever attempt they are asked."""
        attempts = (self.questions(seed, at_grading=False, attempt=attempt) for attempt in range(ATTEMPTS))
        return {question.seed for questions in attempts for _, question in questions}


@dataclass(frozen=True)
class Exercise:
    """A chapter's exercise.

    Attributes:
        name: its folder, for example "01-lenet-5".
        title: what is built.
        parts: in the order of the notebook.

    """

    name: str
    title: str
    parts: tuple[Part, ...]

    def part(self, name: str) -> Part:
        """Return the part that asks for a name.

        Raises:
            LookupError: if none does; the message lists those that exist.

        """
        for part in self.parts:
            if part.name == name:
                return part
        asked = ", ".join(part.name for part in self.parts)
        raise LookupError(
            f"exercise {self.name} asks for {asked}, not for {name!r}; if your answer has a name of its own, "
            f'say which part it is for: check("{self.name}", your_answer, part="{self.parts[0].name}")'
        )
