"""What an answer raised, as plain data: the same whether the answer ran here or in another process."""

import traceback
from dataclasses import dataclass

LONGEST_TEXT = 300  # characters of an error's text that are told


@dataclass(frozen=True)
class Raised:
    """An error of an answer.

    Attributes:
        type: name of the error's class.
        text: the first line of what it says.
        line: the line of the learner's code where it happened; "" if no code of the learner's took part.
        owner: the learner's function or class that the line belongs to.

    """

    type: str
    text: str
    line: str = ""
    owner: str = ""

    def __str__(self) -> str:
        return f"{self.type}: {self.text}"

    @property
    def is_stub(self) -> bool:
        """Whether it is the ``raise NotImplementedError`` of an answer that is not written yet."""
        return self.type == "NotImplementedError" and not self.text and bool(self.owner)


class AnswerError(Exception):
    """An answer that lives in another process raised an error there."""

    def __init__(self, raised: Raised) -> None:
        super().__init__(raised.text)
        self.raised = raised


def describe(error: BaseException) -> Raised:
    """Return what was raised, and which of the learner's lines was the last to take part."""
    if isinstance(error, AnswerError):
        return error.raised
    try:
        text = str(error)
    except Exception:  # the error's class may be the learner's own
        text = ""
    text = next(iter(text.strip().splitlines()), "")[:LONGEST_TEXT]
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    lines = traceback.extract_tb(error.__traceback__)
    own = [
        (line, frame.f_code.co_qualname) for frame, line in zip(frames, lines, strict=True) if _is_the_learners(frame)
    ]
    if not own:
        return Raised(type(error).__name__, text)
    summary, name = own[-1]
    owner = name.replace(".<locals>", "").removesuffix(".__init__").removesuffix(".forward").rpartition(".")[2]
    return Raised(type(error).__name__, text, (summary.line or "")[:LONGEST_TEXT], owner)


def _is_the_learners(frame: object) -> bool:
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return package not in {"torch", "cnncourse", "importlib", "runpy"}
