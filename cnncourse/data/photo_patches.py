"""Patches of real photographs that come with scikit-image and scikit-learn."""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.data.image_data import ImageData

PHOTO_NAMES = (
    "astronaut",
    "chelsea",
    "coffee",
    "hubble_deep_field",
    "immunohistochemistry",
    "retina",
    "rocket",
    "motorcycle",
    "china",
    "flower",
)
SHORT_SIDE = 256  # every photograph is scaled to this height or width, whichever is less
PATCH = 32
GAP = 32  # pixels between the two regions: wider than the filter that scaled the photograph
TRAIN_SHARE = 0.65


@cache
def photo_patches(train_per_class: int = 200, test_per_class: int = 60, seed: int = 2012) -> ImageData:
    """Return 32×32 colour patches of ten photographs; the class is the photograph; no network is needed.

    Training patches are cut from the left part of a photograph, test patches from the right part, with a gap of 32
    pixels between the two, so that no test patch shares a pixel with any training patch.

    Args:
        train_per_class: number of training patches from each photograph.
        test_per_class: number of test patches from each photograph.
        seed: decides where the patches are cut.

    Returns:
        Images of shape (3, 32, 32) with values from −1 to 1.

    """
    generator = torch.Generator().manual_seed(seed)
    train, test = [], []
    for name in PHOTO_NAMES:
        photo = _scaled(_photograph(name))
        train_region, test_region = split_regions(photo)
        train.append(_cut(train_region, train_per_class, generator))
        test.append(_cut(test_region, test_per_class, generator))
    classes = torch.arange(len(PHOTO_NAMES))
    return ImageData(
        name="photo patches",
        class_names=PHOTO_NAMES,
        train_images=torch.cat(train),
        train_labels=classes.repeat_interleave(train_per_class),
        test_images=torch.cat(test),
        test_labels=classes.repeat_interleave(test_per_class),
    )


def split_regions(photo: Tensor) -> tuple[Tensor, Tensor]:
    """Split a photograph (channels, height, width) into its training and its test region, the gap left out."""
    boundary = round(TRAIN_SHARE * (photo.shape[2] - GAP))
    return photo[:, :, :boundary], photo[:, :, boundary + GAP :]


def _photograph(name: str) -> Tensor:
    """Return a photograph as (3, height, width), values from −1 to 1."""
    import skimage.data
    from sklearn.datasets import load_sample_image

    special: dict[str, Callable] = {
        "motorcycle": lambda: skimage.data.stereo_motorcycle()[0],
        "china": lambda: load_sample_image("china.jpg"),
        "flower": lambda: load_sample_image("flower.jpg"),
    }
    pixels = special.get(name, getattr(skimage.data, name, None))()
    return torch.tensor(pixels, dtype=torch.float32).permute(2, 0, 1) / 127.5 - 1


def _scaled(photo: Tensor) -> Tensor:
    height, width = photo.shape[1:]
    scale = SHORT_SIDE / min(height, width)
    size = (round(height * scale), round(width * scale))
    scaled = F.interpolate(photo.unsqueeze(0), size=size, mode="bilinear", antialias=True, align_corners=False)
    return scaled.squeeze(0)


def _cut(region: Tensor, count: int, generator: torch.Generator) -> Tensor:
    tops = torch.randint(region.shape[1] - PATCH + 1, (count,), generator=generator)
    lefts = torch.randint(region.shape[2] - PATCH + 1, (count,), generator=generator)
    positions = zip(tops.tolist(), lefts.tolist(), strict=True)
    return torch.stack([region[:, top : top + PATCH, left : left + PATCH] for top, left in positions])
