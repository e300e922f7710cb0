"""The article's numbers follow from our networks and from differences that are measured on them."""

import pytest

from cnncourse.cli import main
from cnncourse.history.article_table import PRINTED_IN_TEXT, Comparison, article_table, text_counts


@pytest.fixture(scope="module")
def networks():
    return {network.title: network for network in article_table().networks}


@pytest.mark.slow
def test_every_count_of_parameters_is_explained_to_the_last(networks):
    assert {title: network.parameters.unexplained for title, network in networks.items()} == dict.fromkeys(networks, 0)


def test_every_depth_is_explained(networks):
    depths = {title: network.depth.unexplained for title, network in networks.items() if network.depth is not None}
    assert depths == {"VGG-16": 0, "Inception-v3": 0, "Xception": 0, "Inception-ResNet-v2": 0}


def test_files_are_a_little_larger_than_their_numbers(networks):
    for network in networks.values():
        assert -0.5 < network.printed_megabytes - network.rebuilt_megabytes < 2  # the article rounds to whole megabytes


def test_differences_name_their_reasons(networks):
    assert networks["ResNet-50"].parameters.explanation == (
        "+53,120 running means and variances, +26,560 biases that batch normalisation cancels"
    )
    assert networks["VGG-16"].parameters.explanation == "the same"


def test_what_is_not_explained_is_said():
    assert Comparison(10, 7, {"a reason": 2}).explanation == "+2 a reason, +1 unexplained"


@pytest.mark.slow
def test_command_prints_it(capsys):
    assert main(["article-table"]) == 0
    printed = capsys.readouterr().out
    assert "138,357,544" in printed
    assert "unexplained" not in printed


@pytest.mark.slow
def test_of_the_articles_own_counts_only_inception_v1_s_is_wrong():
    verdicts = {row[0]: row[-1] for row in text_counts().rows}
    assert len(verdicts) == len(PRINTED_IN_TEXT) == 10
    assert [title for title, verdict in verdicts.items() if verdict == "wrong"] == ["Inception-v1"]
