"""Pictures become what weights demand: torchvision's and timm's formulas, written out."""

import math

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from cnncourse.data.preprocessing import Preprocessing, as_picture, read_picture


def picture(width, height):
    """A picture with something in each pixel, of any size."""
    return Image.fromarray(skimage.data.chelsea()).resize((width, height))


def as_torchvision(shown, crop, resize, interpolation, mean, deviation):
    """Resize(resize), CenterCrop(crop), ToTensor() and Normalize(mean, deviation) of torchvision 0.29, written out."""
    width, height = shown.size
    short, long = sorted((width, height))
    size = (resize, int(resize * long / short)) if width <= height else (int(resize * long / short), resize)
    shown = shown.resize(size, interpolation)
    top, left = round((size[1] - crop) / 2.0), round((size[0] - crop) / 2.0)
    pixels = np.asarray(shown)[top : top + crop, left : left + crop]
    values = pixels.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    mean, deviation = (np.float32(each).reshape(3, 1, 1) for each in (mean, deviation))
    return (values - mean) / deviation


IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5,) * 3, (0.5,) * 3)
SIZES = [(500, 375), (375, 500), (451, 300), (333, 333), (100, 64), (227, 640)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_torchvisions_usual_tensor(size):
    shown = picture(*size)
    expected = as_torchvision(shown, 224, 256, Image.Resampling.BILINEAR, *IMAGENET)
    np.testing.assert_allclose(Preprocessing()(shown).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("input_size", "share"), [(224, 0.95), (299, 0.875), (299, 0.8975)], ids=str)
def test_timms_tensor_whose_window_is_a_share_of_the_picture(size, input_size, share):
    shown = picture(*size)
    resize = math.floor(input_size / share)
    expected = as_torchvision(shown, input_size, resize, Image.Resampling.BICUBIC, *HALF)
    mine = Preprocessing(input_size, resize, "bicubic", *HALF)
    np.testing.assert_allclose(mine(shown).numpy(), expected, atol=1e-6)


def test_ten_crops_are_the_corners_and_the_centre_and_their_mirror_images():
    rule = Preprocessing(crop=4, resize=6)
    shown = picture(8, 6)
    whole = rule.normalised(rule.scaled(shown))
    crops = rule.ten_crops(shown)
    assert crops.shape == (10, 3, 4, 4)
    for crop, (top, left) in zip(crops, [(0, 0), (0, 4), (2, 0), (2, 4), (1, 2)], strict=False):
        assert torch.equal(crop, whole[:, top : top + 4, left : left + 4])
    assert torch.equal(crops[5:], crops[:5].flip(-1))
    assert torch.equal(crops[4], rule(shown))


def test_what_the_network_sees_is_told_in_the_pictures_own_pixels():
    assert Preprocessing(crop=50, resize=100).seen(picture(400, 200)) == (150, 50, 250, 150)


def test_grey_networks_get_grey_pictures():
    rule = Preprocessing(32, 32, mean=(0.5,), deviation=(0.5,))
    assert rule(picture(40, 40)).shape == (1, 32, 32)
    assert Preprocessing(**rule.record()) == rule


def test_arrays_of_either_kind_and_grey_ones_are_pictures():
    pixels = skimage.data.chelsea()[:20, :30]
    for same in (pixels, pixels / 255, np.dstack([pixels, np.full((20, 30), 255, np.uint8)])):
        assert np.array_equal(np.asarray(as_picture(same)), pixels)
    assert as_picture(skimage.data.camera()).mode == "RGB"
    with pytest.raises(ValueError, match=r"not \(3, 8, 8\)"):
        as_picture(np.zeros((3, 8, 8)))


def test_a_picture_is_turned_as_its_camera_was_held(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6  # "turn it to the right"
    picture(40, 20).save(tmp_path / "held.jpg", exif=turned)
    assert read_picture(tmp_path / "held.jpg").size == (20, 40)


def test_files_that_are_no_pictures_are_named(tmp_path):
    (tmp_path / "words.jpg").write_text("no picture")
    picture(60, 60).save(tmp_path / "whole.jpg")
    (tmp_path / "half.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:700])
    with pytest.raises(OSError, match=r"words.jpg is no picture"):
        read_picture(tmp_path / "words.jpg")
    with pytest.raises(OSError, match=r"half.jpg is broken"):
        read_picture(tmp_path / "half.jpg")
    with pytest.raises(FileNotFoundError, match=r"none.jpg"):
        read_picture(tmp_path / "none.jpg")


def test_impossible_demands_are_refused():
    with pytest.raises(ValueError, match="bilinear or bicubic, not by 'nearest'"):
        Preprocessing(interpolation="nearest")
    with pytest.raises(ValueError, match="nothing of 300 pixels"):
        Preprocessing(crop=300)
