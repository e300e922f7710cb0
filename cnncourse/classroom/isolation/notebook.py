"""Read a learner's notebook without trusting it, and decide which of its cells to run.

This runs in the worker: the judging process never looks into what learners hand in.
"""

import ast
import codecs
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from cnncourse.classroom.isolation.ipython import without_magics

HARMLESS_CALLS = {
    "int",
    "float",
    "bool",
    "str",
    "tuple",
    "list",
    "dict",
    "set",
    "frozenset",
    "range",
    "len",
    "min",
    "max",
}


class UnreadableNotebookError(Exception):
    """A file is no notebook that could be run; says why, and what to do."""


@dataclass(frozen=True)
class Asked:
    """One part of an exercise, as the notebook asks for it.

    Attributes:
        name: the name that the learner defines.
        grade_id: of the cell for the answer; that of the check below it ends in "-check".
        check_source: the check's cell as it was handed out.

    """

    name: str
    grade_id: str
    check_source: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        number: position among all cells, from 1.
        kind: "code", "markdown" or "raw".
        source: its text.
        grade_id: the name that the exercise gave it, "" if it has none or has lost it.

    """

    number: int
    kind: str
    source: str
    grade_id: str = ""


@dataclass(frozen=True)
class Notebook:
    """A notebook's cells, what its metadata say, and what is odd about the file ("" if nothing is)."""

    cells: tuple[Cell, ...]
    language: str
    remark: str = ""


