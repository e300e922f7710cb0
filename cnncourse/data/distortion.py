"""Small random distortions of images, the paper's own way to get more training data out of the same digits."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.data.image_data import BACKGROUND

ROTATION = math.radians(9)
SCALE = 0.12  # of the height and, independently, of the width
SHEAR = 0.15
SHIFT = 2  # pixels


def distort(images: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, shift, scale, squeeze and shear each image a little, each by its own random amounts.

    The LeNet-5 paper trains on digits under "randomly picked planar affine transformations" (section III-A); how
    large they may be is our choice: up to 9 degrees, 2 pixels, 12 % and a shear of 0.15.

    Args:
        images: shape (N, channels, height, width); what comes in from outside the picture is background, −0.1.
        generator: source of the random amounts.

    Returns:
        New images of the same shape.

    """
    count, _, height, width = images.shape

    def up_to(limit: float) -> Tensor:
        return (2 * torch.rand(count, generator=generator) - 1) * limit

    angle, shear = up_to(ROTATION), up_to(SHEAR)
    scale_x, scale_y = 1 + up_to(SCALE), 1 + up_to(SCALE)
    first_row = torch.stack([angle.cos() * scale_x, (shear - angle.sin()) * scale_y, up_to(2 * SHIFT / width)], dim=1)
    second_row = torch.stack([angle.sin() * scale_x, angle.cos() * scale_y, up_to(2 * SHIFT / height)], dim=1)
    grid = F.affine_grid(torch.stack([first_row, second_row], dim=1), list(images.shape), align_corners=False)
    return F.grid_sample(images - BACKGROUND, grid, align_corners=False) + BACKGROUND
