"""The definition of an exercise, the same for instant feedback in the notebook and for grading a class.

A check has two halves. Its probe runs beside the learner's object and returns plain tensors, numbers and strings. Its
judge never meets the learner's object: it compares what came back with what it works out itself.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Plain = None | bool | int | float | str | Tensor | list["Plain"] | dict[str, "Plain"]
Inputs = Mapping[str, Tensor]
Observation = Mapping[str, Plain]


@dataclass(frozen=True)
class Fault:
    """What is wrong with an answer, as the learner is told.

    Attributes:
        message: what is wrong, in a sentence.
        expected: what the judge expected, "" if the message says it all.
        got: what came back instead.
        misconception: name of the likely misconception, "" if none is known.
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
        """What makes two faults the same mistake: the line that raised, or else all that is told."""
        return (self.message, self.line) if self.line else (self.message, self.expected, self.got, self.misconception)


class RefusedAnswerError(Exception):
    """A probe cannot go on, because the answer is not what the exercise asks for; carries what to tell the learner."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def no_inputs(_generator: torch.Generator) -> Inputs:
    """Return the inputs of a check whose probe needs none."""
    return {}


@dataclass(frozen=True)
class Check:
    """One thing that must be true of an answer.

    Attributes:
        name: what is checked, in a few words.
        points: what it is worth.
        probe: runs the learner's object on the inputs and returns plain values, or yields them stage by stage: checks
            that share a probe and need only what came before an error are not touched by it.
        judge: compares these with the truth; ``None`` if all is well.
        hints: ways forward, each plainer than the one before, shown with any fault that has none of its own.
        inputs: draws the tensors that probe and judge share.
        public: whether learners see it in the notebook; the others run at grading only, where the seed is secret.

    """

    name: str
    points: int
    probe: Callable[[object, Inputs], Observation | Iterator[Observation]]
    judge: Callable[[Observation, Inputs], Fault | None]
    hints: tuple[str, ...]
    inputs: Callable[[torch.Generator], Inputs] = no_inputs
    public: bool = True


@dataclass(frozen=True)
class Part:
    """One thing the learner defines.

    Attributes:
        name: the name the learner's notebook gives it.
        task: "build", "use" or "mend".
        minutes: about how long it takes.
        checks: what must be true of it, for learners to see and at grading only.

    """

    name: str
    task: str
    minutes: int
    checks: tuple[Check, ...]

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
