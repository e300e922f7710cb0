"""Importing the course is cheap, and imports run one way."""

import ast
import subprocess
import sys

import pytest

# From top to bottom: a module may import from its own row and from those below.
ROWS = (
    {"cnncourse.cli"},
    {"cnncourse.classroom"},
    {"cnncourse.doctor", "cnncourse.notebooks", "cnncourse.course"},
    {"cnncourse.capstone"},
    {"cnncourse.architectures"},
    {"cnncourse.drawing", "cnncourse.experiments"},
    {"cnncourse.measure", "cnncourse.checking", "cnncourse.data", "cnncourse.training"},
)
HEAVY = ("torch", "matplotlib", "ipywidgets", "sklearn", "skimage", "scipy", "nbformat", "requests", "numpy")


@pytest.mark.parametrize(
    "statement", ["import cnncourse", "from cnncourse.architectures import CATALOGUE, architecture"]
)
def test_import_brings_in_nothing_heavy(statement):
    program = f"{statement}\nimport sys\nprint(*sorted(set(sys.modules) & set({HEAVY})))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "\n"


def row_of(module):
    for number, row in enumerate(ROWS):
        if any(module == name or module.startswith(name + ".") for name in row):
            return number
    return None


def test_every_module_has_its_row_and_no_import_runs_back_up(project):
    for path in sorted((project / "cnncourse").rglob("*.py")):
        module = ".".join(path.relative_to(project).with_suffix("").parts).removesuffix(".__init__")
        if module == "cnncourse":
            continue
        row = row_of(module)
        assert row is not None, f"{module} is in no row"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cnncourse."):
                assert row_of(node.module) >= row, f"{module} imports {node.module}"


def test_public_names_exist():
    import cnncourse

    for name in dir(cnncourse):
        assert getattr(cnncourse, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cnncourse.nothing  # noqa: B018 -- the access itself is tested
