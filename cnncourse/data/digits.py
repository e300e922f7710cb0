"""The handwritten digits that come with scikit-learn."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.data.image_data import ImageData, on_digit_canvas

DIGIT_SIZE = 24  # each of the 8×8 pixels becomes 3×3, and a margin of 4 pixels is left on 32×32
TEST_SHARE = 0.25


@cache
def digits() -> ImageData:
    """Return 1,797 handwritten digits of real people, 32×32 pixels; no network is needed.

    The pictures are scikit-learn's copy of the test set of "Optical Recognition of Handwritten Digits" (Alpaydin and
    Kaynak, UCI Machine Learning Repository, 1998), 8×8 pixels each. Enlarged to 24×24 and centred on a 32×32 canvas
    they have the size and the grey levels of the LeNet-5 paper. A quarter of each class, always the
    same, is the test set.
    """
    from sklearn.datasets import load_digits

    source = load_digits()
    small = torch.as_tensor(source.images, dtype=torch.float32).unsqueeze(1) / 16
    large = F.interpolate(small, size=(DIGIT_SIZE, DIGIT_SIZE), mode="bilinear", align_corners=False)
    images = on_digit_canvas(large.squeeze(1))
    labels = torch.as_tensor(source.target, dtype=torch.int64)

    generator = torch.Generator().manual_seed(1998)
    is_test = torch.zeros(len(labels), dtype=torch.bool)
    for digit in range(10):
        of_digit = (labels == digit).nonzero().squeeze(1)
        shuffled = of_digit[torch.randperm(len(of_digit), generator=generator)]
        is_test[shuffled[: round(TEST_SHARE * len(shuffled))]] = True
    return ImageData(
        name="digits",
        class_names=tuple("0123456789"),
        train_images=images[~is_test],
        train_labels=labels[~is_test],
        test_images=images[is_test],
        test_labels=labels[is_test],
    )


def small_digits() -> tuple[Tensor, Tensor]:
    """Return the training and the test digits at their 8×8 pixels, with mean 0 and standard deviation 1."""
    margin = (32 - DIGIT_SIZE) // 2
    middle = slice(margin, margin + DIGIT_SIZE)
    data = digits()
    train, test = (F.avg_pool2d(part[:, :, middle, middle], 3) for part in (data.train_images, data.test_images))
    return (train - train.mean()) / train.std(), (test - train.mean()) / train.std()
