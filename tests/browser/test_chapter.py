"""A learner's way through chapter 1 and its exercise, in the real JupyterLab and a real browser."""

import shutil

import nbformat
import pytest

from tests.browser.lab import (
    DENSE_C3,
    answer,
    errors,
    folders_of_their_own,
    go_to_notebook,
    new_page,
    open_notebook,
    opened,
    run_all_cells,
)

pytestmark = pytest.mark.browser

NOTEBOOKS = {
    "network": [
        "from cnncourse import explore\nfrom cnncourse.architectures import architecture\n"
        'explore(architecture("inception-v3").build(), (3, 299, 299), "Inception-v3")'
    ],
    # What of chapter 1 answers, without what it trains; test_first_sight.py runs the whole.
    "answers": [
        "from cnncourse import data, predict, progress, quiz\n"
        "from cnncourse.architectures.lenet5.explorer import explore_convolution\n"
        "explore_convolution(data.digits().test_images[200])",
        'predict("01-lenet-5", "numbers-of-c1")',
        'quiz("01-lenet-5")',
        'progress("01-lenet-5")',
    ],
}
ANSWERS = {
    "wrong": DENSE_C3,
    "right": """
class C3(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.convolution = nn.Conv2d(6, len(table), 5)
        mask = torch.zeros(len(table), 6, 1, 1)
        for target, sources in enumerate(table):
            mask[target, list(sources)] = 1
        self.register_buffer("mask", mask)

    def forward(self, maps):
        weight = self.convolution.weight * self.mask
        return nn.functional.conv2d(maps, weight, self.convolution.bias)
""",
}


@pytest.fixture(scope="module")
def course(project, tmp_path_factory):
    """A copy of the course that JupyterLab may save into, opened with ``cnncourse lab``; gives its address."""
    home, copy = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("course")
    for folder in ("cnncourse", "chapters", "exercises"):
        shutil.copytree(project / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, cells in NOTEBOOKS.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, copy / f"{name}.ipynb")
    with opened(["lab", "--course"], copy, folders_of_their_own(home) | {"PYTHONPATH": str(copy)}) as address:
        yield address


@pytest.fixture(scope="module")
def page(browser, course):
    with new_page(browser, width=1300, height=1500) as page:
        yield page


def drag(page, handle, pixels):
    handle.hover()  # scrolls there and waits until nothing moves any more
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=6)
    page.mouse.up()


def test_chapter_1_opens_first_and_nothing_is_asked(page, course):
    open_notebook(page, course)
    assert page.evaluate("window.jupyterapp.shell.currentWidget.context.path") == "chapters/01-lenet-5.ipynb"
    assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0


def test_explorer_quiz_prediction_and_progress_answer(page, course, tmp_path):
    go_to_notebook(page, course, "answers.ipynb")
    run_all_cells(page)
    assert errors(page) == []

    explorer = page.locator(".jp-OutputArea-output:has(.widget-slider):has(svg)").first
    picture = explorer.locator(".widget-html-content")
    before = picture.inner_html()
    drag(page, explorer.locator(".noUi-handle").first, 60)
    page.wait_for_function("([now, before]) => now.innerHTML !== before", arg=[picture.element_handle(), before])
    place = explorer.locator(".widget-readout").first.inner_text()
    assert place != "8"
    assert f"row {place}, column" in picture.inner_text()
    page.screenshot(path=tmp_path / "explorer.png")

    quiz = page.locator(".jp-OutputArea-output:has(.widget-radio)").filter(has_text="Why has it only 156")
    quiz.scroll_into_view_if_needed()
    quiz.locator("input[type=radio]").nth(1).check()
    quiz.get_by_text("✓ Right").wait_for()
    page.screenshot(path=tmp_path / "quiz.png")

    number = page.get_by_placeholder("a number (trainable numbers), then Enter")
    number.fill("2,000")
    number.press("Enter")
    page.get_by_text("2,000 trainable numbers").wait_for()
    page.screenshot(path=tmp_path / "prediction.png")

    output = page.locator(".jp-OutputArea-output:has(.cnncourse-progress):has(button)").first
    row = output.get_by_role("row").filter(has_text="LeNet-5")  # the table has all chapters
    output.get_by_role("button", name="Bring up to date").click()
    row.get_by_text("1 of 5 right").wait_for()
    row.get_by_text("1 of 3 made").wait_for()
    output.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "progress.png")
    output.get_by_role("button", name="Forget it …").click()
    output.get_by_role("button", name="Yes, forget it").click()
    output.get_by_text("forgot the attempts at").wait_for()
    row.get_by_text("0 of 3 made").wait_for()
    page.screenshot(path=tmp_path / "forgotten.png")


