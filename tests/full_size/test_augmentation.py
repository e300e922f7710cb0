"""Pictures are changed as the papers say."""

from random import Random

import numpy as np
import pytest
import torch
from PIL import Image

from cnncourse.data.preprocessing import Preprocessing
from cnncourse.full_size.augmentation import COLOUR_VECTORS, Augmentation, trivial_augment

RULE = Preprocessing(16, 16, mean=(0.0,) * 3, deviation=(1.0,) * 3)
PLAIN = {"mirror": False, "shorter_side": (1, 1)}


def ramp(width=24, height=16):
    """Red grows to the right, green downwards: a pixel tells where it was."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = np.arange(width) * 10, np.arange(height)[:, None] * 10
    return Image.fromarray(pixels)


def several(augmentation, count=200, picture=None):
    return torch.stack([augmentation(picture or ramp(), RULE, Random(seed)) for seed in range(count)])


def test_windows_are_cut_everywhere_along_the_longer_side():
    lefts = (255 * several(Augmentation(**PLAIN))[:, 0, 0, 0] / 10).round().long()
    assert set(lefts.tolist()) == set(range(9))


def test_half_of_the_pictures_are_mirrored():
    images = several(Augmentation(shorter_side=(1, 1)))
    mirrored = images[:, 0, 0, 0] > images[:, 0, 0, -1]
    assert 70 < mirrored.sum() < 130


def test_windows_have_the_area_and_the_sides_of_the_paper():
    """A ramp's slopes in the window tell which part of the picture it was."""
    picture = ramp(25, 25)
    images = 25.5 * several(Augmentation(area=(0.2, 0.5), mirror=False), picture=picture)
    across, down = images[:, 0, 0, -1] - images[:, 0, 0, 0] + 1, images[:, 1, -1, 0] - images[:, 1, 0, 0] + 1
    share = across * down / 625
    assert 0.1 < share.min() < 0.25
    assert 0.4 < share.max() < 0.6
    assert 1.1 < (across / down).max() < 1.7
    assert 0.6 < (across / down).min() < 0.9


def test_a_picture_longer_than_any_window_gives_its_middle():
    augmentation = Augmentation(area=(0.99, 1.0), mirror=False)
    image = 25.5 * augmentation(ramp(25, 5), RULE, Random(0))
    assert image[0].mean() == pytest.approx(12, abs=0.5)
    assert image[0, 0, -1] - image[0, 0, 0] + 1 == pytest.approx(7, abs=1.5)


def test_lighting_moves_all_pixels_along_the_colours_of_imagenet():
    plain, lit = several(Augmentation(**PLAIN)), several(Augmentation(**PLAIN, lighting=0.1))
    moved = (lit - plain).flatten(2)
    torch.testing.assert_close(moved, moved[:, :, :1].expand_as(moved), atol=1e-5, rtol=0)
    deviations = (moved[:, :, 0] @ COLOUR_VECTORS).std(dim=0)
    torch.testing.assert_close(deviations, 0.1 * torch.tensor([0.2175, 0.0188, 0.0045]), rtol=0.3, atol=0)


def test_jitter_changes_brightness_within_bounds():
    grey = Image.new("RGB", (16, 16), (100, 100, 100))
    values = 255 * several(Augmentation(**PLAIN, jitter=0.4), picture=grey).mean(dim=(1, 2, 3))
    assert 55 < values.min() < 75
    assert 125 < values.max() < 145


def test_erasing_covers_a_part_of_some():
    white = Image.new("RGB", (16, 16), (255, 255, 255))
    covered = (several(Augmentation(**PLAIN, erasing=0.5), picture=white) == 0).float().mean(dim=(1, 2, 3))
    assert 70 < (covered > 0).sum() < 130
    assert covered.max() < 0.4


def test_trivial_augment_makes_all_its_changes():
    picture = Image.fromarray(np.random.default_rng(0).integers(30, 200, (16, 16, 3), dtype=np.uint8))
    made = {trivial_augment(picture, Random(seed)).tobytes() for seed in range(300)}
    assert len(made) > 150
    assert picture.tobytes() in made  # one of the changes is none


def test_grey_networks_get_grey_pictures():
    rule = Preprocessing(16, 16, mean=(0.5,), deviation=(0.5,))
    for seed in range(40):  # each of the changes
        image = Augmentation(lighting=0.1, jitter=0.1, trivial=True)(ramp(), rule, Random(seed))
        assert image.shape == (1, 16, 16)
