"""The chapters' figures on the site show what their widgets show."""

from dataclasses import replace

import pytest

from cnncourse.architectures.inception_v1.explorer import explore_module
from cnncourse.architectures.inception_v4.explorer import explore_reduction
from cnncourse.architectures.lenet5.explorer import explore_convolution
from cnncourse.architectures.resnext50.explorer import CARDINALITIES, WIDTHS, explore_cardinality
from cnncourse.architectures.xception.explorer import explore_groups
from cnncourse.data import digits
from cnncourse.site.shared import put_together
from cnncourse.site.turning import MOST_STATES, turned


@pytest.fixture(scope="module")
def cardinality():
    return turned(explore_cardinality())


def test_every_state_is_the_figures_own(cardinality):
    assert [control.name for control in cardinality.controls] == ["cardinality", "width"]
    for values, picture in cardinality.pictures.items():
        assert picture == replace(explore_cardinality().first, cardinality=values[0], width=values[1]).svg
    assert len(cardinality.pictures) == len(CARDINALITIES) * len(WIDTHS)


def test_the_first_state_is_the_still_picture(cardinality):
    for figure, states in ((explore_cardinality(), cardinality), (explore_groups(), turned(explore_groups()))):
        assert states.first_picture == figure.first.svg


def test_states_are_found_by_the_positions_of_the_controls(cardinality):
    content = cardinality.content
    for first, second in ((0, 0), (2, 5), (5, 8)):
        place = content["states"][f"{first},{second}"]
        picture = put_together(content["elements"], place)
        assert picture == cardinality.pictures[CARDINALITIES[first], WIDTHS[second]]


def test_a_control_that_moves_others_takes_them_along():
    states = turned(explore_module())
    assert [control.name for control in states.controls] == ["row of Table 1"]
    assert "480 maps of 14×14" in states.pictures[("4a",)]
    assert "In JupyterLab" not in states.only_in_jupyterlab
    assert states.only_in_jupyterlab.startswith("you also turn maps coming in, height and width")


@pytest.mark.slow
def test_controls_that_are_too_many_together_are_turned_in_groups():
    states = turned(explore_convolution(digits().test_images[200]))
    place = {control.name: number for number, control in enumerate(states.controls)}
    firsts = [control.values[control.first] for control in states.controls]
    for values in states.pictures:
        moved = {name for name, number in place.items() if values[number] != firsts[number]}
        assert moved <= {"kernel", "row", "column"} or moved <= {"kernel", "stride", "padding"}
    # With stride 3 the window cannot stand where it stood at first.
    assert states.controls[place["stride"]].values == (1, 2)
    assert "all controls turn together, and" in states.only_in_jupyterlab
    assert states.content["groups"] == [
        sorted(place[name] for name in group)
        for group in (("kernel", "row", "column"), ("kernel", "stride", "padding"))
    ]


def test_long_sliders_are_thinned_until_all_states_are_few_enough():
    states = turned(explore_reduction())
    assert len(states.pictures) <= MOST_STATES
    thin = states.thinner()
    side = next(control for control in thin.controls if control.name == "side")
    assert side.values[side.first] == 35
    assert (side.values[0], side.values[-1]) == (7, 41)
    assert len(thin.content["states"]) < len(states.content["states"])
    assert "side takes more values" in thin.only_in_jupyterlab
    assert thin.first_picture == states.first_picture
