"""A short name for the code that a run depends on, so that stored results know when they are out of date.

Starting from the run, every definition of the course that it names is looked up, and those that they name in turn.
Comments, docstrings and the layout of lines do not count, nor does anything that the run does not reach, such as the
drawing of its results.
"""

import ast
import hashlib
import importlib.util
import io
import tokenize
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path

ROOT = __name__.split(".")[0]
LENGTH = 12  # hexadecimal digits


def code_version(runs: Iterable[Callable]) -> str:
    """Return a name of the code that some runs depend on, the same as long as that code is the same.

    Args:
        runs: functions of the course's modules, or partials of them.

    """
    waiting: list[tuple[str, str]] = []
    said: list[str] = []
    for run in runs:
        waiting += _start(run, said)
    reached: dict[tuple[str, str], str] = {}
    while waiting:
        module, name = place = waiting.pop()
        if place in reached:
            continue
        definitions, imports = _read(module)
        if name in definitions:
            node, text = definitions[name]
            reached[place] = text
            waiting += [(module, used) for used in _names(node)]
        elif name in imports:
            reached[place] = ""
            waiting.append(imports[name])
        elif name == "*":  # a module as a whole
            reached[place] = ""
            waiting += [(module, each) for each in definitions]
    texts = sorted(f"{module}.{name}: {text}" for (module, name), text in reached.items() if text)
    return hashlib.sha256("\n".join([*said, *texts]).encode()).hexdigest()[:LENGTH]


def _start(run: object, said: list[str]) -> Iterator[tuple[str, str]]:
    """Give where a run and the functions and classes among its arguments are defined; note all other arguments."""
    if isinstance(run, partial):
        for each in (run.func, *run.args, *run.keywords.values()):
            yield from _start(each, said)
        said.append(f"keywords {sorted(run.keywords)}")
    elif hasattr(run, "__qualname__"):
        run = getattr(run, "__wrapped__", run)
        yield run.__module__, run.__qualname__.split(".")[0]
    else:
        said.append(repr(run))


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


@cache
def _read(module: str) -> tuple[dict[str, tuple[ast.AST, str]], dict[str, tuple[str, str]]]:
    """Return a module's own definitions, with their text, and where what it imports of the course is defined."""
    found = importlib.util.find_spec(module) if module.split(".")[0] == ROOT else None
    if found is None or found.origin is None:
        return {}, {}
    source = Path(found.origin).read_text(encoding="utf-8")
    definitions: dict[str, tuple[ast.AST, str]] = {}
    imports: dict[str, tuple[str, str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = (node, _essence(node, source))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}:
                definitions[name] = (node, _essence(node, source))
        elif isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == ROOT:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                place = (whole, "*") if _is_module(whole) else (node.module, alias.name)
                imports[alias.asname or alias.name] = place
    return definitions, imports


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _essence(node: ast.AST, source: str) -> str:
    """Return a definition's text without comments, docstrings and layout; the same in all versions of Python."""
    lines = source.splitlines(keepends=True)
    text = "".join(lines[node.lineno - 1 : node.end_lineno])
    blank = []
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(each) is not None:
            first = each.body[0]
            blank.append((first.lineno - node.lineno, first.end_lineno - node.lineno))
    kept = [
        "" if any(first <= number <= last for first, last in blank) else line
        for number, line in enumerate(text.splitlines(keepends=True))
    ]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            kept[row - 1] = kept[row - 1][:column] + "\n"
    decorators = "".join(ast.unparse(each) for each in getattr(node, "decorator_list", []))
    return decorators + "".join("".join(kept).split())
