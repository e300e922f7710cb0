"""Grade the exercise in one repository, as a GitHub action: a summary for the run, and a result for GitHub Classroom.

python grade.py 01-lenet-5 [folder of the repository]
"""

import base64
import json
import os
import sys
import tempfile
from pathlib import Path

from cnncourse.architectures import architecture
from cnncourse.classroom.grade_class import grade_class
from cnncourse.classroom.grading.assignment import assignment
from cnncourse.classroom.grading.results import Result
from cnncourse.classroom.reports.disclosure import for_learner
from cnncourse.work.folder import handed_out


def find(repository: Path, names: tuple[str, ...]) -> Path:
    """Return the exercise's notebook in a repository: that with its name, the nearest to the top.

    Raises:
        LookupError: if there is none.

    """
    found = [
        path
        for name in names
        for path in repository.rglob(name)
        if not any(part.startswith(".") for part in path.relative_to(repository).parts)
    ]
    if not found:
        raise LookupError(f"no {' or '.join(names)} in the repository; hand the notebook in under its own name")
    return min(found, key=lambda path: (len(path.parts), path))


def classroom(result: Result) -> str:
    """Return a result as GitHub Classroom's reporter reads it: JSON in base64, a test a check."""
    tests = []
    for check in map(for_learner, result.checks):
        tests.append(
            {
                "name": f"{check.part}: {check.check}",
                "status": "pass" if check.points == check.possible else "fail",
                "score": check.points,
                "message": check.message,
                "test_code": "",
                "filename": "",
                "line_no": 0,
                "duration": 0,
            }
        )
    status = "pass" if result.points == result.possible else "fail"
    content = {"version": 1, "status": status, "max_score": result.possible, "tests": tests}
    return base64.b64encode(json.dumps(content).encode()).decode()


def summary(result: Result) -> str:
    """Return a result as a table in Markdown."""
    lines = [f"## {result.exercise}: {result.points} of {result.possible} points", "", "| | check | points | |"]
    lines.append("| --- | --- | --- | --- |")
    for check in map(for_learner, result.checks):
        sign = "✓" if check.points == check.possible else "✗"
        cells = [sign, f"{check.part}: {check.check}", f"{check.points} of {check.possible}", told(check.message)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"- {told(remark)}" for remark in result.remarks)]) + "\n"


def told(text: str) -> str:
    """Return a text that is no Markdown and ends no cell, whatever an answer has written into it."""
    return "".join(f"&#{ord(sign)};" if sign in "<>&|`*_[]()\\\n\r" else sign for sign in text)


def append(variable: str, text: str) -> None:
    """Append to a file that GitHub names, if it does."""
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


def main(name: str, repository: str = ".") -> Result:
    """Grade, and write the result where GitHub looks for it."""
    exercise = architecture(name).chapter
    project = handed_out()
    with tempfile.TemporaryDirectory() as scratch:
        notebook = find(Path(repository), assignment(exercise, project).notebooks)
        grade_class(notebook, exercise, Path(scratch), project)
        (path,) = (Path(scratch) / "results").glob("*.json")
        result = Result.from_json(path.read_text(encoding="utf-8"))
    append("GITHUB_STEP_SUMMARY", summary(result))
    append("GITHUB_OUTPUT", f"points={result.points}\npossible={result.possible}\nresult={classroom(result)}\n")
    print(f"{result.points} of {result.possible} points")
    return result


if __name__ == "__main__":
    main(*sys.argv[1:])
