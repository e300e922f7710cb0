"""A site to look at: made for the tests with the figures of one chapter, or a whole one that was made already."""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest


def pytest_addoption(parser):
    parser.addoption("--site", type=Path, help="look at every page of this site, which make site has made")


@pytest.fixture(scope="session")
def is_whole(request):
    """Whether every page is looked at, and not one of each kind."""
    return request.config.getoption("--site", default=None) is not None


@pytest.fixture(scope="session")
def site(request, project):
    """The folder of a site."""
    if importlib.util.find_spec("sphinx") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("the extra “site” is not installed: nobody looked at it")
    made = request.config.getoption("--site", default=None)
    if made is not None:
        return made.resolve()
    kept = project / "build/site-of-tests"
    mark = kept / "made-from.txt"
    version = version_of(project)
    if not mark.is_file() or mark.read_text(encoding="utf-8") != version:
        program = f"from tests.site.conftest import make; make({str(kept)!r})"
        subprocess.run(
            [sys.executable, "-c", program], cwd=project, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True
        )
        mark.write_text(version, encoding="utf-8")
    return kept


def make(folder):
    """Make a site whose first chapter's figures answer; what is alike for all chapters shows there."""
    from cnncourse.cli import command_line
    from cnncourse.site.build import build_site

    build_site(Path.cwd(), Path(folder), command_line().parsers, alive="01-lenet-5")


def version_of(project):
    """Return what changes with all that the site is made from."""
    digest = hashlib.sha256()
    for pattern in ("cnncourse/**/*", "chapters/*.ipynb", "exercises/*/*.ipynb", "docs/*.md", "*.md", "pyproject.toml"):
        for path in sorted(project.glob(pattern)):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.read_bytes())
    return digest.hexdigest()
