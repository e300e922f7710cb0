"""Widgets keep their keys to themselves, have names for those who do not see them, and fit on a small screen."""

from contextlib import suppress

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import TimeoutError

from cnncourse.architectures import CATALOGUE
from cnncourse.work.folder import WorkFolder
from tests.browser.lab import errors, folders_of_their_own, new_page, open_notebook, opened, run_all_cells

pytestmark = pytest.mark.browser

HEIGHT = 12_000
# The figures of the other chapters, by the packages of their networks.
FIGURES = {
    "alexnet": "explore_dropout(torch.linspace(0, 1, 24))",
    "vgg16": "explore_stack()",
    "inception_v1": "explore_module()",
    "inception_v3": "explore_kernel()",
    "resnet50": "explore_signals()",
    "xception": "explore_groups()",
    "inception_v4": "explore_reduction()",
    "inception_resnet_v2": "explore_scale()",
    "resnext50": "explore_cardinality()",
    "network_in_network": "explore_class_maps(data.small_digits()[1][:10], untrained)",
}
CELLS = (
    "import torch\nfrom cnncourse import data, explore, predict, progress, quiz\n"
    "from cnncourse.architectures import LeNet5",
    "from cnncourse.architectures.lenet5.explorer import explore_convolution\n"
    "explore_convolution(data.digits().test_images[200])",
    "from cnncourse.architectures.network_in_network.experiment import AVERAGE, FULLY_CONNECTED, STAGES\n"
    "from cnncourse.architectures.network_in_network.experiment import ClassMapNetwork\n"
    "untrained = [ClassMapNetwork(1, STAGES, head, positions=72).eval() for head in (AVERAGE, FULLY_CONNECTED)]",
    *(
        f"from cnncourse.architectures.{package}.explorer import {shown.partition('(')[0]}\n{shown}"
        for package, shown in FIGURES.items()
    ),
    'predict("01-lenet-5", "numbers-of-c1")',
    'predict("01-lenet-5", "shift-error")',
    'explore(LeNet5(), (1, 32, 32), "LeNet-5")',
    'quiz("01-lenet-5")',
    'progress("01-lenet-5")',
)


@pytest.fixture(scope="module")
def own(project, tmp_path_factory):
    path = WorkFolder.start(tmp_path_factory.mktemp("learner") / "my-work", project).path
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path / "chapters/widgets.ipynb")
    return path


@pytest.fixture(scope="module")
def lab(own, tmp_path_factory):
    with opened(["lab"], own, folders_of_their_own(tmp_path_factory.mktemp("home"))) as address:
        yield address


@pytest.fixture(scope="module")
def page(browser, lab):
    # So high that all is seen: of what JupyterLab leaves out until one scrolls there, nobody knows the role.
    with new_page(browser, width=1280, height=HEIGHT) as page:
        open_notebook(page, f"{lab}/lab/tree/chapters/widgets.ipynb?reset")
        run_all_cells(page)
        page.locator(".cnncourse-live[data-named]").nth(len(FIGURES) + 5).wait_for(state="attached")
        assert errors(page) == []
        yield page


def test_the_figures_of_all_chapters_are_looked_at():
    assert {record.module for record in CATALOGUE} == {"lenet5", *FIGURES}


def test_keys_typed_in_a_widget_do_nothing_to_the_notebook(page):
    slider = page.get_by_role("slider", name="row", exact=True).first
    slider.focus()
    place = slider.get_attribute("aria-valuenow")
    for key in ("x", "a", "b", "ArrowRight"):
        page.keyboard.press(key)
        assert page.locator(".jp-Cell").count() == len(CELLS), key
    page.wait_for_function(
        "([slider, place]) => slider.getAttribute('aria-valuenow') !== place", arg=[slider.element_handle(), place]
    )


