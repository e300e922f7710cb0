"""Deadlines as teachers type them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cnncourse.classroom.collecting.deadline import deadline, read_time, shown

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
        "2026-13-01",
        "2026-11-30 25:00",
        "2026-11-30 18:00 Middle/Earth",
        "18:00 XYZT",
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="no time"):
        deadline(text)


def test_a_source_may_have_a_zone_of_its_own():
    assert read_time("2026-11-30 18:00:01.5", zone=UTC) == datetime(2026, 11, 30, 18, 0, 1, 500000, tzinfo=UTC)


def test_a_page_names_the_zone():
    assert shown(at(23, 59, offset=1)) == "30 November 2026, 23:59 UTC+01:00"
    assert shown(read_time("2026-11-30 23:59 Europe/Berlin")) == "30 November 2026, 23:59 CET (UTC+01:00)"
