"""What learners may be told of a result."""

import re
from dataclasses import replace

from cnncourse.classroom.results import CheckResult

# A path of at least two folders, where a word may begin; its last name says enough.
MACHINE_PATH = re.compile(r"(?<![\w.>/\\<])(?:[A-Za-z]:)?(?:[/\\][\w.+@~ -]*[\w.+@~-]){2,}")


def for_learner(check: CheckResult) -> CheckResult:
    """Return a check's result as the learner may see it.

    A check that runs at grading only does so on secret inputs. What was expected of them and what came back could give
    them away; and what came back may be the text of an error, into which an answer can write whatever it was given.
    """
    hidden = {} if check.public else {"expected": "", "got": "", "picture": ""}
    told = replace(check, **hidden)
    return replace(
        told,
        message=without_paths(told.message),
        expected=without_paths(told.expected),
        got=without_paths(told.got),
        line=without_paths(told.line),
    )


def without_paths(text: str) -> str:
    """Return a text in which the grading machine's paths are cut down to their last name."""
    return MACHINE_PATH.sub(lambda match: "…/" + re.split(r"[/\\]", match[0])[-1], text)
