"""One page about the course: what was run, what was found, and what protects it.

``python -m tests.report build/report`` writes ``index.html`` into a folder that holds what pytest and coverage left
there: ``tests.xml``, ``notebooks.xml`` and ``coverage.json``. What is not there is called missing, never fine.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import jinja2
import nbformat
import torch

from cnncourse import draw, measure
from cnncourse.architectures import CATALOGUE, architecture

PROJECT = Path(__file__).resolve().parent.parent
LONGEST = 15  # rows of a table of the slowest or largest
MUTATION = PROJECT / "mutants/mutmut-cicd-stats.json"
PAGE = jinja2.Environment(autoescape=True, trim_blocks=True).from_string("""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>cnncourse: report</title>
<style>body{font:15px/1.45 sans-serif;max-width:75em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}
td,th{padding:.2em .8em;border-bottom:1px solid #ccc;text-align:left;vertical-align:top}</style>
<h1>cnncourse: report</h1>
{% for table in tables %}
<h2>{{ table.title }}</h2>
{% if table.rows %}
<table><tr>{% for name in table.columns %}<th>{{ name }}{% endfor %}</tr>
{% for row in table.rows %}
<tr>{% for cell in row %}<td>{{ cell }}{% endfor %}</tr>
{% endfor %}
</table>
{% else %}
<p>Missing: {{ table.missing }}.</p>
{% endif %}
{% endfor %}
</html>
""")


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes:
        title: its heading.
        columns: the headings of its columns.
        rows: its cells.
        missing: what would have to be run first, said where there are no rows.

    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple]
    missing: str = "nothing to show"


@dataclass(frozen=True)
class Test:
    """A test or cell that was run: where it stands, its name, seconds, whether it passed, and is in make test-fast."""

    where: str
    name: str
    seconds: float
    passed: bool
    is_quick: bool = False


def tests_of(path: Path) -> list[Test]:
    """Read what pytest wrote with ``--junitxml``; nothing if it is not there."""
    if not path.exists():
        return []
    return [
        Test(
            case.get("classname", ""),
            case.get("name", ""),
            float(case.get("time", 0)),
            case.find("failure") is None and case.find("error") is None and case.find("skipped") is None,
            case.find("properties/property[@name='quick']") is not None,
        )
        for case in ElementTree.parse(path).iter("testcase")
    ]


def findings(notebook: Path) -> Iterator[tuple[str, str, str]]:
    """Yield claim, effects and verdict of each experiment that a notebook shows."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            text = "".join(output.get("data", {}).get("text/plain", ""))
            if match := re.fullmatch(r"claim: (.*?)\n(.*)\nverdict: (.*)", text, re.DOTALL):
                effects = re.findall(r": (?:yes|no) \((.*)\)", match[2])
                yield match[1], "; ".join(effects), match[3]


def chapters(cells: list[Test]) -> Table:
    """Say of each chapter how long it ran, whether all its cells passed, and what its experiments found."""
    rows = []
    for path in sorted((PROJECT / "chapters").glob("*.ipynb")):
        own = [cell for cell in cells if path.stem in cell.where or path.stem in cell.name]
        seconds = f"{sum(cell.seconds for cell in own):.0f}" if own else "not run"
        passed = f"{sum(cell.passed for cell in own)} of {len(own)}" if own else ""
        for claim, effects, verdict in [*findings(path)] or [("", "", "")]:
            rows.append((path.stem, seconds, passed, claim, effects, verdict))
    columns = ("chapter", "seconds", "cells passed", "claim", "effect and 95 % interval", "verdict")
    return Table("Chapters", columns, rows)


def exercises(tests: list[Test]) -> Table:
    """Say of each exercise how many wrong answers were refused, and how many right ones accepted."""
    rows = []
    for record in CATALOGUE:
        own = [test for test in tests if "test_exercises" in test.where and record.slug in test.name]
        counts = []
        for kind in ("wrong|misconception|mistake", "right"):
            of_kind = [test for test in own if re.search(kind, test.name.partition("[")[0])]
            counts.append(f"{sum(test.passed for test in of_kind)} of {len(of_kind)}")
        if own:
            rows.append((record.chapter, *counts, f"{sum(test.passed for test in own)} of {len(own)}"))
    columns = ("exercise", "wrong answers refused", "right answers accepted", "all its tests passed")
    return Table("Exercises", columns, rows, "tests.xml, by pytest --junitxml")


def protection(folder: Path) -> Table:
    """Say how much of the code the tests run, and how many changes of it they notice."""
    rows = []
    if (folder / "coverage.json").exists():
        totals = json.loads((folder / "coverage.json").read_text(encoding="utf-8"))["totals"]
        rows.append(("lines that a test runs", f"{totals['percent_covered']:.1f} %"))
    if MUTATION.exists():
        counts = json.loads(MUTATION.read_text(encoding="utf-8"))
        unnoticed = counts["survived"] + counts["no_tests"]
        judged = counts["killed"] + counts["timeout"] + unnoticed
        rows.append(("changes that a test notices", f"{judged - unnoticed} of {judged}"))
        rows.append(("of these, changes after which a test never ended", counts["timeout"]))
        rows.append(("changes that no test notices", unnoticed))
        rows.append(("changes that were not tried", counts["total"] - judged))
    return Table("Coverage and mutation", ("what", "how much"), rows, "coverage.json, and make mutation")


def sizes() -> Table:
    """List the largest files of the code."""
    lines = {
        path.relative_to(PROJECT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("cnncourse", "tests")
        for path in (PROJECT / folder).rglob("*.py")
    }
    return Table("Largest files", ("file", "lines"), _largest(lines.items(), lambda item: item[1]))


def slowest(tests: list[Test]) -> Table:
    """List the tests and cells that took longest."""
    rows = [(test.where, test.name, f"{test.seconds:.1f}") for test in _largest(tests, lambda test: test.seconds)]
    return Table("Slowest tests and cells", ("where", "test", "seconds"), rows, "tests.xml and notebooks.xml")


def unmarked(tests: list[Test]) -> Table:
    """List tests of make test-fast that took more than half a second: make them quicker, or mark them as slow."""
    long = [test for test in tests if test.is_quick and test.seconds > 0.5]
    rows = [(test.where, test.name, f"{test.seconds:.1f}") for test in _largest(long, lambda test: test.seconds)]
    if tests and not rows:
        rows = [("none", "", "")]
    return Table("Longer than half a second in make test-fast", ("where", "test", "seconds"), rows, "tests.xml")


def _largest(items, key: Callable) -> list:
    return sorted(items, key=key, reverse=True)[:LONGEST]


def peers() -> Table:
    """Compare with other tools and libraries, where they are installed: how many times as long ours takes."""
    record = architecture("resnet-50")
    model, images = record.build().eval(), torch.zeros(1, *record.input_shape)
    rows = []

    def compare(what: str, package: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
        ratio = f"{_seconds(ours) / _seconds(theirs):.2f}" if find_spec(package) else "not installed"
        rows.append((what, package, ratio))

    def summary() -> object:
        import torchinfo

        return torchinfo.summary(model, input_data=images, verbose=0)

    def graph() -> object:
        import torchview

        return torchview.draw_graph(record.build(), input_data=images, device="cpu")

    def theirs() -> object:
        import torchvision

        return torchvision.models.resnet50(weights=None)

    def step(network: torch.nn.Module) -> Callable[[], object]:
        return lambda: network(images).sum().backward()

    compare("counting ResNet-50", "torchinfo", lambda: measure.layers(model, record.input_shape), summary)
    compare("drawing ResNet-50", "torchview", lambda: draw(model, record.input_shape).svg, graph)
    if find_spec("torchvision"):
        other = theirs().eval()
        compare("forward pass of ResNet-50", "torchvision", lambda: model(images), lambda: other(images))
        compare("forward and backward pass of ResNet-50", "torchvision", step(model), step(other))
    else:
        rows.append(("forward and backward pass of ResNet-50", "torchvision", "not installed"))
    return Table("Beside others", ("what", "beside", "our time / theirs"), rows)


def _seconds(work: Callable[[], object], times: int = 3) -> float:
    """Return the shortest of some runs."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def page(folder: Path) -> str:
    """Return the whole page in HTML."""
    tests, cells = tests_of(folder / "tests.xml"), tests_of(folder / "notebooks.xml")
    slow = slowest([*tests, *cells]), unmarked(tests)
    tables = [chapters(cells), exercises(tests), protection(folder), *slow, sizes(), peers()]
    return PAGE.render(tables=tables)


if __name__ == "__main__":
    into = Path(sys.argv[1])
    into.mkdir(parents=True, exist_ok=True)
    (into / "index.html").write_text(page(into), encoding="utf-8")
    print(f"written: {into / 'index.html'}")
