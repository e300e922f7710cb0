"""Images to train on: some come with the course and need no network, others are downloaded once."""

from cnncourse.data.digits import digits, small_digits
from cnncourse.data.distortion import distort
from cnncourse.data.downloads import cifar10, fashion_mnist, mnist
from cnncourse.data.fetching import DataUnavailableError
from cnncourse.data.image_data import ImageData
from cnncourse.data.photo_patches import photo_patches

__all__ = [
    "DataUnavailableError",
    "ImageData",
    "cifar10",
    "digits",
    "distort",
    "fashion_mnist",
    "mnist",
    "photo_patches",
    "small_digits",
]
