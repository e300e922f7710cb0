"""The chapters' figures on the site show what their widgets show."""

from dataclasses import replace
from itertools import product

import pytest

from cnncourse.architectures.inception_v1.explorer import explore_module
from cnncourse.architectures.inception_v4.explorer import explore_reduction
from cnncourse.architectures.lenet5.explorer import explore_convolution
from cnncourse.architectures.resnext50.explorer import CARDINALITIES, WIDTHS, explore_cardinality
from cnncourse.architectures.xception.explorer import explore_groups
from cnncourse.data import digits
from cnncourse.site import turning
from cnncourse.site.shared import put_together
from cnncourse.site.turning import Control, turned


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


FEWER = 300  # states than MOST_STATES: it is the same for so many


@pytest.fixture(scope="module")
def groups():
    """Figures whose controls are turned in groups, with their states."""
    figures = (explore_module(), explore_reduction(), explore_convolution(digits().test_images[200]))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(turning, "MOST_STATES", FEWER)
        return [turned(figure) for figure in figures]


def led_to(states, content, group, values):
    """Where all controls stand, by name, once those of a group are set, as the page finds it; it has a picture."""
    place = {each.name: each.values.index(values.get(each.name, each.first)) for each in states.controls}
    number = states.groups.index(group)
    key = ",".join(str(place[name]) for name in group)
    found = content["groups"][number]["moved"].get(key) or ",".join(map(str, place.values()))
    assert found in content["states"], (group, values)
    return {each.name: each.values[int(at)] for each, at in zip(states.controls, found.split(","), strict=True)}


@pytest.mark.slow
def test_whatever_is_turned_leads_to_a_picture(groups):
    for states in (*groups, *(each.thinner() for each in groups)):
        content, values = states.content, {each.name: each.values for each in states.controls}
        for group in states.groups:
            for asked in product(*(values[name] for name in group)):
                led_to(states, content, group, dict(zip(group, asked, strict=True)))


@pytest.mark.slow
def test_a_control_that_moves_others_takes_them_along(groups):
    module, reduction, convolution = groups
    assert module.movers == {"row of Table 1"}
    stand = led_to(module, module.content, ("row of Table 1",), {"row of Table 1": "4b"})
    assert (stand["maps coming in"], stand["height and width"], stand["3×3 reduce"]) == (512, 14, 112)
    stand = led_to(
        module, module.content, ("row of Table 1", "3×3 reduce"), {"row of Table 1": "4b", "3×3 reduce": 160}
    )
    assert (stand["maps coming in"], stand["3×3 reduce"]) == (512, 160)
    assert "512 maps of 14×14" in module.pictures[tuple(stand.values())]
    assert reduction.movers == {"network"}
    # With stride 3 the window cannot stand where it stood at first.
    stand = led_to(convolution, convolution.content, ("kernel", "stride", "padding"), {"stride": 3})
    assert (stand["stride"], stand["column"]) == (3, 9)


@pytest.mark.slow
def test_every_control_turns_and_what_jupyterlab_adds_is_said(groups):
    for states in groups:
        assert not states.left_out
        assert states.said.startswith("On this page turning some controls puts others back. In JupyterLab all turn")
        assert {name for group in states.groups for name in group} == {each.name for each in states.controls}
        assert len(states.pictures) <= 1.5 * FEWER
    assert "row and column take more values" in groups[-1].said


def test_long_sliders_are_thinned_but_for_what_is_held():
    whole = Control(None, "n", "range", tuple(range(30)), tuple(map(str, range(30))), 7, frozenset((0, 7, 12, 29)))
    thin = whole
    for _ in range(8):
        thin = thin.thinner()
        assert thin.held <= set(thin.values)
        assert thin.thinned
        assert [str(value) for value in thin.values] == list(thin.labels)
    assert set(thin.values) == whole.held
