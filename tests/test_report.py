"""The page shows what the runs left behind, and calls missing what they did not."""

import json

from tests import report

XML = """<testsuites><testsuite>
<testcase classname="tests.test_exercises" name="test_wrong_answer_is_refused[lenet-5-right side]" time="2.5"/>
<testcase classname="tests.test_exercises" name="test_misconception_is_named[lenet-5-other]" time="1">
<failure/></testcase>
<testcase classname="tests.test_exercises" name="test_right_answer_is_accepted[lenet-5-loop]" time="1"/>
</testsuite></testsuites>"""


def test_wrong_and_right_answers_are_counted_by_exercise(tmp_path):
    (tmp_path / "tests.xml").write_text(XML, encoding="utf-8")
    assert report.exercises(report.tests_of(tmp_path / "tests.xml")).rows == [
        ("01-lenet-5", "1 of 2", "1 of 1", "2 of 3")
    ]


def test_slowest_come_first(tmp_path):
    (tmp_path / "tests.xml").write_text(XML, encoding="utf-8")
    assert [row[2] for row in report.slowest(report.tests_of(tmp_path / "tests.xml")).rows] == ["2.5", "1.0", "1.0"]


MARKED = """<testsuites><testsuite><testcase classname="tests.a" name="test_long" time="1.5">
<properties><property name="quick" value="True"/></properties></testcase>
<testcase classname="tests.a" name="test_marked_as_slow" time="9"/></testsuite></testsuites>"""


def test_long_tests_of_the_quick_ones_are_named(tmp_path):
    (tmp_path / "tests.xml").write_text(MARKED, encoding="utf-8")
    assert report.unmarked(report.tests_of(tmp_path / "tests.xml")).rows == [("tests.a", "test_long", "1.5")]
    (tmp_path / "tests.xml").write_text(XML, encoding="utf-8")
    assert report.unmarked(report.tests_of(tmp_path / "tests.xml")).rows == [("none", "", "")]


def test_every_chapter_with_an_experiment_shows_effect_and_verdict(project):
    rows = report.chapters([]).rows
    of_chapter_1 = [row for row in rows if row[0] == "01-lenet-5"]
    assert len(of_chapter_1) == 1
    assert of_chapter_1[0][1] == "not run"
    assert "95 % interval" in of_chapter_1[0][4]
    assert of_chapter_1[0][5].startswith("reproduced") and of_chapter_1[0][5].endswith("5 seeds")
    assert {path.stem for path in (project / "chapters").glob("*.ipynb")} == {row[0] for row in rows}


def test_what_was_not_run_is_called_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "MUTATION", tmp_path / "none.json")
    tables = [report.exercises([]), report.protection(tmp_path), report.slowest([])]
    assert report.PAGE.render(tables=tables).count("Missing: ") == 3


def test_coverage_and_mutation_are_read(tmp_path, monkeypatch):
    (tmp_path / "coverage.json").write_text(json.dumps({"totals": {"percent_covered": 91.26}}), encoding="utf-8")
    counts = {"killed": 88, "timeout": 2, "survived": 8, "no_tests": 2, "skipped": 0, "total": 130}
    (tmp_path / "stats.json").write_text(json.dumps(counts), encoding="utf-8")
    monkeypatch.setattr(report, "MUTATION", tmp_path / "stats.json")
    rows = dict(report.protection(tmp_path).rows)
    assert rows["lines that a test runs"] == "91.3 %"
    assert rows["changes that a test notices"] == "90 of 100"
    assert rows["changes that were not tried"] == 30
    assert rows["changes that no test notices"] == 10
