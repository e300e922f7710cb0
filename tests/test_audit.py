"""A vulnerability is told and fails; what could not be looked up is told, and never passes for sound."""

import subprocess

import pytest

from tests import audit

SOUND = {"name": "numpy", "version": "2.4.6", "vulns": []}
UNSOUND = {
    "name": "jinja2",
    "version": "3.1.0",
    "vulns": [
        {"id": "PYSEC-1", "fix_versions": ["3.1.6"], "aliases": [], "description": ""},
        {"id": "PYSEC-2", "fix_versions": [], "aliases": [], "description": ""},
    ],
}
UNKNOWN = {"name": "torch", "skip_reason": "not found on PyPI"}


def test_each_vulnerability_is_told_and_fails():
    lines, status = audit.judged({"dependencies": [SOUND, UNSOUND]}, "")
    assert status == 1
    assert lines[:2] == ["jinja2 3.1.0: PYSEC-1, mended in 3.1.6", "jinja2 3.1.0: PYSEC-2, mended in no version yet"]
    assert lines[2] == "2 of 2 packages checked, 2 vulnerabilities."


def test_what_the_database_does_not_know_is_not_called_sound():
    lines, status = audit.judged({"dependencies": [SOUND, UNKNOWN]}, "")
    assert status == 0
    assert lines == [
        "1 of 2 packages checked, 0 vulnerabilities.",
        "NOT CHECKED, for the database does not know them: torch.",
    ]


def test_a_database_out_of_reach_is_told_and_fails_nothing():
    (line,), status = audit.judged(None, "ConnectionError: Name or service not known")
    assert status == 0
    assert line.startswith("NOT CHECKED") and "Name or service not known" in line


@pytest.mark.parametrize(("returned", "said"), [(1, "ConnectionError: no route"), (1, "")])
def test_pip_audit_without_a_report_is_a_database_out_of_reach(monkeypatch, tmp_path, returned, said):
    ran = subprocess.CompletedProcess([], returned, "", f"Traceback\n{said}" if said else "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ran)
    assert audit.ask(tmp_path / "constraints.txt") == (None, said or "it said nothing")
