"""What every data set of the course looks like."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

# The grey levels of the LeNet-5 paper (section II-B): they give digits a mean near 0 and a variance near 1.
BACKGROUND, INK = -0.1, 1.175


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images and labels, split into a training and a test set that never share an image.

    Attributes:
        name: what the data set is called.
        class_names: a name for each label.
        train_images: shape (N, channels, height, width), 32-bit floats.
        train_labels: shape (N,), integers from 0.
        test_images: as ``train_images``.
        test_labels: as ``train_labels``.

    """

    name: str
    class_names: tuple[str, ...]
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape of one image: (channels, height, width)."""
        return tuple(self.train_images.shape[1:])

    def __repr__(self) -> str:
        return (
            f"{self.name}: {len(self.train_images):,} training and {len(self.test_images):,} test images "
            f"of shape {self.input_shape}, {len(self.class_names)} classes"
        )


def on_digit_canvas(images: Tensor) -> Tensor:
    """Centre grey images on a 32×32 canvas and give them the paper's grey levels.

    Args:
        images: shape (N, height, width), 0 for the background to 1 for full ink, 32 pixels high and wide at most.

    Returns:
        Tensor of shape (N, 1, 32, 32), background −0.1 and full ink 1.175.

    """
    above, left = (32 - images.shape[1]) // 2, (32 - images.shape[2]) // 2
    below, right = 32 - images.shape[1] - above, 32 - images.shape[2] - left
    canvas = F.pad(images.to(torch.float32), (left, right, above, below)).unsqueeze(1)
    return canvas * (INK - BACKGROUND) + BACKGROUND
