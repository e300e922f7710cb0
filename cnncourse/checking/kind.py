"""An answer that is not the kind of thing that was asked for."""

import inspect

from torch import nn

from cnncourse.checking.exercise import Fault, Part


def wrong_kind(part: Part, answer: object) -> Fault | None:
    """Return what is wrong with the kind of an answer, ``None`` if it can be called for what the part asks for.

    Args:
        part: what was asked for.
        answer: what the learner defined.

    """
    kind = "class" if inspect.isclass(part.references[0]) else "function"
    name = type(answer).__name__
    if isinstance(answer, nn.Module):
        return Fault(
            f"this is a module that is built already, not what builds it: give {part.name} itself, without calling it",
            expected=f"the {kind} {part.name}",
            got=f"an object of the class {name}",
            hints=(),
        )
    if not callable(answer):
        got = "nothing (None)" if answer is None else f"an object of the type {name}"
        return Fault(f"this is no {kind}", expected=f"the {kind} {part.name}", got=got, hints=())
    return None
