"""Deadlines as teachers type them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cnncourse.classroom.collecting.deadline import MONTHS, deadline, read_time, shown

HERE = datetime(2026, 11, 30).astimezone().tzinfo


def at(hours, minutes=0, *, day=30, offset=None, seconds=0):
    zone = HERE if offset is None else timezone(timedelta(hours=offset))
    return datetime(2026, 11, day, hours, minutes, seconds, tzinfo=zone)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-30", at(23, 59, seconds=59)),
        ("2026-11-30T18:00", at(18)),
        ("2026-11-30 18:00", at(18)),
        ("2026-11-30T18:00Z", at(18, offset=0)),
        ("2026-11-30 18:00 PST", at(18, offset=-8)),
        ("2026-11-30 18:00 CEST", at(18, offset=2)),
        ("2026-11-30 18:00 +0100", at(18, offset=1)),
        ("2026-11-30 18:00+01:00", at(18, offset=1)),
        ("2026-11-30 18:00 Europe/Berlin", at(18, offset=1)),
        ("30 November 2026 6:30 pm", at(18, 30)),
        ("30 NOV 2026", at(23, 59, seconds=59)),
        ("Monday, 30 November 2026", at(23, 59, seconds=59)),
        ("2026-11-30 Europe/Berlin", at(23, 59, offset=1, seconds=59)),
        ("2026-11-30 00:00", at(0)),
        ("2026-11-30 18:00 UTC+1", at(18, offset=1)),
        ("2026-11-30 18:00 GMT-5", at(18, offset=-5)),
        ("2026-11-30 18:00 Etc/GMT+5", at(18, offset=-5)),
        ("30 November 2026, 23:59 UTC+01:00", at(23, 59, offset=1)),
        ("2026-11-30\u202f18:00", at(18)),
        ("Mon Nov 30 18:00:00 CET 2026", at(18, offset=1)),
        ("Nov 30, 2026 6:00 PM PST", at(18, offset=-8)),
        ("Monday, 30 November 2026, 6:00\u202fPM", at(18)),
        ("Montag, 30. November 2026, 18:00 Uhr", at(18)),
        ("lundi 30 novembre 2026, 18:00", at(18)),
        ("lunes, 30 de noviembre de 2026, 18:00", at(18)),
        ("lunedì, 30 novembre 2026, 18:00", at(18)),
        ("segunda-feira, 30 de novembro de 2026 às 18:00", at(18)),
        ("maandag, 30 november 2026, 18:00", at(18)),
        ("30. Nov. 2026 18:00 +0100", at(18, offset=1)),
        ("2026年11月30日(月曜日) 18:00", at(18)),
    ],
)
def test_deadline_is_what_was_meant(text, meant):
    assert deadline(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "November 2026",
        "18:00",
        "11/12/2026",
        "11.12.2026 18:00",
        "11-12-2026",
        "26-11-30",
        "30 Brumaire 2026",
        "30 ma 2026",
        "30 ju 2026 18:00",
        "2026-13-01",
        "2026-11-30 25:00",
        "2026-11-30 18:00 Middle/Earth",
        "18:00 XYZT",
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="no time"):
        deadline(text)


@pytest.mark.parametrize("number", range(1, 13))
def test_every_month_is_known_by_its_words(number):
    words = [word for word, month in MONTHS.items() if month == number]
    assert {deadline(f"3 {word} 2026").month for word in words} == {number}
    assert deadline("3. März 2026") == deadline("3 mars 2026") == deadline("3 de março de 2026")
    assert deadline("1er août 2026 8:00").hour == 8


def test_a_source_may_have_a_zone_of_its_own():
    assert read_time("2026-11-30 18:00:01.5", zone=UTC) == datetime(2026, 11, 30, 18, 0, 1, 500000, tzinfo=UTC)


def test_a_page_names_the_zone():
    assert shown(at(23, 59, offset=1)) == "30 November 2026, 23:59 UTC+01:00"
    assert shown(read_time("2026-11-30 23:59 Europe/Berlin")) == "30 November 2026, 23:59 CET (UTC+01:00)"
