"""Pages tell learners what they may know, instructors what they need, and run nothing that a learner wrote."""

import base64
import re
import time
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pytest

from cnncourse.classroom.grading.batch import NOTHING_RAN
from cnncourse.classroom.reports.pages import write_feedback, write_reports
from cnncourse.classroom.reports.statistics import Statistics
from tests.classroom.class_of import EXERCISE, check, collection, result, submission

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


class Page(HTMLParser):
    """The tags, attributes and visible text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.attributes = [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def feedback(tmp_path, *checks, who=None, **more):
    path = write_feedback(tmp_path, EXERCISE, result("ann", checks, **more), who)
    return path.read_text(encoding="utf-8")


def report(tmp_path, results, collected, **more):
    return write_reports(tmp_path, EXERCISE, results, collected, **more).read_text(encoding="utf-8")


WRONG = check(
    "C3",
    "table",
    0,
    2,
    message="wrong map",
    expected="{1}",
    got="{2}",
    misconception="wrap-around",
    line="return maps",
    hints=("first hint", "second hint"),
)


def test_feedback_tells_all_of_a_failed_check(tmp_path):
    page = Page(feedback(tmp_path, check(), WRONG, remarks=("a cell raised",), who=submission("ann", "Ann Lee")))
    for said in ("Ann Lee", "1of 3 points", "✓", "✗", "wrong map", "{1}", "{2}", "wrap-around", "return maps"):
        assert said in page.text
    assert "a cell raised" in page.text
    assert page.tags.count("details") == 2
    assert page.text.index("first hint") < page.text.index("second hint")


def test_feedback_tells_an_unattempted_check_from_a_wrong_one(tmp_path):
    page = Page(feedback(tmp_path, check("C3", "table", 0, 2, "not attempted yet")))
    assert "○" in page.text
    assert "✗" not in page.text
    assert "not attempted" in page.text
    assert "not attempted yet" not in page.text


def test_feedback_keeps_what_secret_inputs_gave_and_what_is_for_the_instructor(tmp_path):
    secret = check("C3", "table", 0, 2, public=False, message="wrong map", expected="SECRET", got="SECRET")
    page = feedback(tmp_path, secret, attention=("SECRET",), isolation="SECRET", fingerprint="SECRET")
    assert "SECRET" not in page
    assert "wrong map" in page


def test_feedback_names_no_folder_of_the_grading_machine(tmp_path):
    wrong = check("C3", "table", 0, 2, got="FileNotFoundError: '/srv/grading/ann/x.csv'", message="at /srv/grading/y")
    page = feedback(tmp_path, wrong, remarks=("see /srv/grading/z",))
    assert "/srv" not in page
    assert str(tmp_path) not in page


@pytest.mark.parametrize("field", ["message", "expected", "got", "misconception", "line"])
def test_whatever_a_learner_wrote_is_escaped(tmp_path, field):
    page = feedback(tmp_path, check("C3", "table", 0, 2, **{field: EVIL}))
    assert "script" not in Page(page).tags
    assert "img" not in Page(page).tags
    assert EVIL in Page(page).text


def test_hostile_names_and_remarks_are_escaped_on_the_instructors_page(tmp_path):
    collected = collection(
        submission("ann", EVIL, late=True), missing=(EVIL[:30],), remarks={"ann": (EVIL,), "": (EVIL,)}
    )
    page = report(tmp_path, [result(checks=[WRONG], attention=(EVIL,), isolation=EVIL)], collected)
    assert "script" not in Page(page).tags
    assert not [name for name, _ in Page(page).attributes if name.startswith("on")]


def test_pages_forbid_scripts_and_the_network(tmp_path):
    index = report(tmp_path, [result(checks=[WRONG])], collection())
    for page in (index, (tmp_path / "feedback/ann.html").read_text(encoding="utf-8")):
        assert ("content", "default-src 'none'; style-src 'unsafe-inline'; img-src data:") in Page(page).attributes
        addresses = [value for name, value in Page(page).attributes if name in ("src", "srcset", "href")]
        assert all(re.match(r"data:image/|[\w/%.+@-]+\.(html|csv)$", address) for address in addresses)


def test_every_link_of_the_instructors_page_leads_somewhere(tmp_path):
    collected = collection(submission("ann"), submission("é+b@x.org", late=True), missing=("zoe",))
    page = Page(report(tmp_path, [result("ann", attention=("look",)), result("é+b@x.org")], collected))
    links = [value for name, value in page.attributes if name == "href"]
    assert "feedback/ann.html" in links
    assert all((tmp_path / unquote(link)).is_file() for link in links)


def test_instructors_page_counts_the_class(tmp_path):
    collected = collection(
        submission("ann", late=True), submission("bob"), submission("carl"), submission("dora"), missing=("zoe",)
    )
    results = [result("ann"), result("bob", earned=(1, 0, 0, 0)), result("carl", earned=(1, 2, 0, 0))]
    cards = re.findall(r'card"><b>(.*?)</b><span class="faint">(.*?)</span>', report(tmp_path, results, collected))
    assert cards == [
        ("3", "graded"),
        ("3.7", "mean, of 7 points"),
        ("3", "median, of 7 points"),
        ("1", "with full marks"),
        ("1", "missing"),
        ("1", "late"),
        ("0", "need your eye"),
    ]
    assert "Handed in, but not graded (1)" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_missing_learners_bear_the_rosters_names(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name\nann,Ann Lee\nzoe,Zoe Zed\n", encoding="utf-8")
    page = report(tmp_path, [result()], collection(missing=("zoe",), roster=tmp_path / "roster.csv"))
    assert "Zoe Zed" in Page(page).text


@pytest.mark.parametrize(
    ("isolation", "loud"),
    [
        ("bubblewrap, no network", False),
        ("weak: a process of its own", True),
        ("", True),
        ("some new thing", True),
        (NOTHING_RAN, False),
    ],
)
def test_weak_isolation_is_loud(tmp_path, isolation, loud):
    page = report(tmp_path, [result(isolation=isolation)], collection())
    assert ("not safely kept apart" in page) == loud


def test_plots_say_in_words_what_they_show(tmp_path):
    page = Page(report(tmp_path, [result(checks=[check(), WRONG])], collection()))
    alternatives = [value for name, value in page.attributes if name == "alt"]
    assert alternatives[0].startswith("Histogram of 1 totals, from 1 to 1 of 3 points")
    assert alternatives[1] == "Bars, of 1 learners: wrap-around: 1."


@pytest.mark.slow
def test_the_same_results_give_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        report(tmp_path / folder, [result(checks=[check(), WRONG])], collection())
    for path in ("index.html", "feedback/ann.html", "gradescope/ann/results.json"):
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_a_plot_names_no_day(tmp_path):
    page = report(tmp_path, [result()], collection())
    for picture in re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page):
        assert b"dc:date" not in base64.b64decode(picture)


def test_a_class_of_nobody_has_a_page(tmp_path):
    page = report(tmp_path, [], collection(submission("ann"), missing=("zoe",)))
    assert "Handed in, but not graded (1)" in page
    assert "<img" not in page


# Statistics ----------------------------------------------------------------------------------------------------------


def statistics(rows):
    gathered = Statistics()
    for number, earned in enumerate(rows):
        gathered.add(result(f"s{number}", earned=earned))
    return gathered


def test_difficulty_is_the_share_who_passed():
    items = statistics([(1, 2, 0, 0), (1, 0, 0, 0), (1, 0, 3, 0), (1, 0, 0, 0)]).items()
    assert [item.passed for item in items] == [1, 0.25, 0.25, 0]


def test_discrimination_is_the_correlation_with_the_points_of_all_other_checks():
    rows = [(n % 2, 2 * (n % 3 > 0), 3 * (n % 5 > 1), 0) for n in range(30)]
    item = statistics(rows).items()[1]
    others = [a + c + d for a, _, c, d in rows]
    assert item.discrimination == pytest.approx(np.corrcoef([b > 0 for _, b, _, _ in rows], others)[0, 1])


def test_discrimination_is_left_open_where_it_means_nothing():
    few = statistics([(1, 0, 3, 1), (0, 2, 0, 0)]).items()
    constant = statistics([(1, 2, 3, 1)] * 20).items()
    assert {item.discrimination for item in (*few, *constant)} == {None}


def test_a_check_that_a_result_lacks_counts_as_not_attempted():
    gathered = Statistics()
    gathered.add(result("ann"))
    gathered.add(result("bob", checks=()))
    gathered.add(result("carl", [check("C3", "shape", 0, 1, "not attempted yet")]))
    assert [item.not_attempted for item in gathered.items()] == pytest.approx([2 / 3] * 4)


def test_a_misconception_counts_once_a_learner():
    gathered = Statistics()
    gathered.add(result("ann", [WRONG, check("features", "sizes", 0, 3, misconception="wrap-around")]))
    assert gathered.misconceptions == {"wrap-around": 1}


def test_a_file_that_cannot_be_judged_is_no_mistake_that_many_make():
    gathered = Statistics()
    why = "the file is damaged"
    checks = [check("C3", name, 0, 1, message=why) for name in ("shape", "table")]
    gathered.add(result("ann", checks, attention=(why,)))
    gathered.add(result("bob", [WRONG]))
    assert {message for _, message in gathered.messages} == {WRONG.message}


@pytest.mark.slow
def test_the_instructors_page_of_a_large_class_stays_short(tmp_path):
    people = [f"s{number:05}" for number in range(3000)]
    collected = collection(*(submission(student, late=True) for student in people), missing=tuple("xyz"))
    start = time.perf_counter()
    page = report(tmp_path, (result(student, attention=("look",)) for student in people), collected)
    assert time.perf_counter() - start < 600
    assert len(page) < 400_000
    assert "And 2,900 more" in page
