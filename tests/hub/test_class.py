"""A class on a real JupyterHub, set up as the instructor's guide says: from the first login to the feedback."""

import csv
import re

import nbformat
import pytest

from tests.browser.lab import DENSE_C3, answer, errors, open_notebook, run_all_cells, save, seen_pictures
from tests.classroom.handed_in import EXERCISE, right_answers
from tests.hub.machine import LEARNERS, TEACHER, machine, password, typed_in_guide

pytestmark = [pytest.mark.hub, pytest.mark.browser, pytest.mark.slow]

ADA, BOB = LEARNERS
NOTEBOOK = f"exercises/{EXERCISE}/partial-connection.ipynb"
INBOUND = "srv/nbgrader/exchange/cnncourse/inbound"
TYPED = """async command => {
    const session = await window.jupyterapp.serviceManager.terminals.startNew();
    let said = "";
    const status = await new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error("ten minutes, and no end of it: " + said)), 600000);
        session.messageReceived.connect((_, message) => {
            if (message.type !== "stdout") return;
            said += message.content.join("");
            const ended = /it ended with (\\d+)\\./.exec(said);
            if (ended) resolve(Number(ended[1]));
        });
        session.send({ type: "stdin", content: [command + "; echo it ended with $?.\\r"] });
    });
    await session.shutdown();
    return [status, said];
}"""


@pytest.fixture(scope="module")
def hub(project, tmp_path_factory):
    with machine(project, tmp_path_factory.mktemp("machine")) as running:
        yield running


@pytest.fixture(scope="module")
def log_in(browser, hub):
    """Log somebody in, in a browser of their own, and give the page that they then see."""
    contexts = []

    def log_in(user):
        contexts.append(browser.new_context(viewport={"width": 1300, "height": 1000}))
        page = contexts[-1].new_page()
        page.set_default_timeout(300_000)
        page.goto(hub.address, wait_until="domcontentloaded")
        page.get_by_label("Username").fill(user)
        page.get_by_label("Password").fill(password(user))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**/user/{user}/lab**", wait_until="domcontentloaded")
        page.wait_for_function("window.jupyterapp?.shell")
        return page

    yield log_in
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def pages(log_in):
    """What everybody sees who has just logged in for the first time."""
    return {user: log_in(user) for user in (TEACHER, *LEARNERS)}


@pytest.fixture(scope="module")
def released(project, pages):
    """The teacher has released the exercise, as the guide says."""
    assert typed(pages[TEACHER], typed_in_guide(project, "A term goes on"))[0] == 0


@pytest.fixture(scope="module")
def handed_in(project, hub, pages, released, tmp_path_factory):
    """Both have done the exercise and handed it in, Bob with a wrong answer; gives the reports that they saw.

    Bob also tries to hand in for Ada, and what only the teacher may read.
    """
    right, reports = right_answers(project), {}
    for user, answers in {ADA: right, BOB: right | {"C3": DENSE_C3}}.items():
        page = pages[user]
        open_notebook(page, f"{hub.address}/user/{user}/lab/tree/{NOTEBOOK}?reset")
        run_all_cells(page)
        assert errors(page) == []
        reports[user] = [answer(page, place, answers[part]).inner_text() for part, place in cells(project).items()]
        save(page)
        assignments(page).get_by_role("button", name="Submit").click()
        page.locator("#submitted_assignments_list").get_by_text(EXERCISE).wait_for()
        page.screenshot(path=tmp_path_factory.mktemp("handed-in") / f"{user}.png")
    forged = f"/{INBOUND}/{ADA}+{EXERCISE}+2999-01-01 00:00:00 UTC+forged"
    linked = f"/{INBOUND}/{BOB}+{EXERCISE}+2999-01-01 00:00:00 UTC+linked"
    for trick in (
        f"cp -r ~/cnncourse/exercises/{EXERCISE} '{forged}'\nchmod -R a+rwX '{forged}'",
        f"ln -s ~{TEACHER}/course/solutions/{EXERCISE} '{linked}'",
    ):
        assert typed(pages[BOB], trick)[0] == 0
    return reports


@pytest.fixture(scope="module")
def graded(project, pages, handed_in):
    """The teacher has collected, graded and released the feedback, as the guide says; gives what the terminal said."""
    status, said = typed(pages[TEACHER], typed_in_guide(project, "When it is due"))
    assert status == 0, said
    return said


@pytest.fixture(scope="module")
def feedback(pages, graded):
    """Both have fetched their feedback."""
    for page in (pages[ADA], pages[BOB]):
        listed = assignments(page)
        listed.get_by_role("button", name="Fetch Feedback").click()
        listed.get_by_text("(view feedback)").wait_for()


def typed(page, commands):
    """Type commands into a terminal of somebody's JupyterLab; return how they ended, and what was said."""
    return page.evaluate(TYPED, " && ".join(commands.strip().splitlines()))


def cells(project):
    """Return, by part, the place of its answer among the notebook's code cells."""
    notebook = nbformat.read(project / NOTEBOOK, as_version=4)
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells if cell.cell_type == "code"]
    return {
        "C3": names.index("c3"),
        "lenet5_features": names.index("lenet5-features"),
        "MendedSubsampling": names.index("mended-subsampling"),
    }


def assignments(page):
    """Open nbgrader's list, which asks the exchange anew."""
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Assignment List").click()
    page.get_by_role("tab", name="Assignments").click()
    page.locator("#refresh_assignments_list").click()
    return page.locator("#assignments")


