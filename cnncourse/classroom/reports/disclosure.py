"""What learners may be told of a result."""

import re
from dataclasses import replace

from cnncourse.classroom.grading.results import CheckResult

# A path of at least two folders, where a word may begin; its last name says enough.
MACHINE_PATH = re.compile(r"(?<![\w.>/\\<])(?:[A-Za-z]:)?(?:[/\\][\w.+@~ -]*[\w.+@~-]){2,}")


def for_learner(check: CheckResult) -> CheckResult:
    """Return a check's result as the learner may see it.

    A check that runs at grading only does so on secret inputs. What was expected of them and what came back could give
    them away; and what came back may be the text of an error, into which an answer can write whatever it was given, as
    it can into the line that raised it.
    """
    told = check
    if not check.public:
        told = replace(
            check, expected="", got="", line="", picture="", message=_without_case(check.message, check.part)
        )
    return replace(
        told,
        status=told.status.removesuffix(" yet"),  # a final grade is not followed by another attempt
        message=without_paths(told.message),
        expected=without_paths(told.expected),
        got=without_paths(told.got),
        line=without_paths(told.line),
    )


def _without_case(message: str, part: str) -> str:
    """Return a message without the arguments that were drawn: "make_vgg(…): the output has the wrong shape"."""
    if not message.startswith(f"{part}("):
        return message
    depth = 0
    for place, sign in enumerate(message):
        depth += (sign == "(") - (sign == ")")
        if sign == ")" and depth == 0:
            return f"{part}(…{message[place:]}"
    return f"{part}(…): something is wrong"


def without_paths(text: str) -> str:
    """Return a text in which the grading machine's paths are cut down to their last name."""
    return MACHINE_PATH.sub(lambda match: "…/" + re.split(r"[/\\]", match[0])[-1], text)
