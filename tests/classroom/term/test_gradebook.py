"""What counts of each exercise, and the totals, follow from the rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cnncourse.classroom.term.changes import Change
from cnncourse.classroom.term.gradebook import make_book
from cnncourse.classroom.term.records import read_records
from cnncourse.classroom.term.rules import ExerciseRule, Late, LearnerRule, Term
from tests.classroom.term.a_term import EXERCISES, graded, possible, write

LENET, ALEXNET, VGG = EXERCISES
DUE = datetime(2026, 10, 12, 18, tzinfo=UTC)


def book(folder, term=None, changes=()):
    return make_book(read_records(folder), term or Term(), changes)


def row(folder, student, term=None, changes=()):
    return next(row for row in book(folder, term, changes).rows if row.student == student)


@pytest.fixture
def three(tmp_path):
    """Ann does all, Bob gets worse and stops, Cy handed in the last only."""
    write(tmp_path, LENET, {"ann": 1, "bob": 1}, missing=["cy"])
    write(tmp_path, ALEXNET, {"ann": 1, "bob": 0}, missing=["cy"])
    write(tmp_path, VGG, {"ann": 1, "cy": 1}, missing=["bob"])
    return tmp_path


def test_exercises_are_in_the_order_of_the_chapters_and_weigh_the_same_by_themselves(three):
    assert book(three).exercises == EXERCISES
    assert row(three, "ann").total == 1
    assert row(three, "bob").total == pytest.approx(1 / 3)


def test_weights_count(three):
    term = Term(exercises={LENET: ExerciseRule(weight=4), VGG: ExerciseRule(weight=0)})
    assert row(three, "bob", term).total == pytest.approx(4 / 5)
    assert row(three, "cy", term).total == 0


@pytest.mark.parametrize(("missing", "total", "points"), [("0", 1 / 3, 0), ("blank", 1, None), ("excused", 1, None)])
def test_missing_work_counts_as_the_teacher_says(three, missing, total, points):
    cy = row(three, "cy", Term(missing=missing))
    assert cy.total == pytest.approx(total)
    assert cy.marks[LENET].points == points


def test_the_weakest_are_dropped_but_never_all(three):
    assert row(three, "cy", Term(drop=2)).total == 1
    assert row(three, "cy", Term(drop=9)).dropped == {LENET, ALEXNET}
    assert row(three, "bob", Term(drop=1)).total == pytest.approx(1 / 2)


def test_excused_work_does_not_count_even_if_it_was_handed_in(three):
    term = Term(learners={"bob": LearnerRule(excused=frozenset({ALEXNET, VGG}))})
    assert row(three, "bob", term).total == 1
    assert row(three, "bob", term).marks[ALEXNET].status == "excused"


def test_points_are_those_of_the_platform(three):
    mark = row(three, "ann").marks[LENET]
    assert mark.scaled(None) == possible(LENET)
    assert mark.scaled(100) == 100
    assert row(three, "cy").marks[LENET].scaled(100) == 0


LATE = Late(timedelta(minutes=10), 10, 30)


@pytest.mark.parametrize(
    ("after", "extension", "lost"),
    [
        (timedelta(0), None, 0),
        (timedelta(minutes=9), None, 0),
        (timedelta(minutes=11), None, 10),
        (timedelta(days=2), None, 20),
        (timedelta(days=20), None, 30),
        (timedelta(days=2), DUE + timedelta(days=3), 0),
        (timedelta(days=2), DUE + timedelta(days=1), 10),
    ],
)
def test_handing_in_late_costs_by_the_rule_and_an_extension_moves_the_deadline(tmp_path, after, extension, lost):
    write(tmp_path, LENET, {"ann": 1}, ann={"submitted": DUE + after})
    learners = {"ann": LearnerRule(extensions={LENET: extension})} if extension else {}
    mark = row(tmp_path, "ann", Term(late=LATE, exercises={LENET: ExerciseRule(due=DUE)}, learners=learners)).marks[
        LENET
    ]
    assert mark.share == pytest.approx(1 - lost / 100)
    assert mark.penalty == pytest.approx(lost * possible(LENET) / 100)


def test_what_a_platform_calls_late_without_a_time_costs_a_day(tmp_path):
    write(tmp_path, LENET, {"ann": 1, "bob": 0}, ann={"late": True}, bob={"late": True})
    for grace in (timedelta(0), timedelta(days=3)):
        term = Term(late=replace(LATE, grace=grace))
        assert row(tmp_path, "ann", term).marks[LENET].share == pytest.approx(0.9)
    assert row(tmp_path, "bob", Term(late=LATE)).marks[LENET].points == 0, "no grade is below nothing"


@pytest.mark.parametrize(("attempts", "share"), [("last", 0), ("best", 1)])
def test_of_several_hand_ins_the_last_or_the_best_counts(tmp_path, attempts, share):
    place = write(tmp_path, LENET, {"ann": 0}, attempts=2)
    (place / "results/earlier/1").mkdir(parents=True)
    (place / "results/earlier/1/ann.json").write_text(graded(LENET, "ann", 1).to_json())
    mark = row(tmp_path, "ann", Term(attempts=attempts)).marks[LENET]
    assert (mark.share, mark.attempts) == (share, 2)


def test_a_better_attempt_that_was_late_may_count_less(tmp_path):
    place = write(tmp_path, LENET, {"ann": 0.6}, ann={"submitted": DUE})
    earlier = (place / "results/ann.json").read_text()
    write(tmp_path, LENET, {"ann": 1}, attempts=2, ann={"submitted": DUE + timedelta(days=30)})
    (place / "results/earlier/1").mkdir(parents=True)
    (place / "results/earlier/1/ann.json").write_text(earlier)
    harsh = Term(attempts="best", late=Late(percent_a_day=10, at_most=100), exercises={LENET: ExerciseRule(due=DUE)})
    assert row(tmp_path, "ann", harsh).marks[LENET].penalty == 0
    mild = replace(harsh, late=Late(percent_a_day=10, at_most=10))
    assert row(tmp_path, "ann", mild).marks[LENET].share == pytest.approx(0.9)


def test_changes_by_hand_count_before_what_is_late_costs_and_for_those_who_handed_in_nothing(three):
    oral = Change("cy", LENET, "", "", 10, "examined orally")
    cy = row(three, "cy", changes=[oral]).marks[LENET]
    assert (cy.points, cy.status, cy.by_hand) == (10, "graded", True)
    assert not row(three, "ann", changes=[oral]).marks[LENET].by_hand


@pytest.mark.parametrize(
    ("collected", "status"),
    [
        ({"missing": ["bob"]}, "missing"),
        ({"missing": ["bob"], "collected": {"doubtful": ("bob",)}}, "blank"),
        ({"collected": {"unread": ("bob",)}}, "blank"),
        ({"missing": ["bob"], "collected": {"problem": "a list of others"}}, "blank"),
        ({"collected": {"problem": "a list of others"}}, "blank"),
        ({}, "missing"),
    ],
)
def test_what_nobody_has_looked_at_or_can_find_is_no_zero_in_the_term(tmp_path, collected, status):
    write(tmp_path, LENET, {"ann": 1, "bob": 1})
    write(tmp_path, ALEXNET, {"ann": 1}, **collected)
    bob = row(tmp_path, "bob")
    assert bob.marks[ALEXNET].status == status
    assert bob.total == (0.5 if status == "missing" else 1)
    oral = Change("bob", ALEXNET, "", "", 10, "the .py file, by hand")
    assert row(tmp_path, "bob", changes=[oral]).marks[ALEXNET].points == 10


def test_who_may_need_help_is_said_with_the_reason(three):
    assert row(three, "ann").risks == ()
    assert any("below 50 %" in why for why in row(three, "bob").risks)
    assert any("falls by" in why for why in row(three, "bob").risks)
    assert any("2 of the last 3 exercises are missing" in why for why in row(three, "cy").risks)


def test_statistics_are_of_those_who_handed_in(three):
    lenet, alexnet, _ = book(three).summaries()
    assert (lenet.graded, lenet.missing, lenet.mean, lenet.quartiles) == (2, 1, 1, (1, 1, 1))
    assert alexnet.mean == 0.5
    assert alexnet.discrimination is None, "of two learners"


def test_an_exercise_that_all_do_as_well_as_the_others_discriminates(tmp_path):
    shares = {f"s{number}": number / 11 for number in range(12)}
    for exercise in EXERCISES:
        write(tmp_path, exercise, shares)
    assert all(each.discrimination > 0.9 for each in book(tmp_path).summaries())


def test_what_was_not_graded_is_said(tmp_path):
    with pytest.raises(LookupError, match="no graded exercises"):
        read_records(tmp_path)
    place = write(tmp_path, LENET, {"ann": 1})
    (place / "class.json").unlink()
    with pytest.raises(LookupError, match="grade it once more"):
        read_records(tmp_path)
    (place / "class.json").write_text("[]")
    with pytest.raises(ValueError, match="damaged"):
        read_records(tmp_path)
