"""The site in a real browser, from a disk: everyone can use it, figures and questions answer, and it is light."""

import http.server
import threading

import pytest
from axe_playwright_python.sync_playwright import Axe

from cnncourse.architectures import architecture

pytestmark = pytest.mark.browser

CHAPTER = "chapters/01-lenet-5.html"
SAMPLE = (
    "index.html",
    CHAPTER,
    "exercises/01-lenet-5/partial-connection.html",
    "gallery.html",
    "reference/commands.html",
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
MOST_BYTES = 1_500_000  # of what a chapter loads at first
SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}"""


@pytest.fixture(scope="module")
def places(site, is_whole):
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html")) if is_whole else SAMPLE


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.troubles = []
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.on("console", lambda said: page.troubles.append(said.text) if said.type == "error" else None)
    yield page
    assert page.troubles == []
    context.close()


def opened(page, site, place):
    page.set_default_timeout(300_000)  # for what hangs, not for what is slow
    page.goto((site / place).as_uri())
    return page


# What is alike in both themes is looked at in one.
LOOKED_AT = {"light": {"type": "tag", "values": RULES}, "dark": {"type": "rule", "values": ("color-contrast",)}}


@pytest.mark.parametrize("scheme", LOOKED_AT)
def test_screen_readers_find_nothing_wrong(browser, site, places, scheme):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    found = {}
    for place in places:
        opened(page, site, place)
        for figure in page.locator(".cnncourse-open-it").all():
            figure.click()
            figure.wait_for(state="detached")
        told = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": LOOKED_AT[scheme]})
        for each in told.response["violations"]:
            found.setdefault(each["id"], []).append((place, each["nodes"][0]["html"][:200], len(each["nodes"])))
    context.close()
    assert found == {}


ENLARGED = """async () => {
    const pictures = [...document.querySelectorAll('.cnncourse-picture > :is(img, svg)')];
    await Promise.all(pictures.filter(each => each.decode).map(each => (each.loading = 'eager', each.decode())));
    const drawn = (each) => each.viewBox?.baseVal.width ?? (Number(each.getAttribute('width')) || each.naturalWidth);
    return pictures.map(each => [drawn(each), each.getBoundingClientRect().width])
        .filter(([own, shown]) => shown > own + 1);
}"""


# Letters of less than six pixels: drawings have ten and more.
SHRUNK = """() => [...document.querySelectorAll(':is(.cell_output, .cnncourse-picture) img[src$=".svg"]')]
    .filter(each => each.getBoundingClientRect().width < 0.64 * each.naturalWidth)
    .map(each => [each.naturalWidth, each.getBoundingClientRect().width, each.alt.slice(0, 40)])"""


def test_nothing_is_cut_off_or_enlarged_on_a_phone(browser, site, places):
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    wide, enlarged, shrunk = {}, {}, {}
    for place in places:
        opened(page, site, place)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 360:
            wide[place] = width
        if found := page.evaluate(ENLARGED):
            enlarged[place] = found
        if found := page.evaluate(SHRUNK):
            shrunk[place] = found
    opened(page, site, CHAPTER)
    figure = page.locator(".cnncourse-turned").first
    still = int(figure.locator(".cnncourse-picture img").get_attribute("width"))
    figure.get_by_role("slider", name="row").press("End")
    drawing = figure.locator(".cnncourse-picture svg")
    drawing.wait_for()
    width = drawing.bounding_box()["width"]
    context.close()
    assert wide == {}
    assert enlarged == {}
    assert shrunk == {}
    assert width == pytest.approx(still, abs=1)  # that was in its place


def test_without_scripts_all_is_there_but_what_needs_them(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = opened(context.new_page(), site, CHAPTER)
    for control in page.locator(".cnncourse-answer, .cnncourse-controls, .cnncourse-open-it, .cnncourse-come").all():
        assert not control.is_visible()
    for figure in page.locator("figure").all():
        assert figure.locator("img").is_visible()
        assert figure.locator("noscript p").is_visible()
    answers = page.locator("noscript details")
    assert answers.count() == len(architecture("lenet-5").questions())
    answers.first.locator("summary").click()
    assert "6 × (5 × 5 + 1) = 156" in answers.first.inner_text()
    context.close()


def test_a_chapter_is_light_and_nothing_moves_while_it_loads(page, site, places):
    for place in (place for place in places if place.startswith("chapters/")):
        loaded = {}
        page.on("response", lambda response, loaded=loaded: loaded.update({response.url: response}))
        page.add_init_script(f"({SHIFTS})()")
        opened(page, site, place)
        page.wait_for_load_state("networkidle")
        assert sum(len(response.body()) for response in list(loaded.values())) <= MOST_BYTES, place
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        page.wait_for_function("[...document.images].every((image) => image.loading !== 'eager' || image.complete)")
        assert page.evaluate("window.shifted") < 0.01, place


def test_a_figure_turns_by_keyboard_and_says_what_it_shows(page, site):
    figure = opened(page, site, CHAPTER).locator(".cnncourse-turned").first
    slider = figure.get_by_role("slider", name="row")
    slider.focus()
    before = slider.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    words = figure.get_by_role("status")
    page.wait_for_function("(words) => words.textContent", arg=words.element_handle())
    now = slider.get_attribute("aria-valuetext")
    assert now != before
    assert f"at row {now}, column 12" in words.text_content()
    drawing = figure.locator(".cnncourse-picture svg")
    assert drawing.get_attribute("aria-label") == words.text_content()
    shown = drawing.element_handle()
    figure.get_by_role("combobox", name="kernel").select_option("outline")
    page.wait_for_function("(svg) => !svg.isConnected", arg=shown)
    assert figure.get_by_role("slider", name="row").get_attribute("aria-valuetext") == now


def test_controls_of_another_group_go_back(page, site):
    figure = opened(page, site, CHAPTER).locator(".cnncourse-turned").first
    figure.get_by_role("slider", name="row").press("End")
    figure.get_by_role("combobox", name="kernel").select_option("outline")
    figure.get_by_role("slider", name="stride").press("ArrowRight")
    figure.get_by_role("status").filter(has_text="stride 2").wait_for()
    assert "at row 8, column 12" in figure.get_by_role("status").text_content()
    assert figure.get_by_role("slider", name="row").get_attribute("aria-valuetext") == "8"
    assert figure.get_by_role("combobox", name="kernel").input_value() == "outline"
    # Where one control moves another, it does so here too: with stride 3 the window stands elsewhere.
    figure.get_by_role("slider", name="stride").press("End")
    figure.get_by_role("status").filter(has_text="stride 3").wait_for()
    assert figure.get_by_role("slider", name="column").get_attribute("aria-valuetext") == "9"


def test_a_figure_of_what_was_trained_turns_too(page, site):
    figure = opened(page, site, CHAPTER).locator(".cnncourse-turned").last
    figure.get_by_role("combobox", name="kernel").select_option("C1, kernel 4")
    figure.get_by_role("status").filter(has_text="A 5×5 kernel").wait_for()
    assert figure.locator(".cnncourse-picture svg").is_visible()


def test_a_network_is_coloured_and_shows_every_layer_by_keyboard(page, site):
    figure = opened(page, site, CHAPTER).locator(".cnncourse-opened").first
    figure.get_by_role("button", name="Open, fold and colour").press("Enter")
    detail = figure.get_by_label("detail")
    detail.wait_for()
    boxes = figure.locator("[data-box]").count()
    detail.select_option("layers")
    assert figure.locator("[data-box]").count() > boxes
    figure.get_by_label("colour by").select_option("parameters")
    assert "parameters: 0" in figure.locator("svg").text_content()
    figure.locator('[tabindex="0"][data-box]').focus()
    page.keyboard.press("ArrowDown")
    assert "Conv2d(1, 6, kernel_size=(5, 5)" in figure.locator(".about").text_content()
    figure.get_by_role("button", name="as drawn first").click()
    assert figure.locator("[data-box]").count() == boxes
    assert detail.input_value() == "blocks"


def test_blocks_open_and_fold(page, site, is_whole):
    if not is_whole:
        pytest.skip("only the first chapter's figures answer here, and its network has no blocks")
    figure = opened(page, site, "chapters/06-resnet-50.html").locator(".cnncourse-opened").first
    figure.get_by_role("button", name="Open, fold and colour").click()
    block = figure.get_by_role("button", name="conv2_x")
    block.wait_for()
    assert block.get_attribute("aria-expanded") == "true"
    block.press("Enter")
    assert figure.get_by_role("button", name="conv2_x").get_attribute("aria-expanded") == "false"
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "conv2_x"
    opened_before = figure.locator('[aria-expanded="true"]').count()
    figure.get_by_role("button", name="fold all").click()
    assert figure.locator('[aria-expanded="true"]').count() < opened_before


def test_answers_are_judged_and_still_there_the_next_day(page, site):
    form = opened(page, site, CHAPTER).locator('form[data-kind="answers"]').first
    right = form.get_attribute("data-right")
    wrong = form.locator(f'input:not([value="{right}"])').first
    wrong.check()
    assert "Not quite" in form.get_by_role("status").text_content()
    form.locator(f'input[value="{right}"]').check()
    assert "✓ Right" in form.get_by_role("status").text_content()
    page.reload()
    form = page.locator('form[data-kind="answers"]').first
    assert form.locator("input:checked").get_attribute("value") == right
    assert "✓ Right" in form.get_by_role("status").text_content()
    assert "1 of 5 questions answered, 1 of them rightly" in page.locator(".cnncourse-come").text_content()
    page.get_by_role("button", name="Forget what I answered here").click()
    page.wait_for_load_state()
    assert page.locator('form[data-kind="answers"] input:checked').count() == 0


def test_a_prediction_is_recalled_beside_the_result(page, site):
    form = opened(page, site, CHAPTER).locator("form:has(input[data-number])").first
    field = form.locator("input")
    field.fill("many")
    field.press("Tab")
    assert form.get_by_role("status").text_content().startswith("A number, please")
    field.fill("1,234.50")
    field.press("Tab")
    assert "Noted: 1,234.5" in form.get_by_role("status").text_content()
    recalled = page.locator(".cnncourse-recalled").first.text_content()
    assert recalled.startswith("You said: 1,234.5")


def test_words_can_be_searched_for(page, site):
    page.goto(f"{(site / 'search.html').as_uri()}?q=dropout")
    page.locator("#search-results li a").first.wait_for()
    assert page.locator("#search-results li a").count() > 2


def test_it_works_in_a_folder_of_a_server_too(page, site):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), quiet(site.parent)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/{site.name}/{CHAPTER}")
        figure = page.locator(".cnncourse-turned").first
        figure.get_by_role("combobox", name="kernel").select_option("outline")
        figure.locator(".cnncourse-picture svg").wait_for()
        page.locator("a.next-page").click()
        page.get_by_role("heading", level=1, name="2 · AlexNet").wait_for()
        server.shutdown()


def quiet(folder):
    """Return a handler that serves a folder and does not write of it."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, directory=folder, **options)

        def log_message(self, *_arguments):
            pass

    return Handler
