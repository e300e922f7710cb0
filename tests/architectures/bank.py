"""What the banks of answers are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """A wrong answer that no misconception's own code shows.

    Attributes:
        part: the part of the exercise that it answers.
        answer: what a learner defines.
        said: part of what the learner must be told; "" if it is enough that the answer is refused.

    """

    part: str
    answer: object
    said: str = ""
