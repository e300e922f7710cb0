"""Words are found as they are used, each once a page."""

import pytest

pytest.importorskip("sphinx", reason="the extra “site” is not installed")

from cnncourse.site.glossary import Word, _linked, anchor_of, words_of


def links(text, *names):
    left = {name.lower(): Word(name, "", anchor_of(name)) for name in names}
    return [piece.astext() for piece in _linked(text, left, "x.html") if piece.children]


def test_the_appendix_gives_each_word_its_row(project):
    words = {word.name: word for word in words_of(project)}
    assert words["weight"].anchor == words["parameter"].anchor == "word-weight-bias-parameter"
    assert words["stride"].meaning.startswith("By how many pixels")
    for name in ("map", "feature map", "SGD", "stochastic gradient descent", "top-1", "95 % interval"):
        assert name in words, sorted(words)
    assert "word" not in words


def test_a_word_is_linked_where_it_is_first_used():
    assert links("A kernel, two kernels, and kernels again", "kernel") == ["kernel"]
    assert links("Two batches of it", "batch") == ["batches"]
    assert links("ReLU and relu", "ReLU") == ["ReLU"]


def test_longer_words_go_first_and_parts_of_words_are_none():
    assert links("a feature map and a map", "map", "feature map") == ["feature map", "map"]
    assert links("mapped, re-map, maple", "map") == []