def page_of(hub, user):
    """Return the feedback page that lies in a learner's folder."""
    (page,) = (hub.home(user) / f"cnncourse/exercises/{EXERCISE}/feedback").glob("*/*.html")
    return " ".join(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8")).split())


def test_who_logs_in_sees_the_start_page_and_is_asked_nothing(pages, tmp_path):
    for user in LEARNERS:
        pages[user].locator(".jp-MarkdownViewer").get_by_text("Begin with").wait_for()
        pages[user].screenshot(path=tmp_path / f"{user}.png")
        assert pages[user].locator(".jp-Dialog, .Toastify__toast").count() == 0
    pages[TEACHER].get_by_text("solutions", exact=True).wait_for()


def test_chapter_1_opens_with_its_pictures(hub, pages, tmp_path):
    open_notebook(pages[ADA], f"{hub.address}/user/{ADA}/lab/tree/chapters/01-lenet-5.ipynb?reset")
    assert len(seen_pictures(pages[ADA], 1)[0]) > 40
    pages[ADA].screenshot(path=tmp_path / "chapter.png")


def test_the_exercise_answers_at_once(handed_in):
    assert all(report.count("failed") == 0 for report in handed_in[ADA])
    assert "8 of 8 points" in handed_in[ADA][0]
    assert "every output map sees every input map" in handed_in[BOB][0]


def test_each_gets_the_points_of_their_own_answers(hub, graded):
    with (hub.home(TEACHER) / f"course/graded/{EXERCISE}/grades.csv").open(encoding="utf-8-sig", newline="") as file:
        totals = {row["student"]: float(row["total"]) for row in csv.DictReader(file)}
    assert set(totals) == {ADA, BOB}
    assert totals[ADA] == 20
    assert 0 < totals[BOB] < 20


def test_nobody_hands_in_for_another_or_what_only_the_teacher_may_read(hub, graded):
    assert "+forged' is left out: it was not written by ada, but by bob" in graded
    assert "+linked' is left out" in graded
    for user in LEARNERS:
        handed_in = hub.home(TEACHER) / f"course/submitted/{user}/{EXERCISE}/partial-connection.ipynb"
        assert ("nn.Conv2d(6, len(table), 5)" in handed_in.read_text()) == (user == BOB)


def test_feedback_comes_back_to_whom_it_belongs(hub, pages, feedback, tmp_path):
    assert "20 of 20 points" in page_of(hub, ADA)
    assert "every output map sees every input map" not in page_of(hub, ADA)
    assert "every output map sees every input map" in page_of(hub, BOB)
    page = pages[BOB]
    page.get_by_text("(view feedback)").click()
    page.get_by_role("listitem", name=re.compile("partial-connection.html")).dblclick()
    shown = page.frame_locator("iframe.jp-HTMLViewer-frame, .jp-HTMLViewer iframe, iframe")
    shown.get_by_text("every output map sees every input map").first.wait_for()
    page.screenshot(path=tmp_path / "feedback.png")


def test_learners_reach_nobody_elses_server(hub, pages, handed_in):
    asked = pages[BOB].context.request
    for place in ("lab", f"api/contents/{NOTEBOOK}", f"files/{NOTEBOOK}"):
        assert asked.get(f"{hub.address}/user/{BOB}/{place}").status == 200
        for other in (ADA, TEACHER):
            assert asked.get(f"{hub.address}/user/{other}/{place}").status in (403, 404), (other, place)
    assert asked.get(f"{hub.address}/hub/admin").status == 403


@pytest.mark.parametrize(
    "command",
    [
        f"cat ~{ADA}/cnncourse/{NOTEBOOK}",
        f"ls ~{ADA}/cnncourse",
        f"ls ~{ADA}/.local/share/jupyter/nbgrader_cache",
        f"ls ~{TEACHER}/course",
        f"cat ~{TEACHER}/course/solutions/{EXERCISE}/partial-connection.ipynb",
        f"ls ~{TEACHER}/course/submitted",
        f"ls /{INBOUND}",
        "ls /srv/nbgrader/exchange/cnncourse/feedback",
        "mv /srv/nbgrader/exchange/cnncourse /srv/nbgrader/exchange/mine",
        "touch /srv/nbgrader/exchange/cnncourse/outbound/mine",
    ],
)
def test_learners_reach_nobody_elses_files(pages, feedback, command):
    status, said = typed(pages[BOB], command)
    assert status != 0
    assert re.search("Permission denied|Operation not permitted|cannot move", said), said


def test_another_start_leaves_everything_as_it_was(hub, pages, feedback):
    page, notebook = pages[ADA], hub.home(ADA) / "cnncourse" / NOTEBOOK
    before = notebook.read_bytes()
    page.goto(f"{hub.address}/hub/home", wait_until="domcontentloaded")
    page.get_by_role("button", name="Stop My Server").click()
    page.get_by_role("button", name="Start My Server").click()
    page.wait_for_url(f"**/user/{ADA}/lab**", wait_until="domcontentloaded")
    page.locator(".jp-MarkdownViewer").get_by_text("exercise 1, LeNet-5").wait_for()
    assert notebook.read_bytes() == before


def test_strangers_and_wrong_passwords_are_not_let_in(browser, hub):
    page = browser.new_context().new_page()
    for user, secret in ((ADA, "guessed"), ("nobody", ""), ("root", "root")):
        page.goto(f"{hub.address}/hub/login", wait_until="domcontentloaded")
        page.get_by_label("Username").fill(user)
        page.get_by_label("Password").fill(secret)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("Invalid username or password").wait_for()
    page.context.close()
