"""A pytest plugin that closes two gaps of nbval, through which broken notebooks pass.

nbval never compares a cell that was saved without having been executed, and after a timeout or a dead kernel it lets
all remaining cells of a notebook "fail as expected". Every notebook also runs with an empty learner's record, so that
what it shows of it is what was committed.
"""

import os
import tempfile
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

RECORD = pytest.StashKey[tempfile.TemporaryDirectory]()  # a notebook's own learner's record


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Fail on a code cell that was saved unexecuted and is not marked."""
    if not isinstance(item, IPyNbCell):
        return
    if item.parent.kernel is None:  # it starts after this, and takes the environment as it is then
        item.parent.stash[RECORD] = tempfile.TemporaryDirectory()
        os.environ["CNNCOURSE_PROGRESS"] = str(Path(item.parent.stash[RECORD].name) / "progress.jsonl")
    is_compared = item.options["check"] and not item.options["skip"]
    if is_compared and item.cell.source.strip() and item.cell.execution_count is None:
        pytest.fail("this cell was saved without being executed, so nothing is compared: make notebooks", pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn an expected failure into a failure: no cell of this course is expected to fail."""
    report = (yield).get_result()
    if isinstance(item, IPyNbCell) and hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"not run: {report.wasxfail or 'the kernel stopped or timed out before this cell'}"
        del report.wasxfail
