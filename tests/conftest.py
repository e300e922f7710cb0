"""Settings of all tests."""

from pathlib import Path

import pytest
import torch
from hypothesis import settings

# Always the same examples, and as much time as a busy machine takes.
settings.register_profile("course", derandomize=True, deadline=None, database=None)
settings.load_profile("course")


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
