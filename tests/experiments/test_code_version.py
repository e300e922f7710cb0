"""The version of the code changes with what a run depends on, and with nothing else."""

import importlib
import sys
from functools import partial

import pytest

from cnncourse.experiments import code_version as versions

SOURCE = '''
"""A module."""
from cnncourse.data import digits

STEPS = 3
COLOUR = "blue"


def helper(number):
    """Double it."""
    return 2 * number  # twice


def run(seed):
    """Run."""
    return helper(seed) + STEPS


def plot():
    return COLOUR


class Arm:
    def __call__(self, seed):
        return helper(seed)
'''


@pytest.fixture
def version(tmp_path, monkeypatch):
    """Return the version of a run of a module with some text replaced."""
    monkeypatch.setattr(versions, "ROOT", "toy")
    monkeypatch.syspath_prepend(tmp_path)

    def of(before="", after="", run="run", wrap=lambda run: run):
        assert before in SOURCE
        (tmp_path / "toy.py").write_text(SOURCE.replace(before, after) if before else SOURCE, encoding="utf-8")
        sys.modules.pop("toy", None)
        importlib.invalidate_caches()
        versions._read.cache_clear()
        module = importlib.import_module("toy")
        return versions.code_version([wrap(getattr(module, run))])

    yield of
    sys.modules.pop("toy", None)
    versions._read.cache_clear()


@pytest.mark.parametrize(
    ("before", "after"), [("STEPS = 3", "STEPS = 4"), ("2 * number", "3 * number"), ("+ STEPS", "- STEPS")]
)
def test_what_the_run_reaches_counts(version, before, after):
    assert version() != version(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"blue"', '"red"'),
        ('"""Double it."""', '"""Make it twice as large."""'),
        ("  # twice", "  # two times"),
        ("return helper(seed) + STEPS", "return helper(seed)  +  STEPS"),
        ("\n\n\ndef run", "\n\n\n\n\ndef run"),
    ],
)  # fmt: skip
def test_comments_layout_and_what_the_run_does_not_reach_do_not_count(version, before, after):
    assert version() == version(before, after)


def test_arguments_of_a_partial_count_and_classes_among_them_are_followed(version):
    plain = version(wrap=lambda run: partial(run, 1))
    assert plain != version(wrap=lambda run: partial(run, 2))
    through = version(run="Arm", wrap=lambda arm: partial(print, arm))
    assert through != version("2 * number", "3 * number", run="Arm", wrap=lambda arm: partial(print, arm))
