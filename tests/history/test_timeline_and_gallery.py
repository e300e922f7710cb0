"""The timeline and the gallery show every network of the catalogue, with numbers that are measured."""

from xml.etree import ElementTree

import pytest

from cnncourse.architectures import CATALOGUE
from cnncourse.cli import main
from cnncourse.history.gallery import write_gallery
from cnncourse.history.timeline import timeline
from tests.drawing.test_draw import size, texts


@pytest.fixture(scope="module")
def timeline_of_all():
    """The timeline, for which every network is measured."""
    return timeline().svg


def test_timeline_has_every_network_in_order_of_publication(timeline_of_all):
    words = [text for text, *_ in texts(timeline_of_all)]
    places = [words.index(record.title) for record in CATALOGUE]
    assert places == sorted(places)
    assert [record.published for record in CATALOGUE] == sorted(record.published for record in CATALOGUE)


def test_timeline_says_depth_size_cost_and_reported_error(timeline_of_all):
    words = [text for text, *_ in texts(timeline_of_all)]
    for number in ("138 M", "15.5 G", "176", "18.2 %", "from ResNet-50: shortcuts"):
        assert number in words


def test_timeline_has_room_for_its_words(timeline_of_all):
    width, _ = size(timeline_of_all)
    assert all(0 <= left < right <= width for _, left, right, _ in texts(timeline_of_all))


def test_what_a_network_took_over_is_older():
    published = {record.slug: record.published for record in CATALOGUE}
    for record in CATALOGUE:
        for link in record.inherits:
            assert published[link.slug] <= record.published
    assert all(record.inherits for record in CATALOGUE[1:])


@pytest.mark.slow
def test_gallery_shows_every_network_and_the_timeline(tmp_path):
    page = write_gallery(tmp_path / "gallery")
    content = page.read_text(encoding="utf-8")
    assert content.count("<figure>") == len(CATALOGUE) + 1
    assert "http" not in content.replace("http://www.w3.org/2000/svg", "")
    for record in CATALOGUE:
        assert f'id="{record.slug}"' in content
        ElementTree.parse(page.with_name(f"{record.slug}.svg"))


@pytest.mark.slow
@pytest.mark.parametrize("command", ["timeline a.svg", "draw lenet-5 a.svg --detail layers"])
def test_commands_save_pictures(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(command.split()) == 0
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").startswith("<svg")
