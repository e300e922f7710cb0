"""Of a notebook just that runs which a cell needs."""

import pytest

from cnncourse.site.slicing import value_of

CELLS = (
    "import math\nfrom math import floor as down",
    "radius = 2.6",
    "raise RuntimeError('nobody needs this')",
    "radius = radius + 1\nprint('said')",
    "def area(of):\n    return math.pi * of**2",
    "area = 'something else'",
    "small = down(radius)\nsmall * 2",
)


def test_a_cell_gets_what_it_needs_and_nothing_else_runs(capsys):
    assert value_of(CELLS, 6) == 6
    assert capsys.readouterr().out == ""


def test_the_latest_definition_counts():
    assert value_of([*CELLS[:5], "round(area(1), 2)"], 5) == pytest.approx(3.14)
    assert value_of([*CELLS[:6], "area"], 6) == "something else"


def test_what_no_cell_defines_is_an_error():
    with pytest.raises(NameError, match="unknown"):
        value_of(["unknown + 1"], 0)
