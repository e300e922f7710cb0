"""Settings of all tests."""

from pathlib import Path

import pytest
import torch
from hypothesis import settings

from cnncourse.architectures import CATALOGUE

# Always the same examples, and as much time as a busy machine takes.
settings.register_profile("course", derandomize=True, deadline=None, database=None)
settings.load_profile("course")


# Files whose tests have little in common but for those of one chapter, which share what takes long to make.
BY_CHAPTER = ("test_answers.py", "test_nbgrader.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Where several processes share the tests, keep those of a file together, or those of a file and a chapter."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            chapter = next((record.slug for record in CATALOGUE if record.slug in test), "")
            return f"{file} {chapter}" if file.endswith(BY_CHAPTER) else file

    return Together(config, log)


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """The networks in the tests are tiny: a second thread only makes them slower."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Keep the tests' downloads and quiz answers out of the user's own folders."""
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CNNCOURSE_PROGRESS", str(tmp_path / "progress.jsonl"))


@pytest.fixture(scope="session")
def project():
    """The folder of the course."""
    return Path(__file__).resolve().parent.parent
