"""Chapter 5's explorer turns a kernel, and says truly how much of it a column times a row can keep."""

from dataclasses import replace

import pytest

from cnncourse.architectures.inception_v3.explorer import CHANNELS, KernelExplorer, TurnedKernel
from cnncourse.architectures.inception_v3.separable import weights


@pytest.mark.parametrize(("degrees", "said"), [(0, "100%"), (30, "75%"), (45, "50%"), (90, "100%")])
def test_share_that_is_kept_of_an_edge_falls_to_a_half_and_rises_again(degrees, said):
    state = TurnedKernel("edge", degrees)
    assert f"keeps {said} of its squares" in state.in_words
    assert f"keeps {said} of the squares" in state.svg


@pytest.mark.parametrize(
    ("state", "products"),
    [
        (TurnedKernel("edge", 0), "exact with 1 product<"),
        (TurnedKernel("edge", 20), "exact with 2 products"),
        (TurnedKernel("stripes", 45), "exact with 2 products"),
        (TurnedKernel("noise", 0, 9), "exact with 9 products"),
    ],
)
def test_products_that_are_needed_are_counted(state, products):
    assert products in state.svg


@pytest.mark.parametrize("n", [3, 7, 11])
def test_saving_is_that_of_the_weights(n):
    full, factored = weights(n, CHANNELS, CHANNELS, CHANNELS)
    state = TurnedKernel(n=n)
    assert state.saving == 1 - factored / full == pytest.approx(1 - 2 / n)
    assert f"{full:,}" in state.svg
    assert f"{factored:,}" in state.svg


def test_controls_change_one_and_the_same_picture():
    picture, kind, sliders = KernelExplorer().widget().children
    degrees, size = sliders.children
    seen = {picture.value}
    for control, value in ((degrees, 45), (size, 9), (kind, "stripes")):
        control.value = value
        seen.add(picture.value)
    assert len(seen) == 4
    assert replace(TurnedKernel(), kind="stripes", degrees=45, n=9).svg == picture.value


def test_without_a_kernel_there_is_a_still_picture_with_words():
    bundle = KernelExplorer()._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "1×7 and 7×1 together have" in bundle["text/plain"]
