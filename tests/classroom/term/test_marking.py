"""Pages for marking take the teacher's points, and run no script but their own."""

import base64
import hashlib
import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from cnncourse.architectures import architecture
from cnncourse.classroom.term.changes import Change, read_changes
from cnncourse.classroom.term.marking import marking_page
from tests.classroom.term.a_term import graded

LENET = "01-lenet-5"
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def page(called="Ann", student="ann", **about):
    exercise = architecture(LENET).exercise()
    return marking_page(exercise, replace(graded(LENET, "ann", 0.5), **about), called, student, late=False, penalty=0)


def test_only_its_own_script_may_run():
    (part, *_) = architecture(LENET).exercise().parts
    shown = BeautifulSoup(page(called=EVIL, student=EVIL, answers={part.name: EVIL}, remarks=(EVIL,)), "html.parser")
    (script,) = shown.find_all("script")
    assert not shown.find_all("img")
    (policy,) = shown.select("meta[http-equiv=Content-Security-Policy]")
    digest = base64.b64encode(hashlib.sha256(script.string.encode()).digest()).decode()
    assert "default-src 'none'; " in policy["content"]
    assert re.findall(r"script-src ([^;]*)", policy["content"]) == [f"'sha256-{digest}'"]


def test_every_check_and_the_whole_have_room_for_points_and_a_comment():
    rooms = BeautifulSoup(page(), "html.parser").select(".fill")
    checks = [(part.name, check.name) for part in architecture(LENET).exercise().parts for check in part.checks]
    assert [(room["data-part"], room["data-check"]) for room in rooms] == [*checks, ("", "")]
    named = [each["aria-label"] for room in rooms for each in room.select("input")]
    assert len(set(named)) == 2 * len(rooms)


@pytest.mark.browser
def test_what_is_filled_in_is_read_as_it_was_meant(browser, tmp_path):
    (tmp_path / "page.html").write_text(page(called="Ann B.", student="ann"), encoding="utf-8")
    shown = browser.new_page(accept_downloads=True)
    shown.set_default_timeout(300_000)
    problems = []
    shown.on("console", lambda message: problems.append(message.text))
    shown.goto((tmp_path / "page.html").as_uri())
    (part, *_) = architecture(LENET).exercise().parts
    check = part.checks[0]
    about = f"{part.name}, {check.name}"
    shown.get_by_label(f"points: {about}", exact=True).fill("1.5")
    shown.get_by_label(f"comment: {about}", exact=True).fill('=1+1; she said: "nearly", – and\'s right')
    shown.get_by_label("comment: the whole exercise").fill("See me, Ann.")
    with shown.expect_download() as download:
        shown.get_by_role("button", name="Download what was filled in").click()
    assert download.value.suggested_filename == f"by hand, {LENET}, ann.csv"
    download.value.save_as(tmp_path / "changes" / "ann.csv")
    shown.close()
    assert problems == []
    assert read_changes(tmp_path / "changes") == (
        Change("ann", LENET, part.name, check.name, 1.5, '=1+1; she said: "nearly", – and\'s right'),
        Change("ann", LENET, "", "", None, "See me, Ann."),
    )
