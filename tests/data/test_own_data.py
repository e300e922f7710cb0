"""The data that come with the course: what they are, and that training and test sets share nothing."""

import torch

from cnncourse.data import digits, distort, photo_patches
from cnncourse.data.photo_patches import GAP, PATCH, PHOTO_NAMES, split_regions


def test_digits_are_all_there_at_32_by_32():
    data = digits()
    assert data.input_shape == (1, 32, 32)
    assert len(data.train_images) + len(data.test_images) == 1797
    assert data.test_labels.bincount().min() >= 40
    assert data.train_images.min() >= -0.1 - 1e-6
    assert data.train_images.max() <= 1.175 + 1e-6


def test_no_digit_is_in_both_sets():
    data = digits()
    train = {image.numpy().tobytes() for image in data.train_images}
    assert not any(image.numpy().tobytes() in train for image in data.test_images)


def test_photo_patches_have_ten_balanced_classes():
    data = photo_patches(train_per_class=20, test_per_class=7)
    assert data.input_shape == (3, 32, 32)
    assert data.class_names == PHOTO_NAMES
    assert data.train_labels.bincount().tolist() == [20] * 10
    assert data.test_labels.bincount().tolist() == [7] * 10
    assert data.train_images.abs().max() <= 1 + 1e-5


def test_training_and_test_regions_of_a_photograph_are_apart():
    columns = torch.arange(400).expand(3, 256, 400)
    train, test = split_regions(columns)
    assert test.min() - train.max() == GAP + 1
    assert min(train.shape[2], test.shape[2]) > PATCH


def test_patches_come_from_their_own_region():
    small = photo_patches(train_per_class=5, test_per_class=5)
    again = photo_patches(train_per_class=5, test_per_class=5)
    assert torch.equal(small.train_images, again.train_images)


def test_distortion_is_small_random_and_repeatable():
    images = digits().train_images[:64]
    first, second = (distort(images, torch.Generator().manual_seed(seed)) for seed in (0, 1))
    assert torch.equal(first, distort(images, torch.Generator().manual_seed(0)))
    assert not torch.equal(first, second)
    assert first.shape == images.shape
    ink, distorted_ink = (shown - shown.min() for shown in (images, first))
    assert abs(distorted_ink.sum() / ink.sum() - 1) < 0.1


def test_distortion_without_amounts_changes_nothing(monkeypatch):
    for name in ("ROTATION", "SCALE", "SHEAR", "SHIFT"):
        monkeypatch.setattr(f"cnncourse.data.distortion.{name}", 0)
    images = digits().train_images[:4]
    torch.testing.assert_close(distort(images, torch.Generator()), images, atol=1e-4, rtol=0)
