"""The site's pages: nothing leads nowhere, every picture has its words, headings are in order, words are spelled."""

import importlib.resources
import itertools
import json
import re
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from cnncourse.architectures import CATALOGUE, reading_order
from cnncourse.site.figures import TRAINED
from cnncourse.site.pages import ELSEWHERE, README_PAGES, readme_sections
from cnncourse.site.repository import Repository

MADE_BY_SPHINX = {"search.html", "genindex.html", "py-modindex.html", "404.html"}
# American spellings that are names here, and British ones that nobody uses.
KNOWN_WORDS = {"optimizer", "optimizers", "story", "writable"}
QUOTED = re.compile(r"“[^”]*”")


@pytest.fixture(scope="module")
def pages(site):
    """Every page as a tree of elements, by its place."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
    }


@pytest.fixture(scope="module")
def own(pages):
    """The pages that are not Sphinx's own lists."""
    return {place: page for place, page in pages.items() if place not in MADE_BY_SPHINX}


def test_everything_is_there(pages, project):
    for record in CATALOGUE:
        assert f"chapters/{record.chapter}.html" in pages
    for part in ("chapters", "exercises"):
        for path in (project / part).rglob("*.ipynb"):
            if ".ipynb_checkpoints" not in path.parts:
                assert path.relative_to(project).with_suffix(".html").as_posix() in pages
    for name in ("index", "gallery", "timeline", "docs/instructors-guide", "reference/commands", "changelog", "search"):
        assert f"{name}.html" in pages
    assert not [place for place in pages if "solutions" in place]


def test_readmes_sections_are_each_on_one_page(project):
    placed = [head for heads in README_PAGES.values() for head in heads] + list(ELSEWHERE)
    assert sorted(placed) == sorted(readme_sections(project))


def test_no_link_leads_nowhere(pages, site):
    anchors = {place: {each.get("id") for each in page.find_all(id=True)} for place, page in pages.items()}
    for place, page in pages.items():
        for attribute in ("href", "src", "data-script"):
            for element in page.find_all(attrs={attribute: True}):
                to = urlsplit(element[attribute])
                if to.scheme or to.netloc or element[attribute].startswith(("#top", "data:")):
                    continue
                target = ((site / place).parent / unquote(to.path)).resolve() if to.path else site / place
                target = target / "index.html" if target.is_dir() else target
                assert target.is_file(), f"{place}: {element[attribute]}"
                name = target.relative_to(site.resolve() if to.path else site).as_posix()
                if to.fragment and name in anchors:
                    assert unquote(to.fragment) in anchors[name], f"{place}: {element[attribute]}"


def test_nothing_is_loaded_from_elsewhere(pages, site):
    for place, page in pages.items():
        for element in page.find_all(["script", "img", "link", "iframe"]):
            address = element.get("src") or (element.get("href") if element.name == "link" else "") or ""
            if "canonical" not in (element.get("rel") or []):
                assert not urlsplit(address).netloc, f"{place}: {address}"
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?https?:", style.read_text(encoding="utf-8")), style


def test_each_picture_has_its_words_and_its_room(own):
    for place, page in own.items():
        for image in page.find("article").find_all("img"):
            assert image.get("alt", "").strip(), f"{place}: {image}"
            assert int(image["width"]) > 0 < int(image["height"]), f"{place}: {image}"
            assert image["loading"] == "lazy"


def test_headings_are_in_order(own):
    for place, page in own.items():
        levels = [int(each.name[1]) for each in page.find("article").find_all(re.compile("^h[1-6]$"))]
        assert levels.count(1) == 1 == levels[0], place
        for before, after in itertools.pairwise(levels):
            assert after <= before + 1, f"{place}: a heading of level {after} below one of level {before}"


def test_each_chapter_links_words_to_the_glossary_each_once(own):
    for record in CATALOGUE:
        article = own[f"chapters/{record.chapter}.html"].find("article")
        words = [link.text.lower() for link in article.find_all("a", href=re.compile("appendix-glossary.html#word-"))]
        assert len(words) == len(set(words)) > 20, record.chapter


