"""Look up known vulnerabilities of everything that constraints.txt pins, with pip-audit.

``python -m tests.audit`` ends with 1 if there are any. Where the database cannot be reached, or lacks a package,
it says so and ends with 0: nothing was found, and nothing was proved.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PINNED = "constraints.txt"


def ask(pinned: Path) -> tuple[dict | None, str]:
    """Return pip-audit's report of a file of pinned versions, ``None`` if it made none, and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(pinned), "--no-deps", "--disable-pip"]
        command += ["--format", "json", "--output", str(report), "--progress-spinner", "off"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        said = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return (json.loads(report.read_text(encoding="utf-8")), said) if report.exists() else (None, said)


def judged(report: dict | None, said: str) -> tuple[list[str], int]:
    """Return what is to be said of a report, line by line, and the exit status.

    Args:
        report: pip-audit's, ``None`` if there is none.
        said: the last that pip-audit said.

    """
    if report is None:
        return [f"NOT CHECKED: the database of known vulnerabilities could not be asked ({said})."], 0
    packages = report["dependencies"]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    found = [
        f"{package['name']} {package['version']}: {vulnerability['id']}, "
        f"mended in {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for package in packages
        for vulnerability in package.get("vulns", ())
    ]
    lines = [
        *found,
        f"{len(packages) - len(unknown)} of {len(packages)} packages checked, {len(found)} vulnerabilities.",
    ]
    if unknown:
        lines.append(f"NOT CHECKED, for the database does not know them: {', '.join(unknown)}.")
    return lines, int(bool(found))


def main() -> int:
    """Check what is pinned, say what was found, and return the exit status."""
    lines, status = judged(*ask(Path(PINNED)))
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
