"""Settings of all tests."""

import os
import shutil
import signal
from pathlib import Path

# The networks in the tests are tiny: a second thread only makes them slower, here and in every process that is started.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from cnncourse.architectures import CATALOGUE

# What a shell starts in the background ignores Ctrl-C, and so do tests of it and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Always the same examples, and as much time as a busy machine takes.
settings.register_profile("course", derandomize=True, deadline=None, database=None)
settings.load_profile("course")


# Files whose tests have little in common but for those of one chapter, which share what takes long to make.
BY_CHAPTER = ("test_answers.py", "test_every_exercise.py", "test_exercises.py", "test_nbgrader.py")
# Fixtures that take long to make: whoever uses one is slow.
LONG_TO_MAKE = {"bundle_of_all", "onnx_file", "ranked", "site", "timeline_of_all"}
# The chapter whose tests stand for all in `make test-fast`, and the part of its exercise that is judged soonest.
QUICK, QUICK_PART = "lenet-5", "MendedSubsampling"

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # a page that needs the network must fail here
]


def chapter_of(test):
    """Return the slug of the chapter that a test's parameters name, "" if they name none."""
    return next((record.slug for record in CATALOGUE if record.slug in test.partition("[")[2]), "")


def pytest_collection_modifyitems(items):
    """Mark tests that use what takes long to make, or do for one chapter what the same test does for the first."""
    for item in items:
        is_in_browser = item.get_closest_marker("browser") is not None
        uses_what_is_long = not is_in_browser and not LONG_TO_MAKE.isdisjoint(item.fixturenames)
        is_quick = QUICK in item.nodeid and (item.path.name != "test_exercises.py" or QUICK_PART in item.nodeid)
        if uses_what_is_long or (item.path.name in BY_CHAPTER and not is_quick):
            item.add_marker(pytest.mark.slow)
        if chapter_of(item.nodeid) not in ("", QUICK) or item.path.name == "test_exercise.py":
            item.add_marker(pytest.mark.repeated)  # the judge has tests of its own, on exercises that are toys
        if not any(map(item.get_closest_marker, ("browser", "repeated", "slow"))):
            item.user_properties.append(("quick", True))  # make report says which of these are not


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Where several processes share the tests, keep those of a file together, or those of a file and a chapter."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            return f"{file} {chapter_of(test)}" if file.endswith(BY_CHAPTER) else file

    return Together(config, log)


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """What a test trains is small, and its neighbours are running: no helpers but in tests of them."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Keep the tests' downloads and quiz answers out of the user's own folders."""
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CNNCOURSE_PROGRESS", str(tmp_path / "progress.jsonl"))


@pytest.fixture(scope="session")
def project():
    """The folder of the course."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def browser():
    """A browser, the only one of a process: playwright can be started but once in it."""
    if CHROMIUM is None:
        message = "no Chromium here, so nobody looked at notebooks and pages in a browser"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=300_000)
        yield opened
        opened.close()
