"""Importing the course is cheap, and imports run one way."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

# From top to bottom: a module imports from its own folder and from the rows below.
ROWS = (
    {"cnncourse.cli"},
    {"cnncourse.commands"},
    {"cnncourse.site"},
    {"cnncourse.course", "cnncourse.doctor"},
    {"cnncourse.work"},
    {"cnncourse.classroom"},
    {"cnncourse.classroom.term"},
    {"cnncourse.classroom.reports"},
    {"cnncourse.classroom.grading"},
    {"cnncourse.classroom.isolation", "cnncourse.classroom.collecting"},
    {"cnncourse.full_size"},
    {"cnncourse.notebooks", "cnncourse.history", "cnncourse.weights"},
    {"cnncourse.capstone"},
    {"cnncourse.architectures"},
    {"cnncourse.checking", "cnncourse.learner", "cnncourse.experiments"},
    {"cnncourse.drawing"},
    {"cnncourse.training", "cnncourse.measure"},
    {"cnncourse.data"},
    {"cnncourse.display"},
)
HEAVY = ("torch", "matplotlib", "ipywidgets", "sklearn", "skimage", "scipy", "nbformat", "requests", "numpy")


@pytest.mark.parametrize(
    "statement", ["import cnncourse", "from cnncourse.architectures import CATALOGUE, architecture"]
)
def test_import_brings_in_nothing_heavy(statement):
    program = f"{statement}\nimport sys\nprint(*sorted(set(sys.modules) & set({HEAVY})))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "\n"


@pytest.fixture(scope="module")
def modules(project):
    """Every module of the course, and what it imports from the course, wherever in it."""
    paths = {}
    for path in sorted((project / "cnncourse").rglob("*.py")):
        name = ".".join(path.relative_to(project).with_suffix("").parts)
        paths[name.removesuffix(".__init__")] = path
    return {
        module: {target for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for target in named(node)}
        & paths.keys()
        for module, path in paths.items()
    }


def named(node):
    """Whatever an import may mean: in ``from a import b``, a module a.b or something that the module a defines."""
    if isinstance(node, ast.Import):
        return {name.name for name in node.names}
    if isinstance(node, ast.ImportFrom):
        assert not node.level, "relative imports do not say which row they lead to"
        return {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return set()


def home_of(module):
    """The row that a module is in, and the name that it is in there by: the longest that fits."""
    fitting = [
        (len(name), number, name)
        for number, row in enumerate(ROWS)
        for name in row
        if module == name or module.startswith(name + ".")
    ]
    return max(fitting, default=(0, None, ""))[1:]


@pytest.mark.slow
def test_every_module_has_its_row_and_no_import_runs_back_up(modules):
    for module, imported in modules.items():
        if module == "cnncourse":
            continue
        row, name = home_of(module)
        assert row is not None, f"{module} is in no row"
        for target in imported - {"cnncourse"}:  # which imports nothing until it is asked
            below, other = home_of(target)
            assert other == name or below > row, f"{module} imports {target}"


def test_no_circle_among_modules(modules):
    TopologicalSorter(modules).prepare()  # raises CycleError, which names the circle


def test_no_circle_among_folders(modules):
    packages = {module.rpartition(".")[0] for module in modules}

    def folder(module):
        parent = module.rpartition(".")[0]
        return module if module in packages or parent == "cnncourse" else parent

    folders = {}
    for module, imported in modules.items():
        folders.setdefault(folder(module), set()).update(folder(target) for target in imported)
    TopologicalSorter({name: others - {name} for name, others in folders.items()}).prepare()


def test_public_names_exist():
    import cnncourse

    for name in dir(cnncourse):
        assert getattr(cnncourse, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cnncourse.nothing  # noqa: B018 -- the access itself is tested
