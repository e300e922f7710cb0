"""What is seen before anything is run, by somebody who has just got the course, and again the next day."""

import re

import nbformat
import pytest
from playwright.sync_api import expect

from cnncourse.architectures import CATALOGUE
from cnncourse.work.folder import WorkFolder
from tests.browser.lab import (
    errors,
    folders_of_their_own,
    new_page,
    open_notebook,
    opened,
    run_all_cells,
    save,
    seen_pictures,
)

pytestmark = pytest.mark.browser

QUICK = ["01-lenet-5", "05-inception-v3"]  # the others only where there is more time
CHAPTERS = [
    pytest.param(record.chapter, marks=() if record.chapter in QUICK else pytest.mark.slow) for record in CATALOGUE
]
PICTURE = re.compile(r'<img[^>]* src="data:image/(?:svg|png)')


@pytest.fixture(scope="module")
def own(project, tmp_path_factory):
    """A learner's folder, as a fresh clone or an installed course makes it."""
    return WorkFolder.start(tmp_path_factory.mktemp("learner") / "my-work", project).path


@pytest.fixture(scope="module")
def lab(own, tmp_path_factory):
    with opened(["lab"], own, folders_of_their_own(tmp_path_factory.mktemp("home"))) as address:
        yield address


@pytest.fixture
def page(browser, lab):
    with new_page(browser, width=1280, height=900) as page:
        yield page


def stored_pictures(path):
    outputs = [
        output
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    return sum(len(PICTURE.findall(output.get("data", {}).get("text/html", ""))) for output in outputs)


def is_trusted(page):
    return page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets
            .filter(cell => cell.model.type === 'code').every(cell => cell.model.trusted)"""
    )


def dead_widgets(page):
    return page.get_by_text("Error displaying widget").count() + page.get_by_text("Loading widget").count()


def test_the_front_door_shows_the_way(page, lab, tmp_path):
    page.goto(lab, wait_until="domcontentloaded")
    preview = page.locator(".jp-MarkdownViewer")
    preview.get_by_text("Begin with").wait_for()
    timeline = preview.locator("img[alt]").last
    assert timeline.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
    assert len(timeline.get_attribute("alt")) > 200
    page.screenshot(path=tmp_path / "front-door.png")
    preview.get_by_role("link", name="VGG-16").first.click()
    page.wait_for_function("window.jupyterapp.shell.currentWidget.context?.path === 'chapters/03-vgg-16.ipynb'")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_picture_is_seen_before_anything_is_run(page, lab, own, chapter):
    open_notebook(page, f"{lab}/lab/tree/chapters/{chapter}.ipynb?reset")
    assert not is_trusted(page)
    number = stored_pictures(own / f"chapters/{chapter}.ipynb")
    words = seen_pictures(page, number)
    assert len(words) == number > 4
    assert all(words)
    assert dead_widgets(page) == 0
    questions = len(next(record for record in CATALOGUE if record.chapter == chapter).questions())
    quiz = page.locator(".jp-OutputArea-output").filter(has=page.locator("details")).locator("ol > li")
    # The quiz is at the end of the notebook, which JupyterLab fills little by little.
    expect(quiz.filter(has=page.locator("summary"))).to_have_count(questions, timeout=300_000)


TRAINS = re.compile(r"\b(?:fit|run)\(")
BAR = "from cnncourse.display import progress_bar\n\nwith progress_bar(total=2) as bar:\n    bar.update()"


def without_training(notebook):
    """Leave out what trains, and what comes after it but for questions and progress: all kinds of outputs are there."""
    sources = [cell.source for cell in notebook.cells]
    first = next(place for place, source in enumerate(sources) if TRAINS.search(source))
    asks = [cell for cell in notebook.cells[first:] if re.search(r"^(?:quiz|progress)\(", cell.source, re.MULTILINE)]
    notebook.cells = [*notebook.cells[:first], nbformat.v4.new_code_cell(BAR), *asks]


@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["quick", "whole"])
def test_what_was_run_and_saved_is_seen_the_next_day(page, lab, own, tmp_path, is_whole):
    path = own / "chapters/01-lenet-5.ipynb"
    if not is_whole:
        notebook = nbformat.read(path, as_version=4)
        without_training(notebook)
        path = own / "chapters/quick.ipynb"
        nbformat.write(notebook, path)
    before = stored_pictures(path)
    assert before > 4
    open_notebook(page, f"{lab}/lab/tree/chapters/{path.name}?reset")
    run_all_cells(page)
    assert errors(page) == []
    assert page.locator(".jp-OutputArea-output .widget-slider").count() > 0
    save(page)
    page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    assert stored_pictures(path) == before
    assert "widget-view" not in path.read_text(encoding="utf-8")

    open_notebook(page, f"{lab}/lab/tree/chapters/{path.name}?reset")
    assert len(seen_pictures(page, before)) == before
    assert dead_widgets(page) == 0
    page.screenshot(path=tmp_path / "next-day.png")
