"""What a notebook's cell needs of those before it: the statements that give its names their values, and no others."""

import ast
import builtins
import io
from collections.abc import Sequence
from contextlib import redirect_stdout

BUILTINS = frozenset(dir(builtins))


def value_of(cells: Sequence[str], number: int) -> object:
    """Return what a cell shows, from as little of the notebook as it takes.

    Args:
        cells: the code cells of the notebook, in order.
        number: of the cell; its last statement is an expression.

    Raises:
        NameError: if no cell before it defines a name that it needs.

    """
    own = ast.parse(cells[number]).body
    earlier = [statement for cell in cells[:number] for statement in ast.parse(cell).body]
    needed = _needed([*earlier, *own[:-1]], own[-1])
    namespace: dict[str, object] = {"__name__": "cnncourse_site"}
    with redirect_stdout(io.StringIO()):  # a statement that is needed may print as well
        exec(compile(ast.Module(needed, []), "notebook", "exec"), namespace)
        return eval(compile(ast.Expression(own[-1].value), "notebook", "eval"), namespace)


def _needed(statements: Sequence[ast.stmt], last: ast.stmt) -> list[ast.stmt]:
    """Return the statements that define what the last one uses, directly or not, in their order."""
    wanted, needed = _names(last, ast.Load), []
    for statement in reversed(statements):
        defined = _defined(statement)
        if defined & wanted:
            needed.append(statement)
            wanted = (wanted - defined) | _names(statement, ast.Load)
    return needed[::-1]


def _names(tree: ast.AST, kind: type) -> set[str]:
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, kind)}
    return found - BUILTINS


def _defined(statement: ast.stmt) -> set[str]:
    defined = _names(statement, ast.Store)
    for node in ast.walk(statement):
        if isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {(name.asname or name.name).partition(".")[0] for name in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
    return defined
