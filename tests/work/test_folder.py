"""A learner's folder brings what is new, and nothing that the learner wrote is lost."""

import pytest

from cnncourse.work.folder import WorkFolder
from tests.work.conftest import CHAPTER, EXERCISE, source, write


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def steps(own):
    return [(step.place, step.what, other and other.name) for step, other in own.update()]


def test_a_new_folder_holds_copies_of_all(own, course):
    for place in (CHAPTER, EXERCISE):
        assert (own.path / place).read_bytes() == (course / place).read_bytes()
    assert own.pending() == []
    assert own.latest() is None


def test_to_start_again_changes_nothing(own, course):
    write(own.path / EXERCISE, "my answer")
    assert WorkFolder.start(own.path, course).pending() == []
    assert source(own.path / EXERCISE) == ["my answer"]


@pytest.mark.parametrize("name", ["folder", "file"])
def test_something_else_is_not_overwritten(name, course, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match="nothing is overwritten"):
        WorkFolder.start(tmp_path / name, course)


def test_it_is_found_from_any_place_in_it(own, course, tmp_path):
    assert WorkFolder.around(own.path / "exercises/03-vgg-16", course).path == own.path
    assert WorkFolder.around(tmp_path, course) is None


def test_what_is_as_it_was_handed_out_is_brought_up_to_date(own, course):
    write(course / CHAPTER, "newer chapter")
    write(course / "chapters/04-inception-v1.ipynb", "new chapter")
    assert steps(own) == [(CHAPTER, "replace", None), ("chapters/04-inception-v1.ipynb", "add", None)]
    assert source(own.path / CHAPTER) == ["newer chapter"]
    assert own.pending() == []


def test_an_answer_stays_where_it_is_and_the_newer_exercise_is_put_beside_once(own, course):
    write(own.path / EXERCISE, "my answer")
    write(course / EXERCISE, "your code here, please")
    assert steps(own) == [(EXERCISE, "put beside", "convolution-stacks-new.ipynb")]
    assert source(own.path / EXERCISE) == ["my answer"]
    assert source(own.path / "exercises/03-vgg-16/convolution-stacks-new.ipynb") == ["your code here, please"]
    assert own.pending() == []


def test_an_answer_to_an_exercise_that_has_not_changed_needs_nothing(own):
    write(own.path / EXERCISE, "my answer")
    assert own.pending() == []


def test_a_chapter_that_was_only_run_is_brought_up_to_date_and_kept(own, course):
    write(own.path / CHAPTER, "chapter", printed="what came out here")
    write(course / CHAPTER, "newer chapter")
    ((place, what, kept),) = steps(own)
    assert (place, what) == (CHAPTER, "keep and replace")
    assert source(own.path / CHAPTER) == ["newer chapter"]
    assert "what came out here" in (own.path / "chapters" / kept).read_text(encoding="utf-8")


def test_a_notebook_that_was_cut_short_counts_as_the_learners(own, course):
    (own.path / EXERCISE).write_text('{"cells": [')
    write(course / EXERCISE, "newer")
    assert steps(own)[0][1] == "put beside"
    assert (own.path / EXERCISE).read_text() == '{"cells": ['


def test_to_start_over_keeps_every_old_answer(own):
    for answer in ("first", "second"):
        write(own.path / EXERCISE, answer)
        own.reset("03-vgg-16")
    folder = (own.path / EXERCISE).parent
    assert source(own.path / EXERCISE) == ["your code here"]
    kept = [path for path in folder.iterdir() if "-kept-" in path.name]
    assert sorted(source(path)[0] for path in kept) == ["first", "second"]
    assert names(folder)[-1] == "convolution-stacks.ipynb"


def test_to_start_over_what_is_as_handed_out_keeps_nothing(own):
    assert own.reset("03-vgg-16") == [(own.path / EXERCISE, None)]
    assert names((own.path / EXERCISE).parent) == ["convolution-stacks.ipynb"]


def test_the_notebook_saved_last_is_the_one_to_go_on_with(own):
    write(own.path / EXERCISE, "my answer")
    assert own.latest() == own.path / EXERCISE
    write(own.path / "chapters/.ipynb_checkpoints/x.ipynb", "a checkpoint")
    assert own.latest() == own.path / EXERCISE