def test_exercise_answers_at_once(page, course, tmp_path):
    go_to_notebook(page, course, "exercises/01-lenet-5/partial-connection.ipynb")
    run_all_cells(page)
    assert errors(page) == []
    assert "not attempted yet (0 of 8 points)" in page.locator(".cnncourse-report").first.inner_text()

    report = answer(page, 1, ANSWERS["wrong"])
    assert "every output map sees every input map" in report.inner_text()
    report.get_by_text("Hint 1", exact=True).first.click()
    report.get_by_text("Hint 2", exact=True).first.click()
    assert report.get_by_text("table[o] lists the input maps").is_visible()
    page.screenshot(path=tmp_path / "report.png")

    report = answer(page, 1, ANSWERS["right"])
    assert "8 of 8 points" in report.inner_text()


def test_network_opens_and_folds_by_mouse_and_keyboard(page, course, tmp_path):
    go_to_notebook(page, course, "network.ipynb")
    run_all_cells(page)
    assert errors(page) == []
    explorer = page.locator(".cnncourse-explorer")
    about, picture = explorer.locator(".about"), explorer.locator(".picture")
    stem = picture.locator("[data-block='stem']")
    stem.wait_for()
    page.screenshot(path=tmp_path / "network.png")

    picture.get_by_text("3×3 conv /2, 32", exact=True).hover()
    assert "stem.conv1a.0.convolution: Conv2d(3, 32" in about.inner_text()
    assert "928 parameters" in about.inner_text()  # 864 weights, and scale and shift of 32 channels

    stem.locator("text", has_text="Stem").click()
    picture.locator("[data-block='stem'][aria-expanded='false']").wait_for()
    assert picture.get_by_text("3×3 conv /2, 32", exact=True).count() == 0

    picture.locator("[data-block='stem']").focus()
    assert "Stem" in about.inner_text()
    page.keyboard.press("Enter")
    picture.locator("[data-block='stem'][aria-expanded='true']").wait_for()
    assert page.evaluate("document.activeElement.dataset.block") == "stem"  # the keyboard goes on from where it was

    assert picture.locator("[tabindex='0']").count() == 1
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.querySelector('title').textContent").startswith("stem.conv1a")
    assert "stem.conv1a" in about.inner_text()
    cells = page.locator(".jp-Cell").count()
    for key in ("x", "a", "b"):
        page.keyboard.press(key)
        assert page.locator(".jp-Cell").count() == cells, key

    explorer.get_by_label("colour by").select_option("parameters")
    picture.get_by_text("parameters: 0").wait_for()
    explorer.get_by_label("image size").fill("149")
    explorer.get_by_label("image size").press("Tab")
    picture.get_by_text("3×149×149", exact=True).wait_for()
    explorer.get_by_label("image size").fill("20")
    explorer.get_by_label("image size").press("Tab")
    explorer.get_by_role("status").get_by_text("75 or more").wait_for()
    assert explorer.get_by_label("image size").input_value() == "149"
    assert picture.get_by_text("3×149×149", exact=True).count() == 1
    page.screenshot(path=tmp_path / "parameters.png")

    in_the_middle = """view => {
        const drawing = view.querySelector('svg').getBoundingClientRect(), frame = view.getBoundingClientRect();
        return [(frame.left + frame.width / 2 - drawing.left) / drawing.width,
                (frame.top + frame.height / 2 - drawing.top) / drawing.height];
    }"""
    before, whole = picture.evaluate(in_the_middle), picture.evaluate("view => view.scrollWidth")
    explorer.get_by_role("button", name="larger").click(click_count=2)
    assert picture.evaluate("view => view.scrollWidth") > 1.5 * whole
    assert picture.evaluate(in_the_middle) == pytest.approx(before, abs=0.01)
    picture.evaluate("view => view.scrollTo(300, 500)")
    assert explorer.evaluate("explorer => getComputedStyle(explorer).colorScheme") == "light"  # on its own paper

    explorer.get_by_role("button", name="full screen").click()
    explorer.get_by_role("button", name="leave full screen").wait_for()
    explorer.get_by_role("button", name="leave full screen").click()
    explorer.get_by_role("button", name="full screen", exact=True).wait_for()

    picture.locator("[data-block='stem']").focus()
    explorer.get_by_role("button", name="as drawn first").click()
    picture.get_by_text("3×299×299", exact=True).wait_for()
    explorer.get_by_text("Point at a box").wait_for()
    assert picture.evaluate("view => [view.scrollLeft, view.scrollTop, view.scrollWidth]") == [0, 0, whole]
    assert explorer.get_by_label("colour by").input_value() == "kind"
