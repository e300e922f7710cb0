"""The catalogue is complete, in order, and the one list that the rest of the course walks over."""

import pytest

from cnncourse.architectures import CATALOGUE, architecture


def test_networks_are_in_order_of_publication():
    assert [record.year for record in CATALOGUE] == sorted(record.year for record in CATALOGUE)


@pytest.mark.parametrize("record", CATALOGUE, ids=lambda record: record.slug)
def test_record_builds_its_network_and_every_variant(record):
    for variant in (None, *record.variants):
        assert record.build(variant=variant) is not None
    assert tuple(record._load("model").VARIANTS) == record.variants


@pytest.mark.parametrize("record", CATALOGUE, ids=lambda record: record.slug)
def test_chapter_has_a_notebook_an_exercise_and_a_quiz(record, project):
    assert (project / f"chapters/{record.chapter}.ipynb").is_file()
    assert list((project / f"solutions/{record.chapter}").glob("*.ipynb"))
    assert list((project / f"exercises/{record.chapter}").glob("*.ipynb"))
    assert record.exercise().name == record.chapter
    assert len({question.name for question in record.questions()}) == len(record.questions()) > 0


def test_unknown_names_are_refused_with_those_that_exist():
    with pytest.raises(LookupError, match="the course has lenet-5"):
        architecture("lenet-6")
    with pytest.raises(LookupError, match="its variants: modern"):
        architecture("lenet-5").build(variant="postmodern")