def read_notebook(raw: bytes) -> Notebook:
    """Read a notebook in any of Jupyter's formats, whatever is missing in it.

    Raises:
        UnreadableNotebookError: if there is nothing that could be run.

    """
    if not raw.strip(b"\0 \t\r\n"):
        raise UnreadableNotebookError("the file is empty; hand the notebook in again")
    try:
        text, remark = _text(raw)
        content = json.loads(text)
    except UnicodeDecodeError as error:
        raise UnreadableNotebookError("the file is no text, so it is no notebook; hand the .ipynb file in") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableNotebookError(
            "the file is damaged: it is not the JSON that notebooks are written in; save and hand it in again"
        ) from error
    if not isinstance(content, dict):
        raise UnreadableNotebookError("the file is JSON, but no notebook")
    cells = content.get("cells")
    if cells is None and isinstance(content.get("worksheets"), list):  # formats 2 and 3
        sheets = [sheet for sheet in content["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets for cell in _list(sheet.get("cells"))]
    if not isinstance(cells, list):
        raise UnreadableNotebookError("the file is JSON, but no notebook: it has no cells")
    metadata = _dict(content.get("metadata"))
    language = _dict(metadata.get("language_info")).get("name") or _dict(metadata.get("kernelspec")).get("language")
    read = (_cell(number, cell) for number, cell in enumerate(cells, start=1) if isinstance(cell, dict))
    return Notebook(tuple(cell for cell in read if cell.source.strip()), str(language or "").lower(), remark)


def _text(raw: bytes) -> tuple[str, str]:
    """Return the text of a file, and a remark if it is not in UTF-8, as notebooks are."""
    if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return raw.decode("utf-16"), ""
    try:
        return raw.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        if raw.lstrip()[:1] != b"{":
            raise
    # Some editors write the code page of their country. Python code is the same in all of them but for what is in
    # quotes and comments; in Chinese ones a character may end in a backslash, which would spoil the rest.
    for encoding in ("cp1252", "gb18030"):
        try:
            text = raw.decode(encoding)
            json.loads(text)
        except (ValueError, RecursionError):
            continue
        return text, f"the file is not in UTF-8, as notebooks are; it was read as {encoding}"
    return raw.decode("latin-1"), "the file is not in UTF-8, as notebooks are; its letters may be wrong"


def _cell(number: int, cell: dict) -> Cell:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    nbgrader = _dict(_dict(cell.get("metadata")).get("nbgrader"))
    kind, grade_id = cell.get("cell_type"), nbgrader.get("grade_id")
    return Cell(
        number,
        kind if kind in ("code", "markdown", "raw") else "raw",
        source if isinstance(source, str) else "",
        grade_id if isinstance(grade_id, str) else "",
    )


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list:
    return value if isinstance(value, list) else []


@dataclass(frozen=True)
class Planned:
    """A cell that will be run.

    Attributes:
        cell: the cell.
        answers: the part that it answers, "" if none.
        checks: the part that it only checks: it is not run, the answer is taken where it stands.
        defines: names that an answer's cell defines.
        matters: whether answers may need it: it defines something, and does nothing else or one of the answers.

    """

    cell: Cell
    answers: str = ""
    checks: str = ""
    defines: tuple[str, ...] = ()
    matters: bool = False


@dataclass(frozen=True)
class Plan:
    """What of a notebook will be run, in order, and what is odd about it.

    Attributes:
        steps: the cells.
        attention: what the instructor should look at.

    """

    steps: tuple[Planned, ...]
    attention: tuple[str, ...]


def plan(notebook: Notebook, asked: Sequence[Asked], locked: dict[str, str], *, only_definitions: bool) -> Plan:
    """Decide which cells to run.

    Answers are found by their ``grade_id``; where that is lost, by the name that the exercise asks for.

    Args:
        notebook: what was handed in.
        asked: the exercise's parts.
        locked: sources of the cells that learners should leave as they are, by ``grade_id``.
        only_definitions: leave out cells that do anything else than import and define; answers are kept.

    Raises:
        UnreadableNotebookError: if it is written in another language.

    """
    steps, attention, seen = [], [notebook.remark] if notebook.remark else [], {}
    by_answer = {part.grade_id: part.name for part in asked}
    by_check = {f"{part.grade_id}-check": part.name for part in asked}
    known = set(by_answer.values())
    attention += _of_language(notebook, known)
    for cell in notebook.cells:
        if cell.grade_id:
            seen[cell.grade_id] = seen.get(cell.grade_id, 0) + 1
        if cell.grade_id in by_check or (cell.kind == "code" and _is_check(cell, asked)):
            if moved := _definitions(cell.source):  # an answer, or what it needs, was written here
                defines = tuple(defined_names(moved))
                answers = next((name for name in defines if name in known), "")
                steps.append(Planned(replace(cell, source=moved), answers=answers, defines=defines, matters=True))
            steps.append(Planned(cell, checks=by_check.get(cell.grade_id) or _checked(cell, asked)))
            continue
        is_answer = cell.grade_id in by_answer
        if cell.kind != "code":
            if not is_answer or not defined_names(cell.source):
                continue
            attention.append(f"cell {cell.number}, an answer, was turned into {cell.kind}; it was run all the same")
        answers = by_answer.get(cell.grade_id, "")
        defines = tuple(defined_names(cell.source))
        matters = bool(known & set(defines)) or is_definition(cell.source)
        if not only_definitions or answers or matters:
            steps.append(Planned(cell, answers=answers, defines=defines if answers else (), matters=matters))
    attention += [f"{grade_id!r} stands {count} times" for grade_id, count in seen.items() if count > 1]
    lost = [name for name in dict.fromkeys([*by_answer, *by_check, *locked]) if name not in seen]
    if lost:
        attention.append(f"cells are missing or have lost their metadata: {', '.join(lost)}")
    others = [name for name in seen if name not in by_answer and name not in by_check and name not in locked]
    if others and len(lost) == len({*by_answer, *by_check, *locked}):
        attention.append(f"it looks like another exercise's notebook: its cells are called {', '.join(others)}"[:300])
    edited = {
        cell.grade_id
        for cell in notebook.cells
        if cell.grade_id in locked and _lines(cell.source) != _lines(locked[cell.grade_id])
    }
    attention += [f"the locked cell {grade_id!r} was edited" for grade_id in sorted(edited)]
    return Plan(tuple(steps), tuple(attention))


def _of_language(notebook: Notebook, known: Collection[str]) -> list[str]:
    """Return what is odd about a notebook's language: another kernel is soon set by mistake.

    Raises:
        UnreadableNotebookError: if it is not Python's, and no answer is in Python.

    """
    if not notebook.language or "python" in notebook.language:
        return []
    said = f"the notebook is set to the language {notebook.language!r}, not to Python"
    if not any(name in known for cell in notebook.cells for name in defined_names(cell.source)):
        raise UnreadableNotebookError(said)
    return [f"{said}; it was read as Python"]


def _lines(source: str) -> list[str]:
    return source.strip().splitlines()


def _is_check(cell: Cell, asked: Sequence[Asked]) -> bool:
    return any(part.check_source and _lines(cell.source) == _lines(part.check_source) for part in asked)


def _checked(cell: Cell, asked: Sequence[Asked]) -> str:
    return next(part.name for part in asked if _lines(cell.source) == _lines(part.check_source))


def _definitions(source: str) -> str:
    """Return what of a cell imports or defines something."""
    tree = _parsed(source)
    return ast.unparse(ast.Module([each for each in tree.body if _defines(each)], [])) if tree else ""


def is_definition(source: str) -> bool:
    """Whether a cell only imports, defines, and gives names to plain values."""
    tree = _parsed(source)
    return tree is not None and all(_defines(statement) for statement in tree.body)


def _defines(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return _calls_nothing(statement)
    if isinstance(statement, ast.If):
        return _calls_nothing(statement.test) and all(map(_defines, [*statement.body, *statement.orelse]))
    if isinstance(statement, ast.Try):
        handled = [inner for handler in statement.handlers for inner in handler.body]
        return all(map(_defines, [*statement.body, *handled, *statement.orelse, *statement.finalbody]))
    return isinstance(statement, ast.Pass)


def _calls_nothing(node: ast.AST) -> bool:
    """Whether a statement or expression calls no function but those that make plain values."""
    calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return all(isinstance(call.func, ast.Name) and call.func.id in HARMLESS_CALLS for call in calls)


def defined_names(source: str) -> list[str]:
    """Return the names that a cell's classes, functions and assignments define, in order."""
    tree = _parsed(source)
    return [] if tree is None else list(_names(tree.body))


def _names(body: Iterable[ast.stmt]) -> Iterable[str]:
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            yield statement.name
        elif isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(without_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
