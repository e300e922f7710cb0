"""Chapter 6's explorer shows signal and gradient of the network that its controls describe."""

from xml.etree import ElementTree

import pytest

from cnncourse.architectures.resnet50.explorer import MOST_BLOCKS, Setting, SignalExplorer, explore_signals
from cnncourse.architectures.resnet50.signals import sizes

SETTINGS = [
    Setting(),
    Setting(shortcuts=True),
    Setting(1, normalise=False, scale=0.5),
    Setting(MOST_BLOCKS, shortcuts=True, normalise=False, scale=2.0),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_words_and_picture_belong_to_the_setting(setting):
    layers = f"{4 * setting.blocks + 2} layers"
    assert layers in setting.in_words
    assert layers in setting.svg
    assert ("residual" in setting.svg) == setting.shortcuts
    assert f"first weights × {setting.scale:g}" in setting.svg
    ElementTree.fromstring(setting.svg)


def test_sizes_are_those_of_the_network():
    setting = Setting(3, shortcuts=True, normalise=False, scale=1.4)
    assert setting.sizes == sizes(3, "A", normalise=False, scale=1.4)


def test_what_does_not_fit_is_said():
    assert "off the scale" in Setting(MOST_BLOCKS, normalise=False, scale=0.5).svg
    assert "off the scale" not in Setting().svg


def test_very_small_numbers_have_raised_exponents():
    assert "·10⁻¹" in Setting(MOST_BLOCKS, normalise=False, scale=0.5).in_words


def test_controls_change_one_and_the_same_picture():
    picture, sliders, boxes = SignalExplorer().widget().children
    (blocks, scale), (shortcuts, normalise) = sliders.children, boxes.children
    seen = {picture.value}
    for control, value in ((blocks, 3), (scale, 0.7), (shortcuts, True), (normalise, False)):
        control.value = value
        seen.add(picture.value)
    assert len(seen) == 5
    assert picture.value == Setting(3, shortcuts=True, normalise=False, scale=0.7).svg


def test_without_a_kernel_there_is_a_still_picture_with_words():
    bundle = explore_signals()._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "plain, with batch normalisation" in bundle["text/plain"]
