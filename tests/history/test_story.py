"""The course's last table and figure say of every network what the catalogue and the code say."""

import pytest

from cnncourse.architectures import CATALOGUE
from cnncourse.history.story import PROTOCOLS, plot_story, protocol_of, story_table
from cnncourse.history.timeline import Timeline


@pytest.fixture(scope="module")
def networks():
    return Timeline().networks


@pytest.mark.slow
def test_table_has_every_network_with_its_error_and_how_that_was_measured(networks):
    rows = {row[1]: row for row in story_table(networks).rows}
    assert list(rows) == [record.title for record in CATALOGUE]
    for record in CATALOGUE:
        assert rows[record.title][-2:] == (f"{record.reported.error:g} %", record.reported.protocol)


def test_only_top_5_errors_on_imagenet_are_drawn_and_each_has_a_mark(networks):
    others = {each.record.title for each in networks if protocol_of(each) is None}
    assert others == {"LeNet-5", "Network in Network", "ResNeXt-50"}
    assert {protocol_of(each) for each in networks} - {None} == {each[1:] for each in PROTOCOLS}


@pytest.mark.slow
def test_picture_says_all_of_it_in_words(networks):
    words = plot_story(networks).alternative_text
    for record in CATALOGUE:
        assert record.title in words
    assert "AlexNet: 61 million parameters" in words
    assert "top-5 error 18.2 % with ten crops" in words
