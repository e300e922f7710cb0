"""The gaps of nbval are closed: what must fail does fail."""

import subprocess
import sys

import nbformat
import pytest


def run(project, tmp_path, *cells, timeout=600, also=None):
    path = tmp_path / "notebook.ipynb"
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.strict_notebooks", "-p", "no:cacheprovider"]
    command += ["--nbval", f"--nbval-cell-timeout={timeout}", str(path), *([str(also)] if also else [])]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def cell(source, printed=None, count=1, **metadata):
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
    return nbformat.v4.new_code_cell(source, execution_count=count, outputs=outputs, metadata=metadata)


@pytest.mark.slow
def test_cell_that_still_prints_the_same_passes(project, tmp_path):
    result = run(project, tmp_path, cell("print(1)", "1\n"))
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "printed", "count", "said"),
    [("print(2)", "1\n", 1, "mismatch"), ("print(1)", None, None, "saved without being executed")],
    ids=["another output", "never executed"],
)
def test_cell_that_proves_nothing_or_something_else_fails(project, tmp_path, source, printed, count, said):
    result = run(project, tmp_path, cell(source, printed, count))
    assert result.returncode == 1
    assert said in result.stdout


@pytest.mark.slow
def test_marked_cell_may_be_unexecuted(project, tmp_path):
    result = run(project, tmp_path, cell("print(1)", count=None, tags=["nbval-ignore-output"]))
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
def test_every_notebook_begins_with_an_empty_record(project, tmp_path):
    source = "import os\nwith open(os.environ['CNNCOURSE_PROGRESS'], 'a') as file:\n    print(file.tell(), end='')\n"
    source += "    print('recorded', file=file)"
    (tmp_path / "first").mkdir()
    run(project, tmp_path / "first", cell(source, "0"))
    result = run(project, tmp_path, cell(source, "0"), also=tmp_path / "first/notebook.ipynb")
    assert "2 passed" in result.stdout


@pytest.mark.slow
def test_cells_after_a_timeout_fail_too(project, tmp_path):
    result = run(project, tmp_path, cell("import time; time.sleep(60)"), cell("print(1)", "1\n", 2), timeout=3)
    assert result.returncode == 1
    assert "2 failed" in result.stdout
    assert "xfailed" not in result.stdout
