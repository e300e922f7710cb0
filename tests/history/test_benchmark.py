"""The benchmark compares constructions that do the same work, and prints a table for each comparison."""

from dataclasses import replace

import pytest

from cnncourse.cli import main
from cnncourse.history import benchmark
from cnncourse.measure.shadow import run_on_meta

every_comparison = pytest.mark.parametrize("comparison", benchmark.COMPARISONS, ids=lambda each: each.title)


@pytest.mark.slow
@every_comparison
def test_constructions_of_a_comparison_give_results_of_one_shape(comparison):
    shapes = {run_on_meta(each.build(), comparison.input_shape).shape for each in comparison.constructions}
    assert len(shapes) == 1


@pytest.fixture
def tiny(monkeypatch):
    first, *_ = benchmark.COMPARISONS
    monkeypatch.setattr(benchmark, "COMPARISONS", (replace(first, input_shape=(256, 4, 4), batch_size=2),))


def test_table_compares_with_its_first_line(tiny):
    ((title, table),) = benchmark.benchmark(rounds=2, progress=False)
    assert "towers" in title
    name, parameters, _, memory, forward, step = table.rows[0]
    assert (name, parameters) == ("ResNet's bottleneck", "70,400")
    assert (memory, forward, step) == ("1.00", "1.00 (1.00–1.00)", "1.00 (1.00–1.00)")


def test_command_prints_the_tables(tiny, capsys):
    assert main(["benchmark", "--rounds", "1"]) == 0
    printed = capsys.readouterr().out
    assert "time forward" in printed
    assert "grouped convolution" in printed


def test_no_rounds_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["benchmark", "--rounds", "0"])
    assert "'0' is not a number of 1 or more" in capsys.readouterr().err
