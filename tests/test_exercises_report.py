"""The report on the exercises finds every kind of gap."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from cnncourse.checking import Check, Exercise, Fault, Part
from tests import exercises_report
from tests.exercises_report import report_exercise, table


@dataclass(frozen=True)
class Wrong:
    part: str
    answer: object
    check: str
    said: str


def number(value):
    def answer():
        return value

    answer.__name__ = f"answer_{value}"
    return answer


def unwritten():
    raise NotImplementedError


def probe(answer, _inputs):
    return {"value": answer()}


def judge_is_four(seen, _inputs):
    value = seen["value"]
    return None if value == 4 else Fault("not four", misconception="" if value > 100 else f"{value} for four")


def judge_is_small(seen, _inputs):
    return None if seen["value"] < 1000 else Fault("too large")


FOUR = Check("is four", 2, probe, judge_is_four, ("count",))
SMALL = Check("is small", 1, probe, judge_is_small, ("shrink",), public=False)
EXERCISE = Exercise("00-four", "Four", (Part("four", "build", 1, (FOUR, SMALL)),))
WRONG = tuple(Wrong("four", number(value), "is four", f"{value} for four") for value in range(10, 18))
RIGHT = tuple(("four", number(4)) for _ in range(3))
MASTER, UNTOUCHED = {"four": number(4)}, {"four": unwritten}


def gaps(exercise=EXERCISE, wrong=WRONG, right=RIGHT, master=MASTER, untouched=UNTOUCHED):
    _, found = report_exercise(exercise, SimpleNamespace(WRONG=wrong, RIGHT=right), master, untouched)
    return found


def test_exercise_that_keeps_its_promises_has_no_gap():
    assert gaps() == []


def test_table_counts_part_by_part_and_in_total():
    parts, _ = report_exercise(EXERCISE, SimpleNamespace(WRONG=WRONG, RIGHT=RIGHT), MASTER, UNTOUCHED)
    last = table(EXERCISE, parts).splitlines()[-1].split()
    assert last == ["in", "total", "8", "8", "8", "3", "3", "3/3", "0/3"]


LIKE_ANOTHER = Wrong("four", number(200), "is four", "not four")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wrong": WRONG[:7]}, "7 wrong answers are refused with a message of their own, fewer than 8"),
        ({"right": RIGHT[:2]}, "2 right answers get full marks, fewer than 3"),
        ({"wrong": (*WRONG, Wrong("four", number(4), "is four", "four"))}, "four: answer_4 is not told “four”"),
        ({"wrong": (*WRONG, replace(WRONG[0], said="something else"))}, "answer_10 is not told “something else”"),
        (
            {"wrong": (*WRONG, LIKE_ANOTHER, replace(LIKE_ANOTHER, answer=number(300), said="not"))},
            "answer_300 is told the very same as answer_200",
        ),
        ({"right": (*RIGHT, ("four", number(5)))}, "answer_5 is right and gets 1 of 3 points"),
        ({"master": {"four": number(5)}}, "the master gets 1 of 3 points"),
        ({"untouched": {"four": number(5)}}, "the untouched version gets 1 points"),
        ({"master": {}}, "the master gets 0 of 3 points"),
    ],
    ids=[
        "few wrong",
        "few right",
        "not refused",
        "told something else",
        "told the same",
        "right refused",
        "master refused",
        "untouched earns",
        "no master",
    ],
)
def test_gap_is_found(change, said):
    assert any(said in gap for gap in gaps(**change)), gaps(**change)


def test_answers_that_share_a_misconception_may_be_told_the_same():
    assert gaps(wrong=(*WRONG, LIKE_ANOTHER, replace(LIKE_ANOTHER, answer=number(300)))) == []


def test_checks_at_grading_count_too():
    only_small = Exercise("00-small", "Small", (Part("four", "build", 1, (SMALL,)),))
    wrong = Wrong("four", number(2000), "is small", "too large")
    assert not any("not told" in gap for gap in gaps(only_small, wrong=(wrong,)))


@pytest.mark.parametrize(("found", "status"), [([], 0), (["a gap"], 1)])
def test_status_says_whether_there_is_a_gap(monkeypatch, found, status):
    monkeypatch.setattr(exercises_report, "report_exercise", lambda *_: ([], found))
    assert exercises_report.main() == status
