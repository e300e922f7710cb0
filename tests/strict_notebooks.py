"""A pytest plugin that closes three gaps of nbval, through which broken notebooks pass.

nbval never compares a cell that was saved without having been executed, after a timeout or a dead kernel it lets all
remaining cells of a notebook "fail as expected", and it never looks at a picture in PNG, nor at any of a cell whose
output may change. Every notebook also runs with an empty learner's record and without downloaded weights, so that what
it shows of them is what was committed.
"""

import os
import tempfile
from itertools import zip_longest
from pathlib import Path

import pytest
from joblib.externals.loky import cpu_count
from nbval.plugin import IPyNbCell, NbCellError

from cnncourse.notebooks import without_own_things
from tests import pictures

OUTPUT_TIMEOUT = 120  # seconds; nbval waits five for what a cell prints, which a busy machine may exceed
PNG = r"data:image/png;base64,[A-Za-z0-9+/=]*"  # compared by what is to be seen, not byte by byte
RECORD = pytest.StashKey[tempfile.TemporaryDirectory]()  # a notebook's own learner's record


def pytest_addoption(parser):
    """Say where pictures go that are not what was committed."""
    parser.addoption(
        "--differing-pictures",
        default="differing-pictures",
        help="folder for pictures of notebooks that differ from the committed ones, beside these",
    )


def pytest_configure():
    """Share the cores among the notebooks that run at once."""
    beside = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", str(max(1, cpu_count() // beside)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """Compare a cell's pictures with the committed ones, whether its other outputs are compared or not."""
    outcome = yield
    if not isinstance(item, IPyNbCell) or item.test_outputs is None or item.cell.execution_count is None:
        return
    if found := "\n".join(differing(item)):
        try:
            outcome.get_result()
        except NbCellError:  # it says itself what else is wrong
            item.add_report_section("call", "pictures", found)
        else:
            outcome.force_exception(NbCellError(item.cell_num, found, item.cell.source))


def differing(item):
    """Say of each picture of a cell in what it differs, and where both can be looked at."""
    folder = Path(item.config.getoption("--differing-pictures")) / item.path.stem
    both = zip_longest(pictures.shown(item.cell.outputs), pictures.shown(item.test_outputs))
    for number, (committed, fresh) in enumerate(both, start=1):
        if committed is None or fresh is None:
            said = "it was not there before" if committed is None else "it is missing"
        else:
            said = pictures.difference(committed, fresh, other_values=not item.options["check"])
        if said:
            name = f"cell-{item.cell_num}-picture-{number}"
            files = {"committed": committed, "fresh": fresh}
            paths = [str(shown.save(folder / f"{name}-{when}")) for when, shown in files.items() if shown]
            yield f"picture {number}: {said}; see {' and '.join(paths)}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Fail on a code cell that was saved unexecuted and is not marked."""
    if not isinstance(item, IPyNbCell):
        return
    item.output_timeout = OUTPUT_TIMEOUT
    item.parent.sanitize_patterns[PNG] = "a picture"
    if item.parent.kernel is None:  # it starts after this, and takes the environment as it is then
        item.parent.stash[RECORD] = tempfile.TemporaryDirectory()
        os.environ.update(without_own_things(item.parent.stash[RECORD].name))
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
