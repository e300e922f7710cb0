"""Chapter 2's explorer drops what its mask says, and shows when training and test time agree."""

from dataclasses import replace

import pytest
import torch

from cnncourse.architectures.alexnet.explorer import SCALINGS, DropoutExplorer, DroppedOut

UNITS = torch.rand(30, generator=torch.Generator().manual_seed(0))
IN_2012, TODAY, NEVER = SCALINGS


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("scaling", [IN_2012, TODAY])
def test_with_scaling_the_next_unit_gets_on_average_what_it_gets_at_test_time(p, scaling):
    state = DroppedOut(UNITS, p, scaling)
    assert state.sums_in_training.mean().item() == pytest.approx(state.sum_at_test_time, rel=0.1)


def test_without_scaling_it_gets_more_at_test_time():
    state = DroppedOut(UNITS, 0.5, NEVER)
    assert state.sum_at_test_time > 1.8 * state.sums_in_training.mean().item()


def test_output_is_units_times_factors_and_calls_differ():
    state = DroppedOut(UNITS, 0.5)
    torch.testing.assert_close(state.output, UNITS * state.factors)
    assert not torch.equal(state.factors, replace(state, call=2).factors)
    assert set(state.factors.unique().tolist()) == {0.0, 1.0}


def test_at_test_time_every_unit_has_the_same_factor():
    assert DroppedOut(UNITS, 0.2, IN_2012, training=False).factors.unique().tolist() == pytest.approx([0.8])
    assert DroppedOut(UNITS, 0.2, TODAY, training=False).factors.unique().tolist() == [1.0]


def test_controls_change_one_and_the_same_picture():
    picture, controls = DropoutExplorer(UNITS).widget().children
    (p, call), (when, scaling) = (box.children for box in controls.children)
    seen = {picture.value}
    for control, value in ((p, 0.3), (call, 2), (scaling, TODAY), (when, "test time")):
        control.value = value
        seen.add(picture.value)
    assert len(seen) == 5
    assert "at test time, none dropped" in picture.value


def test_without_a_kernel_there_is_a_still_picture_with_words():
    bundle = DropoutExplorer(UNITS)._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "on average in training" in bundle["text/plain"]