def test_each_page_has_one_address_a_title_and_a_card(own, project):
    home = Repository.of_course(project).site
    titles = set()
    for place, page in own.items():
        address = home + place
        assert [each["href"] for each in page.find_all("link", rel="canonical")] == [address]
        card = {each["property"]: each["content"] for each in page.find_all("meta", property=True)}
        assert card["og:url"] == address
        assert card["og:title"]
        assert card["og:image"].startswith(home)
        assert page.html["lang"] == "en"
        titles.add(page.title.text)
    assert len(titles) == len(own)


def test_the_map_of_the_site_has_every_page(own, site, project):
    places = ElementTree.parse(site / "sitemap.xml").getroot().iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    listed = {place.text.removeprefix(Repository.of_course(project).site) for place in places}
    assert set(own) <= listed


def test_one_goes_on_from_chapter_to_chapter(own):
    chapters = [f"chapters/{record.chapter}.html" for record in reading_order()]
    for before, after in itertools.pairwise(chapters):
        assert own[before].find("a", class_="next-page")["href"] == after.removeprefix("chapters/")
        assert own[after].find("a", class_="prev-page")["href"] == before.removeprefix("chapters/")


def test_notebooks_can_be_downloaded_with_a_cell_that_installs_the_course(own, site, project):
    for place, page in own.items():
        if place.startswith(("chapters/", "exercises/")):
            link = page.find("nav", class_="cnncourse-line").find("a", string="Download")
            notebook = json.loads(((site / place).parent / link["href"]).read_text(encoding="utf-8"))
            committed = json.loads((project / place).with_suffix(".ipynb").read_text(encoding="utf-8"))
            installs, *rest = notebook["cells"][1:]
            assert Repository.of_course(project).install in "".join(installs["source"])
            assert len(rest) == len(committed["cells"]) - 1
            for cell, before in zip(rest, committed["cells"][1:], strict=True):
                assert cell.get("outputs") == before.get("outputs")


def test_words_are_linked_where_they_are_first_used(own):
    page = own["chapters/01-lenet-5.html"]
    links = page.find_all("a", class_="cnncourse-word")
    assert len(links) > 10
    assert len({link["href"] + link.text.lower() for link in links}) == len(links)
    assert all(link.get("title") for link in links)


def test_predictions_and_quizzes_are_asked_on_the_pages(own):
    for record in CATALOGUE:
        page = own[f"chapters/{record.chapter}.html"]
        for kind, asked in (("predictions", record.predictions()), ("answers", record.questions())):
            names = [form["data-name"] for form in page.find_all("form", attrs={"data-kind": kind})]
            assert sorted(names) == sorted(each.name for each in asked), record.chapter


def test_words_are_spelled_as_in_britain(own):
    lists = importlib.resources.files("codespell_lib") / "data"
    wrong = dict(line.split("->", 1) for line in read(lists / "dictionary.txt"))
    for line in read(lists / "dictionary_en-GB_to_en-US.txt"):
        british, american = line.split("->")
        wrong[american.partition(",")[0].strip()] = british
    found = {}
    for place, page in own.items():
        for word in words_of(page):
            if word.lower() in wrong and word.lower() not in KNOWN_WORDS:
                found[word] = (place, wrong[word.lower()])
    assert found == {}


def read(path):
    return path.read_text(encoding="utf-8").splitlines()


def words_of(page):
    """Every word of a page's text, code and quotations left out; what its script shows later among them."""
    article = BeautifulSoup(str(page.find("article")), "html.parser")
    for each in article.find_all(["pre", "code", "script", "style"]):
        each.decompose()
    text = " ".join(str(each) for each in article.find_all(string=True))
    text += " ".join(image.get("alt", "") for image in article.find_all("img"))
    return re.findall(r"[A-Za-z]+", QUOTED.sub("", text))


def test_figures_are_small_and_there(own, site, is_whole):
    live = [figure for page in own.values() for figure in page.find_all("figure", attrs={"data-script": True})]
    assert len(live) >= (23 if is_whole else 3)
    assert not is_whole or not [place for place, page in own.items() if TRAINED in page.text]
    for script in (site / "_static/figures").glob("*.js"):
        assert script.stat().st_size <= 150_000, script