def test_controls_have_names_and_answers_are_announced(page):
    first = page.locator(".cnncourse-live").first
    for name in ("row", "column", "stride", "padding"):
        assert first.get_by_role("slider", name=name, exact=True).count() == 1
    question = page.get_by_role("radiogroup").filter(has_text="The same six detectors are used at every place")
    questions = page.locator(".jp-OutputArea-output:has(.widget-radio)").last.get_by_role("radiogroup")
    assert questions.count() == 5 > question.count()
    names = questions.evaluate_all("groups => groups.map(group => group.getAttribute('aria-label'))")
    assert all(name.startswith(f"{number}. ") for number, name in enumerate(names, start=1))
    questions.first.get_by_role("radio").first.check()
    page.get_by_role("status").filter(has_text="Why").first.wait_for()


def test_screen_readers_find_nothing_wrong(page):
    found = Axe().run(page, context=".jp-OutputArea-output", options={"resultTypes": ["violations"]})
    serious = [each for each in found.response["violations"] if each["impact"] in ("serious", "critical")]
    told = [(each["id"], [node["html"][:160] for node in each["nodes"]][:3]) for each in serious]
    assert told == []
    assert len(found.response["passes"]) > 10  # it has looked at something


TOO_WIDE = """() => [...document.querySelectorAll('.jp-OutputArea-output')]
    .filter(output => output.scrollWidth > output.clientWidth + 1)
    .map(output => [output.scrollWidth, output.clientWidth, output.textContent.trim().slice(0, 40)])"""
# Where a name is cut with an ellipsis, its box is as wide as the box around; its text is not.
CUT = """() => [...document.querySelectorAll('.jp-OutputArea-output :is(button, label)')]
    .filter(part => {
        const text = document.createRange(), look = getComputedStyle(part);
        text.selectNodeContents(part);
        const edge = parseFloat(look.paddingRight) + parseFloat(look.borderRightWidth);
        return part.clientWidth && text.getBoundingClientRect().right > part.getBoundingClientRect().right - edge + 0.6
            || part.clientHeight && part.scrollHeight > part.clientHeight + 4;
    }).map(part => part.textContent)"""
GAPS = """() => [...document.querySelectorAll('.widget-html-content:has(> svg)')]
    .map(content => [content, content.clientHeight - content.querySelector('svg').getBoundingClientRect().height])
    .filter(([_, gap]) => gap > 6)
    .map(([content, gap]) => `${gap} pixels below ${content.textContent.slice(0, 40)}`)"""
# Beside the list of files, letters of ten pixels and more as drawn; a picture that is wider than its place scrolls.
SMALL = """() => [...document.querySelectorAll('.jp-OutputArea-output svg[viewBox][aria-label]')]
    .map(drawing => [drawing, drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width])
    .filter(([_, share]) => share > 0 && share < 0.64)
    .map(([drawing, share]) => `${drawing.getAttribute('aria-label').slice(0, 40)}: ${share}`)"""


@pytest.mark.parametrize("width", [1280, 900])
@pytest.mark.parametrize("faults", [TOO_WIDE, CUT, GAPS, SMALL], ids=["too wide", "cut", "gaps", "small"])
def test_figures_and_their_controls_fit(page, width, faults, tmp_path):
    page.set_viewport_size({"width": width, "height": HEIGHT})
    with suppress(TimeoutError):  # what is left after a while is told below
        page.wait_for_function(f"() => ({faults})().length === 0", timeout=60_000)
    page.screenshot(path=tmp_path / "page.png")
    assert page.evaluate(faults) == []
    assert page.locator(".widget-html-content > svg").count() == len(FIGURES) + 1
    page.set_viewport_size({"width": 1280, "height": HEIGHT})


def test_an_exercise_starts_over_from_the_notebook(page, own):
    exercise = own / "exercises/01-lenet-5/partial-connection.ipynb"
    before = exercise.read_bytes()
    exercise.write_text("my answer")
    output = page.locator(".jp-OutputArea-output:has(.cnncourse-progress):has(button)")
    output.get_by_role("button", name="Start its exercise over …").click()
    output.get_by_role("button", name="Yes, start over").click()
    output.get_by_text("kept as partial-connection-kept-").wait_for()
    assert exercise.read_bytes() == before
    assert [path.read_text() for path in exercise.parent.glob("*-kept-*")] == ["my answer"]


def test_the_notebook_where_one_was_is_opened(page, lab):
    page.goto(lab, wait_until="domcontentloaded")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.context?.path === 'chapters/widgets.ipynb'")
