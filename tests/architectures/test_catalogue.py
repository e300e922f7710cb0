"""The catalogue is complete, in order, and the one list that the rest of the course walks over."""

from importlib import import_module

import pytest

from cnncourse.architectures import CATALOGUE, architecture, reading_order

CHAPTERS = [record for record in CATALOGUE if record.has_chapter]


def test_networks_are_in_order_of_publication():
    published = [record.published for record in CATALOGUE]
    assert published == sorted(published)
    assert all(str(record.year) in record.published for record in CATALOGUE)


def test_ten_chapters_and_an_appendix_have_numbers_and_names_of_their_own():
    assert sorted(record.number for record in CATALOGUE) == sorted([*map(str, range(1, 11)), "A"])
    for record in CATALOGUE:
        assert record.chapter.endswith(record.slug)
        assert record.slug.replace("-", "") == record.module.replace("_", "")


def test_an_appendix_is_read_before_the_chapter_that_needs_it():
    numbers = [record.number for record in reading_order()]
    assert numbers == ["1", "2", "3", "A", *map(str, range(4, 11))]


@pytest.mark.parametrize("record", CATALOGUE, ids=lambda record: record.slug)
def test_records_variants_are_those_that_its_model_defines(record):
    model = import_module(f"cnncourse.architectures.{record.module}.model")
    assert tuple(model.VARIANTS) == record.variants


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_chapter_has_a_notebook_an_exercise_and_a_quiz(record, project):
    assert (project / f"chapters/{record.chapter}.ipynb").is_file()
    assert list((project / f"solutions/{record.chapter}").glob("*.ipynb"))
    assert list((project / f"exercises/{record.chapter}").glob("*.ipynb"))
    assert record.exercise().name == record.chapter
    assert len({question.name for question in record.questions()}) == len(record.questions()) > 0


def test_unknown_names_are_refused_with_those_that_exist():
    with pytest.raises(LookupError, match="the course has lenet-5, alexnet"):
        architecture("lenet-6")
    with pytest.raises(LookupError, match="its variants: modern"):
        architecture("lenet-5").build(variant="postmodern")
