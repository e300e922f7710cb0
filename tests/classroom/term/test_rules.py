"""The rules of a term are read as they are meant, and what is no rule is refused by its place."""

from datetime import UTC, datetime, timedelta

import pytest

from cnncourse.classroom.term.rules import Late, Term

WHOLE = """
title = "Networks, autumn 2026"
roster = "class.csv"
changes = "changes.csv"
missing = "blank"
attempts = "best"
drop = 1
at_risk = 40
anonymous = true

[late]
grace_minutes = 15
percent_a_day = 10
at_most = 50

[exercises.1]
due = "2026-10-12 18:00 CET"
weight = 2
maximum = 100

[exercises."vgg-16"]
due = 2026-10-26

[learners.ann]
excused = ["02-alexnet", 3]
extensions = { 1 = "2026-10-20 18:00 CET" }
"""


def read(folder, text):
    path = folder / "term.toml"
    path.write_text(text, encoding="utf-8")
    return Term.read(path)


def test_every_rule_is_read_and_exercises_have_any_of_their_names(tmp_path):
    term = read(tmp_path, WHOLE)
    assert (term.title, term.missing, term.attempts, term.drop) == ("Networks, autumn 2026", "blank", "best", 1)
    assert (term.roster, term.changes) == (tmp_path / "class.csv", tmp_path / "changes.csv")
    assert term.exercise("01-lenet-5").weight == 2
    assert term.exercise("03-vgg-16").due.hour == 23, "a date alone is the end of that day"
    assert term.learner("ann").excused == {"02-alexnet", "03-vgg-16"}
    assert term.due("01-lenet-5", "bob") == datetime(2026, 10, 12, 17, tzinfo=UTC)
    assert term.due("01-lenet-5", "ann") == datetime(2026, 10, 20, 17, tzinfo=UTC)
    assert term.due("05-inception-v3", "ann") is None


def test_an_empty_file_has_the_rules_of_none(tmp_path):
    assert read(tmp_path, "") == Term()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 1", "nothing is called colour"),
        ("[late]\nper_day = 1", "late.per_day"),
        ('missing = "none"', "missing"),
        ("drop = -1", "drop"),
        ("drop = 1.5", "drop"),
        ("anonymous = 1", "anonymous"),
        ("late = 1", "late"),
        ("[learners]\nann = 1", "learners.ann"),
        ('[exercises.1]\ndue = "12/10/26"', "12/10/26"),
        ("title =", "cannot be read"),
        ("[exercises.1]\nweight = true", "exercises.1.weight is True; it should be a number"),
        ("[exercises.1]\nweight = nan", "exercises.1.weight is nan; it should be a number from 0"),
        ("[exercises.1]\nweight = inf", "exercises.1.weight is inf"),
        ("[late]\ngrace_minutes = 1e400", "late.grace_minutes"),
        ("[late]\npercent_a_day = '10%'", "late.percent_a_day is '10%'; it should be a number"),
        ("anonymous = 'true'", "anonymous is 'true'; it should be true or false"),
        ("[exercises.1]\ndue = '11.12.2026'", "term.toml: exercises.1.due: '11.12.2026' is no time"),
        ("[exercises.1]\ndue = 18:00:00", "exercises.1.due is .*; it should be a date"),
        ("[learners.ann]\nextensions = { 1 = 'soon' }", "learners.ann.extensions.1: 'soon' is no time"),
        ("[learners.ann]\nexcused = 3", "learners.ann.excused is 3; it should be a list"),
        ("[exercises.1]\n[exercises.lenet-5]", r"\[exercises.1\] and \[exercises.lenet-5\] are the same"),
    ],
)
def test_what_is_no_rule_is_refused_by_its_place(tmp_path, text, said):
    with pytest.raises(ValueError, match=said):
        read(tmp_path, text)


def test_an_exercise_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(LookupError, match=r"term.toml: no architecture '42'"):
        read(tmp_path, "[exercises.42]\nweight = 1")


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_a_file_in_another_encoding_says_what_to_do(tmp_path, encoding):
    (tmp_path / "term.toml").write_text("title = 'Größe'", encoding=encoding)
    with pytest.raises(ValueError, match="not in UTF-8; save it so"):
        Term.read(tmp_path / "term.toml")


@pytest.mark.parametrize(
    ("minutes", "percent"), [(0, 0), (15, 0), (16, 10), (24 * 60, 10), (24 * 60 + 1, 20), (60 * 24 * 30, 50)]
)
def test_each_day_that_has_begun_costs_after_the_grace_and_up_to_a_limit(minutes, percent):
    assert Late(timedelta(minutes=15), 10, 50).percent(timedelta(minutes=minutes)) == percent
