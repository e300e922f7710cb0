"""Who wrote what another wrote: answers that are alike but for names, comments and layout, without what was handed out.

Answers are compared by fingerprints of runs of tokens, of which a few are chosen by winnowing (S. Schleimer,
D. S. Wilkerson, A. Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003, section 3).
"""

import ast
import io
import keyword
import re
import tokenize
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from cnncourse.classroom.grading.results import Result
from cnncourse.classroom.isolation.ipython import without_magics

RUN = 8  # tokens of a fingerprint
WINDOW = 4  # of so many runs one is kept: whatever two answers share of 11 tokens is found
ALIKE = 0.6  # share of fingerprints in common, of all that two answers have
FEWEST = 4  # fingerprints of an answer's own: shorter ones are alike by themselves
# What takes the course's own networks, as code or as the name of a module.
OF_THE_COURSE = re.compile(
    r"\bcnncourse\s*\.\s*architectures\b|\bfrom\s+cnncourse\s+import\b.*\barchitectures\b|['\"]cnncourse\."
)
LAYOUT = (
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
)


@dataclass(frozen=True)
class Line:
    """A line of an answer: its text, whether the group shares it, and whether it was handed out so."""

    text: str
    shared: bool
    given: bool


@dataclass(frozen=True)
class Group:
    """Learners whose answers to a part are alike.

    Attributes:
        part: the part.
        students: in order.
        share: of their fingerprints that the two least alike of those who are compared have in common, 0 to 1.
        lines: of the first one's answer.

    """

    part: str
    students: tuple[str, ...]
    share: float
    lines: tuple[Line, ...]


def groups(results: Iterable[Result], handed_out: Mapping[str, str]) -> list[Group]:
    """Group learners whose answers are alike, part by part.

    Args:
        results: one a learner.
        handed_out: what stood in each part's cell when it was handed out.

    """
    written: dict[str, dict[str, str]] = {}
    for result in results:
        for part, source in result.answers.items():
            if part and source.strip():
                written.setdefault(part, {})[result.student] = source
    found = []
    for part, answers in written.items():
        found += _groups(part, answers, handed_out.get(part, ""))
    return sorted(found, key=lambda group: (-group.share, group.part, group.students))


def _groups(part: str, answers: Mapping[str, str], stub: str) -> list[Group]:
    given = fingerprints(stub).keys()
    prints = {student: fingerprints(source).keys() - given for student, source in answers.items()}
    # Those who wrote the very same are compared once.
    same: dict[frozenset[int], list[str]] = {}
    for student in sorted(prints):
        if len(prints[student]) >= FEWEST:
            same.setdefault(frozenset(prints[student]), []).append(student)
    kinds = list(same)
    together = list(range(len(kinds)))
    least = [1.0] * len(kinds)
    for one, other in combinations(range(len(kinds)), 2):
        # Sets of sizes too different need not be looked at.
        small, large = sorted((len(kinds[one]), len(kinds[other])))
        if small < ALIKE * large:
            continue
        share = len(kinds[one] & kinds[other]) / len(kinds[one] | kinds[other])
        if share >= ALIKE:
            first, second = sorted((_root(together, one), _root(together, other)))
            together[second] = first
            least[first] = min(least[first], least[second], share)
    members: dict[int, list[int]] = {}
    for number in range(len(kinds)):
        members.setdefault(_root(together, number), []).append(number)
    found = []
    for first, numbers in members.items():
        students = sorted(student for number in numbers for student in same[kinds[number]])
        if len(students) > 1:
            common = frozenset.intersection(*(kinds[number] for number in numbers))
            lines = _lines(answers[students[0]], common, stub)
            found.append(Group(part, tuple(students), least[first], lines))
    return found


def _root(together: Sequence[int], number: int) -> int:
    while together[number] != number:
        number = together[number]
    return number


def _lines(source: str, common: frozenset[int], stub: str) -> tuple[Line, ...]:
    shared = {line for each, lines in fingerprints(source).items() if each in common for line in lines}
    given = {line.strip() for line in stub.splitlines()}
    return tuple(
        Line(text, number in shared, bool(text.strip()) and text.strip() in given)
        for number, text in enumerate(source.splitlines(), start=1)
    )


def fingerprints(source: str) -> dict[int, set[int]]:
    """Return the fingerprints of an answer, and the lines that each covers.

    Args:
        source: of a cell.

    """
    written = tokens(source)
    if not written:
        return {}
    runs = [written[start : start + RUN] for start in range(max(1, len(written) - RUN + 1))]
    hashes = [zlib.crc32("\0".join(text for text, _ in run).encode("utf-8", "replace")) for run in runs]
    chosen: dict[int, set[int]] = {}
    for start in range(max(1, len(hashes) - WINDOW + 1)):
        window = range(start, min(start + WINDOW, len(hashes)))
        place = min(window, key=lambda number: (hashes[number], -number))
        chosen.setdefault(hashes[place], set()).update(line for _, line in runs[place])
    return chosen


def tokens(source: str) -> list[tuple[str, int]]:
    """Return a cell's tokens with their lines.

    Names that it gives itself are all the same; comments, docstrings and layout are left out. What is no Python is
    taken word by word.
    """
    code = without_magics(source)
    own, texts = _own_names(code)
    written = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type in LAYOUT or token.start in texts:
                continue
            is_own = token.type == tokenize.NAME and token.string in own and not keyword.iskeyword(token.string)
            written.append(("name" if is_own else token.string, token.start[0]))
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return [
            (word, number) for number, line in enumerate(code.splitlines(), 1) for word in line.split("#")[0].split()
        ]
    return written


def _own_names(code: str) -> tuple[set[str], set[tuple[int, int]]]:
    """Return the names that code gives, and where its docstrings begin."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set()
    own: set[str] = set()
    texts = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            own.add(node.name)
        elif isinstance(node, ast.arg):
            own.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            own.add(node.attr)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            texts.add((node.lineno, node.col_offset))
    return own, texts


def of_the_course(result: Result, handed_out: Iterable[str]) -> list[str]:
    """Return the lines by which a learner takes the course's own networks, that the notebook as handed out has not.

    Args:
        result: the learner's.
        handed_out: the sources of all cells that were.

    """
    known = {line.strip() for source in handed_out for line in source.splitlines()}
    lines = (line.strip() for source in result.answers.values() for line in source.splitlines())
    return [line for line in dict.fromkeys(lines) if OF_THE_COURSE.search(line.split("#")[0]) and line not in known]
