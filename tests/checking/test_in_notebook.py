"""A check knows what happened in the notebook: cells that did not run, loops without end, answers of the wrong kind."""

import os
import signal
import threading
import time
from textwrap import dedent

import nbformat
import pytest
from nbclient import NotebookClient

from cnncourse import check
from cnncourse.architectures.lenet5.model import C3_TABLE
from cnncourse.checking import in_notebook
from cnncourse.checking.in_notebook import StoppedError, saying_where_it_is
from cnncourse.learner.progress import recorded_events
from tests.architectures.lenet5.answers import MaskedConv

RIGHT = """
    class C3(nn.Module):
        def __init__(self, table):
            super().__init__()
            self.convolution = nn.Conv2d(6, len(table), 5)
            self.register_buffer("mask", torch.zeros(len(table), 6, 1, 1))
            for target, sources in enumerate(table):
                self.mask[target, list(sources)] = 1

        def forward(self, maps):
            return nn.functional.conv2d(maps, self.convolution.weight * self.mask, self.convolution.bias)
"""
FIRST = "import torch\nfrom torch import nn\nfrom cnncourse import check"
CHECK = 'report = check("01-lenet-5", C3)\ndisplay(report)\nreport.points'


def outputs_of(*sources):
    """Run cells in a kernel, as far as each goes, and return the outputs of the last."""
    cells = [nbformat.v4.new_code_cell(dedent(source)) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=600, startup_timeout=600, kernel_name="python3", allow_errors=True).execute()
    return notebook.cells[-1].outputs


def text_of(outputs):
    return "\n".join(output.get("data", {}).get("text/plain", "") for output in outputs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (RIGHT.replace("table):", "table:"), "SyntaxError"),
        (RIGHT.replace("nn.Module", "nn.Modul"), "module 'torch.nn' has no attribute 'Modul'"),
        ("def C3(table):\n    return 1\nC3 = C4", "NameError: name 'C4' is not defined, in the line  C3 = C4"),
    ],
    ids=["syntax error", "attribute error", "name error"],
)
def test_a_cell_that_did_not_run_is_said_and_its_old_answer_is_not_judged(broken, said):
    text = text_of(outputs_of(FIRST, RIGHT, broken, CHECK, CHECK))
    assert "C3: not judged" in text
    assert said in text
    assert recorded_events() == []


@pytest.mark.slow
def test_once_it_runs_it_is_judged_and_other_cells_may_fail():
    outputs = outputs_of(FIRST, RIGHT.replace("table):", "table:"), RIGHT, "1 / 0", CHECK)
    assert "C3: 8 of 8 points" in text_of(outputs)
    # nbgrader finds the points as the result, and a reader sees nothing there.
    assert outputs[-1].output_type == "execute_result"
    assert outputs[-1].data == {"text/plain": "8.0", "text/html": ""}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (MaskedConv(C3_TABLE), "built already"),
        (None, "nothing (None)"),
        ([1], "an object of the type list"),
    ],
)
def test_an_answer_of_the_wrong_kind_is_told_as_that_once(answer, said):
    report = check("01-lenet-5", answer, part="C3")
    assert report.points == 0
    assert repr(report).count(said) == 1


def never_ends(started):
    started.set()
    while True:
        time.sleep(0.01)


def as_if_in_a_notebook(function):
    """Let a function look as if a cell had defined it."""
    return type(function)(function.__code__, {"__name__": "__main__", "time": time}, function.__name__)


def stop_once(started):
    started.wait()
    os.kill(os.getpid(), signal.SIGINT)


def test_whoever_stops_a_check_is_told_the_own_line():
    started = threading.Event()
    threading.Thread(target=stop_once, args=(started,)).start()
    with pytest.raises(StoppedError) as stopped, saying_where_it_is():
        as_if_in_a_notebook(never_ends)(started)
    shown = "\n".join(stopped.value._render_traceback_())
    assert "time.sleep(0.01)" in shown or "while True:" in shown
    assert "in_notebook" not in shown


def test_a_check_that_takes_long_says_where_it_is_until_it_ends(monkeypatch):
    shown = []
    enough = threading.Event()

    class Shown:
        def update(self, told, raw):
            shown.append(told)
            enough.set()

    def display(told, raw, display_id):
        shown.append(told)
        return Shown()

    def slow():
        enough.wait()  # until it was told twice

    monkeypatch.setattr(in_notebook, "PATIENCE", 0.01)
    monkeypatch.setattr(in_notebook, "_shell", object)
    monkeypatch.setattr("IPython.display.display", display)
    with saying_where_it_is():
        type(slow)(slow.__code__, {"__name__": "__main__"}, "slow", None, slow.__closure__)()
    assert "Still running in your line enough.wait()" in shown[0]["text/plain"]
    assert "■" in shown[0]["text/html"]
    assert shown[-1] == {"text/plain": ""}
